//! What had to go because too much was waiting, to be fetched when there is time.
//!
//! Owns the ids of such events and the pace at which they are asked for. Must never keep an event:
//! its room is what was lacking.

use std::collections::VecDeque;

use kukuri_domain::{EventId, PeerId, limits::IDS_PER_FRAME_MAX};

use super::{Effect, Session, Timer};

/// Ids that are kept; beyond it the oldest go, and only reconciling finds them again.
const POSTPONED_MAX: usize = 65_536;

/// Milliseconds between two questions for one frame of ids: 100 events a second, which is what an
/// author may send anyway ([`kukuri_domain::limits::AUTHOR_EVENTS_PER_SECOND`]).
const POSTPONED_EVERY_MS: u64 = 640;

/// Ids with the peer that had the event.
#[derive(Default)]
pub(super) struct Postponed {
    ids: VecDeque<(PeerId, EventId)>,
    is_timer_running: bool,
}

impl Session {
    /// There was no room for these events of `from`.
    pub(super) fn postpone(&mut self, from: PeerId, ids: impl IntoIterator<Item = EventId>) {
        let postponed = &mut self.postponed;
        postponed.ids.extend(ids.into_iter().map(|id| (from, id)));
        let beyond = postponed.ids.len().saturating_sub(POSTPONED_MAX);
        postponed.ids.drain(..beyond);
        self.start_postponed_timer();
    }

    /// The time for the next frame has come.
    pub(super) fn postponed_due(&mut self) {
        self.postponed.is_timer_running = false;
        if let Some((peer, _)) = self.postponed.ids.front().copied() {
            let of_peer = self.postponed.ids.iter().take(IDS_PER_FRAME_MAX);
            let count = of_peer.take_while(|(from, _)| *from == peer).count();
            let ids = self.postponed.ids.drain(..count).map(|(_, id)| id);
            let ids = ids.collect();
            self.announced(peer, ids);
        }
        self.start_postponed_timer();
    }

    fn start_postponed_timer(&mut self) {
        if self.postponed.is_timer_running || self.postponed.ids.is_empty() {
            return;
        }
        self.postponed.is_timer_running = true;
        self.push(Effect::StartTimer {
            timer: Timer::Postponed,
            after_ms: POSTPONED_EVERY_MS,
        });
    }
}
