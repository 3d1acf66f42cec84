//! Inserting the events of a group.
//!
//! Owns the statements with many rows. They are plain SQL: sea-orm would build and SQLite parse
//! a new text for every number of rows, where these few are prepared once. They say `OR IGNORE` or
//! `OR FAIL`, never nothing: a plain `INSERT` of many rows copies every page before it changes it,
//! so that it can undo itself, while here an error undoes the whole transaction.

use std::collections::{HashMap, HashSet};

use kukuri_application::ports::{Commit, Origin};
use kukuri_domain::{EventId, TopicId, UnixMs, VerifiedEvent, event::is_post};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};

use super::{
    Write,
    apply::{array, blob},
    membership::{self, Change, Fresh},
    reading::{self, Total},
    retention,
    script::Script,
};
use crate::{convert::event_row, migrations, sets::SyncSets};

/// Rows of one statement, greatest first.
const ROWS: [usize; 5] = [ROWS_MAX, 256, 32, 4, 1];

/// Rows of the greatest statement.
pub(super) const ROWS_MAX: usize = 1_024;

/// An event in a topic.
type Place = (TopicId, EventId);

/// An event of the group where it appears for the first time.
pub(super) struct Candidate<'a> {
    pub(super) topic: TopicId,
    pub(super) event: &'a VerifiedEvent,
    origin: Origin,
    received_at: UnixMs,
}

/// What the commits of a group came to.
#[derive(Default)]
pub(super) struct Inserted {
    /// The outcome of each.
    pub(super) commits: Vec<Vec<Commit>>,
    /// How the sync sets changed.
    pub(super) changes: Vec<Change>,
    /// What their topics have come to.
    pub(super) totals: Vec<Total>,
}

/// Inserts the events of all commits among `writes`.
pub(super) async fn insert(
    conn: &impl ConnectionTrait,
    writes: &[Write],
    sets: &SyncSets,
) -> Result<Inserted, DbErr> {
    let candidates = candidates(writes, sets);
    if candidates.is_empty() {
        return Ok(Inserted {
            commits: outcomes(writes, HashSet::new()),
            ..Inserted::default()
        });
    }
    let mut script = Script::on(conn);
    let new = insert_places(&mut script, &candidates).await?;
    let fresh: Vec<&Candidate<'_>> = candidates
        .iter()
        .filter(|c| new.contains(&(c.topic, c.event.id())))
        .collect();
    let bytes = insert_events(&mut script, &fresh).await?;
    insert_own(&mut script, &fresh).await?;
    let gains = reading::note_new(&mut script, &fresh, &bytes).await?;
    let members = fresh.iter().map(|c| Fresh::of_verified(c.topic, c.event));
    let changes = membership::note(&mut script, &members.collect::<Vec<_>>()).await?;
    let totals = reading::count(&mut script, gains).await?;
    script.run().await?;
    if candidates.iter().any(|c| c.origin == Origin::Local) && fresh.len() < candidates.len() {
        // An event that is promised now may have come without a promise before. A transaction
        // that changes nothing would not reach the disk, and so would not take it there.
        let same = format!("PRAGMA user_version = {}", migrations::known());
        conn.execute_unprepared(&same).await?;
    }
    Ok(Inserted {
        commits: outcomes(writes, new),
        changes,
        totals,
    })
}

/// The events of the commits, each once, without those of peers that lie behind the horizon.
fn candidates<'a>(writes: &'a [Write], sets: &SyncSets) -> Vec<Candidate<'a>> {
    let mut seen: HashMap<Place, usize> = HashMap::new();
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for write in writes {
        let Write::Commit {
            topic,
            events,
            origin,
            received_at,
        } = write
        else {
            continue;
        };
        let horizon = match origin {
            Origin::Local => UnixMs(0),
            Origin::Peer => sets.horizon(topic),
        };
        // The time first: what stands in a place is not looked for in every event.
        let is_behind = |event: &VerifiedEvent| {
            event.order().at() < horizon && event.member().is_behind(horizon)
        };
        for event in events.iter().filter(|event| !is_behind(event)) {
            seen.entry((*topic, event.id())).or_insert_with(|| {
                candidates.push(Candidate {
                    topic: *topic,
                    event,
                    origin: *origin,
                    received_at: *received_at,
                });
                candidates.len()
            });
        }
    }
    candidates
}

