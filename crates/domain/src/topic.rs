//! Topics: their names, ids, secrets and what is derived from them.
//!
//! Owns `TopicName`, `TopicId`, `Epoch` and the key schedule. Must never store or transmit a
//! secret, and never gives one a `Display`, `Serialize` or telling `Debug`.

mod keys;
mod name;
mod reference;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::text_form::serde_as_text_or_bytes;

pub use keys::{GroupId, HandshakeKey, PresenceKey, Seed, TopicKeys, TrackerSecret, label};
pub use name::{TopicName, TopicNameError};
pub use reference::{TopicRef, TopicRefError};

/// Identifies a topic on the network: the gossip topic and the tracker's topic hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct TopicId(pub [u8; 32]);

serde_as_text_or_bytes!(TopicId);

impl TopicId {
    /// The first eight hex digits, for people.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..4])
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicId({})", self.short())
    }
}

impl FromStr for TopicId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Generation of a topic's keys. Public topics have epoch 0 for ever; a private topic counts up
/// with each rotation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Epoch(pub u64);

/// Who may join a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Visibility {
    /// Whoever knows the name.
    Public,
    /// Whoever was invited.
    Private,
}
