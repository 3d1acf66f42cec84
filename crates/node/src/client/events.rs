//! What happens in a topic or in all of them, in order, whichever process the node runs in.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use kukuri_application::views::{NodeEvent, TopicEvent};
use tokio::sync::{
    broadcast::{self, error::RecvError},
    mpsc,
};

use super::remote::Subscription;

/// What happens in a topic, in order.
#[derive(Debug)]
pub struct TopicEvents {
    feed: Feed<TopicEvent>,
}

impl TopicEvents {
    pub(super) fn local(receiver: broadcast::Receiver<TopicEvent>) -> Self {
        Self {
            feed: Feed::Local(receiver),
        }
    }

    pub(super) fn remote(events: RemoteEvents) -> Self {
        Self {
            feed: Feed::Remote(events),
        }
    }

    /// The next event; `None` when the topic was left or the node is gone. Whoever is too slow
    /// gets [`TopicEvent::Resync`] in place of what was missed. Cancel-safe.
    pub async fn next(&mut self) -> Option<TopicEvent> {
        match &mut self.feed {
            Feed::Local(receiver) => local(receiver, || TopicEvent::Resync).await,
            Feed::Remote(events) => events.next().await.map(|event| event.event),
        }
    }
}

/// What happens in all topics, in order.
#[derive(Debug)]
pub struct NodeEvents {
    feed: Feed<NodeEvent>,
}

impl NodeEvents {
    /// What comes from the engine of a node in this process.
    pub fn local(receiver: broadcast::Receiver<NodeEvent>) -> Self {
        Self {
            feed: Feed::Local(receiver),
        }
    }

    pub(super) fn remote(events: RemoteEvents) -> Self {
        Self {
            feed: Feed::Remote(events),
        }
    }

    /// The next event; `None` when the node is gone. Whoever is too slow gets
    /// [`TopicEvent::Resync`] without a topic in place of what was missed. Cancel-safe.
    pub async fn next(&mut self) -> Option<NodeEvent> {
        match &mut self.feed {
            Feed::Local(receiver) => local(receiver, resync).await,
            Feed::Remote(events) => events.next().await,
        }
    }
}

#[derive(Debug)]
enum Feed<E> {
    Local(broadcast::Receiver<E>),
    Remote(RemoteEvents),
}

async fn local<E: Clone>(receiver: &mut broadcast::Receiver<E>, lagged: fn() -> E) -> Option<E> {
    match receiver.recv().await {
        Ok(event) => Some(event),
        Err(RecvError::Lagged(_)) => Some(lagged()),
        Err(RecvError::Closed) => None,
    }
}

fn resync() -> NodeEvent {
    NodeEvent {
        topic: None,
        event: TopicEvent::Resync,
    }
}

/// Events that come over the control socket.
#[derive(Debug)]
pub(crate) struct RemoteEvents {
    pub(crate) receiver: mpsc::Receiver<NodeEvent>,
    /// Set when an event found no room; what is told then is [`TopicEvent::Resync`].
    pub(crate) has_lagged: Arc<AtomicBool>,
    /// Ends the subscription when it is dropped.
    pub(crate) _subscription: Subscription,
}

impl RemoteEvents {
    async fn next(&mut self) -> Option<NodeEvent> {
        if self.receiver.is_empty() && self.has_lagged.swap(false, Ordering::AcqRel) {
            return Some(resync());
        }
        self.receiver.recv().await
    }
}
