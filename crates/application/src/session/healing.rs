//! Noticing that something is missing although nothing says so.
//!
//! Owns the summaries that neighbours exchange every 30 s, the comparison with all of them after
//! they have changed, the look at a member who is no neighbour once a minute, and the judgement
//! that this member is deaf: it has neighbours, but their messages do not reach it. Gossip can
//! leave a member in that state for good. Who is deaf compares sets at once, and joins anew
//! through others if it stays so. Must never conclude from silence alone that others said
//! something.

use std::collections::BTreeMap;

use kukuri_domain::{
    Now, PeerId, UnixMs,
    limits::EVENT_FUTURE_MS_MAX,
    wire::{GossipFrame, SetSummary, last_cut},
};
use rand::Rng as _;

use super::{Effect, Session, SummaryFor, Timer};

/// Between two summaries to the neighbours, plus or minus a fifth, in milliseconds.
const SUMMARY_EVERY_MS: u64 = 30_000;

/// After a change of neighbours the sets are compared once more, plus or minus a fifth, in
/// milliseconds: gossip loses messages while its tree is built anew. Its own repair takes a second.
const SETTLED_AFTER_MS: u64 = 3_000;

/// Between two looks at a member who is no neighbour, plus or minus a fifth, in milliseconds.
const PARTNER_EVERY_MS: u64 = 60_000;

/// How long a member hears nothing, while the sets of others change, before it counts as deaf.
const DEAF_AFTER_MS: u64 = 30_000;

/// How long no neighbour's summary comes before that counts as deafness: three of them.
const SILENT_AFTER_MS: u64 = 90_000;

/// Least time between two times of joining anew, in milliseconds; doubled each time up to the
/// greatest, and the least again after that has passed.
const REJOIN_AFTER_MS: u64 = 2 * 60_000;

const REJOIN_AFTER_MS_MAX: u64 = 60 * 60_000;

/// What was written so long ago should have come from the neighbours, over gossip or by comparing.
const APART_AFTER_MS: u64 = 30_000;

/// Least time between two members who are asked to become neighbours for that.
const MEET_EVERY_MS: u64 = 60_000;

/// Least time between two summaries of one neighbour that are looked at, in milliseconds.
const SUMMARY_LEAST_MS: u64 = 1_000;

/// Least time between two summaries that are told early, in milliseconds.
const CHANGED_EVERY_MS: u64 = 5_000;

/// What was heard of the neighbours.
#[derive(Default)]
pub(super) struct Hearing {
    is_running: bool,
    /// A look at all neighbours is due, since some came or went.
    is_settling: bool,
    /// Some came or went since it was.
    has_moved: bool,
    /// The last message of a neighbour that was no summary.
    message_at_ms: u64,
    /// The last summary, or the time at which the first neighbour came.
    summary_at_ms: u64,
    /// The last summary of each neighbour.
    summaries: BTreeMap<PeerId, SetSummary>,
    /// Something was written while we heard nothing, and came over a stream.
    has_missed: bool,
    /// How often in a row this member seemed deaf.
    strikes: u32,
    rejoins: u32,
    rejoin_not_before_ms: u64,
    /// Our own, as it was told last.
    told: Option<SetSummary>,
    /// When a summary was told early.
    changed_at_ms: Option<u64>,
    /// When a member was asked to become a neighbour.
    met_at_ms: Option<u64>,
}

impl Session {
    /// The set in short, as the neighbours were told last.
    pub fn summary(&self) -> Option<SetSummary> {
        self.hearing.told
    }

    /// Begins to listen when the first neighbour comes.
    pub(super) fn start_hearing(&mut self, now: Now) {
        self.hearing.message_at_ms = now.mono_ms;
        self.hearing.summary_at_ms = now.mono_ms;
        self.hearing.has_missed = false;
        self.hearing.strikes = 0;
        if !self.hearing.is_running {
            self.hearing.is_running = true;
            self.start_with_jitter(Timer::Summary, SUMMARY_EVERY_MS);
            self.start_with_jitter(Timer::Partner, PARTNER_EVERY_MS);
        }
    }

