//! What every topic book must do.
//!
//! Owns the promises of `ports::TopicBook` as checks. Must never look behind the port.

use std::{future::Future, ops::Deref};

use kukuri_domain::{
    Epoch, PeerAddress, PeerId, TopicId, UnixMs, limits::PEER_ADDRESSES_MAX, topic::Visibility,
};

use crate::ports::{JoinedTopic, KnownPeer, PeerContact, TopicBook};

const TOPIC: TopicId = TopicId([1; 32]);
const OTHER: TopicId = TopicId([2; 32]);
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
const NOW: UnixMs = UnixMs(1_700_000_000_000);

/// Checks the promises of [`TopicBook`]; `make` gives a new, empty book each time.
///
/// # Panics
/// When a promise is broken.
pub async fn topic_book<B, F>(make: impl Fn() -> F)
where
    B: Deref<Target: TopicBook + Sized>,
    F: Future<Output = B>,
{
    an_empty_book_answers(&*make().await).await;
    topics_are_joined_once_and_left(&*make().await).await;
    a_reached_peer_is_remembered_with_its_addresses(&*make().await).await;
    a_stranger_that_failed_is_not_remembered(&*make().await).await;
    the_best_peers_come_first(&*make().await).await;
    a_peer_belongs_to_its_topic(&*make().await).await;
    old_peers_are_forgotten_once_another_is_reached(&*make().await).await;
    a_peer_that_only_fails_is_forgotten_once_another_is_reached(&*make().await).await;
    the_number_of_peers_is_limited(&*make().await).await;
    the_dht_nodes_are_those_of_last_time(&*make().await).await;
}

fn topic(id: u8, name: &str) -> JoinedTopic {
    JoinedTopic {
        id: TopicId([id; 32]),
        name: name.parse().expect("a name"),
        visibility: if id.is_multiple_of(2) {
            Visibility::Private
        } else {
            Visibility::Public
        },
        epoch: Epoch(u64::from(id)),
        joined_at: UnixMs(NOW.0 + u64::from(id)),
    }
}

fn peer(n: u8) -> PeerId {
    PeerId([n; 32])
}

fn address(n: u16) -> PeerAddress {
    PeerAddress::Ip(([127, 0, 0, 1], n).into())
}

async fn reach(book: &impl TopicBook, peer: PeerId, addresses: Vec<PeerAddress>, at: UnixMs) {
    let contact = PeerContact::Reached(addresses);
    book.note_contact(TOPIC, peer, contact, at)
        .await
        .expect("note_contact");
}

async fn fail(book: &impl TopicBook, peer: PeerId, at: UnixMs) {
    book.note_contact(TOPIC, peer, PeerContact::Failed, at)
        .await
        .expect("note_contact");
}

async fn known(book: &impl TopicBook) -> Vec<KnownPeer> {
    book.known_peers(TOPIC, u32::MAX)
        .await
        .expect("known_peers")
}

async fn known_ids(book: &impl TopicBook) -> Vec<PeerId> {
    known(book)
        .await
        .into_iter()
        .map(|known| known.peer)
        .collect()
}

async fn an_empty_book_answers(book: &impl TopicBook) {
    assert_eq!(book.joined().await.expect("joined"), []);
    assert!(!book.leave(TOPIC).await.expect("leave"));
    assert_eq!(known(book).await, []);
    assert!(book.dht_nodes().await.expect("dht_nodes").is_empty());
}

async fn topics_are_joined_once_and_left(book: &impl TopicBook) {
    let topics = [topic(3, "zebra"), topic(1, "##ant"), topic(2, "天気")];
    for topic in &topics {
        book.join(topic.clone()).await.expect("join");
    }
    let again = JoinedTopic {
        joined_at: UnixMs(NOW.0 + 999),
        ..topics[1].clone()
    };
    book.join(again).await.expect("join");
    let by_name = [topics[1].clone(), topics[0].clone(), topics[2].clone()];
    assert_eq!(book.joined().await.expect("joined"), by_name);

    assert!(book.leave(topics[1].id).await.expect("leave"));
    assert!(!book.leave(topics[1].id).await.expect("leave"));
    assert_eq!(book.joined().await.expect("joined"), by_name[1..]);
    let rejoined = JoinedTopic {
        joined_at: UnixMs(NOW.0 + 999),
        ..topics[1].clone()
    };
    book.join(rejoined.clone()).await.expect("join");
    assert_eq!(book.joined().await.expect("joined")[0], rejoined);
}

