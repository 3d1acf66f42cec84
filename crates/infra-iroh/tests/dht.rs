//! The DHT modules on a real private DHT: every socket is real, every node is ours.
//!
//! The DHT crate binds 0.0.0.0; only loopback addresses are ever used. Times are printed, limits
//! are wide enough for a busy machine.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use distributed_topic_tracker::{
    Config, EncryptedRecord, GossipRecordContent, RecordPublisher, RotationHandle, TopicId,
    encryption_keypair, salt, signing_keypair,
};
use futures_util::StreamExt;
use iroh::address_lookup::{AddrFilter, AddressLookup, EndpointData, UserData};
use iroh::{SecretKey, TransportAddr};
use iroh_mainline_address_lookup::DhtAddressLookup as ReferenceLookup;
use kukuri_application::ports::{
    Announced, Announcement, Candidate, PeerSource, Query, SourceError,
};
use kukuri_domain::{PeerId, TopicKeys, UnixMs};
use kukuri_infra_iroh::dht::{
    AddressLookupConfig, DhtAddressLookup, DhtClient, DhtConfig, DhtError, DhtSource, PublishError,
    PublishedAddresses, PutQueueError, PutRate, SlotKeys, SlotRecord, SlotTracker, TrackerPolicy,
    decode_record, encode_record,
};
use kukuri_infra_iroh::testnet::PrivateDht;
use n0_mainline::{Dht, MutableItem};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

const TIMEOUT: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(20);
const TOPIC: [u8; 32] = [0x11; 32];
const SECRET: [u8; 32] = [0x22; 32];
const MINUTE: u64 = 29_000_000;

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_bytes(&[seed; 32])
}

fn config(dht: &PrivateDht) -> DhtConfig {
    DhtConfig {
        bootstrap: dht.bootstrap(),
        known_nodes: Vec::new(),
    }
}

fn client(dht: &PrivateDht) -> DhtClient {
    DhtClient::start(config(dht), &CancellationToken::new())
}

fn tracker(dht: &PrivateDht, seed: u8) -> SlotTracker {
    tracker_on(client(dht), seed, PutRate::default())
}

fn tracker_on(client: DhtClient, seed: u8, rate: PutRate) -> SlotTracker {
    let policy = TrackerPolicy {
        rate,
        ..TrackerPolicy::default()
    };
    SlotTracker::new(client, secret(seed), policy, &CancellationToken::new())
}

/// Asks again until `check` says yes; fails after [`DEADLINE`].
async fn until<F: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> F) -> Duration {
    let started = Instant::now();
    while !check().await {
        assert!(
            started.elapsed() < DEADLINE,
            "{what}: not within {DEADLINE:?}"
        );
        sleep(Duration::from_millis(20)).await;
    }
    started.elapsed()
}

async fn first_record(tracker: &SlotTracker, minute: u64) -> Option<SlotRecord> {
    let mut records = tracker
        .slot_records(TOPIC, &SECRET, minute, TIMEOUT)
        .await
        .expect("the DHT is reachable");
    records
        .next()
        .await
        .map(|record| record.expect("nodes answer"))
}

#[tokio::test]
async fn a_record_is_found_by_another_client() {
    let dht = PrivateDht::start(30, None).await.expect("free ports");
    let started = Instant::now();
    let (writer, reader) = (tracker(&dht, 1), tracker(&dht, 2));
    reader.client().ready(TIMEOUT).await.expect("a DHT");
    let connected = started.elapsed();

    let neighbours = [secret(3).public(), secret(4).public()];
    let putting = Instant::now();
    writer
        .publish(TOPIC, &SECRET, MINUTE, &neighbours, TIMEOUT)
        .await
        .expect("nodes take it");
    let put = putting.elapsed();

    let getting = Instant::now();
    let record = first_record(&reader, MINUTE).await.expect("a record");
    let first = getting.elapsed();
    println!("30 nodes: connected {connected:?}, put {put:?}, first record {first:?}");
    assert_eq!(record.publisher, secret(1).public());
    assert_eq!(record.active_peers, neighbours);
    assert!(first < Duration::from_millis(500), "{first:?}");
    assert!(put < Duration::from_secs(2), "{put:?}");

    // The slot of another minute is empty, and the own record can be read back.
    assert_eq!(first_record(&reader, MINUTE + 1).await, None);
    let own = first_record(&writer, MINUTE).await.expect("the own record");
    assert_eq!(own.publisher, secret(1).public());
    assert_eq!(writer.stats().published, 1);
    assert_eq!(reader.stats().records, 1);
    assert_eq!(reader.stats().invalid, 0);
}

