//! Owns the format of the slots: where the members of a topic leave their records in one minute,
//! and how a record is made and read. It is the format of `distributed-topic-tracker` 0.3.5, by
//! that crate's own record types and key derivation, so that its stock users and we find each
//! other.
//!
//! It must never do I/O, read a clock or panic on what a stranger wrote: [`decode_record`] is a
//! pure function of bytes and keys.

use std::fmt;

use distributed_topic_tracker::{
    EncryptedRecord, GossipRecordContent, MAX_MESSAGE_HASHES, MAX_RECORD_PEERS, Record,
    RotationHandle, TopicId, encryption_keypair, salt, signing_keypair,
};
use iroh::{EndpointId, SecretKey};
use n0_mainline::{MutableItem, SigningKey};
use sha2::{Digest, Sha512};

/// Neighbours that fit into a record.
pub const ACTIVE_PEERS_MAX: usize = MAX_RECORD_PEERS;

/// The sequence number of every record, as in the stock crate: all members share the slot's key,
/// so no record may be newer than another.
const SLOT_SEQ: i64 = i64::MAX;

/// Why the bytes in a slot are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not the length-prefixed form of an encrypted record.
    #[error("the value has not the form of a record")]
    Malformed,
    /// Not encrypted to this topic's secret and minute, or damaged.
    #[error("the record cannot be decrypted")]
    Undecryptable,
    /// For another topic or minute, or the signature does not fit the publisher.
    #[error("the record is not signed by its publisher for this topic and minute")]
    Unverified,
    /// The publisher's key is no endpoint id.
    #[error("the publisher is no endpoint id")]
    Publisher,
}

/// A verified record of another member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRecord {
    /// The endpoint that signed it, and can be dialled.
    pub publisher: EndpointId,
    /// Its neighbours when it wrote; at most [`ACTIVE_PEERS_MAX`], each once, without the
    /// publisher, empty and impossible ids.
    pub active_peers: Vec<EndpointId>,
    /// The minute of the slot (minutes since 1970).
    pub unix_minute: u64,
}

/// The keys of one topic's slot in one minute.
pub struct SlotKeys {
    topic: TopicId,
    unix_minute: u64,
    signing: SigningKey,
    salt: [u8; 32],
    encryption: SigningKey,
}

impl fmt::Debug for SlotKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotKeys")
            .field("unix_minute", &self.unix_minute)
            .finish_non_exhaustive()
    }
}

impl SlotKeys {
    /// Derives them; `topic_id` is the topic's hash, `tracker_secret` what the stock crate calls
    /// the initial secret.
    #[must_use]
    pub fn derive(topic_id: [u8; 32], tracker_secret: &[u8; 32], unix_minute: u64) -> Self {
        let topic = TopicId::from_hash(&topic_id);
        let mut secret_hash = [0; 32];
        secret_hash.copy_from_slice(&Sha512::digest(tracker_secret)[..32]);
        Self {
            signing: signing_keypair(&topic, unix_minute),
            salt: salt(&topic, unix_minute),
            encryption: encryption_keypair(
                &topic,
                &RotationHandle::default(),
                secret_hash,
                unix_minute,
            ),
            topic,
            unix_minute,
        }
    }

    /// The minute that the keys belong to.
    #[must_use]
    pub fn unix_minute(&self) -> u64 {
        self.unix_minute
    }

