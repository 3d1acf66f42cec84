//! The port `TopicBook`: its queries, and its changes as handed to the writer.

use kukuri_application::ports::{JoinedTopic, KnownPeer, PeerContact, StoreError, TopicBook};
use kukuri_domain::{PeerId, TopicId, UnixMs};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use crate::{
    convert,
    database::Database,
    entities::{dht_node, known_peer, topic},
    error::store_error,
    writer::{Write, Written},
};

#[async_trait::async_trait]
impl TopicBook for Database {
    async fn join(&self, topic: JoinedTopic) -> Result<(), StoreError> {
        self.write(Write::Join(topic)).await.map(drop)
    }

    async fn leave(&self, topic: TopicId) -> Result<bool, StoreError> {
        let left = self.write(Write::Leave(topic)).await;
        self.sets.forget(topic);
        match left? {
            Written::Changed(was_joined) => Ok(was_joined),
            _ => unreachable!("leaving is answered by whether it was joined"),
        }
    }

    async fn joined(&self) -> Result<Vec<JoinedTopic>, StoreError> {
        let topics = topic::Entity::find()
            .order_by_asc(topic::Column::Name)
            .order_by_asc(topic::Column::Id)
            .all(self.readers())
            .await
            .map_err(store_error)?;
        topics.into_iter().map(convert::joined_topic).collect()
    }

    async fn note_contact(
        &self,
        topic: TopicId,
        peer: PeerId,
        contact: PeerContact,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        self.write(Write::Contact {
            topic,
            peer,
            contact,
            at,
        })
        .await
        .map(drop)
    }

    async fn known_peers(&self, topic: TopicId, limit: u32) -> Result<Vec<KnownPeer>, StoreError> {
        let peers = known_peer::Entity::find()
            .filter(known_peer::Column::Topic.eq(topic.0.to_vec()))
            .order_by_desc(known_peer::Column::Score)
            .order_by_desc(known_peer::Column::LastSuccess)
            .order_by_asc(known_peer::Column::Peer)
            .limit(u64::from(limit))
            .all(self.readers())
            .await
            .map_err(store_error)?;
        peers.into_iter().map(convert::known_peer).collect()
    }

    async fn remember_dht_nodes(&self, nodes: Vec<String>) -> Result<(), StoreError> {
        self.write(Write::DhtNodes(nodes)).await.map(drop)
    }

    async fn dht_nodes(&self) -> Result<Vec<String>, StoreError> {
        let nodes = dht_node::Entity::find()
            .order_by_asc(dht_node::Column::Place)
            .all(self.readers())
            .await
            .map_err(store_error)?;
        Ok(nodes.into_iter().map(|node| node.address).collect())
    }
}
