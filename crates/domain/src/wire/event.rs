//! The compact form of an event: the NIP-01 fields in binary, the id included so that a
//! duplicate is recognised without hashing.

use nostr::{
    event::{Event, Kind, Signature, Tag, Tags},
    key::PublicKey,
    types::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    event::{AuthorId, EventId, ShapeError, SignedEvent},
    limits::EVENT_TAGS_MAX,
};

/// An event on the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireEvent {
    /// Claimed id; verification computes it anew.
    pub id: EventId,
    /// Author.
    pub author: AuthorId,
    /// Seconds since the Unix epoch.
    pub created_at: u64,
    /// NIP-01 kind.
    pub kind: u16,
    /// Tags, each a list of strings.
    pub tags: Vec<Vec<String>>,
    /// Text.
    pub content: String,
    /// First half of the BIP-340 signature.
    pub sig_r: [u8; 32],
    /// Second half of the BIP-340 signature.
    pub sig_s: [u8; 32],
}

impl WireEvent {
    pub(crate) fn from_nostr(event: &Event) -> Self {
        let sig = event.sig.as_bytes();
        let (mut sig_r, mut sig_s) = ([0; 32], [0; 32]);
        sig_r.copy_from_slice(&sig[..32]);
        sig_s.copy_from_slice(&sig[32..]);
        Self {
            id: EventId(*event.id.as_bytes()),
            author: AuthorId(event.pubkey.to_bytes()),
            created_at: event.created_at.as_secs(),
            kind: event.kind.as_u16(),
            tags: event
                .tags
                .iter()
                .map(|tag| tag.as_slice().to_vec())
                .collect(),
            content: event.content.clone(),
            sig_r,
            sig_s,
        }
    }

    /// Takes the fields as an event whose signature is still to be checked.
    ///
    /// # Errors
    /// [`ShapeError`] when it is beyond a limit or has an empty tag.
    pub fn into_signed(self) -> Result<SignedEvent, ShapeError> {
        if self.tags.len() > EVENT_TAGS_MAX {
            return Err(ShapeError::TooManyTags(self.tags.len()));
        }
        let tags = self
            .tags
            .into_iter()
            .map(|tag| Tag::parse(tag).map_err(|_| ShapeError::EmptyTag))
            .collect::<Result<Vec<_>, _>>()?;
        let mut sig = [0; 64];
        sig[..32].copy_from_slice(&self.sig_r);
        sig[32..].copy_from_slice(&self.sig_s);
        SignedEvent::new(Event::new(
            nostr::event::EventId::from_byte_array(self.id.0),
            PublicKey::from_byte_array(self.author.0),
            Timestamp::from_secs(self.created_at),
            Kind::from_u16(self.kind),
            Tags::from_list(tags),
            self.content,
            Signature::from_byte_array(sig),
        ))
    }
}
