//! A profile's database without a running node: what can be read and noted down offline.
//!
//! Owns reading for a running node too, so that both answer the same. Must never wait for a
//! network.

use std::sync::Arc;

use kukuri_application::{
    ports::{Clock, EventStore, Found, JoinedTopic, Page, TopicBook},
    session::Counters,
    views::{AuthorView, DiscoveryView, FoundView, PostView, ProfileView, StatusView, TopicView},
};
use kukuri_domain::{
    AuthorId, EventId, EventOrder, EventRef, TopicId, TopicKeys, TopicName, TopicRef, UnixMs,
    event, search::SearchQuery,
};

use super::{Before, ClientError, Code, FindQuery, Profile, ReadQuery};

/// Most posts of one page.
pub const PAGE_POSTS_MAX: u32 = 1_000;

/// Posts that are named when several are meant.
const MEANT_MAX: u32 = 5;

/// What to do about a search that is none.
const QUERY_HINT: &str = "search for one or more words, for example: kukuri search 東京";

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
        let page = Page {
            limit: query.limit.min(PAGE_POSTS_MAX),
            before,
            author: query.author,
            roots: query.roots,
        };
        let posts = self.store.posts(topic, page, self.profile.author).await?;
        Ok(posts.into_iter().map(PostView::from).collect())
    }

    pub(super) async fn thread(
        &self,
        topic: &TopicRef,
        root: EventId,
    ) -> Result<Vec<PostView>, ClientError> {
        let (topic, reader) = (self.find(topic).await?.id, self.profile.author);
        let limit = PAGE_POSTS_MAX;
        let posts = self.store.thread(topic, root, limit, reader).await?;
        Ok(posts.into_iter().map(PostView::from).collect())
    }

    pub(super) async fn posts(
        &self,
        topic: &TopicRef,
        mut ids: Vec<EventId>,
    ) -> Result<Vec<PostView>, ClientError> {
        let (topic, reader) = (self.find(topic).await?.id, self.profile.author);
        ids.truncate(PAGE_POSTS_MAX as usize);
        let posts = self.store.posts_by_id(topic, ids, reader).await?;
        Ok(posts.into_iter().map(PostView::from).collect())
    }

    pub(super) async fn find_post(
        &self,
        topic: &TopicRef,
        post: EventRef,
    ) -> Result<PostView, ClientError> {
        let (joined, reader) = (self.find(topic).await?, self.profile.author);
        let meant = self
            .store
            .posts_within(joined.id, post.ids(), MEANT_MAX, reader)
            .await?;
        if meant.len() > 1 {
            let ids: Vec<EventId> = meant.iter().map(|post| post.event.id()).collect();
            return Err(ClientError::ambiguous_post(post, &ids));
        }
        let meant = meant.into_iter().next().map(PostView::from);
        meant.ok_or_else(|| ClientError::no_post(&joined.name, post))
    }

    /// Without a name where nothing is known.
    pub(super) async fn profile_of(&self, author: AuthorId) -> Result<ProfileView, ClientError> {
        let (name, about) = match self.store.profile(author).await? {
            Some(told) => (Some(told.profile.name), told.profile.about),
            None => (None, None),
        };
        let pubkey = author;
        Ok(ProfileView {
            author: AuthorView { pubkey, name },
            about,
        })
    }

    pub(super) async fn set_profile(&self, told: event::Profile) -> Result<(), ClientError> {
        let (author, at) = (self.profile.author, self.now());
        Ok(self.store.note_profile(author, told, at).await?)
    }

    /// The author of what is posted here, by name.
    pub(super) async fn own_author(&self) -> Result<AuthorView, ClientError> {
        Ok(self.profile_of(self.profile.author).await?.author)
    }

    async fn order_of(&self, topic: TopicId, before: Before) -> Result<EventOrder, ClientError> {
        let id = match before {
            Before::Time(at) => return Ok(order_at(at)),
            Before::Event(id) => id,
        };
        let found = self.store.get(topic, vec![id]).await?;
        let stored = found.first().ok_or_else(|| ClientError::no_event(id))?;
        Ok(stored.event.order())
    }

    /// Searches one joined topic, or all.
    pub(super) async fn search(&self, query: &FindQuery) -> Result<Vec<FoundView>, ClientError> {
        let words = SearchQuery::parse(&query.text)
            .map_err(|error| ClientError::new(Code::Query, error.to_string()).hint(QUERY_HINT))?;
        let topics = match &query.topic {
            Some(topic) => vec![self.find(topic).await?],
            None => self.book.joined().await?,
        };
        let before = query.before.map(order_at);
        let ids = topics.iter().map(|topic| topic.id).collect();
        let limit = query.limit.min(PAGE_POSTS_MAX);
        let reader = self.profile.author;
        let found = self.store.search(ids, words, limit, before, reader).await?;
        let name_of = |id| {
            let topic = topics.iter().find(|topic| topic.id == id);
            topic.map(|topic| topic.name.clone())
        };
        let view = |found: Found| {
            Some(FoundView {
                topic: name_of(found.topic)?,
                post: found.stored.into(),
                matches: found.matches,
            })
        };
        Ok(found.into_iter().filter_map(view).collect())
    }

    pub(super) async fn mark_read(
        &self,
        topic: &TopicRef,
        up_to: EventId,
    ) -> Result<(), ClientError> {
        let topic = self.find(topic).await?;
        let order = self.order_of(topic.id, Before::Event(up_to)).await?;
        Ok(self.store.mark_read(topic.id, order).await?)
    }

    pub(super) async fn mute(&self, author: AuthorId) -> Result<bool, ClientError> {
        Ok(self.store.mute(author).await?)
    }

    pub(super) async fn unmute(&self, author: AuthorId) -> Result<bool, ClientError> {
        Ok(self.store.unmute(author).await?)
    }

    pub(super) async fn muted(&self) -> Result<Vec<AuthorView>, ClientError> {
        let mut muted = Vec::new();
        for author in self.store.muted().await? {
            muted.push(self.profile_of(author).await?.author);
        }
        Ok(muted)
    }

    pub(super) async fn status(&self) -> Result<StatusView, ClientError> {
        Ok(self.status_of(self.topics().await?, self.own_author().await?))
    }

    /// What is so whether a node runs or not.
    pub(super) fn status_of(&self, topics: Vec<TopicView>, author: AuthorView) -> StatusView {
        let profile = &self.profile;
        StatusView {
            version: profile.version.clone(),
            profile: profile.name.clone(),
            author,
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
        let reader = self.profile.author;
        let summary = self.store.summary(topic.id, reader).await?;
        Ok(TopicView {
            posts: summary.posts,
            unread: summary.unread,
            last_post_at: summary.last_post_at,
            name: topic.name,
            id: topic.id,
            visibility: topic.visibility,
            epoch: topic.epoch,
            state: None,
            neighbours: 0,
            complete_since: summary.complete_since(),
            stored_bytes: summary.bytes,
            ceiling_bytes: summary.bytes_max,
            fingerprint: None,
            complete_with: None,
            in_step: Vec::new(),
            stalled: None,
            counters: Counters::default(),
        })
    }
}

/// The place before every event of this time.
fn order_at(at: UnixMs) -> EventOrder {
    EventOrder {
        created_at: at.secs(),
        ms: at.subsec_ms(),
        id: EventId([0; 32]),
    }
}
