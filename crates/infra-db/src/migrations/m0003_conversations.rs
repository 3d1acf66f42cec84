//! Schema 3: what events say about each other: answers, reactions, deletions, and profiles.
//!
//! Owns its SQL, which never changes again, and reads what was stored before. It notes that by
//! the writer's own statements: whoever changes their tables in a later schema has to keep a copy
//! of today's here.

use rusqlite::Connection;

use super::earlier::EarlierEvents;
use crate::writer::conversation::{Said, note};

pub(super) const SQL: &str = "
-- The thread that an answer belongs to. An answer has 2 in topic_events.is_post once the topic
-- holds the root, and is then shown in its thread only.
CREATE TABLE answers (
    topic      BLOB    NOT NULL,
    root       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    ms         INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    PRIMARY KEY (topic, root, created_at, ms, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_id ON answers (topic, id);

-- Roots of answers that the topic does not hold.
CREATE TABLE missing_roots (
    topic BLOB NOT NULL,
    root  BLOB NOT NULL,
    PRIMARY KEY (topic, root)
) STRICT, WITHOUT ROWID;

-- An author's latest reaction of each kind to a post.
CREATE TABLE reactions (
    topic      BLOB    NOT NULL,
    target     BLOB    NOT NULL,
    content    TEXT    NOT NULL,
    author     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    ms         INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    PRIMARY KEY (topic, target, content, author)
) STRICT, WITHOUT ROWID;
CREATE INDEX reactions_by_id ON reactions (topic, id);

-- Who asked for what to be deleted, which is heeded if it was their own. Milliseconds.
CREATE TABLE deletions (
    topic  BLOB    NOT NULL,
    target BLOB    NOT NULL,
    author BLOB    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (topic, target, author)
) STRICT, WITHOUT ROWID;

-- What authors told about themselves last, in each topic. Milliseconds. What was told to no topic
-- yet has none, and no event.
CREATE TABLE profiles (
    author BLOB    NOT NULL,
    topic  BLOB    NOT NULL,
    at     INTEGER NOT NULL,
    id     BLOB    NOT NULL,
    name   TEXT    NOT NULL,
    about  TEXT,
    PRIMARY KEY (author, topic)
) STRICT, WITHOUT ROWID;
CREATE INDEX profiles_by_time ON profiles (at);
";

/// Events that say something about others.
const EARLIER: &str = r#"e.kind IN (0, 5, 7)
    OR (t.is_post AND (e.tags LIKE '%["e",%' OR e.tags LIKE '%["q",%'))"#;

/// Notes what was stored before.
pub(super) fn note_earlier(conn: &Connection) -> rusqlite::Result<()> {
    let mut earlier = EarlierEvents::such_that(EARLIER, conn);
    while let Some(events) = earlier.page()? {
        let said = events.iter().map(|(topic, event)| Said {
            topic: *topic,
            author: event.author(),
            order: event.order(),
            meaning: event.meaning(),
        });
        // No answer waits for any of them: all are stored.
        note(conn, &said.collect::<Vec<_>>(), &[])?;
    }
    Ok(())
}
