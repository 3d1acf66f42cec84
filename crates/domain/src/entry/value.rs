//! What is stored under a key.
//!
//! Owns the forms of a value and their limit. Must never interpret one.

use std::borrow::Cow;

use data_encoding::BASE64;
use thiserror::Error;

use crate::limits::ENTRY_VALUE_BYTES_MAX;

/// A value: up to 64 KiB. What is valid UTF-8 is a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryValue<'a> {
    /// UTF-8.
    Text(Cow<'a, str>),
    /// Anything else.
    Bytes(Vec<u8>),
}

/// Why bytes are no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ValueError {
    /// More than [`ENTRY_VALUE_BYTES_MAX`] bytes.
    #[error("a value has at most {ENTRY_VALUE_BYTES_MAX} bytes (64 KiB), this one has {0}")]
    TooLong(usize),
}

impl<'a> EntryValue<'a> {
    /// Takes bytes as they are.
    ///
    /// # Errors
    /// [`ValueError`].
    pub fn new(bytes: Vec<u8>) -> Result<EntryValue<'static>, ValueError> {
        check(bytes.len())?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) => EntryValue::Text(Cow::Owned(text)),
            Err(other) => EntryValue::Bytes(other.into_bytes()),
        })
    }

    /// The bytes, whatever they are.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The same, by itself.
    pub fn into_owned(self) -> EntryValue<'static> {
        match self {
            Self::Text(text) => EntryValue::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => EntryValue::Bytes(bytes),
        }
    }

    /// An event's content; `None` if it is no value.
    pub(super) fn from_text(content: &'a str) -> Option<Self> {
        // A peer's event that is too long for a value is no write, and that is all.
        check(content.len()).ok()?;
        Some(Self::Text(Cow::Borrowed(content)))
    }

    /// An event's content in base64; `None` if it is no value.
    pub(super) fn from_base64(content: &str) -> Option<Self> {
        // The same for one that is no base64, or too long decoded.
        let bytes = BASE64.decode(content.as_bytes()).ok()?;
        Self::new(bytes).ok()
    }

    /// The content of an event, and whether it is base64.
    pub(super) fn to_content(&self) -> (String, bool) {
        match self {
            Self::Text(text) => (text.clone().into_owned(), false),
            Self::Bytes(bytes) => (BASE64.encode(bytes), true),
        }
    }
}

fn check(bytes: usize) -> Result<(), ValueError> {
    match bytes > ENTRY_VALUE_BYTES_MAX {
        true => Err(ValueError::TooLong(bytes)),
        false => Ok(()),
    }
}
