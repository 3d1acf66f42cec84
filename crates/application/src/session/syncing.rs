//! Making this member's set the same as everybody's.
//!
//! Owns the runs: one with each member that may hold something else, a few at a time. A run
//! compares both sets in short; where they differ it finds out in what, fetches what is lacking
//! here, newest first, and offers what is lacking there. Must never trust a claim: what a member
//! says it has and does not give, and messages without end, end the run, and that member is left
//! alone for a while. Every event takes the way of `fetching`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kukuri_domain::{
    EventId, Now, PeerId, UnixMs,
    limits::{EVENT_FUTURE_MS_MAX, IDS_PER_REQUEST_MAX},
    wire::{SetSummary, last_cut},
};

use super::{Effect, Session, SummaryFor, Timer, storing::PendingCommit};
use crate::{ports::SyncRequest, sync_set::Step, views::TopicEvent};

/// The horizon of a member that keeps everything.
pub(super) const EVERYTHING: UnixMs = UnixMs(0);

/// Runs under way at once: one that stalls does not hold the others up.
const RUNS_MAX: usize = 2;

/// Members that wait for their run; what they hold shows in their next summary.
const DUE_MAX: usize = 64;

/// Ids that still are to be asked for, below which the next ones are looked for.
const WANTED_FEW: usize = IDS_PER_REQUEST_MAX;

/// Messages in a row that name no difference. Ranges are split by 16: a million events take six.
const IDLE_ROUNDS_MAX: u32 = 32;

/// Events that a member may claim and not give: some end or are deleted meanwhile.
const UNKEPT_MAX: u64 = 64;

/// How long a member that breaks the rules is left alone, in milliseconds.
const DISTRUST_MS: u64 = 10 * 60 * 1_000;

/// Members that are left alone at once; beyond it the first that may be asked again is forgotten.
const DISTRUSTED_MAX: usize = 256;

/// Members whose agreement is remembered.
const AGREEMENTS_MAX: usize = 64;

/// How often a member may name a later horizon in one run.
const HORIZON_MOVES_MAX: u32 = 8;

/// After this time a member who keeps more than we do is asked again whether we agree on what we
/// keep, in milliseconds.
const AGREEMENT_OLD_MS: u64 = 5 * 60_000;

/// How long a post may take from its time stamp until the session has it, in milliseconds.
const SIGNED_MS: u64 = 250;

/// Least time between two notes of progress, in milliseconds.
const PROGRESS_EVERY_MS: u64 = 200;

/// A member whose set is known to have been the same as ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// Since when, without a difference seen in between.
    pub since: UnixMs,
    /// Seen last at this time.
    pub last: UnixMs,
}

/// What is under way, and what is known of others' sets.
#[derive(Default)]
pub(super) struct Syncing {
    runs: BTreeMap<PeerId, Run>,
    due: VecDeque<PeerId>,
    /// Left alone until then.
    distrusted: BTreeMap<PeerId, u64>,
    agreements: BTreeMap<PeerId, Agreement>,
    /// Up to where each member was noted as a holder of our posts.
    noted: BTreeMap<PeerId, UnixMs>,
    /// The time of the newest own event.
    last_own_at: Option<UnixMs>,
}

/// What a run waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Our summary, from the store.
    Ours,
    /// Theirs, over the stream.
    Theirs(SetSummary),
    /// Ours once more, from their later horizon on.
    OursSince,
    /// What their last message says, from the store.
    Resolving,
    /// Their next message.
    Answer,
    /// That what was found is fetched.
    Events,
}

/// A run with one member.
struct Run {
    stage: Stage,
    /// What both compare: nothing that was written before.
    since: UnixMs,
    /// What we had written before this was in our set when both were compared.
    until: UnixMs,
    /// The message to be sent next.
    next: Option<Vec<u8>>,
    idle_rounds: u32,
    /// How often they named a later horizon.
    moves: u32,
    /// What is known to be lacking here, as far as it was looked for.
    needed: u64,
    /// At least so many are lacking here, by the number of theirs.
    expected: u64,
    got: u64,
    unkept: u64,
    have: BTreeSet<EventId>,
    has_more: bool,
    /// Somebody asked for this run while it was under way.
    is_outdated: bool,
    /// It compares what is not kept here any more, or the store takes nothing: it ends with the
    /// next outcome.
    is_stale: bool,
    told_at_ms: u64,
}

