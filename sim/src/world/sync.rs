//! What a session wants done: checking, storing, sending, asking others.

use bytes::Bytes;
use iroh_gossip::proto::{Command, InEvent, Scope};
use kukuri_application::{
    discovery,
    ports::{PostState, StoreTrouble, SyncAnswer, SyncRequest},
    session::{
        Arrival, Effect, Input, PostRefused, PostToken, Reconciled, Timer, UNSENT_PER_LOAD_MAX,
    },
    views::TopicEvent,
};
use kukuri_domain::{
    EventId, PeerId, SignedEvent, UnixMs, VerifiedEvent, limits::EVENT_FUTURE_MS_MAX,
    wire::GossipFrame,
};
use rand::Rng as _;

use super::{Inside, World};
use crate::rules::Sabotage;

/// How long a look into the database takes, and a commit, in µs.
const READ_US: (u64, u64) = (200, 2_000);
const COMMIT_US: (u64, u64) = (1_000, 12_000);

/// Checking a signature.
const VERIFY_US: u64 = 60;

/// How long an exchange waits for an answer that does not come.
const CALL_US: u64 = 10_000_000;

/// What goes over a stream in a microsecond, in bytes: 10 MB/s.
const BYTES_PER_US: u64 = 10;

/// Remembered members of whom one is looked at, as in the product.
const PARTNERS_MAX: usize = 64;

impl World {
    pub(super) fn tell_session(&mut self, node: usize, input: Input) {
        let now = self.now(node);
        for effect in self.life(node).session.handle(input, now) {
            self.do_session(node, effect);
        }
        let now_us = self.queue.now_us();
        let life = self.life(node);
        match life.session.neighbour_count() {
            0 => {
                life.alone_since_us.get_or_insert(now_us);
            }
            _ => life.alone_since_us = None,
        }
    }

    pub(super) fn session_timer(&mut self, node: usize, timer: Timer, number: u64) {
        let timers = &mut self.life(node).session_timers;
        // Otherwise it was started anew meanwhile.
        if timers.get(&timer) == Some(&number) {
            timers.remove(&timer);
            self.tell_session(node, Input::Timer(timer));
        }
    }

