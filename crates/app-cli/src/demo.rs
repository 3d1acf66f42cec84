//! `kukuri demo`: three complete nodes and a private DHT in one process.
//!
//! Owns the script (meet, talk, compare) and nothing of a node: the nodes are wired as for every
//! other command. Must never need the internet, a passphrase or a profile of the user's, and
//! must never call a figure reached that was not measured.

mod measure;
mod report;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use kukuri_domain::TopicName;
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_node::{
    Settings,
    config::{NetworkMode, PublishAddresses},
};
use kukuri_wiring::{Exit, Failure, Plan, Running, keys::KeySource, start};

use crate::{language::say, stopping::StopGuard, text::padded};
use measure::{Delivery, Member, Swarm};
use report::{Report, line};

/// Nodes of the private DHT: as many as the figures of the design are measured with.
const DHT_NODES: usize = 30;

/// The members of the demo.
const NAMES: [&str; 3] = ["aoi", "taro", "mika"];

/// Posts of each member.
const POSTS_EACH: usize = 50;

/// How long everything may take; the demo is over before that, or has failed.
const DEADLINE: Duration = Duration::from_secs(25);

/// Runs the demo.
///
/// # Errors
/// [`Failure`] with the reason, also when a figure was not reached.
pub async fn run(keep: bool) -> Result<(), Failure> {
    let guard = StopGuard::watch()?;
    let folder = tempfile::Builder::new()
        .prefix("kukuri-demo-")
        .tempdir()
        .map_err(|error| {
            Failure::new(
                Exit::Disk,
                format!("failed to make a temporary folder: {error}"),
            )
            .hint("make room, or set TMPDIR to a folder that can be written")
        })?;
    let result = tokio::select! {
        result = play(folder.path()) => result,
        () = guard.asked() => Err(Failure::interrupted()),
        () = tokio::time::sleep(DEADLINE) => Err(Failure::new(
            Exit::Unexpected,
            format!("the demo was not done after {} s", DEADLINE.as_secs()),
        )),
    };
    if keep {
        line(&say!(
            "the databases are kept in {folder}",
            folder = folder.keep().display()
        ));
    }
    result
}

async fn play(folder: &Path) -> Result<(), Failure> {
    let started = Instant::now();
    let dht = PrivateDht::start(DHT_NODES, None).await.map_err(|error| {
        Failure::new(
            Exit::Network,
            format!("failed to start the private DHT: {error}"),
        )
    })?;
    line(&say!(
        "private DHT: {n} nodes on this machine, ready after {time}",
        n = DHT_NODES,
        time = report::ms(started.elapsed())
    ));

    let mut nodes = Vec::new();
    for name in NAMES {
        nodes.push(start::start(plan(&folder.join(name), &dht)?).await?);
    }
    let topic = random_topic()?;
    let result = talk(&nodes, &topic).await;
    let stopping = Instant::now();
    let mut ending = tokio::task::JoinSet::new();
    for node in nodes {
        ending.spawn(node.shutdown());
    }
    let stopped = ending.join_all().await;
    let report = result?;
    stopped.into_iter().collect::<Result<(), Failure>>()?;
    line(&say!(
        "stopped in {time}, all in {whole}",
        time = report::ms(stopping.elapsed()),
        whole = report::ms(started.elapsed())
    ));
    report.verdict()
}

/// A node that knows nothing but the DHT: no LAN, no remembered peers, loopback only, and keys
/// that are lost with it.
fn plan(folder: &Path, dht: &PrivateDht) -> Result<Plan, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::new(
            Exit::Disk,
            format!("failed to make {}: {error}", folder.display()),
        )
    })?;
    let mut settings = Settings::default();
    settings.network.mode = NetworkMode::Serverless;
    settings.network.bind = vec![([127, 0, 0, 1], 0).into()];
    settings.network.port_mapping = false;
    settings.network.publish_addresses = PublishAddresses::Direct;
    settings.discovery.mdns_enabled = false;
    settings.discovery.known_peers_enabled = false;
    settings.discovery.dht.bootstrap = dht.bootstrap();
    Ok(Plan {
        profile: kukuri_node::home::DEFAULT_PROFILE.to_owned(),
        settings,
        database: folder.join("kukuri.db"),
        home_text: folder.display().to_string(),
        keys: KeySource::throw_away(),
        kept_port: None,
        lock: None,
    })
}

/// Nobody else has this name, so nobody else is met.
fn random_topic() -> Result<TopicName, Failure> {
    let name = format!("demo-{:08x}", rand::random::<u32>());
    Ok(name.parse()?)
}

async fn talk(nodes: &[Running], topic: &TopicName) -> Result<Report, Failure> {
    let members: Vec<Member> = nodes
        .iter()
        .zip(NAMES)
        .map(|(node, name)| Member {
            name,
            client: node.client(),
        })
        .collect();
    line(&say!(
        "{n} nodes join #{topic}, each knows only this name and the DHT",
        n = members.len(),
        topic = topic
    ));
    for member in &members {
        line(&say!(
            "  {name}  author {author}, endpoint {endpoint}",
            name = padded(member.name, 5),
            author = member.client.author().short(),
            endpoint = member.client.peer_id().short()
        ));
    }
    let mut swarm = Swarm::join(members, topic).await?;
    let meetings = swarm.meet().await?;
    for meeting in &meetings {
        line(&format!("  {meeting}"));
    }
    let posts = POSTS_EACH * NAMES.len();
    line(&say!(
        "each posts {n} messages: {posts} posts, {deliveries} deliveries",
        n = POSTS_EACH,
        posts = posts,
        deliveries = posts * (NAMES.len() - 1)
    ));
    let deliveries: Vec<Delivery> = swarm.talk(POSTS_EACH).await?;
    let sets = swarm.stored().await?;
    let report = Report::new(&meetings, &deliveries, &sets, posts);
    report.print();
    Ok(report)
}
