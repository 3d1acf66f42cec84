//! Machines on a switch: mDNS, and a network that comes late.
//!
//! Each machine is a network namespace, each node a process in it.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use kukuri_infra_iroh::testnet::{PrivateDht, PrivateDhtConfig};
use kukuri_node::platform::StopSignals;
use kukuri_tests::{
    netns::{Lan, Namespace},
    node::fresh_topic,
    script::{NodeArgs, Process, Request},
    stats::{Check, Report, Trials},
};
use rand::Rng as _;
use serde_json::Value;

use crate::{DHT_NODES, join::LIMIT};

/// How long the late node has neither route nor DNS.
const LATE: Duration = Duration::from_secs(20);

/// How long it may take once it has both.
const LATE_TARGET: Duration = Duration::from_secs(10);

/// The name of the bootstrap node, which only a `hosts` file knows.
const BOOTSTRAP_NAME: &str = "bootstrap.lab";

/// Port of the bootstrap node.
const BOOTSTRAP_PORT: u16 = 6881;

/// A private DHT in a process of its own.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DhtArgs {
    /// The address by which the nodes know each other
    #[arg(long)]
    host: Ipv4Addr,
}

/// Runs a DHT until its input ends.
pub(crate) async fn serve_dht(args: &DhtArgs) -> anyhow::Result<()> {
    let mut signals = StopSignals::listen()?;
    let config = PrivateDhtConfig {
        nodes: DHT_NODES,
        first_port: Some(BOOTSTRAP_PORT),
        host: args.host,
    };
    let _dht = PrivateDht::start_with(config).await?;
    println!("{}", serde_json::json!({"type": "ready"}));
    signals.next().await;
    Ok(())
}

/// Starts a DHT in a namespace; it ends with the process's handle.
pub(crate) async fn dht_in(namespace: &Namespace, host: Ipv4Addr) -> anyhow::Result<Process> {
    start(
        namespace,
        &["dht".to_owned(), "--host".to_owned(), host.to_string()],
    )
    .await
}

/// Starts a node in a namespace.
pub(crate) async fn node_in(namespace: &Namespace, args: &NodeArgs) -> anyhow::Result<Process> {
    let mut words = vec!["node".to_owned()];
    words.extend(args.to_words());
    start(namespace, &words).await
}

async fn start(namespace: &Namespace, words: &[String]) -> anyhow::Result<Process> {
    let program = std::env::current_exe()?;
    let program = program
        .to_str()
        .context("the program's path is not UTF-8")?;
    Process::start(Some(namespace), program, words).await
}

/// Whether a line says that a peer became a neighbour.
pub(crate) fn is_joined(line: &Value) -> bool {
    line["type"] == "peer_joined"
}

pub(crate) async fn mdns(trials: usize) -> anyhow::Result<Report> {
    let mut report =
        Report::begin("LAN by mDNS only, two namespaces on a bridge: start to first neighbour");
    let lan = Lan::new(2)?;
    let mut times = Trials::default();
    for number in 0..trials {
        let outcome = one_mdns(&lan).await;
        times.push(outcome.map_err(|error| format!("trial {number}: {error:#}")));
    }
    report.trials("", &times);
    report.check(Check::failures(&times, 0));
    report.check(Check::percentile(&times, 50, Duration::from_millis(580)));
    report.check(Check::percentile(&times, 95, Duration::from_millis(1_200)));
    Ok(report)
}

async fn one_mdns(lan: &Lan) -> anyhow::Result<Duration> {
    let topic = fresh_topic();
    let args = NodeArgs {
        mdns: true,
        ..NodeArgs::in_topic(topic.as_str())
    };
    let member = node_in(&lan.machines[0], &args).await?;
    // The member's own first seconds, in which it asks often, are over in some trials and not in
    // others, as in life.
    let pause = Duration::from_millis(rand::rng().random_range(1_500..6_000));
    tokio::time::sleep(pause).await;
    let mut joiner = node_in(&lan.machines[1], &args).await?;
    let joined = joiner.wait_for(LIMIT, is_joined).await;
    let joined = match joined {
        Ok(line) => line["at"].as_u64().context("it says when")?,
        Err(error) => {
            let story = joiner
                .ask(&Request::Explain {
                    topic: topic.as_str().to_owned(),
                })
                .await?;
            return Err(error.context(story.to_string()));
        }
    };
    let started = joiner.ready["starting_at"]
        .as_u64()
        .context("it says when")?;
    joiner.stop().await?;
    member.stop().await?;
    Ok(Duration::from_millis(joined.saturating_sub(started)))
}

pub(crate) async fn late_network(trials: usize, at_once: usize) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "started without route and DNS, both come after {} s: from then to the first neighbour",
        LATE.as_secs()
    ));
    let times = Trials::run(trials, at_once, |_| one_late()).await?;
    report.trials("", &times);
    report.check(Check::failures(&times, 0));
    report.check(Check::percentile(&times, 100, LATE_TARGET));
    Ok(report)
}

async fn one_late() -> anyhow::Result<Duration> {
    const DHT: usize = 0;
    const MEMBER: usize = 1;
    const LATECOMER: usize = 2;
    let lan = Lan::new(3)?;
    let host = lan.address(DHT);
    let dht = dht_in(&lan.machines[DHT], host).await?;
    lan.machines[MEMBER].set_hosts(&[(host, BOOTSTRAP_NAME)])?;
    lan.disconnect(LATECOMER)?;
    let topic = fresh_topic();
    let args = NodeArgs {
        dht: vec![format!("{BOOTSTRAP_NAME}:{BOOTSTRAP_PORT}")],
        ..NodeArgs::in_topic(topic.as_str())
    };
    let member = node_in(&lan.machines[MEMBER], &args).await?;
    let mut latecomer = node_in(&lan.machines[LATECOMER], &args).await?;
    tokio::time::sleep(LATE).await;

    lan.connect(LATECOMER)?;
    lan.machines[LATECOMER].set_hosts(&[(host, BOOTSTRAP_NAME)])?;
    let connected = Instant::now();
    let joined = latecomer.wait_for(LATE_TARGET * 4, is_joined).await;
    let took = connected.elapsed();
    if let Err(error) = joined {
        let story = latecomer
            .ask(&Request::Explain {
                topic: topic.as_str().to_owned(),
            })
            .await?;
        return Err(error.context(story.as_str().unwrap_or_default().to_owned()));
    }
    latecomer.stop().await?;
    member.stop().await?;
    drop(dht);
    Ok(took)
}
