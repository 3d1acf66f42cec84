//! What only the operating system can say or do: the time, signals, and the mode of new files.
//!
//! Must never be called by a rule: time reaches those as an argument.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use kukuri_application::ports::Clock;
use kukuri_domain::{Now, UnixMs};

/// The machine's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Starts the monotonic clock at 0.
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let ms =
            |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        // A clock before 1970 is shown as 1970: peers then refuse nothing of ours as "future".
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, ms);
        Now {
            unix: UnixMs(unix),
            mono_ms: ms(self.start.elapsed()),
        }
    }
}

/// From now on every file that this process makes is readable by its owner only, those that
/// libraries make (the database's write-ahead log) included.
pub fn make_new_files_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Signals that ask the process to end.
#[derive(Debug)]
pub struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// Takes over the signals; from now on they no longer end the process by themselves.
    ///
    /// # Errors
    /// The system's error if a handler cannot be installed.
    pub fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hang_up: signal(SignalKind::hangup())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next signal. Cancel-safe.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler no signal can come.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_tells_the_wall_time_and_never_runs_backwards() {
        let clock = SystemClock::start();
        let (a, b) = (clock.now(), clock.now());
        assert!(a.unix.0 > 1_700_000_000_000, "{a:?}");
        assert!(b.mono_ms >= a.mono_ms);
    }
}
