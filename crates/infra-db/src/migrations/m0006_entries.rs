//! Schema 6: entries, and when what stands in a place was surpassed there.
//!
//! Owns its SQL, which never changes again, and reads what was stored before. It notes that by
//! the writer's own statements: whoever changes their tables in a later schema has to keep a copy
//! of today's here.

use rusqlite::Connection;

use super::earlier::EarlierEvents;
use crate::writer::membership::{Fresh, note};

pub(super) const SQL: &str = "
-- When a greater event in the place of this one was written, in milliseconds; null for never, and
-- for what is not keyed.
ALTER TABLE topic_events ADD COLUMN replaced_at INTEGER;

-- Every write to a key, in the order in which they count: the clock, the author, the id.
CREATE TABLE entry_writes (
    topic   BLOB    NOT NULL,
    key     BLOB    NOT NULL,
    ms      INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    author  BLOB    NOT NULL,
    id      BLOB    NOT NULL,
    PRIMARY KEY (topic, key, ms, counter, author, id)
) STRICT, WITHOUT ROWID;

-- The greatest of each key: what is there now. Milliseconds.
CREATE TABLE entries (
    topic      BLOB    NOT NULL,
    key        BLOB    NOT NULL,
    id         BLOB    NOT NULL,
    is_deleted INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (topic, key)
) STRICT, WITHOUT ROWID;

-- Those with a value, so that a list does not walk over what was deleted.
CREATE INDEX entries_with_value ON entries (topic, key) WHERE is_deleted = 0;

-- The greatest clock of a topic's writes.
ALTER TABLE topic_totals ADD COLUMN entry_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE topic_totals ADD COLUMN entry_counter INTEGER NOT NULL DEFAULT 0;
";

/// The greatest clock of the writes that were there before.
const CLOCKS: &str = "
UPDATE topic_totals SET (entry_ms, entry_counter) = (
    SELECT w.ms, w.counter FROM entry_writes w WHERE w.topic = topic_totals.topic
    ORDER BY w.ms DESC, w.counter DESC LIMIT 1)
WHERE EXISTS (SELECT 1 FROM entry_writes w WHERE w.topic = topic_totals.topic);
";

/// Events that end, end others or stand in a place.
const EARLIER: &str = r#"e.kind IN (0, 5, 30078) OR e.tags LIKE '%["expiration",%'"#;

/// Notes what was stored before.
pub(super) fn note_earlier(conn: &Connection) -> rusqlite::Result<()> {
    let mut earlier = EarlierEvents::such_that(EARLIER, conn);
    while let Some(events) = earlier.page()? {
        let fresh = events.iter().map(|(topic, event)| Fresh::of(*topic, event));
        note(conn, &fresh.collect::<Vec<_>>())?;
    }
    conn.execute_batch(CLOCKS)
}
