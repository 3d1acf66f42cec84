//! Clocks whose hands a test turns.
//!
//! Owns [`ManualClock`], which stands still unless told, and [`TokioClock`], which follows tokio's
//! clock and therefore stands still with it. Must never read the machine's wall clock: a test
//! that depends on the hour fails at night.

use std::sync::{Mutex, MutexGuard};

use kukuri_domain::{Now, UnixMs};
use tokio::time::Instant;

use crate::ports::Clock;

/// A clock that stands still until it is set or advanced.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: Mutex<Now>,
}

impl ManualClock {
    /// A clock that shows `unix`; its monotonic time begins at zero.
    pub fn new(unix: UnixMs) -> Self {
        Self {
            now: Mutex::new(Now { unix, mono_ms: 0 }),
        }
    }

    /// Turns the wall clock, in either direction, as a user or NTP does. Monotonic time goes on.
    pub fn set(&self, unix: UnixMs) {
        self.hands().unix = unix;
    }

    /// Lets time pass on both clocks.
    pub fn advance(&self, by_ms: u64) {
        let mut now = self.hands();
        now.unix = UnixMs(now.unix.0 + by_ms);
        now.mono_ms += by_ms;
    }

    fn hands(&self) -> MutexGuard<'_, Now> {
        self.now.lock().expect("no holder of the lock panics")
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.hands()
    }
}

/// Tokio's clock, read as wall time from a given moment on. With tokio's time paused both are.
#[derive(Debug, Clone)]
pub struct TokioClock {
    base: UnixMs,
    start: Instant,
}

impl TokioClock {
    /// A clock that shows `base` now.
    pub fn new(base: UnixMs) -> Self {
        Self {
            base,
            start: Instant::now(),
        }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Now {
        let mono_ms = u64::try_from(self.start.elapsed().as_millis())
            .expect("no program runs for 500 million years");
        Now {
            unix: UnixMs(self.base.0.saturating_add(mono_ms)),
            mono_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_manual_clock_does_as_told() {
        let clock = ManualClock::new(UnixMs(1_000));
        clock.advance(5);
        assert_eq!(
            clock.now(),
            Now {
                unix: UnixMs(1_005),
                mono_ms: 5
            }
        );
        clock.set(UnixMs(10));
        assert_eq!(
            clock.now(),
            Now {
                unix: UnixMs(10),
                mono_ms: 5
            }
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_tokio_clock_follows_a_paused_runtime() {
        let clock = TokioClock::new(UnixMs(1_000));
        assert_eq!(
            clock.now(),
            Now {
                unix: UnixMs(1_000),
                mono_ms: 0
            }
        );
        tokio::time::sleep(Duration::from_secs(2)).await;
        let later = clock.now();
        assert_eq!(later.unix.0 - 1_000, later.mono_ms);
        assert!((2_000..2_010).contains(&later.mono_ms), "{later:?}");
    }
}
