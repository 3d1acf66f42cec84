//! The network as a joined topic sees it: messages, neighbours and streams.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use kukuri_domain::{
    EventId, EventOrder, PeerAddress, PeerId, SignedEvent, TopicId, TopicKeys, UnixMs,
    peer::PathKind, wire::SetSummary,
};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use super::Source;

/// What happens in a joined topic.
#[derive(Debug)]
pub enum NetworkEvent {
    /// A peer became a neighbour.
    NeighborUp {
        /// Who.
        peer: PeerId,
        /// Whether it opened the connection (it dialled us) rather than we.
        inbound: bool,
    },
    /// A neighbour is gone.
    NeighborDown(PeerId),
    /// A message arrived; `from` delivered it and need not have written it.
    Message {
        /// The neighbour that delivered it.
        from: PeerId,
        /// Whether it sent it itself, to all or to its neighbours only, and passed nothing on.
        is_direct: bool,
        /// The payload.
        payload: Bytes,
    },
    /// A member asks for events over a stream and waits for the answer.
    Call(SyncCall),
    /// Messages were lost because they were not taken in time.
    Lagged,
}

/// A request of a member, to be answered.
#[derive(Debug)]
pub struct SyncCall {
    /// Who asks; it has proved the topic's handshake key.
    pub peer: PeerId,
    /// The peer's clock minus ours, in milliseconds, as its greeting said.
    pub clock_skew_ms: i64,
    /// What it asks for.
    pub request: SyncRequest,
    /// Where the answer goes. Dropping it refuses the request.
    pub reply: oneshot::Sender<SyncAnswer>,
}

/// A request of the sync protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncRequest {
    /// These events.
    Get(Vec<EventId>),
    /// The newest events, newest first.
    Newest {
        /// How many at most.
        n: u16,
        /// Only those before this place.
        before: Option<EventOrder>,
    },
    /// The sender holds these events.
    Receipt(Vec<EventId>),
    /// The statement whose endpoint this is (`Draft::endpoint`).
    Author,
    /// The set in short, at the cut of the sender's own.
    Summary(SetSummary),
    /// The next message of a reconciliation ([`crate::sync_set`]).
    Reconcile {
        /// Of the sets without what was written before.
        since: UnixMs,
        /// The sender's message.
        message: Vec<u8>,
    },
    /// The sender holds these events, which the receiver lacks.
    Offer {
        /// Which.
        ids: Vec<EventId>,
        /// There are more than these.
        more: bool,
    },
}

/// The answer to a [`SyncRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncAnswer {
    /// To `Get`, `Newest` and `Author`; without events to `Receipt` and `Offer`.
    Events {
        /// Events, unverified.
        events: Vec<SignedEvent>,
        /// There is more than fits into one answer.
        more: bool,
    },
    /// To `Summary`, of the same cut and the later of both horizons.
    Summary(SetSummary),
    /// To `Reconcile`: the next message.
    Reconciled(Vec<u8>),
}

impl SyncAnswer {
    /// No events.
    pub fn nothing() -> Self {
        Self::all(Vec::new())
    }

    /// These events and no more.
    pub fn all(events: Vec<SignedEvent>) -> Self {
        Self::Events {
            events,
            more: false,
        }
    }

    /// The events, and whether there are more; none of an answer of another kind.
    pub fn into_events(self) -> (Vec<SignedEvent>, bool) {
        match self {
            Self::Events { events, more } => (events, more),
            Self::Summary(_) | Self::Reconciled(_) => (Vec::new(), false),
        }
    }
}

/// A joined topic. Dropping it leaves the topic.
#[derive(Debug)]
pub struct TopicLink {
    /// What happens, in order.
    pub events: mpsc::Receiver<NetworkEvent>,
}

/// How a dial ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialReport {
    /// The peer answers, and was asked to become a neighbour; `NeighborUp` follows if it agrees.
    Asked {
        /// Addresses at which it answered.
        addresses: Vec<PeerAddress>,
    },
    /// The peer answers but is not in this topic (learnt by meeting).
    NotAMember,
}

/// The path to a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerPath {
    /// Who.
    pub peer: PeerId,
    /// Kind of path in use.
    pub kind: PathKind,
    /// Round-trip time in milliseconds, where it was measured.
    pub rtt_ms: Option<u64>,
    /// How far its clock is ahead of ours in milliseconds, where it has said so.
    pub clock_skew_ms: Option<i64>,
    /// Addresses at which it is reached now.
    pub addresses: Vec<PeerAddress>,
}

