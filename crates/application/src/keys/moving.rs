//! The move of a profile's secrets from one store to another.
//!
//! Owns the order that makes it all or nothing: written to the new store, read back, recorded,
//! and only then removed from the old. Whenever it is interrupted, the store that the profile
//! records holds both secrets, and the same call again finishes the work. Must never remove a
//! secret of which no second copy was read back, and never overwrite what it finds.

use thiserror::Error;

use crate::ports::{KeyStore, SecretBytes, SecretName, SecretVault, Source, VaultError};

const NAMES: [SecretName; 2] = [SecretName::Root, SecretName::Identity];

/// Why the secrets were not moved. The old store holds them as before, and the profile still
/// names it.
#[derive(Debug, Error)]
pub enum MoveError {
    /// A store did not answer the question whether it has an entry.
    #[error("cannot read the secret '{}' from the store '{}'", .name.code(), .store.code())]
    Load {
        /// Which store.
        store: KeyStore,
        /// Which entry.
        name: SecretName,
        /// What it said.
        #[source]
        source: VaultError,
    },
    /// The old store has no such entry.
    #[error("the store '{}' has no secret '{}', so there is nothing to move", .store.code(), .name.code())]
    Missing {
        /// Which store.
        store: KeyStore,
        /// Which entry.
        name: SecretName,
    },
    /// The new store has another secret under this name, which is not overwritten.
    #[error("the store '{}' holds another secret '{}' already", .store.code(), .name.code())]
    Occupied {
        /// Which store.
        store: KeyStore,
        /// Which entry.
        name: SecretName,
    },
    /// The new store did not take an entry.
    #[error("cannot create the secret '{}' in the store '{}'", .name.code(), .store.code())]
    Create {
        /// Which store.
        store: KeyStore,
        /// Which entry.
        name: SecretName,
        /// What it said.
        #[source]
        source: VaultError,
    },
    /// The new store does not give back what it was given.
    #[error("the store '{}' does not give back the secret '{}' that was put into it", .store.code(), .name.code())]
    NotKept {
        /// Which store.
        store: KeyStore,
        /// Which entry.
        name: SecretName,
    },
    /// The profile could not note its new store. Both stores hold the secrets.
    #[error("the new store could not be recorded in the profile")]
    Record(#[source] Source),
    /// A store that the profile does not use did not remove what it may have.
    #[error("the store '{}' may still hold a copy of the secrets", .store.code())]
    Leftover {
        /// Which store.
        store: KeyStore,
        /// What it said.
        #[source]
        source: VaultError,
    },
}

/// What a move left behind.
#[derive(Debug)]
pub struct Moved {
    /// Why a copy is still in the old store, if it is. The move itself is done.
    pub leftover: Option<VaultError>,
}

/// Moves both secrets from `from` to `to`. `record` notes in the profile, durably, that `to`
/// holds them from now on. A move that was interrupted before that is finished by the same
/// call, one that was interrupted after it by [`clear_leftovers`].
///
/// # Errors
/// [`MoveError`]; then `from` is as it was. What was newly put into `to` is taken out again as
/// far as that works, unless it is not certain that nothing was recorded.
pub async fn move_keys(
    from: &dyn SecretVault,
    to: &dyn SecretVault,
    record: impl AsyncFnOnce() -> Result<(), Source>,
) -> Result<Moved, MoveError> {
    let secrets = load_both(from).await?;
    let mut copied = Vec::new();
    if let Err(error) = write(to, &secrets, &mut copied).await {
        take_back(to, copied).await;
        return Err(error);
    }
    record().await.map_err(MoveError::Record)?;
    let leftover = remove(from, secrets).await.err();
    tracing::info!(
        from = from.kind().code(),
        to = to.kind().code(),
        left_behind = leftover.is_some(),
        "the keys were moved"
    );
    Ok(Moved { leftover })
}

/// Removes from `other` what it still holds of the secrets that are in `kept`, which the profile
/// uses. Other secrets are left alone.
///
/// # Errors
/// [`MoveError::Load`] and [`MoveError::Missing`] of `kept`, [`MoveError::Leftover`].
pub async fn clear_leftovers(
    kept: &dyn SecretVault,
    other: &dyn SecretVault,
) -> Result<(), MoveError> {
    let secrets = load_both(kept).await?;
    let removed = remove(other, secrets).await;
    removed.map_err(|source| MoveError::Leftover {
        store: other.kind(),
        source,
    })
}

async fn load_both(vault: &dyn SecretVault) -> Result<Vec<(SecretName, SecretBytes)>, MoveError> {
    let mut secrets = Vec::with_capacity(NAMES.len());
    for name in NAMES {
        let secret = load(vault, name).await?.ok_or(MoveError::Missing {
            store: vault.kind(),
            name,
        })?;
        secrets.push((name, secret));
    }
    Ok(secrets)
}

/// Puts the secrets into the new store and reads them back. `copied` names those that were not
/// there before.
async fn write(
    to: &dyn SecretVault,
    secrets: &[(SecretName, SecretBytes)],
    copied: &mut Vec<(SecretName, SecretBytes)>,
) -> Result<(), MoveError> {
    let store = to.kind();
    let mut missing = Vec::new();
    for (name, secret) in secrets {
        match load(to, *name).await? {
            None => missing.push((*name, secret)),
            Some(present) if present == *secret => {}
            Some(_) => return Err(MoveError::Occupied { store, name: *name }),
        }
    }
    for (name, secret) in missing {
        let created = to.create(name, secret.clone()).await;
        created.map_err(|source| MoveError::Create {
            store,
            name,
            source,
        })?;
        copied.push((name, secret.clone()));
    }
    for (name, secret) in secrets {
        if load(to, *name).await?.as_ref() != Some(secret) {
            return Err(MoveError::NotKept { store, name: *name });
        }
    }
    Ok(())
}

/// After a failure: what stays behind is found and accepted by the next attempt.
async fn take_back(to: &dyn SecretVault, copied: Vec<(SecretName, SecretBytes)>) {
    if let Err(error) = remove(to, copied).await {
        tracing::warn!(store = to.kind().code(), %error, "a copy of a key stays behind");
    }
}

async fn remove(
    vault: &dyn SecretVault,
    secrets: Vec<(SecretName, SecretBytes)>,
) -> Result<(), VaultError> {
    for (name, secret) in secrets {
        vault.remove(name, secret).await?;
    }
    Ok(())
}

async fn load(vault: &dyn SecretVault, name: SecretName) -> Result<Option<SecretBytes>, MoveError> {
    vault.load(name).await.map_err(|source| MoveError::Load {
        store: vault.kind(),
        name,
        source,
    })
}

#[cfg(test)]
mod tests;
