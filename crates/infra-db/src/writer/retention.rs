//! Keeping topics to their ceiling.
//!
//! Owns the horizon of each topic and the removal of what lies behind it, a step at a time between
//! the commits. The horizon is in the file before anything behind it goes, each step is one
//! transaction, and what a step did not come to is found again at the next start. Must never
//! remove the latest of a place, nor an own event that nobody was sent yet.

use std::collections::{BTreeSet, VecDeque};

use kukuri_application::ports::{horizon_max, kept_bytes};
use kukuri_domain::{
    EventId, EventOrder, SignedEvent, TopicId, UnixMs,
    event::{Meaning, is_post},
};
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::{
    apply::{array, blob, statement},
    entries,
    reading::{mark_of, read_mark},
};
use crate::{
    convert::{damaged, ids_column, stored_event, to_column},
    terms,
};

/// What an event takes beside its texts: its row, its places in the indexes and their slack. With
/// the texts of posts counted twice, because they are in the search index as well, 100,000 posts of
/// 300 bytes come to what their file takes.
const ROW_BYTES: usize = 512;

/// Events that are removed in one transaction, for which a local post may have to wait.
pub(super) const BATCH: u32 = 256;

/// Events that are measured at a time, at most.
const MEASURED_MAX: u64 = 4_096;

/// How long a topic is let be that is above its ceiling with nothing to remove, in milliseconds.
const QUIET_MS: u64 = 60_000;

/// About how much an event takes.
pub(super) fn bytes_of(kind: u16, tags: usize, content: usize) -> u64 {
    (ROW_BYTES + tags + content * (1 + usize::from(is_post(kind)))) as u64
}

/// A place in the order of a topic, without the id.
type Instant = (i64, i64);

/// What is being done about a topic.
enum Step {
    /// Finds the time before which there is as much as has to go.
    Measure {
        after: Instant,
        freed: u64,
        needed: u64,
    },
    /// Removes what lies before the horizon, after this place.
    Remove {
        horizon: UnixMs,
        after: (i64, i64, Vec<u8>),
    },
}

struct Sweep {
    topic: TopicId,
    step: Step,
}

/// What a step came to.
pub(super) enum Outcome {
    Nothing,
    /// The topic has a new horizon.
    Moved(TopicId, UnixMs),
    /// Events went.
    Removed,
}

/// The topics that have to be kept to the ceiling.
pub(super) struct Retention {
    ceiling: u64,
    sweep: Option<Sweep>,
    /// Above the ceiling.
    due: VecDeque<TopicId>,
    /// With something behind the horizon, perhaps.
    left: VecDeque<TopicId>,
    /// Let be until then.
    quiet: Vec<(TopicId, u64)>,
}

const LEFT_TO_DO: &str = "
    SELECT totals.topic, totals.horizon > 0 FROM topic_totals totals
    WHERE totals.bytes > ?1 OR totals.horizon > 0";

impl Retention {
    /// `ceiling` is `None` where horizons are to stay as they are.
    pub(super) fn new(ceiling: Option<u64>) -> Self {
        Self {
            ceiling: ceiling.unwrap_or(u64::MAX),
            sweep: None,
            due: VecDeque::new(),
            left: VecDeque::new(),
            quiet: Vec::new(),
        }
    }

    /// Finds what an earlier process left.
    pub(super) async fn load(&mut self, conn: &impl ConnectionTrait) -> Result<(), DbErr> {
        let ceiling = to_column(self.ceiling).into();
        let rows = statement(conn, LEFT_TO_DO, [ceiling]);
        for row in conn.query_all_raw(rows).await? {
            let topic = TopicId(array(&row, 0)?);
            match row.try_get_by_index(1)? {
                true => self.left.push_back(topic),
                false => self.due.push_back(topic),
            }
        }
        Ok(())
    }

    pub(super) fn has_work(&self) -> bool {
        self.sweep.is_some() || !self.due.is_empty() || !self.left.is_empty()
    }

    /// Topics take this much now.
    pub(super) fn note(&mut self, totals: impl IntoIterator<Item = (TopicId, u64)>, now: UnixMs) {
        self.quiet.retain(|(_, until)| *until > now.0);
        for (topic, bytes) in totals {
            if bytes > self.ceiling
                && !self.due.contains(&topic)
                && self.sweep.as_ref().is_none_or(|sweep| sweep.topic != topic)
                && self.quiet.iter().all(|(quiet, _)| *quiet != topic)
            {
                self.due.push_back(topic);
            }
        }
    }

