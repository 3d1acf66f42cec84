//! A node as a process of its own, driven by lines of JSON, for tests that need it elsewhere: in
//! a network namespace, or to be measured or killed.
//!
//! Owns the lines and both ends of the pipe: [`serve`] inside the process, [`Process`] in the
//! test. Requests are answered in order, each by one `reply` or `error`; between them come the
//! events of joined topics. Must never be taken for an interface of the product.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, anyhow, bail};
use kukuri_application::views::TopicEvent;
use kukuri_domain::{EntryValue, TopicKeys, TopicName, peer::PeerSpec};
use kukuri_infra_iroh::{NetworkConfig, NetworkMode};
use kukuri_node::client::EntryWrite;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};

use crate::{
    netns::Namespace,
    node::{NodeOptions, Profile, TestNode, dht_config, told},
};

/// Lines on their way out of the process.
const OUTPUT_CAPACITY: usize = 1_024;

/// How a node in a process of its own is set up.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct NodeArgs {
    /// Bootstrap nodes of the DHT as `host:port`; no DHT where there are none
    #[arg(long)]
    pub dht: Vec<String>,
    /// Use multicast DNS
    #[arg(long)]
    pub mdns: bool,
    /// Listen on every interface instead of loopback
    #[arg(long)]
    pub everywhere: bool,
    /// Join this topic at once
    #[arg(long)]
    pub join: Option<String>,
    /// Keep the profile in this folder, instead of one that goes with the process
    #[arg(long)]
    pub home: Option<PathBuf>,
    /// The keys of a kept profile follow from this number
    #[arg(long, default_value_t = 1)]
    pub seed: u8,
    /// Dial these, as the configuration's `network.peers`
    #[arg(long)]
    pub peer: Vec<PeerSpec>,
}

impl NodeArgs {
    /// A node that is in this topic and reached from other machines.
    pub fn in_topic(topic: &str) -> Self {
        Self {
            everywhere: true,
            join: Some(topic.to_owned()),
            ..Self::default()
        }
    }

    /// The arguments as a command line has them.
    pub fn to_words(&self) -> Vec<String> {
        let mut words: Vec<String> = self
            .dht
            .iter()
            .flat_map(|name| ["--dht".to_owned(), name.clone()])
            .collect();
        words.extend(self.mdns.then(|| "--mdns".to_owned()));
        words.extend(self.everywhere.then(|| "--everywhere".to_owned()));
        words.extend(
            self.join
                .iter()
                .flat_map(|topic| ["--join".to_owned(), topic.clone()]),
        );
        if let Some(home) = &self.home {
            words.extend(["--home".to_owned(), home.display().to_string()]);
            words.extend(["--seed".to_owned(), self.seed.to_string()]);
        }
        let peers = self.peer.iter();
        words.extend(peers.flat_map(|peer| ["--peer".to_owned(), peer.to_string()]));
        words
    }

    async fn options(&self) -> anyhow::Result<NodeOptions> {
        let mut network = NetworkConfig {
            mdns_enabled: self.mdns,
            ..NetworkConfig::loopback()
        };
        if self.everywhere {
            network.bind = vec![(Ipv4Addr::UNSPECIFIED, 0).into()];
            network.mode = NetworkMode::Serverless;
        }
        let dht = (!self.dht.is_empty()).then(|| dht_config(&self.dht));
        let profile = match &self.home {
            Some(home) => Some(Profile::at(home, self.seed).await?),
            None => None,
        };
        Ok(NodeOptions {
            profile,
            network,
            dht,
            manual: self.peer.clone(),
            ..NodeOptions::default()
        })
    }
}

/// A request to a node, one per line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Start to look for members.
    Join {
        /// The topic's name.
        topic: String,
    },
    /// Post.
    Post {
        /// The topic's name.
        topic: String,
        /// The text.
        text: String,
    },
    /// How many posts are stored.
    Posts {
        /// The topic's name.
        topic: String,
    },
    /// The ids of the stored posts.
    Ids {
        /// The topic's name.
        topic: String,
    },
    /// Write an entry.
    Put {
        /// The topic's name.
        topic: String,
        /// The key.
        key: String,
        /// A text; without one the key is deleted.
        value: Option<String>,
    },
    /// The write to a key that counts.
    Entry {
        /// The topic's name.
        topic: String,
        /// The key.
        key: String,
    },
    /// How many entries there are, and a hash of their keys and revisions.
    Entries {
        /// The topic's name.
        topic: String,
    },
    /// Who is connected.
    Peers {
        /// The topic's name.
        topic: String,
    },
    /// What `explain` says.
    Explain {
        /// The topic's name.
        topic: String,
    },
    /// What the session counted.
    Counters {
        /// The topic's name.
        topic: String,
    },
    /// The gossip topic and tracker secret, for a stock program.
    Tracker {
        /// The topic's name.
        topic: String,
    },
}

/// Milliseconds since the Unix epoch, which processes of one machine share.
pub fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}

