//! A real disk that fills up in the middle of a sync.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use kukuri_application::ports::{EventStore as _, StoreTrouble};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_node::platform::SystemClock;
use kukuri_tests::{
    disk::SmallDisk,
    node::{NodeOptions, Profile, TestNode, eventually, fresh_topic, shutdown_all, told},
};

use crate::{
    LIMIT,
    history::{history, holding, wait_for_all},
};

const HISTORY: u64 = 10_000;

/// As many as are tried at once.
const TRIED: u64 = 256;

const DISK_BYTES: u64 = 64 * 1024 * 1024;

/// What is not taken by something else: enough for a part of the history.
const FREE_BYTES: u64 = 6 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_during_a_sync_stops_it_and_loses_nothing() -> anyhow::Result<()> {
    let Some(disk) = SmallDisk::new(DISK_BYTES)? else {
        println!("skipped: only root can mount a file system");
        return Ok(());
    };
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![0; (DISK_BYTES - FREE_BYTES) as usize])?;
    let topic = fresh_topic();
    let events = history(&topic, HISTORY).await?;
    let member = TestNode::start(NodeOptions {
        profile: Some(holding(&topic, &events).await?),
        ..NodeOptions::default()
    })
    .await?;
    member.join(&topic).await?;
    let small = TestNode::start(NodeOptions {
        profile: Some(Profile::at(disk.path(), 1).await?),
        ..NodeOptions::with_manual(vec![member.spec().await])
    })
    .await?;
    small.join_and_meet(&topic, LIMIT).await?;

    // It says why nothing comes any more.
    let is_stalled = || async { Ok(small.client().topic(&topic).await?.stalled) };
    let stalled = eventually(LIMIT, is_stalled).await?;
    anyhow::ensure!(stalled.reason == StoreTrouble::DiskFull, "{stalled:?}");
    let explained = small.client().explain(&topic).await?;
    anyhow::ensure!(explained.topic.stalled.is_some(), "{}", told(&explained));

    // It does not fetch for nothing: once what was under way has come, a few are tried now and
    // then, and no others come.
    let first = small.client().topic(&topic).await?;
    anyhow::ensure!((1..HISTORY).contains(&first.posts), "{} posts", first.posts);
    let refused = Mutex::new(vec![first.counters.not_stored]);
    let trials_only = || async {
        let now = small.counters(&topic).await?.not_stored;
        let mut refused = refused.lock().expect("nobody panics while holding it");
        if refused.last() != Some(&now) {
            refused.push(now);
        }
        let steps: Vec<u64> = refused.windows(2).map(|two| two[1] - two[0]).collect();
        Ok(steps.ends_with(&[TRIED, TRIED]).then_some(()))
    };
    eventually(LIMIT, trials_only).await?;
    let refused = refused.into_inner().expect("nobody panicked");
    println!("{} posts found room; refused: {refused:?}", first.posts);
    anyhow::ensure!(refused.last() < Some(&HISTORY), "{refused:?}");

    fs::remove_file(&ballast)?;
    wait_for_all(&small, &topic, &events).await?;
    let view = small.client().topic(&topic).await?;
    anyhow::ensure!(view.posts == HISTORY && view.stalled.is_none(), "{view:?}");
    anyhow::ensure!(view.counters.stored == HISTORY, "{view:?}");
    shutdown_all([member, small]).await?;
    let (path, clock) = (
        disk.path().join("kukuri.db"),
        Arc::new(SystemClock::start()),
    );
    let database = Database::open(&path, OpenOptions::default(), clock).await?;
    database.check_integrity().await?;
    database.close().await?;
    Ok(())
}
