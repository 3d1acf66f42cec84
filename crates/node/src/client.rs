//! The one API by which commands and desktop use a node.
//!
//! Owns requests and their answers as plain data, so that the same calls can go through a control
//! socket. Must never hand out a port, an engine handle or a closure.

use std::sync::Arc;

use kukuri_application::{
    engine::{Engine, JoinError, PostError, Posted, TopicClosed, TopicHandle},
    ports::{Clock, IdentityError, KeyStore, NetworkError, StoreError, TopicNetwork},
    views::{ExplainView, PeerView, PostView, StatusView, TopicEvent, TopicView},
};
use kukuri_domain::{
    AuthorId, EventOrder, PeerId, TopicName, UnixMs,
    event::{AdmissionError, ShapeError},
    limits::EVENT_BYTES_MAX,
};
use thiserror::Error;
use tokio::sync::broadcast::{self, error::RecvError};

/// Why a request was not fulfilled.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The topic is not joined.
    #[error("#{0} is not joined")]
    NotJoined(TopicName),
    /// The post is larger than an event may be.
    #[error("the post has {bytes} bytes, at most {EVENT_BYTES_MAX} are possible")]
    TooLong {
        /// Its size.
        bytes: usize,
    },
    /// There is nothing in the post.
    #[error("an empty post is not sent")]
    Empty,
    /// The topic's rules do not allow the post.
    #[error("the post was refused: {0}")]
    Refused(String),
    /// The post could not be signed.
    #[error("the post could not be signed")]
    Signing(#[source] IdentityError),
    /// The database did not do its part.
    #[error(transparent)]
    Store(StoreError),
    /// The network did not do its part.
    #[error(transparent)]
    Network(NetworkError),
    /// The node is stopping.
    #[error("the node is stopping")]
    Closed,
}

/// What kind of error it is: stable, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The topic is not joined.
    NotJoined,
    /// Too large.
    TooLong,
    /// Nothing in it.
    Empty,
    /// The topic's rules do not allow it.
    Refused,
    /// The signing key could not be used.
    Signing,
    /// The disk is full.
    DiskFull,
    /// The database.
    Database,
    /// The network.
    Network,
    /// The node is stopping.
    Closed,
}

impl Code {
    /// The name in JSON and on the control socket.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::NotJoined => "not_joined",
            Code::TooLong => "too_long",
            Code::Empty => "empty",
            Code::Refused => "refused",
            Code::Signing => "signing",
            Code::DiskFull => "disk_full",
            Code::Database => "database",
            Code::Network => "network",
            Code::Closed => "closed",
        }
    }
}

impl ClientError {
    /// What kind of error it is.
    pub fn code(&self) -> Code {
        match self {
            ClientError::NotJoined(_) => Code::NotJoined,
            ClientError::TooLong { .. } => Code::TooLong,
            ClientError::Empty => Code::Empty,
            ClientError::Refused(_) => Code::Refused,
            ClientError::Signing(_) => Code::Signing,
            ClientError::Store(StoreError::DiskFull(_)) => Code::DiskFull,
            ClientError::Store(_) => Code::Database,
            ClientError::Network(_) => Code::Network,
            ClientError::Closed => Code::Closed,
        }
    }

    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            ClientError::NotJoined(topic) => Some(format!("join it first: kukuri join {topic}")),
            ClientError::TooLong { .. } => Some("split it into several posts".to_owned()),
            ClientError::Store(StoreError::DiskFull(_)) => {
                Some("make room on this disk; nothing was half written".to_owned())
            }
            ClientError::Store(StoreError::ReadOnly(_)) => {
                Some("make the profile's folder and files writable for this user".to_owned())
            }
            _ => None,
        }
    }
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => ClientError::Closed,
            other => ClientError::Store(other),
        }
    }
}

impl From<NetworkError> for ClientError {
    fn from(error: NetworkError) -> Self {
        match error {
            NetworkError::Closed => ClientError::Closed,
            other => ClientError::Network(other),
        }
    }
}

impl From<JoinError> for ClientError {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Store(error) => error.into(),
            JoinError::Network(error) => error.into(),
            JoinError::Stopping => ClientError::Closed,
        }
    }
}

impl From<TopicClosed> for ClientError {
    fn from(_: TopicClosed) -> Self {
        ClientError::Closed
    }
}

impl From<AdmissionError> for ClientError {
    fn from(error: AdmissionError) -> Self {
        ClientError::Refused(error.to_string())
    }
}

impl From<PostError> for ClientError {
    fn from(error: PostError) -> Self {
        match error {
            PostError::Empty => ClientError::Empty,
            PostError::Shape(error) => error.into(),
            PostError::Refused(error) => error.into(),
            PostError::Identity(IdentityError::Draft(error)) => error.into(),
            PostError::Identity(error) => ClientError::Signing(error),
            PostError::Store(error) => error.into(),
            PostError::Closed(error) => error.into(),
        }
    }
}

impl From<ShapeError> for ClientError {
    fn from(error: ShapeError) -> Self {
        match error {
            ShapeError::TooLarge(bytes) => ClientError::TooLong { bytes },
            other => ClientError::Refused(other.to_string()),
        }
    }
}

