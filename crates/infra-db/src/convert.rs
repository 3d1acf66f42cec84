//! Between rows and the domain's types.
//!
//! Owns both directions. Must never trust a row: the file may have been damaged or edited, and
//! what does not convert is `Corrupt`, not a panic.

use kukuri_application::ports::{
    JoinedTopic, KnownPeer, PostState, Source, StoreError, StoredEvent,
};
use kukuri_domain::{
    AuthorId, Epoch, EventId, EventOrder, PeerAddress, PeerId, SignedEvent, TopicId, TopicName,
    UnixMs, topic::Visibility, wire::WireEvent,
};
use rusqlite::Row;
use sea_orm::{FromQueryResult as _, QueryResult, Value};

use crate::{
    entities::{event, known_peer, topic},
    error::store_error,
    writer::sql::damaged,
};

/// Whole numbers that are never negative, in SQLite's signed column. A number beyond its range
/// (a date in 292 million years) becomes the greatest.
pub(crate) fn to_column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn from_column(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(corrupt)
}

pub(crate) fn corrupt(cause: impl Into<Source>) -> StoreError {
    StoreError::Corrupt(cause.into())
}

/// A blob of exactly `N` bytes.
pub(crate) fn bytes<const N: usize>(blob: Vec<u8>) -> Result<[u8; N], StoreError> {
    let wrong = |blob: Vec<u8>| corrupt(format!("{} bytes where {N} belong", blob.len()));
    blob.try_into().map_err(wrong)
}

/// A number that was counted.
pub(crate) fn count(row: &QueryResult, column: usize) -> Result<u64, StoreError> {
    from_column(row.try_get_by_index(column).map_err(store_error)?)
}

/// Bytes as a parameter.
pub(crate) fn blob(bytes: &[u8]) -> Value {
    bytes.to_vec().into()
}

/// The place of an event whose second, millisecond and id are the first three columns.
pub(crate) fn event_order(row: &QueryResult) -> Result<EventOrder, StoreError> {
    Ok(EventOrder {
        created_at: from_column(row.try_get_by_index(0).map_err(store_error)?)?,
        ms: row.try_get_by_index(1).map_err(store_error)?,
        id: EventId(bytes(row.try_get_by_index(2).map_err(store_error)?)?),
    })
}

/// An event's tags as in NIP-01.
pub(crate) fn tags_column<'a>(tags: impl Iterator<Item = &'a [String]>) -> String {
    let tags: Vec<&[String]> = tags.collect();
    serde_json::to_string(&tags).expect("lists of texts have a JSON form")
}

/// The event of a row that also has `sent_to` and `held_by` (both null for foreign events).
pub(crate) fn stored_event(row: &QueryResult) -> Result<StoredEvent, StoreError> {
    let event = event::Model::from_query_result(row, "").map_err(store_error)?;
    let state = |column| row.try_get::<Option<u32>>("", column).map_err(store_error);
    Ok(StoredEvent {
        received_at: UnixMs(from_column(event.received_at)?),
        event: signed(event)?,
        state: PostState {
            sent_to: state("sent_to")?.unwrap_or(0),
            held_by: state("held_by")?.unwrap_or(0),
        },
    })
}

/// The event of a row, for the writer.
pub(crate) fn signed_event(row: &Row<'_>) -> rusqlite::Result<SignedEvent> {
    let event = event::Model {
        id: row.get("id")?,
        author: row.get("author")?,
        created_at: row.get("created_at")?,
        ms: row.get("ms")?,
        kind: row.get("kind")?,
        tags: row.get("tags")?,
        content: row.get("content")?,
        sig: row.get("sig")?,
        received_at: row.get("received_at")?,
    };
    signed(event).map_err(damaged)
}

fn signed(row: event::Model) -> Result<SignedEvent, StoreError> {
    let sig: [u8; 64] = bytes(row.sig)?;
    let (mut sig_r, mut sig_s) = ([0; 32], [0; 32]);
    sig_r.copy_from_slice(&sig[..32]);
    sig_s.copy_from_slice(&sig[32..]);
    let wire = WireEvent {
        id: EventId(bytes(row.id)?),
        author: AuthorId(bytes(row.author)?),
        created_at: from_column(row.created_at)?,
        kind: u16::try_from(row.kind).map_err(corrupt)?,
        tags: serde_json::from_str(&row.tags).map_err(corrupt)?,
        content: row.content,
        sig_r,
        sig_s,
    };
    wire.into_signed().map_err(corrupt)
}

pub(crate) fn visibility_column(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
    }
}

pub(crate) fn joined_topic(row: topic::Model) -> Result<JoinedTopic, StoreError> {
    Ok(JoinedTopic {
        id: TopicId(bytes(row.id)?),
        // A parser drops one leading '#', and the name may begin with one of its own.
        name: format!("#{}", row.name)
            .parse::<TopicName>()
            .map_err(corrupt)?,
        visibility: match row.visibility {
            topic::Visibility::Public => Visibility::Public,
            topic::Visibility::Private => Visibility::Private,
        },
        epoch: Epoch(from_column(row.epoch)?),
        joined_at: UnixMs(from_column(row.joined_at)?),
    })
}

pub(crate) fn addresses_column(addresses: &[PeerAddress]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    serde_json::to_string(&texts).expect("lists of texts have a JSON form")
}

/// The addresses of a column; a kind that this program does not know is left out.
pub(crate) fn addresses(column: &str) -> Result<Vec<PeerAddress>, serde_json::Error> {
    let texts: Vec<String> = serde_json::from_str(column)?;
    let parse = |text: &String| {
        let address = text.parse();
        let address =
            address.inspect_err(|e| tracing::debug!("a remembered address is unknown: {e}"));
        // A later program may have noted it; the others are worth a dial all the same.
        address.ok()
    };
    Ok(texts.iter().filter_map(parse).collect())
}

pub(crate) fn known_peer(row: known_peer::Model) -> Result<KnownPeer, StoreError> {
    Ok(KnownPeer {
        peer: PeerId(bytes(row.peer)?),
        addresses: addresses(&row.addresses).map_err(corrupt)?,
        last_success: Some(UnixMs(from_column(row.last_success)?)),
        score: row.score,
    })
}

/// Ids as one parameter for `unhex(value)` over `json_each(?)`: one prepared statement serves
/// lists of any length.
pub(crate) fn ids_column<'a>(ids: impl IntoIterator<Item = &'a EventId>) -> String {
    blobs_column(ids.into_iter().map(|id| id.0.as_slice()))
}

/// Blobs as one parameter, as [`ids_column`].
pub(crate) fn blobs_column<'a>(blobs: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut column = String::from("[");
    for blob in blobs {
        let separator = if column.len() > 1 { "," } else { "" };
        column.push_str(separator);
        column.push('"');
        column.push_str(&hex::encode(blob));
        column.push('"');
    }
    column.push(']');
    column
}
