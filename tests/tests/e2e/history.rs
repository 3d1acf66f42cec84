//! What a member missed comes from any other, and both know when their sets are the same.

use kukuri_application::ports::{EventStore as _, Origin};
use kukuri_domain::{EventId, SignedEvent, TopicKeys, TopicName, UnixMs, event::Draft};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_infra_keyring::LocalIdentity;
use kukuri_node::platform::SystemClock;
use kukuri_tests::{
    node::{NodeOptions, Profile, TestNode, eventually, fresh_topic, shutdown_all},
    script::unix_ms,
};

use crate::LIMIT;

/// More than a member is asked for as the newest, and more than fits into one request.
const HISTORY: u64 = 2_500;

/// Posts of somebody else, a second apart, the last one an hour ago.
pub(crate) async fn history(topic: &TopicName, count: u64) -> anyhow::Result<Vec<SignedEvent>> {
    use kukuri_application::ports::{Identity as _, SecretBytes};
    let author = LocalIdentity::from_secret(&SecretBytes::new([9; 32]))?;
    let first = unix_ms() - 3_600_000 - count * 1_000;
    let mut events = Vec::new();
    for n in 0..count {
        let at = UnixMs(first + n * 1_000);
        let draft = Draft::post(topic, &format!("post {n} of long ago"), at);
        events.push(author.sign(draft).await?);
    }
    Ok(events)
}

/// A profile whose database holds these.
pub(crate) async fn holding(topic: &TopicName, events: &[SignedEvent]) -> anyhow::Result<Profile> {
    let profile = Profile::new()?;
    let path = profile.home().join("kukuri.db");
    let clock = std::sync::Arc::new(SystemClock::start());
    let database = Database::open(&path, OpenOptions::default(), clock).await?;
    let verified = events.iter().cloned().map(SignedEvent::verify);
    let verified = verified.collect::<Result<Vec<_>, _>>()?;
    let topic = TopicKeys::public(topic.clone()).id;
    database.commit(topic, verified, Origin::Peer).await?;
    database.close().await?;
    Ok(profile)
}

async fn start(profile: Profile, dht: &PrivateDht) -> anyhow::Result<TestNode> {
    let options = NodeOptions {
        profile: Some(profile),
        ..NodeOptions::on(dht)
    };
    TestNode::start(options).await
}

/// Waits until the node holds all of these.
pub(crate) async fn wait_for_all(
    node: &TestNode,
    topic: &TopicName,
    events: &[SignedEvent],
) -> anyhow::Result<()> {
    let ids: Vec<EventId> = events.iter().map(SignedEvent::id).collect();
    let has_all = || async {
        let posts = node.client().topic(topic).await?.posts;
        Ok((posts >= ids.len() as u64).then_some(()))
    };
    eventually(LIMIT, has_all).await?;
    for id in ids {
        anyhow::ensure!(node.holds(topic, id).await?, "{id:?} is missing");
    }
    Ok(())
}

