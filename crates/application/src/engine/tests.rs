//! The engine against fakes, with tokio's time paused: what happens in which order, and when.

mod full_disk;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use kukuri_domain::{
    PeerId, TopicKeys, TopicName, UnixMs,
    event::{Draft, Profile},
    peer::{ConnectionState, SourceKind},
    wire::GossipFrame,
};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, sleep, timeout},
};

use super::*;
use crate::{
    ports::{
        Announced, Announcement, Candidate, CandidateStream, NetworkEvent, PeerContact, Query,
        SourceError, SyncAnswer, SyncRequest,
    },
    session::Arrival,
    testing::{
        book::MemoryBook,
        clock::TokioClock,
        network::{Hub, Reach, Request, address_of},
        store::{MemoryStore, StoreFault},
        vault::FakeIdentity,
    },
    views::{AuthorView, TopicEvent},
};

const BASE: UnixMs = UnixMs(1_700_000_000_000);

fn peer(n: u8) -> PeerId {
    PeerId([n; 32])
}

fn lobby() -> TopicName {
    "lobby".parse().expect("a valid name")
}

/// What a scripted source does when it is asked.
#[derive(Clone)]
enum Script {
    Finds(Vec<PeerId>),
    Fails,
    Hangs,
}

struct ScriptedSource {
    kind: SourceKind,
    script: Script,
}

#[async_trait]
impl PeerSource for ScriptedSource {
    fn kind(&self) -> SourceKind {
        self.kind
    }

    fn watches(&self) -> bool {
        self.kind == SourceKind::Mdns
    }

    fn find(&self, _: Query) -> CandidateStream {
        match self.script.clone() {
            Script::Finds(peers) => stream::iter(peers.into_iter().map(|peer| {
                let addresses = vec![address_of(peer)];
                Ok(Candidate {
                    peer,
                    addresses,
                    listed: vec![],
                    minute: None,
                    is_member: true,
                })
            }))
            .boxed(),
            Script::Fails => {
                let error = SourceError::Unreachable("no route".to_owned());
                stream::iter([Err(error)]).boxed()
            }
            Script::Hangs => stream::pending().boxed(),
        }
    }

    async fn announce(&self, _: Announcement) -> Result<Announced, SourceError> {
        match self.script {
            Script::Finds(_) => Ok(Announced::Published),
            Script::Fails => Err(SourceError::Unreachable("no route".to_owned())),
            Script::Hangs => std::future::pending().await,
        }
    }
}

struct TestNode {
    engine: Engine,
    store: Arc<MemoryStore>,
    book: Arc<MemoryBook>,
    id: PeerId,
}

fn node(hub: &Hub, n: u8, sources: Vec<(SourceKind, Script)>) -> TestNode {
    let clock = Arc::new(TokioClock::new(BASE));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let book = Arc::new(MemoryBook::default());
    let source = |(kind, script)| Arc::new(ScriptedSource { kind, script }) as Arc<dyn PeerSource>;
    let ports = Ports {
        store: store.clone(),
        book: book.clone(),
        network: hub.network(peer(n)),
        sources: sources.into_iter().map(source).collect(),
        identity: Arc::new(FakeIdentity::from_seed(n.into())),
        clock,
    };
    let settings = Settings {
        seed: Some(n.into()),
        ..Settings::default()
    };
    TestNode {
        engine: Engine::start(ports, settings),
        store,
        book,
        id: peer(n),
    }
}

