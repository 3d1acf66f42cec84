//! One simulated node: what a process of the product holds, and what outlives it.

use std::collections::{BTreeMap, HashMap, HashSet};

use iroh_gossip::proto;
use kukuri_application::{
    discovery::{self, Discovery},
    session::{self, Session},
};
use kukuri_domain::{EventId, PeerId};
use rand_gossip::rngs::StdRng as GossipRng;

use crate::{
    author::Author,
    store::{Book, Store},
};

/// A node.
pub struct Node {
    pub(crate) id: PeerId,
    pub(crate) author: Author,
    pub(crate) skew_ms: i64,
    pub(crate) store: Store,
    pub(crate) book: Book,
    /// Its process, while it runs.
    pub(crate) life: Option<Life>,
    /// How many processes it had; what was on its way to an earlier one never arrives.
    pub(crate) lives: u32,
    pub(crate) last_own_ms: u64,
}

/// A running process.
pub(crate) struct Life {
    pub(crate) session: Session,
    pub(crate) discovery: Discovery,
    pub(crate) gossip: proto::State<PeerId, GossipRng>,
    /// By the number of the other node.
    pub(crate) links: BTreeMap<usize, Link>,
    pub(crate) session_timers: HashMap<session::Timer, u64>,
    pub(crate) discovery_timers: HashMap<discovery::Timer, u64>,
    pub(crate) shown: HashSet<EventId>,
    pub(crate) is_rejoining: bool,
    /// When gossip brought something to all last.
    pub(crate) heard_us: u64,
    /// Since when it has had no neighbour; `None` while it has.
    pub(crate) alone_since_us: Option<u64>,
}

/// A connection, by its place in the list of all that there ever were.
pub(crate) type ConnectionId = usize;

/// What a process holds towards another node, as iroh-gossip's driver and ours keep it.
#[derive(Default)]
pub(crate) struct Link {
    pub(crate) sending: Sending,
    /// Open at this end, oldest first.
    pub(crate) connections: Vec<ConnectionId>,
    /// Over which connection it was asked last to become a neighbour.
    pub(crate) asked_over: Option<ConnectionId>,
    /// Over how many it was asked in vain.
    pub(crate) asked_in_vain: usize,
    pub(crate) is_neighbour: bool,
}

/// Where iroh-gossip's driver sends messages to a peer.
#[derive(Default)]
pub(crate) enum Sending {
    /// It has dropped the peer; the next message opens a connection.
    #[default]
    Dropped,
    /// It dials. When that fails it stays so for ever, and dials no more.
    Dialling(Vec<proto::Message<PeerId>>),
    /// Over this one, open or not.
    Over(ConnectionId),
}

/// A connection and its two ends.
pub(crate) struct Connection {
    pub(crate) dialler: usize,
    pub(crate) acceptor: usize,
    pub(crate) opened_us: u64,
    /// Closed at the dialler's and at the acceptor's end.
    closed: [bool; 2],
}

impl Connection {
    pub(crate) fn new(dialler: usize, acceptor: usize, opened_us: u64) -> Self {
        Self {
            dialler,
            acceptor,
            opened_us,
            closed: [false; 2],
        }
    }

    pub(crate) fn is_open_at(&self, node: usize) -> bool {
        !self.closed[usize::from(node == self.acceptor)]
    }

    /// Closes one end; `false` if it was closed.
    pub(crate) fn close_at(&mut self, node: usize) -> bool {
        !std::mem::replace(&mut self.closed[usize::from(node == self.acceptor)], true)
    }

    pub(crate) fn other(&self, node: usize) -> usize {
        match node == self.acceptor {
            true => self.dialler,
            false => self.acceptor,
        }
    }
}
