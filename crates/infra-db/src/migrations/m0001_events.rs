//! Schema 1: events in topics, own posts and who holds them, topics, known peers, DHT nodes.
//!
//! Owns its SQL, which never changes again. Times are milliseconds since the Unix epoch, except
//! `created_at`, which is the signed second.

pub(super) const SQL: &str = "
-- Every event once, in whatever topics it is.
CREATE TABLE events (
    id          BLOB    NOT NULL PRIMARY KEY,
    author      BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    ms          INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    tags        TEXT    NOT NULL, -- JSON as in NIP-01
    content     TEXT    NOT NULL,
    sig         BLOB    NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;

-- A topic's events in their order, so that a page of history is one range.
CREATE TABLE topic_events (
    topic      BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    ms         INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    PRIMARY KEY (topic, created_at, ms, id)
) STRICT, WITHOUT ROWID;

-- Events written here. held_by counts their rows in receipts.
CREATE TABLE own_events (
    topic   BLOB    NOT NULL,
    id      BLOB    NOT NULL,
    sent_to INTEGER NOT NULL DEFAULT 0,
    held_by INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX own_events_unsent ON own_events (topic) WHERE sent_to = 0;

CREATE TABLE receipts (
    topic BLOB NOT NULL,
    event BLOB NOT NULL,
    peer  BLOB NOT NULL,
    PRIMARY KEY (topic, event, peer)
) STRICT, WITHOUT ROWID;

-- Topics that are joined.
CREATE TABLE topics (
    id         BLOB    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    visibility TEXT    NOT NULL CHECK (visibility IN ('public', 'private')),
    epoch      INTEGER NOT NULL,
    joined_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Peers that were members of a topic, joined or left.
CREATE TABLE known_peers (
    topic        BLOB    NOT NULL,
    peer         BLOB    NOT NULL,
    addresses    TEXT    NOT NULL, -- JSON list of texts, latest first
    score        INTEGER NOT NULL,
    last_success INTEGER NOT NULL,
    last_failure INTEGER,
    failures     INTEGER NOT NULL, -- since the last success
    PRIMARY KEY (topic, peer)
) STRICT, WITHOUT ROWID;

CREATE TABLE dht_nodes (
    place   INTEGER NOT NULL PRIMARY KEY,
    address TEXT    NOT NULL
) STRICT;
";
