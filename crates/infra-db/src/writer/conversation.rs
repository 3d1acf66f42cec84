//! What new events say about others: answers, reactions, deletions, profiles.
//!
//! Owns the statements that note it, in the transaction of the events. Must never refuse
//! anything: what refers to nothing is noted too, since what it refers to may come later.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kukuri_domain::{
    AuthorId, EventId, EventOrder, TopicId, UnixMs,
    event::{Meaning, Profile},
};
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::{
    apply::{array, blob, statement},
    events::{chunks, rows_sql},
};
use crate::convert::{ids_column, to_column};

/// An event that says something.
pub(crate) struct Said<'a> {
    pub(crate) topic: TopicId,
    pub(crate) author: AuthorId,
    pub(crate) order: EventOrder,
    pub(crate) meaning: Meaning<'a>,
}

/// Notes what new, stored events say. `posts` are all new posts: answers may wait for them.
pub(crate) async fn note<C: ConnectionTrait>(
    conn: &C,
    said: &[Said<'_>],
    posts: &[(TopicId, EventId)],
) -> Result<(), DbErr> {
    note_answers(conn, said).await?;
    gather_answers(conn, posts).await?;
    note_reactions(conn, said).await?;
    for said in said {
        match &said.meaning {
            Meaning::Deletion { targets } => note_deletion(conn, said, targets).await?,
            Meaning::Profile(profile) => note_profile(conn, said, profile).await?,
            _ => {}
        }
    }
    Ok(())
}

// --- answers ---

/// An answer and the root that it names.
type Answer<'a> = (&'a Said<'a>, EventId);

async fn note_answers(conn: &impl ConnectionTrait, said: &[Said<'_>]) -> Result<(), DbErr> {
    const HEAD: &str = "INSERT OR IGNORE INTO answers (topic, root, created_at, ms, id) VALUES ";
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
        let mut roots = roots_of(conn, &topic, &named).await?;
        // Some may answer others of the group, whichever was written first by its author's clock.
        roots.extend(answers.iter().map(|(said, root)| (said.order.id, *root)));
        let mut rows: Vec<[Value; 5]> = Vec::new();
        let mut at_last: Vec<(EventId, EventId)> = Vec::new();
        for (said, named) in &answers {
            let mut root = *named;
            while let Some(upper) = roots.get(&root) {
                root = *upper;
            }
            at_last.push((said.order.id, root));
            rows.push([
                blob(&topic.0),
                blob(&root.0),
                to_column(said.order.created_at).into(),
                said.order.ms.into(),
                blob(&said.order.id.0),
            ]);
        }
        for chunk in chunks(&rows) {
            let sql = rows_sql(HEAD, 5, chunk.len(), "");
            let values = chunk.iter().flatten().cloned();
            conn.execute_raw(statement(conn, &sql, values)).await?;
        }
        let roots: BTreeSet<EventId> = at_last.iter().map(|(_, root)| *root).collect();
        let held = held(conn, &topic, &roots).await?;
        at_last.retain(|(_, root)| held.contains(root));
        let answered: Vec<EventId> = at_last.into_iter().map(|(id, _)| id).collect();
        mark_answers(conn, &topic, &answered).await?;
        for missing in roots.difference(&held) {
            let values = [blob(&topic.0), blob(&missing.0)];
            conn.execute_raw(statement(conn, WAIT_FOR, values)).await?;
        }
    }
    Ok(())
}

const WAIT_FOR: &str = "INSERT OR IGNORE INTO missing_roots (topic, root) VALUES (?1, ?2)";

const ROOTS: &str = "
    SELECT a.id, a.root FROM json_each(?2) wanted
    CROSS JOIN answers a ON a.topic = ?1 AND a.id = unhex(wanted.value)";

/// The roots of those that are answers themselves: programs differ in what they call a root.
async fn roots_of(
    conn: &impl ConnectionTrait,
    topic: &TopicId,
    ids: &BTreeSet<EventId>,
) -> Result<HashMap<EventId, EventId>, DbErr> {
    let values = [blob(&topic.0), ids_column(ids).into()];
    let rows = conn.query_all_raw(statement(conn, ROOTS, values)).await?;
    let roots = rows
        .iter()
        .map(|row| Ok((EventId(array(row, 0)?), EventId(array(row, 1)?))));
    roots.collect()
}

const HELD: &str = "
    SELECT e.id FROM json_each(?2) wanted
    CROSS JOIN events e ON e.id = unhex(wanted.value)
    CROSS JOIN topic_events t
        ON t.topic = ?1 AND t.created_at = e.created_at AND t.ms = e.ms AND t.id = e.id
    WHERE t.is_post";

/// Those of the ids that are posts of the topic.
async fn held(
    conn: &impl ConnectionTrait,
    topic: &TopicId,
    ids: &BTreeSet<EventId>,
) -> Result<BTreeSet<EventId>, DbErr> {
    let values = [blob(&topic.0), ids_column(ids).into()];
    let rows = conn.query_all_raw(statement(conn, HELD, values)).await?;
    rows.iter().map(|row| array(row, 0).map(EventId)).collect()
}

const MARK: &str = "
    UPDATE topic_events SET is_post = 2
    WHERE topic = ?1 AND (created_at, ms, id) IN (
        SELECT e.created_at, e.ms, e.id FROM json_each(?2) wanted
        CROSS JOIN events e ON e.id = unhex(wanted.value))";

/// From now on these are shown in their threads only.
async fn mark_answers(
    conn: &impl ConnectionTrait,
    topic: &TopicId,
    ids: &[EventId],
) -> Result<(), DbErr> {
    if !ids.is_empty() {
        let values = [blob(&topic.0), ids_column(ids).into()];
        conn.execute_raw(statement(conn, MARK, values)).await?;
    }
    Ok(())
}

const IS_ONE_MISSING: &str = "SELECT EXISTS (SELECT 1 FROM missing_roots)";

const FOUND: &str = "
    SELECT m.root FROM json_each(?2) wanted
    CROSS JOIN missing_roots m ON m.topic = ?1 AND m.root = unhex(wanted.value)";

const WAITING: &str = "SELECT id FROM answers WHERE topic = ?1 AND root = ?2";

/// Moves answers into the threads whose roots have come.
async fn gather_answers(
    conn: &impl ConnectionTrait,
    posts: &[(TopicId, EventId)],
) -> Result<(), DbErr> {
    if posts.is_empty() || !is_one_missing(conn).await? {
        return Ok(());
    }
    let mut topics: BTreeMap<TopicId, BTreeSet<EventId>> = BTreeMap::new();
    for (topic, id) in posts {
        topics.entry(*topic).or_default().insert(*id);
    }
    for (topic, ids) in topics {
        let values = [blob(&topic.0), ids_column(&ids).into()];
        let rows = conn.query_all_raw(statement(conn, FOUND, values)).await?;
        for row in &rows {
            gather_thread(conn, &topic, EventId(array(row, 0)?)).await?;
        }
    }
    Ok(())
}

async fn is_one_missing(conn: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let row = conn
        .query_one_raw(statement(conn, IS_ONE_MISSING, []))
        .await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}

/// The answers to `root`, which has come: it may be an answer itself, whose thread they join.
async fn gather_thread(
    conn: &impl ConnectionTrait,
    topic: &TopicId,
    root: EventId,
) -> Result<(), DbErr> {
    let here = || [blob(&topic.0), blob(&root.0)];
    let rows = conn.query_all_raw(statement(conn, WAITING, here())).await?;
    let waiting = rows.iter().map(|row| array(row, 0).map(EventId));
    let waiting = waiting.collect::<Result<Vec<_>, _>>()?;
    let of_root = roots_of(conn, topic, &BTreeSet::from([root])).await?;
    let forget = "DELETE FROM missing_roots WHERE topic = ?1 AND root = ?2";
    conn.execute_raw(statement(conn, forget, here())).await?;
    let Some(upper) = of_root.get(&root).filter(|upper| **upper != root) else {
        return mark_answers(conn, topic, &waiting).await;
    };
    let moved = "UPDATE OR IGNORE answers SET root = ?3 WHERE topic = ?1 AND root = ?2";
    let values = here().into_iter().chain([blob(&upper.0)]);
    conn.execute_raw(statement(conn, moved, values)).await?;
    if held(conn, topic, &BTreeSet::from([*upper]))
        .await?
        .is_empty()
    {
        // They wait on, with it, for the post above it.
        return Ok(());
    }
    mark_answers(conn, topic, &waiting).await
}

// --- reactions ---

const REACT: &str = "
    INSERT INTO reactions (topic, target, content, author, created_at, ms, id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (topic, target, content, author) DO UPDATE SET
        created_at = excluded.created_at, ms = excluded.ms, id = excluded.id
    WHERE (excluded.created_at, excluded.ms, excluded.id) > (created_at, ms, id)";

async fn note_reactions(conn: &impl ConnectionTrait, said: &[Said<'_>]) -> Result<(), DbErr> {
    for said in said {
        if let Meaning::Reaction { target, content } = said.meaning {
            let values = [
                blob(&said.topic.0),
                blob(&target.0),
                content.into(),
                blob(&said.author.0),
                to_column(said.order.created_at).into(),
                said.order.ms.into(),
                blob(&said.order.id.0),
            ];
            conn.execute_raw(statement(conn, REACT, values)).await?;
        }
    }
    Ok(())
}

// --- deletions and profiles ---

const DELETE: &str = "
    INSERT INTO deletions (topic, target, author, at)
    SELECT ?1, unhex(wanted.value), ?3, ?4 FROM json_each(?2) wanted WHERE true
    ON CONFLICT (topic, target, author) DO UPDATE SET at = min(at, excluded.at)";

async fn note_deletion(
    conn: &impl ConnectionTrait,
    said: &Said<'_>,
    targets: &[EventId],
) -> Result<(), DbErr> {
    let values = [
        blob(&said.topic.0),
        ids_column(targets).into(),
        blob(&said.author.0),
        to_column(said.order.at().0).into(),
    ];
    conn.execute_raw(statement(conn, DELETE, values)).await?;
    Ok(())
}

// Of two at the same moment the lower id counts (NIP-01).
const TELL: &str = "
    INSERT INTO profiles (author, topic, at, id, name, about) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (author, topic) DO UPDATE SET
        at = excluded.at, id = excluded.id, name = excluded.name, about = excluded.about
    WHERE excluded.at > at OR (excluded.at = at AND excluded.id < id)";

async fn note_profile(
    conn: &impl ConnectionTrait,
    said: &Said<'_>,
    profile: &Profile,
) -> Result<(), DbErr> {
    let (topic, id) = (said.topic.0.to_vec(), said.order.id.0.to_vec());
    tell(conn, said.author, (topic, said.order.at(), id), profile).await
}

/// Notes what this profile's author tells about themselves, before any topic was told.
pub(super) async fn note_own_profile(
    conn: &impl ConnectionTrait,
    author: AuthorId,
    profile: &Profile,
    at: UnixMs,
) -> Result<(), DbErr> {
    tell(conn, author, (Vec::new(), at, Vec::new()), profile).await
}

async fn tell(
    conn: &impl ConnectionTrait,
    author: AuthorId,
    (topic, at, id): (Vec<u8>, UnixMs, Vec<u8>),
    profile: &Profile,
) -> Result<(), DbErr> {
    let values = [
        blob(&author.0),
        topic.into(),
        to_column(at.0).into(),
        id.into(),
        profile.name.clone().into(),
        profile.about.clone().into(),
    ];
    conn.execute_raw(statement(conn, TELL, values)).await?;
    Ok(())
}

#[cfg(test)]
pub(super) const QUERIES: &[&str] = &[ROOTS, HELD, MARK, FOUND, WAITING];
