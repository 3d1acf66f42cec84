//! The vault of secrets, and the identity whose key never leaves it.

use std::fmt;

use async_trait::async_trait;
use kukuri_domain::{AuthorId, SignedEvent, event::Draft};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Source;

/// 32 secret bytes. They are wiped on drop and never shown.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes([u8; 32]);

impl SecretBytes {
    /// Wraps secret bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes. The caller must not log, print or store them in the clear.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

/// The entries of a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretName {
    /// From which the endpoint key, the device key and the sealing key derive.
    Root,
    /// Secret key of the author (secp256k1).
    Identity,
}

impl SecretName {
    /// The name of the entry in the vault.
    pub fn code(self) -> &'static str {
        match self {
            SecretName::Root => "root",
            SecretName::Identity => "identity",
        }
    }
}

/// The kind of place where a profile's secrets are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum KeyStore {
    /// The operating system's keyring.
    Os,
    /// A file sealed with a passphrase.
    File,
    /// Memory, for throw-away homes only.
    Memory,
}

impl KeyStore {
    /// The name that configuration and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            KeyStore::Os => "os",
            KeyStore::File => "file",
            KeyStore::Memory => "memory",
        }
    }
}

/// Why a vault did not do what was asked. What it held before, it still holds.
#[derive(Debug, Error)]
pub enum VaultError {
    /// The vault is locked and could not be unlocked. Whether an entry exists is not known.
    #[error("the vault is locked")]
    Locked(#[source] Source),
    /// A passphrase is needed and there is nobody to ask.
    #[error("the vault needs a passphrase")]
    PassphraseNeeded,
    /// The passphrase does not open the vault.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// There is no such vault on this machine: no keyring runs here. Nothing can be in it.
    #[error("no keyring is available here")]
    Unavailable(#[source] Source),
    /// The vault is there, and says no. Whether an entry exists is not known.
    #[error("the vault refuses to work")]
    Refused(#[source] Source),
    /// The vault did not answer in time. Whether an entry exists is not known.
    #[error("the vault has not answered for {} s", .waited_ms / 1_000)]
    Slow {
        /// How long it was waited for.
        waited_ms: u64,
    },
    /// The entry exists already and is not overwritten.
    #[error("the vault has an entry of this name already")]
    Exists,
    /// The entry is not what the caller has seen. It was left as it is.
    #[error("the entry in the vault has changed meanwhile")]
    Changed,
    /// Under the name of our entry is something that is no key of ours. It was left as it is.
    #[error("the entry '{entry}' of the vault is no key: {why}")]
    NotAKey {
        /// What the entry is called in the vault.
        entry: String,
        /// What is wrong with it.
        why: String,
    },
    /// The content is no vault of ours, or a damaged one. It was left as it is.
    #[error("the vault is damaged: {0}")]
    Corrupt(String),
    /// The vault or its folder cannot be read or written.
    #[error("the vault cannot be read or written")]
    Access(#[source] Source),
}

/// A place for secrets.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait SecretVault: Send + Sync {
    /// What kind of place it is.
    fn kind(&self) -> KeyStore;

    /// The entry, or `None` when the vault definitely has no such entry. A locked or failing
    /// vault is an error, never `None`: a caller may create what is missing.
    ///
    /// # Errors
    /// [`VaultError`].
    async fn load(&self, name: SecretName) -> Result<Option<SecretBytes>, VaultError>;

    /// Creates an entry. When it returns, the entry is on the disk.
    ///
    /// # Errors
    /// [`VaultError::Exists`] when there is one; it is never overwritten.
    async fn create(&self, name: SecretName, secret: SecretBytes) -> Result<(), VaultError>;

    /// Puts `new` in place of `seen` in one step: the entry always is the one or the other. When
    /// it returns, the new one is on the disk.
    ///
    /// # Errors
    /// [`VaultError::Changed`] when the entry is missing or not `seen`; it stays as it is.
    async fn replace(
        &self,
        name: SecretName,
        seen: SecretBytes,
        new: SecretBytes,
    ) -> Result<(), VaultError>;

    /// Removes the entry if it is `seen`. An entry that is definitely not there is removed.
    ///
    /// # Errors
    /// [`VaultError::Changed`] when it is another; it stays as it is.
    async fn remove(&self, name: SecretName, seen: SecretBytes) -> Result<(), VaultError>;
}

/// Why something was not signed.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The draft cannot be an event.
    #[error(transparent)]
    Draft(#[from] kukuri_domain::event::ShapeError),
    /// The key could not be used.
    #[error("signing failed")]
    Key(#[source] Source),
}

/// The author of this profile. The secret key stays behind this port.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait Identity: Send + Sync {
    /// The public key.
    fn author(&self) -> AuthorId;

    /// Signs a draft as this author.
    ///
    /// # Errors
    /// [`IdentityError`].
    async fn sign(&self, draft: Draft) -> Result<SignedEvent, IdentityError>;
}
