//! Answers, reactions, deletions and names, between real nodes.

use std::time::Duration;

use kukuri_application::views::{PostView, TopicEvent};
use kukuri_domain::{EventId, TopicName};
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_node::client::{Code, ReadQuery};
use kukuri_tests::node::{NodeOptions, TestNode, eventually, fresh_topic, shutdown_all};

use crate::LIMIT;

/// Waits until a post is seen as it should be.
async fn seen(
    node: &TestNode,
    topic: &TopicName,
    id: EventId,
    is_so: impl Fn(&PostView) -> bool,
) -> anyhow::Result<PostView> {
    let look = || async {
        let posts = node.client().posts(topic, vec![id]).await?;
        Ok(posts.into_iter().find(&is_so))
    };
    eventually(LIMIT, look).await
}

fn reactions(post: &PostView) -> Vec<(&str, u32)> {
    let reactions = post.reactions.iter();
    reactions.map(|r| (r.content.as_str(), r.count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_answer_react_and_take_back() -> anyhow::Result<()> {
    let dht = PrivateDht::start(10, None).await?;
    let topic = fresh_topic();
    let (aya, jonas) = tokio::try_join!(
        TestNode::start(NodeOptions::on(&dht)),
        TestNode::start(NodeOptions::on(&dht))
    )?;
    // One has a name before there is any topic, the other gets it later.
    aya.client().set_profile("Aya", Some("weaver")).await?;
    aya.join(&topic).await?;
    jonas.join_and_meet(&topic, LIMIT).await?;
    let asked = aya.post(&topic, "who brings the plates?").await?.id;
    let at_jonas = seen(&jonas, &topic, asked, |_| true).await?;
    assert_eq!(at_jonas.author.name.as_deref(), Some("Aya"));
    let profile = jonas.client().profile_of(aya.client().author()).await?;
    assert_eq!(profile.about.as_deref(), Some("weaver"));

    let mut news = aya.client().subscribe(&topic).await?;
    let answer = jonas.client().reply(&topic, asked, "I do").await?;
    jonas.client().react(&topic, asked, "同感").await?;
    let at_aya = seen(&aya, &topic, asked, |post| {
        post.replies.count == 1 && reactions(post) == [("同感", 1)]
    })
    .await?;
    let last = at_aya.replies.last_by.as_ref();
    assert_eq!(last.map(|by| by.pubkey), Some(jonas.client().author()));
    assert_eq!(at_aya.reactions[0].own, None);
    let told = async {
        while let Some(event) = news.next().await {
            if event == (TopicEvent::PostChanged { id: asked }) {
                return true;
            }
        }
        false
    };
    assert!(tokio::time::timeout(Duration::from_secs(5), told).await?);

    // The answer stands in its thread, not in the timeline.
    let thread = aya.client().thread(&topic, asked).await?;
    let ids: Vec<EventId> = thread.iter().map(|post| post.event.id()).collect();
    assert_eq!(ids, [asked, answer.event.id()]);
    let roots = ReadQuery {
        roots: true,
        ..ReadQuery::newest(&topic, 10)
    };
    let timeline = aya.client().read(&roots).await?.posts;
    assert_eq!(timeline, [at_aya], "as it is read by its id");

    jonas.client().set_profile("Jonas", None).await?;
    let named = seen(&aya, &topic, answer.event.id(), |post| {
        post.author.name.is_some()
    });
    assert_eq!(named.await?.author.name.as_deref(), Some("Jonas"));

    // What is one's own can be taken back, and nothing else.
    let refused = aya.client().delete(&topic, answer.event.id()).await;
    assert_eq!(refused.map_err(|error| error.code), Err(Code::NotYours));
    let at_jonas = seen(&jonas, &topic, asked, |post| !post.reactions.is_empty()).await?;
    let own = at_jonas.reactions[0].own.expect("the own reaction");
    jonas.client().delete(&topic, own).await?;
    seen(&aya, &topic, asked, |post| post.reactions.is_empty()).await?;
    aya.client().delete(&topic, asked).await?;
    seen(&jonas, &topic, asked, |post| post.deleted_at.is_some()).await?;
    shutdown_all([aya, jonas]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_gets_the_whole_conversation() -> anyhow::Result<()> {
    let dht = PrivateDht::start(10, None).await?;
    let topic = fresh_topic();
    let early = TestNode::start(NodeOptions::on(&dht)).await?;
    early.join(&topic).await?;
    let asked = early.post(&topic, "is anybody there?").await?.id;
    let client = early.client();
    client.reply(&topic, asked, "not yet").await?;
    client.react(&topic, asked, "+").await?;
    client.set_profile("田中 蓮", None).await?;
    let late = TestNode::start(NodeOptions::on(&dht)).await?;
    late.join(&topic).await?;
    let post = seen(&late, &topic, asked, |post| {
        post.replies.count == 1 && post.author.name.is_some()
    })
    .await?;
    assert_eq!(reactions(&post), [("+", 1)]);
    assert_eq!(post.author.name.as_deref(), Some("田中 蓮"));
    shutdown_all([early, late]).await
}