    fn do_session(&mut self, node: usize, effect: Effect) {
        match effect {
            Effect::Verify { verify, events, .. } => {
                let us = 500 + VERIFY_US * events.len() as u64;
                let all = events.len();
                let checked = events
                    .into_iter()
                    .filter_map(|event| self.checked.check(event));
                let genuine: Vec<_> = checked.collect();
                let forged = all - genuine.len();
                let verified = Input::Verified {
                    verify,
                    genuine,
                    forged,
                };
                self.after(us, node, Inside::Session(verified));
            }
            Effect::Commit { commit, events, .. } => {
                let us = self.some_us(COMMIT_US.0, COMMIT_US.1);
                let fails = self.rng.random_bool(self.plan.weather.failing_commits);
                let outcome = match fails {
                    true => {
                        let trouble = StoreTrouble::Database;
                        Input::CommitFailed { commit, trouble }
                    }
                    // Made when it is answered: whoever dies before has stored nothing.
                    false => return self.after(us, node, Inside::Commit { commit, events }),
                };
                self.after(us, node, Inside::Session(outcome));
            }
            Effect::PostDone { token, result } => self.post_done(node, token, result),
            Effect::Broadcast(payload) => self.broadcast(node, payload, Scope::Swarm),
            Effect::BroadcastNeighbours(payload) => self.broadcast(node, payload, Scope::Neighbors),
            Effect::NoteSent { ids, neighbours } => {
                self.nodes[node].store.note_sent(&ids, neighbours);
            }
            Effect::NoteHeld { peer, ids } => {
                let held = self.note_held(node, peer, &ids);
                self.after(0, node, Inside::Session(Input::Held(held)));
            }
            Effect::NoteComplete {
                peer,
                since,
                before,
            } => {
                let ids = self.nodes[node].store.own_between(since, before);
                let held = self.note_held(node, peer, &ids);
                self.after(0, node, Inside::Session(Input::Held(held)));
            }
            Effect::FindMissing { from, mut ids } => {
                ids.retain(|id| !self.nodes[node].store.holds(id));
                self.read(node, Input::Missing { from, ids });
            }
            Effect::Call { peer, request } => self.call(node, peer, request),
            Effect::Summarise {
                purpose,
                cut,
                since,
            } => {
                let summary = Some(self.nodes[node].store.set.summary(cut, since));
                self.read(node, Input::Summarised { purpose, summary });
            }
            Effect::Reconcile {
                peer,
                since,
                answer,
            } => {
                let step = self.nodes[node].store.set.step(since, answer.as_deref());
                let outcome = match step {
                    Ok(step) => Reconciled::Step(step),
                    Err(_malformed) => Reconciled::Malformed,
                };
                self.read(node, Input::Reconciled { peer, outcome });
            }
            Effect::FindPartner => self.find_partner(node),
            Effect::Meet(peer) => {
                let other = self.number(&peer);
                self.tell(|| format!("{node} is apart from {other}"));
                self.tell_discovery(node, discovery::Input::Apart(peer));
            }
            Effect::Rejoin => self.leave_and_rejoin(node),
            Effect::LoadUnsent => {
                let ids = self.nodes[node].store.unsent(UNSENT_PER_LOAD_MAX as usize);
                let unsent = self.signed(ids);
                self.read(node, Input::Unsent(unsent));
            }
            Effect::Emit(event) => self.shown(node, event),
            Effect::ShowProfile(_) | Effect::ShowTakenBack(_) | Effect::ShowEntries(_) => {}
            Effect::StartTimer { timer, after_ms } => {
                let number = self.queue.put_in();
                self.life(node).session_timers.insert(timer, number);
                let timer = Inside::SessionTimer(timer, number);
                self.after(after_ms.saturating_mul(1_000), node, timer);
            }
        }
    }

    /// The database answers.
    fn read(&mut self, node: usize, answer: Input) {
        let us = self.some_us(READ_US.0, READ_US.1);
        self.after(us, node, Inside::Session(answer));
    }

    // --- storing ---------------------------------------------------------------------------

    pub(super) fn commit(&mut self, node: usize, commit: u64, events: Vec<VerifiedEvent>) {
        let now = self.now(node).unix;
        let mut is_new = Vec::new();
        for event in events {
            let forgets =
                self.sabotage == Some(Sabotage::ForgetCommits) && self.rng.random_bool(0.1);
            if forgets {
                is_new.push(true);
                continue;
            }
            let by_arrival = self.sabotage == Some(Sabotage::MergeByArrival);
            let store = &mut self.nodes[node].store;
            let new = store.commit(&event, now, by_arrival);
            is_new.push(new);
            if new {
                self.stored(&event.id());
            }
        }
        self.tell_session(node, Input::Committed { commit, is_new });
    }

    /// An event reached the store of one more node.
    fn stored(&mut self, id: &EventId) {
        let now_us = self.queue.now_us();
        if let Some(posted_us) = self.posted.get(id) {
            self.report.delays_us.push(now_us - posted_us);
            self.lacking -= 1;
            self.note_whole();
        }
    }

    fn note_whole(&mut self) {
        if self.lacking == 0 {
            let after = self.queue.now_us().saturating_sub(self.last_disturbed_us);
            self.report.whole_after_us = after;
        }
    }

    fn post_done(&mut self, node: usize, token: PostToken, result: Result<PostState, PostRefused>) {
        let Some((id, posted_us)) = self.posting.remove(&(node, token)) else {
            return self.breaks(format!("node {node} ends a post that it was not given"));
        };
        match result {
            Ok(_) if !self.nodes[node].store.holds(&id) => {
                self.breaks(format!(
                    "node {node} acknowledged a post that it has not stored"
                ));
            }
            Ok(_) => {
                let lack = self.nodes.iter().filter(|node| !node.store.holds(&id));
                self.lacking += lack.count();
                self.posted.insert(id, posted_us);
                self.disturbed();
            }
            Err(PostRefused::NotStored) if self.plan.weather.failing_commits > 0.0 => {}
            Err(refused) => self.breaks(format!("node {node} did not take a post: {refused:?}")),
        }
    }

