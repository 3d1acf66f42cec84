//! The store of events.

use async_trait::async_trait;
use kukuri_domain::{EventId, EventOrder, PeerId, SignedEvent, TopicId, UnixMs, VerifiedEvent};
use thiserror::Error;

use super::Source;

/// Where an event that is to be stored came from, which decides how durable its commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Written here; the commit must have reached the disk before it is acknowledged.
    Local,
    /// From a peer, who still has it; a power cut may lose the last moments.
    Peer,
}

/// What became of one event in a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// Which event.
    pub id: EventId,
    /// Whether it was not in the topic before.
    pub is_new: bool,
}

/// How far a post has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PostState {
    /// Neighbours that it was broadcast to at the latest broadcast.
    pub sent_to: u32,
    /// Distinct peers that said they hold it.
    pub held_by: u32,
}

/// An event of a topic with what this node knows about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The event. It was verified before it was stored.
    pub event: SignedEvent,
    /// When it was stored here.
    pub received_at: UnixMs,
    /// How far it has come; zero for other people's events.
    pub state: PostState,
}

/// Why the store did not do what was asked. Nothing was half-written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The disk is full or a quota is reached.
    #[error("the disk is full")]
    DiskFull(#[source] Source),
    /// The file or its folder cannot be written.
    #[error("the database cannot be written")]
    ReadOnly(#[source] Source),
    /// The file is no database, or a damaged one. It was left as it is.
    #[error("the database is damaged")]
    Corrupt(#[source] Source),
    /// A newer program made the file.
    #[error("the database has schema {found}, this program knows up to {known}")]
    NewerSchema {
        /// Schema of the file.
        found: i64,
        /// Greatest schema that this program knows.
        known: i64,
    },
    /// The store was closed.
    #[error("the database is closed")]
    Closed,
    /// Anything else.
    #[error("the database failed")]
    Other(#[source] Source),
}

/// Events, per topic. An event may be in several topics.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Stores events in one transaction and returns, in the same order, which were new. When it
    /// returns, they are committed; with [`Origin::Local`] they also survive a power cut.
    /// Storing an event again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]; then none of the events was stored by this call.
    async fn commit(
        &self,
        topic: TopicId,
        events: Vec<VerifiedEvent>,
        origin: Origin,
    ) -> Result<Vec<Commit>, StoreError>;

    /// Up to `limit` newest events before `before` (all when `None`), newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn newest(
        &self,
        topic: TopicId,
        limit: u32,
        before: Option<EventOrder>,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Those of `ids` that the topic holds, in any order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn get(&self, topic: TopicId, ids: Vec<EventId>) -> Result<Vec<StoredEvent>, StoreError>;

    /// Those of `ids` that the topic does not hold, in the order given.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn missing(&self, topic: TopicId, ids: Vec<EventId>) -> Result<Vec<EventId>, StoreError>;

    /// Number of events that the topic holds.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn count(&self, topic: TopicId) -> Result<u64, StoreError>;

    /// Notes that own events were broadcast to `neighbours` peers.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn note_sent(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
        neighbours: u32,
    ) -> Result<(), StoreError>;

    /// Notes that `peer` says it holds these events. Ids that are not own events of the topic
    /// are ignored. Returns those whose number of holders grew, with their state.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn note_held(
        &self,
        topic: TopicId,
        peer: PeerId,
        ids: Vec<EventId>,
    ) -> Result<Vec<(EventId, PostState)>, StoreError>;

    /// Own events that were stored but never broadcast to anyone, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn unsent(&self, topic: TopicId, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;

    /// Writes what is buffered and closes; later calls return [`StoreError::Closed`].
    ///
    /// # Errors
    /// [`StoreError`].
    async fn close(&self) -> Result<(), StoreError>;
}
