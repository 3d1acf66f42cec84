//! A profile's database without a running node: what can be read and noted down offline.
//!
//! Owns reading for a running node too, so that both answer the same. Must never wait for a
//! network.

use std::sync::Arc;

use kukuri_application::{
    ports::{Clock, EventStore, JoinedTopic, TopicBook},
    session::Counters,
    views::{DiscoveryView, PostView, StatusView, TopicView},
};
use kukuri_domain::{EventOrder, TopicId, TopicKeys, TopicName, TopicRef, UnixMs};

use super::{Before, ClientError, Code, Profile, ReadQuery};

/// Most posts of one page.
pub const PAGE_POSTS_MAX: u32 = 1_000;

/// The database of a profile, with what is known about the profile.
pub(crate) struct Stored {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) book: Arc<dyn TopicBook>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) profile: Profile,
}

impl Stored {
    pub(super) async fn topics(&self) -> Result<Vec<TopicView>, ClientError> {
        let mut views = Vec::new();
        for topic in self.book.joined().await? {
            views.push(self.view(topic).await?);
        }
        Ok(views)
    }

    pub(super) async fn topic(&self, topic: &TopicRef) -> Result<TopicView, ClientError> {
        self.view(self.find(topic).await?).await
    }

    /// The joined topic that is meant.
    pub(super) async fn find(&self, topic: &TopicRef) -> Result<JoinedTopic, ClientError> {
        let mut meant: Vec<JoinedTopic> = self.book.joined().await?;
        meant.retain(|joined| topic.means(&joined.name, &joined.id));
        if meant.len() > 1 {
            let names: Vec<TopicName> = meant.into_iter().map(|joined| joined.name).collect();
            return Err(ClientError::ambiguous(topic, &names));
        }
        meant.pop().ok_or_else(|| ClientError::not_joined(topic))
    }

    /// Notes that the topic is joined; the next node joins it.
    pub(super) async fn join(&self, name: &TopicName) -> Result<TopicView, ClientError> {
        let keys = TopicKeys::public(name.clone());
        let topic = JoinedTopic {
            id: keys.id,
            name: name.clone(),
            visibility: keys.visibility,
            epoch: keys.epoch,
            joined_at: self.now(),
        };
        self.book.join(topic.clone()).await?;
        self.view(topic).await
    }

    /// Notes that the topic was left.
    pub(super) async fn leave(&self, topic: &TopicRef) -> Result<bool, ClientError> {
        let joined = self.find(topic).await?;
        Ok(self.book.leave(joined.id).await?)
    }

    pub(super) async fn read(
        &self,
        topic: TopicId,
        query: &ReadQuery,
    ) -> Result<Vec<PostView>, ClientError> {
        let before = match query.before {
            None => None,
            Some(before) => Some(self.order_of(topic, before).await?),
        };
        let limit = query.limit.min(PAGE_POSTS_MAX);
        let stored = self.store.newest(topic, limit, before).await?;
        Ok(stored.into_iter().map(PostView::from).collect())
    }

    async fn order_of(&self, topic: TopicId, before: Before) -> Result<EventOrder, ClientError> {
        let id = match before {
            Before::Time(at) => {
                return Ok(EventOrder {
                    created_at: at.secs(),
                    ms: at.subsec_ms(),
                    id: kukuri_domain::EventId([0; 32]),
                });
            }
            Before::Event(id) => id,
        };
        let found = self.store.get(topic, vec![id]).await?;
        let stored = found.first().ok_or_else(|| {
            ClientError::new(
                Code::NoEvent,
                format!("there is no event {} here", id.short()),
            )
            .hint("give the id of a post that `kukuri read --json` shows, or a time")
        })?;
        Ok(stored.event.order())
    }

    pub(super) async fn status(&self) -> Result<StatusView, ClientError> {
        Ok(self.status_of(self.topics().await?))
    }

    /// What is so whether a node runs or not.
    pub(super) fn status_of(&self, topics: Vec<TopicView>) -> StatusView {
        let profile = &self.profile;
        StatusView {
            version: profile.version.clone(),
            profile: profile.name.clone(),
            author: profile.author.into(),
            peer_id: profile.peer_id,
            key_store: profile.key_store,
            pid: None,
            uptime_ms: 0,
            listen: Vec::new(),
            addresses: Vec::new(),
            topics,
            discovery: DiscoveryView::default(),
        }
    }

    pub(super) fn now(&self) -> UnixMs {
        self.clock.now().unix
    }

    async fn view(&self, topic: JoinedTopic) -> Result<TopicView, ClientError> {
        Ok(TopicView {
            posts: self.store.count(topic.id).await?,
            unread: 0,
            last_post_at: None,
            name: topic.name,
            id: topic.id,
            visibility: topic.visibility,
            epoch: topic.epoch,
            state: None,
            neighbours: 0,
            fingerprint: None,
            complete_with: None,
            counters: Counters::default(),
        })
    }
}
