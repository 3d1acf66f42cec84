//! A machine that loses its network and gets it back, or gets another one, and one that slept.
//!
//! Connected is who gets a new post: being listed as a neighbour proves nothing after a cable was
//! pulled.

use std::{
    net::Ipv4Addr,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use kukuri_tests::{
    netns::{self, Lan},
    node::fresh_topic,
    script::{NodeArgs, Process, Request},
};
use serde_json::Value;

use crate::LIMIT;

/// How long it may take from the moment on which the network is there.
const TARGET: Duration = Duration::from_secs(10);

/// Longer than a connection survives without an answer.
const LONG: Duration = Duration::from_secs(40);

/// Shorter than that.
const SHORT: Duration = Duration::from_secs(6);

fn is_joined(line: &Value) -> bool {
    line["type"] == "peer_joined"
}

/// Two nodes that talk: one that stays where it is, and one whose machine is moved about.
struct Pair {
    topic: String,
    stays: Process,
    moves: Process,
}

impl Pair {
    /// Posts at one until the other gets one; both ways.
    async fn wait_until_connected(&mut self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        for is_back in [false, true] {
            let (from, to) = match is_back {
                false => (&mut self.stays, &mut self.moves),
                true => (&mut self.moves, &mut self.stays),
            };
            if let Err(error) = hears(&self.topic, from, to).await {
                let request = Request::Explain {
                    topic: self.topic.clone(),
                };
                let (a, b) = (from.ask(&request).await?, to.ask(&request).await?);
                let story = format!("back: {is_back}\nfrom: {a:#}\nto: {b:#}");
                return Err(error.context(story.replace("\\n", "\n")));
            }
        }
        Ok(started.elapsed())
    }
}

/// Posts at `from` until a post is at `to`.
async fn hears(topic: &str, from: &mut Process, to: &mut Process) -> anyhow::Result<()> {
    const EVERY: Duration = Duration::from_millis(200);
    let started = Instant::now();
    let mut ids = Vec::new();
    while started.elapsed() < LIMIT {
        let post = Request::Post {
            topic: topic.to_owned(),
            text: format!("is anybody there? {}", ids.len()),
        };
        ids.push(from.ask(&post).await?["id"].clone());
        let is_one = |line: &Value| line["type"] == "post" && ids.contains(&line["id"]);
        if to.wait_for(EVERY, is_one).await.is_ok() {
            return Ok(());
        }
    }
    anyhow::bail!("no post came through within {LIMIT:?}")
}

fn print_and_check(what: &str, took: Duration) {
    println!("{what}: connected again after {took:?}");
    assert!(took <= TARGET, "{what}: {took:?}");
}

async fn node(lan: &Lan, machine: usize, args: &NodeArgs) -> anyhow::Result<Process> {
    let words = args.to_words();
    Process::start(
        Some(&lan.machines[machine]),
        env!("CARGO_BIN_EXE_node"),
        &words,
    )
    .await
}

/// The machine that stays, and the one that moves.
const STAYS: usize = 0;
const MOVES: usize = 1;

async fn pair(lan: &Lan, args: NodeArgs) -> anyhow::Result<Pair> {
    let topic = fresh_topic().as_str().to_owned();
    let args = NodeArgs {
        everywhere: true,
        join: Some(topic.clone()),
        ..args
    };
    let (stays, moves) = (
        node(lan, STAYS, &args).await?,
        node(lan, MOVES, &args).await?,
    );
    let mut pair = Pair {
        topic,
        stays,
        moves,
    };
    pair.moves.wait_for(LIMIT, is_joined).await?;
    pair.wait_until_connected().await?;
    Ok(pair)
}

/// A private DHT on the machine that stays.
async fn dht(lan: &Lan) -> anyhow::Result<(Process, NodeArgs)> {
    let host = lan.address(STAYS);
    let words = ["--json".to_owned(), "--host".to_owned(), host.to_string()];
    let namespace = &lan.machines[STAYS];
    let dht = Process::start(Some(namespace), env!("CARGO_BIN_EXE_dht"), &words).await?;
    let args = NodeArgs {
        dht: vec![format!("{host}:6881")],
        ..NodeArgs::default()
    };
    Ok((dht, args))
}

async fn check_outage(args: NodeArgs, lan: &Lan, what: &str) -> anyhow::Result<()> {
    let mut pair = pair(lan, args).await?;
    for away in [SHORT, LONG] {
        lan.disconnect(MOVES)?;
        tokio::time::sleep(away).await;
        lan.connect(MOVES)?;
        let took = pair.wait_until_connected().await?;
        print_and_check(&format!("{what}, away for {away:?}"), took);
    }
    lan.change_address(MOVES, Ipv4Addr::new(10, 77, 0, 99))?;
    let took = pair.wait_until_connected().await?;
    print_and_check(&format!("{what}, another address"), took);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_a_machine_whose_network_returns_is_connected_again_by_the_dht() -> anyhow::Result<()>
{
    if !netns::is_enabled() {
        return Ok(());
    }
    let lan = Lan::new(2)?;
    let (_dht, args) = dht(&lan).await?;
    check_outage(args, &lan, "DHT").await
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_a_machine_whose_network_returns_is_connected_again_by_mdns() -> anyhow::Result<()> {
    if !netns::is_enabled() {
        return Ok(());
    }
    let lan = Lan::new(2)?;
    let args = NodeArgs {
        mdns: true,
        ..NodeArgs::default()
    };
    check_outage(args, &lan, "mDNS").await
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_a_machine_that_gets_its_address_late_is_found_by_mdns() -> anyhow::Result<()> {
    if !netns::is_enabled() {
        return Ok(());
    }
    let lan = Lan::new(2)?;
    lan.disconnect(MOVES)?;
    let topic = fresh_topic().as_str().to_owned();
    let args = NodeArgs {
        mdns: true,
        ..NodeArgs::in_topic(&topic)
    };
    let mut pair = Pair {
        topic,
        stays: node(&lan, STAYS, &args).await?,
        moves: node(&lan, MOVES, &args).await?,
    };
    let alone = pair.moves.wait_for(SHORT, is_joined).await;
    assert!(alone.is_err(), "there was no network: {alone:?}");
    lan.connect(MOVES)?;
    let took = pair.wait_until_connected().await?;
    print_and_check("mDNS, an address that came late", took);
    Ok(())
}

/// A process that is not run is, to everybody else, a machine that sleeps.
#[tokio::test(flavor = "multi_thread")]
async fn netns_a_node_that_was_not_run_for_a_while_is_connected_again() -> anyhow::Result<()> {
    if !netns::is_enabled() {
        return Ok(());
    }
    let lan = Lan::new(2)?;
    let (_dht, args) = dht(&lan).await?;
    let mut pair = pair(&lan, args).await?;
    let signal = |name: &str| -> anyhow::Result<()> {
        let id = pair.moves.id().context("it runs")?.to_string();
        let status = Command::new("kill").args([name, &id]).status()?;
        anyhow::ensure!(status.success(), "kill {name} failed");
        Ok(())
    };
    signal("-STOP")?;
    tokio::time::sleep(LONG).await;
    signal("-CONT")?;
    let took = pair.wait_until_connected().await?;
    print_and_check(&format!("not run for {LONG:?}"), took);
    Ok(())
}
