//! Owns the life of the DHT node behind the client: build, wait for a routing table, watch it,
//! build anew.
//!
//! It must never give up, and never spin: between two failed attempts it waits, longer each time.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddrV4;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use n0_mainline::{DatagramHook, Dht};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, info};

use super::{CHECK_PERIOD, Connected, DhtConfig, KNOWN_NODES_MAX, Report};
use crate::dht::bootstrap;
use crate::dht::read_only::is_answer;

/// How long a new node may take to hear from its first bootstrap node. The crate asks them again
/// about twice in this time.
const POPULATE_TIMEOUT: Duration = Duration::from_secs(2);
/// Waits between failed attempts: they double from the first to the second value.
const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// Looks at a new node's table: they double from the first to the second value. On a loopback
/// network the first answer is there within a millisecond.
const POLL_MIN: Duration = Duration::from_millis(1);
const POLL_MAX: Duration = Duration::from_millis(100);
/// Changes of the network come in bursts (interface up, address, route): a node is not replaced
/// before this age.
const REBUILD_PAUSE: Duration = Duration::from_secs(2);
/// Looks that must find an empty table before it counts as lost (the crate refills it by itself).
const EMPTY_LOOKS_MAX: u32 = 2;

/// What others tell the supervisor.
#[derive(Debug, Clone, Copy)]
pub(super) enum Command {
    /// Routes or addresses of this machine changed.
    NetworkChanged,
    /// Nobody answered an operation on the build of this generation.
    Unanswered(u64),
}

/// Why the watch over a connected node ended.
enum Ended {
    /// It still works, but a better one can be had.
    Replace,
    /// It does not work.
    Lost,
}

pub(super) struct Supervisor {
    bootstrap: Vec<String>,
    known_nodes: Vec<SocketAddrV4>,
    current: watch::Sender<Option<Connected>>,
    commands: mpsc::Receiver<Command>,
    report: Arc<Report>,
    generation: u64,
}

impl Supervisor {
    pub(super) fn new(
        config: DhtConfig,
        current: watch::Sender<Option<Connected>>,
        commands: mpsc::Receiver<Command>,
        report: Arc<Report>,
    ) -> Self {
        let mut known_nodes = config.known_nodes;
        known_nodes.truncate(KNOWN_NODES_MAX);
        Self {
            bootstrap: config.bootstrap,
            known_nodes,
            current,
            commands,
            report,
            generation: 0,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let connected = self.connect_at_last().await;
            self.current.send_replace(Some(connected.clone()));
            match self.watch(&connected).await {
                Ended::Replace => {}
                Ended::Lost => {
                    self.current.send_replace(None);
                }
            }
        }
    }

