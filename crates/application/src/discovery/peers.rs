//! The candidates of one topic: who may be dialled, who is being dialled, who failed.

use std::collections::{BTreeMap, BTreeSet};

use kukuri_domain::{PeerAddress, PeerId, limits::PEER_ADDRESSES_MAX, peer::SourceKind};

use crate::ports::Candidate;

/// How long a peer that was asked may take to become a neighbour before it is asked again: a
/// request that reaches it before it has joined the topic is lost without a reply.
const ASKED_MS: [u64; 4] = [600, 1_200, 2_400, 4_800];

/// Pause after a failed dial, doubled each time up to the greatest. The first is short: who does
/// not answer has often only just started, or lost a packet.
const FAILED_MS: u64 = 500;
const FAILED_MS_MAX: u64 = 60_000;

/// Pause after a neighbour was lost: who leaves is not asked again while it is closing.
const LOST_MS: u64 = 250;

/// After so many failed dials in a row, half a minute of trying and the time that the dials took,
/// a candidate is left in peace as long as there is anybody else.
const FAILURES_IN_COMPANY_MAX: u32 = 6;

/// Pause after a peer said that it is not in the topic.
const NOT_A_MEMBER_MS: u64 = 20_000;

/// How long a member that was a neighbour counts as one that gossip leads to: configured peers and
/// those on the LAN are not dialled for their own sake before that.
const MET_MS: u64 = 10 * 60_000;

/// Least time between two dials to such peers while there is enough company. A full view drops
/// somebody for each who joins; if all of a room insisted on each other, none would have peace.
const VISIT_EVERY_MS: u64 = 20_000;

/// Dials that began within the head start and have not ended.
const FRESH_DIALS_MAX: usize = 4;

/// How long a dial holds its place among the fresh ones. Who answers at all mostly does so within
/// it; whoever is gone answers nothing for ten seconds, and must not hold up the living.
const HEAD_START_MS: u64 = 250;

/// After so long a dial that has not ended is not counted on any more, although it may take ten
/// seconds.
const UNANSWERED_MS: u64 = 2_000;

/// How long others come first after nobody let a message through: as long as a dial may take.
const OTHERS_FIRST_MS: u64 = 10_000;

/// Dials under way altogether.
const DIALS_MAX: usize = 16;

/// Candidates that are kept; beyond that nobody new is taken until old ones are forgotten.
const CANDIDATES_MAX: usize = 512;

/// How long a candidate is kept after it was last of interest.
const CANDIDATE_MS: u64 = 30 * 60_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// May be dialled from this time on.
    Ready { from_ms: u64 },
    /// A dial is under way.
    Dialling { since_ms: u64 },
    /// It answered and was asked to become a neighbour.
    Asked { until_ms: u64 },
    /// It is one.
    Neighbour,
}

#[derive(Debug)]
struct Entry {
    source: SourceKind,
    order: u64,
    addresses: Vec<PeerAddress>,
    is_member: bool,
    standing: Standing,
    asked: usize,
    failures: u32,
    was_dialled: bool,
    wanted: Wanted,
    /// When it was a neighbour last.
    met_ms: Option<u64>,
    /// Others come first until then.
    last_until_ms: u64,
    touched_ms: u64,
}

impl Entry {
    /// From when on it may be dialled; `None` while it is, or is a neighbour.
    fn ready_from_ms(&self) -> Option<u64> {
        match self.standing {
            Standing::Ready { from_ms } => Some(from_ms.max(self.last_until_ms)),
            _ => None,
        }
    }

    fn is_gone(&self, now_ms: u64) -> bool {
        match self.standing {
            Standing::Dialling { since_ms } => {
                self.failures > 0 || since_ms + UNANSWERED_MS <= now_ms
            }
            // Whoever said that it is not in the topic is left in peace, too.
            Standing::Ready { from_ms } => self.failures > 0 || from_ms > now_ms + LOST_MS,
            Standing::Asked { .. } => self.failures > 0,
            Standing::Neighbour => false,
        }
    }
}

/// Whether to dial a candidate although there is enough company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    No,
    /// In its turn: a manual peer, a match on the LAN.
    Visit,
    /// At once: gossip does not lead to it.
    Now,
}

/// How much it matters to reach somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// Nobody is there: whoever is known is dialled.
    None,
    /// So few that the loss of one would matter: whoever is known and has not failed too often.
    Few,
    /// Only those who are wanted for a reason of their own.
    Enough,
}

