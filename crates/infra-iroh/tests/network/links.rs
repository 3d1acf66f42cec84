//! Joining, dialling, messages, leaving.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt as _;
use kukuri_application::ports::{DialReport, NetworkError, NetworkEvent, TopicNetwork as _};
use kukuri_domain::{PeerAddress, PeerId, limits::GOSSIP_PAYLOAD_BYTES_MAX, peer::PathKind};
use kukuri_infra_iroh::{Network, NetworkConfig};
use tokio::time::timeout;

use crate::support::{
    DEADLINE, QUIET, addresses, dial, fresh_secret, message, neighbour_down, neighbour_up, next,
    node, pair, raw_id, raw_peer, start, topic,
};

#[tokio::test]
async fn a_dial_makes_neighbours_and_says_who_dialled() {
    let keys = topic("lobby");
    let (a, b) = (node().await, node().await);
    let mut at_a = a.join(keys.clone()).await.expect("open");
    let mut at_b = b.join(keys.clone()).await.expect("open");
    let report = dial(&b, &keys, &a).await.expect("reachable");
    assert_eq!(
        report,
        DialReport::Asked {
            addresses: addresses(&a).await
        }
    );
    assert!(neighbour_up(&mut at_a, &b).await);
    assert!(!neighbour_up(&mut at_b, &a).await);
    let paths = b.paths(vec![a.local_peer(), PeerId([0; 32])]).await;
    assert_eq!(paths[0].kind, PathKind::Lan);
    assert!(paths[0].rtt_ms.is_some_and(|rtt_ms| rtt_ms < 1_000));
    assert_eq!(paths[0].addresses, addresses(&a).await);
    assert_eq!(paths[1].kind, PathKind::None);
    assert_eq!(a.status().await.addresses, addresses(&a).await);
}

#[tokio::test]
async fn messages_reach_members_through_others() {
    let ((a, _at_a), (b, mut at_b), keys) = pair("lobby").await;
    let c = node().await;
    let mut at_c = c.join(keys.clone()).await.expect("open");
    dial(&c, &keys, &b).await.expect("reachable");
    neighbour_up(&mut at_c, &b).await;
    neighbour_up(&mut at_b, &c).await;
    a.broadcast(keys.id, Bytes::from_static(b"to all"))
        .await
        .expect("fits");
    assert_eq!(message(&mut at_b).await.1, b"to all");
    assert_eq!(message(&mut at_c).await.1, b"to all");
    b.broadcast_neighbours(keys.id, Bytes::from_static(b"near"))
        .await
        .expect("fits");
    let (from, payload) = message(&mut at_c).await;
    assert_eq!((from, &payload[..]), (b.local_peer(), &b"near"[..]));
}

#[tokio::test]
async fn the_largest_message_arrives_and_a_larger_one_is_refused() {
    let ((a, _at_a), (_b, mut at_b), keys) = pair("lobby").await;
    let largest = Bytes::from(vec![7; GOSSIP_PAYLOAD_BYTES_MAX]);
    a.broadcast(keys.id, largest.clone()).await.expect("fits");
    assert_eq!(message(&mut at_b).await.1, largest);
    // Other bytes: gossip takes a message with the same ones for a duplicate.
    let near = Bytes::from(vec![8; GOSSIP_PAYLOAD_BYTES_MAX]);
    a.broadcast_neighbours(keys.id, near.clone())
        .await
        .expect("fits");
    assert_eq!(message(&mut at_b).await.1, near);
    let error = a
        .broadcast(keys.id, vec![7; GOSSIP_PAYLOAD_BYTES_MAX + 1].into())
        .await;
    assert!(matches!(error, Err(NetworkError::TooLarge(_))), "{error:?}");
    a.broadcast(keys.id, Bytes::from_static(b"after"))
        .await
        .expect("fits");
    assert_eq!(message(&mut at_b).await.1, b"after");
}

