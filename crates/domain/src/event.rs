//! Events: what members say, signed by their author (NIP-01).
//!
//! Owns the two states of an event, `SignedEvent` (claims a signature) and `VerifiedEvent` (was
//! checked), and their order. Must never let an unverified event pass for
//! a verified one: only a [`Verifier`] makes a [`VerifiedEvent`].

mod draft;
#[cfg(feature = "typescript")]
mod form;
mod meaning;
pub mod membership;
mod reference;
mod rules;
mod verifier;

use std::{fmt, str::FromStr};

use nostr::{
    event::Tag,
    key::PublicKey,
    nips::nip19::{FromBech32 as _, Nip19Event},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    entry::{self, ENTRY_KIND, Entry},
    limits::{EVENT_BYTES_MAX, EVENT_TAGS_MAX},
    text_form::serde_as_text_or_bytes,
    time::UnixMs,
    wire::WireEvent,
};

pub use draft::Draft;
pub use meaning::{Meaning, Profile, ProfileError, Reply};
pub(crate) use membership::expiration;
pub use reference::{EventRef, EventRefError};
pub use rules::{AdmissionError, admit};
pub use verifier::Verifier;

/// Tag that refines `created_at` by milliseconds: `["ms", "0".."999"]`.
pub const MS_TAG: &str = "ms";

/// Tag that names the topic of a public event.
pub const TOPIC_TAG: &str = "t";

/// Kind of the statement by which an author says which endpoint is theirs: ephemeral (NIP-01), of
/// our own, and never stored.
pub const ENDPOINT_KIND: u16 = 20_478;

/// Tag that names the endpoint in that statement: 64 hex digits.
pub const ENDPOINT_TAG: &str = "endpoint";

/// Whether events of this kind are shown as posts: short notes (kind 1, NIP-10), and the chat
/// messages of private topics (kind 9, NIP-C7).
pub fn is_post(kind: u16) -> bool {
    matches!(kind, 1 | 9)
}

/// SHA-256 of an event's canonical form (NIP-01).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct EventId(pub [u8; 32]);

/// An author's public key (BIP-340, x only), the identity of a person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct AuthorId(pub [u8; 32]);

/// A device's public key (BIP-340, x only), to which the keys of private topics are wrapped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub [u8; 32]);

macro_rules! hex_id {
    ($name:ident) => {
        impl $name {
            /// The first eight hex digits, for people.
            pub fn short(&self) -> String {
                hex::encode(&self.0[..4])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = hex::FromHexError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes)?;
                Ok(Self(bytes))
            }
        }
    };
}
hex_id!(EventId);
hex_id!(AuthorId);
hex_id!(DeviceId);
serde_as_text_or_bytes!(EventId);
serde_as_text_or_bytes!(AuthorId);
serde_as_text_or_bytes!(DeviceId);

/// Why a text names no event or author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("neither 64 hexadecimal digits nor a form of NIP-19")]
pub struct IdError;

impl EventId {
    /// Reads 64 hexadecimal digits, or the forms `note1...` and `nevent1...` of NIP-19.
    ///
    /// # Errors
    /// [`IdError`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let id = nostr::event::EventId::parse(text.trim());
        let id = id.or_else(|_| Nip19Event::from_bech32(text.trim()).map(|event| event.event_id));
        id.map(|id| Self(id.to_bytes())).map_err(|_| IdError)
    }
}

impl AuthorId {
    /// Reads 64 hexadecimal digits, or the form `npub1...` of NIP-19.
    ///
    /// # Errors
    /// [`IdError`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let key = PublicKey::parse(text.trim()).map_err(|_| IdError)?;
        Ok(Self(key.to_bytes()))
    }

    /// The NIP-19 form for people, `npub1...`.
    pub fn npub(&self) -> String {
        use nostr::nips::nip19::ToBech32 as _;
        match PublicKey::from_byte_array(self.0).to_bech32() {
            Ok(npub) => npub,
            Err(never) => match never {},
        }
    }
}

/// The place of an event in its topic: by second, then millisecond, then id, so that any two
/// members list the same events in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventOrder {
    /// Seconds since the Unix epoch, as signed.
    pub created_at: u64,
    /// Millisecond within the second, 0 to 999.
    pub ms: u16,
    /// Ties are broken by id.
    pub id: EventId,
}

impl EventOrder {
    /// The time part.
    pub fn at(&self) -> UnixMs {
        UnixMs(
            self.created_at
                .saturating_mul(1_000)
                .saturating_add(u64::from(self.ms)),
        )
    }
}

/// An event as it came: shaped like one and within the limits, but with a signature that
/// nobody has checked yet.
/// In JSON it is the object of NIP-01.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "nostr::event::Event", into = "nostr::event::Event")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(as = "form::Nip01"))]
pub struct SignedEvent(nostr::event::Event);

/// An event whose id and signature were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEvent(nostr::event::Event);

/// Why bytes or fields are no event within the limits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShapeError {
    /// Not the JSON of a NIP-01 event.
    #[error("not a Nostr event: {0}")]
    Json(String),
    /// Larger than [`EVENT_BYTES_MAX`].
    #[error("the event has {0} bytes, at most {EVENT_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// More than [`EVENT_TAGS_MAX`] tags.
    #[error("the event has {0} tags, at most {EVENT_TAGS_MAX} are allowed")]
    TooManyTags(usize),
    /// A tag without a name.
    #[error("the event has an empty tag")]
    EmptyTag,
}

