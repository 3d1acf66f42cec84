//! What a store must say of the sync set: the same whatever came when, and what the rules say.
//!
//! Owns events that end, end others or replace each other. The rules themselves are
//! `kukuri_domain::event::membership`'s; which of the events belong is written out here.

use std::{future::Future, ops::Deref};

use kukuri_domain::{EventId, PeerId, UnixMs, VerifiedEvent};

use super::{BASE, OTHER, TOPIC, assert_closed, conversation::tagged, event, put, stored_ids};
use crate::{
    ports::{EventStore, Origin, ReconcileError},
    sync_set::{MalformedMessage, SyncSet},
};

/// A cut after everything.
const LAST: UnixMs = UnixMs(BASE.0 + 3_600_000);

/// Events, and which of them belong to the set at which second after the base.
struct Corpus {
    events: Vec<VerifiedEvent>,
    members: Vec<(u64, Vec<EventId>)>,
}

impl Corpus {
    fn new() -> Self {
        let post = |who, text, second| tagged(who, 1, &[], text, second);
        let delete = |who, target: &VerifiedEvent, second| {
            tagged(who, 5, &[&["e", &target.id().to_string()]], "", second)
        };
        let profile = |who, name: &str, second| {
            tagged(who, 0, &[], &format!(r#"{{"name":"{name}"}}"#), second)
        };
        let stays = post(1, "stays", 10);
        let taken_back = post(1, "taken back", 11);
        let deletion = delete(1, &taken_back, 30);
        let strangers = delete(2, &stays, 31);
        // A clock that went back, and its owner's second try.
        let future = post(3, "of a fast clock", 40);
        let too_early = delete(3, &future, 39);
        let again = delete(3, &future, 50);
        let deleted_deletion = delete(1, &deletion, 60);
        let (old_name, name, other_name) = (
            profile(1, "Aya", 12),
            profile(1, "Aya K.", 20),
            profile(2, "Ren", 13),
        );
        let deleted_name = delete(2, &other_name, 61);
        let end = (BASE.secs() + 35).to_string();
        let short = tagged(2, 1, &[&["expiration", &end]], "until 35", 14);
        let id = |event: &VerifiedEvent| event.id();
        let members = vec![
            (0, vec![]),
            (
                15,
                vec![
                    id(&stays),
                    id(&taken_back),
                    id(&old_name),
                    id(&other_name),
                    id(&short),
                ],
            ),
            (
                32,
                vec![
                    id(&stays),
                    id(&name),
                    id(&other_name),
                    id(&short),
                    id(&deletion),
                    id(&strangers),
                ],
            ),
            (
                45,
                vec![
                    id(&stays),
                    id(&name),
                    id(&other_name),
                    id(&deletion),
                    id(&strangers),
                    id(&future),
                    id(&too_early),
                ],
            ),
            (
                3_600,
                vec![
                    id(&stays),
                    id(&name),
                    id(&other_name),
                    id(&deletion),
                    id(&strangers),
                    id(&too_early),
                    id(&again),
                    id(&deleted_deletion),
                    id(&deleted_name),
                ],
            ),
        ];
        let events = vec![
            stays,
            taken_back,
            deletion,
            strangers,
            future,
            too_early,
            again,
            deleted_deletion,
            old_name,
            name,
            other_name,
            deleted_name,
            short,
        ];
        Self { events, members }
    }

    /// The set of these ids, which neither end nor need others to be known.
    fn set(&self, ids: &[EventId]) -> SyncSet {
        let events = self.events.iter().filter(|event| ids.contains(&event.id()));
        let members = events.map(|event| {
            let mut member = event.member();
            member.until = None;
            member
        });
        SyncSet::new(members, BASE)
    }

    async fn check(&self, store: &impl EventStore, how: &str) {
        for (second, ids) in &self.members {
            let cut = UnixMs(BASE.0 + second * 1_000);
            let expected = self.set(ids).summary(cut, UnixMs(0));
            assert_eq!(expected.count, ids.len() as u64, "the corpus is consistent");
            let got = store.set_summary(TOPIC, cut, UnixMs(0)).await;
            assert_eq!(
                got.expect("a working store"),
                expected,
                "{how}, at {second} s"
            );
        }
    }
}

pub(super) async fn check<S, F>(make: impl Fn() -> F)
where
    S: Deref<Target: EventStore + Sized>,
    F: Future<Output = S>,
{
    the_set_is_the_same_in_whatever_order_it_came(&make).await;
    two_stores_find_out_what_they_lack(&*make().await, &*make().await).await;
    what_ended_is_not_given_as_new(&*make().await).await;
    a_member_with_the_same_set_holds_what_was_written_before(&*make().await).await;
    a_closed_store_has_no_set(&*make().await).await;
}

async fn the_set_is_the_same_in_whatever_order_it_came<S, F>(make: &impl Fn() -> F)
where
    S: Deref<Target: EventStore + Sized>,
    F: Future<Output = S>,
{
    let corpus = Corpus::new();
    let empty = make().await;
    let nothing = SyncSet::default().summary(LAST, UnixMs(0));
    let got = empty.set_summary(TOPIC, LAST, UnixMs(0)).await;
    assert_eq!(got.expect("a working store"), nothing);
    for seed in 0..12_usize {
        let mut events = corpus.events.clone();
        let count = events.len();
        events.rotate_left(seed % count);
        if seed % 2 == 1 {
            events.reverse();
        }
        for at_once in [1, 3, count] {
            for is_asked_before in [false, true] {
                let store = make().await;
                if is_asked_before {
                    // What is in memory has to follow.
                    let asked = store.set_summary(TOPIC, LAST, UnixMs(0)).await;
                    asked.expect("a working store");
                }
                for group in events.chunks(at_once) {
                    put(&*store, TOPIC, group, Origin::Peer).await;
                }
                let how = format!("order {seed} by {at_once}, asked before: {is_asked_before}");
                corpus.check(&*store, &how).await;
            }
        }
    }
    let other = make().await;
    put(&*other, OTHER, &corpus.events, Origin::Peer).await;
    let got = other.set_summary(TOPIC, LAST, UnixMs(0)).await;
    assert_eq!(got.expect("a working store"), nothing, "of another topic");
}

async fn two_stores_find_out_what_they_lack(ours: &impl EventStore, theirs: &impl EventStore) {
    let events: Vec<VerifiedEvent> = (0..300)
        .map(|n| {
            event(
                1,
                &format!("event {n}"),
                UnixMs(BASE.0 - 1_000_000 + n * 1_000),
            )
        })
        .collect();
    put(ours, TOPIC, &events[..250], Origin::Peer).await;
    put(theirs, TOPIC, &events[20..], Origin::Peer).await;
    let since = UnixMs(BASE.0 - 1_000_000 + 10_000);
    let (mut have, mut need) = (Vec::new(), Vec::new());
    let mut answer = None;
    loop {
        let step = ours.reconcile(TOPIC, since, answer).await.expect("a step");
        have.extend(step.have);
        need.extend(step.need);
        let Some(message) = step.next else { break };
        let next = theirs.reconcile_answer(TOPIC, since, message).await;
        answer = Some(next.expect("an answer"));
    }
    let sorted = |mut ids: Vec<EventId>| {
        ids.sort();
        ids
    };
    let ids = |events: &[VerifiedEvent]| sorted(super::ids(events));
    assert_eq!(
        sorted(have),
        ids(&events[10..20]),
        "not what lies before the horizon"
    );
    assert_eq!(sorted(need), ids(&events[250..]));
    let malformed = |error| matches!(error, ReconcileError::Malformed(MalformedMessage));
    let nonsense = ours.reconcile(TOPIC, since, Some(vec![7])).await;
    assert!(malformed(nonsense.expect_err("it makes no sense")));
    let nonsense = ours.reconcile_answer(TOPIC, since, vec![]).await;
    assert!(malformed(nonsense.expect_err("it makes no sense")));
}

async fn what_ended_is_not_given_as_new(store: &impl EventStore) {
    let post = event(1, "taken back", UnixMs(BASE.0 - 5_000));
    let target = post.id().to_string();
    let deletion = tagged(1, 5, &[&["e", &target]], "", 0);
    let end = (BASE.secs() - 1).to_string();
    let short = tagged(2, 1, &[&["expiration", &end]], "it was short", 0);
    let lasting = event(3, "lasting", UnixMs(BASE.0 - 4_000));
    let events = [post, deletion.clone(), short, lasting.clone()];
    put(store, TOPIC, &events, Origin::Peer).await;
    let newest = store.newest(TOPIC, 9, None).await.expect("newest");
    assert_eq!(stored_ids(&newest), [deletion.id(), lasting.id()]);
    let before = store.newest(TOPIC, 9, Some(deletion.order())).await;
    assert_eq!(stored_ids(&before.expect("newest")), [lasting.id()]);
}

async fn a_member_with_the_same_set_holds_what_was_written_before(store: &impl EventStore) {
    let own: Vec<VerifiedEvent> = (0..3)
        .map(|n| event(1, &format!("own {n}"), UnixMs(BASE.0 + n * 1_000)))
        .collect();
    put(store, TOPIC, &own, Origin::Local).await;
    put(store, TOPIC, &[event(2, "theirs", BASE)], Origin::Peer).await;
    let complete = |peer: u8, second: u64| {
        let before = UnixMs(BASE.0 + second * 1_000);
        store.note_complete(TOPIC, PeerId([peer; 32]), UnixMs(0)..before)
    };
    let grown = |grown: Vec<(EventId, crate::ports::PostState)>| {
        let mut grown: Vec<_> = grown.into_iter().map(|(id, s)| (id, s.held_by)).collect();
        grown.sort();
        grown
    };
    let expected = |ids: &[(usize, u32)]| {
        let mut ids: Vec<_> = ids.iter().map(|(n, held)| (own[*n].id(), *held)).collect();
        ids.sort();
        ids
    };
    assert_eq!(
        grown(complete(1, 2).await.expect("noted")),
        expected(&[(0, 1), (1, 1)])
    );
    assert_eq!(
        grown(complete(1, 3).await.expect("noted")),
        expected(&[(2, 1)])
    );
    assert_eq!(grown(complete(1, 9).await.expect("noted")), []);
    assert_eq!(
        grown(complete(2, 1).await.expect("noted")),
        expected(&[(0, 2)])
    );
    // One that keeps less holds what was written since then.
    let since = UnixMs(BASE.0 + 2_000)..LAST;
    let late = store.note_complete(TOPIC, PeerId([3; 32]), since).await;
    assert_eq!(grown(late.expect("noted")), expected(&[(2, 2)]));
}

async fn a_closed_store_has_no_set(store: &impl EventStore) {
    store.close().await.expect("closes");
    assert_closed(store.set_summary(TOPIC, LAST, UnixMs(0)).await);
    assert_closed(
        store
            .note_complete(TOPIC, PeerId([1; 32]), UnixMs(0)..LAST)
            .await,
    );
    let step = store.reconcile(TOPIC, UnixMs(0), None).await;
    assert!(matches!(step, Err(ReconcileError::Store(_))), "{step:?}");
}
