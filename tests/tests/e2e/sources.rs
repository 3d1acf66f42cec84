//! Each path of discovery dead or hung, alone and all but one: a node still joins by what is left,
//! and `explain` says what is wrong with the others.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use kukuri_application::{
    discovery::Settings,
    ports::{
        Announced, Announcement, CandidateStream, Clock as _, PeerContact, PeerSource, Query,
        SourceError, TopicBook as _,
    },
    views::ExplainView,
};
use kukuri_domain::{
    TopicKeys, TopicName,
    peer::{FoundBy, SourceKind},
};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_node::platform::SystemClock;
use kukuri_tests::node::{
    NodeOptions, Profile, TestNode, dht_config, eventually, fresh_topic, shutdown_all,
};

use crate::LIMIT;

/// Every source that can be had on loopback; mDNS is a stand-in that hears nobody.
const SOURCES: [SourceKind; 5] = [
    SourceKind::Known,
    SourceKind::Mdns,
    SourceKind::Dht,
    SourceKind::Manual,
    SourceKind::Bootstrap,
];

/// What is wrong with a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It says at once that it does not work.
    Dead,
    /// It never says anything.
    Hung,
}

const FAULTS: [Fault; 2] = [Fault::Dead, Fault::Hung];

/// Why a dead source does not work, as `explain` must repeat it.
const REASON: &str = "pulled out by the test";

struct Broken {
    kind: SourceKind,
    fault: Fault,
}

#[async_trait]
impl PeerSource for Broken {
    fn kind(&self) -> SourceKind {
        self.kind
    }

    fn watches(&self) -> bool {
        self.kind == SourceKind::Mdns
    }

    fn find(&self, _: Query) -> CandidateStream {
        match self.fault {
            Fault::Dead => stream::iter([Err(SourceError::Unreachable(REASON.to_owned()))]).boxed(),
            Fault::Hung => stream::pending().boxed(),
        }
    }

    async fn announce(&self, _: Announcement) -> Result<Announced, SourceError> {
        match self.fault {
            Fault::Dead => Err(SourceError::Unreachable(REASON.to_owned())),
            Fault::Hung => std::future::pending().await,
        }
    }
}

/// A member that every source leads to, and a net.
struct Place {
    dht: PrivateDht,
    member: TestNode,
    topic: TopicName,
}

impl Place {
    async fn new() -> anyhow::Result<Self> {
        let dht = PrivateDht::start(10, None).await?;
        let member = TestNode::start(NodeOptions::on(&dht)).await?;
        let topic = fresh_topic();
        member.join(&topic).await?;
        member.wait_until_announced(&topic, LIMIT).await?;
        Ok(Self { dht, member, topic })
    }

    /// A node whose sources all lead to the member, except the broken ones.
    async fn joiner(&self, broken: &[SourceKind], fault: Fault) -> anyhow::Result<TestNode> {
        let profile = self.profile_that_knows_the_member().await?;
        let spec = self.member.spec().await;
        let stand_in = |kind: SourceKind| -> Option<Arc<dyn PeerSource>> {
            let is_broken = broken.contains(&kind);
            // Nobody is heard on the LAN of loopback even when nothing is broken.
            let fault = if is_broken { fault } else { Fault::Hung };
            (is_broken || kind == SourceKind::Mdns).then(|| Arc::new(Broken { kind, fault }) as _)
        };
        TestNode::start(NodeOptions {
            profile: Some(profile),
            dht: Some(dht_config(&self.dht.bootstrap())),
            known_peers: true,
            manual: vec![spec.clone()],
            bootstrap: vec![spec],
            stand_ins: SOURCES.into_iter().filter_map(stand_in).collect(),
            discovery: Settings {
                timeout_ms: 1_000,
                retries: 1,
                jitter_ms: 50,
                bootstrap_after_ms: 1_500,
                ..Settings::default()
            },
            ..NodeOptions::default()
        })
        .await
    }

    async fn profile_that_knows_the_member(&self) -> anyhow::Result<Profile> {
        let profile = Profile::new()?;
        let clock = Arc::new(SystemClock::start());
        let path = profile.home().join("kukuri.db");
        let database = Database::open(&path, OpenOptions::default(), clock.clone()).await?;
        let topic = TopicKeys::public(self.topic.clone()).id;
        let spec = self.member.spec().await;
        let contact = PeerContact::Reached(spec.addresses);
        database
            .note_contact(topic, spec.peer, contact, clock.now().unix)
            .await?;
        kukuri_application::ports::EventStore::close(&database).await?;
        Ok(profile)
    }
}

