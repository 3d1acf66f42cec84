//! A network that is cut into two halves, and heals.
//!
//! Each node is a process in a namespace of its own. Each half has a switch, and a router leads
//! from one to the other; the private DHT runs on the router, in reach of both at all times. The
//! cut is a rule on the router that drops what would pass between the halves, so that nothing
//! tells the nodes of it. Owns as well what a bench of one topic over several machines needs:
//! that all are connected, that all hold the same, and what to tell when they do not.

use std::{
    collections::BTreeSet,
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures_util::future::{join_all, try_join_all};
use kukuri_tests::{
    netns::{Namespace, cable},
    node::fresh_topic,
    script::{NodeArgs, Process, Request},
    stats::{Check, Report, Trials},
};
use tokio::time::{sleep, timeout_at};

use crate::{
    lan::{dht_in, node_in},
    posts::POST_BYTES,
};

/// Nodes of a half.
const HALF_NODES: usize = 5;

/// What each half posts while it is cut off. A node's share stays below `AUTHOR_EVENTS_BURST`, so
/// that nobody's posts are delayed.
const HALF_POSTS: usize = 1_000;

/// Within this all have the same again.
const TARGET: Duration = Duration::from_secs(60);

/// When a trial has failed. Later than the target: how much too late it was is worth knowing.
const HEALED_LIMIT: Duration = Duration::from_secs(300);

/// When the nodes of a topic have failed to come together, a half to deliver its own posts, or
/// both halves to lose each other.
pub(crate) const SETTLED_LIMIT: Duration = Duration::from_secs(120);

/// How much longer than it must a cut lasts, so that all come to enough neighbours in their half.
const COMPANY_LIMIT: Duration = Duration::from_secs(60);

/// Neighbours of each node once a topic is settled: what discovery takes for enough.
const NEIGHBOURS_LEAST: usize = 3;

/// How often the nodes are asked for what no event tells.
const POLL: Duration = Duration::from_millis(200);

/// The router, and the DHT on it.
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 80, 0, 1);

pub(crate) async fn measure(trials: usize, cut_least: Duration) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "two halves of {HALF_NODES}, cut apart for at least {} s, each with {HALF_POSTS} posts of its own: from healing until all have the same",
        cut_least.as_secs()
    ));
    let (mut across, mut same) = (Trials::default(), Trials::default());
    for number in 0..trials {
        match one(cut_least).await {
            Ok(healed) => {
                report.note(format!("trial {number}: {healed}"));
                across.push(Ok(healed.across));
                same.push(Ok(healed.same));
            }
            Err(error) => same.push(Err(format!("trial {number}: {error:#}"))),
        }
    }
    report.trials("the first post of the other half anywhere", &across);
    report.trials("the same set everywhere", &same);
    report.check(Check::failures(&same, 0));
    report.check(Check::percentile(&same, 100, TARGET));
    Ok(report)
}

/// What a trial saw.
struct Healed {
    /// How long the posts of both halves took to be taken.
    posting: Duration,
    cut: Duration,
    /// The fewest neighbours that any node was seen with once its half had all its posts.
    fewest: usize,
    /// The same at the moment of healing.
    at_last: usize,
    across: Duration,
    same: Duration,
}

impl std::fmt::Display for Healed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "posted in {:.1} s, cut for {:.1} s (the fewest neighbours of a node {}, at last {}); across after {:.1} s, the same after {:.1} s",
            self.posting.as_secs_f64(),
            self.cut.as_secs_f64(),
            self.fewest,
            self.at_last,
            self.across.as_secs_f64(),
            self.same.as_secs_f64(),
        )
    }
}

/// Both halves and what is between them.
struct Net {
    nodes: Vec<Process>,
    _dht: Process,
    _machines: Vec<Namespace>,
    router: Namespace,
}