async fn a_reached_peer_is_remembered_with_its_addresses(book: &impl TopicBook) {
    let relay = PeerAddress::Relay("https://relay.example./".into());
    reach(book, peer(1), vec![address(1), relay.clone()], NOW).await;
    let first = known(book).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].addresses, [address(1), relay.clone()]);
    assert_eq!((first[0].peer, first[0].last_success), (peer(1), Some(NOW)));

    let later = UnixMs(NOW.0 + 5);
    reach(book, peer(1), vec![address(2), relay.clone()], later).await;
    let second = known(book).await;
    assert_eq!(
        second[0].addresses,
        [address(2), relay, address(1)],
        "latest first"
    );
    assert_eq!((second.len(), second[0].last_success), (1, Some(later)));
    reach(book, peer(1), Vec::new(), later).await;
    assert_eq!(known(book).await[0].addresses, second[0].addresses);

    reach(book, peer(1), (10..20).map(address).collect(), later).await;
    let many = known(book).await;
    assert_eq!(
        many[0].addresses,
        (10..)
            .map(address)
            .take(PEER_ADDRESSES_MAX)
            .collect::<Vec<_>>()
    );
}

async fn a_stranger_that_failed_is_not_remembered(book: &impl TopicBook) {
    fail(book, peer(1), NOW).await;
    assert_eq!(known(book).await, []);
}

async fn the_best_peers_come_first(book: &impl TopicBook) {
    reach(book, peer(1), vec![address(1)], UnixMs(NOW.0 + 1)).await;
    reach(book, peer(2), vec![address(2)], UnixMs(NOW.0 + 2)).await;
    assert_eq!(
        known_ids(book).await,
        [peer(2), peer(1)],
        "equal scores: the latest success"
    );
    let before = known(book).await;

    fail(book, peer(2), UnixMs(NOW.0 + 3)).await;
    let failed = known(book).await;
    assert_eq!(failed[1].peer, peer(2));
    assert!(failed[1].score < before[0].score);
    assert_eq!(
        failed[1].last_success, before[0].last_success,
        "a failure is no success"
    );
    assert_eq!(
        failed[1].addresses,
        [address(2)],
        "and takes no address away"
    );

    for i in 4..30 {
        fail(book, peer(2), UnixMs(NOW.0 + i)).await;
    }
    reach(book, peer(2), vec![address(2)], UnixMs(NOW.0 + 30)).await;
    reach(book, peer(2), vec![address(2)], UnixMs(NOW.0 + 31)).await;
    assert_eq!(
        known_ids(book).await,
        [peer(2), peer(1)],
        "success makes up for old failures"
    );
    assert_eq!(
        book.known_peers(TOPIC, 1).await.expect("known_peers").len(),
        1
    );
    assert_eq!(book.known_peers(TOPIC, 0).await.expect("known_peers"), []);
}

async fn a_peer_belongs_to_its_topic(book: &impl TopicBook) {
    reach(book, peer(1), vec![address(1)], NOW).await;
    assert_eq!(book.known_peers(OTHER, 10).await.expect("known_peers"), []);
    let contact = PeerContact::Reached(vec![address(2)]);
    book.note_contact(OTHER, peer(1), contact, NOW)
        .await
        .expect("note_contact");
    assert_eq!(known(book).await[0].addresses, [address(1)]);
    assert!(!book.leave(TOPIC).await.expect("leave"));
    assert_eq!(
        known(book).await.len(),
        1,
        "a topic's peers are of use when it is joined again"
    );
}

