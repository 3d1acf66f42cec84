//! Two islands that come to share a DHT become one topic.

use std::{net::UdpSocket, time::Duration};

use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_tests::node::{
    NodeOptions, TestNode, dht_config, eventually, fresh_topic, shutdown_all,
};

use crate::LIMIT;

/// One rendezvous tick of a small topic (a minute) and a fifth, twice, is the worst case; the
/// figure for ten nodes is 120 s.
const HEALED: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn two_islands_heal_once_they_share_a_dht() -> anyhow::Result<()> {
    // A port that is free now, so that the DHT can come up on it later.
    let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
    let bootstrap = dht_config(&[format!("127.0.0.1:{port}")]);
    let topic = fresh_topic();
    let mut islands = Vec::new();
    for _ in 0..2 {
        let first = TestNode::start(NodeOptions {
            dht: Some(bootstrap.clone()),
            ..NodeOptions::default()
        });
        let first = first.await?;
        first.join(&topic).await?;
        let manual = vec![first.spec().await];
        let options = NodeOptions {
            dht: Some(bootstrap.clone()),
            manual,
            ..NodeOptions::default()
        };
        let second = TestNode::start(options).await?;
        second.join_and_meet(&topic, LIMIT).await?;
        islands.push([first, second]);
    }
    let apart = islands[0][0].post(&topic, "who is there").await?.id;
    islands[0][1].wait_for_event(&topic, apart, LIMIT).await?;
    assert!(
        !islands[1][0].holds(&topic, apart).await?,
        "the islands are not apart"
    );

    let _dht = PrivateDht::start(10, Some(port)).await?;

    eventually(HEALED, || async {
        let posted = islands[0][1].post(&topic, "and now").await?.id;
        let heard = eventually(Duration::from_secs(1), || async {
            let mut all = true;
            for node in islands.iter().flatten() {
                all &= node.holds(&topic, posted).await?;
            }
            Ok(all.then_some(()))
        });
        // Whoever did not hear this one may hear the next.
        Ok(heard.await.ok())
    })
    .await?;
    shutdown_all(islands.into_iter().flatten()).await
}
