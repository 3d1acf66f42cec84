//! A peer that lies: what it sends is counted, never stored, shown or remembered, and nobody
//! else is hurt.

use kukuri_application::ports::{Identity as _, SecretBytes};
use kukuri_domain::{
    EventId, SignedEvent, TopicKeys, TopicName, UnixMs,
    event::Draft,
    wire::{GOSSIP_MAGIC, GOSSIP_VERSION, GossipFrame, WireEvent},
};
use kukuri_infra_keyring::LocalIdentity;
use kukuri_tests::{
    node::{NodeOptions, TestNode, fresh_topic, shutdown_all},
    raw::{RawPeer, STOCK_MESSAGE_BYTES_MAX},
    script::unix_ms,
};

use crate::LIMIT;

/// How often each forgery is sent.
const TIMES: u64 = 3;

/// Two honest members who are neighbours, and somebody who is neighbour of the first.
struct Scene {
    victim: TestNode,
    friend: TestNode,
    liar: RawPeer,
    topic: TopicName,
    keys: TopicKeys,
}

impl Scene {
    async fn new(message_bytes_max: usize) -> anyhow::Result<Self> {
        let topic = fresh_topic();
        let victim = TestNode::start(NodeOptions::default()).await?;
        victim.join(&topic).await?;
        let manual = NodeOptions::with_manual(vec![victim.spec().await]);
        let friend = TestNode::start(manual).await?;
        friend.join_and_meet(&topic, LIMIT).await?;
        let liar = RawPeer::start(message_bytes_max).await?;
        let keys = TopicKeys::public(topic.clone());
        Ok(Self {
            victim,
            friend,
            liar,
            topic,
            keys,
        })
    }

    /// The loops live: an honest post still arrives, at the victim and from it.
    async fn check_alive(&self) -> anyhow::Result<()> {
        for (from, to) in [(&self.friend, &self.victim), (&self.victim, &self.friend)] {
            let posted = from.post(&self.topic, "still here").await?;
            to.wait_for_event(&self.topic, posted.id, LIMIT).await?;
        }
        Ok(())
    }

    /// Nothing of these is in a store, nor would be taken for known.
    async fn check_absent(&self, ids: &[EventId]) -> anyhow::Result<()> {
        for node in [&self.victim, &self.friend] {
            let shown = node.ids(&self.topic).await?;
            for id in ids {
                assert!(!shown.contains(id), "{id:?} is shown");
                assert!(!node.holds(&self.topic, *id).await?, "{id:?} is stored");
            }
        }
        Ok(())
    }

    async fn end(self) -> anyhow::Result<()> {
        self.liar.shutdown().await;
        shutdown_all([self.victim, self.friend]).await
    }
}

fn author(byte: u8) -> LocalIdentity {
    LocalIdentity::from_secret(&SecretBytes::new([byte; 32])).expect("a valid key")
}

async fn genuine(topic: &TopicName, text: &str, at_ms: u64) -> anyhow::Result<SignedEvent> {
    Ok(author(7)
        .sign(Draft::post(topic, text, UnixMs(at_ms)))
        .await?)
}

