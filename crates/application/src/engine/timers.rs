//! The running timers of one topic: few, so a map is enough.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use crate::{discovery, session};

/// A timer of either machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Timer {
    Session(session::Timer),
    Discovery(discovery::Timer),
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    due: HashMap<Timer, Instant>,
}

impl Timers {
    /// Starts a timer, or replaces the one of the same name.
    pub(super) fn start(&mut self, timer: Timer, after_ms: u64) {
        self.due
            .insert(timer, Instant::now() + Duration::from_millis(after_ms));
    }

    /// When the next one fires.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.values().min().copied()
    }

    /// Removes and returns those that are due.
    pub(super) fn take_due(&mut self) -> Vec<Timer> {
        let now = Instant::now();
        let due: Vec<Timer> = self
            .due
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(timer, _)| *timer)
            .collect();
        for timer in &due {
            self.due.remove(timer);
        }
        due
    }
}
