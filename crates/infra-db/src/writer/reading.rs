//! What follows for a reader when events come, are read, or their author is muted.
//!
//! Owns the numbers of a topic, which are kept in the transaction of the events that they count,
//! and the queue of the search index. Must never count an event twice: it is given those only
//! that are new in their topic.

use std::collections::{BTreeMap, btree_map::Entry};

use kukuri_domain::{
    AuthorId, EventOrder, TopicId,
    entry::Hlc,
    event::{Meaning, is_post},
};
use rusqlite::{Connection, Row, params};

use super::{
    conversation::{self, Said},
    events::Candidate,
    membership::{order, place_of, time},
    sql,
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
    let (created_at, ms, id) = place_of(order);
    (created_at, ms.into(), id.into())
}

/// Notes new posts for their author's pages and for the search index, and what new events say about
/// others. `bytes` is how much room each of them takes; returns what topics gain.
pub(super) fn note_new(
    conn: &Connection,
    fresh: &[&Candidate<'_>],
    bytes: &[u64],
) -> rusqlite::Result<BTreeMap<TopicId, Gain>> {
    let posts: Vec<_> = fresh.iter().filter(|c| is_post(c.event.kind())).collect();
    insert_author_posts(conn, &posts)?;
    insert_unindexed(conn, &posts)?;
    note_said(conn, fresh, &posts)?;
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
                Entry::Vacant(unknown) => unknown.insert(read_mark(conn, &new.topic)?),
            };
            gain.posts += 1;
            gain.unread += i64::from(mark_of(new.event.order()) > *mark);
        }
    }
    Ok(gains)
}

/// Counts what topics gained; returns what they have come to.
pub(super) fn count(
    conn: &Connection,
    gains: BTreeMap<TopicId, Gain>,
) -> rusqlite::Result<Vec<Total>> {
    let mut totals = Vec::with_capacity(gains.len());
    for (topic, gain) in gains {
        let clock = gain.clock.unwrap_or_default();
        let values = params![
            topic.0,
            gain.events,
            gain.posts,
            gain.unread,
            gain.bytes,
            to_column(clock.ms),
            clock.counter,
        ];
        let total = |row: &Row<'_>| {
            let bytes: i64 = row.get(0)?;
            let clock = Hlc {
                ms: time(row, 1)?.0,
                counter: row.get(2)?,
            };
            Ok(Total {
                topic,
                bytes: u64::try_from(bytes).unwrap_or(0),
                clock: gain.clock.is_some().then_some(clock),
            })
        };
        totals.extend(sql::rows(conn, GAIN, values, total)?);
    }
    Ok(totals)
}

/// Notes what the new events say about others.
fn note_said(
    conn: &Connection,
    fresh: &[&Candidate<'_>],
    posts: &[&&Candidate<'_>],
) -> rusqlite::Result<()> {
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
    conversation::note(conn, &said, &posts)
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

pub(super) fn read_mark(conn: &Connection, topic: &TopicId) -> rusqlite::Result<Mark> {
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let mark = sql::first(conn, MARK, [topic.0], read)?;
    Ok(mark.unwrap_or((-1, -1, Vec::new())))
}

const INSERT_AUTHOR_POST: &str = "
    INSERT OR FAIL INTO author_posts (topic, author, created_at, ms, id)
    VALUES (?1, ?2, ?3, ?4, ?5)";

fn insert_author_posts(conn: &Connection, posts: &[&&Candidate<'_>]) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(INSERT_AUTHOR_POST)?;
    for post in posts {
        let (created_at, ms, id) = place_of(post.event.order());
        insert.execute(params![
            post.topic.0,
            post.event.author().0,
            created_at,
            ms,
            id
        ])?;
    }
    Ok(())
}

const INSERT_UNINDEXED: &str = "INSERT OR FAIL INTO unindexed (topic, id) VALUES (?1, ?2)";

fn insert_unindexed(conn: &Connection, posts: &[&&Candidate<'_>]) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(INSERT_UNINDEXED)?;
    for post in posts {
        insert.execute([post.topic.0, post.event.id().0])?;
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
pub(super) fn mark_read(
    conn: &Connection,
    topic: &TopicId,
    up_to: EventOrder,
) -> rusqlite::Result<()> {
    let (at, ms, id) = place_of(up_to);
    let values = params![topic.0, at, ms, id];
    if sql::execute(conn, SET_MARK, values)? > 0 {
        sql::execute(conn, RECOUNT, values)?;
    }
    Ok(())
}

/// Mutes an author or shows it again; returns whether that changed anything.
pub(super) fn set_muted(
    conn: &Connection,
    author: &AuthorId,
    is_muted: bool,
) -> rusqlite::Result<bool> {
    let text = match is_muted {
        true => "INSERT OR IGNORE INTO muted (author) VALUES (?1)",
        false => "DELETE FROM muted WHERE author = ?1",
    };
    Ok(sql::execute(conn, text, [author.0])? > 0)
}

/// A post that waits for the search index.
pub(super) struct Waiting {
    pub(super) seq: i64,
    pub(super) topic: TopicId,
    pub(super) order: EventOrder,
    pub(super) content: String,
}

const WAITING: &str = "
    SELECT e.created_at, e.ms, e.id, e.content, u.topic, u.seq
    FROM unindexed u CROSS JOIN events e ON e.id = u.id
    CROSS JOIN topic_events t
        ON t.topic = u.topic AND t.created_at = e.created_at AND t.ms = e.ms AND t.id = e.id
    WHERE u.seq > ?1 ORDER BY u.seq LIMIT ?2";

#[cfg(test)]
pub(super) const QUERIES: &[&str] = &[MARK, RECOUNT, WAITING];

/// The first of those that wait after a place in the queue.
pub(super) fn waiting(
    conn: &Connection,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Waiting>> {
    let read = |row: &Row<'_>| {
        Ok(Waiting {
            seq: row.get("seq")?,
            topic: TopicId(row.get("topic")?),
            order: order(row)?,
            content: row.get("content")?,
        })
    };
    sql::rows(conn, WAITING, params![after, to_column(limit as u64)], read)
}
