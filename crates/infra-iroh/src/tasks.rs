//! The tasks of one network.
//!
//! Owns every task that this crate starts beside iroh's own, so that none outlives the network.
//! Must never be told to run something that ignores cancellation: dropping it aborts them all.

use std::sync::{Arc, Mutex};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A set of tasks that end with a token. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Tasks {
    set: Arc<Mutex<JoinSet<()>>>,
    shutdown: CancellationToken,
}

impl Tasks {
    pub(crate) fn new(shutdown: CancellationToken) -> Self {
        Self {
            set: Arc::default(),
            shutdown,
        }
    }

    /// Cancelled when the network closes.
    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    /// Runs `task` until it ends or the network closes.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shutdown.clone();
        let mut set = self
            .set
            .lock()
            .expect("no code panics while it holds the tasks");
        // Those that have ended are forgotten, or the set would grow for ever.
        while let Some(ended) = set.try_join_next() {
            note_panic(ended);
        }
        set.spawn(async move {
            // `None` means cancelled, which is how a task ends.
            shutdown.run_until_cancelled(task).await;
        });
    }

    /// Waits until every task has ended; the token must have been cancelled.
    pub(crate) async fn join(&self) {
        let mut set = std::mem::take(
            &mut *self
                .set
                .lock()
                .expect("no code panics while it holds the tasks"),
        );
        while let Some(ended) = set.join_next().await {
            note_panic(ended);
        }
    }
}

fn note_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a network task panicked");
    }
}
