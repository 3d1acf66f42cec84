//! The joined topics of one network.
//!
//! Owns the table that every protocol looks topics up in: gossip by id, sync by proof, meet and
//! mDNS by presence key. Must never hold its lock across an await.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

use iroh::{EndpointId, endpoint::Connection};
use iroh_gossip::api::GossipSender;
use kukuri_application::ports::NetworkEvent;
use kukuri_domain::{TopicId, TopicKeys};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Peers whose last dial a topic remembers; beyond that it forgets them all, which costs a new
/// connection at most.
const ASKED_MAX: usize = 1_024;

/// One joined topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) keys: Arc<TopicKeys>,
    pub(crate) sender: GossipSender,
    pub(crate) events: mpsc::Sender<NetworkEvent>,
    /// Cancelled when the topic is left.
    pub(crate) left: CancellationToken,
    links: Mutex<LinkNotes>,
}

impl Topic {
    pub(crate) fn new(
        keys: Arc<TopicKeys>,
        sender: GossipSender,
        events: mpsc::Sender<NetworkEvent>,
        left: CancellationToken,
    ) -> Self {
        Self {
            keys,
            sender,
            events,
            left,
            links: Mutex::default(),
        }
    }

    /// Notes that the peer was asked over this connection.
    pub(crate) fn note_asked(&self, connection: &Connection) {
        let mut links = self.links();
        if links.asked.len() >= ASKED_MAX {
            links.asked.clear();
        }
        let id = connection.stable_id();
        let asked = links.asked.entry(connection.remote_id()).or_default();
        if asked.last != Some(id) {
            asked.last = Some(id);
            asked.connections += 1;
        }
    }

    /// Whether the peer was asked over this connection and did not become a neighbour.
    pub(crate) fn was_asked_in_vain(&self, connection: &Connection) -> bool {
        let links = self.links();
        let asked = links.asked.get(&connection.remote_id());
        asked.is_some_and(|asked| asked.last == Some(connection.stable_id()))
    }

    /// Over how many connections the peer was asked, one after the other, without becoming a
    /// neighbour.
    pub(crate) fn asked_in_vain(&self, peer: EndpointId) -> usize {
        let links = self.links();
        links.asked.get(&peer).map_or(0, |asked| asked.connections)
    }

    /// Notes that the peer became a neighbour.
    pub(crate) fn note_neighbour(&self, peer: EndpointId) {
        let mut links = self.links();
        links.asked.remove(&peer);
        links.neighbours.insert(peer);
    }

    /// Notes that it is none any more.
    pub(crate) fn note_gone(&self, peer: EndpointId) {
        self.links().neighbours.remove(&peer);
    }

    fn links(&self) -> MutexGuard<'_, LinkNotes> {
        self.links
            .lock()
            .expect("no code panics while it holds the notes")
    }
}

/// What a topic remembers of its links.
#[derive(Debug, Default)]
struct LinkNotes {
    /// Who was asked to become a neighbour, in vain as far as we know.
    asked: HashMap<EndpointId, Asked>,
    /// Who is one.
    neighbours: HashSet<EndpointId>,
}

#[derive(Debug, Default)]
struct Asked {
    /// The connection over which it was asked last.
    last: Option<usize>,
    connections: usize,
}

/// Every joined topic. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Topics {
    table: Arc<Mutex<BTreeMap<TopicId, Arc<Topic>>>>,
    changes: watch::Sender<()>,
}

impl Topics {
    pub(crate) fn new() -> Self {
        Self {
            table: Arc::default(),
            changes: watch::Sender::new(()),
        }
    }

    /// Adds a topic; the one of the same id that was joined before ends.
    pub(crate) fn insert(&self, topic: Arc<Topic>) {
        let earlier = self.lock().insert(topic.keys.id, topic);
        if let Some(earlier) = earlier {
            earlier.left.cancel();
        }
        self.changes.send_replace(());
    }

    /// Ends a topic.
    pub(crate) fn remove(&self, id: TopicId) {
        let removed = self.lock().remove(&id);
        if let Some(topic) = removed {
            topic.left.cancel();
            self.changes.send_replace(());
        }
    }

    /// Removes a topic that has ended, unless it was joined again meanwhile.
    pub(crate) fn remove_ended(&self, topic: &Arc<Topic>) {
        let mut table = self.lock();
        if table
            .get(&topic.keys.id)
            .is_some_and(|current| Arc::ptr_eq(current, topic))
        {
            table.remove(&topic.keys.id);
            drop(table);
            self.changes.send_replace(());
        }
    }

    pub(crate) fn get(&self, id: TopicId) -> Option<Arc<Topic>> {
        self.lock().get(&id).cloned()
    }

    /// Whether the peer is a neighbour in any topic.
    pub(crate) fn have_neighbour(&self, peer: EndpointId) -> bool {
        let table = self.lock();
        table
            .values()
            .any(|topic| topic.links().neighbours.contains(&peer))
    }

    /// The keys of every joined topic, in the order of their ids.
    pub(crate) fn keys(&self) -> Vec<Arc<TopicKeys>> {
        self.lock()
            .values()
            .map(|topic| topic.keys.clone())
            .collect()
    }

    /// The first topic whose keys pass.
    pub(crate) fn find(&self, passes: impl Fn(&TopicKeys) -> bool) -> Option<Arc<Topic>> {
        self.lock()
            .values()
            .find(|topic| passes(&topic.keys))
            .cloned()
    }

    /// Ends every topic.
    pub(crate) fn clear(&self) {
        let topics = std::mem::take(&mut *self.lock());
        for topic in topics.values() {
            topic.left.cancel();
        }
        self.changes.send_replace(());
    }

    /// Changes whenever a topic was joined or left.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TopicId, Arc<Topic>>> {
        self.table
            .lock()
            .expect("no code panics while it holds the topics")
    }
}
