//! What holds for any sequence of inputs.

use std::collections::BTreeSet;

use bytes::Bytes;
use kukuri_application::{
    ports::{StoreTrouble, SyncAnswer, SyncRequest},
    session::{Effect, Input, Session, Timer},
    sync_set::SyncSet,
    views::TopicEvent,
};
use kukuri_domain::{
    EventId, Now, PeerId, UnixMs, VerifiedEvent, event::Verifier, wire::GossipFrame,
};
use proptest::prelude::*;

use crate::bench::{
    Author, LOCAL, START, event_frame, forgeries, have_frame, of_set, peer, posts, topic,
};

/// Something that happens; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Post(usize),
    Event(u8, usize),
    Forged(u8, usize),
    Have(u8, usize),
    Up(u8),
    Down(u8),
    /// A peer says its set in short: that of all events.
    Summary(u8),
    /// A peer offers an event, and says whether it has more.
    Offer(u8, usize, bool),
    /// Answers one of the open effects, chosen by number, well or badly.
    Answer(usize, bool),
    Timer(u8),
    Lagged,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (peer, event) = (0..4_u8, 0..6_usize);
    prop_oneof![
        2 => event.clone().prop_map(Step::Post),
        4 => (peer.clone(), event.clone()).prop_map(|(p, e)| Step::Event(p, e)),
        1 => (peer.clone(), event.clone()).prop_map(|(p, e)| Step::Forged(p, e)),
        2 => (peer.clone(), event).prop_map(|(p, e)| Step::Have(p, e)),
        2 => peer.clone().prop_map(Step::Up),
        1 => peer.clone().prop_map(Step::Down),
        1 => peer.clone().prop_map(Step::Summary),
        1 => (peer, 0..6_usize, any::<bool>()).prop_map(|(p, e, more)| Step::Offer(p, e, more)),
        12 => (any::<usize>(), prop::bool::weighted(0.8)).prop_map(|(n, ok)| Step::Answer(n, ok)),
        1 => (0..10_u8).prop_map(Step::Timer),
        1 => Just(Step::Lagged),
        1 => (0..3_000_u64).prop_map(Step::Pass),
    ]
}

/// A session among inputs in any order, and what must be true of its effects.
struct Watched {
    session: Session,
    now: Now,
    events: Vec<VerifiedEvent>,
    open: Vec<Effect>,
    committed: BTreeSet<EventId>,
    /// What the session was told is committed or was stored before.
    told: BTreeSet<EventId>,
    shown: BTreeSet<EventId>,
}

impl Watched {
    fn step(&mut self, step: Step) {
        let input = match step {
            Step::Post(n) => Input::Post {
                token: n as u64,
                event: self.events[n].clone(),
            },
            Step::Event(from, n) => self.message(from, event_frame(self.events[n].to_wire())),
            Step::Forged(from, n) => {
                let forged = forgeries(&self.events[n])[usize::from(from)].clone();
                self.message(from, event_frame(forged))
            }
            Step::Have(from, n) => self.message(
                from,
                have_frame(self.events[n..].iter().map(|e| e.id()).collect()),
            ),
            Step::Up(n) => Input::NeighborUp(peer(n)),
            Step::Down(n) => Input::NeighborDown(peer(n)),
            Step::Summary(n) => {
                let summary = self.set(&self.events).summary(self.now.unix, UnixMs(0));
                self.message(n, GossipFrame::Summary(summary).encode().into())
            }
            Step::Offer(n, event, more) => Input::Offered {
                peer: peer(n),
                ids: vec![self.events[event].id()],
                more,
            },
            Step::Timer(0) => Input::Timer(Timer::Receipts),
            Step::Timer(1) => Input::Timer(Timer::Delayed),
            Step::Timer(2) => Input::Timer(Timer::Unsent),
            Step::Timer(3) => Input::Timer(Timer::Postponed),
            Step::Timer(4) => Input::Timer(Timer::Summary),
            Step::Timer(5) => Input::Timer(Timer::Partner),
            Step::Timer(6) => Input::Timer(Timer::Stalled),
            Step::Timer(7) => Input::Timer(Timer::Settled),
            Step::Timer(n) => Input::Timer(Timer::Retry(peer(n - 6))),
            Step::Lagged => Input::Lagged,
            Step::Pass(ms) => {
                self.now.mono_ms += ms;
                self.now.unix.0 += ms;
                return;
            }
            Step::Answer(..) if self.open.is_empty() => return,
            Step::Answer(n, is_well) => {
                let effect = self.open.swap_remove(n % self.open.len());
                self.outcome(effect, is_well)
            }
        };
        for effect in self.session.handle(input, self.now) {
            self.watch(effect);
        }
    }