/// What a client needs beside the engine, to tell about the node itself.
#[derive(Clone)]
pub(crate) struct About {
    pub(crate) version: &'static str,
    pub(crate) author: AuthorId,
    pub(crate) key_store: KeyStore,
    pub(crate) network: Arc<dyn TopicNetwork>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started_mono_ms: u64,
}

/// A user of one node, in the same process. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    engine: Engine,
    about: Arc<About>,
}

impl Client {
    pub(crate) fn new(engine: Engine, about: About) -> Self {
        Self {
            engine,
            about: Arc::new(about),
        }
    }

    /// Joins a public topic and begins to look for its members. Joining again changes nothing.
    ///
    /// # Errors
    /// [`ClientError::Store`], [`ClientError::Network`], [`ClientError::Closed`].
    pub async fn join(&self, topic: &TopicName) -> Result<TopicView, ClientError> {
        Ok(self.engine.join(topic.clone()).await?.view().await?)
    }

    /// Leaves a topic; its posts stay in the database. Returns whether it had been joined.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub async fn leave(&self, topic: &TopicName) -> Result<bool, ClientError> {
        match self.topic(topic) {
            Ok(handle) => Ok(self.engine.leave(handle.keys().id).await?),
            Err(_) => Ok(false),
        }
    }

    /// Signs and stores a post and hands it to the members that are connected. When it returns
    /// `Ok`, the post is on the disk.
    ///
    /// # Errors
    /// [`ClientError`]; then the post is not stored.
    pub async fn post(&self, topic: &TopicName, text: &str) -> Result<Posted, ClientError> {
        Ok(self.topic(topic)?.post(text).await?)
    }

    /// Up to `limit` newest posts before `before` (all when `None`), newest first.
    ///
    /// # Errors
    /// [`ClientError::NotJoined`], [`ClientError::Store`].
    pub async fn read(
        &self,
        topic: &TopicName,
        limit: u32,
        before: Option<EventOrder>,
    ) -> Result<Vec<PostView>, ClientError> {
        Ok(self.topic(topic)?.read(limit, before).await?)
    }

    /// What happens in the topic from now on.
    ///
    /// # Errors
    /// [`ClientError::NotJoined`].
    pub fn subscribe(&self, topic: &TopicName) -> Result<TopicEvents, ClientError> {
        Ok(TopicEvents {
            receiver: self.topic(topic)?.subscribe(),
        })
    }

    /// Who is connected.
    ///
    /// # Errors
    /// [`ClientError::NotJoined`].
    pub async fn peers(&self, topic: &TopicName) -> Result<Vec<PeerView>, ClientError> {
        Ok(self.topic(topic)?.peers().await?)
    }

    /// Why the topic is connected the way it is.
    ///
    /// # Errors
    /// [`ClientError::NotJoined`], [`ClientError::Store`].
    pub async fn explain(&self, topic: &TopicName) -> Result<ExplainView, ClientError> {
        Ok(self.topic(topic)?.explain().await?)
    }

    /// The node and its topics.
    ///
    /// # Errors
    /// [`ClientError::Store`], [`ClientError::Closed`].
    pub async fn status(&self) -> Result<StatusView, ClientError> {
        let about = &self.about;
        let mut topics = Vec::new();
        for handle in self.engine.topics() {
            topics.push(handle.view().await?);
        }
        Ok(StatusView {
            version: about.version.to_owned(),
            author: about.author,
            peer_id: self.peer_id(),
            key_store: about.key_store,
            uptime_ms: about
                .clock
                .now()
                .mono_ms
                .saturating_sub(about.started_mono_ms),
            network: about.network.status().await,
            topics,
        })
    }

    /// Says that the machine's network changed: members are looked for anew in every topic.
    pub async fn network_changed(&self) {
        self.engine.network_changed().await;
    }

    /// The author of what is posted here.
    pub fn author(&self) -> AuthorId {
        self.about.author
    }

    /// This node's endpoint.
    pub fn peer_id(&self) -> PeerId {
        self.about.network.local_peer()
    }

    /// The wall time of the node.
    pub fn now(&self) -> UnixMs {
        self.about.clock.now().unix
    }

    fn topic(&self, name: &TopicName) -> Result<TopicHandle, ClientError> {
        let mut topics = self.engine.topics().into_iter();
        topics
            .find(|handle| handle.keys().name == *name)
            .ok_or_else(|| ClientError::NotJoined(name.clone()))
    }
}

/// What happens in a topic, in order.
#[derive(Debug)]
pub struct TopicEvents {
    receiver: broadcast::Receiver<TopicEvent>,
}

impl TopicEvents {
    /// The next event; `None` when the topic was left. Whoever is too slow gets
    /// [`TopicEvent::Resync`] in place of what was missed. Cancel-safe.
    pub async fn next(&mut self) -> Option<TopicEvent> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(_)) => Some(TopicEvent::Resync),
            Err(RecvError::Closed) => None,
        }
    }
}
