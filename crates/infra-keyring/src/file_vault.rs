//! Secrets in a file that a passphrase seals.
//!
//! Owns the order of things: read, ask, derive, open, and for a new entry seal and replace.
//! All of it blocks and therefore runs on the blocking pool, one call at a time. Must never
//! keep the passphrase; the derived key is kept, so that the passphrase is asked for once, and
//! wiped on drop. The layout is in `format`, the file handling in `disk`.

mod disk;
mod format;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kukuri_application::ports::{KeyStore, SecretBytes, SecretName, SecretVault, VaultError};
use rand::{TryRngCore as _, rngs::OsRng};

use crate::passphrase::PassphraseSource;
use disk::Replaced;
use format::{Entries, Sealed, VaultKey};

pub use format::KdfCost;

/// A vault in a sealed file. The file is made with the first entry.
#[derive(Debug)]
pub struct FileVault {
    vault: Arc<Vault>,
}

struct Vault {
    path: PathBuf,
    source: PassphraseSource,
    cost: KdfCost,
    /// The key of the file as it was last opened. Locking it also lets one call in at a time.
    unlocked: Mutex<Option<VaultKey>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("path", &self.path)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl FileVault {
    /// The vault at `path`, whose folder must exist before an entry is created. Nothing is read
    /// or asked yet.
    pub fn new(path: impl Into<PathBuf>, source: PassphraseSource) -> Self {
        Self::with_cost(path, source, KdfCost::PRODUCTION)
    }

    /// As [`FileVault::new`], with another cost for a vault that is made; an existing one names
    /// its own. For tests: whatever is cheaper than [`KdfCost::PRODUCTION`] protects less.
    pub fn with_cost(path: impl Into<PathBuf>, source: PassphraseSource, cost: KdfCost) -> Self {
        let unlocked = Mutex::new(None);
        Self {
            vault: Arc::new(Vault {
                path: path.into(),
                source,
                cost,
                unlocked,
            }),
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let vault = self.vault.clone();
        tokio::task::spawn_blocking(move || call(&vault))
            .await
            .map_err(|e| VaultError::Access(Box::new(e)))?
    }
}

#[async_trait]
impl SecretVault for FileVault {
    fn kind(&self) -> KeyStore {
        KeyStore::File
    }

    async fn load(&self, name: SecretName) -> Result<Option<SecretBytes>, VaultError> {
        self.blocking(move |vault| vault.load(name)).await
    }

    async fn create(&self, name: SecretName, secret: SecretBytes) -> Result<(), VaultError> {
        self.blocking(move |vault| vault.edit(|entries| entries.insert(name, &secret)))
            .await
    }

    async fn replace(
        &self,
        name: SecretName,
        seen: SecretBytes,
        new: SecretBytes,
    ) -> Result<(), VaultError> {
        self.blocking(move |vault| vault.edit(|entries| entries.replace(name, &seen, &new)))
            .await
    }

    async fn remove(&self, name: SecretName, seen: SecretBytes) -> Result<(), VaultError> {
        self.blocking(move |vault| vault.edit(|entries| entries.remove(name, &seen)))
            .await
    }
}

impl Vault {
    fn load(&self, name: SecretName) -> Result<Option<SecretBytes>, VaultError> {
        let mut unlocked = self.unlocked();
        let Some(content) = disk::read(&self.path)? else {
            return Ok(None);
        };
        let entries = self.open(&mut unlocked, &content)?;
        Ok(entries.get(name))
    }

    /// Changes the entries and puts the vault in place of the one that was read. Another process
    /// may write between our reading and our writing; then we read again. A vault without
    /// entries is no file.
    fn edit(
        &self,
        change: impl Fn(&mut Entries) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let mut unlocked = self.unlocked();
        loop {
            let seen = disk::read(&self.path)?;
            let mut entries = match &seen {
                Some(content) => self.open(&mut unlocked, content)?,
                None => Entries::default(),
            };
            change(&mut entries)?;
            let (new_key, replaced) = match &seen {
                None if entries.is_empty() => return Ok(()),
                Some(content) if entries.is_empty() => (None, disk::remove(&self.path, content)?),
                Some(content) => {
                    let key = unlocked.as_ref().expect("`open` left the file's key");
                    let new = key.seal(&entries, random()?);
                    (None, disk::replace(&self.path, Some(content), &new)?)
                }
                None => {
                    let passphrase = self.source.for_creating()?;
                    let key = VaultKey::derive(&passphrase, self.cost, random()?)?;
                    let new = key.seal(&entries, random()?);
                    (Some(key), disk::replace(&self.path, None, &new)?)
                }
            };
            if replaced == Replaced::Done {
                if new_key.is_some() {
                    *unlocked = new_key;
                }
                return Ok(());
            }
        }
    }

    /// Opens a vault with the key at hand or asks for the passphrase. Only a key that opened a
    /// vault is kept.
    fn open(&self, unlocked: &mut Option<VaultKey>, content: &[u8]) -> Result<Entries, VaultError> {
        let sealed = Sealed::parse(content)?;
        if let Some(key) = unlocked.as_ref().filter(|key| key.belongs_to(&sealed)) {
            return sealed.open(key);
        }
        let mut attempt = 1;
        loop {
            let opened = self.ask_and_open(&sealed, attempt);
            match opened {
                Err(VaultError::WrongPassphrase) if attempt < self.source.attempts_max() => {
                    attempt += 1;
                }
                Err(error) => return Err(error),
                Ok((key, entries)) => {
                    *unlocked = Some(key);
                    return Ok(entries);
                }
            }
        }
    }

    fn ask_and_open(
        &self,
        sealed: &Sealed<'_>,
        attempt: u32,
    ) -> Result<(VaultKey, Entries), VaultError> {
        let passphrase = self.source.for_opening(attempt)?;
        let key = VaultKey::derive(&passphrase, sealed.cost, sealed.salt)?;
        let entries = sealed.open(&key)?;
        Ok((key, entries))
    }

    /// A panic while the lock was held leaves at worst no key, so the lock is good again.
    fn unlocked(&self) -> std::sync::MutexGuard<'_, Option<VaultKey>> {
        self.unlocked
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|e| VaultError::Access(Box::new(e)))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
