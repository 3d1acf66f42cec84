//! What every store of events and every topic book must do, as suites that run on the fakes and
//! on the real adapters.
//!
//! Owns the promises of `ports::{EventStore, TopicBook}` as checks. Must never look behind the
//! port: whatever a check needs, it asks through the trait.

mod book;
mod conversation;
mod entries;
mod reading;
mod retention;
mod sets;

use std::{collections::BTreeSet, future::Future, ops::Deref};

use futures_util::future::join_all;
use kukuri_domain::{EventId, EventOrder, PeerId, TopicId, UnixMs, VerifiedEvent, event::Draft};

use super::vault::FakeIdentity;
use crate::ports::{Commit, EventStore, Origin, PostState, StoreError, StoredEvent};

pub use book::topic_book;
pub use conversation::{conversation, what_is_seen_of_the_conversation};
pub use retention::event_store_with_ceiling;

const TOPIC: TopicId = TopicId([1; 32]);
const OTHER: TopicId = TopicId([2; 32]);
const BASE: UnixMs = UnixMs(1_700_000_000_000);

/// A genuine event of the author of this number, in the topic "lobby".
///
/// # Panics
/// When the text is too long for an event.
pub fn event(author: u64, text: &str, at: UnixMs) -> VerifiedEvent {
    let draft = Draft::post(&"lobby".parse().expect("a name"), text, at);
    let signed = FakeIdentity::from_seed(author)
        .sign_now(draft)
        .expect("a fine draft");
    signed.verify().expect("signed just now")
}

/// `n` genuine events, one millisecond apart, oldest first.
pub fn events(n: u64) -> Vec<VerifiedEvent> {
    (0..n)
        .map(|i| event(1, &format!("event {i}"), UnixMs(BASE.0 + i)))
        .collect()
}

/// Checks the promises of [`EventStore`]; `make` gives a new, empty store each time,
/// with what keeps it alive.
///
/// # Panics
/// When a promise is broken.
pub async fn event_store<S, F>(make: impl Fn() -> F)
where
    S: Deref<Target: EventStore + Sized>,
    F: Future<Output = S>,
{
    an_empty_store_answers(&*make().await).await;
    events_come_back_as_they_were(&*make().await).await;
    storing_again_changes_nothing(&*make().await).await;
    of_concurrent_commits_one_finds_an_event_new(&*make().await).await;
    the_newest_come_first_and_page(&*make().await).await;
    topics_are_apart(&*make().await).await;
    missing_and_get_divide_the_ids(&*make().await).await;
    own_events_count_where_they_are(&*make().await).await;
    unsent_events_are_the_own_ones_that_nobody_got(&*make().await).await;
    large_batches_are_taken(&*make().await).await;
    a_closed_store_says_so(&*make().await).await;
    reading::check(&make).await;
    conversation::check(&make).await;
    entries::check(&make).await;
    sets::check(make).await;
}

/// All calls on a closed store or book fail alike.
fn assert_closed<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Closed)), "{result:?}");
}

fn ids(events: &[VerifiedEvent]) -> Vec<EventId> {
    events.iter().map(VerifiedEvent::id).collect()
}

fn stored_ids(events: &[StoredEvent]) -> Vec<EventId> {
    events.iter().map(|stored| stored.event.id()).collect()
}

async fn put(store: &impl EventStore, topic: TopicId, events: &[VerifiedEvent], origin: Origin) {
    let commits = store
        .commit(topic, events.to_vec(), origin)
        .await
        .expect("a working store");
    assert_eq!(
        commits.iter().map(|c| c.id).collect::<Vec<_>>(),
        ids(events)
    );
    assert!(commits.iter().all(|c| c.is_new), "{commits:?}");
}

