//! Nodes over the application's fakes: what the client answers, and how a node stops.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt as _;
use kukuri_application::{
    discovery::ConfiguredPeersSource,
    ports::{Clock, PeerSource, TopicNetwork as _},
    testing::{
        book::MemoryBook,
        clock::TokioClock,
        network::{Hub, Reach, Request, address_of},
        store::{MemoryStore, StoreFault},
        vault::FakeIdentity,
    },
    views::TopicEvent,
};
use kukuri_domain::{PeerId, TopicName, UnixMs, limits::EVENT_BYTES_MAX, peer::PeerSpec};

use super::*;
use crate::{
    client::{ClientError, Code, ReadQuery},
    watch::{Reading, run},
};

const START: UnixMs = UnixMs(1_795_252_400_000);

/// Longest that anything here may take; the clock is paused, so a failure costs no time.
const PATIENCE: Duration = Duration::from_secs(60);

struct Fixture {
    ports: Ports,
    node: Node,
    store: Arc<MemoryStore>,
    network: Arc<kukuri_application::testing::network::FakeNetwork>,
}

fn fixture(hub: &Hub, number: u8, manual: Vec<PeerSpec>) -> Fixture {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock::new(START));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let network = hub.network(PeerId([number; 32]));
    let sources: Vec<Arc<dyn PeerSource>> = vec![Arc::new(ConfiguredPeersSource::manual(manual))];
    let ports = Ports {
        store: store.clone(),
        book: Arc::new(MemoryBook::default()),
        network: network.clone(),
        sources,
        identity: Arc::new(FakeIdentity::from_seed(u64::from(number))),
        clock,
    };
    let parts = Parts {
        ports: ports.clone(),
        settings: engine::Settings {
            seed: Some(1),
            ..engine::Settings::default()
        },
        key_store: KeyStore::Memory,
        profile: "default".to_owned(),
        home: "~/kukuri".to_owned(),
        version: "1.2.3",
        lock: None,
    };
    Fixture {
        ports,
        node: Node::start(parts),
        store,
        network,
    }
}

fn spec(number: u8) -> PeerSpec {
    let peer = PeerId([number; 32]);
    PeerSpec {
        peer,
        addresses: vec![address_of(peer)],
    }
}

fn lobby() -> TopicName {
    "lobby".parse().expect("a name")
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what)
        .await
        .expect("it happens in time")
}

#[tokio::test(start_paused = true)]
async fn a_post_reaches_the_other_node_and_its_state_comes_back() {
    let hub = Hub::new();
    let (a, b) = (fixture(&hub, 1, vec![]), fixture(&hub, 2, vec![spec(1)]));
    let (alice, bob) = (a.node.client(), b.node.client());
    alice.join(&lobby()).await.expect("joined");
    let mut at_alice = alice.subscribe(&lobby()).await.expect("joined");
    bob.join(&lobby()).await.expect("joined");
    let mut at_bob = bob.subscribe(&lobby()).await.expect("joined");

    let joined =
        async { while !matches!(at_alice.next().await, Some(TopicEvent::PeerJoined { .. })) {} };
    within(joined).await;
    let posted = alice.post(&lobby(), "hello").await.expect("stored");
    assert_eq!(posted.state.sent_to, 1);
    let received = async {
        loop {
            if let Some(TopicEvent::Post { post, .. }) = at_bob.next().await {
                return post.event;
            }
        }
    };
    assert_eq!(within(received).await, posted.event);
    let held = async {
        loop {
            if let Some(TopicEvent::PostState { id, state }) = at_alice.next().await
                && state.held_by == 1
            {
                return id;
            }
        }
    };
    assert_eq!(within(held).await, posted.event.id());
    let read = bob
        .read(&ReadQuery::newest(lobby(), 10))
        .await
        .expect("readable")
        .posts;
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].author.pubkey, alice.author());
    let peers = bob.peers(&lobby()).await.expect("joined");
    assert_eq!(peers.len(), 1);
    assert_eq!(peers[0].id, alice.peer_id());
    let explain = bob.explain(&lobby()).await.expect("joined");
    assert_eq!(explain.topic.neighbours, 1);
}

