//! Schema 4: which events belong to the sync set, and until when.
//!
//! Owns its SQL, which never changes again, and reads what was stored before. It notes that by
//! the writer's own statements: whoever changes their tables in a later schema has to keep a copy
//! of today's here.

use kukuri_domain::{EventId, EventOrder, TopicId};
use sea_orm::Statement;
use sea_orm_migration::prelude::*;

use crate::{
    convert::{blob, to_column, topic_and_event},
    writer::membership::{Fresh, note},
};

const SQL: &str = "
-- From when on the event no longer belongs to the set, in milliseconds; null for never.
ALTER TABLE topic_events ADD COLUMN until INTEGER;

-- Whether the event stands in a place of which only the latest counts.
ALTER TABLE topic_events ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0;

-- Every deletion, by what it names. Milliseconds.
CREATE TABLE taken_back (
    topic  BLOB    NOT NULL,
    target BLOB    NOT NULL,
    author BLOB    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (topic, target, author, at)
) STRICT, WITHOUT ROWID;

-- Keyed events, by their places.
CREATE TABLE places (
    topic      BLOB    NOT NULL,
    author     BLOB    NOT NULL,
    place      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    ms         INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    PRIMARY KEY (topic, author, place, created_at, ms, id)
) STRICT, WITHOUT ROWID;
";

/// Events that end, end others or stand in a place, in the order of the table.
const EARLIER: &str = r#"
    SELECT t.topic AS topic, e.*, NULL AS sent_to, NULL AS held_by
    FROM topic_events t CROSS JOIN events e ON e.id = t.id
    WHERE (t.topic, t.created_at, t.ms, t.id) > (?1, ?2, ?3, ?4)
        AND (e.kind IN (0, 5) OR e.tags LIKE '%["expiration",%')
    ORDER BY t.topic, t.created_at, t.ms, t.id
    LIMIT 1000"#;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

// The trait's macro ties the lifetime to the one it was written with: left out.
#[allow(elided_lifetimes_in_paths)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let conn = manager.get_connection();
        conn.execute_unprepared(SQL).await?;
        let mut after = (
            TopicId([0; 32]),
            EventOrder {
                created_at: 0,
                ms: 0,
                id: EventId([0; 32]),
            },
        );
        loop {
            let (topic, order) = after;
            let values = [
                blob(&topic.0),
                to_column(order.created_at).into(),
                order.ms.into(),
                blob(&order.id.0),
            ];
            let backend = conn.get_database_backend();
            let earlier = Statement::from_sql_and_values(backend, EARLIER, values);
            let rows = conn.query_all_raw(earlier).await?;
            let events = rows.iter().map(topic_and_event);
            let events = events.collect::<Result<Vec<_>, _>>()?;
            let Some((topic, last)) = events.last() else {
                return Ok(());
            };
            after = (*topic, last.order());
            let fresh = events.iter().map(|(topic, event)| Fresh::of(*topic, event));
            note(conn, &fresh.collect::<Vec<_>>()).await?;
        }
    }
}
