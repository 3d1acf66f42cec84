//! Inserting the events of a group.
//!
//! Owns the rows of events and their order within a group. Its inserts say `OR IGNORE` or `OR FAIL`,
//! never nothing: a statement that could undo itself alone would keep what it changes twice, while
//! here an error undoes the whole transaction.

use std::collections::{HashMap, HashSet};

use kukuri_application::ports::{Commit, Origin};
use kukuri_domain::{EventId, TopicId, UnixMs, VerifiedEvent, event::is_post};
use rusqlite::{Connection, params};

use super::{
    Write,
    membership::{self, Change, Fresh},
    reading::{self, Total},
    retention,
};
use crate::{
    convert::{tags_column, to_column},
    migrations,
    sets::SyncSets,
};

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
pub(super) fn insert(
    conn: &Connection,
    writes: &[Write],
    sets: &SyncSets,
) -> rusqlite::Result<Inserted> {
    let candidates = candidates(writes, sets);
    if candidates.is_empty() {
        return Ok(Inserted {
            commits: outcomes(writes, HashSet::new()),
            ..Inserted::default()
        });
    }
    let fresh = insert_places(conn, &candidates)?;
    let bytes = insert_events(conn, &fresh)?;
    insert_own(conn, &fresh)?;
    let gains = reading::note_new(conn, &fresh, &bytes)?;
    let members = fresh.iter().map(|c| Fresh::of_verified(c.topic, c.event));
    let changes = membership::note(conn, &members.collect::<Vec<_>>())?;
    let totals = reading::count(conn, gains)?;
    if candidates.iter().any(|c| c.origin == Origin::Local) && fresh.len() < candidates.len() {
        // An event that is promised now may have come without a promise before. A transaction
        // that changes nothing would not reach the disk, and so would not take it there.
        let same = format!("PRAGMA user_version = {}", migrations::known());
        conn.execute_batch(&same)?;
    }
    let new = fresh.iter().map(|c| (c.topic, c.event.id())).collect();
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

const INSERT_PLACE: &str = "
    INSERT OR IGNORE INTO topic_events
        (topic, created_at, ms, id, is_post, until, keyed, replaced_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// Returns those that were not there before.
fn insert_places<'c, 'e>(
    conn: &Connection,
    candidates: &'c [Candidate<'e>],
) -> rusqlite::Result<Vec<&'c Candidate<'e>>> {
    let mut insert = conn.prepare_cached(INSERT_PLACE)?;
    let mut new = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let member = candidate.event.member();
        let (created_at, ms, id) = membership::place_of(member.order);
        let (until, keyed, replaced_at) = membership::columns_of(member);
        let is_post = is_post(candidate.event.kind());
        let topic = candidate.topic.0;
        let values = params![
            topic,
            created_at,
            ms,
            id,
            is_post,
            until,
            keyed,
            replaced_at
        ];
        if insert.execute(values)? > 0 {
            new.push(candidate);
        }
    }
    Ok(new)
}

const INSERT_EVENT: &str = "
    INSERT OR IGNORE INTO events
        (id, author, created_at, ms, kind, tags, content, sig, received_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

/// An event that is in another topic already is not inserted again. Returns how much room each
/// takes.
fn insert_events(conn: &Connection, fresh: &[&Candidate<'_>]) -> rusqlite::Result<Vec<u64>> {
    let mut insert = conn.prepare_cached(INSERT_EVENT)?;
    let mut bytes = Vec::with_capacity(fresh.len());
    for new in fresh {
        let event = new.event;
        let (created_at, ms, id) = membership::place_of(event.order());
        let (tags, content) = (tags_column(event.tags()), event.content());
        insert.execute(params![
            id,
            event.author().0,
            created_at,
            ms,
            event.kind(),
            tags,
            content,
            event.as_nostr().sig.as_bytes(),
            to_column(new.received_at.0),
        ])?;
        let room = retention::bytes_of(event.kind(), tags.len(), content.len());
        bytes.push(room);
    }
    Ok(bytes)
}

const INSERT_OWN: &str = "INSERT OR IGNORE INTO own_events (topic, id) VALUES (?1, ?2)";

fn insert_own(conn: &Connection, fresh: &[&Candidate<'_>]) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(INSERT_OWN)?;
    for own in fresh.iter().filter(|c| c.origin == Origin::Local) {
        insert.execute([own.topic.0, own.event.id().0])?;
    }
    Ok(())
}
