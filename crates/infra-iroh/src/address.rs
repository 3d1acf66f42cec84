//! Between the domain's peers and iroh's endpoints.
//!
//! Owns every conversion of this edge, so that no other file decides what an invalid id or
//! address means. Must never drop an address silently where the caller could act on it.

use iroh::{EndpointAddr, EndpointId, TransportAddr, endpoint::Connection};
use kukuri_application::ports::NetworkError;
use kukuri_domain::{PeerAddress, PeerId, limits::PEER_ADDRESSES_MAX, peer::PathKind};

/// The peer behind an endpoint.
pub(crate) fn peer_id(id: EndpointId) -> PeerId {
    PeerId(*id.as_bytes())
}

/// The peer that an endpoint with this secret key is, before there is one.
pub fn peer_id_of(secret: &[u8; 32]) -> PeerId {
    peer_id(iroh::SecretKey::from_bytes(secret).public())
}

/// The endpoint of a peer. Not every 32 bytes are a public key, and candidates come from strangers.
pub(crate) fn endpoint_id(peer: PeerId) -> Result<EndpointId, NetworkError> {
    EndpointId::from_bytes(&peer.0).map_err(|_| NetworkError::Unreachable {
        peer,
        reason: "its id is not a public key".into(),
    })
}

/// One of iroh's addresses; `None` for kinds that we do not speak of.
pub(crate) fn peer_address(address: &TransportAddr) -> Option<PeerAddress> {
    match address {
        TransportAddr::Ip(addr) => Some(PeerAddress::Ip(*addr)),
        TransportAddr::Relay(url) => Some(PeerAddress::Relay(url.to_string())),
        _ => None,
    }
}

/// iroh's addresses as ours, at most as many as are kept for a peer.
pub(crate) fn peer_addresses<'a>(
    addresses: impl IntoIterator<Item = &'a TransportAddr>,
) -> Vec<PeerAddress> {
    addresses
        .into_iter()
        .filter_map(peer_address)
        .take(PEER_ADDRESSES_MAX)
        .collect()
}

/// Our addresses as iroh's, in their order. A relay whose URL does not parse is left out: it came
/// from a record or a ticket, and the other addresses may still work.
pub(crate) fn transport_addresses(
    addresses: &[PeerAddress],
) -> impl Iterator<Item = TransportAddr> {
    let convert = |address: &PeerAddress| match address {
        PeerAddress::Ip(addr) => Some(TransportAddr::Ip(*addr)),
        // What is no URL is no address.
        PeerAddress::Relay(url) => url.parse().ok().map(TransportAddr::Relay),
    };
    addresses
        .iter()
        .take(PEER_ADDRESSES_MAX)
        .filter_map(convert)
}

/// An endpoint with addresses.
pub(crate) fn endpoint_addr(id: EndpointId, addresses: &[PeerAddress]) -> EndpointAddr {
    EndpointAddr::from_parts(id, transport_addresses(addresses))
}

/// The kind of a path to `address`.
pub(crate) fn path_kind(address: &TransportAddr) -> PathKind {
    match address {
        TransportAddr::Ip(addr) => PathKind::of_ip(addr),
        TransportAddr::Relay(_) => PathKind::Relay,
        _ => PathKind::Direct,
    }
}

/// Where a connection reaches its peer now, the path in use first.
pub(crate) fn connection_addresses(connection: &Connection) -> Vec<PeerAddress> {
    let paths = connection.paths();
    let mut paths: Vec<_> = paths.iter().collect();
    paths.sort_by_key(|path| !path.is_selected());
    let mut addresses = peer_addresses(paths.iter().map(|path| path.remote_addr()));
    addresses.dedup();
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_no_key_is_unreachable_and_says_why() {
        let bad = (0..=255)
            .map(|byte| PeerId([byte; 32]))
            .find(|peer| EndpointId::from_bytes(&peer.0).is_err())
            .expect("about half of all strings are no points of the curve");
        let error = endpoint_id(bad).expect_err("it is no key");
        assert!(error.to_string().contains("not a public key"), "{error}");
    }

    #[test]
    fn addresses_survive_both_ways_and_bad_relays_are_left_out() {
        let id = iroh::SecretKey::from_bytes(&[7; 32]).public();
        assert_eq!(endpoint_id(peer_id(id)).expect("a key"), id);
        let ip = PeerAddress::Ip("192.168.1.4:4001".parse().expect("an address"));
        let relay = PeerAddress::Relay("https://relay.example./".into());
        let bad = PeerAddress::Relay("not a url".into());
        let addr = endpoint_addr(id, &[ip.clone(), bad, relay.clone()]);
        let back = peer_addresses(&addr.addrs);
        assert_eq!(back.len(), 2);
        assert!(back.contains(&ip) && back.contains(&relay));
    }
}
