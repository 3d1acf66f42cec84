//! What the tests share: nodes, waiting with a deadline, and a raw peer that breaks rules.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use iroh::{
    Endpoint, EndpointAddr,
    endpoint::{PortmapperConfig, QuicTransportConfig, presets},
};
use kukuri_application::ports::{
    Clock, NetworkError, NetworkEvent, SyncAnswer, SyncCall, TopicLink, TopicNetwork as _,
};
use kukuri_domain::{
    AuthorId, EventId, Now, PeerAddress, PeerId, SignedEvent, TopicKeys, UnixMs, wire::WireEvent,
};
use kukuri_infra_iroh::{Network, NetworkConfig};
use tokio::time::timeout;

/// How long a test waits for what must happen.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// How long a test watches for what must not happen.
pub const QUIET: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Now {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("the clock is set");
        let ms = since.as_millis() as u64;
        Now {
            unix: UnixMs(ms),
            mono_ms: ms,
        }
    }
}

pub fn now() -> UnixMs {
    MachineClock.now().unix
}

pub fn topic(name: &str) -> Arc<TopicKeys> {
    Arc::new(TopicKeys::public(name.parse().expect("a valid name")))
}

/// A key that no other node of this process has.
pub fn fresh_secret() -> [u8; 32] {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let mut secret = [0x5a; 32];
    secret[0] = NEXT.fetch_add(1, Ordering::Relaxed);
    secret[1..5].copy_from_slice(&std::process::id().to_be_bytes());
    secret
}

pub async fn start(config: NetworkConfig) -> Network {
    let started = Network::start(&fresh_secret(), config, Vec::new(), Arc::new(MachineClock)).await;
    started.expect("loopback is there")
}

pub async fn node() -> Network {
    start(NetworkConfig::loopback()).await
}

/// Where a node listens.
pub async fn addresses(network: &Network) -> Vec<PeerAddress> {
    network
        .status()
        .await
        .listen
        .into_iter()
        .map(PeerAddress::Ip)
        .collect()
}

/// Dials `to` for the topic as somebody who knows that it is a member.
pub async fn dial(
    from: &Network,
    keys: &TopicKeys,
    to: &Network,
) -> Result<kukuri_application::ports::DialReport, NetworkError> {
    from.dial(keys.id, to.local_peer(), addresses(to).await, true)
        .await
}

pub async fn next(link: &mut TopicLink) -> NetworkEvent {
    let event = timeout(DEADLINE, link.events.recv()).await;
    event
        .expect("something happens in time")
        .expect("the link is open")
}

/// Waits until `peer` is a neighbour and says whether it opened the connection.
pub async fn neighbour_up(link: &mut TopicLink, peer: &Network) -> bool {
    loop {
        match next(link).await {
            NetworkEvent::NeighborUp { peer: up, inbound } if up == peer.local_peer() => {
                return inbound;
            }
            NetworkEvent::NeighborUp { .. } | NetworkEvent::Message { .. } => {}
            other => panic!("unexpected: {other:?}"),
        }
    }
}

pub async fn neighbour_down(link: &mut TopicLink, peer: &Network) {
    loop {
        match next(link).await {
            NetworkEvent::NeighborDown(down) if down == peer.local_peer() => return,
            other => drop(other),
        }
    }
}

pub async fn message(link: &mut TopicLink) -> (PeerId, Vec<u8>) {
    loop {
        match next(link).await {
            NetworkEvent::Message { from, payload, .. } => return (from, payload.to_vec()),
            NetworkEvent::NeighborUp { .. } => {}
            other => panic!("unexpected: {other:?}"),
        }
    }
}

pub async fn call(link: &mut TopicLink) -> SyncCall {
    loop {
        if let NetworkEvent::Call(call) = next(link).await {
            return call;
        }
    }
}

/// Answers every call on a link from a fixed list.
pub async fn answer_one(link: &mut TopicLink, answer: SyncAnswer) -> SyncCall {
    let mut taken = call(link).await;
    let (unused, _) = tokio::sync::oneshot::channel();
    let reply = std::mem::replace(&mut taken.reply, unused);
    reply.send(answer).expect("the asker waits");
    taken
}

/// Two nodes that are neighbours in a topic; `b` dialled.
pub async fn pair(name: &str) -> ((Network, TopicLink), (Network, TopicLink), Arc<TopicKeys>) {
    let keys = topic(name);
    let (a, b) = (node().await, node().await);
    let mut at_a = a.join(keys.clone()).await.expect("open");
    let mut at_b = b.join(keys.clone()).await.expect("open");
    dial(&b, &keys, &a).await.expect("reachable");
    assert!(neighbour_up(&mut at_a, &b).await);
    assert!(!neighbour_up(&mut at_b, &a).await);
    ((a, at_a), (b, at_b), keys)
}

/// An event that looks like one; its signature is nobody's.
pub fn event(n: u8, content_bytes: usize) -> SignedEvent {
    let wire = WireEvent {
        id: EventId([n; 32]),
        author: AuthorId([0x79; 32]),
        created_at: 1_700_000_000 + u64::from(n),
        kind: 1,
        tags: vec![vec!["t".into(), "lobby".into()]],
        content: "x".repeat(content_bytes),
        sig_r: [1; 32],
        sig_s: [2; 32],
    };
    wire.into_signed().expect("within the limits")
}

/// A peer that speaks raw QUIC.
pub async fn raw_peer(alpns: &[&[u8]]) -> Endpoint {
    raw_peer_with(alpns, QuicTransportConfig::default()).await
}

/// One that lets others send no more on a stream than this before it has read it.
pub async fn raw_peer_with_window(alpns: &[&[u8]], bytes: u32) -> Endpoint {
    let config = QuicTransportConfig::builder().stream_receive_window(bytes.into());
    raw_peer_with(alpns, config.build()).await
}

async fn raw_peer_with(alpns: &[&[u8]], config: QuicTransportConfig) -> Endpoint {
    Endpoint::builder(presets::Minimal)
        .transport_config(config)
        .clear_ip_transports()
        .bind_addr("127.0.0.1:0")
        .expect("an address")
        .portmapper_config(PortmapperConfig::Disabled)
        .alpns(alpns.iter().map(|alpn| alpn.to_vec()).collect())
        .bind()
        .await
        .expect("loopback is there")
}

/// A node that joined a topic, and a raw peer that claims to speak a protocol.
pub async fn node_and_liar(alpn: &[u8]) -> (Network, TopicLink, Arc<TopicKeys>, Endpoint) {
    let keys = topic("lobby");
    let node = node().await;
    let link = node.join(keys.clone()).await.expect("open");
    (node, link, keys, raw_peer(&[alpn]).await)
}

pub fn raw_addr(network: &Network, listen: &[PeerAddress]) -> EndpointAddr {
    let id = iroh::EndpointId::from_bytes(&network.local_peer().0).expect("a key");
    let ips = listen.iter().filter_map(|address| match address {
        PeerAddress::Ip(addr) => Some(iroh::TransportAddr::Ip(*addr)),
        PeerAddress::Relay(_) => None,
    });
    EndpointAddr::from_parts(id, ips)
}

pub fn raw_id(endpoint: &Endpoint) -> (PeerId, Vec<PeerAddress>) {
    let listen = endpoint
        .bound_sockets()
        .into_iter()
        .map(PeerAddress::Ip)
        .collect();
    (PeerId(*endpoint.id().as_bytes()), listen)
}
