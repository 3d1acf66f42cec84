//! A peer that says whatever a test wants: gossip frames as plain bytes, and events over streams
//! that no honest peer would give. One that keeps its neighbours apart passes nothing on.
//!
//! Owns an endpoint with iroh-gossip and the answering side of `/kukuri/sync/1`. Must never check
//! what it sends: that is the other side's business.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use futures_util::StreamExt as _;
use iroh::{
    Endpoint, EndpointAddr, EndpointId, RelayMode, TransportAddr,
    address_lookup::MemoryLookup,
    endpoint::{Connection, PortmapperConfig, RecvStream, SendStream, presets},
    protocol::{AcceptError, ProtocolHandler, Router},
};
use iroh_gossip::{
    Gossip,
    api::{Event, GossipReceiver, GossipSender},
};
use kukuri_application::sync_set::SyncSet;
use kukuri_domain::{
    EventId, EventOrder, PeerAddress, PeerId, TopicKeys, UnixMs,
    event::membership::{Member, Standing},
    peer::PeerSpec,
    presence::{Nonce, Side, hello_proof},
    wire::{GossipFrame, Hello, SYNC_ALPN, SyncFrame, Welcome, WireEvent, last_cut},
};
use tokio::time::timeout;

use crate::script::unix_ms;

/// The gossip frame size of the stock crate, and of kukuri.
pub const STOCK_MESSAGE_BYTES_MAX: usize = 4_096;

/// How long becoming a neighbour may take.
const NEIGHBOUR_LIMIT: Duration = Duration::from_secs(20);

/// The peer.
pub struct RawPeer {
    endpoint: Endpoint,
    gossips: Gossips,
    known: MemoryLookup,
    answers: Answers,
    _router: Router,
}

/// Its gossip with everybody, or one with each.
#[derive(Debug, Clone)]
struct Gossips {
    endpoint: Endpoint,
    message_bytes_max: usize,
    is_apart: bool,
    running: Arc<Mutex<HashMap<Option<EndpointId>, Gossip>>>,
}

impl Gossips {
    fn with(&self, peer: EndpointId) -> Gossip {
        let mut running = self
            .running
            .lock()
            .expect("no code panics while it holds it");
        let begin = || {
            Gossip::builder()
                .max_message_size(self.message_bytes_max)
                .spawn(self.endpoint.clone())
        };
        running
            .entry(self.is_apart.then_some(peer))
            .or_insert_with(begin)
            .clone()
    }
}

impl ProtocolHandler for Gossips {
    async fn accept(&self, connection: Connection) -> Result<(), AcceptError> {
        self.with(connection.remote_id()).accept(connection).await
    }
}

/// A topic that it is in.
pub struct RawTopic {
    sender: GossipSender,
    receiver: GossipReceiver,
}

impl RawPeer {
    /// Starts one on loopback, which sends gossip messages of up to `message_bytes_max`.
    ///
    /// # Errors
    /// When the endpoint cannot be bound.
    pub async fn start(message_bytes_max: usize) -> anyhow::Result<Self> {
        Self::start_as(message_bytes_max, false).await
    }

    /// Starts one that keeps its neighbours apart: what one says, no other hears.
    ///
    /// # Errors
    /// When the endpoint cannot be bound.
    pub async fn start_apart(message_bytes_max: usize) -> anyhow::Result<Self> {
        Self::start_as(message_bytes_max, true).await
    }

    async fn start_as(message_bytes_max: usize, is_apart: bool) -> anyhow::Result<Self> {
        let known = MemoryLookup::new();
        let endpoint = Endpoint::builder(presets::Minimal)
            .relay_mode(RelayMode::Disabled)
            .portmapper_config(PortmapperConfig::Disabled)
            .address_lookup(known.clone())
            .clear_ip_transports()
            .bind_addr((Ipv4Addr::LOCALHOST, 0))?
            .bind()
            .await?;
        let gossips = Gossips {
            endpoint: endpoint.clone(),
            message_bytes_max,
            is_apart,
            running: Arc::default(),
        };
        let answers = Answers {
            local: PeerId(*endpoint.id().as_bytes()),
            ..Answers::default()
        };
        let router = Router::builder(endpoint.clone())
            .accept(iroh_gossip::ALPN, gossips.clone())
            .accept(SYNC_ALPN, answers.clone())
            .spawn();
        Ok(Self {
            endpoint,
            gossips,
            known,
            answers,
            _router: router,
        })
    }

    /// Its endpoint.
    pub fn peer_id(&self) -> PeerId {
        self.answers.local
    }

