//! Whom a member in company dials: islands, the lost, and those gossip does not lead to.

use super::*;

/// A record must be readable (in this, the last or the next minute's slot) at every moment.
#[test]
fn a_pair_of_members_is_always_to_be_found() {
    let mut world = World::new(&[Dht])
        .script(Dht, Script::finds(1, vec![candidate(1, true)]))
        .member(1);
    world.start();
    world.run_until(60 * 60_000);
    let puts = world.announcements();
    for at in (FIRST_LOOK_MS..59 * 60_000).step_by(500) {
        let minute = (world.unix0 + at) / 60_000;
        let readable = puts
            .iter()
            .any(|(t, m)| *t <= at && m.abs_diff(minute) <= 1);
        assert!(readable, "no record to be read {at} ms after the start");
    }
}

#[test]
fn three_foreign_records_are_enough() {
    let mut world = World::new(&[Dht]).member(1);
    world.start();
    world.tell(Input::NeighborUp {
        peer: peer(1),
        inbound: true,
    });
    let minute = world.now().unix.minute() + 1;
    world.now_ms = 58_000;
    let records = (1..=3).map(|n| Candidate {
        minute: Some(minute),
        listed: vec![peer(1)],
        ..candidate(n, true)
    });
    world
        .scripts
        .insert(Dht, Script::finds(1, records.collect()));
    world.queue.clear();
    world.timers.clear();
    world.tell(Input::SearchEnded {
        source: Dht,
        outcome: Ok(()),
    });
    let before = world.announcements().len();
    world.tell(Input::Timer(Timer::Rendezvous));
    world.run_until(58_500);
    assert_eq!(world.announcements().len(), before);
}

#[test]
fn strangers_in_a_record_are_another_island_and_two_are_dialled() {
    let mut world = World::new(&[Dht]).member(1);
    world.start();
    world.has_neighbours([1, 4, 5]);
    world.tell(Input::SearchEnded {
        source: Dht,
        outcome: Ok(()),
    });
    let ours = Candidate {
        listed: vec![peer(1)],
        ..candidate(2, true)
    };
    let theirs = Candidate {
        listed: vec![peer(22), peer(23)],
        ..candidate(21, true)
    };
    let third = Candidate {
        listed: vec![peer(32)],
        ..candidate(31, true)
    };
    world
        .scripts
        .insert(Dht, Script::finds(1, vec![ours, theirs, third]));
    world.tell(Input::Timer(Timer::Rendezvous));
    world.run_until(1_000);
    let dialled: Vec<PeerId> = world.dials().into_iter().map(|(_, peer)| peer).collect();
    assert_eq!(dialled.len(), 2, "{dialled:?}");
    assert!(
        dialled.contains(&peer(21)) && !dialled.contains(&peer(2)),
        "{dialled:?}"
    );
}

#[test]
fn with_few_neighbours_a_member_of_the_same_island_is_dialled_too() {
    for (neighbours, dials) in [(vec![1], 1), (vec![1, 4], 1), (vec![1, 4, 5], 0)] {
        let mut world = World::new(&[Dht])
            .script(Dht, Script::finds(1, vec![]))
            .member(2);
        world.start();
        world.has_neighbours(neighbours.clone());
        world.run_until(10_000);
        world.reads_a_record_of(2);
        assert_eq!(world.dials_to(2), dials, "{neighbours:?}");
    }
}

#[test]
fn in_company_configured_peers_are_visited_one_by_one_and_once() {
    let all = || (7..=9).map(|n| candidate(n, true)).collect();
    let mut world = World::new(&[Manual])
        .script(Manual, Script::finds(30_000, all()))
        .member(7)
        .member(8)
        .member(9);
    world.start();
    world.has_neighbours([1, 2, 3]);
    world.run_until(31_000);
    assert_eq!(
        world.dials().len(),
        1,
        "each drops somebody from a full view"
    );
    world.run_until(75_000);
    assert_eq!(world.dials().len(), 3);
    // A full view let go of one of them.
    world.tell(Input::NeighborDown(peer(8)));
    world.run_until(10 * 60_000);
    assert_eq!(world.dials().len(), 3, "gossip leads to it all the same");
    world.run_until(12 * 60_000);
    assert_eq!(world.dials_to(8), 2, "nobody knows whether it still does");
}

