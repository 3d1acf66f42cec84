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
    client::{Client, ClientError, Profile, Running, Stored},
    control::{ControlError, ControlServer},
    home::Home,
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
    /// Name of the profile.
    pub profile: String,
    /// Its folder, for people.
    pub home: String,
    /// Version of the program.
    pub version: &'static str,
    /// The profile's lock; throw-away homes have none.
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
    control: Option<ControlServer>,
    lock: Option<ProfileLock>,
    watch: JoinSet<()>,
}

impl Node {
    /// Starts a node without topics.
    pub fn start(parts: Parts) -> Self {
        let ports = parts.ports;
        let engine = Engine::start(ports.clone(), parts.settings);
        let profile = Profile {
            name: parts.profile,
            home: parts.home,
            version: parts.version.to_owned(),
            author: ports.identity.author(),
            peer_id: ports.network.local_peer(),
            key_store: parts.key_store,
        };
        let client = Client::running(Running {
            stored: Stored {
                store: ports.store.clone(),
                book: ports.book.clone(),
                clock: ports.clock.clone(),
                profile,
            },
            engine: engine.clone(),
            network: ports.network.clone(),
            sources: ports.sources.clone(),
            started_mono_ms: ports.clock.now().mono_ms,
        });
        let mut watch = JoinSet::new();
        watch.spawn(watch::watch(
            ports.network.clone(),
            engine.clone(),
            ports.clock.clone(),
        ));
        Self {
            engine,
            ports,
            client,
            control: None,
            lock: parts.lock,
            watch,
        }
    }

    /// Joins every topic that the profile has joined and not left.
    ///
    /// # Errors
    /// The first topic's that could not be joined; the others are joined all the same.
    pub async fn join_noted_topics(&self) -> Result<(), ClientError> {
        let mut first_error = None;
        for topic in self.ports.book.joined().await? {
            if let Err(error) = self.client.join(&topic.name).await {
                tracing::warn!(topic = %topic.name, %error, "a topic was not joined");
                first_error.get_or_insert(error);
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Lets other processes of this user use the node. They are told if it `is_brief`: if it ends
    /// with the command that it was started for.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn serve_control(
        &mut self,
        home: &Home,
        program: &str,
        is_brief: bool,
    ) -> Result<(), ControlError> {
        let server = ControlServer::start(home, self.client(), program, is_brief)?;
        if let Some(lock) = &mut self.lock
            && let Err(source) = lock.note_socket(server.place().path())
        {
            let place = server.place().clone();
            return Err(ControlError::Listen { place, source });
        }
        self.control = Some(server);
        Ok(())
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
        let control = timeout_at(before_closing, async {
            if let Some(control) = self.control {
                control.shutdown().await;
            }
        })
        .await
        .map_err(late("the control socket"));
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
        control.and(topics).and(network).and(store)
    }
}

#[cfg(test)]
mod tests;