/// Waits for an event that `pick` accepts; paused time makes a missing one fail at once.
async fn wait_for<T>(
    events: &mut tokio::sync::broadcast::Receiver<TopicEvent>,
    pick: impl Fn(&TopicEvent) -> Option<T>,
) -> T {
    let deadline = Duration::from_secs(120);
    let found = timeout(deadline, async {
        loop {
            match events.recv().await {
                Ok(event) => {
                    if let Some(found) = pick(&event) {
                        return found;
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => panic!("the topic was closed"),
            }
        }
    });
    found.await.expect("the event comes")
}

fn joined(event: &TopicEvent) -> Option<PeerId> {
    match event {
        TopicEvent::PeerJoined { peer, .. } => Some(*peer),
        _ => None,
    }
}

fn content(event: &TopicEvent) -> Option<(String, Arrival)> {
    match event {
        TopicEvent::Post { post, arrival } => Some((post.event.content().to_owned(), *arrival)),
        _ => None,
    }
}

fn broadcasts(hub: &Hub, id: PeerId) -> usize {
    hub.requests(id)
        .iter()
        .filter(|r| matches!(r, Request::Broadcast(..)))
        .count()
}

#[tokio::test(start_paused = true)]
async fn two_nodes_meet_and_a_post_travels() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![(SourceKind::Dht, Script::Finds(vec![]))]);
    let b = node(
        &hub,
        2,
        vec![(SourceKind::Dht, Script::Finds(vec![peer(1)]))],
    );
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let mut events_a = at_a.subscribe();
    let at_b = b.engine.join(lobby()).await.expect("joins");
    let mut events_b = at_b.subscribe();
    assert_eq!(wait_for(&mut events_b, joined).await, peer(1));
    assert_eq!(wait_for(&mut events_a, joined).await, peer(2));
    let posted = at_b.post("hello").await.expect("posts");
    assert_eq!(posted.state.sent_to, 1);
    assert_eq!(
        wait_for(&mut events_a, content).await,
        ("hello".to_owned(), Arrival::Live)
    );
    assert!(a.store.ids(at_a.keys().id).contains(&posted.id));
    // The receiver says that it holds the post.
    let held = wait_for(&mut events_b, |event| match event {
        TopicEvent::PostState { state, .. } if state.held_by > 0 => Some(state.held_by),
        _ => None,
    });
    assert_eq!(held.await, 1);
    let view = at_b.view().await.expect("a view");
    assert_eq!((view.neighbours, view.posts), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_muted_is_stored_and_acknowledged_but_not_shown() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let b = node(
        &hub,
        2,
        vec![(SourceKind::Dht, Script::Finds(vec![peer(1)]))],
    );
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let (mut events_a, mut news_a) = (at_a.subscribe(), a.engine.subscribe());
    let at_b = b.engine.join(lobby()).await.expect("joins");
    let mut events_b = at_b.subscribe();
    wait_for(&mut events_b, joined).await;
    let loud = FakeIdentity::from_seed(2).author();
    assert!(a.engine.mute(loud).await.expect("mutes"));
    let posted = at_b.post("loud").await.expect("posts");
    let held = wait_for(&mut events_b, |event| match event {
        TopicEvent::PostState { state, .. } => Some(state.held_by),
        _ => None,
    });
    assert_eq!(held.await, 1, "it is held for other members");
    assert!(a.store.ids(at_a.keys().id).contains(&posted.id));
    assert_eq!(at_a.read(10, None).await.expect("reads"), []);

    assert!(a.engine.unmute(loud).await.expect("unmutes"));
    at_b.post("soft").await.expect("posts");
    let first = wait_for(&mut events_a, content).await;
    assert_eq!(first.0, "soft", "what came before was not shown");
    loop {
        let news = news_a.recv().await.expect("not too slow");
        if let Some((text, _)) = content(&news.event) {
            assert_eq!(text, "soft");
            break;
        }
    }
    assert_eq!(at_a.read(10, None).await.expect("reads").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_mute_of_earlier_days_counts_from_the_start() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let b = node(
        &hub,
        2,
        vec![(SourceKind::Dht, Script::Finds(vec![peer(1)]))],
    );
    a.store
        .mute(FakeIdentity::from_seed(2).author())
        .await
        .expect("mutes");
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let mut events_a = at_a.subscribe();
    let at_b = b.engine.join(lobby()).await.expect("joins");
    let mut events_b = at_b.subscribe();
    wait_for(&mut events_b, joined).await;
    at_b.post("loud").await.expect("posts");
    let held = wait_for(&mut events_b, |event| match event {
        TopicEvent::PostState { state, .. } => Some(state.held_by),
        _ => None,
    });
    assert_eq!(held.await, 1);
    at_a.post("own").await.expect("posts");
    assert_eq!(wait_for(&mut events_a, content).await.0, "own");
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_gets_what_was_posted_before() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let at_a = a.engine.join(lobby()).await.expect("joins");
    for n in 0..150 {
        at_a.post(&format!("post {n}"))
            .await
            .expect("posts offline");
    }
    let b = node(
        &hub,
        2,
        vec![(SourceKind::Known, Script::Finds(vec![peer(1)]))],
    );
    let at_b = b.engine.join(lobby()).await.expect("joins");
    let mut events = at_b.subscribe();
    // What was written alone is also broadcast at last, so either way may be the faster one.
    let mut missing: BTreeSet<String> = (0..150).map(|n| format!("post {n}")).collect();
    while !missing.is_empty() {
        missing.remove(&wait_for(&mut events, content).await.0);
    }
    assert_eq!(a.store.ids(at_a.keys().id), b.store.ids(at_b.keys().id));
    let newest = at_b.read(1, None).await.expect("reads");
    assert_eq!(newest[0].event.content(), "post 149");
}

#[tokio::test(start_paused = true)]
async fn whoever_stays_deaf_joins_anew_and_misses_nothing() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let source = (SourceKind::Manual, Script::Finds(vec![peer(1)]));
    let b = node(&hub, 2, vec![source]);
    let at_b = b.engine.join(lobby()).await.expect("joins");
    let mut events = at_b.subscribe();
    wait_for(&mut events, joined).await;
    let topic = at_b.keys().id;
    let count = |wanted: fn(&Request) -> bool| {
        let requests = hub.requests(b.id);
        requests.into_iter().filter(wanted).count()
    };
    let joins = || count(|request| matches!(request, Request::Join(_)));
    let leaves = || count(|request| matches!(request, Request::Leave(_)));
    // Neighbours, but no message comes through; streams work.
    hub.set_loses_messages(true);
    let silent = timeout(Duration::from_secs(600), async {
        for n in 0.. {
            at_a.post(&format!("unheard {n}")).await.expect("posts");
            if joins() == 2 {
                return;
            }
            sleep(Duration::from_secs(10)).await;
        }
    });
    silent.await.expect("it joins anew");
    assert_eq!(leaves(), 1);
    hub.set_loses_messages(false);
    let settled = timeout(Duration::from_secs(60), async {
        while a.store.ids(topic) != b.store.ids(topic) {
            sleep(Duration::from_secs(1)).await;
        }
    });
    settled.await.expect("nothing is missing");
    at_a.post("heard").await.expect("posts");
    let live = wait_for(&mut events, |event| {
        content(event).filter(|(text, _)| text == "heard")
    });
    assert_eq!(live.await.1, Arrival::Live);
    assert_eq!(joins(), 2, "and not again");
}

#[tokio::test(start_paused = true)]
async fn a_remembered_member_is_compared_with_where_it_was_reached_before() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    a.engine.join(lobby()).await.expect("joins");
    let source = (SourceKind::Manual, Script::Finds(vec![peer(1)]));
    let b = node(&hub, 2, vec![source]);
    let at_b = b.engine.join(lobby()).await.expect("joins");
    let mut events = at_b.subscribe();
    wait_for(&mut events, joined).await;
    // In an earlier process.
    let met = PeerContact::Reached(vec![address_of(peer(9))]);
    let topic = at_b.keys().id;
    let noted = b.book.note_contact(topic, peer(9), met, BASE).await;
    noted.expect("noted");
    sleep(Duration::from_secs(80)).await;
    let requests = hub.requests(b.id);
    let told = Request::Remember {
        peer: peer(9),
        addresses: vec![address_of(peer(9))],
    };
    assert!(requests.contains(&told), "{requests:?}");
    let is_call = |request: &Request| {
        matches!(request, Request::Call { peer: to, request: SyncRequest::Summary(_), .. }
            if *to == peer(9))
    };
    let calls: Vec<_> = requests.iter().skip_while(|r| **r != told).collect();
    assert!(calls.iter().any(|request| is_call(request)), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_before_it_is_stored() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let at_a = a.engine.join(lobby()).await.expect("joins");
    hub.network(peer(2))
        .join(Arc::new(TopicKeys::public(lobby())))
        .await
        .map(std::mem::forget)
        .expect("joins");
    hub.link(at_a.keys().id, peer(1), peer(2));
    let mut events = at_a.subscribe();
    a.store.hold_commits();
    let posting = tokio::spawn({
        let at_a = at_a.clone();
        async move { at_a.post("early").await }
    });
    let verified = FakeIdentity::from_seed(9)
        .sign_now(Draft::post(&lobby(), "from afar", BASE))
        .expect("signs")
        .verify()
        .expect("genuine");
    let payload = GossipFrame::announcing(&verified);
    hub.inject(at_a.keys().id, peer(1), peer(2), payload.into());
    // Both are under way and stay so for as long as the disk is busy.
    let until = Instant::now() + Duration::from_secs(60);
    while let Ok(event) = tokio::time::timeout_at(until, events.recv()).await {
        let event = event.expect("the topic is open");
        assert!(
            content(&event).is_none(),
            "told before it was stored: {event:?}"
        );
    }
    assert!(!posting.is_finished());
    assert_eq!(broadcasts(&hub, a.id), 0);
    a.store.release_commits();
    posting.await.expect("no panic").expect("posts");
    let told: BTreeSet<String> = [
        wait_for(&mut events, content).await.0,
        wait_for(&mut events, content).await.0,
    ]
    .into();
    assert_eq!(told, ["early".to_owned(), "from afar".to_owned()].into());
    assert_eq!(broadcasts(&hub, a.id), 1);
}

#[tokio::test(start_paused = true)]
async fn a_post_that_the_disk_refuses_is_neither_told_nor_sent() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let mut events = at_a.subscribe();
    a.store.set_fault(Some(StoreFault::DiskFull));
    let error = at_a.post("lost").await.expect_err("the disk is full");
    assert!(
        matches!(error, PostError::Store(StoreError::DiskFull(_))),
        "{error:?}"
    );
    a.store.set_fault(None);
    at_a.post("kept").await.expect("posts");
    assert_eq!(wait_for(&mut events, content).await.0, "kept");
    assert_eq!(a.store.ids(at_a.keys().id).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whatever_source_is_left_is_enough() {
    use SourceKind::{Bootstrap, Dht, Known, Manual, Mdns};
    let all = [Known, Mdns, Dht, Manual, Bootstrap];
    for broken in [Script::Fails, Script::Hangs] {
        for left in all {
            let hub = Hub::new();
            let other = node(&hub, 1, vec![]);
            other.engine.join(lobby()).await.expect("joins");
            let script = |kind| {
                if kind == left {
                    Script::Finds(vec![peer(1)])
                } else {
                    broken.clone()
                }
            };
            let sources = all.map(|kind| (kind, script(kind))).to_vec();
            let b = node(&hub, 2, sources);
            let begin = Instant::now();
            let at_b = b.engine.join(lobby()).await.expect("joins");
            let mut events = at_b.subscribe();
            assert_eq!(
                wait_for(&mut events, joined).await,
                peer(1),
                "only {left:?} works"
            );
            let limit_ms = if left == Bootstrap { 3_500 } else { 500 };
            assert!(
                begin.elapsed().as_millis() < limit_ms,
                "{left:?}: {:?}",
                begin.elapsed()
            );
            let explained = at_b.explain().await.expect("explains");
            assert_eq!(explained.peers[0].found_by, left.into());
            let source = explained
                .sources
                .iter()
                .find(|s| s.source == left)
                .expect("listed");
            assert!(
                source.state.starts_with("found at"),
                "{left:?}: {}",
                source.state
            );
        }
    }
}

/// R4 in its order: the DHT is retried, remembered peers are dead, bootstrap nodes help.
#[tokio::test(start_paused = true)]
async fn the_fallback_chain_ends_at_the_bootstrap_node() {
    let hub = Hub::new();
    hub.set_unreachable_after(Duration::from_secs(1));
    let boot = node(&hub, 9, vec![]);
    boot.engine.join(lobby()).await.expect("joins");
    let dead = peer(5);
    hub.network(dead);
    hub.set_reach(dead, Reach::Dead);
    let a = node(
        &hub,
        1,
        vec![
            (SourceKind::Dht, Script::Fails),
            (SourceKind::Known, Script::Finds(vec![dead])),
            (SourceKind::Bootstrap, Script::Finds(vec![peer(9)])),
        ],
    );
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let mut events = at_a.subscribe();
    assert_eq!(wait_for(&mut events, joined).await, peer(9));
    let mut dials = hub.dials(a.id);
    dials.dedup();
    assert_eq!(dials, [dead, peer(9)]);
    let explained = at_a.explain().await.expect("explains");
    let tries = explained
        .attempts
        .iter()
        .filter(|t| t.source == SourceKind::Dht && t.peer.is_none());
    assert!(
        tries.count() >= 3,
        "the DHT was retried: {:#?}",
        explained.attempts
    );
    assert_eq!(explained.peers[0].found_by, SourceKind::Bootstrap.into());
}

#[tokio::test(start_paused = true)]
async fn alone_is_a_state_and_not_an_error() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![(SourceKind::Dht, Script::Finds(vec![]))]);
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let mut events = at_a.subscribe();
    let state = wait_for(&mut events, |event| match event {
        TopicEvent::State {
            state: state @ ConnectionState::Alone,
        } => Some(*state),
        _ => None,
    });
    assert_eq!(state.await, ConnectionState::Alone);
    let posted = at_a.post("to nobody yet").await.expect("posts");
    assert_eq!((posted.state.sent_to, posted.state.held_by), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_post_written_alone_goes_out_when_somebody_comes() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let posted = at_a.post("written alone").await.expect("posts");
    let mut events = at_a.subscribe();
    let b = node(
        &hub,
        2,
        vec![(SourceKind::Manual, Script::Finds(vec![peer(1)]))],
    );
    b.engine.join(lobby()).await.expect("joins");
    let sent = wait_for(&mut events, |event| match event {
        TopicEvent::PostState { id, state } if state.sent_to > 0 => Some(*id),
        _ => None,
    });
    assert_eq!(sent.await, posted.id);
}

#[tokio::test(start_paused = true)]
async fn members_are_answered_from_the_store() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let first = at_a.post("first").await.expect("posts");
    let second = at_a.post("second").await.expect("posts");
    let topic = at_a.keys().id;
    let newest = SyncRequest::Newest { n: 1, before: None };
    let ids = |answer: Option<SyncAnswer>| -> Vec<_> {
        answer
            .expect("an answer")
            .into_events()
            .0
            .iter()
            .map(|event| event.id())
            .collect()
    };
    assert_eq!(
        ids(hub.inject_call(topic, peer(1), peer(2), newest).await),
        [second.id]
    );
    let get = SyncRequest::Get(vec![first.id]);
    assert_eq!(
        ids(hub.inject_call(topic, peer(1), peer(2), get).await),
        [first.id]
    );
}