async fn old_peers_are_forgotten_once_another_is_reached(book: &impl TopicBook) {
    reach(book, peer(1), vec![address(1)], NOW).await;
    reach(book, peer(2), vec![address(2)], UnixMs(NOW.0 + 20 * DAY_MS)).await;
    let later = UnixMs(NOW.0 + 31 * DAY_MS);
    fail(book, peer(2), later).await;
    assert_eq!(
        known(book).await.len(),
        2,
        "after a long absence old peers are all there is"
    );
    reach(book, peer(3), vec![address(3)], later).await;
    assert_eq!(known_ids(book).await, [peer(3), peer(2)]);
}

async fn a_peer_that_only_fails_is_forgotten_once_another_is_reached(book: &impl TopicBook) {
    for n in 1..=3 {
        reach(book, peer(n), vec![address(1)], NOW).await;
    }
    for i in 1..=20 {
        fail(book, peer(1), UnixMs(NOW.0 + i)).await;
    }
    for i in 1..=19 {
        fail(book, peer(2), UnixMs(NOW.0 + i)).await;
    }
    assert_eq!(
        known(book).await.len(),
        3,
        "it may be this node that was cut off"
    );
    reach(book, peer(3), vec![address(1)], UnixMs(NOW.0 + 30)).await;
    assert_eq!(known_ids(book).await, [peer(3), peer(2)]);
    reach(book, peer(2), vec![address(1)], UnixMs(NOW.0 + 31)).await;
    fail(book, peer(2), UnixMs(NOW.0 + 32)).await;
    reach(book, peer(3), vec![address(1)], UnixMs(NOW.0 + 33)).await;
    assert_eq!(
        known_ids(book).await,
        [peer(3), peer(2)],
        "a success ends the row of failures"
    );
}

async fn the_number_of_peers_is_limited(book: &impl TopicBook) {
    reach(book, peer(1), vec![address(1)], NOW).await;
    reach(book, peer(1), vec![address(1)], NOW).await;
    reach(book, peer(2), vec![address(1)], UnixMs(NOW.0 + 999)).await;
    fail(book, peer(2), UnixMs(NOW.0 + 999)).await;
    for i in 0..250_u16 {
        let stranger = PeerId(
            [i.to_be_bytes(), [0; 2]]
                .concat()
                .repeat(8)
                .try_into()
                .expect("32"),
        );
        reach(
            book,
            stranger,
            vec![address(i)],
            UnixMs(NOW.0 + u64::from(i)),
        )
        .await;
        assert!(
            known_ids(book).await.contains(&stranger),
            "the one just reached is kept"
        );
    }
    let known = known_ids(book).await;
    assert_eq!(known.len(), 200);
    assert_eq!(known[0], peer(1), "the best is kept");
    assert!(!known.contains(&peer(2)), "the worst went first");
}

async fn the_dht_nodes_are_those_of_last_time(book: &impl TopicBook) {
    let nodes = |ports: std::ops::Range<u16>| -> Vec<String> {
        ports.rev().map(|p| format!("127.0.0.1:{p}")).collect()
    };
    book.remember_dht_nodes(nodes(0..100))
        .await
        .expect("remember_dht_nodes");
    assert_eq!(book.dht_nodes().await.expect("dht_nodes"), nodes(0..100));
    book.remember_dht_nodes(nodes(90..110))
        .await
        .expect("remember_dht_nodes");
    assert_eq!(book.dht_nodes().await.expect("dht_nodes"), nodes(90..110));
    let twice = [nodes(1..2), nodes(1..2)].concat();
    book.remember_dht_nodes(twice)
        .await
        .expect("remember_dht_nodes");
    assert_eq!(book.dht_nodes().await.expect("dht_nodes"), nodes(1..2));
    book.remember_dht_nodes(Vec::new())
        .await
        .expect("remember_dht_nodes");
    assert!(book.dht_nodes().await.expect("dht_nodes").is_empty());
}
