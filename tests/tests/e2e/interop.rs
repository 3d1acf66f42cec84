//! kukuri and a stock `distributed-topic-tracker` program on the same topic.
//!
//! The stock driver knows the public DHT only. So all run in a namespace in which the public names
//! lead to a private DHT.

use std::time::Duration;

use kukuri_application::ports::{Identity as _, SecretBytes};
use kukuri_domain::{UnixMs, event::Draft, wire::GossipFrame};
use kukuri_infra_keyring::LocalIdentity;
use kukuri_tests::{
    netns::{self, Namespace},
    node::{eventually, fresh_topic},
    public_dht::{PORT, lead_names_here},
    script::{self, NodeArgs, Process, unix_ms},
    stock,
};
use serde_json::Value;

/// How long the stock driver may take; half a minute is not rare.
const STOCK_LIMIT: Duration = Duration::from_secs(120);

/// The node of ours, the stock one, and what keeps them running.
struct Pair {
    ours: Process,
    stock: Process,
    topic: String,
    _dht: Process,
    _namespace: Namespace,
}

impl Pair {
    async fn new() -> anyhow::Result<Self> {
        let namespace = Namespace::new("interop")?;
        lead_names_here(&namespace)?;
        let in_it = |program: &'static str, words: Vec<String>| {
            let namespace = &namespace;
            async move { Process::start(Some(namespace), program, &words).await }
        };
        let bootstrap = format!("127.0.0.1:{PORT}");
        let words = vec!["--public-ports".to_owned(), "--json".to_owned()];
        let dht = in_it(env!("CARGO_BIN_EXE_dht"), words).await?;
        let args = NodeArgs {
            dht: vec![bootstrap.clone()],
            ..NodeArgs::default()
        };
        let ours = in_it(env!("CARGO_BIN_EXE_node"), args.to_words()).await?;
        let words = vec!["--dht".to_owned(), bootstrap];
        let stock = in_it(env!("CARGO_BIN_EXE_stock"), words).await?;
        let topic = fresh_topic().as_str().to_owned();
        Ok(Self {
            ours,
            stock,
            topic,
            _dht: dht,
            _namespace: namespace,
        })
    }

    async fn ours_joins(&mut self) -> anyhow::Result<()> {
        let topic = self.topic.clone();
        self.ours.ask(&script::Request::Join { topic }).await?;
        Ok(())
    }

    async fn stock_joins(&mut self) -> anyhow::Result<()> {
        let topic = self.topic.clone();
        let tracker = self.ours.ask(&script::Request::Tracker { topic }).await?;
        let text = |name: &str| tracker[name].as_str().unwrap_or_default().to_owned();
        let join = stock::Request::Join {
            topic: text("topic"),
            secret: text("secret"),
        };
        self.stock.ask(&join).await?;
        Ok(())
    }

    /// Both say that the other is a neighbour.
    async fn wait_until_neighbours(&mut self) -> anyhow::Result<()> {
        let (ours, stock) = (self.ours.peer().to_owned(), self.stock.peer().to_owned());
        let is_stock = |line: &Value| line["type"] == "peer_joined" && line["peer"] == stock;
        if let Err(error) = self.ours.wait_for(STOCK_LIMIT, is_stock).await {
            let topic = self.topic.clone();
            let story = self.ours.ask(&script::Request::Explain { topic }).await?;
            return Err(error.context(story.as_str().unwrap_or_default().to_owned()));
        }
        let is_ours = |line: &Value| line["type"] == "neighbour_up" && line["peer"] == ours;
        self.stock.wait_for(STOCK_LIMIT, is_ours).await?;
        Ok(())
    }

    /// Our post reaches the stock node as bytes; a frame of ours that it sends is stored; anything
    /// else is counted.
    async fn talk(&mut self) -> anyhow::Result<()> {
        let topic = self.topic.clone();
        let post = script::Request::Post {
            topic: topic.clone(),
            text: "to a stranger".to_owned(),
        };
        let posted = self.ours.ask(&post).await?;
        let id = posted["id"].as_str().unwrap_or_default().to_owned();
        let carries_it = |line: &Value| {
            // What is no frame of ours does not carry it.
            let bytes = line["hex"].as_str().and_then(|text| hex::decode(text).ok());
            let frame = bytes.and_then(|bytes| GossipFrame::decode(&bytes).ok());
            matches!(frame, Some(GossipFrame::Event(wire)) if wire.id.to_string() == id)
        };
        self.stock.wait_for(STOCK_LIMIT, carries_it).await?;

        let author = LocalIdentity::from_secret(&SecretBytes::new([9; 32]))?;
        let draft = Draft::post(&topic.parse()?, "by way of a stock node", UnixMs(unix_ms()));
        let event = author.sign(draft).await?;
        let frame = GossipFrame::Event(event.to_wire()).encode();
        self.stock
            .ask(&stock::Request::Send {
                hex: hex::encode(frame),
            })
            .await?;
        let sent = event.id().to_string();
        let is_it = |line: &Value| line["type"] == "post" && line["id"] == sent;
        self.ours.wait_for(STOCK_LIMIT, is_it).await?;

        self.stock
            .ask(&stock::Request::Send {
                hex: hex::encode("plain words"),
            })
            .await?;
        let ours = tokio::sync::Mutex::new(&mut self.ours);
        eventually(STOCK_LIMIT, || async {
            let request = script::Request::Counters {
                topic: topic.clone(),
            };
            let counted = ours.lock().await.ask(&request).await?;
            Ok((counted["foreign"].as_u64() >= Some(1)).then_some(()))
        })
        .await
    }

    async fn end(self) -> anyhow::Result<()> {
        self.ours.stop().await?;
        self.stock.stop().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_kukuri_finds_a_stock_node() -> anyhow::Result<()> {
    if !netns::is_enabled() {
        return Ok(());
    }
    let mut pair = Pair::new().await?;
    pair.stock_joins().await?;
    pair.ours_joins().await?;
    pair.wait_until_neighbours().await?;
    pair.talk().await?;
    pair.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn netns_a_stock_node_finds_kukuri() -> anyhow::Result<()> {
    if !netns::is_enabled() {
        return Ok(());
    }
    let mut pair = Pair::new().await?;
    pair.ours_joins().await?;
    pair.stock_joins().await?;
    pair.wait_until_neighbours().await?;
    pair.talk().await?;
    pair.end().await
}
