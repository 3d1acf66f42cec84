//! The topic book: which topics this profile has joined, and which peers it remembers.

use async_trait::async_trait;
use kukuri_domain::{Epoch, PeerAddress, PeerId, TopicId, TopicName, UnixMs, topic::Visibility};

use super::StoreError;

/// A topic that the profile has joined and not left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedTopic {
    /// Id in the current epoch.
    pub id: TopicId,
    /// Name.
    pub name: TopicName,
    /// Who may join.
    pub visibility: Visibility,
    /// Current epoch.
    pub epoch: Epoch,
    /// When it was joined.
    pub joined_at: UnixMs,
}

/// A peer that was a member of a topic before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPeer {
    /// Who.
    pub peer: PeerId,
    /// Where it was reached, latest first.
    pub addresses: Vec<PeerAddress>,
    /// When a connection last worked.
    pub last_success: Option<UnixMs>,
    /// Higher is better: successes count for it, failures against it.
    pub score: i32,
}

/// How an attempt to reach a peer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerContact {
    /// It became a neighbour, at these addresses.
    Reached(Vec<PeerAddress>),
    /// It did not answer.
    Failed,
}

/// Topics and peers of one profile.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait TopicBook: Send + Sync {
    /// Notes that the topic was joined. Joining again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn join(&self, topic: JoinedTopic) -> Result<(), StoreError>;

    /// Notes that the topic was left; its events stay. Returns whether it had been joined.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn leave(&self, topic: TopicId) -> Result<bool, StoreError>;

    /// The joined topics, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn joined(&self) -> Result<Vec<JoinedTopic>, StoreError>;

    /// Notes how an attempt to reach `peer` for `topic` ended at `at`. A peer is remembered when
    /// it was reached, and forgotten when it was not reached for 30 days or failed 20 times in a
    /// row, or when 200 better ones are known; but only at the moment when another peer of the
    /// topic is reached, since after a long absence old peers are all there is.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn note_contact(
        &self,
        topic: TopicId,
        peer: PeerId,
        contact: PeerContact,
        at: UnixMs,
    ) -> Result<(), StoreError>;

    /// The remembered peers of a topic, best first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn known_peers(&self, topic: TopicId, limit: u32) -> Result<Vec<KnownPeer>, StoreError>;

    /// Remembers addresses of DHT nodes that answered, replacing the earlier list.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn remember_dht_nodes(&self, nodes: Vec<String>) -> Result<(), StoreError>;

    /// The remembered DHT nodes as `ip:port`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn dht_nodes(&self) -> Result<Vec<String>, StoreError>;
}