    /// A neighbour came or went.
    pub(super) fn neighbours_moved(&mut self) {
        if std::mem::replace(&mut self.hearing.is_settling, true) {
            self.hearing.has_moved = true;
            return;
        }
        self.hearing.has_moved = false;
        self.start_with_jitter(Timer::Settled, SETTLED_AFTER_MS);
    }

    /// The neighbours changed a moment ago: what gossip lost meanwhile is with some of them.
    pub(super) fn settled(&mut self, now: Now) {
        self.hearing.is_settling = false;
        let neighbours: Vec<PeerId> = self.neighbours.keys().copied().collect();
        for peer in neighbours {
            self.sync_with(peer, now);
        }
        if self.hearing.has_moved {
            self.neighbours_moved();
        }
    }

    /// A neighbour's message came through.
    pub(super) fn heard(&mut self, now: Now) {
        self.hearing.message_at_ms = now.mono_ms;
        self.hearing.has_missed = false;
        self.hearing.strikes = 0;
    }

    /// Events came over a stream, the newest of them written at this time. If that was while no
    /// message came through, gossip passed us by. Not a neighbour's word but an event is what
    /// shows it: a claim costs nothing.
    pub(super) fn learned(&mut self, newest: UnixMs, now: Now) {
        let silent_ms = now.mono_ms.saturating_sub(self.hearing.message_at_ms);
        let was_written_since = newest.0.saturating_add(silent_ms) >= now.unix.0;
        self.hearing.has_missed |= silent_ms >= DEAF_AFTER_MS && was_written_since;
    }

    /// A member who is no neighbour had what was written a while ago and none of the neighbours
    /// brought: gossip does not lead from there to here. After a cut both halves of a swarm can
    /// stay like that, each in good company.
    pub(super) fn learned_of_stranger(&mut self, peer: PeerId, oldest: UnixMs, now: Now) {
        let is_old = oldest.0.saturating_add(APART_AFTER_MS) <= now.unix.0;
        let met = self.hearing.met_at_ms;
        let may = met.is_none_or(|at| now.mono_ms.saturating_sub(at) >= MEET_EVERY_MS);
        if is_old && may && !self.neighbours.is_empty() {
            self.hearing.met_at_ms = Some(now.mono_ms);
            self.push(Effect::Meet(peer));
        }
    }

    pub(super) fn forget_summary_of(&mut self, peer: &PeerId) {
        self.hearing.summaries.remove(peer);
    }

    /// The time for a summary has come.
    pub(super) fn summary_due(&mut self, now: Now) {
        if self.neighbours.is_empty() {
            self.hearing.is_running = false;
            return;
        }
        self.tell_summary(now);
        self.judge_hearing(now);
        self.start_with_jitter(Timer::Summary, SUMMARY_EVERY_MS);
    }

    /// Much was learned over a stream: the neighbours are to compare their sets with ours.
    pub(super) fn tell_that_it_changed(&mut self, now: Now) {
        let told = self.hearing.changed_at_ms;
        if told.is_none_or(|at| now.mono_ms.saturating_sub(at) >= CHANGED_EVERY_MS) {
            self.hearing.changed_at_ms = Some(now.mono_ms);
            self.tell_summary(now);
        }
    }

    fn tell_summary(&mut self, now: Now) {
        self.push(Effect::Summarise {
            purpose: SummaryFor::Neighbours,
            cut: last_cut(now.unix),
            since: self.horizon,
        });
    }

    /// The time for a look at somebody else has come.
    pub(super) fn partner_due(&mut self) {
        if !self.hearing.is_running {
            return;
        }
        // Who is alone looks for everybody whom it remembers anyway.
        if !self.neighbours.is_empty() {
            self.push(Effect::FindPartner);
        }
        self.start_with_jitter(Timer::Partner, PARTNER_EVERY_MS);
    }

