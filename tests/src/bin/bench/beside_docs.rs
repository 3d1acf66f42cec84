//! Entries beside iroh-docs, in turn on the same machine: a write, a write seen by another, a
//! newcomer; with files on a disk and in memory.
//!
//! Owns the comparison. The other side is a program of its own (`tests/iroh-docs`), outside the
//! workspace. Must never call equal what is kept and what is not: files count when they are
//! flushed, on either side, wherever they lie. What iroh-docs does without files has no target,
//! since kukuri keeps its file then too.

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

/// Where both sides keep what they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Files on a disk.
    Disk,
    /// Files on a file system in memory.
    Memory,
    /// iroh-docs without files, beside kukuri's as in [`Place::Memory`].
    NoFiles,
}

impl Place {
    fn word(self) -> &'static str {
        match self {
            Self::Disk => "on disk",
            Self::Memory => "in memory",
            Self::NoFiles => "in memory, iroh-docs without files",
        }
    }

    fn folder(self) -> std::io::Result<TempDir> {
        match self {
            Self::Disk => TempDir::new(),
            Self::Memory | Self::NoFiles => TempDir::new_in(MEMORY),
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
    for place in [Place::Disk, Place::Memory, Place::NoFiles] {
        for figure in [Figure::Set, Figure::Propagate, Figure::CatchUp] {
            let count = match figure {
                Figure::Set | Figure::Propagate => writes,
                Figure::CatchUp => keys,
            };
            let (mut ours, mut theirs) = (Trials::default(), Trials::default());
            for _ in 0..rounds {
                // A newcomer of theirs does not always come to all contents.
                match of_docs(&program, figure, place, count).await {
                    Ok(times) => times.into_iter().for_each(|time| theirs.push(Ok(time))),
                    Err(error) => theirs.push(Err(format!("{error:#}"))),
                }
                for time in of_kukuri(figure, place, count).await? {
                    ours.push(Ok(time));
                }
            }
            let name = format!("{}, {}", figure.word(), place.word());
            report.trials(&format!("{name}: kukuri"), &ours);
            report.trials(&format!("{name}: iroh-docs"), &theirs);
            let median = |trials: &Trials| trials.percentile(50).context("there are trials");
            let times = median(&theirs)?.as_secs_f64() / median(&ours)?.as_secs_f64();
            let text = format!("{name}: {times:.2} times as fast");
            match place {
                Place::Disk | Place::Memory => report.check(Check::new(
                    format!("{text} (target: at least 1)"),
                    times >= 1.0,
                )),
                Place::NoFiles => report.note(text),
            }
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
    place: Place,
    count: usize,
) -> anyhow::Result<Vec<Duration>> {
    #[derive(Deserialize)]
    struct Measured {
        micros: Vec<u64>,
    }

    let folder = place.folder()?;
    let output = Command::new(program)
        .env("TMPDIR", folder.path())
        .args((place == Place::NoFiles).then_some("--memory"))
        .args(["--count", &count.to_string(), figure.word()])
        .output()
        .await?;
    anyhow::ensure!(
        output.status.success(),
        "iroh-docs, {}: {}",
        figure.word(),
        first_line(&output.stderr)
    );
    let measured: Measured = serde_json::from_slice(&output.stdout)?;
    let times = measured.micros.into_iter().map(Duration::from_micros);
    Ok(times.collect())
}

/// What went wrong, without where.
fn first_line(told: &[u8]) -> String {
    let told = String::from_utf8_lossy(told);
    told.lines().next().unwrap_or_default().to_owned()
}

async fn of_kukuri(figure: Figure, place: Place, count: usize) -> anyhow::Result<Vec<Duration>> {
    let folder = place.folder()?;
    let profile = async |seed: u8| {
        let home = folder.path().join(seed.to_string());
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
