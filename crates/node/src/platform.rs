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

/// How long the machine has slept since it was started; `None` where the system does not say. On
/// Linux one of its two monotonic clocks goes on in sleep, and the other does not.
pub fn slept_ms() -> Option<u64> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::time::{ClockId, clock_gettime};
        let ms = |clock| {
            let at = clock_gettime(clock);
            at.tv_sec * 1_000 + at.tv_nsec / 1_000_000
        };
        // In this order the difference is never too small by what passes between the two.
        let awake_ms = ms(ClockId::Monotonic);
        u64::try_from(ms(ClockId::Boottime) - awake_ms).ok() // Never negative.
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    None
}

/// From now on every file that this process makes is readable by its owner only, those that
/// libraries make (the database's write-ahead log) included.
pub fn make_new_files_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// From now on the system writes no core dump of this process, and its memory, in which the keys
/// are, can be read by the administrator only.
pub fn keep_memory_private() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        // Lowering a limit is always allowed; if it were not, the keys would be as safe as in any
        // other program.
        let _ = setrlimit(Resource::Core, none);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A kernel that refuses leaves the limit above.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// What asks the process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopSignal {
    /// Ctrl-C.
    Interrupt,
    /// The system, or another program; or the terminal is gone.
    Terminate,
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
    pub async fn next(&mut self) -> StopSignal {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => StopSignal::Interrupt,
            _ = self.terminate.recv() => StopSignal::Terminate,
            _ = self.hang_up.recv() => StopSignal::Terminate,
        }
        #[cfg(not(unix))]
        match tokio::signal::ctrl_c().await {
            Ok(()) => StopSignal::Interrupt,
            // Without a handler no signal can come.
            Err(_) => std::future::pending().await,
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

    #[test]
    #[cfg(target_os = "linux")]
    fn sleep_is_counted_and_does_not_grow_while_we_are_awake() {
        let (a, b) = (slept_ms().expect("counted"), slept_ms().expect("counted"));
        assert!(b.abs_diff(a) < 1_000, "{a} {b}");
    }
}