impl Company {
    /// From when on a candidate may be dialled, for all that concerns the company.
    fn permits_from(self, entry: &Entry, visit_from_ms: u64) -> Option<u64> {
        match (self, entry.wanted) {
            (Self::None, _) | (_, Wanted::Now) => Some(0),
            (Self::Few, Wanted::Visit) => Some(0),
            (Self::Few, Wanted::No) => (entry.failures < FAILURES_IN_COMPANY_MAX).then_some(0),
            (Self::Enough, Wanted::Visit) => Some(visit_from_ms),
            (Self::Enough, Wanted::No) => None,
        }
    }
}

/// What a dial needs to know.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    pub(super) source: SourceKind,
    pub(super) addresses: Vec<PeerAddress>,
    pub(super) is_member: bool,
    /// Does not count against the budget for unknown peers.
    pub(super) is_free: bool,
}

/// All candidates of a topic.
#[derive(Debug, Default)]
pub(super) struct PeerTable {
    entries: BTreeMap<PeerId, Entry>,
    next_order: u64,
    /// When the next peer may be dialled for its own sake.
    visit_from_ms: u64,
    /// So many others are wanted, until then.
    others_wanted: usize,
    others_until_ms: u64,
}

impl PeerTable {
    /// Takes a candidate, or adds what is new to one that is known.
    pub(super) fn insert(&mut self, source: SourceKind, found: &Candidate, now_ms: u64) {
        let is_visited = matches!(source, SourceKind::Manual | SourceKind::Mdns);
        let wants_others = self.others_wanted > 0 && now_ms < self.others_until_ms;
        let mut is_one = false;
        if let Some(entry) = self.entry(found.peer, source) {
            for address in &found.addresses {
                if !entry.addresses.contains(address) {
                    entry.addresses.insert(0, address.clone());
                }
            }
            entry.addresses.truncate(PEER_ADDRESSES_MAX);
            entry.is_member |= found.is_member;
            let was_met = entry
                .met_ms
                .is_some_and(|at| now_ms.saturating_sub(at) < MET_MS);
            if is_visited && !was_met {
                entry.wanted = entry.wanted.max(Wanted::Visit);
            }
            if wants_others && entry.last_until_ms <= now_ms && entry.wanted != Wanted::Now {
                entry.wanted = Wanted::Now;
                is_one = true;
            }
            // Somebody who shows up again on the LAN, or publishes again, is worth a new try.
            if let Standing::Ready { from_ms } = &mut entry.standing
                && found.is_member
                && entry.failures <= 1
            {
                *from_ms = 0;
            }
        }
        self.others_wanted -= usize::from(is_one);
    }

    /// For a while those who are neighbours now are dialled last, and up to `count` others in any
    /// company.
    pub(super) fn turn_to_others(
        &mut self,
        neighbours: &BTreeSet<PeerId>,
        count: usize,
        now_ms: u64,
    ) {
        self.others_until_ms = now_ms + OTHERS_FIRST_MS;
        self.others_wanted = count;
        for (peer, entry) in &mut self.entries {
            if neighbours.contains(peer) {
                entry.last_until_ms = self.others_until_ms;
            } else if self.others_wanted > 0 {
                entry.wanted = Wanted::Now;
                self.others_wanted -= 1;
            }
        }
    }

    /// Takes a member that another one listed as its neighbour.
    pub(super) fn insert_listed(&mut self, peer: PeerId) {
        if let Some(entry) = self.entry(peer, SourceKind::Dht) {
            entry.is_member = true;
        }
    }

    /// A member that has just published again is worth one more dial, however often it failed.
    pub(super) fn publishes_still(&mut self, found: &Candidate, now_ms: u64) {
        self.insert(SourceKind::Dht, found, now_ms);
        if let Some(entry) = self.entries.get_mut(&found.peer) {
            entry.failures = entry.failures.min(FAILURES_IN_COMPANY_MAX - 1);
        }
    }

    /// Marks a candidate as worth a dial although we are connected.
    pub(super) fn want(&mut self, peer: PeerId) {
        if let Some(entry) = self.entries.get_mut(&peer) {
            entry.wanted = Wanted::Now;
        }
    }

    fn entry(&mut self, peer: PeerId, source: SourceKind) -> Option<&mut Entry> {
        if !self.entries.contains_key(&peer) && self.entries.len() >= CANDIDATES_MAX {
            return None;
        }
        let order = self.next_order;
        self.next_order += 1;
        Some(self.entries.entry(peer).or_insert(Entry {
            source,
            order,
            addresses: Vec::new(),
            is_member: false,
            standing: Standing::Ready { from_ms: 0 },
            asked: 0,
            failures: 0,
            was_dialled: false,
            wanted: Wanted::No,
            met_ms: None,
            last_until_ms: 0,
            touched_ms: 0,
        }))
    }