    /// Begins anew after an error, of which the caller has told.
    pub(super) fn give_up(&mut self, now: UnixMs) {
        if let Some(sweep) = self.sweep.take() {
            self.quiet
                .push((sweep.topic, now.0.saturating_add(QUIET_MS)));
        }
    }

    /// Does one step in the transaction `conn`.
    pub(super) async fn advance(
        &mut self,
        conn: &impl ConnectionTrait,
        now: UnixMs,
    ) -> Result<Outcome, DbErr> {
        if self.sweep.is_none() {
            self.sweep = self.begin(conn).await?;
        }
        let Some(Sweep { topic, step }) = self.sweep.take() else {
            return Ok(Outcome::Nothing);
        };
        let (outcome, next) = match step {
            Step::Measure {
                after,
                freed,
                needed,
            } => {
                let latest = horizon_max(now);
                let (found, next) = measure(conn, topic, (after, freed), needed, latest).await?;
                match found {
                    Some(found) => self.settle(conn, topic, found, now).await?,
                    None => (Outcome::Nothing, next),
                }
            }
            Step::Remove { horizon, after } => {
                let next = remove(conn, topic, horizon, after).await?;
                if next.is_none() {
                    // It may have grown meanwhile, or what went was not enough.
                    let totals = totals(conn, topic).await?;
                    self.note([(topic, totals.bytes)], now);
                }
                (Outcome::Removed, next)
            }
        };
        self.sweep = next.map(|step| Sweep { topic, step });
        Ok(outcome)
    }

    async fn begin(&mut self, conn: &impl ConnectionTrait) -> Result<Option<Sweep>, DbErr> {
        if let Some(topic) = self.left.pop_front() {
            let step = from_the_first(totals(conn, topic).await?.horizon);
            return Ok(Some(Sweep { topic, step }));
        }
        let Some(topic) = self.due.pop_front() else {
            return Ok(None);
        };
        let bytes = totals(conn, topic).await?.bytes;
        let needed = bytes.saturating_sub(kept_bytes(self.ceiling));
        let step = Step::Measure {
            after: (-1, -1),
            freed: 0,
            needed,
        };
        Ok((bytes > self.ceiling).then_some(Sweep { topic, step }))
    }

    /// Moves the horizon, if that is possible.
    async fn settle(
        &mut self,
        conn: &impl ConnectionTrait,
        topic: TopicId,
        (horizon, freed): (UnixMs, u64),
        now: UnixMs,
    ) -> Result<(Outcome, Option<Step>), DbErr> {
        let before = totals(conn, topic).await?.horizon;
        if horizon <= before || freed == 0 {
            // All that is left has to stay, but for own events that were sent meanwhile.
            self.quiet.push((topic, now.0.saturating_add(QUIET_MS)));
            let next = (freed > 0).then(|| from_the_first(before));
            return Ok((Outcome::Nothing, next));
        }
        let values = [
            blob(&topic.0),
            to_column(horizon.0).into(),
            to_column(self.ceiling).into(),
        ];
        conn.execute_raw(statement(conn, SET_HORIZON, values))
            .await?;
        Ok((
            Outcome::Moved(topic, horizon),
            Some(from_the_first(horizon)),
        ))
    }
}

fn from_the_first(horizon: UnixMs) -> Step {
    let after = (-1, -1, Vec::new());
    Step::Remove { horizon, after }
}

const SET_HORIZON: &str =
    "UPDATE topic_totals SET horizon = ?2, horizon_ceiling = ?3 WHERE topic = ?1";

const TOTALS: &str = "SELECT events, bytes, horizon FROM topic_totals WHERE topic = ?1";

struct Totals {
    events: u64,
    bytes: u64,
    horizon: UnixMs,
}

