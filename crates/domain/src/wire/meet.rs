//! Frames of the stream protocol `/kukuri/meet/1`, by which two endpoints learn which topics
//! they share and nothing else, and the list of tags in an mDNS record.
//!
//! One stream: opener `Open`, accepter `Tags`, opener `Tags`. Each frame is preceded by its
//! length (u32, big-endian). Layout: version byte, postcard body.

use serde::{Deserialize, Serialize};

use super::{FrameError, decode_body, encode_body};
use crate::{
    limits::{MDNS_TAGS_MAX, MEET_FRAME_BYTES_MAX, MEET_TAGS_MAX},
    presence::{MdnsTag, MeetTag, Nonce},
};

/// Protocol name in the TLS handshake (ALPN).
pub const MEET_ALPN: &[u8] = b"/kukuri/meet/1";

/// Version of the frames.
pub const MEET_VERSION: u8 = 1;

/// A frame on a meet stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MeetFrame {
    /// The opener's fresh random bytes.
    Open {
        /// Blinds both sides' tags.
        nonce: Nonce,
    },
    /// One tag per topic of the sender, shuffled and padded with random ones.
    Tags {
        /// The accepter's fresh random bytes; the opener repeats its own.
        nonce: Nonce,
        /// At most [`MEET_TAGS_MAX`].
        tags: Vec<MeetTag>,
    },
}

impl MeetFrame {
    /// Version, body.
    pub fn encode(&self) -> Vec<u8> {
        encode_body(&[MEET_VERSION], self)
    }

    /// Reads one frame (without its length prefix).
    ///
    /// # Errors
    /// [`FrameError`], never `Foreign`.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() > MEET_FRAME_BYTES_MAX {
            return Err(FrameError::TooLarge(bytes.len()));
        }
        let [version, body @ ..] = bytes else {
            return Err(FrameError::Malformed);
        };
        if *version != MEET_VERSION {
            return Err(FrameError::Version(*version));
        }
        match decode_body(body)? {
            Self::Tags { tags, .. } if tags.len() > MEET_TAGS_MAX => Err(FrameError::Malformed),
            frame => Ok(frame),
        }
    }
}

/// The text of the mDNS record's user data: the tags in a row, in base64url without padding.
/// Tags beyond [`MDNS_TAGS_MAX`] are left out; those topics are found by meeting.
pub fn encode_mdns_tags(tags: &[MdnsTag]) -> String {
    let bytes = tags
        .iter()
        .take(MDNS_TAGS_MAX)
        .flatten()
        .copied()
        .collect::<Vec<u8>>();
    data_encoding::BASE64URL_NOPAD.encode(&bytes)
}

/// Reads the text of an mDNS record's user data.
///
/// # Errors
/// [`FrameError::Malformed`] when it is no list of tags.
pub fn decode_mdns_tags(text: &str) -> Result<Vec<MdnsTag>, FrameError> {
    let bytes = data_encoding::BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| FrameError::Malformed)?;
    let (tags, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() || tags.len() > MDNS_TAGS_MAX {
        return Err(FrameError::Malformed);
    }
    Ok(tags.to_vec())
}
