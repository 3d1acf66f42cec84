//! Entries between whole nodes: on a LAN, over the internet, and both at once.

use std::collections::BTreeSet;

use kukuri_domain::{EntryKey, EntryValue};
use kukuri_node::client::{EntryQuery, EntryWrite};
use kukuri_tests::{
    netns::{self, Internet, Lan},
    node::{NodeOptions, TestNode, eventually, fresh_topic, shutdown_all},
    script::{NodeArgs, Process, Request},
};
use serde_json::Value;

use crate::LIMIT;

const DHT_PORT: u16 = 6_881;

async fn node(lan: &Lan, machine: usize, args: &NodeArgs) -> anyhow::Result<Process> {
    let namespace = Some(&lan.machines[machine]);
    Process::start(namespace, env!("CARGO_BIN_EXE_node"), &args.to_words()).await
}

/// A private DHT on a machine, and where it is reached.
async fn dht(lan: &Lan, machine: usize) -> anyhow::Result<(Process, Vec<String>)> {
    let host = lan.address(machine).to_string();
    let words = ["--json", "--host", &host].map(str::to_owned);
    let namespace = Some(&lan.machines[machine]);
    let dht = Process::start(namespace, env!("CARGO_BIN_EXE_dht"), &words).await?;
    Ok((dht, vec![format!("{host}:{DHT_PORT}")]))
}

async fn put(node: &mut Process, topic: &str, value: Option<&str>) -> anyhow::Result<Value> {
    let put = Request::Put {
        topic: topic.to_owned(),
        key: "config/colour".to_owned(),
        value: value.map(str::to_owned),
    };
    node.ask(&put).await
}

/// Every other node is told of a write.
async fn all_are_told(nodes: &mut [Process], but: usize, written: &Value) -> anyhow::Result<()> {
    for (n, node) in nodes.iter_mut().enumerate().filter(|(n, _)| *n != but) {
        let is_it =
            |line: &Value| line["type"] == "entry" && line["revision"] == written["revision"];
        let told = node.wait_for(LIMIT, is_it).await;
        let told = told.map_err(|error| error.context(format!("node {n}")))?;
        assert_eq!(told["value"], written["value"]);
        assert_eq!(told["outcome"], written["outcome"]);
    }
    Ok(())
}

