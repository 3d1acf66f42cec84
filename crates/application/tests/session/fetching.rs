//! What neighbours have: their newest events, and events by id.

use kukuri_application::{
    ports::{SyncAnswer, SyncRequest},
    session::Input,
};
use kukuri_domain::{SignedEvent, VerifiedEvent, limits::NEWEST_MAX};

use crate::bench::{Author, Bench, forgeries, have_frame, ids, peer, posts, signed};

fn newest_first(events: &[VerifiedEvent]) -> Vec<SignedEvent> {
    signed(events).into_iter().rev().collect()
}

#[test]
fn whoever_has_nothing_asks_a_neighbour_for_its_newest_events() {
    let mut bench = Bench::new();
    let history = posts(1, 3);
    assert_eq!(
        bench.tell(Input::NeighborUp(peer(1))),
        ["call 1 newest 200"]
    );
    assert_eq!(
        bench.tell(Input::NeighborUp(peer(1))),
        [""; 0],
        "it is one already"
    );
    bench.event(9, &history[1]);
    assert_eq!(
        bench.answer(Some(SyncAnswer::Events {
            events: newest_first(&history),
            more: true
        })),
        [
            "note 1 held by 1",
            "commit 2 peer",
            "emit p0 Fetched",
            "emit p2 Fetched",
            "fetched 2 of 1"
        ]
    );
    assert_eq!(bench.calls.len(), 0, "older history is not paged through");

    assert_eq!(
        bench.tell(Input::NeighborUp(peer(2))),
        [""; 0],
        "both sets are the same"
    );
    assert_eq!(bench.session.neighbours(), [peer(1), peer(2)]);
}

#[test]
fn what_one_neighbour_gave_is_told_to_the_others() {
    let history = posts(1, 100);
    let check = |neighbours: &[u8], count: usize, expected: &[&str]| {
        let mut bench = Bench::with_neighbours(neighbours);
        bench.tell(Input::NeighborUp(peer(1)));
        let seen = bench.answer_with(newest_first(&history[..count]));
        let told = seen
            .iter()
            .filter(|s| s.starts_with("neighbours"))
            .map(String::as_str);
        assert_eq!(told.collect::<Vec<_>>(), expected);
    };
    check(&[], 1, &[]);
    check(&[2], 1, &["neighbours have 1"]);
    check(&[2, 3], 64, &["neighbours have 64"]);
    // What is newer than the last cut is not in the summary yet.
    check(&[2], 100, &["neighbours have 64", "neighbours summary 0"]);
}

#[test]
fn an_answer_beyond_what_was_asked_is_cut() {
    let history = posts(1, u64::from(NEWEST_MAX) + 5);
    let mut bench = Bench::new();
    bench.tell(Input::NeighborUp(peer(1)));
    bench.answer_with(newest_first(&history));
    assert_eq!(bench.stored.len(), usize::from(NEWEST_MAX));
    assert_eq!(bench.session.counters().malformed, 5);
}

#[test]
fn announced_events_are_fetched_once_and_in_full_frames() {
    let events = posts(1, 70);
    let mut bench = Bench::with_neighbours(&[1, 2]);
    bench.event(9, &events[0]);
    bench
        .stored
        .insert(events[1].id(), events[1].clone().into_signed());
    assert_eq!(
        bench.message(1, have_frame(ids(&events[..64]))),
        ["call 1 get 62"]
    );
    assert_eq!(bench.message(1, have_frame(ids(&events[..64]))), [""; 0]);
    assert_eq!(bench.message(2, have_frame(ids(&events[..64]))), [""; 0]);
    assert_eq!(
        bench.message(2, have_frame(ids(&events[60..]))),
        ["call 2 get 6"]
    );
    let seen = bench.answer_with(newest_first(&events[2..64]));
    assert_eq!(seen[0], "commit 62 peer");
    assert_eq!(seen[1], "emit p2 Fetched", "oldest first");
    assert_eq!(seen.last().map(String::as_str), Some("neighbours have 62"));
    assert_eq!(seen.len(), 64, "history alone is announced as fetched");
    assert_eq!(bench.answer_with(signed(&events[64..])).len(), 8);
    assert_eq!(bench.stored.len(), 70);
}

#[test]
fn calls_to_one_peer_are_bounded_and_the_rest_waits() {
    let events = posts(1, 256);
    let mut bench = Bench::with_neighbours(&[1]);
    let seen = events
        .chunks(64)
        .flat_map(|some| bench.message(1, have_frame(ids(some))));
    assert_eq!(seen.collect::<Vec<_>>(), ["call 1 get 64"; 2]);
    for round in 0..3 {
        let (_, request) = bench.calls.front().cloned().expect("a call is open");
        let SyncRequest::Get(asked) = request else {
            panic!("{request:?}")
        };
        let asked = events
            .iter()
            .filter(|event| asked.contains(&event.id()))
            .cloned();
        let seen = bench.answer_with(signed(&asked.collect::<Vec<_>>()));
        // What has waited is asked for at once.
        assert_eq!(seen.iter().any(|line| line == "call 1 get 128"), round == 0);
    }
    assert_eq!(bench.stored.len(), 256);
}