#[tokio::test]
async fn a_third_of_dead_nodes_costs_little() {
    let mut dht = PrivateDht::start(30, None).await.expect("free ports");
    let (writer, reader) = (tracker(&dht, 1), tracker(&dht, 2));
    writer.client().ready(TIMEOUT).await.expect("a DHT");
    reader.client().ready(TIMEOUT).await.expect("a DHT");
    assert_eq!(dht.kill(10), 10);

    let mut puts = Vec::new();
    let mut firsts = Vec::new();
    for minute in MINUTE..MINUTE + 5 {
        let putting = Instant::now();
        writer
            .publish(TOPIC, &SECRET, minute, &[], TIMEOUT)
            .await
            .expect("the living take it");
        puts.push(putting.elapsed());
        let getting = Instant::now();
        let record = first_record(&reader, minute).await.expect("a record");
        firsts.push(getting.elapsed());
        assert_eq!(record.publisher, secret(1).public());
    }
    println!("a third dead: puts {puts:?}, first records {firsts:?}");
    puts.sort();
    firsts.sort();
    assert!(puts[2] < Duration::from_millis(1_200), "{puts:?}");
    assert!(firsts[2] < Duration::from_millis(500), "{firsts:?}");
}

#[tokio::test]
async fn two_that_start_together_meet_in_a_slot() {
    let dht = PrivateDht::start(30, None).await.expect("free ports");
    let (a, b) = (tracker(&dht, 1), tracker(&dht, 2));
    let (put_a, put_b) = tokio::join!(
        a.publish(TOPIC, &SECRET, MINUTE, &[], TIMEOUT),
        b.publish(TOPIC, &SECRET, MINUTE, &[], TIMEOUT),
    );
    put_a.expect("nodes take it");
    put_b.expect("nodes take it");
    let (seen_by_a, seen_by_b) = tokio::join!(first_record(&a, MINUTE), first_record(&b, MINUTE));
    // A node keeps one value per slot: at least one of the two is seen by the other.
    assert!(seen_by_a.is_some() || seen_by_b.is_some());
}

#[tokio::test]
async fn a_bootstrap_node_that_appears_late_is_found() {
    let port = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
        .and_then(|socket| socket.local_addr())
        .expect("a free port")
        .port();
    let config = DhtConfig {
        bootstrap: vec![format!("localhost:{port}")],
        known_nodes: Vec::new(),
    };
    let client = DhtClient::start(config, &CancellationToken::new());
    let early = client.ready(Duration::from_secs(3)).await;
    assert!(matches!(early, Err(DhtError::NotReady(_))), "{early:?}");
    let status = client.status().await;
    assert!(!status.bootstrapped);
    assert!(status.last_error.is_some(), "{status:?}");

    let appeared = Instant::now();
    let _dht = PrivateDht::start(5, Some(port))
        .await
        .expect("the port is free");
    client.ready(DEADLINE).await.expect("it is there now");
    println!(
        "late bootstrap node: connected {:?} after it came",
        appeared.elapsed()
    );
    assert!(appeared.elapsed() < Duration::from_secs(6));
    let status = client.status().await;
    assert!(
        status.bootstrapped && status.last_error.is_none(),
        "{status:?}"
    );
}

