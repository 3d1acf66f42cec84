//! The sources that need no network of their own: remembered peers and configured ones.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use kukuri_domain::peer::{PeerSpec, SourceKind};

use crate::ports::{
    Announced, Announcement, Candidate, CandidateStream, PeerSource, Query, SourceError, TopicBook,
};

/// Remembered peers that are tried in one search.
const KNOWN_PEERS_MAX: u32 = 16;

/// Peers that were members of the topic before, best first, from the topic book.
pub struct KnownPeersSource {
    book: Arc<dyn TopicBook>,
}

impl KnownPeersSource {
    /// Reads from `book`.
    pub fn new(book: Arc<dyn TopicBook>) -> Self {
        Self { book }
    }
}

#[async_trait]
impl PeerSource for KnownPeersSource {
    fn kind(&self) -> SourceKind {
        SourceKind::Known
    }

    fn watches(&self) -> bool {
        false
    }

    fn find(&self, query: Query) -> CandidateStream {
        let book = self.book.clone();
        let load = async move {
            match book.known_peers(query.topic.id, KNOWN_PEERS_MAX).await {
                Ok(peers) => peers
                    .into_iter()
                    .map(|known| Ok(unproven(known.peer, known.addresses)))
                    .collect(),
                Err(error) => vec![Err(SourceError::Other(Box::new(error)))],
            }
        };
        load.map(stream::iter).flatten_stream().boxed()
    }

    async fn announce(&self, _: Announcement) -> Result<Announced, SourceError> {
        Ok(Announced::NotNeeded)
    }
}

/// Peers from the configuration: manual ones or bootstrap nodes.
pub struct ConfiguredPeersSource {
    kind: SourceKind,
    peers: Vec<PeerSpec>,
}

impl ConfiguredPeersSource {
    /// Peers that are dialled at once (`network.peers`).
    pub fn manual(peers: Vec<PeerSpec>) -> Self {
        Self {
            kind: SourceKind::Manual,
            peers,
        }
    }

    /// Nodes that are dialled when nothing else helped (`network.bootstrap`).
    pub fn bootstrap(peers: Vec<PeerSpec>) -> Self {
        Self {
            kind: SourceKind::Bootstrap,
            peers,
        }
    }
}

#[async_trait]
impl PeerSource for ConfiguredPeersSource {
    fn kind(&self) -> SourceKind {
        self.kind
    }

    fn watches(&self) -> bool {
        false
    }

    fn find(&self, _: Query) -> CandidateStream {
        let peers = self.peers.clone();
        stream::iter(
            peers
                .into_iter()
                .map(|spec| Ok(unproven(spec.peer, spec.addresses))),
        )
        .boxed()
    }

    async fn announce(&self, _: Announcement) -> Result<Announced, SourceError> {
        Ok(Announced::NotNeeded)
    }
}

/// A candidate of whom nobody knows whether it is in the topic: it is asked by meeting.
fn unproven(peer: kukuri_domain::PeerId, addresses: Vec<kukuri_domain::PeerAddress>) -> Candidate {
    Candidate {
        peer,
        addresses,
        listed: Vec::new(),
        minute: None,
        is_member: false,
    }
}
