//! A driver that carries out effects at once, in memory, and writes down what it saw.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use kukuri_application::{
    ports::{Origin, PostState, StoreTrouble, SyncAnswer, SyncRequest},
    session::{Effect, Input, Reconciled, Session, Timer},
    sync_set::SyncSet,
    views::TopicEvent,
};
use kukuri_domain::{
    AuthorId, EventId, Now, PeerId, SignedEvent, TopicKeys, UnixMs, VerifiedEvent,
    event::{Draft, Verifier},
    wire::{GossipFrame, WireEvent},
};
use nostr::{
    event::SignEvent as _,
    key::{Keys, SecretKey},
};

/// The moment at which every test starts.
pub const START: UnixMs = UnixMs(1_800_000_000_123);

/// The node under test.
pub const LOCAL: PeerId = PeerId([0xee; 32]);

/// Another node.
pub fn peer(n: u8) -> PeerId {
    PeerId([n; 32])
}

pub fn topic() -> Arc<TopicKeys> {
    Arc::new(TopicKeys::public("lobby".parse().expect("a valid name")))
}

/// Somebody who writes.
pub struct Author(Keys);

impl Author {
    pub fn new(n: u8) -> Self {
        Self(Keys::new(
            SecretKey::from_slice(&[n; 32]).expect("a small number is a valid key"),
        ))
    }

    pub fn id(&self) -> AuthorId {
        AuthorId(self.0.public_key().to_bytes())
    }

    pub fn sign(&self, draft: Draft) -> VerifiedEvent {
        let unsigned = draft.unsigned(self.id()).expect("its tags have names");
        let event = self.0.sign_event(unsigned).expect("signing works");
        SignedEvent::new(event)
            .expect("within limits")
            .verify()
            .expect("genuine")
    }

    /// A post in the topic, `ms` after the start.
    pub fn post(&self, content: &str, ms: u64) -> VerifiedEvent {
        self.sign(Draft::post(&topic().name, content, UnixMs(START.0 + ms)))
    }
}

/// `count` posts of one author, a millisecond apart.
pub fn posts(author: u8, count: u64) -> Vec<VerifiedEvent> {
    let author = Author::new(author);
    (0..count)
        .map(|n| author.post(&format!("p{n}"), n))
        .collect()
}

pub fn signed(events: &[VerifiedEvent]) -> Vec<SignedEvent> {
    events
        .iter()
        .map(|event| event.clone().into_signed())
        .collect()
}

pub fn ids(events: &[VerifiedEvent]) -> Vec<EventId> {
    events.iter().map(VerifiedEvent::id).collect()
}

pub fn event_frame(event: WireEvent) -> Bytes {
    GossipFrame::Event(event).encode().into()
}

pub fn have_frame(ids: Vec<EventId>) -> Bytes {
    GossipFrame::Have(ids).encode().into()
}

/// The event with one part altered in each of four ways.
pub fn forgeries(genuine: &VerifiedEvent) -> [WireEvent; 4] {
    let altered = |alter: fn(&mut WireEvent)| {
        let mut wire = genuine.to_wire();
        alter(&mut wire);
        wire
    };
    let other = |wire: &mut WireEvent| wire.author = Author::new(99).post("", 0).author();
    [
        altered(|wire| wire.id.0[0] ^= 1),
        altered(|wire| wire.sig_s[31] ^= 1),
        altered(other),
        altered(|wire| wire.content.push('!')),
    ]
}

/// A session, its store, and a clock that tests turn.
pub struct Bench {
    pub session: Session,
    pub now: Now,
    pub stored: BTreeMap<EventId, SignedEvent>,
    /// What the store does not keep.
    pub horizon: UnixMs,
    /// What the store answers to the question for unsent events.
    pub unsent: Vec<SignedEvent>,
    /// Whether the store takes anything.
    pub store_works: bool,
    /// Commits are not answered while this is set.
    pub hold_commits: bool,
    held_back: Vec<Effect>,
    /// Whether everybody else has the same set whenever one asks; otherwise such a question is a
    /// call like any other.
    pub others_agree: bool,
    /// Whether the timers run that go on for ever: those of summaries and of looking at others.
    pub hears: bool,
    /// Calls that nobody answered yet.
    pub calls: VecDeque<(PeerId, SyncRequest)>,
    /// Running timers and when they fire, by the monotonic clock.
    pub timers: BTreeMap<String, (Timer, u64)>,
}

impl Bench {
    pub fn new() -> Self {
        Self {
            session: Session::new(topic(), LOCAL, Author::new(1).id(), 1),
            now: Now {
                unix: START,
                mono_ms: 0,
            },
            stored: BTreeMap::new(),
            horizon: UnixMs(0),
            unsent: Vec::new(),
            store_works: true,
            hold_commits: false,
            held_back: Vec::new(),
            others_agree: true,
            hears: false,
            calls: VecDeque::new(),
            timers: BTreeMap::new(),
        }
    }

