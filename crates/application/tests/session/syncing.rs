//! Comparing sets, fetching what is lacking, and members that lie.

use kukuri_application::{
    ports::{SyncAnswer, SyncRequest},
    session::{Effect, Input},
};
use kukuri_domain::{PeerId, UnixMs, VerifiedEvent, wire::last_cut};

use crate::bench::{Bench, ids, of_set, peer, posts, signed};
use crate::pair::{Pair, held};

#[test]
fn a_run_ends_with_what_either_lacked() {
    for (n, a, b) in [(0, 1, 1), (5, 2, 3), (300, 4, 7), (3_000, 9, 2)] {
        let all = posts(1, n);
        let some = |of: u64| {
            let some = all.iter().zip(0_u64..).filter(move |(_, i)| i % of != 1);
            some.map(|(event, _)| event.clone()).collect::<Vec<_>>()
        };
        let mut pair = Pair::of(&some(a), &some(b));
        pair.ours.tell(Input::NeighborUp(peer(1)));
        pair.run();
        pair.let_them_fetch();
        assert!(held(&pair.ours) == held(&pair.theirs), "of {n}");
        assert!(!pair.ours.session.is_syncing());
    }
}

#[test]
fn what_an_earlier_process_wrote_is_noted_as_held_once_it_was_surely_compared() {
    let notes = |pair: &mut Pair| {
        let effects = pair
            .ours
            .session
            .handle(Input::Partner(peer(1)), pair.ours.now);
        let mut all: Vec<_> = effects.into_iter().collect();
        let mut noted = Vec::new();
        while let Some(effect) = all.pop() {
            match effect {
                Effect::NoteComplete { before, .. } => noted.push(before),
                effect @ Effect::Summarise { .. } => {
                    let input = of_set(effect, Some(&pair.ours.set()));
                    all.extend(pair.ours.session.handle(input, pair.ours.now));
                }
                Effect::Call {
                    peer,
                    request: SyncRequest::Summary(ours),
                } => {
                    let answered = Input::Answered {
                        peer,
                        request: SyncRequest::Summary(ours),
                        answer: Some(SyncAnswer::Summary(ours)),
                    };
                    all.extend(pair.ours.session.handle(answered, pair.ours.now));
                }
                _ => {}
            }
        }
        noted
    };
    let own = posts(1, 3);
    let mut pair = Pair::of(&own, &own);
    // A member that asked us was told the set up to a cut before the last post.
    let early = pair
        .ours
        .set()
        .summary(last_cut(pair.ours.now.unix), UnixMs(0));
    pair.ours.tell(Input::Compared {
        peer: peer(1),
        ours: early,
        theirs: early,
    });
    pair.ours.pass(5_000);
    let now = pair.ours.now.unix.0;
    assert_eq!(notes(&mut pair), [UnixMs(now - 250)]);
    pair.ours.pass(5_000);
    assert_eq!(
        notes(&mut pair),
        [UnixMs(now + 4_750)],
        "up to the first run"
    );
    pair.ours.pass(5_000);
    assert_eq!(notes(&mut pair), [], "nothing was written since");
}

#[test]
fn equal_sets_are_one_question_and_an_agreement() {
    let all = posts(1, 40);
    let mut pair = Pair::of(&all, &all);
    pair.ours.tell(Input::NeighborUp(peer(1)));
    assert!(matches!(pair.ours.calls[0].1, SyncRequest::Summary(_)));
    assert_eq!(pair.run(), [""; 0]);
    let agreement = pair.ours.session.agreements()[&peer(1)];
    // What was signed just now may not have been in the set yet.
    assert_eq!(agreement.since.0, pair.ours.now.unix.0 - 250);

    let mut pair = Pair::of(&all, &all[1..]);
    pair.ours.tell(Input::NeighborUp(peer(1)));
    pair.run();
    assert!(pair.ours.session.agreements().is_empty(), "it lacks one");
}

#[test]
fn progress_is_told_and_the_end() {
    let all = posts(1, 4_000);
    let mut pair = Pair::of(&[], &all);
    pair.ours.tell(Input::NeighborUp(peer(1)));
    let mut seen = Vec::new();
    while let Some((_, request)) = pair.ours.calls.front().cloned() {
        let answer = pair.serve(&request);
        pair.ours.now.mono_ms += 250;
        seen.extend(pair.ours.answer(Some(answer)));
    }
    let is_progress = |line: &&String| line.starts_with("progress");
    let progress: Vec<_> = seen.iter().filter(is_progress).collect();
    assert!(progress.len() >= 3, "{progress:?}");
    assert!(
        progress.iter().any(|line| line.ends_with("of 4000")),
        "{progress:?}"
    );
    assert!(seen.contains(&"fetched 4000 of 1".to_owned()));
}

