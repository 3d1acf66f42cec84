//! A group of changes as SQL.
//!
//! Owns the order within a group (events first, so that what is said about them finds them) and
//! the statements about topics and posts. Must never begin or end a transaction.

use std::ops::Range;

use kukuri_application::ports::{JoinedTopic, PostState};
use kukuri_domain::{EventId, PeerId, TopicId, UnixMs};
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait as _, IntoActiveModel as _, QueryResult, Statement, Value,
    sea_query::OnConflict,
};

use super::{
    Write, Written, conversation, events,
    membership::Change,
    peers,
    reading::{self, Total},
};
pub(super) use crate::convert::blob;
use crate::{
    convert::{ids_column, to_column, topic_row},
    entities::topic,
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
pub(super) async fn all(
    conn: &impl ConnectionTrait,
    writes: &[Write],
    sets: &SyncSets,
) -> Result<Applied, DbErr> {
    let inserted = events::insert(conn, writes, sets).await?;
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
            } => sent(conn, topic, ids, *neighbours).await?,
            Write::Held { topic, peer, ids } => held(conn, topic, peer, ids).await?,
            Write::Complete {
                topic,
                peer,
                written,
            } => complete(conn, topic, peer, written).await?,
            Write::Join(topic) => join(conn, topic).await?,
            Write::Leave(topic) => leave(conn, topic).await?,
            Write::Contact {
                topic,
                peer,
                contact,
                at,
            } => {
                peers::note_contact(conn, topic, peer, contact, *at).await?;
                Written::Done
            }
            Write::DhtNodes(nodes) => {
                peers::remember_dht_nodes(conn, nodes).await?;
                Written::Done
            }
            Write::Read { topic, up_to } => {
                reading::mark_read(conn, topic, *up_to).await?;
                Written::Done
            }
            Write::Mute { author, is_muted } => {
                Written::Changed(reading::set_muted(conn, author, *is_muted).await?)
            }
            Write::Profile {
                author,
                profile,
                at,
            } => {
                conversation::note_own_profile(conn, *author, profile, *at).await?;
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

async fn sent(
    conn: &impl ConnectionTrait,
    topic: &TopicId,
    ids: &[EventId],
    neighbours: u32,
) -> Result<Written, DbErr> {
    let values = [blob(&topic.0), ids_column(ids).into(), neighbours.into()];
    conn.execute_raw(statement(conn, SENT, values)).await?;
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

async fn held(
    conn: &impl ConnectionTrait,
    topic: &TopicId,
    peer: &PeerId,
    ids: &[EventId],
) -> Result<Written, DbErr> {
    let values = [blob(&topic.0), ids_column(ids).into(), blob(&peer.0)];
    note_held(conn, topic, statement(conn, HELD, values)).await
}

// What it was noted for already is passed over by the index of receipts.
const COMPLETE: &str = "
    INSERT OR IGNORE INTO receipts (topic, event, peer)
    SELECT o.topic, o.id, ?2 FROM own_events o CROSS JOIN events e ON e.id = o.id
    WHERE o.topic = ?1 AND e.created_at * 1000 + e.ms >= ?3 AND e.created_at * 1000 + e.ms < ?4
    RETURNING event";

/// A peer holds all own events that were written within a time.
async fn complete(
    conn: &impl ConnectionTrait,
    topic: &TopicId,
    peer: &PeerId,
    written: &Range<UnixMs>,
) -> Result<Written, DbErr> {
    let values = [
        blob(&topic.0),
        blob(&peer.0),
        to_column(written.start.0).into(),
        to_column(written.end.0).into(),
    ];
    note_held(conn, topic, statement(conn, COMPLETE, values)).await
}

/// Counts what the statement inserts.
async fn note_held(
    conn: &impl ConnectionTrait,
    topic: &TopicId,
    insert: Statement,
) -> Result<Written, DbErr> {
    let rows = conn.query_all_raw(insert).await?;
    if rows.is_empty() {
        return Ok(Written::Grown(Vec::new()));
    }
    let new = rows.iter().map(event_id).collect::<Result<Vec<_>, _>>()?;
    let values = [blob(&topic.0), ids_column(&new).into()];
    let rows = conn.query_all_raw(statement(conn, GROWN, values)).await?;
    let grown = rows.iter().map(|row| {
        let state = PostState {
            sent_to: row.try_get_by_index(1)?,
            held_by: row.try_get_by_index(2)?,
        };
        Ok((event_id(row)?, state))
    });
    grown.collect::<Result<_, DbErr>>().map(Written::Grown)
}

async fn join(conn: &impl ConnectionTrait, topic: &JoinedTopic) -> Result<Written, DbErr> {
    let mut is_known = OnConflict::column(topic::Column::Id);
    topic::Entity::insert(topic_row(topic).into_active_model())
        .on_conflict(is_known.do_nothing().to_owned())
        .exec_without_returning(conn)
        .await?;
    Ok(Written::Done)
}

async fn leave(conn: &impl ConnectionTrait, topic: &TopicId) -> Result<Written, DbErr> {
    let left = topic::Entity::delete_by_id(topic.0.to_vec())
        .exec(conn)
        .await?;
    Ok(Written::Changed(left.rows_affected > 0))
}

/// A statement of this module or its siblings.
pub(super) fn statement(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), sql, values)
}

/// The id in the first column.
fn event_id(row: &QueryResult) -> Result<EventId, DbErr> {
    array(row, 0).map(EventId)
}

/// A blob of a fixed length in a column.
pub(super) fn array<const N: usize>(row: &QueryResult, column: usize) -> Result<[u8; N], DbErr> {
    let blob: Vec<u8> = row.try_get_by_index(column)?;
    let wrong = |blob: Vec<u8>| DbErr::Type(format!("{} bytes where {N} belong", blob.len()));
    blob.try_into().map_err(wrong)
}
