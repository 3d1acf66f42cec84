//! Frames of the stream protocol `/kukuri/sync/1`, by which two members exchange events.
//!
//! One QUIC stream is one exchange: opener `Hello`, accepter `Welcome` or `Refuse`, opener one
//! request, accepter any number of `Event` and one `End`. Each frame is preceded on the stream
//! by its length (u32, big-endian). Layout: version byte, postcard body.

use serde::{Deserialize, Serialize};

use super::{FrameError, WireEvent, decode_body, encode_body};
use crate::{
    event::{EventId, EventOrder},
    limits::{
        CUT_PERIOD_MS, IDS_PER_FRAME_MAX, IDS_PER_REQUEST_MAX, NEWEST_MAX, RECONCILE_BYTES_MAX,
        SYNC_FRAME_BYTES_MAX,
    },
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

/// The sync set of a member at a cut, in short ([`crate::event::membership`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SetSummary {
    /// The cut.
    pub cut: UnixMs,
    /// The horizon: the member holds what was written since then, and what is keyed.
    pub since: UnixMs,
    /// How many events.
    pub count: u64,
    /// BLAKE3 of the sum of their ids (256 bits, little-endian, modulo 2^256) and their number
    /// (64 bits, little-endian), cut to 16 bytes.
    pub fingerprint: [u8; 16],
}

/// The last cut that everybody has had time for: the last full 10 seconds but one.
pub fn last_cut(now: UnixMs) -> UnixMs {
    let full = now.0 - now.0 % CUT_PERIOD_MS;
    UnixMs(full.saturating_sub(CUT_PERIOD_MS))
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
    /// Request: the opener's set in short; and the answer, at the same cut and the later of both
    /// horizons.
    Summary(SetSummary),
    /// Request: a message of negentropy, protocol version 1.
    Reconcile {
        /// Of the sets without what was written before.
        since: UnixMs,
        /// The message.
        message: Vec<u8>,
    },
    /// The answer to it: the next message.
    Reconciled(Vec<u8>),
    /// Request without an answer but `End`: the opener holds these events, which the accepter
    /// lacks.
    Offer {
        /// Which.
        ids: Vec<EventId>,
        /// There are more than these.
        more: bool,
    },
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
            Self::Receipt(ids) => (1..=IDS_PER_FRAME_MAX).contains(&ids.len()),
            Self::Get(ids) | Self::Offer { ids, .. } => {
                (1..=IDS_PER_REQUEST_MAX).contains(&ids.len())
            }
            Self::Newest { n, .. } => (1..=NEWEST_MAX).contains(n),
            Self::Reconcile { message, .. } | Self::Reconciled(message) => {
                message.len() <= RECONCILE_BYTES_MAX
            }
            Self::Refuse(_)
            | Self::Event(_)
            | Self::End { .. }
            | Self::Author
            | Self::Summary(_) => true,
        }
    }
}
