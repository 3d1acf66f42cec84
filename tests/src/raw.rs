//! A peer that says whatever a test wants: gossip frames as plain bytes, and events over streams
//! that no honest peer would give.
//!
//! Owns an endpoint with iroh-gossip and the answering side of `/kukuri/sync/1`. Must never check
//! what it sends: that is the other side's business.

use std::{
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
    EventOrder, PeerAddress, PeerId, TopicKeys, UnixMs,
    event::membership::{Member, Standing},
    peer::PeerSpec,
    presence::{Side, hello_proof},
    wire::{SYNC_ALPN, SyncFrame, Welcome, WireEvent},
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
    gossip: Gossip,
    known: MemoryLookup,
    answers: Answers,
    _router: Router,
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
        let known = MemoryLookup::new();
        let endpoint = Endpoint::builder(presets::Minimal)
            .relay_mode(RelayMode::Disabled)
            .portmapper_config(PortmapperConfig::Disabled)
            .address_lookup(known.clone())
            .clear_ip_transports()
            .bind_addr((Ipv4Addr::LOCALHOST, 0))?
            .bind()
            .await?;
        let gossip = Gossip::builder()
            .max_message_size(message_bytes_max)
            .spawn(endpoint.clone());
        let answers = Answers {
            local: PeerId(*endpoint.id().as_bytes()),
            ..Answers::default()
        };
        let router = Router::builder(endpoint.clone())
            .accept(iroh_gossip::ALPN, gossip.clone())
            .accept(SYNC_ALPN, answers.clone())
            .spawn();
        Ok(Self {
            endpoint,
            gossip,
            known,
            answers,
            _router: router,
        })
    }

    /// Its endpoint.
    pub fn peer_id(&self) -> PeerId {
        self.answers.local
    }

    /// From now on it claims over sync streams of this topic to hold these events, and gives them
    /// as they are to whoever asks.
    pub fn hold(&self, keys: &TopicKeys, events: Vec<WireEvent>) {
        let mut held = self
            .answers
            .held
            .lock()
            .expect("no code panics while it holds it");
        *held = Some((keys.clone(), events));
    }

    /// Joins a topic through `member` and waits until both are neighbours.
    ///
    /// # Errors
    /// When they are not in time.
    pub async fn join(&self, keys: &TopicKeys, member: &PeerSpec) -> anyhow::Result<RawTopic> {
        let id = EndpointId::from_bytes(&member.peer.0)?;
        let addresses = member.addresses.iter().filter_map(|address| match address {
            PeerAddress::Ip(addr) => Some(TransportAddr::Ip(*addr)),
            PeerAddress::Relay(_) => None,
        });
        self.known
            .add_endpoint_info(EndpointAddr::from_parts(id, addresses));
        let topic = self.gossip.subscribe(keys.id.0.into(), vec![id]).await?;
        let (sender, mut receiver) = topic.split();
        timeout(NEIGHBOUR_LIMIT, receiver.joined())
            .await
            .context("not a neighbour in time")??;
        Ok(RawTopic { sender, receiver })
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

fn answer_to(request: SyncFrame, events: &[WireEvent]) -> anyhow::Result<Vec<SyncFrame>> {
    let member = |event: &WireEvent| Member {
        order: EventOrder {
            created_at: event.created_at,
            ms: 0,
            id: event.id,
        },
        standing: Standing::Free,
        until: None,
    };
    let set = SyncSet::new(events.iter().map(member), UnixMs(unix_ms()));
    let mut frames = match request {
        SyncFrame::Summary(theirs) => {
            return Ok(vec![SyncFrame::Summary(
                set.summary(theirs.cut, theirs.since),
            )]);
        }
        SyncFrame::Reconcile { since, message } => {
            return Ok(vec![SyncFrame::Reconciled(set.respond(since, &message)?)]);
        }
        SyncFrame::Get(ids) => {
            let asked = events.iter().filter(|event| ids.contains(&event.id));
            asked.cloned().map(SyncFrame::Event).collect()
        }
        SyncFrame::Newest { .. } => events.iter().cloned().map(SyncFrame::Event).collect(),
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
