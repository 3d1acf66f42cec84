//! What a store must say of entries: the same state whatever came when, and what lost.
//!
//! Owns writes by several authors to few keys. Which of them counts is
//! [`kukuri_domain::entry::EntryRank`]'s to say; here it is written out.

use std::{future::Future, ops::Deref, slice::from_ref};

use kukuri_domain::{
    EntryKey, EntryValue, EventId, Hlc, UnixMs, VerifiedEvent, entry::LOST_KEPT_MS, event::Draft,
};
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use super::{BASE, OTHER, TOPIC, assert_closed, put};
use crate::{
    ports::{EntryPage, EventStore, Identity as _, Origin, PostState, StoredEntry},
    testing::vault::FakeIdentity,
};

fn key(text: &str) -> EntryKey {
    EntryKey::new(text).expect("a key")
}

/// A genuine write in the topic "lobby", `ms` after the base.
fn write(
    author: u64,
    name: &str,
    value: Option<&[u8]>,
    (ms, counter): (u64, u32),
) -> VerifiedEvent {
    expiring(author, name, value, (ms, counter), None)
}

fn expiring(
    author: u64,
    name: &str,
    value: Option<&[u8]>,
    (ms, counter): (u64, u32),
    expires_at: Option<UnixMs>,
) -> VerifiedEvent {
    let clock = Hlc {
        ms: BASE.0 + ms,
        counter,
    };
    let value = value.map(|bytes| EntryValue::new(bytes.to_vec()).expect("a value"));
    let topic = "lobby".parse().expect("a name");
    let draft = Draft::entry(&topic, &key(name), value.as_ref(), clock, expires_at);
    let identity = FakeIdentity::from_seed(author);
    let signed = identity.sign_now(draft).expect("a fine draft");
    signed.verify().expect("signed just now")
}

fn page(prefix: &str, after: Option<&str>, limit: u32) -> EntryPage {
    EntryPage {
        prefix: prefix.to_owned(),
        after: after.map(key),
        limit,
    }
}

fn revisions(stored: &[StoredEntry]) -> Vec<EventId> {
    stored.iter().map(|stored| stored.event.id()).collect()
}

async fn keys(store: &impl EventStore, page: EntryPage) -> Vec<String> {
    let stored = store.entries(TOPIC, page).await.expect("entries");
    let names = stored.iter().map(|stored| {
        let entry = stored.event.entry().expect("a write");
        entry.key.as_str().to_owned()
    });
    names.collect()
}

pub(super) async fn check<S, F>(make: impl Fn() -> F)
where
    S: Deref<Target: EventStore + Sized>,
    F: Future<Output = S>,
{
    nothing_was_written(&*make().await).await;
    a_write_comes_back_as_it_was(&*make().await).await;
    the_greatest_counts(&make).await;
    what_lost_leaves_the_set_after_its_time(&*make().await).await;
    a_deletion_by_nip_09_ends_no_entry(&*make().await).await;
    deleted_and_expired_ones_are_not_listed(&*make().await).await;
    lists_are_in_the_order_of_bytes(&*make().await).await;
    many_at_once_are_merged(&*make().await).await;
    entries_of_topics_are_apart(&*make().await).await;
}

async fn nothing_was_written(store: &impl EventStore) {
    assert_eq!(
        store
            .entries(TOPIC, page("", None, 9))
            .await
            .expect("entries"),
        []
    );
    let none = store.entries_of(TOPIC, vec![key("a")]).await;
    assert_eq!(none.expect("entries_of"), []);
    let none = store.entry_writes(TOPIC, key("a"), 9).await;
    assert_eq!(none.expect("entry_writes"), []);
    let clock = store.entry_clock(TOPIC).await.expect("entry_clock");
    assert_eq!(clock, Hlc::default());
    store.close().await.expect("closes");
    assert_closed(store.entries(TOPIC, page("", None, 9)).await);
    assert_closed(store.entries_of(TOPIC, vec![key("a")]).await);
    assert_closed(store.entry_writes(TOPIC, key("a"), 9).await);
    assert_closed(store.entry_clock(TOPIC).await);
}

