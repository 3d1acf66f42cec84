//! The ring of attempts that `explain` shows.

use std::collections::VecDeque;

use kukuri_domain::{Now, PeerId, peer::SourceKind};

use crate::views::{AttemptResult, AttemptView};

/// Attempts that are kept per topic: about an hour of an idle topic, or the whole story of a join
/// that fails.
const ATTEMPTS_MAX: usize = 256;

#[derive(Debug)]
struct Attempt {
    view: AttemptView,
    begun_ms: u64,
    minute: Option<u64>,
}

/// Attempts, oldest first.
#[derive(Debug, Default)]
pub(super) struct AttemptLog {
    attempts: VecDeque<Attempt>,
}

impl AttemptLog {
    /// Notes that a search (`peer` is `None`) or a dial began.
    pub(super) fn begin(&mut self, source: SourceKind, peer: Option<PeerId>, start: Now, now: Now) {
        self.push(source, peer, None, start, now);
    }

    /// Notes that our record is being published.
    pub(super) fn begin_announcement(&mut self, minute: u64, start: Now, now: Now) {
        self.push(SourceKind::Dht, None, Some(minute), start, now);
    }

    fn push(
        &mut self,
        source: SourceKind,
        peer: Option<PeerId>,
        minute: Option<u64>,
        start: Now,
        now: Now,
    ) {
        if self.attempts.len() == ATTEMPTS_MAX {
            self.attempts.pop_front();
        }
        let view = AttemptView {
            source,
            peer,
            started_at: now.unix,
            started_after_ms: now.mono_ms.saturating_sub(start.mono_ms),
            took_ms: None,
            result: AttemptResult::Running,
            detail: String::new(),
        };
        self.attempts.push_back(Attempt {
            view,
            begun_ms: now.mono_ms,
            minute,
        });
    }

    /// Notes how the latest running attempt of this kind ended.
    pub(super) fn end(
        &mut self,
        source: SourceKind,
        peer: Option<PeerId>,
        now: Now,
        result: AttemptResult,
        detail: String,
    ) {
        self.finish(now, result, detail, |a| {
            a.view.source == source && a.view.peer == peer && a.minute.is_none()
        });
    }

    /// Notes how publishing our record ended.
    pub(super) fn end_announcement(
        &mut self,
        minute: u64,
        now: Now,
        result: AttemptResult,
        detail: String,
    ) {
        self.finish(now, result, detail, |a| a.minute == Some(minute));
    }

    fn finish(
        &mut self,
        now: Now,
        result: AttemptResult,
        detail: String,
        is_it: impl Fn(&Attempt) -> bool,
    ) {
        let running = |a: &&mut Attempt| a.view.result == AttemptResult::Running && is_it(a);
        // An attempt that was pushed out of the ring meanwhile is not missed.
        if let Some(attempt) = self.attempts.iter_mut().rev().find(running) {
            attempt.view.took_ms = Some(now.mono_ms.saturating_sub(attempt.begun_ms));
            attempt.view.result = result;
            attempt.view.detail = detail;
        }
    }

    pub(super) fn views(&self) -> impl DoubleEndedIterator<Item = &AttemptView> {
        self.attempts.iter().map(|a| &a.view)
    }
}
