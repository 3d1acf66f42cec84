//! How the members of ONE topic are found, as a pure, synchronous policy.
//!
//! Owns: which source is asked when, whom to dial and how often, the rendezvous tick, the
//! detection of islands, and the record of every attempt (what `explain` shows). Must never do
//! I/O, read a clock, or draw from the system's randomness. Being connected never ends discovery:
//! the tick goes on for as long as the topic is joined.

mod attempts;
mod budget;
mod company;
mod explain;
mod io;
mod peers;
mod searches;
mod settings;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kukuri_domain::{
    Now, PeerId,
    limits::{DIALS_PER_MINUTE_MAX, RECORD_PEERS_MAX},
    peer::{ConnectionState, FoundBy, SourceKind},
};
use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IteratorRandom};

use crate::{
    ports::{Announced, Candidate, DialReport, PeerContact},
    views::{AttemptResult, TopicEvent},
};
use attempts::AttemptLog;
use budget::DialBudget;
use company::Looks;
use peers::{Company, Dial, PeerTable};
use searches::Searches;

pub use io::{Effect, Failure, Input, Timer};
pub use settings::Settings;
pub use sources::{ConfiguredPeersSource, KnownPeersSource};

/// Members of another island that are dialled in one tick.
const ISLAND_DIALS_PER_TICK: usize = 2;

/// Foreign records in this minute's slot at which our own is not needed.
const RECORDS_ENOUGH: usize = 3;

/// How long a member counts as live after it was last seen. Longer than the longest tick.
const LIVE_MS: u64 = 10 * 60_000;

/// Members that are remembered as live; beyond that the oldest are forgotten.
const LIVE_MAX: usize = 1_024;

/// Spread of the announcement after a minute's begin, so that lonely nodes do not all put at once.
const MINUTE_SPREAD_MS: u64 = 2_000;

/// How long the first look at the DHT may keep our own record waiting: nodes that keep the last
/// record of a slot would forget the others' for ours, before we have read them.
const FIRST_LOOK_MS: u64 = 500;

/// In the second half of a minute the next slot is filled too, so that a record is readable at
/// every moment until the next tick.
const HALF_MINUTE_MS: u64 = 30_000;

/// How long nobody must have been there before a topic calls itself alone: the first look may
/// have come a moment before the record of the others.
const ALONE_AFTER_MS: u64 = 2_000;

/// A connected peer, as discovery knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbour {
    /// How it was found.
    pub found_by: FoundBy,
    /// Milliseconds from joining the topic until it was a neighbour.
    pub found_after_ms: u64,
    /// Since when.
    pub since: Now,
}

/// The policy of one topic.
#[derive(Debug)]
pub struct Discovery {
    local: PeerId,
    settings: Settings,
    rng: SmallRng,
    started: Now,
    searches: Searches,
    peers: PeerTable,
    neighbours: BTreeMap<PeerId, Neighbour>,
    live: HashMap<PeerId, u64>,
    budget: DialBudget,
    foreign: BTreeMap<u64, BTreeSet<PeerId>>,
    announced: BTreeSet<u64>,
    announcing: BTreeSet<u64>,
    announce_failures: u32,
    own_record_read_after_ms: Option<u64>,
    published_after_ms: Option<u64>,
    /// The slots were not read yet, and our record waits for that.
    is_first_look: bool,
    in_tick: bool,
    island_dials_left: usize,
    alone_since_ms: u64,
    /// From when on few neighbours are too few.
    few_from_ms: u64,
    looks: Looks,
    log: AttemptLog,
    state: ConnectionState,
}

impl Discovery {
    /// A policy for one topic; `seed` makes its random choices reproducible.
    pub fn new(local: PeerId, settings: Settings, seed: u64) -> Self {
        Self {
            local,
            searches: Searches::new(&settings),
            settings,
            rng: SmallRng::seed_from_u64(seed),
            started: Now::default(),
            peers: PeerTable::default(),
            neighbours: BTreeMap::new(),
            live: HashMap::new(),
            budget: DialBudget::new(DIALS_PER_MINUTE_MAX),
            foreign: BTreeMap::new(),
            announced: BTreeSet::new(),
            announcing: BTreeSet::new(),
            announce_failures: 0,
            own_record_read_after_ms: None,
            published_after_ms: None,
            is_first_look: false,
            in_tick: false,
            island_dials_left: 0,
            alone_since_ms: 0,
            few_from_ms: 0,
            looks: Looks::default(),
            log: AttemptLog::default(),
            state: ConnectionState::Starting,
        }
    }