fn told_of(explained: &ExplainView, kind: SourceKind) -> String {
    let view = explained.sources.iter().find(|view| view.source == kind);
    view.map(|view| format!("{}; {}", view.state, view.result))
        .unwrap_or_default()
}

/// What `explain` has to say about a broken source, sooner or later.
fn is_named(told: &str, kind: SourceKind, fault: Fault) -> bool {
    match fault {
        Fault::Dead => told.contains(REASON),
        // A watch that hears nobody cannot be told from a LAN with nobody on it.
        Fault::Hung if kind == SourceKind::Mdns => told.contains("listening"),
        Fault::Hung => told.contains("no answer in time") || told.contains("asking since"),
    }
}

async fn check(place: &Place, broken: &[SourceKind], fault: Fault) -> anyhow::Result<()> {
    let what = format!("{broken:?} {fault:?}");
    let joiner = place.joiner(broken, fault).await?;
    let took = joiner.join_and_meet(&place.topic, LIMIT).await?;
    let peers = joiner.client().peers(&place.topic).await?;
    println!("{what}: joined by {:?} in {took:?}", peers[0].found_by);
    assert_eq!(peers[0].id, place.member.peer_id(), "{what}");
    let found_by_broken = broken
        .iter()
        .any(|kind| peers[0].found_by == FoundBy::from(*kind));
    assert!(!found_by_broken, "{what}: {:?}", peers[0].found_by);
    for kind in broken {
        // A bootstrap node that was not needed was not asked, and says so.
        let is_told = || async {
            let told = told_of(&joiner.client().explain(&place.topic).await?, *kind);
            let unneeded = *kind == SourceKind::Bootstrap && told.contains("not needed");
            Ok((unneeded || is_named(&told, *kind, fault)).then_some(()))
        };
        if let Err(error) = eventually(Duration::from_secs(10), is_told).await {
            let story = joiner.story(&place.topic).await;
            return Err(error.context(format!("{what}: {kind:?} is not explained\n{story}")));
        }
    }
    joiner.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_although_one_source_is_broken() -> anyhow::Result<()> {
    let place = Place::new().await?;
    for fault in FAULTS {
        for kind in SOURCES {
            check(&place, &[kind], fault).await?;
        }
    }
    place.member.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_by_the_only_source_that_works() -> anyhow::Result<()> {
    let place = Place::new().await?;
    for fault in FAULTS {
        // mDNS as the only one needs a LAN: `netns_a_member_is_found_by_mdns_alone`.
        for works in SOURCES.into_iter().filter(|kind| *kind != SourceKind::Mdns) {
            let broken: Vec<_> = SOURCES.into_iter().filter(|kind| *kind != works).collect();
            check(&place, &broken, fault).await?;
        }
    }
    place.member.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_node_finds_its_last_neighbour_without_any_other_source() -> anyhow::Result<()>
{
    let dht = PrivateDht::start(10, None).await?;
    let (member, before) = tokio::try_join!(
        TestNode::start(NodeOptions::on(&dht)),
        TestNode::start(NodeOptions::on(&dht))
    )?;
    let topic = fresh_topic();
    member.join(&topic).await?;
    before.join_and_meet(&topic, LIMIT).await?;
    let id = TopicKeys::public(topic.clone()).id;
    eventually(LIMIT, || async {
        let known = before.database.known_peers(id, 10).await?;
        Ok(known
            .iter()
            .any(|peer| !peer.addresses.is_empty())
            .then_some(()))
    })
    .await?;
    let (profile, peer) = (before.profile(), before.peer_id());
    before.shutdown().await?;

    let options = NodeOptions {
        profile: Some(profile),
        known_peers: true,
        ..NodeOptions::default()
    };
    let after = TestNode::start(options).await?;

    assert_eq!(after.peer_id(), peer, "the same keys");
    after.join_and_meet(&topic, LIMIT).await?;
    let peers = after.client().peers(&topic).await?;
    assert_eq!(
        peers[0].found_by,
        FoundBy::Known,
        "{}",
        after.story(&topic).await
    );
    shutdown_all([member, after]).await
}
