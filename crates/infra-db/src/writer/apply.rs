//! A group of changes as SQL.
//!
//! Owns the order within a group (events first, so that what is said about them finds them) and
//! the statements about topics and posts. Must never begin or end a transaction.

use std::ops::Range;

use kukuri_application::ports::{JoinedTopic, PostState};
use kukuri_domain::{EventId, PeerId, TopicId, UnixMs};
use rusqlite::{Connection, Params, Row, params};

use super::{
    Write, Written, conversation, events,
    membership::Change,
    peers,
    reading::{self, Total},
    sql,
};
use crate::{
    convert::{ids_column, to_column, visibility_column},
    sets::SyncSets,
};

/// What the changes of a group came to.
pub(super) struct Applied {
    /// Their outcomes, in the same order.
    pub(super) written: Vec<Written>,
    /// How the sync sets changed.
    pub(super) changes: Vec<Change>,
    /// What topics have come to that grew.
    pub(super) totals: Vec<Total>,
}

/// Carries the changes out.
pub(super) fn all(
    conn: &Connection,
    writes: &[Write],
    sets: &SyncSets,
) -> rusqlite::Result<Applied> {
    let inserted = events::insert(conn, writes, sets)?;
    let mut commits = inserted.commits.into_iter();
    let mut results = Vec::with_capacity(writes.len());
    for write in writes {
        results.push(match write {
            Write::Commit { .. } => {
                Written::Commits(commits.next().expect("one outcome for each commit"))
            }
            Write::Sent {
                topic,
                ids,
                neighbours,
            } => sent(conn, topic, ids, *neighbours)?,
            Write::Held { topic, peer, ids } => held(conn, topic, peer, ids)?,
            Write::Complete {
                topic,
                peer,
                written,
            } => complete(conn, topic, peer, written)?,
            Write::Join(topic) => join(conn, topic)?,
            Write::Leave(topic) => leave(conn, topic)?,
            Write::Contact {
                topic,
                peer,
                contact,
                at,
            } => {
                peers::note_contact(conn, topic, peer, contact, *at)?;
                Written::Done
            }
            Write::DhtNodes(nodes) => {
                peers::remember_dht_nodes(conn, nodes)?;
                Written::Done
            }
            Write::Read { topic, up_to } => {
                reading::mark_read(conn, topic, *up_to)?;
                Written::Done
            }
            Write::Mute { author, is_muted } => {
                Written::Changed(reading::set_muted(conn, author, *is_muted)?)
            }
            Write::Profile {
                author,
                profile,
                at,
            } => {
                conversation::note_own_profile(conn, *author, profile, *at)?;
                Written::Done
            }
        });
    }
    Ok(Applied {
        written: results,
        changes: inserted.changes,
        totals: inserted.totals,
    })
}

const SENT: &str = "
    UPDATE own_events SET sent_to = ?3
    WHERE topic = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))";

fn sent(
    conn: &Connection,
    topic: &TopicId,
    ids: &[EventId],
    neighbours: u32,
) -> rusqlite::Result<Written> {
    sql::execute(conn, SENT, params![topic.0, ids_column(ids), neighbours])?;
    Ok(Written::Done)
}

const HELD: &str = "
    INSERT OR IGNORE INTO receipts (topic, event, peer)
    SELECT topic, id, ?3 FROM own_events
    WHERE topic = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))
    RETURNING event";

const GROWN: &str = "
    UPDATE own_events SET held_by = held_by + 1
    WHERE topic = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))
    RETURNING id, sent_to, held_by";

fn held(
    conn: &Connection,
    topic: &TopicId,
    peer: &PeerId,
    ids: &[EventId],
) -> rusqlite::Result<Written> {
    note_held(conn, topic, HELD, params![topic.0, ids_column(ids), peer.0])
}

// What it was noted for already is passed over by the index of receipts.
const COMPLETE: &str = "
    INSERT OR IGNORE INTO receipts (topic, event, peer)
    SELECT o.topic, o.id, ?2 FROM own_events o CROSS JOIN events e ON e.id = o.id
    WHERE o.topic = ?1 AND e.created_at * 1000 + e.ms >= ?3 AND e.created_at * 1000 + e.ms < ?4
    RETURNING event";

/// A peer holds all own events that were written within a time.
fn complete(
    conn: &Connection,
    topic: &TopicId,
    peer: &PeerId,
    written: &Range<UnixMs>,
) -> rusqlite::Result<Written> {
    let (start, end) = (to_column(written.start.0), to_column(written.end.0));
    note_held(conn, topic, COMPLETE, params![topic.0, peer.0, start, end])
}

/// Counts what the statement inserts.
fn note_held(
    conn: &Connection,
    topic: &TopicId,
    insert: &str,
    values: impl Params,
) -> rusqlite::Result<Written> {
    let new = sql::rows(conn, insert, values, event_id)?;
    if new.is_empty() {
        return Ok(Written::Grown(Vec::new()));
    }
    let grown = |row: &Row<'_>| {
        let state = PostState {
            sent_to: row.get(1)?,
            held_by: row.get(2)?,
        };
        Ok((event_id(row)?, state))
    };
    let values = params![topic.0, ids_column(&new)];
    sql::rows(conn, GROWN, values, grown).map(Written::Grown)
}

const JOIN: &str = "
    INSERT INTO topics (id, name, visibility, epoch, joined_at) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (id) DO NOTHING";

fn join(conn: &Connection, topic: &JoinedTopic) -> rusqlite::Result<Written> {
    let values = params![
        topic.id.0,
        topic.name.as_str(),
        visibility_column(topic.visibility),
        to_column(topic.epoch.0),
        to_column(topic.joined_at.0),
    ];
    sql::execute(conn, JOIN, values)?;
    Ok(Written::Done)
}

fn leave(conn: &Connection, topic: &TopicId) -> rusqlite::Result<Written> {
    let left = sql::execute(conn, "DELETE FROM topics WHERE id = ?1", [topic.0])?;
    Ok(Written::Changed(left > 0))
}

/// The id in the first column.
pub(super) fn event_id(row: &Row<'_>) -> rusqlite::Result<EventId> {
    row.get(0).map(EventId)
}
