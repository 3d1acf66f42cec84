//! What gossip brings: checked, counted, delayed, stored, shown, in that order.

use bytes::Bytes;
use kukuri_application::{
    ports::SyncRequest,
    session::{Counters, Effect, Input},
};
use kukuri_domain::{
    EventId, UnixMs, VerifiedEvent,
    event::Draft,
    limits::{
        AUTHOR_EVENTS_BURST, AUTHOR_EVENTS_PER_SECOND, DELAYED_EVENTS_MAX, EVENT_FUTURE_MS_MAX,
        EVENT_TAGS_MAX, PEER_EVENTS_BURST, PEER_EVENTS_PER_SECOND,
    },
    wire::WireEvent,
};
use rstest::rstest;

use crate::bench::{
    Author, Bench, START, event_frame, forgeries, have_frame, ids, peer, posts, topic,
};

/// A message of every kind that is refused, and what it counts as.
fn refused_messages() -> Vec<(&'static str, Bytes, Counters)> {
    let author = Author::new(1);
    let name = &topic().name;
    let good = author.post("good", 0);
    let wire = |event: VerifiedEvent| event_frame(event.to_wire());
    let with_tags = |tags: Vec<Vec<String>>| {
        event_frame(WireEvent {
            tags,
            ..good.to_wire()
        })
    };
    let zero = Counters::default();
    let malformed = Counters {
        malformed: 1,
        ..zero
    };
    let refused = Counters { refused: 1, ..zero };
    let mut other_version = event_frame(good.to_wire()).to_vec();
    other_version[2] = 9;
    let mut trailing = event_frame(good.to_wire()).to_vec();
    trailing.push(0);
    let mut stock = other_version.clone();
    stock[0] = b'x';
    let late = UnixMs(START.0 + EVENT_FUTURE_MS_MAX + 1);
    let kitchen = "kitchen".parse().expect("a valid name");
    vec![
        ("nothing", Bytes::new(), Counters { foreign: 1, ..zero }),
        (
            "another program's",
            stock.into(),
            Counters { foreign: 1, ..zero },
        ),
        (
            "another version",
            other_version.into(),
            Counters {
                other_version: 1,
                ..zero
            },
        ),
        ("a byte too many", trailing.into(), malformed),
        (
            "half a frame",
            event_frame(good.to_wire()).slice(..40),
            malformed,
        ),
        ("no ids", have_frame(vec![]), malformed),
        (
            "too many ids",
            have_frame(vec![EventId([1; 32]); 65]),
            malformed,
        ),
        (
            "oversized",
            wire(author.post(&"x".repeat(5_000), 0)),
            malformed,
        ),
        (
            "100,000 tags",
            with_tags(vec![vec!["t".to_owned()]; 100_000]),
            malformed,
        ),
        (
            "100,000 empty tags",
            with_tags(vec![vec![]; 100_000]),
            malformed,
        ),
        (
            "tags beyond the limit",
            with_tags(vec![vec![]; EVENT_TAGS_MAX + 1]),
            malformed,
        ),
        ("an empty tag", with_tags(vec![vec![]]), malformed),
        (
            "another topic",
            wire(author.sign(Draft::post(&kitchen, "hello", START))),
            refused,
        ),
        (
            "the future",
            wire(author.sign(Draft::post(name, "hello", late))),
            refused,
        ),
        (
            "ephemeral",
            wire(author.sign(Draft {
                kind: 20_000,
                ..Draft::post(name, "hello", START)
            })),
            refused,
        ),
    ]
}

