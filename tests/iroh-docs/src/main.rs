//! What iroh-docs does with small values: a write, a write seen by a peer, a newcomer.
//!
//! Owns the other side of `cargo xtask bench beside-docs`, and prints microseconds as JSON for it.
//! Uses the crate as its documentation shows, on loopback. Must never count a value that is not
//! there yet: with files, a write counts when its record and its content are flushed.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use futures_util::{Stream, StreamExt as _};
use iroh::{
    Endpoint, EndpointAddr,
    endpoint::{RelayMode, presets},
    protocol::Router,
};
use iroh_blobs::{BlobsProtocol, api::Store as Blobs};
use iroh_docs::{
    AuthorId, DocTicket,
    actor::SyncHandle,
    api::{
        Doc,
        protocol::{AddrInfoOptions, ShareMode},
    },
    engine::{DefaultAuthorStorage, Engine, LiveEvent},
    protocol::Docs,
    store::Query,
};
use iroh_gossip::net::Gossip;
use tempfile::TempDir;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// Bytes of a value.
const VALUE_BYTES: usize = 100;

/// Keys that single writes go to, in turn.
const KEYS: usize = 50;

/// Between two writes that a peer is to see.
const PACE: Duration = Duration::from_millis(10);

/// Without a content for so long it is worth looking whether all are there.
const PAUSE: Duration = Duration::from_millis(500);

/// When something has failed.
const LIMIT: Duration = Duration::from_secs(120);

#[derive(Parser)]
struct Arguments {
    /// Keep everything in memory, instead of in files that are flushed
    #[arg(long)]
    memory: bool,
    /// How many writes, or how many keys the newcomer lacks
    #[arg(long)]
    count: usize,
    #[command(subcommand)]
    figure: Figure,
}

#[derive(Clone, Copy, Subcommand)]
enum Figure {
    /// A write, until it is kept
    Set,
    /// A write, until a peer has record and content, and keeps them
    Propagate,
    /// All keys with their contents to a newcomer
    CatchUp,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let times = match arguments.figure {
        Figure::Set => set(&arguments).await?,
        Figure::Propagate => propagate(&arguments).await?,
        Figure::CatchUp => vec![catch_up(&arguments).await?],
    };
    let micros: Vec<u128> = times.iter().map(Duration::as_micros).collect();
    println!("{}", serde_json::json!({ "micros": micros }));
    Ok(())
}

/// A node with everything that iroh-docs needs.
struct Node {
    docs: Docs,
    records: SyncHandle,
    blobs: Blobs,
    router: Router,
    _folder: Option<TempDir>,
}

