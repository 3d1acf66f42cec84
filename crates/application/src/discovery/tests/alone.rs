//! Who is alone, who comes and goes, and what of it is told.

use super::*;

#[test]
fn a_node_calls_itself_alone_only_after_a_while() {
    let mut world = World::new(&[Known, Dht])
        .script(Known, Script::finds(1, vec![]))
        .script(Dht, Script::finds(1, vec![]));
    world.start();
    world.run_until(1_999);
    assert_eq!(world.discovery.state(), ConnectionState::Discovering);
    world.run_until(2_000);
    assert_eq!(world.discovery.state(), ConnectionState::Alone);
}

#[test]
fn a_lonely_node_publishes_in_every_minute() {
    let mut world = World::new(&[Dht]).script(Dht, Script::finds(1, vec![]));
    world.start();
    let first = world.now().unix.minute();
    world.run_until(10 * 60_000);
    let minutes: Vec<u64> = world
        .announcements()
        .into_iter()
        .map(|(_, minute)| minute)
        .collect();
    assert_eq!(minutes, (first..=first + 10).collect::<Vec<_>>());
}

#[test]
fn two_that_start_together_look_again_soon() {
    let mut world = World::new(&[Dht]).script(Dht, Script::finds(1, vec![]));
    world.start();
    world.run_until(3_000);
    assert!(world.searches(Dht).len() >= 4, "{:?}", world.searches(Dht));
}

#[test]
fn being_connected_never_ends_discovery() {
    let mut world = World::new(&[Dht])
        .script(Dht, Script::finds(1, vec![candidate(1, true)]))
        .member(1);
    world.start();
    world.run_until(60 * 60_000);
    let ticks = world.searches(Dht);
    let pauses: Vec<u64> = ticks.windows(2).skip(1).map(|w| w[1] - w[0]).collect();
    assert!(
        pauses.iter().all(|p| (48_000..=72_000).contains(p)),
        "{pauses:?}"
    );
    assert!(ticks.len() >= 50);
    assert!(world.announcements().len() >= 50);
}

#[test]
fn a_node_whose_last_neighbour_leaves_looks_again_at_once() {
    let mut world = World::new(&[Known, Dht, Bootstrap])
        .script(Dht, Script::finds(1, vec![candidate(1, true)]))
        .script(Known, Script::finds(1, vec![]))
        .script(Bootstrap, Script::finds(1, vec![]))
        .member(1);
    world.start();
    world.run_until(10_000);
    world.joins.clear();
    world.tell(Input::NeighborDown(peer(1)));
    let (known, dht) = (world.searches(Known), world.searches(Dht));
    assert_eq!((known.last(), dht.last()), (Some(&10_000), Some(&10_000)));
    let left = world.times(|e| *e == Effect::Emit(TopicEvent::PeerLeft { peer: peer(1) }));
    assert_eq!(left, [10_000]);
    world.run_until(14_000);
    assert!(!world.searches(Bootstrap).is_empty());
}

#[test]
fn how_a_peer_was_found_is_told_truly() {
    let mut world = World::new(&[Dht]);
    world.start();
    world.tell(Input::NeighborUp {
        peer: peer(1),
        inbound: true,
    });
    world.tell(Input::NeighborUp {
        peer: peer(2),
        inbound: false,
    });
    let by = |n: u8| world.discovery.neighbours()[&peer(n)].found_by;
    assert_eq!((by(1), by(2)), (FoundBy::Inbound, FoundBy::Neighbour));
}

#[test]
fn the_network_that_comes_back_is_used_within_seconds() {
    let down = Failure::Unreachable("no route".to_owned());
    let mut world = World::new(&[Dht])
        .script(Dht, Script::fails(5, down))
        .member(1);
    world.start();
    world.run_until(20_000);
    world
        .scripts
        .insert(Dht, Script::finds(1, vec![candidate(1, true)]));
    world.run_until(23_000);
    assert!(
        world.joined_by().is_some(),
        "joined within 3 s without being told"
    );
}

#[test]
fn the_same_seed_gives_the_same_story() {
    let story = || {
        let mut world = World::new(&[Known, Dht, Bootstrap]).script(
            Dht,
            Script::finds(3, (1..9).map(|n| candidate(n, true)).collect()),
        );
        world.start();
        world.run_until(120_000);
        format!("{:?}", world.seen)
    };
    assert_eq!(story(), story());
}
