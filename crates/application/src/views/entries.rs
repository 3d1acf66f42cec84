//! Entries as they are shown.
//!
//! Owns the one form that `get`, `list`, `history`, `why` and `watch` share.

use data_encoding::BASE64;
use kukuri_domain::{EntryKey, EntryValue, EventId, Hlc, UnixMs, entry::EntryRank};
use serde::{Deserialize, Serialize};

use super::{AuthorView, json};
use crate::ports::{PostState, StoredEntry};

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Outcome {
    /// It is what the key holds.
    Won,
    /// A greater write took its place.
    Lost,
    /// It counts, and the key holds nothing: it deletes, or it has expired.
    Deleted,
}

/// A write to an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct EntryView {
    /// The key.
    pub key: EntryKey,
    /// What was written, if that is a text; neither this nor the next for a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub value: Option<String>,
    /// What was written, in base64, if it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub value_base64: Option<String>,
    /// Names this write: the event's id.
    pub revision: EventId,
    /// By whom.
    pub author: AuthorView,
    /// When, in the order of cause and effect.
    pub clock: Hlc,
    /// When, by the greatest clock that the author knew of.
    #[serde(with = "json::time")]
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub written_at: UnixMs,
    /// From when on it counts as deleted.
    #[serde(default, with = "json::time_option")]
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub expires_at: Option<UnixMs>,
    /// When it was stored here.
    #[serde(with = "json::time")]
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub received_at: UnixMs,
    /// How far it has come.
    #[serde(with = "json::post_state")]
    #[cfg_attr(feature = "typescript", ts(as = "json::post_state::Form"))]
    pub state: PostState,
    /// What became of it.
    pub outcome: Outcome,
}

impl EntryView {
    /// The write that counts of its key, as of `now`; `None` for an event that is no write.
    pub fn counting(stored: StoredEntry, now: UnixMs) -> Option<Self> {
        let is_live = stored.event.entry()?.is_live(now);
        let outcome = match is_live {
            true => Outcome::Won,
            false => Outcome::Deleted,
        };
        Self::of(stored, outcome)
    }

    /// A write that lost; `None` for an event that is no write.
    pub fn lost(stored: StoredEntry) -> Option<Self> {
        Self::of(stored, Outcome::Lost)
    }

    fn of(stored: StoredEntry, outcome: Outcome) -> Option<Self> {
        let entry = stored.event.entry()?;
        let (value, value_base64) = match &entry.value {
            Some(EntryValue::Text(text)) => (Some(text.clone().into_owned()), None),
            Some(EntryValue::Bytes(bytes)) => (None, Some(BASE64.encode(bytes))),
            None => (None, None),
        };
        let EntryRank { clock, author, id } = entry.rank;
        Some(Self {
            value,
            value_base64,
            revision: id,
            author: AuthorView {
                pubkey: author,
                name: stored.name,
            },
            clock,
            written_at: clock.at(),
            expires_at: entry.expires_at,
            received_at: stored.received_at,
            state: stored.state,
            outcome,
            key: entry.key,
        })
    }

    /// Its place among all writes to the key.
    pub fn rank(&self) -> EntryRank {
        EntryRank {
            clock: self.clock,
            author: self.author.pubkey,
            id: self.revision,
        }
    }
}
