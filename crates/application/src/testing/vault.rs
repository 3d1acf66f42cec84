//! A vault in memory that fails as told, and an author from a fixed seed.
//!
//! Owns the fakes of `SecretVault` and `Identity`. Must never be used outside tests: the vault
//! seals nothing and the author's key is known to everybody.

use std::{
    collections::HashMap,
    future,
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use kukuri_domain::{AuthorId, SignedEvent, event::Draft};
use nostr::{
    event::SignEvent as _,
    key::{Keys, SecretKey},
};

use crate::ports::{
    Identity, IdentityError, KeyStore, SecretBytes, SecretName, SecretVault, VaultError,
};

/// How a [`FakeVault`] fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultFault {
    /// [`VaultError::Locked`].
    Locked,
    /// [`VaultError::PassphraseNeeded`].
    PassphraseNeeded,
    /// [`VaultError::WrongPassphrase`].
    WrongPassphrase,
    /// [`VaultError::Unavailable`].
    Unavailable,
    /// [`VaultError::Corrupt`].
    Corrupt,
    /// [`VaultError::Access`].
    Access,
    /// [`VaultError::Refused`].
    Refused,
    /// [`VaultError::Slow`].
    Slow,
    /// [`VaultError::NotAKey`].
    NotAKey,
    /// The call never returns.
    Hanging,
}

impl VaultFault {
    /// The error that the fault shows as; `None` for a call that never returns.
    pub fn error(self) -> Option<VaultError> {
        Some(match self {
            VaultFault::Locked => VaultError::Locked("the fake is locked".into()),
            VaultFault::PassphraseNeeded => VaultError::PassphraseNeeded,
            VaultFault::WrongPassphrase => VaultError::WrongPassphrase,
            VaultFault::Unavailable => VaultError::Unavailable("the fake is away".into()),
            VaultFault::Corrupt => VaultError::Corrupt("the fake is damaged".into()),
            VaultFault::Access => VaultError::Access("the fake's disk is full".into()),
            VaultFault::Refused => VaultError::Refused("the fake says no".into()),
            VaultFault::Slow => VaultError::Slow { waited_ms: 30_000 },
            VaultFault::NotAKey => VaultError::NotAKey {
                entry: "root".into(),
                why: "the fake has 7 bytes".into(),
            },
            VaultFault::Hanging => return None,
        })
    }

    async fn happen<T>(self) -> Result<T, VaultError> {
        match self.error() {
            Some(error) => Err(error),
            None => future::pending().await,
        }
    }
}

/// A vault in memory with faults that can be set and healed at any time.
#[derive(Debug, Default)]
pub struct FakeVault {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<SecretName, SecretBytes>,
    load_fault: Option<VaultFault>,
    create_faults: HashMap<SecretName, VaultFault>,
    replace_fault: Option<VaultFault>,
    remove_fault: Option<VaultFault>,
    load_calls: usize,
    create_calls: usize,
}

impl FakeVault {
    /// A vault that holds both secrets, each made of one repeated byte.
    pub fn with_secrets(root: u8, identity: u8) -> Self {
        let vault = Self::default();
        vault.state().entries.extend([
            (SecretName::Root, SecretBytes::new([root; 32])),
            (SecretName::Identity, SecretBytes::new([identity; 32])),
        ]);
        vault
    }

    /// From now on every `load` fails.
    pub fn fail_loads(&self, fault: VaultFault) {
        self.state().load_fault = Some(fault);
    }

    /// From now on `create` of this entry fails and stores nothing.
    pub fn fail_create_of(&self, name: SecretName, fault: VaultFault) {
        self.state().create_faults.insert(name, fault);
    }

    /// From now on every `replace` fails and changes nothing.
    pub fn fail_replaces(&self, fault: VaultFault) {
        self.state().replace_fault = Some(fault);
    }

    /// From now on every `remove` fails and changes nothing.
    pub fn fail_removes(&self, fault: VaultFault) {
        self.state().remove_fault = Some(fault);
    }

    /// Every fault is over.
    pub fn heal(&self) {
        let mut state = self.state();
        state.load_fault = None;
        state.replace_fault = None;
        state.remove_fault = None;
        state.create_faults.clear();
    }

    /// What is stored, past all faults.
    pub fn entry(&self, name: SecretName) -> Option<SecretBytes> {
        self.state().entries.get(&name).cloned()
    }

    /// How often `load` was called.
    pub fn load_calls(&self) -> usize {
        self.state().load_calls
    }

    /// How often `create` was called, also in vain.
    pub fn create_calls(&self) -> usize {
        self.state().create_calls
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }
}

#[async_trait]
impl SecretVault for FakeVault {
    fn kind(&self) -> KeyStore {
        KeyStore::Memory
    }