    /// A bench whose session has these neighbours; their first calls were answered with nothing.
    pub fn with_neighbours(peers: &[u8]) -> Self {
        let mut bench = Self::new();
        for n in peers {
            bench.tell(Input::NeighborUp(peer(*n)));
            bench.answer(Some(SyncAnswer::nothing()));
        }
        bench
    }

    /// Gives one input, carries out what the session wants, and returns what could be seen.
    pub fn tell(&mut self, input: Input) -> Vec<String> {
        let mut seen = Vec::new();
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in self.session.handle(input, self.now) {
                seen.extend(show(&effect));
                inputs.extend(self.carry_out(effect));
            }
        }
        seen
    }

    pub fn message(&mut self, from: u8, payload: Bytes) -> Vec<String> {
        self.tell(Input::Message {
            from: peer(from),
            is_direct: true,
            payload,
        })
    }

    pub fn event(&mut self, from: u8, event: &VerifiedEvent) -> Vec<String> {
        self.message(from, event_frame(event.to_wire()))
    }

    pub fn post(&mut self, event: &VerifiedEvent) -> Vec<String> {
        self.tell(Input::Post {
            token: 7,
            event: event.clone(),
        })
    }

    /// Answers the oldest open call.
    pub fn answer(&mut self, answer: Option<SyncAnswer>) -> Vec<String> {
        let (peer, request) = self.calls.pop_front().expect("a call is open");
        self.tell(Input::Answered {
            peer,
            request,
            answer,
        })
    }

    /// Answers the oldest open call with events.
    pub fn answer_with(&mut self, events: Vec<SignedEvent>) -> Vec<String> {
        self.answer(Some(SyncAnswer::all(events)))
    }

    /// Carries out the commits that were held back.
    pub fn release_commits(&mut self) -> Vec<String> {
        self.hold_commits = false;
        let held = std::mem::take(&mut self.held_back);
        let inputs = held.into_iter().filter_map(|effect| self.carry_out(effect));
        inputs
            .collect::<Vec<_>>()
            .into_iter()
            .flat_map(|input| self.tell(input))
            .collect()
    }

    /// Lets time pass, firing timers as they come due.
    pub fn pass(&mut self, ms: u64) -> Vec<String> {
        let end = self.now.mono_ms + ms;
        let mut seen = Vec::new();
        loop {
            let next = self.timers.iter().min_by_key(|(_, (_, at))| *at);
            match next.map(|(name, (timer, at))| (name.clone(), *timer, *at)) {
                Some((name, timer, at)) if at <= end => {
                    self.timers.remove(&name);
                    self.turn_to(at);
                    seen.extend(self.tell(Input::Timer(timer)));
                }
                _ => break,
            }
        }
        self.turn_to(end);
        seen
    }

    fn turn_to(&mut self, mono_ms: u64) {
        self.now.unix.0 += mono_ms - self.now.mono_ms;
        self.now.mono_ms = mono_ms;
    }

    /// The sync set of what is stored.
    pub fn set(&self) -> SyncSet {
        let members = self.stored.values().map(SignedEvent::member);
        let mut set = SyncSet::new(members, self.now.unix);
        set.forget_before(self.horizon);
        set
    }

    /// The store forgets what lies before a horizon; the session is told by the test.
    pub fn forget_before(&mut self, horizon: UnixMs) {
        self.horizon = horizon;
        self.stored
            .retain(|_, event| !event.member().is_behind(horizon));
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Verify { verify, events, .. } => {
                Some(Input::checked(verify, events, &Verifier::default()))
            }
            Effect::Commit { .. } if self.hold_commits => {
                self.held_back.push(effect);
                None
            }
            Effect::Commit { commit, .. } if !self.store_works => {
                let trouble = StoreTrouble::DiskFull;
                Some(Input::CommitFailed { commit, trouble })
            }
            Effect::Commit { commit, events, .. } => {
                let store = |event: VerifiedEvent| {
                    let is_kept = !event.member().is_behind(self.horizon);
                    is_kept
                        && self
                            .stored
                            .insert(event.id(), event.into_signed())
                            .is_none()
                };
                Some(Input::Committed {
                    commit,
                    is_new: events.into_iter().map(store).collect(),
                })
            }
            Effect::FindMissing { from, mut ids } => {
                ids.retain(|id| !self.stored.contains_key(id));
                Some(Input::Missing { from, ids })
            }
            Effect::LoadUnsent => Some(Input::Unsent(std::mem::take(&mut self.unsent))),
            effect @ (Effect::Summarise { .. } | Effect::Reconcile { .. }) => {
                let set = self.store_works.then(|| self.set());
                Some(of_set(effect, set.as_ref()))
            }
            Effect::Call {
                peer,
                request: SyncRequest::Summary(ours),
            } if self.others_agree => Some(Input::Answered {
                peer,
                request: SyncRequest::Summary(ours),
                answer: Some(SyncAnswer::Summary(ours)),
            }),
            Effect::Call { peer, request } => {
                self.calls.push_back((peer, request));
                None
            }
            Effect::StartTimer {
                timer: Timer::Summary | Timer::Partner | Timer::Settled,
                ..
            } if !self.hears => None,
            Effect::StartTimer { timer, after_ms } => {
                let at = self.now.mono_ms + after_ms;
                self.timers.insert(format!("{timer:?}"), (timer, at));
                None
            }
            _ => None,
        }
    }
}

