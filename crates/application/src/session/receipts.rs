//! Telling others which of their events are held here.
//!
//! Owns the batching of receipts and their sending, one call at a time to each neighbour that gave
//! something of its own: only the author counts them, and whoever passes on is not the author. Must
//! never acknowledge what is not committed. Receipts are hints: one that is lost makes a post
//! look less held than it is, so nothing is sent again.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use kukuri_domain::{AuthorId, EventId, PeerId, limits::IDS_PER_FRAME_MAX};

use super::{Effect, Session, Timer};
use crate::ports::SyncRequest;

/// Milliseconds that receipts wait for others: a person does not notice it, and a lively topic
/// needs four streams a second and neighbour instead of one per event.
const RECEIPTS_AFTER_MS: u64 = 250;

/// Receipts that are collected before they go out early.
const RECEIPTS_QUEUED_MAX: usize = 1_024;

/// Receipts that wait for one neighbour to take the last ones; beyond it the oldest go.
const RECEIPTS_PER_PEER_MAX: usize = 16 * IDS_PER_FRAME_MAX;

/// Receipts that are being collected, with the peer that delivered each event.
#[derive(Default)]
pub(super) struct Receipts {
    queued: Vec<(EventId, PeerId)>,
    is_timer_running: bool,
    /// Events on the way to their commit that came from their author too, after somebody else's
    /// copy.
    awaited: BTreeMap<EventId, PeerId>,
}

impl Session {
    /// A copy of a known event came from who may have written it.
    pub(super) fn own_copy_came(&mut self, id: EventId, from: PeerId) {
        if self.seen.contains(&id) {
            self.queue_receipt(id, from);
        } else if self.receipts.awaited.len() < RECEIPTS_QUEUED_MAX {
            self.receipts.awaited.insert(id, from);
        }
    }

    /// An event is in the store. It is acknowledged to who gave it, if they may have written it,
    /// and to neighbours that are its author's.
    pub(super) fn acknowledge(
        &mut self,
        (id, author): (EventId, AuthorId),
        from: PeerId,
        is_direct: bool,
    ) {
        let of_author = self.neighbours.iter();
        let of_author = of_author.filter(|(_, neighbour)| neighbour.author == Some(author));
        let mut receivers: BTreeSet<_> = of_author.map(|(peer, _)| *peer).collect();
        receivers.extend(self.receipts.awaited.remove(&id));
        receivers.extend(is_direct.then_some(from));
        for peer in receivers {
            self.queue_receipt(id, peer);
        }
    }

    /// An event that may be this peer's own is in the store.
    fn queue_receipt(&mut self, id: EventId, from: PeerId) {
        self.receipts.queued.push((id, from));
        if self.receipts.queued.len() >= RECEIPTS_QUEUED_MAX {
            self.send_receipts();
        } else if !self.receipts.is_timer_running {
            self.receipts.is_timer_running = true;
            let after_ms = RECEIPTS_AFTER_MS;
            self.push(Effect::StartTimer {
                timer: Timer::Receipts,
                after_ms,
            });
        }
    }

    /// The time to send them has come.
    pub(super) fn receipts_due(&mut self) {
        self.receipts.is_timer_running = false;
        self.send_receipts();
    }

    /// A call with receipts ended.
    pub(super) fn receipts_ended(&mut self, peer: PeerId) {
        if let Some(neighbour) = self.neighbours.get_mut(&peer) {
            neighbour.is_receiving = false;
        }
        self.call_receipt(peer);
    }

    fn send_receipts(&mut self) {
        let mut receivers = BTreeSet::new();
        for (id, from) in mem::take(&mut self.receipts.queued) {
            self.queue_for(from, id);
            receivers.insert(from);
        }
        for peer in receivers {
            self.call_receipt(peer);
        }
    }

    fn queue_for(&mut self, peer: PeerId, id: EventId) {
        let Some(neighbour) = self.neighbours.get_mut(&peer) else {
            return;
        };
        neighbour.receipts.push_back(id);
        if neighbour.receipts.len() > RECEIPTS_PER_PEER_MAX {
            neighbour.receipts.pop_front();
            self.counters.dropped += 1;
        }
    }

    fn call_receipt(&mut self, peer: PeerId) {
        let Some(neighbour) = self.neighbours.get_mut(&peer) else {
            return;
        };
        if neighbour.is_receiving || neighbour.receipts.is_empty() {
            return;
        }
        let count = neighbour.receipts.len().min(IDS_PER_FRAME_MAX);
        let ids = neighbour.receipts.drain(..count).collect();
        neighbour.is_receiving = true;
        self.push(Effect::Call {
            peer,
            request: SyncRequest::Receipt(ids),
        });
    }
}
