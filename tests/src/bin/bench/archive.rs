//! A network that exists in memory only: a few neighbours that have pages of events to give.
//!
//! Owns what the figures of the store need of a network, so that they measure the way of an
//! event through a node and not through a socket. Must never hand out an event that was decoded
//! before it was asked for: decoding is part of what is measured.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use kukuri_application::ports::{
    DialReport, NetworkChanges, NetworkError, NetworkEvent, NetworkStatus, PeerPath, SyncAnswer,
    SyncRequest, TopicLink, TopicNetwork,
};
use kukuri_domain::{
    PeerAddress, PeerId, SignedEvent, TopicId, TopicKeys, UnixMs, limits::NEWEST_MAX,
    wire::GossipFrame,
};
use tokio::sync::mpsc;

/// Events of the network that wait for the topic, as in a real one.
const EVENTS_CAPACITY: usize = 1_024;

/// Neighbours: as many as gossip keeps, and a few on their way.
const NEIGHBOURS: u8 = 8;

/// The network.
#[derive(Default)]
pub(crate) struct Archive {
    pages: Mutex<VecDeque<Vec<Bytes>>>,
    topic: Mutex<Option<mpsc::Sender<NetworkEvent>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Archive {
    /// The neighbours come up and are asked for their newest events until they have given all.
    pub(crate) async fn offer(&self, events: &[Bytes]) -> anyhow::Result<()> {
        let Some(topic) = lock(&self.topic).clone() else {
            anyhow::bail!("the topic is not joined");
        };
        let pages = events.chunks(NEWEST_MAX.into()).map(<[Bytes]>::to_vec);
        lock(&self.pages).extend(pages);
        for n in 1..=NEIGHBOURS {
            let event = NetworkEvent::NeighborUp {
                peer: PeerId([n; 32]),
                inbound: true,
            };
            topic.send(event).await?;
        }
        while !lock(&self.pages).is_empty() {
            // Whoever missed something asks one of them by chance.
            topic.send(NetworkEvent::Lagged).await?;
            tokio::task::yield_now().await;
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
        let page = match request {
            SyncRequest::Newest { .. } => lock(&self.pages).pop_front().unwrap_or_default(),
            SyncRequest::Get(_) | SyncRequest::Receipt(_) | SyncRequest::Author => Vec::new(),
        };
        Ok(SyncAnswer {
            events: page.iter().filter_map(decoded).collect(),
            more: false,
        })
    }

    async fn paths(&self, _peers: Vec<PeerId>) -> Vec<PeerPath> {
        Vec::new()
    }

    async fn status(&self) -> NetworkStatus {
        NetworkStatus::default()
    }

    fn changes(&self) -> NetworkChanges {
        futures_util::stream::pending().boxed()
    }

    async fn renew(&self) {}

    async fn shutdown(&self) {}
}
