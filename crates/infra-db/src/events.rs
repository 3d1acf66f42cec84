//! The port `EventStore`: its queries, and its changes as handed to the writer.
//!
//! Owns the SQL that reads events. Each method is one statement, whatever the number of ids: a
//! look-up by sea-orm costs 46-155 us, most of it on the way to the connection's thread and back.

use std::{
    collections::BTreeSet,
    ops::{Range, RangeInclusive},
};

use kukuri_application::{
    ports::{
        COMPLETE_SHOWN_MAX, Commit, EntryPage, EventStore, Found, Origin, Page, PostState,
        ReconcileError, StoreError, StoredEntry, StoredEvent, StoredPost, StoredProfile,
        TopicSummary,
    },
    sync_set::{Step, SyncSet},
};
use kukuri_domain::{
    AuthorId, EntryKey, EventId, EventOrder, Hlc, PeerId, TopicId, UnixMs, VerifiedEvent,
    event::Profile, search::SearchQuery, wire::SetSummary,
};
use tokio::sync::watch;

use crate::{
    convert::{blob, bytes, count, event_order, ids_column, stored_event, to_column},
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
    WHERE t.topic = ?1 AND (t.until IS NULL OR t.until > ?3)
    ORDER BY t.created_at DESC, t.ms DESC, t.id DESC
    LIMIT ?2";

const NEWEST_BEFORE: &str = "
    SELECT e.*, o.sent_to, o.held_by
    FROM topic_events t
    CROSS JOIN events e ON e.id = t.id
    LEFT JOIN own_events o ON o.topic = t.topic AND o.id = t.id
    WHERE t.topic = ?1 AND (t.until IS NULL OR t.until > ?3)
        AND (t.created_at, t.ms, t.id) < (?4, ?5, ?6)
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

// Muted authors are left out of the two that follow.

const LAST_POST: &str = "
    SELECT t.created_at, t.ms, t.id
    FROM topic_events t
    CROSS JOIN events e ON e.id = t.id
    WHERE t.topic = ?1 AND t.is_post AND e.author NOT IN (SELECT author FROM muted)
    ORDER BY t.created_at DESC, t.ms DESC, t.id DESC
    LIMIT 1";

// The counter knows no authors: the reader's and the muted ones' are subtracted.
const TOTALS: &str = "
    SELECT s.events, s.posts, s.bytes, s.horizon, s.unread
        - (SELECT COUNT(*) FROM author_posts p
            WHERE p.topic = s.topic AND p.author = ?2
                AND (p.created_at, p.ms, p.id) > (s.read_at, s.read_ms, s.read_id))
        - (SELECT COUNT(*) FROM muted m CROSS JOIN author_posts p
            ON p.topic = s.topic AND p.author = m.author
                AND (p.created_at, p.ms, p.id) > (s.read_at, s.read_ms, s.read_id)
            WHERE m.author <> ?2)
    FROM topic_totals s
    WHERE s.topic = ?1";

const COUNT: &str = "SELECT events FROM topic_totals WHERE topic = ?1";

const MUTED: &str = "SELECT author FROM muted ORDER BY author";

const UNSENT: &str = "
    SELECT e.*, o.sent_to, o.held_by
    FROM own_events o INDEXED BY own_events_unsent
    CROSS JOIN events e ON e.id = o.id
    WHERE o.topic = ?1 AND o.sent_to = 0
    ORDER BY e.created_at, e.ms, e.id
    LIMIT ?2";

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
        let now = to_column(self.clock.now().unix.0);
        let mut values = vec![blob(&topic.0), limit.into(), now.into()];
        let rows = match before {
            None => self.read(NEWEST, values).await?,
            Some(EventOrder { created_at, ms, id }) => {
                values.extend([to_column(created_at).into(), ms.into(), blob(&id.0)]);
                self.read(NEWEST_BEFORE, values).await?
            }
        };
        rows.iter().map(stored_event).collect()
    }

    async fn get(&self, topic: TopicId, ids: Vec<EventId>) -> Result<Vec<StoredEvent>, StoreError> {
        let ids: BTreeSet<EventId> = ids.into_iter().collect();
        let rows = self
            .read(GET, [blob(&topic.0), ids_column(&ids).into()])
            .await?;
        rows.iter().map(stored_event).collect()
    }

    async fn missing(
        &self,
        topic: TopicId,
        mut ids: Vec<EventId>,
    ) -> Result<Vec<EventId>, StoreError> {
        let rows = self
            .read(HELD, [blob(&topic.0), ids_column(&ids).into()])
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
        let rows = self.read(COUNT, [blob(&topic.0)]).await?;
        rows.first().map_or(Ok(0), |row| count(row, 0))
    }

    async fn note_sent(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
        neighbours: u32,
    ) -> Result<(), StoreError> {
        // A broadcast that reached nobody tells nothing about an earlier one.
        if neighbours == 0 || ids.is_empty() {
            return Ok(());
        }
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
        let rows = self.read(UNSENT, [blob(&topic.0), limit.into()]).await?;
        rows.iter().map(stored_event).collect()
    }

    async fn posts(
        &self,
        topic: TopicId,
        page: Page,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        self.page(topic, page, reader).await
    }

    async fn thread(
        &self,
        topic: TopicId,
        root: EventId,
        limit: u32,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        self.read_thread(topic, root, limit, reader).await
    }

    async fn posts_by_id(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        self.read_by_id(topic, ids, reader).await
    }

    async fn posts_within(
        &self,
        topic: TopicId,
        ids: RangeInclusive<EventId>,
        limit: u32,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        self.read_within(topic, ids, limit, reader).await
    }

    async fn reacted_to(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
    ) -> Result<Vec<EventId>, StoreError> {
        self.targets(topic, ids).await
    }

    async fn profile(&self, author: AuthorId) -> Result<Option<StoredProfile>, StoreError> {
        self.read_profile(author).await
    }

    async fn profile_in(
        &self,
        topic: TopicId,
        author: AuthorId,
    ) -> Result<Option<StoredProfile>, StoreError> {
        self.read_profile_in(topic, author).await
    }

    async fn note_profile(
        &self,
        author: AuthorId,
        profile: Profile,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        let told = Write::Profile {
            author,
            profile,
            at,
        };
        self.write(told).await.map(drop)
    }

    async fn names(&self, limit: u32) -> Result<Vec<(AuthorId, String)>, StoreError> {
        self.all_names(limit).await
    }

    async fn search(
        &self,
        topics: Vec<TopicId>,
        query: SearchQuery,
        limit: u32,
        before: Option<EventOrder>,
        reader: AuthorId,
    ) -> Result<Vec<Found>, StoreError> {
        self.find(topics, query, limit, before, reader).await
    }

    async fn summary(&self, topic: TopicId, reader: AuthorId) -> Result<TopicSummary, StoreError> {
        let rows = self.read(TOTALS, [blob(&topic.0), blob(&reader.0)]).await?;
        let bytes_max = self.topic_bytes_max;
        let Some(totals) = rows.first() else {
            return Ok(TopicSummary {
                bytes_max,
                ..TopicSummary::default()
            });
        };
        let last = self.read(LAST_POST, [blob(&topic.0)]).await?;
        Ok(TopicSummary {
            events: count(totals, 0)?,
            posts: count(totals, 1)?,
            unread: count(totals, 4)?,
            bytes: count(totals, 2)?,
            bytes_max,
            horizon: UnixMs(count(totals, 3)?),
            last_post_at: last
                .first()
                .map(|row| event_order(row).map(|order| order.at()))
                .transpose()?,
        })
    }

    async fn mark_read(&self, topic: TopicId, up_to: EventOrder) -> Result<(), StoreError> {
        self.write(Write::Read { topic, up_to }).await.map(drop)
    }

    async fn mute(&self, author: AuthorId) -> Result<bool, StoreError> {
        self.set_muted(author, true).await
    }

    async fn unmute(&self, author: AuthorId) -> Result<bool, StoreError> {
        self.set_muted(author, false).await
    }

    async fn muted(&self) -> Result<Vec<AuthorId>, StoreError> {
        let rows = self.read(MUTED, []).await?;
        let author = |row: &sea_orm::QueryResult| {
            Ok(AuthorId(bytes(
                row.try_get_by_index(0).map_err(store_error)?,
            )?))
        };
        rows.iter().map(author).collect()
    }

    async fn horizon(&self, topic: TopicId) -> Result<watch::Receiver<UnixMs>, StoreError> {
        // Whether the file is still open.
        self.read(COUNT, [blob(&topic.0)]).await?;
        Ok(self.sets.watch_horizon(topic))
    }

    async fn set_summary(
        &self,
        topic: TopicId,
        cut: UnixMs,
        since: UnixMs,
    ) -> Result<SetSummary, StoreError> {
        self.with_set(topic, move |set| set.summary(cut, since))
            .await
    }

    async fn reconcile(
        &self,
        topic: TopicId,
        since: UnixMs,
        answer: Option<Vec<u8>>,
    ) -> Result<Step, ReconcileError> {
        let step = move |set: &SyncSet| set.step(since, answer.as_deref());
        Ok(self.with_set(topic, step).await??)
    }

    async fn reconcile_answer(
        &self,
        topic: TopicId,
        since: UnixMs,
        message: Vec<u8>,
    ) -> Result<Vec<u8>, ReconcileError> {
        let answer = move |set: &SyncSet| set.respond(since, &message);
        Ok(self.with_set(topic, answer).await??)
    }

    async fn note_complete(
        &self,
        topic: TopicId,
        peer: PeerId,
        written: Range<UnixMs>,
    ) -> Result<Vec<(EventId, PostState)>, StoreError> {
        let complete = Write::Complete {
            topic,
            peer,
            written,
        };
        match self.write(complete).await? {
            Written::Grown(mut grown) => {
                grown.truncate(COMPLETE_SHOWN_MAX);
                Ok(grown)
            }
            _ => unreachable!("holders are answered by what grew"),
        }
    }

    async fn entries(
        &self,
        topic: TopicId,
        page: EntryPage,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.entry_page(topic, page).await
    }

    async fn entries_of(
        &self,
        topic: TopicId,
        keys: Vec<EntryKey>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.read_entries(topic, &keys).await
    }

    async fn entry_writes(
        &self,
        topic: TopicId,
        key: EntryKey,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.read_entry_writes(topic, &key, limit).await
    }

    async fn entry_clock(&self, topic: TopicId) -> Result<Hlc, StoreError> {
        self.read_entry_clock(topic).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.shut().await
    }
}

