//! How much company there is, and what follows from too little.
//!
//! Owns when neighbours count as few, and the looks at the DHT that do not wait for the tick when
//! everybody else who is known is gone. Must never let those be more frequent than the looks of
//! who is alone, nor go on where nobody is missed.

use kukuri_domain::{Now, peer::SourceKind};

use super::{Discovery, Effect, ISLAND_DIALS_PER_TICK, Timer, peers::Company};

/// Neighbours below which known members are dialled although we are not alone: gossip's own joins
/// to members of members can fail unheard, and a chain of three breaks when the middle one goes.
const NEIGHBOURS_ENOUGH: usize = 3;

/// How long neighbours may be few before known members are dialled, plus or minus half.
const FEW_AFTER_MS: u64 = 2_000;

/// The first pause before the DHT is looked at for the members that are missed, doubled each time
/// up to the shortest tick, plus or minus a fifth.
const MISSING_MS: u64 = 3_000;

const MISSING_MS_MAX: u64 = 60_000;

/// Looks for those who are missed.
#[derive(Debug, Default)]
pub(super) struct Looks {
    is_due: bool,
    rounds: u32,
}

impl Discovery {
    pub(super) fn company(&self, now: Now) -> Company {
        match self.neighbours.len() {
            0 => Company::None,
            1..NEIGHBOURS_ENOUGH if now.mono_ms >= self.few_from_ms => Company::Few,
            _ => Company::Enough,
        }
    }

    /// Neighbours came or went. Gossip mends its own views within a second mostly; whoever dialled
    /// at once would push others out of theirs, and they would do the same.
    pub(super) fn note_company(&mut self, before: usize, now: Now, out: &mut Vec<Effect>) {
        let is_few = |count: usize| (1..NEIGHBOURS_ENOUGH).contains(&count);
        if is_few(self.neighbours.len()) && !is_few(before) {
            self.looks.rounds = 0;
            let after_ms = self.spread(FEW_AFTER_MS, 0.5);
            self.few_from_ms = now.mono_ms + after_ms;
            out.push(Effect::StartTimer {
                timer: Timer::Company,
                after_ms,
            });
        }
    }

    /// Those who did not let a message through are not the first to be asked again. Others are
    /// wanted, whoever else comes: those of before may dial us sooner than we reach anybody.
    pub(super) fn on_deaf(&mut self, now: Now) {
        let neighbours = self.neighbours.keys().copied().collect();
        self.peers
            .turn_to_others(&neighbours, NEIGHBOURS_ENOUGH, now.mono_ms);
    }

    /// The next look, as long as few are here and others are known. Whether those are gone is
    /// judged when it is due. Who is alone looks anyway.
    pub(super) fn schedule_look(&mut self, now: Now, out: &mut Vec<Effect>) {
        let is_wanted = !self.looks.is_due
            && self.settings.is_enabled(SourceKind::Dht)
            && self.company(now) == Company::Few
            && self.peers.has_others();
        if !is_wanted {
            return;
        }
        self.looks.is_due = true;
        let pause_ms = (MISSING_MS << self.looks.rounds.min(8)).min(MISSING_MS_MAX);
        let after_ms = self.spread(pause_ms, 0.2);
        out.push(Effect::StartTimer {
            timer: Timer::Missing,
            after_ms,
        });
    }

    /// Everybody who is known and no neighbour is gone: somebody else may have published, and we
    /// do, for those who look. The tick goes on as it does.
    pub(super) fn on_look_due(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.looks.is_due = false;
        if self.company(now) == Company::Few && self.peers.are_all_gone(now.mono_ms) {
            self.looks.rounds += 1;
            self.island_dials_left = ISLAND_DIALS_PER_TICK;
            self.search(SourceKind::Dht, now, out);
            self.announce(now.unix.minute(), now, out);
        }
    }
}
