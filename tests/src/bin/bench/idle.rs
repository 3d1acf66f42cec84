//! What an idle node costs: one topic, two peers, mDNS and DHT on.

use std::{fs, net::Ipv4Addr, time::Duration};

use anyhow::Context as _;
use kukuri_tests::{
    netns::Namespace,
    node::fresh_topic,
    script::{NodeArgs, Request},
    stats::{Check, Report},
};
use tokio::time::{Instant, sleep};

use crate::{
    join::LIMIT,
    lan::{dht_in, node_in},
};

/// How long the node may settle before it is measured.
const SETTLE: Duration = Duration::from_secs(60);

/// Share of a core, in percent.
const CPU_PERCENT_MAX: f64 = 0.5;

/// Resident memory, in MB.
const RESIDENT_MB_MAX: f64 = 60.0;

/// Ticks of `/proc/PID/stat` per second, which Linux has fixed for programs.
pub(crate) const TICKS_PER_SECOND: f64 = 100.0;

pub(crate) async fn measure(trials: usize, seconds: u64) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "idle node, one topic, two peers, mDNS and DHT on, {seconds} s after {} s",
        SETTLE.as_secs()
    ));
    for _ in 0..trials {
        one(&mut report, Duration::from_secs(seconds)).await?;
    }
    Ok(report)
}

async fn one(report: &mut Report, period: Duration) -> anyhow::Result<()> {
    let host = Ipv4Addr::new(10, 81, 0, 1);
    let namespace = Namespace::new("idle")?;
    namespace.add_lan_of_one(host)?;
    let _dht = dht_in(&namespace, host).await?;
    let topic = fresh_topic().as_str().to_owned();
    let args = NodeArgs {
        dht: vec![format!("{host}:6881")],
        mdns: true,
        ..NodeArgs::in_topic(&topic)
    };
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(node_in(&namespace, &args).await?);
    }
    let node = &mut nodes[2];
    let pid = node.id().context("it runs")?;
    let end = Instant::now() + LIMIT;
    loop {
        let peers = node
            .ask(&Request::Peers {
                topic: topic.clone(),
            })
            .await?;
        if peers.as_array().is_some_and(|peers| peers.len() >= 2) {
            break;
        }
        anyhow::ensure!(Instant::now() < end, "it has not two peers: {peers}");
        sleep(Duration::from_millis(200)).await;
    }
    sleep(SETTLE).await;
    let before = cpu_seconds(pid)?;
    let started = Instant::now();
    sleep(period).await;
    let percent = (cpu_seconds(pid)? - before) / started.elapsed().as_secs_f64() * 100.0;
    let resident = resident_mb(pid)?;
    report.check(Check::new(
        format!("{percent:.2} % of a core (target: at most {CPU_PERCENT_MAX} %)"),
        percent <= CPU_PERCENT_MAX,
    ));
    report.check(Check::new(
        format!("{resident:.1} MB resident (target: under {RESIDENT_MB_MAX} MB)"),
        resident < RESIDENT_MB_MAX,
    ));
    for node in nodes {
        node.stop().await?;
    }
    Ok(())
}

/// Time in user and kernel mode (fields 14 and 15; the name before them may hold anything, so
/// they are counted from its closing bracket).
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("the name is in brackets")?;
    let field = |number: usize| -> anyhow::Result<f64> {
        let text = fields
            .split_whitespace()
            .nth(number - 3)
            .context("it has this field")?;
        Ok(text.parse()?)
    };
    Ok((field(14)? + field(15)?) / TICKS_PER_SECOND)
}

fn resident_mb(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line
        .context("it has a size")?
        .trim()
        .trim_end_matches(" kB")
        .parse()?;
    Ok(kib * 1_024.0 / 1_000_000.0)
}
