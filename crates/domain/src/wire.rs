//! The bytes that peers exchange.
//!
//! Owns the versioned frames of gossip, sync and meet, and their limits. Must never trust a
//! length, a count or a version that a peer sent, and never panics on any input. Bodies are
//! postcard; every frame carries its version in clear before the body.

mod event;
mod gossip;
mod meet;
mod sync;

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

pub use event::WireEvent;
pub use gossip::{GOSSIP_MAGIC, GOSSIP_VERSION, GossipFrame};
pub use meet::{MEET_ALPN, MEET_VERSION, MeetFrame, decode_mdns_tags, encode_mdns_tags};
pub use sync::{
    AGENT_BYTES_MAX, Hello, RefuseReason, SYNC_ALPN, SYNC_VERSION, SetSummary, SyncFrame, Welcome,
    last_cut,
};

/// Why bytes are no frame that we understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// Not one of our frames; stock peers send such, and it is not held against them.
    #[error("not a kukuri frame")]
    Foreign,
    /// One of our frames, of a version that this program does not know.
    #[error("frame version {0} is not supported")]
    Version(u8),
    /// Larger than the limit for its kind.
    #[error("the frame has {0} bytes, more than allowed")]
    TooLarge(usize),
    /// The body does not decode, has bytes left over, or breaks a count limit.
    #[error("the frame is malformed")]
    Malformed,
}

/// Writes the version and the postcard body.
fn encode_body<T: Serialize>(prefix: &[u8], body: &T) -> Vec<u8> {
    postcard::to_extend(body, prefix.to_vec())
        .expect("our frames hold only types that postcard encodes, and a Vec grows")
}

/// Reads a postcard body that must fill `bytes` to the end.
fn decode_body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FrameError> {
    match postcard::take_from_bytes(bytes) {
        Ok((body, [])) => Ok(body),
        Ok(_) | Err(_) => Err(FrameError::Malformed),
    }
}
