//! Summaries that neighbours tell, and who notices by them that it is deaf.

use kukuri_application::{
    ports::{SyncAnswer, SyncRequest},
    session::Input,
};
use kukuri_domain::{
    UnixMs, VerifiedEvent,
    limits::EVENT_FUTURE_MS_MAX,
    wire::{GossipFrame, SetSummary, last_cut},
};

use crate::bench::{Author, Bench, START, peer, posts};
use crate::pair::{Pair, held, summary_of};

/// A bench whose neighbours say summaries, with posts that were written an hour ago.
fn hearing(neighbours: &[u8], count: u64) -> (Bench, Vec<VerifiedEvent>) {
    let mut bench = Bench::new();
    bench.hears = true;
    let author = Author::new(3);
    let old = (0..count).map(|n| author.post(&format!("old {n}"), n));
    let old: Vec<VerifiedEvent> = old.collect();
    bench
        .stored
        .extend(old.iter().map(|e| (e.id(), e.clone().into_signed())));
    bench.now.unix.0 += 3_600_000;
    bench.now.mono_ms += 3_600_000;
    for n in neighbours {
        bench.tell(Input::NeighborUp(peer(*n)));
    }
    (bench, old)
}

fn say(bench: &mut Bench, from: u8, summary: SetSummary) -> Vec<String> {
    bench.message(from, GossipFrame::Summary(summary).encode().into())
}

#[test]
fn neighbours_are_told_the_set_in_short_twice_a_minute() {
    let (mut bench, _) = hearing(&[1], 3);
    let seen = bench.pass(60_000);
    let summaries = seen.iter().filter(|line| *line == "neighbours summary 3");
    assert!((1..=2).contains(&summaries.count()), "{seen:?}");
    assert!(seen.contains(&"find a partner".to_owned()) || bench.pass(12_000).len() > 1);
    bench.tell(Input::NeighborDown(peer(1)));
    assert_eq!(bench.pass(120_000), [""; 0], "nobody is there");
    bench.tell(Input::NeighborUp(peer(2)));
    assert!(
        bench
            .pass(40_000)
            .contains(&"neighbours summary 3".to_owned())
    );
}

/// While a crowd joins, each new neighbour changes whom gossip passes messages to.
#[test]
fn what_gossip_lost_while_neighbours_changed_is_looked_for_a_moment_later() {
    let (mut bench, _) = hearing(&[1, 2], 3);
    bench.others_agree = false;
    let look = |bench: &mut Bench, ms| {
        bench.pass(ms);
        let mut asked = Vec::new();
        while let Some((peer, SyncRequest::Summary(same))) = bench.calls.front().cloned() {
            asked.push(peer);
            bench.answer(Some(SyncAnswer::Summary(same)));
        }
        asked
    };
    assert_eq!(look(&mut bench, 2_000), []);
    bench.tell(Input::NeighborUp(peer(3)));
    // The new one at once, all of them a moment after the first came, and once more since another
    // did meanwhile.
    let all = [peer(1), peer(2), peer(3)];
    assert_eq!(look(&mut bench, 0), [peer(3)]);
    assert_eq!(look(&mut bench, 1_600), all);
    assert_eq!(look(&mut bench, 3_600), all);
    assert_eq!(look(&mut bench, 15_000), []);
    bench.tell(Input::NeighborDown(peer(1)));
    assert_eq!(look(&mut bench, 3_600), all[1..]);
}

#[test]
fn a_summary_that_differs_leads_to_a_run_of_one_of_the_two() {
    for (other, begins_at_once) in [(0xff, true), (0x01, false)] {
        let (mut bench, old) = hearing(&[other], 3);
        bench.others_agree = false;
        let cut = UnixMs(bench.now.unix.0 - 10_000);
        say(&mut bench, other, summary_of(&old, cut));
        assert!(bench.calls.is_empty(), "they are equal");
        assert_eq!(bench.session.agreements().len(), 1);
        let more = [old.clone(), posts(5, 1)].concat();
        bench.pass(1_000);
        say(&mut bench, other, summary_of(&more, cut));
        assert_eq!(bench.calls.len(), usize::from(begins_at_once));
        assert!(bench.session.agreements().is_empty());
        if !begins_at_once {
            bench.pass(1_000);
            say(&mut bench, other, summary_of(&more, cut));
            assert_eq!(bench.calls.len(), 1, "the other one did not begin");
        }
    }
}

#[test]
fn a_summary_that_was_passed_on_is_nobodys() {
    let mut bench = Bench::with_neighbours(&[9]);
    let theirs = summary_of(&posts(2, 3), last_cut(bench.now.unix));
    bench.others_agree = false;
    bench.tell(Input::Message {
        from: peer(9),
        is_direct: false,
        payload: GossipFrame::Summary(theirs).encode().into(),
    });
    assert!(bench.calls.is_empty(), "{:?}", bench.calls);
    assert_eq!(bench.session.counters().refused, 1);
}

#[test]
fn summaries_of_strangers_and_of_wrong_clocks_are_passed_over() {
    let (mut bench, _) = hearing(&[1], 3);
    bench.others_agree = false;
    let now = bench.now.unix;
    say(&mut bench, 9, summary_of(&[], now));
    let wrong = UnixMs(now.0 + EVENT_FUTURE_MS_MAX + 1);
    say(&mut bench, 1, summary_of(&[], wrong));
    bench.pass(1_000);
    let wrong = UnixMs(now.0 - EVENT_FUTURE_MS_MAX - 1);
    say(&mut bench, 1, summary_of(&[], wrong));
    assert!(bench.calls.is_empty());
    assert_eq!(bench.session.counters().refused, 2);
}

