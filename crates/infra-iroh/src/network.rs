//! The network of a process: one endpoint, and every protocol that kukuri speaks over it.
//!
//! Owns the wiring and the order of start and shutdown, and implements the application's port.
//! Must never decide whom to dial or what to believe: it reports, and the application decides.

use std::{
    mem::ManuallyDrop,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use iroh::{
    Endpoint, EndpointAddr, SecretKey, address_lookup::AddressLookup, endpoint::TransportAddrUsage,
    protocol::Router,
};
use iroh_gossip::{Gossip, net::GOSSIP_ALPN};
use kukuri_application::ports::{
    Clock, DialReport, NetworkChanges, NetworkError, NetworkStatus, PeerPath, SyncAnswer,
    SyncRequest, TopicLink, TopicNetwork,
};
use kukuri_domain::{
    PeerAddress, PeerId, TopicId, TopicKeys, UnixMs,
    limits::{GOSSIP_MESSAGE_BYTES_MAX, GOSSIP_PAYLOAD_BYTES_MAX},
    peer::PathKind,
    topic::Visibility,
    wire::{MEET_ALPN, SYNC_ALPN},
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    address::{
        connection_addresses, endpoint_addr, endpoint_id, path_kind, peer_addresses, peer_id,
    },
    connect::{CONNECT_TIMEOUT, ConnectFailure},
    connections::Connections,
    dht::DhtClient,
    endpoint::{NetworkConfig, bind},
    gossip::Links,
    known::KnownAddresses,
    machine::{self, Machine},
    mdns::{Mdns, MdnsSource},
    meet::{MeetError, MeetServer, meet},
    sync::{PeerClocks, SyncClient, SyncServer},
    tasks::Tasks,
    topics::{Topic, Topics},
};

/// How many round trips to the farthest peer a shutdown waits for the answers to its goodbye. A
/// dial that is under way to somebody who is gone would hold it up for three seconds.
const GOODBYE_ROUND_TRIPS: u32 = 4;

/// Least and longest time of that.
const GOODBYE_MIN: Duration = Duration::from_millis(250);
const GOODBYE_MAX: Duration = Duration::from_secs(2);

/// The network of a process. Cheap to clone; [`TopicNetwork::shutdown`] closes it for all clones.
#[derive(Debug, Clone)]
pub struct Network(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoint: Endpoint,
    router: Router,
    links: Links,
    known: KnownAddresses,
    connections: Connections,
    topics: Topics,
    clocks: PeerClocks,
    sync: SyncClient,
    mdns: Result<Mdns, String>,
    machine: Arc<Machine>,
    tasks: Tasks,
    is_closed: AtomicBool,
    /// Cancelled when nothing answers at its addresses any more.
    ended: CancellationToken,
}

impl Network {
    /// Binds the endpoint and serves every protocol. `lookups` are further ways from an endpoint
    /// id to its addresses (the DHT's); all are asked at the same time.
    ///
    /// # Errors
    /// [`NetworkError::PortTaken`]; [`NetworkError::Other`] for a relay whose URL does not parse
    /// and for sockets that cannot be opened.
    pub async fn start(
        secret: &[u8; 32],
        config: NetworkConfig,
        lookups: Vec<Box<dyn AddressLookup>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, NetworkError> {
        let (known, connections, topics) = (
            KnownAddresses::default(),
            Connections::default(),
            Topics::new(),
        );
        let secret = SecretKey::from_bytes(secret);
        let endpoint = bind(secret, &config, &known, &connections).await?;
        let (local, agent) = (peer_id(endpoint.id()), config.wire_agent());
        let tasks = Tasks::new(CancellationToken::new());
        let mdns = start_mdns(&config, &endpoint, &topics, &clock, &known, &tasks);
        add_lookups(&endpoint, lookups, &mdns)?;
        // The stock frame size, stated because members with another would not understand us.
        let gossip = Gossip::builder()
            .max_message_size(GOSSIP_MESSAGE_BYTES_MAX)
            .spawn(endpoint.clone());
        let clocks = PeerClocks::default();
        let router = Router::builder(endpoint.clone())
            .accept(GOSSIP_ALPN, gossip.clone())
            .accept(MEET_ALPN, MeetServer::new(local, topics.clone()))
            .accept(
                SYNC_ALPN,
                SyncServer::new(local, agent.clone(), clock, clocks.clone(), topics.clone()),
            )
            .spawn();
        let links = Links {
            endpoint: endpoint.clone(),
            gossip,
            connections: connections.clone(),
            topics: topics.clone(),
            tasks: tasks.clone(),
        };
        let sync = SyncClient::new(
            endpoint.clone(),
            agent,
            clocks.clone(),
            connections.clone(),
            tasks.clone(),
        );
        let machine = Arc::new(Machine::new(
            endpoint.clone(),
            connections.clone(),
            // Why there is none is told by its source.
            mdns.as_ref().ok().cloned(),
        ));
        machine::watch(&machine, &config, &tasks);
        let is_closed = AtomicBool::new(false);
        info!(peer = %local.short(), listen = ?endpoint.bound_sockets(), "the network is open");
        Ok(Self(Arc::new(Inner {
            endpoint,
            router,
            links,
            known,
            connections,
            topics,
            clocks,
            sync,
            mdns,
            machine,
            tasks,
            is_closed,
            ended: CancellationToken::new(),
        })))
    }

    /// Waits until, after [`TopicNetwork::shutdown`], nothing answers at its addresses any more:
    /// where the answers to the goodbye are missing, that is up to three seconds later. Until then
    /// it refuses whoever comes, also those who look for a successor with the same endpoint id,
    /// and one refusal ends a dial to several addresses. To be awaited before the same process
    /// opens the network of the same profile again; the end of a process does it too.
    pub async fn closed(&self) {
        self.0.ended.cancelled().await;
    }

    /// The path of discovery by multicast DNS; where mDNS is off or not possible, it says so.
    pub fn mdns_source(&self) -> MdnsSource {
        MdnsSource::new(self.0.mdns.clone())
    }

    /// The gossip that all topics go over, for measurements. Whoever joins or leaves a topic by it
    /// takes it away from this network.
    pub fn gossip(&self) -> &Gossip {
        &self.0.links.gossip
    }

    /// Makes this DHT client part of the network: it is built anew when the machine's network
    /// changes, and when it can be reached after it could not, that is a change too.
    pub fn follow(&self, dht: DhtClient) {
        let machine = self.0.machine.clone();
        self.0.tasks.spawn(async move { machine.follow(dht).await });
    }

    fn topic(&self, id: TopicId) -> Result<Arc<Topic>, NetworkError> {
        self.check_open()?;
        self.0.topics.get(id).ok_or(NetworkError::NotJoined)
    }

    fn check_open(&self) -> Result<(), NetworkError> {
        match self.0.is_closed.load(Ordering::Acquire) {
            true => Err(NetworkError::Closed),
            false => Ok(()),
        }
    }

    async fn dial_unlimited(
        &self,
        topic: &Topic,
        addr: EndpointAddr,
        is_member: bool,
    ) -> Result<DialReport, NetworkError> {
        let is_public = topic.keys.visibility == Visibility::Public;
        // A private topic's id is shown to nobody who has not shown its tag.
        let may_be_dialled =
            (is_member && is_public) || self.is_met(topic, &addr, is_public).await?;
        if !may_be_dialled {
            return Ok(DialReport::NotAMember);
        }
        Ok(DialReport::Asked {
            addresses: self.0.links.ask(topic, addr).await?,
        })
    }

    /// Whether a peer turns out, by meeting, to be in the topic. A stock peer does not meet; as
    /// the topic is public, it may be dialled all the same.
    async fn is_met(
        &self,
        topic: &Topic,
        addr: &EndpointAddr,
        is_public: bool,
    ) -> Result<bool, NetworkError> {
        let peer = peer_id(addr.id);
        match meet(
            &self.0.endpoint,
            &self.0.topics,
            &self.0.tasks,
            addr.clone(),
        )
        .await
        {
            Ok(shared) => Ok(shared.contains(&topic.keys.id)),
            Err(MeetError::Connect(ConnectFailure::NotSpoken)) => Ok(is_public),
            Err(MeetError::Connect(failure)) => Err(failure.into_error(peer)),
            Err(error @ (MeetError::Timeout | MeetError::Stream(_))) => {
                Err(NetworkError::Unreachable {
                    peer,
                    reason: error.to_string(),
                })
            }
            Err(error) => Err(NetworkError::Protocol {
                peer,
                reason: error.to_string(),
            }),
        }
    }

    /// Checks what goes to gossip: a longer message would make receivers drop the topic's stream.
    fn outgoing(&self, topic: TopicId, payload: &Bytes) -> Result<Arc<Topic>, NetworkError> {
        let topic = self.topic(topic)?;
        match payload.len() > GOSSIP_PAYLOAD_BYTES_MAX {
            true => Err(NetworkError::TooLarge(payload.len())),
            false => Ok(topic),
        }
    }

    async fn path(&self, peer: PeerId) -> PeerPath {
        let none = PeerPath {
            peer,
            kind: PathKind::None,
            rtt_ms: None,
            clock_skew_ms: self.0.clocks.skew_ms(&peer),
            addresses: Vec::new(),
        };
        // Bytes that are no key: nobody is connected under them.
        let Ok(id) = endpoint_id(peer) else {
            return none;
        };
        if let Some(connection) = self.0.connections.any(id) {
            let paths = connection.paths();
            let used = paths
                .iter()
                .find(|path| path.is_selected())
                .or_else(|| paths.iter().next());
            if let Some(used) = used {
                // More milliseconds than a u64 holds were never measured.
                let rtt_ms = u64::try_from(used.rtt().as_millis()).ok();
                let kind = path_kind(used.remote_addr());
                return PeerPath {
                    kind,
                    rtt_ms,
                    addresses: connection_addresses(&connection),
                    ..none
                };
            }
        }
        // No connection of ours: what iroh knows of the peer, for those it just lost.
        let Some(info) = self.0.endpoint.remote_info(id).await else {
            return none;
        };
        let is_active = |usage| matches!(usage, TransportAddrUsage::Active);
        let active = info
            .addrs()
            .filter(|addr| is_active(addr.usage()))
            .map(|addr| addr.addr());
        PeerPath {
            addresses: peer_addresses(active),
            ..none
        }
    }
}

fn start_mdns(
    config: &NetworkConfig,
    endpoint: &Endpoint,
    topics: &Topics,
    clock: &Arc<dyn Clock>,
    known: &KnownAddresses,
    tasks: &Tasks,
) -> Result<Mdns, String> {
    if !config.mdns_enabled {
        return Err("switched off by discovery.mdns.enabled".to_owned());
    }
    let started = Mdns::start(
        endpoint.id(),
        topics.clone(),
        clock.clone(),
        known.clone(),
        tasks,
    );
    started.map_err(|error| {
        warn!(%error, "no discovery on the local network");
        format!("multicast is not possible here: {error}")
    })
}

fn add_lookups(
    endpoint: &Endpoint,
    lookups: Vec<Box<dyn AddressLookup>>,
    mdns: &Result<Mdns, String>,
) -> Result<(), NetworkError> {
    let services = endpoint
        .address_lookup()
        .map_err(|_| NetworkError::Closed)?;
    // Why there is none is told where the sources are.
    if let Ok(mdns) = mdns {
        services.add(mdns.clone());
    }
    for lookup in lookups {
        services.add_boxed(lookup);
    }
    Ok(())
}

#[async_trait]
impl TopicNetwork for Network {
    fn local_peer(&self) -> PeerId {
        peer_id(self.0.endpoint.id())
    }

    async fn join(&self, topic: Arc<TopicKeys>) -> Result<TopicLink, NetworkError> {
        self.check_open()?;
        self.0.links.join(topic).await
    }

    async fn leave(&self, topic: TopicId) -> Result<(), NetworkError> {
        self.check_open()?;
        self.0.topics.remove(topic);
        Ok(())
    }

    async fn dial(
        &self,
        topic: TopicId,
        peer: PeerId,
        addresses: Vec<PeerAddress>,
        is_member: bool,
    ) -> Result<DialReport, NetworkError> {
        let topic = self.topic(topic)?;
        let id = endpoint_id(peer)?;
        // For later dials too, gossip's own among them.
        self.0.known.add(id, &addresses);
        let addr = endpoint_addr(id, &self.0.known.of(id));
        let dialled = timeout(
            CONNECT_TIMEOUT,
            self.dial_unlimited(&topic, addr, is_member),
        )
        .await;
        dialled.unwrap_or_else(|_elapsed| {
            let reason = format!("no answer in {} s", CONNECT_TIMEOUT.as_secs());
            Err(NetworkError::Unreachable { peer, reason })
        })
    }

    async fn broadcast(&self, topic: TopicId, payload: Bytes) -> Result<(), NetworkError> {
        let topic = self.outgoing(topic, &payload)?;
        topic
            .sender
            .broadcast(payload)
            .await
            .map_err(|_| NetworkError::NotJoined)
    }

    async fn broadcast_neighbours(
        &self,
        topic: TopicId,
        payload: Bytes,
    ) -> Result<(), NetworkError> {
        let topic = self.outgoing(topic, &payload)?;
        topic
            .sender
            .broadcast_neighbors(payload)
            .await
            .map_err(|_| NetworkError::NotJoined)
    }

    async fn call(
        &self,
        topic: TopicId,
        peer: PeerId,
        request: SyncRequest,
        now: UnixMs,
    ) -> Result<SyncAnswer, NetworkError> {
        let topic = self.topic(topic)?;
        let id = endpoint_id(peer)?;
        let addr = endpoint_addr(id, &self.0.known.of(id));
        self.0.sync.call(&topic.keys, addr, request, now).await
    }

    async fn paths(&self, peers: Vec<PeerId>) -> Vec<PeerPath> {
        futures_util::future::join_all(peers.into_iter().map(|peer| self.path(peer))).await
    }

    async fn status(&self) -> NetworkStatus {
        NetworkStatus {
            listen: self.0.endpoint.bound_sockets(),
            addresses: peer_addresses(&self.0.endpoint.addr().addrs),
        }
    }

    fn remember(&self, peer: PeerId, addresses: Vec<PeerAddress>) {
        // What is no key is nobody who could be called.
        if let Ok(id) = endpoint_id(peer) {
            self.0.known.add(id, &addresses);
        }
    }

    fn changes(&self) -> NetworkChanges {
        self.0.machine.changes()
    }

    async fn renew(&self) {
        self.0.machine.renew().await;
    }

    async fn shutdown(&self) {
        if self.0.is_closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let patience = self.0.connections.longest_round_trip() * GOODBYE_ROUND_TRIPS;
        // It goes on without us where the answers take longer; an endpoint must not be dropped
        // half closed, not even by the end of the runtime.
        let inner = ManuallyDrop::new(self.0.clone());
        let closing = tokio::spawn(async move {
            inner.topics.clear();
            // Gossip says goodbye in every topic, then the endpoint closes its connections.
            if let Err(error) = inner.router.shutdown().await {
                warn!(%error, "the router ended badly");
            }
            inner.ended.cancel();
            drop(ManuallyDrop::into_inner(inner));
        });
        let patience = patience.clamp(GOODBYE_MIN, GOODBYE_MAX);
        if timeout(patience, closing).await.is_err() {
            debug!("peers did not confirm the goodbye in time");
        }
        self.0.tasks.shutdown().cancel();
        self.0.tasks.join().await;
    }
}
