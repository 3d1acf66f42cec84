//! What a simulated node keeps when its process dies: events, and whom it met.
//!
//! Owns the answers of the ports `EventStore` and `TopicBook` as far as sessions and discovery
//! ask for them. The real ones and the fakes are held together by contract suites; this one is
//! small because a run has only posts and entries.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
};

use kukuri_application::{
    ports::{PeerContact, PostState},
    sync_set::SyncSet,
};
use kukuri_domain::{
    AuthorId, EntryKey, EventId, EventOrder, Hlc, PeerId, UnixMs, VerifiedEvent,
    entry::{Entry, EntryRank},
    event::membership::Member,
};

/// The events of a node.
pub struct Store {
    author: AuthorId,
    places: HashMap<EventId, EventOrder>,
    by_time: BTreeSet<EventOrder>,
    own: BTreeMap<EventOrder, Own>,
    members: BTreeMap<EventOrder, Member>,
    /// Every write to each key.
    writes: BTreeMap<EntryKey, BTreeSet<EntryRank>>,
    /// What each key holds.
    current: BTreeMap<EntryKey, EntryRank>,
    /// The sync set.
    pub set: SyncSet,
}

#[derive(Default)]
struct Own {
    sent_to: u32,
    holders: BTreeSet<PeerId>,
}

impl Own {
    fn state(&self) -> PostState {
        PostState {
            sent_to: self.sent_to,
            held_by: u32::try_from(self.holders.len()).unwrap_or(u32::MAX),
        }
    }
}

impl Store {
    /// Of whom the own events are.
    pub fn new(author: AuthorId) -> Self {
        Self {
            author,
            places: HashMap::new(),
            by_time: BTreeSet::new(),
            own: BTreeMap::new(),
            members: BTreeMap::new(),
            writes: BTreeMap::new(),
            current: BTreeMap::new(),
            set: SyncSet::default(),
        }
    }

    /// Stores an event; `false` if it was there. `by_arrival` has a key hold what came last.
    pub fn commit(&mut self, event: &VerifiedEvent, now: UnixMs, by_arrival: bool) -> bool {
        let order = event.order();
        if self.places.insert(event.id(), order).is_some() {
            return false;
        }
        self.by_time.insert(order);
        let mut member = event.member();
        if let Some(entry) = event.entry() {
            self.merge(&entry, &mut member, now);
            let current = self.current.entry(entry.key).or_insert(entry.rank);
            if by_arrival || entry.rank > *current {
                *current = entry.rank;
            }
        }
        self.members.insert(order, member);
        self.set.insert(member, now);
        if event.author() == self.author {
            self.own.insert(order, Own::default());
        }
        true
    }

    /// Settles to which write this one loses, and which one loses to it.
    fn merge(&mut self, entry: &Entry<'_>, member: &mut Member, now: UnixMs) {
        let writes = self.writes.entry(entry.key.clone()).or_default();
        writes.insert(entry.rank);
        let after = (Bound::Excluded(entry.rank), Bound::Unbounded);
        if let Some(greater) = writes.range(after).next() {
            member.lose(entry.rank, *greater);
        }
        let Some(lesser) = writes.range(..entry.rank).next_back().copied() else {
            return;
        };
        let place = self.places.get(&lesser.id);
        if let Some(loser) = place.and_then(|place| self.members.get_mut(place)) {
            let was = *loser;
            loser.lose(lesser, entry.rank);
            self.set.change(*loser, was, now);
        }
    }

    /// A key that holds something else than the greatest of these.
    pub fn differs<'a>(
        &self,
        greatest: &'a BTreeMap<EntryKey, EntryRank>,
    ) -> Option<(&'a EntryKey, EntryRank)> {
        let differing = greatest
            .iter()
            .find(|(key, rank)| self.current.get(*key) != Some(*rank));
        differing.map(|(key, rank)| (key, *rank))
    }

    /// The greatest clock of all writes.
    pub fn entry_clock(&self) -> Hlc {
        let writes = self.writes.values().filter_map(BTreeSet::last);
        writes.map(|rank| rank.clock).max().unwrap_or_default()
    }

    /// Whether an event is here.
    pub fn holds(&self, id: &EventId) -> bool {
        self.places.contains_key(id)
    }

    /// The newest before a place, newest first.
    pub fn newest(&self, n: usize, before: Option<EventOrder>) -> Vec<EventId> {
        let ids = |order: &EventOrder| order.id;
        match before {
            Some(before) => self
                .by_time
                .range(..before)
                .rev()
                .take(n)
                .map(ids)
                .collect(),
            None => self.by_time.iter().rev().take(n).map(ids).collect(),
        }
    }

    /// Own events that were sent to nobody, oldest first.
    pub fn unsent(&self, n: usize) -> Vec<EventId> {
        let unsent = self.own.iter().filter(|(_, own)| own.sent_to == 0);
        unsent.take(n).map(|(order, _)| order.id).collect()
    }

    /// Own events were broadcast.
    pub fn note_sent(&mut self, ids: &[EventId], neighbours: u32) {
        for id in ids {
            if let Some(own) = self
                .places
                .get(id)
                .and_then(|place| self.own.get_mut(place))
            {
                own.sent_to = own.sent_to.max(neighbours);
            }
        }
    }

    /// A peer holds these; the own ones that nobody knew it of.
    pub fn note_held(&mut self, peer: PeerId, ids: &[EventId]) -> Vec<(EventId, PostState)> {
        let mut grown = Vec::new();
        for id in ids {
            let own = self
                .places
                .get(id)
                .and_then(|place| self.own.get_mut(place));
            if let Some(own) = own
                && own.holders.insert(peer)
            {
                grown.push((*id, own.state()));
            }
        }
        grown
    }

    /// Own events that were written from one time until before another.
    pub fn own_between(&self, since: UnixMs, before: UnixMs) -> Vec<EventId> {
        let written = since..before;
        let own = self
            .own
            .keys()
            .filter(|order| written.contains(&order.at()));
        own.map(|order| order.id).collect()
    }
}

/// Whom a node met, best first, as the topic book keeps them.
#[derive(Default)]
pub struct Book {
    known: BTreeMap<PeerId, Known>,
}

#[derive(Clone, Copy)]
struct Known {
    score: i32,
    reached_us: u64,
}

/// The score that meeting again and again ends at, as in the topic book.
const SCORE_MAX: i32 = 10;

impl Book {
    /// Notes how an attempt ended.
    pub fn note(&mut self, peer: PeerId, contact: &PeerContact, now_us: u64) {
        match contact {
            PeerContact::Reached(_) => {
                let known = self.known.entry(peer).or_insert(Known {
                    score: 0,
                    reached_us: now_us,
                });
                known.score = (known.score.max(0) + 1).min(SCORE_MAX);
                known.reached_us = now_us;
            }
            PeerContact::Failed => {
                if let Some(known) = self.known.get_mut(&peer) {
                    known.score = match known.score {
                        score @ 1.. => score / 2,
                        score => (score - 1).max(-SCORE_MAX),
                    };
                }
            }
        }
    }

    /// The best, best first.
    pub fn best(&self, n: usize) -> Vec<PeerId> {
        let mut known: Vec<_> = self.known.iter().collect();
        known.sort_by_key(|(peer, known)| (-known.score, u64::MAX - known.reached_us, **peer));
        known.truncate(n);
        known.into_iter().map(|(peer, _)| *peer).collect()
    }
}
