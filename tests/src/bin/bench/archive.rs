//! A network that exists in memory only: a neighbour that has events to give.
//!
//! Owns what the figures of the store need of a network, so that they measure the way of an
//! event through a node and not through a socket. Must never hand out an event that was decoded
//! before it was asked for: decoding is part of what is measured.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use kukuri_application::{
    ports::{
        DialReport, NetworkChanges, NetworkError, NetworkEvent, NetworkStatus, PeerPath,
        SyncAnswer, SyncRequest, TopicLink, TopicNetwork,
    },
    sync_set::SyncSet,
};
use kukuri_domain::{
    EventId, PeerAddress, PeerId, SignedEvent, TopicId, TopicKeys, UnixMs, wire::GossipFrame,
};
use tokio::sync::mpsc;

/// Events of the network that wait for the topic, as in a real one.
const EVENTS_CAPACITY: usize = 1_024;

/// The neighbour.
const NEIGHBOUR: PeerId = PeerId([1; 32]);

/// The network.
#[derive(Default)]
pub(crate) struct Archive {
    held: Mutex<Held>,
    is_up: Mutex<bool>,
    topic: Mutex<Option<mpsc::Sender<NetworkEvent>>>,
}

/// What the neighbour has.
#[derive(Default)]
struct Held {
    events: HashMap<EventId, Bytes>,
    set: SyncSet,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Archive {
    /// The neighbour comes up and has these events; it is asked for what is lacking.
    pub(crate) async fn offer(&self, events: &[Bytes], now: UnixMs) -> anyhow::Result<()> {
        let Some(topic) = lock(&self.topic).clone() else {
            anyhow::bail!("the topic is not joined");
        };
        {
            let mut held = lock(&self.held);
            let mut members = Vec::with_capacity(events.len());
            for frame in events {
                let event = decoded(frame).context("events are encoded as they travel")?;
                members.push(event.member());
                held.events.insert(event.id(), frame.clone());
            }
            held.set = SyncSet::new(members, now);
        }
        // Whoever missed something looks at a neighbour's set, as with a new neighbour.
        let event = match std::mem::replace(&mut *lock(&self.is_up), true) {
            true => NetworkEvent::Lagged,
            false => NetworkEvent::NeighborUp {
                peer: NEIGHBOUR,
                inbound: true,
            },
        };
        Ok(topic.send(event).await?)
    }

    /// The neighbour sends these by gossip.
    pub(crate) async fn send(&self, events: &[Bytes]) -> anyhow::Result<()> {
        let Some(topic) = lock(&self.topic).clone() else {
            anyhow::bail!("the topic is not joined");
        };
        for payload in events.iter().cloned() {
            let from = NEIGHBOUR;
            let message = NetworkEvent::Message {
                from,
                is_direct: true,
                payload,
            };
            topic.send(message).await?;
        }
        Ok(())
    }
}

/// An event as it travels.
pub(crate) fn encoded(event: &SignedEvent) -> Bytes {
    GossipFrame::Event(event.to_wire()).encode().into()
}

fn decoded(frame: &Bytes) -> Option<SignedEvent> {
    match GossipFrame::decode(frame) {
        // The caller counts what is missing.
        Ok(GossipFrame::Event(wire)) => wire.into_signed().ok(),
        _ => None,
    }
}

#[async_trait]
impl TopicNetwork for Archive {
    fn local_peer(&self) -> PeerId {
        PeerId([0xee; 32])
    }

    async fn join(&self, _topic: Arc<TopicKeys>) -> Result<TopicLink, NetworkError> {
        let (sender, events) = mpsc::channel(EVENTS_CAPACITY);
        *lock(&self.topic) = Some(sender);
        Ok(TopicLink { events })
    }

    async fn leave(&self, _topic: TopicId) -> Result<(), NetworkError> {
        *lock(&self.topic) = None;
        Ok(())
    }

    async fn dial(
        &self,
        _topic: TopicId,
        _peer: PeerId,
        _addresses: Vec<PeerAddress>,
        _is_member: bool,
    ) -> Result<DialReport, NetworkError> {
        Err(NetworkError::Closed)
    }

    async fn broadcast(&self, _topic: TopicId, _payload: Bytes) -> Result<(), NetworkError> {
        Ok(())
    }

    async fn broadcast_neighbours(
        &self,
        _topic: TopicId,
        _payload: Bytes,
    ) -> Result<(), NetworkError> {
        Ok(())
    }

    async fn call(
        &self,
        _topic: TopicId,
        _peer: PeerId,
        request: SyncRequest,
        _now: UnixMs,
    ) -> Result<SyncAnswer, NetworkError> {
        let held = lock(&self.held);
        Ok(match request {
            SyncRequest::Get(ids) => {
                let frames = ids.iter().filter_map(|id| held.events.get(id));
                SyncAnswer::all(frames.filter_map(decoded).collect())
            }
            SyncRequest::Summary(theirs) => {
                SyncAnswer::Summary(held.set.summary(theirs.cut, theirs.since))
            }
            SyncRequest::Reconcile { since, message } => {
                let answer = held.set.respond(since, &message);
                SyncAnswer::Reconciled(answer.map_err(|error| NetworkError::Other(error.into()))?)
            }
            SyncRequest::Newest { .. }
            | SyncRequest::Receipt(_)
            | SyncRequest::Offer { .. }
            | SyncRequest::Author => SyncAnswer::nothing(),
        })
    }

    async fn paths(&self, _peers: Vec<PeerId>) -> Vec<PeerPath> {
        Vec::new()
    }

    async fn status(&self) -> NetworkStatus {
        NetworkStatus::default()
    }

    fn remember(&self, _peer: PeerId, _addresses: Vec<PeerAddress>) {}

    fn changes(&self) -> NetworkChanges {
        futures_util::stream::pending().boxed()
    }

    async fn renew(&self) {}

    async fn shutdown(&self) {}
}
