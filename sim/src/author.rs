//! Whoever writes in a simulation: events with true signatures, the same in every run.
//!
//! Signatures are made without randomness of the system, so that a seed gives the same bytes
//! again. Each is checked once for all nodes of a run ([`Checked`]): checking is not what is
//! simulated, and a hundred thousand checks would take most of the time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use kukuri_domain::{
    AuthorId, EntryKey, EventId, SignedEvent, VerifiedEvent,
    entry::EntryRank,
    event::{Draft, Verifier},
};
use secp256k1::{Keypair, Secp256k1, SignOnly};

static CONTEXT: LazyLock<Secp256k1<SignOnly>> = LazyLock::new(Secp256k1::signing_only);

/// Somebody with a key.
pub struct Author(Keypair);

impl Author {
    /// The one with this number.
    pub fn new(number: usize) -> Self {
        let secret = blake3::derive_key("kukuri sim author", &number.to_le_bytes());
        let pair = Keypair::from_seckey_slice(&CONTEXT, &secret);
        Self(pair.expect("a hash is no invalid key but once in 2^128"))
    }

    /// The public key.
    pub fn id(&self) -> AuthorId {
        AuthorId(self.0.x_only_public_key().0.serialize())
    }

    /// The draft, signed.
    pub fn sign(&self, draft: Draft) -> SignedEvent {
        let sign = |id: EventId| {
            CONTEXT
                .sign_schnorr_no_aux_rand(&id.0, &self.0)
                .to_byte_array()
        };
        let signed = draft.signed(self.id(), sign);
        signed.expect("its tags have names, and it is within the limits")
    }
}

/// The signatures that were found genuine.
#[derive(Default)]
pub struct Checked {
    verifier: Verifier,
    genuine: HashMap<EventId, VerifiedEvent>,
}

impl Checked {
    /// The event, if its signature is genuine.
    pub fn check(&mut self, event: SignedEvent) -> Option<VerifiedEvent> {
        match self.genuine.get(&event.id()) {
            Some(known) if known.as_nostr() == event.as_nostr() => Some(known.clone()),
            // Unknown, or altered under a known id.
            _ => {
                let verified = self.verifier.verify(event).ok()?;
                self.genuine.insert(verified.id(), verified.clone());
                Some(verified)
            }
        }
    }

    /// The greatest write to each key among the genuine events that are stored.
    pub fn greatest_writes(
        &self,
        is_stored: impl Fn(&EventId) -> bool,
    ) -> BTreeMap<EntryKey, EntryRank> {
        let mut greatest: BTreeMap<EntryKey, EntryRank> = BTreeMap::new();
        let stored = self.genuine.values().filter(|event| is_stored(&event.id()));
        for entry in stored.filter_map(VerifiedEvent::entry) {
            let known = greatest.entry(entry.key).or_insert(entry.rank);
            *known = entry.rank.max(*known);
        }
        greatest
    }

    /// A genuine event.
    pub fn get(&self, id: &EventId) -> Option<&VerifiedEvent> {
        self.genuine.get(id)
    }
}
