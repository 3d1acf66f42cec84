//! The store of events, and what of them a reader sees.

use std::ops::{Range, RangeInclusive};

use async_trait::async_trait;
use kukuri_domain::{
    AuthorId, EntryKey, EventId, EventOrder, Hlc, PeerId, SignedEvent, TopicId, UnixMs,
    VerifiedEvent, event::Profile, limits::EVENT_FUTURE_MS_MAX, search::SearchQuery,
    wire::SetSummary,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::watch;

use super::Source;
use crate::sync_set::{MalformedMessage, Step};

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

/// A post with what a reader sees beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPost {
    /// The event.
    pub event: SignedEvent,
    /// When it was stored here.
    pub received_at: UnixMs,
    /// How far it has come; zero for other people's posts.
    pub state: PostState,
    /// What its author calls themselves, where that is known.
    pub name: Option<String>,
    /// The answers to it, if it is the first post of a thread.
    pub answers: Answers,
    /// What others said about it with one sign or word, in the order of their contents.
    pub reactions: Vec<ReactionCount>,
    /// When its author took it back, by their clock.
    pub deleted_at: Option<UnixMs>,
}

/// The answers in a thread, without deleted ones and those of muted authors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    /// How many, up to [`ANSWERS_COUNTED_MAX`].
    pub count: u32,
    /// The newest one.
    pub last: Option<LastAnswer>,
}

/// The newest answer in a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastAnswer {
    /// Whose.
    pub author: AuthorId,
    /// What they call themselves, where that is known.
    pub name: Option<String>,
    /// When it was written, by its author's clock.
    pub at: UnixMs,
}

/// How often one reaction was given to a post, without muted authors and what was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactionCount {
    /// The sign or word; `+` for approval.
    pub content: String,
    /// By how many authors, up to [`REACTIONS_COUNTED_MAX`] for all reactions to the post.
    pub count: u32,
    /// The reader's own one.
    pub own: Option<EventId>,
}

/// Answers of one thread that are counted.
pub const ANSWERS_COUNTED_MAX: u32 = 1_000;

/// Reactions to one post that are counted.
pub const REACTIONS_COUNTED_MAX: u32 = 2_000;

/// How long a deleted post keeps its place in a page.
pub const DELETED_SHOWN_MS: u64 = 24 * 60 * 60 * 1_000;

/// Which posts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most this many.
    pub limit: u32,
    /// Only those before this place; from the newest on when `None`.
    pub before: Option<EventOrder>,
    /// Only those of this author.
    pub author: Option<AuthorId>,
    /// Only the first posts of threads, and answers to posts that the topic does not hold.
    pub roots: bool,
}

impl Page {
    /// The newest posts, of everybody.
    pub fn newest(limit: u32) -> Self {
        Self {
            limit,
            before: None,
            author: None,
            roots: false,
        }
    }
}

/// A post that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub topic: TopicId,
    /// The post.
    pub stored: StoredPost,
    /// The parts of its text that match, in characters, in order and not overlapping.
    pub matches: Vec<Range<usize>>,
}

/// What an author told about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProfile {
    /// What.
    pub profile: Profile,
    /// When, by their clock.
    pub at: UnixMs,
}

/// A write to an entry with what a reader sees beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// The event, which is one ([`SignedEvent::entry`]).
    pub event: SignedEvent,
    /// When it was stored here.
    pub received_at: UnixMs,
    /// How far it has come; zero for other people's writes.
    pub state: PostState,
    /// What its author calls themselves, where that is known.
    pub name: Option<String>,
}

/// Which entries are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPage {
    /// Only those whose keys begin so.
    pub prefix: String,
    /// Only those after this key.
    pub after: Option<EntryKey>,
    /// At most this many.
    pub limit: u32,
}

/// What a topic holds, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TopicSummary {
    /// Events of every kind.
    pub events: u64,
    /// Posts, muted ones included: the topic holds them.
    pub posts: u64,
    /// Posts of others after the read mark, without muted ones.
    pub unread: u64,
    /// Time of the newest post that is not muted, as its author signed it.
    pub last_post_at: Option<UnixMs>,
    /// About how much room the events take, with all that is kept to find them.
    pub bytes: u64,
    /// The most that they may take; `None` for no ceiling.
    pub bytes_max: Option<u64>,
    /// What was written before is not kept here; 0 while everything is.
    pub horizon: UnixMs,
}

