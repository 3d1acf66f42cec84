//! Asking members for events.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use iroh::endpoint::{RecvStream, SendStream};
use kukuri_application::ports::{NetworkError, SyncAnswer, SyncRequest, TopicNetwork as _};
use kukuri_domain::{
    EventId, PeerAddress, UnixMs,
    limits::{IDS_PER_REQUEST_MAX, RECONCILE_BYTES_MAX, SYNC_FRAME_BYTES_MAX},
    presence::{Side, hello_proof},
    wire::{Hello, RefuseReason, SYNC_ALPN, SetSummary, SyncFrame, Welcome},
};
use kukuri_infra_iroh::{Network, NetworkConfig};
use tokio::{io::AsyncReadExt as _, runtime::Runtime, time::timeout};

use crate::support::{
    DEADLINE, MachineClock, addresses, answer_one, call, dial, event, fresh_secret, neighbour_up,
    node, node_and_liar, now, pair, raw_addr, raw_id, raw_peer, raw_peer_with_window, topic,
};

#[tokio::test]
async fn each_request_is_answered_by_the_member() {
    let ((a, mut at_a), (b, _at_b), keys) = pair("lobby").await;
    let events = vec![event(1, 10), event(2, 100_000)];
    let get = SyncRequest::Get(vec![EventId([1; 32]), EventId([2; 32]), EventId([3; 32])]);
    let answer = SyncAnswer::Events {
        events: events.clone(),
        more: false,
    };
    let ask = b.call(keys.id, a.local_peer(), get.clone(), now());
    let (got, asked) = tokio::join!(ask, answer_one(&mut at_a, answer.clone()));
    assert_eq!(got.expect("answered"), answer);
    assert_eq!((asked.peer, asked.request), (b.local_peer(), get));
    assert!(asked.clock_skew_ms.abs() < 5_000);

    let newest = SyncRequest::Newest {
        n: 2,
        before: Some(event(9, 1).order()),
    };
    let answer = SyncAnswer::Events { events, more: true };
    let ask = b.call(
        keys.id,
        a.local_peer(),
        newest.clone(),
        UnixMs(now().0 + 3_600_000),
    );
    let (got, asked) = tokio::join!(ask, answer_one(&mut at_a, answer.clone()));
    assert_eq!(got.expect("answered"), answer);
    assert_eq!(asked.request, newest);
    assert!(
        (3_590_000..3_610_000).contains(&asked.clock_skew_ms),
        "{}",
        asked.clock_skew_ms
    );

    let statement = SyncAnswer::Events {
        events: vec![event(4, 10)],
        more: false,
    };
    let ask = b.call(keys.id, a.local_peer(), SyncRequest::Author, now());
    let (got, asked) = tokio::join!(ask, answer_one(&mut at_a, statement.clone()));
    assert_eq!(got.expect("answered"), statement);
    assert_eq!(asked.request, SyncRequest::Author);

    let two = SyncAnswer::Events {
        events: vec![event(4, 10), event(5, 10)],
        more: false,
    };
    let ask = b.call(keys.id, a.local_peer(), SyncRequest::Author, now());
    let (got, _) = tokio::join!(ask, answer_one(&mut at_a, two));
    assert!(matches!(got, Err(NetworkError::Protocol { .. })), "{got:?}");

    let receipt = SyncRequest::Receipt(vec![EventId([1; 32])]);
    let ask = b.call(keys.id, a.local_peer(), receipt.clone(), now());
    let (got, asked) = tokio::join!(ask, answer_one(&mut at_a, SyncAnswer::nothing()));
    assert_eq!(got.expect("answered"), SyncAnswer::nothing());
    assert_eq!(asked.request, receipt);
}