impl Node {
    async fn start(memory: bool) -> anyhow::Result<Self> {
        let endpoint = Endpoint::builder(presets::Minimal)
            .relay_mode(RelayMode::Disabled)
            .clear_ip_transports()
            .bind_addr(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?
            .bind()
            .await?;
        let gossip = Gossip::builder().spawn(endpoint.clone());
        let folder = (!memory).then(TempDir::new).transpose()?;
        let path = folder.as_ref().map(TempDir::path);
        let blobs = blobs(path).await?;
        let store = match path {
            Some(path) => iroh_docs::store::Store::persistent(path.join("docs.redb"))?,
            None => iroh_docs::store::Store::memory(),
        };
        let engine = Engine::spawn(
            endpoint.clone(),
            gossip.clone(),
            store,
            blobs.clone(),
            blobs.downloader(&endpoint),
            DefaultAuthorStorage::Mem,
            None,
        )
        .await?;
        let records = engine.sync.clone();
        let docs = Docs::new(engine);
        let router = Router::builder(endpoint)
            .accept(iroh_blobs::ALPN, BlobsProtocol::new(&blobs, None))
            .accept(iroh_docs::ALPN, docs.clone())
            .accept(iroh_gossip::ALPN, gossip)
            .spawn();
        Ok(Self {
            docs,
            records,
            blobs,
            router,
            _folder: folder,
        })
    }

    /// Everything that was written is kept, where there are files.
    async fn keep(&self) -> anyhow::Result<()> {
        if self._folder.is_some() {
            self.records.flush_store().await?;
            self.blobs.sync_db().await?;
        }
        Ok(())
    }

    fn address(&self) -> EndpointAddr {
        let endpoint = self.router.endpoint();
        let mut address = EndpointAddr::new(endpoint.id());
        for socket in endpoint.bound_sockets() {
            address = address.with_ip_addr(socket);
        }
        address
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.router.shutdown().await?;
        Ok(())
    }
}

async fn blobs(path: Option<&Path>) -> anyhow::Result<Blobs> {
    Ok(match path {
        Some(path) => {
            let store = iroh_blobs::store::fs::FsStore::load(path.join("blobs")).await;
            store.map_err(|error| anyhow::anyhow!("{error:#}"))?.into()
        }
        None => iroh_blobs::store::mem::MemStore::new().into(),
    })
}

fn value(n: usize) -> Vec<u8> {
    format!("{n:<VALUE_BYTES$}").into_bytes()
}

async fn put(doc: &Doc, author: AuthorId, key: String, n: usize) -> anyhow::Result<()> {
    doc.set_bytes(author, key, value(n)).await?;
    Ok(())
}

fn key(n: usize) -> String {
    format!("room/{:03}/sensor/{n:06}", n % 1_000)
}

async fn set(arguments: &Arguments) -> anyhow::Result<Vec<Duration>> {
    let node = Node::start(arguments.memory).await?;
    let (doc, author) = (node.docs.create().await?, node.docs.author_default().await?);
    let mut times = Vec::new();
    for n in 0..arguments.count {
        let started = Instant::now();
        put(&doc, author, key(n % KEYS), n).await?;
        node.keep().await?;
        times.push(started.elapsed());
    }
    node.stop().await?;
    Ok(times)
}

async fn invitation(doc: &Doc, member: &Node) -> anyhow::Result<DocTicket> {
    let mut ticket = doc.share(ShareMode::Write, AddrInfoOptions::Id).await?;
    ticket.nodes = vec![member.address()];
    Ok(ticket)
}

async fn propagate(arguments: &Arguments) -> anyhow::Result<Vec<Duration>> {
    let (writer, reader) = (
        Node::start(arguments.memory).await?,
        Node::start(arguments.memory).await?,
    );
    let doc = writer.docs.create().await?;
    let author = writer.docs.author_default().await?;
    let ticket = invitation(&doc, &writer).await?;
    let (_copy, mut events) = reader.docs.import_and_subscribe(ticket).await?;
    next(&mut events, |event| {
        matches!(event, LiveEvent::NeighborUp(_))
    })
    .await?;
    let mut times = Vec::new();
    for n in 0..arguments.count {
        sleep(PACE).await;
        let started = Instant::now();
        // Contents differ, so each has to be fetched.
        put(&doc, author, key(n % KEYS), n).await?;
        writer.keep().await?;
        next(&mut events, |event| {
            matches!(event, LiveEvent::ContentReady { .. })
        })
        .await?;
        reader.keep().await?;
        times.push(started.elapsed());
    }
    reader.stop().await?;
    writer.stop().await?;
    Ok(times)
}

async fn catch_up(arguments: &Arguments) -> anyhow::Result<Duration> {
    let (member, newcomer) = (
        Node::start(arguments.memory).await?,
        Node::start(arguments.memory).await?,
    );
    let doc = member.docs.create().await?;
    let author = member.docs.author_default().await?;
    for n in 0..arguments.count {
        put(&doc, author, key(n), n).await?;
    }
    member.keep().await?;
    let ticket = invitation(&doc, &member).await?;
    let (copy, mut events) = newcomer.docs.import_and_subscribe(ticket).await?;
    next(&mut events, |event| {
        matches!(event, LiveEvent::NeighborUp(_))
    })
    .await?;
    let started = Instant::now();
    // Always read: a subscriber that does not read stops the documents' actor.
    let (contents, mut came) = watch::channel((0, started));
    let reading = tokio::spawn(async move {
        while let Some(Ok(event)) = events.next().await {
            if matches!(event, LiveEvent::ContentReady { .. }) {
                contents
                    .send_modify(|(count, last)| (*count, *last) = (*count + 1, Instant::now()));
            }
        }
    });
    loop {
        let all = came.wait_for(|(count, _)| *count >= arguments.count);
        // Not every content is told.
        if timeout(PAUSE, all).await.is_ok() || is_whole(&newcomer, &copy, arguments.count).await? {
            break;
        }
        anyhow::ensure!(
            started.elapsed() < LIMIT,
            "{} contents came",
            came.borrow().0
        );
    }
    let (_, last) = *came.borrow();
    let came = last.duration_since(started);
    let keeping = Instant::now();
    newcomer.keep().await?;
    let took = came + keeping.elapsed();
    let whole = is_whole(&newcomer, &copy, arguments.count).await?;
    anyhow::ensure!(whole, "something is missing");
    reading.abort();
    newcomer.stop().await?;
    member.stop().await?;
    Ok(took)
}

/// Whether all records are there, and their contents.
async fn is_whole(node: &Node, doc: &Doc, count: usize) -> anyhow::Result<bool> {
    let records = doc.get_many(Query::all()).await?;
    let mut records = std::pin::pin!(records);
    let mut held = 0;
    while let Some(record) = records.next().await {
        let record = record.map_err(|error| anyhow::anyhow!("{error:#}"))?;
        held += usize::from(node.blobs.has(record.content_hash()).await?);
    }
    Ok(held == count)
}

/// Waits for an event.
async fn next<E: std::fmt::Display>(
    events: &mut (impl Stream<Item = Result<LiveEvent, E>> + Unpin),
    is_it: impl Fn(&LiveEvent) -> bool,
) -> anyhow::Result<()> {
    let found = async {
        loop {
            let event = events.next().await.context("the events ended")?;
            let event = event.map_err(|error| anyhow::anyhow!("{error:#}"))?;
            if is_it(&event) {
                return Ok(());
            }
        }
    };
    timeout(LIMIT, found).await.context("it did not come")?
}
