//! Entries: values under keys that the members of a topic share.
//!
//! Owns keys, values, the clock of writes, and which of two writes to a key counts. Must never ask
//! when a write arrived: any two members that hold the same writes see the same state.

mod clock;
mod key;
mod reading;
mod value;

use crate::{
    event::{AuthorId, EventId},
    time::UnixMs,
};

pub use clock::{CLOCK_TAG, Hlc};
pub use key::{EntryKey, EntryKeyError};
pub use value::{EntryValue, ValueError};

pub(crate) use reading::read;

/// Kind of the events that write entries: application data of a name of its own (NIP-78).
pub const ENTRY_KIND: u16 = 30_078;

/// Tag that holds the key, the name of a NIP-78 event.
pub const KEY_TAG: &str = "d";

/// Tag that says how the content is to be read: without it as it is.
pub const ENCODING_TAG: &str = "encoding";

/// The only encoding: base64 (RFC 4648, section 4), for values that are not UTF-8.
pub const BASE64: &str = "base64";

/// Tag, without a value, of a write that deletes.
pub const DELETED_TAG: &str = "deleted";

/// Tag that says, in seconds since the Unix epoch, until when an event is meant (NIP-40).
pub const EXPIRATION_TAG: &str = "expiration";

/// How long a write that lost is kept in the sync set, in milliseconds (30 days), from when it was
/// written on. So far back `history` and `why` reach.
pub const LOST_KEPT_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// The place of a write among all to the same key. The greatest counts: that with the later clock,
/// of two with the same clock that of the greater author, and then that of the greater id. A total
/// order, so whoever merges the same writes in whatever order and number comes to the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryRank {
    /// When it was written, in the order of cause and effect.
    pub clock: Hlc,
    /// By whom.
    pub author: AuthorId,
    /// The event.
    pub id: EventId,
}

/// One write to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Which key.
    pub key: EntryKey,
    /// Its place among all writes to the key.
    pub rank: EntryRank,
    /// What was written; `None` if the key was deleted.
    pub value: Option<EntryValue<'a>>,
    /// From when on it counts as deleted, in the reader's clock.
    pub expires_at: Option<UnixMs>,
}

impl Entry<'_> {
    /// Whether the key has a value at `now`, if no other write counts.
    pub fn is_live(&self, now: UnixMs) -> bool {
        self.value.is_some() && self.expires_at.is_none_or(|at| at > now)
    }
}

/// Until when a write belongs to the sync set that another one, `by`, comes next after in rank.
/// It is kept for 30 days, and until the other belongs to the set: before that it is the greatest.
pub fn lost_until(lost: EntryRank, by: EntryRank) -> UnixMs {
    let kept = lost.clock.ms.saturating_add(LOST_KEPT_MS);
    UnixMs(kept.max(by.clock.ms.saturating_add(1)))
}
