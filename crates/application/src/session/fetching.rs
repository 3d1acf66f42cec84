//! Events that peers say they have, and their answers.
//!
//! Owns which neighbour is asked for which id, so that an event is fetched once and not from
//! everybody who has it, and whom to ask when that one fails. Must never take from an answer
//! what was not asked for: answers pass no token bucket.

use std::collections::{BTreeSet, VecDeque};

use kukuri_domain::{
    EventId, Now, PeerId, SignedEvent,
    limits::{IDS_PER_REQUEST_MAX, NEWEST_MAX},
};

use super::{Arrival, Effect, Session};
use crate::ports::{SyncAnswer, SyncRequest};

/// Look-ups in the store that are under way at once. A store that is slower than that should
/// not be asked for more; the ids come again.
const FINDS_MAX: usize = 256;

/// Calls for events by id that are under way with one peer at once: one is answered while the
/// next is on its way.
const GETS_PER_PEER_MAX: usize = 2;

/// Ids that wait to be asked of one peer: what two messages of a reconciliation name, and more.
const WANTED_PER_PEER_MAX: usize = 16 * IDS_PER_REQUEST_MAX;

/// A member that is asked for events by their ids.
#[derive(Default)]
pub(super) struct Supplier {
    /// What it is to be asked for.
    pub(super) wanted: VecDeque<EventId>,
    /// Calls that are under way.
    gets: usize,
}

impl Supplier {
    /// Whether nothing more is expected of it.
    pub(super) fn is_idle(&self) -> bool {
        self.wanted.is_empty() && self.gets == 0
    }
}

/// An event that is being fetched.
pub(super) struct Fetch {
    /// Who is asked.
    asked: PeerId,
    /// Who else said since then that it has it.
    other: Option<PeerId>,
    /// Whether `asked` said so again since then: it may not have had it when it was asked.
    is_renewed: bool,
    /// Whether `asked` is the second one already.
    is_retry: bool,
}

impl Session {
    /// Whether the event is committed, or genuine and on its way to that.
    pub(super) fn is_known(&self, id: &EventId) -> bool {
        self.seen.contains(id) || self.in_flight.is_accepted(id)
    }

    /// A peer says that it has these events.
    pub(super) fn announced(&mut self, from: PeerId, ids: Vec<EventId>) {
        if self.is_stalled() {
            return;
        }
        let ids = self.unwanted(from, ids);
        if self.finds >= FINDS_MAX {
            self.counters.dropped += ids.len() as u64;
        } else if !ids.is_empty() {
            self.finds += 1;
            self.push(Effect::FindMissing { from, ids });
        }
    }

    /// Those of the ids, in their order, that are neither known nor being fetched; notes for the
    /// latter that `from` has them.
    pub(super) fn unwanted(&mut self, from: PeerId, mut ids: Vec<EventId>) -> Vec<EventId> {
        let mut named = BTreeSet::new();
        ids.retain(|id| named.insert(*id) && !self.is_known(id));
        ids.retain(|id| match self.fetches.get_mut(id) {
            Some(fetch) if fetch.asked == from => {
                fetch.is_renewed = true;
                false
            }
            Some(fetch) => {
                fetch.other = Some(from);
                false
            }
            None => true,
        });
        ids
    }

    /// The store does not have these ids.
    pub(super) fn missing(&mut self, from: PeerId, ids: Vec<EventId>) {
        self.finds = self.finds.saturating_sub(1);
        if self.is_stalled() {
            return;
        }
        let ids = self.unwanted(from, ids);
        for id in ids {
            self.want(from, id, false);
        }
        self.call_get(from);
    }

