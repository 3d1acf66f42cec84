//! What goes into the policy and what comes out of it: the events it is told, the effects it wants
//! done.
//!
//! Owns the words that the policy and its driver share; decides nothing.

use kukuri_domain::{PeerAddress, PeerId, peer::SourceKind};

use crate::{
    ports::{Announced, Candidate, DialReport, PeerContact},
    views::TopicEvent,
};

/// What the policy is told.
#[derive(Debug)]
pub enum Input {
    /// The topic was joined; members are to be found.
    Start,
    /// A source found somebody.
    Found {
        /// Which source.
        source: SourceKind,
        /// Whom.
        candidate: Candidate,
    },
    /// A search ended.
    SearchEnded {
        /// Which source.
        source: SourceKind,
        /// Why it failed, if it did.
        outcome: Result<(), Failure>,
    },
    /// An announcement ended.
    AnnounceEnded {
        /// For which minute.
        minute: u64,
        /// What became of it.
        outcome: Result<Announced, Failure>,
    },
    /// A dial ended.
    DialEnded {
        /// Whom.
        peer: PeerId,
        /// How, or why not in plain words.
        outcome: Result<DialReport, String>,
    },
    /// A peer became a neighbour.
    NeighborUp {
        /// Who.
        peer: PeerId,
        /// Whether it dialled us.
        inbound: bool,
    },
    /// A neighbour is gone.
    NeighborDown(PeerId),
    /// A member has what gossip did not bring: there is no way from it to our neighbours.
    Apart(PeerId),
    /// No message comes through: the topic is about to be joined anew, through others.
    Deaf,
    /// The machine's network changed, or a source that was unreachable can be reached again.
    NetworkChanged,
    /// A timer fired.
    Timer(Timer),
}

/// Why a search or an announcement failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No answer in time.
    TimedOut,
    /// The source cannot be reached at the moment.
    Unreachable(String),
    /// Anything else, in plain words.
    Failed(String),
}

/// A timer; starting one again replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// Ask a source (again).
    Search(SourceKind),
    /// Publish our record (again).
    Announce,
    /// Read the slots and publish, although connected.
    Rendezvous,
    /// A dial may be due.
    Dials,
    /// Neighbours have been few for a while.
    Company,
    /// Members that are missed may have published.
    Missing,
    /// Nobody has been there for a while.
    Alone,
}

/// What the policy wants done.
#[derive(Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "effects live for one step; what is emitted is as large as it is"
)]
pub enum Effect {
    /// Ask a source; every candidate comes back at once.
    Search {
        /// Which.
        source: SourceKind,
        /// How long it may take; `None` for a source that watches.
        timeout_ms: Option<u64>,
    },
    /// Publish our record in the DHT.
    Announce {
        /// For which minute.
        minute: u64,
        /// Neighbours to list.
        neighbours: Vec<PeerId>,
        /// How long it may take.
        timeout_ms: u64,
    },
    /// Connect to a peer.
    Dial {
        /// Whom.
        peer: PeerId,
        /// Where, as far as known.
        addresses: Vec<PeerAddress>,
        /// Whether it is known to be in the topic.
        is_member: bool,
    },
    /// Note in the topic book how an attempt to reach a peer ended.
    Remember {
        /// Who.
        peer: PeerId,
        /// How.
        contact: PeerContact,
    },
    /// Start or replace a timer.
    StartTimer {
        /// Which.
        timer: Timer,
        /// Milliseconds from now.
        after_ms: u64,
    },
    /// Tell whoever listens.
    Emit(TopicEvent),
}
