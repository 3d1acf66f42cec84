//! Events on the way from their arrival to their commit.
//!
//! Owns what tells an identical copy, which is a duplicate, from another event that claims the
//! same id, which must be checked by itself. Must never say of an unverified event that it is
//! known: only byte for byte the same counts.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher as _},
};

use kukuri_domain::{EventId, SignedEvent};

/// Stands for every byte of an event. It is keyed, so that a peer cannot make two events with
/// the same one on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(u64);

#[derive(Default)]
struct Copies {
    /// Signatures of these are being checked.
    verifying: Vec<Fingerprint>,
    /// This one is genuine and waits for its bucket or its commit.
    accepted: Option<Fingerprint>,
}

/// Events on their way.
pub(super) struct InFlight {
    key: u64,
    copies: HashMap<EventId, Copies>,
    verifying: usize,
}

impl InFlight {
    pub(super) fn new(key: u64) -> Self {
        Self {
            key,
            copies: HashMap::new(),
            verifying: 0,
        }
    }

    /// How many signatures are being checked.
    pub(super) fn verifying(&self) -> usize {
        self.verifying
    }

    /// The fingerprint of an event.
    pub(super) fn fingerprint(&self, event: &SignedEvent) -> Fingerprint {
        let mut hasher = DefaultHasher::new();
        self.key.hash(&mut hasher);
        event.id().hash(&mut hasher);
        event.author().hash(&mut hasher);
        event.order().created_at.hash(&mut hasher);
        event.kind().hash(&mut hasher);
        for tag in event.tags() {
            tag.hash(&mut hasher);
        }
        event.content().hash(&mut hasher);
        event.as_nostr().sig.as_bytes().hash(&mut hasher);
        Fingerprint(hasher.finish())
    }

    /// Whether this very event is on its way already.
    pub(super) fn is_copy(&self, event: &SignedEvent) -> bool {
        self.copies.get(&event.id()).is_some_and(|copies| {
            let fingerprint = self.fingerprint(event);
            copies.accepted == Some(fingerprint) || copies.verifying.contains(&fingerprint)
        })
    }

    /// Whether a genuine event of this id is on its way to its commit.
    pub(super) fn is_accepted(&self, id: &EventId) -> bool {
        self.copies
            .get(id)
            .is_some_and(|copies| copies.accepted.is_some())
    }

    /// The check of its signature begins.
    pub(super) fn begin(&mut self, id: EventId, fingerprint: Fingerprint) {
        self.copies
            .entry(id)
            .or_default()
            .verifying
            .push(fingerprint);
        self.verifying += 1;
    }

    /// The check of its signature ended, one way or the other.
    pub(super) fn end(&mut self, id: EventId, fingerprint: Fingerprint) {
        let Some(copies) = self.copies.get_mut(&id) else {
            return;
        };
        if let Some(place) = copies
            .verifying
            .iter()
            .position(|other| *other == fingerprint)
        {
            copies.verifying.swap_remove(place);
            self.verifying -= 1;
        }
        self.forget_if_idle(id);
    }

    /// It is genuine and goes on to its commit.
    pub(super) fn accept(&mut self, id: EventId, fingerprint: Fingerprint) {
        self.copies.entry(id).or_default().accepted = Some(fingerprint);
    }

    /// It was committed, or will not be.
    pub(super) fn release(&mut self, id: EventId) {
        if let Some(copies) = self.copies.get_mut(&id) {
            copies.accepted = None;
        }
        self.forget_if_idle(id);
    }

    fn forget_if_idle(&mut self, id: EventId) {
        let idle = |copies: &Copies| copies.verifying.is_empty() && copies.accepted.is_none();
        if self.copies.get(&id).is_some_and(idle) {
            self.copies.remove(&id);
        }
    }
}
