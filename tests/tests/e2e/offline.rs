//! Posts that were written while nobody was there, and what is known of who holds them.

use kukuri_application::ports::PostState;
use kukuri_domain::{EventId, TopicName};
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_tests::node::{NodeOptions, TestNode, eventually, fresh_topic, shutdown_all};

use crate::LIMIT;

async fn state(node: &TestNode, topic: &TopicName, id: EventId) -> anyhow::Result<PostState> {
    let posts = node.posts(topic).await?;
    let post = posts.iter().find(|post| post.event.id() == id);
    post.map(|post| post.state)
        .ok_or_else(|| anyhow::anyhow!("the post is not stored"))
}

async fn wait_for_state(
    node: &TestNode,
    topic: &TopicName,
    id: EventId,
    expected: PostState,
) -> anyhow::Result<()> {
    let is_so = || async { Ok((state(node, topic, id).await? == expected).then_some(())) };
    let reached = eventually(LIMIT, is_so).await;
    let now = state(node, topic, id).await?;
    reached.map_err(|error| error.context(format!("it is {now:?}, not {expected:?}")))
}

fn reached(sent_to: u32, held_by: u32) -> PostState {
    PostState { sent_to, held_by }
}

/// Starts a node again with what it had.
async fn restart(node: TestNode, dht: &PrivateDht) -> anyhow::Result<TestNode> {
    let profile = node.profile();
    node.shutdown().await?;
    TestNode::start(NodeOptions {
        profile: Some(profile),
        ..NodeOptions::on(dht)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_posted_alone_goes_out_after_a_restart() -> anyhow::Result<()> {
    let dht = PrivateDht::start(10, None).await?;
    let topic = fresh_topic();
    let alone = TestNode::start(NodeOptions::on(&dht)).await?;
    alone.join(&topic).await?;
    let posted = alone.post(&topic, "is anybody there?").await?;
    assert_eq!(posted.state, reached(0, 0));

    let again = restart(alone, &dht).await?;
    again.join(&topic).await?;
    assert_eq!(state(&again, &topic, posted.id).await?, reached(0, 0));

    let other = TestNode::start(NodeOptions::on(&dht)).await?;
    other.join(&topic).await?;
    other.wait_for_event(&topic, posted.id, LIMIT).await?;
    wait_for_state(&again, &topic, posted.id, reached(1, 1)).await?;
    shutdown_all([again, other]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn more_posts_than_are_sent_at_once_all_arrive_in_the_end() -> anyhow::Result<()> {
    /// More than one load of unsent posts, and more than the newest that a newcomer asks for.
    const POSTS: usize = 600;
    let dht = PrivateDht::start(10, None).await?;
    let topic = fresh_topic();
    let alone = TestNode::start(NodeOptions::on(&dht)).await?;
    alone.join(&topic).await?;
    for number in 0..POSTS {
        alone.post(&topic, &format!("note {number}")).await?;
    }
    let other = TestNode::start(NodeOptions::on(&dht)).await?;
    other.join(&topic).await?;
    let has_all = || async { Ok((other.ids(&topic).await?.len() == POSTS).then_some(())) };
    eventually(LIMIT, has_all).await?;
    let all_are_held = || async {
        let posts = alone.posts(&topic).await?;
        let are_held = posts.iter().all(|post| post.state == reached(1, 1));
        Ok(are_held.then_some(()))
    };
    eventually(LIMIT, all_are_held).await?;
    shutdown_all([alone, other]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_a_post_is_remembered_and_counted_once() -> anyhow::Result<()> {
    let dht = PrivateDht::start(10, None).await?;
    let topic = fresh_topic();
    let (author, reader) = tokio::try_join!(
        TestNode::start(NodeOptions::on(&dht)),
        TestNode::start(NodeOptions::on(&dht))
    )?;
    author.join(&topic).await?;
    reader.join_and_meet(&topic, LIMIT).await?;
    author.wait_for_neighbours(&topic, 1, LIMIT).await?;
    let posted = author.post(&topic, "hold this").await?;
    assert_eq!(posted.state, reached(1, 0));
    wait_for_state(&author, &topic, posted.id, reached(1, 1)).await?;

    // The same holder says so again after a restart of the author: it is one holder.
    let author = restart(author, &dht).await?;
    author.join(&topic).await?;
    assert_eq!(state(&author, &topic, posted.id).await?, reached(1, 1));
    author.wait_for_neighbours(&topic, 1, LIMIT).await?;

    // A member that had it from somebody else while the author was away is a second one.
    let profile = author.profile();
    author.shutdown().await?;
    let late = TestNode::start(NodeOptions::on(&dht)).await?;
    late.join(&topic).await?;
    late.wait_for_event(&topic, posted.id, LIMIT).await?;
    let author = TestNode::start(NodeOptions {
        profile: Some(profile),
        ..NodeOptions::on(&dht)
    })
    .await?;
    author.join(&topic).await?;
    author.wait_for_neighbours(&topic, 2, LIMIT).await?;
    wait_for_state(&author, &topic, posted.id, reached(1, 2)).await?;
    // And stays so, whatever else is said: nobody is counted twice.
    let thanks = author.post(&topic, "thank you").await?;
    wait_for_state(&author, &topic, thanks.id, reached(2, 2)).await?;
    assert_eq!(state(&author, &topic, posted.id).await?, reached(1, 2));
    shutdown_all([author, reader, late]).await
}
