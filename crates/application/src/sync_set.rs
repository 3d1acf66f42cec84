//! The sync set of one topic in memory, and how two members find where theirs differ.
//!
//! Owns the members in the order of reconciliation, their sums, and the steps of negentropy
//! (range-based set reconciliation, <https://logperiodic.com/rbsr.html>, protocol version 1 of the
//! crate `negentropy`). Must never hold an event, only its place and id: about 45 bytes each.
//! Which events belong to the set is decided by [`kukuri_domain::event::membership`].
//!
//! Reconciliation goes through the items in the order of their timestamps and stops where a
//! message is full. The newest events are to come first, so the timestamp of an item is the time
//! that its event lies before the end of time, 2^48 ms. What stands in a place has the time at which
//! it was surpassed in place of its own, and timestamp 0, before all others, as long as it was not:
//! it belongs to the set however old it is, and a horizon must not cut it off.

mod blocks;
mod sum;

use std::collections::{BTreeMap, BTreeSet};

use kukuri_domain::{
    EventId, EventOrder, UnixMs,
    event::membership::{Member, Standing},
    limits::{EVENT_FUTURE_MS_MAX, RECONCILE_BYTES_MAX},
    wire::SetSummary,
};
use negentropy::{Bound, Id, Item, Negentropy, NegentropyStorageBase};
use thiserror::Error;

use blocks::Blocks;

/// What timestamps count back from: the year 10,889. An event beyond it sorts before all others.
const END_OF_TIME: u64 = 1 << 48;

/// How long it is remembered what left the set, in milliseconds: cuts of members whose clocks
/// differ from ours by less can be computed.
const LEFT_REMEMBERED_MS: u64 = 2 * EVENT_FUTURE_MS_MAX;

/// A message of a reconciliation that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a message of the reconciliation is malformed")]
pub struct MalformedMessage;

/// What the opener of a reconciliation knows after an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// The next message; `None` when all is known.
    pub next: Option<Vec<u8>>,
    /// Events that we hold and the other does not.
    pub have: Vec<EventId>,
    /// Events that the other holds and we do not.
    pub need: Vec<EventId>,
}

/// The sync set of a topic: members as of now, and what it takes to know them at a cut.
#[derive(Debug, Clone, Default)]
pub struct SyncSet {
    /// What was written before is not kept.
    horizon: UnixMs,
    blocks: Blocks,
    /// Members that will end.
    ending: BTreeSet<(UnixMs, EventOrder)>,
    /// Members that stand in a place, which are not in the order of their own times.
    keyed: BTreeMap<EventOrder, Standing>,
    /// Those of them that were surpassed, and when.
    surpassed: BTreeSet<(UnixMs, EventOrder)>,
    /// What left lately, by its end.
    left: BTreeMap<(UnixMs, EventOrder), Standing>,
}

