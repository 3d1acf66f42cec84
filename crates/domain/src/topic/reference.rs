//! How a person names a topic that exists: by its name, or by the beginning of its id.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::{TopicId, TopicName, TopicNameError};

/// Before the hexadecimal digits of a topic id.
const ID_PREFIX: &str = "id:";

/// Fewest digits of an id, so that a slip of the finger does not name another topic.
const ID_DIGITS_MIN: usize = 8;

/// Digits of a whole id.
const ID_DIGITS: usize = 64;

/// A topic as it is named on a command line: a name with or without `#`, or `id:` and at least
/// eight hexadecimal digits of its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub enum TopicRef {
    /// By name.
    Name(TopicName),
    /// By the beginning of its id, in lower-case hexadecimal digits.
    IdPrefix(String),
}

/// Why a text names no topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TopicRefError {
    /// It is no name.
    #[error(transparent)]
    Name(#[from] TopicNameError),
    /// After `id:` stands something else than the beginning of an id.
    #[error("after 'id:' {ID_DIGITS_MIN} to {ID_DIGITS} hexadecimal digits are expected")]
    Id,
}

impl TopicRef {
    /// Whether this topic is meant.
    pub fn means(&self, name: &TopicName, id: &TopicId) -> bool {
        match self {
            TopicRef::Name(wanted) => wanted == name,
            TopicRef::IdPrefix(digits) => id.to_string().starts_with(digits.as_str()),
        }
    }
}

impl From<TopicName> for TopicRef {
    fn from(name: TopicName) -> Self {
        TopicRef::Name(name)
    }
}

impl From<&TopicName> for TopicRef {
    fn from(name: &TopicName) -> Self {
        TopicRef::Name(name.clone())
    }
}

impl From<&TopicRef> for TopicRef {
    fn from(reference: &TopicRef) -> Self {
        reference.clone()
    }
}

impl FromStr for TopicRef {
    type Err = TopicRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(digits) = text.trim().strip_prefix(ID_PREFIX) else {
            return Ok(TopicRef::Name(text.parse()?));
        };
        let is_long_enough = (ID_DIGITS_MIN..=ID_DIGITS).contains(&digits.len());
        if !is_long_enough || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(TopicRefError::Id);
        }
        Ok(TopicRef::IdPrefix(digits.to_ascii_lowercase()))
    }
}

impl fmt::Display for TopicRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TopicRef::Name(name) => write!(f, "#{name}"),
            TopicRef::IdPrefix(digits) => write!(f, "{ID_PREFIX}{digits}"),
        }
    }
}

impl Serialize for TopicRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TopicRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topic::TopicKeys;

    #[test]
    fn a_name_or_the_beginning_of_an_id_names_a_topic() {
        let lobby: TopicName = "lobby".parse().expect("a name");
        let id = TopicKeys::public(lobby.clone()).id;
        let digits = id.to_string().to_ascii_uppercase();
        for text in [
            "lobby",
            "#Lobby",
            &format!("id:{}", &digits[..8]),
            &format!("id:{digits}"),
        ] {
            let reference: TopicRef = text.parse().expect("names a topic");
            assert!(reference.means(&lobby, &id), "{text}");
            assert_eq!(reference.to_string().parse(), Ok(reference));
        }
        let other: TopicRef = "id:00000000".parse().expect("well formed");
        assert!(!other.means(&lobby, &id));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "id:",
            "id:1234567",
            "id:zzzzzzzz",
            &format!("id:{}", "0".repeat(65)),
        ] {
            assert_eq!(text.parse::<TopicRef>(), Err(TopicRefError::Id), "{text}");
        }
        assert_eq!("".parse::<TopicRef>(), Err(TopicNameError::Empty.into()));
    }
}