#[test]
fn what_is_refused_is_counted_and_the_session_lives() {
    for (what, payload, expected) in refused_messages() {
        let mut bench = Bench::with_neighbours(&[1]);
        for times in 1..=3 {
            assert_eq!(bench.message(1, payload.clone()), [""; 0], "{what}");
            let counters = bench.session.counters();
            let counted = [
                (counters.foreign, expected.foreign),
                (counters.other_version, expected.other_version),
                (counters.malformed, expected.malformed),
                (counters.refused, expected.refused),
            ];
            for (counted, expected) in counted {
                assert_eq!(counted, expected * times, "{what}: {counters:?}");
            }
            assert_eq!(
                (counters.stored, counters.forged, counters.duplicates),
                (0, 0, 0)
            );
        }
        assert!(bench.stored.is_empty());
        let good = Author::new(1).post("good", 0);
        assert_eq!(
            bench.event(1, &good),
            ["commit 1 peer", "emit good Live"],
            "after {what}"
        );
    }
}

#[test]
fn an_event_of_the_future_is_taken_when_its_time_has_come() {
    let mut bench = Bench::with_neighbours(&[1]);
    let late = Author::new(1).post("late", EVENT_FUTURE_MS_MAX + 1);
    assert_eq!(bench.event(1, &late), [""; 0]);
    bench.pass(1);
    assert_eq!(bench.event(1, &late), ["commit 1 peer", "emit late Live"]);
}

#[rstest]
#[case::id(0)]
#[case::signature(1)]
#[case::author(2)]
#[case::content(3)]
fn a_forged_event_leaves_no_trace_and_the_genuine_one_is_taken(#[case] part: usize) {
    let genuine = Author::new(1).post("genuine", 0);
    let forged = forgeries(&genuine)[part].clone();
    let mut bench = Bench::with_neighbours(&[1, 2]);
    for from in [1, 1, 2] {
        assert_eq!(bench.message(from, event_frame(forged.clone())), [""; 0]);
    }
    // The same as a neighbour's history.
    let answer = vec![forged.into_signed().expect("its shape is fine")];
    bench.tell(Input::Lagged);
    assert_eq!(bench.answer_with(answer), [""; 0]);
    assert!(bench.stored.is_empty());
    assert_eq!(bench.session.counters().forged, 4);

    assert_eq!(
        bench.event(1, &genuine),
        ["commit 1 peer", "emit genuine Live"]
    );
    assert_eq!(bench.session.counters().duplicates, 0);
    assert_eq!(bench.session.counters().stored, 1);
}

#[test]
fn a_forged_copy_under_way_does_not_hide_the_genuine_event() {
    let genuine = Author::new(1).post("genuine", 0);
    for forged in forgeries(&genuine) {
        let mut bench = Bench::new();
        let send = |bench: &mut Bench, wire: WireEvent| {
            let message = Input::Message {
                from: peer(1),
                is_direct: true,
                payload: event_frame(wire),
            };
            bench.session.handle(message, bench.now)
        };
        let first = send(&mut bench, forged.clone());
        assert_eq!(first.len(), 1);
        assert!(
            send(&mut bench, forged.clone()).is_empty(),
            "the same bytes are checked once"
        );
        let second = send(&mut bench, genuine.to_wire());
        assert!(matches!(&second[..], [Effect::Verify { .. }]), "{second:?}");
        assert!(send(&mut bench, genuine.to_wire()).is_empty());
        assert_eq!(bench.session.counters().duplicates, 2);

        let outcome = |effects: &[Effect], genuine: Vec<VerifiedEvent>| match effects {
            [Effect::Verify { verify, .. }] => Input::Verified {
                verify: *verify,
                forged: 1 - genuine.len(),
                genuine,
            },
            other => panic!("expected one check, not {other:?}"),
        };
        bench.hold_commits = true;
        assert_eq!(
            bench.tell(outcome(&second, vec![genuine.clone()])),
            ["commit 1 peer"]
        );
        assert_eq!(bench.tell(outcome(&first, vec![])), [""; 0]);
        assert!(bench.event(1, &genuine).is_empty(), "it is being committed");
        assert!(bench.message(1, event_frame(forged)).is_empty());
        assert_eq!(
            bench.session.counters().forged,
            2,
            "what differs is checked all the same"
        );
        assert_eq!(bench.release_commits(), ["emit genuine Live"]);
        assert_eq!(bench.stored.len(), 1);
    }
}

