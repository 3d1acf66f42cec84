//! What the window is told of a flood, in which order, and how often.

use std::sync::{Arc, Mutex};

use kukuri_domain::PeerId;
use tauri::ipc::InvokeResponseBody;
use tokio::{sync::broadcast, time::sleep};

use super::*;

/// When a batch was told, and its events.
type Batch = (Instant, Vec<serde_json::Value>);

/// What a window was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Batch>>>);

impl Told {
    fn channel(&self) -> Channel<NewsBatch> {
        let told = self.clone();
        Channel::new(move |body| {
            let InvokeResponseBody::Json(text) = body else {
                panic!("news are JSON");
            };
            let mut batch: serde_json::Value = serde_json::from_str(&text)?;
            let events = batch["events"].take();
            let events = events.as_array().expect("a list of events").clone();
            let mut batches = told.0.lock().expect("nobody panicked");
            batches.push((Instant::now(), events));
            Ok(())
        })
    }

    fn batches(&self) -> Vec<Batch> {
        self.0.lock().expect("nobody panicked").clone()
    }

    fn sizes(&self) -> Vec<usize> {
        self.batches()
            .iter()
            .map(|(_, batch)| batch.len())
            .collect()
    }

    /// The numbers of the events, in the order in which they were told.
    fn numbers(&self) -> Vec<Option<u64>> {
        let batches = self.batches();
        let events = batches.iter().flat_map(|(_, batch)| batch);
        events.map(|event| event["new"].as_u64()).collect()
    }
}

/// An event with a number in it.
fn numbered(number: u64) -> NodeEvent {
    NodeEvent {
        topic: Some("lobby".parse().expect("a name")),
        event: TopicEvent::Fetched {
            peer: PeerId([7; 32]),
            new: number,
        },
    }
}

/// Forwards this many events that happened at once, and nothing after them.
async fn told_of(count: u64, room: usize) -> Told {
    let (sender, receiver) = broadcast::channel(room);
    for number in 0..count {
        sender.send(numbered(number)).expect("somebody listens");
    }
    drop(sender);
    let told = Told::default();
    forward(NodeEvents::local(receiver), told.channel()).await;
    told
}

fn expected(numbers: std::ops::Range<u64>) -> Vec<Option<u64>> {
    numbers.map(Some).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_has_at_most_500_events_in_their_order() {
    let told = told_of(1_200, 4_096).await;
    assert_eq!(told.sizes(), [500, 500, 200]);
    assert_eq!(told.numbers(), expected(0..1_200));
}

#[tokio::test(start_paused = true)]
async fn whoever_would_have_to_be_told_too_much_is_told_to_read_again() {
    let told = told_of(2_000, 4_096).await;
    assert_eq!(told.sizes(), [500; 4]);
    let told = told_of(2_001, 4_096).await;
    assert_eq!(told.sizes(), [1]);
    assert_eq!(told.batches()[0].1[0]["type"], "resync");
    assert!(told.batches()[0].1[0]["topic"].is_null());
}

#[tokio::test(start_paused = true)]
async fn missed_events_are_one_resync_and_nothing_beside_it() {
    // The broadcast has room for the last eight only.
    let told = told_of(20, 8).await;
    assert_eq!(told.sizes(), [1]);
    assert_eq!(told.batches()[0].1[0]["type"], "resync");
}

#[tokio::test(start_paused = true)]
async fn the_window_is_told_at_most_20_times_a_second() {
    let (sender, receiver) = broadcast::channel(16);
    let told = Told::default();
    let forwarding = tokio::spawn(forward(NodeEvents::local(receiver), told.channel()));
    for number in 0..200 {
        sender.send(numbered(number)).expect("somebody listens");
        // The paused clock goes on by 7 ms: this takes no time.
        sleep(Duration::from_millis(7)).await;
    }
    drop(sender);
    forwarding.await.expect("it ends with its events");

    assert_eq!(told.numbers(), expected(0..200));
    let batches = told.batches();
    assert!(
        batches.len() > 20,
        "it was told meanwhile: {:?}",
        told.sizes()
    );
    for pair in batches[..batches.len() - 1].windows(2) {
        let pause = pair[1].0 - pair[0].0;
        assert!(
            pause >= Duration::from_secs(1) / 20,
            "told again after {pause:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn in_a_flood_the_window_is_told_5_times_a_second() {
    let (sender, receiver) = broadcast::channel(4_096);
    let told = Told::default();
    let forwarding = tokio::spawn(forward(NodeEvents::local(receiver), told.channel()));
    // For a second, 2,000 a second.
    for number in 0..2_000 {
        sender.send(numbered(number)).expect("somebody listens");
        if number % 2 == 1 {
            sleep(Duration::from_millis(1)).await;
        }
    }
    sleep(FLOOD_PACE * 2).await;
    assert_eq!(told.numbers(), expected(0..2_000));
    let times: Vec<Instant> = told.batches().iter().map(|(at, _)| *at).collect();
    assert!((5..=8).contains(&times.len()), "{:?}", told.sizes());
    // Afterwards a lone event is told at once again.
    let now = Instant::now();
    sender.send(numbered(2_000)).expect("somebody listens");
    sleep(Duration::from_millis(1)).await;
    assert_eq!(told.batches().last().map(|(at, _)| *at), Some(now));
    drop(sender);
    forwarding.await.expect("it ends with its events");
}

#[tokio::test(start_paused = true)]
async fn a_lone_event_is_told_at_once_and_what_follows_it_in_one_batch() {
    const MOMENT: Duration = Duration::from_millis(1);
    let (sender, receiver) = broadcast::channel(16);
    let told = Told::default();
    let forwarding = tokio::spawn(forward(NodeEvents::local(receiver), told.channel()));
    let mut sent = Vec::new();
    for number in 0..3 {
        // The paused clock goes on, and with it the pace: each of them comes alone.
        sleep(PACE * 3).await;
        sent.push(Instant::now());
        sender.send(numbered(number)).expect("somebody listens");
        sleep(MOMENT).await;
    }
    let times: Vec<Instant> = told.batches().iter().map(|(at, _)| *at).collect();
    assert_eq!(times, sent, "no time passed before it was told");

    for number in 3..8 {
        sender.send(numbered(number)).expect("somebody listens");
        sleep(MOMENT).await;
    }
    assert_eq!(told.sizes(), [1; 3], "so soon after the last one they wait");
    sleep(PACE).await;
    assert_eq!(told.sizes(), [1, 1, 1, 5]);
    let (due, at) = (sent[2] + PACE, told.batches()[3].0);
    assert!(due <= at && at <= due + MOMENT, "{:?} late", at - due);
    assert_eq!(told.numbers(), expected(0..8));
    drop(sender);
    forwarding.await.expect("it ends with its events");
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_gone_ends_it() {
    let (sender, receiver) = broadcast::channel(16);
    let gone = Channel::new(|_| Err(tauri::Error::WebviewNotFound));
    let forwarding = tokio::spawn(forward(NodeEvents::local(receiver), gone));
    sender.send(numbered(1)).expect("somebody listens");
    let ended = timeout_at(Instant::now() + Duration::from_secs(1), forwarding).await;
    ended
        .expect("it ends though more may happen")
        .expect("it ends without a panic");
    assert_eq!(sender.receiver_count(), 0);
}