impl TopicSummary {
    /// The horizon; `None` while everything is kept.
    pub fn complete_since(&self) -> Option<UnixMs> {
        (self.horizon > UnixMs(0)).then_some(self.horizon)
    }
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
    /// An older program made the file, and it was opened for reading only. Whoever opens it for
    /// writing brings it up to date.
    #[error("the database has schema {found}, this program reads {known}")]
    OlderSchema {
        /// Schema of the file.
        found: i64,
        /// The schema that this program reads.
        known: i64,
    },
    /// The store was closed.
    #[error("the database is closed")]
    Closed,
    /// Anything else.
    #[error("the database failed")]
    Other(#[source] Source),
}

/// What keeps a store from taking events, as far as a person can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum StoreTrouble {
    /// [`StoreError::DiskFull`].
    DiskFull,
    /// [`StoreError::ReadOnly`].
    ReadOnly,
    /// Anything else; the log says more.
    Database,
}

impl From<&StoreError> for StoreTrouble {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::DiskFull(_) => Self::DiskFull,
            StoreError::ReadOnly(_) => Self::ReadOnly,
            _ => Self::Database,
        }
    }
}

/// Why a message of a reconciliation was not answered.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// It makes no sense.
    #[error(transparent)]
    Malformed(#[from] MalformedMessage),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Own posts whose holders grew that [`EventStore::note_complete`] returns: as many as a person
/// looks at.
pub const COMPLETE_SHOWN_MAX: usize = 256;

/// How much of the ceiling is used after old events went, in percent: the horizon moves in steps
/// that are worth telling others of.
const KEPT_PERCENT: u64 = 90;

/// How many bytes of a topic are kept when it has reached its ceiling.
pub fn kept_bytes(ceiling: u64) -> u64 {
    ceiling / 100 * KEPT_PERCENT
}

/// The latest that a horizon may be: nothing that a member writes now is before it, even if that
/// member's clock is slow by as much as clocks may differ. Beyond the ceiling for that long.
pub fn horizon_max(now: UnixMs) -> UnixMs {
    UnixMs(now.0.saturating_sub(EVENT_FUTURE_MS_MAX))
}

/// Events, per topic. An event may be in several topics.
///
/// A store may have a ceiling for each topic. Where a topic takes more, its horizon moves forward,
/// and what was written before is removed with all that hangs on it, except the latest of each
/// place ([`kukuri_domain::event::membership::Member::is_behind`]) and own events that nobody was sent yet. Until the store is opened
/// with a higher ceiling a horizon never goes back.
///
/// What the topic holds and what a reader sees are not the same: [`posts`](Self::posts),
/// [`search`](Self::search) and unread numbers show posts only ([`kukuri_domain::event::is_post`])
/// and leave out the authors that this profile muted, always and in every topic. All other
/// methods know no muting, since what is muted is still held for other members.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Stores events in one transaction and returns, in the same order, which were new. When it
    /// returns, they are committed; with [`Origin::Local`] they also survive a power cut.
    /// Storing an event again changes nothing, and neither does one of a peer that lies behind
    /// the horizon.
    ///
    /// # Errors
    /// [`StoreError`]; then none of the events was stored by this call.
    async fn commit(
        &self,
        topic: TopicId,
        events: Vec<VerifiedEvent>,
        origin: Origin,
    ) -> Result<Vec<Commit>, StoreError>;

    /// Up to `limit` newest events before `before` (all when `None`) that have not ended, newest
    /// first: every kind,
    /// whoever wrote them. For what a person reads see [`posts`](Self::posts).
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

    /// The posts of one page as `reader` sees them, newest first. Deleted ones keep their place
    /// for [`DELETED_SHOWN_MS`].
    ///
    /// # Errors
    /// [`StoreError`].
    async fn posts(
        &self,
        topic: TopicId,
        page: Page,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError>;

    /// A post and the answers in its thread, oldest first; of more than `limit` answers the
    /// newest.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn thread(
        &self,
        topic: TopicId,
        root: EventId,
        limit: u32,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError>;

    /// Those of `ids` that are posts which the topic holds, in any order, muted and deleted ones
    /// included.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn posts_by_id(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError>;

    /// Up to `limit` posts whose ids lie within `ids`, in the order of their ids, muted and deleted
    /// ones included. It costs as much as there are events of whatever topic within: for ids that
    /// begin alike.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn posts_within(
        &self,
        topic: TopicId,
        ids: RangeInclusive<EventId>,
        limit: u32,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError>;

    /// Which posts those of `ids` that are reactions were given to.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn reacted_to(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
    ) -> Result<Vec<EventId>, StoreError>;

    /// What an author last told about themselves, in whatever topic, or was noted by
    /// [`note_profile`](Self::note_profile).
    ///
    /// # Errors
    /// [`StoreError`].
    async fn profile(&self, author: AuthorId) -> Result<Option<StoredProfile>, StoreError>;

    /// What an author last told about themselves in this topic.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn profile_in(
        &self,
        topic: TopicId,
        author: AuthorId,
    ) -> Result<Option<StoredProfile>, StoreError>;

    /// Notes what this profile's author tells about themselves, before any topic was told.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn note_profile(
        &self,
        author: AuthorId,
        profile: Profile,
        at: UnixMs,
    ) -> Result<(), StoreError>;

    /// What authors call themselves, at most `limit`, those who said so last first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn names(&self, limit: u32) -> Result<Vec<(AuthorId, String)>, StoreError>;

    /// Up to `limit` newest posts of `topics` before `before` that match, newest first. A post is
    /// found from its commit on, and not after it was deleted. One that is in several of the topics
    /// is found in each.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn search(
        &self,
        topics: Vec<TopicId>,
        query: SearchQuery,
        limit: u32,
        before: Option<EventOrder>,
        reader: AuthorId,
    ) -> Result<Vec<Found>, StoreError>;

    /// The topic in numbers, as `reader` sees it, whose own posts are never unread. Costs the
    /// same whatever the topic holds.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn summary(&self, topic: TopicId, reader: AuthorId) -> Result<TopicSummary, StoreError>;

    /// Notes that everything up to and including `up_to` was read. The mark never goes back.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn mark_read(&self, topic: TopicId, up_to: EventOrder) -> Result<(), StoreError>;

    /// Leaves an author out of what is read from now on. Returns whether it was not muted before.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn mute(&self, author: AuthorId) -> Result<bool, StoreError>;

    /// Shows an author again. Returns whether it was muted.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn unmute(&self, author: AuthorId) -> Result<bool, StoreError>;

    /// The muted authors, by key.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn muted(&self) -> Result<Vec<AuthorId>, StoreError>;

    /// The topic's horizon, and how it moves from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn horizon(&self, topic: TopicId) -> Result<watch::Receiver<UnixMs>, StoreError>;

    /// The sync set at a cut, without what was written before `since` or the horizon, whichever is
    /// later, in short ([`crate::sync_set`]).
    ///
    /// # Errors
    /// [`StoreError`].
    async fn set_summary(
        &self,
        topic: TopicId,
        cut: UnixMs,
        since: UnixMs,
    ) -> Result<SetSummary, StoreError>;

    /// What a member's answer says about how its set differs from ours, and the next message;
    /// without an answer the first message.
    ///
    /// # Errors
    /// [`ReconcileError`].
    async fn reconcile(
        &self,
        topic: TopicId,
        since: UnixMs,
        answer: Option<Vec<u8>>,
    ) -> Result<Step, ReconcileError>;

    /// The answer to a member's message.
    ///
    /// # Errors
    /// [`ReconcileError`].
    async fn reconcile_answer(
        &self,
        topic: TopicId,
        since: UnixMs,
        message: Vec<u8>,
    ) -> Result<Vec<u8>, ReconcileError>;

    /// Notes that `peer` holds all own events that were written within `written`. Returns those
    /// whose number of holders grew, the newest [`COMPLETE_SHOWN_MAX`] of them, with their state.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn note_complete(
        &self,
        topic: TopicId,
        peer: PeerId,
        written: Range<UnixMs>,
    ) -> Result<Vec<(EventId, PostState)>, StoreError>;

    /// The entries of one page that have a value now, by key in the order of bytes. Muting is
    /// not heeded: members must agree on what a key holds.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn entries(
        &self,
        topic: TopicId,
        page: EntryPage,
    ) -> Result<Vec<StoredEntry>, StoreError>;

    /// The write that counts of each of these keys, in any order, also where it deletes or has
    /// expired. Keys that were never written are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn entries_of(
        &self,
        topic: TopicId,
        keys: Vec<EntryKey>,
    ) -> Result<Vec<StoredEntry>, StoreError>;

    /// The writes to a key, at most `limit`: that which counts first, then those that lost, in
    /// the order in which they would count.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn entry_writes(
        &self,
        topic: TopicId,
        key: EntryKey,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError>;

    /// The greatest clock of all writes to entries of the topic.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn entry_clock(&self, topic: TopicId) -> Result<Hlc, StoreError>;

    /// Writes what is buffered and closes; later calls return [`StoreError::Closed`].
    ///
    /// # Errors
    /// [`StoreError`].
    async fn close(&self) -> Result<(), StoreError>;
}