async fn an_empty_store_answers(store: &impl EventStore) {
    let id = EventId([9; 32]);
    assert_eq!(store.count(TOPIC).await.expect("count"), 0);
    assert_eq!(store.newest(TOPIC, 10, None).await.expect("newest"), []);
    assert_eq!(store.get(TOPIC, vec![id]).await.expect("get"), []);
    assert_eq!(store.missing(TOPIC, vec![id]).await.expect("missing"), [id]);
    assert_eq!(store.unsent(TOPIC, 10).await.expect("unsent"), []);
    assert_eq!(
        store
            .commit(TOPIC, Vec::new(), Origin::Local)
            .await
            .expect("commit"),
        []
    );
    assert_eq!(store.get(TOPIC, Vec::new()).await.expect("get"), []);
    assert_eq!(store.missing(TOPIC, Vec::new()).await.expect("missing"), []);
    store
        .note_sent(TOPIC, vec![id], 1)
        .await
        .expect("note_sent");
    assert_eq!(
        store
            .note_held(TOPIC, PeerId([3; 32]), vec![id])
            .await
            .expect("note_held"),
        []
    );
}

async fn events_come_back_as_they_were(store: &impl EventStore) {
    let mut draft = Draft::post(
        &"lobby".parse().expect("a name"),
        "\0 \u{1F9F6} \"\n'",
        BASE,
    );
    draft
        .tags
        .push(vec!["empty".into(), String::new(), "\u{7f}\u{3042}".into()]);
    draft.tags.push(vec!["ms".into(), "7".into()]);
    draft.kind = 30_078;
    let rich = FakeIdentity::from_seed(7)
        .sign_now(draft)
        .expect("fine")
        .verify()
        .expect("genuine");
    let no_tags = Draft {
        kind: 0,
        tags: Vec::new(),
        content: String::new(),
        at: UnixMs(1_700_000_001_000),
    };
    let bare = FakeIdentity::from_seed(8)
        .sign_now(no_tags)
        .expect("fine")
        .verify()
        .expect("genuine");
    let early = event(9, "at the beginning of time", UnixMs(0));
    put(store, TOPIC, &[rich.clone(), bare.clone()], Origin::Peer).await;
    put(store, TOPIC, std::slice::from_ref(&early), Origin::Local).await;

    let expected: Vec<_> = [bare, rich, early].map(VerifiedEvent::into_signed).into();
    let newest = store.newest(TOPIC, 10, None).await.expect("newest");
    assert_eq!(
        newest.iter().map(|s| s.event.clone()).collect::<Vec<_>>(),
        expected
    );
    assert!(
        newest.iter().all(|s| s.state == PostState::default()),
        "{newest:?}"
    );
    let mut got = store.get(TOPIC, stored_ids(&newest)).await.expect("get");
    got.sort_by_key(|s| std::cmp::Reverse(s.event.order()));
    assert_eq!(got, newest);
    for stored in got {
        stored.event.verify().expect("not a byte was changed");
    }
}

async fn storing_again_changes_nothing(store: &impl EventStore) {
    let events = events(3);
    let twice = vec![events[0].clone(), events[1].clone(), events[0].clone()];
    let commits = store
        .commit(TOPIC, twice, Origin::Local)
        .await
        .expect("commit");
    assert_eq!(
        commits.iter().map(|c| c.is_new).collect::<Vec<_>>(),
        [true, true, false]
    );
    store
        .note_sent(TOPIC, ids(&events[..1]), 4)
        .await
        .expect("note_sent");
    let before = store.newest(TOPIC, 10, None).await.expect("newest");

    for origin in [Origin::Peer, Origin::Local] {
        let commits = store
            .commit(TOPIC, events[..2].to_vec(), origin)
            .await
            .expect("commit");
        assert!(commits.iter().all(|c| !c.is_new), "{commits:?}");
    }
    assert_eq!(store.newest(TOPIC, 10, None).await.expect("newest"), before);

    let commits = store
        .commit(TOPIC, events.clone(), Origin::Peer)
        .await
        .expect("commit");
    assert_eq!(
        commits.iter().map(|c| c.is_new).collect::<Vec<_>>(),
        [false, false, true]
    );
    assert_eq!(
        commits.iter().map(|c| c.id).collect::<Vec<_>>(),
        ids(&events)
    );
    assert_eq!(store.count(TOPIC).await.expect("count"), 3);
}