#[test]
fn a_duplicate_costs_no_check() {
    let mut bench = Bench::with_neighbours(&[1, 2]);
    let post = Author::new(1).post("once", 0);
    bench.event(1, &post);
    for from in [1, 2] {
        let message = Input::Message {
            from: peer(from),
            is_direct: true,
            payload: event_frame(post.to_wire()),
        };
        assert!(bench.session.handle(message, bench.now).is_empty());
    }
    assert_eq!(bench.session.counters().duplicates, 2);
}

#[test]
fn an_event_that_only_the_store_knew_is_not_shown_again() {
    let mut bench = Bench::with_neighbours(&[1]);
    let post = Author::new(1).post("old", 0);
    bench.stored.insert(post.id(), post.clone().into_signed());
    assert_eq!(bench.event(1, &post), ["commit 1 peer"]);
    assert_eq!(bench.event(1, &post), [""; 0]);
    let counters = bench.session.counters();
    assert_eq!((counters.duplicates, counters.stored), (2, 0));
}

/// After a restart the seen-set is empty, and only the store knows what is old.
#[test]
fn what_is_repeated_does_not_make_its_author_wait() {
    let author = Author::new(3);
    let old = posts(3, 3 * u64::from(AUTHOR_EVENTS_BURST));
    let mut bench = Bench::with_neighbours(&[1]);
    let stored = old.iter().map(|e| (e.id(), e.clone().into_signed()));
    bench.stored.extend(stored);
    for event in &old {
        assert_eq!(bench.event(1, event), ["commit 1 peer"]);
    }
    let counters = bench.session.counters();
    assert_eq!(
        (counters.duplicates, counters.delayed),
        (old.len() as u64, 0)
    );
    let live = author.post("live", 1_000_000);
    bench.now.unix.0 += 1_000_000;
    assert_eq!(bench.event(1, &live), ["commit 1 peer", "emit live Live"]);

    // What is new costs as before.
    bench.now.mono_ms += 60_000;
    let news: Vec<_> = (0..2 * u64::from(AUTHOR_EVENTS_BURST))
        .map(|n| author.post(&format!("news {n}"), 900_000 + n))
        .collect();
    for event in &news {
        bench.event(1, event);
    }
    let delayed = bench.session.counters().delayed;
    assert_eq!(delayed, u64::from(AUTHOR_EVENTS_BURST));
}

#[test]
fn what_was_not_stored_is_not_remembered() {
    let mut bench = Bench::with_neighbours(&[1]);
    let post = Author::new(1).post("hello", 0);
    bench.store_works = false;
    let refused = ["commit 1 peer", "stalled: DiskFull"];
    assert_eq!(bench.event(1, &post), refused);
    assert_eq!(bench.session.counters().not_stored, 1);
    bench.store_works = true;
    assert_eq!(bench.event(1, &post), ["commit 1 peer", "emit hello Live"]);
}

/// The contents of the posts that were shown.
fn shown(seen: Vec<String>) -> Vec<String> {
    let content = |line: &String| {
        Some(
            line.strip_prefix("emit ")?
                .strip_suffix(" Live")?
                .to_owned(),
        )
    };
    seen.iter().filter_map(content).collect()
}

fn contents(events: &[VerifiedEvent]) -> Vec<&str> {
    events.iter().map(VerifiedEvent::content).collect()
}

