//! How fast a node takes events in, finds them again, and starts with a million of them.
//!
//! Owns the figures of the store. The way of an event is the whole of a node's but the socket:
//! decoding, the session's checks, signatures, the commit, the notice. Must never compare with a
//! loop that was measured in another run.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use bytes::Bytes;
use kukuri_application::{
    engine::{Engine, Ports, Settings, TopicHandle},
    keys::open_or_create_keys,
    ports::{Clock as _, EventStore as _, Origin},
    views::TopicEvent,
};
use kukuri_domain::{TopicKeys, TopicName, search::SearchQuery, wire::GossipFrame};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_infra_keyring::{LocalIdentity, MemoryVault};
use kukuri_node::platform::SystemClock;
use kukuri_tests::{
    node::fresh_topic,
    stats::{Check, Report, Trials},
};
use tokio::{process::Command, sync::broadcast, time::sleep};

use crate::{
    archive::{Archive, encoded},
    posts::{POST_BYTES, Writers, verified},
};

/// New events in a second.
const INGEST_PER_SECOND_MIN: f64 = 15_000.0;

/// How many duplicates cost as much as one new event.
const DUPLICATES_PER_EVENT_MIN: f64 = 20.0;

/// How long the search index may take after the last event.
const INDEX_LAG_MAX: Duration = Duration::from_secs(10);

const SEARCH_MAX: Duration = Duration::from_millis(100);

const START_MAX: Duration = Duration::from_secs(1);

/// Greatest resident memory of a node that starts, in MB.
const START_MB_MAX: f64 = 250.0;

/// Events of one commit when a database is filled.
const FILL_BATCH: u64 = 10_000;

/// How often a number is looked at that nothing announces.
const POLL: Duration = Duration::from_millis(5);

/// How long one step may take before the run is given up.
const STEP_MAX: Duration = Duration::from_secs(600);

/// Results of one page of a search.
const SEARCH_PAGE: u32 = 20;

/// A node without a socket.
struct Node {
    database: Arc<Database>,
    archive: Arc<Archive>,
    engine: Engine,
    topic: TopicHandle,
    clock: Arc<SystemClock>,
}

impl Node {
    async fn start(path: &Path, topic: TopicName) -> anyhow::Result<Self> {
        let clock = Arc::new(SystemClock::start());
        let database = Database::open(path, OpenOptions::default(), clock.clone()).await?;
        let database = Arc::new(database);
        let keys = open_or_create_keys(&MemoryVault::throw_away(), true).await?;
        let archive = Arc::new(Archive::default());
        let ports = Ports {
            store: database.clone(),
            book: database.clone(),
            network: archive.clone(),
            sources: Vec::new(),
            identity: Arc::new(LocalIdentity::from_secret(&keys.identity_secret)?),
            clock: clock.clone(),
        };
        let engine = Engine::start(ports, Settings::default());
        let topic = engine.join(topic).await?;
        Ok(Self {
            database,
            archive,
            engine,
            topic,
            clock,
        })
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.engine.shutdown().await;
        Ok(self.database.close().await?)
    }

    /// Takes new events in; returns when the last of them was announced.
    async fn take_new(&self, events: &[Bytes]) -> anyhow::Result<Duration> {
        let mut notices = self.topic.subscribe();
        let start = Instant::now();
        let offered = self.archive.offer(events, self.clock.now().unix);
        let announced = async {
            let mut posts = 0;
            while posts < events.len() as u64 {
                match notices.recv().await {
                    Ok(TopicEvent::Post { .. }) => posts += 1,
                    Ok(_) => {}
                    // Too slow a screen is told to read again, which is a notice as well.
                    Err(broadcast::error::RecvError::Lagged(missed)) => posts += missed,
                    Err(broadcast::error::RecvError::Closed) => anyhow::bail!("the topic ended"),
                }
            }
            Ok(())
        };
        let (offered, announced) = tokio::join!(offered, announced);
        offered.and(announced)?;
        let took = start.elapsed();
        let held = self.database.count(self.topic.keys().id).await?;
        anyhow::ensure!(held >= events.len() as u64, "only {held} were stored");
        Ok(took)
    }

