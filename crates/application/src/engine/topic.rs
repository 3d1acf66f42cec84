//! The handle of a joined topic: what a node asks of it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use kukuri_domain::{
    EntryKey, EventId, EventOrder, PeerId, SignedEvent, TopicKeys, UnixMs, VerifiedEvent,
    event::{AdmissionError, Draft, Profile, ShapeError, is_post},
    limits::{EVENT_BYTES_MAX, REACTION_BYTES_MAX},
    peer::ConnectionState,
    wire::SetSummary,
};
use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::{Ports, audience::Audience};
use crate::{
    discovery::Neighbour,
    ports::{IdentityError, Page, PostState, StoreError},
    session::{Agreement, Counters},
    views::{
        AttemptView, ExplainView, InStepView, PeerView, PostView, SourceView, StalledView,
        TopicEvent, TopicView,
    },
};

/// What the actor is asked to do.
pub(super) enum Command {
    Post {
        event: VerifiedEvent,
        reply: oneshot::Sender<Result<PostState, PostError>>,
    },
    Snapshot {
        with_attempts: bool,
        reply: oneshot::Sender<Snapshot>,
    },
    NetworkChanged,
}

/// What the actor knows at one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) state: ConnectionState,
    pub(super) neighbours: Vec<(PeerId, Neighbour)>,
    pub(super) agreements: BTreeMap<PeerId, Agreement>,
    pub(super) summary: Option<SetSummary>,
    pub(super) counters: Counters,
    pub(super) stalled: Option<StalledView>,
    pub(super) sources: Vec<SourceView>,
    pub(super) attempts: Vec<AttemptView>,
}

/// A post that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its id.
    pub id: EventId,
    /// The event.
    pub event: SignedEvent,
    /// How far it has come.
    pub state: PostState,
}

/// Why a post was not stored.
#[derive(Debug, Error)]
pub enum PostError {
    /// There is nothing in it.
    #[error("an empty post is not sent")]
    Empty,
    /// What it refers to is not in the topic.
    #[error("there is no event {0} here")]
    NoEvent(EventId),
    /// The key holds nothing.
    #[error("there is no entry '{0}' here")]
    NoEntry(EntryKey),
    /// The key holds another write than was expected, or one where none was.
    #[error("the entry '{0}' is not as expected")]
    Changed(EntryKey, Option<EventId>),
    /// Only the author of an event can delete it.
    #[error("the event is somebody else's")]
    NotYours,
    /// A reaction is a sign or a short word.
    #[error("a reaction is one sign or word of at most {REACTION_BYTES_MAX} bytes")]
    NoReaction,
    /// It is larger than an event may be.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The topic's rules do not allow it.
    #[error(transparent)]
    Refused(#[from] AdmissionError),
    /// It could not be signed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The topic was left.
    #[error(transparent)]
    Closed(#[from] TopicClosed),
}

/// The topic was left, or the node is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the topic was left")]
pub struct TopicClosed;

/// A joined topic. Cheap to clone; dropping it does not leave the topic.
#[derive(Clone)]
pub struct TopicHandle {
    pub(super) ports: Ports,
    pub(super) keys: Arc<TopicKeys>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) events: broadcast::WeakSender<TopicEvent>,
    pub(super) last_own_at: Arc<AtomicU64>,
    /// Held while entries are written.
    pub(super) entry_writing: Arc<tokio::sync::Mutex<()>>,
    pub(super) audience: Arc<Audience>,
}

impl TopicHandle {
    /// Name, id and keys.
    pub fn keys(&self) -> &TopicKeys {
        &self.keys
    }

    /// Signs and stores a post, and hands it to the neighbours. When it returns `Ok`, the post is
    /// on the disk.
    ///
    /// # Errors
    /// [`PostError`]; then the post is not stored.
    pub async fn post(&self, text: &str) -> Result<Posted, PostError> {
        check_text(text)?;
        let at = self.next_own_time();
        self.publish(Draft::post(&self.keys.name, text, at)).await
    }

    /// Like [`post`](Self::post), as an answer to a post of the topic.
    ///
    /// # Errors
    /// [`PostError`]; then the post is not stored.
    pub async fn reply(&self, to: EventId, text: &str) -> Result<Posted, PostError> {
        check_text(text)?;
        let to = self.post_of(to).await?;
        let at = self.next_own_time();
        let draft = Draft::reply(&self.keys.name, &to, text, at);
        self.publish(draft).await
    }