#[tokio::test]
async fn remembered_nodes_are_enough_when_no_name_resolves() {
    let dht = PrivateDht::start(10, None).await.expect("free ports");
    let first = client(&dht);
    first.ready(TIMEOUT).await.expect("a DHT");
    until("a table", || async { first.known_nodes().await.len() > 3 }).await;
    let config = DhtConfig {
        bootstrap: vec!["nowhere.invalid:6881".to_owned()],
        known_nodes: first.known_nodes().await,
    };
    let started = Instant::now();
    let second = DhtClient::start(config, &CancellationToken::new());
    second
        .ready(TIMEOUT)
        .await
        .expect("remembered nodes answer");
    println!("by remembered nodes: connected {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(second.status().await.builds, 1);
}

/// A new network on the port of one that is just ending.
async fn restarted(port: u16) -> PrivateDht {
    let started = Instant::now();
    loop {
        match PrivateDht::start(8, Some(port)).await {
            Ok(dht) => return dht,
            Err(error) => assert!(started.elapsed() < DEADLINE, "{error}"),
        }
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_network_that_was_replaced_is_left_for_the_new_one() {
    let dht = PrivateDht::start(8, None).await.expect("free ports");
    let port: u16 = dht.bootstrap()[0]
        .rsplit(':')
        .next()
        // No number is no port, as the expectation says.
        .and_then(|port| port.parse().ok())
        .expect("host:port");
    let tracker = tracker(&dht, 1);
    tracker
        .publish(TOPIC, &SECRET, MINUTE, &[], TIMEOUT)
        .await
        .expect("stored");
    drop(dht);
    // All nodes in the table are dead; the client has to notice by itself.
    let dead = Instant::now();
    let mut records = tracker
        .slot_records(TOPIC, &SECRET, MINUTE + 9, TIMEOUT)
        .await
        .expect("it does not know yet");
    let outcome = records.next().await;
    assert!(
        matches!(outcome, Some(Err(DhtError::NoNodes))),
        "{outcome:?}"
    );
    println!("a dead network was noticed after {:?}", dead.elapsed());

    let _dht = restarted(port).await;
    let back = Instant::now();
    tracker
        .publish(TOPIC, &SECRET, MINUTE + 1, &[], DEADLINE)
        .await
        .expect("the new network takes it");
    println!("published {:?} after the new network came", back.elapsed());
    assert!(tracker.client().status().await.builds >= 2);
}

#[tokio::test]
async fn a_changed_network_brings_a_new_client_without_a_gap() {
    let dht = PrivateDht::start(8, None).await.expect("free ports");
    let client = client(&dht);
    client.ready(TIMEOUT).await.expect("a DHT");
    assert_eq!(client.status().await.builds, 1);
    client.network_changed();
    until("a second build", || async {
        let ready = client.ready(Duration::ZERO).await;
        assert!(ready.is_ok(), "the old one serves meanwhile");
        client.status().await.builds == 2
    })
    .await;
}

#[tokio::test]
async fn a_shut_down_client_gives_its_port_back() {
    let dht = PrivateDht::start(5, None).await.expect("free ports");
    let client = client(&dht);
    client.ready(TIMEOUT).await.expect("a DHT");
    let port = client.status().await.port.expect("it is open");
    assert!(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).is_err());
    client.shutdown();
    let ended = client.ready(TIMEOUT).await;
    assert!(matches!(ended, Err(DhtError::Closed)), "{ended:?}");
    until("the port to be free", || async {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
    })
    .await;
}

#[tokio::test]
async fn our_records_are_those_of_the_stock_crate() {
    // Only a reference for its derivations: it never reaches a network here.
    let stock = RecordPublisher::new(
        TopicId::from_hash(&TOPIC),
        secret(9).as_signing_key().clone(),
        None,
        SECRET.to_vec(),
        Config::default(),
    );
    let keys = SlotKeys::derive(TOPIC, &SECRET, MINUTE);
    let ours = encode_record(&keys, &secret(1), &[secret(2).public()]).expect("sizes fit");
    let encryption = encryption_keypair(
        stock.topic_id(),
        &RotationHandle::default(),
        stock.initial_secret_hash(),
        MINUTE,
    );
    let record = EncryptedRecord::from_bytes(ours)
        .and_then(|encrypted| encrypted.decrypt(&encryption))
        .expect("the stock crate reads it");
    record.verify(&TOPIC, MINUTE).expect("and trusts it");
    assert_eq!(record.pub_key(), *secret(1).public().as_bytes());
    let content: GossipRecordContent = record.content().expect("its own content type");
    assert_eq!(content.active_peers[0], *secret(2).public().as_bytes());
    assert_eq!(content.active_peers[1], [0; 32]);

    let content = GossipRecordContent {
        active_peers: [[0; 32]; 5],
        last_message_hashes: [[7; 32]; 5],
    };
    let theirs = stock
        .new_record(MINUTE, content)
        .and_then(|record| record.encrypt(&encryption).to_bytes())
        .expect("sizes fit");
    let read = decode_record(&theirs, &keys).expect("we read theirs");
    assert_eq!(read.publisher, secret(9).public());
    assert!(read.active_peers.is_empty());
}

#[tokio::test]
async fn the_source_finds_what_another_announced_in_any_of_three_minutes() {
    let dht = PrivateDht::start(20, None).await.expect("free ports");
    let topic = Arc::new(TopicKeys::public("rust".parse().expect("a name")));
    let source = DhtSource::new(tracker(&dht, 1));
    for (seed, minute) in [
        (2, MINUTE - 1),
        (3, MINUTE),
        (4, MINUTE + 1),
        (5, MINUTE + 2),
    ] {
        let announced = DhtSource::new(tracker(&dht, seed))
            .announce(Announcement {
                topic: Arc::clone(&topic),
                neighbours: vec![PeerId(*secret(1).public().as_bytes()), PeerId([9; 32])],
                minute,
                timeout_ms: 5_000,
            })
            .await
            .expect("stored");
        assert_eq!(announced, Announced::Published);
    }
    let query = |now| Query {
        topic: Arc::clone(&topic),
        now: UnixMs(now),
        timeout_ms: 5_000,
    };
    let started = Instant::now();
    let found: Vec<Candidate> = source
        .find(query(MINUTE * 60_000))
        .map(|candidate| candidate.expect("nodes answer"))
        .collect()
        .await;
    println!("three slots read to their ends in {:?}", started.elapsed());
    let of = |seed, minute| (PeerId(*secret(seed).public().as_bytes()), Some(minute));
    let seen: BTreeSet<_> = found
        .iter()
        .map(|found| (found.peer, found.minute))
        .collect();
    assert_eq!(
        seen,
        BTreeSet::from([of(2, MINUTE - 1), of(3, MINUTE), of(4, MINUTE + 1)])
    );
    assert!(found.iter().all(|found| found.is_member));

    // Nobody is left to answer: that is no empty slot.
    drop(dht);
    let failed: Vec<_> = source.find(query((MINUTE + 50) * 60_000)).collect().await;
    assert!(
        matches!(failed[..], [Err(SourceError::Unreachable(_))]),
        "{failed:?}"
    );
}

#[tokio::test]
async fn values_that_are_no_records_are_counted_and_passed_over() {
    let dht = PrivateDht::start(20, None).await.expect("free ports");
    let reader = tracker(&dht, 2);
    let vandal = Dht::builder()
        .bootstrap(&dht.bootstrap())
        .port(0)
        .build()
        .expect("a socket");
    assert!(vandal.bootstrapped().await.expect("runs"));

    // Whoever knows the topic id knows the slot's key, not the secret.
    let topic = TopicId::from_hash(&TOPIC);
    let slot = |minute, value: &[u8]| {
        let salt = salt(&topic, minute);
        MutableItem::new(
            &signing_keypair(&topic, minute),
            value,
            i64::MAX,
            Some(&salt),
        )
    };
    let other = SlotKeys::derive(TOPIC, &[0x77; 32], MINUTE);
    let foreign = encode_record(&other, &secret(9), &[]).expect("sizes fit");
    for (minute, value) in [
        (MINUTE, b"rubbish".to_vec()),
        (MINUTE + 1, vec![0xff; 900]),
        (MINUTE + 2, foreign),
    ] {
        vandal
            .put_mutable(slot(minute, &value), None)
            .await
            .expect("stored");
        assert_eq!(first_record(&reader, minute).await, None);
    }
    assert_eq!(
        reader.stats().invalid,
        3,
        "each value once, not once per node"
    );
    assert_eq!(reader.stats().records, 0);

    // The slot still works for members.
    let writer = tracker(&dht, 1);
    writer
        .publish(TOPIC, &SECRET, MINUTE, &[], TIMEOUT)
        .await
        .expect("stored");
    let record = first_record(&reader, MINUTE).await.expect("a record");
    assert_eq!(record.publisher, secret(1).public());
}

#[tokio::test]
async fn publishing_beyond_the_rate_is_refused_with_a_time() {
    let dht = PrivateDht::start(5, None).await.expect("free ports");
    let tracker = tracker_on(client(&dht), 1, PutRate { per_minute: 2 });
    for minute in [MINUTE, MINUTE + 1] {
        tracker
            .publish(TOPIC, &SECRET, minute, &[], TIMEOUT)
            .await
            .expect("within the rate");
    }
    let refused = tracker
        .publish(TOPIC, &SECRET, MINUTE + 2, &[], TIMEOUT)
        .await;
    match refused {
        Err(PublishError::Queue(PutQueueError::RateLimited { retry_after })) => {
            assert!(retry_after > Duration::from_secs(50), "{retry_after:?}");
        }
        other => panic!("{other:?}"),
    }
    // Another topic is not affected.
    tracker
        .publish([0x33; 32], &SECRET, MINUTE, &[], TIMEOUT)
        .await
        .expect("its own rate");
}

#[tokio::test]
async fn the_same_slot_put_twice_at_once_is_put_in_turn() {
    let dht = PrivateDht::start(10, None).await.expect("free ports");
    let tracker = tracker(&dht, 1);
    let neighbours = [secret(5).public()];
    let (first, second) = tokio::join!(
        tracker.publish(TOPIC, &SECRET, MINUTE, &[], TIMEOUT),
        tracker.publish(TOPIC, &SECRET, MINUTE, &neighbours, TIMEOUT),
    );
    first.expect("stored");
    second.expect("stored after the first, not refused as a conflict");
    let seen = until("a record", || async {
        first_record(&self::tracker(&dht, 2), MINUTE)
            .await
            .is_some()
    });
    println!("seen after {:?}", seen.await);
}

fn direct(port: u16) -> TransportAddr {
    TransportAddr::Ip(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

fn relay() -> TransportAddr {
    TransportAddr::Relay("https://relay.example.org".parse().expect("a valid URL"))
}

fn lookup(dht: &PrivateDht, seed: u8, published: PublishedAddresses) -> DhtAddressLookup {
    let config = AddressLookupConfig {
        published,
        ..AddressLookupConfig::default()
    };
    DhtAddressLookup::new(client(dht), secret(seed), config, &CancellationToken::new())
}

/// All addresses that one resolve gives.
async fn resolve(lookup: &impl AddressLookup, seed: u8) -> BTreeSet<TransportAddr> {
    let mut items = lookup.resolve(secret(seed).public()).expect("it resolves");
    let mut found = BTreeSet::new();
    while let Some(item) = items.next().await {
        let item = item.expect("nodes answer");
        assert!(item.user_data().is_none(), "user data is never published");
        found.extend(item.addrs().cloned());
    }
    found
}

#[tokio::test]
async fn an_endpoint_is_found_by_its_id_and_the_first_packet_comes_at_once() {
    let mut dht = PrivateDht::start(30, None).await.expect("free ports");
    let (alice, bob) = (
        lookup(&dht, 1, PublishedAddresses::All),
        lookup(&dht, 2, PublishedAddresses::None),
    );
    let mut data = EndpointData::from_iter([direct(4001), relay()]);
    data.set_user_data(Some(UserData::try_from("tags".to_owned()).expect("short")));
    alice.publish(&data);
    let expected = BTreeSet::from([direct(4001), relay()]);
    let published = until("the packet", || async {
        resolve(&bob, 1).await == expected
    })
    .await;

    // With dead nodes a whole lookup takes half a second; the first packet does not.
    dht.kill(10);
    let started = Instant::now();
    let mut items = bob.resolve(secret(1).public()).expect("it resolves");
    let first = items.next().await.expect("a packet").expect("nodes answer");
    println!(
        "addresses: published {published:?}, first packet {:?}",
        started.elapsed()
    );
    assert!(first.addrs().any(|address| *address == direct(4001)));
    assert!(started.elapsed() < Duration::from_millis(450));
    assert_eq!(first.provenance(), "dht");

    // A change is published without waiting for the hour.
    alice.publish(&EndpointData::from_iter([direct(4002)]));
    until("the new address", || async {
        resolve(&bob, 1).await.contains(&direct(4002))
    })
    .await;
}

#[tokio::test]
async fn only_what_the_filter_lets_through_is_published() {
    let dht = PrivateDht::start(10, None).await.expect("free ports");
    let reader = lookup(&dht, 9, PublishedAddresses::None);
    let data = EndpointData::from_iter([direct(4001), relay()]);
    let relay_only = lookup(&dht, 1, PublishedAddresses::Relay);
    relay_only.publish(&data);
    let direct_only = lookup(&dht, 2, PublishedAddresses::Direct);
    direct_only.publish(&data);
    let nothing = lookup(&dht, 3, PublishedAddresses::None);
    nothing.publish(&data);
    until("the relay", || async {
        resolve(&reader, 1).await == BTreeSet::from([relay()])
    })
    .await;
    until("the address", || async {
        resolve(&reader, 2).await == BTreeSet::from([direct(4001)])
    })
    .await;
    assert!(resolve(&reader, 3).await.is_empty());
}

#[tokio::test]
async fn the_reference_crate_and_we_read_each_other() {
    let dht = PrivateDht::start(10, None).await.expect("free ports");
    let reference = |seed: u8| {
        let mut builder = Dht::builder();
        builder.bootstrap(&dht.bootstrap()).port(0);
        ReferenceLookup::builder()
            .dht_builder(builder)
            .secret_key(secret(seed))
            .addr_filter(AddrFilter::unfiltered())
            .build()
            .expect("a socket")
    };
    let data = EndpointData::from_iter([direct(4001), relay()]);
    let expected = BTreeSet::from([direct(4001), relay()]);

    let ours = lookup(&dht, 1, PublishedAddresses::All);
    ours.publish(&data);
    let theirs = reference(2);
    theirs.publish(&data);
    until("theirs by us", || async {
        resolve(&ours, 2).await == expected
    })
    .await;
    until("ours by theirs", || async {
        resolve(&theirs, 1).await == expected
    })
    .await;
}

#[tokio::test]
async fn a_lookup_without_a_network_says_so() {
    let config = DhtConfig {
        bootstrap: vec!["nowhere.invalid:6881".to_owned()],
        known_nodes: Vec::new(),
    };
    let client = DhtClient::start(config, &CancellationToken::new());
    let tracker = tracker_on(client, 1, PutRate::default());
    let limit = Duration::from_secs(3);
    let started = Instant::now();
    let outcome = timeout(
        DEADLINE,
        tracker.slot_records(TOPIC, &SECRET, MINUTE, limit),
    )
    .await
    .expect("it keeps its limit");
    match outcome {
        Err(DhtError::NotReady(Some(cause))) => {
            assert!(cause.contains("nowhere.invalid"), "{cause}")
        }
        other => panic!("{other:?}"),
    }
    assert!(started.elapsed() < limit + Duration::from_secs(1));
}
