//! Schema 4: which events belong to the sync set, and until when.
//!
//! Owns its SQL, which never changes again, and reads what was stored before. It notes that by
//! the writer's own statements: whoever changes their tables in a later schema has to keep a copy
//! of today's here.

use sea_orm_migration::prelude::*;

use super::earlier::EarlierEvents;
use crate::writer::membership::{Fresh, note};

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

/// Events that end, end others or stand in a place.
const EARLIER: &str = r#"e.kind IN (0, 5) OR e.tags LIKE '%["expiration",%'"#;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

// The trait's macro ties the lifetime to the one it was written with: left out.
#[allow(elided_lifetimes_in_paths)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let conn = manager.get_connection();
        conn.execute_unprepared(SQL).await?;
        let mut earlier = EarlierEvents::such_that(EARLIER, conn);
        while let Some(events) = earlier.page().await? {
            let fresh = events.iter().map(|(topic, event)| Fresh::of(*topic, event));
            note(conn, &fresh.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }
}
