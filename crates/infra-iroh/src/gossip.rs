//! Topics over iroh-gossip: joining, what arrives, and asking a peer to become a neighbour.
//!
//! Owns one task per joined topic, which moves gossip's events into the engine's bounded channel:
//! messages that find it full are lost and said to be, neighbour notices wait. Must never let
//! gossip dial a peer by itself where we were asked to: gossip does not tell that its dial
//! failed, and keeps a peer whose first dial failed, or whose connection closed before it became
//! a neighbour, in a state in which it never dials again. So we connect, which gives a truthful
//! report, and hand the connection over, which mends that state.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use iroh::{Endpoint, EndpointAddr, EndpointId, endpoint::Connection};
use iroh_gossip::{
    Gossip,
    api::{Event, GossipReceiver},
    net::GOSSIP_ALPN,
};
use kukuri_application::ports::{NetworkError, NetworkEvent, TopicLink};
use kukuri_domain::TopicKeys;
use tokio::sync::mpsc::{self, error::TrySendError};
use tracing::debug;

use crate::{
    address::{connection_addresses, peer_id},
    connect::connect,
    connections::Connections,
    tasks::Tasks,
    topics::{Topic, Topics},
};

/// Capacity of a topic's channel to the engine: a burst of a second at the rate that one peer is
/// allowed, twice over.
const TOPIC_EVENTS_CAPACITY: usize = 1_024;

/// How long a connection that a newer one took the place of stays open, for what is under way.
const SUPERSEDED_GRACE: Duration = Duration::from_secs(5);

/// Connections over which a peer is asked in vain before all with it are closed first.
const ASKED_IN_VAIN_MAX: usize = 2;

/// What the peer is given to notice that, before a new connection comes.
const BEGIN_ANEW_PAUSE: Duration = Duration::from_millis(100);

/// What it takes to join topics.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    pub(crate) endpoint: Endpoint,
    pub(crate) gossip: Gossip,
    pub(crate) connections: Connections,
    pub(crate) topics: Topics,
    pub(crate) tasks: Tasks,
}

impl Links {
    /// Subscribes without dialling anybody. Dropping the link leaves the topic.
    pub(crate) async fn join(&self, keys: Arc<TopicKeys>) -> Result<TopicLink, NetworkError> {
        let subscribed = self.gossip.subscribe(keys.id.0.into(), Vec::new()).await;
        let (sender, receiver) = subscribed.map_err(|_| NetworkError::Closed)?.split();
        let (events, link) = mpsc::channel(TOPIC_EVENTS_CAPACITY);
        let left = self.tasks.shutdown().child_token();
        let topic = Arc::new(Topic::new(keys, sender, events, left));
        self.topics.insert(topic.clone());
        let (topics, connections) = (self.topics.clone(), self.connections.clone());
        self.tasks.spawn(async move {
            let link = Forwarding {
                topic: &topic,
                connections: &connections,
                has_lagged: false,
            };
            link.run(receiver).await;
            topics.remove_ended(&topic);
        });
        Ok(TopicLink { events: link })
    }

    /// Connects to a peer and asks it to become a neighbour in the topic. Asking again really
    /// asks again: over the connection that there is, or over a new one when that was in vain.
    pub(crate) async fn ask(
        &self,
        topic: &Topic,
        addr: EndpointAddr,
    ) -> Result<Vec<kukuri_domain::PeerAddress>, NetworkError> {
        let id = addr.id;
        let current = self.connections.gossip(id);
        let connection = match current.filter(|current| !topic.was_asked_in_vain(current)) {
            Some(connection) => connection,
            None => {
                self.begin_anew_if_in_vain(topic, id).await;
                self.open(addr).await?
            }
        };
        topic.note_asked(&connection);
        let asked = topic.sender.join_peers(vec![id]).await;
        asked.map_err(|_| NetworkError::NotJoined)?;
        Ok(connection_addresses(&connection))
    }

