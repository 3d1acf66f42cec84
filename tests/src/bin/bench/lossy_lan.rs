//! Nodes on a LAN that loses packets on their way into every machine.
//!
//! Each node is a process in a namespace of its own, all on one switch with a private DHT. The
//! loss begins before the nodes do: they also have to find each other under it.

use std::time::Duration;

use kukuri_tests::{
    netns::{Lan, Namespace},
    node::fresh_topic,
    script::{NodeArgs, Process},
};

use crate::{
    halves::{iptables, settle},
    lan::{dht_in, node_in},
};

/// Nodes of one topic that have found each other.
pub(crate) struct LossyLan {
    pub(crate) nodes: Vec<Process>,
    pub(crate) topic: String,
    /// From the start of the last node until all were connected.
    pub(crate) settled: Duration,
    _dht: Process,
    lan: Lan,
}

impl LossyLan {
    /// As many nodes, where this share of all packets is lost.
    pub(crate) async fn start(nodes: u8, loss: f64) -> anyhow::Result<Self> {
        let lan = Lan::new(nodes + 1)?;
        let dht_place = usize::from(nodes);
        let host = lan.address(dht_place);
        let dht = dht_in(&lan.machines[dht_place], host).await?;
        for machine in &lan.machines {
            let rule = format!("-A INPUT -m statistic --mode random --probability {loss} -j DROP");
            iptables(machine, &rule)?;
            // It counts the others.
            iptables(machine, "-A INPUT -j ACCEPT")?;
        }
        let topic = fresh_topic().as_str().to_owned();
        let args = NodeArgs {
            dht: vec![format!("{host}:6881")],
            ..NodeArgs::in_topic(&topic)
        };
        let mut running = Vec::new();
        for machine in &lan.machines[..dht_place] {
            running.push(node_in(machine, &args).await?);
        }
        let settled = settle(&mut running, &topic).await?;
        Ok(Self {
            nodes: running,
            topic,
            settled,
            _dht: dht,
            lan,
        })
    }

    /// The machines of the nodes.
    pub(crate) fn machines(&self) -> &[Namespace] {
        &self.lan.machines[..self.nodes.len()]
    }
}