impl Database {
    async fn set_muted(&self, author: AuthorId, is_muted: bool) -> Result<bool, StoreError> {
        match self.write(Write::Mute { author, is_muted }).await? {
            Written::Changed(changed) => Ok(changed),
            _ => unreachable!("muting is answered by whether it changed anything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kukuri_application::testing::clock::ManualClock;

    use super::*;
    use crate::{database::OpenOptions, entries, posts, search, sets, writer};

    /// No statement may walk through a table: with a million events that takes a second.
    #[tokio::test]
    async fn every_query_is_answered_by_an_index() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(ManualClock::default());
        let path = home.path().join("kukuri.db");
        let db = Database::open(&path, OpenOptions::default(), clock)
            .await
            .expect("opens");
        let queries = [
            NEWEST,
            NEWEST_BEFORE,
            sets::MEMBERS,
            GET,
            HELD,
            COUNT,
            UNSENT,
            posts::POSTS,
            posts::POSTS_OF_AUTHOR,
            posts::THREAD,
            posts::BY_ID,
            posts::WITHIN,
            posts::NAMES,
            posts::ANSWERS,
            posts::REACTIONS,
            posts::REACTED,
            posts::REACTED_TO,
            posts::PROFILE,
            posts::PROFILE_IN,
            posts::ALL_NAMES,
            entries::PAGE,
            entries::OF_KEYS,
            entries::WRITES,
            entries::CLOCK,
            LAST_POST,
            TOTALS,
            MUTED,
            search::TAIL,
            search::INDEXED,
            search::WAITING,
        ];
        for sql in queries.into_iter().chain(writer::queries()) {
            let rows = db
                .read(&format!("EXPLAIN QUERY PLAN {sql}"), [])
                .await
                .expect("a plan");
            let steps: Vec<String> = rows
                .iter()
                .map(|row| row.try_get("", "detail").expect("a text"))
                .collect();
            // The totals of topics are as few as topics are.
            // `wanted` is a list given by the caller; the index of terms is asked by terms (M).
            // The few authors that are muted are gone through as a whole.
            let walks = |step: &&String| {
                step.starts_with("SCAN")
                    && !step.contains("wanted")
                    && !step.contains(":M1<")
                    && !step.contains("muted")
                    && !step.contains("SCAN m")
                    && !step.contains("SCAN totals")
                    // Answers of one thread, counted up to a limit.
                    && !step.contains("(subquery")
                    && *step != "SCAN CONSTANT ROW"
            };
            assert_eq!(steps.iter().find(walks), None, "{sql}\n{steps:#?}");
            // All of a topic is as much as a scan, unless a page of it is asked for; totals have one
            // row for each, and the index of what is unsent has little.
            let walks_topic = |step: &&String| {
                step.ends_with("(topic=?)")
                    && !sql.contains("LIMIT")
                    && !sql.contains("topic_totals")
                    && !step.contains("own_events_unsent")
            };
            assert_eq!(steps.iter().find(walks_topic), None, "{sql}\n{steps:#?}");
            let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
            assert_eq!(sorts, sql == UNSENT, "{sql}\n{steps:#?}");
        }
    }
}
