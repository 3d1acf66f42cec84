//! The end of the process by Ctrl-C and signals.
//!
//! Owns a task that does nothing else, so that the end comes even when everything else hangs (a
//! terminal or pipe that takes no output, for example): the first signal asks for an orderly end,
//! the second ends the process at once, and so does an orderly end that takes too long. Must
//! never leave a terminal raw.

use std::time::Duration;

use kukuri_node::{node::SHUTDOWN_MAX, platform::StopSignals};
use kukuri_wiring::{Exit, Failure};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::screen;

/// What an orderly end may take beside the node's own.
const MARGIN: Duration = Duration::from_millis(500);

/// Watches for signals until it is dropped.
#[derive(Debug)]
pub struct StopGuard {
    asked: CancellationToken,
    _task: JoinSet<()>,
}

impl StopGuard {
    /// Takes over the signals of this process.
    ///
    /// # Errors
    /// [`Exit::Unexpected`] if the system does not let us.
    pub fn watch() -> Result<Self, Failure> {
        let mut signals = StopSignals::listen().map_err(|error| {
            let message = format!("failed to listen to signals: {error}");
            Failure::new(Exit::Unexpected, message)
        })?;
        let asked = CancellationToken::new();
        let mut task = JoinSet::new();
        let first = asked.clone();
        task.spawn(async move {
            signals.next().await;
            first.cancel();
            tokio::select! {
                () = signals.next() => {}
                () = tokio::time::sleep(SHUTDOWN_MAX + MARGIN) => {}
            }
            end_now();
        });
        Ok(Self { asked, _task: task })
    }

    /// Waits until an orderly end is asked for. Cancel-safe.
    pub async fn asked(&self) {
        self.asked.cancelled().await;
    }
}

/// Ends the process without waiting for anything. What was acknowledged is on the disk.
pub fn end_now() -> ! {
    screen::restore();
    std::process::exit(Exit::Interrupted as i32)
}
