//! What new events say about others: answers, reactions, deletions, profiles.
//!
//! Owns the statements that note it, in the transaction of the events. Must never refuse
//! anything: what refers to nothing is noted too, since what it refers to may come later.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kukuri_domain::{
    AuthorId, EventId, EventOrder, TopicId, UnixMs,
    event::{Meaning, Profile},
};
use rusqlite::{Connection, Row, params};

use super::{apply::event_id, membership::place_of, sql};
use crate::convert::{ids_column, to_column};

/// An event that says something.
pub(crate) struct Said<'a> {
    pub(crate) topic: TopicId,
    pub(crate) author: AuthorId,
    pub(crate) order: EventOrder,
    pub(crate) meaning: Meaning<'a>,
}

/// Notes what new, stored events say. `posts` are all new posts: answers may wait for them.
pub(crate) fn note(
    conn: &Connection,
    said: &[Said<'_>],
    posts: &[(TopicId, EventId)],
) -> rusqlite::Result<()> {
    note_answers(conn, said)?;
    gather_answers(conn, posts)?;
    note_reactions(conn, said)?;
    for said in said {
        match &said.meaning {
            Meaning::Deletion { targets } => note_deletion(conn, said, targets)?,
            Meaning::Profile(profile) => note_profile(conn, said, profile)?,
            _ => {}
        }
    }
    Ok(())
}

// --- answers ---

/// An answer and the root that it names.
type Answer<'a> = (&'a Said<'a>, EventId);

fn note_answers(conn: &Connection, said: &[Said<'_>]) -> rusqlite::Result<()> {
    let mut topics: BTreeMap<TopicId, Vec<Answer<'_>>> = BTreeMap::new();
    for said in said {
        if let Meaning::Post { reply: Some(reply) } = &said.meaning {
            topics
                .entry(said.topic)
                .or_default()
                .push((said, reply.root));
        }
    }
    for (topic, answers) in topics {
        let named: BTreeSet<EventId> = answers.iter().map(|(_, root)| *root).collect();
        let mut roots = roots_of(conn, &topic, &named)?;
        // Some may answer others of the group, whichever was written first by its author's clock.
        roots.extend(answers.iter().map(|(said, root)| (said.order.id, *root)));
        let mut at_last: Vec<(EventId, EventId)> = Vec::new();
        for (said, named) in &answers {
            let mut root = *named;
            while let Some(upper) = roots.get(&root) {
                root = *upper;
            }
            at_last.push((said.order.id, root));
            let (created_at, ms, id) = place_of(said.order);
            let values = params![topic.0, root.0, created_at, ms, id];
            sql::execute(conn, ANSWER, values)?;
        }
        let roots: BTreeSet<EventId> = at_last.iter().map(|(_, root)| *root).collect();
        let held = held(conn, &topic, &roots)?;
        at_last.retain(|(_, root)| held.contains(root));
        let answered: Vec<EventId> = at_last.into_iter().map(|(id, _)| id).collect();
        mark_answers(conn, &topic, &answered)?;
        for missing in roots.difference(&held) {
            sql::execute(conn, WAIT_FOR, [topic.0, missing.0])?;
        }
    }
    Ok(())
}

const ANSWER: &str = "
    INSERT OR IGNORE INTO answers (topic, root, created_at, ms, id) VALUES (?1, ?2, ?3, ?4, ?5)";

const WAIT_FOR: &str = "INSERT OR IGNORE INTO missing_roots (topic, root) VALUES (?1, ?2)";

const ROOTS: &str = "
    SELECT a.id, a.root FROM json_each(?2) wanted
    CROSS JOIN answers a ON a.topic = ?1 AND a.id = unhex(wanted.value)";

/// The roots of those that are answers themselves: programs differ in what they call a root.
fn roots_of(
    conn: &Connection,
    topic: &TopicId,
    ids: &BTreeSet<EventId>,
) -> rusqlite::Result<HashMap<EventId, EventId>> {
    let read = |row: &Row<'_>| Ok((event_id(row)?, EventId(row.get(1)?)));
    let roots = sql::rows(conn, ROOTS, params![topic.0, ids_column(ids)], read)?;
    Ok(roots.into_iter().collect())
}

const HELD: &str = "
    SELECT e.id FROM json_each(?2) wanted
    CROSS JOIN events e ON e.id = unhex(wanted.value)
    CROSS JOIN topic_events t
        ON t.topic = ?1 AND t.created_at = e.created_at AND t.ms = e.ms AND t.id = e.id
    WHERE t.is_post";

/// Those of the ids that are posts of the topic.
fn held(
    conn: &Connection,
    topic: &TopicId,
    ids: &BTreeSet<EventId>,
) -> rusqlite::Result<BTreeSet<EventId>> {
    let held = sql::rows(conn, HELD, params![topic.0, ids_column(ids)], event_id)?;
    Ok(held.into_iter().collect())
}

const MARK: &str = "
    UPDATE topic_events SET is_post = 2
    WHERE topic = ?1 AND (created_at, ms, id) IN (
        SELECT e.created_at, e.ms, e.id FROM json_each(?2) wanted
        CROSS JOIN events e ON e.id = unhex(wanted.value))";

/// From now on these are shown in their threads only.
fn mark_answers(conn: &Connection, topic: &TopicId, ids: &[EventId]) -> rusqlite::Result<()> {
    if !ids.is_empty() {
        sql::execute(conn, MARK, params![topic.0, ids_column(ids)])?;
    }
    Ok(())
}

const IS_ONE_MISSING: &str = "SELECT EXISTS (SELECT 1 FROM missing_roots)";

const FOUND: &str = "
    SELECT m.root FROM json_each(?2) wanted
    CROSS JOIN missing_roots m ON m.topic = ?1 AND m.root = unhex(wanted.value)";

const WAITING: &str = "SELECT id FROM answers WHERE topic = ?1 AND root = ?2";

/// Moves answers into the threads whose roots have come.
fn gather_answers(conn: &Connection, posts: &[(TopicId, EventId)]) -> rusqlite::Result<()> {
    if posts.is_empty() || sql::integer(conn, IS_ONE_MISSING)? == 0 {
        return Ok(());
    }
    let mut topics: BTreeMap<TopicId, BTreeSet<EventId>> = BTreeMap::new();
    for (topic, id) in posts {
        topics.entry(*topic).or_default().insert(*id);
    }
    for (topic, ids) in topics {
        let values = params![topic.0, ids_column(&ids)];
        for root in sql::rows(conn, FOUND, values, event_id)? {
            gather_thread(conn, &topic, root)?;
        }
    }
    Ok(())
}

/// The answers to `root`, which has come: it may be an answer itself, whose thread they join.
fn gather_thread(conn: &Connection, topic: &TopicId, root: EventId) -> rusqlite::Result<()> {
    let here = [topic.0, root.0];
    let waiting = sql::rows(conn, WAITING, here, event_id)?;
    let of_root = roots_of(conn, topic, &BTreeSet::from([root]))?;
    let forget = "DELETE FROM missing_roots WHERE topic = ?1 AND root = ?2";
    sql::execute(conn, forget, here)?;
    let Some(upper) = of_root.get(&root).filter(|upper| **upper != root) else {
        return mark_answers(conn, topic, &waiting);
    };
    let moved = "UPDATE OR IGNORE answers SET root = ?3 WHERE topic = ?1 AND root = ?2";
    sql::execute(conn, moved, [topic.0, root.0, upper.0])?;
    if held(conn, topic, &BTreeSet::from([*upper]))?.is_empty() {
        // They wait on, with it, for the post above it.
        return Ok(());
    }
    mark_answers(conn, topic, &waiting)
}

// --- reactions ---

const REACT: &str = "
    INSERT INTO reactions (topic, target, content, author, created_at, ms, id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (topic, target, content, author) DO UPDATE SET
        created_at = excluded.created_at, ms = excluded.ms, id = excluded.id
    WHERE (excluded.created_at, excluded.ms, excluded.id) > (created_at, ms, id)";

fn note_reactions(conn: &Connection, said: &[Said<'_>]) -> rusqlite::Result<()> {
    for said in said {
        if let Meaning::Reaction { target, content } = said.meaning {
            let (topic, author) = (said.topic.0, said.author.0);
            let (created_at, ms, id) = place_of(said.order);
            let values = params![topic, target.0, content, author, created_at, ms, id];
            sql::execute(conn, REACT, values)?;
        }
    }
    Ok(())
}

// --- deletions and profiles ---

const DELETE: &str = "
    INSERT INTO deletions (topic, target, author, at)
    SELECT ?1, unhex(wanted.value), ?3, ?4 FROM json_each(?2) wanted WHERE true
    ON CONFLICT (topic, target, author) DO UPDATE SET at = min(at, excluded.at)";

fn note_deletion(conn: &Connection, said: &Said<'_>, targets: &[EventId]) -> rusqlite::Result<()> {
    let at = to_column(said.order.at().0);
    let values = params![said.topic.0, ids_column(targets), said.author.0, at];
    sql::execute(conn, DELETE, values)?;
    Ok(())
}

// Of two at the same moment the lower id counts (NIP-01).
const TELL: &str = "
    INSERT INTO profiles (author, topic, at, id, name, about) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (author, topic) DO UPDATE SET
        at = excluded.at, id = excluded.id, name = excluded.name, about = excluded.about
    WHERE excluded.at > at OR (excluded.at = at AND excluded.id < id)";

fn note_profile(conn: &Connection, said: &Said<'_>, profile: &Profile) -> rusqlite::Result<()> {
    let (topic, id) = (&said.topic.0, &said.order.id.0);
    tell(conn, said.author, (topic, said.order.at(), id), profile)
}

/// Notes what this profile's author tells about themselves, before any topic was told.
pub(super) fn note_own_profile(
    conn: &Connection,
    author: AuthorId,
    profile: &Profile,
    at: UnixMs,
) -> rusqlite::Result<()> {
    tell(conn, author, (&[], at, &[]), profile)
}

fn tell(
    conn: &Connection,
    author: AuthorId,
    (topic, at, id): (&[u8], UnixMs, &[u8]),
    profile: &Profile,
) -> rusqlite::Result<()> {
    let (name, about) = (&profile.name, &profile.about);
    sql::execute(
        conn,
        TELL,
        params![author.0, topic, to_column(at.0), id, name, about],
    )?;
    Ok(())
}

#[cfg(test)]
pub(super) const QUERIES: &[&str] = &[ROOTS, HELD, MARK, FOUND, WAITING];
