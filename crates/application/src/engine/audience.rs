//! Whoever listens, and what they are shown of what happens.
//!
//! Owns copies in memory of what is known about authors, who is muted, what they call themselves
//! and which endpoints are theirs, since a notice cannot wait for a query. Must never keep an event from being stored
//! or passed on: what is muted is held for other members.

use std::{
    collections::{HashMap, HashSet},
    sync::{PoisonError, RwLock},
};

use kukuri_domain::{AuthorId, PeerId, TopicName};
use tokio::sync::broadcast;

use crate::views::{AuthorView, NodeEvent, TopicEvent};

/// Events of all topics that a subscriber may lag behind before it is told to read again.
const NEWS_CAPACITY: usize = 4_096;

/// Authors whose names are kept at hand: some megabytes. The names of others are in the store.
pub(super) const NAMES_MAX: u32 = 20_000;

/// Peers of which is kept at hand whose they are.
const PEERS_MAX: usize = 4_096;

/// The listeners of all topics of a node.
pub(super) struct Audience {
    news: broadcast::Sender<NodeEvent>,
    muted: RwLock<HashSet<AuthorId>>,
    names: RwLock<HashMap<AuthorId, String>>,
    peers: RwLock<HashMap<PeerId, AuthorId>>,
}

impl Audience {
    pub(super) fn new() -> Self {
        Self {
            news: broadcast::channel(NEWS_CAPACITY).0,
            muted: RwLock::default(),
            names: RwLock::default(),
            peers: RwLock::default(),
        }
    }

    /// What happens in all topics from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<NodeEvent> {
        self.news.subscribe()
    }

    /// Takes over what the store knows.
    pub(super) fn load(&self, muted: Vec<AuthorId>, names: Vec<(AuthorId, String)>) {
        *self.muted.write().unwrap_or_else(PoisonError::into_inner) = muted.into_iter().collect();
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = names.into_iter().collect();
    }

    /// Mutes an author or shows it again.
    pub(super) fn set_muted(&self, author: AuthorId, is_muted: bool) {
        let mut muted = self.muted.write().unwrap_or_else(PoisonError::into_inner);
        match is_muted {
            true => muted.insert(author),
            false => muted.remove(&author),
        };
    }

    /// An author has this name from now on.
    pub(super) fn set_name(&self, author: AuthorId, name: String) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() < NAMES_MAX as usize || names.contains_key(&author) {
            names.insert(author, name);
        }
    }

    /// A peer has proved whose it is; that author as they are shown.
    pub(super) fn set_author(&self, peer: PeerId, author: AuthorId) -> AuthorView {
        let mut peers = self.peers.write().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= PEERS_MAX {
            // Whoever is met again is asked again.
            peers.clear();
        }
        peers.insert(peer, author);
        drop(peers);
        self.named(author)
    }

    /// Whose a peer is, if it has proved that.
    pub(super) fn author_of(&self, peer: PeerId) -> Option<AuthorView> {
        let peers = self.peers.read().unwrap_or_else(PoisonError::into_inner);
        let author = peers.get(&peer).copied();
        drop(peers);
        author.map(|author| self.named(author))
    }

    fn named(&self, pubkey: AuthorId) -> AuthorView {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        let name = names.get(&pubkey).cloned();
        AuthorView { pubkey, name }
    }

    /// What is shown of something that happened, with the names of those who did it; nothing of
    /// muted authors.
    pub(super) fn shown(&self, mut event: TopicEvent) -> Option<TopicEvent> {
        if let Some(author) = doer(&mut event) {
            let muted = self.muted.read().unwrap_or_else(PoisonError::into_inner);
            if muted.contains(&author.pubkey) {
                return None;
            }
            let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
            author.name = names.get(&author.pubkey).cloned().or(author.name.take());
        }
        Some(event)
    }

    /// Tells those who listen to all topics.
    pub(super) fn tell(&self, topic: &TopicName, event: &TopicEvent) {
        if self.news.receiver_count() > 0 {
            let (topic, event) = (Some(topic.clone()), event.clone());
            // An error means that the last one stopped listening just now.
            let _ = self.news.send(NodeEvent { topic, event });
        }
    }
}

fn doer(event: &mut TopicEvent) -> Option<&mut AuthorView> {
    match event {
        TopicEvent::Post { post, .. } => Some(&mut post.author),
        TopicEvent::Profile { author } => Some(author),
        _ => None,
    }
}