#[test]
fn a_run_that_failed_is_repeated_once() {
    let mut pair = Pair::of(&posts(1, 3), &[]);
    pair.ours.tell(Input::NeighborUp(peer(1)));
    assert_eq!(pair.ours.answer(None), [""; 0]);
    pair.ours.pass(1_999);
    assert!(pair.ours.calls.is_empty());
    pair.ours.pass(1);
    assert_eq!(pair.ours.calls.len(), 1);
    pair.ours.answer(None);
    pair.ours.pass(60_000);
    assert!(pair.ours.calls.is_empty(), "until it is heard of again");
}

/// A member that was killed says that it is back while the old question still waits.
#[test]
fn a_run_that_was_asked_for_meanwhile_is_repeated_when_it_failed() {
    let mut bench = Pair::of(&posts(1, 3), &[]).ours;
    bench.tell(Input::NeighborUp(peer(1)));
    bench.answer(None);
    bench.pass(2_000);
    bench.answer(None);
    for _ in 0..3 {
        bench.tell(Input::Partner(peer(1)));
        bench.tell(Input::Partner(peer(1)));
        assert_eq!(bench.calls.len(), 1);
        assert_eq!(bench.answer(None), [""; 0]);
        assert!(bench.calls.is_empty(), "not at once");
        bench.pass(2_000);
        assert_eq!(bench.calls.len(), 1, "but soon");
        bench.answer(None);
        bench.pass(60_000);
        assert!(bench.calls.is_empty(), "nothing was heard since");
    }
}

#[test]
fn two_runs_go_on_at_once_and_the_others_wait() {
    let mut pair = Pair::of(&posts(1, 3), &posts(1, 3));
    for n in 1..=5 {
        pair.ours.tell(Input::NeighborUp(peer(n)));
    }
    let asked = |bench: &Bench| -> Vec<PeerId> { bench.calls.iter().map(|(p, _)| *p).collect() };
    assert_eq!(asked(&pair.ours), [peer(1), peer(2)]);
    pair.ours.answer(None);
    assert_eq!(
        asked(&pair.ours),
        [peer(2), peer(3)],
        "one that fails makes room"
    );
    pair.run();
    assert_eq!(pair.ours.session.agreements().len(), 4);
}

#[test]
fn lost_messages_are_made_up_for_by_one_neighbour() {
    let mut bench = Bench::new();
    assert_eq!(bench.tell(Input::Lagged), [""; 0]);
    let mut pair = Pair::of(&posts(1, 1), &posts(1, 2));
    for n in 1..=3 {
        pair.ours.others_agree = true;
        pair.ours.tell(Input::NeighborUp(peer(n)));
    }
    pair.ours.others_agree = false;
    pair.ours.tell(Input::Lagged);
    assert_eq!(pair.ours.calls.len(), 1);
    pair.ours.tell(Input::Lagged);
    pair.run();
    assert_eq!(pair.ours.stored.len(), 2);
    assert_eq!(pair.ours.session.counters().lagged, 2);
}

#[test]
fn who_claims_what_it_does_not_give_is_left_alone() {
    let claimed = posts(2, 500);
    let mut pair = Pair::of(&posts(1, 3), &claimed);
    pair.ours.tell(Input::NeighborUp(peer(1)));
    let mut rounds = 0;
    while let Some((_, request)) = pair.ours.calls.front().cloned() {
        let answer = match request {
            SyncRequest::Get(_) => SyncAnswer::nothing(),
            request => pair.serve(&request),
        };
        pair.ours.answer(Some(answer));
        rounds += 1;
        assert!(rounds < 20, "it goes on for ever");
    }
    assert_eq!(pair.ours.session.counters().malformed, 1);
    pair.ours.tell(Input::Lagged);
    assert!(pair.ours.calls.is_empty(), "it is not asked again soon");
    pair.ours.pass(10 * 60_000);
    pair.ours.tell(Input::Lagged);
    assert_eq!(pair.ours.calls.len(), 1, "and later it is");
}

