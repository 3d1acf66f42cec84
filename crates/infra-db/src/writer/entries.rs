//! Which write to each key counts.
//!
//! Owns the statements that keep all writes in their order and the greatest of each key, in the
//! transaction of the events; the order is [`EntryRank`]'s. Must never ask when a write came.

use kukuri_domain::{
    AuthorId, EntryKey, EventId, EventOrder, TopicId, UnixMs,
    entry::{Entry, EntryRank, Hlc},
};
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::{
    apply::{blob, statement},
    events::{chunks, rows_sql},
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

const BESIDE: &str = "
    SELECT wanted.key,
        (SELECT w.ms || ',' || w.counter || ',' || hex(w.author) || ',' || hex(w.id)
            FROM entry_writes w
            WHERE w.topic = ?1 AND w.key = unhex(wanted.value ->> 0)
                AND (w.ms, w.counter, w.author, w.id) < (
                    wanted.value ->> 1, wanted.value ->> 2,
                    unhex(wanted.value ->> 3), unhex(wanted.value ->> 4))
            ORDER BY w.ms DESC, w.counter DESC, w.author DESC, w.id DESC LIMIT 1),
        (SELECT w.ms || ',' || w.counter || ',' || hex(w.author) || ',' || hex(w.id)
            FROM entry_writes w
            WHERE w.topic = ?1 AND w.key = unhex(wanted.value ->> 0)
                AND (w.ms, w.counter, w.author, w.id) > (
                    wanted.value ->> 1, wanted.value ->> 2,
                    unhex(wanted.value ->> 3), unhex(wanted.value ->> 4))
            ORDER BY w.ms, w.counter, w.author, w.id LIMIT 1)
    FROM json_each(?2) wanted";

const FORGET: &str = "
    DELETE FROM entry_writes
    WHERE topic = ?1 AND key = ?2 AND ms = ?3 AND counter = ?4 AND author = ?5 AND id = ?6";

#[cfg(test)]
pub(super) const QUERIES: &[&str] = &[BESIDE, FORGET];

/// Notes new writes. Returns who lost to whom: of each that is new, and of each that one of them
/// comes next after. Those before it in rank have lost to others already.
pub(super) async fn note(
    conn: &impl ConnectionTrait,
    topic: TopicId,
    written: &[&Written],
) -> Result<Vec<(EntryRank, EntryRank)>, DbErr> {
    insert(conn, topic, written).await?;
    let beside = written.iter().map(|new| {
        let EntryRank { clock, author, id } = new.rank;
        serde_json::json!([
            hex::encode(new.key.as_str()),
            to_column(clock.ms),
            clock.counter,
            hex::encode(author.0),
            hex::encode(id.0)
        ])
    });
    let beside: serde_json::Value = beside.collect();
    let values = [blob(&topic.0), beside.to_string().into()];
    let rows = conn.query_all_raw(statement(conn, BESIDE, values)).await?;
    let (mut lost, mut greatest) = (Vec::new(), Vec::new());
    // One row for each element of the list, which says its place in it.
    for row in rows {
        let place: u32 = row.try_get_by_index(0)?;
        let new = written[place as usize];
        let rank_at = |column| -> Result<Option<EntryRank>, DbErr> {
            let text: Option<String> = row.try_get_by_index(column)?;
            let damaged = || DbErr::Type("a row of entry_writes".to_owned());
            text.map(|text| rank(&text).ok_or_else(damaged)).transpose()
        };
        if let Some(previous) = rank_at(1)? {
            lost.push((previous, new.rank));
        }
        match rank_at(2)? {
            Some(next) => lost.push((new.rank, next)),
            None => greatest.push(new),
        }
    }
    keep(conn, topic, &greatest).await?;
    Ok(lost)
}

async fn insert(
    conn: &impl ConnectionTrait,
    topic: TopicId,
    written: &[&Written],
) -> Result<(), DbErr> {
    const HEAD: &str =
        "INSERT OR IGNORE INTO entry_writes (topic, key, ms, counter, author, id) VALUES ";
    for chunk in chunks(written) {
        let values = chunk
            .iter()
            .flat_map(|new| place(topic, &new.key, new.rank));
        let sql = rows_sql(HEAD, 6, chunk.len(), "");
        conn.execute_raw(statement(conn, &sql, values)).await?;
    }
    Ok(())
}

/// These are the greatest of their keys now; of no key there are two.
async fn keep(
    conn: &impl ConnectionTrait,
    topic: TopicId,
    greatest: &[&Written],
) -> Result<(), DbErr> {
    const HEAD: &str =
        "INSERT OR REPLACE INTO entries (topic, key, id, is_deleted, expires_at) VALUES ";
    for chunk in chunks(greatest) {
        let values = chunk.iter().flat_map(|new| -> [Value; 5] {
            [
                blob(&topic.0),
                blob(new.key.as_str().as_bytes()),
                blob(&new.rank.id.0),
                i64::from(new.is_deleted).into(),
                new.expires_at.map(|at| to_column(at.0)).into(),
            ]
        });
        let sql = rows_sql(HEAD, 5, chunk.len(), "");
        conn.execute_raw(statement(conn, &sql, values)).await?;
    }
    Ok(())
}

/// A write that lost goes.
pub(super) async fn forget(
    conn: &impl ConnectionTrait,
    topic: TopicId,
    entry: &Entry<'_>,
) -> Result<(), DbErr> {
    let values = place(topic, &entry.key, entry.rank);
    conn.execute_raw(statement(conn, FORGET, values)).await?;
    Ok(())
}

fn place(topic: TopicId, key: &EntryKey, rank: EntryRank) -> [Value; 6] {
    [
        blob(&topic.0),
        blob(key.as_str().as_bytes()),
        to_column(rank.clock.ms).into(),
        rank.clock.counter.into(),
        blob(&rank.author.0),
        blob(&rank.id.0),
    ]
}

/// The place in its topic of the event of a write: its clock agrees with its time.
pub(super) fn order(rank: EntryRank) -> EventOrder {
    EventOrder {
        created_at: rank.clock.at().secs(),
        ms: rank.clock.at().subsec_ms(),
        id: rank.id,
    }
}

/// A rank as [`BESIDE`] writes it.
fn rank(text: &str) -> Option<EntryRank> {
    let mut parts = text.split(',');
    let mut part = || parts.next();
    // Whatever does not read is damage, which the caller names.
    let clock = Hlc {
        ms: part()?.parse().ok()?,
        counter: part()?.parse().ok()?,
    };
    let author: AuthorId = part()?.parse().ok()?;
    let id: EventId = part()?.parse().ok()?;
    Some(EntryRank { clock, author, id })
}