/// Why a signed event is not genuine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// The id is not the hash of the content.
    #[error("the event's id is not the hash of its content")]
    Id,
    /// The signature is not the author's.
    #[error("the event's signature is not its author's")]
    Signature,
}

impl TryFrom<nostr::event::Event> for SignedEvent {
    type Error = ShapeError;

    fn try_from(event: nostr::event::Event) -> Result<Self, ShapeError> {
        Self::new(event)
    }
}

impl From<SignedEvent> for nostr::event::Event {
    fn from(event: SignedEvent) -> Self {
        event.0
    }
}

impl SignedEvent {
    /// Takes an event of the `nostr` crate.
    ///
    /// # Errors
    /// [`ShapeError`] when it is beyond a limit.
    pub fn new(event: nostr::event::Event) -> Result<Self, ShapeError> {
        if event.tags.len() > EVENT_TAGS_MAX {
            return Err(ShapeError::TooManyTags(event.tags.len()));
        }
        let size = encoded_len(&event);
        if size > EVENT_BYTES_MAX {
            return Err(ShapeError::TooLarge(size));
        }
        Ok(Self(event))
    }

    /// Reads the NIP-01 JSON form.
    ///
    /// # Errors
    /// [`ShapeError`] when it is no event or beyond a limit.
    pub fn from_json(json: &str) -> Result<Self, ShapeError> {
        let event =
            nostr::event::Event::from_json(json).map_err(|e| ShapeError::Json(e.to_string()))?;
        Self::new(event)
    }

    /// The size that [`EVENT_BYTES_MAX`] limits.
    pub fn encoded_len(&self) -> usize {
        encoded_len(&self.0)
    }

    /// Checks this one event; for many there is [`Verifier`].
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify(self) -> Result<VerifiedEvent, VerifyError> {
        Verifier::default().verify(self)
    }
}

macro_rules! event_fields {
    ($name:ident) => {
        impl $name {
            /// SHA-256 of the canonical form.
            pub fn id(&self) -> EventId {
                EventId(*self.0.id.as_bytes())
            }

            /// Who signed it.
            pub fn author(&self) -> AuthorId {
                AuthorId(self.0.pubkey.to_bytes())
            }

            /// NIP-01 kind.
            pub fn kind(&self) -> u16 {
                self.0.kind.as_u16()
            }

            /// The text.
            pub fn content(&self) -> &str {
                &self.0.content
            }

            /// Each tag as its list of strings.
            pub fn tags(&self) -> impl Iterator<Item = &[String]> {
                self.0.tags.iter().map(|tag| tag.as_slice())
            }

            /// What it says, for those who show it.
            pub fn meaning(&self) -> Meaning<'_> {
                Meaning::of(&self.0)
            }

            /// The event's place in its topic.
            pub fn order(&self) -> EventOrder {
                order_of(&self.0)
            }

            /// What it is to the sync set, by itself.
            pub fn member(&self) -> membership::Member {
                membership::Member::of(&self.0, self.order())
            }

            /// In which place of its author's it stands, if only the latest there counts. The
            /// places of entries are their keys, and belong to nobody: [`Self::entry`].
            pub fn place(&self) -> Option<&'static str> {
                membership::place(&self.0)
            }

            /// The write to an entry that it is.
            pub fn entry(&self) -> Option<Entry<'_>> {
                let is_entry = self.kind() == ENTRY_KIND;
                is_entry.then(|| entry::read(&self.0, self.order()))?
            }

            /// The NIP-01 JSON form.
            pub fn to_json(&self) -> String {
                self.0.as_json()
            }

            /// The event of the `nostr` crate.
            pub fn as_nostr(&self) -> &nostr::event::Event {
                &self.0
            }

            /// The form that goes over the network.
            pub fn to_wire(&self) -> WireEvent {
                WireEvent::from_nostr(&self.0)
            }
        }
    };
}
event_fields!(SignedEvent);
event_fields!(VerifiedEvent);

impl VerifiedEvent {
    /// The same event, to be sent on.
    pub fn into_signed(self) -> SignedEvent {
        SignedEvent(self.0)
    }
}

fn order_of(event: &nostr::event::Event) -> EventOrder {
    EventOrder {
        created_at: event.created_at.as_secs(),
        ms: ms_of(event),
        id: EventId(*event.id.as_bytes()),
    }
}

/// The first well-formed `ms` tag counts; without one the event is at the start of its second.
fn ms_of(event: &nostr::event::Event) -> u16 {
    event
        .tags
        .iter()
        .filter(|tag| tag.kind() == MS_TAG)
        .find_map(|tag| parse_ms(tag.content()?))
        .unwrap_or(0)
}

/// Only the shortest decimal form counts, so that every program reads the same order.
fn parse_ms(text: &str) -> Option<u16> {
    let is_shortest = text == "0" || text.starts_with(|c: char| matches!(c, '1'..='9'));
    let ms = text.parse::<u16>().ok().filter(|ms| *ms < 1_000)?;
    is_shortest.then_some(ms)
}

/// The size that limits count: fixed fields, strings, and a length prefix for each string.
fn encoded_len(event: &nostr::event::Event) -> usize {
    const FIXED_BYTES: usize = 32 + 32 + 64 + 8 + 2;
    const PREFIX_BYTES: usize = 3;
    let tag_len = |tag: &Tag| -> usize {
        PREFIX_BYTES
            + tag
                .as_slice()
                .iter()
                .map(|s| s.len() + PREFIX_BYTES)
                .sum::<usize>()
    };
    FIXED_BYTES + event.content.len() + event.tags.iter().map(tag_len).sum::<usize>()
}