    /// Reacts to a post of the topic with a sign or a short word.
    ///
    /// # Errors
    /// [`PostError`]; then the reaction is not stored.
    pub async fn react(&self, to: EventId, content: &str) -> Result<Posted, PostError> {
        let content = content.trim();
        let is_fine = !content.is_empty()
            && content.len() <= REACTION_BYTES_MAX
            && !content.contains(|c: char| c.is_control() || c.is_whitespace());
        if !is_fine {
            return Err(PostError::NoReaction);
        }
        let to = self.post_of(to).await?;
        let at = self.next_own_time();
        let draft = Draft::reaction(&self.keys.name, &to, content, at);
        self.publish(draft).await
    }

    /// Asks everybody to delete an own event of the topic: a post or a reaction.
    ///
    /// # Errors
    /// [`PostError`]; then nothing has changed.
    pub async fn delete(&self, id: EventId) -> Result<Posted, PostError> {
        let event = self.event_of(id).await?;
        if event.author() != self.ports.identity.author() {
            return Err(PostError::NotYours);
        }
        let at = self.next_own_time();
        let draft = Draft::deletion(&self.keys.name, id, event.kind(), at);
        self.publish(draft).await
    }

    /// Tells the topic what this author says about themselves, unless it was told that last.
    ///
    /// # Errors
    /// [`PostError`]; then nothing was told.
    pub(super) async fn tell_profile(&self, profile: &Profile) -> Result<(), PostError> {
        let (store, author) = (&self.ports.store, self.ports.identity.author());
        let told = store.profile_in(self.keys.id, author).await?;
        if told.is_some_and(|told| told.profile == *profile) {
            return Ok(());
        }
        let at = self.next_own_time();
        let draft = Draft::profile(&self.keys.name, profile, at);
        self.publish(draft).await.map(drop)
    }

    async fn event_of(&self, id: EventId) -> Result<SignedEvent, PostError> {
        let found = self.ports.store.get(self.keys.id, vec![id]).await?;
        let found = found.into_iter().next();
        found
            .map(|stored| stored.event)
            .ok_or(PostError::NoEvent(id))
    }

    async fn post_of(&self, id: EventId) -> Result<SignedEvent, PostError> {
        let event = self.event_of(id).await?;
        match is_post(event.kind()) {
            true => Ok(event),
            false => Err(PostError::NoEvent(id)),
        }
    }

    /// Signs and stores an event, and hands it to the neighbours.
    pub(super) async fn publish(&self, draft: Draft) -> Result<Posted, PostError> {
        let event = self.ports.identity.sign(draft).await?;
        let verified = event
            .clone()
            .verify()
            .map_err(|error| IdentityError::Key(Box::new(error)))?;
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(Command::Post {
                event: verified,
                reply,
            })
            .await
            .map_err(|_| TopicClosed)?;
        let state = answer.await.map_err(|_| TopicClosed)??;
        Ok(Posted {
            id: event.id(),
            event,
            state,
        })
    }

    /// The newest posts before `before`, newest first, without muted authors.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(
        &self,
        limit: u32,
        before: Option<EventOrder>,
    ) -> Result<Vec<PostView>, StoreError> {
        let page = Page {
            before,
            ..Page::newest(limit)
        };
        let reader = self.ports.identity.author();
        let stored = self.ports.store.posts(self.keys.id, page, reader).await?;
        Ok(stored.into_iter().map(PostView::from).collect())
    }

    /// What happens from now on. A subscriber that is too slow misses events and is told so; a
    /// topic that was left ends the stream.
    pub fn subscribe(&self) -> broadcast::Receiver<TopicEvent> {
        match self.events.upgrade() {
            Some(sender) => sender.subscribe(),
            None => broadcast::channel(1).1,
        }
    }

    /// Who is connected.
    ///
    /// # Errors
    /// [`TopicClosed`].
    pub async fn peers(&self) -> Result<Vec<PeerView>, TopicClosed> {
        let snapshot = self.snapshot(false).await?;
        Ok(self.peer_views(&snapshot).await)
    }

    /// Where the topic stands.
    ///
    /// # Errors
    /// [`StoreError`] from counting; [`StoreError::Closed`] when the topic was left.
    pub async fn view(&self) -> Result<TopicView, StoreError> {
        let snapshot = self.snapshot(false).await.map_err(|_| StoreError::Closed)?;
        self.topic_view(&snapshot).await
    }

