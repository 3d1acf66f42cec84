//! The watch over the machine: it slept, or its network became another one.
//!
//! Owns the rule that tells sleep from time that passed awake, and the task that tells network and
//! topics. Must never take a clock that was set for a sleep where the system counts sleep itself,
//! and never ask a clock inside the rule.

use std::sync::Arc;

use futures_util::StreamExt as _;
use kukuri_application::{
    engine::Engine,
    ports::{Clock, NetworkChanges, TopicNetwork},
};
use kukuri_domain::Now;
use tokio::time::{Duration, MissedTickBehavior, interval};

use crate::platform;

/// How often the clocks are looked at. After a sleep the rest of this passes before it is noticed.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LOOK_EVERY_MS: u64 = LOOK_EVERY.as_millis() as u64;

/// A sleep that is counted by the system is one from this length on; shorter ones no peer notices.
const SLEPT_MS_MIN: u64 = 3_000;

/// Without such a count, wall time that nobody was awake for is a sleep from this length on: less
/// may be a clock that was set.
const WALL_GAP_MS_MIN: u64 = 10_000;

/// A process that was not run for this long (stopped, or its container frozen) has been away too.
const HELD_UP_MS_MIN: u64 = 10_000;

/// What the clocks say at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Wall and monotonic time; the monotonic clock stands still while the machine sleeps on some
    /// systems (Linux, macOS) and goes on on others.
    pub now: Now,
    /// How long the machine has slept since it was started, where the system counts that.
    pub slept_ms: Option<u64>,
}

/// Tells from one look at the clocks to the next whether the machine was away in between.
#[derive(Debug)]
pub struct Wakefulness {
    last: Reading,
    look_every_ms: u64,
}

impl Wakefulness {
    /// For somebody who looks every `look_every_ms`.
    pub fn new(first: Reading, look_every_ms: u64) -> Self {
        Self {
            last: first,
            look_every_ms,
        }
    }

    /// How many milliseconds the machine or the process was away since the last look; `None` when
    /// it was awake all the time.
    pub fn look(&mut self, reading: Reading) -> Option<u64> {
        let last = std::mem::replace(&mut self.last, reading);
        let awake_ms = reading.now.mono_ms.saturating_sub(last.now.mono_ms);
        let held_up_ms = awake_ms.saturating_sub(self.look_every_ms);
        let (slept_ms, slept_ms_min) = match (reading.slept_ms, last.slept_ms) {
            (Some(now), Some(before)) => (now.saturating_sub(before), SLEPT_MS_MIN),
            _ => {
                let wall_ms = reading.now.unix.0.saturating_sub(last.now.unix.0);
                (wall_ms.saturating_sub(awake_ms), WALL_GAP_MS_MIN)
            }
        };
        let is_away = slept_ms >= slept_ms_min || held_up_ms >= HELD_UP_MS_MIN;
        is_away.then_some(slept_ms.saturating_add(held_up_ms))
    }
}

/// Tells network and topics when the machine was away or its network changed. Runs until it is
/// dropped.
pub(crate) async fn watch(network: Arc<dyn TopicNetwork>, engine: Engine, clock: Arc<dyn Clock>) {
    let read = move || Reading {
        now: clock.now(),
        slept_ms: platform::slept_ms(),
    };
    let changes = network.changes();
    run(network, engine, changes, read).await;
}

/// As [`watch`], with changes and clocks from the caller.
pub(crate) async fn run(
    network: Arc<dyn TopicNetwork>,
    engine: Engine,
    mut changes: NetworkChanges,
    read: impl Fn() -> Reading,
) {
    let mut wakefulness = Wakefulness::new(read(), LOOK_EVERY_MS);
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_open = true;
    loop {
        tokio::select! {
            change = changes.next(), if is_open => {
                is_open = change.is_some();
                if is_open {
                    engine.network_changed().await;
                }
            }
            _ = looks.tick() => {
                if let Some(away_ms) = wakefulness.look(read()) {
                    tracing::info!(away_ms, "this machine was away");
                    network.renew().await;
                    engine.network_changed().await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