impl Session {
    /// Whether this member is known to lack something and fetches it.
    pub fn is_syncing(&self) -> bool {
        self.syncing.runs.values().any(|run| run.needed > run.got)
    }

    /// Members whose sets were the same as ours when last seen.
    pub fn agreements(&self) -> &BTreeMap<PeerId, Agreement> {
        &self.syncing.agreements
    }

    /// Compares sets with a member as soon as there is room, and mends what differs.
    pub(super) fn sync_with(&mut self, peer: PeerId, now: Now) {
        if peer == self.local || self.is_stalled() || self.is_distrusted(peer, now) {
            return;
        }
        if let Some(run) = self.syncing.runs.get_mut(&peer) {
            run.is_outdated = true;
            return;
        }
        let due = &mut self.syncing.due;
        if !due.contains(&peer) && due.len() < DUE_MAX {
            due.push_back(peer);
        }
        self.start_runs(now);
    }

    /// Whether a run with this member is under way.
    pub(super) fn is_run_with(&self, peer: &PeerId) -> bool {
        self.syncing.runs.contains_key(peer)
    }

    fn start_runs(&mut self, now: Now) {
        while self.syncing.runs.len() < RUNS_MAX {
            let Some(peer) = self.syncing.due.pop_front() else {
                return;
            };
            // What an earlier process wrote was written before this.
            self.syncing.last_own_at.get_or_insert(now.unix);
            let run = Run {
                stage: Stage::Ours,
                since: self.horizon,
                until: self.own_stored_until(now),
                next: None,
                idle_rounds: 0,
                moves: 0,
                needed: 0,
                expected: 0,
                got: 0,
                unkept: 0,
                have: BTreeSet::new(),
                has_more: false,
                is_outdated: false,
                is_stale: false,
                told_at_ms: now.mono_ms,
            };
            self.syncing.runs.insert(peer, run);
            // Later than anything that either of us takes now.
            let cut = UnixMs(now.unix.0.saturating_add(2 * EVENT_FUTURE_MS_MAX));
            self.push(Effect::Summarise {
                purpose: SummaryFor::Run(peer),
                cut,
                since: self.horizon,
            });
        }
    }

    /// Nobody is compared with from now on, and the runs under way end with their next outcome.
    pub(super) fn end_runs_soon(&mut self) {
        self.syncing.due.clear();
        for run in self.syncing.runs.values_mut() {
            run.is_stale = true;
        }
    }

    /// Ends a run that compares what is not kept here any more, or would fetch what is not taken.
    fn end_if_stale(&mut self, peer: PeerId, now: Now) -> bool {
        let is_stale = self.syncing.runs.get(&peer).is_some_and(|run| run.is_stale);
        if is_stale {
            self.run_ended(peer, now);
        }
        is_stale
    }

    /// Our own summary for a run.
    pub(super) fn summarised_for_run(&mut self, peer: PeerId, ours: Option<SetSummary>, now: Now) {
        if self.end_if_stale(peer, now) {
            return;
        }
        let Some(run) = self.syncing.runs.get_mut(&peer) else {
            return;
        };
        let Some(ours) = ours else {
            return self.run_failed(peer, now);
        };
        let is_first = match run.stage {
            Stage::Ours => true,
            Stage::OursSince => false,
            _ => return,
        };
        run.since = ours.since;
        run.stage = Stage::Theirs(ours);
        if is_first && ours.count == 0 {
            // A newcomer sees what is new before everything is compared.
            self.fetch_newest(peer);
        }
        self.push(Effect::Call {
            peer,
            request: SyncRequest::Summary(ours),
        });
    }