async fn of_concurrent_commits_one_finds_an_event_new(store: &impl EventStore) {
    let events = events(20);
    let commits = (0..10).map(|i| {
        let origin = if i % 2 == 0 {
            Origin::Local
        } else {
            Origin::Peer
        };
        store.commit(TOPIC, events.clone(), origin)
    });
    let commits: Vec<Vec<Commit>> = join_all(commits)
        .await
        .into_iter()
        .map(|r| r.expect("commit"))
        .collect();
    for (i, event) in events.iter().enumerate() {
        assert!(commits.iter().all(|c| c[i].id == event.id()));
        assert_eq!(commits.iter().filter(|c| c[i].is_new).count(), 1);
    }
    assert_eq!(store.count(TOPIC).await.expect("count"), 20);
}

async fn the_newest_come_first_and_page(store: &impl EventStore) {
    let mut events = events(6);
    // Two in the same millisecond, and one a whole second later without a later millisecond.
    events.push(event(2, "tie", UnixMs(BASE.0 + 3)));
    events.push(event(2, "next second", UnixMs(BASE.0 + 1_000)));
    put(store, TOPIC, &events, Origin::Peer).await;
    let mut expected: Vec<EventOrder> = events.iter().map(VerifiedEvent::order).collect();
    expected.sort();
    expected.reverse();

    for page in [1, 2, 3, 8, 9] {
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let newest = store.newest(TOPIC, page, before).await.expect("newest");
            assert!(newest.len() <= page as usize);
            let Some(last) = newest.last() else { break };
            before = Some(last.event.order());
            seen.extend(newest.iter().map(|s| s.event.order()));
        }
        assert_eq!(seen, expected, "in pages of {page}");
    }
    assert_eq!(store.newest(TOPIC, 0, None).await.expect("newest"), []);
    let end = EventOrder {
        created_at: u64::MAX,
        ms: 999,
        id: EventId([0xff; 32]),
    };
    assert_eq!(
        store
            .newest(TOPIC, 100, Some(end))
            .await
            .expect("newest")
            .len(),
        events.len()
    );
}

async fn topics_are_apart(store: &impl EventStore) {
    let events = events(3);
    put(store, TOPIC, &events[..2], Origin::Local).await;
    put(store, OTHER, &events[1..], Origin::Peer).await;
    store
        .note_sent(TOPIC, ids(&events), 5)
        .await
        .expect("note_sent");

    assert_eq!(store.count(TOPIC).await.expect("count"), 2);
    assert_eq!(store.count(OTHER).await.expect("count"), 2);
    let other = store.newest(OTHER, 10, None).await.expect("newest");
    assert_eq!(stored_ids(&other), [events[2].id(), events[1].id()]);
    assert!(
        other.iter().all(|s| s.state == PostState::default()),
        "{other:?}"
    );
    let held = store
        .note_held(OTHER, PeerId([3; 32]), ids(&events))
        .await
        .expect("note_held");
    assert_eq!(held, [], "in the other topic they are not own events");
    assert_eq!(store.unsent(OTHER, 10).await.expect("unsent"), []);
}

async fn missing_and_get_divide_the_ids(store: &impl EventStore) {
    let events = events(5);
    put(
        store,
        TOPIC,
        &[events[3].clone(), events[1].clone()],
        Origin::Peer,
    )
    .await;
    put(store, OTHER, &events[..1], Origin::Peer).await;
    let asked = vec![
        events[4].id(),
        events[3].id(),
        events[0].id(),
        events[1].id(),
    ];

    let missing = store.missing(TOPIC, asked.clone()).await.expect("missing");
    assert_eq!(missing, [events[4].id(), events[0].id()]);
    let got = store.get(TOPIC, asked).await.expect("get");
    assert_eq!(
        stored_ids(&got).into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from([events[1].id(), events[3].id()])
    );
    let twice = store
        .get(TOPIC, vec![events[1].id(); 2])
        .await
        .expect("get");
    assert_eq!(twice.len(), 1);
}

