//! Strangers who know a topic's name find each other by the DHT and talk.

use kukuri_domain::peer::FoundBy;
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_tests::node::{NodeOptions, TestNode, fresh_topic, shutdown_all};

use crate::LIMIT;

/// Nodes of the private DHT: enough for lookups with more than one hop, quick to start.
const DHT_NODES: usize = 12;

async fn nodes(dht: &PrivateDht, number: usize) -> anyhow::Result<Vec<TestNode>> {
    let mut nodes = Vec::new();
    for _ in 0..number {
        nodes.push(TestNode::start(NodeOptions::on(dht)).await?);
    }
    Ok(nodes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_member_finds_the_first_and_both_talk() -> anyhow::Result<()> {
    let dht = PrivateDht::start(DHT_NODES, None).await?;
    let nodes = nodes(&dht, 2).await?;
    let topic = fresh_topic();
    nodes[0].join(&topic).await?;
    nodes[0].wait_until_announced(&topic, LIMIT).await?;

    let took = nodes[1].join_and_meet(&topic, LIMIT).await?;

    println!("joined in {took:?}");
    nodes[0].wait_for_neighbours(&topic, 1, LIMIT).await?;
    let peers = nodes[1].client().peers(&topic).await?;
    assert_eq!(peers[0].id, nodes[0].peer_id());
    assert_eq!(
        peers[0].found_by,
        FoundBy::Dht,
        "{}",
        nodes[1].story(&topic).await
    );
    for (from, to) in [(0, 1), (1, 0)] {
        let posted = nodes[from]
            .post(&topic, &format!("hello from {from}"))
            .await?;
        nodes[to].wait_for_event(&topic, posted.id, LIMIT).await?;
    }
    assert_eq!(
        nodes[0].ids(&topic).await?,
        nodes[1].ids(&topic).await?,
        "the same order on both"
    );
    shutdown_all(nodes).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_posted_before_anybody_came_is_fetched() -> anyhow::Result<()> {
    let dht = PrivateDht::start(DHT_NODES, None).await?;
    let nodes = nodes(&dht, 2).await?;
    let topic = fresh_topic();
    nodes[0].join(&topic).await?;
    let mut early = Vec::new();
    for number in 0..20 {
        early.push(nodes[0].post(&topic, &format!("early {number}")).await?.id);
    }
    nodes[0].wait_until_announced(&topic, LIMIT).await?;

    nodes[1].join_and_meet(&topic, LIMIT).await?;

    for id in &early {
        nodes[1].wait_for_event(&topic, *id, LIMIT).await?;
    }
    early.reverse();
    assert_eq!(
        nodes[1].ids(&topic).await?,
        early,
        "newest first, in the order of writing"
    );
    shutdown_all(nodes).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_start_at_the_same_time_find_each_other() -> anyhow::Result<()> {
    let dht = PrivateDht::start(DHT_NODES, None).await?;
    let nodes = nodes(&dht, 2).await?;
    let topic = fresh_topic();

    let (a, b) = tokio::join!(
        nodes[0].join_and_meet(&topic, LIMIT),
        nodes[1].join_and_meet(&topic, LIMIT)
    );

    println!("both joined: {:?} and {:?}", a?, b?);
    let posted = nodes[0].post(&topic, "at once").await?;
    nodes[1].wait_for_event(&topic, posted.id, LIMIT).await?;
    shutdown_all(nodes).await
}

#[tokio::test(flavor = "multi_thread")]
async fn three_members_hear_each_of_them() -> anyhow::Result<()> {
    let dht = PrivateDht::start(DHT_NODES, None).await?;
    let nodes = nodes(&dht, 3).await?;
    let topic = fresh_topic();
    for (number, node) in nodes.iter().enumerate() {
        node.join(&topic).await?;
        if number > 0 {
            node.wait_for_neighbours(&topic, 1, LIMIT).await?;
        }
    }
    let mut ids = Vec::new();
    for node in &nodes {
        ids.push(node.post(&topic, "one of three").await?.id);
    }
    for node in &nodes {
        for id in &ids {
            node.wait_for_event(&topic, *id, LIMIT).await?;
        }
    }
    assert_eq!(nodes[0].ids(&topic).await?, nodes[2].ids(&topic).await?);
    shutdown_all(nodes).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_nobody_heard_goes_out_when_somebody_comes() -> anyhow::Result<()> {
    let dht = PrivateDht::start(DHT_NODES, None).await?;
    let nodes = nodes(&dht, 2).await?;
    let topic = fresh_topic();
    for node in &nodes {
        node.join(&topic).await?;
    }
    let posted = nodes[1].post(&topic, "into the void").await?;
    nodes[0].wait_for_event(&topic, posted.id, LIMIT).await?;
    shutdown_all(nodes).await
}
