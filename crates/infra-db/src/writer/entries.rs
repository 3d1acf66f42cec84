//! Which write to each key counts.
//!
//! Owns the statements that keep all writes in their order and the greatest of each key, in the
//! transaction of the events; the order is [`EntryRank`]'s. Must never ask when a write came.

use kukuri_domain::{
    AuthorId, EntryKey, EventId, EventOrder, TopicId, UnixMs,
    entry::{Entry, EntryRank, Hlc},
    event::membership::Member,
};
use rusqlite::{Connection, Row, params};

use super::{
    membership::{optional_time, standing, time},
    sql,
};
use crate::convert::to_column;

/// A write as the tables note it.
pub(crate) struct Written {
    key: EntryKey,
    rank: EntryRank,
    is_deleted: bool,
    expires_at: Option<UnixMs>,
}

impl From<Entry<'_>> for Written {
    fn from(entry: Entry<'_>) -> Self {
        Self {
            is_deleted: entry.value.is_none(),
            key: entry.key,
            rank: entry.rank,
            expires_at: entry.expires_at,
        }
    }
}

// With the one before comes what its event is to the set: it loses to the new one.
const BEFORE: &str = "
    SELECT w.ms, w.counter, w.author, w.id, t.keyed, t.replaced_at, t.until
    FROM entry_writes w
    LEFT JOIN topic_events t ON t.topic = w.topic AND t.created_at = w.ms / 1000
        AND t.ms = w.ms % 1000 AND t.id = w.id
    WHERE w.topic = ?1 AND w.key = ?2 AND (w.ms, w.counter, w.author, w.id) < (?3, ?4, ?5, ?6)
    ORDER BY w.ms DESC, w.counter DESC, w.author DESC, w.id DESC LIMIT 1";

const AFTER: &str = "
    SELECT ms, counter, author, id FROM entry_writes
    WHERE topic = ?1 AND key = ?2 AND (ms, counter, author, id) > (?3, ?4, ?5, ?6)
    ORDER BY ms, counter, author, id LIMIT 1";

const FORGET: &str = "
    DELETE FROM entry_writes
    WHERE topic = ?1 AND key = ?2 AND ms = ?3 AND counter = ?4 AND author = ?5 AND id = ?6";

#[cfg(test)]
pub(super) const QUERIES: &[&str] = &[BEFORE, AFTER, FORGET];

/// The row of a write.
macro_rules! place {
    ($topic:expr, $write:expr) => {
        params![
            $topic.0,
            $write.key.as_str().as_bytes(),
            to_column($write.rank.clock.ms),
            $write.rank.clock.counter,
            $write.rank.author.0,
            $write.rank.id.0,
        ]
    };
}

/// A write that lost.
pub(super) struct Lost {
    pub(super) rank: EntryRank,
    pub(super) by: EntryRank,
    /// What its event is to the set so far, if that was read.
    pub(super) member: Option<Member>,
}

/// Notes new writes. Returns who lost to whom: of each that is new, and of each that one of them
/// comes next after. Those before it in rank have lost to others already.
pub(super) fn note(
    conn: &Connection,
    topic: TopicId,
    written: &[&Written],
) -> rusqlite::Result<Vec<Lost>> {
    insert(conn, topic, written)?;
    let (mut lost, mut greatest) = (Vec::new(), Vec::new());
    for new in written {
        if let Some((rank, member)) = sql::first(conn, BEFORE, place!(topic, new), before)? {
            let by = new.rank;
            lost.push(Lost { rank, by, member });
        }
        match sql::first(conn, AFTER, place!(topic, new), rank)? {
            Some(by) => lost.push(Lost {
                rank: new.rank,
                by,
                member: None,
            }),
            None => greatest.push(*new),
        }
    }
    keep(conn, topic, &greatest)?;
    Ok(lost)
}

const INSERT: &str = "
    INSERT OR IGNORE INTO entry_writes (topic, key, ms, counter, author, id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

fn insert(conn: &Connection, topic: TopicId, written: &[&Written]) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(INSERT)?;
    for new in written {
        insert.execute(place!(topic, new))?;
    }
    Ok(())
}

const KEEP: &str = "
    INSERT OR REPLACE INTO entries (topic, key, id, is_deleted, expires_at)
    VALUES (?1, ?2, ?3, ?4, ?5)";

/// These are the greatest of their keys now; of no key there are two.
fn keep(conn: &Connection, topic: TopicId, greatest: &[&Written]) -> rusqlite::Result<()> {
    let mut keep = conn.prepare_cached(KEEP)?;
    for new in greatest {
        let expires_at = new.expires_at.map(|at| to_column(at.0));
        keep.execute(params![
            topic.0,
            new.key.as_str().as_bytes(),
            new.rank.id.0,
            new.is_deleted,
            expires_at,
        ])?;
    }
    Ok(())
}

/// A write that lost goes.
pub(super) fn forget(conn: &Connection, topic: TopicId, entry: &Entry<'_>) -> rusqlite::Result<()> {
    sql::execute(conn, FORGET, place!(topic, entry))?;
    Ok(())
}

/// The place in its topic of the event of a write: its clock agrees with its time.
pub(super) fn order(rank: EntryRank) -> EventOrder {
    EventOrder {
        created_at: rank.clock.at().secs(),
        ms: rank.clock.at().subsec_ms(),
        id: rank.id,
    }
}

/// The one before, and what its event is to the set, if that is stored.
fn before(row: &Row<'_>) -> rusqlite::Result<(EntryRank, Option<Member>)> {
    let rank = rank(row)?;
    let is_keyed: Option<bool> = row.get(4)?;
    let (replaced_at, until) = (optional_time(row, 5)?, optional_time(row, 6)?);
    let member = is_keyed.map(|is_keyed| Member {
        order: order(rank),
        standing: standing(is_keyed, replaced_at),
        until,
    });
    Ok((rank, member))
}

/// The rank in the first four columns.
fn rank(row: &Row<'_>) -> rusqlite::Result<EntryRank> {
    Ok(EntryRank {
        clock: Hlc {
            ms: time(row, 0)?.0,
            counter: row.get(1)?,
        },
        author: AuthorId(row.get(2)?),
        id: EventId(row.get(3)?),
    })
}
