//! Two islands that come to share a DHT.
//!
//! Each island is a namespace with a LAN of its own, on which five nodes find each other by mDNS.
//! Then both get a cable to a router, behind which a private DHT runs; multicast does not pass.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use kukuri_tests::{
    netns::{Namespace, cable},
    node::fresh_topic,
    script::{NodeArgs, Process, Request},
    stats::{Check, Report, Trials},
};
use tokio::time::sleep;

use crate::{
    join::LIMIT,
    lan::{dht_in, is_joined, node_in},
};

/// Nodes of an island.
const ISLAND_NODES: usize = 5;

/// Within this a post reaches everybody.
const TARGET: Duration = Duration::from_secs(120);

/// Pause between two posts while the islands have not met.
const POST_PAUSE: Duration = Duration::from_secs(1);

/// The router, and the DHT behind it.
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 80, 0, 1);

pub(crate) async fn measure(trials: usize, at_once: usize) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "two islands of {ISLAND_NODES}: from sharing a DHT until a new post of either side is with all"
    ));
    let times = Trials::run(trials, at_once, one).await?;
    report.trials("", &times);
    report.check(Check::failures(&times, 0));
    report.check(Check::percentile(&times, 100, TARGET));
    Ok(report)
}

struct Island {
    namespace: Namespace,
    number: u8,
    nodes: Vec<Process>,
}

impl Island {
    async fn new(number: u8, router: &Namespace, topic: &str) -> anyhow::Result<Self> {
        let namespace = Namespace::new(&format!("island{number}"))?;
        namespace.add_lan_of_one(Ipv4Addr::new(10, 78, number, 1))?;
        // The default route will lead to the router.
        namespace.ip("route del default")?;
        cable((&namespace, "up0"), (router, &format!("down{number}")))?;
        let mut island = Self {
            namespace,
            number,
            nodes: Vec::new(),
        };
        let args = NodeArgs {
            dht: vec![format!("{ROUTER}:6881")],
            mdns: true,
            ..NodeArgs::in_topic(topic)
        };
        for _ in 0..ISLAND_NODES {
            island.nodes.push(node_in(&island.namespace, &args).await?);
        }
        for node in &mut island.nodes {
            node.wait_for(LIMIT, is_joined)
                .await
                .context("an island did not form")?;
        }
        Ok(island)
    }

    fn connect(&self, router: &Namespace) -> anyhow::Result<()> {
        let (number, own) = (self.number, Ipv4Addr::new(10, 79, self.number, 2));
        router.ip(&format!("addr add {ROUTER}/32 peer {own} dev down{number}"))?;
        router.ip(&format!("link set down{number} up"))?;
        self.namespace
            .ip(&format!("addr add {own}/32 peer {ROUTER} dev up0"))?;
        self.namespace.ip("link set up0 up")?;
        self.namespace
            .ip(&format!("route add default via {ROUTER} dev up0"))
    }
}

async fn one(number: usize) -> anyhow::Result<Duration> {
    let router = Namespace::new("router")?;
    router.ip(&format!("addr add {ROUTER}/32 dev lo"))?;
    let forwards = router
        .command("sysctl")
        .args(["-qw", "net.ipv4.ip_forward=1"])
        .status()?;
    anyhow::ensure!(forwards.success(), "the router does not forward");
    let _dht = dht_in(&router, ROUTER).await?;
    let topic = fresh_topic().as_str().to_owned();
    let mut islands = [
        Island::new(1, &router, &topic).await?,
        Island::new(2, &router, &topic).await?,
    ];
    // Some time on the islands: the cable comes at any point of their rendezvous ticks.
    sleep(Duration::from_secs((number as u64 * 7) % 60)).await;

    for island in &islands {
        island.connect(&router)?;
    }
    let shared = Instant::now();
    let mut round = 0;
    loop {
        // A new post on either side: who has not met the others does not get it.
        let mut ids = Vec::new();
        for island in &mut islands {
            let text = format!("round {round} of island {}", island.number);
            let request = Request::Post {
                topic: topic.clone(),
                text,
            };
            let posted = island.nodes[round % ISLAND_NODES].ask(&request).await?;
            ids.push(
                posted["id"]
                    .as_str()
                    .context("a post has an id")?
                    .to_owned(),
            );
        }
        round += 1;
        sleep(POST_PAUSE).await;
        if have_all(&mut islands, &topic, &ids).await? {
            return Ok(shared.elapsed());
        }
        if shared.elapsed() > TARGET {
            let mut stories = String::new();
            for island in &mut islands {
                let story = island.nodes[0]
                    .ask(&Request::Explain {
                        topic: topic.clone(),
                    })
                    .await?;
                stories.push_str(story.as_str().unwrap_or_default());
            }
            anyhow::bail!("still apart after {TARGET:?}\n{stories}");
        }
    }
}

async fn have_all(islands: &mut [Island], topic: &str, ids: &[String]) -> anyhow::Result<bool> {
    for island in islands {
        for node in &mut island.nodes {
            let held = node
                .ask(&Request::Ids {
                    topic: topic.to_owned(),
                })
                .await?;
            let held = held.as_array().context("ids are a list")?;
            let has = |id: &String| held.iter().any(|other| other.as_str() == Some(id));
            if !ids.iter().all(has) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
