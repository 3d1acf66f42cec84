//! The search index, a batch at a time.
//!
//! Owns the move of posts from the queue into the index, in one transaction each, so that a
//! search sees every post exactly in one of the two. Must never be in the way of a commit: the
//! writer calls it when it is idle, and a batch is small.

use std::{
    collections::{BTreeMap, HashSet},
    panic::resume_unwind,
    thread::{self, JoinHandle},
};

use kukuri_domain::TopicId;
use rusqlite::{Connection, ToSql, params, params_from_iter};

use super::{
    reading::{Waiting, waiting},
    sql,
};
use crate::terms;

/// Posts in one batch, for which a local post may have to wait. As many as go into one statement:
/// before each further one FTS5 would write out what it gathered, and later merge it again.
pub(super) const BATCH: usize = 1_024;

/// Rows of one statement, greatest first: a text for every number would be one too many.
const ROWS: [usize; 5] = [BATCH, 256, 32, 4, 1];

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
pub(super) fn advance(conn: &Connection, ahead: &mut Option<Splitting>) -> rusqlite::Result<usize> {
    let batch = match ahead.take() {
        Some(batch) => Some(batch),
        None => split(conn, 0)?,
    };
    let Some(batch) = batch else {
        // What else waits is not held any more.
        sql::execute(conn, "DELETE FROM unindexed", [])?;
        return Ok(0);
    };
    if batch.posts == BATCH {
        *ahead = split(conn, batch.last)?.filter(|b| b.posts == BATCH);
    }
    let documents = batch.documents.join();
    let documents = free_places(conn, documents.unwrap_or_else(|panic| resume_unwind(panic)))?;
    insert(conn, &documents)?;
    let done = "DELETE FROM unindexed WHERE seq <= ?1";
    sql::execute(conn, done, [batch.last])?;
    Ok(batch.posts)
}

/// Begins with the texts of the posts that come after a place in the queue.
fn split(conn: &Connection, after: i64) -> rusqlite::Result<Option<Splitting>> {
    let batch = waiting(conn, after, BATCH)?;
    Ok(batch.last().map(|post| post.seq).map(|last| Splitting {
        last,
        posts: batch.len(),
        documents: thread::spawn(|| documents(batch)),
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
fn free_places(
    conn: &Connection,
    mut documents: Vec<(i64, Document)>,
) -> rusqlite::Result<BTreeMap<i64, Document>> {
    let mut placed: BTreeMap<i64, Document> = BTreeMap::new();
    while !documents.is_empty() {
        let wanted: Vec<String> = documents
            .iter()
            .map(|(place, _)| place.to_string())
            .collect();
        let wanted = format!("[{}]", wanted.join(","));
        let taken = sql::rows(conn, TAKEN, [wanted], |row| row.get(0))?;
        let taken: HashSet<i64> = taken.into_iter().collect();
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

fn insert(conn: &Connection, documents: &BTreeMap<i64, Document>) -> rusqlite::Result<()> {
    for (place, document) in documents {
        let values = params![place, document.topic.0, document.id];
        sql::execute(conn, INSERT_PLACE, values)?;
    }
    let documents: Vec<(&i64, &Document)> = documents.iter().collect();
    for chunk in chunks(&documents) {
        let values = chunk
            .iter()
            .flat_map(|(place, d)| [*place as &dyn ToSql, &d.terms]);
        sql::execute(conn, &insert_terms(chunk.len()), params_from_iter(values))?;
    }
    Ok(())
}

const INSERT_PLACE: &str = "INSERT OR FAIL INTO indexed (place, topic, id) VALUES (?1, ?2, ?3)";

/// The statement that takes so many documents.
fn insert_terms(rows: usize) -> String {
    let rows = vec!["(?, ?)"; rows].join(", ");
    format!("INSERT OR FAIL INTO terms (rowid, words) VALUES {rows}")
}

/// Cuts a list into pieces of the lengths in [`ROWS`].
fn chunks<T>(mut list: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let rows = ROWS.into_iter().find(|rows| *rows <= list.len())?;
        let (chunk, rest) = list.split_at(rows);
        list = rest;
        Some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_the_list_in_order() {
        for n in [0, 1, 3, 4, 37, 256, 1_000, 1_024, 3_000] {
            let list: Vec<usize> = (0..n).collect();
            let chunks: Vec<&[usize]> = chunks(&list).collect();
            assert_eq!(chunks.concat(), list);
            assert!(chunks.iter().all(|chunk| ROWS.contains(&chunk.len())));
        }
    }

    #[test]
    fn a_statement_has_a_parameter_for_each_column_of_each_row() {
        let text = "INSERT OR FAIL INTO terms (rowid, words) VALUES (?, ?), (?, ?)";
        assert_eq!(insert_terms(2), text);
    }
}
