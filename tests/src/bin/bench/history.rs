//! What it costs to get what is missing: a newcomer, two large sets that differ by little, equal
//! ones.
//!
//! Owns the figures of the comparison of sets. The local rate beside which a newcomer's is put is
//! measured in the same trial, on the same rows.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kukuri_application::{
    ports::{EventStore as _, Origin},
    sync_set::SyncSet,
};
use kukuri_domain::{
    EventId, EventOrder, SignedEvent, TopicKeys, TopicName, UnixMs, VerifiedEvent,
    event::{
        Verifier,
        membership::{Member, Standing},
    },
    wire::{GossipFrame, SyncFrame},
};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_node::platform::SystemClock;
use kukuri_tests::{
    node::{NodeOptions, Profile, TestNode, fresh_topic, shutdown_all},
    script::unix_ms,
    stats::{Check, Report, Trials, millis},
};
use tokio::time::sleep;

use crate::{
    join::LIMIT,
    posts::{POST_BYTES, Writers, verified},
};

/// A newcomer's time for all.
const NEWCOMER_MAX: Duration = Duration::from_secs(3);

/// Its rate, of the rate at which the same rows are checked and stored from memory.
const SHARE_MIN: f64 = 0.6;

/// Events of the large sets, and by how many each side's differs.
const LARGE: u64 = 100_000;
const DIFFERENT: usize = 5;

const LARGE_MAX: Duration = Duration::from_secs(1);
const LARGE_BYTES_MAX: usize = 50_000;

/// What equal sets cost in bytes, when compared over a stream and in each minute.
const EQUAL_BYTES_MAX: usize = 1_000;

/// How much more a summary and an equal set may cost with a hundred times as many events.
const GROWTH_MAX: f64 = 1.5;

const POLL: Duration = Duration::from_millis(5);

pub(crate) async fn measure(trials: usize, events: u64) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "history: {events} events of {POST_BYTES} bytes from one member"
    ));
    newcomer(&mut report, trials, events).await?;
    large_sets(&mut report, trials).await?;
    messages(&mut report)?;
    equal(&mut report);
    growth(&mut report);
    Ok(report)
}

async fn newcomer(report: &mut Report, trials: usize, events: u64) -> anyhow::Result<()> {
    let (mut fetched, mut stored, mut shares) = (Trials::default(), Trials::default(), Vec::new());
    for _ in 0..trials {
        let topic = fresh_topic();
        let posts = verified(&Arc::new(Writers::new(topic.clone())), 0..events).await?;
        let took = fetch(&topic, &posts).await?;
        let local = store(&topic, &posts).await?;
        shares.push(local.as_secs_f64() / took.as_secs_f64());
        fetched.push(Ok(took));
        stored.push(Ok(local));
    }
    shares.sort_by(f64::total_cmp);
    let share = shares[shares.len() / 2];
    report.trials("a newcomer, from its first neighbour to all", &fetched);
    report.trials("the same rows checked and stored from memory", &stored);
    report.check(Check::percentile(&fetched, 50, NEWCOMER_MAX));
    report.check(Check::new(
        format!(
            "{:.0} % of the local rate, median (target: at least {:.0} %)",
            share * 100.0,
            SHARE_MIN * 100.0
        ),
        share >= SHARE_MIN,
    ));
    Ok(())
}

/// A profile whose database holds these.
async fn holding(topic: &TopicName, posts: &[VerifiedEvent]) -> anyhow::Result<Profile> {
    let profile = Profile::new()?;
    let path = profile.home().join("kukuri.db");
    let clock = Arc::new(SystemClock::start());
    let database = Database::open(&path, OpenOptions::default(), clock).await?;
    let id = TopicKeys::public(topic.clone()).id;
    for some in posts.chunks(10_000) {
        database.commit(id, some.to_vec(), Origin::Peer).await?;
    }
    database.close().await?;
    Ok(profile)
}

async fn start(profile: Option<Profile>, options: NodeOptions) -> anyhow::Result<TestNode> {
    TestNode::start(NodeOptions { profile, ..options }).await
}

async fn fetch(topic: &TopicName, posts: &[VerifiedEvent]) -> anyhow::Result<Duration> {
    let profile = holding(topic, posts).await?;
    let member = start(Some(profile), NodeOptions::default()).await?;
    member.join(topic).await?;
    let newcomer = start(None, NodeOptions::with_manual(vec![member.spec().await])).await?;
    newcomer.join_and_meet(topic, LIMIT).await?;
    let started = Instant::now();
    wait_for(&newcomer, topic, posts.len() as u64).await?;
    let took = started.elapsed();
    shutdown_all([member, newcomer]).await?;
    Ok(took)
}

async fn wait_for(node: &TestNode, topic: &TopicName, posts: u64) -> anyhow::Result<()> {
    let started = Instant::now();
    while node.client().topic(topic).await?.posts < posts {
        anyhow::ensure!(started.elapsed() < 4 * LIMIT, "not all came");
        sleep(POLL).await;
    }
    Ok(())
}

