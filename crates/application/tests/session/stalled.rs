//! A store that takes nothing: what is asked for meanwhile, and how it goes on.

use kukuri_application::{
    ports::{StoreTrouble, SyncAnswer, SyncRequest},
    session::Input,
};
use kukuri_domain::VerifiedEvent;

use crate::bench::{Author, Bench, ids, peer, posts, signed};

/// A member who holds these is a neighbour, and the store takes nothing of what it gives.
fn full_while_fetching(theirs: &[VerifiedEvent]) -> (Bench, Vec<String>) {
    let mut bench = Bench::with_neighbours(&[1]);
    bench.tell(Input::Offered {
        peer: peer(1),
        ids: ids(theirs),
        more: false,
    });
    bench.store_works = false;
    let seen = answer_gets(&mut bench, theirs);
    (bench, seen)
}

/// Answers every question for events.
fn answer_gets(bench: &mut Bench, theirs: &[VerifiedEvent]) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some((_, request)) = bench.calls.front().cloned() {
        let SyncRequest::Get(wanted) = request else {
            panic!("{request:?}")
        };
        let given = theirs.iter().filter(|event| wanted.contains(&event.id()));
        let given: Vec<VerifiedEvent> = given.cloned().collect();
        seen.extend(bench.answer_with(signed(&given)));
    }
    seen
}

#[test]
fn what_is_refused_is_not_fetched_again_and_again() {
    let theirs = posts(3, 1_000);
    let (mut bench, seen) = full_while_fetching(&theirs);
    assert_eq!(seen, ["commit 1000 peer", "stalled: DiskFull"]);
    let stalled = bench.session.stalled().expect("it is so");
    assert_eq!(
        (stalled.reason, stalled.since),
        (StoreTrouble::DiskFull, bench.now.unix)
    );

    // Whatever others say they have.
    bench.others_agree = false;
    for input in [
        Input::Offered {
            peer: peer(1),
            ids: ids(&theirs),
            more: true,
        },
        Input::Partner(peer(9)),
        Input::Lagged,
        Input::NeighborUp(peer(2)),
    ] {
        assert_eq!(bench.tell(input), [""; 0]);
    }
    assert!(bench.calls.is_empty(), "{:?}", bench.calls);

    // A few are tried, ever less often.
    let trials: Vec<_> = bench.pass(120_000);
    assert!(
        trials.iter().all(|line| line == "commit 256 peer"),
        "{trials:?}"
    );
    assert_eq!(trials.len(), 7, "after 1, 3, 7, 15, 31, 61 and 91 s");
    assert_eq!(bench.session.counters().not_stored, 1_000 + 7 * 256);
    assert!(bench.calls.is_empty() && bench.stored.is_empty());
}

#[test]
fn when_there_is_room_again_every_neighbour_is_compared_with() {
    let theirs = posts(3, 1_000);
    let (mut bench, _) = full_while_fetching(&theirs);
    bench.tell(Input::NeighborUp(peer(2)));
    bench.pass(10_000);
    bench.store_works = true;
    bench.others_agree = false;
    let seen = bench.pass(30_000);
    let mut expected = vec!["commit 256 peer".to_owned()];
    expected.extend((0..256).map(|n| format!("emit p{n} Fetched")));
    assert_eq!(seen[..257], expected);
    assert!(seen.contains(&"goes on".to_owned()), "{seen:?}");
    assert_eq!(bench.session.stalled(), None);
    let compared = bench.calls.iter().filter_map(|(peer, request)| {
        matches!(request, SyncRequest::Summary(_)).then_some(peer.0[0])
    });
    assert_eq!(compared.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(bench.stored.len(), 256);
}

/// A run that finds out in what the sets differ is under way when the disk fills up.
#[test]
fn a_run_ends_with_what_it_waits_for_and_begins_anew() {
    let theirs = posts(3, 3_000);
    let mut member = Bench::new();
    let held = theirs.iter().map(|e| (e.id(), e.clone().into_signed()));
    member.stored.extend(held);
    let mut bench = Bench::new();
    bench.others_agree = false;
    bench.tell(Input::NeighborUp(peer(1)));
    let (mut answered, mut is_to_fill) = (0, true);
    let mut serve = |bench: &mut Bench| {
        let mut seen = Vec::new();
        while let Some((_, request)) = bench.calls.front().cloned() {
            let answer = match request {
                SyncRequest::Summary(ours) => {
                    SyncAnswer::Summary(member.set().summary(ours.cut, ours.since))
                }
                SyncRequest::Reconcile { since, message } => {
                    let answer = member.set().respond(since, &message);
                    SyncAnswer::Reconciled(answer.expect("sessions send sense"))
                }
                SyncRequest::Get(wanted) => {
                    let given = wanted.iter().filter_map(|id| member.stored.get(id));
                    SyncAnswer::all(given.cloned().collect())
                }
                _ => SyncAnswer::nothing(),
            };
            answered += 1;
            assert!(answered < 1_000, "it goes on for ever");
            if is_to_fill && !bench.stored.is_empty() {
                (bench.store_works, is_to_fill) = (false, false);
            }
            seen.extend(bench.answer(Some(answer)));
        }
        seen
    };
    let seen = serve(&mut bench);
    assert!(seen.contains(&"stalled: DiskFull".to_owned()), "{seen:?}");
    let kept = bench.stored.len();
    assert!((1..3_000).contains(&kept), "{kept}");
    assert!(!bench.session.is_syncing(), "the run has ended");
    bench.pass(60_000);
    assert_eq!(bench.stored.len(), kept, "what was committed stays");

    bench.store_works = true;
    bench.pass(30_000);
    serve(&mut bench);
    assert_eq!(bench.stored.len(), 3_000, "and the rest follows");
    assert_eq!(bench.session.counters().stored, 3_000);
}

#[test]
fn what_gossip_brings_and_own_posts_are_tried_all_the_same() {
    let theirs = posts(3, 100);
    let (mut bench, _) = full_while_fetching(&theirs);
    let small = Author::new(4).post("small", 0);
    assert_eq!(bench.event(1, &small), ["commit 1 peer"]);
    bench.store_works = true;
    assert_eq!(bench.event(1, &small), ["commit 1 peer", "emit small Live"]);
    let own = Author::new(1).post("own", 1);
    assert!(
        bench
            .post(&own)
            .contains(&"done 7 sent 1 held 0".to_owned())
    );
    assert!(
        bench.session.stalled().is_some(),
        "room for one is not room for what is lacking"
    );
    assert!(bench.pass(1_000).contains(&"goes on".to_owned()));
}

#[test]
fn another_trouble_is_told() {
    let theirs = posts(3, 10);
    let (mut bench, _) = full_while_fetching(&theirs);
    bench.hold_commits = true;
    assert_eq!(bench.pass(1_000), ["commit 10 peer"]);
    // The trial is the last commit that began; a token that was never given is nobody's.
    let told = (0..100).flat_map(|commit| {
        bench.tell(Input::CommitFailed {
            commit,
            trouble: StoreTrouble::ReadOnly,
        })
    });
    assert_eq!(told.collect::<Vec<_>>(), ["stalled: ReadOnly"]);
}