    /// The answer to a call arrived, or the call failed.
    pub(super) fn answered(
        &mut self,
        peer: PeerId,
        request: SyncRequest,
        answer: Option<SyncAnswer>,
        now: Now,
    ) {
        if answer.is_some()
            && let Some(neighbour) = self.neighbours.get_mut(&peer)
        {
            neighbour.speaks = true;
        }
        match request {
            SyncRequest::Get(ids) => self.get_answered(peer, ids, answer, now),
            SyncRequest::Newest { n, .. } => {
                self.newest_ended(peer);
                let (events, _) = answer.map(SyncAnswer::into_events).unwrap_or_default();
                self.newest_answered(peer, n, events);
            }
            SyncRequest::Receipt(_) => self.receipts_ended(peer),
            SyncRequest::Summary(_) => {
                let theirs = match answer {
                    Some(SyncAnswer::Summary(theirs)) => Some(theirs),
                    _ => None,
                };
                self.summary_answered(peer, theirs, now);
            }
            SyncRequest::Reconcile { .. } => {
                let message = match answer {
                    Some(SyncAnswer::Reconciled(message)) => Some(message),
                    _ => None,
                };
                self.reconcile_answered(peer, message, now);
            }
            // An offer that was lost is found again by the other side. Who runs an endpoint is no
            // matter of the topic's events: the engine asks for it.
            SyncRequest::Offer { .. } | SyncRequest::Author => {}
        }
    }

    fn newest_answered(&mut self, peer: PeerId, n: u16, events: Vec<SignedEvent>) {
        if self.is_stalled() {
            return self.came_in_vain(events.iter().map(SignedEvent::id));
        }
        let mut events = first_of_each(events);
        let beyond = events.len().saturating_sub(n.min(NEWEST_MAX).into());
        self.counters.malformed += beyond as u64;
        events.truncate(events.len() - beyond);
        let known = self.verify_unknown(peer, events);
        let own = known.iter().filter(|event| event.author() == self.author);
        let own = own.map(SignedEvent::id).collect();
        self.gave_own(peer, own);
    }

    fn get_answered(
        &mut self,
        peer: PeerId,
        ids: Vec<EventId>,
        answer: Option<SyncAnswer>,
        now: Now,
    ) {
        let has_failed = answer.is_none();
        let (events, more) = answer.map(SyncAnswer::into_events).unwrap_or_default();
        let mut open = ids.into_iter().collect::<BTreeSet<_>>();
        let sent = events.len();
        let events = first_of_each(events);
        let events = events
            .into_iter()
            .filter(|e| open.remove(&e.id()))
            .collect::<Vec<_>>();
        let got = events.len() as u64;
        self.counters.malformed += sent as u64 - got;
        // An answer has a limit of bytes: what did not fit is asked for again.
        let goes_on = more && !events.is_empty() && !self.is_stalled();
        if self.is_stalled() {
            self.came_in_vain(events.iter().map(SignedEvent::id));
        } else {
            let known = self.verify_unknown(peer, events);
            for event in known {
                self.fetches.remove(&event.id());
            }
        }
        let unkept = if goes_on || has_failed {
            0
        } else {
            open.len() as u64
        };
        if let Some(supplier) = self.suppliers.get_mut(&peer) {
            supplier.gets = supplier.gets.saturating_sub(1);
            if goes_on {
                supplier.wanted.extend(std::mem::take(&mut open));
            }
        }
        self.fetches_failed(peer, open);
        self.call_get(peer);
        self.run_fetched(peer, got, unkept, now);
    }

    /// Has the events checked that are not known, oldest first, and returns the rest.
    fn verify_unknown(&mut self, peer: PeerId, mut events: Vec<SignedEvent>) -> Vec<SignedEvent> {
        let known = events.extract_if(.., |event| self.is_duplicate(event));
        let known = known.collect::<Vec<_>>();
        self.counters.duplicates += known.len() as u64;
        events.sort_by_cached_key(SignedEvent::order);
        self.verify(peer, Arrival::Fetched, true, events);
        known
    }

    /// A peer gave own events that are here already, and so holds them: its receipt may have been
    /// lost with the connection, or it may have them from somebody else.
    pub(super) fn gave_own(&mut self, peer: PeerId, ids: Vec<EventId>) {
        if !ids.is_empty() {
            self.push(Effect::NoteHeld { peer, ids });
        }
    }

    /// The event is here. Returns whether it was being fetched by its id.
    pub(super) fn fetch_succeeded(&mut self, id: EventId) -> bool {
        self.fetches.remove(&id).is_some()
    }

