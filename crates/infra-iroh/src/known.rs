//! Addresses of peers that somebody told us: tickets, remembered peers, the LAN, the caller.
//!
//! Owns what iroh's dialling looks up in memory. Must never hold more than
//! [`PEER_ADDRESSES_MAX`] addresses of one peer: the latest told win.

use iroh::{
    EndpointId,
    address_lookup::{EndpointData, EndpointInfo, memory::MemoryLookup},
};
use kukuri_domain::{PeerAddress, limits::PEER_ADDRESSES_MAX};

use crate::address::{peer_addresses, transport_addresses};

/// Addresses in memory. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownAddresses(MemoryLookup);

impl KnownAddresses {
    /// Adds addresses before those that were known.
    pub(crate) fn add(&self, id: EndpointId, addresses: &[PeerAddress]) {
        if addresses.is_empty() {
            return;
        }
        let mut all = addresses.to_vec();
        let earlier = self.of(id);
        all.extend(
            earlier
                .into_iter()
                .filter(|address| !addresses.contains(address)),
        );
        all.truncate(PEER_ADDRESSES_MAX);
        let data = EndpointData::new(transport_addresses(&all).collect());
        self.0.set_endpoint_info(EndpointInfo::from_parts(id, data));
    }

    /// What is known of a peer.
    pub(crate) fn of(&self, id: EndpointId) -> Vec<PeerAddress> {
        let info = self.0.get_endpoint_info(id);
        info.map(|info| peer_addresses(info.data.addrs()))
            .unwrap_or_default()
    }

    /// What iroh looks addresses up in.
    pub(crate) fn lookup(&self) -> MemoryLookup {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_told_come_first_and_push_out_the_oldest() {
        let id = iroh::SecretKey::from_bytes(&[7; 32]).public();
        let ip = |n: u8| PeerAddress::Ip(([10, 0, 0, n], 1).into());
        let known = KnownAddresses::default();
        assert_eq!(known.of(id), []);
        let old: Vec<_> = (10..10 + PEER_ADDRESSES_MAX as u8).map(ip).collect();
        known.add(id, &old);
        known.add(id, &[ip(1), ip(11)]);
        let kept = known.of(id);
        assert_eq!(kept[..4], [ip(1), ip(11), ip(10), ip(12)]);
        assert_eq!(kept.len(), PEER_ADDRESSES_MAX);
        known.add(id, &[]);
        assert_eq!(known.of(id), kept);
    }
}