    /// Takes events in that it has; returns when the last of them was recognised.
    async fn take_known(&self, events: &[Bytes]) -> anyhow::Result<Duration> {
        let before = self.duplicates().await?;
        let start = Instant::now();
        self.archive.send(events).await?;
        while self.duplicates().await? < before + events.len() as u64 {
            anyhow::ensure!(start.elapsed() < STEP_MAX, "duplicates were not recognised");
            sleep(POLL).await;
        }
        Ok(start.elapsed())
    }

    async fn duplicates(&self) -> anyhow::Result<u64> {
        Ok(self.topic.view().await?.counters.duplicates)
    }
}

/// Waits until the search index knows everything.
async fn indexed(database: &Database) -> anyhow::Result<Duration> {
    let start = Instant::now();
    while database.unindexed().await? > 0 {
        anyhow::ensure!(start.elapsed() < STEP_MAX, "the index was not finished");
        sleep(POLL).await;
    }
    Ok(start.elapsed())
}

pub(crate) async fn ingest(trials: usize, events: u64) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "ingest of {events} events of {POST_BYTES} bytes: decode, check, commit, announce"
    ));
    let topic = fresh_topic();
    let writers = Arc::new(Writers::new(topic.clone()));
    let posts = verified(&writers, 0..events).await?;
    let posts = posts.into_iter().map(|post| encoded(&post.into_signed()));
    let posts: Vec<Bytes> = posts.collect();
    let (mut new, mut lag) = (Trials::default(), Trials::default());
    let (mut rates, mut ratios, mut cheaper) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..trials {
        let home = tempfile::tempdir()?;
        let mut cpu = CpuMeter::start()?;
        let bare = bare_loop(home.path().join("bare.db"), posts.clone()).await?;
        cpu.note("bare loop", events)?;
        let node = Node::start(&home.path().join("kukuri.db"), topic.clone()).await?;
        cpu.note("start", 1)?;
        let took = node.take_new(&posts).await?;
        cpu.note("new", events)?;
        lag.push(Ok(indexed(&node.database).await?));
        cpu.note("index", events)?;
        let known = node.take_known(&posts).await?;
        cpu.note("known", events)?;
        node.stop().await?;
        new.push(Ok(took));
        rates.push(events as f64 / took.as_secs_f64());
        ratios.push(took.as_secs_f64() / bare.as_secs_f64());
        cheaper.push(took.as_secs_f64() / known.as_secs_f64());
        report.note(format!(
            "{:.0} new/s, {:.0} known/s; bare loop {:.0}/s",
            events as f64 / took.as_secs_f64(),
            events as f64 / known.as_secs_f64(),
            events as f64 / bare.as_secs_f64(),
        ));
        report.note(format!("CPU time of one: {}", cpu.notes.join(", ")));
    }
    report.trials("all of them", &new);
    report.trials("search index afterwards", &lag);
    report.note(format!(
        "time by that of a bare loop of rusqlite (decode, verify, insert; one thread): {:.2}",
        median(&mut ratios)
    ));
    let (rate, cheaper) = (median(&mut rates), median(&mut cheaper));
    report.check(Check::new(
        format!("{rate:.0} new events/s (target: at least {INGEST_PER_SECOND_MIN})"),
        rate >= INGEST_PER_SECOND_MIN,
    ));
    report.check(Check::new(
        format!("duplicates {cheaper:.0} times cheaper (target: {DUPLICATES_PER_EVENT_MIN})"),
        cheaper >= DUPLICATES_PER_EVENT_MIN,
    ));
    report.check(Check::percentile(&lag, 100, INDEX_LAG_MAX));
    Ok(report)
}

/// What the steps of a trial cost in CPU time of the whole process, which other programs of the
/// machine do not change as much as they change how long a step takes.
struct CpuMeter {
    last: Duration,
    notes: Vec<String>,
}

