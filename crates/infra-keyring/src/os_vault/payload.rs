//! The bytes of an entry in the keyring.
//!
//! Owns the layout: magic `kukuri`, a zero byte, version 1, the 32 secret bytes, and the start of
//! a BLAKE3 hash over the entry's name and all before. The hash tells a damaged or exchanged
//! entry from a good one. Must never show the bytes in an error.

use kukuri_application::ports::{SecretBytes, SecretName, VaultError};
use zeroize::Zeroizing;

const MAGIC: &[u8] = b"kukuri\0";
const VERSION: u8 = 1;
const SECRET_AT: usize = MAGIC.len() + 1;
const CHECKSUM_AT: usize = SECRET_AT + 32;
const CHECKSUM_BYTES: usize = 8;
const PAYLOAD_BYTES: usize = CHECKSUM_AT + CHECKSUM_BYTES;

/// What is put into the keyring.
pub(super) fn encode(name: SecretName, secret: &SecretBytes) -> Zeroizing<Vec<u8>> {
    let mut payload = Zeroizing::new(Vec::with_capacity(PAYLOAD_BYTES));
    payload.extend_from_slice(MAGIC);
    payload.push(VERSION);
    payload.extend_from_slice(secret.expose());
    let sum = checksum(name, &payload);
    payload.extend_from_slice(&sum);
    payload
}

/// What was taken out of the keyring, where the entry is called `entry`.
pub(super) fn decode(
    name: SecretName,
    entry: &str,
    payload: &[u8],
) -> Result<SecretBytes, VaultError> {
    let wrong = |why: String| VaultError::NotAKey {
        entry: entry.to_owned(),
        why,
    };
    if !payload.starts_with(MAGIC) {
        return Err(wrong(format!(
            "its {} bytes were not written by kukuri",
            payload.len()
        )));
    }
    if payload.get(MAGIC.len()) != Some(&VERSION) {
        return Err(wrong("its version is not known to this program".to_owned()));
    }
    if payload.len() != PAYLOAD_BYTES {
        return Err(wrong(format!(
            "it has {} bytes in place of {PAYLOAD_BYTES}",
            payload.len()
        )));
    }
    let (content, sum) = payload.split_at(CHECKSUM_AT);
    if checksum(name, content) != sum {
        return Err(wrong(
            "its bytes have changed, or are those of another entry".to_owned(),
        ));
    }
    let mut secret = Zeroizing::new([0; 32]);
    secret.copy_from_slice(&content[SECRET_AT..]);
    Ok(SecretBytes::new(*secret))
}

fn checksum(name: SecretName, content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.code().as_bytes());
    hasher.update(content);
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..CHECKSUM_BYTES]);
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret() -> SecretBytes {
        SecretBytes::new([7; 32])
    }

    #[test]
    fn what_was_put_in_comes_out() {
        for name in [SecretName::Root, SecretName::Identity] {
            let payload = encode(name, &secret());
            let decoded = decode(name, "x", &payload).expect("our own");
            assert_eq!(decoded, secret());
        }
    }

    #[test]
    fn the_layout_holds_still() {
        let payload = encode(SecretName::Root, &secret());
        assert_eq!(&payload[..8], b"kukuri\0\x01");
        assert_eq!(&payload[8..40], &[7; 32]);
        assert_eq!(payload[40..], checksum(SecretName::Root, &payload[..40]));
        assert_eq!(payload[40..], [75, 137, 24, 16, 219, 193, 119, 244]);
    }

    #[test]
    fn every_flipped_bit_and_the_other_entry_are_told() {
        let payload = encode(SecretName::Root, &secret());
        let other = decode(SecretName::Identity, "x", &payload);
        assert!(
            matches!(other, Err(VaultError::NotAKey { .. })),
            "{other:?}"
        );
        for bit in 0..payload.len() * 8 {
            let mut damaged = payload.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let result = decode(SecretName::Root, "x", &damaged);
            assert!(
                matches!(result, Err(VaultError::NotAKey { .. })),
                "bit {bit}"
            );
        }
    }

    proptest! {
        #[test]
        fn parser_of_entries_takes_nothing_but_entries(bytes: Vec<u8>) {
            let result = decode(SecretName::Root, "root@x", &bytes);
            let error = result.expect_err("nobody draws a hash");
            prop_assert!(error.to_string().contains("root@x"));
        }
    }
}
