//! Who is on the local network.
//!
//! Owns the endpoints that mDNS has shown, with their tags. Must never grow without bound: anyone
//! on the LAN can invent endpoints.

use std::collections::BTreeMap;

use kukuri_domain::{PeerAddress, PeerId, presence::MdnsTag};

/// Endpoints that are remembered; the one unchanged for longest makes room.
const LAN_PEERS_MAX: usize = 1_024;

/// The endpoints on the LAN, each with the generation of its last change.
#[derive(Debug, Clone, Default)]
pub(super) struct LanTable {
    peers: BTreeMap<PeerId, LanPeer>,
    generation: u64,
}

/// One endpoint on the LAN.
#[derive(Debug, Clone)]
pub(super) struct LanPeer {
    pub(super) addresses: Vec<PeerAddress>,
    pub(super) tags: Vec<MdnsTag>,
    generation: u64,
}

impl LanTable {
    /// An endpoint appeared or changed what it shows.
    pub(super) fn seen(&mut self, peer: PeerId, addresses: Vec<PeerAddress>, tags: Vec<MdnsTag>) {
        if self.peers.len() >= LAN_PEERS_MAX && !self.peers.contains_key(&peer) {
            let oldest = self.peers.iter().min_by_key(|(_, peer)| peer.generation);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                self.peers.remove(&oldest);
            }
        }
        self.generation += 1;
        self.peers.insert(
            peer,
            LanPeer {
                addresses,
                tags,
                generation: self.generation,
            },
        );
    }

    /// An endpoint is no longer heard.
    pub(super) fn expired(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
    }

    /// Whoever was heard was heard elsewhere.
    pub(super) fn forget_all(&mut self) {
        self.peers.clear();
    }

    /// The generation of the latest change.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Those that changed after `generation`.
    pub(super) fn changed_after(
        &self,
        generation: u64,
    ) -> impl Iterator<Item = (PeerId, &LanPeer)> {
        let peers = self.peers.iter().map(|(id, peer)| (*id, peer));
        peers.filter(move |(_, peer)| peer.generation > generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(n: usize) -> PeerId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        PeerId(bytes)
    }

    #[test]
    fn a_peer_counts_as_changed_again_when_it_changes_or_reappears() {
        let mut table = LanTable::default();
        table.seen(peer(1), vec![], vec![]);
        table.seen(peer(2), vec![], vec![]);
        let generation = table.generation();
        assert_eq!(table.changed_after(generation).count(), 0);
        table.seen(peer(1), vec![], vec![[1; 8]]);
        let changed: Vec<_> = table.changed_after(generation).map(|(id, _)| id).collect();
        assert_eq!(changed, [peer(1)]);
        let generation = table.generation();
        table.expired(peer(2));
        assert_eq!(table.changed_after(generation).count(), 0);
        table.seen(peer(2), vec![], vec![]);
        assert_eq!(table.changed_after(generation).count(), 1);
    }

    #[test]
    fn the_table_is_bounded_and_forgets_the_oldest() {
        let mut table = LanTable::default();
        for n in 0..=LAN_PEERS_MAX {
            table.seen(peer(n), vec![], vec![]);
        }
        let kept: Vec<_> = table.changed_after(0).map(|(id, _)| id).collect();
        assert_eq!(kept.len(), LAN_PEERS_MAX);
        assert!(!kept.contains(&peer(0)) && kept.contains(&peer(LAN_PEERS_MAX)));
    }
}
