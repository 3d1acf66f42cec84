//! A private DHT that looks like the public one, for programs that know only that.
//!
//! Owns the second bootstrap port: three of the four public names use 6881, one uses 25401. Must
//! run in a network namespace whose `hosts` file leads the four names to it.

use std::net::{Ipv4Addr, SocketAddrV4};

use kukuri_infra_iroh::testnet::{PrivateDht, PrivateDhtConfig};
use n0_mainline::Dht;

use crate::{netns::Namespace, stock::PUBLIC_BOOTSTRAP_NAMES};

/// The port of most public bootstrap nodes.
pub const PORT: u16 = 6881;

/// The port of `dht.libtorrent.org`.
const OTHER_PORT: u16 = 25_401;

/// A private DHT on both public bootstrap ports.
pub struct PublicDht {
    /// The nodes.
    pub dht: PrivateDht,
    _other: Dht,
}

impl PublicDht {
    /// Starts it on loopback.
    ///
    /// # Errors
    /// The system's error if a socket cannot be bound.
    pub async fn start(nodes: usize) -> std::io::Result<Self> {
        let config = PrivateDhtConfig {
            nodes,
            first_port: Some(PORT),
            ..PrivateDhtConfig::default()
        };
        let dht = PrivateDht::start_with(config).await?;
        let bootstrap = SocketAddrV4::new(Ipv4Addr::LOCALHOST, PORT);
        let other = Dht::builder()
            .bootstrap(&[bootstrap])
            .server_mode()
            .port(OTHER_PORT)
            .build()?;
        other.bootstrapped().await?;
        Ok(Self { dht, _other: other })
    }
}

/// Leads the public bootstrap names to loopback.
///
/// # Errors
/// When the namespace's file cannot be written.
pub fn lead_names_here(namespace: &Namespace) -> anyhow::Result<()> {
    namespace.set_hosts(&PUBLIC_BOOTSTRAP_NAMES.map(|name| (Ipv4Addr::LOCALHOST, name)))
}
