//! How fast the store is. Prints figures (`cargo test -p kukuri-infra-db figures -- --nocapture`,
//! with `--release` for those that count); its bounds are wide, for slow machines.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use kukuri_application::{
    ports::{EventStore as _, Origin},
    testing::contract,
};
use kukuri_domain::{TopicId, UnixMs, VerifiedEvent};

use crate::{NOW, TOPIC, count, fixture};

const POSTS: usize = 200;
const BATCH: usize = 1_000;
const BATCHES: usize = 10;

fn posts(n: usize) -> Vec<VerifiedEvent> {
    let text = "x".repeat(200);
    (0..n as u64)
        .map(|i| contract::event(i % 20, &format!("{i} {text}"), UnixMs(NOW.0 + i)))
        .collect()
}

fn print_latencies(what: &str, mut took: Vec<Duration>) -> Duration {
    took.sort();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
    println!(
        "{what}: p50 {:?}, p99 {:?}, max {:?}",
        at(50),
        at(99),
        at(100)
    );
    at(50)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_single_commits() {
    let fixture = fixture().await;
    let events = posts(3 * POSTS);
    for (i, (origin, what)) in [
        (Origin::Local, "local commit"),
        (Origin::Peer, "peer commit"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut took = Vec::new();
        for event in &events[i * POSTS..(i + 1) * POSTS] {
            let start = Instant::now();
            fixture
                .db
                .commit(TOPIC, vec![event.clone()], origin)
                .await
                .expect("commit");
            took.push(start.elapsed());
        }
        let p50 = print_latencies(what, took);
        assert!(p50 < Duration::from_millis(100), "{what}: {p50:?}");
    }
    let start = Instant::now();
    let rest = events[2 * POSTS..].iter();
    let commits = rest.map(|e| fixture.db.commit(TOPIC, vec![e.clone()], Origin::Local));
    for commit in join_all(commits).await {
        commit.expect("commit");
    }
    println!("{POSTS} local commits at once: {:?}", start.elapsed());

    let mut took = Vec::new();
    for event in &events[..POSTS] {
        let start = Instant::now();
        let got = fixture.db.get(TOPIC, vec![event.id()]).await.expect("get");
        took.push(start.elapsed());
        assert_eq!(got.len(), 1);
    }
    print_latencies("one event by id", took);
    let start = Instant::now();
    let newest = fixture.db.newest(TOPIC, 200, None).await.expect("newest");
    println!("the newest {}: {:?}", newest.len(), start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_batches() {
    let fixture = fixture().await;
    let events = posts(BATCH * BATCHES);
    let batches: Vec<Vec<VerifiedEvent>> = events.chunks(BATCH).map(<[_]>::to_vec).collect();
    let start = Instant::now();
    let mut took = Vec::new();
    for batch in batches.clone() {
        let start = Instant::now();
        fixture
            .db
            .commit(TOPIC, batch, Origin::Peer)
            .await
            .expect("commit");
        took.push(start.elapsed());
    }
    let elapsed = start.elapsed().as_secs_f64();
    print_latencies("a batch of 1000 from a peer", took);
    let per_second = (BATCH * BATCHES) as f64 / elapsed;
    println!("{per_second:.0} new events/s");
    assert!(per_second > 1_000.0, "{per_second}");
    assert_eq!(count(&fixture.db).await, (BATCH * BATCHES) as u64);

    let start = Instant::now();
    for batch in batches {
        let other = TopicId([2; 32]);
        fixture
            .db
            .commit(other, batch.clone(), Origin::Peer)
            .await
            .expect("commit");
        fixture
            .db
            .commit(TOPIC, batch, Origin::Peer)
            .await
            .expect("commit");
    }
    let elapsed = start.elapsed().as_secs_f64();
    println!(
        "{:.0} known events/s",
        (2 * BATCH * BATCHES) as f64 / elapsed
    );
    let start = Instant::now();
    let single = events.iter().map(|e| {
        fixture
            .db
            .commit(TopicId([3; 32]), vec![e.clone()], Origin::Peer)
    });
    join_all(single).await;
    println!(
        "{:.0} events/s in single commits at once",
        events.len() as f64 / start.elapsed().as_secs_f64()
    );
    assert_eq!(count(&fixture.db).await, (BATCH * BATCHES) as u64);
}
