//! The policy under a virtual clock: what it does, in which order, and when.

mod company;

use std::collections::BTreeMap;

use kukuri_domain::{
    Now, PeerId, UnixMs,
    limits::DIALS_PER_MINUTE_MAX,
    peer::{ConnectionState, FoundBy, SourceKind},
};

use super::*;
use crate::ports::{Announced, Candidate, DialReport};

const LOCAL: PeerId = PeerId([0; 32]);

fn peer(n: u8) -> PeerId {
    PeerId([n; 32])
}

fn candidate(n: u8, is_member: bool) -> Candidate {
    Candidate {
        peer: peer(n),
        addresses: vec![],
        listed: vec![],
        minute: None,
        is_member,
    }
}

/// What a scripted source answers, and after how long.
#[derive(Clone)]
struct Script {
    after_ms: u64,
    candidates: Vec<Candidate>,
    outcome: Result<(), Failure>,
}

impl Script {
    fn finds(after_ms: u64, candidates: Vec<Candidate>) -> Self {
        Self {
            after_ms,
            candidates,
            outcome: Ok(()),
        }
    }

    fn fails(after_ms: u64, failure: Failure) -> Self {
        Self {
            after_ms,
            candidates: vec![],
            outcome: Err(failure),
        }
    }
}

/// Runs one policy against scripted sources and peers; time is a number.
struct World {
    discovery: Discovery,
    now_ms: u64,
    unix0: u64,
    timeout_ms: u64,
    scripts: BTreeMap<SourceKind, Script>,
    /// How long a dial takes and how it ends; a peer without an entry never answers.
    answers: BTreeMap<PeerId, (u64, Result<DialReport, String>)>,
    /// Peers that become neighbours when they are asked.
    joins: Vec<PeerId>,
    queue: Vec<(u64, u64, Input)>,
    timers: BTreeMap<Timer, u64>,
    next: u64,
    seen: Vec<(u64, Effect)>,
}

impl World {
    fn new(sources: &[SourceKind]) -> Self {
        let settings = Settings {
            sources: sources.iter().copied().collect(),
            ..Settings::default()
        };
        Self {
            timeout_ms: settings.timeout_ms,
            discovery: Discovery::new(LOCAL, settings, 7),
            now_ms: 0,
            unix0: 1_700_000_005_000,
            scripts: BTreeMap::new(),
            answers: BTreeMap::new(),
            joins: vec![],
            queue: vec![],
            timers: BTreeMap::new(),
            next: 0,
            seen: vec![],
        }
    }

    fn script(mut self, source: SourceKind, script: Script) -> Self {
        self.scripts.insert(source, script);
        self
    }

    fn member(mut self, n: u8) -> Self {
        self.answers
            .insert(peer(n), (20, Ok(DialReport::Asked { addresses: vec![] })));
        self.joins.push(peer(n));
        self
    }

    fn dead(mut self, n: u8) -> Self {
        self.answers
            .insert(peer(n), (300, Err("no route".to_owned())));
        self
    }

    fn now(&self) -> Now {
        Now {
            unix: UnixMs(self.unix0 + self.now_ms),
            mono_ms: self.now_ms,
        }
    }

    fn later(&mut self, after_ms: u64, input: Input) {
        self.queue.push((self.now_ms + after_ms, self.next, input));
        self.next += 1;
    }

    fn tell(&mut self, input: Input) {
        let now = self.now();
        for effect in self.discovery.handle(input, now) {
            self.carry_out(&effect);
            self.seen.push((self.now_ms, effect));
        }
    }

    fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::Search { source, timeout_ms } => {
                let hang = Script::fails(u64::MAX, Failure::TimedOut);
                let script = self.scripts.get(source).cloned().unwrap_or(hang);
                let source = *source;
                for candidate in script.candidates {
                    self.later(script.after_ms, Input::Found { source, candidate });
                }
                // The engine bounds every search that does not watch.
                match timeout_ms {
                    Some(limit) if script.after_ms > *limit => {
                        let outcome = Err(Failure::TimedOut);
                        self.later(*limit, Input::SearchEnded { source, outcome });
                    }
                    None if script.outcome.is_ok() => {}
                    _ if script.after_ms == u64::MAX => {}
                    _ => {
                        let outcome = script.outcome;
                        self.later(script.after_ms, Input::SearchEnded { source, outcome });
                    }
                }
            }
            Effect::Announce { minute, .. } => {
                let outcome = Ok(Announced::Published);
                self.later(
                    5,
                    Input::AnnounceEnded {
                        minute: *minute,
                        outcome,
                    },
                );
            }
            Effect::Dial { peer, .. } => {
                let peer = *peer;
                if let Some((after_ms, outcome)) = self.answers.get(&peer).cloned() {
                    let asked = matches!(outcome, Ok(DialReport::Asked { .. }));
                    self.later(after_ms, Input::DialEnded { peer, outcome });
                    if asked && self.joins.contains(&peer) {
                        self.later(
                            after_ms + 5,
                            Input::NeighborUp {
                                peer,
                                inbound: false,
                            },
                        );
                    }
                }
            }
            Effect::StartTimer { timer, after_ms } => {
                self.timers.insert(*timer, self.now_ms + after_ms);
            }
            Effect::Remember { .. } | Effect::Emit(_) => {}
        }
    }

    /// Lets time pass until `until_ms`.
    fn run_until(&mut self, until_ms: u64) {
        loop {
            let next_input = self.queue.iter().map(|(at, order, _)| (*at, *order)).min();
            let next_timer = self.timers.iter().map(|(timer, at)| (*at, *timer)).min();
            let input_first = match (next_input, next_timer) {
                (Some((a, _)), Some((b, _))) => a <= b,
                (input, _) => input.is_some(),
            };
            let at = if input_first {
                next_input.map(|(at, _)| at)
            } else {
                next_timer.map(|(at, _)| at)
            };
            let Some(at) = at.filter(|at| *at <= until_ms) else {
                break;
            };
            self.now_ms = at;
            if input_first {
                let order = next_input.expect("there is one").1;
                let index = self
                    .queue
                    .iter()
                    .position(|(_, o, _)| *o == order)
                    .expect("queued");
                let (_, _, input) = self.queue.remove(index);
                self.tell(input);
            } else {
                let (_, timer) = next_timer.expect("there is one");
                self.timers.remove(&timer);
                self.tell(Input::Timer(timer));
            }
        }
        self.now_ms = until_ms;
    }

    fn start(&mut self) {
        self.tell(Input::Start);
    }

    fn has_neighbours(&mut self, all: impl IntoIterator<Item = u8>) {
        for n in all {
            self.tell(Input::NeighborUp {
                peer: peer(n),
                inbound: true,
            });
        }
    }

    /// A look at the DHT finds a record of `n`, who is connected with our neighbour 1.
    fn reads_a_record_of(&mut self, n: u8) {
        let record = Candidate {
            listed: vec![peer(1)],
            ..candidate(n, true)
        };
        self.scripts.insert(Dht, Script::finds(1, vec![record]));
        self.tell(Input::Timer(Timer::Rendezvous));
        self.run_until(self.now_ms + 1_000);
    }

    fn dials_to(&self, n: u8) -> usize {
        let dials = self.dials();
        dials
            .iter()
            .filter(|(_, dialled)| *dialled == peer(n))
            .count()
    }

    fn times(&self, is_it: impl Fn(&Effect) -> bool) -> Vec<u64> {
        self.seen
            .iter()
            .filter(|(_, effect)| is_it(effect))
            .map(|(at, _)| *at)
            .collect()
    }

    fn searches(&self, kind: SourceKind) -> Vec<u64> {
        self.times(|e| matches!(e, Effect::Search { source, .. } if *source == kind))
    }

    fn dials(&self) -> Vec<(u64, PeerId)> {
        let dial = |(at, effect): &(u64, Effect)| match effect {
            Effect::Dial { peer, .. } => Some((*at, *peer)),
            _ => None,
        };
        self.seen.iter().filter_map(dial).collect()
    }

    fn announcements(&self) -> Vec<(u64, u64)> {
        let put = |(at, effect): &(u64, Effect)| match effect {
            Effect::Announce { minute, .. } => Some((*at, *minute)),
            _ => None,
        };
        self.seen.iter().filter_map(put).collect()
    }

    fn joined_by(&self) -> Option<(u64, FoundBy)> {
        self.discovery
            .neighbours()
            .values()
            .map(|n| (n.found_after_ms, n.found_by))
            .min_by_key(|n| n.0)
    }
}

use SourceKind::{Bootstrap, Dht, Known, Manual, Mdns};

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
