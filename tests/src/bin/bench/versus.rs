//! Joining by the DHT: kukuri against the stock driver of `distributed-topic-tracker`.
//!
//! Both find a member that is there already, on the same private DHT with a third of its nodes
//! dead, in turns. The clock of kukuri runs from before its node is started; the clock of the
//! stock node only from its `join` on, and it is told the member's address, so that nothing but
//! its driver is measured.

use std::{
    io::ErrorKind,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use futures_util::StreamExt as _;
use iroh::{SecretKey, address_lookup::MemoryLookup};
use kukuri_domain::TopicKeys;
use kukuri_infra_iroh::dht::{DhtClient, SlotTracker, TrackerPolicy};
use kukuri_tests::{
    netns::Namespace,
    node::{dht_config, eventually, fresh_topic},
    public_dht::{PublicDht, lead_names_here},
    script::unix_ms,
    stats::{Check, Report, Trials, millis},
    stock::StockNode,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{DHT_NODES, join::join_a_member};

/// How much faster kukuri must be.
const TIMES_FASTER: f64 = 10.0;

/// When a stock trial has failed; its driver may take half a minute.
const STOCK_LIMIT: Duration = Duration::from_secs(90);

/// How long the ports of a net that was dropped may stay taken.
const PORT_LIMIT: Duration = Duration::from_secs(10);

/// How long the stock member may take to publish.
const PUBLISH_LIMIT: Duration = Duration::from_secs(60);

/// Runs this program in a namespace where the public names lead to the private DHT.
pub(crate) async fn in_namespace(trials: usize) -> anyhow::Result<bool> {
    let namespace = Namespace::new("stock")?;
    lead_names_here(&namespace)?;
    let mut command = tokio::process::Command::from(namespace.command(std::env::current_exe()?));
    command.args(["versus-stock", "--inside", "--trials", &trials.to_string()]);
    let status = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await?;
    Ok(status.success())
}

pub(crate) async fn inside(trials: usize) -> anyhow::Result<Report> {
    let mut report =
        Report::begin("kukuri against the stock driver, a third of the DHT's nodes dead");
    let (mut ours, mut stock) = (Trials::default(), Trials::default());
    for number in 0..trials {
        // A new net for each pair: the stock node waits for the dead ones as long as it knows them.
        let mut net = new_net().await?;
        net.dht.kill(DHT_NODES / 3);
        let joined = join_a_member(&net.dht)
            .await
            .map(|joined| joined.from_start);
        ours.push(joined.map_err(|error| format!("trial {number}: {error:#}")));
        let joined = stock_joins_a_member(&net).await;
        stock.push(joined.map_err(|error| format!("trial {number}: {error:#}")));
    }
    report.trials("kukuri", &ours);
    report.trials("stock", &stock);
    let ratio = match (ours.percentile(50), stock.percentile(50)) {
        (Some(ours), Some(stock)) => stock.as_secs_f64() / ours.as_secs_f64(),
        _ => 0.0,
    };
    let medians = [&ours, &stock].map(|t| t.percentile(50).map_or("-".to_owned(), millis));
    report.check(Check::new(
        format!(
            "{ratio:.1} times faster at the median, {} (target: {TIMES_FASTER})",
            medians.join(" against ")
        ),
        ratio >= TIMES_FASTER,
    ));
    report.check(Check::failures(&ours, 1));
    Ok(report)
}

/// The ports are free again a moment after the last net was dropped.
async fn new_net() -> anyhow::Result<PublicDht> {
    eventually(PORT_LIMIT, || async {
        match PublicDht::start(DHT_NODES).await {
            Ok(net) => Ok(Some(net)),
            Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(None),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

async fn stock_joins_a_member(net: &PublicDht) -> anyhow::Result<Duration> {
    let keys = TopicKeys::public(fresh_topic());
    let known = MemoryLookup::new();
    let member = StockNode::start(&[], Some(known.clone())).await?;
    let joiner = StockNode::start(&[], Some(known.clone())).await?;
    known.add_endpoint_info(member.endpoint().addr());
    known.add_endpoint_info(joiner.endpoint().addr());
    let (topic, secret) = (keys.id.0, *keys.tracker_secret.expose());
    let _member_topic = member.join_alone(&topic, &secret).await?;
    wait_for_record(net, &keys)
        .await
        .context("the stock member did not publish")?;
    let started = Instant::now();
    let joined = timeout(STOCK_LIMIT, joiner.join(&topic, &secret)).await;
    let took = started.elapsed();
    let joined = joined.map_err(|_| anyhow!("not joined after {STOCK_LIMIT:?}"));
    let outcome = joined.and_then(|joined| joined.map(|_topic| took));
    tokio::join!(member.shutdown(), joiner.shutdown());
    outcome
}

/// Waits until the slot of this or the next minute holds a record.
async fn wait_for_record(net: &PublicDht, keys: &TopicKeys) -> anyhow::Result<()> {
    const LOOK: Duration = Duration::from_secs(5);
    let stop = CancellationToken::new();
    let client = DhtClient::start(dht_config(&net.dht.bootstrap()), &stop);
    let tracker = SlotTracker::new(
        client,
        SecretKey::generate(),
        TrackerPolicy::default(),
        &stop,
    );
    let found = eventually(PUBLISH_LIMIT, || async {
        let minute = unix_ms() / 60_000;
        let secret = keys.tracker_secret.expose();
        for minute in [minute, minute + 1] {
            let mut records = tracker
                .slot_records(keys.id.0, secret, minute, LOOK)
                .await?;
            if let Some(Ok(_record)) = records.next().await {
                return Ok(Some(()));
            }
        }
        Ok(None)
    });
    let found = found.await;
    stop.cancel();
    found
}
