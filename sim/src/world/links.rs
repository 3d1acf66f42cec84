//! Connections between nodes, and how a peer is asked to become a neighbour.
//!
//! Owns what iroh-gossip's driver (`net.rs` of that crate) does with connections, its two traps
//! included: a peer whose dial failed is never dialled again, and nothing is sent any more to one
//! whose connection ended before it was a neighbour. And what `infra_iroh::gossip` does about it.

use iroh_gossip::proto;
use kukuri_application::{discovery, ports::DialReport};
use kukuri_domain::PeerId;

use super::{Inside, Why, World};
use crate::node::{Connection, ConnectionId, Life, Link, Sending};

/// After this long without a packet a connection has ended (iroh).
const IDLE_US: u64 = 15_000_000;

/// How long our dials wait (`CONNECT_TIMEOUT`), and QUIC's own.
const DIAL_US: u64 = 10_000_000;

/// How long a superseded connection stays open.
const SUPERSEDED_GRACE_US: u64 = 5_000_000;

/// After this both sides know of a connection.
const SETTLED_US: u64 = 2_000_000;

/// Connections over which a peer is asked in vain before all with it are closed.
const ASKED_IN_VAIN_MAX: usize = 2;

/// What the peer is given to notice that.
const BEGIN_ANEW_US: u64 = 100_000;