#[test]
fn what_does_not_fit_into_an_answer_is_asked_for_again() {
    let events = posts(1, 3);
    let mut bench = Bench::with_neighbours(&[1, 2]);
    assert_eq!(bench.message(1, have_frame(ids(&events))), ["call 1 get 3"]);
    let first = SyncAnswer::Events {
        events: signed(&events[..1]),
        more: true,
    };
    assert!(
        bench
            .answer(Some(first))
            .contains(&"call 1 get 2".to_owned())
    );
    let empty = SyncAnswer::Events {
        events: vec![],
        more: true,
    };
    assert_eq!(
        bench.answer(Some(empty)),
        ["call 2 get 2"],
        "nothing is no start"
    );
}

#[test]
fn another_neighbour_is_asked_once_when_the_first_fails() {
    let post = posts(1, 1);
    let forged = forgeries(&post[0])[1]
        .clone()
        .into_signed()
        .expect("its shape is fine");
    let have = || have_frame(ids(&post));
    // Whoever said that it has the event is preferred to chance.
    for second in [2, 3, 4] {
        for answer in [None, Some(vec![]), Some(vec![forged.clone()])] {
            let answer = || {
                answer.clone().map(|events| SyncAnswer::Events {
                    events,
                    more: false,
                })
            };
            let mut bench = Bench::with_neighbours(&[1, 2, 3, 4]);
            assert_eq!(bench.message(1, have()), ["call 1 get 1"]);
            bench.message(second, have());
            assert_eq!(bench.answer(answer()), [format!("call {second} get 1")]);
            assert_eq!(bench.answer(answer()), [""; 0]);
            assert_eq!(bench.message(2, have()), ["call 2 get 1"], "a new try");
            assert_eq!(bench.answer_with(signed(&post))[1], "emit p0 Fetched");
        }
    }
}

#[test]
fn who_says_meanwhile_that_it_has_the_event_is_asked_too() {
    let post = posts(1, 1);
    let have = || have_frame(ids(&post));
    let nothing = || Some(SyncAnswer::nothing());
    let mut bench = Bench::with_neighbours(&[1, 2]);
    assert_eq!(bench.message(1, have()), ["call 1 get 1"]);
    // It passed the announcement on before it had the event itself.
    bench.message(1, have());
    assert_eq!(bench.answer(nothing()), ["call 1 get 1"]);
    bench.message(2, have());
    assert_eq!(bench.answer(nothing()), ["call 2 get 1"]);
    bench.message(1, have());
    assert_eq!(bench.answer(nothing()), ["call 1 get 1"]);
    assert_eq!(
        bench.answer(nothing()),
        [""; 0],
        "nobody claims to have it any more"
    );
}

#[test]
fn ids_wanted_of_a_neighbour_that_left_are_asked_of_another() {
    let events = posts(1, 192);
    let mut bench = Bench::with_neighbours(&[1, 2]);
    for some in events.chunks(64) {
        bench.message(1, have_frame(ids(some)));
    }
    assert_eq!(bench.tell(Input::NeighborDown(peer(1))), ["call 2 get 64"]);
    assert_eq!(
        bench.answer(None),
        ["call 2 get 64"],
        "and those of its open calls as well"
    );
    assert_eq!(bench.answer(None), [""; 0], "two calls at once are enough");
    assert_eq!(bench.answer(None), ["call 2 get 64"]);
}

#[test]
fn an_answer_brings_only_what_was_asked() {
    let events = posts(1, 3);
    let mut bench = Bench::with_neighbours(&[1]);
    bench.message(1, have_frame(ids(&events[..1])));
    assert_eq!(
        bench.answer_with(signed(&events)),
        ["commit 1 peer", "emit p0 Fetched"]
    );
    assert_eq!(bench.stored.len(), 1);
    assert_eq!(bench.session.counters().malformed, 2);
}

#[test]
fn an_event_that_came_by_gossip_meanwhile_is_not_fetched() {
    let events = posts(1, 129);
    let mut bench = Bench::with_neighbours(&[1]);
    for some in events.chunks(64) {
        bench.message(1, have_frame(ids(some)));
    }
    assert_eq!(bench.event(1, &events[128])[1], "emit p128 Live");
    bench.answer(None);
    assert_eq!(
        bench.calls.len(),
        1,
        "the third frame has nothing left to ask for"
    );
}

#[test]
fn a_message_before_its_neighbour_is_up_is_taken_and_it_is_asked_for_its_ids() {
    let post = Author::new(1).post("early", 0);
    let mut bench = Bench::new();
    assert_eq!(bench.event(1, &post), ["commit 1 peer", "emit early Live"]);
    assert_eq!(
        bench.message(1, have_frame(ids(&posts(1, 1)))),
        ["call 1 get 1"]
    );
    bench.answer_with(signed(&posts(1, 1)));
    assert_eq!(bench.stored.len(), 2);
}
