//! The author of a profile: signs with a key that never leaves this module.
//!
//! Owns the secp256k1 key pair. Must never hand out the secret key or sign anything but an
//! event. Signing takes less than 0.1 ms (the test `signing_is_quick` prints it), too little to be
//! worth the blocking pool. The signature is checked by whoever takes the event.

use async_trait::async_trait;
use kukuri_application::ports::{Identity, IdentityError, SecretBytes};
use kukuri_domain::{AuthorId, EventId, SignedEvent, event::Draft};
use nostr::key::{Keys, SecretKey};
use thiserror::Error;

/// The bytes are no secp256k1 secret key: zero, or beyond the order of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the stored identity is no valid secret key")]
pub struct InvalidSecret;

/// The public half (BIP-340, x only) of a secret key: of an author's, or of a device's.
///
/// # Errors
/// [`InvalidSecret`] for zero and for bytes beyond the order of the curve.
pub fn public_key_of(secret: &SecretBytes) -> Result<[u8; 32], InvalidSecret> {
    Ok(LocalIdentity::from_secret(secret)?.author().0)
}

/// An author whose key is in this process. The key is wiped on drop.
#[derive(Debug)]
pub struct LocalIdentity {
    keys: Keys,
}

impl LocalIdentity {
    /// The author with this secret key.
    ///
    /// # Errors
    /// [`InvalidSecret`] for zero and for bytes beyond the order of the curve.
    pub fn from_secret(secret: &SecretBytes) -> Result<Self, InvalidSecret> {
        let secret = SecretKey::from_slice(secret.expose()).map_err(|_| InvalidSecret)?;
        Ok(Self {
            keys: Keys::new(secret),
        })
    }
}

#[async_trait]
impl Identity for LocalIdentity {
    fn author(&self) -> AuthorId {
        AuthorId(self.keys.public_key().to_bytes())
    }

    async fn sign(&self, draft: Draft) -> Result<SignedEvent, IdentityError> {
        let sign = |id: EventId| self.keys.sign_schnorr(id.0).to_bytes();
        Ok(draft.signed(self.author(), sign)?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use kukuri_application::testing::contract_vault::check_identity;
    use kukuri_domain::UnixMs;

    use super::*;

    fn identity(byte: u8) -> LocalIdentity {
        LocalIdentity::from_secret(&SecretBytes::new([byte; 32])).expect("a valid key")
    }

    #[tokio::test]
    async fn it_keeps_the_identity_contract() {
        check_identity(&identity(1)).await;
    }

    #[test]
    fn the_author_is_the_public_key_of_the_secret() {
        // Secret key 3 of the BIP-340 test vectors, index 0.
        let mut secret = [0; 32];
        secret[31] = 3;
        let identity = LocalIdentity::from_secret(&SecretBytes::new(secret)).expect("a valid key");
        assert_eq!(
            identity.author().to_string(),
            "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"
        );
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        for byte in [0, 0xff] {
            let result = LocalIdentity::from_secret(&SecretBytes::new([byte; 32]));
            assert_eq!(result.err(), Some(InvalidSecret));
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", identity(0x42)).contains("4242"));
    }

    #[tokio::test]
    async fn signing_is_quick() {
        const SIGNATURES: u32 = 100;
        let identity = identity(1);
        let topic = "lobby".parse().expect("a name");
        let mut fastest = Duration::MAX;
        for i in 0..SIGNATURES {
            let draft = Draft::post(&topic, &"x".repeat(300), UnixMs(u64::from(i)));
            let start = Instant::now();
            identity.sign(draft).await.expect("a fine draft");
            fastest = fastest.min(start.elapsed());
        }
        println!("the fastest of {SIGNATURES} signatures took {fastest:?}");
        assert!(
            fastest < Duration::from_millis(5),
            "{fastest:?}: move it to the blocking pool"
        );
    }
}