#[tokio::test]
async fn a_dial_before_the_other_joined_is_lost_and_works_when_repeated() {
    let keys = topic("lobby");
    let (a, b) = (node().await, node().await);
    let mut at_b = b.join(keys.clone()).await.expect("open");
    for _ in 0..3 {
        let report = dial(&b, &keys, &a).await.expect("reachable");
        assert!(matches!(report, DialReport::Asked { .. }));
    }
    let quiet = timeout(QUIET, at_b.events.recv()).await;
    assert!(quiet.is_err(), "nobody is in the topic yet: {quiet:?}");
    let mut at_a = a.join(keys.clone()).await.expect("open");
    dial(&b, &keys, &a).await.expect("reachable");
    neighbour_up(&mut at_a, &b).await;
    neighbour_up(&mut at_b, &a).await;
    a.broadcast(keys.id, Bytes::from_static(b"hi"))
        .await
        .expect("fits");
    assert_eq!(message(&mut at_b).await.1, b"hi");
}

#[tokio::test]
async fn a_repeated_dial_over_the_same_connection_asks_again() {
    let keys = topic("lobby");
    let (a, b) = (node().await, node().await);
    let _at_b = b.join(keys.clone()).await.expect("open");
    let mut other_at_b = b.join(topic("other")).await.expect("open");
    let mut other_at_a = a.join(topic("other")).await.expect("open");
    dial(&b, &topic("other"), &a).await.expect("reachable");
    neighbour_up(&mut other_at_a, &b).await;
    neighbour_up(&mut other_at_b, &a).await;
    // The connection of the other topic is used; asked in vain over it, a new one is opened, and
    // the neighbours in the other topic notice nothing of that.
    let mut at_a = None;
    for attempt in 0..4 {
        if attempt == 2 {
            at_a = Some(a.join(keys.clone()).await.expect("open"));
        }
        dial(&b, &keys, &a).await.expect("reachable");
    }
    neighbour_up(at_a.as_mut().expect("joined above"), &b).await;
    b.broadcast(topic("other").id, Bytes::from_static(b"still here"))
        .await
        .expect("fits");
    assert_eq!(message(&mut other_at_a).await.1, b"still here");
}

#[tokio::test]
async fn whoever_dials_at_the_same_time_become_neighbours() {
    let keys = topic("lobby");
    for _ in 0..5 {
        let (a, b) = (node().await, node().await);
        let mut at_a = a.join(keys.clone()).await.expect("open");
        let mut at_b = b.join(keys.clone()).await.expect("open");
        let (from_a, from_b) = tokio::join!(dial(&a, &keys, &b), dial(&b, &keys, &a));
        assert!(from_a.is_ok() && from_b.is_ok());
        neighbour_up(&mut at_a, &b).await;
        neighbour_up(&mut at_b, &a).await;
        a.broadcast(keys.id, Bytes::from_static(b"1"))
            .await
            .expect("fits");
        b.broadcast(keys.id, Bytes::from_static(b"2"))
            .await
            .expect("fits");
        assert_eq!(message(&mut at_b).await.1, b"1");
        assert_eq!(message(&mut at_a).await.1, b"2");
        tokio::join!(a.shutdown(), b.shutdown());
    }
}

#[tokio::test]
async fn the_unreachable_fail_in_bounded_time_and_say_why() {
    let keys = topic("lobby");
    let a = node().await;
    let _at_a = a.join(keys.clone()).await.expect("open");
    let gone = node().await;
    let (peer, at) = (gone.local_peer(), addresses(&gone).await);
    gone.shutdown().await;
    let unknown = a
        .dial(keys.id, peer, vec![], true)
        .await
        .expect_err("no address");
    assert!(
        matches!(&unknown, NetworkError::Unreachable { .. }),
        "{unknown:?}"
    );
    assert!(
        unknown.to_string().contains("no address is known"),
        "{unknown}"
    );
    let started = Instant::now();
    let dead = a
        .dial(keys.id, peer, at, true)
        .await
        .expect_err("nobody there");
    assert!(matches!(&dead, NetworkError::Unreachable { peer: named, .. } if *named == peer));
    assert!(dead.to_string().contains("no answer"), "{dead}");
    assert!(started.elapsed() < Duration::from_secs(12));
    let itself = dial(&a, &keys, &a).await.expect_err("not possible");
    assert!(itself.to_string().contains("it is this node"), "{itself}");
}

