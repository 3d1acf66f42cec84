//! Own posts: stored first, then shown and sent, later if nobody is there.

use kukuri_application::{
    ports::PostState,
    session::{Effect, Input, UNSENT_PER_LOAD_MAX},
};
use kukuri_domain::{
    EventId, UnixMs,
    event::Draft,
    limits::{EVENT_FUTURE_MS_MAX, GOSSIP_PAYLOAD_BYTES_MAX},
};
use rstest::rstest;

use crate::bench::{Author, Bench, LOCAL, START, peer, posts, signed};

fn draft(topic: &str, kind: u16, at: u64) -> Draft {
    let name = topic.parse().expect("a valid name");
    Draft {
        kind,
        ..Draft::post(&name, "hello", UnixMs(at))
    }
}

#[rstest]
#[case::alone(draft("lobby", 1, START.0), &[], true,
    &["commit 1 local", "done 7 sent 0 held 0", "emit hello Local"])]
#[case::among_two(draft("lobby", 1, START.0), &[1, 2], true,
    &["commit 1 local", "done 7 sent 2 held 0", "emit hello Local", "broadcast event hello",
      "note 1 sent 2"])]
#[case::not_stored(draft("lobby", 1, START.0), &[1], false,
    &["commit 1 local", "done 7 NotStored"])]
#[case::other_topic(draft("kitchen", 1, START.0), &[1], true, &["done 7 NotAdmitted(OtherTopic)"])]
#[case::ephemeral(draft("lobby", 20_001, START.0), &[1], true, &["done 7 NotAdmitted(Ephemeral)"])]
#[case::last_moment(draft("lobby", 1, START.0 + EVENT_FUTURE_MS_MAX), &[], true,
    &["commit 1 local", "done 7 sent 0 held 0", "emit hello Local"])]
#[case::future(draft("lobby", 1, START.0 + EVENT_FUTURE_MS_MAX + 1), &[1], true,
    &["done 7 NotAdmitted(Future)"])]
fn a_post_is_stored_then_answered_then_shown_then_sent(
    #[case] draft: Draft,
    #[case] neighbours: &[u8],
    #[case] store_works: bool,
    #[case] expected: &[&str],
) {
    let mut bench = Bench::with_neighbours(neighbours);
    bench.store_works = store_works;
    assert_eq!(bench.post(&Author::new(1).sign(draft)), expected);
}

#[test]
fn nothing_is_said_while_the_commit_is_under_way() {
    let mut bench = Bench::with_neighbours(&[1]);
    bench.hold_commits = true;
    let post = Author::new(1).post("hello", 0);
    assert_eq!(bench.post(&post), ["commit 1 local"]);
    assert!(
        bench.event(1, &post).is_empty(),
        "a copy from outside changes nothing"
    );
    assert_eq!(bench.session.counters().duplicates, 1);
    assert_eq!(
        bench.release_commits(),
        [
            "done 7 sent 1 held 0",
            "emit hello Local",
            "broadcast event hello",
            "note 1 sent 1"
        ]
    );
    assert!(
        bench.event(1, &post).is_empty(),
        "nor does one that comes later"
    );
    assert_eq!(bench.session.counters().stored, 1);
}

#[test]
fn a_post_that_was_not_stored_can_be_posted_again() {
    let mut bench = Bench::new();
    let post = Author::new(1).post("hello", 0);
    bench.store_works = false;
    assert_eq!(bench.post(&post), ["commit 1 local", "done 7 NotStored"]);
    assert_eq!(bench.session.counters().not_stored, 1);
    bench.store_works = true;
    assert_eq!(
        bench.post(&post)[1..],
        ["done 7 sent 0 held 0", "emit hello Local"]
    );
    assert_eq!(
        bench.post(&post)[1..],
        ["done 7 sent 0 held 0"],
        "shown once"
    );
}

#[test]
fn a_post_beyond_a_message_is_announced_by_its_id() {
    let mut bench = Bench::with_neighbours(&[1]);
    let post = Author::new(1).post(&"x".repeat(GOSSIP_PAYLOAD_BYTES_MAX), 0);
    assert_eq!(bench.post(&post)[3], "broadcast have 1");
}

#[test]
fn what_was_posted_alone_goes_out_with_the_first_neighbour() {
    let mut bench = Bench::new();
    bench.unsent = signed(&posts(1, 2));
    assert_eq!(
        bench.tell(Input::NeighborUp(peer(1))),
        [
            "broadcast event p0",
            "broadcast event p1",
            "note 2 sent 1",
            "state sent 1 held 0",
            "state sent 1 held 0",
            "call 1 newest 200"
        ]
    );
    assert_eq!(
        bench.event(1, &posts(1, 1)[0]),
        [""; 0],
        "it is known to be stored"
    );
    bench.unsent = signed(&posts(1, 2));
    assert_eq!(
        bench.tell(Input::NeighborUp(peer(2))),
        ["call 2 newest 200"]
    );
}

#[test]
fn unsent_posts_go_out_in_paced_loads_and_each_once() {
    let mut bench = Bench::new();
    let all = signed(&posts(1, u64::from(UNSENT_PER_LOAD_MAX) + 1));
    let broadcasts = |seen: Vec<String>| seen.iter().filter(|s| s.starts_with("broadcast")).count();
    bench.unsent = all[..all.len() - 1].to_vec();
    assert_eq!(
        broadcasts(bench.tell(Input::NeighborUp(peer(1)))),
        all.len() - 1
    );
    assert_eq!(broadcasts(bench.pass(999)), 0);
    // The store has not noted it yet and gives the same again, with one more.
    bench.unsent = all.clone();
    assert_eq!(broadcasts(bench.pass(1)), 1);
    bench.unsent = all;
    assert_eq!(broadcasts(bench.pass(1_000)), 0);
    assert!(
        bench.timers.is_empty(),
        "a store that notes nothing is not asked for ever"
    );
}

#[test]
fn a_neighbour_that_leaves_at_once_leaves_the_posts_unsent() {
    let mut bench = Bench::new();
    let effects = bench.session.handle(Input::NeighborUp(peer(1)), bench.now);
    let loads = effects.iter().filter(|e| matches!(e, Effect::LoadUnsent));
    assert_eq!(loads.count(), 1);
    bench.tell(Input::NeighborDown(peer(1)));
    assert_eq!(bench.tell(Input::Unsent(signed(&posts(1, 1)))), [""; 0]);
    bench.unsent = signed(&posts(1, 1));
    assert_eq!(
        bench.tell(Input::NeighborUp(peer(2)))[0],
        "broadcast event p0"
    );
}

#[test]
fn what_others_hold_is_passed_on() {
    let mut bench = Bench::new();
    let held = |n, held_by| {
        (
            EventId([n; 32]),
            PostState {
                sent_to: 3,
                held_by,
            },
        )
    };
    let seen = bench.tell(Input::Held(vec![held(1, 1), held(2, 2)]));
    assert_eq!(seen, ["state sent 3 held 1", "state sent 3 held 2"]);
}

#[test]
fn a_node_is_not_its_own_neighbour() {
    let mut bench = Bench::new();
    assert_eq!(bench.tell(Input::NeighborUp(LOCAL)), [""; 0]);
    assert!(bench.session.neighbours().is_empty());
}
