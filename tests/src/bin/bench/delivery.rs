//! How fast and how completely posts reach other nodes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use kukuri_application::views::TopicEvent;
use kukuri_domain::{EventId, TopicName};
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_tests::{
    node::{NodeOptions, TestNode, eventually, fresh_topic, shutdown_all},
    stats::{Check, Report, Trials},
};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::{DHT_NODES, join::LIMIT};

/// Size of the text of a post, in bytes.
const POST_BYTES: usize = 300;

/// Pause between two posts of `publish`: people do not type faster.
const PAUSE: Duration = Duration::from_millis(10);

/// Nodes of the swarm.
const SWARM_NODES: usize = 20;

/// Pause between two posts of the swarm: 20 a second.
const SWARM_PAUSE: Duration = Duration::from_millis(50);

/// How long the swarm may take to deliver the last of it.
const SWARM_SETTLE: Duration = Duration::from_secs(20);

/// Arrivals that wait to be noted.
const ARRIVALS_CAPACITY: usize = 1_024;

pub(crate) async fn publish(trials: usize) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "a post of {POST_BYTES} bytes: from the call to the receiver's event after its commit"
    ));
    let dht = PrivateDht::start(DHT_NODES, None).await?;
    let (writer, reader) = (start(&dht).await?, start(&dht).await?);
    let topic = fresh_topic();
    writer.join(&topic).await?;
    reader.join_and_meet(&topic, LIMIT).await?;
    writer.wait_for_neighbours(&topic, 1, LIMIT).await?;
    let (sender, mut arrivals) = mpsc::channel(ARRIVALS_CAPACITY);
    let mut tasks = JoinSet::new();
    tasks.spawn(note_arrivals(
        reader.client().subscribe(&topic).await?,
        0,
        sender,
    ));
    let text = "x".repeat(POST_BYTES);
    let (mut stored, mut delivered) = (Trials::default(), Trials::default());
    for number in 0..trials {
        let called = Instant::now();
        let posted = writer.post(&topic, &text).await?;
        stored.push(Ok(called.elapsed()));
        let arrived = async {
            loop {
                let arrival = arrivals.recv().await?;
                if arrival.id == posted.event.id() {
                    return Some(arrival.at);
                }
            }
        };
        delivered.push(match timeout(LIMIT, arrived).await {
            Ok(Some(at)) => Ok(at.duration_since(called)),
            _ => Err(format!("post {number} did not arrive")),
        });
        tokio::time::sleep(PAUSE).await;
    }
    report.trials("committed here (the call returns)", &stored);
    report.trials("delivered", &delivered);
    report.check(Check::failures(&delivered, 0));
    report.check(Check::percentile(&delivered, 50, Duration::from_millis(5)));
    report.check(Check::percentile(&delivered, 99, Duration::from_millis(20)));
    shutdown_all([writer, reader]).await?;
    Ok(report)
}

pub(crate) async fn swarm(trials: usize, seconds: u64) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "{SWARM_NODES} nodes in one process, one topic, 20 posts/s for {seconds} s"
    ));
    for _ in 0..trials {
        one_swarm(&mut report, seconds).await?;
    }
    Ok(report)
}

async fn one_swarm(report: &mut Report, seconds: u64) -> anyhow::Result<()> {
    let dht = PrivateDht::start(DHT_NODES, None).await?;
    let topic = fresh_topic();
    let mut nodes: Vec<TestNode> = Vec::new();
    for number in 0..SWARM_NODES {
        let node = start(&dht).await?;
        node.join(&topic).await?;
        if number > 0 {
            node.wait_for_neighbours(&topic, 1, LIMIT).await?;
        }
        nodes.push(node);
    }
    let (sender, arrivals) = mpsc::channel(ARRIVALS_CAPACITY);
    let mut tasks = JoinSet::new();
    for (number, node) in nodes.iter().enumerate() {
        tasks.spawn(note_arrivals(
            node.client().subscribe(&topic).await?,
            number,
            sender.clone(),
        ));
    }
    drop(sender);
    let seen: Arc<Mutex<Vec<Arrival>>> = Arc::default();
    tasks.spawn(collect(arrivals, seen.clone()));

    let called = post_for(&nodes, &topic, seconds).await?;
    let total = called.len();
    let is_settled = || async {
        let mut complete = 0;
        for node in &nodes {
            complete += usize::from(node.ids(&topic).await?.len() == total);
        }
        Ok((complete == SWARM_NODES).then_some(()))
    };
    let settled = eventually(SWARM_SETTLE, is_settled).await;

    let mut missing = BTreeMap::new();
    let mut unreached = 0;
    for (number, node) in nodes.iter().enumerate() {
        let held = node.ids(&topic).await?.len();
        let heard = seen
            .lock()
            .await
            .iter()
            .any(|a| a.node == number && !a.is_own);
        if !heard {
            unreached += 1;
        } else if held < total {
            missing.insert(number, total - held);
        }
    }
    let mut delays = Trials::default();
    for arrival in seen.lock().await.iter().filter(|arrival| !arrival.is_own) {
        if let Some(called) = called.get(&arrival.id) {
            delays.push(Ok(arrival.at.saturating_duration_since(*called)));
        }
    }
    report.trials("delivery to each other node", &delays);
    report.note(format!(
        "{total} posts, {unreached} nodes not reached by gossip, missing by node {missing:?}, {}",
        if settled.is_ok() {
            "all settled"
        } else {
            "not settled"
        }
    ));
    report.check(Check::new(
        format!("every node that gossip reached holds all {total} posts"),
        missing.is_empty() && total > 0,
    ));
    report.check(Check::new(
        format!(
            "gossip reached {} of {SWARM_NODES} nodes",
            SWARM_NODES - unreached
        ),
        unreached == 0,
    ));
    shutdown_all(nodes).await
}

/// Posts in turn at an even rate; a slow post does not slow the next one down.
async fn post_for(
    nodes: &[TestNode],
    topic: &TopicName,
    seconds: u64,
) -> anyhow::Result<HashMap<EventId, Instant>> {
    let mut ticks = interval(SWARM_PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut posting: JoinSet<anyhow::Result<(EventId, Instant)>> = JoinSet::new();
    let total = usize::try_from(seconds)? * 20;
    for number in 0..total {
        ticks.tick().await;
        let client = nodes[number % nodes.len()].client().clone();
        let topic = topic.clone();
        posting.spawn(async move {
            let called = Instant::now();
            let text = format!("{number:<POST_BYTES$}");
            Ok((client.post(&topic, &text).await?.event.id(), called))
        });
    }
    posting.join_all().await.into_iter().collect()
}

struct Arrival {
    node: usize,
    id: EventId,
    at: Instant,
    is_own: bool,
}

async fn note_arrivals(
    mut events: kukuri_node::TopicEvents,
    node: usize,
    arrivals: mpsc::Sender<Arrival>,
) {
    use kukuri_application::session::Arrival as Way;
    while let Some(event) = events.next().await {
        if let TopicEvent::Post { post, arrival } = event {
            let at = Instant::now();
            let is_own = arrival == Way::Local;
            if arrivals
                .send(Arrival {
                    node,
                    id: post.event.id(),
                    at,
                    is_own,
                })
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

async fn collect(mut arrivals: mpsc::Receiver<Arrival>, seen: Arc<Mutex<Vec<Arrival>>>) {
    while let Some(arrival) = arrivals.recv().await {
        seen.lock().await.push(arrival);
    }
}

async fn start(dht: &PrivateDht) -> anyhow::Result<TestNode> {
    TestNode::start(NodeOptions::on(dht)).await
}
