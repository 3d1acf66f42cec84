//! The one API by which commands and desktop use a profile: in this process, over the control
//! socket of the process that runs its node, or, without a node, on its database alone.
//!
//! Owns requests and their answers as plain data, so that all three ways answer the same. Must
//! never hand out a port, an engine handle or a closure.

mod entries;
mod error;
mod events;
mod remote;
mod running;
mod stored;

use std::sync::Arc;

use kukuri_application::{
    ports::{Clock, EventStore, KeyStore, TopicBook},
    views::{
        AuthorView, ExplainView, FoundView, PeerView, PostView, ProfileView, SentView, StatusView,
        TopicView,
    },
};
use kukuri_domain::{AuthorId, EventId, EventRef, PeerId, TopicName, TopicRef, UnixMs, event};
use serde::{Deserialize, Serialize};

pub use entries::{Entries, EntryQuery, EntryWrite, PAGE_ENTRIES_MAX, WRITES_MAX};
pub use error::{ClientError, Code};
pub use events::{NodeEvents, TopicEvents};
pub use stored::PAGE_POSTS_MAX;

pub(crate) use events::RemoteEvents;
pub(crate) use remote::Remote;
pub(crate) use running::Running;
pub(crate) use stored::Stored;

/// What is known about a profile without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Name of the profile.
    pub name: String,
    /// Its folder, for people.
    pub home: String,
    /// Version of the program that answers.
    pub version: String,
    /// The author of what is posted here.
    pub author: AuthorId,
    /// The endpoint.
    pub peer_id: PeerId,
    /// Where the secrets are.
    pub key_store: KeyStore,
}

/// Where a page of posts ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// Before this event.
    Event(EventId),
    /// Before this time, by the clocks of the authors.
    Time(UnixMs),
}

/// Which posts are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadQuery {
    /// In which topic.
    pub topic: TopicRef,
    /// How many at most, up to [`PAGE_POSTS_MAX`].
    pub limit: u32,
    /// Only those before; all when `None`.
    #[serde(default)]
    pub before: Option<Before>,
    /// Only those of this author.
    #[serde(default)]
    pub author: Option<AuthorId>,
    /// Only the first posts of threads, and answers to posts that are not here.
    #[serde(default)]
    pub roots: bool,
}

impl ReadQuery {
    /// The newest posts of a topic.
    pub fn newest(topic: impl Into<TopicRef>, limit: u32) -> Self {
        Self {
            topic: topic.into(),
            limit,
            before: None,
            author: None,
            roots: false,
        }
    }
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindQuery {
    /// Words that must all occur.
    pub text: String,
    /// Where; in all joined topics when `None`.
    #[serde(default)]
    pub topic: Option<TopicRef>,
    /// How many at most, up to [`PAGE_POSTS_MAX`].
    pub limit: u32,
    /// Only posts before this time.
    #[serde(default)]
    pub before: Option<UnixMs>,
}

/// Posts of a topic, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Posts {
    /// The topic.
    pub topic: TopicView,
    /// Its posts.
    pub posts: Vec<PostView>,
}

/// A user of one profile. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    way: Way,
}

#[derive(Clone)]
enum Way {
    /// The node runs in this process.
    Running(Arc<Running>),
    /// No node runs.
    Stored(Arc<Stored>),
    /// The node runs in another process.
    Remote(Arc<Remote>),
}

impl Client {
    pub(crate) fn running(running: Running) -> Self {
        Self {
            way: Way::Running(Arc::new(running)),
        }
    }

    /// A client of a profile whose node does not run: it reads, and notes what the next node is
    /// to do, as far as the database is open for writing.
    pub fn offline(
        store: Arc<dyn EventStore>,
        book: Arc<dyn TopicBook>,
        clock: Arc<dyn Clock>,
        profile: Profile,
    ) -> Self {
        let stored = Stored {
            store,
            book,
            clock,
            profile,
        };
        Self {
            way: Way::Stored(Arc::new(stored)),
        }
    }

    pub(crate) fn remote(remote: Remote) -> Self {
        Self {
            way: Way::Remote(Arc::new(remote)),
        }
    }

    /// Joins a public topic and begins to look for its members. Joining again changes nothing.
    /// Without a node it is noted, and the next node joins.
    ///
    /// # Errors
    /// [`Code::Network`], [`Code::Database`] and its kin, [`Code::Closed`].
    pub async fn join(&self, topic: &TopicName) -> Result<TopicView, ClientError> {
        match &self.way {
            Way::Running(node) => node.join(topic).await,
            Way::Stored(stored) => stored.join(topic).await,
            Way::Remote(remote) => remote.join(topic).await,
        }
    }

