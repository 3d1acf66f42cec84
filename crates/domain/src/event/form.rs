//! The form of an event in TypeScript.
//!
//! Owns the list of its fields; that of JSON is the `nostr` crate's. Must never be built: only
//! its form is asked for.

use super::{AuthorId, EventId};

/// The object of NIP-01.
#[derive(ts_rs::TS)]
#[expect(dead_code, reason = "only the form of the fields is read, by a macro")]
pub struct Nip01 {
    /// SHA-256 of the canonical form.
    id: EventId,
    /// Who signed it.
    pubkey: AuthorId,
    /// Seconds since the Unix epoch.
    created_at: u64,
    /// 1 or 9 for what is shown as a post.
    kind: u16,
    /// Each tag as its list of strings.
    tags: Vec<Vec<String>>,
    /// The text.
    content: String,
    /// The author's signature (BIP-340), in hexadecimal digits.
    sig: String,
}
