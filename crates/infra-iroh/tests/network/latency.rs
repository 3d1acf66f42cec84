//! How quick the network itself is, storage and application apart. The limits are far above what
//! is measured on an idle machine, so that a busy one does not fail; the figures are printed.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kukuri_application::ports::{NetworkEvent, SyncAnswer, SyncRequest, TopicNetwork as _};

use crate::support::{answer_one, dial, neighbour_up, next, node, now, pair, topic};

fn report(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    eprintln!(
        "{what}: p50 {:?}, p95 {:?}, p99 {:?}, max {:?} ({} trials)",
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0),
        times.len()
    );
    at(0.5)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_crosses_in_well_under_20_ms() {
    let ((a, mut at_a), (_b, mut at_b), keys) = pair("lobby").await;
    let mut times = Vec::new();
    for n in 0..500_u32 {
        let mut payload = vec![0; 300];
        payload[..4].copy_from_slice(&n.to_be_bytes());
        let started = Instant::now();
        a.broadcast(keys.id, Bytes::from(payload))
            .await
            .expect("fits");
        loop {
            if let NetworkEvent::Message { payload, .. } = next(&mut at_b).await {
                assert_eq!(payload[..4], n.to_be_bytes());
                break;
            }
        }
        times.push(started.elapsed());
        // Posts come one by one, not back to back.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(report("message of 300 bytes, one way", times) < Duration::from_millis(20));
    at_a.events.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dial_ends_in_a_neighbour_in_well_under_half_a_second() {
    let keys = topic("lobby");
    let (mut dials, mut neighbours, mut met) = (Vec::new(), Vec::new(), Vec::new());
    for trial in 0..30 {
        let (a, b) = (node().await, node().await);
        let _at_a = a.join(keys.clone()).await.expect("open");
        let mut at_b = b.join(keys.clone()).await.expect("open");
        let started = Instant::now();
        if trial % 3 == 2 {
            let to = crate::support::addresses(&a).await;
            b.dial(keys.id, a.local_peer(), to, false)
                .await
                .expect("reachable");
            neighbour_up(&mut at_b, &a).await;
            met.push(started.elapsed());
        } else {
            dial(&b, &keys, &a).await.expect("reachable");
            dials.push(started.elapsed());
            neighbour_up(&mut at_b, &a).await;
            neighbours.push(started.elapsed());
        }
        tokio::join!(a.shutdown(), b.shutdown());
    }
    report("dial to report", dials);
    report("dial of a stranger to neighbour (meet first)", met);
    assert!(report("dial to neighbour", neighbours) < Duration::from_millis(500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_answered_in_well_under_100_ms() {
    let ((a, mut at_a), (b, _at_b), keys) = pair("lobby").await;
    let mut times = Vec::new();
    for _ in 0..50 {
        let started = Instant::now();
        let request = SyncRequest::Newest { n: 1, before: None };
        let ask = b.call(keys.id, a.local_peer(), request, now());
        let (answer, _) = tokio::join!(ask, answer_one(&mut at_a, SyncAnswer::nothing()));
        answer.expect("answered");
        times.push(started.elapsed());
    }
    eprintln!("first call, connection included: {:?}", times[0]);
    assert!(
        report("call over the kept connection", times.split_off(1)) < Duration::from_millis(100)
    );
}