impl Net {
    async fn new(topic: &str) -> anyhow::Result<Self> {
        let router = Namespace::new("router")?;
        router.ip(&format!("addr add {ROUTER}/32 dev lo"))?;
        let forwards = router
            .command("sysctl")
            .args(["-qw", "net.ipv4.ip_forward=1"])
            .status()?;
        ensure!(forwards.success(), "the router does not forward");
        for half in [1, 2] {
            let settings = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0";
            router.ip(&format!("link add half{half} {settings}"))?;
            router.ip(&format!("addr add 10.78.{half}.254/24 dev half{half}"))?;
            router.ip(&format!("link set half{half} up"))?;
            // The DHT listens on every address, and answers from the one that it was asked at.
            router.ip(&format!(
                "route replace 10.78.{half}.0/24 dev half{half} src {ROUTER}"
            ))?;
        }
        let dht = dht_in(&router, ROUTER).await?;
        let (mut machines, mut nodes) = (Vec::new(), Vec::new());
        let args = NodeArgs {
            dht: vec![format!("{ROUTER}:6881")],
            ..NodeArgs::in_topic(topic)
        };
        for half in [1, 2] {
            for number in 1..=HALF_NODES {
                let machine = Namespace::new(&format!("h{half}m{number}"))?;
                let port = format!("port{half}x{number}");
                cable((&machine, "lan0"), (&router, &port))?;
                router.ip(&format!("link set {port} master half{half}"))?;
                router.ip(&format!("link set {port} up"))?;
                machine.ip(&format!("addr add 10.78.{half}.{number}/24 dev lan0"))?;
                machine.ip("link set lan0 up")?;
                machine.ip(&format!("route add default via 10.78.{half}.254"))?;
                nodes.push(node_in(&machine, &args).await?);
                machines.push(machine);
            }
        }
        Ok(Self {
            nodes,
            _dht: dht,
            _machines: machines,
            router,
        })
    }

    fn cut(&self) -> anyhow::Result<()> {
        iptables(&self.router, "-A FORWARD -i half1 -o half2 -j DROP")?;
        iptables(&self.router, "-A FORWARD -i half2 -o half1 -j DROP")
    }

    fn heal(&self) -> anyhow::Result<()> {
        iptables(&self.router, "-F FORWARD")
    }
}

async fn one(cut_least: Duration) -> anyhow::Result<Healed> {
    let topic = fresh_topic().as_str().to_owned();
    let mut net = Net::new(&topic).await?;
    settle(&mut net.nodes, &topic).await?;

    net.cut()?;
    let cut = Instant::now();
    let posted = post_in_parallel(&mut net.nodes, &topic).await?;
    let posting = cut.elapsed();
    let halves: Vec<BTreeSet<String>> = posted.chunks(HALF_NODES).map(union).collect();
    for (nodes, ids) in net.nodes.chunks_mut(HALF_NODES).zip(&halves) {
        let held = hold(nodes, &topic, ids, SETTLED_LIMIT).await?;
        if held.iter().any(|held| held.all.is_none()) {
            anyhow::bail!(
                "a half did not deliver its own posts\n{}",
                stories(nodes, &topic, ids).await
            );
        }
    }
    let (fewest, at_last) = wait_until_parted(&mut net.nodes, &topic, cut, cut_least).await?;

    let healing = Instant::now();
    net.heal()?;
    let all = union(&halves);
    let held = hold(&mut net.nodes, &topic, &all, HEALED_LIMIT).await?;
    let same: Option<Vec<Duration>> = held.iter().map(|held| held.all).collect();
    let Some(same) = same.and_then(|times| times.into_iter().max()) else {
        anyhow::bail!(
            "not the same after {HEALED_LIMIT:?}\n{}",
            stories(&mut net.nodes, &topic, &all).await
        );
    };
    if same > TARGET {
        // The figure alone would not say why.
        let story = stories(&mut net.nodes, &topic, &all).await;
        eprintln!("the same only after {same:?}\n{story}");
    }
    let across = held.iter().filter_map(|held| held.first).min();
    Ok(Healed {
        posting,
        cut: healing.duration_since(cut),
        fewest,
        at_last,
        across: across.context("nothing came across")?,
        same,
    })
}

