//! Which write to each key counts.
//!
//! Owns the statements that keep all writes in their order and the greatest of each key, in the
//! transaction of the events; the order is [`EntryRank`]'s. Must never ask when a write came.

use kukuri_domain::{
    AuthorId, EntryKey, EventId, EventOrder, TopicId, UnixMs,
    entry::{Entry, EntryRank, Hlc},
    event::membership::Member,
};
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::{
    apply::{blob, statement},
    events::{chunks, rows_sql},
    membership::standing,
    script::Script,
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
const BESIDE: &str = "
    SELECT wanted.key,
        (SELECT w.ms || ',' || w.counter || ',' || hex(w.author) || ',' || hex(w.id) || ','
                || ifnull(t.keyed, '') || ',' || ifnull(t.replaced_at, '') || ','
                || ifnull(t.until, '')
            FROM entry_writes w
            LEFT JOIN topic_events t ON t.topic = ?1 AND t.created_at = w.ms / 1000
                AND t.ms = w.ms % 1000 AND t.id = w.id
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

/// A write that lost.
pub(super) struct Lost {
    pub(super) rank: EntryRank,
    pub(super) by: EntryRank,
    /// What its event is to the set so far, if that was read.
    pub(super) member: Option<Member>,
}

/// Notes new writes. Returns who lost to whom: of each that is new, and of each that one of them
/// comes next after. Those before it in rank have lost to others already.
pub(super) async fn note<C: ConnectionTrait>(
    script: &mut Script<'_, C>,
    topic: TopicId,
    written: &[&Written],
) -> Result<Vec<Lost>, DbErr> {
    insert(script, topic, written).await?;
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
    let rows = script.rows(BESIDE, values).await?;
    let (mut lost, mut greatest) = (Vec::new(), Vec::new());
    // One row for each element of the list, which says its place in it.
    for row in rows {
        let place: u32 = row.try_get_by_index(0)?;
        let new = written[place as usize];
        let text_at = |column| row.try_get_by_index::<Option<String>>(column);
        let damaged = || DbErr::Type("a row of entry_writes".to_owned());
        if let Some(text) = text_at(1)? {
            let (rank, member) = previous(&text).ok_or_else(damaged)?;
            let by = new.rank;
            lost.push(Lost { rank, by, member });
        }
        match text_at(2)? {
            Some(text) => lost.push(Lost {
                rank: new.rank,
                by: rank(&mut text.split(',')).ok_or_else(damaged)?,
                member: None,
            }),
            None => greatest.push(new),
        }
    }
    keep(script, topic, &greatest).await?;
    Ok(lost)
}

async fn insert<C: ConnectionTrait>(
    script: &mut Script<'_, C>,
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
        script.add(&sql, values).await?;
    }
    Ok(())
}

/// These are the greatest of their keys now; of no key there are two.
async fn keep<C: ConnectionTrait>(
    script: &mut Script<'_, C>,
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
        script.add(&sql, values).await?;
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

/// What [`BESIDE`] writes of the one before.
fn previous(text: &str) -> Option<(EntryRank, Option<Member>)> {
    let mut parts = text.split(',');
    let rank = rank(&mut parts)?;
    let mut number = || -> Option<Option<u64>> {
        match parts.next()? {
            "" => Some(None),
            // As in `rank`.
            part => part.parse().ok().map(Some),
        }
    };
    let (keyed, replaced_at, until) = (number()?, number()?, number()?);
    let member = keyed.map(|keyed| Member {
        order: order(rank),
        standing: standing(keyed != 0, replaced_at.map(UnixMs)),
        until: until.map(UnixMs),
    });
    Some((rank, member))
}

/// A rank as [`BESIDE`] writes it. Whatever does not read is damage, which the caller names.
fn rank<'t>(parts: &mut impl Iterator<Item = &'t str>) -> Option<EntryRank> {
    // The reason why it does not read is of no use: the whole row is damaged.
    let clock = Hlc {
        ms: parts.next()?.parse().ok()?,
        counter: parts.next()?.parse().ok()?,
    };
    let author: AuthorId = parts.next()?.parse().ok()?;
    let id: EventId = parts.next()?.parse().ok()?;
    Some(EntryRank { clock, author, id })
}