/// The node's own place on the network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkStatus {
    /// Local UDP sockets.
    pub listen: Vec<std::net::SocketAddr>,
    /// Addresses at which others may reach this node.
    pub addresses: Vec<PeerAddress>,
}

/// Each time the machine's network has become another one: interfaces, addresses, routes, or what
/// lies behind them. It ends when the network is closed.
pub type NetworkChanges = BoxStream<'static, ()>;

/// Why the network did not do what was asked.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// The configured port is taken.
    #[error("UDP port {port} is in use")]
    PortTaken {
        /// Which port.
        port: u16,
    },
    /// The peer cannot be reached.
    #[error("no connection to {}: {reason}", peer.short())]
    Unreachable {
        /// Who.
        peer: PeerId,
        /// In plain words.
        reason: String,
    },
    /// The peer does not speak the protocol, or broke it.
    #[error("{} broke the protocol: {reason}", peer.short())]
    Protocol {
        /// Who.
        peer: PeerId,
        /// In plain words.
        reason: String,
    },
    /// The peer does not serve the request.
    #[error("{} refused: {reason}", peer.short())]
    Refused {
        /// Who.
        peer: PeerId,
        /// In plain words.
        reason: String,
    },
    /// The topic is not joined.
    #[error("the topic is not joined")]
    NotJoined,
    /// The message is larger than gossip carries.
    #[error("the message has {0} bytes, more than gossip carries")]
    TooLarge(usize),
    /// The network was shut down.
    #[error("the network is closed")]
    Closed,
    /// Anything else.
    #[error("the network failed")]
    Other(#[source] Source),
}

/// Neighbours, messages and streams, for any number of topics over one endpoint.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait TopicNetwork: Send + Sync {
    /// This node's endpoint id.
    fn local_peer(&self) -> PeerId;

    /// Joins a topic without dialling anybody. The topic's presence is shown on the LAN from now
    /// on, and members are answered.
    ///
    /// # Errors
    /// [`NetworkError::Closed`].
    async fn join(&self, topic: Arc<TopicKeys>) -> Result<TopicLink, NetworkError>;

    /// Leaves a topic. Leaving one that is not joined does nothing.
    ///
    /// # Errors
    /// [`NetworkError::Closed`].
    async fn leave(&self, topic: TopicId) -> Result<(), NetworkError>;

    /// Connects to a peer and asks it to become a neighbour. With `is_member` false it is first
    /// asked, by meeting, whether it is in the topic.
    ///
    /// # Errors
    /// [`NetworkError::Unreachable`], [`NetworkError::NotJoined`], [`NetworkError::Closed`].
    async fn dial(
        &self,
        topic: TopicId,
        peer: PeerId,
        addresses: Vec<PeerAddress>,
        is_member: bool,
    ) -> Result<DialReport, NetworkError>;

    /// Hands a message to gossip. It is a hint: nobody promises that it arrives.
    ///
    /// # Errors
    /// [`NetworkError::TooLarge`], [`NetworkError::NotJoined`], [`NetworkError::Closed`].
    async fn broadcast(&self, topic: TopicId, payload: Bytes) -> Result<(), NetworkError>;

    /// Hands a message to the neighbours only.
    ///
    /// # Errors
    /// As [`TopicNetwork::broadcast`].
    async fn broadcast_neighbours(
        &self,
        topic: TopicId,
        payload: Bytes,
    ) -> Result<(), NetworkError>;

    /// Asks a member over a stream.
    ///
    /// # Errors
    /// [`NetworkError::Unreachable`], [`NetworkError::Protocol`], [`NetworkError::Refused`],
    /// [`NetworkError::NotJoined`], [`NetworkError::Closed`].
    async fn call(
        &self,
        topic: TopicId,
        peer: PeerId,
        request: SyncRequest,
        now: UnixMs,
    ) -> Result<SyncAnswer, NetworkError>;

    /// The paths to these peers at this moment.
    async fn paths(&self, peers: Vec<PeerId>) -> Vec<PeerPath>;

    /// The node's own sockets and addresses.
    async fn status(&self) -> NetworkStatus;

    /// Notes where a peer was reached before, for calls: dials are told.
    fn remember(&self, peer: PeerId, addresses: Vec<PeerAddress>);

    /// Changes of the machine's network, from now on. What the network itself does about them it
    /// has done already.
    fn changes(&self) -> NetworkChanges;

    /// Says that the machine may be elsewhere without having noticed (it slept): paths and
    /// sockets are tried anew. It is no change to [`TopicNetwork::changes`].
    async fn renew(&self);

    /// Closes every connection, within a second or two.
    async fn shutdown(&self);
}