async fn own_events_count_where_they_are(store: &impl EventStore) {
    let events = events(3);
    put(store, TOPIC, &events[..2], Origin::Local).await;
    put(store, TOPIC, &events[2..], Origin::Peer).await;
    let (own, peers) = (events[0].id(), [PeerId([3; 32]), PeerId([4; 32])]);
    let state = |sent_to, held_by| PostState { sent_to, held_by };

    store
        .note_sent(TOPIC, ids(&events), 3)
        .await
        .expect("note_sent");
    store
        .note_sent(TOPIC, vec![own], 2)
        .await
        .expect("note_sent");
    let held = store
        .note_held(TOPIC, peers[0], vec![own, events[2].id()])
        .await;
    assert_eq!(held.expect("note_held"), [(own, state(2, 1))]);
    let again = store.note_held(TOPIC, peers[0], vec![own]).await;
    assert_eq!(again.expect("note_held"), [], "a peer counts once");
    let mut held = store
        .note_held(TOPIC, peers[1], ids(&events))
        .await
        .expect("note_held");
    held.sort_by_key(|(id, _)| *id != own);
    assert_eq!(held, [(own, state(2, 2)), (events[1].id(), state(3, 1))]);
    let twice = store
        .note_held(TOPIC, peers[0], vec![events[1].id(); 2])
        .await;
    assert_eq!(twice.expect("note_held"), [(events[1].id(), state(3, 2))]);

    store
        .note_sent(TOPIC, vec![own], 0)
        .await
        .expect("note_sent");
    let newest = store.newest(TOPIC, 10, None).await.expect("newest");
    let states: Vec<PostState> = newest.iter().map(|s| s.state).collect();
    assert_eq!(states, [state(0, 0), state(3, 2), state(2, 2)]);
    let got = store.get(TOPIC, vec![own]).await.expect("get");
    assert_eq!(got[0].state, state(2, 2));
}

async fn unsent_events_are_the_own_ones_that_nobody_got(store: &impl EventStore) {
    let events = events(6);
    put(
        store,
        TOPIC,
        &[events[4].clone(), events[1].clone()],
        Origin::Local,
    )
    .await;
    put(
        store,
        TOPIC,
        &[events[0].clone(), events[2].clone()],
        Origin::Local,
    )
    .await;
    put(
        store,
        TOPIC,
        &[events[3].clone(), events[5].clone()],
        Origin::Peer,
    )
    .await;
    store
        .note_sent(TOPIC, vec![events[1].id(), events[5].id()], 1)
        .await
        .expect("note_sent");
    store
        .note_sent(TOPIC, vec![events[2].id()], 0)
        .await
        .expect("note_sent");

    let unsent = store.unsent(TOPIC, 10).await.expect("unsent");
    assert_eq!(
        stored_ids(&unsent),
        [events[0].id(), events[2].id(), events[4].id()]
    );
    let unsent = store.unsent(TOPIC, 2).await.expect("unsent");
    assert_eq!(stored_ids(&unsent), [events[0].id(), events[2].id()]);
}

async fn large_batches_are_taken(store: &impl EventStore) {
    let events = events(1_200);
    put(store, TOPIC, &events, Origin::Local).await;
    assert_eq!(store.count(TOPIC).await.expect("count"), 1_200);
    assert_eq!(
        store
            .newest(TOPIC, u32::MAX, None)
            .await
            .expect("newest")
            .len(),
        1_200
    );
    assert_eq!(
        store.get(TOPIC, ids(&events)).await.expect("get").len(),
        1_200
    );
    assert_eq!(
        store.missing(TOPIC, ids(&events)).await.expect("missing"),
        []
    );
    store
        .note_sent(TOPIC, ids(&events), 1)
        .await
        .expect("note_sent");
    let held = store
        .note_held(TOPIC, PeerId([3; 32]), ids(&events))
        .await
        .expect("note_held");
    assert_eq!(held.len(), 1_200);
    assert_eq!(store.unsent(TOPIC, 10).await.expect("unsent"), []);
}

async fn a_closed_store_says_so(store: &impl EventStore) {
    let events = events(1);
    put(store, TOPIC, &events, Origin::Local).await;
    store.close().await.expect("close");
    assert_closed(store.commit(TOPIC, events.clone(), Origin::Local).await);
    assert_closed(store.newest(TOPIC, 1, None).await);
    assert_closed(store.get(TOPIC, ids(&events)).await);
    assert_closed(store.missing(TOPIC, ids(&events)).await);
    assert_closed(store.count(TOPIC).await);
    assert_closed(store.note_sent(TOPIC, ids(&events), 1).await);
    assert_closed(store.note_held(TOPIC, PeerId([3; 32]), ids(&events)).await);
    assert_closed(store.unsent(TOPIC, 1).await);
    store.close().await.expect("closing again changes nothing");
}
