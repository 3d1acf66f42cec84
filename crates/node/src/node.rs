//! A running node: the engine over the ports that a binary chose, from start to end.
//!
//! Owns the order of stopping. Must never choose an adapter, and never keep a profile locked
//! after its database was closed.

use std::time::Duration;

use kukuri_application::{
    engine::{self, Engine, Ports},
    ports::{KeyStore, StoreError},
};
use thiserror::Error;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use crate::{
    client::{About, Client},
    lock::ProfileLock,
    watch,
};

/// How long stopping may take altogether.
pub const SHUTDOWN_MAX: Duration = Duration::from_secs(5);

/// What is kept back for the database: what was answered "ok" is on the disk before, but a
/// closed database opens faster.
const CLOSE_MAX: Duration = Duration::from_millis(1_500);

/// What a node is made of.
pub struct Parts {
    /// The adapters.
    pub ports: Ports,
    /// Timing of discovery.
    pub settings: engine::Settings,
    /// Where the keys are kept.
    pub key_store: KeyStore,
    /// Version of the program.
    pub version: &'static str,
    /// The profile; throw-away homes have none.
    pub lock: Option<ProfileLock>,
}

/// Why a node did not stop cleanly. What was acknowledged is on the disk all the same.
#[derive(Debug, Error)]
pub enum StopError {
    /// A part did not end in time; the process may end without it.
    #[error("{part} did not stop within {} s", SHUTDOWN_MAX.as_secs())]
    TimedOut {
        /// Which part.
        part: &'static str,
    },
    /// The database could not be closed.
    #[error("the database could not be closed")]
    Store(#[source] StoreError),
}

/// A running node. It must be stopped with [`Node::shutdown`]; dropping it only cancels.
pub struct Node {
    engine: Engine,
    ports: Ports,
    client: Client,
    lock: Option<ProfileLock>,
    watch: JoinSet<()>,
}

impl Node {
    /// Starts a node without topics.
    pub fn start(parts: Parts) -> Self {
        let about = About {
            version: parts.version,
            author: parts.ports.identity.author(),
            key_store: parts.key_store,
            network: parts.ports.network.clone(),
            clock: parts.ports.clock.clone(),
            started_mono_ms: parts.ports.clock.now().mono_ms,
        };
        let engine = Engine::start(parts.ports.clone(), parts.settings);
        let client = Client::new(engine.clone(), about);
        let mut watch = JoinSet::new();
        watch.spawn(watch::watch(
            parts.ports.network.clone(),
            engine.clone(),
            parts.ports.clock.clone(),
        ));
        Self {
            engine,
            ports: parts.ports,
            client,
            lock: parts.lock,
            watch,
        }
    }

    /// The API of this node.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Stops within [`SHUTDOWN_MAX`]: takes no more work, leaves the topics, closes the endpoint,
    /// closes the database, and frees the profile. A part that hangs does not keep the later
    /// parts from stopping.
    ///
    /// # Errors
    /// [`StopError`] for the first part that did not stop cleanly.
    pub async fn shutdown(mut self) -> Result<(), StopError> {
        self.watch.abort_all();
        let end = Instant::now() + SHUTDOWN_MAX;
        let before_closing = end - CLOSE_MAX;
        let late = |part| move |_elapsed| StopError::TimedOut { part };
        let topics = timeout_at(before_closing, self.engine.shutdown())
            .await
            .map_err(late("a topic"));
        let network = timeout_at(before_closing, self.ports.network.shutdown())
            .await
            .map_err(late("the network"));
        let store = match timeout_at(end, self.ports.store.close()).await {
            Ok(closed) => closed.map_err(StopError::Store),
            Err(elapsed) => Err(late("the database")(elapsed)),
        };
        drop(self.lock);
        topics.and(network).and(store)
    }
}

#[cfg(test)]
mod tests;