/// What one writes the others see, the last write counts, and a deletion deletes everywhere.
async fn they_share_entries(mut nodes: Vec<Process>, topic: &str) -> anyhow::Result<()> {
    for node in &mut nodes {
        node.wait_for(LIMIT, |line| line["type"] == "peer_joined")
            .await?;
    }
    let last = nodes.len() - 1;
    for (writer, value) in [(0, Some("teal")), (last, Some("藍色")), (0, None)] {
        let written = put(&mut nodes[writer], topic, value).await?;
        assert_eq!(written["value"].as_str(), value);
        all_are_told(&mut nodes, writer, &written).await?;
        for node in &mut nodes {
            let topic = topic.to_owned();
            let key = "config/colour".to_owned();
            let held = node.ask(&Request::Entry { topic, key }).await?;
            assert_eq!(held["revision"], written["revision"]);
        }
    }
    for node in nodes {
        node.stop().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_entries_are_shared_on_a_lan_alone() -> anyhow::Result<()> {
    if !netns::is_enabled() {
        return Ok(());
    }
    let lan = Lan::new(3)?;
    let topic = fresh_topic().as_str().to_owned();
    let args = NodeArgs {
        mdns: true,
        ..NodeArgs::in_topic(&topic)
    };
    let mut nodes = Vec::new();
    for machine in 0..3 {
        nodes.push(node(&lan, machine, &args).await?);
    }
    they_share_entries(nodes, &topic).await
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_entries_are_shared_over_the_internet_by_the_dht_alone() -> anyhow::Result<()> {
    if !netns::is_enabled() {
        return Ok(());
    }
    let Internet { lans, .. } = &Internet::new([2, 2])?;
    let (_dht, bootstrap) = dht(&lans[1], 1).await?;
    let topic = fresh_topic().as_str().to_owned();
    let args = NodeArgs {
        dht: bootstrap,
        ..NodeArgs::in_topic(&topic)
    };
    let mut nodes = Vec::new();
    for (lan, machine) in [(0, 0), (1, 0), (0, 1)] {
        nodes.push(node(&lans[lan], machine, &args).await?);
    }
    they_share_entries(nodes, &topic).await
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_entries_are_shared_by_two_on_a_lan_and_one_beyond_by_the_dht() -> anyhow::Result<()>
{
    if !netns::is_enabled() {
        return Ok(());
    }
    let Internet { lans, .. } = &Internet::new([2, 2])?;
    let (_dht, bootstrap) = dht(&lans[1], 1).await?;
    let topic = fresh_topic().as_str().to_owned();
    let args = |mdns, by_dht| NodeArgs {
        mdns,
        dht: if by_dht {
            bootstrap.clone()
        } else {
            Vec::new()
        },
        ..NodeArgs::in_topic(&topic)
    };
    // The first knows only the LAN, the last only the DHT, and the one between knows both.
    let nodes = vec![
        node(&lans[0], 0, &args(true, false)).await?,
        node(&lans[0], 1, &args(true, true)).await?,
        node(&lans[1], 0, &args(false, true)).await?,
    ];
    they_share_entries(nodes, &topic).await
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_entries_are_shared_by_two_on_a_lan_and_one_beyond_by_a_manual_peer()
-> anyhow::Result<()> {
    if !netns::is_enabled() {
        return Ok(());
    }
    let Internet { lans, .. } = &Internet::new([2, 1])?;
    let topic = fresh_topic().as_str().to_owned();
    let args = |mdns, peer| NodeArgs {
        mdns,
        peer,
        ..NodeArgs::in_topic(&topic)
    };
    let first = node(&lans[0], 0, &args(true, Vec::new())).await?;
    let spec = first.ready["spec"].as_str().unwrap_or_default().parse()?;
    let nodes = vec![
        node(&lans[0], 1, &args(true, Vec::new())).await?,
        first,
        node(&lans[1], 0, &args(false, vec![spec])).await?,
    ];
    they_share_entries(nodes, &topic).await
}

fn key(n: usize) -> EntryKey {
    EntryKey::new(format!("shared/{n}")).expect("a key")
}

fn text(text: String) -> EntryValue<'static> {
    EntryValue::Text(text.into())
}

/// All entries of a node.
async fn all(node: &TestNode, topic: &kukuri_domain::TopicName) -> anyhow::Result<Vec<String>> {
    let mut query = EntryQuery {
        topic: topic.clone().into(),
        prefix: String::new(),
        after: None,
        limit: 7,
    };
    let mut all = Vec::new();
    loop {
        let page = node.client().entries(&query).await?;
        let shown = |entry: &kukuri_application::views::EntryView| {
            format!("{} {:?} {}", entry.key, entry.value, entry.revision)
        };
        all.extend(page.entries.iter().map(shown));
        query.after = page.next;
        if query.after.is_none() {
            return Ok(all);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_who_were_apart_end_with_the_same_entries() -> anyhow::Result<()> {
    const KEYS: usize = 20;
    let topic = fresh_topic();
    let first = TestNode::start(NodeOptions::default()).await?;
    first.client().join(&topic).await?;
    let second = TestNode::start(NodeOptions {
        manual: vec![first.spec().await],
        ..NodeOptions::default()
    })
    .await?;
    // Both write to the same keys before they have met.
    for (name, node) in [("first", &first), ("second", &second)] {
        node.client().join(&topic).await?;
        for round in 0..3 {
            let writes = (0..KEYS).map(|n| {
                let value = (n % 5 != round).then(|| text(format!("{name} {round}")));
                EntryWrite::new(key(n), value.as_ref())
            });
            node.client()
                .write_entries(&topic, writes.collect())
                .await?;
        }
    }
    let same = || async {
        let (one, other) = (all(&first, &topic).await?, all(&second, &topic).await?);
        let writes = first.client().entry_history(&topic, key(0), 99).await?;
        let is_whole = one == other && writes.len() == 6;
        Ok(is_whole.then_some(one))
    };
    let entries = eventually(LIMIT, same).await?;
    // Those that the last round deleted are gone.
    assert_eq!(entries.len(), KEYS - KEYS / 5);
    for n in 0..KEYS {
        let [one, other] = [&first, &second].map(|node| node.client());
        let (one, other) = (
            one.entry_history(&topic, key(n), 99).await?,
            other.entry_history(&topic, key(n), 99).await?,
        );
        let revisions = |writes: &[kukuri_application::views::EntryView]| {
            writes
                .iter()
                .map(|write| write.revision)
                .collect::<Vec<_>>()
        };
        assert_eq!(revisions(&one), revisions(&other));
        let authors: BTreeSet<_> = one.iter().map(|write| write.author.pubkey).collect();
        assert_eq!(
            (one.len(), authors.len()),
            (6, 2),
            "what lost is there, too"
        );
    }
    shutdown_all([first, second]).await
}