async fn totals(conn: &impl ConnectionTrait, topic: TopicId) -> Result<Totals, DbErr> {
    let row = conn
        .query_one_raw(statement(conn, TOTALS, [blob(&topic.0)]))
        .await?;
    let number = |column| -> Result<u64, DbErr> {
        let number = row.as_ref().map(|row| row.try_get_by_index::<i64>(column));
        Ok(u64::try_from(number.transpose()?.unwrap_or(0)).unwrap_or(0))
    };
    Ok(Totals {
        events: number(0)?,
        bytes: number(1)?,
        horizon: UnixMs(number(2)?),
    })
}

// What stays counts for nothing, and neither does what was surpassed only after the horizon as it
// is; of what lies after it that is not known yet. The size is that of `bytes_of`.
const MEASURE: &str = "
    SELECT COUNT(*), COALESCE(SUM(size), 0), COALESCE(MAX(at), 0) FROM (
        SELECT t.created_at * 1000 + t.ms AS at,
            CASE WHEN o.sent_to = 0 OR (t.keyed AND (t.replaced_at IS NULL
                OR (t.replaced_at >= ?7 AND t.created_at * 1000 + t.ms < ?7)))
            THEN 0 ELSE
                512 + octet_length(e.tags) + octet_length(e.content) * (1 + (e.kind IN (1, 9)))
            END AS size
        FROM topic_events t
        CROSS JOIN events e ON e.id = t.id
        LEFT JOIN own_events o ON o.topic = t.topic AND o.id = t.id
        WHERE t.topic = ?1 AND (t.created_at, t.ms) > (?2, ?3) AND (t.created_at, t.ms) < (?4, ?5)
        ORDER BY t.created_at, t.ms, t.id
        LIMIT ?6)";

/// Looks at the next events; returns the horizon, once it is found, with how much lies behind it.
/// Of those of one millisecond
/// that do not fit into a page the rest is not counted, though it goes with them.
async fn measure(
    conn: &impl ConnectionTrait,
    topic: TopicId,
    (after, freed): (Instant, u64),
    needed: u64,
    latest: UnixMs,
) -> Result<(Option<(UnixMs, u64)>, Option<Step>), DbErr> {
    let totals = totals(conn, topic).await?;
    // Small enough that no much more goes than has to.
    let page = (totals.events / 64).clamp(8, MEASURED_MAX);
    let values = [
        blob(&topic.0),
        after.0.into(),
        after.1.into(),
        to_column(latest.secs()).into(),
        latest.subsec_ms().into(),
        to_column(page).into(),
        to_column(totals.horizon.0).into(),
    ];
    let row = conn
        .query_one_raw(statement(conn, MEASURE, values))
        .await?
        .ok_or_else(|| DbErr::RecordNotFound(MEASURE.to_owned()))?;
    let number = |column| -> Result<u64, DbErr> {
        Ok(u64::try_from(row.try_get_by_index::<i64>(column)?).unwrap_or(0))
    };
    let (found, freed) = (number(0)?, freed + number(1)?);
    // The last page may be empty.
    let before = u64::try_from(after.0.saturating_mul(1_000).saturating_add(after.1));
    let at = number(2)?.max(before.unwrap_or(0));
    let horizon = UnixMs(at.saturating_add(1));
    if found < page || freed >= needed || horizon >= latest {
        return Ok((Some((horizon.min(latest), freed)), None));
    }
    let at = UnixMs(at);
    let step = Step::Measure {
        after: (to_column(at.secs()), at.subsec_ms().into()),
        freed,
        needed,
    };
    Ok((None, Some(step)))
}

const BEHIND: &str = "
    SELECT e.*, o.sent_to, o.held_by
    FROM topic_events t
    CROSS JOIN events e ON e.id = t.id
    LEFT JOIN own_events o ON o.topic = t.topic AND o.id = t.id
    WHERE t.topic = ?1 AND (t.created_at, t.ms, t.id) > (?2, ?3, ?4)
        AND (t.created_at, t.ms) < (?5, ?6)
        AND NOT (t.keyed AND (t.replaced_at IS NULL OR t.replaced_at >= ?7))
        AND COALESCE(o.sent_to, 1) <> 0
    ORDER BY t.created_at, t.ms, t.id
    LIMIT ?8";

