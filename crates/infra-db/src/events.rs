//! The port `EventStore`: its queries, and its changes as handed to the writer.
//!
//! Owns the SQL that reads events. Each method is one statement, whatever the number of ids: a
//! look-up by sea-orm costs 46-155 us, most of it on the way to the connection's thread and back.

use std::collections::BTreeSet;

use kukuri_application::ports::{Commit, EventStore, Origin, PostState, StoreError, StoredEvent};
use kukuri_domain::{EventId, EventOrder, PeerId, TopicId, VerifiedEvent};

use crate::{
    convert::{bytes, ids_column, stored_event, to_column},
    database::Database,
    error::store_error,
    writer::{Write, Written},
};

// The joins are written as CROSS JOIN where the order matters: SQLite then keeps it. Without
// statistics it might walk a whole topic to find two ids.

const NEWEST: &str = "
    SELECT e.*, o.sent_to, o.held_by
    FROM topic_events t
    CROSS JOIN events e ON e.id = t.id
    LEFT JOIN own_events o ON o.topic = t.topic AND o.id = t.id
    WHERE t.topic = ?1
    ORDER BY t.created_at DESC, t.ms DESC, t.id DESC
    LIMIT ?2";

const NEWEST_BEFORE: &str = "
    SELECT e.*, o.sent_to, o.held_by
    FROM topic_events t
    CROSS JOIN events e ON e.id = t.id
    LEFT JOIN own_events o ON o.topic = t.topic AND o.id = t.id
    WHERE t.topic = ?1 AND (t.created_at, t.ms, t.id) < (?3, ?4, ?5)
    ORDER BY t.created_at DESC, t.ms DESC, t.id DESC
    LIMIT ?2";

const GET: &str = "
    SELECT e.*, o.sent_to, o.held_by
    FROM json_each(?2) wanted
    CROSS JOIN events e ON e.id = unhex(wanted.value)
    CROSS JOIN topic_events t
        ON t.topic = ?1 AND t.created_at = e.created_at AND t.ms = e.ms AND t.id = e.id
    LEFT JOIN own_events o ON o.topic = t.topic AND o.id = t.id";

const HELD: &str = "
    SELECT e.id
    FROM json_each(?2) wanted
    CROSS JOIN events e ON e.id = unhex(wanted.value)
    CROSS JOIN topic_events t
        ON t.topic = ?1 AND t.created_at = e.created_at AND t.ms = e.ms AND t.id = e.id";

const COUNT: &str = "SELECT COUNT(*) FROM topic_events WHERE topic = ?1";

const UNSENT: &str = "
    SELECT e.*, o.sent_to, o.held_by
    FROM own_events o INDEXED BY own_events_unsent
    CROSS JOIN events e ON e.id = o.id
    WHERE o.topic = ?1 AND o.sent_to = 0
    ORDER BY e.created_at, e.ms, e.id
    LIMIT ?2";

fn blob<const N: usize>(bytes: [u8; N]) -> sea_orm::Value {
    bytes.to_vec().into()
}

#[async_trait::async_trait]
impl EventStore for Database {
    async fn commit(
        &self,
        topic: TopicId,
        events: Vec<VerifiedEvent>,
        origin: Origin,
    ) -> Result<Vec<Commit>, StoreError> {
        let received_at = self.clock.now().unix;
        match self
            .write(Write::Commit {
                topic,
                events,
                origin,
                received_at,
            })
            .await?
        {
            Written::Commits(commits) => Ok(commits),
            _ => unreachable!("a commit is answered by commits"),
        }
    }

    async fn newest(
        &self,
        topic: TopicId,
        limit: u32,
        before: Option<EventOrder>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut values = vec![blob(topic.0), limit.into()];
        let rows = match before {
            None => self.read(NEWEST, values).await?,
            Some(EventOrder { created_at, ms, id }) => {
                values.extend([to_column(created_at).into(), ms.into(), blob(id.0)]);
                self.read(NEWEST_BEFORE, values).await?
            }
        };
        rows.iter().map(stored_event).collect()
    }

    async fn get(&self, topic: TopicId, ids: Vec<EventId>) -> Result<Vec<StoredEvent>, StoreError> {
        let ids: BTreeSet<EventId> = ids.into_iter().collect();
        let rows = self
            .read(GET, [blob(topic.0), ids_column(&ids).into()])
            .await?;
        rows.iter().map(stored_event).collect()
    }

    async fn missing(
        &self,
        topic: TopicId,
        mut ids: Vec<EventId>,
    ) -> Result<Vec<EventId>, StoreError> {
        let rows = self
            .read(HELD, [blob(topic.0), ids_column(&ids).into()])
            .await?;
        let mut held = BTreeSet::new();
        for row in rows {
            held.insert(EventId(bytes(
                row.try_get_by_index(0).map_err(store_error)?,
            )?));
        }
        ids.retain(|id| !held.contains(id));
        Ok(ids)
    }

    async fn count(&self, topic: TopicId) -> Result<u64, StoreError> {
        let rows = self.read(COUNT, [blob(topic.0)]).await?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::Other("COUNT gave no row".into()))?;
        let count: i64 = row.try_get_by_index(0).map_err(store_error)?;
        Ok(u64::try_from(count).expect("a count is not negative"))
    }

    async fn note_sent(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
        neighbours: u32,
    ) -> Result<(), StoreError> {
        self.write(Write::Sent {
            topic,
            ids,
            neighbours,
        })
        .await
        .map(drop)
    }

    async fn note_held(
        &self,
        topic: TopicId,
        peer: PeerId,
        ids: Vec<EventId>,
    ) -> Result<Vec<(EventId, PostState)>, StoreError> {
        match self.write(Write::Held { topic, peer, ids }).await? {
            Written::Grown(grown) => Ok(grown),
            _ => unreachable!("holders are answered by what grew"),
        }
    }

    async fn unsent(&self, topic: TopicId, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let rows = self.read(UNSENT, [blob(topic.0), limit.into()]).await?;
        rows.iter().map(stored_event).collect()
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.shut().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kukuri_application::testing::clock::ManualClock;

    use super::*;
    use crate::database::OpenOptions;

    /// No statement may walk through a table: with a million events that takes a second.
    #[tokio::test]
    async fn every_query_is_answered_by_an_index() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(ManualClock::default());
        let path = home.path().join("kukuri.db");
        let db = Database::open(&path, OpenOptions::default(), clock)
            .await
            .expect("opens");
        for sql in [NEWEST, NEWEST_BEFORE, GET, HELD, COUNT, UNSENT] {
            let rows = db
                .read(&format!("EXPLAIN QUERY PLAN {sql}"), [])
                .await
                .expect("a plan");
            let steps: Vec<String> = rows
                .iter()
                .map(|row| row.try_get("", "detail").expect("a text"))
                .collect();
            let walks = |step: &&String| step.starts_with("SCAN") && !step.contains("wanted");
            assert_eq!(steps.iter().find(walks), None, "{sql}\n{steps:#?}");
            let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
            assert_eq!(sorts, sql == UNSENT, "{sql}\n{steps:#?}");
        }
    }
}