    /// Our summary, as the store gave it.
    pub(super) fn summarised(&mut self, purpose: SummaryFor, ours: Option<SetSummary>, now: Now) {
        match (purpose, ours) {
            (SummaryFor::Run(peer), ours) => self.summarised_for_run(peer, ours, now),
            (SummaryFor::Neighbours, Some(ours)) => {
                self.hearing.told = Some(ours);
                let frame = GossipFrame::Summary(ours).encode();
                self.push(Effect::BroadcastNeighbours(frame.into()));
            }
            (
                SummaryFor::Comparison {
                    peer,
                    theirs,
                    moved,
                },
                Some(ours),
            ) => {
                // Both sides see that they differ; one of them is to begin. Of two that keep
                // different times only the one that keeps more can see it.
                let begins = self.local < peer || !moved || self.horizon < theirs.since;
                if !self.compared(peer, ours, theirs, now) && begins {
                    self.sync_with(peer, now);
                }
            }
            (SummaryFor::Neighbours | SummaryFor::Comparison { .. }, None) => {}
        }
    }

    /// A neighbour's summary came.
    pub(super) fn summary_heard(&mut self, peer: PeerId, theirs: SetSummary, now: Now) {
        let Some(neighbour) = self.neighbours.get_mut(&peer) else {
            return;
        };
        let last_ms = neighbour.summary_at_ms.replace(now.mono_ms);
        if last_ms.is_some_and(|last| now.mono_ms.saturating_sub(last) < SUMMARY_LEAST_MS) {
            // Each costs a look at the set; who sends more of them is not listened to.
            self.counters.dropped += 1;
            return;
        }
        self.hearing.summary_at_ms = now.mono_ms;
        let ahead = theirs.cut.0.abs_diff(now.unix.0);
        if ahead > EVENT_FUTURE_MS_MAX {
            // A clock that is this wrong makes another set of the same events.
            self.counters.refused += 1;
            return;
        }
        let before = self.hearing.summaries.insert(peer, theirs);
        let moved = before.is_none_or(|before| before.fingerprint != theirs.fingerprint);
        if theirs.since < self.horizon {
            // They hold more than we keep: they can tell whether we differ, and we have to ask.
            if self.is_agreement_old(&peer, now) {
                self.sync_with(peer, now);
            }
            return;
        }
        self.push(Effect::Summarise {
            purpose: SummaryFor::Comparison {
                peer,
                theirs,
                moved,
            },
            cut: theirs.cut,
            since: theirs.since,
        });
    }

    /// Whether this member seems deaf, and what it does about it.
    fn judge_hearing(&mut self, now: Now) {
        let silent_ms = now.mono_ms.saturating_sub(self.hearing.summary_at_ms);
        // Stock peers send no summaries.
        let is_silent = silent_ms >= SILENT_AFTER_MS && self.neighbours.values().any(|n| n.speaks);
        let is_deaf = self.hearing.has_missed || is_silent;
        if !is_deaf {
            self.hearing.strikes = 0;
            return;
        }
        self.hearing.has_missed = false;
        self.hearing.strikes += 1;
        self.counters.deaf += 1;
        if let Some(neighbour) = self.random_neighbour(None) {
            self.sync_with(neighbour, now);
        }
        self.push(Effect::FindPartner);
        if self.hearing.strikes < 2 || now.mono_ms < self.hearing.rejoin_not_before_ms {
            return;
        }
        if now.mono_ms - self.hearing.rejoin_not_before_ms > REJOIN_AFTER_MS_MAX {
            self.hearing.rejoins = 0;
        }
        let pause = REJOIN_AFTER_MS << self.hearing.rejoins.min(10);
        let pause = pause.min(REJOIN_AFTER_MS_MAX);
        let pause = self.rng.random_range(pause..pause + pause / 4);
        self.hearing.rejoin_not_before_ms = now.mono_ms + pause;
        self.hearing.rejoins += 1;
        self.hearing.strikes = 0;
        self.push(Effect::Rejoin);
    }

    fn start_with_jitter(&mut self, timer: Timer, every_ms: u64) {
        let fifth = every_ms / 5;
        let after_ms = self.rng.random_range(every_ms - fifth..=every_ms + fifth);
        self.push(Effect::StartTimer { timer, after_ms });
    }
}
