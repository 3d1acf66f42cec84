//! Discovery on a LAN: two network namespaces on a bridge, with nothing but mDNS.
//!
//! They run only with `KUKURI_TEST_NETNS=1`, as root. `KUKURI_TEST_TRIALS` sets how often each
//! case is measured. In each namespace this test binary runs itself, as `netns_node_child`, and
//! is told over its standard input what to do.

use std::{
    io::{BufRead as _, BufReader, Lines, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt as _;
use kukuri_application::ports::{
    NetworkEvent, PeerSource as _, Query, TopicLink, TopicNetwork as _,
};
use kukuri_domain::TopicKeys;
use kukuri_infra_iroh::{Network, NetworkConfig, NetworkMode};
use tokio::time::{Instant, timeout};

use crate::support::{MachineClock, now, topic};

const ENABLE: &str = "KUKURI_TEST_NETNS";
const CHILD: &str = "KUKURI_TEST_NETNS_CHILD";
const TRIALS: &str = "KUKURI_TEST_TRIALS";

/// Within this a node that is on the same LAN must have been found.
const FOUND_WITHIN: Duration = Duration::from_secs(10);

fn is_enabled() -> bool {
    let is_enabled = std::env::var_os(ENABLE).is_some();
    if !is_enabled {
        eprintln!("not run: needs root and {ENABLE}=1");
    }
    is_enabled
}

fn trials() -> usize {
    match std::env::var(TRIALS) {
        Ok(text) => text.parse().expect("a number of trials"),
        Err(_) => 5,
    }
}

fn ip(arguments: &str) {
    let status = Command::new("ip")
        .args(arguments.split_whitespace())
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "ip {arguments}"
    );
}

/// Two namespaces on a bridge of their own; gone when dropped.
struct Lan {
    names: [String; 2],
    bridge: String,
}

impl Lan {
    fn new() -> Self {
        let id = std::process::id() % 10_000;
        let bridge = format!("kkbr{id}");
        let lan = Self {
            names: [format!("kk{id}a"), format!("kk{id}b")],
            bridge,
        };
        lan.remove();
        ip(&format!(
            "link add {} type bridge mcast_snooping 0",
            lan.bridge
        ));
        ip(&format!("link set {} up", lan.bridge));
        for (n, name) in lan.names.iter().enumerate() {
            let inside = format!("-n {name}");
            ip(&format!("netns add {name}"));
            ip(&format!(
                "link add {name}v type veth peer name eth0 netns {name}"
            ));
            ip(&format!("link set {name}v master {} up", lan.bridge));
            ip(&format!("{inside} addr add 10.77.0.{}/24 dev eth0", n + 1));
            ip(&format!("{inside} link set lo up"));
            ip(&format!("{inside} link set eth0 up"));
            // Without it the kernel does not know where to send multicast.
            ip(&format!("{inside} route add 224.0.0.0/4 dev eth0"));
        }
        lan
    }

    fn remove(&self) {
        for name in &self.names {
            remove(&["netns", "del", name]);
            remove(&["link", "del", &format!("{name}v")]);
        }
        remove(&["link", "del", &self.bridge]);
    }

    fn node(&self, n: usize) -> Node {
        let test_binary = std::env::current_exe().expect("the test binary");
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.names[n]])
            .arg(test_binary)
            .args(["--exact", "netns::netns_node_child", "--nocapture"])
            .env(CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ip netns exec");
        let output = BufReader::new(child.stdout.take().expect("piped")).lines();
        let input = child.stdin.take().expect("piped");
        Node {
            child,
            input,
            output,
        }
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        self.remove();
    }
}

fn remove(arguments: &[&str]) {
    // What is not there need not be removed.
    let _ = Command::new("ip")
        .args(arguments)
        .stderr(Stdio::null())
        .status();
}

/// A node in a namespace.
struct Node {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Node {
    fn tell(&mut self, command: &str) {
        writeln!(self.input, "{command}").expect("the node listens");
    }

    /// The rest of the next line that begins with `word`.
    fn hear(&mut self, word: &str) -> String {
        loop {
            let line = self.output.next().expect("the node talks").expect("text");
            if let Some(rest) = line.strip_prefix(word) {
                return rest.trim().to_owned();
            }
            assert!(!line.starts_with("failed"), "{line}");
        }
    }

