//! Schema 4: which events belong to the sync set, and until when.
//!
//! Owns its SQL, which never changes again. What was stored before is noted by schema 6, which
//! does so for all that schemas 4 and 5 noted as well.

pub(super) const SQL: &str = "
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
