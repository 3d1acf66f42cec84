//! Peers: who they are on the network, where they can be reached, how they were found.
//!
//! Owns identifiers, addresses and the vocabulary of discovery and connection. Must never know
//! a transport's own types.

use std::{fmt, net::SocketAddr, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{limits::PEER_ADDRESSES_MAX, text_form::serde_as_text_or_bytes};

/// An endpoint's public key (ed25519), which is its identity in QUIC. It is neither the author
/// of posts nor the device: those are different keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct PeerId(pub [u8; 32]);

serde_as_text_or_bytes!(PeerId);

impl PeerId {
    /// The first eight hex digits, for people.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..4])
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({})", self.short())
    }
}

/// One way to reach a peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PeerAddress {
    /// UDP address.
    Ip(SocketAddr),
    /// URL of the relay that the peer listens on.
    Relay(String),
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PeerAddress::Ip(addr) => addr.fmt(f),
            PeerAddress::Relay(url) => f.write_str(url),
        }
    }
}

/// A peer with its addresses, as written in the configuration: `<endpoint id>@ADDR`, several
/// addresses joined by `+`, each `ip:port` or the URL of a relay.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PeerSpec {
    /// Who.
    pub peer: PeerId,
    /// Where; may be empty when only the id is known.
    pub addresses: Vec<PeerAddress>,
}

/// Why a text is no [`PeerSpec`] or [`PeerId`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PeerSpecError {
    /// The part before `@` is no endpoint id.
    #[error("'{0}' is no endpoint id: 64 hexadecimal digits are expected before '@'")]
    Id(String),
    /// A part after `@` is no address.
    #[error("'{0}' is no address: expected ip:port or a relay's https:// URL")]
    Address(String),
    /// There is no `@`.
    #[error("'{0}' has no address: expected <endpoint id>@ip:port")]
    NoAddress(String),
    /// More addresses than are kept.
    #[error("{0} addresses for one peer: at most {PEER_ADDRESSES_MAX} are used")]
    TooMany(usize),
}

impl FromStr for PeerId {
    type Err = PeerSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| PeerSpecError::Id(text.to_owned()))?;
        Ok(Self(bytes))
    }
}

impl FromStr for PeerAddress {
    type Err = PeerSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(addr) = text.parse::<SocketAddr>() {
            return Ok(Self::Ip(addr));
        }
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        match host {
            Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => {
                Ok(Self::Relay(text.to_owned()))
            }
            _ => Err(PeerSpecError::Address(text.to_owned())),
        }
    }
}

impl FromStr for PeerSpec {
    type Err = PeerSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, addresses) = text
            .split_once('@')
            .ok_or_else(|| PeerSpecError::NoAddress(text.to_owned()))?;
        let addresses = addresses
            .split('+')
            .map(str::parse)
            .collect::<Result<Vec<_>, _>>()?;
        if addresses.len() > PEER_ADDRESSES_MAX {
            return Err(PeerSpecError::TooMany(addresses.len()));
        }
        Ok(Self {
            peer: id.parse()?,
            addresses,
        })
    }
}

impl fmt::Display for PeerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@", self.peer)?;
        for (i, address) in self.addresses.iter().enumerate() {
            write!(f, "{}{address}", if i == 0 { "" } else { "+" })?;
        }
        Ok(())
    }
}

/// A path of discovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum SourceKind {
    /// Invite ticket.
    Ticket,
    /// Peers remembered in the database.
    Known,
    /// Multicast DNS on the local network.
    Mdns,
    /// The topic tracker on the BitTorrent Mainline DHT.
    Dht,
    /// Peers from the configuration that are dialled at once.
    Manual,
    /// Nodes from the configuration that are dialled when nothing else helped.
    Bootstrap,
}

impl SourceKind {
    /// Every path, in the order in which `explain` lists them.
    pub const ALL: [SourceKind; 6] = [
        SourceKind::Ticket,
        SourceKind::Known,
        SourceKind::Mdns,
        SourceKind::Dht,
        SourceKind::Manual,
        SourceKind::Bootstrap,
    ];

    /// The name that JSON and logs use.
    pub fn code(self) -> &'static str {
        match self {
            SourceKind::Ticket => "ticket",
            SourceKind::Known => "known",
            SourceKind::Mdns => "mdns",
            SourceKind::Dht => "dht",
            SourceKind::Manual => "manual",
            SourceKind::Bootstrap => "bootstrap",
        }
    }
}

/// How a connected peer came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum FoundBy {
    /// Invite ticket.
    Ticket,
    /// Remembered in the database.
    Known,
    /// Multicast DNS.
    Mdns,
    /// The DHT's topic tracker.
    Dht,
    /// Configured peer.
    Manual,
    /// Configured bootstrap node.
    Bootstrap,
    /// Another member introduced it.
    Neighbour,
    /// It dialled us.
    Inbound,
}