#[test]
fn few_neighbours_are_given_a_moment_before_others_are_dialled() {
    let mut world = World::new(&[Known, Dht])
        .script(Known, Script::finds(1, vec![candidate(7, true)]))
        .script(Dht, Script::finds(1, vec![]))
        .dead(7);
    world.start();
    world.run_until(5_000);
    let tried = world.dials_to(7);
    world.has_neighbours([1, 2, 3]);
    world.run_until(70_000);
    assert_eq!(world.dials_to(7), tried, "enough are there");
    world.tell(Input::NeighborDown(peer(3)));
    world.run_until(70_900);
    assert_eq!(
        world.dials_to(7),
        tried,
        "gossip may find another by itself"
    );
    world.run_until(73_100);
    assert_eq!(world.dials_to(7), tried + 1);
}

#[test]
fn a_member_that_gossip_does_not_lead_to_is_dialled_in_any_company() {
    let mut world = World::new(&[Dht])
        .script(Dht, Script::finds(1, vec![]))
        .member(9);
    world.start();
    world.has_neighbours([1, 2, 3, 4, 5]);
    world.tell(Input::Apart(peer(5)));
    assert_eq!(world.dials(), [], "it is a neighbour");
    world.tell(Input::Apart(peer(9)));
    assert_eq!(world.dials_to(9), 1);
    world.run_until(5_000);
    assert!(world.discovery.neighbours().contains_key(&peer(9)));
}

#[test]
fn a_lost_neighbour_is_dialled_for_a_while_although_there_is_another() {
    let mut world = World::new(&[Dht])
        .script(Dht, Script::finds(1, vec![]))
        .dead(2);
    world.start();
    world.has_neighbours([1, 2]);
    world.tell(Input::NeighborDown(peer(2)));
    assert_eq!(world.dials_to(2), 0, "it may be closing still");
    world.run_until(60_000);
    assert_eq!(world.dials_to(2), 6);
    world.run_until(10 * 60_000);
    assert_eq!(world.dials_to(2), 6, "then it is left in peace");
    // Until it shows that it is there.
    world.reads_a_record_of(2);
    assert_eq!(world.dials_to(2), 7);
}

#[test]
fn a_lost_neighbour_is_not_missed_among_many() {
    let mut world = World::new(&[Dht])
        .script(Dht, Script::finds(1, vec![]))
        .dead(2);
    world.start();
    world.has_neighbours([1, 2, 4, 5]);
    world.tell(Input::NeighborDown(peer(2)));
    world.run_until(60_000);
    assert_eq!(world.dials_to(2), 0);
}

#[test]
fn who_answers_but_does_not_join_is_asked_again() {
    let mut world = World::new(&[Dht]).script(Dht, Script::finds(1, vec![candidate(1, true)]));
    world
        .answers
        .insert(peer(1), (10, Ok(DialReport::Asked { addresses: vec![] })));
    world.start();
    world.run_until(20_000);
    let dials = world.dials();
    assert!((4..=8).contains(&dials.len()), "{dials:?}");
    assert!(dials[1].0 - dials[0].0 < 1_000);
}

#[test]
fn who_is_not_in_the_topic_is_left_in_peace_for_a_while() {
    let mut world =
        World::new(&[Manual]).script(Manual, Script::finds(1, vec![candidate(1, false)]));
    world
        .answers
        .insert(peer(1), (10, Ok(DialReport::NotAMember)));
    world.start();
    world.run_until(30_000);
    assert_eq!(world.dials().len(), 2);
}

