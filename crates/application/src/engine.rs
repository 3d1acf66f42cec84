//! The engine: drives one `session` and one `discovery` per joined topic with tasks and timers.
//!
//! Owns the ownership tree of a node's tasks, the bounded channels between them, and the handles
//! by which a node reaches its topics. Must never decide anything about a protocol: what to do is
//! decided by the pure machines, how to do it by the ports.

mod actor;
mod audience;
mod entries;
mod tasks;
#[cfg(test)]
mod tests;
mod timers;
mod topic;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kukuri_domain::{AuthorId, TopicId, TopicKeys, TopicName, event::Profile};
use thiserror::Error;
use tokio::{sync::broadcast, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    discovery,
    ports::{
        Clock, EventStore, Identity, JoinedTopic, NetworkError, PeerSource, StoreError, TopicBook,
        TopicNetwork,
    },
    views::{NodeEvent, TopicEvent},
};
use actor::{Actor, Setup};
use audience::{Audience, NAMES_MAX};

pub use entries::{Condition, EntryChange};
pub use topic::{PostError, Posted, TopicClosed, TopicHandle};

/// How long one topic may take to finish its acknowledgements when the node stops.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(2);

/// Everything that a node's binary chose.
#[derive(Clone)]
pub struct Ports {
    /// Events.
    pub store: Arc<dyn EventStore>,
    /// Topics and peers.
    pub book: Arc<dyn TopicBook>,
    /// Network.
    pub network: Arc<dyn TopicNetwork>,
    /// Paths of discovery.
    pub sources: Vec<Arc<dyn PeerSource>>,
    /// The author.
    pub identity: Arc<dyn Identity>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// What a user may change about the engine.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How members are found. Sources that the node has no port for are left out.
    pub discovery: discovery::Settings,
    /// Makes random choices reproducible in tests; `None` draws a seed from the system.
    pub seed: Option<u64>,
}

/// Why a topic was not joined.
#[derive(Debug, Error)]
pub enum JoinError {
    /// The topic book could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The network does not take the topic.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The engine was shut down.
    #[error("the node is stopping")]
    Stopping,
}

/// The joined topics of one node.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    ports: Ports,
    settings: Settings,
    topics: Mutex<HashMap<TopicId, Joined>>,
    audience: Arc<Audience>,
    /// Only one join, leave or mute at a time, so that a topic is never joined twice.
    changing: tokio::sync::Mutex<()>,
    cancel: CancellationToken,
}

