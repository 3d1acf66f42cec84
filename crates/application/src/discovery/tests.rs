//! The policy under a virtual clock: what it does, in which order, and when.

mod alone;
mod company;
mod sources;

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