    fn up_ms(&mut self) -> u64 {
        self.hear("up").parse().expect("milliseconds")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        // Only so that no zombie stays; how it ended does not matter.
        let _ = self.child.wait();
    }
}

fn report(what: &str, mut times_ms: Vec<u64>) -> u64 {
    times_ms.sort_unstable();
    let at = |percent: usize| times_ms[(times_ms.len() - 1) * percent / 100];
    let (count, most) = (times_ms.len(), at(100));
    eprintln!(
        "{what}: p50 {} ms, p95 {} ms, max {most} ms ({count} trials)",
        at(50),
        at(95)
    );
    at(50)
}

#[test]
fn netns_two_nodes_on_a_lan_find_each_other_by_mdns_alone() {
    if !is_enabled() {
        return;
    }
    let lan = Lan::new();
    let (mut a, mut b) = (lan.node(0), lan.node(1));
    let (mut joining, mut together) = (Vec::new(), Vec::new());
    for _ in 0..trials() {
        a.tell("start lobby");
        a.hear("started");
        // Its time of asking often is over: it only answers.
        std::thread::sleep(Duration::from_millis(2_000));
        b.tell("start lobby");
        joining.push(b.up_ms());
        a.up_ms();
        for node in [&mut a, &mut b] {
            node.tell("stop");
            node.hear("stopped");
        }
        a.tell("start lobby");
        b.tell("start lobby");
        together.push(a.up_ms().max(b.up_ms()));
        for node in [&mut a, &mut b] {
            node.tell("stop");
            node.hear("stopped");
        }
    }
    let joining = report("LAN, one present: start to first neighbour", joining);
    let together = report("LAN, both start: start to first neighbour", together);
    assert!(
        joining <= 1_200 && together <= 1_200,
        "{joining} ms, {together} ms"
    );
}

#[test]
fn netns_a_topic_that_is_joined_later_is_found_and_another_is_not() {
    if !is_enabled() {
        return;
    }
    let lan = Lan::new();
    let (mut a, mut b) = (lan.node(0), lan.node(1));
    let mut later = Vec::new();
    for _ in 0..trials().min(10) {
        a.tell("start lobby");
        b.tell("start elsewhere");
        a.hear("started");
        b.hear("started");
        std::thread::sleep(Duration::from_millis(2_500));
        b.tell("candidates");
        assert_eq!(b.hear("candidates"), "0", "no topic is shared yet");
        b.tell("join lobby");
        later.push(b.up_ms());
        for node in [&mut a, &mut b] {
            node.tell("stop");
            node.hear("stopped");
        }
    }
    let later = report("LAN, topic joined later: join to first neighbour", later);
    assert!(later <= 1_200, "{later} ms");
}

#[test]
fn netns_two_nodes_on_one_machine_find_each_other_by_mdns_alone() {
    if !is_enabled() {
        return;
    }
    let lan = Lan::new();
    let (mut a, mut b) = (lan.node(0), lan.node(0));
    a.tell("start lobby");
    a.hear("started");
    std::thread::sleep(Duration::from_millis(2_000));
    b.tell("start lobby");
    let found = b.up_ms();
    a.up_ms();
    eprintln!("one machine: start to first neighbour: {found} ms");
    assert!(found <= 1_200, "{found} ms");
}

/// Not a test of its own: the node inside a namespace.
#[test]
fn netns_node_child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let mut running: Option<Running> = None;
    for line in std::io::stdin().lines() {
        let line = line.expect("text");
        let (command, argument) = line.split_once(' ').unwrap_or((&line, ""));
        match (command, &mut running) {
            ("start", _) => running = Some(runtime.block_on(Running::start(argument))),
            ("join", Some(node)) => runtime.block_on(node.join(argument)),
            ("candidates", Some(node)) => println!("candidates {}", node.candidates()),
            ("stop", _) => {
                if let Some(node) = running.take() {
                    runtime.block_on(node.network.shutdown());
                    drop(node);
                }
                println!("stopped");
            }
            _ => println!("failed to understand {line}"),
        }
    }
}

struct Running {
    network: Network,
    started: Instant,
    seen: Arc<std::sync::atomic::AtomicUsize>,
    tasks: tokio::task::JoinSet<()>,
}

impl Running {
    async fn start(name: &str) -> Self {
        let started = Instant::now();
        let config = NetworkConfig {
            mode: NetworkMode::Lan,
            port_mapping: false,
            ..NetworkConfig::default()
        };
        let mut secret = [0; 32];
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        secret[..16].copy_from_slice(&nanos.expect("the clock is set").as_nanos().to_be_bytes());
        secret[16..20].copy_from_slice(&std::process::id().to_be_bytes());
        let network = Network::start(&secret, config, vec![], Arc::new(MachineClock)).await;
        let network = network.expect("sockets");
        let mut node = Self {
            network,
            started,
            seen: Arc::default(),
            tasks: tokio::task::JoinSet::new(),
        };
        println!("started {}", node.started.elapsed().as_millis());
        node.watch(name).await;
        node
    }

    async fn join(&mut self, name: &str) {
        self.started = Instant::now();
        self.watch(name).await;
    }

    fn candidates(&self) -> usize {
        self.seen.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Joins, dials whom mDNS finds, and says when the first neighbour is there.
    async fn watch(&mut self, name: &str) {
        let keys = topic(name);
        let link = self.network.join(keys.clone()).await.expect("open");
        let query = Query {
            topic: keys.clone(),
            now: now(),
            timeout_ms: 1_000,
        };
        let mut found = self.network.mdns_source().find(query);
        let (network, seen) = (self.network.clone(), self.seen.clone());
        self.tasks.spawn(async move {
            while let Some(candidate) = found.next().await {
                let candidate = candidate.expect("multicast works");
                seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                dial(&network, &keys, candidate).await;
            }
        });
        self.tasks.spawn(first_neighbour(link, self.started));
    }
}

async fn dial(
    network: &Network,
    keys: &TopicKeys,
    candidate: kukuri_application::ports::Candidate,
) {
    let kukuri_application::ports::Candidate {
        peer,
        addresses,
        is_member,
        ..
    } = candidate;
    // A node that has just stopped may still be shown; others are dialled all the same.
    if let Err(error) = network.dial(keys.id, peer, addresses, is_member).await {
        eprintln!("{error}");
    }
}

async fn first_neighbour(mut link: TopicLink, started: Instant) {
    let found = timeout(FOUND_WITHIN, async {
        loop {
            match link.events.recv().await {
                Some(NetworkEvent::NeighborUp { .. }) | None => return,
                Some(_) => {}
            }
        }
    });
    match found.await {
        Ok(()) => println!("up {}", started.elapsed().as_millis()),
        Err(_elapsed) => println!("failed to find anybody"),
    }
    // Stays in the topic until the node stops.
    while link.events.recv().await.is_some() {}
}
