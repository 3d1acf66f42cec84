//! Which new events belong to the sync set, and which stored ones they end.
//!
//! Owns the statements that note it, in the transaction of the events; the rules are
//! [`kukuri_domain::event::membership`]'s. Must never ask when an event came: whatever the order
//! of arrival, the same rows result.

use std::collections::BTreeMap;

use kukuri_domain::{
    AuthorId, EventId, EventOrder, SignedEvent, TopicId, UnixMs, VerifiedEvent,
    event::{
        Meaning,
        membership::{Member, Standing, deleted_at, is_deletable, is_deletion, replaces},
    },
};
use rusqlite::{Connection, Row, params};

use super::{
    entries::{self, Lost, Written},
    sql,
};
use crate::convert::{ids_column, to_column};

/// A new event of a topic.
pub(crate) struct Fresh {
    topic: TopicId,
    author: AuthorId,
    kind: u16,
    place: Option<&'static str>,
    /// What it takes back.
    targets: Vec<EventId>,
    /// What it writes to an entry.
    written: Option<Written>,
    member: Member,
    /// Whether its row says that already.
    is_noted: bool,
}

/// How a topic's set changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) topic: TopicId,
    pub(crate) member: Member,
    /// What an event that was stored before was to the set until now.
    pub(crate) was: Option<Member>,
}

macro_rules! fresh_of {
    ($name:ident, $event:ty, $is_noted:expr) => {
        pub(crate) fn $name(topic: TopicId, event: &$event) -> Self {
            Self {
                topic,
                author: event.author(),
                kind: event.kind(),
                place: event.place(),
                targets: match is_deletion(event.kind()).then(|| event.meaning()) {
                    Some(Meaning::Deletion { targets }) => targets,
                    _ => Vec::new(),
                },
                written: event.entry().map(Written::from),
                member: event.member(),
                is_noted: $is_noted,
            }
        }
    };
}

impl Fresh {
    // By an earlier schema.
    fresh_of!(of, SignedEvent, false);
    // It was inserted as what it is by itself.
    fresh_of!(of_verified, VerifiedEvent, true);

    fn id(&self) -> EventId {
        self.member.order.id
    }

    fn at(&self) -> UnixMs {
        self.member.order.at()
    }
}

/// Notes new, stored events; returns how the sets changed.
pub(crate) fn note(conn: &Connection, fresh: &[Fresh]) -> rusqlite::Result<Vec<Change>> {
    let mut noting = Noting {
        conn,
        members: BTreeMap::new(),
        noted: BTreeMap::new(),
        read: BTreeMap::new(),
        changed: Vec::new(),
    };
    for new in fresh {
        let key = (new.topic, new.id());
        noting.members.insert(key, new.member);
        if new.is_noted {
            noting.noted.insert(key, new.member);
        }
        noting.insert(new)?;
    }
    noting.look_for_deletions(fresh)?;
    for new in fresh {
        noting.delete(new)?;
        noting.replace(new)?;
    }
    noting.merge(fresh)?;
    noting.finish()
}

struct Noting<'a> {
    conn: &'a Connection,
    /// The new ones.
    members: BTreeMap<(TopicId, EventId), Member>,
    /// What their rows say.
    noted: BTreeMap<(TopicId, EventId), Member>,
    /// What rows of others say.
    read: BTreeMap<(TopicId, EventId), Member>,
    changed: Vec<Change>,
}

const TAKE_BACK: &str = "
    INSERT OR IGNORE INTO taken_back (topic, target, author, at)
    SELECT ?1, unhex(wanted.value), ?3, ?4 FROM json_each(?2) wanted";