    fn shown(&mut self, node: usize, event: TopicEvent) {
        match event {
            TopicEvent::Post { post, arrival } => {
                let id = post.event.id();
                let is_own = post.event.author() == self.nodes[node].author.id();
                if !self.nodes[node].store.holds(&id) {
                    self.breaks(format!("node {node} shows an event before it is stored"));
                }
                if !self.life(node).shown.insert(id) {
                    self.breaks(format!("node {node} shows an event twice"));
                }
                // An own event comes back from others after a kill in the middle of its commit.
                if arrival == Arrival::Local && !is_own {
                    self.breaks(format!("node {node} shows somebody's event as its own"));
                }
            }
            TopicEvent::Fetched { peer, new } => {
                let from = self.number(&peer);
                self.tell(|| format!("{node}: {new} fetched from {from}"));
            }
            _ => {}
        }
    }

    /// A peer is said to hold events; it had better.
    fn note_held(
        &mut self,
        node: usize,
        peer: PeerId,
        ids: &[EventId],
    ) -> Vec<(EventId, PostState)> {
        let other = self.number(&peer);
        if ids.iter().any(|id| !self.nodes[other].store.holds(id)) {
            self.breaks(format!(
                "node {node} believes that {other} holds what it does not"
            ));
        }
        self.nodes[node].store.note_held(peer, ids)
    }

    // --- sending ---------------------------------------------------------------------------

    fn broadcast(&mut self, node: usize, payload: Bytes, scope: Scope) {
        if let Ok(GossipFrame::Event(event)) = GossipFrame::decode(&payload)
            && !self.nodes[node].store.holds(&event.id)
        {
            self.breaks(format!("node {node} sends an event before it is stored"));
        }
        if !self.life(node).is_rejoining {
            let command = Command::Broadcast(payload, scope);
            self.tell_gossip(node, InEvent::Command(self.gossip_topic, command));
        }
    }

    fn signed(&self, ids: Vec<EventId>) -> Vec<SignedEvent> {
        let known = ids.iter().filter_map(|id| self.checked.get(id));
        known.map(|event| event.clone().into_signed()).collect()
    }

    fn find_partner(&mut self, node: usize) {
        let neighbours = self.life(node).session.neighbours();
        let mut known = self.nodes[node].book.best(PARTNERS_MAX);
        known.retain(|peer| !neighbours.contains(peer));
        if !known.is_empty() {
            let partner = known[self.rng.random_range(0..known.len())];
            self.read(node, Input::Partner(partner));
        }
    }

    // --- streams ---------------------------------------------------------------------------

    fn call(&mut self, node: usize, peer: PeerId, request: SyncRequest) {
        let to = self.number(&peer);
        *self.report.calls.entry(name(&request)).or_default() += 1;
        let is_lost = self.rng.random_bool(self.plan.weather.loss);
        if is_lost || !self.reaches(node, to) || self.lives(to).is_none() {
            return self.unanswered(node, to, request);
        }
        let us = self.way_us(node, to) + bytes(&request) / BYTES_PER_US;
        let called = Inside::Called {
            from: node,
            from_life: self.nodes[node].lives,
            request,
        };
        self.after(us, to, called);
    }

    pub(super) fn unanswered(&mut self, node: usize, to: usize, request: SyncRequest) {
        let (peer, answer) = (self.nodes[to].id, None);
        let failed = Input::Answered {
            peer,
            request,
            answer,
        };
        self.after(CALL_US, node, Inside::Session(failed));
    }