/// Checked on two threads and stored, as a node does it with what it has.
async fn store(topic: &TopicName, posts: &[VerifiedEvent]) -> anyhow::Result<Duration> {
    const BATCH: usize = 256;
    let home = tempfile::tempdir()?;
    let clock = Arc::new(SystemClock::start());
    let path = home.path().join("kukuri.db");
    let database = Arc::new(Database::open(&path, OpenOptions::default(), clock).await?);
    let id = TopicKeys::public(topic.clone()).id;
    let signed = posts.iter().cloned().map(VerifiedEvent::into_signed);
    let signed: Vec<SignedEvent> = signed.collect();
    let (half, verifier) = (signed.len() / 2, Arc::new(Verifier::default()));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for part in [signed[..half].to_vec(), signed[half..].to_vec()] {
        let (database, verifier) = (database.clone(), verifier.clone());
        tasks.spawn(async move {
            for batch in part.chunks(BATCH) {
                let (batch, verifier) = (batch.to_vec(), verifier.clone());
                let check = move || {
                    let checked = batch.into_iter().map(|event| verifier.verify(event));
                    checked.collect::<Result<Vec<_>, _>>()
                };
                let checked = tokio::task::spawn_blocking(check).await??;
                database.commit(id, checked, Origin::Peer).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let took = started.elapsed();
    database.close().await?;
    Ok(took)
}

/// Two members with nearly the same, from their meeting to the same.
async fn large_sets(report: &mut Report, trials: usize) -> anyhow::Result<()> {
    let topic = fresh_topic();
    let posts = verified(&Arc::new(Writers::new(topic.clone())), 0..LARGE).await?;
    let apart = posts.len() / (2 * DIFFERENT);
    let without = |first: usize| {
        let kept = posts.iter().enumerate();
        let kept = kept.filter(|(n, _)| n % (2 * apart) != first);
        kept.map(|(_, post)| post.clone()).collect::<Vec<_>>()
    };
    let mut times = Trials::default();
    for _ in 0..trials {
        let ours = holding(&topic, &without(7)).await?;
        let theirs = holding(&topic, &without(apart + 7)).await?;
        let a = start(Some(ours), NodeOptions::default()).await?;
        a.join(&topic).await?;
        let options = NodeOptions::with_manual(vec![a.spec().await]);
        let b = start(Some(theirs), options).await?;
        b.join_and_meet(&topic, LIMIT).await?;
        let started = Instant::now();
        wait_for(&a, &topic, LARGE).await?;
        wait_for(&b, &topic, LARGE).await?;
        times.push(Ok(started.elapsed()));
        shutdown_all([a, b]).await?;
    }
    report.trials(
        &format!("two sets of {LARGE} that differ by {}", 2 * DIFFERENT),
        &times,
    );
    report.check(Check::percentile(&times, 50, LARGE_MAX));
    Ok(())
}

fn set(count: u64, is_in: impl Fn(u64) -> bool, first: u64) -> SyncSet {
    let members = (0..count).filter(|n| is_in(*n)).map(|n| {
        let at = first + n * 997;
        Member {
            order: EventOrder {
                created_at: at / 1_000,
                ms: u16::try_from(at % 1_000).expect("below a thousand"),
                id: EventId(*blake3::hash(&n.to_le_bytes()).as_bytes()),
            },
            standing: Standing::Free,
            until: None,
        }
    });
    SyncSet::new(members, UnixMs(unix_ms()))
}

/// What goes over the stream for the same sets.
fn messages(report: &mut Report) -> anyhow::Result<()> {
    let first = unix_ms() - 2 * LARGE * 997;
    let (ours, theirs) = (
        set(LARGE, |n| n % 20_000 != 3, first),
        set(LARGE, |n| n % 20_000 != 9_999, first),
    );
    let (mut bytes, mut found) = (0, 0);
    let mut message = Some(ours.initiate(UnixMs(0)));
    while let Some(question) = message {
        let answer = theirs.respond(UnixMs(0), &question)?;
        bytes += question.len() + answer.len();
        let step = ours.resolve(UnixMs(0), &answer)?;
        found += step.have.len() + step.need.len();
        message = step.next;
    }
    anyhow::ensure!(found == 2 * DIFFERENT, "{found} differences were found");
    // The events themselves: half of them each way.
    let payload = bytes + found * (POST_BYTES + 200);
    report.check(Check::new(
        format!("{bytes} bytes of messages, about {payload} with the events (target: under {LARGE_BYTES_MAX})"),
        payload < LARGE_BYTES_MAX,
    ));
    Ok(())
}

/// What two neighbours with the same set say to each other: once over a stream, and each minute.
fn equal(report: &mut Report) {
    let cut = UnixMs(unix_ms());
    let summary = set(LARGE, |_| true, cut.0 - 2 * LARGE * 997).summary(cut, UnixMs(0));
    // A question and its answer, each with its length before it.
    let once = 2 * (SyncFrame::Summary(summary).encode().len() + size_of::<u32>());
    // Each tells the other twice a minute, or five times in two.
    let told = 5 * GossipFrame::Summary(summary).encode().len();
    report.check(Check::new(
        format!(
            "equal sets: {once} bytes over a stream, {told} bytes of gossip in a minute (target: each under {EQUAL_BYTES_MAX})"
        ),
        once.max(told) < EQUAL_BYTES_MAX,
    ));
}

/// The same question of a small and a large set, in turn.
fn growth(report: &mut Report) {
    const TIMES: u32 = 10_000;
    let first = unix_ms() - 2_000_000 * 997;
    let (small, large) = (
        set(10_000, |_| true, first),
        set(1_000_000, |_| true, first),
    );
    let cut = UnixMs(unix_ms());
    let time = |set: &SyncSet| {
        let started = Instant::now();
        let mut counted = 0;
        for _ in 0..TIMES {
            counted += set.summary(cut, UnixMs(0)).count;
        }
        assert_eq!(counted, u64::from(TIMES) * set.len() as u64);
        started.elapsed()
    };
    let (mut few, mut many) = (Duration::MAX, Duration::MAX);
    for _ in 0..5 {
        few = few.min(time(&small));
        many = many.min(time(&large));
    }
    let times = many.as_secs_f64() / few.as_secs_f64();
    report.check(Check::new(
        format!(
            "a summary: {} of 10,000 events, {} of 1,000,000, {times:.2} times (target: at most {GROWTH_MAX})",
            millis(few / TIMES),
            millis(many / TIMES),
        ),
        times <= GROWTH_MAX,
    ));
}