/// All nodes post their share, as fast as each takes it. Returns the ids of each.
async fn post_in_parallel(
    nodes: &mut [Process],
    topic: &str,
) -> anyhow::Result<Vec<BTreeSet<String>>> {
    let posting = nodes.iter_mut().enumerate().map(async |(number, node)| {
        let mut ids = BTreeSet::new();
        for round in 0..HALF_POSTS / HALF_NODES {
            let text = format!("{round} of {number}");
            ids.insert(post(node, topic, &text).await?);
        }
        anyhow::Ok(ids)
    });
    try_join_all(posting).await
}

/// Waits until the cut has lasted long enough and everybody is in good company, all of it of its
/// own half: who still lacks neighbours dials all whom it remembers, and would heal the cut by
/// that. A half that stays with fewer is left so and told of. Returns the fewest neighbours that a
/// node was seen with, and has at the end.
async fn wait_until_parted(
    nodes: &mut [Process],
    topic: &str,
    cut: Instant,
    cut_least: Duration,
) -> anyhow::Result<(usize, usize)> {
    let mut fewest = usize::MAX;
    loop {
        let views = neighbours(nodes, topic).await?;
        let least = views.iter().map(BTreeSet::len).min().unwrap_or(0);
        fewest = fewest.min(least);
        let is_across = |(number, view): (usize, &BTreeSet<usize>)| {
            let half = number / HALF_NODES;
            view.iter().any(|other| other / HALF_NODES != half)
        };
        let is_parted = !views.iter().enumerate().any(is_across);
        if is_parted && least >= NEIGHBOURS_LEAST && cut.elapsed() >= cut_least {
            return Ok((fewest, least));
        }
        if cut.elapsed() >= cut_least + COMPANY_LIMIT {
            ensure!(
                is_parted && least > 0,
                "the halves did not settle on their own: {views:?}"
            );
            let story = stories(nodes, topic, &BTreeSet::new()).await;
            eprintln!("a half stays with few neighbours: {views:?}\n{story}");
            return Ok((fewest, least));
        }
        sleep(POLL).await;
    }
}

fn union(sets: &[BTreeSet<String>]) -> BTreeSet<String> {
    sets.iter().flatten().cloned().collect()
}

/// Runs `iptables` in a namespace, with arguments separated by white space, and returns what it
/// printed.
pub(crate) fn iptables_output(namespace: &Namespace, args: &str) -> anyhow::Result<String> {
    // Its lock is one for all namespaces.
    let output = namespace
        .command("iptables")
        .arg("--wait")
        .args(args.split_whitespace())
        .output()
        .context("failed to start iptables")?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "iptables {args} failed: {}",
        error.trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The same where nothing is printed.
pub(crate) fn iptables(namespace: &Namespace, args: &str) -> anyhow::Result<()> {
    iptables_output(namespace, args).map(drop)
}

/// Posts a text, made as long as in the other figures, and returns the event's id.
pub(crate) async fn post(node: &mut Process, topic: &str, text: &str) -> anyhow::Result<String> {
    let request = Request::Post {
        topic: topic.to_owned(),
        text: format!("{text:<POST_BYTES$}"),
    };
    let posted = node.ask(&request).await?;
    let id = posted["id"].as_str().context("a post has an id")?;
    Ok(id.to_owned())
}

/// The neighbours of each node, as places in `nodes`.
async fn neighbours(nodes: &mut [Process], topic: &str) -> anyhow::Result<Vec<BTreeSet<usize>>> {
    let names: Vec<String> = nodes.iter().map(|node| node.peer().to_owned()).collect();
    let mut all = Vec::new();
    for node in nodes {
        let request = Request::Peers {
            topic: topic.to_owned(),
        };
        let peers = node.ask(&request).await?;
        let peers = peers.as_array().context("peers are a list")?;
        let place = |peer: &serde_json::Value| names.iter().position(|name| peer["id"] == **name);
        all.push(peers.iter().filter_map(place).collect());
    }
    Ok(all)
}

/// Waits until each node has neighbours enough and all hang together.
pub(crate) async fn settle(nodes: &mut [Process], topic: &str) -> anyhow::Result<Duration> {
    let started = Instant::now();
    loop {
        let views = neighbours(nodes, topic).await?;
        let are_enough = views.iter().all(|view| view.len() >= NEIGHBOURS_LEAST);
        if are_enough && reached_from_first(&views).len() == views.len() {
            return Ok(started.elapsed());
        }
        if started.elapsed() > SETTLED_LIMIT {
            anyhow::bail!(
                "not connected after {SETTLED_LIMIT:?}: {views:?}\n{}",
                stories(nodes, topic, &BTreeSet::new()).await
            );
        }
        sleep(POLL).await;
    }
}

fn reached_from_first(views: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let (mut reached, mut next) = (BTreeSet::from([0]), vec![0]);
    while let Some(place) = next.pop() {
        for other in &views[place] {
            if reached.insert(*other) {
                next.push(*other);
            }
        }
    }
    reached
}

/// When a node had what.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Held {
    /// The first event that came after the wait began.
    pub(crate) first: Option<Duration>,
    /// All events, and no other post; `None` when they did not come in time.
    pub(crate) all: Option<Duration>,
}