/// Removes the next events before the horizon, with all that hangs on them.
async fn remove(
    conn: &impl ConnectionTrait,
    topic: TopicId,
    horizon: UnixMs,
    after: (i64, i64, Vec<u8>),
) -> Result<Option<Step>, DbErr> {
    let (created_at, ms, id) = after;
    let values = [
        blob(&topic.0),
        created_at.into(),
        ms.into(),
        id.into(),
        to_column(horizon.secs()).into(),
        horizon.subsec_ms().into(),
        to_column(horizon.0).into(),
        BATCH.into(),
    ];
    let rows = conn.query_all_raw(statement(conn, BEHIND, values)).await?;
    let events = rows.iter().map(|row| Ok(stored_event(row)?.event));
    let events = events.collect::<Result<Vec<_>, _>>().map_err(damaged)?;
    let Some(last) = events.last().map(SignedEvent::order) else {
        return Ok(None);
    };
    let removal = Removal {
        conn,
        topic,
        ids: ids_column(&events.iter().map(SignedEvent::id).collect::<Vec<_>>()),
        events: &events,
    };
    removal.forget().await?;
    let after = (
        to_column(last.created_at),
        i64::from(last.ms),
        last.id.0.to_vec(),
    );
    let goes_on = events.len() == BATCH as usize;
    Ok(goes_on.then_some(Step::Remove { horizon, after }))
}

/// Events that go together.
struct Removal<'a, C> {
    conn: &'a C,
    topic: TopicId,
    ids: String,
    events: &'a [SignedEvent],
}

const PLACES: &str = "
    SELECT i.place, i.id FROM json_each(?2) wanted
    CROSS JOIN indexed i ON i.place BETWEEN wanted.value ->> 0 AND (wanted.value ->> 0) + 16
    WHERE i.topic = ?1 AND i.id = unhex(wanted.value ->> 1)";

const UNINDEX: &str = "
    INSERT INTO terms (terms, rowid, words)
    SELECT 'delete', wanted.value ->> 0, wanted.value ->> 1 FROM json_each(?1) wanted";

const FORGET_PLACES: &str =
    "DELETE FROM indexed WHERE place IN (SELECT wanted.value FROM json_each(?1) wanted)";

const FORGET_ANSWERS: &str = "
    DELETE FROM answers
    WHERE topic = ?1 AND id IN (SELECT unhex(wanted.value) FROM json_each(?2) wanted)
    RETURNING root";

const FORGET_WAITING: &str = "
    DELETE FROM missing_roots
    WHERE topic = ?1 AND root IN (SELECT unhex(wanted.value) FROM json_each(?2) wanted)
        AND NOT EXISTS (SELECT 1 FROM answers a
            WHERE a.topic = missing_roots.topic AND a.root = missing_roots.root)";

// Answers whose post goes stand for themselves from now on.
const ORPHANED: &str = "
    UPDATE topic_events SET is_post = 1
    WHERE topic = ?1 AND (created_at, ms, id) IN (
        SELECT a.created_at, a.ms, a.id FROM json_each(?2) wanted
        CROSS JOIN answers a ON a.topic = ?1 AND a.root = unhex(wanted.value))";

const WAIT_AGAIN: &str = "
    INSERT OR IGNORE INTO missing_roots (topic, root)
    SELECT ?1, unhex(wanted.value) FROM json_each(?2) wanted
    WHERE EXISTS (SELECT 1 FROM answers a WHERE a.topic = ?1 AND a.root = unhex(wanted.value))";

const FORGET_REACTIONS: &str = "
    DELETE FROM reactions INDEXED BY reactions_by_id
    WHERE topic = ?1 AND id IN (SELECT unhex(wanted.value) FROM json_each(?2) wanted)";

const FORGET_OWN: &str = "
    DELETE FROM own_events
    WHERE topic = ?1 AND id IN (SELECT unhex(wanted.value) FROM json_each(?2) wanted)";

const FORGET_RECEIPTS: &str = "
    DELETE FROM receipts
    WHERE topic = ?1 AND event IN (SELECT unhex(wanted.value) FROM json_each(?2) wanted)";

const FORGET_AUTHOR_POSTS: &str = "
    DELETE FROM author_posts
    WHERE (topic, author, created_at, ms, id) IN (
        SELECT ?1, e.author, e.created_at, e.ms, e.id FROM json_each(?2) wanted
        CROSS JOIN events e ON e.id = unhex(wanted.value))";

