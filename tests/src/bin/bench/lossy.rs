//! A LAN that loses three packets of ten on their way into every machine.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures_util::future::try_join_all;
use kukuri_tests::{
    netns::Namespace,
    script::Process,
    stats::{Check, Report, Trials, millis},
};
use tokio::time::{MissedTickBehavior, interval_at};

use crate::{
    halves::{hold, iptables_output, post, stories},
    lossy_lan::LossyLan,
};

/// Nodes of the LAN.
const NODES: u8 = 10;

/// Posts of all of them together.
const POSTS: usize = 1_000;

/// Pause between two posts: 20 a second.
const POST_PAUSE: Duration = Duration::from_millis(50);

/// The share of packets that is lost.
const LOSS: f64 = 0.3;

/// How far from it the share may lie that was really lost, for a trial to count.
const LOSS_OFF_MAX: f64 = 0.03;

/// Within this after the last post everybody has everything.
const TARGET: Duration = Duration::from_secs(120);

/// When a trial has failed. Later than the target: how much too late it was is worth knowing.
const LIMIT: Duration = Duration::from_secs(300);

pub(crate) async fn measure(trials: usize) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "{NODES} nodes, {:.0} % of all packets lost, {POSTS} posts at 20 a second: from the last post until all have all",
        LOSS * 100.0
    ));
    let (mut each, mut all) = (Trials::default(), Trials::default());
    for number in 0..trials {
        match one().await {
            Ok(delivered) => {
                report.note(format!(
                    "trial {number}: connected after {}, posted in {}, {:.1} % of {} packets lost",
                    millis(delivered.settled),
                    millis(delivered.posting),
                    delivered.loss.share() * 100.0,
                    delivered.loss.packets,
                ));
                for time in &delivered.times {
                    each.push(Ok(*time));
                }
                all.push(Ok(delivered.times.into_iter().max().unwrap_or_default()));
            }
            Err(error) => all.push(Err(format!("trial {number}: {error:#}"))),
        }
    }
    report.trials("each node", &each);
    report.trials("all nodes", &all);
    report.check(Check::failures(&all, 0));
    report.check(Check::percentile(&all, 100, TARGET));
    Ok(report)
}

/// What a trial saw.
struct Delivered {
    settled: Duration,
    posting: Duration,
    loss: Loss,
    /// From the last post until each node had all.
    times: Vec<Duration>,
}

async fn one() -> anyhow::Result<Delivered> {
    let mut lan = LossyLan::start(NODES, LOSS).await?;
    let (topic, settled) = (lan.topic.clone(), lan.settled);
    let nodes = &mut lan.nodes;

    let began = Instant::now();
    let ids = post_evenly(nodes, &topic).await?;
    let posting = began.elapsed();
    let held = hold(nodes, &topic, &ids, LIMIT).await?;
    let times: Option<Vec<Duration>> = held.iter().map(|held| held.all).collect();
    let Some(times) = times else {
        anyhow::bail!(
            "not everywhere after {LIMIT:?}\n{}",
            stories(nodes, &topic, &ids).await
        );
    };
    if times.iter().any(|time| *time > TARGET) {
        // The figure alone would not say why.
        let story = stories(nodes, &topic, &ids).await;
        eprintln!("everywhere only after {times:?}\n{story}");
    }
    let loss = Loss::of(lan.machines())?;
    anyhow::ensure!(
        (loss.share() - LOSS).abs() <= LOSS_OFF_MAX,
        "{} of {} packets were lost",
        loss.lost,
        loss.packets
    );
    Ok(Delivered {
        settled,
        posting,
        loss,
        times,
    })
}

/// The nodes post in turn at an even rate; a slow node does not slow the others down.
async fn post_evenly(nodes: &mut [Process], topic: &str) -> anyhow::Result<BTreeSet<String>> {
    let (count, began) = (nodes.len(), tokio::time::Instant::now());
    let posting = nodes.iter_mut().enumerate().map(async |(number, node)| {
        let first = began + POST_PAUSE * u32::try_from(number)?;
        let mut ticks = interval_at(first, POST_PAUSE * u32::try_from(count)?);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut ids = Vec::new();
        for round in 0..POSTS / count {
            ticks.tick().await;
            ids.push(post(node, topic, &format!("{round} of {number}")).await?);
        }
        anyhow::Ok(ids)
    });
    Ok(try_join_all(posting).await?.into_iter().flatten().collect())
}

/// Packets that came to machines, and how many of them were dropped there.
struct Loss {
    packets: u64,
    lost: u64,
}

impl Loss {
    fn of(machines: &[Namespace]) -> anyhow::Result<Self> {
        let mut all = Self {
            packets: 0,
            lost: 0,
        };
        for machine in machines {
            // -A INPUT -m statistic ... -c PACKETS BYTES -j DROP
            let rules = iptables_output(machine, "-v -S INPUT")?;
            for rule in rules.lines().filter(|line| line.starts_with("-A")) {
                let mut words = rule.split_whitespace().skip_while(|word| *word != "-c");
                let packets: u64 = words.nth(1).context("packets are counted")?.parse()?;
                all.packets += packets;
                if rule.ends_with("DROP") {
                    all.lost += packets;
                }
            }
        }
        Ok(all)
    }

    fn share(&self) -> f64 {
        self.lost as f64 / self.packets.max(1) as f64
    }
}
