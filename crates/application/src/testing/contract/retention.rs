//! What a store with a ceiling must keep, and what it must let go.
//!
//! Owns a long conversation of an hour for each post. Where the horizon comes to lie is the store's
//! matter; that everything follows from it is checked here.

use std::{future::Future, ops::Deref, time::Duration};

use kukuri_domain::{EventId, PeerId, UnixMs, VerifiedEvent, search::SearchQuery};
use tokio::time::{sleep, timeout};

use super::{BASE, TOPIC, assert_closed, conversation::tagged_at, event, ids, put};
use crate::{
    ports::{EventStore, Origin, Page, horizon_max},
    sync_set::SyncSet,
};

/// Room for about a third of what is written.
const CEILING: u64 = 60_000;

/// A cut after everything.
const LAST: UnixMs = UnixMs(BASE.0 + 3_600_000);

const HOUR_MS: u64 = 3_600_000;

/// How long a store may take to keep to its ceiling.
const PATIENCE: Duration = Duration::from_secs(20);

/// Post `n` of 300, the last of them an hour ago.
fn post(n: u64) -> VerifiedEvent {
    event(n % 3, &format!("word{n}"), at(n))
}

fn at(n: u64) -> UnixMs {
    UnixMs(BASE.0 - (300 - n) * HOUR_MS)
}

/// Something half an hour after post `n`.
fn old(author: u64, kind: u16, tags: &[&[&str]], text: &str, n: u64) -> VerifiedEvent {
    tagged_at(author, kind, tags, text, UnixMs(at(n).0 + HOUR_MS / 2))
}

/// Checks what a ceiling is to do; `make` gives a new store each time, with a ceiling or without.
///
/// # Panics
/// When a promise is broken.
pub async fn event_store_with_ceiling<S, F>(make: impl Fn(Option<u64>) -> F)
where
    S: Deref<Target: EventStore + Sized>,
    F: Future<Output = S>,
{
    the_oldest_go_with_all_that_hangs_on_them(&*make(Some(CEILING)).await).await;
    for asked_before in [false, true] {
        for newest_first in [false, true] {
            let (all, some) = (make(None).await, make(Some(CEILING)).await);
            the_set_is_a_matter_of_the_horizon(&*all, &*some, asked_before, newest_first).await;
        }
    }
    own_events_wait_until_they_are_sent(&*make(Some(CEILING)).await).await;
    what_is_new_stays_whatever_the_ceiling(&*make(Some(10_000)).await).await;
    without_a_ceiling_nothing_goes(&*make(None).await).await;
    let closed = make(Some(CEILING)).await;
    closed.close().await.expect("closes");
    assert_closed(closed.horizon(TOPIC).await);
}

/// Waits until the store has done what the ceiling asks for; returns the horizon.
async fn settled(store: &impl EventStore) -> UnixMs {
    let reader = event(9, "", BASE).author();
    let settles = async {
        loop {
            let summary = store.summary(TOPIC, reader).await.expect("summary");
            let oldest = store.count(TOPIC).await.expect("count");
            if summary.bytes <= summary.bytes_max.expect("a ceiling") && summary.horizon.0 > 0 {
                assert_eq!(summary.events, oldest);
                return summary.horizon;
            }
            // Removing is the store's own business; nothing tells of its end.
            sleep(Duration::from_millis(2)).await;
        }
    };
    let horizon = timeout(PATIENCE, settles)
        .await
        .expect("it keeps to the ceiling");
    let told = store.horizon(TOPIC).await.expect("a horizon");
    assert_eq!(*told.borrow(), horizon);
    horizon
}

async fn held(store: &impl EventStore, events: &[VerifiedEvent]) -> Vec<bool> {
    let missing = store.missing(TOPIC, ids(events)).await.expect("missing");
    let is_held = |event: &VerifiedEvent| !missing.contains(&event.id());
    events.iter().map(is_held).collect()
}

