//! The steps of the plan: nodes that start, die and post, and a network that falls apart.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use iroh_gossip::proto;
use kukuri_application::{
    discovery::{self, Discovery},
    session::{self, Session},
};
use kukuri_domain::{EntryKey, EntryValue, Hlc, UnixMs, event::Draft, peer::SourceKind};
use rand::Rng as _;
use rand_gossip::{SeedableRng as _, rngs::StdRng as GossipRng};

use super::{Cut, Inside, World};
use crate::{
    node::Life,
    plan::{Meeting, Step},
    rules::Sabotage,
};

impl World {
    pub(super) fn take_step(&mut self, step: Step) {
        match step {
            Step::Start(node) => self.start(node),
            Step::Kill(node) => self.kill(node),
            Step::Post(node) => self.post(node),
            Step::Write { node, key } => self.write(node, key),
            Step::Cut { part, with_dht } => {
                self.tell(|| format!("the network falls apart: {part:?}, DHT too: {with_dht}"));
                let mut is_first = vec![false; self.nodes.len()];
                for node in part {
                    is_first[node] = true;
                }
                self.cut = Some(Cut { is_first, with_dht });
                self.cuts += 1;
                self.fall_apart();
            }
            Step::Mend => {
                self.tell(|| "the network is one again".to_owned());
                self.cut = None;
                self.disturbed();
            }
            Step::Deafen(node) => {
                if self.lives(node).is_some() {
                    let neighbours = self.life(node).session.neighbours();
                    let neighbours: Vec<_> = neighbours.iter().map(|p| self.number(p)).collect();
                    self.tell(|| format!("{node} hears no gossip of {neighbours:?} any more"));
                    self.swallowed.extend(neighbours.iter().map(|n| (*n, node)));
                }
            }
        }
    }

    fn start(&mut self, node: usize) {
        if self.lives(node).is_some() {
            return;
        }
        let seed: u64 = self.rng.random();
        let sources = match self.plan.meeting {
            Meeting::Dht => BTreeSet::from([SourceKind::Known, SourceKind::Dht]),
            Meeting::Hub => BTreeSet::from([SourceKind::Known, SourceKind::Manual]),
        };
        let settings = discovery::Settings {
            sources,
            ..discovery::Settings::default()
        };
        let (id, author) = (self.nodes[node].id, self.nodes[node].author.id());
        let gossip = proto::State::new(
            id,
            proto::PeerData::default(),
            proto::Config::default(),
            GossipRng::seed_from_u64(seed.rotate_left(16)),
        );
        let now_us = self.queue.now_us();
        let target = &mut self.nodes[node];
        target.lives += 1;
        target.life = Some(Life {
            session: Session::new(self.topic.clone(), id, author, seed),
            discovery: Discovery::new(id, settings, seed.rotate_left(32)),
            gossip,
            links: BTreeMap::new(),
            session_timers: HashMap::new(),
            discovery_timers: HashMap::new(),
            shown: HashSet::new(),
            is_rejoining: false,
            heard_us: 0,
            alone_since_us: Some(now_us),
        });
        self.tell(|| format!("{node} starts"));
        self.disturbed();
        self.join_gossip(node);
        self.tell_discovery(node, discovery::Input::Start);
    }

    fn join_gossip(&mut self, node: usize) {
        let join = proto::Command::Join(Vec::new());
        self.tell_gossip(node, proto::InEvent::Command(self.gossip_topic, join));
    }

    fn kill(&mut self, node: usize) {
        if self.lives(node).is_none() {
            return;
        }
        self.tell(|| format!("{node} is killed"));
        self.fall_silent(node);
        self.nodes[node].life = None;
    }

    /// The node posts, or the next one that runs.
    fn post(&mut self, node: usize) {
        let Some(node) = self.running(node) else {
            return;
        };
        let now = self.now(node).unix;
        let author = &mut self.nodes[node];
        author.last_own_ms = now.0.max(author.last_own_ms + 1);
        let text = format!("{} of {node}", self.report.happenings);
        let at = UnixMs(author.last_own_ms);
        let draft = Draft::post(&self.topic.name, &text, at);
        self.publish(node, draft);
    }

    /// Writes with a clock after all that the node has seen.
    fn write(&mut self, node: usize, key: usize) {
        let Some(node) = self.running(node) else {
            return;
        };
        let clock = Hlc::after(self.nodes[node].store.entry_clock(), self.now(node).unix);
        let key = EntryKey::new(format!("key {key}")).expect("it has characters");
        let value = EntryValue::Text(format!("{} of {node}", self.report.happenings).into());
        // One in a few deletes.
        let value = (!self.report.happenings.is_multiple_of(4)).then_some(&value);
        let draft = Draft::entry(&self.topic.name, &key, value, clock, None);
        self.publish(node, draft);
    }

    /// The node, or else the next that runs.
    fn running(&self, node: usize) -> Option<usize> {
        let all = self.nodes.len();
        let mut running = (0..all).map(|next| (node + next) % all);
        running.find(|node| self.lives(*node).is_some())
    }

    fn publish(&mut self, node: usize, draft: Draft) {
        let event = self.nodes[node].author.sign(draft);
        let Some(event) = self.checked.check(event) else {
            return self.breaks(format!("node {node} signed an event that is not genuine"));
        };
        let token = self.queue.put_in();
        let (id, now_us) = (event.id(), self.queue.now_us());
        self.posting.insert((node, token), (id, now_us));
        self.tell_session(node, session::Input::Post { token, event });
    }

    /// A node that seems deaf leaves the topic and joins it through others.
    pub(super) fn leave_and_rejoin(&mut self, node: usize) {
        if self.life(node).is_rejoining || self.sabotage == Some(Sabotage::NeverRejoin) {
            return;
        }
        self.report.rejoins += 1;
        self.tell(|| format!("{node} joins anew"));
        self.life(node).is_rejoining = true;
        self.tell_discovery(node, discovery::Input::Deaf);
        for peer in self.life(node).session.neighbours() {
            self.tell_discovery(node, discovery::Input::NeighborDown(peer));
            self.tell_session(node, session::Input::NeighborDown(peer));
        }
        let quit = proto::InEvent::Command(self.gossip_topic, proto::Command::Quit);
        self.tell_gossip(node, quit);
        for link in self.life(node).links.values_mut() {
            link.is_neighbour = false;
        }
        self.after(1_000, node, Inside::Rejoin);
    }

    pub(super) fn rejoin(&mut self, node: usize) {
        self.life(node).is_rejoining = false;
        self.join_gossip(node);
        self.tell_discovery(node, discovery::Input::NetworkChanged);
    }
}