    /// The key under which the DHT holds the slot.
    pub(crate) fn public_key(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// The salt under which the DHT holds the slot.
    pub(crate) fn salt(&self) -> &[u8; 32] {
        &self.salt
    }

    /// The DHT item that puts `value` into the slot.
    pub(crate) fn item(&self, value: &[u8]) -> MutableItem {
        MutableItem::new(&self.signing, value, SLOT_SEQ, Some(&self.salt))
    }
}

/// Reads what was found in the slot of `keys`.
///
/// # Errors
/// Says what is wrong with the bytes; they come from strangers.
pub fn decode_record(bytes: &[u8], keys: &SlotKeys) -> Result<SlotRecord, RecordError> {
    // The errors of the tracker crate are texts; which step failed is all that one can act on.
    let record = EncryptedRecord::from_bytes(bytes.to_vec())
        .map_err(|_| RecordError::Malformed)?
        .decrypt(&keys.encryption)
        .map_err(|_| RecordError::Undecryptable)?;
    record
        .verify(&keys.topic.hash(), keys.unix_minute)
        .map_err(|_| RecordError::Unverified)?;
    let publisher =
        EndpointId::from_bytes(&record.pub_key()).map_err(|_| RecordError::Publisher)?;
    // As in the stock crate a record without readable content still names its publisher.
    let listed = record
        .content::<GossipRecordContent>()
        .map_or_else(|_| Vec::new(), |content| content.active_peers.to_vec());
    let mut active_peers = Vec::new();
    for bytes in listed.iter().filter(|bytes| **bytes != [0; 32]) {
        match EndpointId::from_bytes(bytes) {
            Ok(peer) if peer != publisher && !active_peers.contains(&peer) => {
                active_peers.push(peer);
            }
            _ => {}
        }
    }
    Ok(SlotRecord {
        publisher,
        active_peers,
        unix_minute: keys.unix_minute,
    })
}

/// Makes the bytes of our record: signed with the endpoint's key, because readers dial it, with
/// the first [`ACTIVE_PEERS_MAX`] of `neighbours`, encrypted to the slot.
///
/// # Errors
/// [`RecordError::Malformed`] if the tracker crate refuses to encode it, which its sizes exclude.
pub fn encode_record(
    keys: &SlotKeys,
    endpoint: &SecretKey,
    neighbours: &[EndpointId],
) -> Result<Vec<u8>, RecordError> {
    let mut content = GossipRecordContent {
        active_peers: [[0; 32]; MAX_RECORD_PEERS],
        last_message_hashes: [[0; 32]; MAX_MESSAGE_HASHES],
    };
    let own = endpoint.public();
    let others = neighbours.iter().filter(|peer| **peer != own);
    for (place, peer) in content.active_peers.iter_mut().zip(others) {
        *place = *peer.as_bytes();
    }
    Record::sign(
        keys.topic.hash(),
        keys.unix_minute,
        content,
        endpoint.as_signing_key(),
    )
    .and_then(|record| record.encrypt(&keys.encryption).to_bytes())
    .map_err(|_| RecordError::Malformed)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOPIC: [u8; 32] = [7; 32];
    const SECRET: [u8; 32] = [9; 32];
    const MINUTE: u64 = 29_000_000;

    /// Cases of each parser's property: 10,000, or more by `PROPTEST_CASES`.
    pub(crate) fn cases() -> u32 {
        // Unset or no number: the least that is wanted, as with proptest itself.
        std::env::var("PROPTEST_CASES")
            .ok()
            .and_then(|cases| cases.parse().ok())
            .map_or(10_000, |cases: u32| cases.max(10_000))
    }

    fn keys() -> SlotKeys {
        SlotKeys::derive(TOPIC, &SECRET, MINUTE)
    }

    fn endpoint(seed: u8) -> SecretKey {
        SecretKey::from_bytes(&[seed; 32])
    }

    #[test]
    fn a_record_comes_back_with_its_neighbours() {
        let neighbours: Vec<_> = (2..9).map(|seed| endpoint(seed).public()).collect();
        let bytes = encode_record(&keys(), &endpoint(1), &neighbours).expect("sizes fit");
        assert!(bytes.len() <= 1000, "BEP 44 allows 1000 bytes");
        let record = decode_record(&bytes, &keys()).expect("our own record");
        assert_eq!(record.publisher, endpoint(1).public());
        assert_eq!(record.active_peers, neighbours[..ACTIVE_PEERS_MAX]);
        assert_eq!(record.unix_minute, MINUTE);
    }

    #[test]
    fn zero_own_repeated_and_invalid_neighbours_are_skipped() {
        // 32 bytes that are no point of the curve.
        let invalid = (0..=255_u8)
            .map(|byte| [byte; 32])
            .find(|bytes| EndpointId::from_bytes(bytes).is_err())
            .expect("half of all byte strings are no points");
        let peer = *endpoint(2).public().as_bytes();
        let own = *endpoint(1).public().as_bytes();
        let content = GossipRecordContent {
            active_peers: [[0; 32], invalid, own, peer, peer],
            last_message_hashes: [[0; 32]; MAX_MESSAGE_HASHES],
        };
        let keys = keys();
        let bytes = Record::sign(TOPIC, MINUTE, content, endpoint(1).as_signing_key())
            .and_then(|record| record.encrypt(&keys.encryption).to_bytes())
            .expect("sizes fit");
        let record = decode_record(&bytes, &keys).expect("a valid record");
        assert_eq!(record.active_peers, vec![endpoint(2).public()]);
    }

    #[test]
    fn each_defect_has_its_error() {
        let good = encode_record(&keys(), &endpoint(1), &[]).expect("sizes fit");
        let other_secret = SlotKeys::derive(TOPIC, &[1; 32], MINUTE);
        let mut damaged = good.clone();
        damaged[60] ^= 1;

        // Encrypted to this slot, but signed for another minute or topic.
        let keys = keys();
        let sign = |topic, minute| {
            let content = GossipRecordContent {
                active_peers: [[0; 32]; MAX_RECORD_PEERS],
                last_message_hashes: [[0; 32]; MAX_MESSAGE_HASHES],
            };
            Record::sign(topic, minute, content, endpoint(1).as_signing_key())
                .and_then(|record| record.encrypt(&keys.encryption).to_bytes())
                .expect("sizes fit")
        };
        let cases = [
            (decode_record(b"", &keys), RecordError::Malformed),
            (decode_record(&good[..99], &keys), RecordError::Malformed),
            (
                decode_record(&good, &other_secret),
                RecordError::Undecryptable,
            ),
            (decode_record(&damaged, &keys), RecordError::Undecryptable),
            (
                decode_record(&sign(TOPIC, MINUTE + 1), &keys),
                RecordError::Unverified,
            ),
            (
                decode_record(&sign([8; 32], MINUTE), &keys),
                RecordError::Unverified,
            ),
        ];
        for (decoded, expected) in cases {
            assert_eq!(decoded, Err(expected));
        }
    }

    #[test]
    fn debug_tells_no_key() {
        let keys = keys();
        let secret = format!("{:?}", keys.encryption.to_bytes());
        assert!(!format!("{keys:?}").contains(&secret));
        assert_eq!(
            format!("{keys:?}"),
            "SlotKeys { unix_minute: 29000000, .. }"
        );
    }

    /// The plain text of a record, with any bytes in the places of its fields, encrypted as it
    /// should be: this reaches the code behind the decryption.
    fn encrypted(plain: &[u8], keys: &SlotKeys) -> Vec<u8> {
        let plain = Record::from_bytes(plain.to_vec());
        plain
            .and_then(|record| record.encrypt(&keys.encryption).to_bytes())
            .unwrap_or_default()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

        #[test]
        fn parser_record_takes_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
            prop_assert!(decode_record(&bytes, &keys()).is_err());
        }

        #[test]
        fn parser_record_takes_any_bytes_of_the_right_form(
            body in proptest::collection::vec(any::<u8>(), 88..800),
            key_length in 0_u64..200,
        ) {
            let mut bytes = u32::try_from(body.len() - 88).expect("short").to_le_bytes().to_vec();
            bytes.extend(&body);
            let at = bytes.len() - 88;
            bytes[at..at + 8].copy_from_slice(&key_length.to_le_bytes());
            prop_assert!(decode_record(&bytes, &keys()).is_err());
        }

        #[test]
        fn parser_record_takes_any_plain_text(plain in proptest::collection::vec(any::<u8>(), 0..700)) {
            let keys = keys();
            prop_assert!(decode_record(&encrypted(&plain, &keys), &keys).is_err());
        }

        #[test]
        fn parser_record_takes_any_signed_content(
            content in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            // A member may sign anything: a byte sequence in place of the content.
            let keys = keys();
            let bytes = Record::sign(TOPIC, MINUTE, content, endpoint(1).as_signing_key())
                .and_then(|record| record.encrypt(&keys.encryption).to_bytes())
                .expect("sizes fit");
            let record = decode_record(&bytes, &keys).expect("signed and encrypted as it should be");
            prop_assert_eq!(record.publisher, endpoint(1).public());
            prop_assert!(record.active_peers.len() <= ACTIVE_PEERS_MAX);
        }
    }
}
