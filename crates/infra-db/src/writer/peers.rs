//! What is remembered about peers and DHT nodes.
//!
//! Owns the rules: what success and failure do to a score, how many peers a topic remembers,
//! when one is forgotten. Forgetting happens only when another peer was just reached: after a
//! long absence the old peers are all there is.

use std::collections::HashSet;

use kukuri_application::ports::PeerContact;
use kukuri_domain::{PeerAddress, PeerId, TopicId, UnixMs, limits::PEER_ADDRESSES_MAX};
use rusqlite::{Connection, Row, params};

use super::sql::{self, damaged};
use crate::{
    convert::{addresses, addresses_column, to_column},
    entities::known_peer,
};

/// Peers that are remembered per topic.
const KNOWN_PEERS_MAX: u32 = 200;

/// A peer without a success for this long is forgotten (30 days).
const FORGET_AFTER_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// A peer that failed this often in a row is forgotten. At one attempt per start and a few more
/// while alone, that is some weeks of ordinary use.
const FORGET_AFTER_FAILURES: u32 = 20;

/// Bounds of a score: a few failures end a long good record, and one success a bad one.
const SCORE_MAX: i32 = 10;

const KNOWN: &str = "SELECT * FROM known_peers WHERE topic = ?1 AND peer = ?2";

const NOTE: &str = "
    INSERT OR REPLACE INTO known_peers
        (topic, peer, addresses, score, last_success, last_failure, failures)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

pub(super) fn note_contact(
    conn: &Connection,
    topic: &TopicId,
    peer: &PeerId,
    contact: &PeerContact,
    at: UnixMs,
) -> rusqlite::Result<()> {
    let known = sql::first(conn, KNOWN, [topic.0, peer.0], known_peer)?;
    let row = match (contact, known) {
        // It was never a member, as far as we know.
        (PeerContact::Failed, None) => return Ok(()),
        (PeerContact::Failed, Some(known)) => failed(known, at),
        (PeerContact::Reached(latest), known) => reached(topic, peer, latest, known, at)?,
    };
    let values = params![
        topic.0,
        peer.0,
        row.addresses,
        row.score,
        row.last_success,
        row.last_failure,
        row.failures
    ];
    sql::execute(conn, NOTE, values)?;
    match contact {
        PeerContact::Reached(_) => forget(conn, topic, peer, at),
        PeerContact::Failed => Ok(()),
    }
}

fn known_peer(row: &Row<'_>) -> rusqlite::Result<known_peer::Model> {
    Ok(known_peer::Model {
        topic: row.get("topic")?,
        peer: row.get("peer")?,
        addresses: row.get("addresses")?,
        score: row.get("score")?,
        last_success: row.get("last_success")?,
        last_failure: row.get("last_failure")?,
        failures: row.get("failures")?,
    })
}

fn failed(known: known_peer::Model, at: UnixMs) -> known_peer::Model {
    let score = match known.score {
        score if score > 0 => score / 2,
        score => (score - 1).max(-SCORE_MAX),
    };
    known_peer::Model {
        score,
        last_failure: Some(to_column(at.0)),
        failures: known.failures.saturating_add(1),
        ..known
    }
}

fn reached(
    topic: &TopicId,
    peer: &PeerId,
    latest: &[PeerAddress],
    known: Option<known_peer::Model>,
    at: UnixMs,
) -> rusqlite::Result<known_peer::Model> {
    let old = known.as_ref().map(|k| addresses(&k.addresses)).transpose();
    let old = old.map_err(damaged)?.unwrap_or_default();
    let mut seen = HashSet::new();
    let mut kept: Vec<PeerAddress> = latest.iter().chain(&old).cloned().collect();
    kept.retain(|address| seen.insert(address.to_string()));
    kept.truncate(PEER_ADDRESSES_MAX);
    let score = known.as_ref().map_or(0, |k| k.score.max(0));
    Ok(known_peer::Model {
        topic: topic.0.into(),
        peer: peer.0.into(),
        addresses: addresses_column(&kept),
        score: (score + 1).min(SCORE_MAX),
        last_success: to_column(at.0),
        last_failure: known.and_then(|k| k.last_failure),
        failures: 0,
    })
}

const FORGET_OLD: &str = "
    DELETE FROM known_peers WHERE topic = ?1 AND (last_success < ?2 OR failures >= ?3)";

const FORGET_WORST: &str = "
    DELETE FROM known_peers WHERE topic = ?1 AND peer IN (
        SELECT peer FROM known_peers WHERE topic = ?1 AND peer <> ?2
        ORDER BY score DESC, last_success DESC, peer LIMIT -1 OFFSET ?3)";

/// Forgets old and surplus peers of the topic, but not the one just reached.
fn forget(
    conn: &Connection,
    topic: &TopicId,
    reached: &PeerId,
    at: UnixMs,
) -> rusqlite::Result<()> {
    let oldest = to_column(at.0.saturating_sub(FORGET_AFTER_MS));
    let values = params![topic.0, oldest, FORGET_AFTER_FAILURES];
    sql::execute(conn, FORGET_OLD, values)?;
    let values = params![topic.0, reached.0, KNOWN_PEERS_MAX - 1];
    sql::execute(conn, FORGET_WORST, values)?;
    Ok(())
}

const REMEMBER: &str = "INSERT INTO dht_nodes (place, address) VALUES (?1, ?2)";

pub(super) fn remember_dht_nodes(conn: &Connection, nodes: &[String]) -> rusqlite::Result<()> {
    sql::execute(conn, "DELETE FROM dht_nodes", [])?;
    let mut seen = HashSet::new();
    let nodes = nodes.iter().filter(|node| seen.insert(*node));
    for (place, address) in (0_i64..).zip(nodes) {
        sql::execute(conn, REMEMBER, params![place, address])?;
    }
    Ok(())
}
