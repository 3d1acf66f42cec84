//! Joining by name over the DHT: one member present, both at once, and with dead DHT nodes.
//!
//! The clock runs from before the node is started (keys, database, endpoint, a DHT client with an
//! empty table) to the first neighbour; the part from the call `join` on is printed beside it.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use kukuri_domain::TopicName;
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_tests::{
    node::{NodeOptions, TestNode, fresh_topic, shutdown_all},
    stats::{Check, Report, Trials},
};

use tokio::time::sleep;

use crate::DHT_NODES;

/// When a trial has failed.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Trials on one DHT with dead nodes; after that the others have noticed too many of them.
const TRIALS_PER_DEAD_NET: usize = 10;

/// Members that wait at the same time.
const BATCH: usize = 25;

/// How long they wait: their own looks at the DHT are rare by then, so that the newcomer has to
/// find them.
const SETTLE: Duration = Duration::from_secs(20);

/// What one join took.
pub(crate) struct Joined {
    /// From before the node was started.
    pub(crate) from_start: Duration,
    /// From the call `join`.
    pub(crate) from_join: Duration,
}

/// Both clocks of many joins.
#[derive(Default)]
struct Joins {
    from_start: Trials,
    from_join: Trials,
}

impl Joins {
    fn push(&mut self, number: usize, outcome: anyhow::Result<Joined>) {
        let outcome = outcome.map_err(|error| format!("trial {number}: {error:#}"));
        match outcome {
            Ok(joined) => {
                self.from_start.push(Ok(joined.from_start));
                self.from_join.push(Ok(joined.from_join));
            }
            Err(reason) => self.from_start.push(Err(reason)),
        }
    }

    fn report(&self, report: &mut Report, label: &str, p95: Duration) {
        report.trials(&format!("{label}from start to neighbour"), &self.from_start);
        report.trials(&format!("{label}of that, from `join` on"), &self.from_join);
        report.check(Check::failures(&self.from_start, 1));
        report.check(Check::percentile(&self.from_start, 95, p95));
    }
}

pub(crate) async fn one_present(trials: usize) -> anyhow::Result<Report> {
    let mut report = Report::begin("join by name, DHT only, one member present");
    let dht = PrivateDht::start(DHT_NODES, None).await?;
    let mut joins = Joins::default();
    while joins.from_start.len() < trials {
        let number = joins.from_start.len();
        let mut members = Vec::new();
        for _ in number..trials.min(number + BATCH) {
            members.push(Member::start(&dht).await?);
        }
        sleep(SETTLE).await;
        for (place, member) in members.into_iter().enumerate() {
            joins.push(number + place, member.join(&dht).await);
        }
    }
    joins.report(&mut report, "", Duration::from_secs(1));
    Ok(report)
}

pub(crate) async fn both_start(trials: usize) -> anyhow::Result<Report> {
    let mut report = Report::begin("join by name, DHT only, both start at the same time");
    let dht = PrivateDht::start(DHT_NODES, None).await?;
    let mut joins = Joins::default();
    for number in 0..trials {
        joins.push(number, join_together(&dht).await);
    }
    joins.report(&mut report, "", Duration::from_secs(3));
    Ok(report)
}

pub(crate) async fn third_dead(trials: usize) -> anyhow::Result<Report> {
    let mut report = Report::begin("both cases with a third of the DHT's nodes dead");
    let (mut present, mut together) = (Joins::default(), Joins::default());
    let mut dht = net_with_dead().await?;
    for number in 0..trials {
        if number > 0 && number % TRIALS_PER_DEAD_NET == 0 {
            dht = net_with_dead().await?;
        }
        present.push(number, join_a_member(&dht).await);
        together.push(number, join_together(&dht).await);
    }
    present.report(&mut report, "one present: ", Duration::from_secs(5));
    together.report(&mut report, "both start: ", Duration::from_secs(5));
    Ok(report)
}

async fn net_with_dead() -> anyhow::Result<PrivateDht> {
    let mut dht = PrivateDht::start(DHT_NODES, None).await?;
    dht.kill(DHT_NODES / 3);
    Ok(dht)
}

/// A member that is alone and can be found.
struct Member {
    node: TestNode,
    topic: TopicName,
}

impl Member {
    async fn start(dht: &PrivateDht) -> anyhow::Result<Self> {
        let topic = fresh_topic();
        let node = TestNode::start(NodeOptions::on(dht)).await?;
        node.join(&topic).await?;
        node.wait_until_announced(&topic, LIMIT)
            .await
            .context("the member could not announce")?;
        Ok(Self { node, topic })
    }

    /// Another one starts and joins.
    async fn join(self, dht: &PrivateDht) -> anyhow::Result<Joined> {
        let started = Instant::now();
        let joiner = TestNode::start(NodeOptions::on(dht)).await?;
        let from_join = joiner.join_and_meet(&self.topic, LIMIT).await;
        let from_start = started.elapsed();
        shutdown_all([self.node, joiner]).await?;
        Ok(Joined {
            from_start,
            from_join: from_join?,
        })
    }
}

/// A member is there and can be found; another one starts.
pub(crate) async fn join_a_member(dht: &PrivateDht) -> anyhow::Result<Joined> {
    Member::start(dht).await?.join(dht).await
}

/// Two start; the slower one counts.
async fn join_together(dht: &PrivateDht) -> anyhow::Result<Joined> {
    let topic = fresh_topic();
    let started = Instant::now();
    let start = || async {
        let node = TestNode::start(NodeOptions::on(dht)).await?;
        let met = node.join_and_meet(&topic, LIMIT).await;
        anyhow::Ok((node, met))
    };
    let (one, other) = tokio::join!(start(), start());
    let from_start = started.elapsed();
    let ((one, one_met), (other, other_met)) = (one?, other?);
    shutdown_all([one, other]).await?;
    Ok(Joined {
        from_start,
        from_join: one_met?.max(other_met?),
    })
}
