//! What discovery wants done: searching, announcing, dialling, remembering.

use kukuri_application::{
    discovery::{Effect, Input, Timer},
    ports::{Announced, Candidate},
    views::TopicEvent,
};
use kukuri_domain::{PeerId, peer::SourceKind};

use super::{Inside, World};
use crate::{
    dht::{Record, Side},
    plan::Meeting,
    rules::Sabotage,
};

/// Remembered peers that are tried in one search, as in the product.
const KNOWN_PEERS_MAX: usize = 16;

/// A look into the DHT takes between these, in µs.
const LOOK_US: (u64, u64) = (20_000, 800_000);

/// Records that a node may put in a minute (the tracker's rate limit).
const PUTS_PER_MINUTE_MAX: u32 = 10;

impl World {
    pub(super) fn tell_discovery(&mut self, node: usize, input: Input) {
        let now = self.now(node);
        for effect in self.life(node).discovery.handle(input, now) {
            self.do_discovery(node, effect);
        }
    }

    pub(super) fn discovery_timer(&mut self, node: usize, timer: Timer, number: u64) {
        let timers = &mut self.life(node).discovery_timers;
        // Otherwise it was started anew meanwhile.
        if timers.get(&timer) == Some(&number) {
            timers.remove(&timer);
            self.tell_discovery(node, Input::Timer(timer));
        }
    }

    fn do_discovery(&mut self, node: usize, effect: Effect) {
        match effect {
            Effect::Search { source, .. } => {
                let us = match source {
                    SourceKind::Dht => self.some_us(LOOK_US.0, LOOK_US.1),
                    _ => 1_000,
                };
                self.after(us, node, Inside::Searched(source));
            }
            Effect::Announce {
                minute, neighbours, ..
            } => {
                let us = self.some_us(LOOK_US.0, LOOK_US.1);
                self.after(us, node, Inside::Announced { minute, neighbours });
            }
            Effect::Dial {
                peer, is_member, ..
            } => self.dial(node, peer, is_member),
            Effect::Remember { peer, contact } => {
                let now_us = self.queue.now_us();
                self.nodes[node].book.note(peer, &contact, now_us);
            }
            Effect::StartTimer { timer, after_ms } => {
                let number = self.queue.put_in();
                self.life(node).discovery_timers.insert(timer, number);
                let timer = Inside::DiscoveryTimer(timer, number);
                self.after(after_ms.saturating_mul(1_000), node, timer);
            }
            Effect::Emit(TopicEvent::State { state }) => {
                self.tell(|| format!("{node}: {}", state.code()));
            }
            Effect::Emit(_) => {}
        }
    }

    pub(super) fn searched(&mut self, node: usize, source: SourceKind) {
        let found = match source {
            SourceKind::Dht => self.records(node),
            SourceKind::Known => {
                let known = self.nodes[node].book.best(KNOWN_PEERS_MAX);
                known.into_iter().map(unproven).collect()
            }
            SourceKind::Manual if self.plan.meeting == Meeting::Hub => {
                vec![unproven(self.nodes[0].id)]
            }
            _ => Vec::new(),
        };
        for candidate in found {
            self.tell_discovery(node, Input::Found { source, candidate });
        }
        let outcome = Ok(());
        self.tell_discovery(node, Input::SearchEnded { source, outcome });
    }

    /// The records of the last, this and the next minute, as the node's clock has it.
    fn records(&mut self, node: usize) -> Vec<Candidate> {
        let is_blind = self.sabotage == Some(Sabotage::NeverRendezvous);
        if is_blind && !self.life(node).session.neighbours().is_empty() {
            return Vec::new();
        }
        let side = self.side(node);
        let this = self.now(node).unix.minute();
        let mut found = Vec::new();
        for minute in [this, this - 1, this + 1] {
            for Record { peer, listed } in self.dht.get(minute, side, &mut self.rng) {
                found.push(Candidate {
                    peer,
                    addresses: Vec::new(),
                    listed,
                    minute: Some(minute),
                    is_member: true,
                });
            }
        }
        found
    }

    pub(super) fn announced(&mut self, node: usize, minute: u64, listed: Vec<PeerId>) {
        let now_minute = self.queue.now_us() / 60_000_000;
        let puts = self.announcements.entry((node, now_minute)).or_default();
        *puts += 1;
        if *puts > PUTS_PER_MINUTE_MAX {
            let puts = *puts;
            return self.breaks(format!("node {node} put {puts} records in a minute"));
        }
        let (side, peer) = (self.side(node), self.nodes[node].id);
        let record = Record { peer, listed };
        self.dht.put(minute, &record, side, &mut self.rng);
        let outcome = Ok(Announced::Published);
        self.tell_discovery(node, Input::AnnounceEnded { minute, outcome });
    }

    fn side(&self, node: usize) -> Side {
        match &self.cut {
            Some(cut) if cut.with_dht && cut.is_first[node] => Side::First,
            Some(cut) if cut.with_dht => Side::Second,
            _ => Side::Whole,
        }
    }
}

/// Somebody of whom it is not known whether it is in the topic.
fn unproven(peer: PeerId) -> Candidate {
    Candidate {
        peer,
        addresses: Vec::new(),
        listed: Vec::new(),
        minute: None,
        is_member: false,
    }
}