impl SyncSet {
    /// The set of these, at `now`.
    pub fn new(members: impl IntoIterator<Item = Member>, now: UnixMs) -> Self {
        let mut set = Self::default();
        let mut items = Vec::new();
        for member in members {
            if set.note(member, now) {
                items.push(item(member.order, member.standing));
            }
        }
        set.blocks = Blocks::new(items);
        set
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An event was stored.
    pub fn insert(&mut self, member: Member, now: UnixMs) {
        if self.note(member, now) {
            self.blocks.insert(item(member.order, member.standing));
        }
    }

    /// A stored event, which was `was` before, ends at another time or was surpassed.
    pub fn change(&mut self, member: Member, was: Member, now: UnixMs) {
        if let Some(until) = was.until {
            self.ending.remove(&(until, was.order));
            self.left.remove(&(until, was.order));
        }
        self.remove(was.order, was.standing);
        self.insert(member, now);
    }

    /// From now on nothing that was written before `horizon` is kept, but for what stands in a
    /// place and was not surpassed before it. A horizon that lies before the last changes nothing.
    pub fn forget_before(&mut self, horizon: UnixMs) {
        if horizon <= self.horizon {
            return;
        }
        self.horizon = horizon;
        self.blocks.truncate(self.until(horizon));
        let keyed = &self.keyed;
        self.ending
            .retain(|(_, order)| is_kept(*order, standing_in(keyed, order), horizon));
        self.left
            .retain(|(_, order), standing| is_kept(*order, *standing, horizon));
        let stays = self.surpassed.split_off(&(horizon, first_at(UnixMs(0))));
        for (_, order) in std::mem::replace(&mut self.surpassed, stays) {
            self.keyed.remove(&order);
        }
    }

    /// Lets those go that have ended by now.
    pub fn advance(&mut self, now: UnixMs) {
        while let Some((until, order)) = self.ending.first().copied() {
            if until > now {
                break;
            }
            self.ending.pop_first();
            let standing = standing_in(&self.keyed, &order);
            self.remove(order, standing);
            self.left.insert((until, order), standing);
        }
        while let Some((&(until, order), _)) = self.left.first_key_value() {
            if until.0.saturating_add(LEFT_REMEMBERED_MS) > now.0 {
                break;
            }
            self.left.remove(&(until, order));
        }
    }

    fn remove(&mut self, order: EventOrder, standing: Standing) {
        self.blocks.remove(&item(order, standing));
        self.keyed.remove(&order);
        if let Standing::Surpassed(at) = standing {
            self.surpassed.remove(&(at, order));
        }
    }

    /// Keeps the books of a member; returns whether it belongs to the set now.
    fn note(&mut self, member: Member, now: UnixMs) -> bool {
        if member.is_behind(self.horizon) {
            return false;
        }
        let Member {
            order,
            standing,
            until,
        } = member;
        match until {
            Some(until) if until <= now => {
                if until.0.saturating_add(LEFT_REMEMBERED_MS) > now.0 {
                    self.left.insert((until, order), standing);
                }
                return false;
            }
            Some(until) => {
                self.ending.insert((until, order));
            }
            None => {}
        }
        if member.is_keyed() {
            self.keyed.insert(order, standing);
        }
        if let Standing::Surpassed(at) = standing {
            self.surpassed.insert((at, order));
        }
        true
    }

    /// The set at a cut, without what was written before `since` or the horizon, whichever is
    /// later, in short. Costs as much as was written and ended after the cut.
    pub fn summary(&self, cut: UnixMs, since: UnixMs) -> SetSummary {
        let since = since.max(self.horizon);
        let (mut count, mut sum) = self.blocks.sum(self.until(since));
        let mut leave_out = |id: &EventId| {
            count -= 1;
            sum.subtract(&id.0);
        };
        let is_within =
            |order: &EventOrder, standing| order.at() < cut && is_kept(*order, standing, since);
        // Written after the cut. In the order of the items these are the first after the greatest
        // of all places, without those that were only surpassed after the cut.
        let (greatest, end) = (self.greatest(), self.until(cut.max(since)));
        let surpassed = self
            .surpassed
            .range((cut.max(since), first_at(UnixMs(0)))..);
        let surpassed: BTreeSet<EventId> = surpassed.map(|(_, order)| order.id).collect();
        self.blocks.each(greatest, end, |item| {
            let id = EventId(item.id.to_bytes());
            if !surpassed.contains(&id) {
                leave_out(&id);
            }
            true
        });
        for (order, standing) in self.keyed.range(first_at(cut)..) {
            if is_kept(*order, *standing, since) {
                leave_out(&order.id);
            }
        }
        // Ends between now and the cut.
        let after_cut = (UnixMs(cut.0.saturating_add(1)), first_at(UnixMs(0)));
        for (_, order) in self.ending.range(..after_cut) {
            if is_within(order, standing_in(&self.keyed, order)) {
                leave_out(&order.id);
            }
        }
        // Ended between the cut and now.
        for ((_, order), standing) in self.left.range(after_cut..) {
            if is_within(order, *standing) {
                count += 1;
                sum.add(&order.id.0);
            }
        }
        SetSummary {
            cut,
            since,
            count: count as u64,
            fingerprint: sum.fingerprint(count as u64),
        }
    }

    /// The first message of a reconciliation of everything written since `since`.
    pub fn initiate(&self, since: UnixMs) -> Vec<u8> {
        let view = self.view(since);
        let mut negentropy = negentropy(&view);
        let first = negentropy.initiate();
        first.expect("a set in memory answers, and none was built before")
    }

    /// The answer to a message of somebody else's reconciliation.
    ///
    /// # Errors
    /// [`MalformedMessage`].
    pub fn respond(&self, since: UnixMs, message: &[u8]) -> Result<Vec<u8>, MalformedMessage> {
        let view = self.view(since);
        let answer = negentropy(&view).reconcile(message);
        answer.map_err(|_what| MalformedMessage)
    }

    /// What the answer to our message says; without an answer our first message.
    ///
    /// # Errors
    /// [`MalformedMessage`].
    pub fn step(&self, since: UnixMs, answer: Option<&[u8]>) -> Result<Step, MalformedMessage> {
        match answer {
            Some(answer) => self.resolve(since, answer),
            None => Ok(Step {
                next: Some(self.initiate(since)),
                ..Step::default()
            }),
        }
    }

    /// What the answer to our message says.
    ///
    /// # Errors
    /// [`MalformedMessage`].
    pub fn resolve(&self, since: UnixMs, answer: &[u8]) -> Result<Step, MalformedMessage> {
        let view = self.view(since);
        let mut negentropy = negentropy(&view);
        negentropy.set_initiator();
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let next = negentropy
            .reconcile_with_ids(answer, &mut have, &mut need)
            .map_err(|_what| MalformedMessage)?;
        let ids = |ids: Vec<Id>| ids.into_iter().map(|id| EventId(id.to_bytes()));
        Ok(Step {
            next,
            have: ids(have).collect(),
            need: ids(need).collect(),
        })
    }

    fn view(&self, since: UnixMs) -> View<'_> {
        View {
            blocks: &self.blocks,
            len: self.until(since),
        }
    }

