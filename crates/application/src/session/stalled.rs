//! A store that takes nothing: a full disk, mostly.
//!
//! Owns the pause in fetching while it is so, and how its end is noticed. What peers hold is not
//! asked for meanwhile: it would be carried here again and again for nothing. A few of the events
//! that were not taken are kept and tried anew, ever less often. What gossip brings and own posts
//! are tried all the same. Must never keep more than those few, and never forget that something
//! is missing: afterwards every neighbour is compared with.

use kukuri_domain::{EventId, Now, PeerId, UnixMs};

use super::{
    CommitToken, Effect, Session, Timer,
    storing::{PendingCommit, Taken},
};
use crate::{
    ports::{Origin, StoreTrouble},
    views::{StalledView, TopicEvent},
};

/// Events that are kept to be tried. As they are many, the last room on a disk is not taken in
/// small pieces, after each of which a whole answer would be fetched for nothing.
const KEPT_MAX: usize = 256;

/// What they may take, about.
const KEPT_BYTES_MAX: usize = 1024 * 1024;

/// The first pause, doubled each time up to the greatest, in milliseconds.
const PAUSE_MS: u64 = 1_000;

const PAUSE_MS_MAX: u64 = 30_000;

/// What is known of the store.
#[derive(Default)]
pub(super) struct Storing {
    stalled: Option<Stalled>,
}

struct Stalled {
    trouble: StoreTrouble,
    since: UnixMs,
    kept: Vec<Taken>,
    /// The kept ones are being tried.
    trial: Option<CommitToken>,
    pause_ms: u64,
}

impl Session {
    /// Since when nothing that others hold is fetched, and why.
    pub fn stalled(&self) -> Option<StalledView> {
        let stalled = self.storing.stalled.as_ref();
        stalled.map(|stalled| StalledView {
            reason: stalled.trouble,
            since: stalled.since,
        })
    }

    /// Whether what is fetched would not be taken.
    pub(super) fn is_stalled(&self) -> bool {
        self.storing.stalled.is_some()
    }

    /// Events of peers were not taken.
    pub(super) fn not_taken(
        &mut self,
        commit: CommitToken,
        events: Vec<Taken>,
        trouble: StoreTrouble,
        now: Now,
    ) {
        let Some(stalled) = &mut self.storing.stalled else {
            return self.stall(few_of(events), trouble, now);
        };
        let is_other = std::mem::replace(&mut stalled.trouble, trouble) != trouble;
        if stalled.trial == Some(commit) {
            (stalled.trial, stalled.kept) = (None, events);
            stalled.pause_ms = (2 * stalled.pause_ms).min(PAUSE_MS_MAX);
            let after_ms = stalled.pause_ms;
            self.try_again(after_ms);
        }
        if is_other {
            self.show_stalled();
        }
    }

    fn stall(&mut self, kept: Vec<Taken>, trouble: StoreTrouble, now: Now) {
        self.storing.stalled = Some(Stalled {
            trouble,
            since: now.unix,
            kept,
            trial: None,
            pause_ms: PAUSE_MS,
        });
        self.stop_fetching();
        self.try_again(PAUSE_MS);
        self.show_stalled();
    }

    /// The time has come to try again.
    pub(super) fn stalled_due(&mut self, now: Now) {
        let Some(stalled) = &mut self.storing.stalled else {
            return;
        };
        let mut kept = std::mem::take(&mut stalled.kept);
        // They may have come again, and found room.
        kept.retain(|taken| !self.is_known(&taken.event.id()));
        if kept.is_empty() {
            return self.healed(now);
        }
        let events = kept.iter().map(|taken| taken.event.clone()).collect();
        let pending = PendingCommit::Taken {
            events: kept,
            newest_of: None,
        };
        let trial = self.commit(events, Origin::Peer, pending);
        if let Some(stalled) = &mut self.storing.stalled {
            stalled.trial = Some(trial);
        }
    }

    /// A commit succeeded; if it was the trial, fetching goes on.
    pub(super) fn took(&mut self, commit: CommitToken, now: Now) {
        let stalled = self.storing.stalled.as_ref();
        if stalled.is_some_and(|stalled| stalled.trial == Some(commit)) {
            self.healed(now);
        }
    }

    fn healed(&mut self, now: Now) {
        self.storing.stalled = None;
        self.show_stalled();
        for peer in self.neighbours() {
            self.sync_with(peer, now);
        }
    }

    /// What is under way from before ends with its outcome.
    fn stop_fetching(&mut self) {
        self.end_runs_soon();
        let asked: Vec<PeerId> = self.suppliers.keys().copied().collect();
        for peer in asked {
            self.forget_wanted(peer);
        }
    }

    fn try_again(&mut self, after_ms: u64) {
        self.push(Effect::StartTimer {
            timer: Timer::Stalled,
            after_ms,
        });
    }

    fn show_stalled(&mut self) {
        let stalled = self.stalled();
        self.push(Effect::Emit(TopicEvent::Storage { stalled }));
    }

    /// Events came that are not looked at: they would not be taken.
    pub(super) fn came_in_vain(&mut self, ids: impl IntoIterator<Item = EventId>) {
        for id in ids {
            self.counters.not_stored += 1;
            self.fetches.remove(&id);
        }
    }
}

/// At least one, as each is far smaller than what all of them may take.
fn few_of(events: Vec<Taken>) -> Vec<Taken> {
    let mut bytes = 0;
    let fits = |taken: &Taken| {
        let tags = taken.event.tags().flatten().map(String::len);
        bytes += taken.event.content().len() + tags.sum::<usize>();
        bytes <= KEPT_BYTES_MAX
    };
    events.into_iter().take(KEPT_MAX).take_while(fits).collect()
}