async fn a_write_comes_back_as_it_was(store: &impl EventStore) {
    let odd = "a\0b\n\u{202e}\"'\\%_ 😀";
    let events = [
        write(1, odd, Some("東京".as_bytes()), (1, 0)),
        write(1, "bytes", Some(&[0xff, 0, 0xfe]), (2, 7)),
    ];
    put(store, TOPIC, &events, Origin::Local).await;
    for event in &events {
        let entry = event.entry().expect("a write");
        let found = store.entries_of(TOPIC, vec![entry.key.clone()]).await;
        let found = found.expect("entries_of");
        assert_eq!(found.len(), 1);
        assert_eq!(&found[0].event, &event.clone().into_signed());
        assert_eq!(found[0].state, PostState::default());
    }
    let clock = store.entry_clock(TOPIC).await.expect("entry_clock");
    assert_eq!((clock.ms, clock.counter), (BASE.0 + 2, 7));
    // How far it has come is known as of a post.
    let id = events[0].id();
    store.note_sent(TOPIC, vec![id], 3).await.expect("noted");
    let found = store.entries_of(TOPIC, vec![key(odd)]).await;
    assert_eq!(found.expect("entries_of")[0].state.sent_to, 3);
}

/// Writes to one key from the greatest to the least.
fn contest() -> Vec<VerifiedEvent> {
    let [low, high] = {
        let of = |author| FakeIdentity::from_seed(author).author();
        if of(1) < of(2) { [1, 2] } else { [2, 1] }
    };
    let mut same = [b"x", b"y"].map(|value| write(high, "k", Some(value), (50, 1)));
    same.sort_by_key(|event| std::cmp::Reverse(event.id()));
    let [first, second] = same;
    vec![
        write(low, "k", None, (60, 0)),
        first,
        second,
        write(low, "k", Some(b"lower author"), (50, 1)),
        write(high, "k", Some(b"lower counter"), (50, 0)),
        write(3, "k", Some(b"older"), (1, 9)),
    ]
}

async fn the_greatest_counts<S, F>(make: &impl Fn() -> F)
where
    S: Deref<Target: EventStore + Sized>,
    F: Future<Output = S>,
{
    let ranked = contest();
    let expected: Vec<EventId> = ranked.iter().map(VerifiedEvent::id).collect();
    let (mut rng, mut sets) = (StdRng::seed_from_u64(6), Vec::new());
    for round in 0..12 {
        let store = make().await;
        let mut events = ranked.clone();
        events.shuffle(&mut rng);
        // All at once, one by one, and twice.
        let batch = [events.len(), 1, 2][round % 3];
        for events in events.chunks(batch) {
            put(&*store, TOPIC, events, Origin::Peer).await;
        }
        let again = store.commit(TOPIC, events, Origin::Peer).await;
        assert!(again.expect("a store").iter().all(|commit| !commit.is_new));

        let counting = store.entries_of(TOPIC, vec![key("k")]).await;
        assert_eq!(revisions(&counting.expect("entries_of")), expected[..1]);
        let writes = store.entry_writes(TOPIC, key("k"), 99).await;
        assert_eq!(revisions(&writes.expect("entry_writes")), expected);
        let some = store.entry_writes(TOPIC, key("k"), 2).await;
        assert_eq!(revisions(&some.expect("entry_writes")), expected[..2]);
        let cuts = [0, 1, 2, 51, 60, 61, LOST_KEPT_MS + 1, LOST_KEPT_MS + 51];
        let mut set = Vec::new();
        for cut in cuts {
            let cut = UnixMs(BASE.0 + cut);
            set.push(
                store
                    .set_summary(TOPIC, cut, UnixMs(0))
                    .await
                    .expect("a set"),
            );
        }
        sets.push(set);
    }
    assert!(
        sets.iter().all(|set| *set == sets[0]),
        "the order of arrival does not matter"
    );
    let counts: Vec<u64> = sets[0].iter().map(|set| set.count).collect();
    assert_eq!(counts, [0, 0, 1, 5, 5, 6, 5, 1]);
}

async fn what_lost_leaves_the_set_after_its_time(store: &impl EventStore) {
    let kept = |ms| UnixMs(BASE.0 + LOST_KEPT_MS + ms);
    let (old, new) = (
        write(1, "k", Some(b"old"), (10, 0)),
        // Long after: until then the old one is the greatest.
        write(2, "k", Some(b"new"), (LOST_KEPT_MS + 500, 0)),
    );
    put(store, TOPIC, &[new, old], Origin::Peer).await;
    for (cut, count) in [(0, 1), (11, 1), (500, 1), (501, 1), (9_999, 1)] {
        let set = store.set_summary(TOPIC, kept(cut), UnixMs(0)).await;
        assert_eq!(set.expect("a set").count, count, "at {cut}");
    }
    // It is still there for whoever asks what it was.
    let writes = store.entry_writes(TOPIC, key("k"), 9).await;
    assert_eq!(writes.expect("entry_writes").len(), 2);
    // The greatest stays whatever the horizon, and what was surpassed before it does not count.
    let since = kept(501);
    let set = store.set_summary(TOPIC, kept(9_999), since).await;
    assert_eq!(set.expect("a set").count, 1);
}