#[test]
fn a_reconciliation_without_end_or_sense_is_ended() {
    // The other differs in every range that it is asked about, and never says in what.
    let all = posts(1, 100);
    let other = Pair::of(&all, &posts(2, 100)).theirs.set();
    let nonsense: [&dyn Fn() -> SyncAnswer; 4] = [
        &|| SyncAnswer::Reconciled(vec![0x61, 0xff, 0xff]),
        &|| SyncAnswer::Reconciled(vec![]),
        &|| SyncAnswer::nothing(),
        &|| SyncAnswer::Reconciled(other.initiate(UnixMs(0))),
    ];
    for (n, nonsense) in nonsense.iter().enumerate() {
        let mut pair = Pair::of(&all, &all[1..]);
        pair.ours.tell(Input::NeighborUp(peer(1)));
        let mut rounds = 0;
        while let Some((_, request)) = pair.ours.calls.front().cloned() {
            let answer = match request {
                SyncRequest::Summary(_) => pair.serve(&request),
                SyncRequest::Reconcile { .. } => nonsense(),
                _ => SyncAnswer::nothing(),
            };
            pair.ours.answer(Some(answer));
            rounds += 1;
            assert!(rounds < 50, "case {n} goes on for ever");
        }
        assert!(!pair.ours.session.is_syncing());
        assert_eq!(pair.ours.stored.len(), 100);
    }
}

#[test]
fn a_summary_of_another_cut_is_a_lie() {
    let mut pair = Pair::of(&posts(1, 3), &posts(1, 3));
    pair.ours.tell(Input::NeighborUp(peer(1)));
    let theirs = pair.theirs.set().summary(UnixMs(1), UnixMs(0));
    pair.ours.answer(Some(SyncAnswer::Summary(theirs)));
    assert_eq!(pair.ours.session.counters().malformed, 1);
    assert!(pair.ours.session.agreements().is_empty());
}

#[test]
fn an_offer_is_fetched_from_who_made_it_also_if_it_is_no_neighbour() {
    let news = posts(2, 3);
    let mut bench = Bench::new();
    bench.event(9, &news[0]);
    let seen = bench.tell(Input::Offered {
        peer: peer(7),
        ids: ids(&news),
        more: false,
    });
    assert_eq!(seen, ["call 7 get 2"]);
    bench.answer_with(signed(&news[1..]));
    assert_eq!(bench.stored.len(), 3);
    bench.others_agree = false;
    bench.tell(Input::Offered {
        peer: peer(7),
        ids: ids(&news),
        more: true,
    });
    assert!(
        matches!(bench.calls[0].1, SyncRequest::Summary(_)),
        "there is more"
    );
}

/// A member offers an event, and gives it when it is asked.
fn offers(bench: &mut Bench, from: u8, event: &VerifiedEvent) -> Vec<String> {
    bench.calls.clear();
    bench.tell(Input::Offered {
        peer: peer(from),
        ids: vec![event.id()],
        more: false,
    });
    assert_eq!(bench.calls.len(), 1, "it asks for it");
    bench.answer_with(signed(std::slice::from_ref(event)))
}

#[test]
fn who_has_what_the_neighbours_should_have_brought_is_to_become_one() {
    let old = posts(2, 4);
    let meets = |seen: Vec<String>| seen.into_iter().find(|seen| seen.starts_with("meet"));
    let mut bench = Bench::with_neighbours(&[9]);
    bench.pass(29_000);
    assert_eq!(meets(offers(&mut bench, 7, &old[0])), None, "on its way");
    bench.pass(2_000);
    assert_eq!(meets(offers(&mut bench, 9, &old[1])), None, "a neighbour");
    let meeting = meets(offers(&mut bench, 7, &old[2]));
    assert_eq!(meeting.as_deref(), Some("meet 7"));
    bench.pass(59_000);
    assert_eq!(
        meets(offers(&mut bench, 8, &old[3])),
        None,
        "one in a minute"
    );
}

#[test]
fn who_is_alone_asks_nobody_to_become_a_neighbour() {
    let old = posts(2, 1);
    let mut bench = Bench::new();
    bench.pass(60_000);
    let seen = offers(&mut bench, 7, &old[0]);
    assert_eq!(bench.stored.len(), 1);
    assert!(
        seen.iter().all(|seen| !seen.starts_with("meet")),
        "{seen:?}"
    );
}
