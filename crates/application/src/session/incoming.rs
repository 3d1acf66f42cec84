//! From a message to events that may be stored.
//!
//! Owns the order of the checks, cheapest first: frame, shape, seen-set, the peer's bucket,
//! signature, the topic's rules, the author's bucket. Must never remember or store an event for
//! which one of them is still open.

use kukuri_domain::{
    AuthorId, EventId, Now, PeerId, SignedEvent, VerifiedEvent,
    event::admit,
    wire::{FrameError, GossipFrame},
};

use super::{Arrival, Effect, Session, Timer, VerifyToken, in_flight::Fingerprint, storing::Taken};

/// Signatures that are being checked at once for events that came unasked. On two cores they
/// take about 0.3 s; what comes beyond waits in the queue of its peer, which is bounded.
const VERIFYING_MAX: usize = 4_096;

/// Least time between two looks at what waits, in milliseconds: at 400 events a second it
/// releases 8 at a time instead of waking for each.
const DELAY_TICK_MS: u64 = 20;

/// Whose turn it is when a peer's bucket has a token again: each author that the peer brings has
/// a queue of its own, so that the backlog of one does not delay the others. Who the author is has
/// not been checked then; who invents authors gains nothing beyond the bucket of the peer.
pub(super) type Turn = (PeerId, AuthorId);

/// The author of announcements, which name none.
const NO_AUTHOR: AuthorId = AuthorId([0; 32]);

/// What a peer sent and its bucket could not afford.
pub(super) enum Unverified {
    Event { event: SignedEvent, is_direct: bool },
    Have(Vec<EventId>),
}

/// A check of signatures that is under way.
pub(super) struct Verification {
    from: PeerId,
    arrival: Arrival,
    is_direct: bool,
    events: Vec<(EventId, Fingerprint)>,
}

impl Session {
    /// A gossip message arrived.
    pub(super) fn message(&mut self, from: PeerId, is_direct: bool, payload: &[u8], now: Now) {
        let frame = GossipFrame::decode(payload);
        if let Ok(GossipFrame::Event(_) | GossipFrame::Have(_)) = &frame {
            self.heard(now);
        }
        match frame {
            Ok(GossipFrame::Event(wire)) if self.seen.contains(&wire.id) => {
                self.counters.duplicates += 1;
                if is_direct {
                    self.own_copy_came(wire.id, from);
                }
            }
            Ok(GossipFrame::Event(wire)) => match wire.into_signed() {
                Ok(event) => self.live(from, is_direct, event, now),
                // Which limit it broke changes nothing.
                Err(_) => self.counters.malformed += 1,
            },
            Ok(GossipFrame::Have(ids)) => self.have(from, ids, now),
            Ok(GossipFrame::Summary(theirs)) if is_direct => {
                self.summary_heard(from, theirs, now);
            }
            // Somebody else's, to all: it would pass for that of whoever handed it on.
            Ok(GossipFrame::Summary(_)) => self.counters.refused += 1,
            Err(FrameError::Foreign) => self.counters.foreign += 1,
            Err(FrameError::Version(_)) => self.counters.other_version += 1,
            Err(FrameError::TooLarge(_) | FrameError::Malformed) => self.counters.malformed += 1,
        }
    }

    fn live(&mut self, from: PeerId, is_direct: bool, event: SignedEvent, now: Now) {
        let turn = (from, event.author());
        if self.is_duplicate(&event) {
            self.counters.duplicates += 1;
            if is_direct {
                self.own_copy_came(event.id(), from);
            }
        } else if self.may_pass(turn, now) {
            self.verify(from, Arrival::Live, is_direct, vec![event]);
        } else {
            let event = Unverified::Event { event, is_direct };
            self.delay_unverified(turn, event, now);
        }
    }

