//! Topics: their names, ids, secrets and what is derived from them.
//!
//! Owns `TopicName`, `TopicId`, `Epoch` and the key schedule. Must never store or transmit a
//! secret, and never gives one a `Display`, `Serialize` or telling `Debug`.

mod keys;
mod name;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use keys::{GroupId, HandshakeKey, PresenceKey, Seed, TopicKeys, TrackerSecret, label};
pub use name::{TopicName, TopicNameError};

/// Identifies a topic on the network: the gossip topic and the tracker's topic hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicId(pub [u8; 32]);

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

/// Generation of a topic's keys. Public topics have epoch 0 for ever; a private topic counts up
/// with each rotation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Epoch(pub u64);

/// Who may join a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Whoever knows the name.
    Public,
    /// Whoever was invited.
    Private,
}
