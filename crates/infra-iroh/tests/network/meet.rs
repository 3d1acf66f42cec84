//! Meeting: the topics that two nodes share, and nothing else.

use std::time::{Duration, Instant};

use kukuri_application::ports::{DialReport, NetworkError, TopicNetwork as _};
use kukuri_domain::{
    limits::{MEET_FRAME_BYTES_MAX, MEET_TAGS_PAD},
    wire::{MEET_ALPN, MeetFrame},
};
use tokio::{io::AsyncReadExt as _, time::timeout};

use crate::support::{
    DEADLINE, addresses, neighbour_up, node, node_and_liar, raw_addr, raw_id, raw_peer, topic,
};

#[tokio::test]
async fn a_stranger_in_the_topic_is_dialled_and_one_outside_is_not() {
    let keys = topic("lobby");
    let (a, member, stranger) = (node().await, node().await, node().await);
    let mut at_a = a.join(keys.clone()).await.expect("open");
    let _more = a.join(topic("mine alone")).await.expect("open");
    let mut at_member = member.join(keys.clone()).await.expect("open");
    let _at_stranger = stranger.join(topic("elsewhere")).await.expect("open");
    let to = addresses(&stranger).await;
    let report = a
        .dial(keys.id, stranger.local_peer(), to, false)
        .await
        .expect("reachable");
    assert_eq!(report, DialReport::NotAMember);
    let to = addresses(&member).await;
    let report = a
        .dial(keys.id, member.local_peer(), to, false)
        .await
        .expect("reachable");
    assert!(matches!(report, DialReport::Asked { .. }), "{report:?}");
    neighbour_up(&mut at_a, &member).await;
    assert!(neighbour_up(&mut at_member, &a).await);
}

#[tokio::test]
async fn what_is_shown_is_padded_and_differs_each_time() {
    let a = node().await;
    let _joined = a.join(topic("lobby")).await.expect("open");
    let peer = raw_peer(&[]).await;
    let at = raw_addr(&a, &addresses(&a).await);
    let mut shown = Vec::new();
    for _ in 0..2 {
        let connection = peer
            .connect(at.clone(), MEET_ALPN)
            .await
            .expect("reachable");
        let (mut send, mut recv) = connection.open_bi().await.expect("open");
        send_frame(&mut send, &MeetFrame::Open { nonce: [9; 32] }.encode()).await;
        let length = recv.read_u32().await.expect("an answer") as usize;
        let mut frame = vec![0; length];
        recv.read_exact(&mut frame).await.expect("the whole answer");
        let Ok(MeetFrame::Tags { tags, .. }) = MeetFrame::decode(&frame) else {
            panic!("tags were expected");
        };
        assert_eq!(tags.len(), MEET_TAGS_PAD);
        let id = a.local_peer();
        assert!(!frame.windows(32).any(|bytes| bytes == topic("lobby").id.0));
        assert!(!frame.windows(32).any(|bytes| bytes == id.0));
        shown.push(tags);
    }
    assert!(shown[0].iter().all(|tag| !shown[1].contains(tag)));
}

#[tokio::test]
async fn garbage_and_silence_end_only_their_own_meeting() {
    let keys = topic("lobby");
    let a = node().await;
    let mut at_a = a.join(keys.clone()).await.expect("open");
    let peer = raw_peer(&[]).await;
    let at = raw_addr(&a, &addresses(&a).await);
    let other_version = {
        let mut frame = MeetFrame::Open { nonce: [1; 32] }.encode();
        frame[0] = 99;
        frame
    };
    let too_long = u32::try_from(MEET_FRAME_BYTES_MAX + 1)
        .expect("small")
        .to_be_bytes();
    let out_of_turn = MeetFrame::Tags {
        nonce: [1; 32],
        tags: vec![],
    }
    .encode();
    let mut silent = Vec::new();
    for bytes in [
        framed(b"garbage"),
        framed(&other_version),
        too_long.to_vec(),
        framed(&out_of_turn),
        vec![0xff; 3],
    ] {
        let connection = peer
            .connect(at.clone(), MEET_ALPN)
            .await
            .expect("reachable");
        let (mut send, recv) = connection.open_bi().await.expect("open");
        send.write_all(&bytes).await.expect("open");
        silent.push((connection, send, recv));
    }
    for (connection, _send, _recv) in &silent {
        let closed = timeout(DEADLINE, connection.closed()).await;
        assert!(
            closed.is_ok(),
            "the meeting is ended, at the latest by its deadline"
        );
    }
    let b = node().await;
    let _at_b = b.join(keys.clone()).await.expect("open");
    b.dial(keys.id, a.local_peer(), addresses(&a).await, false)
        .await
        .expect("still meets");
    neighbour_up(&mut at_a, &b).await;
}

#[tokio::test]
async fn a_peer_that_lies_or_hangs_is_reported_in_time() {
    let (a, _at_a, keys, liar) = node_and_liar(MEET_ALPN).await;
    let (peer, at) = raw_id(&liar);
    let lies = async {
        let accepted = liar
            .accept()
            .await
            .expect("open")
            .await
            .expect("a handshake");
        let (mut send, _recv) = accepted.accept_bi().await.expect("a stream");
        send_frame(&mut send, b"\x01nonsense").await;
        accepted.closed().await;
    };
    let dial = a.dial(keys.id, peer, at.clone(), false);
    let (error, ()) = tokio::join!(dial, lies);
    assert!(
        matches!(error, Err(NetworkError::Protocol { .. })),
        "{error:?}"
    );
    let hangs = async {
        let accepted = liar
            .accept()
            .await
            .expect("open")
            .await
            .expect("a handshake");
        accepted.closed().await;
    };
    let started = Instant::now();
    let (error, _) = tokio::join!(a.dial(keys.id, peer, at, false), hangs);
    assert!(
        matches!(error, Err(NetworkError::Unreachable { .. })),
        "{error:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(8));
}

fn framed(frame: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(frame.len())
        .expect("small")
        .to_be_bytes()
        .to_vec();
    bytes.extend_from_slice(frame);
    bytes
}

async fn send_frame(send: &mut iroh::endpoint::SendStream, frame: &[u8]) {
    send.write_all(&framed(frame)).await.expect("open");
}