/// Whose a neighbour is, as soon as it has proved that.
fn proved(event: &TopicEvent) -> Option<(PeerId, AuthorView)> {
    match event {
        TopicEvent::PeerAuthor { peer, author } => Some((*peer, author.clone())),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn neighbours_say_whose_they_are() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let b = node(
        &hub,
        2,
        vec![(SourceKind::Dht, Script::Finds(vec![peer(1)]))],
    );
    let at_b = b.engine.join(lobby()).await.expect("joins");
    let profile = Profile::new("mika", None).expect("a name");
    b.engine.set_profile(profile).await.expect("told");
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let (mut events_a, mut events_b) = (at_a.subscribe(), at_b.subscribe());
    let (who, author) = wait_for(&mut events_a, proved).await;
    let mika = FakeIdentity::from_seed(2).author();
    assert_eq!((who, author.pubkey), (peer(2), mika));
    let (_, other) = wait_for(&mut events_b, proved).await;
    assert_eq!(other.pubkey, FakeIdentity::from_seed(1).author());
    // The name comes with the profile, before or after the statement.
    let peers = loop {
        let peers = at_a.peers().await.expect("joined");
        if peers[0].name.is_some() {
            break peers;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(peers[0].author.as_ref().map(|a| a.pubkey), Some(mika));
    assert_eq!(peers[0].name.as_deref(), Some("mika"));
}

/// A neighbour that answers the question whose it is with this.
async fn told_by_a_liar(answer: Vec<kukuri_domain::SignedEvent>) -> Option<AuthorView> {
    let hub = Hub::new();
    let liar = hub.network(peer(9));
    let keys = Arc::new(TopicKeys::public(lobby()));
    let mut link = liar.join(keys).await.expect("joins");
    let a = node(
        &hub,
        1,
        vec![(SourceKind::Dht, Script::Finds(vec![peer(9)]))],
    );
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let asked = async {
        while let Some(event) = link.events.recv().await {
            let NetworkEvent::Call(call) = event else {
                continue;
            };
            let is_it = call.request == SyncRequest::Author;
            let events = if is_it { answer.clone() } else { vec![] };
            // The engine waits for this answer.
            let _ = call.reply.send(SyncAnswer::Events {
                events,
                more: false,
            });
            if is_it {
                break;
            }
        }
    };
    asked.await;
    // Everything that follows from the answer is done by then: time is paused.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let peers = at_a.peers().await.expect("joined");
    assert_eq!(peers[0].id, peer(9));
    peers[0].author.clone()
}

#[tokio::test(start_paused = true)]
async fn a_statement_counts_for_the_endpoint_that_it_names_only() {
    let somebody = FakeIdentity::from_seed(7);
    let sign = async |peer| {
        let draft = Draft::endpoint(peer, BASE);
        somebody.sign(draft).await.expect("signs")
    };
    let own = told_by_a_liar(vec![sign(peer(9)).await]).await;
    assert_eq!(own.map(|author| author.pubkey), Some(somebody.author()));
    assert_eq!(told_by_a_liar(vec![sign(peer(2)).await]).await, None);
    assert_eq!(told_by_a_liar(vec![]).await, None);
    let post = Draft::post(&lobby(), "no statement", BASE);
    let post = somebody.sign(post).await.expect("signs");
    assert_eq!(told_by_a_liar(vec![post]).await, None);
    // Somebody else's name under it.
    let other = FakeIdentity::from_seed(8).author().to_string();
    let text = sign(peer(9)).await.to_json();
    let text = text.replace(&somebody.author().to_string(), &other);
    let forged = kukuri_domain::SignedEvent::from_json(&text).expect("an event");
    assert_eq!(told_by_a_liar(vec![forged]).await, None);
}

#[tokio::test(start_paused = true)]
async fn an_authors_clock_never_goes_back() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let at_a = a.engine.join(lobby()).await.expect("joins");
    let mut orders = Vec::new();
    for _ in 0..20 {
        orders.push(at_a.post("tick").await.expect("posts").event.order());
    }
    assert!(orders.is_sorted_by(|x, y| x.at() < y.at()), "{orders:?}");
}

#[tokio::test(start_paused = true)]
async fn stopping_acknowledges_what_was_accepted_and_keeps_the_topic_in_the_book() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let at_a = a.engine.join(lobby()).await.expect("joins");
    a.store.hold_commits();
    let posting = tokio::spawn({
        let at_a = at_a.clone();
        async move { at_a.post("just in time").await }
    });
    while a.store.commit_calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let stopping = tokio::spawn({
        let engine = a.engine.clone();
        async move { engine.shutdown().await }
    });
    tokio::task::yield_now().await;
    a.store.release_commits();
    posting
        .await
        .expect("no panic")
        .expect("it was accepted, so it is acknowledged");
    stopping.await.expect("no panic");
    assert!(!hub.is_joined(at_a.keys().id, a.id));
    assert_eq!(a.book.joined().await.expect("reads").len(), 1);
    assert!(matches!(
        at_a.post("too late").await,
        Err(PostError::Closed(_))
    ));
    assert!(matches!(
        a.engine.join(lobby()).await,
        Err(JoinError::Stopping)
    ));
}

#[tokio::test(start_paused = true)]
async fn leaving_forgets_the_topic_and_keeps_its_events() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let at_a = a.engine.join(lobby()).await.expect("joins");
    at_a.post("stays").await.expect("posts");
    let id = at_a.keys().id;
    assert!(a.engine.leave(id).await.expect("leaves"));
    assert!(!a.engine.leave(id).await.expect("leaves nothing"));
    assert!(a.engine.topics().is_empty() && a.book.joined().await.expect("reads").is_empty());
    let again = a.engine.join(lobby()).await.expect("joins again");
    assert_eq!(again.read(10, None).await.expect("reads").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn bad_posts_are_refused_with_a_reason() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let at_a = a.engine.join(lobby()).await.expect("joins");
    assert!(matches!(at_a.post(" \n").await, Err(PostError::Empty)));
    let long = "x".repeat(kukuri_domain::limits::EVENT_BYTES_MAX);
    assert!(matches!(
        at_a.post(&long).await,
        Err(PostError::Identity(_) | PostError::Shape(_))
    ));
    assert_eq!(a.store.ids(at_a.keys().id).len(), 0);
}
