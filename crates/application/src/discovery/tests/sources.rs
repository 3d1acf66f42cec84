//! Which sources are asked when, and how many of those they name are dialled.

use super::*;

#[test]
fn every_source_but_bootstrap_is_asked_at_once() {
    let mut world = World::new(&[Known, Mdns, Dht, Manual, Bootstrap]);
    world.start();
    for source in [Known, Mdns, Dht, Manual] {
        assert_eq!(world.searches(source), [0], "{source:?}");
    }
    assert!(world.searches(Bootstrap).is_empty());
    // The DHT hangs; our record does not wait for it any longer.
    world.run_until(FIRST_LOOK_MS);
    let minute = world.now().unix.minute();
    assert_eq!(world.announcements(), [(FIRST_LOOK_MS, minute)]);
}

/// DHT nodes that keep the last record of a slot would forget a lonely member's for ours.
#[test]
fn the_slots_are_read_before_our_record_is_put() {
    let mut world = World::new(&[Dht])
        .script(Dht, Script::finds(20, vec![candidate(1, true)]))
        .member(1);
    world.start();
    world.run_until(1_000);
    assert_eq!(world.searches(Dht), [0]);
    let puts: Vec<u64> = world
        .announcements()
        .into_iter()
        .map(|(at, _)| at)
        .collect();
    assert_eq!(
        puts,
        [20],
        "as soon as they are read, and although a member was found"
    );
}

/// R4: retried DHT, known peers, bootstrap nodes, with every step visible.
#[test]
fn the_fallback_chain_goes_its_way_when_the_dht_hangs() {
    let mut world = World::new(&[Known, Dht, Bootstrap])
        .script(Known, Script::finds(1, vec![candidate(1, false)]))
        .script(Bootstrap, Script::finds(1, vec![candidate(9, false)]))
        .dead(1)
        .member(9);
    world.start();
    world.run_until(10_000);
    // The remembered peer was tried first and failed; the DHT hangs, so bootstrap waits 3 s.
    assert_eq!(world.dials()[0], (1, peer(1)));
    assert_eq!(world.searches(Bootstrap), [3_000]);
    assert_eq!(world.joined_by().map(|j| j.1), Some(FoundBy::Bootstrap));
    assert!(world.joined_by().is_some_and(|j| j.0 < 3_100));
    let attempts = world.discovery.attempts();
    let failed = attempts
        .iter()
        .find(|a| a.peer == Some(peer(1)))
        .expect("an attempt is kept");
    assert_eq!(
        (failed.result, failed.detail.as_str()),
        (AttemptResult::Failed, "no route")
    );
}

#[test]
fn a_failing_dht_is_retried_three_times_with_jitter_and_then_polled() {
    let mut world = World::new(&[Dht]);
    world.start();
    world.run_until(60_000);
    let at = world.searches(Dht);
    for pair in at.windows(2).take(3) {
        let pause = pair[1] - pair[0] - world.timeout_ms;
        assert!((500..=1_000).contains(&pause), "retry after {pause} ms");
    }
    assert!(at.len() >= 9, "it goes on being asked: {at:?}");
}

#[test]
fn bootstrap_does_not_wait_when_everything_else_failed() {
    let mut world = World::new(&[Known, Bootstrap])
        .script(Known, Script::finds(1, vec![]))
        .script(Bootstrap, Script::finds(1, vec![candidate(9, false)]))
        .member(9);
    world.start();
    world.run_until(1_000);
    assert_eq!(world.searches(Bootstrap), [1]);
    assert_eq!(world.joined_by().map(|j| j.1), Some(FoundBy::Bootstrap));
}

#[test]
fn whoever_is_found_first_is_dialled_while_others_hang() {
    for source in [Known, Mdns, Dht, Manual] {
        let mut world = World::new(&[Known, Mdns, Dht, Manual, Bootstrap])
            .script(source, Script::finds(40, vec![candidate(3, true)]))
            .member(3);
        world.start();
        world.run_until(1_000);
        assert_eq!(world.joined_by(), Some((65, source.into())), "{source:?}");
        assert_eq!(world.discovery.state(), ConnectionState::Joined);
        world.run_until(20_000);
        assert!(
            world.searches(Bootstrap).is_empty(),
            "bootstrap is not needed"
        );
    }
}

#[test]
fn the_dead_do_not_hold_up_the_living() {
    let remembered: Vec<Candidate> = (1..=20).map(|n| candidate(n, true)).collect();
    let mut world = World::new(&[SourceKind::Known])
        .script(SourceKind::Known, Script::finds(1, remembered))
        .member(9);
    world.start();
    world.run_until(9_000);
    let (at, by) = world.joined_by().expect("one of them lives");
    assert_eq!(by, FoundBy::Known);
    assert!(at < 700, "joined after {at} ms");
    let mut unanswered = world.dials();
    unanswered.retain(|(_, who)| *who != peer(9));
    for (first, _) in &unanswered {
        let within = |(at, _): &&(u64, PeerId)| (*first..first + 250).contains(at);
        assert!(
            unanswered.iter().filter(within).count() <= 4,
            "{unanswered:?}"
        );
    }
}

#[test]
fn silent_dials_are_limited_and_waiting_for_them_costs_nothing() {
    let remembered: Vec<Candidate> = (1..=40).map(|n| candidate(n, true)).collect();
    let mut world =
        World::new(&[SourceKind::Known]).script(SourceKind::Known, Script::finds(1, remembered));
    world.start();
    world.run_until(9_000);
    assert_eq!(world.dials().len(), 16, "none of them has ended");
    let is_dial_timer = |effect: &Effect| {
        matches!(
            effect,
            Effect::StartTimer {
                timer: Timer::Dials,
                ..
            }
        )
    };
    let timers = world.times(is_dial_timer).len();
    assert!(timers < 100, "the timer was started {timers} times");
}

#[test]
fn sources_that_lie_cost_no_more_than_the_dial_budget() {
    let liars = (1..=50).map(|n| candidate(n, true)).collect();
    let mut world = World::new(&[Dht]).script(Dht, Script::finds(1, liars));
    for n in 1..=50 {
        world = world.dead(n);
    }
    world.start();
    world.run_until(180_000);
    let dials = world.dials();
    assert!(
        dials.len() > 2 * DIALS_PER_MINUTE_MAX,
        "it goes on trying: {}",
        dials.len()
    );
    for (at, _) in &dials {
        let in_minute = dials
            .iter()
            .filter(|(t, _)| (*at..at + 60_000).contains(t))
            .count();
        assert!(
            in_minute <= DIALS_PER_MINUTE_MAX,
            "{in_minute} dials in the minute from {at}"
        );
    }
}

#[test]
fn the_own_record_is_not_dialled() {
    let own = Candidate {
        peer: LOCAL,
        ..candidate(0, true)
    };
    let mut world = World::new(&[Dht]).script(Dht, Script::finds(1, vec![own]));
    world.start();
    world.run_until(5_000);
    assert!(world.dials().is_empty());
    assert_eq!(world.discovery.state(), ConnectionState::Alone);
    let dht = world
        .discovery
        .sources()
        .into_iter()
        .find(|s| s.source == Dht)
        .expect("listed");
    assert!(dht.result.contains("read back at 0.0 s"), "{}", dht.result);
}