/// A neighbour in whose set something new is written every 20 s, which `tell` may bring to us in
/// other ways than by a run; returns what was seen, and how often we seemed deaf.
fn while_others_write(tell: impl Fn(&mut Bench, &VerifiedEvent)) -> (Vec<String>, u64) {
    let (ours, old) = hearing(&[0xff], 3);
    let mut pair = Pair::of(&old, &old);
    pair.ours = ours;
    pair.ours.others_agree = false;
    let mut seen = Vec::new();
    for n in 0..9 {
        // From the machine's clock as the bench turns it.
        let since_start = pair.ours.now.unix.0 - START.0;
        let news = Author::new(20 + n).post("news", since_start);
        let stored = news.clone().into_signed();
        pair.theirs.stored.insert(news.id(), stored);
        tell(&mut pair.ours, &news);
        seen.extend(pair.ours.pass(20_000));
        let cut = UnixMs(pair.ours.now.unix.0 - 10_000);
        let theirs = pair.theirs.set().summary(cut, UnixMs(0));
        seen.extend(say(&mut pair.ours, 0xff, theirs));
        seen.extend(pair.run());
    }
    assert_eq!(held(&pair.ours), held(&pair.theirs), "nothing is missing");
    (seen, pair.ours.session.counters().deaf)
}

#[test]
fn who_is_deaf_compares_sets_and_then_joins_anew() {
    // Only the summaries come through.
    let (seen, deaf) = while_others_write(|_, _| {});
    assert!(deaf >= 2, "{seen:?}");
    let rejoins = seen.iter().filter(|line| *line == "rejoin").count();
    assert_eq!(rejoins, 1, "not again and again: {seen:?}");

    // Who hears what is said is not deaf.
    let (_, deaf) = while_others_write(|bench, news| drop(bench.event(0xff, news)));
    assert_eq!(deaf, 0);
}

#[test]
fn summaries_alone_deafen_nobody() {
    // A neighbour whose set changes all the time, by its own account.
    let (mut bench, mut told) = hearing(&[0xff], 3);
    bench.others_agree = false;
    let mut seen = Vec::new();
    for n in 0..9 {
        told.extend(posts(20 + n, 1));
        let cut = UnixMs(bench.now.unix.0 - 10_000);
        seen.extend(say(&mut bench, 0xff, summary_of(&told, cut)));
        while !bench.calls.is_empty() {
            bench.answer(None);
        }
        seen.extend(bench.pass(20_000));
    }
    assert!(!seen.contains(&"rejoin".to_owned()), "{seen:?}");
    assert_eq!(bench.session.counters().deaf, 0);
}

#[test]
fn what_is_old_was_not_missed_just_now() {
    let all = posts(1, 40);
    let mut pair = Pair::of(&all[..10], &all);
    pair.ours.hears = true;
    pair.ours.now.unix.0 += 3_600_000;
    pair.ours.others_agree = true;
    pair.ours.tell(Input::NeighborUp(peer(0xff)));
    pair.ours.others_agree = false;
    pair.ours.pass(50_000);
    pair.ours.tell(Input::Lagged);
    pair.run();
    assert_eq!(pair.ours.stored.len(), 40);
    pair.ours.pass(35_000);
    assert_eq!(pair.ours.session.counters().deaf, 0);
}

#[test]
fn a_flood_of_summaries_costs_one_look_a_second() {
    let (mut bench, old) = hearing(&[1], 3);
    let before = bench.session.counters().dropped;
    for n in 0..100 {
        let cut = UnixMs(bench.now.unix.0 - 10_000);
        say(&mut bench, 1, summary_of(&old[..n % 3], cut));
    }
    assert_eq!(bench.session.counters().dropped - before, 99);
    bench.pass(1_000);
    let cut = UnixMs(bench.now.unix.0 - 10_000);
    say(&mut bench, 1, summary_of(&old, cut));
    assert_eq!(bench.session.counters().dropped - before, 99);
}

#[test]
fn others_are_looked_at_again_after_a_moment_alone() {
    let (mut bench, _) = hearing(&[1], 3);
    // Nobody is there when it is due, and somebody is before the next summary would have been.
    let due = bench.timers["Partner"].1;
    bench.pass(due - bench.now.mono_ms - 1);
    bench.tell(Input::NeighborDown(peer(1)));
    assert!(!bench.pass(2).contains(&"find a partner".to_owned()));
    bench.tell(Input::NeighborUp(peer(2)));
    let seen = bench.pass(2 * 72_000);
    assert!(seen.contains(&"find a partner".to_owned()), "{seen:?}");
}

#[test]
fn silence_of_members_is_deafness_and_that_of_stock_peers_is_not() {
    let (mut bench, _) = hearing(&[1], 3);
    let seen = bench.pass(300_000);
    assert!(seen.contains(&"rejoin".to_owned()), "{seen:?}");

    let (mut bench, _) = hearing(&[], 3);
    bench.others_agree = false;
    bench.tell(Input::NeighborUp(peer(1)));
    bench.answer(None);
    let mut seen = bench.pass(300_000);
    while !bench.calls.is_empty() {
        bench.answer(None);
    }
    seen.extend(bench.pass(300_000));
    assert!(
        !seen.contains(&"rejoin".to_owned()),
        "it never spoke: {seen:?}"
    );
}