    fn have(&mut self, from: PeerId, ids: Vec<EventId>, now: Now) {
        if ids.iter().all(|id| self.is_known(id)) {
            return;
        }
        let turn = (from, NO_AUTHOR);
        if self.may_pass(turn, now) {
            self.announced(from, ids);
        } else {
            self.delay_unverified(turn, Unverified::Have(ids), now);
        }
    }

    /// Whether the event was committed before, or this very copy is on its way to that.
    pub(super) fn is_duplicate(&self, event: &SignedEvent) -> bool {
        self.seen.contains(&event.id()) || self.in_flight.is_copy(event)
    }

    /// Whether a peer may send one more of this author without waiting; takes the token if so.
    fn may_pass(&mut self, turn: Turn, now: Now) -> bool {
        !self.unverified.has(&turn)
            && self.in_flight.verifying() < VERIFYING_MAX
            && self.peer_buckets.take(turn.0, now.mono_ms)
    }

    /// Whether a peer may offer events over a stream just now; takes a token if so.
    pub(super) fn may_offer(&mut self, peer: PeerId, now: Now) -> bool {
        self.peer_buckets.take(peer, now.mono_ms)
    }

    /// Has signatures checked.
    pub(super) fn verify(
        &mut self,
        from: PeerId,
        arrival: Arrival,
        is_direct: bool,
        events: Vec<SignedEvent>,
    ) {
        if events.is_empty() {
            return;
        }
        let keys = events
            .iter()
            .map(|event| (event.id(), self.in_flight.fingerprint(event)));
        let keys = keys.collect::<Vec<_>>();
        for (id, fingerprint) in &keys {
            self.in_flight.begin(*id, *fingerprint);
        }
        let verify = self.token();
        self.verifications.insert(
            verify,
            Verification {
                from,
                arrival,
                is_direct,
                events: keys,
            },
        );
        self.push(Effect::Verify {
            verify,
            from,
            arrival,
            events,
        });
    }

    /// Signatures were checked.
    pub(super) fn verified(
        &mut self,
        verify: VerifyToken,
        genuine: Vec<VerifiedEvent>,
        forged: usize,
        now: Now,
    ) {
        let Some(Verification {
            from,
            arrival,
            is_direct,
            events,
        }) = self.verifications.remove(&verify)
        else {
            return;
        };
        for (id, fingerprint) in &events {
            self.in_flight.end(*id, *fingerprint);
        }
        let (mut taken, mut is_history) = (Vec::new(), false);
        // The genuine ones are in the order in which they were handed over.
        let mut checked = events.iter();
        for event in genuine {
            let Some((_, fingerprint)) = checked.find(|(id, _)| *id == event.id()) else {
                break;
            };
            // What was fetched and not by its id is part of a neighbour's history.
            is_history |= !self.fetch_succeeded(event.id()) && arrival == Arrival::Fetched;
            if self.may_take(&event, now) {
                let event = Taken {
                    event,
                    from,
                    arrival,
                    is_direct,
                };
                taken.extend(self.afford(event, *fingerprint, now));
            }
        }
        self.counters.forged += forged as u64;
        if arrival == Arrival::Fetched {
            // Those that are still being fetched were forged.
            self.fetches_failed(from, events.into_iter().map(|(id, _)| id));
        }
        self.commit_taken(taken, is_history.then_some(from));
    }

    /// Whether a genuine event is news, and one that the topic takes.
    fn may_take(&mut self, event: &VerifiedEvent, now: Now) -> bool {
        let id = event.id();
        // Another copy of it may have been faster.
        if self.is_known(&id) {
            self.counters.duplicates += 1;
            return false;
        }
        if admit(event, &self.topic.name, now.unix).is_err() {
            self.counters.refused += 1;
            return false;
        }
        // The time first: what stands in a place is not looked for in every event.
        if event.order().at() < self.horizon && event.member().is_behind(self.horizon) {
            self.counters.outdated += 1;
            // Whoever keeps it names it again; it is not to be fetched again.
            self.seen.insert(id);
            return false;
        }
        true
    }