impl World {
    /// The way of a packet between two nodes, one way, without jitter: always the same for a pair.
    pub(super) fn delay_us(&self, a: usize, b: usize) -> u64 {
        let (least, most) = self.plan.weather.delay_us;
        let pair = (self.plan.seed, a.min(b), a.max(b));
        // Mixed like SplitMix64 does, which is enough for a way that nobody chooses.
        let mut mixed = pair.0 ^ ((pair.1 as u64) << 32 | pair.2 as u64);
        for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb_u64] {
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(factor);
        }
        least + (mixed >> 16) % (most - least + 1)
    }

    /// The same, with jitter.
    pub(super) fn way_us(&mut self, a: usize, b: usize) -> u64 {
        let jitter = self.plan.weather.jitter_us;
        self.delay_us(a, b) + self.some_us(0, jitter)
    }

    /// Whether packets get from one to the other.
    pub(super) fn reaches(&self, a: usize, b: usize) -> bool {
        let together = |cut: &super::Cut| cut.is_first[a] == cut.is_first[b];
        self.cut.as_ref().is_none_or(together)
    }

    pub(super) fn link(&mut self, node: usize, peer: usize) -> &mut Link {
        self.life(node).links.entry(peer).or_default()
    }

    /// The process of a node that is known to run.
    pub(super) fn life(&mut self, node: usize) -> &mut Life {
        let life = self.nodes[node].life.as_mut();
        life.expect("what happens to the dead is passed over")
    }

    pub(super) fn connect(&mut self, node: usize, to: usize, why: Why) {
        if self.reaches(node, to) && self.lives(to).is_some() {
            let there_and_back = self.way_us(node, to) + self.way_us(node, to);
            self.after(there_and_back, node, Inside::Connected { to, why });
        } else {
            self.after(DIAL_US, node, Inside::NotConnected { to, why });
        }
    }

    pub(super) fn connected(&mut self, node: usize, to: usize, why: Why) {
        if !self.reaches(node, to) || self.lives(to).is_none() {
            return self.after(DIAL_US, node, Inside::NotConnected { to, why });
        }
        let connection = self.connections.len();
        let opened_us = self.queue.now_us();
        self.connections.push(Connection::new(node, to, opened_us));
        let way = self.delay_us(node, to);
        self.after(way, to, Inside::Accepted(connection));
        if why == Why::Ask {
            self.supersede(node, to);
        }
        self.took_connection(node, connection);
        if why == Why::Ask {
            self.ask_over(node, to, connection);
        }
    }

    pub(super) fn not_connected(&mut self, node: usize, to: usize, why: Why) {
        let peer = self.nodes[to].id;
        match why {
            Why::Gossip => {
                if !matches!(self.link(node, to).sending, Sending::Over(_)) {
                    self.tell_gossip(node, proto::InEvent::PeerDisconnected(peer));
                }
            }
            Why::Ask => {
                let outcome = Err("no answer in 10 s".to_owned());
                self.tell_discovery(node, discovery::Input::DialEnded { peer, outcome });
            }
        }
    }

    /// An end of a connection is there, and gossip sends over it from now on.
    pub(super) fn took_connection(&mut self, node: usize, connection: ConnectionId) {
        let peer = self.connections[connection].other(node);
        if !self.connections[connection].is_open_at(node) {
            return;
        }
        let link = self.link(node, peer);
        link.connections.push(connection);
        let before = std::mem::replace(&mut link.sending, Sending::Over(connection));
        if let Sending::Dialling(queue) = before {
            for message in queue {
                self.transmit(node, connection, message);
            }
        }
    }

    /// Closes an end; the other notices, at the latest when nothing comes any more.
    pub(super) fn close(&mut self, node: usize, connection: ConnectionId) {
        let other = self.connections[connection].other(node);
        if !self.connections[connection].is_open_at(node) {
            return;
        }
        let noticed_us = match self.reaches(node, other) {
            true => self.delay_us(node, other),
            false => IDLE_US,
        };
        self.after(noticed_us, other, Inside::Ended(connection));
        self.end_of(node, connection);
    }

    /// An end has closed.
    pub(super) fn end_of(&mut self, node: usize, connection: ConnectionId) {
        if !self.connections[connection].close_at(node) {
            return;
        }
        let peer = self.connections[connection].other(node);
        let link = self.link(node, peer);
        link.connections.retain(|open| *open != connection);
        if matches!(link.sending, Sending::Over(over) if over == connection) {
            let peer = self.nodes[peer].id;
            self.tell_gossip(node, proto::InEvent::PeerDisconnected(peer));
        }
    }

    /// Those at the other ends of a process's connections hear nothing any more.
    pub(super) fn fall_silent(&mut self, node: usize) {
        let links = std::mem::take(&mut self.life(node).links);
        for connection in links.into_values().flat_map(|link| link.connections) {
            self.connections[connection].close_at(node);
            let other = self.connections[connection].other(node);
            if self.lives(other).is_some() {
                let us = IDLE_US - self.some_us(0, 2_000_000);
                self.after(us, other, Inside::Ended(connection));
            }
        }
    }

    /// Connections across a cut end, if it lasts.
    pub(super) fn fall_apart(&mut self) {
        let cut = self.cuts;
        for connection in 0..self.connections.len() {
            let (a, b) = {
                let connection = &self.connections[connection];
                (connection.dialler, connection.acceptor)
            };
            if self.reaches(a, b) {
                continue;
            }
            for end in [a, b] {
                if self.connections[connection].is_open_at(end) && self.lives(end).is_some() {
                    let us = IDLE_US - self.some_us(0, 2_000_000);
                    self.after(us, end, Inside::Silent { connection, cut });
                }
            }
        }
    }

    // --- asking ----------------------------------------------------------------------------

    /// Discovery wants this peer as a neighbour.
    pub(super) fn dial(&mut self, node: usize, peer: PeerId, is_member: bool) {
        self.report.dials += 1;
        let to = self.number(&peer);
        if is_member {
            return self.ask(node, to);
        }
        // Meeting takes a connection of its own.
        match self.reaches(node, to) && self.lives(to).is_some() {
            true => {
                let us = 4 * self.way_us(node, to);
                self.after(us, node, Inside::Ask(to));
            }
            false => self.after(DIAL_US, node, Inside::NotConnected { to, why: Why::Ask }),
        }
    }

    pub(super) fn ask(&mut self, node: usize, to: usize) {
        let has_neighbour = self.link(node, to).is_neighbour;
        let link = self.link(node, to);
        let current = link.connections.last().copied();
        let fresh = current.filter(|current| link.asked_over != Some(*current));
        if let Some(connection) = fresh {
            return self.ask_over(node, to, connection);
        }
        if link.asked_in_vain >= ASKED_IN_VAIN_MAX && !has_neighbour {
            let open = link.connections.clone();
            let pause = if open.is_empty() { 0 } else { BEGIN_ANEW_US };
            for connection in open {
                self.close(node, connection);
            }
            return self.after(pause, node, Inside::Open(to));
        }
        self.connect(node, to, Why::Ask);
    }

    fn ask_over(&mut self, node: usize, to: usize, connection: ConnectionId) {
        self.note_asked(node, to, connection);
        let peer = self.nodes[to].id;
        let join = proto::Command::Join(vec![peer]);
        self.tell_gossip(node, proto::InEvent::Command(self.gossip_topic, join));
        let outcome = Ok(DialReport::Asked {
            addresses: Vec::new(),
        });
        self.tell_discovery(node, discovery::Input::DialEnded { peer, outcome });
    }

    fn note_asked(&mut self, node: usize, to: usize, connection: ConnectionId) {
        let link = self.link(node, to);
        if link.asked_over != Some(connection) {
            link.asked_over = Some(connection);
            link.asked_in_vain += 1;
        }
    }

    /// The connections that a new one of ours takes the place of are closed in a while.
    fn supersede(&mut self, node: usize, to: usize) {
        let now_us = self.queue.now_us();
        let open = self.link(node, to).connections.clone();
        for connection in open {
            let older = &self.connections[connection];
            let is_ours = older.dialler == node;
            if is_ours || now_us - older.opened_us >= SETTLED_US {
                self.after(SUPERSEDED_GRACE_US, node, Inside::Close(connection));
            }
        }
    }

    /// Whether the peer opened the newest connection.
    pub(super) fn is_inbound(&mut self, node: usize, peer: usize) -> bool {
        let newest = self.link(node, peer).connections.last().copied();
        newest.is_some_and(|newest| self.connections[newest].acceptor == node)
    }

    pub(super) fn neighbour_up(&mut self, node: usize, peer: usize) {
        let link = self.link(node, peer);
        link.is_neighbour = true;
        link.asked_over = None;
        link.asked_in_vain = 0;
    }

    pub(super) fn neighbour_down(&mut self, node: usize, peer: usize) {
        let link = self.link(node, peer);
        link.is_neighbour = false;
        if let Some(connection) = link.connections.last().copied() {
            self.note_asked(node, peer, connection);
        }
    }
}
