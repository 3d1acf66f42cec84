//! What follows for a reader when events come, are read, or their author is muted.
//!
//! Owns the numbers of a topic, which are kept in the transaction of the events that they count,
//! and the queue of the search index. Must never count an event twice: it is given those only
//! that are new in their topic.

use std::collections::{BTreeMap, btree_map::Entry};

use kukuri_domain::{
    AuthorId, EventId, EventOrder, TopicId,
    entry::Hlc,
    event::{Meaning, is_post},
};
use sea_orm::{ConnectionTrait, DbErr};

use super::{
    apply::{array, blob, statement},
    conversation::{self, Said},
    events::{Candidate, chunks, rows_sql},
    script::Script,
};
use crate::convert::to_column;

/// What a topic gained in a group.
#[derive(Default)]
pub(super) struct Gain {
    events: i64,
    posts: i64,
    unread: i64,
    bytes: i64,
    /// The greatest clock of its entries.
    clock: Option<Hlc>,
}

/// What a topic has come to.
pub(super) struct Total {
    pub(super) topic: TopicId,
    /// How much room it takes.
    pub(super) bytes: u64,
    /// The greatest clock of all its entries, if some came.
    pub(super) clock: Option<Hlc>,
}

/// A place as the columns hold it, of which the first is before everything.
pub(super) type Mark = (i64, i64, Vec<u8>);

pub(super) fn mark_of(order: EventOrder) -> Mark {
    let EventOrder { created_at, ms, id } = order;
    (to_column(created_at), ms.into(), id.0.into())
}

/// Notes new posts for their author's pages and for the search index, and what new events say about
/// others. `bytes` is how much room each of them takes; returns what topics gain.
pub(super) async fn note_new<C: ConnectionTrait>(
    script: &mut Script<'_, C>,
    fresh: &[&Candidate<'_>],
    bytes: &[u64],
) -> Result<BTreeMap<TopicId, Gain>, DbErr> {
    let posts: Vec<_> = fresh.iter().filter(|c| is_post(c.event.kind())).collect();
    insert_author_posts(script, &posts).await?;
    insert_unindexed(script, &posts).await?;
    note_said(script, fresh, &posts).await?;
    let mut marks: BTreeMap<TopicId, Mark> = BTreeMap::new();
    let mut gains: BTreeMap<TopicId, Gain> = BTreeMap::new();
    for (new, bytes) in fresh.iter().zip(bytes) {
        let gain = gains.entry(new.topic).or_default();
        gain.events += 1;
        gain.bytes = gain.bytes.saturating_add(to_column(*bytes));
        gain.clock = gain.clock.max(new.event.entry().map(|e| e.rank.clock));
        if is_post(new.event.kind()) {
            let mark = match marks.entry(new.topic) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    unknown.insert(read_mark(script.conn().await?, &new.topic).await?)
                }
            };
            gain.posts += 1;
            gain.unread += i64::from(mark_of(new.event.order()) > *mark);
        }
    }
    Ok(gains)
}

/// Counts what topics gained; returns what they have come to.
pub(super) async fn count<C: ConnectionTrait>(
    script: &mut Script<'_, C>,
    gains: BTreeMap<TopicId, Gain>,
) -> Result<Vec<Total>, DbErr> {
    let mut totals = Vec::with_capacity(gains.len());
    for (topic, gain) in gains {
        let clock = gain.clock.unwrap_or_default();
        let values = [
            blob(&topic.0),
            gain.events.into(),
            gain.posts.into(),
            gain.unread.into(),
            gain.bytes.into(),
            to_column(clock.ms).into(),
            clock.counter.into(),
        ];
        let rows = script.rows(GAIN, values).await?;
        let row = rows
            .first()
            .ok_or_else(|| DbErr::RecordNotFound("the totals of a topic".to_owned()))?;
        let number = |column| row.try_get_by_index::<i64>(column);
        let clock = Hlc {
            ms: u64::try_from(number(1)?).unwrap_or(0),
            counter: row.try_get_by_index(2)?,
        };
        totals.push(Total {
            topic,
            bytes: u64::try_from(number(0)?).unwrap_or(0),
            clock: gain.clock.is_some().then_some(clock),
        });
    }
    Ok(totals)
}