    /// `peer` did not give these events: asks other neighbours, and gives up on those that were
    /// asked of another one already, until they are heard of again.
    pub(super) fn fetches_failed(&mut self, peer: PeerId, ids: impl IntoIterator<Item = EventId>) {
        for id in ids {
            self.ask_another(peer, id);
        }
        let askable: Vec<PeerId> = self.suppliers.keys().copied().collect();
        for other in askable {
            self.call_get(other);
        }
    }

    /// Those who said that they have it come first; chance has one try.
    fn ask_another(&mut self, peer: PeerId, id: EventId) {
        if self
            .fetches
            .get(&id)
            .is_none_or(|fetch| fetch.asked != peer)
        {
            return;
        }
        let Some(fetch) = self.fetches.remove(&id) else {
            return;
        };
        if self.is_known(&id) || self.is_stalled() {
            return;
        }
        let renewed = fetch.is_renewed.then_some(peer);
        let claims = [fetch.other, renewed].into_iter().flatten();
        let claimed = claims
            .into_iter()
            .find(|peer| self.neighbours.contains_key(peer) || self.is_run_with(peer));
        let other = match claimed {
            None if !fetch.is_retry => self.random_neighbour(Some(peer)),
            claimed => claimed,
        };
        if let Some(other) = other {
            self.want(other, id, true);
        }
    }

    /// Puts an id on the list of a member.
    pub(super) fn want(&mut self, asked: PeerId, id: EventId, is_retry: bool) {
        let supplier = self.suppliers.entry(asked).or_default();
        if supplier.wanted.len() >= WANTED_PER_PEER_MAX {
            self.counters.dropped += 1;
            return;
        }
        supplier.wanted.push_back(id);
        let fetch = Fetch {
            asked,
            other: None,
            is_renewed: false,
            is_retry,
        };
        self.fetches.insert(id, fetch);
    }

    /// Asks a member no more for what is on its list.
    pub(super) fn drop_wanted(&mut self, peer: PeerId) {
        let Some(supplier) = self.suppliers.get_mut(&peer) else {
            return;
        };
        let wanted = std::mem::take(&mut supplier.wanted);
        if supplier.gets == 0 {
            self.suppliers.remove(&peer);
        }
        self.fetches_failed(peer, wanted);
    }

    /// Forgets what a member was to be asked for; nobody else is asked for it.
    pub(super) fn forget_wanted(&mut self, peer: PeerId) {
        let Some(supplier) = self.suppliers.get_mut(&peer) else {
            return;
        };
        for id in std::mem::take(&mut supplier.wanted) {
            if self
                .fetches
                .get(&id)
                .is_some_and(|fetch| fetch.asked == peer)
            {
                self.fetches.remove(&id);
            }
        }
        if supplier.gets == 0 {
            self.suppliers.remove(&peer);
        }
    }

    /// Asks a member for what is on its list.
    pub(super) fn call_get(&mut self, peer: PeerId) {
        let Some(supplier) = self.suppliers.get_mut(&peer) else {
            return;
        };
        while supplier.gets < GETS_PER_PEER_MAX && !supplier.wanted.is_empty() {
            let count = supplier.wanted.len().min(IDS_PER_REQUEST_MAX);
            let ids = supplier.wanted.drain(..count);
            // Some may have come by another way meanwhile.
            let ids = ids
                .filter(|id| {
                    self.fetches
                        .get(id)
                        .is_some_and(|fetch| fetch.asked == peer)
                })
                .collect::<Vec<_>>();
            if !ids.is_empty() {
                supplier.gets += 1;
                self.effects.push(Effect::Call {
                    peer,
                    request: SyncRequest::Get(ids),
                });
            }
        }
        if supplier.is_idle() {
            self.suppliers.remove(&peer);
        }
    }
}

/// The events without those whose id came before in the same answer.
fn first_of_each(events: Vec<SignedEvent>) -> Vec<SignedEvent> {
    let mut ids = BTreeSet::new();
    events
        .into_iter()
        .filter(|event| ids.insert(event.id()))
        .collect()
}
