//! What the application shows: states and events of topics, ready for a screen or for JSON.
//!
//! Owns plain data without behaviour, and its fixed form in JSON: the same for scripts, the
//! control socket and the desktop. Fields may be added, never renamed or retyped within a major
//! version. Must never hold a secret, and never a type of an adapter.

mod entries;
mod json;

use std::{net::SocketAddr, ops::Range};

use kukuri_domain::{
    AuthorId, Epoch, EventId, PeerAddress, PeerId, SignedEvent, TopicId, TopicName, UnixMs,
    event::{Meaning, Reply},
    peer::{ConnectionState, FoundBy, PathKind, SourceKind},
    topic::Visibility,
};
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    ports::{KeyStore, PostState, ReactionCount, StoreTrouble, StoredPost},
    session::{Arrival, Counters},
};

pub use entries::{EntryView, Outcome};

/// Something that happened in a topic, told to whoever subscribed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "most events are posts: a box would cost each of them an allocation"
)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum TopicEvent {
    /// A post was committed here.
    Post {
        /// The post.
        #[serde(flatten)]
        post: PostView,
        /// How it came.
        arrival: Arrival,
    },
    /// What is shown with a post changed: answers, reactions, or its deletion. It is to be read
    /// again.
    PostChanged {
        /// Which.
        id: EventId,
    },
    /// An author told something about themselves.
    Profile {
        /// Who, with the name that they have now.
        author: AuthorView,
    },
    /// A write was committed here that counts: what its key holds changed.
    Entry {
        /// The write.
        #[serde(flatten)]
        entry: EntryView,
    },
    /// An own post or write came further.
    PostState {
        /// Which.
        id: EventId,
        /// How far.
        #[serde(with = "json::post_state")]
        #[cfg_attr(feature = "typescript", ts(as = "json::post_state::Form"))]
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
    /// A neighbour has proved whose it is.
    PeerAuthor {
        /// Which.
        peer: PeerId,
        /// Whose.
        author: AuthorView,
    },
    /// A neighbour is gone.
    PeerLeft {
        /// Who.
        peer: PeerId,
    },
    /// The topic's connection state changed.
    State {
        /// Where it stands now.
        state: ConnectionState,
    },
    /// History was fetched from a member.
    #[serde(rename = "sync")]
    Fetched {
        /// From whom.
        peer: PeerId,
        /// How many events were new here.
        new: u64,
    },
    /// What is lacking here is being fetched from a member.
    Progress {
        /// From whom.
        peer: PeerId,
        /// How many events have come.
        fetched: u64,
        /// How many are known to be lacking, those included.
        of: u64,
    },
    /// The store began to refuse what others hold, or takes it again.
    Storage {
        /// Since when and why; `None` when it works.
        stalled: Option<StalledView>,
    },
    /// The topic was joined.
    TopicJoined,
    /// The topic was left; nothing follows.
    TopicLeft,
    /// The subscriber was too slow and missed events: read again what is shown.
    Resync,
}

/// Something that happened in one of the node's topics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct NodeEvent {
    /// Where; `None` for [`TopicEvent::Resync`] of a subscription to all topics.
    pub topic: Option<TopicName>,
    /// What.
    #[serde(flatten)]
    pub event: TopicEvent,
}

/// An author, as others know them. JSON adds `npub`, the key in its form for people (NIP-19).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(as = "json::AuthorForm<'static>")
)]
pub struct AuthorView {
    /// The public key.
    pub pubkey: AuthorId,
    /// The name that they gave themselves, where one is known.
    pub name: Option<String>,
}

impl From<AuthorId> for AuthorView {
    fn from(pubkey: AuthorId) -> Self {
        Self { pubkey, name: None }
    }
}

impl Serialize for AuthorView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = json::AuthorForm {
            pubkey: self.pubkey,
            npub: self.pubkey.npub(),
            name: self.name.as_deref(),
        };
        form.serialize(serializer)
    }
}

/// A post as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PostView {
    /// The event.
    pub event: SignedEvent,
    /// Author.
    pub author: AuthorView,
    /// When it was stored here.
    #[serde(with = "json::time")]
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub received_at: UnixMs,
    /// How far it has come.
    #[serde(with = "json::post_state")]
    #[cfg_attr(feature = "typescript", ts(as = "json::post_state::Form"))]
    pub state: PostState,
    /// What it answers.
    #[serde(default)]
    pub reply: Option<Reply>,
    /// The answers to it, if it is the first post of a thread.
    #[serde(default)]
    pub replies: RepliesView,
    /// What others said about it with one sign or word.
    #[serde(default)]
    pub reactions: Vec<ReactionView>,
    /// When its author took it back; then its text is not to be shown.
    #[serde(default, with = "json::time_option")]
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub deleted_at: Option<UnixMs>,
}

