//! Schema 3: what events say about each other: answers, reactions, deletions, and profiles.
//!
//! Owns its SQL, which never changes again, and reads what was stored before. It notes that by
//! the writer's own statements: whoever changes their tables in a later schema has to keep a copy
//! of today's here.

use kukuri_domain::{EventId, EventOrder, TopicId};
use sea_orm::Statement;
use sea_orm_migration::prelude::*;

use crate::{
    convert::{blob, to_column, topic_and_event},
    writer::conversation::{Said, note},
};

const SQL: &str = "
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

/// Events that say something about others, in the order of the table.
const EARLIER: &str = r#"
    SELECT t.topic AS topic, e.*, NULL AS sent_to, NULL AS held_by
    FROM topic_events t CROSS JOIN events e ON e.id = t.id
    WHERE (t.topic, t.created_at, t.ms, t.id) > (?1, ?2, ?3, ?4)
        AND (e.kind IN (0, 5, 7) OR (t.is_post
            AND (e.tags LIKE '%["e",%' OR e.tags LIKE '%["q",%')))
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
            let events = rows
                .iter()
                .map(topic_and_event)
                .collect::<Result<Vec<_>, _>>()?;
            let Some((topic, last)) = events.last() else {
                return Ok(());
            };
            after = (*topic, last.order());
            let said = events.iter().map(|(topic, event)| Said {
                topic: *topic,
                author: event.author(),
                order: event.order(),
                meaning: event.meaning(),
            });
            // No answer waits for any of them: all are stored.
            note(conn, &said.collect::<Vec<_>>(), &[]).await?;
        }
    }
}
