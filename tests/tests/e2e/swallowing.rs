//! Neighbours that swallow what they hear: gossip reaches a member through nobody, though all its
//! neighbours are there and tell of their sets.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use kukuri_application::{session::Arrival, views::TopicEvent};
use kukuri_domain::{EventId, TopicKeys, TopicName, peer::PeerSpec, wire::WireEvent};
use kukuri_tests::{
    node::{NodeOptions, TestNode, eventually, fresh_topic, next_where, shutdown_all},
    raw::{RawPeer, RawTopic, STOCK_MESSAGE_BYTES_MAX},
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::LIMIT;

/// As many as make a member stop looking for others.
const SWALLOWERS: usize = 3;

/// Between two posts of the member that is not heard, and two summaries of each swallower.
const PACE: Duration = Duration::from_secs(5);

/// Silence of half a minute is noticed with one of the next summaries, and again with the one
/// after it: at most 30 + 36 + 36 s, and then a member is joined anew. A look at a remembered
/// member comes within 72 s.
const HEALED: Duration = Duration::from_secs(150);

/// What the swallowers hold, and say that they do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// All that was posted; it can be had over streams.
    Everything,
    /// Just what the deaf member has, so that it seems to lack nothing.
    NothingNew,
}

/// A neighbour of both members that keeps them apart.
struct Swallower {
    peer: RawPeer,
    _to_speaker: RawTopic,
    to_deaf: RawTopic,
}

impl Swallower {
    async fn between(
        keys: &TopicKeys,
        speaker: &PeerSpec,
        deaf: &PeerSpec,
    ) -> anyhow::Result<Self> {
        let peer = RawPeer::start_apart(STOCK_MESSAGE_BYTES_MAX).await?;
        peer.hold(keys, Vec::new());
        Ok(Self {
            _to_speaker: peer.join(keys, speaker).await?,
            to_deaf: peer.join(keys, deaf).await?,
            peer,
        })
    }
}

/// The ids of the posts that came to a member by gossip.
fn listen(node: &TestNode, topic: TopicName, listening: &mut JoinSet<()>) -> Arc<Heard> {
    let (heard, client) = (Arc::new(Heard::default()), node.client().clone());
    let noted = heard.clone();
    listening.spawn(async move {
        let mut events = client.subscribe(&topic).await.expect("the topic is joined");
        let is_live = |event: &TopicEvent| {
            matches!(
                event,
                TopicEvent::Post {
                    arrival: Arrival::Live,
                    ..
                }
            )
        };
        while let Ok(TopicEvent::Post { post, .. }) = next_where(&mut events, is_live).await {
            let mut noted = noted.0.lock().expect("nobody panics while holding it");
            noted.insert(post.event.id());
        }
    });
    heard
}

#[derive(Default)]
struct Heard(Mutex<BTreeSet<EventId>>);

impl Heard {
    fn has(&self, id: EventId) -> bool {
        let heard = self.0.lock().expect("nobody panics while holding it");
        heard.contains(&id)
    }
}

async fn a_deaf_member_is_healed(claim: Claim) -> anyhow::Result<()> {
    let topic = fresh_topic();
    let keys = TopicKeys::public(topic.clone());
    let speaker = TestNode::start(NodeOptions::default()).await?;
    speaker.join(&topic).await?;
    let deaf = TestNode::start(NodeOptions {
        known_peers: true,
        ..NodeOptions::default()
    })
    .await?;
    deaf.join(&topic).await?;
    let mut swallowers = Vec::new();
    for _ in 0..SWALLOWERS {
        let (speaker, deaf) = (speaker.spec().await, deaf.spec().await);
        swallowers.push(Swallower::between(&keys, &speaker, &deaf).await?);
    }
    deaf.wait_for_neighbours(&topic, SWALLOWERS, LIMIT).await?;
    speaker
        .wait_for_neighbours(&topic, SWALLOWERS, LIMIT)
        .await?;
    // Met before; with neighbours enough nobody is dialled for that.
    deaf.remember(&topic, &speaker.spec().await).await?;
    let mut listening = JoinSet::new();
    let heard = listen(&deaf, topic.clone(), &mut listening);

    let (begin, mut posted) = (Instant::now(), Vec::<WireEvent>::new());
    let healing = async {
        loop {
            let text = format!("post {}", posted.len());
            let post = speaker.post(&topic, &text).await?;
            posted.push(post.event.to_wire());
            for swallower in &swallowers {
                if claim == Claim::Everything {
                    swallower.peer.hold(&keys, posted.clone());
                }
                let summary = swallower.peer.summary();
                swallower.to_deaf.send(summary).await?;
            }
            sleep(PACE).await;
            if heard.has(post.id) {
                return anyhow::Ok(());
            }
        }
    };
    let healed = timeout(HEALED, healing).await;
    let counters = deaf.counters(&topic).await?;
    let story = deaf.story(&topic).await;
    anyhow::ensure!(healed.is_ok(), "still deaf; {counters:?}\n{story}");
    healed??;
    println!(
        "heard after {:?}, seemed deaf {} times",
        begin.elapsed(),
        counters.deaf
    );
    let peers = deaf.client().peers(&topic).await?;
    anyhow::ensure!(
        peers.iter().any(|peer| peer.id == speaker.peer_id()),
        "{story}"
    );
    if claim == Claim::Everything {
        // Nothing but silence could show it.
        anyhow::ensure!(counters.deaf >= 2, "{counters:?}");
    }
    // What was written while it was deaf came all the same.
    let all = || async {
        let posts = deaf.client().topic(&topic).await?.posts;
        Ok((posts == posted.len() as u64).then_some(()))
    };
    eventually(LIMIT, all).await?;
    for swallower in swallowers {
        swallower.peer.shutdown().await;
    }
    shutdown_all([speaker, deaf]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_neighbours_swallow_everything_joins_through_others() -> anyhow::Result<()> {
    let (told, untold) = tokio::join!(
        a_deaf_member_is_healed(Claim::Everything),
        a_deaf_member_is_healed(Claim::NothingNew)
    );
    told.and(untold)
}
