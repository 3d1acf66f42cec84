//! Schema 2: what a reader sees: posts by author, numbers per topic, read marks, mutes, and the
//! search index.
//!
//! Owns its SQL, which never changes again. What was stored before is counted at once and
//! indexed in the background, since that takes minutes for a large file.

pub(super) const SQL: &str = "
-- Kinds 1 and 9 are shown.
ALTER TABLE topic_events ADD COLUMN is_post INTEGER NOT NULL DEFAULT 0;
UPDATE topic_events SET is_post = 1
WHERE id IN (SELECT id FROM events WHERE kind IN (1, 9));

-- An author's posts in their order, so that a page of them is one range.
CREATE TABLE author_posts (
    topic      BLOB    NOT NULL,
    author     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    ms         INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    PRIMARY KEY (topic, author, created_at, ms, id)
) STRICT, WITHOUT ROWID;
INSERT INTO author_posts
SELECT t.topic, e.author, t.created_at, t.ms, t.id
FROM topic_events t CROSS JOIN events e ON e.id = t.id
WHERE t.is_post
ORDER BY t.topic, e.author, t.created_at, t.ms, t.id;

-- Kept with each commit. unread counts everybody's posts after the read mark.
CREATE TABLE topic_totals (
    topic   BLOB    NOT NULL PRIMARY KEY,
    events  INTEGER NOT NULL DEFAULT 0,
    posts   INTEGER NOT NULL DEFAULT 0,
    unread  INTEGER NOT NULL DEFAULT 0,
    read_at INTEGER NOT NULL DEFAULT -1, -- the second; before everything until something is read
    read_ms INTEGER NOT NULL DEFAULT -1,
    read_id BLOB    NOT NULL DEFAULT x''
) STRICT, WITHOUT ROWID;
INSERT INTO topic_totals (topic, events, posts, unread)
SELECT topic, COUNT(*), SUM(is_post), SUM(is_post) FROM topic_events GROUP BY topic;

CREATE TABLE muted (
    author BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Posts that the search index does not know yet, as they came.
CREATE TABLE unindexed (
    seq   INTEGER NOT NULL PRIMARY KEY,
    topic BLOB    NOT NULL,
    id    BLOB    NOT NULL
) STRICT;
INSERT INTO unindexed (topic, id)
SELECT topic, id FROM topic_events WHERE is_post ORDER BY created_at, ms, id;

-- Posts that it knows. Places are in the order of time, so that the newest are found first.
CREATE TABLE indexed (
    place INTEGER NOT NULL PRIMARY KEY,
    topic BLOB    NOT NULL,
    id    BLOB    NOT NULL
) STRICT;

-- Terms by place. The texts are split before, so every character but the space is part of one.
CREATE VIRTUAL TABLE terms USING fts5 (
    words,
    content = '', detail = none, columnsize = 0,
    tokenize = \"unicode61 remove_diacritics 0 categories 'L* N* M* S* Co'\"
);
";
