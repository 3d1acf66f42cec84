//! The names of entries.
//!
//! Owns what a key may be. Must never change one: keys differ where their bytes do.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::ENTRY_KEY_BYTES_MAX;

/// A key: 1 to 256 bytes of UTF-8, any characters, compared by bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct EntryKey(String);

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EntryKeyError {
    /// There is nothing in it.
    #[error("a key has at least one character")]
    Empty,
    /// It has more than [`ENTRY_KEY_BYTES_MAX`] bytes.
    #[error("a key has at most {ENTRY_KEY_BYTES_MAX} bytes in UTF-8, this one has {0}")]
    TooLong(usize),
}

impl EntryKey {
    /// Takes a text as it is.
    ///
    /// # Errors
    /// [`EntryKeyError`].
    pub fn new(text: impl Into<String>) -> Result<Self, EntryKeyError> {
        let text = text.into();
        match text.len() {
            0 => Err(EntryKeyError::Empty),
            1..=ENTRY_KEY_BYTES_MAX => Ok(Self(text)),
            bytes => Err(EntryKeyError::TooLong(bytes)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EntryKey {
    type Err = EntryKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for EntryKey {
    type Error = EntryKeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl From<EntryKey> for String {
    fn from(key: EntryKey) -> Self {
        key.0
    }
}
