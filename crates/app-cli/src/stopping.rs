//! The end of the process by Ctrl-C and signals.
//!
//! Owns a task that does nothing else, so that the end comes even when everything else hangs (a
//! terminal or pipe that takes no output, for example): the first signal asks for an orderly end,
//! the second ends the process at once, and so does an orderly end that takes too long. Must
//! never leave a terminal raw.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kukuri_node::{
    node::SHUTDOWN_MAX,
    platform::{StopSignal, StopSignals},
};
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
    part: Part,
    _task: JoinSet<()>,
}

/// What ends by Ctrl-C in place of the process.
type Part = Arc<Mutex<Option<CancellationToken>>>;

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
        let part = Part::default();
        let (first, ending) = (asked.clone(), part.clone());
        task.spawn(async move {
            loop {
                let signal = signals.next().await;
                match take(&ending).filter(|_| signal == StopSignal::Interrupt) {
                    Some(part) => part.cancel(),
                    None => break,
                }
            }
            first.cancel();
            tokio::select! {
                _ = signals.next() => {}
                () = tokio::time::sleep(SHUTDOWN_MAX + MARGIN) => {}
            }
            end_now();
        });
        Ok(Self {
            asked,
            part,
            _task: task,
        })
    }

    /// The next Ctrl-C cancels this, and nothing else, until [`Self::part_is_over`].
    pub fn begin_part(&self) -> CancellationToken {
        let part = CancellationToken::new();
        let mut place = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(part.clone());
        part
    }

    /// From now on Ctrl-C asks for the end of the process again.
    pub fn part_is_over(&self) {
        take(&self.part);
    }

    /// Whether an orderly end was asked for.
    pub fn is_asked(&self) -> bool {
        self.asked.is_cancelled()
    }

    /// Waits until an orderly end is asked for. Cancel-safe.
    pub async fn asked(&self) {
        self.asked.cancelled().await;
    }
}

fn take(part: &Part) -> Option<CancellationToken> {
    part.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Ends the process without waiting for anything. What was acknowledged is on the disk.
pub fn end_now() -> ! {
    screen::restore();
    std::process::exit(Exit::Interrupted as i32)
}
