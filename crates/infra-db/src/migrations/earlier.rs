//! Events that were stored before a migration, for what it notes about them.
//!
//! Owns the way through them. Must never hold more than a page: a database may have millions.

use kukuri_domain::{EventId, EventOrder, SignedEvent, TopicId};
use rusqlite::{Connection, Row, params};

use crate::{
    convert::signed_event,
    writer::{membership::place_of, sql},
};

/// Events of a page.
const PAGE: usize = 1_000;

/// Events of all topics that meet a condition, page by page in the order of `topic_events`.
pub(super) struct EarlierEvents<'a> {
    conn: &'a Connection,
    sql: String,
    after: (TopicId, EventOrder),
}

impl<'a> EarlierEvents<'a> {
    /// Events of which `condition` is true: SQL about `t`, a row of `topic_events`, and `e`, its
    /// event.
    pub(super) fn such_that(condition: &str, conn: &'a Connection) -> Self {
        Self {
            conn,
            sql: format!(
                "SELECT t.topic AS topic, e.*
                FROM topic_events t CROSS JOIN events e ON e.id = t.id
                WHERE (t.topic, t.created_at, t.ms, t.id) > (?1, ?2, ?3, ?4) AND ({condition})
                ORDER BY t.topic, t.created_at, t.ms, t.id
                LIMIT {PAGE}"
            ),
            after: (
                TopicId([0; 32]),
                EventOrder {
                    created_at: 0,
                    ms: 0,
                    id: EventId([0; 32]),
                },
            ),
        }
    }

    /// The next page; `None` after the last one.
    pub(super) fn page(&mut self) -> rusqlite::Result<Option<Vec<(TopicId, SignedEvent)>>> {
        let (topic, order) = self.after;
        let (created_at, ms, id) = place_of(order);
        let values = params![topic.0, created_at, ms, id];
        let read = |row: &Row<'_>| Ok((TopicId(row.get("topic")?), signed_event(row)?));
        let events = sql::rows(self.conn, &self.sql, values, read)?;
        let Some((topic, last)) = events.last() else {
            return Ok(None);
        };
        self.after = (*topic, last.order());
        Ok(Some(events))
    }
}