    /// The candidate that is to be dialled next: in the order in which they were found.
    pub(super) fn next_due(&self, now_ms: u64, company: Company) -> Option<PeerId> {
        self.entries
            .iter()
            .filter(|(_, e)| {
                let from_ms = company.permits_from(e, self.visit_from_ms);
                from_ms.is_some_and(|from_ms| from_ms <= now_ms)
            })
            .filter(|(_, e)| e.ready_from_ms().is_some_and(|from_ms| from_ms <= now_ms))
            .min_by_key(|(_, e)| (e.failures, e.order))
            .map(|(peer, _)| *peer)
    }

    pub(super) fn dial_of(&self, peer: &PeerId) -> Dial {
        let entry = &self.entries[peer];
        let is_free =
            entry.asked > 0 || !matches!(entry.source, SourceKind::Dht | SourceKind::Mdns);
        Dial {
            source: entry.source,
            addresses: entry.addresses.clone(),
            is_member: entry.is_member,
            is_free,
        }
    }

    /// Marks a candidate as being dialled.
    pub(super) fn begin(&mut self, peer: &PeerId, now_ms: u64) -> Dial {
        let dial = self.dial_of(peer);
        if let Some(entry) = self.entries.get_mut(peer) {
            entry.standing = Standing::Dialling { since_ms: now_ms };
            entry.was_dialled = true;
            if entry.wanted == Wanted::Visit {
                self.visit_from_ms = now_ms + VISIT_EVERY_MS;
            }
        }
        dial
    }

    /// Milliseconds until another dial may begin; 0 when it may now, `None` when one has to end
    /// first.
    pub(super) fn room_after_ms(&self, now_ms: u64) -> Option<u64> {
        let (mut dials, mut fresh, mut oldest_ms) = (0, 0, u64::MAX);
        for entry in self.entries.values() {
            let Standing::Dialling { since_ms } = entry.standing else {
                continue;
            };
            dials += 1;
            if since_ms + HEAD_START_MS > now_ms {
                fresh += 1;
                oldest_ms = oldest_ms.min(since_ms);
            }
        }
        match (dials, fresh) {
            (DIALS_MAX.., _) => None,
            (_, FRESH_DIALS_MAX..) => Some(oldest_ms + HEAD_START_MS - now_ms),
            _ => Some(0),
        }
    }

    /// Whether anybody is being dialled or was asked.
    pub(super) fn is_dialling(&self) -> bool {
        let busy = |e: &Entry| {
            matches!(
                e.standing,
                Standing::Dialling { .. } | Standing::Asked { .. }
            )
        };
        self.entries.values().any(busy)
    }

    /// Whether somebody is known who is no neighbour.
    pub(super) fn has_others(&self) -> bool {
        let mut others = self.entries.values();
        others.any(|e| e.standing != Standing::Neighbour)
    }

    /// Whether everybody who is known and no neighbour failed when dialled last, or does not
    /// answer. Who was not tried yet is still hoped for.
    pub(super) fn are_all_gone(&self, now_ms: u64) -> bool {
        let mut others = self
            .entries
            .values()
            .filter(|e| e.standing != Standing::Neighbour)
            .peekable();
        others.peek().is_some() && others.all(|e| e.is_gone(now_ms))
    }

    pub(super) fn source_of(&self, peer: &PeerId) -> Option<SourceKind> {
        self.entries.get(peer).map(|e| e.source)
    }

    /// The source of a peer that we dialled; `None` when it came by itself.
    pub(super) fn dialled_source(&self, peer: &PeerId) -> Option<SourceKind> {
        self.entries
            .get(peer)
            .filter(|e| e.was_dialled)
            .map(|e| e.source)
    }

    /// It answered and was asked.
    pub(super) fn asked(&mut self, peer: &PeerId, addresses: Vec<PeerAddress>, now_ms: u64) {
        if let Some(entry) = self.entries.get_mut(peer) {
            let patience_ms = ASKED_MS[entry.asked.min(ASKED_MS.len() - 1)];
            entry.standing = Standing::Asked {
                until_ms: now_ms + patience_ms,
            };
            entry.asked += 1;
            entry.touched_ms = now_ms;
            if !addresses.is_empty() {
                entry.addresses = addresses;
            }
        }
    }

    /// The addresses of a neighbour are known.
    pub(super) fn reached(&mut self, peer: &PeerId, addresses: Vec<PeerAddress>) {
        if let Some(entry) = self.entries.get_mut(peer) {
            entry.standing = Standing::Neighbour;
            if !addresses.is_empty() {
                entry.addresses = addresses;
            }
        }
    }

    pub(super) fn not_a_member(&mut self, peer: &PeerId, now_ms: u64) {
        self.pause(peer, now_ms, NOT_A_MEMBER_MS);
    }