#[test]
fn a_busy_author_is_delayed_and_nothing_of_it_is_lost_or_reordered() {
    let mut bench = Bench::with_neighbours(&[1]);
    let burst = AUTHOR_EVENTS_BURST as usize;
    let busy = posts(1, u64::from(AUTHOR_EVENTS_BURST) + 250);
    let at_once = busy
        .iter()
        .flat_map(|post| shown(bench.event(1, post)))
        .collect::<Vec<_>>();
    assert_eq!(at_once, contents(&busy[..burst]));
    assert_eq!(bench.session.counters().delayed, 250);

    let quiet = Author::new(2).post("quiet", 0);
    assert_eq!(
        shown(bench.event(1, &quiet)),
        ["quiet"],
        "others are not held up"
    );
    assert!(
        bench.event(1, &busy[burst]).is_empty(),
        "a copy of what waits is a duplicate"
    );

    let per_second = AUTHOR_EVENTS_PER_SECOND as usize;
    let first = shown(bench.pass(1_000));
    assert!(
        first.len().abs_diff(per_second) <= 5,
        "{} in the first second",
        first.len()
    );
    let rest = [first, shown(bench.pass(2_000))].concat();
    assert_eq!(rest, contents(&busy[burst..]));
    assert_eq!(bench.stored.len(), busy.len() + 1);
    assert_eq!(bench.session.counters().dropped, 0);
    assert!(bench.timers.is_empty(), "nothing waits any more");
}

/// Events that are told apart from each other but need no signing: the delay of a peer comes
/// before the check.
fn unsigned_events(count: u32) -> impl Iterator<Item = Bytes> {
    let wire = Author::new(1).post("", 0).to_wire();
    (0..count).map(move |n| {
        event_frame(WireEvent {
            content: n.to_string(),
            ..wire.clone()
        })
    })
}

#[test]
fn a_busy_peer_is_delayed_before_its_signatures_are_checked() {
    let mut bench = Bench::with_neighbours(&[1]);
    for payload in unsigned_events(PEER_EVENTS_BURST + 100) {
        bench.message(1, payload);
    }
    let genuine = posts(1, 2);
    for post in &genuine {
        assert_eq!(bench.event(1, post), [""; 0], "it waits behind the rest");
    }
    assert_eq!(
        bench.session.counters().forged,
        u64::from(PEER_EVENTS_BURST)
    );
    assert_eq!(bench.session.counters().delayed, 102);
    assert_eq!(
        shown(bench.event(2, &genuine[0])),
        ["p0"],
        "another peer's copy does not wait"
    );

    assert_eq!(shown(bench.pass(1_000)), ["p1"]);
    let counters = bench.session.counters();
    assert_eq!(counters.forged, u64::from(PEER_EVENTS_BURST) + 100);
    assert_eq!((counters.duplicates, counters.dropped), (1, 0));
    assert!(bench.timers.keys().all(|name| name != "Delayed"));
}

#[test]
fn a_token_that_came_back_goes_to_who_waits_longest() {
    // One too many for the author's bucket, and later one for which there is a token.
    let mut bench = Bench::with_neighbours(&[1]);
    let busy = posts(1, u64::from(AUTHOR_EVENTS_BURST) + 2);
    let (last, before) = busy.split_last().expect("there are many");
    for post in before {
        bench.event(1, post);
    }
    bench.pass(15);
    assert_eq!(bench.event(1, last), [""; 0]);
    assert_eq!(shown(bench.pass(1_000)), contents(&busy[busy.len() - 2..]));

    // The same for the peer's bucket.
    let mut bench = Bench::with_neighbours(&[1]);
    for payload in unsigned_events(PEER_EVENTS_BURST) {
        bench.message(1, payload);
    }
    assert_eq!(bench.event(1, &busy[0]), [""; 0]);
    bench.pass(15);
    assert_eq!(bench.event(1, &busy[1]), [""; 0]);
    assert_eq!(shown(bench.pass(1_000)), contents(&busy[..2]));
}

#[test]
fn a_flood_is_dropped_beyond_a_bound_and_the_topic_stays_usable() {
    let mut bench = Bench::with_neighbours(&[1, 2]);
    let flood = PEER_EVENTS_BURST + DELAYED_EVENTS_MAX as u32;
    for payload in unsigned_events(flood) {
        bench.message(1, payload);
    }
    let counters = bench.session.counters();
    assert_eq!(counters.delayed, DELAYED_EVENTS_MAX as u64);
    assert_eq!(counters.dropped, DELAYED_EVENTS_MAX as u64 / 2);
    let post = Author::new(2).post("through", 0);
    assert_eq!(shown(bench.event(2, &post)), ["through"]);
}

