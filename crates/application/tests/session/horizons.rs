//! Members that keep different times: where a set begins.

use kukuri_application::{
    ports::{SyncAnswer, SyncRequest},
    session::Input,
};
use kukuri_domain::{
    UnixMs,
    wire::{GossipFrame, SetSummary, last_cut},
};

use crate::bench::{Author, Bench, START, ids, peer, posts, signed};
use crate::pair::{Pair, held, summary_of};

#[test]
fn a_horizon_of_the_other_is_not_crossed() {
    let all = posts(1, 100);
    let mut pair = Pair::of(&all, &all[60..]);
    pair.ours.tell(Input::NeighborUp(peer(1)));
    let (_, request) = pair.ours.calls[0].clone();
    let SyncRequest::Summary(ours) = request else {
        panic!("{request:?}")
    };
    let horizon = all[60].order().at();
    let theirs = pair.theirs.set().summary(ours.cut, horizon);
    assert_eq!(pair.ours.answer(Some(SyncAnswer::Summary(theirs))), [""; 0]);
    // They are asked once more from there on, so that they learn of it, too.
    let (_, again) = pair.ours.calls[0].clone();
    let same = theirs;
    assert_eq!(again, SyncRequest::Summary(same));
    pair.ours.answer(Some(SyncAnswer::Summary(same)));
    assert!(pair.ours.calls.is_empty(), "the same from there on");
    assert_eq!(pair.ours.session.agreements().len(), 1);
}

#[test]
fn a_horizon_that_runs_away_is_not_followed_for_ever() {
    let all = posts(1, 100);
    let mut pair = Pair::of(&all, &all);
    pair.ours.tell(Input::NeighborUp(peer(1)));
    let mut rounds = 0;
    while let Some((_, request)) = pair.ours.calls.front().cloned() {
        let SyncRequest::Summary(ours) = request else {
            panic!("{request:?}")
        };
        let later = SetSummary {
            since: UnixMs(ours.since.0 + 1),
            ..ours
        };
        pair.ours.answer(Some(SyncAnswer::Summary(later)));
        rounds += 1;
        assert!(rounds < 20, "it goes on for ever");
    }
    assert_eq!(pair.ours.session.counters().malformed, 1);
}

#[test]
fn what_lies_behind_the_horizon_is_neither_taken_nor_asked_for_again() {
    let all = posts(1, 10);
    let mut bench = Bench::with_neighbours(&[1]);
    bench.tell(Input::Horizon(all[6].order().at()));
    assert_eq!(bench.event(1, &all[5]), [""; 0]);
    bench.event(1, &all[6]);
    assert_eq!(held(&bench), ids(&all[6..7]));
    assert_eq!(bench.session.counters().outdated, 1);

    let name = Author::new(3).sign(kukuri_domain::event::Draft::profile(
        &crate::bench::topic().name,
        &kukuri_domain::event::Profile {
            name: "Aya".to_owned(),
            about: None,
        },
        START,
    ));
    bench.event(1, &name);
    assert!(held(&bench).contains(&name.id()), "names stay");

    let offered = |bench: &mut Bench| {
        bench.tell(Input::Offered {
            peer: peer(1),
            ids: ids(&all[..5]),
            more: false,
        })
    };
    assert_eq!(offered(&mut bench), ["call 1 get 5"]);
    bench.answer_with(signed(&all[..5]));
    assert_eq!(bench.session.counters().outdated, 6);
    assert_eq!(offered(&mut bench), [""; 0], "they are known now");
    assert_eq!(bench.stored.len(), 2);
}

/// A member whose store forgets what lies before a horizon.
fn forgetful(bench: &mut Bench, horizon: UnixMs) {
    bench.forget_before(horizon);
    bench.tell(Input::Horizon(horizon));
}