    /// Leaves a topic; its posts stay in the database.
    ///
    /// # Errors
    /// [`Code::NotJoined`], [`Code::Ambiguous`], [`Code::Database`] and its kin.
    pub async fn leave(&self, topic: impl Into<TopicRef>) -> Result<bool, ClientError> {
        match &self.way {
            Way::Running(node) => node.leave(&topic.into()).await,
            Way::Stored(stored) => stored.leave(&topic.into()).await,
            Way::Remote(remote) => remote.leave(&topic.into()).await,
        }
    }

    /// The joined topics, by name.
    ///
    /// # Errors
    /// [`Code::Database`], [`Code::Closed`].
    pub async fn topics(&self) -> Result<Vec<TopicView>, ClientError> {
        match &self.way {
            Way::Running(node) => node.topics().await,
            Way::Stored(stored) => stored.topics().await,
            Way::Remote(remote) => remote.topics().await,
        }
    }

    /// One joined topic.
    ///
    /// # Errors
    /// [`Code::NotJoined`], [`Code::Ambiguous`], [`Code::Database`], [`Code::Closed`].
    pub async fn topic(&self, topic: impl Into<TopicRef>) -> Result<TopicView, ClientError> {
        match &self.way {
            Way::Running(node) => node.topic(&topic.into()).await,
            Way::Stored(stored) => stored.topic(&topic.into()).await,
            Way::Remote(remote) => remote.topic(&topic.into()).await,
        }
    }

    /// Signs and stores a post and hands it to the members that are connected. When it returns
    /// `Ok`, the post is on the disk.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::NotJoined`], [`Code::TooLong`], [`Code::Empty`],
    /// [`Code::Refused`], [`Code::DiskFull`] and its kin; then the post is not stored.
    pub async fn post(
        &self,
        topic: impl Into<TopicRef>,
        text: &str,
    ) -> Result<PostView, ClientError> {
        match &self.way {
            Way::Running(node) => node.post(&topic.into(), text).await,
            Way::Stored(_) => Err(ClientError::no_node()),
            Way::Remote(remote) => remote.post(&topic.into(), text).await,
        }
    }

    /// Answers a post of the topic; otherwise as [`post`](Self::post).
    ///
    /// # Errors
    /// [`Code::NoEvent`], and those of [`post`](Self::post).
    pub async fn reply(
        &self,
        topic: impl Into<TopicRef>,
        to: EventId,
        text: &str,
    ) -> Result<PostView, ClientError> {
        match &self.way {
            Way::Running(node) => node.reply(&topic.into(), to, text).await,
            Way::Stored(_) => Err(ClientError::no_node()),
            Way::Remote(remote) => remote.reply(&topic.into(), to, text).await,
        }
    }

    /// Reacts to a post of the topic with a sign or a short word.
    ///
    /// # Errors
    /// [`Code::Refused`] if it is neither; [`Code::NoEvent`], and those of [`post`](Self::post).
    pub async fn react(
        &self,
        topic: impl Into<TopicRef>,
        to: EventId,
        content: &str,
    ) -> Result<SentView, ClientError> {
        match &self.way {
            Way::Running(node) => node.react(&topic.into(), to, content).await,
            Way::Stored(_) => Err(ClientError::no_node()),
            Way::Remote(remote) => remote.react(&topic.into(), to, content).await,
        }
    }

    /// Asks everybody to delete an own event of the topic: a post or a reaction.
    ///
    /// # Errors
    /// [`Code::NotYours`], [`Code::NoEvent`], and those of [`post`](Self::post).
    pub async fn delete(
        &self,
        topic: impl Into<TopicRef>,
        id: EventId,
    ) -> Result<SentView, ClientError> {
        match &self.way {
            Way::Running(node) => node.delete(&topic.into(), id).await,
            Way::Stored(_) => Err(ClientError::no_node()),
            Way::Remote(remote) => remote.delete(&topic.into(), id).await,
        }
    }

    /// A post and the answers in its thread, oldest first; of more than [`PAGE_POSTS_MAX`] answers
    /// the newest. Empty if the topic holds none of it.
    ///
    /// # Errors
    /// [`Code::NotJoined`], [`Code::Ambiguous`], [`Code::Database`].
    pub async fn thread(
        &self,
        topic: impl Into<TopicRef>,
        root: EventId,
    ) -> Result<Vec<PostView>, ClientError> {
        match &self.way {
            Way::Running(node) => node.stored.thread(&topic.into(), root).await,
            Way::Stored(stored) => stored.thread(&topic.into(), root).await,
            Way::Remote(remote) => remote.thread(&topic.into(), root).await,
        }
    }

