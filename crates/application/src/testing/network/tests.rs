//! The fake network itself: links, dials, calls, full channels.

use super::*;

const A: PeerId = PeerId([1; 32]);
const B: PeerId = PeerId([2; 32]);
const C: PeerId = PeerId([3; 32]);

fn lobby() -> Arc<TopicKeys> {
    Arc::new(TopicKeys::public("lobby".parse().expect("a valid name")))
}

async fn next(link: &mut TopicLink) -> NetworkEvent {
    link.events.recv().await.expect("the link is open")
}

#[tokio::test]
async fn dialling_links_members_and_messages_cross_others() {
    let (hub, keys) = (Hub::new(), lobby());
    let (a, b, c) = (hub.network(A), hub.network(B), hub.network(C));
    let mut at_a = a.join(keys.clone()).await.expect("open");
    assert_eq!(
        b.dial(keys.id, A, vec![], true)
            .await
            .expect_err("not joined")
            .to_string(),
        NetworkError::NotJoined.to_string()
    );
    let mut at_b = b.join(keys.clone()).await.expect("open");
    let mut at_c = c.join(keys.clone()).await.expect("open");
    b.dial(keys.id, A, vec![], true).await.expect("reachable");
    c.dial(keys.id, B, vec![], false).await.expect("reachable");
    assert!(matches!(
        next(&mut at_a).await,
        NetworkEvent::NeighborUp {
            peer: B,
            inbound: true
        }
    ));
    assert!(matches!(
        next(&mut at_c).await,
        NetworkEvent::NeighborUp {
            peer: B,
            inbound: false
        }
    ));
    a.broadcast(keys.id, Bytes::from_static(b"hi"))
        .await
        .expect("fits");
    let NetworkEvent::Message { from, payload, .. } = next(&mut at_c).await else {
        panic!("a message was expected");
    };
    assert_eq!((from, &payload[..]), (B, &b"hi"[..]));
    drop(at_a);
    assert!(matches!(
        next(&mut at_b).await,
        NetworkEvent::NeighborUp { peer: A, .. }
    ));
    assert!(matches!(
        next(&mut at_b).await,
        NetworkEvent::NeighborUp { peer: C, .. }
    ));
    assert!(matches!(
        next(&mut at_b).await,
        NetworkEvent::Message { .. }
    ));
    assert!(matches!(
        next(&mut at_b).await,
        NetworkEvent::NeighborDown(A)
    ));
    assert!(!hub.is_joined(keys.id, A));
}

#[tokio::test(start_paused = true)]
async fn the_dead_fail_and_strangers_say_so() {
    let (hub, keys) = (Hub::new(), lobby());
    let (a, _b) = (hub.network(A), hub.network(B));
    let _link = a.join(keys.clone()).await.expect("open");
    hub.set_unreachable_after(Duration::from_secs(10));
    let started = tokio::time::Instant::now();
    let error = a
        .dial(keys.id, C, vec![], true)
        .await
        .expect_err("nobody there");
    assert!(matches!(error, NetworkError::Unreachable { peer: C, .. }));
    assert_eq!(started.elapsed(), Duration::from_secs(10));
    let report = a.dial(keys.id, B, vec![], false).await.expect("reachable");
    assert_eq!(report, DialReport::NotAMember);
    assert_eq!(hub.dials(A), [C, B]);
}

#[tokio::test]
async fn calls_are_answered_by_the_member_and_refused_by_others() {
    let (hub, keys) = (Hub::new(), lobby());
    let (a, b) = (hub.network(A), hub.network(B));
    let _at_a = a.join(keys.clone()).await.expect("open");
    let ask = || a.call(keys.id, B, SyncRequest::Get(vec![]), UnixMs(0));
    assert!(matches!(ask().await, Err(NetworkError::Refused { .. })));
    let mut at_b = b.join(keys.clone()).await.expect("open");
    let serve = async {
        let NetworkEvent::Call(call) = next(&mut at_b).await else {
            panic!("a call was expected");
        };
        assert_eq!((call.peer, call.request), (A, SyncRequest::Get(vec![])));
        call.reply
            .send(SyncAnswer::Events {
                events: vec![],
                more: true,
            })
            .expect("it waits");
    };
    let (answer, ()) = tokio::join!(ask(), serve);
    assert!(answer.expect("answered").into_events().1);
}

#[tokio::test]
async fn a_full_channel_loses_messages_but_no_neighbour() {
    let (hub, keys) = (Hub::new(), lobby());
    hub.set_channel_capacity(1);
    let (a, b) = (hub.network(A), hub.network(B));
    let mut at_a = a.join(keys.clone()).await.expect("open");
    let _at_b = b.join(keys.clone()).await.expect("open");
    hub.inject(keys.id, A, C, Bytes::from_static(b"1"));
    hub.inject(keys.id, A, C, Bytes::from_static(b"2"));
    hub.inject(keys.id, A, C, Bytes::from_static(b"3"));
    b.dial(keys.id, A, vec![], true).await.expect("reachable");
    assert!(matches!(
        next(&mut at_a).await,
        NetworkEvent::Message { .. }
    ));
    hub.inject(keys.id, A, C, Bytes::from_static(b"4"));
    assert!(matches!(next(&mut at_a).await, NetworkEvent::Lagged));
    hub.inject(keys.id, A, C, Bytes::from_static(b"5"));
    assert!(matches!(
        next(&mut at_a).await,
        NetworkEvent::NeighborUp { peer: B, .. }
    ));
}