    /// A peer that answers, and does not become a neighbour over a second connection either, may
    /// still take us for its neighbour of before: over a connection that broke on our side only
    /// (our address changed, we were killed), and gossip there does not reply twice. It lets go of
    /// us when the connection that it sends over is closed.
    async fn begin_anew_if_in_vain(&self, topic: &Topic, peer: EndpointId) {
        if topic.asked_in_vain(peer) < ASKED_IN_VAIN_MAX || self.topics.have_neighbour(peer) {
            return;
        }
        let mut was_open = false;
        while let Some(connection) = self.connections.gossip(peer) {
            connection.close(0_u32.into(), b"begins anew");
            was_open = true;
        }
        if was_open {
            debug!(peer = %peer.fmt_short(), "asked in vain; begins anew");
            tokio::time::sleep(BEGIN_ANEW_PAUSE).await;
        }
    }

    /// Opens a connection and gives it to gossip, which from now on sends over it.
    async fn open(&self, addr: EndpointAddr) -> Result<Connection, NetworkError> {
        let peer = peer_id(addr.id);
        let opened = connect(&self.endpoint, addr, GOSSIP_ALPN).await;
        let connection = opened.map_err(|failure| failure.into_error(peer))?;
        let superseded = self.connections.superseded_gossip(&connection);
        let handed_over = self.gossip.handle_connection(connection.clone()).await;
        handed_over.map_err(|_| NetworkError::Closed)?;
        if !superseded.is_empty() {
            // Gossip no longer sends over them, and would keep them open for ever.
            self.tasks.spawn(async move {
                tokio::time::sleep(SUPERSEDED_GRACE).await;
                for connection in superseded.iter().filter_map(|handle| handle.upgrade()) {
                    connection.close(0_u32.into(), b"superseded");
                }
            });
        }
        Ok(connection)
    }
}

/// One topic's way from gossip to the engine.
struct Forwarding<'a> {
    topic: &'a Topic,
    connections: &'a Connections,
    /// Messages were lost and the engine has not been told yet.
    has_lagged: bool,
}

impl Forwarding<'_> {
    /// Runs until the topic is left, its link dropped, or gossip closed.
    async fn run(mut self, mut receiver: GossipReceiver) {
        let topic = self.topic;
        loop {
            let event = tokio::select! {
                biased;
                () = topic.left.cancelled() => return,
                () = topic.events.closed() => return,
                room = topic.events.reserve(), if self.has_lagged => {
                    // The topic was left.
                    let Ok(room) = room else { return };
                    room.send(NetworkEvent::Lagged);
                    self.has_lagged = false;
                    continue;
                }
                event = receiver.next() => event,
            };
            match event {
                Some(Ok(event)) => self.forward(event).await,
                Some(Err(error)) => return debug!(%error, "gossip ended the topic"),
                None => return,
            }
        }
    }

    async fn forward(&mut self, event: Event) {
        match event {
            Event::NeighborUp(peer) => {
                self.topic.note_neighbour(peer);
                let inbound = self.connections.is_gossip_inbound(peer);
                self.notice(NetworkEvent::NeighborUp {
                    peer: peer_id(peer),
                    inbound,
                })
                .await;
            }
            Event::NeighborDown(peer) => {
                self.topic.note_gone(peer);
                self.distrust(peer);
                self.notice(NetworkEvent::NeighborDown(peer_id(peer))).await;
            }
            Event::Received(message) => {
                let from = peer_id(message.delivered_from);
                self.message(NetworkEvent::Message {
                    from,
                    is_direct: message.scope.is_direct(),
                    payload: message.content,
                });
            }
            Event::Lagged => self.has_lagged = true,
        }
    }

    /// Gossip may have let go of the connection to a neighbour that is gone, though it still
    /// looks open: the next dial takes a new one.
    fn distrust(&self, peer: EndpointId) {
        if let Some(connection) = self.connections.gossip(peer) {
            self.topic.note_asked(&connection);
        }
    }

    fn message(&mut self, event: NetworkEvent) {
        match self.topic.events.try_send(event) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.has_lagged = true,
            // The link was dropped; the loop sees it next.
            Err(TrySendError::Closed(_)) => {}
        }
    }

    /// Neighbour notices are never lost: gossip's own buffer takes what comes meanwhile. A loss
    /// before one is told before it.
    async fn notice(&mut self, event: NetworkEvent) {
        let events = &self.topic.events;
        let told = async {
            if self.has_lagged {
                events.send(NetworkEvent::Lagged).await?;
            }
            events.send(event).await
        };
        tokio::select! {
            biased;
            () = self.topic.left.cancelled() => {}
            // An error means that the link was dropped; the loop sees it next.
            _ = told => self.has_lagged = false,
        }
    }
}
