//! Machines on one switch, each a network namespace.

use std::time::Duration;

use kukuri_tests::{
    netns::{self, Lan},
    node::fresh_topic,
    script::{NodeArgs, Process, Request},
};
use serde_json::Value;

use crate::LIMIT;

fn is_joined(line: &Value) -> bool {
    line["type"] == "peer_joined"
}

async fn node(lan: &Lan, machine: usize, args: &NodeArgs) -> anyhow::Result<Process> {
    Process::start(
        Some(&lan.machines[machine]),
        env!("CARGO_BIN_EXE_node"),
        &args.to_words(),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_a_member_is_found_by_mdns_alone() -> anyhow::Result<()> {
    if !netns::is_enabled() {
        return Ok(());
    }
    let lan = Lan::new(2)?;
    let topic = fresh_topic().as_str().to_owned();
    let args = NodeArgs {
        mdns: true,
        // Nobody answers there: the DHT is broken and must not be missed.
        dht: vec!["10.77.0.2:9".to_owned()],
        ..NodeArgs::in_topic(&topic)
    };
    let mut first = node(&lan, 0, &args).await?;
    let mut second = node(&lan, 1, &args).await?;

    let (one, other) = tokio::join!(
        first.wait_for(LIMIT, is_joined),
        second.wait_for(LIMIT, is_joined)
    );

    assert_eq!(one?["peer"], second.peer());
    assert_eq!(other?["peer"], first.peer());
    let peers = second
        .ask(&Request::Peers {
            topic: topic.clone(),
        })
        .await?;
    let found_by = peers[0]["found_by"].as_str().unwrap_or_default().to_owned();
    assert!(["mdns", "inbound"].contains(&found_by.as_str()), "{peers}");
    let story = second
        .ask(&Request::Explain {
            topic: topic.clone(),
        })
        .await?;
    let story = story.as_str().unwrap_or_default();
    let dht = story
        .lines()
        .find(|line| line.trim_start().starts_with("Dht:"))
        .unwrap_or_default();
    assert!(
        dht.contains("not reachable") || dht.contains("no answer") || dht.contains("asking since"),
        "{story}"
    );

    let post = Request::Post {
        topic: topic.clone(),
        text: "over the switch".to_owned(),
    };
    let posted = first.ask(&post).await?;
    second
        .wait_for(LIMIT, |line| {
            line["type"] == "post" && line["id"] == posted["id"]
        })
        .await?;
    first.stop().await?;
    second.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_two_nodes_on_one_machine_find_each_other_by_mdns() -> anyhow::Result<()> {
    if !netns::is_enabled() {
        return Ok(());
    }
    let machine = netns::Namespace::new("one")?;
    machine.add_lan_of_one(std::net::Ipv4Addr::new(10, 76, 0, 1))?;
    let topic = fresh_topic().as_str().to_owned();
    let args = NodeArgs {
        mdns: true,
        ..NodeArgs::in_topic(&topic)
    };
    let words = args.to_words();
    let start = || Process::start(Some(&machine), env!("CARGO_BIN_EXE_node"), &words);
    let mut first = start().await?;
    let mut second = start().await?;
    first.wait_for(LIMIT, is_joined).await?;
    second.wait_for(LIMIT, is_joined).await?;
    first.stop().await?;
    second.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_a_node_without_a_network_joins_once_it_has_one() -> anyhow::Result<()> {
    /// What it may take from the moment on which route and names are there.
    const TARGET: Duration = Duration::from_secs(10);
    if !netns::is_enabled() {
        return Ok(());
    }
    let lan = Lan::new(2)?;
    let host = lan.address(0);
    let words = ["--json".to_owned(), "--host".to_owned(), host.to_string()];
    let _dht = Process::start(Some(&lan.machines[0]), env!("CARGO_BIN_EXE_dht"), &words).await?;
    lan.machines[0].set_hosts(&[(host, "bootstrap.lab")])?;
    lan.disconnect(1)?;
    let topic = fresh_topic().as_str().to_owned();
    let args = NodeArgs {
        dht: vec!["bootstrap.lab:6881".to_owned()],
        ..NodeArgs::in_topic(&topic)
    };
    let member = node(&lan, 0, &args).await?;
    let mut late = node(&lan, 1, &args).await?;
    // Long enough for pauses between attempts to have grown.
    let alone = late.wait_for(Duration::from_secs(8), is_joined).await;
    assert!(alone.is_err(), "there was no network: {alone:?}");

    lan.connect(1)?;
    lan.machines[1].set_hosts(&[(host, "bootstrap.lab")])?;

    if let Err(error) = late.wait_for(TARGET, is_joined).await {
        let story = late.ask(&Request::Explain { topic }).await?;
        return Err(error.context(story.as_str().unwrap_or_default().to_owned()));
    }
    late.stop().await?;
    member.stop().await
}
