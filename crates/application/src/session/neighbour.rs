//! The neighbours and what is under way with each.
//!
//! Owns coming and going, and asking a neighbour for its newest events. Must never decide who
//! becomes a neighbour: that is discovery's.

use std::collections::VecDeque;

use kukuri_domain::{AuthorId, EventId, Now, PeerId, limits::NEWEST_MAX};

use super::{Effect, Session};
use crate::ports::SyncRequest;

/// Milliseconds after which a neighbour that failed to answer is asked once more: its database
/// may just have been busy.
pub(super) const RETRY_AFTER_MS: u64 = 2_000;

/// What is under way with a neighbour.
#[derive(Default)]
pub(super) struct Neighbour {
    /// Whether it is being asked for its newest events.
    is_asked_for_newest: bool,
    /// Whose endpoint it is.
    pub(super) author: Option<AuthorId>,
    /// Receipts that it is to be sent.
    pub(super) receipts: VecDeque<EventId>,
    /// Whether a call with receipts is under way.
    pub(super) is_receiving: bool,
    /// Whether a run with it failed, and it was tried once more.
    pub(super) was_retried: bool,
    /// Whether it has answered, and so sends summaries.
    pub(super) speaks: bool,
    /// When its last summary came.
    pub(super) summary_at_ms: Option<u64>,
}

impl Session {
    pub(super) fn neighbour_up(&mut self, peer: PeerId, now: Now) {
        if peer == self.local || self.neighbours.contains_key(&peer) {
            return;
        }
        let is_first = self.neighbours.is_empty();
        self.neighbours.insert(peer, Neighbour::default());
        if is_first {
            self.start_hearing(now);
            self.load_unsent();
        }
        self.sync_with(peer, now);
        self.neighbours_moved();
    }

    pub(super) fn neighbour_down(&mut self, peer: PeerId) {
        if self.neighbours.remove(&peer).is_none() {
            return;
        }
        self.forget_summary_of(&peer);
        self.neighbours_moved();
        // Calls that are under way end by themselves, and so does a run.
        if !self.is_run_with(&peer) {
            self.drop_wanted(peer);
        }
    }

    /// Messages were lost: some neighbour has what they brought.
    pub(super) fn lagged(&mut self, now: Now) {
        self.counters.lagged += 1;
        if let Some(peer) = self.random_neighbour(None) {
            self.sync_with(peer, now);
        }
    }

    /// Asks a neighbour for its newest events.
    pub(super) fn fetch_newest(&mut self, peer: PeerId) {
        let Some(neighbour) = self.neighbours.get_mut(&peer) else {
            return;
        };
        if std::mem::replace(&mut neighbour.is_asked_for_newest, true) {
            return;
        }
        let request = SyncRequest::Newest {
            n: NEWEST_MAX,
            before: None,
        };
        self.push(Effect::Call { peer, request });
    }

    /// A call for the newest events ended.
    pub(super) fn newest_ended(&mut self, peer: PeerId) {
        if let Some(neighbour) = self.neighbours.get_mut(&peer) {
            neighbour.is_asked_for_newest = false;
        }
    }
}