impl PostView {
    /// A post of which nothing more is known yet.
    pub fn bare(event: SignedEvent, received_at: UnixMs, state: PostState) -> Self {
        let reply = match event.meaning() {
            Meaning::Post { reply } => reply,
            _ => None,
        };
        Self {
            author: event.author().into(),
            event,
            received_at,
            state,
            reply,
            replies: RepliesView::default(),
            reactions: Vec::new(),
            deleted_at: None,
        }
    }
}

impl From<StoredPost> for PostView {
    fn from(post: StoredPost) -> Self {
        let bare = Self::bare(post.event, post.received_at, post.state);
        let last = post.answers.last;
        Self {
            author: AuthorView {
                name: post.name,
                ..bare.author
            },
            replies: RepliesView {
                count: post.answers.count,
                last_at: last.as_ref().map(|last| last.at),
                last_by: last.map(|last| AuthorView {
                    pubkey: last.author,
                    name: last.name,
                }),
            },
            reactions: post.reactions.into_iter().map(ReactionView::from).collect(),
            deleted_at: post.deleted_at,
            ..bare
        }
    }
}

/// An own event that is shown with another one, or takes it back: a reaction or a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentView {
    /// Its id.
    pub id: EventId,
    /// How far it has come.
    #[serde(with = "json::post_state")]
    pub state: PostState,
}

/// The answers in a thread, without deleted ones and those of muted authors.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RepliesView {
    /// How many, up to [`ANSWERS_COUNTED_MAX`](crate::ports::ANSWERS_COUNTED_MAX).
    pub count: u32,
    /// When the newest was written, by its author's clock.
    #[serde(with = "json::time_option")]
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub last_at: Option<UnixMs>,
    /// By whom.
    pub last_by: Option<AuthorView>,
}

/// How often one reaction was given to a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ReactionView {
    /// The sign or word; `+` for approval.
    pub content: String,
    /// By how many authors.
    pub count: u32,
    /// The own one, which can be taken back.
    pub own: Option<EventId>,
}

impl From<ReactionCount> for ReactionView {
    fn from(reaction: ReactionCount) -> Self {
        let ReactionCount {
            content,
            count,
            own,
        } = reaction;
        Self {
            content,
            count,
            own,
        }
    }
}

/// What an author told about themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ProfileView {
    /// Who, and how they want to be called.
    pub author: AuthorView,
    /// A few words.
    pub about: Option<String>,
}

/// A post that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct FoundView {
    /// In which topic.
    pub topic: TopicName,
    /// The post.
    #[serde(flatten)]
    pub post: PostView,
    /// The parts of its text that match, in characters: begin, and end exclusive.
    #[serde(with = "json::ranges")]
    #[cfg_attr(feature = "typescript", ts(type = "[number, number][]"))]
    pub matches: Vec<Range<usize>>,
}

/// A peer that is connected in a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PeerView {
    /// Endpoint id.
    pub id: PeerId,
    /// Who runs it, where it has proved that.
    #[serde(default)]
    pub author: Option<AuthorView>,
    /// Their name, where one is known.
    pub name: Option<String>,
    /// Path in use.
    pub path: PathKind,
    /// Round-trip time in milliseconds.
    pub rtt_ms: Option<u64>,
    /// How far its clock is ahead of ours in milliseconds, where it has said so.
    pub clock_skew_ms: Option<i64>,
    /// How it was found.
    pub found_by: FoundBy,
    /// Milliseconds from joining the topic until it was a neighbour.
    pub found_after_ms: u64,
    /// Topics that are shared with it.
    pub topics: Vec<TopicName>,
    /// Since when.
    #[serde(with = "json::time")]
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub connected_at: UnixMs,
}

/// How an attempt of discovery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct AttemptView {
    /// By which path.
    pub source: SourceKind,
    /// Which peer, where one is meant.
    pub peer: Option<PeerId>,
    /// When it began.
    #[serde(with = "json::time")]
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ExplainView {
    /// The topic.
    pub topic: TopicView,
    /// Where it stands.
    pub state: Option<ConnectionState>,
    /// Each path, in a fixed order.
    pub sources: Vec<SourceView>,
    /// Attempts, oldest first.
    pub attempts: Vec<AttemptView>,
    /// Who is connected.
    pub peers: Vec<PeerView>,
}