#[tokio::test(start_paused = true)]
async fn status_tells_about_node_and_topics() {
    let fixture = fixture(&Hub::new(), 1, vec![]);
    let client = fixture.node.client();
    client.join(&lobby()).await.expect("joined");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let status = client.status().await.expect("running");
    assert_eq!(status.version, "1.2.3");
    assert_eq!(status.peer_id, PeerId([1; 32]));
    assert_eq!(status.key_store, KeyStore::Memory);
    assert!(status.uptime_ms >= 1_500);
    assert_eq!(status.topics.len(), 1);
    assert_eq!(status.topics[0].name, lobby());
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_not_joined_is_named() {
    let fixture = fixture(&Hub::new(), 1, vec![]);
    let client = fixture.node.client();
    let check = |error: ClientError| {
        assert_eq!(error.code, Code::NotJoined);
        assert_eq!(error.code.as_str(), "not_joined");
        assert_eq!(error.to_string(), "#lobby is not joined");
        assert_eq!(
            error.hint.as_deref(),
            Some("join it first: kukuri topic join lobby")
        );
    };
    check(client.post(&lobby(), "x").await.expect_err("not joined"));
    check(
        client
            .read(&ReadQuery::newest(lobby(), 1))
            .await
            .expect_err("not joined"),
    );
    check(
        client
            .subscribe(&lobby())
            .await
            .map(drop)
            .expect_err("not joined"),
    );
    check(client.peers(&lobby()).await.expect_err("not joined"));
    check(client.explain(&lobby()).await.expect_err("not joined"));
    check(client.leave(&lobby()).await.expect_err("not joined"));
    client.join(&lobby()).await.expect("joined");
    assert!(client.leave(&lobby()).await.expect("left"));
    check(client.post(&lobby(), "x").await.expect_err("left"));
}

#[tokio::test(start_paused = true)]
async fn a_post_that_is_empty_or_too_long_is_refused_and_nothing_stored() {
    let fixture = fixture(&Hub::new(), 1, vec![]);
    let client = fixture.node.client();
    client.join(&lobby()).await.expect("joined");
    let empty = client.post(&lobby(), "  \n").await.expect_err("empty");
    assert_eq!(empty.code, Code::Empty);
    for bytes in [EVENT_BYTES_MAX, EVENT_BYTES_MAX + 1] {
        let error = client
            .post(&lobby(), &"x".repeat(bytes))
            .await
            .expect_err("too long");
        assert_eq!(error.code, Code::TooLong, "{error}");
        assert!(error.to_string().contains("131072"), "{error}");
    }
    assert!(
        client
            .read(&ReadQuery::newest(lobby(), 10))
            .await
            .expect("readable")
            .posts
            .is_empty()
    );
    client
        .post(&lobby(), &"x".repeat(100_000))
        .await
        .expect("long, but possible");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_told_and_the_node_lives() {
    let fixture = fixture(&Hub::new(), 1, vec![]);
    let client = fixture.node.client();
    client.join(&lobby()).await.expect("joined");
    fixture.store.set_fault(Some(StoreFault::DiskFull));
    let error = client
        .post(&lobby(), "x")
        .await
        .expect_err("the disk is full");
    assert_eq!(error.code, Code::DiskFull);
    assert!(error.hint.is_some());
    fixture.store.set_fault(None);
    client
        .post(&lobby(), "y")
        .await
        .expect("there is room again");
}

#[tokio::test(start_paused = true)]
async fn stopping_leaves_the_topics_closes_everything_and_answers_late_calls() {
    let fixture = fixture(&Hub::new(), 1, vec![]);
    let client = fixture.node.client();
    client.join(&lobby()).await.expect("joined");
    let mut events = client.subscribe(&lobby()).await.expect("joined");
    let started = Instant::now();
    fixture.node.shutdown().await.expect("a clean stop");
    assert!(started.elapsed() <= SHUTDOWN_MAX);
    let ended = async { while events.next().await.is_some() {} };
    within(ended).await;
    let error = client.join(&lobby()).await.expect_err("stopped");
    assert_eq!(error.code, Code::Closed);
    let topic = kukuri_domain::TopicKeys::public(lobby());
    assert!(
        fixture.network.join(Arc::new(topic)).await.is_err(),
        "the network is closed"
    );
}

/// A node whose only peer does not answer, and the number of its dials after `wait`.
async fn lonely(hub: &Hub, wait: Duration) -> (Fixture, usize) {
    hub.set_reach(PeerId([2; 32]), Reach::Dead);
    let lonely = fixture(hub, 1, vec![spec(2)]);
    lonely.node.client().join(&lobby()).await.expect("joined");
    tokio::time::sleep(wait).await;
    let dials = hub.dials(PeerId([1; 32])).len();
    (lonely, dials)
}

#[tokio::test(start_paused = true)]
async fn after_a_sleep_the_network_is_renewed_and_members_are_looked_for_at_once() {
    let hub = Hub::new();
    let (lonely, dials) = lonely(&hub, Duration::from_secs(300)).await;
    let slept_ms = Arc::new(AtomicU64::new(0));
    let reads = slept_ms.clone();
    let clock = lonely.ports.clock.clone();
    let read = move || Reading {
        now: clock.now(),
        slept_ms: Some(reads.load(Ordering::Relaxed)),
    };
    let mut watch = JoinSet::new();
    watch.spawn(run(
        lonely.ports.network.clone(),
        lonely.node.engine.clone(),
        futures_util::stream::pending().boxed(),
        read,
    ));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!hub.requests(PeerId([1; 32])).contains(&Request::Renew));

    slept_ms.store(60_000, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(3)).await;

    assert!(hub.requests(PeerId([1; 32])).contains(&Request::Renew));
    assert!(
        hub.dials(PeerId([1; 32])).len() > dials,
        "not within 3 s of the end of the sleep"
    );
    lonely.node.shutdown().await.expect("it stops");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_network_is_passed_on_and_its_end_ends_nothing() {
    let hub = Hub::new();
    let (lonely, dials) = lonely(&hub, Duration::from_secs(300)).await;
    let clock = lonely.ports.clock.clone();
    let read = move || Reading {
        now: clock.now(),
        slept_ms: Some(0),
    };
    let mut watch = JoinSet::new();
    watch.spawn(run(
        lonely.ports.network.clone(),
        lonely.node.engine.clone(),
        futures_util::stream::iter([()]).boxed(),
        read,
    ));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(hub.dials(PeerId([1; 32])).len() > dials);
    assert!(
        !hub.requests(PeerId([1; 32])).contains(&Request::Renew),
        "the network knows already"
    );
    assert!(watch.try_join_next().is_none(), "it goes on watching");
    lonely.node.shutdown().await.expect("it stops");
}
