//! The fake's sync set, made by the rules one by one each time that it is asked for.

use kukuri_domain::{
    EventId, PeerId, TopicId, UnixMs,
    event::{
        Meaning,
        membership::{Member, deleted_at, is_deletable, replaces},
    },
};

use super::{Row, State, Topic};
use crate::{
    ports::{COMPLETE_SHOWN_MAX, PostState},
    sync_set::SyncSet,
};

impl State {
    pub(super) fn sync_set(&self, topic: TopicId, now: UnixMs) -> SyncSet {
        let rows = self.topics.get(&topic).into_iter();
        let members = rows.flat_map(|t| t.rows.values().map(|row| t.member(row)));
        SyncSet::new(members, now)
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
        for other in others.filter(|other| other.author() == event.author()) {
            let other_at = other.order().at();
            match other.meaning() {
                Meaning::Deletion { targets }
                    if is_deletable(event.kind(), member.is_keyed)
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
                    member.end(other_at);
                }
                _ => {}
            }
        }
        member
    }

    pub(super) fn note_complete(
        &mut self,
        peer: PeerId,
        before: UnixMs,
    ) -> Vec<(EventId, PostState)> {
        let own = self.rows.iter_mut().rev();
        let own = own.filter(|(order, _)| order.at() < before);
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