struct Joined {
    handle: TopicHandle,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Engine {
    /// An engine without topics.
    pub fn start(ports: Ports, mut settings: Settings) -> Self {
        let kinds: Vec<_> = ports.sources.iter().map(|source| source.kind()).collect();
        settings
            .discovery
            .sources
            .retain(|kind| kinds.contains(kind));
        Self {
            inner: Arc::new(Inner {
                ports,
                settings,
                topics: Mutex::default(),
                audience: Arc::new(Audience::new()),
                changing: tokio::sync::Mutex::default(),
                cancel: CancellationToken::new(),
            }),
        }
    }

    /// Joins a public topic and begins to look for its members. Joining again returns the same
    /// topic.
    ///
    /// # Errors
    /// [`JoinError`]; then nothing was joined.
    pub async fn join(&self, name: TopicName) -> Result<TopicHandle, JoinError> {
        let _one_at_a_time = self.inner.changing.lock().await;
        if self.inner.cancel.is_cancelled() {
            return Err(JoinError::Stopping);
        }
        let keys = Arc::new(TopicKeys::public(name));
        if let Some(handle) = self.topic(&keys.id) {
            return Ok(handle);
        }
        let ports = &self.inner.ports;
        let joined_at = ports.clock.now().unix;
        let link = ports.network.join(keys.clone()).await?;
        ports
            .book
            .join(JoinedTopic {
                id: keys.id,
                name: keys.name.clone(),
                visibility: keys.visibility,
                epoch: keys.epoch,
                joined_at,
            })
            .await?;
        let seed = self.inner.settings.seed.unwrap_or_else(rand::random);
        let cancel = self.inner.cancel.child_token();
        let last_own_at = latest_own_post(ports, keys.id).await?;
        // Another process may have written since the last topic was joined.
        let names = ports.store.names(NAMES_MAX).await?;
        self.inner.audience.load(ports.store.muted().await?, names);
        let horizon = ports.store.horizon(keys.id).await?;
        let (actor, handle) = Actor::new(
            ports.clone(),
            self.inner.settings.discovery.clone(),
            Setup {
                keys: keys.clone(),
                link,
                horizon,
                seed,
                last_own_at,
            },
            self.inner.audience.clone(),
        );
        let task = tokio::spawn(actor.run(cancel.clone()));
        let joined = Joined {
            handle: handle.clone(),
            cancel,
            task,
        };
        self.lock_topics().insert(keys.id, joined);
        self.inner
            .audience
            .tell(&keys.name, &TopicEvent::TopicJoined);
        if let Some(told) = ports.store.profile(ports.identity.author()).await?
            && let Err(error) = handle.tell_profile(&told.profile).await
        {
            // The topic is joined all the same, and is told when it is joined next.
            tracing::warn!(%error, "a topic was not told who posts here");
        }
        Ok(handle)
    }

    /// Notes what this author says about themselves, and tells every joined topic, and later each
    /// that is joined.
    ///
    /// # Errors
    /// [`PostError`]; topics that were not told are told when they are joined next.
    pub async fn set_profile(&self, profile: Profile) -> Result<(), PostError> {
        let _one_at_a_time = self.inner.changing.lock().await;
        let ports = &self.inner.ports;
        let (author, at) = (ports.identity.author(), ports.clock.now().unix);
        let note = ports.store.note_profile(author, profile.clone(), at);
        note.await?;
        self.inner.audience.set_name(author, profile.name.clone());
        for topic in self.topics() {
            topic.tell_profile(&profile).await?;
        }
        Ok(())
    }

    /// The handle of a joined topic.
    pub fn topic(&self, id: &TopicId) -> Option<TopicHandle> {
        self.lock_topics()
            .get(id)
            .map(|joined| joined.handle.clone())
    }

    /// The handles of all joined topics, by name.
    pub fn topics(&self) -> Vec<TopicHandle> {
        let mut all: Vec<_> = self
            .lock_topics()
            .values()
            .map(|j| j.handle.clone())
            .collect();
        all.sort_by(|a, b| a.keys().name.cmp(&b.keys().name));
        all
    }

    /// Leaves a topic; its events stay in the store. Returns whether it had been joined.
    ///
    /// # Errors
    /// [`StoreError`] when the topic book cannot be written; the topic is left all the same.
    pub async fn leave(&self, id: TopicId) -> Result<bool, StoreError> {
        let _one_at_a_time = self.inner.changing.lock().await;
        let joined = self.lock_topics().remove(&id);
        if let Some(joined) = joined {
            joined.handle.tell(TopicEvent::TopicLeft);
            let name = &joined.handle.keys().name;
            self.inner.audience.tell(name, &TopicEvent::TopicLeft);
            finish(joined).await;
        }
        self.inner.ports.book.leave(id).await
    }

    /// Leaves an author out of everything that is shown, from now on and in every topic; its
    /// events are stored and passed on as before. Returns whether it was not muted before.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing has changed.
    pub async fn mute(&self, author: AuthorId) -> Result<bool, StoreError> {
        let _one_at_a_time = self.inner.changing.lock().await;
        let is_new = self.inner.ports.store.mute(author).await?;
        self.inner.audience.set_muted(author, true);
        Ok(is_new)
    }

    /// Shows an author again. Returns whether it was muted.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing has changed.
    pub async fn unmute(&self, author: AuthorId) -> Result<bool, StoreError> {
        let _one_at_a_time = self.inner.changing.lock().await;
        let was_muted = self.inner.ports.store.unmute(author).await?;
        self.inner.audience.set_muted(author, false);
        Ok(was_muted)
    }

    /// What happens in all topics from now on, joining and leaving included.
    pub fn subscribe(&self) -> broadcast::Receiver<NodeEvent> {
        self.inner.audience.subscribe()
    }

    /// Tells every topic that the machine's network, or the reach of a source, has changed.
    pub async fn network_changed(&self) {
        for topic in self.topics() {
            topic.network_changed().await;
        }
    }

    /// Finishes what was begun and leaves every topic; the topic book keeps them. Takes at most
    /// a few seconds.
    pub async fn shutdown(&self) {
        self.inner.cancel.cancel();
        let _no_more_joins = self.inner.changing.lock().await;
        let all: Vec<Joined> = self
            .lock_topics()
            .drain()
            .map(|(_, joined)| joined)
            .collect();
        futures_util::future::join_all(all.into_iter().map(finish)).await;
    }

    fn lock_topics(&self) -> std::sync::MutexGuard<'_, HashMap<TopicId, Joined>> {
        self.inner
            .topics
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

async fn finish(joined: Joined) {
    joined.cancel.cancel();
    let mut task = joined.task;
    match timeout(SHUTDOWN_PATIENCE, &mut task).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "a topic's task failed"),
        Err(_) => {
            tracing::warn!("a topic did not stop in time");
            task.abort();
        }
    }
}

/// The time of this author's latest post among the newest events, so that the author's clock does
/// not go back when the machine's clock did.
async fn latest_own_post(ports: &Ports, topic: TopicId) -> Result<u64, StoreError> {
    const NEWEST: u32 = 200;
    let author = ports.identity.author();
    let newest = ports.store.newest(topic, NEWEST, None).await?;
    let own = newest
        .iter()
        .filter(|stored| stored.event.author() == author);
    Ok(own
        .map(|stored| stored.event.order().at().0)
        .max()
        .unwrap_or(0))
}
