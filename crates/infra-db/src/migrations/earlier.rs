//! Events that were stored before a migration, for what it notes about them.
//!
//! Owns the way through them. Must never hold more than a page: a database may have millions.

use kukuri_domain::{EventId, EventOrder, SignedEvent, TopicId};
use sea_orm::{ConnectionTrait, DbErr, Statement};

use crate::convert::{blob, to_column, topic_and_event};

/// Events of a page.
const PAGE: usize = 1_000;

/// Events of all topics that meet a condition, page by page in the order of `topic_events`.
pub(super) struct EarlierEvents<'a, C> {
    conn: &'a C,
    sql: String,
    after: (TopicId, EventOrder),
}

impl<'a, C: ConnectionTrait> EarlierEvents<'a, C> {
    /// Events of which `condition` is true: SQL about `t`, a row of `topic_events`, and `e`, its
    /// event.
    pub(super) fn such_that(condition: &str, conn: &'a C) -> Self {
        Self {
            conn,
            sql: format!(
                "SELECT t.topic AS topic, e.*, NULL AS sent_to, NULL AS held_by
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
    pub(super) async fn page(&mut self) -> Result<Option<Vec<(TopicId, SignedEvent)>>, DbErr> {
        let (topic, order) = self.after;
        let values = [
            blob(&topic.0),
            to_column(order.created_at).into(),
            order.ms.into(),
            blob(&order.id.0),
        ];
        let backend = self.conn.get_database_backend();
        let page = Statement::from_sql_and_values(backend, self.sql.as_str(), values);
        let rows = self.conn.query_all_raw(page).await?;
        let events = rows.iter().map(topic_and_event);
        let events = events.collect::<Result<Vec<_>, _>>()?;
        let Some((topic, last)) = events.last() else {
            return Ok(None);
        };
        self.after = (*topic, last.order());
        Ok(Some(events))
    }
}