const STAND: &str = "
    INSERT OR IGNORE INTO places (topic, author, place, created_at, ms, id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const IS_ANY_TAKEN_BACK: &str = "SELECT EXISTS (SELECT 1 FROM taken_back)";

const TAKEN_BACK: &str = "
    SELECT b.target, b.author, b.at FROM json_each(?2) wanted
    CROSS JOIN taken_back b ON b.topic = ?1 AND b.target = unhex(wanted.value)";

const TARGETS: &str = "
    SELECT e.created_at, e.ms, e.id, t.keyed, e.kind FROM json_each(?2) wanted
    CROSS JOIN events e ON e.id = unhex(wanted.value)
    CROSS JOIN topic_events t
        ON t.topic = ?1 AND t.created_at = e.created_at AND t.ms = e.ms AND t.id = e.id
    WHERE e.author = ?3";

const SAME_PLACE: &str = "
    SELECT created_at, ms, id FROM places WHERE topic = ?1 AND author = ?2 AND place = ?3";

const MEMBER: &str = "
    SELECT until, keyed, replaced_at FROM topic_events
    WHERE topic = ?1 AND created_at = ?2 AND ms = ?3 AND id = ?4";

// One event at a time: of a list, SQLite would go through the whole topic for each.
const SET: &str = "
    UPDATE topic_events SET until = ?5, keyed = ?6, replaced_at = ?7
    WHERE topic = ?1 AND created_at = ?2 AND ms = ?3 AND id = ?4";

#[cfg(test)]
pub(super) const QUERIES: &[&str] = &[TAKEN_BACK, TARGETS, SAME_PLACE, MEMBER, SET];

impl Noting<'_> {
    fn insert(&self, new: &Fresh) -> rusqlite::Result<()> {
        let (topic, author) = (new.topic.0, new.author.0);
        if !new.targets.is_empty() {
            let at = to_column(new.at().0);
            let values = params![topic, ids_column(&new.targets), author, at];
            sql::execute(self.conn, TAKE_BACK, values)?;
        }
        if let Some(place) = new.place {
            let (created_at, ms, id) = place_of(new.member.order);
            let values = params![topic, author, place, created_at, ms, id];
            sql::execute(self.conn, STAND, values)?;
        }
        Ok(())
    }

    /// Ends new events that were taken back before they came, or together with their deletion.
    fn look_for_deletions(&mut self, fresh: &[Fresh]) -> rusqlite::Result<()> {
        let mut topics: BTreeMap<TopicId, BTreeMap<EventId, &Fresh>> = BTreeMap::new();
        for new in fresh {
            if is_deletable(new.kind, new.member.is_keyed()) {
                topics.entry(new.topic).or_default().insert(new.id(), new);
            }
        }
        if topics.is_empty() || sql::integer(self.conn, IS_ANY_TAKEN_BACK)? == 0 {
            return Ok(());
        }
        for (topic, news) in topics {
            let values = params![topic.0, ids_column(news.keys())];
            let read = |row: &Row<'_>| {
                let (target, author) = (EventId(row.get(0)?), AuthorId(row.get(1)?));
                Ok((target, author, time(row, 2)?))
            };
            for (target, author, at) in sql::rows(self.conn, TAKEN_BACK, values, read)? {
                if let Some(new) = news.get(&target)
                    && new.author == author
                    && let Some(until) = deleted_at(new.member.order, at)
                    && let Some(member) = self.members.get_mut(&(topic, target))
                {
                    member.end(until);
                }
            }
        }
        Ok(())
    }

    /// Ends what a deletion names, as far as it is here.
    fn delete(&mut self, new: &Fresh) -> rusqlite::Result<()> {
        if new.targets.is_empty() {
            return Ok(());
        }
        let values = params![new.topic.0, ids_column(&new.targets), new.author.0];
        let read = |row: &Row<'_>| Ok((order(row)?, row.get(3)?, row.get(4)?));
        for (order, was_keyed, kind) in sql::rows(self.conn, TARGETS, values, read)? {
            // Of a new one the row does not say so yet.
            let is_keyed = match self.members.get(&(new.topic, order.id)) {
                Some(new) => new.is_keyed(),
                None => was_keyed,
            };
            if is_deletable(kind, is_keyed)
                && let Some(until) = deleted_at(order, new.at())
            {
                self.change(new.topic, order, |member| member.end(until))?;
            }
        }
        Ok(())
    }

    /// Settles which of those in the same place counts.
    fn replace(&mut self, new: &Fresh) -> rusqlite::Result<()> {
        let Some(place) = new.place else {
            return Ok(());
        };
        let values = params![new.topic.0, new.author.0, place];
        for other in sql::rows(self.conn, SAME_PLACE, values, order)? {
            let (this, that) = ((new.at(), new.id()), (other.at(), other.id));
            let (lost, at) = if replaces(that, this) {
                (new.member.order, other.at())
            } else if replaces(this, that) {
                (other, new.at())
            } else {
                continue;
            };
            let lose = |member: &mut Member| {
                member.surpass(at);
                member.end(at);
            };
            self.change(new.topic, lost, lose)?;
        }
        Ok(())
    }

    /// Settles which write to each key counts, and which lost.
    fn merge(&mut self, fresh: &[Fresh]) -> rusqlite::Result<()> {
        let mut topics: BTreeMap<TopicId, Vec<&Written>> = BTreeMap::new();
        for new in fresh {
            if let Some(written) = &new.written {
                topics.entry(new.topic).or_default().push(written);
            }
        }
        for (topic, written) in topics {
            for Lost { rank, by, member } in entries::note(self.conn, topic, &written)? {
                let order = entries::order(rank);
                if let Some(member) = member {
                    self.read.insert((topic, order.id), member);
                }
                self.change(topic, order, |member| member.lose(rank, by))?;
            }
        }
        Ok(())
    }

    fn change(
        &mut self,
        topic: TopicId,
        order: EventOrder,
        how: impl Fn(&mut Member),
    ) -> rusqlite::Result<()> {
        if let Some(new) = self.members.get_mut(&(topic, order.id)) {
            how(new);
            return Ok(());
        }
        let Some(was) = self.stored(topic, order)? else {
            return Ok(());
        };
        let mut member = was;
        how(&mut member);
        if member != was {
            self.read.insert((topic, order.id), member);
            self.set(topic, member)?;
            let was = Some(was);
            self.changed.push(Change { topic, member, was });
        }
        Ok(())
    }

    /// What a stored event is to the set; none if it is not stored.
    fn stored(&self, topic: TopicId, order: EventOrder) -> rusqlite::Result<Option<Member>> {
        if let Some(known) = self.read.get(&(topic, order.id)) {
            return Ok(Some(*known));
        }
        let (created_at, ms, id) = place_of(order);
        let values = params![topic.0, created_at, ms, id];
        let read = |row: &Row<'_>| {
            let replaced_at = optional_time(row, 2)?;
            Ok(Member {
                order,
                standing: standing(row.get(1)?, replaced_at),
                until: optional_time(row, 0)?,
            })
        };
        sql::first(self.conn, MEMBER, values, read)
    }

    fn set(&self, topic: TopicId, member: Member) -> rusqlite::Result<()> {
        let (created_at, ms, id) = place_of(member.order);
        let (until, keyed, replaced_at) = columns_of(member);
        let values = params![topic.0, created_at, ms, id, until, keyed, replaced_at];
        sql::execute(self.conn, SET, values)?;
        Ok(())
    }

    fn finish(self) -> rusqlite::Result<Vec<Change>> {
        let members = self.members.iter();
        let to_note: Vec<_> = members
            .filter(|(key, member)| match self.noted.get(key) {
                Some(noted) => noted != *member,
                None => member.is_keyed() || member.until.is_some(),
            })
            .map(|((topic, _), member)| (*topic, *member))
            .collect();
        for (topic, member) in to_note {
            self.set(topic, member)?;
        }
        let new = self.members.into_iter().map(|((topic, _), member)| Change {
            topic,
            member,
            was: None,
        });
        Ok(self.changed.into_iter().chain(new).collect())
    }
}

