//! Many real nodes in one process: how fast a post reaches the last of them, how soon a crowd that
//! joins through one is whole, and how soon one who was away is.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use kukuri_domain::{EventId, TopicName};
use kukuri_tests::{
    node::{NodeOptions, TestNode, eventually, fresh_topic, shutdown_all},
    stats::{Check, Report, Trials},
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

/// Sizes of swarms, and what the last receiver's p99 must stay under.
const SWARMS: [(usize, Duration); 3] = [
    (5, Duration::from_millis(10)),
    (20, Duration::from_millis(50)),
    (100, Duration::from_millis(200)),
];

/// Five posts in a second.
const PAUSE: Duration = Duration::from_millis(200);

/// Nodes that join at once.
const CROWD: usize = 50;

/// What the hub holds before they come.
const HELD: usize = 100;

/// Beyond this it is worth knowing what is missing where.
const SLOW: Duration = Duration::from_secs(8);

const CROWD_TARGET: Duration = Duration::from_secs(60);

/// Posts that were missed.
const MISSED: usize = 100;

const REJOIN_TARGET: Duration = Duration::from_secs(5);

/// How long anything may take before it counts as failed.
const LIMIT: Duration = Duration::from_secs(180);

/// Posts at an even rate to swarms of different sizes.
pub(crate) async fn propagation(posts: usize) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "{posts} posts, 5 in a second: from its time stamp to its commit at the last node"
    ));
    for (nodes, target) in SWARMS {
        let last = last_receivers(nodes, posts).await?;
        report.trials(&format!("{nodes} nodes"), &last);
        report.check(Check::failures(&last, 0));
        report.check(Check::percentile(&last, 99, target));
    }
    Ok(report)
}

/// Starts nodes that know the first one, all in the topic.
async fn crowd(nodes: usize, topic: &TopicName) -> anyhow::Result<Vec<TestNode>> {
    let hub = TestNode::start(NodeOptions::default()).await?;
    hub.join(topic).await?;
    let through_hub = NodeOptions::with_manual(vec![hub.spec().await]);
    let mut all = vec![hub];
    for _ in 1..nodes {
        let node = TestNode::start(through_hub.clone()).await?;
        node.join(topic).await?;
        all.push(node);
    }
    for node in &all {
        node.wait_for_neighbours(topic, 1, LIMIT).await?;
    }
    Ok(all)
}

/// For each post when the last node had it.
async fn last_receivers(nodes: usize, posts: usize) -> anyhow::Result<Trials> {
    let topic = fresh_topic();
    let nodes = crowd(nodes, &topic).await?;
    // All are one swarm once each has what each posted.
    for node in &nodes {
        node.post(&topic, "here").await?;
    }
    whole(&nodes, &topic, nodes.len()).await?;
    let mut ticks = interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut posting: JoinSet<anyhow::Result<EventId>> = JoinSet::new();
    for number in 0..posts {
        ticks.tick().await;
        let (client, topic) = (nodes[number % nodes.len()].client().clone(), topic.clone());
        posting.spawn(async move {
            let posted = client.post(&topic, &format!("post {number}")).await?;
            Ok(posted.event.id())
        });
    }
    let ids: Vec<EventId> = posting
        .join_all()
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
    whole(&nodes, &topic, nodes.len() + posts).await?;
    let mut last: HashMap<EventId, u64> = HashMap::new();
    for node in &nodes {
        for post in node.posts(&topic).await? {
            let written_at = post.event.order().at();
            let ms = post.received_at.0.saturating_sub(written_at.0);
            let slowest = last.entry(post.event.id()).or_default();
            *slowest = ms.max(*slowest);
        }
    }
    let mut trials = Trials::default();
    for id in ids {
        let ms = last.get(&id).copied();
        trials.push(
            ms.map(Duration::from_millis)
                .ok_or_else(|| format!("{id} is nowhere")),
        );
    }
    shutdown_all(nodes).await?;
    Ok(trials)
}