/// Waits until each node holds exactly these posts. Returns when each did.
pub(crate) async fn hold(
    nodes: &mut [Process],
    topic: &str,
    ids: &BTreeSet<String>,
    limit: Duration,
) -> anyhow::Result<Vec<Held>> {
    let started = Instant::now();
    let waiting = nodes.iter_mut().map(async |node| {
        let mut held = Held::default();
        let counting = async {
            let mut before = None;
            loop {
                let stored = stored(node, topic).await?;
                if stored > *before.get_or_insert(stored) {
                    held.first.get_or_insert(started.elapsed());
                }
                // Reading all ids is dear; the count says when it is worth it.
                if stored >= ids.len() && self::ids(node, topic).await? == *ids {
                    return anyhow::Ok(started.elapsed());
                }
                sleep(POLL).await;
            }
        };
        match timeout_at((started + limit).into(), counting).await {
            Ok(all) => held.all = Some(all?),
            Err(_late) => {}
        }
        anyhow::Ok(held)
    });
    join_all(waiting).await.into_iter().collect()
}

async fn stored(node: &mut Process, topic: &str) -> anyhow::Result<usize> {
    let request = Request::Counters {
        topic: topic.to_owned(),
    };
    let counters = node.ask(&request).await?;
    let stored = counters["stored"].as_u64().context("it is counted")?;
    Ok(usize::try_from(stored)?)
}

async fn ids(node: &mut Process, topic: &str) -> anyhow::Result<BTreeSet<String>> {
    let request = Request::Ids {
        topic: topic.to_owned(),
    };
    let ids = node.ask(&request).await?;
    let ids = ids.as_array().context("ids are a list")?;
    let texts = ids.iter().filter_map(serde_json::Value::as_str);
    Ok(texts.map(str::to_owned).collect())
}

/// What each node lacks, whom it has and what `explain` says, for a trial that failed.
pub(crate) async fn stories(nodes: &mut [Process], topic: &str, ids: &BTreeSet<String>) -> String {
    let views = match neighbours(nodes, topic).await {
        Ok(views) => views,
        Err(error) => return format!("no node can be asked: {error:#}"),
    };
    let mut text = String::new();
    for (number, node) in nodes.iter_mut().enumerate() {
        let held = self::ids(node, topic).await;
        let lacking = held.map(|held| ids.difference(&held).count());
        let request = Request::Explain {
            topic: topic.to_owned(),
        };
        let story = node.ask(&request).await;
        let peer = node.peer().get(..10).unwrap_or_default();
        let views = &views[number];
        text.push_str(&match (lacking, story) {
            (Ok(lacking), Ok(story)) => format!(
                "node {number} ({peer}) lacks {lacking}, neighbours {views:?}\n{}",
                story.as_str().unwrap_or_default()
            ),
            (Err(error), _) | (_, Err(error)) => {
                format!("node {number} ({peer}): {error:#}, neighbours {views:?}\n")
            }
        });
    }
    text
}
