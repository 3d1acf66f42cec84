//! Frames of the stream protocol `/kukuri/sync/1`, by which two members exchange events.
//!
//! One QUIC stream is one exchange: opener `Hello`, accepter `Welcome` or `Refuse`, opener one
//! request, accepter any number of `Event` and one `End`. Each frame is preceded on the stream
//! by its length (u32, big-endian). Layout: version byte, postcard body.

use serde::{Deserialize, Serialize};

use super::{FrameError, WireEvent, decode_body, encode_body};
use crate::{
    event::{EventId, EventOrder},
    limits::{IDS_PER_FRAME_MAX, NEWEST_MAX, SYNC_FRAME_BYTES_MAX},
    presence::{Nonce, Proof},
    time::UnixMs,
};

/// Protocol name in the TLS handshake (ALPN).
pub const SYNC_ALPN: &[u8] = b"/kukuri/sync/1";

/// Version of the frames.
pub const SYNC_VERSION: u8 = 1;

/// Greatest length of a program's name and version.
pub const AGENT_BYTES_MAX: usize = 64;

/// The opener introduces itself and proves, without naming it, which topic it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Program and version, for people.
    pub agent: String,
    /// The sender's wall clock, so that a wrong one is noticed.
    pub clock: UnixMs,
    /// Fresh random bytes.
    pub nonce: Nonce,
    /// [`crate::presence::hello_proof`] of the opener.
    pub proof: Proof,
}

/// The accepter's answer: the same, and its own proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Program and version, for people.
    pub agent: String,
    /// The sender's wall clock.
    pub clock: UnixMs,
    /// Fresh random bytes.
    pub nonce: Nonce,
    /// [`crate::presence::hello_proof`] of the accepter.
    pub proof: Proof,
}

/// Why a request is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefuseReason {
    /// No topic that the accepter has joined matches the proof.
    UnknownTopic,
    /// Too many exchanges at once; ask again later.
    Busy,
    /// The accepter's database does not answer.
    Unavailable,
}

/// A frame on a sync stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SyncFrame {
    /// First frame of the opener.
    Hello(Hello),
    /// First frame of the accepter.
    Welcome(Welcome),
    /// Last frame of an accepter that does not serve: in place of `Welcome`, or after it when the
    /// database fails.
    Refuse(RefuseReason),
    /// Request: these events, as far as they are held.
    Get(Vec<EventId>),
    /// Request: the newest `n` events before `before`, newest first.
    Newest {
        /// How many, at most [`NEWEST_MAX`].
        n: u16,
        /// Only events that lie before this place.
        before: Option<EventOrder>,
    },
    /// Request without an answer but `End`: the opener has these events in its database.
    Receipt(Vec<EventId>),
    /// One event of the answer.
    Event(WireEvent),
    /// The answer is complete.
    End {
        /// There is more than fits into one answer.
        more: bool,
    },
    /// Request: whose endpoint this is, as one event that its author signed
    /// ([`crate::event::ENDPOINT_KIND`]).
    Author,
}

impl SyncFrame {
    /// Version, body.
    pub fn encode(&self) -> Vec<u8> {
        encode_body(&[SYNC_VERSION], self)
    }

    /// Reads one frame (without its length prefix).
    ///
    /// # Errors
    /// [`FrameError`], never `Foreign`.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() > SYNC_FRAME_BYTES_MAX {
            return Err(FrameError::TooLarge(bytes.len()));
        }
        let [version, body @ ..] = bytes else {
            return Err(FrameError::Malformed);
        };
        if *version != SYNC_VERSION {
            return Err(FrameError::Version(*version));
        }
        let frame: Self = decode_body(body)?;
        if frame.is_within_limits() {
            Ok(frame)
        } else {
            Err(FrameError::Malformed)
        }
    }

    fn is_within_limits(&self) -> bool {
        match self {
            Self::Hello(Hello { agent, .. }) | Self::Welcome(Welcome { agent, .. }) => {
                agent.len() <= AGENT_BYTES_MAX && !agent.contains(char::is_control)
            }
            Self::Get(ids) | Self::Receipt(ids) => {
                !ids.is_empty() && ids.len() <= IDS_PER_FRAME_MAX
            }
            Self::Newest { n, .. } => (1..=NEWEST_MAX).contains(n),
            Self::Refuse(_) | Self::Event(_) | Self::End { .. } | Self::Author => true,
        }
    }
}
