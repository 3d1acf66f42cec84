//! One author floods a topic: what others and the reader's own posts notice of it.
//!
//! Three nodes in one process, so that all share two cores: who floods, somebody who posts as
//! people do, and who reads both. The same quiet traffic is measured before the flood and during
//! it.

use std::time::{Duration, Instant};

use kukuri_application::views::TopicEvent;
use kukuri_domain::{AuthorId, TopicName};
use kukuri_node::Client;
use kukuri_tests::{
    node::{NodeOptions, TestNode, eventually, fresh_topic, shutdown_all},
    stats::{Check, Report, Trials},
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::join::LIMIT;

/// Size of the text of a post, in bytes.
const POST_BYTES: usize = 300;

/// Events of the flood.
const FLOOD_EVENTS: u32 = 10_000;

/// In what time.
const FLOOD_TIME: Duration = Duration::from_secs(60);

/// Pause between two posts of the others.
const QUIET_PAUSE: Duration = Duration::from_millis(100);

/// How long the last of the flood may take to be stored: what has no room waits to be fetched.
const SETTLE: Duration = Duration::from_secs(120);

/// What is measured of one stretch of quiet traffic.
#[derive(Default)]
struct Stretch {
    /// From the call of another author to the reader's event.
    delivered: Trials,
    /// How long the reader's own post takes to be stored.
    own: Trials,
}

pub(crate) async fn measure(seconds: u64) -> anyhow::Result<Report> {
    let flood_time = FLOOD_TIME.min(Duration::from_secs(seconds));
    let events = FLOOD_EVENTS * u32::try_from(flood_time.as_secs())? / 60;
    let mut report = Report::begin(format!(
        "{events} events of one author in {} s: delivery of another author's posts",
        flood_time.as_secs()
    ));
    let topic = fresh_topic();
    let reader = TestNode::start(NodeOptions::default()).await?;
    let to_reader = || async { NodeOptions::with_manual(vec![reader.spec().await]) };
    let flooder = TestNode::start(to_reader().await).await?;
    let quiet = TestNode::start(to_reader().await).await?;
    reader.join(&topic).await?;
    flooder.join_and_meet(&topic, LIMIT).await?;
    quiet.join_and_meet(&topic, LIMIT).await?;
    reader.wait_for_neighbours(&topic, 2, LIMIT).await?;

    let ordinary = stretch(&reader, &quiet, &topic, flood_time / 3).await?;
    let mut flooding = JoinSet::new();
    flooding.spawn(flood(
        flooder.client().clone(),
        topic.clone(),
        events,
        flood_time / events.max(1),
    ));
    let during = stretch(&reader, &quiet, &topic, flood_time).await?;
    while let Some(ended) = flooding.join_next().await {
        ended??;
    }
    let settled = Instant::now();
    let total = events as usize + ordinary.posts() + during.posts();
    let has_all = || async {
        let stored = reader.counters(&topic).await?.stored;
        Ok((stored >= total as u64).then_some(()))
    };
    let all = eventually(SETTLE, has_all).await;
    let counters = reader.counters(&topic).await?;

    report.trials("ordinary: delivered", &ordinary.delivered);
    report.trials("in the flood: delivered", &during.delivered);
    report.trials("ordinary: own post stored", &ordinary.own);
    report.trials("in the flood: own post stored", &during.own);
    report.note(format!(
        "of {total} events {} were stored {:.0} s after the flood; {} waited for a bucket, {} had no room and were fetched",
        counters.stored,
        settled.elapsed().as_secs_f64(),
        counters.delayed,
        counters.dropped
    ));
    report.check(Check::failures(&during.delivered, 0));
    let twice = |trials: &Trials| trials.percentile(99).unwrap_or_default() * 2;
    report.check(Check::percentile(
        &during.delivered,
        99,
        twice(&ordinary.delivered),
    ));
    report.check(Check::percentile(
        &during.own,
        99,
        Duration::from_millis(100),
    ));
    report.check(Check::new(
        format!("all {total} events are stored in the end"),
        all.is_ok(),
    ));
    shutdown_all([reader, flooder, quiet]).await?;
    Ok(report)
}

impl Stretch {
    fn posts(&self) -> usize {
        self.delivered.len() + self.own.len()
    }
}

/// One author's events, evenly spread.
async fn flood(
    client: Client,
    topic: TopicName,
    events: u32,
    pause: Duration,
) -> anyhow::Result<()> {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..events {
        ticks.tick().await;
        client
            .post(&topic, &format!("{number:<POST_BYTES$}"))
            .await?;
    }
    Ok(())
}

/// Quiet traffic for some time.
async fn stretch(
    reader: &TestNode,
    quiet: &TestNode,
    topic: &TopicName,
    time: Duration,
) -> anyhow::Result<Stretch> {
    let mut stretch = Stretch::default();
    let author: AuthorId = quiet.client().author();
    let mut events = reader.client().subscribe(topic).await?;
    let mut ticks = interval(QUIET_PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let started = Instant::now();
    let mut number = 0;
    while started.elapsed() < time {
        ticks.tick().await;
        number += 1;
        let called = Instant::now();
        let posted = quiet.post(topic, &format!("{number:<POST_BYTES$}")).await?;
        let arrived = async {
            while let Some(event) = events.next().await {
                match event {
                    TopicEvent::Post { post, .. }
                        if post.event.author() == author && post.event.id() == posted.id =>
                    {
                        return true;
                    }
                    // The notice itself may have been missed.
                    TopicEvent::Resync if reader.holds(topic, posted.id).await.unwrap_or(false) => {
                        return true;
                    }
                    _ => {}
                }
            }
            false
        };
        stretch.delivered.push(match timeout(LIMIT, arrived).await {
            Ok(true) => Ok(called.elapsed()),
            _ => Err(format!("post {number} did not arrive")),
        });
        let called = Instant::now();
        reader.post(topic, "I read along").await?;
        stretch.own.push(Ok(called.elapsed()));
    }
    Ok(stretch)
}
