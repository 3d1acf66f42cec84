//! The search index, a batch at a time.
//!
//! Owns the move of posts from the queue into the index, in one transaction each, so that a
//! search sees every post exactly in one of the two. Must never be in the way of a commit: the
//! writer calls it when it is idle, and a batch is small.

use std::collections::BTreeMap;

use kukuri_domain::TopicId;
use sea_orm::{ConnectionTrait, DbErr, Value};
use tokio::task::JoinHandle;

use super::{
    apply::{blob, statement},
    events::{ROWS_MAX, chunks, rows_sql},
    reading::{Waiting, waiting},
};
use crate::terms;

/// Posts in one batch, for which a local post may have to wait. As many as go into one statement:
/// before each further one FTS5 would write out what it gathered, and later merge it again.
pub(super) const BATCH: usize = ROWS_MAX;

/// A post as the index takes it.
struct Document {
    topic: TopicId,
    id: [u8; 32],
    terms: String,
}

/// A batch whose texts are being split.
pub(super) struct Splitting {
    /// Its last post in the queue.
    last: i64,
    posts: usize,
    documents: JoinHandle<Vec<(i64, Document)>>,
}

/// Moves one batch into the index; returns how many posts that were. The next batch, if it is a
/// full one, is left in `ahead`: its texts are split while this one is written.
pub(super) async fn advance(
    conn: &impl ConnectionTrait,
    ahead: &mut Option<Splitting>,
) -> Result<usize, DbErr> {
    let batch = match ahead.take() {
        Some(batch) => Some(batch),
        None => split(conn, 0).await?,
    };
    let Some(batch) = batch else {
        // What else waits is not held any more.
        let none_waits = statement(conn, "DELETE FROM unindexed", []);
        conn.execute_raw(none_waits).await?;
        return Ok(0);
    };
    if batch.posts == BATCH {
        *ahead = split(conn, batch.last).await?.filter(|b| b.posts == BATCH);
    }
    let documents = batch.documents.await;
    let documents = documents.map_err(|e| DbErr::Custom(format!("splitting texts: {e}")))?;
    let documents = free_places(conn, documents).await?;
    insert(conn, &documents).await?;
    let done = "DELETE FROM unindexed WHERE seq <= ?1";
    conn.execute_raw(statement(conn, done, [batch.last.into()]))
        .await?;
    Ok(batch.posts)
}

/// Begins with the texts of the posts that come after a place in the queue.
async fn split(conn: &impl ConnectionTrait, after: i64) -> Result<Option<Splitting>, DbErr> {
    let batch = waiting(conn, after, BATCH).await?;
    Ok(batch.last().map(|post| post.seq).map(|last| Splitting {
        last,
        posts: batch.len(),
        documents: tokio::task::spawn_blocking(|| documents(batch)),
    }))
}

fn documents(batch: Vec<Waiting>) -> Vec<(i64, Document)> {
    let document = |post: Waiting| {
        let document = Document {
            topic: post.topic,
            id: post.order.id.0,
            terms: terms::document(&post.topic, &post.content),
        };
        (terms::place(&post.order), document)
    };
    batch.into_iter().map(document).collect()
}

const TAKEN: &str = "
    SELECT i.place FROM json_each(?1) wanted CROSS JOIN indexed i ON i.place = wanted.value";

#[cfg(test)]
pub(super) const QUERIES: &[&str] = &[TAKEN];

/// Gives each document a place of its own: the next free one if its own is taken. In their
/// order, since FTS5 writes out what it gathered whenever a place is lower than the last.
async fn free_places(
    conn: &impl ConnectionTrait,
    mut documents: Vec<(i64, Document)>,
) -> Result<BTreeMap<i64, Document>, DbErr> {
    let mut placed: BTreeMap<i64, Document> = BTreeMap::new();
    while !documents.is_empty() {
        let wanted: Vec<String> = documents
            .iter()
            .map(|(place, _)| place.to_string())
            .collect();
        let wanted = format!("[{}]", wanted.join(","));
        let rows = conn
            .query_all_raw(statement(conn, TAKEN, [wanted.into()]))
            .await?;
        let taken = rows.iter().map(|row| row.try_get_by_index(0));
        let taken = taken.collect::<Result<std::collections::HashSet<i64>, _>>()?;
        let mut displaced = Vec::new();
        for (place, document) in documents {
            if taken.contains(&place) || placed.contains_key(&place) {
                // Beyond the last place there is none; it begins anew at the first.
                displaced.push((place.checked_add(1).unwrap_or(0), document));
            } else {
                placed.insert(place, document);
            }
        }
        documents = displaced;
    }
    Ok(placed)
}

async fn insert(
    conn: &impl ConnectionTrait,
    documents: &BTreeMap<i64, Document>,
) -> Result<(), DbErr> {
    const PLACES: &str = "INSERT OR FAIL INTO indexed (place, topic, id) VALUES ";
    const TERMS: &str = "INSERT OR FAIL INTO terms (rowid, words) VALUES ";
    let documents: Vec<(&i64, &Document)> = documents.iter().collect();
    for chunk in chunks(&documents) {
        let values = chunk
            .iter()
            .flat_map(|(place, d)| [(**place).into(), blob(&d.topic.0), blob(&d.id)]);
        let sql = rows_sql(PLACES, 3, chunk.len(), "");
        conn.execute_raw(statement(conn, &sql, values)).await?;
        let values = chunk
            .iter()
            .flat_map(|(place, d)| -> [Value; 2] { [(**place).into(), d.terms.clone().into()] });
        let sql = rows_sql(TERMS, 2, chunk.len(), "");
        conn.execute_raw(statement(conn, &sql, values)).await?;
    }
    Ok(())
}
