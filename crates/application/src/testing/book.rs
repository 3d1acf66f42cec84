//! A topic book in memory.
//!
//! Owns the fake of `TopicBook`, with the adapter's rules for scores and forgetting. Must never
//! be used outside tests: nothing in it survives.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use kukuri_domain::{PeerId, TopicId, UnixMs, limits::PEER_ADDRESSES_MAX};

use super::store::StoreFault;
use crate::ports::{JoinedTopic, KnownPeer, PeerContact, StoreError, TopicBook};

/// Peers that are remembered per topic.
pub const KNOWN_PEERS_MAX: usize = 200;

/// A peer without a success for this long is forgotten (30 days).
pub const FORGET_AFTER_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// A peer that failed this often in a row is forgotten.
pub const FORGET_AFTER_FAILURES: u32 = 20;

const SCORE_MAX: i32 = 10;

/// A remembered peer, and how often it failed since it was reached.
#[derive(Debug)]
struct Remembered {
    known: KnownPeer,
    failures: u32,
}

/// Topics and peers in memory.
#[derive(Debug, Default)]
pub struct MemoryBook {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    topics: Vec<JoinedTopic>,
    peers: HashMap<TopicId, Vec<Remembered>>,
    dht_nodes: Vec<String>,
    fault: Option<StoreFault>,
}

impl MemoryBook {
    /// From now on every write fails and changes nothing; `None` heals.
    pub fn set_fault(&self, fault: Option<StoreFault>) {
        self.state().fault = fault;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }

    fn writable(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        match state.fault {
            Some(fault) => Err(fault.error()),
            None => Ok(state),
        }
    }
}

/// Best first: score, then the latest success.
fn rank(peer: &Remembered) -> (Reverse<i32>, Reverse<Option<UnixMs>>, PeerId) {
    let peer = &peer.known;
    (Reverse(peer.score), Reverse(peer.last_success), peer.peer)
}

#[async_trait]
impl TopicBook for MemoryBook {
    async fn join(&self, topic: JoinedTopic) -> Result<(), StoreError> {
        let mut state = self.writable()?;
        if state.topics.iter().all(|t| t.id != topic.id) {
            state.topics.push(topic);
            state
                .topics
                .sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        }
        Ok(())
    }

    async fn leave(&self, topic: TopicId) -> Result<bool, StoreError> {
        let mut state = self.writable()?;
        let before = state.topics.len();
        state.topics.retain(|t| t.id != topic);
        Ok(state.topics.len() < before)
    }

    async fn joined(&self) -> Result<Vec<JoinedTopic>, StoreError> {
        Ok(self.state().topics.clone())
    }

    async fn note_contact(
        &self,
        topic: TopicId,
        peer: PeerId,
        contact: PeerContact,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        let mut state = self.writable()?;
        let peers = state.peers.entry(topic).or_default();
        let place = peers.iter().position(|p| p.known.peer == peer);
        match (contact, place) {
            (PeerContact::Failed, None) => {}
            (PeerContact::Failed, Some(i)) => {
                peers[i].failures += 1;
                let score = &mut peers[i].known.score;
                *score = if *score > 0 {
                    *score / 2
                } else {
                    (*score - 1).max(-SCORE_MAX)
                };
            }
            (PeerContact::Reached(latest), place) => {
                let old = place.map(|i| peers.remove(i).known);
                let score = old.as_ref().map_or(0, |p| p.score.max(0));
                let mut addresses = Vec::new();
                for address in latest
                    .into_iter()
                    .chain(old.into_iter().flat_map(|p| p.addresses))
                {
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
                addresses.truncate(PEER_ADDRESSES_MAX);
                let oldest = UnixMs(at.0.saturating_sub(FORGET_AFTER_MS));
                peers.retain(|p| {
                    p.known.last_success >= Some(oldest) && p.failures < FORGET_AFTER_FAILURES
                });
                peers.sort_by_key(rank);
                peers.truncate(KNOWN_PEERS_MAX - 1);
                let score = (score + 1).min(SCORE_MAX);
                let known = KnownPeer {
                    peer,
                    addresses,
                    last_success: Some(at),
                    score,
                };
                peers.push(Remembered { known, failures: 0 });
            }
        }
        peers.sort_by_key(rank);
        Ok(())
    }

    async fn known_peers(&self, topic: TopicId, limit: u32) -> Result<Vec<KnownPeer>, StoreError> {
        let state = self.state();
        let peers = state.peers.get(&topic).into_iter().flatten();
        Ok(peers
            .take(limit as usize)
            .map(|p| p.known.clone())
            .collect())
    }

    async fn remember_dht_nodes(&self, nodes: Vec<String>) -> Result<(), StoreError> {
        let mut state = self.writable()?;
        state.dht_nodes.clear();
        for node in nodes {
            if !state.dht_nodes.contains(&node) {
                state.dht_nodes.push(node);
            }
        }
        Ok(())
    }

    async fn dht_nodes(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.state().dht_nodes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::contract;

    #[tokio::test]
    async fn the_fake_keeps_the_contract() {
        contract::topic_book(|| async { Box::new(MemoryBook::default()) }).await;
    }

    #[tokio::test]
    async fn faults_change_nothing_and_heal() {
        let book = MemoryBook::default();
        book.set_fault(Some(StoreFault::ReadOnly));
        let failed = book.remember_dht_nodes(vec!["127.0.0.1:1".into()]).await;
        assert!(matches!(failed, Err(StoreError::ReadOnly(_))), "{failed:?}");
        book.set_fault(None);
        assert!(book.dht_nodes().await.expect("readable").is_empty());
    }
}