#[tokio::test]
async fn sets_are_compared_over_streams() {
    let ((a, mut at_a), (b, _at_b), keys) = pair("lobby").await;
    let set = |count| SetSummary {
        cut: UnixMs(1_700_000_000_000),
        since: UnixMs(7),
        count,
        fingerprint: [3; 16],
    };
    let message = vec![0x61; RECONCILE_BYTES_MAX];
    let reconcile = SyncRequest::Reconcile {
        since: UnixMs(7),
        message: message.clone(),
    };
    let offer = SyncRequest::Offer {
        ids: vec![EventId([1; 32]); IDS_PER_REQUEST_MAX],
        more: true,
    };
    let exchanges = [
        (SyncRequest::Summary(set(1)), SyncAnswer::Summary(set(2))),
        (reconcile.clone(), SyncAnswer::Reconciled(message)),
        (offer.clone(), SyncAnswer::nothing()),
    ];
    for (request, answer) in &exchanges {
        let ask = b.call(keys.id, a.local_peer(), request.clone(), now());
        let (got, asked) = tokio::join!(ask, answer_one(&mut at_a, answer.clone()));
        assert_eq!(got.expect("answered"), *answer);
        assert_eq!((asked.peer, &asked.request), (b.local_peer(), request));
    }
    // An answer to another question ends the exchange.
    let wrong = [
        (SyncRequest::Summary(set(1)), SyncAnswer::nothing()),
        (SyncRequest::Summary(set(1)), SyncAnswer::Reconciled(vec![])),
        (reconcile, SyncAnswer::Summary(set(1))),
        (offer.clone(), SyncAnswer::Summary(set(1))),
        (offer, SyncAnswer::all(vec![event(1, 10)])),
    ];
    for (request, answer) in wrong {
        let ask = b.call(keys.id, a.local_peer(), request, now());
        let (got, _) = tokio::join!(ask, answer_one(&mut at_a, answer));
        assert!(matches!(got, Err(NetworkError::Protocol { .. })), "{got:?}");
    }
}

#[tokio::test]
async fn a_long_answer_is_cut_and_says_that_there_is_more() {
    let ((a, mut at_a), (b, _at_b), keys) = pair("lobby").await;
    let events: Vec<_> = (1..=20).map(|n| event(n, 100_000)).collect();
    let answer = SyncAnswer::Events {
        events: events.clone(),
        more: false,
    };
    let request = SyncRequest::Newest {
        n: 200,
        before: None,
    };
    let ask = b.call(keys.id, a.local_peer(), request, now());
    let (got, _) = tokio::join!(ask, answer_one(&mut at_a, answer));
    let got = got.expect("answered");
    let expected = SyncAnswer::Events {
        events: events[..10].to_vec(),
        more: true,
    };
    assert_eq!(got, expected);
}