    pub(super) fn failed(&mut self, peer: &PeerId, now_ms: u64) {
        let failures = self.entries.get(peer).map_or(0, |e| e.failures);
        let pause_ms = (FAILED_MS << failures.min(8)).min(FAILED_MS_MAX);
        self.pause(peer, now_ms, pause_ms);
        if let Some(entry) = self.entries.get_mut(peer) {
            entry.failures += 1;
        }
    }

    fn pause(&mut self, peer: &PeerId, now_ms: u64, pause_ms: u64) {
        if let Some(entry) = self.entries.get_mut(peer)
            && entry.standing != Standing::Neighbour
        {
            entry.standing = Standing::Ready {
                from_ms: now_ms + pause_ms,
            };
            entry.touched_ms = now_ms;
        }
    }

    /// Peers that were asked and did not become neighbours in time become ready again; after the
    /// last patience they count as failed. Returns them.
    pub(super) fn give_up_on_silent(&mut self, now_ms: u64) -> Vec<(PeerId, SourceKind)> {
        let mut silent = Vec::new();
        for (peer, entry) in &mut self.entries {
            let Standing::Asked { until_ms } = entry.standing else {
                continue;
            };
            if until_ms > now_ms {
                continue;
            }
            silent.push((*peer, entry.source));
            let from_ms = if entry.asked >= ASKED_MS.len() {
                entry.asked = 0;
                entry.failures += 1;
                now_ms + FAILED_MS_MAX / 4
            } else {
                now_ms
            };
            entry.standing = Standing::Ready { from_ms };
        }
        silent
    }

    /// It is a neighbour now. Returns the addresses at which it was reached.
    pub(super) fn became_neighbour(&mut self, peer: &PeerId, now_ms: u64) -> Vec<PeerAddress> {
        let Some(entry) = self.entry(*peer, SourceKind::Known) else {
            return Vec::new();
        };
        entry.standing = Standing::Neighbour;
        entry.asked = 0;
        entry.failures = 0;
        entry.wanted = Wanted::No;
        entry.met_ms = Some(now_ms);
        entry.is_member = true;
        entry.addresses.clone()
    }

    /// It was a neighbour. It may be dialled again soon.
    pub(super) fn lost(&mut self, peer: &PeerId, now_ms: u64) {
        if let Some(entry) = self.entries.get_mut(peer) {
            entry.standing = Standing::Ready {
                from_ms: now_ms + LOST_MS,
            };
            entry.met_ms = Some(now_ms);
            entry.touched_ms = now_ms;
        }
    }

    /// Every pause ends: the network is another one now.
    pub(super) fn forgive(&mut self, now_ms: u64) {
        for entry in self.entries.values_mut() {
            if let Standing::Ready { from_ms } = &mut entry.standing {
                *from_ms = now_ms;
                entry.failures = 0;
            }
        }
    }

    pub(super) fn forget_old(&mut self, now_ms: u64) {
        self.entries.retain(|_, e| {
            !matches!(e.standing, Standing::Ready { .. })
                || now_ms.saturating_sub(e.touched_ms) < CANDIDATE_MS
        });
    }

    /// Milliseconds until something is due, at least 1. Who may be dialled waits for the budget
    /// and for room among the dials; where one has to end first, its end is what happens next.
    pub(super) fn next_change_after_ms(
        &self,
        now_ms: u64,
        company: Company,
        budget_ms: u64,
    ) -> Option<u64> {
        let room_ms = self.room_after_ms(now_ms);
        let permitted = |e: &Entry| company.permits_from(e, self.visit_from_ms);
        self.entries
            .values()
            .filter_map(|e| match e.standing {
                Standing::Ready { .. } => {
                    let due_ms = e.ready_from_ms()?.max(permitted(e)?).saturating_sub(now_ms);
                    Some(due_ms.max(budget_ms).max(room_ms?).max(1))
                }
                Standing::Asked { until_ms } => Some(until_ms.saturating_sub(now_ms).max(1)),
                _ => None,
            })
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_after_a_failed_dial_doubles_from_half_a_second_to_a_minute() {
        let (peer, mut table) = (PeerId([7; 32]), PeerTable::default());
        table.insert(
            SourceKind::Known,
            &Candidate {
                peer,
                addresses: Vec::new(),
                listed: Vec::new(),
                minute: None,
                is_member: true,
            },
            0,
        );
        let mut now_ms = 0;
        for pause_ms in [
            500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
        ] {
            assert_eq!(table.next_due(now_ms, Company::None), Some(peer));
            table.begin(&peer, 0);
            table.failed(&peer, now_ms);
            assert_eq!(table.next_due(now_ms + pause_ms - 1, Company::None), None);
            now_ms += pause_ms;
        }
        assert_eq!(table.next_due(now_ms, Company::None), Some(peer));
    }
}