    /// From now on it claims over sync streams of this topic to hold these events, oldest first,
    /// and gives them as they are to whoever asks.
    pub fn hold(&self, keys: &TopicKeys, events: Vec<WireEvent>) {
        let mut held = self
            .answers
            .held
            .lock()
            .expect("no code panics while it holds it");
        *held = Some((keys.clone(), events));
    }

    /// What an honest member with these events tells its neighbours of its set.
    pub fn summary(&self) -> Vec<u8> {
        let held = self
            .answers
            .held
            .lock()
            .expect("no code panics while it holds it");
        let events = held.as_ref().map_or(&[][..], |(_, events)| events);
        let cut = last_cut(UnixMs(unix_ms()));
        GossipFrame::Summary(set_of(events).summary(cut, UnixMs(0))).encode()
    }

    /// Joins a topic through `member` and waits until both are neighbours.
    ///
    /// # Errors
    /// When they are not in time.
    pub async fn join(&self, keys: &TopicKeys, member: &PeerSpec) -> anyhow::Result<RawTopic> {
        let addr = address_of(member)?;
        let id = addr.id;
        self.known.add_endpoint_info(addr);
        let gossip = self.gossips.with(id);
        let topic = gossip.subscribe(keys.id.0.into(), vec![id]).await?;
        let (sender, mut receiver) = topic.split();
        timeout(NEIGHBOUR_LIMIT, receiver.joined())
            .await
            .context("not a neighbour in time")??;
        Ok(RawTopic { sender, receiver })
    }

    /// Offers events over a stream, as a member does who holds what the other lacks, and waits
    /// until that was taken note of.
    ///
    /// # Errors
    /// When the member does not take it.
    pub async fn offer(
        &self,
        keys: &TopicKeys,
        member: &PeerSpec,
        ids: Vec<EventId>,
    ) -> anyhow::Result<()> {
        let connection = self
            .endpoint
            .connect(address_of(member)?, SYNC_ALPN)
            .await?;
        let (mut send, mut recv) = connection.open_bi().await?;
        let (local, nonce, none): (PeerId, Nonce, Nonce) =
            (self.peer_id(), rand::random(), [0; 32]);
        let (opener, accepter) = ((&local, &nonce), (&member.peer, &none));
        let proof = hello_proof(&keys.handshake_key, Side::Opener, opener, accepter);
        let hello = Hello {
            agent: "raw".to_owned(),
            clock: UnixMs(unix_ms()),
            nonce,
            proof,
        };
        write(&mut send, &SyncFrame::Hello(hello).encode()).await?;
        let welcome = SyncFrame::decode(&read(&mut recv).await?)?;
        ensure!(matches!(welcome, SyncFrame::Welcome(_)), "{welcome:?}");
        let offer = SyncFrame::Offer { ids, more: false };
        write(&mut send, &offer.encode()).await?;
        send.finish()?;
        let end = SyncFrame::decode(&read(&mut recv).await?)?;
        ensure!(end == SyncFrame::End { more: false }, "{end:?}");
        Ok(())
    }

    /// Closes its connections.
    pub async fn shutdown(self) {
        self.endpoint.close().await;
    }
}

impl RawTopic {
    /// Sends bytes to the neighbours to which gossip pushes eagerly: all of them, until one has
    /// asked not to be. It may be repeated: gossip takes the second time for no duplicate.
    ///
    /// # Errors
    /// When gossip has ended.
    pub async fn send(&self, bytes: impl Into<Bytes>) -> anyhow::Result<()> {
        Ok(self.sender.broadcast_neighbors(bytes.into()).await?)
    }

    /// Sends bytes to the whole topic; the same ones again would go nowhere.
    ///
    /// # Errors
    /// When gossip has ended.
    pub async fn broadcast(&self, bytes: impl Into<Bytes>) -> anyhow::Result<()> {
        Ok(self.sender.broadcast(bytes.into()).await?)
    }

    /// The next message that it hears.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn heard(&mut self, limit: Duration) -> anyhow::Result<Bytes> {
        let hearing = async {
            while let Some(event) = self.receiver.next().await {
                if let Event::Received(message) = event? {
                    return Ok(message.content);
                }
            }
            anyhow::bail!("gossip has ended")
        };
        timeout(limit, hearing).await.context("nothing was heard")?
    }
}

