//! Frames that are broadcast to a topic.
//!
//! Layout: `"kk"`, version byte, postcard body. A stock program on the same topic sends other
//! bytes, which decode to [`FrameError::Foreign`].

use serde::{Deserialize, Serialize};

use super::{FrameError, SetSummary, WireEvent, decode_body, encode_body};
use crate::{
    event::{EventId, VerifiedEvent},
    limits::{GOSSIP_MESSAGE_BYTES_MAX, GOSSIP_PAYLOAD_BYTES_MAX, IDS_PER_FRAME_MAX},
};

/// First bytes of every gossip frame.
pub const GOSSIP_MAGIC: [u8; 2] = *b"kk";

/// Version of the gossip frames of public topics.
pub const GOSSIP_VERSION: u8 = 1;

/// A message to the members of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GossipFrame {
    /// A whole event.
    Event(WireEvent),
    /// The sender holds these events; who misses one fetches it over a sync stream. Used for
    /// events that are too large for a message, and for what was learned over a stream.
    Have(Vec<EventId>),
    /// The sender's set in short. Goes to neighbours only.
    Summary(SetSummary),
}

impl GossipFrame {
    /// The frame that announces `event`: the event itself where it fits, its id otherwise.
    pub fn announcing(event: &VerifiedEvent) -> Vec<u8> {
        let bytes = Self::Event(event.to_wire()).encode();
        if bytes.len() <= GOSSIP_PAYLOAD_BYTES_MAX {
            bytes
        } else {
            Self::Have(vec![event.id()]).encode()
        }
    }

    /// Magic, version, body.
    pub fn encode(&self) -> Vec<u8> {
        let [m0, m1] = GOSSIP_MAGIC;
        encode_body(&[m0, m1, GOSSIP_VERSION], self)
    }

    /// Reads one message.
    ///
    /// # Errors
    /// [`FrameError`]; `Foreign` for other programs' messages.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let [m0, m1, version, body @ ..] = bytes else {
            return Err(FrameError::Foreign);
        };
        if [*m0, *m1] != GOSSIP_MAGIC {
            return Err(FrameError::Foreign);
        }
        if bytes.len() > GOSSIP_MESSAGE_BYTES_MAX {
            return Err(FrameError::TooLarge(bytes.len()));
        }
        if *version != GOSSIP_VERSION {
            return Err(FrameError::Version(*version));
        }
        let frame: Self = decode_body(body)?;
        match &frame {
            Self::Have(ids) if ids.is_empty() || ids.len() > IDS_PER_FRAME_MAX => {
                Err(FrameError::Malformed)
            }
            _ => Ok(frame),
        }
    }
}