/// The four ways to forge an event.
async fn forgeries(topic: &TopicName) -> anyhow::Result<Vec<(&'static str, WireEvent)>> {
    let event = |text: &'static str| genuine(topic, text, unix_ms());
    let mut id = event("the id is false").await?.to_wire();
    id.id.0[0] ^= 1;
    let mut signature = event("the signature is false").await?.to_wire();
    signature.sig_s[31] ^= 1;
    let mut stolen = event("the author is another").await?.to_wire();
    stolen.author = author(8).author();
    let mut content = event("the content is another").await?.to_wire();
    content.content.push('!');
    Ok(vec![
        ("id", id),
        ("signature", signature),
        ("author", stolen),
        ("content", content),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_events_are_never_stored_shown_or_remembered() -> anyhow::Result<()> {
    let scene = Scene::new(STOCK_MESSAGE_BYTES_MAX).await?;
    let liar = scene
        .liar
        .join(&scene.keys, &scene.victim.spec().await)
        .await?;
    let forgeries = forgeries(&scene.topic).await?;
    let mut expected = scene.victim.counters(&scene.topic).await?.forged;
    for (what, forgery) in &forgeries {
        for time in 1..=TIMES {
            liar.send(GossipFrame::Event(forgery.clone()).encode())
                .await?;
            expected += 1;
            let counted = scene
                .victim
                .wait_for_counters(&scene.topic, LIMIT, |c| c.forged >= expected);
            let counted = counted.await?;
            assert_eq!(counted.forged, expected, "{what}, time {time}");
            assert_eq!(
                counted.duplicates, 0,
                "{what}: a forgery was remembered as known"
            );
        }
    }
    let ids: Vec<EventId> = forgeries.iter().map(|(_, forgery)| forgery.id).collect();
    scene.check_absent(&ids).await?;
    scene.check_alive().await?;

    // A forgery that carries the id of a genuine event does not keep that one out.
    let true_event = genuine(&scene.topic, "the truth", unix_ms()).await?;
    let mut false_first = true_event.to_wire();
    false_first.sig_r[0] ^= 1;
    liar.broadcast(GossipFrame::Event(false_first).encode())
        .await?;
    liar.broadcast(GossipFrame::Event(true_event.to_wire()).encode())
        .await?;
    scene
        .victim
        .wait_for_event(&scene.topic, true_event.id(), LIMIT)
        .await?;
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_history_is_refused_too() -> anyhow::Result<()> {
    let scene = Scene::new(STOCK_MESSAGE_BYTES_MAX).await?;
    let forgeries = forgeries(&scene.topic).await?;
    let honest = genuine(&scene.topic, "true history", unix_ms()).await?;
    let mut held: Vec<WireEvent> = forgeries.iter().map(|(_, wire)| wire.clone()).collect();
    held.push(honest.to_wire());
    scene.liar.hold(&scene.keys, held);

    // The history of a new neighbour is asked for.
    let _liar = scene
        .liar
        .join(&scene.keys, &scene.victim.spec().await)
        .await?;

    let forged = forgeries.len() as u64;
    scene
        .victim
        .wait_for_counters(&scene.topic, LIMIT, |c| c.forged >= forged)
        .await?;
    scene
        .victim
        .wait_for_event(&scene.topic, honest.id(), LIMIT)
        .await?;
    let ids: Vec<EventId> = forgeries.iter().map(|(_, forgery)| forgery.id).collect();
    scene.check_absent(&ids).await?;
    scene.check_alive().await?;
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_topic_does_not_take_is_refused_and_counted() -> anyhow::Result<()> {
    let scene = Scene::new(STOCK_MESSAGE_BYTES_MAX).await?;
    let liar = scene
        .liar
        .join(&scene.keys, &scene.victim.spec().await)
        .await?;
    let elsewhere = genuine(&fresh_topic(), "for another topic", unix_ms()).await?;
    let tomorrow = genuine(&scene.topic, "from tomorrow", unix_ms() + 24 * 3_600_000).await?;
    for (number, event) in [&elsewhere, &tomorrow].into_iter().enumerate() {
        liar.send(GossipFrame::Event(event.to_wire()).encode())
            .await?;
        let least = number as u64 + 1;
        scene
            .victim
            .wait_for_counters(&scene.topic, LIMIT, |c| c.refused >= least)
            .await?;
    }
    scene.check_absent(&[elsewhere.id(), tomorrow.id()]).await?;

    let mut other_version = GossipFrame::Event(elsewhere.to_wire()).encode();
    other_version[2] = GOSSIP_VERSION + 1;
    liar.send(other_version).await?;
    scene
        .victim
        .wait_for_counters(&scene.topic, LIMIT, |c| c.other_version >= 1)
        .await?;

    liar.send(&b"what a stock program says"[..]).await?;
    scene
        .victim
        .wait_for_counters(&scene.topic, LIMIT, |c| c.foreign >= 1)
        .await?;

    let [k0, k1] = GOSSIP_MAGIC;
    liar.send(vec![k0, k1, GOSSIP_VERSION, 0xff, 0xff, 0xff])
        .await?;
    scene
        .victim
        .wait_for_counters(&scene.topic, LIMIT, |c| c.malformed >= 1)
        .await?;

    scene.check_alive().await?;
    let status = scene.victim.client().peers(&scene.topic).await?;
    let is_neighbour = status.iter().any(|peer| peer.id == scene.liar.peer_id());
    assert!(
        is_neighbour,
        "frames that cannot be read are not held against a peer"
    );
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_tags_and_an_oversized_event_do_no_harm() -> anyhow::Result<()> {
    const TAGS: usize = 100_000;
    // A peer whose gossip sends what the stock size forbids.
    let scene = Scene::new(1024 * 1024).await?;
    let mut many_tags = genuine(&scene.topic, "tags", unix_ms()).await?.to_wire();
    many_tags.tags = vec![vec!["t".to_owned()]; TAGS];
    let mut too_large = genuine(&scene.topic, "size", unix_ms()).await?.to_wire();
    too_large.content = "x".repeat(200 * 1024);
    let honest = genuine(&scene.topic, "true history", unix_ms()).await?;

    // Over a stream, where size alone does not stop them.
    for hostile in [&many_tags, &too_large] {
        scene.liar.hold(&scene.keys, vec![hostile.clone()]);
        let topic = scene
            .liar
            .join(&scene.keys, &scene.victim.spec().await)
            .await?;
        // And by gossip, where it ends the liar's stream at most.
        topic
            .send(GossipFrame::Event(hostile.clone()).encode())
            .await?;
        scene.check_alive().await?;
        scene.check_absent(&[hostile.id]).await?;
        drop(topic);
    }

    // A frame that fits, says that it has as many tags, and has none of them.
    let other = RawPeer::start(STOCK_MESSAGE_BYTES_MAX).await?;
    other.hold(&scene.keys, vec![honest.to_wire()]);
    let topic = other.join(&scene.keys, &scene.victim.spec().await).await?;
    let mut lying = GossipFrame::Event(WireEvent {
        tags: Vec::new(),
        ..many_tags
    })
    .encode();
    // Magic, version, kind of frame, id, author, then `created_at` and `kind` as varints.
    let tags_at = lying.len() - (1 + 4 + 64) - 1;
    lying.splice(tags_at..=tags_at, [0xa0, 0x8d, 0x06]);
    let malformed = scene.victim.counters(&scene.topic).await?.malformed;
    topic.send(lying).await?;
    scene
        .victim
        .wait_for_counters(&scene.topic, LIMIT, |c| c.malformed > malformed)
        .await?;
    scene
        .victim
        .wait_for_event(&scene.topic, honest.id(), LIMIT)
        .await?;
    scene.check_alive().await?;
    other.shutdown().await;
    scene.end().await
}
