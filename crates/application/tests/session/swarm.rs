//! Many sessions on one virtual clock. Messages are lost, doubled and reordered; calls work.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use bytes::Bytes;
use kukuri_application::{
    ports::{PostState, StoreTrouble, SyncAnswer, SyncRequest},
    session::{Arrival, Effect, Input, Session, Timer},
    sync_set::SyncSet,
    views::TopicEvent,
};
use kukuri_domain::{
    EventId, Now, PeerId, UnixMs, VerifiedEvent, event::Verifier, limits::GOSSIP_PAYLOAD_BYTES_MAX,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::bench::{Author, START, of_set, peer, topic};

/// Greatest part of the simulation that may be processed, so that a loop ends as a failure.
const STEPS_MAX: usize = 2_000_000;

/// Less than passes between two summaries.
const SETTLED_AFTER_MS: u64 = 15_000;

/// Some ten rounds of summaries: each goes one link further, also where half of them are lost.
const HEALED_AFTER_MS: u64 = 300_000;

/// Something that will happen to a node.
enum Coming {
    Input(Input),
    /// A flooded message on one hop.
    Gossip {
        number: u64,
        from: usize,
        payload: Bytes,
    },
    Fire(Timer, u64),
}

struct Node {
    session: Session,
    neighbours: BTreeSet<usize>,
    stored: BTreeMap<EventId, VerifiedEvent>,
    holders: BTreeMap<EventId, (u32, BTreeSet<PeerId>)>,
    own: BTreeSet<EventId>,
    unsent: BTreeSet<EventId>,
    shown: BTreeSet<EventId>,
    /// Flooded messages that it has passed on already.
    heard: BTreeSet<u64>,
    timers: BTreeMap<String, u64>,
}

struct Swarm {
    seed: u64,
    rng: StdRng,
    /// Share of messages that are lost on each link.
    loss: f64,
    /// Share of commits that fail.
    failures: f64,
    now_ms: u64,
    next: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    coming: BTreeMap<u64, (usize, Coming)>,
    nodes: Vec<Node>,
}

impl Swarm {
    fn new(seed: u64, size: usize, loss: f64) -> Self {
        let node = |n: usize| Node {
            session: Session::new(
                topic(),
                peer(n as u8),
                Author::new(n as u8 + 1).id(),
                seed ^ n as u64,
            ),
            neighbours: BTreeSet::new(),
            stored: BTreeMap::new(),
            holders: BTreeMap::new(),
            own: BTreeSet::new(),
            unsent: BTreeSet::new(),
            shown: BTreeSet::new(),
            heard: BTreeSet::new(),
            timers: BTreeMap::new(),
        };
        Self {
            seed,
            rng: StdRng::seed_from_u64(seed),
            loss,
            failures: 0.02,
            now_ms: 0,
            next: 0,
            queue: BinaryHeap::new(),
            coming: BTreeMap::new(),
            nodes: (0..size).map(node).collect(),
        }
    }

    fn schedule(&mut self, node: usize, after_ms: u64, coming: Coming) {
        self.next += 1;
        self.queue
            .push(Reverse((self.now_ms + after_ms, self.next)));
        self.coming.insert(self.next, (node, coming));
    }

    fn connect(&mut self, a: usize, b: usize) {
        for (one, other) in [(a, b), (b, a)] {
            if one != other && self.nodes[one].neighbours.insert(other) {
                let up = Input::NeighborUp(peer(other as u8));
                self.schedule(one, 1, Coming::Input(up));
            }
        }
    }

    fn disconnect(&mut self, a: usize, b: usize) {
        for (one, other) in [(a, b), (b, a)] {
            if self.nodes[one].neighbours.remove(&other) {
                let down = Input::NeighborDown(peer(other as u8));
                self.schedule(one, 1, Coming::Input(down));
            }
        }
    }

    /// A ring with a few chords, so that the swarm is one piece.
    fn connect_all(&mut self) {
        let size = self.nodes.len();
        for n in 0..size {
            self.connect(n, (n + 1) % size);
            let chord = self.rng.random_range(0..size);
            self.connect(n, chord);
        }
    }

    fn post(&mut self, node: usize, number: usize) {
        // One in ten does not fit into a message.
        let long = if number % 10 == 9 {
            "x".repeat(GOSSIP_PAYLOAD_BYTES_MAX)
        } else {
            String::new()
        };
        let content = format!("{number} of {node} {long}");
        let event = Author::new(node as u8 + 1).post(&content, self.now_ms);
        self.nodes[node].own.insert(event.id());
        self.schedule(
            node,
            0,
            Coming::Input(Input::Post {
                token: number as u64,
                event,
            }),
        );
    }

    /// Runs for a while in which all that is under way comes to its end, but no summary is due.
    fn settle(&mut self) {
        let end = self.now_ms + SETTLED_AFTER_MS;
        self.run(end);
    }

    /// Runs until `end_ms`.
    fn run(&mut self, end_ms: u64) {
        for _ in 0..STEPS_MAX {
            let Some(Reverse((at, number))) = self.queue.pop() else {
                return;
            };
            if at > end_ms {
                self.queue.push(Reverse((at, number)));
                self.now_ms = end_ms;
                return;
            }
            self.now_ms = at;
            let (node, coming) = self.coming.remove(&number).expect("it was scheduled");
            self.happen(node, coming);
        }
        panic!("seed {}: the swarm does not come to rest", self.seed);
    }

    fn happen(&mut self, node: usize, coming: Coming) {
        let input = match coming {
            Coming::Input(input) => input,
            Coming::Gossip {
                number,
                from,
                payload,
            } => {
                if !self.nodes[node].heard.insert(number) {
                    return;
                }
                self.flood(node, number, &payload);
                Input::Message {
                    from: peer(from as u8),
                    is_direct: true,
                    payload,
                }
            }
            Coming::Fire(timer, number) => {
                let name = format!("{timer:?}");
                if self.nodes[node].timers.get(&name) != Some(&number) {
                    return;
                }
                self.nodes[node].timers.remove(&name);
                Input::Timer(timer)
            }
        };
        let now = Now {
            unix: UnixMs(START.0 + self.now_ms),
            mono_ms: self.now_ms,
        };
        for effect in self.nodes[node].session.handle(input, now) {
            self.carry_out(node, effect);
        }
    }

    /// Sends a message over each link of a node: some are lost, some come twice, none in order.
    fn flood(&mut self, node: usize, number: u64, payload: &Bytes) {
        for other in self.nodes[node].neighbours.clone() {
            let copies = usize::from(!self.rng.random_bool(self.loss))
                + usize::from(self.rng.random_bool(0.1));
            for _ in 0..copies {
                let after_ms = self.rng.random_range(1..40);
                let payload = payload.clone();
                self.schedule(
                    other,
                    after_ms,
                    Coming::Gossip {
                        number,
                        from: node,
                        payload,
                    },
                );
            }
        }
    }

    fn carry_out(&mut self, node: usize, effect: Effect) {
        let after_ms = self.rng.random_range(1..20);
        let outcome = match effect {
            Effect::Verify { verify, events, .. } => {
                Input::checked(verify, events, &Verifier::default())
            }
            Effect::Commit { commit, events, .. } => {
                if self.rng.random_bool(self.failures) {
                    let trouble = StoreTrouble::Database;
                    Input::CommitFailed { commit, trouble }
                } else {
                    let is_new = events
                        .into_iter()
                        .map(|event| self.store(node, event))
                        .collect();
                    Input::Committed { commit, is_new }
                }
            }
            Effect::Broadcast(payload) => {
                self.next += 1;
                let number = self.next;
                self.nodes[node].heard.insert(number);
                return self.flood(node, number, &payload);
            }
            Effect::BroadcastNeighbours(payload) => {
                for other in self.nodes[node].neighbours.clone() {
                    if !self.rng.random_bool(self.loss) {
                        let payload = payload.clone();
                        let message = Input::Message {
                            from: peer(node as u8),
                            is_direct: true,
                            payload,
                        };
                        self.schedule(other, after_ms, Coming::Input(message));
                    }
                }
                return;
            }
            Effect::NoteSent { ids, neighbours } => {
                assert!(neighbours > 0);
                return ids.iter().for_each(|id| {
                    self.nodes[node].unsent.remove(id);
                });
            }
            Effect::FindMissing { from, mut ids } => {
                ids.retain(|id| !self.nodes[node].stored.contains_key(id));
                Input::Missing { from, ids }
            }
            Effect::Call {
                peer: whom,
                request,
            } => {
                let answer = self.answer(node, usize::from(whom.0[0]), &request);
                Input::Answered {
                    peer: whom,
                    request,
                    answer: Some(answer),
                }
            }
            effect @ (Effect::Summarise { .. } | Effect::Reconcile { .. }) => {
                of_set(effect, Some(&self.set(node)))
            }
            Effect::LoadUnsent => {
                let Node { unsent, stored, .. } = &self.nodes[node];
                let events = unsent.iter().filter_map(|id| stored.get(id)).cloned();
                Input::Unsent(events.map(VerifiedEvent::into_signed).collect())
            }
            Effect::Emit(event) => return self.shown(node, event),
            Effect::StartTimer { timer, after_ms } => {
                self.nodes[node]
                    .timers
                    .insert(format!("{timer:?}"), self.next + 1);
                let number = self.next + 1;
                return self.schedule(node, after_ms, Coming::Fire(timer, number));
            }
            // Counted by the receipts here, which are never lost.
            Effect::PostDone { .. }
            | Effect::NoteHeld { .. }
            | Effect::NoteComplete { .. }
            | Effect::FindPartner
            | Effect::Rejoin
            | Effect::Meet(_)
            | Effect::ShowProfile(_)
            | Effect::ShowTakenBack(_)
            | Effect::ShowEntries(_) => return,
        };
        self.schedule(node, after_ms, Coming::Input(outcome));
    }

    fn store(&mut self, node: usize, event: VerifiedEvent) -> bool {
        let node = &mut self.nodes[node];
        let id = event.id();
        let is_new = node.stored.insert(id, event).is_none();
        if is_new && node.own.contains(&id) {
            node.unsent.insert(id);
        }
        is_new
    }

    /// The answer of the other side, from its store.
    fn answer(&mut self, node: usize, other: usize, request: &SyncRequest) -> SyncAnswer {
        let stored = &self.nodes[other].stored;
        let sign = |event: &VerifiedEvent| event.clone().into_signed();
        let mut events = match request {
            SyncRequest::Get(ids) => ids
                .iter()
                .filter_map(|id| stored.get(id))
                .map(sign)
                .collect(),
            SyncRequest::Newest { .. } => stored.values().map(sign).collect::<Vec<_>>(),
            SyncRequest::Receipt(ids) => {
                self.receipt(other, peer(node as u8), ids);
                vec![]
            }
            SyncRequest::Summary(theirs) => {
                let ours = self.set(other).summary(theirs.cut, theirs.since);
                return SyncAnswer::Summary(ours);
            }
            SyncRequest::Reconcile { since, message } => {
                let answer = self.set(other).respond(*since, message);
                return SyncAnswer::Reconciled(answer.expect("sessions send sense"));
            }
            SyncRequest::Offer { ids, more } => {
                let offer = Input::Offered {
                    peer: peer(node as u8),
                    ids: ids.clone(),
                    more: *more,
                };
                self.schedule(other, 1, Coming::Input(offer));
                vec![]
            }
            SyncRequest::Author => vec![],
        };
        if let SyncRequest::Newest { n, .. } = request {
            events.sort_by_key(|event| Reverse(event.order()));
            events.truncate((*n).into());
        }
        SyncAnswer::all(events)
    }

    fn set(&self, node: usize) -> SyncSet {
        let stored = self.nodes[node].stored.values();
        SyncSet::new(
            stored.map(VerifiedEvent::member),
            UnixMs(START.0 + self.now_ms),
        )
    }

    fn receipt(&mut self, author: usize, from: PeerId, ids: &[EventId]) {
        let node = &mut self.nodes[author];
        let mut held = Vec::new();
        for id in ids.iter().filter(|id| node.own.contains(id)) {
            let (count, holders) = node.holders.entry(*id).or_default();
            if holders.insert(from) {
                *count += 1;
                held.push((
                    *id,
                    PostState {
                        sent_to: 1,
                        held_by: *count,
                    },
                ));
            }
        }
        self.schedule(author, 1, Coming::Input(Input::Held(held)));
    }

    fn shown(&mut self, node: usize, event: TopicEvent) {
        let TopicEvent::Post { post, arrival } = event else {
            return;
        };
        let event = post.event;
        let seed = self.seed;
        let Node {
            stored, shown, own, ..
        } = &mut self.nodes[node];
        assert!(
            stored.contains_key(&event.id()),
            "seed {seed}: shown before it was stored"
        );
        assert!(
            shown.insert(event.id()),
            "seed {seed}: node {node} shows an event twice"
        );
        assert_eq!(
            own.contains(&event.id()),
            arrival == Arrival::Local,
            "seed {seed}"
        );
    }

    /// Every node shows what it stored, neither more nor less.
    fn check_shown(&self) {
        for (n, node) in self.nodes.iter().enumerate() {
            let stored = node.stored.keys().copied().collect::<BTreeSet<_>>();
            assert_eq!(node.shown, stored, "seed {}: node {n}", self.seed);
            assert_eq!(
                node.session.counters().stored,
                stored.len() as u64,
                "seed {}",
                self.seed
            );
            assert_eq!(node.session.counters().forged, 0);
        }
    }

    fn check_equal(&self) {
        let seed = self.seed;
        let all = self
            .nodes
            .iter()
            .flat_map(|n| n.stored.keys())
            .collect::<BTreeSet<_>>();
        for (n, node) in self.nodes.iter().enumerate() {
            let missing = all
                .iter()
                .filter(|id| !node.stored.contains_key(id))
                .count();
            assert_eq!(
                missing,
                0,
                "seed {seed}: node {n} misses {missing} of {}",
                all.len()
            );
            assert!(
                node.unsent.is_empty(),
                "seed {seed}: node {n} did not send all"
            );
        }
        assert!(all.len() > 100, "seed {seed}: nearly every post was stored");
    }
}

/// Posts from everybody while messages are lost and links come and go; then the links stay until
/// everybody has compared sets with their neighbours some times.
fn check(seed: u64, size: usize, loss: f64) {
    let mut swarm = Swarm::new(seed, size, loss);
    for number in 0..5 {
        swarm.post(number % size, number);
    }
    swarm.run(1_000);
    swarm.connect_all();
    for number in 5..140 {
        let node = swarm.rng.random_range(0..size);
        swarm.post(node, number);
        if number % 7 == 0 {
            let (a, b) = (
                swarm.rng.random_range(0..size),
                swarm.rng.random_range(0..size),
            );
            swarm.disconnect(a, b);
            swarm.connect(a, (b + 1) % size);
        }
        let end = swarm.now_ms + swarm.rng.random_range(5..60);
        swarm.run(end);
    }
    swarm.settle();
    swarm.check_shown();
    // Half of the messages may still be lost: what is missing is found by comparing sets.
    swarm.failures = 0.0;
    swarm.connect_all();
    let end = swarm.now_ms + HEALED_AFTER_MS;
    swarm.run(end);
    swarm.check_shown();
    swarm.check_equal();
}

#[test]
fn a_swarm_stores_and_shows_each_event_once_and_becomes_equal() {
    for (seed, size, loss) in [
        (1, 5, 0.0),
        (2, 5, 0.3),
        (3, 8, 0.2),
        (4, 12, 0.5),
        (5, 20, 0.2),
    ] {
        check(seed, size, loss);
    }
}

#[test]
fn without_loss_every_event_reaches_everybody_by_itself() {
    // 231: the last one to be asked had the event only after it was asked.
    for seed in [10, 11, 231] {
        let mut swarm = Swarm::new(seed, 10, 0.0);
        swarm.failures = 0.0;
        swarm.connect_all();
        swarm.settle();
        for number in 0..120 {
            let node = swarm.rng.random_range(0..10);
            swarm.post(node, number);
            let end = swarm.now_ms + 30;
            swarm.run(end);
        }
        swarm.settle();
        swarm.check_shown();
        swarm.check_equal();
        let held = swarm
            .nodes
            .iter()
            .flat_map(|n| n.holders.values())
            .filter(|(n, _)| *n > 0);
        assert!(
            held.count() > 100,
            "seed {seed}: authors learn who holds their posts"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut swarm = Swarm::new(seed, 6, 0.3);
        swarm.connect_all();
        for number in 0..40 {
            swarm.post(number % 6, number);
        }
        swarm.settle();
        let stored = |node: &Node| node.stored.keys().copied().collect::<Vec<_>>();
        let counters = swarm
            .nodes
            .iter()
            .map(|node| node.session.counters())
            .collect::<Vec<_>>();
        (
            swarm.now_ms,
            swarm.next,
            counters,
            swarm.nodes.iter().map(stored).collect::<Vec<_>>(),
        )
    };
    assert_eq!(run(77), run(77));
    assert_ne!(run(77).1, run(78).1);
}
