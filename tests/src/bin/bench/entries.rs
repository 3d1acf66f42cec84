//! Entries: writing, seeing, catching up, reading among many.
//!
//! Owns the figures of one node and of two. Must never count what was only accepted: a write is
//! measured until it is on the disk.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use kukuri_application::views::TopicEvent;
use kukuri_domain::{EntryKey, EntryValue, TopicName};
use kukuri_node::{
    Client,
    client::{EntryQuery, EntryWrite, WRITES_MAX},
};
use kukuri_tests::{
    node::{NodeOptions, TestNode, fresh_topic, next_where, shutdown_all},
    stats::{Check, Report, Trials, millis},
};
use tokio::time::{sleep, timeout};

use crate::join::LIMIT;

/// Bytes of a value, about what a setting or a reading has.
const VALUE_BYTES: usize = 100;

const PUT_P50: Duration = Duration::from_millis(5);
const PUT_P99: Duration = Duration::from_millis(20);
const SEEN_P99: Duration = Duration::from_millis(25);
const NEWCOMER_MAX: Duration = Duration::from_secs(5);
const GET_P95: Duration = Duration::from_millis(2);
const LIST_P95: Duration = Duration::from_millis(10);

/// Entries that a list reads.
const LISTED: u32 = 100;

const POLL: Duration = Duration::from_millis(5);

pub(crate) async fn measure(
    trials: usize,
    newcomers: usize,
    keys: usize,
) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "entries: values of {VALUE_BYTES} bytes, {newcomers} for a newcomer, reading among {keys}"
    ));
    put_and_see(&mut report, trials).await?;
    bulk(&mut report, newcomers).await?;
    newcomer(&mut report, newcomers).await?;
    read_among(&mut report, trials, keys).await?;
    Ok(report)
}

pub(crate) fn key(n: usize) -> EntryKey {
    EntryKey::new(format!("room/{:03}/sensor/{n:06}", n % 1_000)).expect("a key")
}

pub(crate) fn value(n: usize) -> EntryValue<'static> {
    EntryValue::Text(format!("{n:<VALUE_BYTES$}").into())
}

pub(crate) async fn fill(client: &Client, topic: &TopicName, keys: usize) -> anyhow::Result<()> {
    for first in (0..keys).step_by(WRITES_MAX) {
        let some = first..keys.min(first + WRITES_MAX);
        let writes = some.map(|n| EntryWrite::new(key(n), Some(&value(n))));
        client.write_entries(topic, writes.collect()).await?;
    }
    Ok(())
}

/// One writes, the other sees: until the write is on the disk here, and until it is told there,
/// where it is on the disk by then.
async fn put_and_see(report: &mut Report, trials: usize) -> anyhow::Result<()> {
    let topic = fresh_topic();
    let writer = TestNode::start(NodeOptions::default()).await?;
    writer.join(&topic).await?;
    let reader = TestNode::start(NodeOptions::with_manual(vec![writer.spec().await])).await?;
    reader.join_and_meet(&topic, LIMIT).await?;
    let mut events = reader.client().subscribe(&topic).await?;
    let (mut put, mut seen) = (Trials::default(), Trials::default());
    for n in 0..trials {
        let started = Instant::now();
        let write = EntryWrite::new(key(n % 50), Some(&value(n)));
        let written = writer.client().write_entries(&topic, vec![write]).await?;
        put.push(Ok(started.elapsed()));
        let revision = written.first().context("it was written")?.revision;
        let is_it = |event: &TopicEvent| matches!(event, TopicEvent::Entry { entry } if entry.revision == revision);
        match timeout(LIMIT, next_where(&mut events, is_it)).await {
            Ok(told) => {
                told?;
                seen.push(Ok(started.elapsed()));
            }
            Err(_late) => seen.push(Err(format!("write {n} was not seen"))),
        }
        // At an even pace, below what one author may send.
        sleep(Duration::from_millis(10)).await;
    }
    report.trials("put, until it is on the disk", &put);
    report.trials("put, until the other has it on the disk and tells", &seen);
    report.check(Check::percentile(&put, 50, PUT_P50));
    report.check(Check::percentile(&put, 99, PUT_P99));
    report.check(Check::failures(&seen, 0));
    report.check(Check::percentile(&seen, 99, SEEN_P99));
    shutdown_all([writer, reader]).await
}

