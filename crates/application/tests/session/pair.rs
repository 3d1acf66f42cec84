//! Two members of whom one asks the other, message by message.

use kukuri_application::{
    ports::{SyncAnswer, SyncRequest},
    session::Input,
};
use kukuri_domain::{EventId, UnixMs, VerifiedEvent, wire::SetSummary};

use crate::bench::{Bench, peer};

/// Two members, of whom the first asks the second.
pub struct Pair {
    pub ours: Bench,
    pub theirs: Bench,
}

impl Pair {
    pub fn of(ours: &[VerifiedEvent], theirs: &[VerifiedEvent]) -> Self {
        let holding = |events: &[VerifiedEvent]| {
            let mut bench = Bench::new();
            bench.others_agree = false;
            let stored = events.iter().map(|e| (e.id(), e.clone().into_signed()));
            bench.stored.extend(stored);
            bench
        };
        Self {
            ours: holding(ours),
            theirs: holding(theirs),
        }
    }

    pub fn serve(&mut self, request: &SyncRequest) -> SyncAnswer {
        let stored = &self.theirs.stored;
        match request {
            SyncRequest::Get(ids) => SyncAnswer::all(
                ids.iter()
                    .filter_map(|id| stored.get(id))
                    .cloned()
                    .collect(),
            ),
            SyncRequest::Summary(ours) => {
                let theirs = self.theirs.set().summary(ours.cut, ours.since);
                self.theirs.tell(Input::Compared {
                    peer: peer(2),
                    ours: theirs,
                    theirs: *ours,
                });
                SyncAnswer::Summary(theirs)
            }
            SyncRequest::Reconcile { since, message } => {
                let answer = self.theirs.set().respond(*since, message);
                SyncAnswer::Reconciled(answer.expect("sessions send sense"))
            }
            SyncRequest::Offer { ids, more } => {
                self.theirs.tell(Input::Offered {
                    peer: peer(2),
                    ids: ids.clone(),
                    more: *more,
                });
                SyncAnswer::nothing()
            }
            SyncRequest::Newest { .. } | SyncRequest::Receipt(_) | SyncRequest::Author => {
                SyncAnswer::nothing()
            }
        }
    }

    /// Answers what is asked until nothing is asked any more; returns what was seen.
    pub fn run(&mut self) -> Vec<String> {
        let mut seen = Vec::new();
        while let Some((_, request)) = self.ours.calls.front().cloned() {
            let answer = self.serve(&request);
            seen.extend(self.ours.answer(Some(answer)));
        }
        seen
    }

    /// The other side fetches what it was offered.
    pub fn let_them_fetch(&mut self) {
        while let Some((_, request)) = self.theirs.calls.front().cloned() {
            std::mem::swap(&mut self.ours, &mut self.theirs);
            let answer = self.serve(&request);
            self.ours.answer(Some(answer));
            std::mem::swap(&mut self.ours, &mut self.theirs);
        }
    }
}

pub fn held(bench: &Bench) -> Vec<EventId> {
    bench.stored.keys().copied().collect()
}

/// What a member says in short that holds these.
pub fn summary_of(events: &[VerifiedEvent], cut: UnixMs) -> SetSummary {
    Pair::of(events, &[]).ours.set().summary(cut, UnixMs(0))
}