#[tokio::test]
async fn a_wrong_topic_is_refused_and_so_is_a_store_that_does_not_answer() {
    let ((a, mut at_a), (b, _at_b), keys) = pair("lobby").await;
    let other = topic("other");
    let _other_at_b = b.join(other.clone()).await.expect("open");
    let request = || SyncRequest::Newest { n: 1, before: None };
    let error = b.call(other.id, a.local_peer(), request(), now()).await;
    let Err(NetworkError::Refused { reason, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(reason, "it is not in this topic");
    let ask = b.call(keys.id, a.local_peer(), request(), now());
    let (error, ()) = tokio::join!(ask, async { drop(call(&mut at_a).await) });
    let Err(NetworkError::Refused { reason, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(reason, "its database does not answer");
    let error = b
        .call(topic("not joined").id, a.local_peer(), request(), now())
        .await;
    assert!(matches!(error, Err(NetworkError::NotJoined)), "{error:?}");
}

#[tokio::test]
async fn a_peer_has_four_exchanges_at_once_and_the_fifth_is_told_to_wait() {
    let ((a, mut at_a), (b, _at_b), keys) = pair("lobby").await;
    let request = || SyncRequest::Newest { n: 1, before: None };
    let ask = || b.call(keys.id, a.local_peer(), request(), now());
    let fifth = async {
        let mut waiting = Vec::new();
        for _ in 0..4 {
            waiting.push(call(&mut at_a).await);
        }
        let error = ask().await;
        for call in waiting {
            call.reply.send(SyncAnswer::nothing()).expect("it waits");
        }
        error
    };
    let (a1, a2, a3, a4, error) = tokio::join!(ask(), ask(), ask(), ask(), fifth);
    assert!([a1, a2, a3, a4].iter().all(Result::is_ok));
    let Err(NetworkError::Refused { reason, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(reason, "it is busy");
}

#[tokio::test]
async fn a_member_that_restarted_is_asked_over_a_new_connection() {
    let ((a, mut at_a), (b, _at_b), keys) = pair("lobby").await;
    let request = || SyncRequest::Newest { n: 1, before: None };
    let ask = b.call(keys.id, a.local_peer(), request(), now());
    let (got, _) = tokio::join!(ask, answer_one(&mut at_a, SyncAnswer::nothing()));
    got.expect("answered");
    a.shutdown().await;
    let error = b.call(keys.id, a.local_peer(), request(), now()).await;
    assert!(
        matches!(error, Err(NetworkError::Unreachable { .. })),
        "{error:?}"
    );
    let c = node().await;
    let mut at_c = c.join(keys.clone()).await.expect("open");
    dial(&b, &keys, &c).await.expect("reachable");
    neighbour_up(&mut at_c, &b).await;
    let ask = b.call(keys.id, c.local_peer(), request(), now());
    let (got, _) = tokio::join!(ask, answer_one(&mut at_c, SyncAnswer::nothing()));
    got.expect("the others are asked as before");
}

#[tokio::test]
async fn garbage_from_an_asker_ends_only_its_own_exchange() {
    let ((a, mut at_a), (b, _at_b), keys) = pair("lobby").await;
    let peer = raw_peer(&[]).await;
    let at = raw_addr(&a, &addresses(&a).await);
    let connection = peer.connect(at, SYNC_ALPN).await.expect("reachable");
    let mut other_version = SyncFrame::End { more: false }.encode();
    other_version[0] = 99;
    let too_long = u32::try_from(SYNC_FRAME_BYTES_MAX + 1)
        .expect("small")
        .to_be_bytes();
    for bytes in [
        framed(b""),
        framed(b"\x01garbage"),
        framed(&other_version),
        framed(&SyncFrame::Get(vec![EventId([1; 32])]).encode()),
        too_long.to_vec(),
        vec![0, 0],
    ] {
        let (mut send, mut recv) = connection.open_bi().await.expect("open");
        send.write_all(&bytes).await.expect("open");
        // The stream may have been stopped already, which is the point.
        let _ = send.finish();
        let answer = timeout(DEADLINE, recv.read_to_end(1_000))
            .await
            .expect("in time");
        assert!(answer.is_err() || answer.is_ok_and(|bytes| bytes.is_empty()));
    }
    let request = SyncRequest::Newest { n: 1, before: None };
    let ask = b.call(keys.id, a.local_peer(), request, now());
    let (got, _) = tokio::join!(ask, answer_one(&mut at_a, SyncAnswer::nothing()));
    got.expect("the loop lives");
}

/// What a lying member does after the greeting.
#[derive(Debug, Clone)]
enum Lie {
    Proof,
    Frames(Vec<SyncFrame>),
    Bytes(Vec<u8>),
}

#[tokio::test]
async fn a_lying_member_is_a_protocol_error() {
    let (b, _at_b, keys, liar) = node_and_liar(SYNC_ALPN).await;
    let (peer, at) = raw_id(&liar);
    // Only makes its address known: it does not speak gossip.
    let refuses = async { drop(liar.accept().await.expect("open").await) };
    let (error, ()) = tokio::join!(b.dial(keys.id, peer, at, true), refuses);
    assert!(
        matches!(error, Err(NetworkError::Protocol { .. })),
        "{error:?}"
    );

    let one = SyncFrame::Event(event(1, 10).to_wire());
    let other = SyncFrame::Event(event(2, 10).to_wire());
    let end = SyncFrame::End { more: false };
    let mut other_version = end.encode();
    other_version[0] = 99;
    let lies = [
        Lie::Proof,
        Lie::Frames(vec![one.clone(), other, end.clone()]),
        Lie::Frames(vec![one.clone(), one, end]),
        Lie::Frames(vec![SyncFrame::Get(vec![EventId([1; 32])])]),
        Lie::Bytes(framed(&other_version)),
        Lie::Bytes(framed(b"\x01garbage")),
        Lie::Bytes(vec![0, 0]),
        Lie::Bytes(vec![0xff; 4]),
    ];
    let mut connection: Option<iroh::endpoint::Connection> = None;
    for lie in lies {
        let tell = async {
            if connection.is_none() {
                let incoming = liar.accept().await.expect("open");
                connection = Some(incoming.await.expect("a handshake"));
            }
            let connection = connection.as_ref().expect("just accepted");
            let (send, recv) = connection.accept_bi().await.expect("a stream");
            tell(&keys, (&b.local_peer(), &peer), (send, recv), &lie).await;
        };
        let ask = b.call(
            keys.id,
            peer,
            SyncRequest::Get(vec![EventId([1; 32])]),
            now(),
        );
        let (error, ()) = tokio::join!(ask, tell);
        assert!(
            matches!(error, Err(NetworkError::Protocol { .. })),
            "{lie:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_asker_is_refused_in_so_many_words() {
    let keys = topic("lobby");
    let a = node().await;
    let _at_a = a.join(keys.clone()).await.expect("open");
    let peer = raw_peer(&[]).await;
    let (asker, _) = raw_id(&peer);
    let at = raw_addr(&a, &addresses(&a).await);
    let connection = peer.connect(at, SYNC_ALPN).await.expect("reachable");
    let greet = async |side, key: &str| {
        let (mut send, mut recv) = connection.open_bi().await.expect("open");
        let (opener, accepter) = ((&asker, &[7; 32]), (&a.local_peer(), &[0; 32]));
        let proof = hello_proof(&topic(key).handshake_key, side, opener, accepter);
        let hello = Hello {
            agent: "test".into(),
            clock: now(),
            nonce: [7; 32],
            proof,
        };
        send_frame(&mut send, &SyncFrame::Hello(hello)).await;
        read_frame(&mut recv).await
    };
    assert!(matches!(
        greet(Side::Opener, "lobby").await,
        SyncFrame::Welcome(_)
    ));
    let unknown = SyncFrame::Refuse(RefuseReason::UnknownTopic);
    assert_eq!(greet(Side::Opener, "other").await, unknown);
    assert_eq!(
        greet(Side::Accepter, "lobby").await,
        unknown,
        "a proof is for one side only"
    );
}

/// Greets as a member, unless the proof is the lie, and then tells the lie.
async fn tell(
    keys: &kukuri_domain::TopicKeys,
    (opener, accepter): (&kukuri_domain::PeerId, &kukuri_domain::PeerId),
    (mut send, mut recv): (SendStream, RecvStream),
    lie: &Lie,
) {
    let SyncFrame::Hello(hello) = read_frame(&mut recv).await else {
        panic!("no greeting")
    };
    let nonce = [3; 32];
    let (opener, accepter) = ((opener, &hello.nonce), (accepter, &nonce));
    let mut proof = hello_proof(&keys.handshake_key, Side::Accepter, opener, accepter);
    if matches!(lie, Lie::Proof) {
        proof[0] ^= 1;
    }
    let welcome = Welcome {
        agent: "liar".into(),
        clock: now(),
        nonce,
        proof,
    };
    send_frame(&mut send, &SyncFrame::Welcome(welcome)).await;
    match lie {
        Lie::Proof => {}
        Lie::Frames(frames) => {
            for frame in frames {
                send_frame(&mut send, frame).await;
            }
        }
        Lie::Bytes(bytes) => send.write_all(bytes).await.expect("open"),
    }
    // The asker may have hung up already, which is the point.
    let _ = send.finish();
    // Until the asker has seen it all, the stream must not be reset.
    let _ = timeout(Duration::from_secs(2), send.stopped()).await;
}

fn framed(frame: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(frame.len())
        .expect("small")
        .to_be_bytes()
        .to_vec();
    bytes.extend_from_slice(frame);
    bytes
}

async fn send_frame(send: &mut SendStream, frame: &SyncFrame) {
    // The other side may have hung up already; then its error is what the test looks at.
    let _ = send.write_all(&framed(&frame.encode())).await;
}

async fn read_frame(recv: &mut RecvStream) -> SyncFrame {
    let length = recv.read_u32().await.expect("a frame") as usize;
    let mut frame = vec![0; length];
    recv.read_exact(&mut frame).await.expect("the whole frame");
    SyncFrame::decode(&frame).expect("a frame")
}

/// A node on a runtime of its own, with which it can be killed.
async fn mortal(secret: [u8; 32], bind: Vec<SocketAddr>) -> (Runtime, Network) {
    let runtime = Runtime::new().expect("a runtime");
    let config = NetworkConfig {
        bind,
        ..NetworkConfig::loopback()
    };
    let start = async move {
        loop {
            let clock = Arc::new(MachineClock);
            match Network::start(&secret, config.clone(), Vec::new(), clock).await {
                // That of the one before is not free yet.
                Err(NetworkError::PortTaken { .. }) => tokio::task::yield_now().await,
                started => return started.expect("loopback is there"),
            }
        }
    };
    let started = timeout(DEADLINE, runtime.spawn(start)).await;
    (runtime, started.expect("in time").expect("no panic"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_was_killed_and_came_back_is_asked_at_once() {
    let (keys, secret) = (topic("lobby"), fresh_secret());
    let b = node().await;
    let mut at_b = b.join(keys.clone()).await.expect("open");
    let (runtime, a) = mortal(secret, NetworkConfig::loopback().bind).await;
    let [PeerAddress::Ip(address)] = addresses(&a).await[..] else {
        panic!("one socket")
    };
    let mut at_a = a.join(keys.clone()).await.expect("open");
    dial(&a, &keys, &b).await.expect("reachable");
    neighbour_up(&mut at_b, &a).await;
    let request = || SyncRequest::Newest { n: 1, before: None };
    let ask = b.call(keys.id, a.local_peer(), request(), now());
    let (got, _) = tokio::join!(ask, answer_one(&mut at_a, SyncAnswer::nothing()));
    got.expect("answered");

    drop((a, at_a));
    runtime.shutdown_background();
    let (runtime, a) = mortal(secret, vec![address]).await;
    let mut at_a = a.join(keys.clone()).await.expect("open");
    dial(&a, &keys, &b).await.expect("reachable");
    neighbour_up(&mut at_a, &b).await;
    let started = Instant::now();
    let ask = b.call(keys.id, a.local_peer(), request(), now());
    let (got, _) = tokio::join!(ask, answer_one(&mut at_a, SyncAnswer::nothing()));
    got.expect("answered");
    let took = started.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    drop((a, at_a));
    runtime.shutdown_background();
}

/// A stream on which a raw peer has greeted the member in its topic, and a request.
async fn asking(
    connection: &iroh::endpoint::Connection,
    keys: &kukuri_domain::TopicKeys,
    (asker, member): (&kukuri_domain::PeerId, &kukuri_domain::PeerId),
    request: &SyncFrame,
) -> (SendStream, RecvStream) {
    let (mut send, recv) = connection.open_bi().await.expect("open");
    let (opener, accepter) = ((asker, &[7; 32]), (member, &[0; 32]));
    let hello = Hello {
        agent: "test".into(),
        clock: now(),
        nonce: [7; 32],
        proof: hello_proof(&keys.handshake_key, Side::Opener, opener, accepter),
    };
    let hello = framed(&SyncFrame::Hello(hello).encode());
    send.write_all(&hello).await.expect("open");
    let request = framed(&request.encode());
    send.write_all(&request).await.expect("open");
    (send, recv)
}

/// Answers every call with a mebibyte; counts them.
async fn answer_all(link: &mut kukuri_application::ports::TopicLink, answered: &mut usize) {
    let events: Vec<_> = (1..=10).map(|n| event(n, 100_000)).collect();
    loop {
        let call = call(link).await;
        *answered += 1;
        // Whoever asked may have gone.
        let _ = call.reply.send(SyncAnswer::all(events.clone()));
    }
}

#[tokio::test]
async fn who_reads_nothing_of_its_answers_loses_them_and_not_a_place() {
    let ((a, mut at_a), (b, _at_b), keys) = pair("lobby").await;
    let peer = raw_peer_with_window(&[], 64 * 1024).await;
    let (asker, _) = raw_id(&peer);
    let at = raw_addr(&a, &addresses(&a).await);
    let connection = peer.connect(at, SYNC_ALPN).await.expect("reachable");
    let newest = SyncFrame::Newest {
        n: 200,
        before: None,
    };
    let ids = (&asker, &a.local_peer());
    let mut answered = 0;
    let stalled = async {
        // All places of one peer, and none of the answers is read.
        let mut streams = Vec::new();
        for _ in 0..4 {
            streams.push(asking(&connection, &keys, ids, &newest).await);
        }
        // Others are served meanwhile.
        let request = || SyncRequest::Newest {
            n: 200,
            before: None,
        };
        let got = b.call(keys.id, a.local_peer(), request(), now()).await;
        assert_eq!(got.expect("answered").into_events().0.len(), 10);
        // And once it has lost them, so is this peer: its places are free again.
        let (send, mut recv) = asking(&connection, &keys, ids, &newest).await;
        let mut first = [0; 4];
        recv.read_exact(&mut first).await.expect("a frame");
        let refused = framed(&SyncFrame::Refuse(RefuseReason::Busy).encode());
        assert_eq!(first[..], refused[..4], "all places are taken");
        drop((send, recv));
        for (_, recv) in &mut streams {
            let lost = timeout(DEADLINE, recv.received_reset()).await;
            lost.expect("in time").expect("connected");
        }
        let (_send, mut recv) = asking(&connection, &keys, ids, &newest).await;
        let read = timeout(DEADLINE, recv.read_to_end(4 << 20)).await;
        let read = read.expect("in time").expect("an answer");
        assert!(read.len() > 1_000_000, "{} bytes", read.len());
    };
    tokio::select! {
        () = stalled => {}
        () = answer_all(&mut at_a, &mut answered) => {}
    }
    assert_eq!(answered, 6);
}

#[tokio::test]
async fn who_asks_for_everything_for_ever_gets_a_share_and_others_are_served() {
    let ((a, mut at_a), (b, _at_b), keys) = pair("lobby").await;
    let peer = raw_peer(&[]).await;
    let (asker, _) = raw_id(&peer);
    let at = raw_addr(&a, &addresses(&a).await);
    let newest = SyncFrame::Newest {
        n: 200,
        before: None,
    };
    let ids = (&asker, &a.local_peer());
    // More than a newcomer's share, over as many connections as it may have.
    let flood = async {
        let began = std::time::Instant::now();
        let mut connections = Vec::new();
        for _ in 0..4 {
            let connection = peer.connect(at.clone(), SYNC_ALPN).await;
            connections.push(connection.expect("reachable"));
        }
        let fifth = peer
            .connect(at.clone(), SYNC_ALPN)
            .await
            .expect("reachable");
        timeout(DEADLINE, fifth.closed())
            .await
            .expect("one too many");
        let takes = connections.iter().map(async |connection| {
            for _ in 0..34 {
                let (_send, mut recv) = asking(connection, &keys, ids, &newest).await;
                let read = recv.read_to_end(4 << 20).await.expect("an answer");
                assert!(read.len() > 1_000_000, "{} bytes", read.len());
            }
        });
        futures_util::future::join_all(takes).await;
        began.elapsed()
    };
    let honest = async {
        let mut slowest = Duration::ZERO;
        loop {
            let began = std::time::Instant::now();
            let request = SyncRequest::Newest {
                n: 200,
                before: None,
            };
            let got = b.call(keys.id, a.local_peer(), request, now()).await;
            assert_eq!(got.expect("answered").into_events().0.len(), 10);
            slowest = slowest.max(began.elapsed());
            // Sixty of its own fit into its share.
            if slowest > Duration::from_secs(5) {
                return slowest;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let mut answered = 0;
    let took = tokio::select! {
        took = flood => took,
        slowest = honest => panic!("an honest member waited {slowest:?}"),
        () = answer_all(&mut at_a, &mut answered) => unreachable!("it goes on for ever"),
    };
    // 136 MB, of which 101 at once and the rest at 8.4 MB a second.
    assert!(took >= Duration::from_secs(3), "{took:?}");
    println!("136 answers of a mebibyte took {took:?}");
}
