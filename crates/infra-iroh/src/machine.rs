//! The machine's own network: interfaces, addresses, routes, and whether the DHT is behind them.
//!
//! Owns the watch over them, and what the parts of this crate do when they change: the endpoint
//! looks at its paths, multicast joins the interfaces that there are now, the DHT client is built
//! anew. Must never decide what that means for a topic: whoever listens is told that something
//! changed, and no more.

use std::{sync::OnceLock, time::Duration};

use futures_util::{StreamExt as _, stream};
use iroh::{Endpoint, Watcher as _};
use kukuri_application::ports::NetworkChanges;
use netwatch::netmon::Monitor;
use tokio::sync::watch;
use tracing::{debug, info, warn};

use crate::{
    dht::{DhtClient, DhtError},
    endpoint::NetworkConfig,
    mdns::Mdns,
    tasks::Tasks,
};

/// A DHT that answers this soon after the start is no news: the topics are being joined just now.
const START: Duration = Duration::from_secs(1);

/// How often it is looked whether the DHT can still be reached.
const DHT_CHECK: Duration = Duration::from_secs(10);

/// What reacts to changes of the machine's network.
#[derive(Debug)]
pub(crate) struct Machine {
    endpoint: Endpoint,
    mdns: Option<Mdns>,
    dht: OnceLock<DhtClient>,
    changes: watch::Sender<u64>,
}

impl Machine {
    pub(crate) fn new(endpoint: Endpoint, mdns: Option<Mdns>) -> Self {
        Self {
            endpoint,
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
        while let Ok(state) = states.updated().await {
            let is_other = state.is_major_change(&last);
            last = state;
            if !is_other {
                debug!("an interface changed, but not the way out");
                continue;
            }
            info!("the network of this machine changed");
            self.renew().await;
            self.tell();
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