/// What the columns `keyed` and `replaced_at` say.
pub(crate) fn standing(is_keyed: bool, replaced_at: Option<UnixMs>) -> Standing {
    match (is_keyed, replaced_at) {
        (false, _) => Standing::Free,
        (true, None) => Standing::Greatest,
        (true, Some(at)) => Standing::Surpassed(at),
    }
}

/// What the columns `until`, `keyed` and `replaced_at` say of a member.
pub(super) fn columns_of(member: Member) -> (Option<i64>, bool, Option<i64>) {
    let column = |at: Option<UnixMs>| at.map(|at| to_column(at.0));
    let replaced_at = match member.standing {
        Standing::Surpassed(at) => Some(at),
        Standing::Free | Standing::Greatest => None,
    };
    (column(member.until), member.is_keyed(), column(replaced_at))
}

/// The columns `created_at`, `ms` and `id` of an event.
pub(crate) fn place_of(order: EventOrder) -> (i64, u16, [u8; 32]) {
    (to_column(order.created_at), order.ms, order.id.0)
}

/// The place in the first three columns.
pub(super) fn order(row: &Row<'_>) -> rusqlite::Result<EventOrder> {
    Ok(EventOrder {
        created_at: time(row, 0)?.0,
        ms: row.get(1)?,
        id: EventId(row.get(2)?),
    })
}

/// A whole number that is never negative.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<UnixMs> {
    row.get(column).map(unix)
}

pub(super) fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<UnixMs>> {
    let time: Option<i64> = row.get(column)?;
    Ok(time.map(unix))
}

fn unix(time: i64) -> UnixMs {
    UnixMs(u64::try_from(time).unwrap_or(0))
}