const FORGET_TOPIC_EVENTS: &str = "
    DELETE FROM topic_events
    WHERE (topic, created_at, ms, id) IN (
        SELECT ?1, e.created_at, e.ms, e.id FROM json_each(?2) wanted
        CROSS JOIN events e ON e.id = unhex(wanted.value))";

// Not those that another topic holds.
const FORGET_EVENTS: &str = "
    DELETE FROM events
    WHERE id IN (SELECT unhex(wanted.value) FROM json_each(?1) wanted)
        AND NOT EXISTS (
            SELECT 1 FROM topic_totals totals CROSS JOIN topic_events t
                ON t.topic = totals.topic AND t.created_at = events.created_at
                    AND t.ms = events.ms AND t.id = events.id)";

const FORGET_PLACE: &str = "
    DELETE FROM places
    WHERE topic = ?1 AND author = ?2 AND place = ?3 AND created_at = ?4 AND ms = ?5 AND id = ?6";

const FORGET_TAKEN_BACK: &str = "
    DELETE FROM taken_back
    WHERE (topic, target, author, at) IN (
        SELECT ?1, unhex(wanted.value), ?3, ?4 FROM json_each(?2) wanted)";

// A deletion that claims to be older than what it names hides that as long as it is here.
const FORGET_DELETION: &str = "
    DELETE FROM deletions
    WHERE (topic, target, author) IN (
            SELECT ?1, unhex(wanted.value), ?3 FROM json_each(?2) wanted)
        AND NOT EXISTS (SELECT 1 FROM taken_back b WHERE b.topic = deletions.topic
            AND b.target = deletions.target AND b.author = deletions.author)
        AND NOT EXISTS (
            SELECT 1 FROM events e CROSS JOIN topic_events t
                ON t.topic = ?1 AND t.created_at = e.created_at AND t.ms = e.ms AND t.id = e.id
            WHERE e.id = deletions.target)";

const FORGET_DELETIONS_OF: &str = "
    DELETE FROM deletions
    WHERE topic = ?1 AND target IN (SELECT unhex(wanted.value) FROM json_each(?2) wanted)
        AND NOT EXISTS (SELECT 1 FROM taken_back b WHERE b.topic = deletions.topic
            AND b.target = deletions.target AND b.author = deletions.author)";

const LESS: &str = "
    UPDATE topic_totals SET
        events = events - ?2, posts = posts - ?3, unread = unread - ?4,
        bytes = MAX(bytes - ?5, 0)
    WHERE topic = ?1";

#[cfg(test)]
pub(super) const QUERIES: &[&str] = &[
    LEFT_TO_DO,
    SET_HORIZON,
    TOTALS,
    MEASURE,
    BEHIND,
    PLACES,
    FORGET_PLACES,
    FORGET_ANSWERS,
    FORGET_WAITING,
    ORPHANED,
    WAIT_AGAIN,
    FORGET_REACTIONS,
    FORGET_OWN,
    FORGET_RECEIPTS,
    FORGET_AUTHOR_POSTS,
    FORGET_TOPIC_EVENTS,
    FORGET_EVENTS,
    FORGET_PLACE,
    FORGET_TAKEN_BACK,
    FORGET_DELETION,
    FORGET_DELETIONS_OF,
    LESS,
];

