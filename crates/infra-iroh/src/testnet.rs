//! Owns the private Mainline DHT of the demo, the tests and `cargo xtask dht`: written once, so
//! that all three measure the same network.
//!
//! It must never reach a public bootstrap node: the first node starts with an empty bootstrap
//! list (n0-mainline's default is the public one), every other node knows the first one only.
//!
//! n0-mainline's own `Testnet` takes no port and cannot kill nodes, so it is not used. All nodes
//! run in server mode: read-only clients then never enter a routing table, and what a lookup
//! waits for are the nodes that [`PrivateDht::kill`] took away, not phantoms.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use n0_mainline::Dht;

/// How a [`PrivateDht`] is laid out.
#[derive(Debug, Clone)]
pub struct PrivateDhtConfig {
    /// Number of nodes, the bootstrap node included; at least 1.
    pub nodes: usize,
    /// Port of the bootstrap node; `None` lets the system choose. The others always use port 0.
    pub first_port: Option<u16>,
    /// The address by which the nodes know each other. Clients on other hosts (or in other
    /// network namespaces) need one that they can reach; on one host it is loopback.
    pub host: Ipv4Addr,
}

impl Default for PrivateDhtConfig {
    fn default() -> Self {
        Self {
            nodes: 10,
            first_port: None,
            host: Ipv4Addr::LOCALHOST,
        }
    }
}

/// A private DHT; dropping it stops all its nodes.
///
/// The crate binds 0.0.0.0 and offers no other address.
#[derive(Debug)]
pub struct PrivateDht {
    nodes: Vec<Dht>,
    bootstrap: SocketAddrV4,
}

impl PrivateDht {
    /// Starts `nodes` nodes on loopback, the first on `first_port`, and waits until they know
    /// each other.
    ///
    /// # Errors
    /// The system's error if a socket cannot be bound (the port is taken, for example).
    pub async fn start(nodes: usize, first_port: Option<u16>) -> io::Result<Self> {
        Self::start_with(PrivateDhtConfig {
            nodes,
            first_port,
            ..PrivateDhtConfig::default()
        })
        .await
    }

    /// As [`PrivateDht::start`], with every choice.
    ///
    /// # Errors
    /// The system's error if a socket cannot be bound.
    pub async fn start_with(config: PrivateDhtConfig) -> io::Result<Self> {
        let first = Dht::builder()
            .no_bootstrap()
            .server_mode()
            .port(config.first_port.unwrap_or(0))
            .build()?;
        let port = first.info().await?.local_addr().port();
        let bootstrap = SocketAddrV4::new(config.host, port);

        let mut nodes = vec![first];
        for _ in 1..config.nodes {
            let node = Dht::builder()
                .bootstrap(&[bootstrap])
                .server_mode()
                .port(0)
                .build()?;
            node.bootstrapped().await?;
            nodes.push(node);
        }
        // The early nodes started before the late ones existed; a second look at their own
        // neighbourhood gives them the same picture.
        for node in &nodes {
            node.bootstrapped().await?;
        }
        Ok(Self { nodes, bootstrap })
    }

    /// `host:port` of the bootstrap node, as the setting `discovery.dht.bootstrap` wants it.
    #[must_use]
    pub fn bootstrap(&self) -> Vec<String> {
        vec![self.bootstrap.to_string()]
    }

    /// Number of nodes that still run.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no node runs; never so, since the bootstrap node cannot be killed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Kills up to `count` nodes without a word to the others, which keep them in their routing
    /// tables; never the bootstrap node. Returns how many were killed.
    pub fn kill(&mut self, count: usize) -> usize {
        let killed = count.min(self.nodes.len().saturating_sub(1));
        self.nodes.truncate(self.nodes.len() - killed);
        killed
    }
}
