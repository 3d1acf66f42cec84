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
    /// There is no such vault on this machine.
    #[error("no vault is available")]
    Unavailable(#[source] Source),
    /// The entry exists already and is not overwritten.
    #[error("the vault has an entry of this name already")]
    Exists,
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