impl CpuMeter {
    fn start() -> anyhow::Result<Self> {
        Ok(Self {
            last: cpu_time()?,
            notes: Vec::new(),
        })
    }

    fn note(&mut self, step: &str, times: u64) -> anyhow::Result<()> {
        let now = cpu_time()?;
        let each_us = (now - self.last).as_secs_f64() * 1e6 / times as f64;
        self.last = now;
        self.notes.push(format!("{step} {each_us:.1} us"));
        Ok(())
    }
}

/// The CPU time of this process so far, in user and kernel mode (`/proc/self/stat`).
fn cpu_time() -> anyhow::Result<Duration> {
    Ok(Duration::from_secs_f64(crate::idle::cpu_seconds(
        std::process::id(),
    )?))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What one thread does with rusqlite and nothing else: decode, verify, insert, commit every
/// thousand.
async fn bare_loop(path: PathBuf, frames: Vec<Bytes>) -> anyhow::Result<Duration> {
    tokio::task::spawn_blocking(move || {
        const BATCH: usize = 1_000;
        let mut conn = rusqlite::Connection::open(path)?;
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             CREATE TABLE events (id BLOB PRIMARY KEY, author BLOB, created_at INTEGER,
                kind INTEGER, tags TEXT, content TEXT, sig BLOB)",
        )?;
        let start = Instant::now();
        for batch in frames.chunks(BATCH) {
            let transaction = conn.transaction()?;
            let mut insert = transaction
                .prepare("INSERT OR IGNORE INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
            for frame in batch {
                let GossipFrame::Event(wire) = GossipFrame::decode(frame)? else {
                    anyhow::bail!("it was encoded as an event");
                };
                let event = wire.into_signed()?.verify()?.to_wire();
                insert.execute((
                    event.id.0,
                    event.author.0,
                    i64::try_from(event.created_at)?,
                    event.kind,
                    serde_json::to_string(&event.tags)?,
                    event.content,
                    [event.sig_r, event.sig_s].concat(),
                ))?;
            }
            drop(insert);
            transaction.commit()?;
        }
        Ok(start.elapsed())
    })
    .await?
}

/// A database with this many posts in the topic, indexed.
pub(crate) async fn fill(
    path: &Path,
    writers: &Arc<Writers>,
    topic: &TopicName,
    events: u64,
) -> anyhow::Result<()> {
    let clock = Arc::new(SystemClock::start());
    let database = Database::open(path, OpenOptions::default(), clock).await?;
    let id = TopicKeys::public(topic.clone()).id;
    for start in (0..events).step_by(FILL_BATCH as usize) {
        let posts = verified(writers, start..(start + FILL_BATCH).min(events)).await?;
        database.commit(id, posts, Origin::Peer).await?;
    }
    indexed(&database).await?;
    Ok(database.close().await?)
}

pub(crate) async fn search(trials: usize, events: u64) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!("search over {events} events of {POST_BYTES} bytes"));
    let home = tempfile::tempdir()?;
    let (path, topic) = (home.path().join("kukuri.db"), fresh_topic());
    let writers = Arc::new(Writers::new(topic.clone()));
    let filling = Instant::now();
    fill(&path, &writers, &topic, events).await?;
    report.note(format!(
        "filled in {:.0} s, {} MB",
        filling.elapsed().as_secs_f64(),
        std::fs::metadata(&path)?.len() / 1_000_000
    ));
    let clock = Arc::new(SystemClock::start());
    let database = Database::open(
        &path,
        OpenOptions {
            read_only: true,
            ..OpenOptions::default()
        },
        clock,
    )
    .await?;
    let id = TopicKeys::public(topic.clone()).id;
    let mut all = Trials::default();
    let reader = writers.author();
    for (kind, queries) in queries(&writers) {
        let (mut took, mut found) = (Trials::default(), 0);
        for query in queries.iter().cycle().take(trials) {
            let query = SearchQuery::parse(query)?;
            let start = Instant::now();
            let page = database.search(vec![id], query, SEARCH_PAGE, None, reader);
            let page = page.await?;
            took.push(Ok(start.elapsed()));
            all.push(Ok(start.elapsed()));
            found += page.len();
        }
        report.trials(&format!("{kind} ({found} found)"), &took);
    }
    report.check(Check::percentile(&all, 95, SEARCH_MAX));
    let (mut newest, mut by_author, mut numbers) =
        (Trials::default(), Trials::default(), Trials::default());
    for _ in 0..trials {
        let page = kukuri_application::ports::Page::newest(50);
        let of_author = kukuri_application::ports::Page {
            author: Some(reader),
            ..page
        };
        let start = Instant::now();
        database.posts(id, page, reader).await?;
        newest.push(Ok(start.elapsed()));
        let start = Instant::now();
        database.posts(id, of_author, reader).await?;
        by_author.push(Ok(start.elapsed()));
        let start = Instant::now();
        database.summary(id, reader).await?;
        numbers.push(Ok(start.elapsed()));
    }
    report.trials("the newest 50", &newest);
    report.trials("the newest 50 of one author", &by_author);
    report.trials("the topic in numbers", &numbers);
    database.close().await?;
    start(&mut report, trials.min(10), &path, &topic).await?;
    Ok(report)
}