/// Notes what the new events say about others.
async fn note_said<C: ConnectionTrait>(
    script: &mut Script<'_, C>,
    fresh: &[&Candidate<'_>],
    posts: &[&&Candidate<'_>],
) -> Result<(), DbErr> {
    let said = fresh.iter().map(|new| Said {
        topic: new.topic,
        author: new.event.author(),
        order: new.event.order(),
        meaning: new.event.meaning(),
    });
    let says_something = |said: &Said<'_>| {
        use Meaning::{Endpoint, Other, Post};
        !matches!(
            said.meaning,
            Post { reply: None } | Endpoint(_) | Meaning::Entry(_) | Other
        )
    };
    let said: Vec<Said<'_>> = said.filter(says_something).collect();
    let posts: Vec<_> = posts.iter().map(|c| (c.topic, c.event.id())).collect();
    if said.is_empty() && posts.is_empty() {
        return Ok(());
    }
    conversation::note(script.conn().await?, &said, &posts).await
}

const GAIN: &str = "
    INSERT INTO topic_totals (topic, events, posts, unread, bytes, entry_ms, entry_counter)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (topic) DO UPDATE SET
        events = events + excluded.events,
        posts = posts + excluded.posts,
        unread = unread + excluded.unread,
        bytes = bytes + excluded.bytes,
        entry_ms = max(entry_ms, excluded.entry_ms),
        entry_counter = CASE
            WHEN (excluded.entry_ms, excluded.entry_counter) > (entry_ms, entry_counter)
            THEN excluded.entry_counter ELSE entry_counter END
    RETURNING bytes, entry_ms, entry_counter";

const MARK: &str = "SELECT read_at, read_ms, read_id FROM topic_totals WHERE topic = ?1";

pub(super) async fn read_mark(conn: &impl ConnectionTrait, topic: &TopicId) -> Result<Mark, DbErr> {
    let row = conn
        .query_one_raw(statement(conn, MARK, [blob(&topic.0)]))
        .await?;
    match row {
        Some(row) => Ok((
            row.try_get_by_index(0)?,
            row.try_get_by_index(1)?,
            row.try_get_by_index(2)?,
        )),
        None => Ok((-1, -1, Vec::new())),
    }
}

async fn insert_author_posts<C: ConnectionTrait>(
    script: &mut Script<'_, C>,
    posts: &[&&Candidate<'_>],
) -> Result<(), DbErr> {
    const HEAD: &str =
        "INSERT OR FAIL INTO author_posts (topic, author, created_at, ms, id) VALUES ";
    for chunk in chunks(posts) {
        let values = chunk.iter().flat_map(|c| {
            let order = c.event.order();
            [
                blob(&c.topic.0),
                blob(&c.event.author().0),
                to_column(order.created_at).into(),
                order.ms.into(),
                blob(&order.id.0),
            ]
        });
        let sql = rows_sql(HEAD, 5, chunk.len(), "");
        script.add(&sql, values).await?;
    }
    Ok(())
}

async fn insert_unindexed<C: ConnectionTrait>(
    script: &mut Script<'_, C>,
    posts: &[&&Candidate<'_>],
) -> Result<(), DbErr> {
    const HEAD: &str = "INSERT OR FAIL INTO unindexed (topic, id) VALUES ";
    for chunk in chunks(posts) {
        let values = chunk
            .iter()
            .flat_map(|c| [blob(&c.topic.0), blob(&c.event.id().0)]);
        let sql = rows_sql(HEAD, 2, chunk.len(), "");
        script.add(&sql, values).await?;
    }
    Ok(())
}

const SET_MARK: &str = "
    INSERT INTO topic_totals (topic, read_at, read_ms, read_id) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (topic) DO UPDATE SET
        read_at = excluded.read_at, read_ms = excluded.read_ms, read_id = excluded.read_id
    WHERE (excluded.read_at, excluded.read_ms, excluded.read_id) > (read_at, read_ms, read_id)";

const RECOUNT: &str = "
    UPDATE topic_totals SET unread = (
        SELECT COUNT(*) FROM topic_events
        WHERE topic = ?1 AND is_post AND (created_at, ms, id) > (?2, ?3, ?4))
    WHERE topic = ?1";

/// Moves the read mark forward. What lies after it is counted anew: ordinarily nothing does.
pub(super) async fn mark_read(
    conn: &impl ConnectionTrait,
    topic: &TopicId,
    up_to: EventOrder,
) -> Result<(), DbErr> {
    let (at, ms, id) = mark_of(up_to);
    let values = || [blob(&topic.0), at.into(), ms.into(), id.clone().into()];
    let moved = conn
        .execute_raw(statement(conn, SET_MARK, values()))
        .await?
        .rows_affected();
    if moved > 0 {
        conn.execute_raw(statement(conn, RECOUNT, values())).await?;
    }
    Ok(())
}

/// Mutes an author or shows it again; returns whether that changed anything.
pub(super) async fn set_muted(
    conn: &impl ConnectionTrait,
    author: &AuthorId,
    is_muted: bool,
) -> Result<bool, DbErr> {
    let sql = match is_muted {
        true => "INSERT OR IGNORE INTO muted (author) VALUES (?1)",
        false => "DELETE FROM muted WHERE author = ?1",
    };
    let changed = conn
        .execute_raw(statement(conn, sql, [blob(&author.0)]))
        .await?;
    Ok(changed.rows_affected() > 0)
}

/// A post that waits for the search index.
pub(super) struct Waiting {
    pub(super) seq: i64,
    pub(super) topic: TopicId,
    pub(super) order: EventOrder,
    pub(super) content: String,
}

const WAITING: &str = "
    SELECT u.seq, u.topic, u.id, e.created_at, e.ms, e.content
    FROM unindexed u CROSS JOIN events e ON e.id = u.id
    CROSS JOIN topic_events t
        ON t.topic = u.topic AND t.created_at = e.created_at AND t.ms = e.ms AND t.id = e.id
    WHERE u.seq > ?1 ORDER BY u.seq LIMIT ?2";

#[cfg(test)]
pub(super) const QUERIES: &[&str] = &[MARK, RECOUNT, WAITING];

/// The first of those that wait after a place in the queue.
pub(super) async fn waiting(
    conn: &impl ConnectionTrait,
    after: i64,
    limit: usize,
) -> Result<Vec<Waiting>, DbErr> {
    let values = [after.into(), to_column(limit as u64).into()];
    let rows = conn.query_all_raw(statement(conn, WAITING, values)).await?;
    let waiting = rows.iter().map(|row| {
        let created_at: i64 = row.try_get_by_index(3)?;
        Ok(Waiting {
            seq: row.try_get_by_index(0)?,
            topic: TopicId(array(row, 1)?),
            order: EventOrder {
                created_at: u64::try_from(created_at).unwrap_or(0),
                ms: row.try_get_by_index(4)?,
                id: EventId(array(row, 2)?),
            },
            content: row.try_get_by_index(5)?,
        })
    });
    waiting.collect()
}
