//! What the application shows: states and events of topics, ready for a screen or for JSON.
//!
//! Owns plain data without behaviour. Must never hold a secret, and never a type of an adapter.

use kukuri_domain::{
    AuthorId, Epoch, EventId, PeerId, SignedEvent, TopicId, TopicName, UnixMs,
    peer::{ConnectionState, FoundBy, PathKind, SourceKind},
    topic::Visibility,
};

use crate::{
    ports::{KeyStore, NetworkStatus, PostState},
    session::{Arrival, Counters},
};

/// Something that happened in a topic, told to whoever subscribed.
#[derive(Debug, Clone, PartialEq)]
pub enum TopicEvent {
    /// An event was committed here.
    Post {
        /// The event.
        event: SignedEvent,
        /// How it came.
        arrival: Arrival,
        /// When it was committed.
        received_at: UnixMs,
    },
    /// An own post came further.
    PostState {
        /// Which.
        id: EventId,
        /// How far.
        state: PostState,
    },
    /// A peer became a neighbour.
    PeerJoined {
        /// Who.
        peer: PeerId,
        /// How it was found.
        found_by: FoundBy,
        /// Milliseconds from joining the topic to this moment.
        after_ms: u64,
    },
    /// A neighbour is gone.
    PeerLeft {
        /// Who.
        peer: PeerId,
    },
    /// The topic's connection state changed.
    State(ConnectionState),
    /// History was fetched from a member.
    Fetched {
        /// From whom.
        peer: PeerId,
        /// How many events were new here.
        new: u64,
    },
    /// The subscriber was too slow and missed events: read again what is shown.
    Resync,
}

/// A post as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostView {
    /// The event.
    pub event: SignedEvent,
    /// Author.
    pub author: AuthorId,
    /// When it was stored here.
    pub received_at: UnixMs,
    /// How far it has come.
    pub state: PostState,
}

/// A peer that is connected in a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerView {
    /// Endpoint id.
    pub id: PeerId,
    /// Name, where one is known.
    pub name: Option<String>,
    /// Path in use.
    pub path: PathKind,
    /// Round-trip time in milliseconds.
    pub rtt_ms: Option<u64>,
    /// How it was found.
    pub found_by: FoundBy,
    /// Milliseconds from joining the topic until it was a neighbour.
    pub found_after_ms: u64,
    /// Topics that are shared with it.
    pub topics: Vec<TopicName>,
    /// Since when.
    pub connected_at: UnixMs,
}

/// How an attempt of discovery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptResult {
    /// Still going on.
    Running,
    /// A member was found or reached.
    Found,
    /// It worked, but there was nobody.
    Nothing,
    /// It failed.
    Failed,
    /// It did not answer in time.
    TimedOut,
    /// Our own record was published.
    Published,
    /// It was not tried.
    Skipped,
}

impl AttemptResult {
    /// The name that JSON uses.
    pub fn code(self) -> &'static str {
        match self {
            AttemptResult::Running => "running",
            AttemptResult::Found => "found",
            AttemptResult::Nothing => "nothing",
            AttemptResult::Failed => "failed",
            AttemptResult::TimedOut => "timed_out",
            AttemptResult::Published => "published",
            AttemptResult::Skipped => "skipped",
        }
    }
}

/// One attempt of discovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptView {
    /// By which path.
    pub source: SourceKind,
    /// Which peer, where one is meant.
    pub peer: Option<PeerId>,
    /// When it began.
    pub started_at: UnixMs,
    /// Milliseconds from joining the topic to its begin.
    pub started_after_ms: u64,
    /// How long it took, once it ended.
    pub took_ms: Option<u64>,
    /// How it ended.
    pub result: AttemptResult,
    /// More, in plain words.
    pub detail: String,
}

/// Where one path of discovery stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceView {
    /// Which path.
    pub source: SourceKind,
    /// Whether the configuration has it on.
    pub enabled: bool,
    /// In plain words: "tried at 0.0 s", "listening", "waits".
    pub state: String,
    /// In plain words: what came of it.
    pub result: String,
}

/// Why a topic is connected the way it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainView {
    /// The topic.
    pub topic: TopicView,
    /// Each path, in a fixed order.
    pub sources: Vec<SourceView>,
    /// Attempts, oldest first.
    pub attempts: Vec<AttemptView>,
    /// Who is connected.
    pub peers: Vec<PeerView>,
}

/// A joined topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicView {
    /// Name.
    pub name: TopicName,
    /// Id.
    pub id: TopicId,
    /// Who may join.
    pub visibility: Visibility,
    /// Epoch.
    pub epoch: Epoch,
    /// Where it stands.
    pub state: ConnectionState,
    /// Connected neighbours.
    pub neighbours: usize,
    /// Stored events.
    pub posts: u64,
    /// What the session counted.
    pub counters: Counters,
}

/// The node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusView {
    /// Program version.
    pub version: String,
    /// The author.
    pub author: AuthorId,
    /// The endpoint.
    pub peer_id: PeerId,
    /// Where the secrets are.
    pub key_store: KeyStore,
    /// How long it has been running.
    pub uptime_ms: u64,
    /// Sockets and addresses.
    pub network: NetworkStatus,
    /// Joined topics.
    pub topics: Vec<TopicView>,
}