    /// The event itself if its author's bucket affords it; otherwise it waits. What was asked
    /// for costs nothing.
    fn afford(&mut self, taken: Taken, fingerprint: Fingerprint, now: Now) -> Option<Taken> {
        let (id, author) = (taken.event.id(), taken.event.author());
        self.in_flight.accept(id, fingerprint);
        let is_affordable = taken.arrival != Arrival::Live
            || !self.unaffordable.has(&author) && self.author_buckets.take(author, now.mono_ms);
        if is_affordable {
            return Some(taken);
        }
        self.counters.delayed += 1;
        if let Some((_, lost)) = self.unaffordable.push(author, taken) {
            self.in_flight.release(lost.event.id());
            self.counters.dropped += 1;
            self.postpone(lost.from, [lost.event.id()]);
        }
        self.start_delay_timer(now);
        None
    }

    fn delay_unverified(&mut self, turn: Turn, item: Unverified, now: Now) {
        self.counters.delayed += 1;
        if let Some(((from, _), lost)) = self.unverified.push(turn, item) {
            self.counters.dropped += 1;
            match lost {
                Unverified::Event { event, .. } => self.postpone(from, [event.id()]),
                Unverified::Have(ids) => self.postpone(from, ids),
            }
        }
        self.start_delay_timer(now);
    }

    /// Lets through what the buckets can afford by now.
    pub(super) fn release_delayed(&mut self, now: Now) {
        self.is_delay_timer_running = false;
        self.release_unverified(now);
        let mut taken = Vec::new();
        for author in self.unaffordable.keys() {
            while self.unaffordable.has(&author) && self.author_buckets.take(author, now.mono_ms) {
                taken.extend(self.unaffordable.pop(author));
            }
        }
        self.commit_taken(taken, None);
        self.start_delay_timer(now);
    }

    /// One of each author in turn, as long as there are tokens; who was served last waits longest.
    fn release_unverified(&mut self, now: Now) {
        let mut goes_on = true;
        while goes_on {
            goes_on = false;
            for turn in self.unverified.keys_after(self.last_turn) {
                if self.release_first(turn, now) {
                    (self.last_turn, goes_on) = (Some(turn), true);
                }
            }
        }
    }

    /// Whether the first that waits here left.
    fn release_first(&mut self, turn: Turn, now: Now) -> bool {
        // It may have come by another way meanwhile.
        if let Some(Unverified::Event { event, .. }) = self.unverified.front(&turn)
            && self.is_duplicate(event)
        {
            self.counters.duplicates += 1;
            return self.unverified.pop(turn).is_some();
        }
        let (peer, _) = turn;
        if self.in_flight.verifying() >= VERIFYING_MAX || !self.peer_buckets.take(peer, now.mono_ms)
        {
            return false;
        }
        match self.unverified.pop(turn) {
            Some(Unverified::Event { event, is_direct }) => {
                self.verify(peer, Arrival::Live, is_direct, vec![event]);
            }
            Some(Unverified::Have(ids)) => self.announced(peer, ids),
            None => return false,
        }
        true
    }

    /// Wakes when the first of those that wait can be afforded.
    fn start_delay_timer(&mut self, now: Now) {
        if self.is_delay_timer_running || self.unverified.is_empty() && self.unaffordable.is_empty()
        {
            return;
        }
        let peers = self.unverified.keys().into_iter();
        let peers = peers.map(|(peer, _)| self.peer_buckets.wait_ms(&peer, now.mono_ms));
        let authors = self.unaffordable.keys().into_iter();
        let authors = authors.map(|author| self.author_buckets.wait_ms(&author, now.mono_ms));
        let after_ms = peers.chain(authors).min().unwrap_or(0).max(DELAY_TICK_MS);
        self.is_delay_timer_running = true;
        self.push(Effect::StartTimer {
            timer: Timer::Delayed,
            after_ms,
        });
    }
}