    pub(super) fn called(&mut self, node: usize, from: usize, life: u32, request: SyncRequest) {
        let answer = self.answer(node, from, &request);
        if self.lives(from) != Some(life) {
            return;
        }
        match answer.filter(|_| self.reaches(node, from)) {
            Some(answer) => {
                let us = self.some_us(READ_US.0, READ_US.1)
                    + self.way_us(node, from)
                    + answer_bytes(&answer) / BYTES_PER_US;
                let answered = Inside::Answered {
                    from: node,
                    request,
                    answer,
                };
                self.after(us, from, answered);
            }
            None => self.unanswered(from, node, request),
        }
    }

    pub(super) fn answered(
        &mut self,
        node: usize,
        from: usize,
        request: SyncRequest,
        answer: SyncAnswer,
    ) {
        let answer = Some(answer);
        let peer = self.nodes[from].id;
        self.tell_session(
            node,
            Input::Answered {
                peer,
                request,
                answer,
            },
        );
    }

    /// What a node answers, and what it learns by being asked.
    fn answer(&mut self, node: usize, from: usize, request: &SyncRequest) -> Option<SyncAnswer> {
        let peer = self.nodes[from].id;
        let refuses = self.sabotage == Some(Sabotage::NeverReconcile);
        match request {
            SyncRequest::Get(ids) => {
                let store = &self.nodes[node].store;
                let here = ids.iter().copied().filter(|id| store.holds(id));
                Some(SyncAnswer::all(self.signed(here.collect())))
            }
            SyncRequest::Newest { .. }
            | SyncRequest::Summary(_)
            | SyncRequest::Reconcile { .. }
                if refuses =>
            {
                None
            }
            SyncRequest::Newest { n, before } => {
                let newest = self.nodes[node].store.newest((*n).into(), *before);
                Some(SyncAnswer::all(self.signed(newest)))
            }
            SyncRequest::Receipt(ids) => {
                let held = self.note_held(node, peer, ids);
                self.tell_session(node, Input::Held(held));
                Some(SyncAnswer::nothing())
            }
            SyncRequest::Offer { ids, more } => {
                let (ids, more) = (ids.clone(), *more);
                self.tell_session(node, Input::Offered { peer, ids, more });
                Some(SyncAnswer::nothing())
            }
            SyncRequest::Summary(theirs) => {
                let now: UnixMs = self.now(node).unix;
                if theirs.cut.0.abs_diff(now.0) > 4 * EVENT_FUTURE_MS_MAX {
                    return None;
                }
                let ours = self.nodes[node].store.set.summary(theirs.cut, theirs.since);
                let theirs = *theirs;
                self.tell_session(node, Input::Compared { peer, ours, theirs });
                Some(SyncAnswer::Summary(ours))
            }
            SyncRequest::Reconcile { since, message } => {
                let answer = self.nodes[node].store.set.respond(*since, message);
                // Nonsense gets no answer.
                answer.ok().map(SyncAnswer::Reconciled)
            }
            SyncRequest::Author => Some(SyncAnswer::nothing()),
        }
    }
}

fn name(request: &SyncRequest) -> &'static str {
    match request {
        SyncRequest::Get(_) => "get",
        SyncRequest::Newest { .. } => "newest",
        SyncRequest::Receipt(_) => "receipt",
        SyncRequest::Author => "author",
        SyncRequest::Summary(_) => "summary",
        SyncRequest::Reconcile { .. } => "reconcile",
        SyncRequest::Offer { .. } => "offer",
    }
}

fn bytes(request: &SyncRequest) -> u64 {
    let bytes = match request {
        SyncRequest::Get(ids) | SyncRequest::Receipt(ids) | SyncRequest::Offer { ids, .. } => {
            32 * ids.len()
        }
        SyncRequest::Reconcile { message, .. } => message.len(),
        SyncRequest::Newest { .. } | SyncRequest::Summary(_) | SyncRequest::Author => 64,
    };
    bytes as u64
}

fn answer_bytes(answer: &SyncAnswer) -> u64 {
    let bytes = match answer {
        SyncAnswer::Reconciled(message) => message.len(),
        SyncAnswer::Summary(_) => 64,
        // About what a short post is.
        SyncAnswer::Events { events, .. } => 300 * events.len(),
    };
    bytes as u64
}