    async fn load(&self, name: SecretName) -> Result<Option<SecretBytes>, VaultError> {
        let (fault, entry) = {
            let mut state = self.state();
            state.load_calls += 1;
            (state.load_fault, state.entries.get(&name).cloned())
        };
        match fault {
            Some(fault) => fault.happen().await,
            None => Ok(entry),
        }
    }

    async fn create(&self, name: SecretName, secret: SecretBytes) -> Result<(), VaultError> {
        let fault = {
            let mut state = self.state();
            state.create_calls += 1;
            let fault = state.create_faults.get(&name).copied();
            if fault.is_none() {
                if state.entries.contains_key(&name) {
                    return Err(VaultError::Exists);
                }
                state.entries.insert(name, secret);
            }
            fault
        };
        match fault {
            Some(fault) => fault.happen().await,
            None => Ok(()),
        }
    }

    async fn replace(
        &self,
        name: SecretName,
        seen: SecretBytes,
        new: SecretBytes,
    ) -> Result<(), VaultError> {
        let fault = self.state().replace_fault;
        if let Some(fault) = fault {
            return fault.happen().await;
        }
        match self.state().entries.get_mut(&name) {
            Some(entry) if *entry == seen => {
                *entry = new;
                Ok(())
            }
            _ => Err(VaultError::Changed),
        }
    }

    async fn remove(&self, name: SecretName, seen: SecretBytes) -> Result<(), VaultError> {
        let fault = self.state().remove_fault;
        if let Some(fault) = fault {
            return fault.happen().await;
        }
        let mut state = self.state();
        match state.entries.get(&name) {
            Some(entry) if *entry != seen => Err(VaultError::Changed),
            _ => {
                state.entries.remove(&name);
                Ok(())
            }
        }
    }
}

/// An author whose key follows from a number, so that a simulation replays to the same event ids
/// (signatures differ: BIP-340 mixes in fresh randomness).
#[derive(Debug, Clone)]
pub struct FakeIdentity {
    keys: Keys,
}

impl FakeIdentity {
    /// The author of this number; different numbers are different authors.
    pub fn from_seed(seed: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("kukuri test author");
        hasher.update(&seed.to_be_bytes());
        let secret = SecretKey::from_slice(hasher.finalize().as_bytes())
            .expect("all but 2^-128 of the hashes are valid keys");
        Self {
            keys: Keys::new(secret),
        }
    }

    /// Signs at once, without a runtime.
    ///
    /// # Errors
    /// [`IdentityError::Draft`] when the draft cannot be an event.
    pub fn sign_now(&self, draft: Draft) -> Result<SignedEvent, IdentityError> {
        let unsigned = draft.unsigned(self.author())?;
        let event = self
            .keys
            .sign_event(unsigned)
            .map_err(|e| IdentityError::Key(Box::new(e)))?;
        Ok(SignedEvent::new(event)?)
    }
}

#[async_trait]
impl Identity for FakeIdentity {
    fn author(&self) -> AuthorId {
        AuthorId(self.keys.public_key().to_bytes())
    }

    async fn sign(&self, draft: Draft) -> Result<SignedEvent, IdentityError> {
        self.sign_now(draft)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kukuri_domain::UnixMs;

    use super::*;
    use crate::testing::contract_vault;

    #[tokio::test]
    async fn the_fake_keeps_the_vault_contract() {
        contract_vault::check_vault(|| {
            let vault = Arc::new(FakeVault::default());
            move || vault.clone()
        })
        .await;
    }

    #[tokio::test]
    async fn the_fake_keeps_the_identity_contract() {
        contract_vault::check_identity(&FakeIdentity::from_seed(1)).await;
    }

    #[test]
    fn a_seed_gives_one_author_and_the_same_ids() {
        let draft = || Draft::post(&"lobby".parse().expect("a name"), "hi", UnixMs(1_234_567));
        let sign = |seed| {
            FakeIdentity::from_seed(seed)
                .sign_now(draft())
                .expect("a fine draft")
        };
        assert_eq!(sign(1).id(), sign(1).id());
        assert_ne!(sign(1).author(), sign(2).author());
    }

    #[tokio::test]
    async fn faults_show_and_heal() {
        let vault = FakeVault::with_secrets(1, 2);
        vault.fail_loads(VaultFault::Locked);
        assert!(matches!(
            vault.load(SecretName::Root).await,
            Err(VaultError::Locked(_))
        ));
        vault.heal();
        assert_eq!(
            vault.load(SecretName::Root).await.expect("healed"),
            Some(SecretBytes::new([1; 32]))
        );
        assert_eq!(vault.load_calls(), 2);
    }
}