    /// Those of the ids that are posts which the topic holds, in any order; at most
    /// [`PAGE_POSTS_MAX`].
    ///
    /// # Errors
    /// [`Code::NotJoined`], [`Code::Ambiguous`], [`Code::Database`].
    pub async fn posts(
        &self,
        topic: impl Into<TopicRef>,
        ids: Vec<EventId>,
    ) -> Result<Vec<PostView>, ClientError> {
        match &self.way {
            Way::Running(node) => node.stored.posts(&topic.into(), ids).await,
            Way::Stored(stored) => stored.posts(&topic.into(), ids).await,
            Way::Remote(remote) => remote.posts(&topic.into(), ids).await,
        }
    }

    /// The post of the topic that is meant, deleted or not.
    ///
    /// # Errors
    /// [`Code::NoEvent`] if there is none, [`Code::Ambiguous`] if there are several, which it
    /// names; [`Code::NotJoined`], [`Code::Database`].
    pub async fn find_post(
        &self,
        topic: impl Into<TopicRef>,
        post: EventRef,
    ) -> Result<PostView, ClientError> {
        match &self.way {
            Way::Running(node) => node.stored.find_post(&topic.into(), post).await,
            Way::Stored(stored) => stored.find_post(&topic.into(), post).await,
            Way::Remote(remote) => remote.find_post(&topic.into(), post).await,
        }
    }

    /// What an author told about themselves; without a name where nothing is known.
    ///
    /// # Errors
    /// [`Code::Database`].
    pub async fn profile_of(&self, author: AuthorId) -> Result<ProfileView, ClientError> {
        match &self.way {
            Way::Running(node) => node.stored.profile_of(author).await,
            Way::Stored(stored) => stored.profile_of(author).await,
            Way::Remote(remote) => remote.profile_of(author).await,
        }
    }

    /// Tells everybody, in the joined topics and in those that will be, how this author wants to
    /// be called. Without a node it is noted, and the next node tells.
    ///
    /// # Errors
    /// [`Code::Profile`]; those of [`post`](Self::post): then topics that were not told are told
    /// by the next node.
    pub async fn set_profile(
        &self,
        name: &str,
        about: Option<&str>,
    ) -> Result<ProfileView, ClientError> {
        let told = event::Profile::new(name, about)?;
        match &self.way {
            Way::Running(node) => node.engine.set_profile(told).await?,
            Way::Stored(stored) => stored.set_profile(told).await?,
            Way::Remote(remote) => return remote.set_profile(told).await,
        }
        self.profile_of(self.author()).await
    }

    /// Looks for members of every topic at once, as after a change of the network.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::Closed`].
    pub async fn look_again(&self) -> Result<(), ClientError> {
        match &self.way {
            Way::Running(node) => {
                node.look_again().await;
                Ok(())
            }
            Way::Stored(_) => Err(ClientError::no_node()),
            Way::Remote(remote) => remote.look_again().await,
        }
    }

    /// Posts of a topic, newest first.
    ///
    /// # Errors
    /// [`Code::NotJoined`], [`Code::Ambiguous`], [`Code::NoEvent`], [`Code::Database`].
    pub async fn read(&self, query: &ReadQuery) -> Result<Posts, ClientError> {
        let stored = match &self.way {
            Way::Running(node) => &node.stored,
            Way::Stored(stored) => stored.as_ref(),
            Way::Remote(remote) => return remote.read(query).await,
        };
        let topic = self.topic(&query.topic).await?;
        let posts = stored.read(topic.id, query).await?;
        Ok(Posts { topic, posts })
    }

    /// Posts that match, newest first. A post is found from the moment on at which it is stored.
    ///
    /// # Errors
    /// [`Code::Query`], [`Code::NotJoined`], [`Code::Ambiguous`], [`Code::Database`].
    pub async fn search(&self, query: &FindQuery) -> Result<Vec<FoundView>, ClientError> {
        match &self.way {
            Way::Running(node) => node.stored.search(query).await,
            Way::Stored(stored) => stored.search(query).await,
            Way::Remote(remote) => remote.search(query).await,
        }
    }

    /// Notes that a topic was read up to and including this post.
    ///
    /// # Errors
    /// [`Code::NotJoined`], [`Code::NoEvent`], [`Code::ReadOnly`] and its kin.
    pub async fn mark_read(
        &self,
        topic: impl Into<TopicRef>,
        up_to: EventId,
    ) -> Result<(), ClientError> {
        match &self.way {
            Way::Running(node) => node.stored.mark_read(&topic.into(), up_to).await,
            Way::Stored(stored) => stored.mark_read(&topic.into(), up_to).await,
            Way::Remote(remote) => remote.mark_read(&topic.into(), up_to).await,
        }
    }

