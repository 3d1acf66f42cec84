//! Comparing sets, fetching what is lacking, and members that lie.

use kukuri_application::{
    ports::{SyncAnswer, SyncRequest},
    session::{Effect, Input},
};
use kukuri_domain::{
    EventId, PeerId, UnixMs, VerifiedEvent,
    limits::EVENT_FUTURE_MS_MAX,
    wire::{GossipFrame, SetSummary, last_cut},
};

use crate::bench::{Author, Bench, START, ids, of_set, peer, posts, signed};

/// Two members, of whom the first asks the second.
struct Pair {
    ours: Bench,
    theirs: Bench,
}

impl Pair {
    fn of(ours: &[VerifiedEvent], theirs: &[VerifiedEvent]) -> Self {
        let holding = |events: &[VerifiedEvent]| {
            let mut bench = Bench::new();
            bench.others_agree = false;
            let stored = events.iter().map(|e| (e.id(), e.clone().into_signed()));
            bench.stored.extend(stored);
            bench
        };
        Self {
            ours: holding(ours),
            theirs: holding(theirs),
        }
    }

    fn serve(&mut self, request: &SyncRequest) -> SyncAnswer {
        let stored = &self.theirs.stored;
        match request {
            SyncRequest::Get(ids) => SyncAnswer::all(
                ids.iter()
                    .filter_map(|id| stored.get(id))
                    .cloned()
                    .collect(),
            ),
            SyncRequest::Summary(ours) => {
                let theirs = self.theirs.set().summary(ours.cut, ours.since);
                self.theirs.tell(Input::Compared {
                    peer: peer(2),
                    ours: theirs,
                    theirs: *ours,
                });
                SyncAnswer::Summary(theirs)
            }
            SyncRequest::Reconcile { since, message } => {
                let answer = self.theirs.set().respond(*since, message);
                SyncAnswer::Reconciled(answer.expect("sessions send sense"))
            }
            SyncRequest::Offer { ids, more } => {
                self.theirs.tell(Input::Offered {
                    peer: peer(2),
                    ids: ids.clone(),
                    more: *more,
                });
                SyncAnswer::nothing()
            }
            SyncRequest::Newest { .. } | SyncRequest::Receipt(_) | SyncRequest::Author => {
                SyncAnswer::nothing()
            }
        }
    }

    /// Answers what is asked until nothing is asked any more; returns what was seen.
    fn run(&mut self) -> Vec<String> {
        let mut seen = Vec::new();
        while let Some((_, request)) = self.ours.calls.front().cloned() {
            let answer = self.serve(&request);
            seen.extend(self.ours.answer(Some(answer)));
        }
        seen
    }
}

fn held(bench: &Bench) -> Vec<EventId> {
    bench.stored.keys().copied().collect()
}

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
        // What was offered is fetched by the other side.
        while let Some((_, request)) = pair.theirs.calls.front().cloned() {
            std::mem::swap(&mut pair.ours, &mut pair.theirs);
            let answer = pair.serve(&request);
            pair.ours.answer(Some(answer));
            std::mem::swap(&mut pair.ours, &mut pair.theirs);
        }
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
        // What was offered is fetched by the other side.
        while let Some((_, request)) = pair.theirs.calls.front().cloned() {
            std::mem::swap(&mut pair.ours, &mut pair.theirs);
            let answer = pair.serve(&request);
            pair.ours.answer(Some(answer));
            std::mem::swap(&mut pair.ours, &mut pair.theirs);
        }
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

// --- summaries -----------------------------------------------------------------------------------

fn summary_of(events: &[VerifiedEvent], cut: UnixMs) -> SetSummary {
    Pair::of(events, &[]).ours.set().summary(cut, UnixMs(0))
}

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
    for n in 0..12 {
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
    for n in 0..12 {
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