    /// A member's summary for a run.
    pub(super) fn summary_answered(&mut self, peer: PeerId, theirs: Option<SetSummary>, now: Now) {
        if self.end_if_stale(peer, now) {
            return;
        }
        let Some(run) = self.syncing.runs.get_mut(&peer) else {
            return;
        };
        let (Stage::Theirs(ours), Some(theirs)) = (run.stage, theirs) else {
            return self.run_failed(peer, now);
        };
        if theirs.cut != ours.cut || theirs.since < ours.since {
            self.counters.malformed += 1;
            return self.distrust(peer, now);
        }
        if theirs.since == ours.since {
            return self.compared_in_run(peer, ours, theirs, now);
        }
        // They keep less. Asked once more from there on, they learn as well that we agree.
        run.moves += 1;
        if run.moves > HORIZON_MOVES_MAX {
            self.counters.malformed += 1;
            return self.distrust(peer, now);
        }
        run.stage = Stage::OursSince;
        self.push(Effect::Summarise {
            purpose: SummaryFor::Run(peer),
            cut: theirs.cut,
            since: theirs.since,
        });
    }

    fn compared_in_run(&mut self, peer: PeerId, ours: SetSummary, theirs: SetSummary, now: Now) {
        if ours == theirs {
            if let Some(run) = self.syncing.runs.get(&peer) {
                let until = run.until;
                self.agrees(peer, ours.since, until);
            }
            return self.run_ended(peer, now);
        }
        self.syncing.agreements.remove(&peer);
        let Some(run) = self.syncing.runs.get_mut(&peer) else {
            return;
        };
        run.expected = theirs.count.saturating_sub(ours.count);
        run.stage = Stage::Resolving;
        let since = run.since;
        self.push(Effect::Reconcile {
            peer,
            since,
            answer: None,
        });
    }

    /// The store has looked at a member's message, or made our first one.
    pub(super) fn reconciled(&mut self, peer: PeerId, outcome: Reconciled, now: Now) {
        if self.end_if_stale(peer, now) {
            return;
        }
        let Some(run) = self.syncing.runs.get_mut(&peer) else {
            return;
        };
        let Step { next, have, need } = match outcome {
            Reconciled::Step(step) => step,
            Reconciled::Malformed => {
                self.counters.malformed += 1;
                return self.distrust(peer, now);
            }
            Reconciled::NoAnswer => return self.run_failed(peer, now),
        };
        run.idle_rounds = match have.is_empty() && need.is_empty() {
            true => run.idle_rounds + 1,
            false => 0,
        };
        run.next = next;
        let room = IDS_PER_REQUEST_MAX - run.have.len();
        run.has_more |= have.len() > room;
        run.have.extend(have.into_iter().take(room));
        if run.idle_rounds > IDLE_ROUNDS_MAX {
            self.counters.malformed += 1;
            return self.distrust(peer, now);
        }
        let lacking = self.unwanted(peer, need);
        if let Some(run) = self.syncing.runs.get_mut(&peer) {
            run.needed += lacking.len() as u64;
            run.stage = Stage::Events;
        }
        for id in lacking {
            self.want(peer, id, false);
        }
        self.call_get(peer);
        self.go_on(peer, now);
    }

    /// The next message of a member's side.
    pub(super) fn reconcile_answered(&mut self, peer: PeerId, message: Option<Vec<u8>>, now: Now) {
        if self.end_if_stale(peer, now) {
            return;
        }
        let Some(run) = self.syncing.runs.get_mut(&peer) else {
            return;
        };
        let Some(message) = message else {
            return self.run_failed(peer, now);
        };
        run.stage = Stage::Resolving;
        let since = run.since;
        self.push(Effect::Reconcile {
            peer,
            since,
            answer: Some(message),
        });
    }

    /// Events of a run came, or did not.
    pub(super) fn run_fetched(&mut self, peer: PeerId, got: u64, unkept: u64, now: Now) {
        let Some(run) = self.syncing.runs.get_mut(&peer) else {
            return;
        };
        if run.is_stale && run.stage == Stage::Events {
            // Otherwise it ends with what it waits for.
            return self.run_ended(peer, now);
        }
        run.got += got;
        run.unkept += unkept;
        if run.unkept > UNKEPT_MAX && run.unkept > run.got {
            self.counters.malformed += 1;
            return self.distrust(peer, now);
        }
        self.go_on(peer, now);
    }