#[test]
fn announced_ids_cost_tokens_too() {
    let mut bench = Bench::with_neighbours(&[1]);
    let have = |n: u32| {
        have_frame(vec![EventId(std::array::from_fn(|i| {
            (n >> (8 * (i % 4))) as u8
        }))])
    };
    for n in 1..=PEER_EVENTS_BURST + 50 {
        bench.message(1, have(n));
    }
    assert_eq!(bench.session.counters().delayed, 50);
    bench.pass(1_000);
    assert!(bench.timers.is_empty());
}

#[test]
fn what_was_asked_for_passes_no_bucket() {
    let mut bench = Bench::with_neighbours(&[1]);
    let busy = posts(1, u64::from(AUTHOR_EVENTS_BURST) + 1);
    for post in &busy {
        bench.event(1, post);
    }
    assert_eq!(bench.session.counters().delayed, 1);
    let more = Author::new(1).post("fetched", 9_999);
    bench.message(1, have_frame(ids(std::slice::from_ref(&more))));
    let seen = bench.answer_with(vec![more.into_signed()]);
    assert_eq!(seen, ["commit 1 peer", "emit fetched Fetched"]);
}

#[test]
fn the_backlog_of_one_author_does_not_delay_another_of_the_same_peer() {
    let mut bench = Bench::with_neighbours(&[1]);
    let mut waits_ms = Vec::new();
    let mut flood = unsigned_events(u32::MAX);
    for payload in flood.by_ref().take(PEER_EVENTS_BURST as usize) {
        bench.message(1, payload);
    }
    // Twice what the peer may send, for three seconds, and somebody else now and then.
    for round in 0..30 {
        for payload in flood.by_ref().take(PEER_EVENTS_PER_SECOND as usize / 5) {
            bench.message(1, payload);
        }
        let quiet = Author::new(2).post("quiet", round);
        let mut seen = shown(bench.event(1, &quiet));
        let mut wait_ms = 0;
        while seen.is_empty() && wait_ms < 100 {
            seen = shown(bench.pass(1));
            wait_ms += 1;
        }
        assert_eq!(seen, ["quiet"], "round {round}");
        waits_ms.push(wait_ms);
        bench.pass(100 - wait_ms);
    }
    let counters = bench.session.counters();
    assert!(counters.delayed > 1_000, "{counters:?}");
    let longest = waits_ms.iter().max().expect("there were some");
    assert!(*longest <= 25, "waited {waits_ms:?} ms");
}

#[test]
fn what_there_was_no_room_for_is_fetched_later() {
    const BEYOND: usize = 100;
    let mut bench = Bench::with_neighbours(&[1]);
    let room = AUTHOR_EVENTS_BURST as usize + DELAYED_EVENTS_MAX / 2;
    // Another peer's bucket for each part: it is the author's that is looked at.
    let flood = posts(1, (room + BEYOND) as u64);
    for (number, post) in flood.iter().enumerate() {
        bench.event(1 + u8::from(number >= PEER_EVENTS_BURST as usize), post);
    }
    assert_eq!(bench.session.counters().dropped, BEYOND as u64);
    assert_eq!(bench.stored.len(), AUTHOR_EVENTS_BURST as usize);

    for _ in 0..60 {
        bench.pass(1_000);
        while let Some((_, request)) = bench.calls.front() {
            let ids = match request {
                SyncRequest::Get(ids) => ids.clone(),
                _ => Vec::new(),
            };
            let given = flood.iter().filter(|post| ids.contains(&post.id()));
            let given = given.map(|post| post.clone().into_signed()).collect();
            bench.answer_with(given);
        }
    }
    assert_eq!(bench.stored.len(), flood.len(), "delayed, not rejected");
    assert!(bench.timers.is_empty(), "nothing waits any more");
}