/// Waits until each node holds so many posts.
async fn whole(nodes: &[TestNode], topic: &TopicName, posts: usize) -> anyhow::Result<()> {
    for node in nodes {
        eventually(LIMIT, || async {
            Ok((node.ids(topic).await?.len() == posts).then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// Fifty that join at once, all through one.
pub(crate) async fn hub(trials: usize) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "{CROWD} nodes join at once through one that holds {HELD} posts; each posts once"
    ));
    let took = Trials::run(trials, 1, |_| joining()).await?;
    report.trials("until all hold everything", &took);
    report.check(Check::failures(&took, 0));
    report.check(Check::percentile(&took, 100, CROWD_TARGET));
    Ok(report)
}

async fn joining() -> anyhow::Result<Duration> {
    let topic = fresh_topic();
    let hub = TestNode::start(NodeOptions::default()).await?;
    hub.join(&topic).await?;
    for number in 0..HELD {
        hub.post(&topic, &format!("before {number}")).await?;
    }
    let through_hub = NodeOptions::with_manual(vec![hub.spec().await]);
    let mut starting = JoinSet::new();
    for _ in 0..CROWD {
        starting.spawn(TestNode::start(through_hub.clone()));
    }
    let started = starting.join_all().await.into_iter();
    let mut nodes: Vec<TestNode> = started.collect::<Result<_, _>>()?;
    let begin = Instant::now();
    let mut joining = JoinSet::new();
    for node in &nodes {
        let (client, topic) = (node.client().clone(), topic.clone());
        joining.spawn(async move {
            client.join(&topic).await?;
            client.post(&topic, "hello").await
        });
    }
    for posted in joining.join_all().await {
        posted?;
    }
    nodes.push(hub);
    let all = HELD + CROWD;
    match timeout(SLOW, whole(&nodes, &topic, all)).await {
        Ok(outcome) => outcome?,
        Err(_slow) => {
            // The figure alone would not say why.
            let lacking = lacking(&nodes, &topic, all).await?;
            eprintln!("not whole after {SLOW:?}\n{lacking}");
            whole(&nodes, &topic, all).await?;
        }
    }
    let took = begin.elapsed();
    shutdown_all(nodes).await?;
    Ok(took)
}

/// What those say that lack something.
async fn lacking(nodes: &[TestNode], topic: &TopicName, all: usize) -> anyhow::Result<String> {
    let mut story = String::new();
    for node in nodes {
        let held = node.ids(topic).await?.len();
        if held < all {
            let counters = node.counters(topic).await?;
            let peer = node.peer_id();
            let told = node.story(topic).await;
            story += &format!("{peer} holds {held} of {all}; {counters:?}\n{told}\n");
        }
    }
    Ok(story)
}

/// A node that was away for a while: from its first neighbour until it has what it missed.
pub(crate) async fn rejoin(trials: usize, away: Duration) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "back after {} s with {MISSED} posts missed, by remembered members only",
        away.as_secs()
    ));
    let took = Trials::run(trials, trials, move |_| being_away(away)).await?;
    report.trials("from the first neighbour until complete", &took);
    report.check(Check::failures(&took, 0));
    report.check(Check::percentile(&took, 100, REJOIN_TARGET));
    Ok(report)
}

async fn being_away(away: Duration) -> anyhow::Result<Duration> {
    let topic = fresh_topic();
    let nodes = crowd(3, &topic).await?;
    let mut nodes = nodes.into_iter();
    let (Some(first), Some(second), Some(leaver)) = (nodes.next(), nodes.next(), nodes.next())
    else {
        anyhow::bail!("three nodes were started");
    };
    let members = [first, second];
    members[0].post(&topic, "before").await?;
    eventually(LIMIT, || async {
        Ok((leaver.ids(&topic).await?.len() == 1).then_some(()))
    })
    .await?;
    let profile = leaver.profile();
    leaver.shutdown().await?;
    let back_at = Instant::now() + away;
    for number in 0..MISSED {
        let writer = &members[number % members.len()];
        writer.post(&topic, &format!("missed {number}")).await?;
    }
    // The time away is what is asked for, no condition.
    tokio::time::sleep_until(back_at.into()).await;
    let back = TestNode::start(NodeOptions {
        profile: Some(profile),
        known_peers: true,
        ..NodeOptions::default()
    })
    .await?;
    back.join(&topic).await?;
    back.wait_for_neighbours(&topic, 1, LIMIT).await?;
    let met = Instant::now();
    eventually(LIMIT, || async {
        Ok((back.ids(&topic).await?.len() == MISSED + 1).then_some(()))
    })
    .await?;
    let took = met.elapsed();
    back.shutdown().await?;
    shutdown_all(members).await?;
    Ok(took)
}