/// The outcome of an effect that asks for the sync set; a store that does not work has none.
pub fn of_set(effect: Effect, set: Option<&SyncSet>) -> Input {
    match effect {
        Effect::Summarise {
            purpose,
            cut,
            since,
        } => Input::Summarised {
            purpose,
            summary: set.map(|set| set.summary(cut, since)),
        },
        Effect::Reconcile {
            peer,
            since,
            answer,
        } => Input::Reconciled {
            peer,
            outcome: match set.map(|set| set.step(since, answer.as_deref())) {
                Some(Ok(step)) => Reconciled::Step(step),
                Some(Err(_malformed)) => Reconciled::Malformed,
                None => Reconciled::NoAnswer,
            },
        },
        other => panic!("{other:?} does not ask for the set"),
    }
}

/// An effect in a few words; checks and look-ups, which the bench does itself, are left out.
fn show(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Commit { events, origin, .. } => {
            let origin = if *origin == Origin::Local {
                "local"
            } else {
                "peer"
            };
            format!("commit {} {origin}", events.len())
        }
        Effect::PostDone {
            token,
            result: Ok(state),
        } => format!("done {token} {}", far(state)),
        Effect::PostDone {
            token,
            result: Err(refused),
        } => format!("done {token} {refused:?}"),
        Effect::Broadcast(payload) => format!("broadcast {}", frame(payload)),
        Effect::BroadcastNeighbours(payload) => format!("neighbours {}", frame(payload)),
        Effect::NoteSent { ids, neighbours } => format!("note {} sent {neighbours}", ids.len()),
        Effect::NoteHeld { peer, ids } => format!("note {} held by {}", ids.len(), peer.0[0]),
        Effect::Call {
            request: SyncRequest::Summary(_),
            ..
        } => return None,
        Effect::Call { peer, request } => {
            let request = match request {
                SyncRequest::Get(ids) => format!("get {}", ids.len()),
                SyncRequest::Newest { n, before } => {
                    format!(
                        "newest {n}{}",
                        if before.is_some() { " before" } else { "" }
                    )
                }
                SyncRequest::Receipt(ids) => format!("receipt {}", ids.len()),
                SyncRequest::Author => "author".to_owned(),
                SyncRequest::Summary(_) => "summary".to_owned(),
                SyncRequest::Reconcile { .. } => "reconcile".to_owned(),
                SyncRequest::Offer { ids, more } => {
                    format!(
                        "offer {}{}",
                        ids.len(),
                        if *more { " and more" } else { "" }
                    )
                }
            };
            format!("call {} {request}", peer.0[0])
        }
        Effect::Emit(TopicEvent::Post { post, arrival }) => {
            format!("emit {} {arrival:?}", post.event.content())
        }
        Effect::Emit(TopicEvent::PostState { state, .. }) => format!("state {}", far(state)),
        Effect::Emit(TopicEvent::Fetched { peer, new }) => {
            format!("fetched {new} of {}", peer.0[0])
        }
        Effect::Emit(TopicEvent::Storage { stalled }) => match stalled {
            Some(stalled) => format!("stalled: {:?}", stalled.reason),
            None => "goes on".to_owned(),
        },
        Effect::FindPartner => "find a partner".to_owned(),
        Effect::Rejoin => "rejoin".to_owned(),
        Effect::Meet(peer) => format!("meet {}", peer.0[0]),
        Effect::Emit(TopicEvent::Progress { fetched, of, .. }) => {
            format!("progress {fetched} of {of}")
        }
        Effect::Emit(other) => format!("unexpected {other:?}"),
        Effect::Verify { .. }
        | Effect::FindMissing { .. }
        | Effect::LoadUnsent
        | Effect::ShowProfile(_)
        | Effect::ShowTakenBack(_)
        | Effect::ShowEntries(_)
        | Effect::Summarise { .. }
        | Effect::Reconcile { .. }
        | Effect::NoteComplete { .. }
        | Effect::StartTimer { .. } => return None,
    })
}

fn far(state: &PostState) -> String {
    format!("sent {} held {}", state.sent_to, state.held_by)
}

fn frame(payload: &[u8]) -> String {
    match GossipFrame::decode(payload).expect("sessions send valid frames") {
        GossipFrame::Event(wire) => format!("event {}", wire.content),
        GossipFrame::Have(ids) => format!("have {}", ids.len()),
        GossipFrame::Summary(summary) => format!("summary {}", summary.count),
    }
}