    fn message(&self, from: u8, payload: Bytes) -> Input {
        Input::Message {
            from: peer(from),
            is_direct: true,
            payload,
        }
    }

    fn outcome(&mut self, effect: Effect, is_well: bool) -> Input {
        match effect {
            Effect::Verify { verify, events, .. } => {
                Input::checked(verify, events, &Verifier::default())
            }
            Effect::Commit { commit, events, .. } if is_well => {
                let ids = events.iter().map(VerifiedEvent::id).collect::<Vec<_>>();
                self.told.extend(&ids);
                let is_new = ids
                    .into_iter()
                    .map(|id| self.committed.insert(id))
                    .collect();
                Input::Committed { commit, is_new }
            }
            Effect::Commit { commit, .. } => Input::CommitFailed {
                commit,
                trouble: StoreTrouble::Database,
            },
            Effect::FindMissing { from, mut ids } => {
                ids.retain(|id| is_well && !self.committed.contains(id));
                Input::Missing { from, ids }
            }
            effect @ (Effect::Summarise { .. } | Effect::Reconcile { .. }) => {
                of_set(effect, is_well.then(|| self.stored_set()).as_ref())
            }
            Effect::Call { peer, request } => {
                let answer = is_well.then(|| self.answer(&request));
                Input::Answered {
                    peer,
                    request,
                    answer,
                }
            }
            Effect::LoadUnsent if is_well => {
                let stored = self
                    .events
                    .iter()
                    .filter(|e| self.committed.contains(&e.id()));
                let stored = stored.cloned().collect::<Vec<_>>();
                self.told.extend(stored.iter().map(VerifiedEvent::id));
                Input::Unsent(crate::bench::signed(&stored))
            }
            Effect::LoadUnsent => Input::Unsent(vec![]),
            other => panic!("{other:?} has no outcome"),
        }
    }

    fn set(&self, events: &[VerifiedEvent]) -> SyncSet {
        SyncSet::new(events.iter().map(VerifiedEvent::member), self.now.unix)
    }

    fn stored_set(&self) -> SyncSet {
        let stored = self.events.iter();
        let stored = stored.filter(|event| self.committed.contains(&event.id()));
        self.set(&stored.cloned().collect::<Vec<_>>())
    }

    fn answer(&self, request: &SyncRequest) -> SyncAnswer {
        let events = match request {
            SyncRequest::Get(ids) => self
                .events
                .iter()
                .filter(|e| ids.contains(&e.id()))
                .cloned(),
            SyncRequest::Newest { .. } => {
                return SyncAnswer::Events {
                    events: crate::bench::signed(&self.events[3..]),
                    more: true,
                };
            }
            SyncRequest::Summary(ours) => {
                let theirs = self.set(&self.events).summary(ours.cut, ours.since);
                return SyncAnswer::Summary(theirs);
            }
            SyncRequest::Reconcile { since, message } => {
                let answer = self.set(&self.events).respond(*since, message);
                return SyncAnswer::Reconciled(answer.expect("sessions send sense"));
            }
            _ => return SyncAnswer::nothing(),
        };
        SyncAnswer::all(crate::bench::signed(&events.collect::<Vec<_>>()))
    }

