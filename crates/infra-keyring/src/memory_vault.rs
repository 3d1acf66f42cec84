//! A vault that forgets everything when it is dropped.
//!
//! Owns secrets of throw-away homes (`kukuri demo`). Must never serve a profile that a person
//! keeps: hence no `Default`, and a constructor whose name says what happens.

use std::{collections::HashMap, sync::Mutex};

use async_trait::async_trait;
use kukuri_application::ports::{KeyStore, SecretBytes, SecretName, SecretVault, VaultError};

/// Secrets in memory only.
#[derive(Debug)]
pub struct MemoryVault {
    entries: Mutex<HashMap<SecretName, SecretBytes>>,
}

impl MemoryVault {
    /// An empty vault whose secrets are lost with it. Only for homes that are deleted anyway.
    pub fn throw_away() -> Self {
        Self {
            entries: Mutex::default(),
        }
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<SecretName, SecretBytes>> {
        self.entries.lock().expect("no holder of the lock panics")
    }
}

#[async_trait]
impl SecretVault for MemoryVault {
    fn kind(&self) -> KeyStore {
        KeyStore::Memory
    }

    async fn load(&self, name: SecretName) -> Result<Option<SecretBytes>, VaultError> {
        Ok(self.entries().get(&name).cloned())
    }

    async fn create(&self, name: SecretName, secret: SecretBytes) -> Result<(), VaultError> {
        use std::collections::hash_map::Entry;
        match self.entries().entry(name) {
            Entry::Occupied(_) => Err(VaultError::Exists),
            Entry::Vacant(place) => {
                place.insert(secret);
                Ok(())
            }
        }
    }

    async fn replace(
        &self,
        name: SecretName,
        seen: SecretBytes,
        new: SecretBytes,
    ) -> Result<(), VaultError> {
        match self.entries().get_mut(&name) {
            Some(entry) if *entry == seen => {
                *entry = new;
                Ok(())
            }
            _ => Err(VaultError::Changed),
        }
    }

    async fn remove(&self, name: SecretName, seen: SecretBytes) -> Result<(), VaultError> {
        let mut entries = self.entries();
        match entries.get(&name) {
            Some(entry) if *entry != seen => Err(VaultError::Changed),
            _ => {
                entries.remove(&name);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kukuri_application::testing::contract_vault::check_vault;

    use super::*;

    #[tokio::test]
    async fn it_keeps_the_vault_contract() {
        check_vault(|| {
            let vault = Arc::new(MemoryVault::throw_away());
            move || vault.clone()
        })
        .await;
    }
}
