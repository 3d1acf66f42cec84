//! The secrets of a profile at start-up: found, or made once.
//!
//! Owns the rule of when a secret may be made: only when the vault says that it definitely has
//! no such entry and the database holds nothing yet. A vault that is merely locked or
//! unreachable looks like an empty one to a careless caller, and a secret made then would cut
//! the profile off from everything it has ever signed and sealed. Must never overwrite or
//! remove an entry, and must never write anything before every entry was asked for.

use rand::{TryRngCore as _, rngs::OsRng};
use thiserror::Error;

use crate::ports::{SecretBytes, SecretName, SecretVault, Source, VaultError};

/// Contexts for BLAKE3 `derive_key` over the root secret, one per derived key.
pub mod label {
    /// Secret key of the QUIC endpoint (ed25519 seed).
    pub const ENDPOINT_KEY: &str = "kukuri v1 endpoint key";
    /// Secret key of the device, to which the keys of private topics are wrapped.
    pub const DEVICE_KEY: &str = "kukuri v1 device key";
}

/// The secret keys of a profile. They are three different keys: posts, connections and the
/// wrapping of topic keys cannot be mistaken for one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileKeys {
    /// Secret key of the author (secp256k1). The adapter behind
    /// [`Identity`](crate::ports::Identity) takes it; all but 2^-128 of all values are valid,
    /// the rest it refuses.
    pub identity_secret: SecretBytes,
    /// Seed of the endpoint's ed25519 key.
    pub endpoint_key: SecretBytes,
    /// The device's key.
    pub device_key: SecretBytes,
    /// Whether a secret was made just now, so that people can be told of their new identity.
    pub created: bool,
}

/// Why a profile's keys are not at hand. Nothing was written unless the vault itself failed
/// while an entry was being created.
#[derive(Debug, Error)]
pub enum KeySetupError {
    /// The vault did not answer the question whether it has the entry.
    #[error("cannot read the secret '{}' from the vault", .name.code())]
    Load {
        /// Which entry.
        name: SecretName,
        /// What the vault said.
        #[source]
        source: VaultError,
    },
    /// The vault did not take a new entry.
    #[error("cannot create the secret '{}' in the vault", .name.code())]
    Create {
        /// Which entry.
        name: SecretName,
        /// What the vault said.
        #[source]
        source: VaultError,
    },
    /// The vault has no such entry, but the database was written by a profile that had one.
    #[error(
        "the vault has no secret '{}', but this profile's database is not empty, so a new one is not made",
        .name.code()
    )]
    Missing {
        /// Which entry.
        name: SecretName,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[source] Source),
}

/// The profile's keys from `vault`. Secrets that are missing are made, but only while
/// `database_is_empty` and only after the vault has answered for all of them. An interrupted
/// first start is taken up where it ended.
///
/// # Errors
/// [`KeySetupError`]; the vault's own error is its source.
pub async fn open_or_create_keys(
    vault: &dyn SecretVault,
    database_is_empty: bool,
) -> Result<ProfileKeys, KeySetupError> {
    let root = load(vault, SecretName::Root).await?;
    let identity = load(vault, SecretName::Identity).await?;
    let created = root.is_none() || identity.is_none();

    let may_create = |name| {
        if database_is_empty {
            Ok(())
        } else {
            Err(KeySetupError::Missing { name })
        }
    };
    for (name, entry) in [(SecretName::Root, &root), (SecretName::Identity, &identity)] {
        if entry.is_none() {
            may_create(name)?;
        }
    }

    let root = existing_or_new(vault, SecretName::Root, root).await?;
    let identity_secret = existing_or_new(vault, SecretName::Identity, identity).await?;
    Ok(ProfileKeys {
        identity_secret,
        endpoint_key: derived(label::ENDPOINT_KEY, &root),
        device_key: derived(label::DEVICE_KEY, &root),
        created,
    })
}

async fn load(
    vault: &dyn SecretVault,
    name: SecretName,
) -> Result<Option<SecretBytes>, KeySetupError> {
    vault
        .load(name)
        .await
        .map_err(|source| KeySetupError::Load { name, source })
}

async fn existing_or_new(
    vault: &dyn SecretVault,
    name: SecretName,
    entry: Option<SecretBytes>,
) -> Result<SecretBytes, KeySetupError> {
    if let Some(secret) = entry {
        return Ok(secret);
    }
    let secret = random_secret()?;
    let stored = vault.create(name, secret.clone()).await;
    stored.map_err(|source| KeySetupError::Create { name, source })?;
    tracing::info!(
        entry = name.code(),
        store = vault.kind().code(),
        "made a new secret"
    );
    Ok(secret)
}

fn random_secret() -> Result<SecretBytes, KeySetupError> {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    OsRng
        .try_fill_bytes(bytes.as_mut())
        .map_err(|e| KeySetupError::Random(Box::new(e)))?;
    Ok(SecretBytes::new(*bytes))
}

fn derived(context: &str, root: &SecretBytes) -> SecretBytes {
    SecretBytes::new(blake3::derive_key(context, root.expose()))
}

#[cfg(test)]
mod tests;