    fn watch(&mut self, effect: Effect) {
        match &effect {
            Effect::Emit(TopicEvent::Post { post, .. }) => {
                let event = &post.event;
                assert!(
                    self.told.contains(&event.id()),
                    "shown before it was committed"
                );
                assert!(self.shown.insert(event.id()), "shown twice");
            }
            Effect::Broadcast(payload) | Effect::BroadcastNeighbours(payload) => {
                let ids = match GossipFrame::decode(payload).expect("a valid frame") {
                    GossipFrame::Event(wire) => vec![wire.id],
                    GossipFrame::Have(ids) => ids,
                    GossipFrame::Summary(_) => vec![],
                };
                assert!(
                    ids.iter().all(|id| self.told.contains(id)),
                    "sent before it was committed"
                );
            }
            Effect::Call {
                request: SyncRequest::Receipt(ids),
                ..
            } => {
                assert!(
                    ids.iter().all(|id| self.told.contains(id)),
                    "receipt before the commit"
                );
            }
            _ => {}
        }
        let has_outcome = matches!(
            effect,
            Effect::Verify { .. }
                | Effect::Commit { .. }
                | Effect::FindMissing { .. }
                | Effect::Call { .. }
                | Effect::Summarise { .. }
                | Effect::Reconcile { .. }
                | Effect::LoadUnsent
        );
        if has_outcome {
            self.open.push(effect);
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_shown_sent_or_acknowledged_before_its_commit(
        steps in prop::collection::vec(step(), 1..120),
        seed in any::<u64>(),
    ) {
        let mut watched = Watched {
            session: Session::new(topic(), LOCAL, Author::new(1).id(), seed),
            now: Now { unix: START, mono_ms: 0 },
            events: posts(1, 6),
            open: Vec::new(),
            committed: BTreeSet::new(),
            told: BTreeSet::new(),
            shown: BTreeSet::new(),
        };
        for step in steps {
            watched.step(step);
        }
        // Whatever was left open is answered in the end, and then everything stored was shown.
        while !watched.open.is_empty() {
            watched.step(Step::Answer(0, true));
        }
        prop_assert_eq!(&watched.shown, &watched.committed);
        let stored = watched.session.counters().stored;
        prop_assert_eq!(stored, watched.committed.len() as u64);
    }

    #[test]
    fn parser_session_message_takes_any_bytes(payload in prop::collection::vec(any::<u8>(), 0..300)) {
        check_any_message(payload);
    }

    #[test]
    fn parser_session_message_takes_damaged_frames(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        is_event in any::<bool>(),
    ) {
        let mut payload = if is_event { event_bytes() } else { have_frame(vec![EventId([7; 32]); 3]).to_vec() };
        for (place, value) in damage {
            let place = place.index(payload.len());
            payload[place] = value;
        }
        if let Some(cut) = cut {
            payload.truncate(cut.index(payload.len()));
        }
        check_any_message(payload);
    }
}

/// A frame that is made once: signing is slow.
fn event_bytes() -> Vec<u8> {
    static FRAME: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    FRAME
        .get_or_init(|| event_frame(posts(1, 1)[0].to_wire()).to_vec())
        .clone()
}

/// One message leads to one check, one look-up or one count, and to nothing else.
fn check_any_message(payload: Vec<u8>) {
    let mut session = Session::new(topic(), LOCAL, Author::new(1).id(), 1);
    let is_summary = matches!(GossipFrame::decode(&payload), Ok(GossipFrame::Summary(_)));
    let message = Input::Message {
        from: PeerId([1; 32]),
        is_direct: true,
        payload: payload.into(),
    };
    let now = Now {
        unix: UnixMs(0),
        mono_ms: 0,
    };
    let effects = session.handle(message, now);
    let counters = session.counters();
    let counted = counters.foreign + counters.other_version + counters.malformed;
    match &effects[..] {
        // It is looked at if it is a neighbour's.
        [] if is_summary => assert_eq!(counted, 0),
        [] => assert_eq!(counted, 1),
        [Effect::Verify { events, .. }] => assert_eq!((events.len() as u64, counted), (1, 0)),
        [Effect::FindMissing { .. }] => assert_eq!(counted, 0),
        other => panic!("unexpected: {other:?}"),
    }
}
