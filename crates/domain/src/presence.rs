//! Tags and proofs by which members recognise each other without naming a topic.
//!
//! Owns the keyed hashes of mDNS presence, `/kukuri/meet/1` and the `hello` of
//! `/kukuri/sync/1`. Must never put a topic id or a name into what is sent: whoever does not
//! hold the topic's key learns nothing but a number of tags.

use crate::{
    peer::PeerId,
    topic::{HandshakeKey, PresenceKey},
};

/// A short tag in an mDNS record.
pub type MdnsTag = [u8; 8];

/// A tag on a meet stream.
pub type MeetTag = [u8; 16];

/// A fresh random number that blinds the tags or proofs of one connection.
pub type Nonce = [u8; 32];

/// A proof of a topic's handshake key.
pub type Proof = [u8; 32];

/// Which side of a connection speaks. It goes into every tag and proof, so that one sent back
/// to its maker is not taken for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The side that opened the connection.
    Opener,
    /// The side that accepted it.
    Accepter,
}

impl Side {
    fn byte(self) -> u8 {
        match self {
            Side::Opener => 0,
            Side::Accepter => 1,
        }
    }
}

/// The tag that `peer` shows on the LAN for one topic during `hour` (hours since the Unix
/// epoch).
pub fn mdns_tag(key: &PresenceKey, peer: &PeerId, hour: u64) -> MdnsTag {
    let hash = keyed(key.expose(), b"mdns", &[&peer.0, &hour.to_be_bytes()]);
    truncated(&hash)
}

/// The tag that `side` shows for one topic on a meet stream between two peers.
pub fn meet_tag(
    key: &PresenceKey,
    side: Side,
    opener: (&PeerId, &Nonce),
    accepter: (&PeerId, &Nonce),
) -> MeetTag {
    truncated(&bound(key.expose(), b"meet", side, opener, accepter))
}

/// The proof of the topic's handshake key that `side` gives in the `hello` of a sync stream. The
/// opener has not seen the accepter's nonce yet and leaves it at zero.
pub fn hello_proof(
    key: &HandshakeKey,
    side: Side,
    opener: (&PeerId, &Nonce),
    accepter: (&PeerId, &Nonce),
) -> Proof {
    bound(key.expose(), b"hello", side, opener, accepter)
}

/// A hash that is good between these two peers and on this stream only.
fn bound(
    key: &[u8; 32],
    purpose: &[u8],
    side: Side,
    opener: (&PeerId, &Nonce),
    accepter: (&PeerId, &Nonce),
) -> [u8; 32] {
    let parts: [&[u8]; 5] = [
        &[side.byte()],
        &opener.0.0,
        opener.1,
        &accepter.0.0,
        accepter.1,
    ];
    keyed(key, purpose, &parts)
}

fn keyed(key: &[u8; 32], purpose: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(purpose);
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

fn truncated<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    let mut tag = [0; N];
    tag.copy_from_slice(&hash[..N]);
    tag
}