    /// Why the topic is connected the way it is.
    ///
    /// # Errors
    /// As [`TopicHandle::view`].
    pub async fn explain(&self) -> Result<ExplainView, StoreError> {
        let snapshot = self.snapshot(true).await.map_err(|_| StoreError::Closed)?;
        let topic = self.topic_view(&snapshot).await?;
        let peers = self.peer_views(&snapshot).await;
        Ok(ExplainView {
            state: topic.state,
            topic,
            sources: snapshot.sources,
            attempts: snapshot.attempts,
            peers,
        })
    }

    pub(super) fn tell(&self, event: TopicEvent) {
        if let Some(events) = self.events.upgrade() {
            // An error means that nobody listens.
            let _ = events.send(event);
        }
    }

    pub(super) async fn network_changed(&self) {
        // A topic that was left meanwhile has no network to look at.
        let _ = self.commands.send(Command::NetworkChanged).await;
    }

    async fn snapshot(&self, with_attempts: bool) -> Result<Snapshot, TopicClosed> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(Command::Snapshot {
                with_attempts,
                reply,
            })
            .await
            .map_err(|_| TopicClosed)?;
        answer.await.map_err(|_| TopicClosed)
    }

    async fn topic_view(&self, snapshot: &Snapshot) -> Result<TopicView, StoreError> {
        let reader = self.ports.identity.author();
        let summary = self.ports.store.summary(self.keys.id, reader).await?;
        Ok(TopicView {
            name: self.keys.name.clone(),
            id: self.keys.id,
            visibility: self.keys.visibility,
            epoch: self.keys.epoch,
            state: Some(snapshot.state),
            neighbours: snapshot.neighbours.len(),
            posts: summary.posts,
            unread: summary.unread,
            last_post_at: summary.last_post_at,
            complete_since: summary.complete_since(),
            stored_bytes: summary.bytes,
            ceiling_bytes: summary.bytes_max,
            fingerprint: snapshot.summary.map(|ours| hex(&ours.fingerprint)),
            complete_with: Some(snapshot.agreements.len() as u64),
            in_step: in_step(&snapshot.agreements),
            stalled: snapshot.stalled,
            counters: snapshot.counters,
        })
    }

    async fn peer_views(&self, snapshot: &Snapshot) -> Vec<PeerView> {
        let ids = snapshot.neighbours.iter().map(|(peer, _)| *peer).collect();
        let paths = self.ports.network.paths(ids).await;
        let view = |(peer, neighbour): &(PeerId, Neighbour)| {
            let path = paths.iter().find(|path| path.peer == *peer);
            let author = self.audience.author_of(*peer);
            PeerView {
                id: *peer,
                name: author.as_ref().and_then(|author| author.name.clone()),
                author,
                path: path.map_or(kukuri_domain::peer::PathKind::None, |path| path.kind),
                rtt_ms: path.and_then(|path| path.rtt_ms),
                clock_skew_ms: path.and_then(|path| path.clock_skew_ms),
                found_by: neighbour.found_by,
                found_after_ms: neighbour.found_after_ms,
                topics: vec![self.keys.name.clone()],
                connected_at: neighbour.since.unix,
            }
        };
        snapshot.neighbours.iter().map(view).collect()
    }

    /// The present, but always later than this author's last post here.
    fn next_own_time(&self) -> UnixMs {
        let now = self.ports.clock.now().unix.0;
        let later = |last: u64| Some(now.max(last + 1));
        let last = self
            .last_own_at
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, later)
            .unwrap_or(now);
        UnixMs(now.max(last + 1))
    }
}

fn check_text(text: &str) -> Result<(), PostError> {
    if text.trim().is_empty() {
        return Err(PostError::Empty);
    }
    match text.len() > EVENT_BYTES_MAX {
        true => Err(ShapeError::TooLarge(text.len()).into()),
        false => Ok(()),
    }
}

fn in_step(agreements: &BTreeMap<PeerId, Agreement>) -> Vec<InStepView> {
    let view = |(peer, agreement): (&PeerId, &Agreement)| InStepView {
        peer: *peer,
        since: agreement.since,
        last: agreement.last,
    };
    agreements.iter().map(view).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
