//! The check of an event's id and signature.
//!
//! Owns the authors' keys as points of the curve, which to compute from their bytes costs a tenth
//! of a check. Must never call genuine what it did not check in full: only a key is remembered,
//! never that an event was genuine.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use secp256k1::{Secp256k1, VerifyOnly, XOnlyPublicKey, schnorr::Signature};

use super::{AuthorId, SignedEvent, VerifiedEvent, VerifyError};

/// Keys that are remembered; when there are more, all are forgotten and the active authors' soon
/// come back. With their places in the table some 200 kB.
const KEYS_MAX: usize = 1_024;

static CONTEXT: LazyLock<Secp256k1<VerifyOnly>> = LazyLock::new(Secp256k1::verification_only);

/// Checks events (NIP-01, BIP-340). Several threads may share one.
#[derive(Debug, Default)]
pub struct Verifier {
    keys: Mutex<HashMap<AuthorId, XOnlyPublicKey>>,
}

impl Verifier {
    /// Checks the id, then the signature.
    ///
    /// # Errors
    /// [`VerifyError`] names which of the two is false.
    pub fn verify(&self, event: SignedEvent) -> Result<VerifiedEvent, VerifyError> {
        if !event.0.verify_id() {
            return Err(VerifyError::Id);
        }
        let key = self.key(event.author()).ok_or(VerifyError::Signature)?;
        let is_genuine = Signature::from_slice(event.0.sig.as_bytes())
            .and_then(|sig| CONTEXT.verify_schnorr(&sig, event.0.id.as_bytes(), &key));
        match is_genuine {
            Ok(()) => Ok(VerifiedEvent(event.0)),
            Err(_) => Err(VerifyError::Signature),
        }
    }

    /// `None` when the bytes are no point of the curve, and so nobody's key.
    fn key(&self, author: AuthorId) -> Option<XOnlyPublicKey> {
        let keys = || self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys().get(&author) {
            return Some(*key);
        }
        // Bytes of the right number can be wrong in one way only.
        let key = XOnlyPublicKey::from_slice(&author.0).ok()?;
        let mut keys = keys();
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(author, key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use nostr::{event::SignEvent as _, key::Keys};

    use super::*;
    use crate::{event::Draft, time::UnixMs};

    fn post(author: &Keys, text: &str) -> SignedEvent {
        let topic = "cats".parse().expect("a name");
        let draft = Draft::post(&topic, text, UnixMs(1_700_000_000_000));
        let unsigned = draft.unsigned(AuthorId(author.public_key().to_bytes()));
        let event = author.sign_event(unsigned.expect("its tags have names"));
        SignedEvent::new(event.expect("signing works")).expect("within limits")
    }

    #[test]
    fn each_event_is_checked_also_of_an_author_who_is_remembered() {
        let verifier = Verifier::default();
        let (ann, bob) = (Keys::generate(), Keys::generate());
        for author in [&ann, &bob, &ann] {
            assert!(verifier.verify(post(author, "hi")).is_ok());
        }
        let mut forged = post(&ann, "hi").to_wire();
        forged.sig_s = post(&ann, "ho").to_wire().sig_s;
        let forged = forged.into_signed().expect("shaped like one");
        assert_eq!(verifier.verify(forged), Err(VerifyError::Signature));
        let mut changed = post(&ann, "hi").to_wire();
        changed.content = "ho".to_owned();
        let changed = changed.into_signed().expect("shaped like one");
        assert_eq!(verifier.verify(changed), Err(VerifyError::Id));
    }

    #[test]
    fn the_memory_of_keys_is_bounded() {
        let verifier = Verifier::default();
        for _ in 0..KEYS_MAX + 1 {
            let author = AuthorId(Keys::generate().public_key().to_bytes());
            assert!(verifier.key(author).is_some());
        }
        let keys = verifier.keys.lock().expect("nobody panicked").len();
        assert_eq!(keys, 1);
        assert!(verifier.key(AuthorId([0xff; 32])).is_none());
    }
}
