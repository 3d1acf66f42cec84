//! Entries beside iroh-docs, in turn on the same machine: a write, a write seen by another, a
//! newcomer; with files that are flushed, and in memory.
//!
//! Owns the comparison. The other side is a program of its own (`tests/iroh-docs`), outside the
//! workspace. Must never compare what is kept with what is not: with files both count a write when
//! it is flushed, on either side; in memory kukuri's file lies on a file system in memory.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use kukuri_application::views::TopicEvent;
use kukuri_domain::TopicName;
use kukuri_node::client::EntryWrite;
use kukuri_tests::{
    node::{NodeOptions, Profile, TestNode, fresh_topic, next_where, shutdown_all},
    stats::{Check, Report, Trials},
};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::{process::Command, time::sleep};

use crate::{
    entries::{fill, key, value},
    join::LIMIT,
};

/// Where a file system lies in memory.
const MEMORY: &str = "/dev/shm";

/// Keys that single writes go to, in turn.
const KEYS: usize = 50;

/// Between two writes that another is to see.
const PACE: Duration = Duration::from_millis(10);

const POLL: Duration = Duration::from_millis(2);

/// What is compared.
#[derive(Debug, Clone, Copy)]
enum Figure {
    Set,
    Propagate,
    CatchUp,
}

impl Figure {
    /// How the other program calls it.
    fn word(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Propagate => "propagate",
            Self::CatchUp => "catch-up",
        }
    }
}

/// In each round each side measures each figure; `writes` of single ones, `keys` for a newcomer.
pub(crate) async fn measure(rounds: usize, writes: usize, keys: usize) -> anyhow::Result<Report> {
    let program = build().await?;
    let mut report = Report::begin(format!(
        "entries beside iroh-docs, {rounds} rounds in turn: single writes ({writes} in a round), \
         {keys} keys to a newcomer"
    ));
    for in_memory in [false, true] {
        for figure in [Figure::Set, Figure::Propagate, Figure::CatchUp] {
            let count = match figure {
                Figure::Set | Figure::Propagate => writes,
                Figure::CatchUp => keys,
            };
            let (mut ours, mut theirs) = (Trials::default(), Trials::default());
            for _ in 0..rounds {
                for time in of_docs(&program, figure, in_memory, count).await? {
                    theirs.push(Ok(time));
                }
                for time in of_kukuri(figure, in_memory, count).await? {
                    ours.push(Ok(time));
                }
            }
            let place = if in_memory { "memory" } else { "files" };
            let name = format!("{}, {place}", figure.word());
            report.trials(&format!("{name}: kukuri"), &ours);
            report.trials(&format!("{name}: iroh-docs"), &theirs);
            let median = |trials: &Trials| trials.percentile(50).context("there are trials");
            let times = median(&theirs)?.as_secs_f64() / median(&ours)?.as_secs_f64();
            report.check(Check::new(
                format!("{name}: {times:.2} times as fast (target: at least 1)"),
                times >= 1.0,
            ));
        }
    }
    Ok(report)
}

/// Builds the other program beside this one.
async fn build() -> anyhow::Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("iroh-docs/Cargo.toml");
    let own = std::env::current_exe()?;
    let folder = own.parent().context("the program lies in a folder")?;
    let target = folder.parent().context("the folder lies in another")?;
    eprintln!("building {}", manifest.display());
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--locked"])
        .arg("--manifest-path")
        .arg(&manifest)
        .arg("--target-dir")
        .arg(target)
        .status()
        .await?;
    anyhow::ensure!(status.success(), "iroh-docs could not be built");
    Ok(target.join("release/kukuri-beside-iroh-docs"))
}

async fn of_docs(
    program: &Path,
    figure: Figure,
    in_memory: bool,
    count: usize,
) -> anyhow::Result<Vec<Duration>> {
    #[derive(Deserialize)]
    struct Measured {
        micros: Vec<u64>,
    }

    let output = Command::new(program)
        .args(in_memory.then_some("--memory"))
        .args(["--count", &count.to_string(), figure.word()])
        .output()
        .await?;
    anyhow::ensure!(
        output.status.success(),
        "iroh-docs, {}: {}",
        figure.word(),
        String::from_utf8_lossy(&output.stderr)
    );
    let measured: Measured = serde_json::from_slice(&output.stdout)?;
    let times = measured.micros.into_iter().map(Duration::from_micros);
    Ok(times.collect())
}

async fn of_kukuri(figure: Figure, in_memory: bool, count: usize) -> anyhow::Result<Vec<Duration>> {
    let place = if in_memory {
        TempDir::new_in(MEMORY)?
    } else {
        TempDir::new()?
    };
    let profile = async |seed: u8| {
        let home = place.path().join(seed.to_string());
        std::fs::create_dir(&home)?;
        Profile::at(&home, seed).await
    };
    let topic = fresh_topic();
    let writer = TestNode::start(NodeOptions {
        profile: Some(profile(1).await?),
        ..NodeOptions::default()
    })
    .await?;
    writer.join(&topic).await?;
    let reader = NodeOptions {
        profile: Some(profile(2).await?),
        ..NodeOptions::with_manual(vec![writer.spec().await])
    };
    match figure {
        Figure::Set => {
            let times = set(&writer, &topic, count).await?;
            shutdown_all([writer]).await?;
            Ok(times)
        }
        Figure::Propagate => {
            let reader = TestNode::start(reader).await?;
            reader.join_and_meet(&topic, LIMIT).await?;
            let times = propagate(&writer, &reader, &topic, count).await?;
            shutdown_all([writer, reader]).await?;
            Ok(times)
        }
        Figure::CatchUp => {
            fill(writer.client(), &topic, count).await?;
            let newcomer = TestNode::start(reader).await?;
            newcomer.join_and_meet(&topic, LIMIT).await?;
            let started = Instant::now();
            while newcomer.counters(&topic).await?.stored < count as u64 {
                anyhow::ensure!(started.elapsed() < LIMIT, "not all came");
                sleep(POLL).await;
            }
            let took = started.elapsed();
            shutdown_all([writer, newcomer]).await?;
            Ok(vec![took])
        }
    }
}

async fn set(node: &TestNode, topic: &TopicName, count: usize) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for n in 0..count {
        let started = Instant::now();
        let write = EntryWrite::new(key(n % KEYS), Some(&value(n)));
        node.client().write_entries(topic, vec![write]).await?;
        times.push(started.elapsed());
    }
    Ok(times)
}

async fn propagate(
    writer: &TestNode,
    reader: &TestNode,
    topic: &TopicName,
    count: usize,
) -> anyhow::Result<Vec<Duration>> {
    let mut events = reader.client().subscribe(topic).await?;
    let mut times = Vec::new();
    for n in 0..count {
        sleep(PACE).await;
        let started = Instant::now();
        let write = EntryWrite::new(key(n % KEYS), Some(&value(n)));
        let written = writer.client().write_entries(topic, vec![write]).await?;
        let revision = written.first().context("it was written")?.revision;
        let is_it = |event: &TopicEvent| matches!(event, TopicEvent::Entry { entry } if entry.revision == revision);
        next_where(&mut events, is_it).await?;
        times.push(started.elapsed());
    }
    Ok(times)
}