    /// Does what a run can do next.
    fn go_on(&mut self, peer: PeerId, now: Now) {
        let (waiting, is_fetching) = self.suppliers.get(&peer).map_or((0, false), |supplier| {
            (supplier.wanted.len(), !supplier.is_idle())
        });
        let Some(run) = self.syncing.runs.get_mut(&peer) else {
            return;
        };
        let is_over = run.next.is_none() && !is_fetching && run.stage == Stage::Events;
        let fetched = run.got;
        if is_over && fetched > 0 {
            let new = fetched;
            self.effects
                .push(Effect::Emit(TopicEvent::Fetched { peer, new }));
        } else if now.mono_ms.saturating_sub(run.told_at_ms) >= PROGRESS_EVERY_MS {
            run.told_at_ms = now.mono_ms;
            let of = run.needed.max(run.expected).max(fetched);
            let progress = TopicEvent::Progress { peer, fetched, of };
            self.effects.push(Effect::Emit(progress));
        }
        if run.stage != Stage::Events {
            return;
        }
        if waiting < WANTED_FEW
            && let Some(message) = run.next.take()
        {
            run.stage = Stage::Answer;
            let since = run.since;
            self.push(Effect::Call {
                peer,
                request: SyncRequest::Reconcile { since, message },
            });
        } else if is_over {
            let (have, more) = (std::mem::take(&mut run.have), run.has_more);
            if !have.is_empty() {
                self.push(Effect::Call {
                    peer,
                    request: SyncRequest::Offer {
                        ids: have.into_iter().collect(),
                        more,
                    },
                });
            }
            self.run_ended(peer, now);
        }
    }

    fn run_ended(&mut self, peer: PeerId, now: Now) {
        let ended = self.syncing.runs.remove(&peer);
        if let Some(neighbour) = self.neighbours.get_mut(&peer) {
            neighbour.was_retried = false;
        }
        if ended.is_some_and(|run| run.is_outdated) {
            self.sync_with(peer, now);
        }
        self.start_runs(now);
    }

    /// A run was cut off. What was found is fetched all the same; a neighbour is tried once more
    /// soon, and again if it was heard of meanwhile, and whoever else when they are heard of.
    fn run_failed(&mut self, peer: PeerId, now: Now) {
        let failed = self.syncing.runs.remove(&peer);
        let was_asked_for = failed.is_some_and(|run| run.is_outdated);
        if let Some(neighbour) = self.neighbours.get_mut(&peer)
            && (!neighbour.was_retried || was_asked_for)
        {
            neighbour.was_retried = true;
            self.push(Effect::StartTimer {
                timer: Timer::Retry(peer),
                after_ms: super::neighbour::RETRY_AFTER_MS,
            });
        }
        self.start_runs(now);
    }

    /// Leaves a member alone that broke the rules.
    fn distrust(&mut self, peer: PeerId, now: Now) {
        self.syncing.runs.remove(&peer);
        self.syncing.agreements.remove(&peer);
        self.drop_wanted(peer);
        let distrusted = &mut self.syncing.distrusted;
        if distrusted.len() >= DISTRUSTED_MAX {
            let first = distrusted.iter().min_by_key(|(_, until)| **until);
            if let Some(first) = first.map(|(peer, _)| *peer) {
                distrusted.remove(&first);
            }
        }
        distrusted.insert(peer, now.mono_ms + DISTRUST_MS);
        self.start_runs(now);
    }

    fn is_distrusted(&mut self, peer: PeerId, now: Now) -> bool {
        let until = self.syncing.distrusted.get(&peer).copied();
        if until.is_some_and(|until| until <= now.mono_ms) {
            self.syncing.distrusted.remove(&peer);
            return false;
        }
        until.is_some()
    }