/// Waits until the node knows that this many members have the same set.
async fn wait_until_in_step(
    node: &TestNode,
    topic: &TopicName,
    members: u64,
) -> anyhow::Result<()> {
    let in_step = || async {
        let topic = node.client().topic(topic).await?;
        Ok((topic.complete_with >= Some(members)).then_some(()))
    };
    eventually(2 * LIMIT, in_step).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_gets_the_whole_history_from_one_member() -> anyhow::Result<()> {
    let dht = PrivateDht::start(10, None).await?;
    let topic = fresh_topic();
    let events = history(&topic, HISTORY).await?;
    let member = start(holding(&topic, &events).await?, &dht).await?;
    member.join(&topic).await?;
    let newcomer = TestNode::start(NodeOptions::on(&dht)).await?;
    newcomer.join_and_meet(&topic, LIMIT).await?;
    wait_for_all(&newcomer, &topic, &events).await?;
    // The next summary says so to both.
    wait_until_in_step(&newcomer, &topic, 1).await?;
    wait_until_in_step(&member, &topic, 1).await?;
    shutdown_all([member, newcomer]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_members_with_different_histories_end_with_both() -> anyhow::Result<()> {
    let dht = PrivateDht::start(10, None).await?;
    let topic = fresh_topic();
    let events = history(&topic, HISTORY).await?;
    // Half of it is known to both.
    let (third, rest) = (HISTORY as usize / 3, HISTORY as usize / 3 * 2);
    let a = start(holding(&topic, &events[..rest]).await?, &dht).await?;
    a.join(&topic).await?;
    let b = start(holding(&topic, &events[third..]).await?, &dht).await?;
    b.join_and_meet(&topic, LIMIT).await?;
    wait_for_all(&a, &topic, &events).await?;
    wait_for_all(&b, &topic, &events).await?;
    let live = a.post(&topic, "and now?").await?;
    b.wait_for_event(&topic, live.id, LIMIT).await?;
    shutdown_all([a, b]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_while_away_comes_through_whoever_is_met_first() -> anyhow::Result<()> {
    let dht = PrivateDht::start(10, None).await?;
    let topic = fresh_topic();
    let events = history(&topic, 400).await?;
    let members = [
        start(holding(&topic, &events).await?, &dht).await?,
        start(holding(&topic, &events[..300]).await?, &dht).await?,
    ];
    members[0].join(&topic).await?;
    members[1].join_and_meet(&topic, LIMIT).await?;
    let back = start(holding(&topic, &events[..150]).await?, &dht).await?;
    back.join_and_meet(&topic, LIMIT).await?;
    for node in members.iter().chain([&back]) {
        wait_for_all(node, &topic, &events).await?;
    }
    let [a, b] = members;
    shutdown_all([a, b, back]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn members_with_different_ceilings_agree_on_what_both_keep_and_rest() -> anyhow::Result<()> {
    let dht = PrivateDht::start(10, None).await?;
    let topic = fresh_topic();
    let events = history(&topic, HISTORY).await?;
    let member = start(holding(&topic, &events).await?, &dht).await?;
    member.join(&topic).await?;
    let small = TestNode::start(NodeOptions {
        topic_bytes_max: Some(600_000),
        ..NodeOptions::on(&dht)
    })
    .await?;
    small.join_and_meet(&topic, LIMIT).await?;
    let kept = || async {
        let topic = small.client().topic(&topic).await?;
        let fits = topic.stored_bytes <= 600_000 && topic.complete_since.is_some();
        Ok(fits.then_some(topic.complete_since).flatten())
    };
    eventually(LIMIT, kept).await?;
    wait_until_in_step(&member, &topic, 1).await?;
    wait_until_in_step(&small, &topic, 1).await?;

    // From now on nothing is fetched again, though the one offers what the other dropped.
    let before = small.client().topic(&topic).await?;
    let since = before.complete_since.expect("it was waited for");
    let seen = member.client().topic(&topic).await?.in_step[0].last;
    let seen_again = || async {
        let topic = member.client().topic(&topic).await?;
        Ok(topic
            .in_step
            .iter()
            .any(|one| one.last > seen)
            .then_some(()))
    };
    eventually(3 * LIMIT, seen_again).await?;
    let after = small.client().topic(&topic).await?;
    anyhow::ensure!(
        after.counters.outdated == before.counters.outdated,
        "{after:?}"
    );
    anyhow::ensure!(after.complete_since == Some(since) && after.posts == before.posts);
    anyhow::ensure!(member.client().topic(&topic).await?.posts == HISTORY);
    for event in &events {
        let is_kept = event.order().at() >= since;
        anyhow::ensure!(small.holds(&topic, event.id()).await? == is_kept);
    }
    let live = small.post(&topic, "and now?").await?;
    member.wait_for_event(&topic, live.id, LIMIT).await?;
    shutdown_all([member, small]).await
}