#[test]
fn members_that_keep_different_times_agree_and_rest() {
    let all = posts(1, 400);
    // The first keeps less and asks, then the second asks; each lacks some that both keep.
    for swapped in [false, true] {
        let horizon = all[200].order().at();
        let few: Vec<_> = all.iter().step_by(2).cloned().collect();
        let mut pair = match swapped {
            false => Pair::of(&few, &all[10..]),
            true => Pair::of(&all[10..], &few),
        };
        forgetful(
            match swapped {
                false => &mut pair.ours,
                true => &mut pair.theirs,
            },
            horizon,
        );
        pair.ours.tell(Input::NeighborUp(peer(1)));
        pair.run();
        pair.let_them_fetch();
        let cut = UnixMs(START.0 + 1_000_000);
        let ours = pair.ours.set().summary(cut, horizon);
        assert_eq!(ours, pair.theirs.set().summary(cut, horizon));
        assert_eq!(ours.count, 200);

        // Whoever asks from now on: nothing is fetched, nothing offered, and both know it.
        for _ in 0..3 {
            for _ in 0..2 {
                let before = (pair.ours.stored.len(), pair.theirs.stored.len());
                pair.ours.tell(Input::Lagged);
                pair.ours.tell(Input::Partner(peer(1)));
                assert_eq!(pair.run(), [""; 0]);
                let agree = |bench: &Bench, with| bench.session.agreements().contains_key(&with);
                assert!(agree(&pair.ours, peer(1)) && agree(&pair.theirs, peer(2)));
                let after = (pair.ours.stored.len(), pair.theirs.stored.len());
                assert_eq!(before, after);
                std::mem::swap(&mut pair.ours, &mut pair.theirs);
            }
        }
        assert!(!pair.ours.session.is_syncing() && !pair.theirs.session.is_syncing());
    }
}

#[test]
fn a_horizon_that_moves_during_a_run_ends_the_fetching() {
    let all = posts(1, 4_000);
    let mut pair = Pair::of(&[], &all);
    pair.ours.tell(Input::NeighborUp(peer(1)));
    let (mut fetched, mut horizon) = (0, None);
    while let Some((_, request)) = pair.ours.calls.front().cloned() {
        if let SyncRequest::Get(ids) = &request {
            fetched += ids.len();
        }
        let answer = pair.serve(&request);
        pair.ours.answer(Some(answer));
        if horizon.is_none() && pair.ours.stored.len() > 1_500 {
            // The ceiling is reached: half of what came goes.
            let mut times: Vec<_> = pair.ours.stored.values().map(|e| e.order().at()).collect();
            times.sort();
            forgetful(&mut pair.ours, times[times.len() / 2]);
            horizon = Some(times[times.len() / 2]);
        }
    }
    let horizon = horizon.expect("it was reached");
    let kept = all.iter().filter(|e| e.order().at() >= horizon).count();
    assert_eq!(pair.ours.stored.len(), kept);
    // What was under way when it moved came for nothing, and no more.
    assert!(fetched <= 1_500 + 4 * 1_024, "{fetched} fetched");
    assert!(!pair.ours.session.is_syncing());
    pair.ours.tell(Input::Lagged);
    pair.run();
    assert_eq!(pair.ours.session.agreements().len(), 1);
}

#[test]
fn a_neighbour_that_keeps_more_is_asked_now_and_then() {
    let all = posts(1, 20);
    let mut bench = Bench::with_neighbours(&[1]);
    bench.others_agree = false;
    for event in &all {
        bench.event(1, event);
    }
    forgetful(&mut bench, all[10].order().at());
    while !bench.calls.is_empty() {
        bench.answer(None);
    }
    let tell = |bench: &mut Bench| {
        let cut = last_cut(bench.now.unix);
        let theirs = summary_of(&all, cut);
        bench.message(1, GossipFrame::Summary(theirs).encode().into());
    };
    bench.pass(20_000);
    let mut asked = 0;
    for _ in 0..40 {
        bench.pass(30_000);
        tell(&mut bench);
        while let Some((_, request)) = bench.calls.front().cloned() {
            let answer = match request {
                SyncRequest::Summary(ours) => {
                    asked += 1;
                    SyncAnswer::Summary(ours)
                }
                SyncRequest::Receipt(_) => SyncAnswer::nothing(),
                request => panic!("{request:?}"),
            };
            bench.answer(Some(answer));
        }
    }
    // 20 minutes, once in five.
    assert!((3..=5).contains(&asked), "asked {asked} times");
    assert_eq!(bench.session.agreements().len(), 1);
}