#[tokio::test]
async fn a_peer_that_was_dead_is_reached_when_it_is_back() {
    let keys = topic("lobby");
    let secret = fresh_secret();
    let a = node().await;
    let mut at_a = a.join(keys.clone()).await.expect("open");
    let clock = std::sync::Arc::new(crate::support::MachineClock);
    let config = NetworkConfig::loopback();
    let b = Network::start(&secret, config.clone(), vec![], clock.clone())
        .await
        .expect("free");
    let _at_b = b.join(keys.clone()).await.expect("open");
    dial(&a, &keys, &b).await.expect("reachable");
    neighbour_up(&mut at_a, &b).await;
    b.shutdown().await;
    neighbour_down(&mut at_a, &b).await;
    let again = Network::start(&secret, config, vec![], clock)
        .await
        .expect("free");
    let mut at_again = again.join(keys.clone()).await.expect("open");
    dial(&a, &keys, &again)
        .await
        .expect("reachable at its new port");
    neighbour_up(&mut at_a, &again).await;
    neighbour_up(&mut at_again, &a).await;
}

#[tokio::test]
async fn dropping_the_link_or_leaving_tells_the_neighbours() {
    let ((a, mut at_a), (b, at_b), keys) = pair("lobby").await;
    drop(at_b);
    neighbour_down(&mut at_a, &b).await;
    let mut at_b = b.join(keys.clone()).await.expect("open");
    dial(&b, &keys, &a).await.expect("reachable");
    neighbour_up(&mut at_a, &b).await;
    neighbour_up(&mut at_b, &a).await;
    b.leave(keys.id).await.expect("open");
    neighbour_down(&mut at_a, &b).await;
    let ended = timeout(DEADLINE, async {
        while at_b.events.recv().await.is_some() {}
    })
    .await;
    assert!(ended.is_ok(), "the link ends when the topic is left");
    let error = b.broadcast(keys.id, Bytes::new()).await;
    assert!(matches!(error, Err(NetworkError::NotJoined)), "{error:?}");
    b.leave(keys.id).await.expect("leaving twice does nothing");
}

