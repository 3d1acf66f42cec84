//! Receipts: batched, to whom they concern, one call at a time.

use kukuri_application::session::Input;

use crate::bench::{Bench, event_frame, peer, posts, signed};

/// Delivers `count` events by neighbour 1 and returns the calls of the first batch.
fn check(count: u64, neighbours: &[u8], expected: &[&str]) {
    let mut bench = Bench::with_neighbours(neighbours);
    for post in posts(1, count) {
        bench.event(1, &post);
    }
    assert_eq!(bench.pass(249), [""; 0]);
    assert_eq!(
        bench.pass(1),
        expected,
        "{count} events among {neighbours:?}"
    );
}

#[test]
fn they_go_to_who_gave_its_own() {
    check(1, &[1, 2, 3], &["call 1 receipt 1"]);
    check(17, &[1, 2], &["call 1 receipt 17"]);
    check(17, &[2, 3], &[]);
}

#[test]
fn who_passes_something_on_is_not_its_author() {
    let mut bench = Bench::with_neighbours(&[1]);
    let event = &posts(1, 1)[0];
    bench.tell(Input::Message {
        from: peer(1),
        is_direct: false,
        payload: event_frame(event.to_wire()),
    });
    assert_eq!(bench.stored.len(), 1);
    assert_eq!(bench.pass(1_000), [""; 0]);
}

#[test]
fn who_is_known_to_be_the_author_gets_one_whoever_brought_it() {
    let mut bench = Bench::with_neighbours(&[1, 2, 3]);
    let event = &posts(7, 1)[0];
    for (neighbour, author) in [(2, event.author()), (3, posts(8, 1)[0].author())] {
        let peer = peer(neighbour);
        bench.tell(Input::NeighborIs { peer, author });
    }
    bench.tell(Input::Message {
        from: peer(1),
        is_direct: false,
        payload: event_frame(event.to_wire()),
    });
    assert_eq!(bench.pass(250), ["call 2 receipt 1"]);
}

#[test]
fn the_authors_own_copy_may_come_after_that_of_others() {
    let event = &posts(1, 1)[0];
    for is_committed in [true, false] {
        let mut bench = Bench::with_neighbours(&[1, 2]);
        bench.hold_commits = !is_committed;
        for (from, is_direct) in [(2, false), (1, true)] {
            bench.tell(Input::Message {
                from: peer(from),
                is_direct,
                payload: event_frame(event.to_wire()),
            });
        }
        bench.release_commits();
        assert_eq!(bench.pass(250), ["call 1 receipt 1"], "{is_committed}");
    }
}

#[test]
fn frames_are_full_and_one_is_under_way_at_a_time() {
    let mut bench = Bench::with_neighbours(&[1]);
    for post in posts(1, 130) {
        bench.event(1, &post);
    }
    assert_eq!(bench.pass(250), ["call 1 receipt 64"]);
    assert_eq!(
        bench.answer(None),
        ["call 1 receipt 64"],
        "a failure is not repeated"
    );
    assert_eq!(bench.answer_with(vec![]), ["call 1 receipt 2"]);
    assert_eq!(bench.answer_with(vec![]), [""; 0]);
    assert_eq!(bench.session.counters().dropped, 0);
}

#[test]
fn own_known_and_lost_events_are_not_acknowledged() {
    let mut bench = Bench::with_neighbours(&[1]);
    let events = posts(1, 3);
    bench.post(&events[0]);
    bench.store_works = false;
    bench.event(1, &events[1]);
    bench.store_works = true;
    bench
        .stored
        .insert(events[2].id(), events[2].clone().into_signed());
    assert_eq!(
        bench.event(1, &events[2]),
        ["commit 1 peer"],
        "known to the store alone"
    );
    // Then the one that was lost is tried again.
    assert_eq!(bench.pass(999), [""; 0]);
}

#[test]
fn receipts_for_a_peer_that_left_go_nowhere() {
    let mut bench = Bench::with_neighbours(&[1]);
    bench.event(1, &posts(1, 1)[0]);
    bench.tell(Input::NeighborDown(peer(1)));
    assert_eq!(bench.pass(250), [""; 0]);
    bench.tell(Input::NeighborUp(peer(1)));
    assert_eq!(bench.event(1, &posts(2, 1)[0])[1], "emit p0 Live");
    assert_eq!(bench.pass(250), ["call 1 receipt 1"]);
}

#[test]
fn a_peer_that_takes_none_gets_a_bounded_queue() {
    let mut bench = Bench::with_neighbours(&[1]);
    for (author, post) in (1..=5).flat_map(|author| posts(author, 400)).enumerate() {
        bench.event(1, &post);
        if author % 400 == 0 {
            bench.pass(250);
        }
    }
    bench.pass(250);
    let counters = bench.session.counters();
    assert_eq!(counters.stored, 2_000);
    // 1,024 may wait, 64 are under way at most: some 900 had to go.
    assert!(
        (900..1_000).contains(&counters.dropped),
        "{}",
        counters.dropped
    );
}

#[test]
fn who_gives_an_own_event_holds_it_also_after_a_restart() {
    let own = posts(1, 1);
    let mut bench = Bench::new();
    bench.tell(Input::NeighborUp(peer(1)));
    bench.post(&own[0]);
    let seen = bench.answer_with(signed(&own));
    assert_eq!(seen, ["note 1 held by 1"]);

    // After a restart the event is in the store and not in memory.
    let mut bench = Bench::new();
    bench.tell(Input::NeighborUp(peer(2)));
    bench
        .stored
        .insert(own[0].id(), own[0].clone().into_signed());
    let seen = bench.answer_with(signed(&own));
    assert_eq!(seen, ["commit 1 peer", "note 1 held by 2"]);

    // Who holds what others wrote is not kept.
    let foreign = posts(2, 1);
    let mut bench = Bench::new();
    bench.tell(Input::NeighborUp(peer(3)));
    bench.event(9, &foreign[0]);
    assert_eq!(bench.answer_with(signed(&foreign)), [""; 0]);
}