async fn the_oldest_go_with_all_that_hangs_on_them(store: &impl EventStore) {
    let posts: Vec<VerifiedEvent> = (0..300).map(post).collect();
    let root = &posts[0];
    let root_id = root.id().to_string();
    let answer = old(2, 1, &[&["e", &root_id, "", "root"]], "late answer", 299);
    let early = old(2, 1, &[&["e", &root_id, "", "root"]], "early answer", 1);
    let reaction = old(1, 7, &[&["e", &root_id]], "+", 2);
    let deleted = posts[3].id().to_string();
    let deletion = old(0, 5, &[&["e", &deleted]], "", 3);
    let name = old(5, 0, &[], r#"{"name":"Aya"}"#, 1);
    let older_name = old(5, 0, &[], r#"{"name":"A."}"#, 0);
    let said = [
        answer.clone(),
        early.clone(),
        reaction.clone(),
        deletion.clone(),
        name.clone(),
        older_name.clone(),
    ];
    put(store, TOPIC, &said, Origin::Peer).await;
    for group in posts.chunks(50) {
        store
            .commit(TOPIC, group.to_vec(), Origin::Peer)
            .await
            .expect("stored");
    }
    let horizon = settled(store).await;
    assert!(at(100) < horizon && horizon < at(299), "{horizon:?}");

    let kept: Vec<bool> = posts.iter().map(|p| p.order().at() >= horizon).collect();
    assert_eq!(held(store, &posts).await, kept);
    let kept_of_said = [true, false, false, false, true, false];
    assert_eq!(held(store, &said).await, kept_of_said);
    let author = name.author();
    let profile = store.profile_in(TOPIC, author).await.expect("profile");
    assert_eq!(profile.expect("names stay").profile.name, "Aya");

    let reader = event(9, "", BASE).author();
    let summary = store.summary(TOPIC, reader).await.expect("summary");
    let (events, shown) = (summary.events, summary.posts);
    assert_eq!(events, store.count(TOPIC).await.expect("count"));
    let left = kept.iter().filter(|kept| **kept).count() as u64;
    assert_eq!(
        (events, shown),
        (left + 2, left + 1),
        "the answer, the name"
    );
    assert_eq!(summary.unread, left + 1);
    // What of an hour stays is a matter of the store: here about nine tenths of a third.
    assert!((60..115).contains(&left), "{left} posts");

    let page = Page {
        roots: true,
        ..Page::newest(1_000)
    };
    let page = store.posts(TOPIC, page, reader).await.expect("a page");
    assert_eq!(page.len() as u64, left + 1);
    assert!(page.iter().any(|post| post.event.id() == answer.id()));
    let find = async |text: &str| {
        let query = SearchQuery::parse(text).expect("a query");
        let found = store.search(vec![TOPIC], query, 9, None, reader).await;
        found.expect("found").len()
    };
    assert_eq!(find("word299").await, 1);
    assert_eq!(find("word0").await, 0);
    assert_eq!(find("early").await, 0);

    // Nothing of that comes back, unless it stands in a place or is one's own.
    let again = store.commit(TOPIC, vec![root.clone()], Origin::Peer).await;
    assert!(!again.expect("no fault")[0].is_new);
    assert_eq!(held(store, &posts[..1]).await, [false]);
    let other = old(6, 0, &[], r#"{"name":"Ren"}"#, 1);
    put(store, TOPIC, &[other], Origin::Peer).await;
    put(store, TOPIC, &[old(7, 1, &[], "own", 1)], Origin::Local).await;
}

async fn the_set_is_a_matter_of_the_horizon(
    all: &impl EventStore,
    some: &impl EventStore,
    asked_before: bool,
    newest_first: bool,
) {
    let mut events: Vec<VerifiedEvent> = (0..300).map(post).collect();
    for n in [5_u64, 60, 150, 290] {
        let target = &events[usize::try_from(n - 1).expect("small")];
        let (id, author) = (target.id().to_string(), (n - 1) % 3);
        events.push(old(author, 5, &[&["e", &id]], "", n));
        let name = format!(r#"{{"name":"name at {n}"}}"#);
        events.push(old(n % 2, 0, &[], &name, n));
    }
    if newest_first {
        events.sort_by_key(|event| std::cmp::Reverse(event.order()));
    }
    if asked_before {
        let asked = some.set_summary(TOPIC, LAST, UnixMs(0)).await;
        assert_eq!(asked.expect("a set").count, 0);
    }
    for group in events.chunks(20) {
        let committed = all.commit(TOPIC, group.to_vec(), Origin::Peer).await;
        committed.expect("stored");
        let committed = some.commit(TOPIC, group.to_vec(), Origin::Peer).await;
        committed.expect("stored");
    }
    let horizon = settled(some).await;
    for (since, cut) in [(UnixMs(0), LAST), (at(150), at(280)), (at(299), LAST)] {
        let ours = some.set_summary(TOPIC, cut, since).await.expect("a set");
        assert_eq!(ours.since, since.max(horizon), "the later of both");
        let theirs = all.set_summary(TOPIC, cut, ours.since).await;
        assert_eq!(ours, theirs.expect("a set"), "since {since:?} at {cut:?}");
    }
    // Neither asks the other for anything, nor offers anything.
    let message = some.reconcile(TOPIC, horizon, None).await.expect("a step");
    let message = message.next.expect("a first message");
    let answer = all.reconcile_answer(TOPIC, horizon, message).await;
    let step = some.reconcile(TOPIC, horizon, Some(answer.expect("an answer")));
    let step = step.await.expect("a step");
    assert_eq!((step.have, step.need, step.next), (vec![], vec![], None));
}

async fn own_events_wait_until_they_are_sent(store: &impl EventStore) {
    let own = old(7, 1, &[], "not sent yet", 1);
    put(store, TOPIC, std::slice::from_ref(&own), Origin::Local).await;
    let posts: Vec<VerifiedEvent> = (0..300).map(post).collect();
    store
        .commit(TOPIC, posts, Origin::Peer)
        .await
        .expect("stored");
    let first = settled(store).await;
    let unsent = store.unsent(TOPIC, 9).await.expect("unsent");
    assert_eq!(super::stored_ids(&unsent), [own.id()]);
    // Nobody compares it: it is before the horizon.
    let summary = store.set_summary(TOPIC, LAST, UnixMs(0)).await;
    let events = store.newest(TOPIC, 1_000, None).await.expect("newest");
    let members = events.iter().map(|stored| stored.event.member());
    let mut expected = SyncSet::new(members, BASE);
    expected.forget_before(first);
    let expected = expected.summary(LAST, UnixMs(0));
    assert_eq!(summary.expect("a set"), expected);

    let sent: Vec<EventId> = vec![own.id()];
    store.note_sent(TOPIC, sent, 2).await.expect("noted");
    let complete = first..LAST;
    let grown = store.note_complete(TOPIC, PeerId([1; 32]), complete).await;
    assert_eq!(grown.expect("noted"), [], "it is not among what both keep");
    let more: Vec<VerifiedEvent> = (0..200)
        .map(|n| event(8, &format!("more{n}"), UnixMs(at(299).0 + n)))
        .collect();
    store
        .commit(TOPIC, more, Origin::Peer)
        .await
        .expect("stored");
    let moved = async {
        let mut horizon = store.horizon(TOPIC).await.expect("a horizon");
        let later = horizon.wait_for(|horizon| *horizon > first).await;
        drop(later.expect("the store is open"));
    };
    timeout(PATIENCE, moved).await.expect("it moves on");
    settled(store).await;
    assert_eq!(held(store, &[own]).await, [false]);
}

async fn what_is_new_stays_whatever_the_ceiling(store: &impl EventStore) {
    let now = horizon_max(BASE);
    let new: Vec<VerifiedEvent> = (0..100)
        .map(|n| event(1, &format!("new{n}"), UnixMs(now.0 + n * 1_000)))
        .collect();
    let old: Vec<VerifiedEvent> = (0..100).map(post).collect();
    store
        .commit(TOPIC, old.clone(), Origin::Peer)
        .await
        .expect("stored");
    store
        .commit(TOPIC, new.clone(), Origin::Peer)
        .await
        .expect("stored");
    let mut horizon = store.horizon(TOPIC).await.expect("a horizon");
    let reached = timeout(PATIENCE, horizon.wait_for(|horizon| *horizon > at(99)));
    let reached = *reached.await.expect("in time").expect("open");
    assert!(reached <= now, "{reached:?}");
    assert_eq!(held(store, &new).await, [true; 100]);
}

async fn without_a_ceiling_nothing_goes(store: &impl EventStore) {
    let posts: Vec<VerifiedEvent> = (0..300).map(post).collect();
    put(store, TOPIC, &posts, Origin::Peer).await;
    let reader = posts[0].author();
    let summary = store.summary(TOPIC, reader).await.expect("summary");
    assert_eq!((summary.events, summary.bytes_max), (300, None));
    assert_eq!(summary.complete_since(), None);
    assert!(summary.bytes > 300 * 500, "{} bytes", summary.bytes);
}