    /// How many members are the greatest in their places; they come first.
    fn greatest(&self) -> usize {
        self.keyed.len() - self.surpassed.len()
    }

    /// How many items there are up to those that were written before `at`.
    fn until(&self, at: UnixMs) -> usize {
        let first_beyond = Bound::with_timestamp(END_OF_TIME.saturating_sub(at.0) + 1);
        self.blocks.lower_bound(&first_beyond.item)
    }
}

fn standing_in(keyed: &BTreeMap<EventOrder, Standing>, order: &EventOrder) -> Standing {
    keyed.get(order).copied().unwrap_or(Standing::Free)
}

fn is_kept(order: EventOrder, standing: Standing, horizon: UnixMs) -> bool {
    let until = None;
    let member = Member {
        order,
        standing,
        until,
    };
    !member.is_behind(horizon)
}

fn item(order: EventOrder, standing: Standing) -> Item {
    let at = match standing {
        Standing::Free => Some(order.at()),
        Standing::Greatest => None,
        Standing::Surpassed(at) => Some(at),
    };
    let timestamp = at.map_or(0, |at| END_OF_TIME.saturating_sub(at.0).max(1));
    Item::with_timestamp_and_id(timestamp, Id::from_byte_array(order.id.0))
}

/// The first place at this time.
fn first_at(at: UnixMs) -> EventOrder {
    EventOrder {
        created_at: at.secs(),
        ms: at.subsec_ms(),
        id: EventId([0; 32]),
    }
}

fn negentropy<'a>(view: &'a View<'a>) -> Negentropy<'a, View<'a>> {
    let limit = RECONCILE_BYTES_MAX as u64;
    Negentropy::borrowed(view, limit).expect("the limit is above negentropy's least")
}

/// The items up to a horizon.
struct View<'a> {
    blocks: &'a Blocks,
    len: usize,
}

impl NegentropyStorageBase for View<'_> {
    fn size(&self) -> Result<usize, negentropy::Error> {
        Ok(self.len)
    }

    fn get_item(&self, i: usize) -> Result<Option<Item>, negentropy::Error> {
        let mut found = None;
        self.blocks
            .each(i, self.len.min(i.saturating_add(1)), |item| {
                found = Some(*item);
                false
            });
        Ok(found)
    }

    fn iterate(
        &self,
        begin: usize,
        end: usize,
        visit: &mut dyn FnMut(Item, usize) -> Result<bool, negentropy::Error>,
    ) -> Result<(), negentropy::Error> {
        if begin > end || end > self.len {
            return Err(negentropy::Error::BadRange);
        }
        let (mut place, mut outcome) = (begin, Ok(true));
        self.blocks.each(begin, end, |item| {
            outcome = visit(*item, place);
            place += 1;
            matches!(outcome, Ok(true))
        });
        outcome.map(drop)
    }

    fn find_lower_bound(&self, first: usize, last: usize, bound: &Bound) -> usize {
        self.blocks.lower_bound(&bound.item).clamp(first, last)
    }
}

#[cfg(test)]
mod tests;
