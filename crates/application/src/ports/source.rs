//! The paths of discovery.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use kukuri_domain::{PeerAddress, PeerId, TopicKeys, UnixMs, peer::SourceKind};
use thiserror::Error;

use super::Source;
use crate::views::DiscoveryView;

/// One question to a source.
#[derive(Debug, Clone)]
pub struct Query {
    /// Whose members are looked for.
    pub topic: Arc<TopicKeys>,
    /// The present, for slots and tags that depend on it.
    pub now: UnixMs,
    /// How long one attempt may take, in milliseconds; a source that watches ignores it.
    pub timeout_ms: u64,
}

/// Somebody who may be a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub peer: PeerId,
    /// Where, as far as the source knows; the network may know more.
    pub addresses: Vec<PeerAddress>,
    /// Members that the candidate listed as its neighbours (tracker records).
    pub listed: Vec<PeerId>,
    /// The minute of the tracker record, where there is one.
    pub minute: Option<u64>,
    /// Whether the source knows that the candidate is in this topic (a matching tag, a verified
    /// record). Where it does not, the network asks by meeting before it dials.
    pub is_member: bool,
}

/// Candidates as they are found. Dropping it cancels the search. The stream of a source that
/// watches (mDNS) never ends by itself.
pub type CandidateStream = BoxStream<'static, Result<Candidate, SourceError>>;

/// What a source is to publish about this node.
#[derive(Debug, Clone)]
pub struct Announcement {
    /// The topic.
    pub topic: Arc<TopicKeys>,
    /// Neighbours to list, at most [`kukuri_domain::limits::RECORD_PEERS_MAX`].
    pub neighbours: Vec<PeerId>,
    /// The slot, in whole minutes since the Unix epoch; readers look at the last, this and the
    /// next minute.
    pub minute: u64,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u64,
}

/// What became of an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// It can be found now.
    Published,
    /// The source publishes nothing, or does so by itself.
    NotNeeded,
    /// The rate limit put it off; ask again after this many milliseconds.
    RateLimited {
        /// Milliseconds until there is room.
        retry_after_ms: u64,
    },
}

/// Why a source found or published nothing.
#[derive(Debug, Error)]
pub enum SourceError {
    /// No answer in the time given.
    #[error("no answer in {0} ms")]
    Timeout(u64),
    /// The source cannot be reached at the moment (no route, no name resolution, no node).
    #[error("not reachable: {0}")]
    Unreachable(String),
    /// Switched off by configuration, or not possible here.
    #[error("not available: {0}")]
    Unavailable(String),
    /// Anything else.
    #[error("failed")]
    Other(#[source] Source),
}

/// One path by which members of a topic are found.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PeerSource: Send + Sync {
    /// Which path.
    fn kind(&self) -> SourceKind;

    /// Whether the stream of [`PeerSource::find`] goes on for ever (mDNS).
    fn watches(&self) -> bool;

    /// Fills in where this path stands for the whole node, beyond any topic. Most have nothing
    /// to say.
    async fn describe(&self, _view: &mut DiscoveryView) {}

    /// Looks for members once (or watches for them) and yields them as they are found. An item
    /// that is an error ends the attempt.
    fn find(&self, query: Query) -> CandidateStream;

    /// Makes this node findable for others in the topic.
    ///
    /// # Errors
    /// [`SourceError`].
    async fn announce(&self, announcement: Announcement) -> Result<Announced, SourceError>;
}