impl FoundBy {
    /// The name that JSON and logs use.
    pub fn code(self) -> &'static str {
        match self {
            FoundBy::Ticket => "ticket",
            FoundBy::Known => "known",
            FoundBy::Mdns => "mdns",
            FoundBy::Dht => "dht",
            FoundBy::Manual => "manual",
            FoundBy::Bootstrap => "bootstrap",
            FoundBy::Neighbour => "neighbour",
            FoundBy::Inbound => "inbound",
        }
    }
}

impl From<SourceKind> for FoundBy {
    fn from(kind: SourceKind) -> Self {
        match kind {
            SourceKind::Ticket => FoundBy::Ticket,
            SourceKind::Known => FoundBy::Known,
            SourceKind::Mdns => FoundBy::Mdns,
            SourceKind::Dht => FoundBy::Dht,
            SourceKind::Manual => FoundBy::Manual,
            SourceKind::Bootstrap => FoundBy::Bootstrap,
        }
    }
}

/// The kind of path that packets to a peer take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum PathKind {
    /// Direct, over the internet.
    Direct,
    /// Through a relay.
    Relay,
    /// Direct, inside a private network.
    Lan,
    /// No connection at the moment.
    None,
}

impl PathKind {
    /// The name that JSON and people see.
    pub fn code(self) -> &'static str {
        match self {
            PathKind::Direct => "direct",
            PathKind::Relay => "relay",
            PathKind::Lan => "lan",
            PathKind::None => "none",
        }
    }

    /// Whether a UDP path to `addr` stays inside a private network (RFC 1918, RFC 4193,
    /// link-local, loopback).
    pub fn of_ip(addr: &SocketAddr) -> Self {
        let private = match addr.ip().to_canonical() {
            std::net::IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
            std::net::IpAddr::V6(ip) => {
                ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
            }
        };
        if private {
            PathKind::Lan
        } else {
            PathKind::Direct
        }
    }
}

/// Where a topic stands on its way to its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum ConnectionState {
    /// Keys and history are being loaded.
    Starting,
    /// Subscribed, nobody asked yet.
    Listening,
    /// Sources are being asked for members.
    Discovering,
    /// Members are being dialled.
    Connecting,
    /// At least one member is a neighbour.
    Joined,
    /// Joined, and history is being fetched.
    Syncing,
    /// Every source was asked and nobody is there; asking goes on.
    Alone,
}

impl ConnectionState {
    /// The name that JSON and logs use.
    pub fn code(self) -> &'static str {
        match self {
            ConnectionState::Starting => "starting",
            ConnectionState::Listening => "listening",
            ConnectionState::Discovering => "discovering",
            ConnectionState::Connecting => "connecting",
            ConnectionState::Joined => "joined",
            ConnectionState::Syncing => "syncing",
            ConnectionState::Alone => "alone",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_peer_spec_reads_back_what_it_prints() {
        let text = format!(
            "{}@127.0.0.1:4001+[::1]:4001+https://relay.example",
            "ab".repeat(32)
        );
        let spec: PeerSpec = text.parse().expect("a valid spec");
        assert_eq!(spec.addresses.len(), 3);
        assert_eq!(spec.to_string(), text);
    }

    #[test]
    fn bad_specs_name_the_bad_part() {
        let id = "ab".repeat(32);
        let check = |text: &str, expected: PeerSpecError| {
            assert_eq!(text.parse::<PeerSpec>(), Err(expected));
        };
        check("nonsense", PeerSpecError::NoAddress("nonsense".into()));
        check("xy@127.0.0.1:1", PeerSpecError::Id("xy".into()));
        check(&format!("{id}@here"), PeerSpecError::Address("here".into()));
        check(&format!("{id}@"), PeerSpecError::Address(String::new()));
        let many = ["1.1.1.1:1"; PEER_ADDRESSES_MAX + 1].join("+");
        check(
            &format!("{id}@{many}"),
            PeerSpecError::TooMany(PEER_ADDRESSES_MAX + 1),
        );
    }

    #[test]
    fn private_addresses_are_lan() {
        let kind = |text: &str| PathKind::of_ip(&text.parse().expect("an address"));
        assert_eq!(kind("192.168.1.4:1"), PathKind::Lan);
        assert_eq!(kind("[fd00::1]:1"), PathKind::Lan);
        assert_eq!(kind("[::ffff:10.0.0.1]:1"), PathKind::Lan);
        assert_eq!(kind("1.1.1.1:1"), PathKind::Direct);
        assert_eq!(kind("[2001:db8::1]:1"), PathKind::Direct);
    }

    proptest! {
        #[test]
        fn parser_peer_spec_never_panics(text in "\\PC{0,200}") {
            if let Ok(spec) = text.parse::<PeerSpec>() {
                prop_assert_eq!(spec.to_string().parse::<PeerSpec>(), Ok(spec));
            }
        }
    }
}