/// Of several appearances in a group, the first is the new one.
fn outcomes(writes: &[Write], mut new: HashSet<Place>) -> Vec<Vec<Commit>> {
    let mut outcomes = Vec::new();
    for write in writes {
        let Write::Commit { topic, events, .. } = write else {
            continue;
        };
        let ids = events.iter().map(VerifiedEvent::id);
        outcomes.push(
            ids.map(|id| Commit {
                id,
                is_new: new.remove(&(*topic, id)),
            })
            .collect(),
        );
    }
    outcomes
}

/// Returns those that were not there before.
async fn insert_places<C: ConnectionTrait>(
    script: &mut Script<'_, C>,
    candidates: &[Candidate<'_>],
) -> Result<HashSet<Place>, DbErr> {
    const HEAD: &str = "INSERT OR IGNORE INTO topic_events \
         (topic, created_at, ms, id, is_post, until, keyed, replaced_at) VALUES ";
    const TAIL: &str = " RETURNING topic, id";
    let mut new = HashSet::with_capacity(candidates.len());
    for chunk in chunks(candidates) {
        let values = chunk.iter().flat_map(|c| -> [Value; 8] {
            let member = c.event.member();
            let [topic, created_at, ms, id] = membership::place_of(c.topic, member.order);
            let [until, keyed, replaced_at] = membership::columns_of(member);
            let is_post = is_post(c.event.kind()).into();
            [
                topic,
                created_at,
                ms,
                id,
                is_post,
                until,
                keyed,
                replaced_at,
            ]
        });
        let sql = rows_sql(HEAD, 8, chunk.len(), TAIL);
        for row in script.rows(&sql, values).await? {
            new.insert(place(&row)?);
        }
    }
    Ok(new)
}

fn place(row: &QueryResult) -> Result<Place, DbErr> {
    Ok((TopicId(array(row, 0)?), EventId(array(row, 1)?)))
}

/// An event that is in another topic already is not inserted again. Returns how much room each
/// takes.
async fn insert_events<C: ConnectionTrait>(
    script: &mut Script<'_, C>,
    fresh: &[&Candidate<'_>],
) -> Result<Vec<u64>, DbErr> {
    const HEAD: &str = "INSERT OR IGNORE INTO events \
         (id, author, created_at, ms, kind, tags, content, sig, received_at) VALUES ";
    let mut bytes = Vec::with_capacity(fresh.len());
    for chunk in chunks(fresh) {
        let values = chunk.iter().flat_map(|c| -> [Value; 9] {
            let row = event_row(c.event, c.received_at);
            let (tags, content) = (row.tags.len(), row.content.len());
            bytes.push(retention::bytes_of(c.event.kind(), tags, content));
            [
                row.id.into(),
                row.author.into(),
                row.created_at.into(),
                row.ms.into(),
                row.kind.into(),
                row.tags.into(),
                row.content.into(),
                row.sig.into(),
                row.received_at.into(),
            ]
        });
        let sql = rows_sql(HEAD, 9, chunk.len(), "");
        script.add(&sql, values).await?;
    }
    Ok(bytes)
}

async fn insert_own<C: ConnectionTrait>(
    script: &mut Script<'_, C>,
    fresh: &[&Candidate<'_>],
) -> Result<(), DbErr> {
    const HEAD: &str = "INSERT OR IGNORE INTO own_events (topic, id) VALUES ";
    let own: Vec<_> = fresh.iter().filter(|c| c.origin == Origin::Local).collect();
    for chunk in chunks(&own) {
        let values = chunk
            .iter()
            .flat_map(|c| [blob(&c.topic.0), blob(&c.event.id().0)]);
        let sql = rows_sql(HEAD, 2, chunk.len(), "");
        script.add(&sql, values).await?;
    }
    Ok(())
}

/// Cuts a list into pieces of the lengths in [`ROWS`].
pub(super) fn chunks<T>(mut list: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let rows = ROWS.into_iter().find(|rows| *rows <= list.len())?;
        let (chunk, rest) = list.split_at(rows);
        list = rest;
        Some(chunk)
    })
}

pub(super) fn rows_sql(head: &str, columns: usize, rows: usize, tail: &str) -> String {
    let row = format!("(?{}),", ",?".repeat(columns - 1));
    let rows = row.repeat(rows);
    format!("{head}{}{tail}", rows.trim_end_matches(','))
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
    fn rows_sql_has_one_parameter_for_each_column() {
        assert_eq!(
            rows_sql("INSERT ", 2, 3, " END"),
            "INSERT (?,?),(?,?),(?,?) END"
        );
    }
}