fn queries(writers: &Writers) -> Vec<(&'static str, Vec<String>)> {
    let words = |places: &[usize]| -> Vec<String> {
        places
            .iter()
            .map(|place| writers.word(*place).to_owned())
            .collect()
    };
    let pair = |a: usize, b: usize| format!("{} {}", writers.word(a), writers.word(b));
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    vec![
        ("frequent words", words(&[0, 1, 2, 5])),
        ("rare words", words(&[5_000, 12_000, 19_000])),
        ("two words", vec![pair(0, 3), pair(1, 9_000), pair(40, 700)]),
        (
            "Japanese",
            texts(&["東京", "猫", "明日", "編み物", "もう一度試します"]),
        ),
        ("two in Japanese", texts(&["東京 猫", "会議 図書館 夏休み"])),
        ("nothing", texts(&["zzz", "東明日", "猫犬猫犬"])),
    ]
}

/// What a process that was started says of itself.
#[derive(serde::Serialize, serde::Deserialize)]
struct Started {
    ready_ms: f64,
    resident_mb: f64,
}

async fn start(
    report: &mut Report,
    trials: usize,
    path: &Path,
    topic: &TopicName,
) -> anyhow::Result<()> {
    let (mut ready, mut most_mb) = (Trials::default(), 0.0_f64);
    for _ in 0..trials {
        let output = Command::new(std::env::current_exe()?)
            .arg("start-node")
            .arg(path)
            .arg(topic.as_str())
            .output()
            .await?;
        anyhow::ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let started: Started = serde_json::from_slice(&output.stdout)?;
        ready.push(Ok(Duration::from_secs_f64(started.ready_ms / 1_000.0)));
        most_mb = most_mb.max(started.resident_mb);
    }
    report.trials("start to a post that is stored", &ready);
    report.check(Check::percentile(&ready, 100, START_MAX));
    report.check(Check::new(
        format!("{most_mb:.0} MB resident at most (target: under {START_MB_MAX} MB)"),
        most_mb < START_MB_MAX,
    ));
    Ok(())
}

/// In a process of its own: opens the database, joins the topic, posts.
pub(crate) async fn start_node(path: &Path, topic: &str) -> anyhow::Result<()> {
    let start = Instant::now();
    let node = Node::start(path, topic.parse()?).await?;
    node.topic.post("ready").await?;
    let ready_ms = start.elapsed().as_secs_f64() * 1_000.0;
    // The index of what was posted is part of what a start costs.
    indexed(&node.database).await?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = peak
        .context("it has a peak")?
        .trim()
        .trim_end_matches(" kB")
        .parse()?;
    let started = Started {
        ready_ms,
        resident_mb: kib * 1_024.0 / 1_000_000.0,
    };
    println!("{}", serde_json::to_string(&started)?);
    node.stop().await
}