/// Runs a node that obeys standard input until that ends.
///
/// # Errors
/// When the node cannot be started or the pipe breaks.
pub async fn serve(args: &NodeArgs) -> anyhow::Result<()> {
    let (output, lines) = mpsc::channel(OUTPUT_CAPACITY);
    let mut tasks = JoinSet::new();
    tasks.spawn(print(lines));
    let starting_at = unix_ms();
    let node = TestNode::start(args.options().await?).await?;
    if let Some(topic) = args.join.clone() {
        obey(&node, Request::Join { topic }, &output, &mut tasks).await?;
    }
    say(
        &output,
        json!({
            "type": "ready",
            "peer": node.peer_id().to_string(),
            "spec": node.spec().await.to_string(),
            "starting_at": starting_at,
        }),
    )
    .await;
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = input.next_line().await? {
        let answer = match serde_json::from_str(&line) {
            Ok(request) => obey(&node, request, &output, &mut tasks).await,
            Err(error) => Err(error.into()),
        };
        let answer = match answer {
            Ok(value) => json!({"type": "reply", "value": value}),
            Err(error) => json!({"type": "error", "message": format!("{error:#}")}),
        };
        say(&output, answer).await;
    }
    node.shutdown().await
}

async fn obey(
    node: &TestNode,
    request: Request,
    output: &mpsc::Sender<Value>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<Value> {
    let client = node.client();
    Ok(match request {
        Request::Join { topic } => {
            let topic: TopicName = topic.parse()?;
            client.join(&topic).await?;
            tasks.spawn(tell_events(client.clone(), topic, output.clone()));
            Value::Null
        }
        Request::Post { topic, text } => {
            let posted = client.post(&topic.parse::<TopicName>()?, &text).await?;
            json!({"id": posted.event.id().to_string()})
        }
        Request::Posts { topic } => {
            json!(client.topic(&topic.parse::<TopicName>()?).await?.posts)
        }
        Request::Ids { topic } => {
            let ids = node.ids(&topic.parse()?).await?;
            json!(ids.iter().map(ToString::to_string).collect::<Vec<_>>())
        }
        Request::Put { topic, key, value } => {
            let value = value.map(|text| EntryValue::Text(text.into()));
            let write = EntryWrite::new(key.parse()?, value.as_ref());
            let topic: TopicName = topic.parse()?;
            json!(client.write_entries(&topic, vec![write]).await?.first())
        }
        Request::Entry { topic, key } => {
            json!(
                client
                    .entry(&topic.parse::<TopicName>()?, key.parse()?)
                    .await?
            )
        }
        Request::Entries { topic } => {
            let (count, state) = node.entries_state(&topic.parse()?).await?;
            json!({"count": count, "state": state})
        }
        Request::Peers { topic } => {
            let peers = client.peers(&topic.parse::<TopicName>()?).await?;
            let peer = |peer: &kukuri_application::views::PeerView| {
                json!({
                    "id": peer.id.to_string(),
                    "found_by": peer.found_by,
                    "found_after_ms": peer.found_after_ms,
                    "connected_at": peer.connected_at.0,
                })
            };
            json!(peers.iter().map(peer).collect::<Vec<_>>())
        }
        Request::Explain { topic } => {
            json!(told(&client.explain(&topic.parse::<TopicName>()?).await?))
        }
        Request::Counters { topic } => {
            let counters = node.counters(&topic.parse()?).await?;
            json!({"foreign": counters.foreign, "stored": counters.stored, "forged": counters.forged})
        }
        Request::Tracker { topic } => {
            let keys = TopicKeys::public(topic.parse()?);
            let secret = hex::encode(keys.tracker_secret.expose());
            json!({"topic": keys.id.to_string(), "secret": secret})
        }
    })
}

async fn tell_events(client: kukuri_node::Client, topic: TopicName, output: mpsc::Sender<Value>) {
    let Ok(mut events) = client.subscribe(&topic).await else {
        return;
    };
    // Whoever came before this task ran is told as well; a peer may so be told twice.
    for peer in client.peers(&topic).await.unwrap_or_default() {
        say(&output, joined(&topic, peer.id)).await;
    }
    while let Some(event) = events.next().await {
        match event {
            TopicEvent::PeerJoined { peer, .. } => say(&output, joined(&topic, peer)).await,
            TopicEvent::PeerLeft { peer } => {
                let line =
                    json!({"type": "peer_left", "topic": topic.as_str(), "peer": peer.to_string()});
                say(&output, line).await;
            }
            TopicEvent::Post { post, .. } => {
                let id = post.event.id().to_string();
                say(
                    &output,
                    json!({"type": "post", "topic": topic.as_str(), "id": id, "at": unix_ms()}),
                )
                .await;
            }
            TopicEvent::Entry { entry } => {
                let mut line = json!(entry);
                line["type"] = json!("entry");
                line["at"] = json!(unix_ms());
                say(&output, line).await;
            }
            _ => {}
        }
    }
}

fn joined(topic: &TopicName, peer: kukuri_domain::PeerId) -> Value {
    json!({"type": "peer_joined", "topic": topic.as_str(), "peer": peer.to_string(), "at": unix_ms()})
}

/// Hands a line to the printer.
pub(crate) async fn say(output: &mpsc::Sender<Value>, line: Value) {
    // The printer ends when the pipe broke, and then nobody reads.
    let _ = output.send(line).await;
}

/// Prints lines until there are no more, or nobody reads them.
pub(crate) async fn print(mut lines: mpsc::Receiver<Value>) {
    let mut stdout = tokio::io::stdout();
    while let Some(line) = lines.recv().await {
        let written = stdout.write_all(format!("{line}\n").as_bytes()).await;
        if written.is_err() || stdout.flush().await.is_err() {
            return;
        }
    }
}

/// The other end: a process that speaks lines of JSON. Dropping it kills it, and removes what it
/// left in its folder for temporary files, which is this side's: a killed process removes nothing.
pub struct Process {
    // Dropped in this order: the folder goes when nothing writes to it any more.
    child: Killed,
    folder: TempDir,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Events that came while something else was awaited.
    waiting: Vec<Value>,
    /// What it said first.
    pub ready: Value,
}

impl Process {
    /// Starts `program` with `words`, inside `namespace` where one is given, and waits until it
    /// is ready.
    ///
    /// # Errors
    /// When it cannot be started or is not ready in time.
    pub async fn start(
        namespace: Option<&Namespace>,
        program: &str,
        words: &[String],
    ) -> anyhow::Result<Self> {
        const READY: Duration = Duration::from_secs(30);
        let command = match namespace {
            Some(namespace) => namespace.command(program),
            None => std::process::Command::new(program),
        };
        let folder = tempfile::Builder::new()
            .prefix("kukuri-process-")
            .tempdir()?;
        let mut command = tokio::process::Command::from(command);
        command
            .args(words)
            .env("TMPDIR", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("failed to start {program}"))?;
        let input = child.stdin.take().context("its input was asked for")?;
        let output = child.stdout.take().context("its output was asked for")?;
        let output = BufReader::new(output).lines();
        let mut process = Self {
            child: Killed(child),
            folder,
            input,
            output,
            waiting: Vec::new(),
            ready: Value::Null,
        };
        process.ready = process
            .wait_for(READY, |line| line["type"] == "ready")
            .await?;
        Ok(process)
    }

    /// The id of the process; `ip netns exec` becomes the program, so it is the program's.
    pub fn id(&self) -> Option<u32> {
        self.child.0.id()
    }

    /// Where its temporary files are, a node's home among them.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its endpoint, as 64 hex digits.
    pub fn peer(&self) -> &str {
        self.ready["peer"].as_str().unwrap_or_default()
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// When the request failed, or the process ended.
    pub async fn ask(&mut self, request: &impl Serialize) -> anyhow::Result<Value> {
        const ANSWER: Duration = Duration::from_secs(30);
        let line = format!("{}\n", serde_json::to_string(request)?);
        self.input.write_all(line.as_bytes()).await?;
        self.input.flush().await?;
        let is_answer = |line: &Value| line["type"] == "reply" || line["type"] == "error";
        let answer = self.wait_for(ANSWER, is_answer).await?;
        if answer["type"] == "error" {
            bail!(
                "{request}: {message}",
                request = line.trim(),
                message = answer["message"]
            );
        }
        Ok(answer["value"].clone())
    }

    /// Waits for a line; those of no interest are kept for later.
    ///
    /// # Errors
    /// When there is none in time, or the process ended.
    pub async fn wait_for(
        &mut self,
        limit: Duration,
        is_it: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        if let Some(place) = self.waiting.iter().position(&is_it) {
            return Ok(self.waiting.remove(place));
        }
        let reading = async {
            loop {
                let line = self
                    .output
                    .next_line()
                    .await?
                    .context("the process ended")?;
                // Other lines are for people.
                let Ok(line) = serde_json::from_str::<Value>(&line) else {
                    continue;
                };
                if is_it(&line) {
                    return Ok(line);
                }
                self.waiting.push(line);
            }
        };
        match timeout(limit, reading).await {
            Ok(line) => line,
            Err(_) => Err(anyhow!(
                "not said within {limit:?}; it said {:?}",
                self.waiting
            )),
        }
    }

    /// Ends its input, upon which it stops, and waits for that.
    ///
    /// # Errors
    /// When it does not stop in time or stops badly.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        const STOP: Duration = Duration::from_secs(15);
        drop(self.input);
        let (output, child) = (&mut self.output, &mut self.child.0);
        // Whoever still has much to say would wait for somebody who reads it.
        let said = async { while let Ok(Some(_)) = output.next_line().await {} };
        let stopped = async { tokio::join!(said, child.wait()).1 };
        let status = timeout(STOP, stopped).await.context("it did not stop")??;
        if !status.success() {
            bail!("it stopped with {status}");
        }
        Ok(())
    }
}

/// A child that is not only killed when it is dropped, but gone: until then it may still write.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        const GONE: Duration = Duration::from_secs(2);
        let end = std::time::Instant::now() + GONE;
        // One that has ended already cannot be killed, and that is what is wanted.
        let _ = self.0.start_kill();
        while matches!(self.0.try_wait(), Ok(None)) && std::time::Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
