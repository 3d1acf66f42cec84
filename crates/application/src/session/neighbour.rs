//! The neighbours and what is under way with each.
//!
//! Owns coming and going, and asking a neighbour for its newest events. Must never decide who
//! becomes a neighbour: that is discovery's.

use std::collections::VecDeque;

use kukuri_domain::{EventId, PeerId, limits::NEWEST_MAX};

use super::{Effect, Session, Timer};
use crate::ports::SyncRequest;

/// Milliseconds after which a neighbour that failed to answer is asked once more: its database
/// may just have been busy.
const RETRY_AFTER_MS: u64 = 2_000;

/// What is under way with a neighbour.
#[derive(Default)]
pub(super) struct Neighbour {
    newest: Newest,
    /// Ids that it is to be asked for.
    pub(super) wanted: VecDeque<EventId>,
    /// Calls for events by id that are under way.
    pub(super) gets: usize,
    /// Receipts that it is to be sent.
    pub(super) receipts: VecDeque<EventId>,
    /// Whether a call with receipts is under way.
    pub(super) is_receiving: bool,
}

/// Where fetching its newest events stands.
#[derive(Default)]
struct Newest {
    is_running: bool,
    /// Something was missed while it was running.
    is_outdated: bool,
    was_retried: bool,
}

impl Session {
    pub(super) fn neighbour_up(&mut self, peer: PeerId) {
        if peer == self.local || self.neighbours.contains_key(&peer) {
            return;
        }
        let is_first = self.neighbours.is_empty();
        self.neighbours.insert(peer, Neighbour::default());
        self.fetch_newest(peer);
        if is_first {
            self.load_unsent();
        }
    }

    pub(super) fn neighbour_down(&mut self, peer: PeerId) {
        let Some(gone) = self.neighbours.remove(&peer) else {
            return;
        };
        // Calls that are under way end by themselves.
        self.fetches_failed(peer, gone.wanted);
    }

    /// Messages were lost: some neighbour has what they brought.
    pub(super) fn lagged(&mut self) {
        self.counters.lagged += 1;
        if let Some(peer) = self.random_neighbour(None) {
            self.fetch_newest(peer);
        }
    }

    /// Asks a neighbour for its newest events, one call at a time.
    pub(super) fn fetch_newest(&mut self, peer: PeerId) {
        let Some(neighbour) = self.neighbours.get_mut(&peer) else {
            return;
        };
        if neighbour.newest.is_running {
            neighbour.newest.is_outdated = true;
            return;
        }
        neighbour.newest.is_running = true;
        let request = SyncRequest::Newest {
            n: NEWEST_MAX,
            before: None,
        };
        self.push(Effect::Call { peer, request });
    }

    /// A call for the newest events ended.
    pub(super) fn newest_ended(&mut self, peer: PeerId, is_answered: bool) {
        let Some(Neighbour { newest, .. }) = self.neighbours.get_mut(&peer) else {
            return;
        };
        newest.is_running = false;
        if is_answered {
            newest.was_retried = false;
            if std::mem::take(&mut newest.is_outdated) {
                self.fetch_newest(peer);
            }
        } else if !newest.was_retried {
            newest.was_retried = true;
            self.push(Effect::StartTimer {
                timer: Timer::Retry(peer),
                after_ms: RETRY_AFTER_MS,
            });
        }
    }
}
