//! The fake's sync set, made by the rules one by one each time that it is asked for.

use std::ops::Range;

use kukuri_domain::{
    EventId, PeerId, TopicId, UnixMs,
    event::{
        Meaning,
        membership::{Member, deleted_at, is_deletable, replaces},
    },
};

use super::{Row, State, Topic};
use crate::{
    ports::{COMPLETE_SHOWN_MAX, PostState, horizon_max, kept_bytes},
    sync_set::SyncSet,
};

impl State {
    pub(super) fn sync_set(&self, topic: TopicId, now: UnixMs) -> SyncSet {
        let rows = self.topics.get(&topic).into_iter();
        let members = rows.flat_map(|t| t.rows.values().map(|row| t.member(row)));
        let mut set = SyncSet::new(members, now);
        if let Some(topic) = self.topics.get(&topic) {
            set.forget_before(topic.horizon());
        }
        set
    }
}

impl Topic {
    pub(super) fn has_ended(&self, row: &Row, now: UnixMs) -> bool {
        self.member(row).until.is_some_and(|until| until <= now)
    }

    /// A row as the set sees it, with what others did to it.
    fn member(&self, row: &Row) -> Member {
        let event = &row.event;
        let mut member = event.member();
        let at = member.order.at();
        let others = self.rows.values().map(|other| &other.event);
        if let Some(this) = event.entry() {
            let theirs = others.filter_map(|other| other.entry());
            let same = theirs.filter(|other| other.key == this.key);
            for greater in same.filter(|other| other.rank > this.rank) {
                member.lose(this.rank, greater.rank);
            }
            return member;
        }
        for other in others.filter(|other| other.author() == event.author()) {
            let other_at = other.order().at();
            match other.meaning() {
                Meaning::Deletion { targets }
                    if is_deletable(event.kind(), member.is_keyed())
                        && targets.contains(&event.id()) =>
                {
                    if let Some(until) = deleted_at(member.order, other_at) {
                        member.end(until);
                    }
                }
                _ if event.place().is_some()
                    && other.place() == event.place()
                    && replaces((other_at, other.id()), (at, event.id())) =>
                {
                    member.surpass(other_at);
                    member.end(other_at);
                }
                _ => {}
            }
        }
        member
    }

    pub(super) fn horizon(&self) -> UnixMs {
        *self.horizon.borrow()
    }

    /// About how much room the events take.
    pub(super) fn bytes(&self) -> u64 {
        self.rows.values().map(bytes_of).sum()
    }

    /// Keeps to the ceiling.
    pub(super) fn forget_old(&mut self, ceiling: u64, now: UnixMs) {
        if self.bytes() <= ceiling {
            return;
        }
        let (mut bytes, mut horizon) = (self.bytes(), self.horizon());
        for row in self.rows.values() {
            let at = row.event.order().at();
            if bytes <= kept_bytes(ceiling) || at >= horizon_max(now) {
                break;
            }
            let after = UnixMs(at.0 + 1);
            if self.is_behind(row, after) {
                bytes -= bytes_of(row);
                horizon = horizon.max(after);
            }
        }
        self.horizon.send_replace(horizon);
        let gone = self
            .rows
            .values()
            .filter(|row| self.is_behind(row, horizon));
        let gone: Vec<_> = gone.map(|row| row.event.order()).collect();
        for order in gone {
            self.rows.remove(&order);
            self.places.remove(&order.id);
        }
    }

    fn is_behind(&self, row: &Row, horizon: UnixMs) -> bool {
        let is_unsent = row.own.as_ref().is_some_and(|own| own.sent_to == 0);
        !is_unsent && self.member(row).is_behind(horizon)
    }

    pub(super) fn note_complete(
        &mut self,
        peer: PeerId,
        written: Range<UnixMs>,
    ) -> Vec<(EventId, PostState)> {
        let own = self.rows.iter_mut().rev();
        let own = own.filter(|(order, _)| written.contains(&order.at()));
        let own = own.filter_map(|(order, row)| Some((order.id, row.own.as_mut()?)));
        let mut grown = Vec::new();
        for (id, own) in own {
            if own.holders.insert(peer) {
                grown.push((id, own.state()));
            }
        }
        grown.truncate(COMPLETE_SHOWN_MAX);
        grown
    }
}

/// What an event takes beside its texts, about.
const ROW_BYTES: u64 = 512;

fn bytes_of(row: &Row) -> u64 {
    let tags = row.event.tags().flatten();
    let tags: usize = tags.map(|text| text.len()).sum();
    ROW_BYTES + (tags + row.event.content().len()) as u64
}