async fn a_deletion_by_nip_09_ends_no_entry(store: &impl EventStore) {
    let written = write(1, "k", Some(b"v"), (10, 0));
    let topic = "lobby".parse().expect("a name");
    let draft = Draft::deletion(&topic, written.id(), written.kind(), UnixMs(BASE.0 + 20));
    let deletion = FakeIdentity::from_seed(1).sign_now(draft).expect("fine");
    let deletion = deletion.verify().expect("signed just now");
    put(store, TOPIC, from_ref(&written), Origin::Peer).await;
    put(store, TOPIC, &[deletion], Origin::Peer).await;
    assert_eq!(keys(store, page("", None, 9)).await, ["k"]);
    let set = store
        .set_summary(TOPIC, UnixMs(BASE.0 + 100), UnixMs(0))
        .await;
    assert_eq!(set.expect("a set").count, 2);
}

async fn deleted_and_expired_ones_are_not_listed(store: &impl EventStore) {
    let events = [
        write(1, "there", Some(b""), (1, 0)),
        write(1, "deleted", Some(b"v"), (2, 0)),
        write(2, "deleted", None, (3, 0)),
        expiring(1, "expired", Some(b"v"), (4, 0), Some(UnixMs(1_000))),
        expiring(1, "lasting", Some(b"v"), (5, 0), Some(UnixMs(u64::MAX))),
        write(2, "written again", None, (6, 0)),
        write(1, "written again", Some(b"v"), (7, 0)),
    ];
    put(store, TOPIC, &events, Origin::Peer).await;
    let listed = keys(store, page("", None, 9)).await;
    assert_eq!(listed, ["lasting", "there", "written again"]);
    let all = ["there", "deleted", "expired", "never written"].map(key);
    let counting = store.entries_of(TOPIC, all.to_vec()).await;
    assert_eq!(counting.expect("entries_of").len(), 3);
}

async fn lists_are_in_the_order_of_bytes(store: &impl EventStore) {
    let names = ["a", "a/", "a/b", "a0", "Z", "é", "東京", "\u{10ffff}", "b"];
    let events = names.iter().zip(1..);
    let events: Vec<_> = events
        .map(|(name, ms)| write(1, name, Some(b"v"), (ms, 0)))
        .collect();
    put(store, TOPIC, &events, Origin::Peer).await;
    let mut sorted = names.to_vec();
    sorted.sort_by_key(|name| name.as_bytes());
    assert_eq!(keys(store, page("", None, 99)).await, sorted);
    assert_eq!(
        keys(store, page("a", None, 99)).await,
        ["a", "a/", "a/b", "a0"]
    );
    assert_eq!(keys(store, page("a/", None, 99)).await, ["a/", "a/b"]);
    assert_eq!(keys(store, page("a", Some("a/"), 1)).await, ["a/b"]);
    assert_eq!(keys(store, page("é", None, 99)).await, ["é"]);
    assert_eq!(keys(store, page("nothing", None, 99)).await, [""; 0]);
    let mut paged = Vec::new();
    while let Some(next) = keys(store, page("", paged.last().map(String::as_str), 1))
        .await
        .pop()
    {
        paged.push(next);
    }
    assert_eq!(paged, sorted);
}

async fn many_at_once_are_merged(store: &impl EventStore) {
    let name = |n: u64| format!("key {:03}", n % 100);
    let events: Vec<_> = (0..600)
        .map(|n| write(n % 3, &name(n), Some(n.to_string().as_bytes()), (n, 0)))
        .collect();
    let (early, late) = events.split_at(350);
    put(store, TOPIC, late, Origin::Peer).await;
    put(store, TOPIC, early, Origin::Peer).await;
    let stored = store.entries(TOPIC, page("", None, 1_000)).await;
    let stored = stored.expect("entries");
    assert_eq!(stored.len(), 100);
    for (n, stored) in (500..600).zip(stored) {
        assert_eq!(stored.event.id(), events[n].id(), "{}", n % 100);
    }
    assert_eq!(store.count(TOPIC).await.expect("count"), 600);
}

async fn entries_of_topics_are_apart(store: &impl EventStore) {
    let (here, there) = (
        write(1, "k", Some(b"here"), (1, 0)),
        write(1, "k", Some(b"there"), (2, 0)),
    );
    put(store, TOPIC, from_ref(&here), Origin::Peer).await;
    put(store, OTHER, from_ref(&there), Origin::Peer).await;
    for (topic, event) in [(TOPIC, here), (OTHER, there)] {
        let counting = store.entries_of(topic, vec![key("k")]).await;
        assert_eq!(revisions(&counting.expect("entries_of")), [event.id()]);
    }
}
