//! What is done where few are there and the others are gone.

use super::*;

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
