//! The client of a node in this process.

use std::sync::Arc;

use kukuri_application::{
    engine::{Engine, Posted, TopicHandle},
    ports::{PeerSource, TopicNetwork},
    views::{DiscoveryView, ExplainView, PeerView, PostView, SentView, StatusView, TopicView},
};
use kukuri_domain::{EventId, TopicName, TopicRef};

use super::{ClientError, NodeEvents, Stored, TopicEvents};

/// A node in this process, as its client sees it.
pub(crate) struct Running {
    pub(crate) stored: Stored,
    pub(crate) engine: Engine,
    pub(crate) network: Arc<dyn TopicNetwork>,
    pub(crate) sources: Vec<Arc<dyn PeerSource>>,
    pub(crate) started_mono_ms: u64,
}

impl Running {
    pub(super) async fn join(&self, topic: &TopicName) -> Result<TopicView, ClientError> {
        Ok(self.engine.join(topic.clone()).await?.view().await?)
    }

    pub(super) async fn leave(&self, topic: &TopicRef) -> Result<bool, ClientError> {
        let id = self.handle(topic)?.keys().id;
        Ok(self.engine.leave(id).await?)
    }

    pub(super) async fn topics(&self) -> Result<Vec<TopicView>, ClientError> {
        let mut topics = Vec::new();
        for handle in self.engine.topics() {
            topics.push(handle.view().await?);
        }
        Ok(topics)
    }

    pub(super) async fn topic(&self, topic: &TopicRef) -> Result<TopicView, ClientError> {
        Ok(self.handle(topic)?.view().await?)
    }

    pub(super) async fn post(&self, topic: &TopicRef, text: &str) -> Result<PostView, ClientError> {
        let posted = self.handle(topic)?.post(text).await?;
        self.shown(posted).await
    }

    pub(super) async fn reply(
        &self,
        topic: &TopicRef,
        to: EventId,
        text: &str,
    ) -> Result<PostView, ClientError> {
        let posted = self.handle(topic)?.reply(to, text).await?;
        self.shown(posted).await
    }

    pub(super) async fn react(
        &self,
        topic: &TopicRef,
        to: EventId,
        content: &str,
    ) -> Result<SentView, ClientError> {
        let Posted { id, state, .. } = self.handle(topic)?.react(to, content).await?;
        Ok(SentView { id, state })
    }

    pub(super) async fn delete(
        &self,
        topic: &TopicRef,
        id: EventId,
    ) -> Result<SentView, ClientError> {
        let Posted { id, state, .. } = self.handle(topic)?.delete(id).await?;
        Ok(SentView { id, state })
    }

    /// An own post as its author sees it.
    async fn shown(&self, posted: Posted) -> Result<PostView, ClientError> {
        let author = self.stored.own_author().await?;
        let post = PostView::bare(posted.event, self.stored.now(), posted.state);
        Ok(PostView { author, ..post })
    }

    /// Looks for members of every topic at once, as after a change of the network.
    pub(super) async fn look_again(&self) {
        self.network.renew().await;
        self.engine.network_changed().await;
    }

    pub(super) fn subscribe(&self, topic: &TopicRef) -> Result<TopicEvents, ClientError> {
        Ok(TopicEvents::local(self.handle(topic)?.subscribe()))
    }

    pub(super) fn subscribe_all(&self) -> NodeEvents {
        NodeEvents::local(self.engine.subscribe())
    }

    pub(super) async fn peers(
        &self,
        topic: Option<&TopicRef>,
    ) -> Result<Vec<PeerView>, ClientError> {
        match topic {
            Some(topic) => Ok(self.handle(topic)?.peers().await?),
            None => self.peers_of_all().await,
        }
    }

    /// Every peer once, with the topics in which it is a neighbour, as it was first found.
    async fn peers_of_all(&self) -> Result<Vec<PeerView>, ClientError> {
        let mut all: Vec<PeerView> = Vec::new();
        for handle in self.engine.topics() {
            for peer in handle.peers().await? {
                match all.iter_mut().find(|known| known.id == peer.id) {
                    None => all.push(peer),
                    Some(known) => {
                        known.topics.extend(peer.topics);
                        if peer.connected_at < known.connected_at {
                            known.connected_at = peer.connected_at;
                            known.found_by = peer.found_by;
                            known.found_after_ms = peer.found_after_ms;
                        }
                    }
                }
            }
        }
        Ok(all)
    }

    pub(super) async fn explain(&self, topic: &TopicRef) -> Result<ExplainView, ClientError> {
        Ok(self.handle(topic)?.explain().await?)
    }

    pub(super) async fn status(&self) -> Result<StatusView, ClientError> {
        let network = self.network.status().await;
        let now_mono_ms = self.stored.clock.now().mono_ms;
        let mut discovery = DiscoveryView::default();
        for source in &self.sources {
            source.describe(&mut discovery).await;
        }
        let topics = self.topics().await?;
        Ok(StatusView {
            pid: Some(std::process::id()),
            uptime_ms: now_mono_ms.saturating_sub(self.started_mono_ms),
            listen: network.listen,
            addresses: network.addresses,
            discovery,
            ..self
                .stored
                .status_of(topics, self.stored.own_author().await?)
        })
    }

    /// The joined topic that is meant.
    pub(super) fn handle(&self, topic: &TopicRef) -> Result<TopicHandle, ClientError> {
        let mut meant = self.engine.topics();
        meant.retain(|handle| topic.means(&handle.keys().name, &handle.keys().id));
        if meant.len() > 1 {
            let names: Vec<TopicName> = meant
                .iter()
                .map(|handle| handle.keys().name.clone())
                .collect();
            return Err(ClientError::ambiguous(topic, &names));
        }
        meant.pop().ok_or_else(|| ClientError::not_joined(topic))
    }
}
