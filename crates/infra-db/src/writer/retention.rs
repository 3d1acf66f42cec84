//! Keeping topics to their ceiling.
//!
//! Owns the horizon of each topic and the removal of what lies behind it, a step at a time between
//! the commits. The horizon is in the file before anything behind it goes, each step is one
//! transaction, and what a step did not come to is found again at the next start. Must never
//! remove the latest of a place, nor an own event that nobody was sent yet.

use std::collections::{BTreeSet, VecDeque};

use kukuri_application::ports::{horizon_max, kept_bytes};
use kukuri_domain::{
    EventId, SignedEvent, TopicId, UnixMs,
    event::{Meaning, is_post},
};
use rusqlite::{Connection, Params, Row, params};

use super::{
    apply::event_id,
    entries,
    membership::{place_of, time},
    reading::{mark_of, read_mark},
    sql,
};
use crate::{
    convert::{ids_column, signed_event, tags_column, to_column},
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
    pub(super) fn load(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        let read = |row: &Row<'_>| Ok((TopicId(row.get(0)?), row.get(1)?));
        let left_to_do = sql::rows(conn, LEFT_TO_DO, [to_column(self.ceiling)], read)?;
        for (topic, has_horizon) in left_to_do {
            match has_horizon {
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
    pub(super) fn advance(&mut self, conn: &Connection, now: UnixMs) -> rusqlite::Result<Outcome> {
        if self.sweep.is_none() {
            self.sweep = self.begin(conn)?;
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
                match measure(conn, topic, (after, freed), needed, latest)? {
                    Measured::Found(horizon) => self.settle(conn, topic, horizon, now)?,
                    Measured::GoesOn(step) => (Outcome::Nothing, Some(step)),
                }
            }
            Step::Remove { horizon, after } => {
                let next = remove(conn, topic, horizon, after)?;
                if next.is_none() {
                    // It may have grown meanwhile, or what went was not enough.
                    let totals = totals(conn, topic)?;
                    self.note([(topic, totals.bytes)], now);
                }
                (Outcome::Removed, next)
            }
        };
        self.sweep = next.map(|step| Sweep { topic, step });
        Ok(outcome)
    }

    fn begin(&mut self, conn: &Connection) -> rusqlite::Result<Option<Sweep>> {
        if let Some(topic) = self.left.pop_front() {
            let step = from_the_first(totals(conn, topic)?.horizon);
            return Ok(Some(Sweep { topic, step }));
        }
        let Some(topic) = self.due.pop_front() else {
            return Ok(None);
        };
        let bytes = totals(conn, topic)?.bytes;
        let needed = bytes.saturating_sub(kept_bytes(self.ceiling));
        let step = Step::Measure {
            after: (-1, -1),
            freed: 0,
            needed,
        };
        Ok((bytes > self.ceiling).then_some(Sweep { topic, step }))
    }

    /// Moves the horizon, if that is possible.
    fn settle(
        &mut self,
        conn: &Connection,
        topic: TopicId,
        (horizon, freed): (UnixMs, u64),
        now: UnixMs,
    ) -> rusqlite::Result<(Outcome, Option<Step>)> {
        let before = totals(conn, topic)?.horizon;
        if horizon <= before || freed == 0 {
            // All that is left has to stay, but for own events that were sent meanwhile.
            self.quiet.push((topic, now.0.saturating_add(QUIET_MS)));
            let next = (freed > 0).then(|| from_the_first(before));
            return Ok((Outcome::Nothing, next));
        }
        let values = params![topic.0, to_column(horizon.0), to_column(self.ceiling)];
        sql::execute(conn, SET_HORIZON, values)?;
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

#[derive(Default)]
struct Totals {
    events: u64,
    bytes: u64,
    horizon: UnixMs,
}

/// A number that is never negative.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    Ok(u64::try_from(number).unwrap_or(0))
}

fn totals(conn: &Connection, topic: TopicId) -> rusqlite::Result<Totals> {
    let read = |row: &Row<'_>| {
        Ok(Totals {
            events: number(row, 0)?,
            bytes: number(row, 1)?,
            horizon: time(row, 2)?,
        })
    };
    Ok(sql::first(conn, TOTALS, [topic.0], read)?.unwrap_or_default())
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

/// What a look at the next events came to.
enum Measured {
    /// The horizon, and how much lies behind it.
    Found((UnixMs, u64)),
    GoesOn(Step),
}

/// Looks at the next events. Of those of one millisecond that do not fit into a page the rest is
/// not counted, though it goes with them.
fn measure(
    conn: &Connection,
    topic: TopicId,
    (after, freed): (Instant, u64),
    needed: u64,
    latest: UnixMs,
) -> rusqlite::Result<Measured> {
    let totals = totals(conn, topic)?;
    // Small enough that no much more goes than has to.
    let page = (totals.events / 64).clamp(8, MEASURED_MAX);
    let values = params![
        topic.0,
        after.0,
        after.1,
        to_column(latest.secs()),
        latest.subsec_ms(),
        to_column(page),
        to_column(totals.horizon.0),
    ];
    let read = |row: &Row<'_>| Ok((number(row, 0)?, number(row, 1)?, number(row, 2)?));
    let (found, more, at) = conn.prepare_cached(MEASURE)?.query_row(values, read)?;
    let freed = freed + more;
    // The last page may be empty.
    let before = u64::try_from(after.0.saturating_mul(1_000).saturating_add(after.1));
    let at = at.max(before.unwrap_or(0));
    let horizon = UnixMs(at.saturating_add(1));
    if found < page || freed >= needed || horizon >= latest {
        return Ok(Measured::Found((horizon.min(latest), freed)));
    }
    let at = UnixMs(at);
    let step = Step::Measure {
        after: (to_column(at.secs()), at.subsec_ms().into()),
        freed,
        needed,
    };
    Ok(Measured::GoesOn(step))
}

const BEHIND: &str = "
    SELECT e.*
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
fn remove(
    conn: &Connection,
    topic: TopicId,
    horizon: UnixMs,
    after: (i64, i64, Vec<u8>),
) -> rusqlite::Result<Option<Step>> {
    let (created_at, ms, id) = after;
    let values = params![
        topic.0,
        created_at,
        ms,
        id,
        to_column(horizon.secs()),
        horizon.subsec_ms(),
        to_column(horizon.0),
        BATCH,
    ];
    let events = sql::rows(conn, BEHIND, values, signed_event)?;
    let Some(last) = events.last().map(SignedEvent::order) else {
        return Ok(None);
    };
    let removal = Removal {
        conn,
        topic,
        ids: ids_column(&events.iter().map(SignedEvent::id).collect::<Vec<_>>()),
        events: &events,
    };
    removal.forget()?;
    let after = (
        to_column(last.created_at),
        i64::from(last.ms),
        last.id.0.to_vec(),
    );
    let goes_on = events.len() == BATCH as usize;
    Ok(goes_on.then_some(Step::Remove { horizon, after }))
}

/// Events that go together.
struct Removal<'a> {
    conn: &'a Connection,
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

impl Removal<'_> {
    fn forget(&self) -> rusqlite::Result<()> {
        self.unindex()?;
        self.forget_answers()?;
        self.of_topic(FORGET_REACTIONS, &self.ids)?;
        self.of_topic(FORGET_OWN, &self.ids)?;
        self.of_topic(FORGET_RECEIPTS, &self.ids)?;
        self.of_topic(FORGET_AUTHOR_POSTS, &self.ids)?;
        self.of_topic(FORGET_TOPIC_EVENTS, &self.ids)?;
        self.run(FORGET_EVENTS, [&self.ids])?;
        self.forget_endings()?;
        self.count()
    }

    fn run(&self, text: &str, values: impl Params) -> rusqlite::Result<()> {
        sql::execute(self.conn, text, values)?;
        Ok(())
    }

    /// A statement about the topic and these ids.
    fn of_topic(&self, text: &str, ids: &str) -> rusqlite::Result<()> {
        self.run(text, params![self.topic.0, ids])
    }

    fn posts(&self) -> impl Iterator<Item = &SignedEvent> {
        self.events.iter().filter(|event| is_post(event.kind()))
    }

    /// Takes posts out of the search index, which has to be told what it was given.
    fn unindex(&self) -> rusqlite::Result<()> {
        let wanted = self.posts().map(|event| {
            let (place, id) = (terms::place(&event.order()), event.id());
            format!("[{place},\"{id}\"]")
        });
        let wanted = format!("[{}]", wanted.collect::<Vec<_>>().join(","));
        let read = |row: &Row<'_>| -> rusqlite::Result<(i64, EventId)> {
            Ok((row.get(0)?, EventId(row.get(1)?)))
        };
        let mut places = Vec::new();
        for (place, id) in sql::rows(self.conn, PLACES, params![self.topic.0, wanted], read)? {
            if let Some(event) = self.events.iter().find(|event| event.id() == id) {
                places.push((place, event.content()));
            }
        }
        // In the order of places: FTS5 writes out what it gathered whenever one is lower.
        places.sort_unstable();
        let documents = places
            .iter()
            .map(|(place, text)| serde_json::json!([place, terms::document(&self.topic, text)]));
        let documents: serde_json::Value = documents.collect();
        let places: serde_json::Value = places.iter().map(|(place, _)| *place).collect();
        self.run(UNINDEX, [documents.to_string()])?;
        self.run(FORGET_PLACES, [places.to_string()])
    }

    fn forget_answers(&self) -> rusqlite::Result<()> {
        let values = params![self.topic.0, self.ids];
        let roots = sql::rows(self.conn, FORGET_ANSWERS, values, event_id)?;
        let roots: BTreeSet<EventId> = roots.into_iter().collect();
        if !roots.is_empty() {
            self.of_topic(FORGET_WAITING, &ids_column(&roots))?;
        }
        self.of_topic(ORPHANED, &self.ids)?;
        self.of_topic(WAIT_AGAIN, &self.ids)
    }

    /// What the events ended, and what ended them.
    fn forget_endings(&self) -> rusqlite::Result<()> {
        for event in self.events {
            let (created_at, ms, id) = place_of(event.order());
            let (topic, author) = (self.topic.0, event.author().0);
            if let Some(entry) = event.entry() {
                entries::forget(self.conn, self.topic, &entry)?;
            } else if let Some(place) = event.place() {
                let values = params![topic, author, place, created_at, ms, id];
                self.run(FORGET_PLACE, values)?;
            } else if let Meaning::Deletion { targets } = event.meaning() {
                let at = to_column(event.order().at().0);
                let targets = ids_column(&targets);
                self.run(FORGET_TAKEN_BACK, params![topic, targets, author, at])?;
                self.run(FORGET_DELETION, params![topic, targets, author])?;
            }
        }
        self.of_topic(FORGET_DELETIONS_OF, &self.ids)
    }

    fn count(&self) -> rusqlite::Result<()> {
        let mark = read_mark(self.conn, &self.topic)?;
        let unread = self.posts().filter(|event| mark_of(event.order()) > mark);
        let bytes = self.events.iter().map(|event| {
            let tags = tags_column(event.tags());
            bytes_of(event.kind(), tags.len(), event.content().len())
        });
        let values = params![
            self.topic.0,
            to_column(self.events.len() as u64),
            to_column(self.posts().count() as u64),
            to_column(unread.count() as u64),
            to_column(bytes.sum()),
        ];
        self.run(LESS, values)
    }
}
