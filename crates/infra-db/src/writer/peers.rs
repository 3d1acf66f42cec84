//! What is remembered about peers and DHT nodes.
//!
//! Owns the rules: what success and failure do to a score, how many peers a topic remembers,
//! when one is forgotten. Forgetting happens only when another peer was just reached: after a
//! long absence the old peers are all there is.

use std::collections::HashSet;

use kukuri_application::ports::PeerContact;
use kukuri_domain::{PeerAddress, PeerId, TopicId, UnixMs, limits::PEER_ADDRESSES_MAX};
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait as _, IntoActiveModel as _, Set, sea_query::OnConflict,
};

use super::apply::{blob, statement};
use crate::{
    convert::{addresses, addresses_column, to_column},
    entities::{dht_node, known_peer},
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

/// Rows of one statement, below SQLite's limit of 32,766 parameters.
const DHT_NODES_CHUNK: usize = 1_000;

pub(super) async fn note_contact(
    conn: &impl ConnectionTrait,
    topic: &TopicId,
    peer: &PeerId,
    contact: &PeerContact,
    at: UnixMs,
) -> Result<(), DbErr> {
    let key = (topic.0.to_vec(), peer.0.to_vec());
    let known = known_peer::Entity::find_by_id(key).one(conn).await?;
    let row = match (contact, known) {
        // It was never a member, as far as we know.
        (PeerContact::Failed, None) => return Ok(()),
        (PeerContact::Failed, Some(known)) => failed(known, at),
        (PeerContact::Reached(latest), known) => reached(topic, peer, latest, known, at)?,
    };
    let mut again = OnConflict::columns([known_peer::Column::Topic, known_peer::Column::Peer]);
    again.update_columns([
        known_peer::Column::Addresses,
        known_peer::Column::Score,
        known_peer::Column::LastSuccess,
        known_peer::Column::LastFailure,
        known_peer::Column::Failures,
    ]);
    known_peer::Entity::insert(row.into_active_model())
        .on_conflict(again)
        .exec_without_returning(conn)
        .await?;
    match contact {
        PeerContact::Reached(_) => forget(conn, topic, peer, at).await,
        PeerContact::Failed => Ok(()),
    }
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
) -> Result<known_peer::Model, DbErr> {
    let old = known.as_ref().map(|k| addresses(&k.addresses)).transpose();
    let old = old
        .map_err(|e| DbErr::Json(e.to_string()))?
        .unwrap_or_default();
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
async fn forget(
    conn: &impl ConnectionTrait,
    topic: &TopicId,
    reached: &PeerId,
    at: UnixMs,
) -> Result<(), DbErr> {
    let oldest = to_column(at.0.saturating_sub(FORGET_AFTER_MS));
    let values = [blob(&topic.0), oldest.into(), FORGET_AFTER_FAILURES.into()];
    conn.execute_raw(statement(conn, FORGET_OLD, values))
        .await?;
    let values = [
        blob(&topic.0),
        blob(&reached.0),
        (KNOWN_PEERS_MAX - 1).into(),
    ];
    conn.execute_raw(statement(conn, FORGET_WORST, values))
        .await?;
    Ok(())
}

pub(super) async fn remember_dht_nodes(
    conn: &impl ConnectionTrait,
    nodes: &[String],
) -> Result<(), DbErr> {
    dht_node::Entity::delete_many().exec(conn).await?;
    let mut seen = HashSet::new();
    let rows: Vec<_> = (0..)
        .zip(nodes.iter().filter(|node| seen.insert(*node)))
        .map(|(place, address)| dht_node::ActiveModel {
            place: Set(place),
            address: Set(address.clone()),
        })
        .collect();
    for chunk in rows.chunks(DHT_NODES_CHUNK) {
        dht_node::Entity::insert_many(chunk.to_vec())
            .exec_without_returning(conn)
            .await?;
    }
    Ok(())
}