    /// Takes one input and returns what is to be done.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            Input::Start => self.start(now, &mut out),
            Input::Found { source, candidate } => self.on_found(source, candidate, now, &mut out),
            Input::SearchEnded { source, outcome } => {
                self.on_search_ended(source, outcome, now, &mut out);
            }
            Input::AnnounceEnded { minute, outcome } => {
                self.on_announce_ended(minute, outcome, now, &mut out);
            }
            Input::DialEnded { peer, outcome } => {
                self.on_dial_ended(peer, outcome, now, &mut out);
            }
            Input::NeighborUp { peer, inbound } => {
                self.on_neighbour_up(peer, inbound, now, &mut out);
            }
            Input::NeighborDown(peer) => self.on_neighbour_down(peer, now, &mut out),
            Input::Apart(peer) => self.on_apart(peer, now, &mut out),
            Input::Deaf => self.on_deaf(now),
            Input::NetworkChanged => self.on_network_changed(now, &mut out),
            Input::Timer(timer) => self.on_timer(timer, now, &mut out),
        }
        self.schedule_look(now, &mut out);
        self.update_state(now, &mut out);
        out
    }

    /// Who is connected.
    pub fn neighbours(&self) -> &BTreeMap<PeerId, Neighbour> {
        &self.neighbours
    }

    /// Where the topic stands.
    pub fn state(&self) -> ConnectionState {
        self.state
    }

    fn is_alone(&self) -> bool {
        self.neighbours.is_empty()
    }

    fn start(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.started = now;
        self.begin_alone(now, out);
        self.set_state(ConnectionState::Listening, out);
        for source in [
            SourceKind::Ticket,
            SourceKind::Known,
            SourceKind::Manual,
            SourceKind::Mdns,
        ] {
            self.search(source, now, out);
        }
        if self.settings.is_enabled(SourceKind::Dht) {
            self.is_first_look = true;
            self.search(SourceKind::Dht, now, out);
            out.push(Effect::StartTimer {
                timer: Timer::Announce,
                after_ms: FIRST_LOOK_MS,
            });
        }
        if self.settings.is_enabled(SourceKind::Bootstrap) {
            let after_ms = self.settings.bootstrap_after_ms;
            out.push(Effect::StartTimer {
                timer: Timer::Search(SourceKind::Bootstrap),
                after_ms,
            });
        }
    }

    fn on_timer(&mut self, timer: Timer, now: Now, out: &mut Vec<Effect>) {
        match timer {
            Timer::Search(source) => {
                let goes_on = source == SourceKind::Mdns || source == SourceKind::Manual;
                let pending_tick = source == SourceKind::Dht && self.in_tick;
                if self.is_alone() || goes_on || pending_tick {
                    self.search(source, now, out);
                }
            }
            Timer::Announce => self.on_announce_timer(now, out),
            Timer::Rendezvous => self.on_rendezvous(now, out),
            Timer::Dials | Timer::Company => self.dial_what_is_due(now, out),
            Timer::Missing => self.on_look_due(now, out),
            // Whatever happens, the state is looked at anew.
            Timer::Alone => {}
        }
    }

    /// The tick of a connected member: read the slots, then publish unless enough others did.
    fn on_rendezvous(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.forget_old(now);
        self.in_tick = true;
        self.island_dials_left = ISLAND_DIALS_PER_TICK;
        self.search(SourceKind::Dht, now, out);
        self.schedule_rendezvous(out);
    }

    fn schedule_rendezvous(&mut self, out: &mut Vec<Effect>) {
        if !self.settings.is_enabled(SourceKind::Dht) {
            return;
        }
        let members = self.live.len().max(self.neighbours.len()) + 1;
        let base = self.settings.tick_ms(members);
        let after_ms = self.spread(base, 0.2);
        out.push(Effect::StartTimer {
            timer: Timer::Rendezvous,
            after_ms,
        });
    }

    /// Plus or minus a share of `base`.
    fn spread(&mut self, base: u64, share: f64) -> u64 {
        let factor = self.rng.random_range(1.0 - share..=1.0 + share);
        (base as f64 * factor) as u64
    }

    fn on_network_changed(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.peers.forgive(now.mono_ms);
        self.searches.reset();
        for source in SourceKind::ALL {
            let wanted = match source {
                SourceKind::Bootstrap | SourceKind::Ticket | SourceKind::Known => self.is_alone(),
                SourceKind::Mdns => false,
                SourceKind::Dht | SourceKind::Manual => true,
            };
            if wanted {
                self.search(source, now, out);
            }
        }
        if self.settings.is_enabled(SourceKind::Dht) {
            self.in_tick = !self.is_alone();
            self.island_dials_left = ISLAND_DIALS_PER_TICK;
            if self.is_alone() {
                self.announce(now.unix.minute(), now, out);
            }
        }
        self.dial_what_is_due(now, out);
    }

    // --- searching -------------------------------------------------------------------------

    fn search(&mut self, source: SourceKind, now: Now, out: &mut Vec<Effect>) {
        if !self.settings.is_enabled(source) || !self.searches.begin(source) {
            return;
        }
        let watches = source == SourceKind::Mdns;
        let timeout_ms = (!watches).then_some(self.settings.timeout_ms);
        self.log.begin(source, None, self.started, now);
        out.push(Effect::Search { source, timeout_ms });
    }

    fn on_found(&mut self, source: SourceKind, found: Candidate, now: Now, out: &mut Vec<Effect>) {
        if found.peer == self.local {
            let after = now.mono_ms.saturating_sub(self.started.mono_ms);
            self.own_record_read_after_ms.get_or_insert(after);
            return;
        }
        self.searches.note_found(source);
        if let (SourceKind::Dht, Some(minute)) = (source, found.minute) {
            self.foreign.entry(minute).or_default().insert(found.peer);
        }
        let listed: Vec<PeerId> = found
            .listed
            .iter()
            .copied()
            .filter(|p| *p != self.local && *p != found.peer)
            .collect();
        if source == SourceKind::Dht && !self.is_alone() {
            self.consider_island(found, &listed, now, out);
            return;
        }
        self.peers.insert(source, &found, now.mono_ms);
        if source == SourceKind::Dht {
            // Join through several members, not all through the one that published.
            let others = listed
                .into_iter()
                .choose_multiple(&mut self.rng, ISLAND_DIALS_PER_TICK);
            for peer in others {
                self.peers.insert_listed(peer);
            }
        }
        self.dial_what_is_due(now, out);
    }

    /// While connected, a record whose signer and neighbours are all strangers tells of members
    /// that cannot hear us.
    fn consider_island(
        &mut self,
        found: Candidate,
        listed: &[PeerId],
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        let knows = |p: &PeerId| self.neighbours.contains_key(p) || self.live.contains_key(p);
        if knows(&found.peer) || listed.iter().any(knows) {
            self.note_live(found.peer, now);
            for peer in listed {
                self.note_live(*peer, now);
            }
            if self.company(now) == Company::Few && !self.neighbours.contains_key(&found.peer) {
                self.peers.publishes_still(&found, now.mono_ms);
                self.dial_what_is_due(now, out);
            }
            return;
        }
        if self.island_dials_left == 0 {
            return;
        }
        self.island_dials_left -= 1;
        self.peers.insert(SourceKind::Dht, &found, now.mono_ms);
        self.peers.want(found.peer);
        if self.island_dials_left > 0
            && let Some(second) = listed.iter().copied().choose(&mut self.rng)
        {
            self.island_dials_left -= 1;
            self.peers.insert_listed(second);
            self.peers.want(second);
        }
        self.dial_what_is_due(now, out);
    }

    /// A member whom a stream reaches and gossip does not is dialled although we are in company.
    fn on_apart(&mut self, peer: PeerId, now: Now, out: &mut Vec<Effect>) {
        if self.neighbours.contains_key(&peer) {
            return;
        }
        let member = Candidate {
            peer,
            addresses: Vec::new(),
            listed: Vec::new(),
            minute: None,
            is_member: true,
        };
        self.peers.insert(SourceKind::Known, &member, now.mono_ms);
        self.peers.want(peer);
        self.dial_what_is_due(now, out);
    }

    fn on_search_ended(
        &mut self,
        source: SourceKind,
        outcome: Result<(), Failure>,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        let found = self.searches.found(source);
        // Whoever waits for dead nodes until the time is over has still found what it found.
        let outcome = if found > 0 && outcome == Err(Failure::TimedOut) {
            Ok(())
        } else {
            outcome
        };
        self.searches.end(source, &outcome);
        let (result, detail) = match &outcome {
            Ok(()) if found > 0 => (AttemptResult::Found, format!("{found} found")),
            Ok(()) => (AttemptResult::Nothing, nothing_text(source).to_owned()),
            Err(Failure::TimedOut) => (AttemptResult::TimedOut, "no answer in time".to_owned()),
            Err(Failure::Unreachable(why) | Failure::Failed(why)) => {
                (AttemptResult::Failed, why.clone())
            }
        };
        self.log.end(source, None, now, result, detail);
        self.schedule_next_search(source, &outcome, out);
        if source == SourceKind::Dht && self.is_first_look {
            self.on_announce_timer(now, out);
        }
        if source == SourceKind::Dht && self.in_tick && outcome.is_ok() {
            self.in_tick = false;
            let minute = now.unix.minute();
            if self.foreign.get(&minute).map_or(0, BTreeSet::len) < RECORDS_ENOUGH {
                self.announce_until_next_tick(now, out);
            }
        }
        self.bring_bootstrap_forward(now, out);
    }

    fn schedule_next_search(
        &mut self,
        source: SourceKind,
        outcome: &Result<(), Failure>,
        out: &mut Vec<Effect>,
    ) {
        let jitter_ms = self.rng.random_range(0..=self.settings.jitter_ms);
        let next = self.searches.next_after_ms(source, outcome, &self.settings);
        let wanted = self.is_alone()
            || matches!(source, SourceKind::Mdns | SourceKind::Manual)
            || (source == SourceKind::Dht && self.in_tick);
        if let (true, Some(after_ms)) = (wanted, next) {
            let after_ms = after_ms + jitter_ms.min(after_ms);
            out.push(Effect::StartTimer {
                timer: Timer::Search(source),
                after_ms,
            });
        }
    }

    /// Bootstrap nodes need not wait their three seconds once everything else has failed.
    fn bring_bootstrap_forward(&mut self, now: Now, out: &mut Vec<Effect>) {
        let source = SourceKind::Bootstrap;
        let untried = self.settings.is_enabled(source) && !self.searches.was_tried(source);
        if self.is_alone() && untried && self.searches.others_failed() && !self.peers.is_dialling()
        {
            self.search(source, now, out);
        }
    }

    // --- announcing ------------------------------------------------------------------------

    fn announce(&mut self, minute: u64, now: Now, out: &mut Vec<Effect>) {
        if self.announced.contains(&minute) || !self.announcing.insert(minute) {
            return;
        }
        let neighbours = self
            .neighbours
            .keys()
            .copied()
            .choose_multiple(&mut self.rng, RECORD_PEERS_MAX);
        self.log.begin_announcement(minute, self.started, now);
        out.push(Effect::Announce {
            minute,
            neighbours,
            timeout_ms: self.settings.timeout_ms,
        });
    }

    /// Publishes for this minute, and for the next when this one is half over.
    fn announce_until_next_tick(&mut self, now: Now, out: &mut Vec<Effect>) {
        // The neighbours may have changed since the last record of this minute.
        self.announced.remove(&now.unix.minute());
        self.announce(now.unix.minute(), now, out);
        if now.unix.0 % 60_000 >= HALF_MINUTE_MS {
            self.announce(now.unix.minute() + 1, now, out);
        }
    }

    fn on_announce_timer(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.is_alone() || self.is_first_look {
            self.is_first_look = false;
            self.announce(now.unix.minute(), now, out);
            self.schedule_minute_announcement(now, out);
        }
    }

    fn schedule_minute_announcement(&mut self, now: Now, out: &mut Vec<Effect>) {
        let left_ms = 60_000 - now.unix.0 % 60_000;
        let after_ms = left_ms + self.rng.random_range(0..=MINUTE_SPREAD_MS);
        out.push(Effect::StartTimer {
            timer: Timer::Announce,
            after_ms,
        });
    }

    fn on_announce_ended(
        &mut self,
        minute: u64,
        outcome: Result<Announced, Failure>,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        self.announcing.remove(&minute);
        let (result, detail, retry_ms) = match outcome {
            Ok(Announced::Published) => {
                self.announced.insert(minute);
                self.announce_failures = 0;
                let after = now.mono_ms.saturating_sub(self.started.mono_ms);
                self.published_after_ms.get_or_insert(after);
                (
                    AttemptResult::Published,
                    "own record published".to_owned(),
                    None,
                )
            }
            Ok(Announced::NotNeeded) => (AttemptResult::Skipped, "not needed".to_owned(), None),
            Ok(Announced::RateLimited { retry_after_ms }) => (
                AttemptResult::Skipped,
                "rate limit reached".to_owned(),
                Some(retry_after_ms),
            ),
            Err(failure) => {
                self.announce_failures += 1;
                let retries_left = self.announce_failures <= self.settings.retries;
                let jitter_ms = self.rng.random_range(0..=self.settings.jitter_ms);
                let pause_ms = if retries_left {
                    jitter_ms
                } else {
                    2_000 + jitter_ms
                };
                let (result, text) = match failure {
                    Failure::TimedOut => (AttemptResult::TimedOut, "no answer in time".to_owned()),
                    Failure::Unreachable(why) | Failure::Failed(why) => {
                        (AttemptResult::Failed, why)
                    }
                };
                (result, format!("own record: {text}"), Some(pause_ms))
            }
        };
        self.log.end_announcement(minute, now, result, detail);
        if let (Some(after_ms), true) = (retry_ms, self.is_alone()) {
            out.push(Effect::StartTimer {
                timer: Timer::Announce,
                after_ms,
            });
        }
    }

    // --- dialling --------------------------------------------------------------------------

    fn dial_what_is_due(&mut self, now: Now, out: &mut Vec<Effect>) {
        let company = self.company(now);
        let overdue = self.peers.give_up_on_silent(now.mono_ms);
        for (peer, source) in overdue {
            self.log.end(
                source,
                Some(peer),
                now,
                AttemptResult::TimedOut,
                "answers, but did not join".to_owned(),
            );
        }
        while self.peers.room_after_ms(now.mono_ms) == Some(0) {
            let Some(peer) = self.peers.next_due(now.mono_ms, company) else {
                break;
            };
            let Dial {
                source, is_free, ..
            } = self.peers.dial_of(&peer);
            if !is_free && !self.budget.take(now.mono_ms) {
                break;
            }
            let dial = self.peers.begin(&peer, now.mono_ms);
            self.log.begin(source, Some(peer), self.started, now);
            out.push(Effect::Dial {
                peer,
                addresses: dial.addresses,
                is_member: dial.is_member,
            });
        }
        let budget_ms = self.budget.free_after_ms(now.mono_ms);
        if let Some(after_ms) = self
            .peers
            .next_change_after_ms(now.mono_ms, company, budget_ms)
        {
            out.push(Effect::StartTimer {
                timer: Timer::Dials,
                after_ms,
            });
        }
    }

    fn on_dial_ended(
        &mut self,
        peer: PeerId,
        outcome: Result<DialReport, String>,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        let Some(source) = self.peers.source_of(&peer) else {
            return;
        };
        match outcome {
            Ok(DialReport::Asked { addresses }) => {
                // It may have become a neighbour before the dial reported.
                if !self.neighbours.contains_key(&peer) {
                    self.peers.asked(&peer, addresses, now.mono_ms);
                } else {
                    self.peers.reached(&peer, addresses.clone());
                    if !addresses.is_empty() {
                        out.push(Effect::Remember {
                            peer,
                            contact: PeerContact::Reached(addresses),
                        });
                    }
                }
            }
            Ok(DialReport::NotAMember) => {
                self.peers.not_a_member(&peer, now.mono_ms);
                let detail = "is not in this topic".to_owned();
                self.log
                    .end(source, Some(peer), now, AttemptResult::Nothing, detail);
            }
            Err(why) => {
                self.peers.failed(&peer, now.mono_ms);
                self.log
                    .end(source, Some(peer), now, AttemptResult::Failed, why);
                out.push(Effect::Remember {
                    peer,
                    contact: PeerContact::Failed,
                });
            }
        }
        self.dial_what_is_due(now, out);
        self.bring_bootstrap_forward(now, out);
    }

    // --- neighbours ------------------------------------------------------------------------

    fn on_neighbour_up(&mut self, peer: PeerId, inbound: bool, now: Now, out: &mut Vec<Effect>) {
        let was_alone = self.is_alone();
        let after_ms = now.mono_ms.saturating_sub(self.started.mono_ms);
        let found_by = match self.peers.dialled_source(&peer) {
            Some(source) => source.into(),
            None if inbound => FoundBy::Inbound,
            None => FoundBy::Neighbour,
        };
        let neighbour = Neighbour {
            found_by,
            found_after_ms: after_ms,
            since: now,
        };
        let before = self.neighbours.len();
        if self.neighbours.insert(peer, neighbour).is_some() {
            return;
        }
        self.note_company(before, now, out);
        self.note_live(peer, now);
        if let Some(source) = self.peers.source_of(&peer) {
            let detail = format!("neighbour after {:.1} s", after_ms as f64 / 1_000.0);
            self.log
                .end(source, Some(peer), now, AttemptResult::Found, detail);
        }
        let addresses = self.peers.became_neighbour(&peer, now.mono_ms);
        out.push(Effect::Remember {
            peer,
            contact: PeerContact::Reached(addresses),
        });
        out.push(Effect::Emit(TopicEvent::PeerJoined {
            peer,
            found_by,
            after_ms,
        }));
        if was_alone {
            self.searches.reset();
            self.schedule_rendezvous(out);
            // The record in this minute's slot lists no neighbours yet: the next tick mends it,
            // and this keeps the slots filled until then.
            self.in_tick = false;
            if self.settings.is_enabled(SourceKind::Dht) && now.unix.0 % 60_000 >= HALF_MINUTE_MS {
                self.announce(now.unix.minute() + 1, now, out);
            }
        }
        self.dial_what_is_due(now, out);
    }

    fn on_neighbour_down(&mut self, peer: PeerId, now: Now, out: &mut Vec<Effect>) {
        let before = self.neighbours.len();
        if self.neighbours.remove(&peer).is_none() {
            return;
        }
        self.note_company(before, now, out);
        self.peers.lost(&peer, now.mono_ms);
        out.push(Effect::Emit(TopicEvent::PeerLeft { peer }));
        if self.is_alone() {
            self.begin_alone(now, out);
            self.searches.reset();
            for source in [SourceKind::Known, SourceKind::Manual, SourceKind::Dht] {
                self.search(source, now, out);
            }
            if self.settings.is_enabled(SourceKind::Dht) {
                self.announce(now.unix.minute(), now, out);
                self.schedule_minute_announcement(now, out);
            }
            if self.settings.is_enabled(SourceKind::Bootstrap) {
                let timer = Timer::Search(SourceKind::Bootstrap);
                out.push(Effect::StartTimer {
                    timer,
                    after_ms: self.settings.bootstrap_after_ms,
                });
            }
        }
        self.dial_what_is_due(now, out);
    }

    fn note_live(&mut self, peer: PeerId, now: Now) {
        if self.live.len() < LIVE_MAX || self.live.contains_key(&peer) {
            self.live.insert(peer, now.mono_ms);
        }
    }

    fn forget_old(&mut self, now: Now) {
        let neighbours = &self.neighbours;
        self.live.retain(|peer, seen| {
            neighbours.contains_key(peer) || now.mono_ms.saturating_sub(*seen) < LIVE_MS
        });
        let oldest = now.unix.minute().saturating_sub(2);
        self.foreign.retain(|minute, _| *minute >= oldest);
        self.announced.retain(|minute| *minute >= oldest);
        self.peers.forget_old(now.mono_ms);
    }

    // --- state -----------------------------------------------------------------------------

    fn begin_alone(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.alone_since_ms = now.mono_ms;
        out.push(Effect::StartTimer {
            timer: Timer::Alone,
            after_ms: ALONE_AFTER_MS,
        });
    }

    fn update_state(&mut self, now: Now, out: &mut Vec<Effect>) {
        let alone_ms = now.mono_ms.saturating_sub(self.alone_since_ms);
        if self.state == ConnectionState::Starting {
            return;
        }
        let state = if !self.is_alone() {
            ConnectionState::Joined
        } else if self.peers.is_dialling() {
            ConnectionState::Connecting
        } else if self.searches.all_tried() && alone_ms >= ALONE_AFTER_MS {
            ConnectionState::Alone
        } else {
            ConnectionState::Discovering
        };
        self.set_state(state, out);
    }

    fn set_state(&mut self, state: ConnectionState, out: &mut Vec<Effect>) {
        if self.state != state {
            self.state = state;
            out.push(Effect::Emit(TopicEvent::State { state }));
        }
    }
}

fn nothing_text(source: SourceKind) -> &'static str {
    match source {
        SourceKind::Ticket => "the ticket names nobody",
        SourceKind::Known => "none remembered",
        SourceKind::Mdns => "no one on this network",
        SourceKind::Dht => "nobody has published a record",
        SourceKind::Manual | SourceKind::Bootstrap => "none configured",
    }
}