/// The tick of a topic with many members comes after minutes.
#[test]
fn when_all_others_are_gone_the_dht_is_looked_at_before_the_tick() {
    for answers in [true, false] {
        let mut world = World::new(&[Dht])
            .script(Dht, Script::finds(1, vec![]))
            .member(9);
        world.start();
        world.has_neighbours(1..=5);
        world.run_until(10_000);
        if answers {
            world = world.dead(3).dead(4).dead(5);
        }
        let before = world.searches(Dht).len();
        for n in 3..=5 {
            world.tell(Input::NeighborDown(peer(n)));
        }
        world.run_until(70_000);
        let looks = world.searches(Dht).split_off(before);
        assert!(looks[0] <= 10_000 + 8_000, "{answers}: {looks:?}");
        assert!((4..=6).contains(&looks.len()), "{answers}: {looks:?}");
        let pauses: Vec<u64> = looks.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(pauses[..3].is_sorted(), "ever less often: {looks:?}");
        // What it is for: somebody who has published meanwhile, and is no island.
        let record = Candidate {
            listed: vec![peer(1)],
            ..candidate(9, true)
        };
        world.scripts.insert(Dht, Script::finds(1, vec![record]));
        world.run_until(140_000);
        assert!(world.discovery.neighbours().contains_key(&peer(9)));
        let looks = world.searches(Dht).len();
        world.run_until(160_000);
        assert_eq!(world.searches(Dht).len(), looks, "three are enough");
    }
}

#[test]
fn where_nobody_is_missed_only_the_tick_looks() {
    let mut world = World::new(&[Dht]).script(Dht, Script::finds(1, vec![]));
    world.start();
    world.has_neighbours([1, 2]);
    world.run_until(45_000);
    let looks = world.searches(Dht);
    assert!(looks.iter().all(|at| *at < 1_000), "{looks:?}");

    // Nor is anybody who is still hoped for.
    let mut world = World::new(&[Known, Dht])
        .script(Dht, Script::finds(1, vec![]))
        .script(Known, Script::finds(1, vec![candidate(1, true)]))
        .member(1);
    world.start();
    world.run_until(45_000);
    let looks = world.searches(Dht);
    assert!(looks.iter().all(|at| *at < 1_000), "{looks:?}");
}

#[test]
fn who_is_alone_with_the_dead_looks_every_few_seconds() {
    let mut world = World::new(&[Known, Dht])
        .script(Dht, Script::finds(1, vec![]))
        .script(Known, Script::finds(1, vec![candidate(1, true)]))
        .dead(1);
    world.start();
    world.run_until(120_000);
    let looks = world.searches(Dht);
    let longest = looks.windows(2).map(|two| two[1] - two[0]).max();
    assert!(longest <= Some(8_501), "{looks:?}");
}

#[test]
fn who_was_deaf_joins_through_others_and_without_any_through_the_same() {
    for is_there in [true, false] {
        let all = [1, 2, 3, 9].map(|n| candidate(n, true)).to_vec();
        let mut world = World::new(&[Known])
            .script(Known, Script::finds(1, all))
            .dead(9);
        if is_there {
            world = world.member(9);
        }
        world.start();
        world.has_neighbours([1, 2, 3]);
        world.run_until(60_000);
        for n in 1..=3 {
            world = world.member(n);
        }
        let before = world.dials().len();
        world.tell(Input::Deaf);
        for n in 1..=3 {
            world.tell(Input::NeighborDown(peer(n)));
        }
        world.run_until(60_100);
        world.tell(Input::NetworkChanged);
        // Those of before come by themselves.
        if is_there {
            world.has_neighbours([1, 2, 3]);
        }
        world.run_until(69_000);
        let dials = world.dials().split_off(before);
        assert!(dials.iter().all(|(_, to)| *to == peer(9)), "{dials:?}");
        let neighbours = |world: &World| world.discovery.neighbours().len();
        assert_eq!(neighbours(&world), 4 * usize::from(is_there));
        world.run_until(75_000);
        assert_eq!(neighbours(&world), if is_there { 4 } else { 3 });
    }
}
