//! The simulator beside real nodes: what it says of a large swarm is worth as much as it is like a
//! swarm of a size that one process can hold.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt as _;
use iroh_gossip::api::{Event, GossipReceiver};
use kukuri_domain::{TopicKeys, TopicName};
use kukuri_sim::{Plan, World, world::hops};
use kukuri_tests::node::{NodeOptions, TestNode, eventually, fresh_topic, shutdown_all};
use tokio::{task::JoinSet, time::MissedTickBehavior};

const NODES: usize = 50;
const POSTS: usize = 100;
const PAUSE: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_secs(60);

/// Runs of the simulator of which the mean is taken.
const RUNS: u64 = 5;

/// What one side of the comparison saw.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// Others that a message passed on its way.
    hops: f64,
    /// Messages with content that a node got for each that it did not have.
    copies: f64,
    p50_ms: f64,
    p99_ms: f64,
}

#[tokio::test(flavor = "multi_thread")]
async fn alone_the_simulator_is_like_fifty_real_nodes() -> anyhow::Result<()> {
    // Beside other tests real nodes take long, and gossip then sends copies that it would not.
    if std::env::var_os("KUKURI_TEST_ALONE").is_none_or(|set| set != "1") {
        return Ok(());
    }
    let real = real().await?;
    let runs: Vec<_> = (1..=RUNS).map(simulated).collect();
    let mean = |of: fn(&Seen) -> f64| runs.iter().map(of).sum::<f64>() / runs.len() as f64;
    let simulated = Seen {
        hops: mean(|seen| seen.hops),
        copies: mean(|seen| seen.copies),
        p50_ms: mean(|seen| seen.p50_ms),
        p99_ms: mean(|seen| seen.p99_ms),
    };
    // Times are only told: those of real nodes are the machine's.
    println!("real      {real:?}\nsimulated {simulated:?}");
    for (what, real, simulated) in [
        ("hops", real.hops, simulated.hops),
        ("copies", real.copies, simulated.copies),
    ] {
        let ratio = simulated / real;
        assert!(
            (0.75..=1.25).contains(&ratio),
            "{what}: {simulated:.2} simulated, {real:.2} real"
        );
    }
    Ok(())
}

fn simulated(seed: u64) -> Seen {
    let plan = Plan::calm(seed, NODES, POSTS, PAUSE.as_micros() as u64);
    let outcome = World::new(plan, None).run();
    let report = outcome.unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(report.posts, POSTS);
    Seen {
        hops: report.mean_hops(),
        copies: 1.0 + report.redundancy(),
        p50_ms: percentile(report.delays_us.iter().copied(), 50),
        p99_ms: percentile(report.delays_us.iter().copied(), 99),
    }
}

fn percentile(us: impl Iterator<Item = u64>, percent: usize) -> f64 {
    let mut us: Vec<_> = us.collect();
    us.sort_unstable();
    us.get(us.len().saturating_sub(1) * percent / 100)
        .map_or(f64::NAN, |us| *us as f64 / 1e3)
}

/// The same day in real nodes: each joins 20 ms after the last, through the first.
async fn real() -> anyhow::Result<Seen> {
    let topic = fresh_topic();
    let hub = TestNode::start(NodeOptions::default()).await?;
    hub.join(&topic).await?;
    let through_hub = NodeOptions::with_manual(vec![hub.spec().await]);
    let mut nodes = vec![hub];
    for _ in 1..NODES {
        let node = TestNode::start(through_hub.clone()).await?;
        node.join(&topic).await?;
        nodes.push(node);
    }
    for node in &nodes {
        node.wait_for_neighbours(&topic, 2, LIMIT).await?;
    }

    // From here on it is counted what gossip brings.
    let count = Arc::new(Count::default());
    let mut listening = JoinSet::new();
    for node in &nodes {
        let id = iroh_gossip::TopicId::from_bytes(TopicKeys::public(topic.clone()).id.0);
        let subscribed = node.network.gossip().subscribe(id, Vec::new()).await?;
        let (sender, receiver) = subscribed.split();
        listening.spawn(note(receiver, count.clone()));
        // The topic stays joined by the node itself.
        drop(sender);
    }
    let before = data_messages(&nodes);
    post_all(&nodes, &topic).await?;
    let mut delays_us = Vec::new();
    for node in &nodes {
        eventually(LIMIT, || async {
            let held = node.ids(&topic).await?.len();
            Ok((held == POSTS).then_some(()))
        })
        .await?;
        for post in node.posts(&topic).await? {
            let written_at = post.event.order().at();
            let us = post.received_at.0.saturating_sub(written_at.0) * 1_000;
            if post.event.author() != node.client().author() {
                delays_us.push(us);
            }
        }
    }
    let content = data_messages(&nodes) - before - count.neighbours.load(Ordering::Relaxed);
    let swarm = count.swarm.load(Ordering::Relaxed);
    let seen = Seen {
        hops: count.hops.load(Ordering::Relaxed) as f64 / swarm as f64,
        copies: content as f64 / swarm as f64,
        p50_ms: percentile(delays_us.iter().copied(), 50),
        p99_ms: percentile(delays_us.iter().copied(), 99),
    };
    listening.abort_all();
    shutdown_all(nodes).await?;
    Ok(seen)
}

/// What gossip gave to the topic's subscribers.
#[derive(Default)]
struct Count {
    swarm: AtomicU64,
    hops: AtomicU64,
    neighbours: AtomicU64,
}

async fn note(mut receiver: GossipReceiver, count: Arc<Count>) {
    while let Some(Ok(event)) = receiver.next().await {
        let Event::Received(message) = event else {
            continue;
        };
        match hops(&message.scope) {
            Some(hops) => {
                count.swarm.fetch_add(1, Ordering::Relaxed);
                count.hops.fetch_add(hops, Ordering::Relaxed);
            }
            None => {
                count.neighbours.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Messages with content that all nodes received, those that came again included.
fn data_messages(nodes: &[TestNode]) -> u64 {
    let received = |node: &TestNode| node.network.gossip().metrics().msgs_data_recv.get();
    nodes.iter().map(received).sum()
}

/// Posts in turn at an even rate; a slow post does not slow the next one down.
async fn post_all(nodes: &[TestNode], topic: &TopicName) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut posting: JoinSet<anyhow::Result<()>> = JoinSet::new();
    for number in 0..POSTS {
        ticks.tick().await;
        let client = nodes[number % nodes.len()].client().clone();
        let topic = topic.clone();
        posting.spawn(async move {
            client.post(&topic, &format!("post {number}")).await?;
            Ok(())
        });
    }
    posting.join_all().await.into_iter().collect()
}