    /// Shows nothing of this author any more, here and in no other place. Returns whether they
    /// were not muted before.
    ///
    /// # Errors
    /// [`Code::Database`] and its kin.
    pub async fn mute(&self, author: AuthorId) -> Result<bool, ClientError> {
        match &self.way {
            Way::Running(node) => Ok(node.engine.mute(author).await?),
            Way::Stored(stored) => stored.mute(author).await,
            Way::Remote(remote) => remote.mute(author).await,
        }
    }

    /// Shows this author again. Returns whether they were muted.
    ///
    /// # Errors
    /// [`Code::Database`] and its kin.
    pub async fn unmute(&self, author: AuthorId) -> Result<bool, ClientError> {
        match &self.way {
            Way::Running(node) => Ok(node.engine.unmute(author).await?),
            Way::Stored(stored) => stored.unmute(author).await,
            Way::Remote(remote) => remote.unmute(author).await,
        }
    }

    /// The muted authors.
    ///
    /// # Errors
    /// [`Code::Database`].
    pub async fn muted(&self) -> Result<Vec<AuthorView>, ClientError> {
        match &self.way {
            Way::Running(node) => node.stored.muted().await,
            Way::Stored(stored) => stored.muted().await,
            Way::Remote(remote) => remote.muted().await,
        }
    }

    /// What happens in the topic from now on.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::NotJoined`].
    pub async fn subscribe(&self, topic: impl Into<TopicRef>) -> Result<TopicEvents, ClientError> {
        match &self.way {
            Way::Running(node) => node.subscribe(&topic.into()),
            Way::Stored(_) => Err(ClientError::no_node()),
            Way::Remote(remote) => remote
                .subscribe(&topic.into())
                .await
                .map(TopicEvents::remote),
        }
    }

    /// What happens in all topics from now on.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::Closed`].
    pub async fn subscribe_all(&self) -> Result<NodeEvents, ClientError> {
        match &self.way {
            Way::Running(node) => Ok(node.subscribe_all()),
            Way::Stored(_) => Err(ClientError::no_node()),
            Way::Remote(remote) => remote.subscribe_all().await.map(NodeEvents::remote),
        }
    }

    /// Who is connected in a topic.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::NotJoined`].
    pub async fn peers(&self, topic: impl Into<TopicRef>) -> Result<Vec<PeerView>, ClientError> {
        self.peers_of(Some(&topic.into())).await
    }

    /// Who is connected in any topic.
    ///
    /// # Errors
    /// [`Code::NoNode`].
    pub async fn all_peers(&self) -> Result<Vec<PeerView>, ClientError> {
        self.peers_of(None).await
    }

    pub(crate) async fn peers_of(
        &self,
        topic: Option<&TopicRef>,
    ) -> Result<Vec<PeerView>, ClientError> {
        match &self.way {
            Way::Running(node) => node.peers(topic).await,
            Way::Stored(_) => Err(ClientError::no_node()),
            Way::Remote(remote) => remote.peers(topic).await,
        }
    }

    /// Why the topic is connected the way it is.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::NotJoined`], [`Code::Database`].
    pub async fn explain(&self, topic: impl Into<TopicRef>) -> Result<ExplainView, ClientError> {
        match &self.way {
            Way::Running(node) => node.explain(&topic.into()).await,
            Way::Stored(_) => Err(ClientError::no_node()),
            Way::Remote(remote) => remote.explain(&topic.into()).await,
        }
    }

    /// The node and its topics; without a node, what the profile holds.
    ///
    /// # Errors
    /// [`Code::Database`], [`Code::Closed`].
    pub async fn status(&self) -> Result<StatusView, ClientError> {
        match &self.way {
            Way::Running(node) => node.status().await,
            Way::Stored(stored) => stored.status().await,
            Way::Remote(remote) => remote.status().await,
        }
    }

    /// Whether a node runs, here or in another process.
    pub fn has_node(&self) -> bool {
        !matches!(self.way, Way::Stored(_))
    }

    /// Whether the node runs in another process and ends with the command that it was started
    /// for, which may be in a moment.
    pub fn is_brief(&self) -> bool {
        matches!(&self.way, Way::Remote(remote) if remote.is_brief())
    }

    /// What is known about the profile.
    pub fn profile(&self) -> &Profile {
        match &self.way {
            Way::Running(node) => &node.stored.profile,
            Way::Stored(stored) => &stored.profile,
            Way::Remote(remote) => remote.profile(),
        }
    }

    /// The author of what is posted here.
    pub fn author(&self) -> AuthorId {
        self.profile().author
    }

    /// This node's endpoint.
    pub fn peer_id(&self) -> PeerId {
        self.profile().peer_id
    }

    /// The wall time.
    pub fn now(&self) -> UnixMs {
        match &self.way {
            Way::Running(node) => node.stored.now(),
            Way::Stored(stored) => stored.now(),
            Way::Remote(remote) => remote.now(),
        }
    }
}