/// A member that is known to hold the same set as this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct InStepView {
    /// Its endpoint.
    pub peer: PeerId,
    /// Since when, without a difference seen in between.
    #[serde(with = "json::time")]
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub since: UnixMs,
    /// Seen last at this time.
    #[serde(with = "json::time")]
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub last: UnixMs,
}

/// Nothing that others hold is stored, nor fetched, until the store takes it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct StalledView {
    /// What is wrong with it.
    pub reason: StoreTrouble,
    /// Since when.
    #[serde(with = "json::time")]
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub since: UnixMs,
}

/// A topic that the profile has joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TopicView {
    /// Name.
    pub name: TopicName,
    /// Id.
    pub id: TopicId,
    /// Who may join.
    pub visibility: Visibility,
    /// Epoch.
    pub epoch: Epoch,
    /// Where it stands; `None` while no node is running.
    pub state: Option<ConnectionState>,
    /// Connected neighbours.
    pub neighbours: usize,
    /// Stored posts.
    pub posts: u64,
    /// Posts of others since the topic was last read.
    pub unread: u64,
    /// When the newest post was written, by its author's clock.
    #[serde(with = "json::time_option")]
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub last_post_at: Option<UnixMs>,
    /// What was written before is not kept here, for lack of room; `None` while everything is.
    #[serde(default, with = "json::time_option")]
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub complete_since: Option<UnixMs>,
    /// About how much room the events take.
    #[serde(default)]
    pub stored_bytes: u64,
    /// The most that they may take; `None` for no ceiling.
    #[serde(default)]
    pub ceiling_bytes: Option<u64>,
    /// Fingerprint of the topic's sync set at the last cut that was told to the neighbours; `None`
    /// until then.
    pub fingerprint: Option<String>,
    /// How many members are known to hold the same set; `None` while no node is running.
    pub complete_with: Option<u64>,
    /// Which, by id.
    #[serde(default)]
    pub in_step: Vec<InStepView>,
    /// Why nothing that others hold is stored at the moment; `None` while it is.
    #[serde(default)]
    pub stalled: Option<StalledView>,
    /// What the session counted.
    pub counters: Counters,
}

/// The node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct StatusView {
    /// Program version.
    pub version: String,
    /// Name of the profile.
    pub profile: String,
    /// The author.
    pub author: AuthorView,
    /// The endpoint.
    pub peer_id: PeerId,
    /// Where the secrets are.
    pub key_store: KeyStore,
    /// Process that runs the node; `None` while none runs.
    pub pid: Option<u32>,
    /// How long it has been running.
    pub uptime_ms: u64,
    /// Local UDP sockets.
    pub listen: Vec<SocketAddr>,
    /// Where others may reach this node: `ip:port`, or a relay's URL.
    #[serde(with = "json::addresses")]
    #[cfg_attr(feature = "typescript", ts(type = "string[]"))]
    pub addresses: Vec<PeerAddress>,
    /// Joined topics.
    pub topics: Vec<TopicView>,
    /// The ways of finding members.
    pub discovery: DiscoveryView,
}

/// How the check of something that a node needs ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum CheckResult {
    /// As it should be.
    Ok,
    /// A way of finding members is missing, others remain.
    Warn,
    /// It does not work.
    Fails,
    /// It was not looked at.
    Skipped,
}

/// The check of something that a node needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct CheckView {
    /// What was looked at: a word in English.
    pub name: String,
    /// How it ended.
    pub result: CheckResult,
    /// What was found, or why nothing was looked at, in English.
    pub detail: String,
    /// How long it took.
    pub took_ms: u64,
}

/// What a node needs, looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ChecksView {
    /// In the order in which they were made.
    pub checks: Vec<CheckView>,
    /// The first thing that has to be mended, in English; `None` if nothing has to.
    pub cause: Option<String>,
    /// How.
    pub remedy: Option<String>,
}

/// The ways of finding members, for the whole node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct DiscoveryView {
    /// Mainline DHT.
    pub dht: DhtView,
    /// Multicast DNS.
    pub mdns: MdnsView,
}

/// Where the client of the Mainline DHT stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct DhtView {
    /// Whether it is on.
    pub enabled: bool,
    /// Whether a node has answered.
    pub bootstrapped: bool,
    /// Nodes in the routing table.
    pub table_nodes: usize,
}

/// Where discovery on the local network stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MdnsView {
    /// Whether it is on.
    pub enabled: bool,
}