fn address_of(member: &PeerSpec) -> anyhow::Result<EndpointAddr> {
    let id = EndpointId::from_bytes(&member.peer.0)?;
    let addresses = member.addresses.iter().filter_map(|address| match address {
        PeerAddress::Ip(addr) => Some(TransportAddr::Ip(*addr)),
        PeerAddress::Relay(_) => None,
    });
    Ok(EndpointAddr::from_parts(id, addresses))
}

/// The topic that is answered for, and what is claimed to be held there.
type Held = (TopicKeys, Vec<WireEvent>);

/// The answering side of the sync protocol.
#[derive(Debug, Clone)]
struct Answers {
    local: PeerId,
    held: Arc<Mutex<Option<Held>>>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            local: PeerId([0; 32]),
            held: Arc::default(),
        }
    }
}

impl ProtocolHandler for Answers {
    async fn accept(&self, connection: Connection) -> Result<(), AcceptError> {
        let peer = PeerId(*connection.remote_id().as_bytes());
        while let Ok((send, recv)) = connection.accept_bi().await {
            if let Err(error) = self.answer(peer, send, recv).await {
                tracing::debug!(%error, "the other side broke an answer off");
            }
        }
        Ok(())
    }
}

impl Answers {
    async fn answer(
        &self,
        peer: PeerId,
        mut send: SendStream,
        mut recv: RecvStream,
    ) -> anyhow::Result<()> {
        let held = self
            .held
            .lock()
            .expect("no code panics while it holds it")
            .clone();
        let Some((keys, events)) = held else {
            return Ok(());
        };
        let SyncFrame::Hello(hello) = SyncFrame::decode(&read(&mut recv).await?)? else {
            anyhow::bail!("it did not say hello");
        };
        let nonce = rand::random();
        let (opener, accepter) = ((&peer, &hello.nonce), (&self.local, &nonce));
        let proof = hello_proof(&keys.handshake_key, Side::Accepter, opener, accepter);
        let welcome = Welcome {
            agent: "raw".to_owned(),
            clock: UnixMs(unix_ms()),
            nonce,
            proof,
        };
        write(&mut send, &SyncFrame::Welcome(welcome).encode()).await?;
        let request = SyncFrame::decode(&read(&mut recv).await?)?;
        for frame in answer_to(request, &events)? {
            write(&mut send, &frame.encode()).await?;
        }
        send.finish()?;
        // What was written arrives before the stream is forgotten.
        send.stopped().await?;
        Ok(())
    }
}

fn set_of(events: &[WireEvent]) -> SyncSet {
    let bare = |event: &WireEvent| Member {
        order: EventOrder {
            created_at: event.created_at,
            ms: 0,
            id: event.id,
        },
        standing: Standing::Free,
        until: None,
    };
    // What has the form of an event has its place; what has not is only claimed.
    let member = |event: &WireEvent| match event.clone().into_signed() {
        Ok(signed) => signed.member(),
        Err(_) => bare(event),
    };
    SyncSet::new(events.iter().map(member), UnixMs(unix_ms()))
}

fn answer_to(request: SyncFrame, events: &[WireEvent]) -> anyhow::Result<Vec<SyncFrame>> {
    let mut frames = match request {
        SyncFrame::Summary(theirs) => {
            let ours = set_of(events).summary(theirs.cut, theirs.since);
            return Ok(vec![SyncFrame::Summary(ours)]);
        }
        SyncFrame::Reconcile { since, message } => {
            let answer = set_of(events).respond(since, &message)?;
            return Ok(vec![SyncFrame::Reconciled(answer)]);
        }
        SyncFrame::Get(ids) => {
            let asked = events.iter().filter(|event| ids.contains(&event.id));
            asked.cloned().map(SyncFrame::Event).collect()
        }
        SyncFrame::Newest { n, .. } => {
            let newest = events.iter().rev().take(n.into());
            newest.cloned().map(SyncFrame::Event).collect()
        }
        _ => Vec::new(),
    };
    frames.push(SyncFrame::End { more: false });
    Ok(frames)
}

async fn write(send: &mut SendStream, frame: &[u8]) -> anyhow::Result<()> {
    send.write_all(&u32::try_from(frame.len())?.to_be_bytes())
        .await?;
    send.write_all(frame).await?;
    Ok(())
}

async fn read(recv: &mut RecvStream) -> anyhow::Result<Vec<u8>> {
    let mut length = [0; 4];
    recv.read_exact(&mut length).await?;
    let length = usize::try_from(u32::from_be_bytes(length))?;
    ensure!(length <= 1024 * 1024, "a frame of {length} bytes");
    let mut frame = vec![0; length];
    recv.read_exact(&mut frame).await?;
    Ok(frame)
}