#[tokio::test]
async fn a_slow_engine_loses_messages_but_no_neighbour() {
    let ((a, _at_a), (b, mut at_b), keys) = pair("lobby").await;
    let sent = 3_000_u32;
    for n in 0..sent {
        a.broadcast(keys.id, Bytes::copy_from_slice(&n.to_be_bytes()))
            .await
            .expect("fits");
        if n % 100 == 99 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let c = node().await;
    let mut at_c = c.join(keys.clone()).await.expect("open");
    dial(&c, &keys, &b).await.expect("reachable");
    neighbour_up(&mut at_c, &b).await;
    let (mut messages, mut lagged) = (0, 0);
    loop {
        match next(&mut at_b).await {
            NetworkEvent::Message { .. } => messages += 1,
            NetworkEvent::Lagged => lagged += 1,
            NetworkEvent::NeighborUp { peer, .. } if peer == c.local_peer() => break,
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert!(messages < sent && messages >= 1_000, "{messages} of {sent}");
    assert!(lagged >= 1, "the loss is told");
    c.broadcast(keys.id, Bytes::from_static(b"after"))
        .await
        .expect("fits");
    loop {
        match next(&mut at_b).await {
            NetworkEvent::Message { payload, .. } if &payload[..] == b"after" => break,
            other => drop(other),
        }
    }
}

#[tokio::test]
async fn a_stock_peer_that_does_not_meet_is_dialled_in_a_public_topic() {
    let keys = topic("lobby");
    let stock = raw_peer(&[]).await;
    let gossip = iroh_gossip::Gossip::builder().spawn(stock.clone());
    let _router = iroh::protocol::Router::builder(stock.clone())
        .accept(iroh_gossip::ALPN, gossip.clone())
        .spawn();
    let mut at_stock = gossip
        .subscribe(keys.id.0.into(), vec![])
        .await
        .expect("open");
    let a = node().await;
    let mut at_a = a.join(keys.clone()).await.expect("open");
    let (peer, at) = raw_id(&stock);
    let report = a.dial(keys.id, peer, at, false).await.expect("reachable");
    assert!(matches!(report, DialReport::Asked { .. }));
    timeout(DEADLINE, at_stock.joined())
        .await
        .expect("in time")
        .expect("open");
    assert!(matches!(
        next(&mut at_a).await,
        NetworkEvent::NeighborUp { inbound: false, .. }
    ));
    at_stock
        .broadcast(Bytes::from_static(b"from stock"))
        .await
        .expect("open");
    assert_eq!(message(&mut at_a).await.1, b"from stock");
    let error = a.call(keys.id, peer, newest(), crate::support::now()).await;
    assert!(
        matches!(error, Err(NetworkError::Protocol { .. })),
        "{error:?}"
    );
}

fn newest() -> kukuri_application::ports::SyncRequest {
    kukuri_application::ports::SyncRequest::Newest {
        n: 10,
        before: None,
    }
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let a = node().await;
    let [PeerAddress::Ip(taken)] = addresses(&a).await[..] else {
        panic!("one socket")
    };
    let config = NetworkConfig {
        bind: vec![taken],
        ..NetworkConfig::loopback()
    };
    let clock = std::sync::Arc::new(crate::support::MachineClock);
    let error = Network::start(&fresh_secret(), config, vec![], clock).await;
    let error = error.expect_err("the port is taken");
    assert!(
        matches!(error, NetworkError::PortTaken { port } if port == taken.port()),
        "{error:?}"
    );
}

#[tokio::test]
async fn shutdown_is_quick_tells_the_neighbours_and_closes_everything() {
    let ((a, mut at_a), (b, mut at_b), keys) = pair("lobby").await;
    let started = Instant::now();
    b.shutdown().await;
    assert!(
        started.elapsed() < Duration::from_millis(2_500),
        "{:?}",
        started.elapsed()
    );
    neighbour_down(&mut at_a, &b).await;
    let ended = timeout(DEADLINE, async {
        while at_b.events.recv().await.is_some() {}
    })
    .await;
    assert!(ended.is_ok(), "the link ends with the network");
    assert!(matches!(
        b.join(keys.clone()).await,
        Err(NetworkError::Closed)
    ));
    assert!(matches!(
        dial(&b, &keys, &a).await,
        Err(NetworkError::Closed)
    ));
    b.shutdown().await;
    let [PeerAddress::Ip(listen)] = addresses(&a).await[..] else {
        panic!("one socket")
    };
    a.shutdown().await;
    drop((a, at_a));
    let freed = async {
        while std::net::UdpSocket::bind(listen).is_err() {
            tokio::task::yield_now().await;
        }
    };
    assert!(
        timeout(DEADLINE, freed).await.is_ok(),
        "the socket is free again"
    );
}

#[tokio::test]
async fn mdns_that_is_off_says_so() {
    use futures_util::StreamExt as _;
    use kukuri_application::ports::{PeerSource as _, Query, SourceError};
    let a = start(NetworkConfig::loopback()).await;
    let source = a.mdns_source();
    let query = Query {
        topic: topic("lobby"),
        now: crate::support::now(),
        timeout_ms: 1,
    };
    let found = source.find(query).next().await.expect("an answer");
    assert!(
        matches!(found, Err(SourceError::Unavailable(_))),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_dial_to_somebody_who_is_gone_does_not_hold_up_the_shutdown() {
    let keys = topic("lobby");
    let (a, gone) = (node().await, node().await);
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = PeerAddress::Ip(silent.local_addr().expect("bound"));
    let _at_a = a.join(keys.clone()).await.expect("open");
    let dialling = tokio::spawn({
        let (a, peer) = (a.clone(), gone.local_peer());
        async move { a.dial(keys.id, peer, vec![address], true).await }
    });
    let first = timeout(DEADLINE, silent.recv(&mut [0; 2_048])).await;
    first.expect("in time").expect("a packet of the handshake");
    let started = Instant::now();
    a.shutdown().await;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    dialling
        .await
        .expect("no panic")
        .expect_err("nobody is there");
    // It is told when a successor is not refused in its place.
    let (closed, now) = (timeout(DEADLINE, a.closed()), a.closed().now_or_never());
    assert!(now.is_none(), "the handshake cannot have ended yet");
    closed.await.expect("in time");
}
