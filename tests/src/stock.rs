//! A node that is not ours: iroh-gossip with the driver of `distributed-topic-tracker`, as its
//! README shows it.
//!
//! Owns such a node, in this process or driven by lines of JSON. Must never use a line of
//! kukuri's network code. The tracker's driver knows the public DHT only, so it has to run where
//! the four public bootstrap names lead to a private one; `infra_iroh::testnet` writes such a DHT.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use anyhow::Context as _;
use distributed_topic_tracker::{
    AutoDiscoveryGossip as _, Config, GossipReceiver, GossipSender, RecordPublisher, TopicId,
};
use iroh::{
    Endpoint, RelayMode, SecretKey,
    address_lookup::{AddrFilter, MemoryLookup},
    endpoint::{PortmapperConfig, presets},
    protocol::Router,
};
use iroh_gossip::{Gossip, api::Event};
use iroh_mainline_address_lookup::DhtAddressLookup;
use n0_mainline::{DhtBuilder, SigningKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    sync::{Mutex, mpsc},
    task::JoinSet,
    time::timeout,
};

use crate::script::{print, say};

/// The names by which `mainline` reaches the public DHT.
pub const PUBLIC_BOOTSTRAP_NAMES: [&str; 4] = [
    "router.bittorrent.com",
    "dht.transmissionbt.com",
    "dht.libtorrent.org",
    "relay.pkarr.org",
];

/// Lines on their way out of the process.
const OUTPUT_CAPACITY: usize = 1_024;

/// A running stock node.
pub struct StockNode {
    endpoint: Endpoint,
    gossip: Gossip,
    secret: SecretKey,
    _router: Router,
}

impl StockNode {
    /// Starts one on loopback. `dht` are the bootstrap nodes of its address lookup; without them
    /// it knows the addresses in `known` only.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(dht: &[String], known: Option<MemoryLookup>) -> anyhow::Result<Self> {
        let secret = SecretKey::generate();
        let mut builder = Endpoint::builder(presets::Minimal)
            .secret_key(secret.clone())
            .relay_mode(RelayMode::Disabled)
            .addr_filter(AddrFilter::unfiltered())
            .portmapper_config(PortmapperConfig::Disabled)
            .clear_ip_transports()
            .bind_addr((Ipv4Addr::LOCALHOST, 0))?;
        if let Some(known) = known {
            builder = builder.address_lookup(known);
        }
        if !dht.is_empty() {
            let mut client = DhtBuilder::default();
            client.bootstrap(dht).port(0);
            builder = builder.address_lookup(
                DhtAddressLookup::builder()
                    .dht_builder(client)
                    .addr_filter(AddrFilter::unfiltered()),
            );
        }
        let endpoint = builder.bind().await?;
        let gossip = Gossip::builder().spawn(endpoint.clone());
        let router = Router::builder(endpoint.clone())
            .accept(iroh_gossip::ALPN, gossip.clone())
            .spawn();
        Ok(Self {
            endpoint,
            gossip,
            secret,
            _router: router,
        })
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Joins a topic by its driver and waits for the first neighbour. The receiver has to be
    /// kept, or the topic is left.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn join(
        &self,
        topic: &[u8; 32],
        tracker_secret: &[u8; 32],
    ) -> anyhow::Result<(GossipSender, GossipReceiver)> {
        let joined = self
            .gossip
            .subscribe_and_join_with_auto_discovery(self.publisher(topic, tracker_secret));
        joined.await?.split().await
    }

    /// Joins a topic by its driver without waiting for anybody.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn join_alone(
        &self,
        topic: &[u8; 32],
        tracker_secret: &[u8; 32],
    ) -> anyhow::Result<(GossipSender, GossipReceiver)> {
        let publisher = self.publisher(topic, tracker_secret);
        let joined = self
            .gossip
            .subscribe_and_join_with_auto_discovery_no_wait(publisher);
        joined.await?.split().await
    }

    fn publisher(&self, topic: &[u8; 32], tracker_secret: &[u8; 32]) -> RecordPublisher {
        RecordPublisher::new(
            TopicId::from_hash(topic),
            SigningKey::from_bytes(&self.secret.to_bytes()),
            None,
            tracker_secret.to_vec(),
            Config::default(),
        )
    }

    /// Closes its connections.
    pub async fn shutdown(self) {
        const GOODBYE: Duration = Duration::from_secs(2);
        // Whoever does not confirm the goodbye notices the silence.
        let _ = timeout(GOODBYE, self.endpoint.close()).await;
    }
}

/// A request to a stock node, one per line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Joins a topic.
    Join {
        /// Gossip topic and tracker topic hash, in hex.
        topic: String,
        /// Tracker secret, in hex.
        secret: String,
    },
    /// Broadcasts bytes.
    Send {
        /// The bytes, in hex.
        hex: String,
    },
}

/// Runs a stock node that obeys standard input until that ends.
///
/// # Errors
/// When the node cannot be started or the pipe breaks.
pub async fn serve(dht: &[String]) -> anyhow::Result<()> {
    let (output, lines) = mpsc::channel(OUTPUT_CAPACITY);
    let mut tasks = JoinSet::new();
    tasks.spawn(print(lines));
    let node = StockNode::start(dht, None).await?;
    let peer = hex::encode(node.endpoint.id().as_bytes());
    say(&output, json!({"type": "ready", "peer": peer})).await;
    let sender: Arc<Mutex<Option<GossipSender>>> = Arc::default();
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = input.next_line().await? {
        let answer = match serde_json::from_str(&line) {
            Ok(request) => obey(&node, request, &sender, &output, &mut tasks).await,
            Err(error) => Err(error.into()),
        };
        let answer = match answer {
            Ok(()) => json!({"type": "reply", "value": Value::Null}),
            Err(error) => json!({"type": "error", "message": format!("{error:#}")}),
        };
        say(&output, answer).await;
    }
    node.shutdown().await;
    Ok(())
}

async fn obey(
    node: &StockNode,
    request: Request,
    sender: &Mutex<Option<GossipSender>>,
    output: &mpsc::Sender<Value>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    match request {
        Request::Join { topic, secret } => {
            let (topic, secret) = (key(&topic)?, key(&secret)?);
            let (joined, receiver) = node.join_alone(&topic, &secret).await?;
            *sender.lock().await = Some(joined);
            tasks.spawn(tell_events(receiver, output.clone()));
        }
        Request::Send { hex } => {
            let sender = sender.lock().await.clone();
            sender
                .context("no topic was joined")?
                .broadcast(hex::decode(hex)?)
                .await?;
        }
    }
    Ok(())
}

fn key(text: &str) -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes)?;
    Ok(bytes)
}

async fn tell_events(mut receiver: GossipReceiver, output: mpsc::Sender<Value>) {
    while let Ok(event) = receiver.next().await {
        let line = match event {
            Event::NeighborUp(peer) => {
                json!({"type": "neighbour_up", "peer": hex::encode(peer.as_bytes())})
            }
            Event::NeighborDown(peer) => {
                json!({"type": "neighbour_down", "peer": hex::encode(peer.as_bytes())})
            }
            Event::Received(message) => {
                json!({"type": "received", "hex": hex::encode(&message.content)})
            }
            Event::Lagged => json!({"type": "lagged"}),
        };
        say(&output, line).await;
    }
    say(&output, json!({"type": "ended"})).await;
}
