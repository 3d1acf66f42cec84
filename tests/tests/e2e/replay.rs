//! What is old is no news, however often it comes and whichever way.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use kukuri_application::views::TopicEvent;
use kukuri_domain::{
    EventId, SignedEvent, TopicKeys, TopicName,
    limits::{IDS_PER_FRAME_MAX, IDS_PER_REQUEST_MAX},
    wire::{GossipFrame, WireEvent},
};
use kukuri_tests::{
    node::{NodeOptions, TestNode, eventually, fresh_topic},
    raw::{RawPeer, RawTopic, STOCK_MESSAGE_BYTES_MAX},
};
use tokio::task::JoinSet;

use crate::{
    LIMIT,
    history::{history, holding, wait_for_all},
};

/// Valid events that the node holds already.
const HISTORY: u64 = 10_000;

/// Those of them that come by gossip: one peer is heard 400 times a second.
const GOSSIPED: usize = 3_000;

/// Sent by gossip before it is waited for that they were seen.
const AT_ONCE: usize = 250;

/// The posts that somebody who listens was told of, in order.
struct Listener {
    told: Arc<Mutex<Vec<EventId>>>,
    _listening: JoinSet<()>,
}

impl Listener {
    async fn start(node: &TestNode, topic: &TopicName) -> anyhow::Result<Self> {
        let mut events = node.client().subscribe(topic).await?;
        let told = Arc::new(Mutex::new(Vec::new()));
        let mut listening = JoinSet::new();
        let noted = told.clone();
        listening.spawn(async move {
            while let Some(event) = events.next().await {
                assert_ne!(event, TopicEvent::Resync, "the listener was too slow");
                if let TopicEvent::Post { post, .. } = event {
                    let mut noted = noted.lock().expect("nobody panics while holding it");
                    noted.push(post.event.id());
                }
            }
        });
        Ok(Self {
            told,
            _listening: listening,
        })
    }

    fn told(&self) -> Vec<EventId> {
        let told = self.told.lock().expect("nobody panics while holding it");
        told.clone()
    }
}

fn wires(events: &[SignedEvent]) -> Vec<WireEvent> {
    events.iter().map(SignedEvent::to_wire).collect()
}

fn ids(events: &[SignedEvent]) -> Vec<EventId> {
    events.iter().map(SignedEvent::id).collect()
}

/// Sends the events by gossip, a few at a time, until the node has counted each as known.
async fn repeat(
    liar: &RawTopic,
    node: &TestNode,
    topic: &TopicName,
    events: &[SignedEvent],
) -> anyhow::Result<()> {
    for part in events.chunks(AT_ONCE) {
        let before = node.counters(topic).await?.duplicates;
        for event in part {
            liar.send(GossipFrame::Event(event.to_wire()).encode())
                .await?;
        }
        let all = before + part.len() as u64;
        node.wait_for_counters(topic, LIMIT, |c| c.duplicates >= all)
            .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_old_events_are_no_news_whichever_way_they_come_again() -> anyhow::Result<()> {
    let topic = fresh_topic();
    let keys = TopicKeys::public(topic.clone());
    let events = history(&topic, HISTORY).await?;
    // Started with them, it has none of them in its memory of what it saw.
    let node = TestNode::start(NodeOptions {
        profile: Some(holding(&topic, &events).await?),
        ..NodeOptions::default()
    })
    .await?;
    node.join(&topic).await?;
    let newest = events.last().expect("there are some").id();
    node.client().mark_read(&topic, newest).await?;
    let before = node.client().topic(&topic).await?;
    assert_eq!((before.posts, before.unread), (HISTORY, 0));
    let listener = Listener::start(&node, &topic).await?;

    let liar = RawPeer::start(STOCK_MESSAGE_BYTES_MAX).await?;
    let member = node.spec().await;
    let again = liar.join(&keys, &member).await?;
    // By gossip, to a node that has to ask its store, and once more to one that remembers.
    repeat(&again, &node, &topic, &events[..GOSSIPED]).await?;
    repeat(&again, &node, &topic, &events[..2 * AT_ONCE]).await?;
    // Named by gossip, offered over streams, and there for whoever asks.
    for part in ids(&events).chunks(IDS_PER_FRAME_MAX) {
        again
            .send(GossipFrame::Have(part.to_vec()).encode())
            .await?;
    }
    for part in ids(&events).chunks(IDS_PER_REQUEST_MAX) {
        liar.offer(&keys, &member, part.to_vec()).await?;
    }
    // One that is news, behind all of them, and among them.
    let news = history(&topic, 1).await?.pop().expect("there is one");
    assert!(!node.holds(&topic, news.id()).await?);
    let mut held = wires(&events);
    held.push(news.to_wire());
    liar.hold(&keys, held);
    let mut offered = ids(&events[HISTORY as usize - IDS_PER_REQUEST_MAX + 1..]);
    offered.push(news.id());
    liar.offer(&keys, &member, offered).await?;
    node.wait_for_event(&topic, news.id(), LIMIT).await?;
    let is_told = || async { Ok((!listener.told().is_empty()).then_some(())) };
    eventually(LIMIT, is_told).await?;

    let after = node.client().topic(&topic).await?;
    assert_eq!(listener.told(), [news.id()], "and nothing else");
    assert_eq!((after.posts, after.unread), (HISTORY + 1, 1));
    assert_eq!(after.counters.stored, 1);
    let (bytes, more) = (
        before.stored_bytes,
        after.stored_bytes - before.stored_bytes,
    );
    assert!(more < 2 * bytes / HISTORY, "{more} bytes more");
    liar.shutdown().await;
    node.shutdown().await
}

/// The same events over streams and by gossip at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_both_ways_at_once_is_told_and_counted_once() -> anyhow::Result<()> {
    let topic = fresh_topic();
    let keys = TopicKeys::public(topic.clone());
    let events = history(&topic, HISTORY).await?;
    let newcomer = TestNode::start(NodeOptions::default()).await?;
    newcomer.join(&topic).await?;
    let listener = Listener::start(&newcomer, &topic).await?;
    let member = RawPeer::start(STOCK_MESSAGE_BYTES_MAX).await?;
    member.hold(&keys, wires(&events));
    let gossip = member.join(&keys, &newcomer.spec().await).await?;
    // The oldest come last over streams.
    for event in events.iter().step_by(20) {
        gossip
            .send(GossipFrame::Event(event.to_wire()).encode())
            .await?;
    }
    wait_for_all(&newcomer, &topic, &events).await?;
    let all_told = || async { Ok((listener.told().len() as u64 >= HISTORY).then_some(())) };
    eventually(LIMIT, all_told).await?;

    let told = listener.told();
    let once: BTreeSet<EventId> = told.iter().copied().collect();
    assert_eq!((told.len() as u64, once.len() as u64), (HISTORY, HISTORY));
    let view = newcomer.client().topic(&topic).await?;
    assert_eq!((view.posts, view.unread), (HISTORY, HISTORY));
    assert_eq!(view.counters.stored, HISTORY);
    member.shutdown().await;
    newcomer.shutdown().await
}