    /// A member offers what it holds and we lack.
    pub(super) fn offered(&mut self, peer: PeerId, ids: Vec<EventId>, more: bool, now: Now) {
        if self.is_distrusted(peer, now) {
            return;
        }
        if self.may_offer(peer, now) {
            self.announced(peer, ids);
        } else {
            self.counters.dropped += ids.len() as u64;
        }
        if more {
            self.sync_with(peer, now);
        }
    }

    /// Both sets at one cut, in short.
    pub(super) fn compared(
        &mut self,
        peer: PeerId,
        ours: SetSummary,
        theirs: SetSummary,
        now: Now,
    ) -> bool {
        let is_equal = ours == theirs;
        if is_equal {
            self.agrees(peer, theirs.since, theirs.cut.min(last_cut(now.unix)));
        } else if ours.since == theirs.since {
            self.syncing.agreements.remove(&peer);
        }
        is_equal
    }

    /// What was written before `horizon` is not kept any more. Whatever is under way from before
    /// that would bring what is not taken: it begins anew with its next outcome, and the neighbours
    /// are told.
    pub(super) fn horizon_moved(&mut self, horizon: UnixMs, now: Now) {
        if horizon <= self.horizon {
            return;
        }
        self.horizon = horizon;
        let mut stale = Vec::new();
        for (peer, run) in &mut self.syncing.runs {
            if run.since < horizon {
                (run.is_stale, run.is_outdated) = (true, true);
                stale.push(*peer);
            }
        }
        for peer in stale {
            self.forget_wanted(peer);
        }
        if !self.neighbours.is_empty() {
            self.tell_that_it_changed(now);
        }
    }

    /// Whether it is time to ask a member who keeps more than we do: its summaries, which begin
    /// earlier, cannot be compared with ours.
    pub(super) fn is_agreement_old(&self, peer: &PeerId, now: Now) -> bool {
        let agreement = self.syncing.agreements.get(peer);
        agreement.is_none_or(|known| known.last.0.saturating_add(AGREEMENT_OLD_MS) < now.unix.0)
    }

    /// A member's set was the same as ours, as far as events were written from one time until
    /// before another and surely in ours when it was looked at: it holds our posts of that time.
    fn agrees(&mut self, peer: PeerId, since: UnixMs, at: UnixMs) {
        let agreements = &mut self.syncing.agreements;
        if agreements.len() >= AGREEMENTS_MAX && !agreements.contains_key(&peer) {
            let oldest = agreements
                .iter()
                .min_by_key(|(_, agreement)| agreement.last);
            if let Some(oldest) = oldest.map(|(peer, _)| *peer) {
                agreements.remove(&oldest);
                self.syncing.noted.remove(&oldest);
            }
        }
        let new = Agreement {
            since: at,
            last: at,
        };
        let known = self.syncing.agreements.entry(peer).or_insert(new);
        known.last = known.last.max(at);
        let noted = self.syncing.noted.get(&peer).copied();
        let is_news = match (noted, self.syncing.last_own_at) {
            (None, _) => true,
            (Some(noted), Some(own)) => own >= noted && at > noted,
            (Some(_), None) => false,
        };
        if is_news {
            self.syncing.noted.insert(peer, at);
            self.push(Effect::NoteComplete {
                peer,
                since,
                before: at,
            });
        }
    }

    /// Whatever we wrote before this is stored.
    fn own_stored_until(&self, now: Now) -> UnixMs {
        let signed = UnixMs(now.unix.0.saturating_sub(SIGNED_MS));
        let pending = self.commits.values().filter_map(|commit| match commit {
            PendingCommit::Post { event, .. } => Some(event.order().at()),
            PendingCommit::Taken { .. } => None,
        });
        pending.fold(signed, UnixMs::min)
    }

    /// An own event was stored.
    pub(super) fn wrote(&mut self, at: UnixMs) {
        self.syncing.last_own_at = self.syncing.last_own_at.max(Some(at));
    }
}

/// What the store made of a member's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reconciled {
    /// What it says, and our next message.
    Step(Step),
    /// It makes no sense.
    Malformed,
    /// The store could not say.
    NoAnswer,
}