impl<C: ConnectionTrait> Removal<'_, C> {
    async fn forget(&self) -> Result<(), DbErr> {
        self.unindex().await?;
        self.forget_answers().await?;
        self.of_topic(FORGET_REACTIONS, &self.ids).await?;
        self.of_topic(FORGET_OWN, &self.ids).await?;
        self.of_topic(FORGET_RECEIPTS, &self.ids).await?;
        self.of_topic(FORGET_AUTHOR_POSTS, &self.ids).await?;
        self.of_topic(FORGET_TOPIC_EVENTS, &self.ids).await?;
        self.run(FORGET_EVENTS, [self.ids.clone().into()]).await?;
        self.forget_endings().await?;
        self.count().await
    }

    async fn run(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<(), DbErr> {
        self.conn
            .execute_raw(statement(self.conn, sql, values))
            .await
            .map(drop)
    }

    /// A statement about the topic and these ids.
    async fn of_topic(&self, sql: &str, ids: &str) -> Result<(), DbErr> {
        self.run(sql, [blob(&self.topic.0), ids.into()]).await
    }

    fn posts(&self) -> impl Iterator<Item = &SignedEvent> {
        self.events.iter().filter(|event| is_post(event.kind()))
    }

    /// Takes posts out of the search index, which has to be told what it was given.
    async fn unindex(&self) -> Result<(), DbErr> {
        let wanted = self.posts().map(|event| {
            let (place, id) = (terms::place(&event.order()), event.id());
            format!("[{place},\"{id}\"]")
        });
        let wanted = format!("[{}]", wanted.collect::<Vec<_>>().join(","));
        let values = [blob(&self.topic.0), wanted.into()];
        let rows = statement(self.conn, PLACES, values);
        let mut places = Vec::new();
        for row in self.conn.query_all_raw(rows).await? {
            let place: i64 = row.try_get_by_index(0)?;
            let id = EventId(array(&row, 1)?);
            if let Some(event) = self.events.iter().find(|event| event.id() == id) {
                places.push((place, event.content().to_owned()));
            }
        }
        let topic = self.topic;
        // In the order of places: FTS5 writes out what it gathered whenever one is lower.
        places.sort_unstable();
        let documents = tokio::task::spawn_blocking(move || {
            let documents = places
                .iter()
                .map(|(place, text)| serde_json::json!([place, terms::document(&topic, text)]));
            let documents: serde_json::Value = documents.collect();
            let places: serde_json::Value = places.iter().map(|(place, _)| *place).collect();
            (documents.to_string(), places.to_string())
        });
        let (documents, places) = documents
            .await
            .map_err(|e| DbErr::Custom(format!("splitting texts: {e}")))?;
        self.run(UNINDEX, [documents.into()]).await?;
        self.run(FORGET_PLACES, [places.into()]).await
    }

    async fn forget_answers(&self) -> Result<(), DbErr> {
        let values = [blob(&self.topic.0), self.ids.as_str().into()];
        let rows = statement(self.conn, FORGET_ANSWERS, values);
        let rows = self.conn.query_all_raw(rows).await?;
        let roots = rows.iter().map(|row| array(row, 0).map(EventId));
        let roots = roots.collect::<Result<BTreeSet<_>, _>>()?;
        if !roots.is_empty() {
            self.of_topic(FORGET_WAITING, &ids_column(&roots)).await?;
        }
        self.of_topic(ORPHANED, &self.ids).await?;
        self.of_topic(WAIT_AGAIN, &self.ids).await
    }

    /// What the events ended, and what ended them.
    async fn forget_endings(&self) -> Result<(), DbErr> {
        for event in self.events {
            let EventOrder { created_at, ms, id } = event.order();
            let (topic, author) = (blob(&self.topic.0), blob(&event.author().0));
            if let Some(entry) = event.entry() {
                entries::forget(self.conn, self.topic, &entry).await?;
            } else if let Some(place) = event.place() {
                let values = [
                    topic,
                    author,
                    place.into(),
                    to_column(created_at).into(),
                    ms.into(),
                    blob(&id.0),
                ];
                self.run(FORGET_PLACE, values).await?;
            } else if let Meaning::Deletion { targets } = event.meaning() {
                let at = to_column(event.order().at().0);
                let targets = ids_column(&targets);
                let values = [topic.clone(), targets.as_str().into(), author.clone()];
                let taken_back = values.clone().into_iter().chain([at.into()]);
                self.run(FORGET_TAKEN_BACK, taken_back).await?;
                self.run(FORGET_DELETION, values).await?;
            }
        }
        self.of_topic(FORGET_DELETIONS_OF, &self.ids).await
    }

    async fn count(&self) -> Result<(), DbErr> {
        let mark = read_mark(self.conn, &self.topic).await?;
        let unread = self.posts().filter(|event| mark_of(event.order()) > mark);
        let bytes = self.events.iter().map(|event| {
            let tags: Vec<&[String]> = event.tags().collect();
            let tags = serde_json::to_string(&tags).expect("lists of texts have a JSON form");
            bytes_of(event.kind(), tags.len(), event.content().len())
        });
        let values = [
            blob(&self.topic.0),
            to_column(self.events.len() as u64).into(),
            to_column(self.posts().count() as u64).into(),
            to_column(unread.count() as u64).into(),
            to_column(bytes.sum()).into(),
        ];
        self.run(LESS, values).await
    }
}