    async fn connect_at_last(&mut self) -> Connected {
        let mut backoff = BACKOFF_MIN;
        loop {
            match self.connect().await {
                Ok(dht) => {
                    self.report.set_error(None);
                    info!(generation = self.generation, "DHT client connected");
                    return Connected {
                        generation: self.generation,
                        dht,
                    };
                }
                Err(reason) => {
                    debug!(%reason, retry_ms = backoff.as_millis(), "DHT client not connected");
                    self.report.set_error(Some(reason));
                }
            }
            self.wait_or_network_change(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    /// One attempt. Remembered nodes are asked while the names are still being resolved.
    async fn connect(&mut self) -> Result<Dht, String> {
        let bootstrap = self.bootstrap.clone();
        let mut resolving = pin!(bootstrap::resolve(&bootstrap));
        let resolved = if self.known_nodes.is_empty() {
            resolving.await
        } else {
            let remembered = self.build(&self.known_nodes.clone()).await?;
            let mut populating = pin!(populated(&remembered));
            tokio::select! {
                biased;
                populated = &mut populating => {
                    if populated {
                        return Ok(remembered.clone());
                    }
                    resolving.await
                }
                resolved = &mut resolving => {
                    // Without new addresses a second node would only start from the same ones.
                    if resolved.addresses.is_empty() && populating.await {
                        return Ok(remembered.clone());
                    }
                    resolved
                }
            }
        };

        let mut addresses = resolved.addresses;
        addresses.extend_from_slice(&self.known_nodes);
        let mut seen = HashSet::new();
        addresses.retain(|address| seen.insert(*address));
        if addresses.is_empty() {
            return Err(resolved
                .error
                .unwrap_or_else(|| "no bootstrap node is configured".to_owned()));
        }
        let dht = self.build(&addresses).await?;
        if populated(&dht).await {
            Ok(dht)
        } else {
            Err(resolved
                .error
                .unwrap_or_else(|| format!("none of {} bootstrap nodes answered", addresses.len())))
        }
    }

    async fn build(&mut self, addresses: &[SocketAddrV4]) -> Result<Dht, String> {
        self.generation += 1;
        self.report.builds.store(self.generation, Ordering::Relaxed);
        open(addresses)
            .await
            .map_err(|error| format!("failed to open a UDP socket for the DHT: {error}"))
    }

    /// Waits while the connected node is good.
    async fn watch(&mut self, connected: &Connected) -> Ended {
        let connected_at = Instant::now();
        let mut empty_looks = 0;
        loop {
            tokio::select! {
                () = sleep(CHECK_PERIOD) => {
                    match connected.dht.info().await {
                        Ok(info) if info.routing_table_size() > 0 => {
                            empty_looks = 0;
                            self.remember(&connected.dht).await;
                        }
                        Ok(_empty) => empty_looks += 1,
                        Err(_actor_gone) => return Ended::Lost,
                    }
                    if empty_looks >= EMPTY_LOOKS_MAX {
                        self.report.set_error(Some("all known DHT nodes are gone".to_owned()));
                        return Ended::Lost;
                    }
                }
                command = self.commands.recv() => match command {
                    Some(Command::NetworkChanged) => {
                        sleep_until(connected_at + REBUILD_PAUSE).await;
                        return Ended::Replace;
                    }
                    Some(Command::Unanswered(generation)) if generation == connected.generation => {
                        self.report.set_error(Some("no DHT node answered".to_owned()));
                        return Ended::Lost;
                    }
                    Some(Command::Unanswered(_older)) => {}
                    // The handle is gone, and its token ends this task.
                    None => std::future::pending().await,
                },
            }
        }
    }

    /// Keeps some good nodes for the next build, so that it need not wait for a resolver.
    async fn remember(&mut self, dht: &Dht) {
        let good = good_nodes(dht, KNOWN_NODES_MAX).await;
        if !good.is_empty() {
            self.known_nodes = good;
        }
    }

    async fn wait_or_network_change(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        loop {
            tokio::select! {
                () = sleep_until(until) => return,
                command = self.commands.recv() => match command {
                    Some(Command::NetworkChanged) => return,
                    Some(Command::Unanswered(_)) => {}
                    None => std::future::pending().await,
                },
            }
        }
    }
}

/// Opens a node that only asks.
async fn open(addresses: &[SocketAddrV4]) -> io::Result<Dht> {
    let dht = Dht::builder().bootstrap(addresses).port(0).build()?;
    dht.set_datagram_hook(Some(DatagramHook::new(|datagram, _from| {
        !is_answer(datagram)
    })))
    .await?;
    Ok(dht)
}

/// Whether the node gets a routing table in time.
async fn populated(dht: &Dht) -> bool {
    let deadline = Instant::now() + POPULATE_TIMEOUT;
    let mut poll = POLL_MIN;
    while let Ok(info) = dht.info().await {
        if info.routing_table_size() > 0 {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        sleep(poll).await;
        poll = (poll * 2).min(POLL_MAX);
    }
    false
}

/// Up to `max` nodes of the routing table that answered lately.
pub(super) async fn good_nodes(dht: &Dht, max: usize) -> Vec<SocketAddrV4> {
    let Ok(nodes) = dht.to_bootstrap().await else {
        // The node has been shut down: it knows nobody any more.
        return Vec::new();
    };
    nodes
        .iter()
        .filter_map(|node| node.parse().ok()) // The crate prints addresses; another text is no address.
        .take(max)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::testnet::PrivateDht;

    /// A ping that seems to come from the node's own public address, which anybody can forge;
    /// here the node sends it to itself. Says whether the node then believes to be reachable, the
    /// first step to becoming a server.
    async fn believes_a_forged_ping(dht: &Dht) -> bool {
        assert!(dht.bootstrapped().await.expect("it runs"));
        let info = dht.info().await.expect("it runs");
        let own = SocketAddrV4::new(Ipv4Addr::LOCALHOST, info.local_addr().port());
        assert_eq!(info.public_address(), Some(own), "the nodes told it");
        let ping = b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t4:aaaa1:y1:qe";
        dht.send_datagram(ping.to_vec(), own)
            .await
            .expect("it runs");
        // Datagrams that come later are handled later: after a lookup the ping has been, too.
        let nodes = dht.get_closest_nodes(*info.id()).await.expect("it runs");
        assert!(!nodes.is_empty());
        !dht.info().await.expect("it runs").firewalled()
    }

    #[tokio::test]
    async fn a_forged_ping_does_not_lead_to_serving() {
        let network = PrivateDht::start(5, None).await.expect("free ports");
        let bootstrap: Vec<SocketAddrV4> = network
            .bootstrap()
            .iter()
            .map(|node| node.parse().expect("an address"))
            .collect();
        let bare = Dht::builder()
            .bootstrap(&bootstrap)
            .port(0)
            .build()
            .expect("a socket");
        assert!(
            believes_a_forged_ping(&bare).await,
            "without the filter the danger is real"
        );
        let ours = open(&bootstrap).await.expect("a socket");
        assert!(!believes_a_forged_ping(&ours).await);
    }
}