/// As many as the newcomer lacks, in batches, while another member is connected.
async fn bulk(report: &mut Report, keys: usize) -> anyhow::Result<()> {
    let topic = fresh_topic();
    let writer = TestNode::start(NodeOptions::default()).await?;
    writer.join(&topic).await?;
    let reader = TestNode::start(NodeOptions::with_manual(vec![writer.spec().await])).await?;
    reader.join_and_meet(&topic, LIMIT).await?;
    let started = Instant::now();
    fill(writer.client(), &topic, keys).await?;
    let written = started.elapsed();
    let expected = writer.entries_state(&topic).await?;
    while reader.counters(&topic).await?.stored < keys as u64 {
        anyhow::ensure!(started.elapsed() < 8 * LIMIT, "not all came");
        sleep(POLL).await;
    }
    let whole = started.elapsed();
    anyhow::ensure!(
        reader.entries_state(&topic).await? == expected,
        "they differ"
    );
    report.note(format!(
        "{keys} entries in batches of {WRITES_MAX} beside a member: on the disk in {}, all there in {}",
        millis(written),
        millis(whole)
    ));
    shutdown_all([writer, reader]).await
}

async fn newcomer(report: &mut Report, keys: usize) -> anyhow::Result<()> {
    const TRIALS: usize = 5;
    let mut fetched = Trials::default();
    for _ in 0..TRIALS {
        let topic = fresh_topic();
        let member = TestNode::start(NodeOptions::default()).await?;
        member.join(&topic).await?;
        fill(member.client(), &topic, keys).await?;
        let expected = member.entries_state(&topic).await?;
        let options = NodeOptions::with_manual(vec![member.spec().await]);
        let newcomer = TestNode::start(options).await?;
        newcomer.join_and_meet(&topic, LIMIT).await?;
        let started = Instant::now();
        let all = async {
            // The count says when it is worth reading all.
            while newcomer.counters(&topic).await?.stored < keys as u64 {
                sleep(POLL).await;
            }
            let took = started.elapsed();
            anyhow::ensure!(
                newcomer.entries_state(&topic).await? == expected,
                "they differ"
            );
            Ok(took)
        };
        let outcome = timeout(4 * LIMIT, all).await;
        let outcome = outcome.unwrap_or_else(|_| Err(anyhow::anyhow!("not all came")));
        fetched.push(outcome.map_err(|error| format!("{error:#}")));
        shutdown_all([member, newcomer]).await?;
    }
    report.trials(
        &format!("{keys} entries to a newcomer, from its first neighbour"),
        &fetched,
    );
    report.check(Check::failures(&fetched, 0));
    report.check(Check::percentile(&fetched, 50, NEWCOMER_MAX));
    Ok(())
}

async fn read_among(report: &mut Report, trials: usize, keys: usize) -> anyhow::Result<()> {
    let topic = fresh_topic();
    let node = TestNode::start(NodeOptions::default()).await?;
    node.join(&topic).await?;
    let client = node.client();
    fill(client, &topic, keys).await?;
    let (mut get, mut list) = (Trials::default(), Trials::default());
    for n in 0..trials {
        // All over the keys, in no order.
        let n = n * 7_919 % keys;
        let started = Instant::now();
        let entry = client.entry(&topic, key(n)).await?;
        get.push(Ok(started.elapsed()));
        anyhow::ensure!(entry.is_some(), "there is one");
        let query = EntryQuery {
            topic: topic.clone().into(),
            prefix: format!("room/{:03}/", n % 1_000),
            after: None,
            limit: LISTED,
        };
        let started = Instant::now();
        let page = client.entries(&query).await?;
        list.push(Ok(started.elapsed()));
        let expected = (keys / 1_000).clamp(1, LISTED as usize);
        anyhow::ensure!(
            page.entries.len() >= expected,
            "{} entries",
            page.entries.len()
        );
    }
    report.trials(&format!("get among {keys}"), &get);
    report.trials(&format!("list of {LISTED} by prefix among {keys}"), &list);
    report.check(Check::percentile(&get, 95, GET_P95));
    report.check(Check::percentile(&list, 95, LIST_P95));
    node.shutdown().await
}
