//! From a message to events that may be stored.
//!
//! Owns the order of the checks, cheapest first: frame, shape, seen-set, the peer's bucket,
//! signature, the topic's rules, the author's bucket. Must never remember or store an event for
//! which one of them is still open.

use kukuri_domain::{
    EventId, Now, PeerId, SignedEvent, VerifiedEvent,
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

/// What a peer sent and its bucket could not afford.
pub(super) enum Unverified {
    Event(SignedEvent),
    Have(Vec<EventId>),
}

/// A check of signatures that is under way.
pub(super) struct Verification {
    from: PeerId,
    arrival: Arrival,
    events: Vec<(EventId, Fingerprint)>,
}

impl Session {
    /// A gossip message arrived.
    pub(super) fn message(&mut self, from: PeerId, payload: &[u8], now: Now) {
        match GossipFrame::decode(payload) {
            Ok(GossipFrame::Event(wire)) if self.seen.contains(&wire.id) => {
                self.counters.duplicates += 1;
            }
            Ok(GossipFrame::Event(wire)) => match wire.into_signed() {
                Ok(event) => self.live(from, event, now),
                // Which limit it broke changes nothing.
                Err(_) => self.counters.malformed += 1,
            },
            Ok(GossipFrame::Have(ids)) => self.have(from, ids, now),
            Err(FrameError::Foreign) => self.counters.foreign += 1,
            Err(FrameError::Version(_)) => self.counters.other_version += 1,
            Err(FrameError::TooLarge(_) | FrameError::Malformed) => self.counters.malformed += 1,
        }
    }

    fn live(&mut self, from: PeerId, event: SignedEvent, now: Now) {
        if self.is_duplicate(&event) {
            self.counters.duplicates += 1;
        } else if self.may_pass(from, now) {
            self.verify(from, Arrival::Live, vec![event]);
        } else {
            self.delay_unverified(from, Unverified::Event(event), now);
        }
    }

    fn have(&mut self, from: PeerId, ids: Vec<EventId>, now: Now) {
        if ids.iter().all(|id| self.is_known(id)) {
            return;
        }
        if self.may_pass(from, now) {
            self.announced(from, ids);
        } else {
            self.delay_unverified(from, Unverified::Have(ids), now);
        }
    }

    /// Whether the event was committed before, or this very copy is on its way to that.
    pub(super) fn is_duplicate(&self, event: &SignedEvent) -> bool {
        let id = event.id();
        self.seen.contains(&id)
            || self
                .in_flight
                .is_copy(&id, self.in_flight.fingerprint(event))
    }

    /// Whether `from` may send one more without waiting; takes the token if so.
    fn may_pass(&mut self, from: PeerId, now: Now) -> bool {
        !self.unverified.has(&from)
            && self.in_flight.verifying() < VERIFYING_MAX
            && self.peer_buckets.take(from, now.mono_ms)
    }

    /// Has signatures checked.
    pub(super) fn verify(&mut self, from: PeerId, arrival: Arrival, events: Vec<SignedEvent>) {
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
        let is_admitted = admit(event, &self.topic.name, now.unix).is_ok();
        if !is_admitted {
            self.counters.refused += 1;
        }
        is_admitted
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
        if let Some(lost) = self.unaffordable.push(author, taken) {
            self.in_flight.release(lost.event.id());
            self.counters.dropped += 1;
        }
        self.start_delay_timer(now);
        None
    }

    fn delay_unverified(&mut self, from: PeerId, item: Unverified, now: Now) {
        self.counters.delayed += 1;
        if self.unverified.push(from, item).is_some() {
            self.counters.dropped += 1;
        }
        self.start_delay_timer(now);
    }

    /// Lets through what the buckets can afford by now.
    pub(super) fn release_delayed(&mut self, now: Now) {
        self.is_delay_timer_running = false;
        for peer in self.unverified.keys() {
            self.release_of_peer(peer, now);
        }
        let mut taken = Vec::new();
        for author in self.unaffordable.keys() {
            while self.unaffordable.has(&author) && self.author_buckets.take(author, now.mono_ms) {
                taken.extend(self.unaffordable.pop(author));
            }
        }
        self.commit_taken(taken, None);
        self.start_delay_timer(now);
    }

    fn release_of_peer(&mut self, peer: PeerId, now: Now) {
        while let Some(first) = self.unverified.front(&peer) {
            // It may have come by another way meanwhile.
            if let Unverified::Event(event) = first
                && self.is_duplicate(event)
            {
                self.counters.duplicates += 1;
                self.unverified.pop(peer);
                continue;
            }
            if self.in_flight.verifying() >= VERIFYING_MAX
                || !self.peer_buckets.take(peer, now.mono_ms)
            {
                return;
            }
            match self.unverified.pop(peer) {
                Some(Unverified::Event(event)) => self.verify(peer, Arrival::Live, vec![event]),
                Some(Unverified::Have(ids)) => self.announced(peer, ids),
                None => return,
            }
        }
    }

    /// Wakes when the first of those that wait can be afforded.
    fn start_delay_timer(&mut self, now: Now) {
        if self.is_delay_timer_running || self.unverified.is_empty() && self.unaffordable.is_empty()
        {
            return;
        }
        let peers = self.unverified.keys().into_iter();
        let peers = peers.map(|peer| self.peer_buckets.wait_ms(&peer, now.mono_ms));
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
