//! Five machines that write to the same hundred keys at once, on a LAN that loses one packet of
//! five: when the last of them has the state that all have.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use kukuri_tests::{
    script::{Process, Request},
    stats::{Check, Report, Trials, millis},
};
use serde_json::Value;
use tokio::time::sleep;

use crate::{halves::stories, lossy_lan::LossyLan};

const NODES: u8 = 5;
const WRITES: usize = 1_000;
const KEYS: usize = 100;
const LOSS: f64 = 0.2;

/// Within this after the last write everybody holds the same.
const TARGET: Duration = Duration::from_secs(60);

const LIMIT: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(50);

pub(crate) async fn measure(trials: usize) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "{NODES} writers, {WRITES} writes each to {KEYS} keys, {:.0} % of all packets lost: from \
         the last write until all hold the same",
        LOSS * 100.0
    ));
    let mut same = Trials::default();
    for number in 0..trials {
        match one().await {
            Ok((writing, took)) => {
                report.note(format!("trial {number}: written in {}", millis(writing)));
                same.push(Ok(took));
            }
            Err(error) => same.push(Err(format!("trial {number}: {error:#}"))),
        }
    }
    report.trials("all nodes", &same);
    report.check(Check::failures(&same, 0));
    report.check(Check::percentile(&same, 100, TARGET));
    Ok(report)
}

async fn one() -> anyhow::Result<(Duration, Duration)> {
    let LossyLan {
        ref mut nodes,
        ref topic,
        ..
    } = LossyLan::start(NODES, LOSS).await?;
    let began = Instant::now();
    let writing = nodes.iter_mut().enumerate().map(async |(number, node)| {
        for round in 0..WRITES {
            let put = Request::Put {
                topic: topic.clone(),
                key: format!("key {}", (round * 7 + number) % KEYS),
                value: Some(format!("{round} of {number}")),
            };
            node.ask(&put).await?;
        }
        anyhow::Ok(())
    });
    try_join_all(writing).await?;
    let (written, last) = (began.elapsed(), Instant::now());
    loop {
        let states = states(nodes, topic).await?;
        let is_whole = states[0]["count"].as_u64() == Some(KEYS as u64);
        if is_whole && states.iter().all(|state| *state == states[0]) {
            return Ok((written, last.elapsed()));
        }
        if last.elapsed() > LIMIT {
            let story = stories(nodes, topic, &Default::default()).await;
            anyhow::bail!("not the same after {LIMIT:?}: {states:?}\n{story}");
        }
        sleep(POLL).await;
    }
}

/// What each node holds, in short, and how many events it has.
async fn states(nodes: &mut [Process], topic: &str) -> anyhow::Result<Vec<Value>> {
    let mut states = Vec::new();
    for node in nodes {
        let topic = topic.to_owned();
        states.push(node.ask(&Request::Entries { topic }).await?);
    }
    Ok(states)
}
