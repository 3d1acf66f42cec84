//! The machine's own network: interfaces, addresses, routes, and whether the DHT is behind them.
//!
//! Owns the watch over them, and what the parts of this crate do when they change: the endpoint
//! looks at its paths, multicast joins the interfaces that there are now, the DHT client is built
//! anew. Must never decide what that means for a topic: whoever listens is told that something
//! changed, and no more.

use std::{net::IpAddr, sync::OnceLock, time::Duration};

use futures_util::{StreamExt as _, stream};
use iroh::{Endpoint, Watcher as _};
use kukuri_application::ports::NetworkChanges;
use netwatch::{interfaces::State, netmon::Monitor};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tracing::{debug, info, warn};

use crate::{
    connections::Connections,
    dht::{DhtClient, DhtError},
    endpoint::NetworkConfig,
    mdns::Mdns,
    tasks::Tasks,
};

/// A DHT that answers this soon after the start is no news: the topics are being joined just now.
const START: Duration = Duration::from_secs(1);

/// How long connections may take to move to other addresses of this machine; it takes iroh some
/// milliseconds, and a router that answers for the new address a little more.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

/// How often it is looked whether the DHT can still be reached.
const DHT_CHECK: Duration = Duration::from_secs(10);

/// What reacts to changes of the machine's network.
#[derive(Debug)]
pub(crate) struct Machine {
    endpoint: Endpoint,
    connections: Connections,
    mdns: Option<Mdns>,
    dht: OnceLock<DhtClient>,
    changes: watch::Sender<u64>,
}

impl Machine {
    pub(crate) fn new(endpoint: Endpoint, connections: Connections, mdns: Option<Mdns>) -> Self {
        Self {
            endpoint,
            connections,
            mdns,
            dht: OnceLock::new(),
            changes: watch::Sender::new(0),
        }
    }

    /// Each change from now on; several at a time may count as one.
    pub(crate) fn changes(&self) -> NetworkChanges {
        stream::unfold(self.changes.subscribe(), async |mut changes| {
            // It ends when the network is gone.
            changes.changed().await.ok().map(|()| ((), changes))
        })
        .boxed()
    }

    /// Every part looks again at where it is.
    pub(crate) async fn renew(&self) {
        if let Some(mdns) = &self.mdns {
            mdns.renew();
        }
        if let Some(dht) = self.dht.get() {
            dht.network_changed();
        }
        self.endpoint.network_change().await;
    }

    /// Watches interfaces, addresses and routes, as long as it is polled.
    pub(crate) async fn watch(&self) {
        let monitor = match Monitor::new().await {
            Ok(monitor) => monitor,
            Err(error) => {
                warn!(%error, "changes of the network are noticed by what no longer answers");
                return;
            }
        };
        let mut states = monitor.interface_state();
        let mut last = states.get();
        let mut changed_at = None;
        loop {
            let settled_at = changed_at.map(|at| at + SETTLED_AFTER);
            tokio::select! {
                state = states.updated() => {
                    // The monitor has ended, and with it what could be told.
                    let Ok(state) = state else { return };
                    let is_other = state.is_major_change(&last);
                    last = state;
                    if !is_other {
                        debug!("an interface changed, but not the way out");
                        continue;
                    }
                    info!("the network of this machine changed");
                    changed_at = Some(Instant::now());
                    self.renew().await;
                    self.tell();
                }
                () = sleep_until_some(settled_at) => {
                    if let Some(at) = changed_at.take() {
                        self.drop_stranded(at, &last);
                    }
                }
            }
        }
    }

    /// Closes what was not moved to the addresses that there are now, so that a new connection
    /// takes its place: iroh 1.4 may hold on to a path from an address that is gone and close the
    /// good ones as redundant, and both sides would wait half a minute for it.
    fn drop_stranded(&self, changed_at: Instant, state: &State) {
        let ours: Vec<IpAddr> = state
            .interfaces
            .values()
            .filter(|interface| interface.is_up())
            .flat_map(|interface| interface.addrs().map(|net| net.addr()))
            .collect();
        if ours.iter().all(IpAddr::is_loopback) {
            // There is no network to take another connection over; this one may survive.
            return;
        }
        let stranded = self.connections.stranded(changed_at.into_std(), |ip| {
            ours.contains(&ip.to_canonical())
        });
        for connection in stranded {
            let peer = connection.remote_id();
            debug!(peer = %peer.fmt_short(), "a connection did not move to the new address");
            connection.close(0_u32.into(), b"network changed");
        }
    }

    /// Watches a DHT client that could not be reached, until it can: without a route or DNS at
    /// the start, or after the network was away.
    pub(crate) async fn follow(&self, dht: DhtClient) {
        if self.dht.set(dht.clone()).is_err() {
            warn!("a network follows one DHT client only");
            return;
        }
        let mut was_reachable = dht.ready(START).await.is_ok();
        loop {
            if was_reachable {
                tokio::time::sleep(DHT_CHECK).await;
                was_reachable = dht.status().await.bootstrapped;
                continue;
            }
            match dht.ready(DHT_CHECK).await {
                Ok(()) => {
                    was_reachable = true;
                    self.tell();
                }
                Err(DhtError::Closed) => return,
                Err(error) => debug!(%error, "still without the DHT"),
            }
        }
    }

    fn tell(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }
}

async fn sleep_until_some(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// Starts the watch over the machine, unless nothing beyond this machine is of interest.
pub(crate) fn watch(machine: &std::sync::Arc<Machine>, config: &NetworkConfig, tasks: &Tasks) {
    let is_loopback =
        !config.bind.is_empty() && config.bind.iter().all(|addr| addr.ip().is_loopback());
    if is_loopback {
        return;
    }
    let machine = machine.clone();
    tasks.spawn(async move { machine.watch().await });
}
