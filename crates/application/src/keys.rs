//! The secrets of a profile: found at start-up or made once, imported, moved between stores.
//!
//! Owns the rule of when a secret may be made: only when the vault says that it definitely has
//! no such entry and the profile was never used. A vault that is merely locked or unreachable
//! looks like an empty one to a careless caller, and a secret made then would cut the profile
//! off from everything it has ever signed and sealed. Must never write anything before every
//! entry was asked for. An entry is overwritten by [`import_identity`] only, and removed by
//! [`move_keys`] only, after the same secrets were read back from another store.

mod moving;

pub use moving::{MoveError, Moved, clear_leftovers, move_keys};

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
    /// The vault has no such entry, but the profile had one.
    #[error(
        "the vault has no secret '{}', but this profile was used before, so a new one is not made",
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

/// The profile's keys from `vault`. Secrets that are missing are made, but only while the
/// `profile_is_unused` and only after the vault has answered for all of them. An interrupted
/// first start is taken up where it ended.
///
/// # Errors
/// [`KeySetupError`]; the vault's own error is its source.
pub async fn open_or_create_keys(
    vault: &dyn SecretVault,
    profile_is_unused: bool,
) -> Result<ProfileKeys, KeySetupError> {
    let root = load(vault, SecretName::Root).await?;
    let identity = load(vault, SecretName::Identity).await?;
    let created = root.is_none() || identity.is_none();
    for (name, entry) in [(SecretName::Root, &root), (SecretName::Identity, &identity)] {
        if entry.is_none() && !profile_is_unused {
            return Err(KeySetupError::Missing { name });
        }
    }

    let root = existing_or_new(vault, SecretName::Root, root).await?;
    let identity = existing_or_new(vault, SecretName::Identity, identity).await?;
    Ok(ProfileKeys::new(&root, identity, created))
}

/// What [`import_identity`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// The profile had no identity; it begins with this one.
    Created,
    /// This identity took the place of another, which is gone from the vault.
    Replaced,
    /// The profile had this identity already.
    Same,
}

/// Makes `identity` the author of the profile, in place of the one that it may have. The root
/// secret stays, or is made under the rule of [`open_or_create_keys`]. Whoever calls this has
/// asked the user: an identity that was not exported cannot be had back.
///
/// # Errors
/// [`KeySetupError`]; the vault holds the old identity or the new one, never neither.
pub async fn import_identity(
    vault: &dyn SecretVault,
    profile_is_unused: bool,
    identity: SecretBytes,
) -> Result<(ProfileKeys, Imported), KeySetupError> {
    const NAME: SecretName = SecretName::Identity;
    let root = load(vault, SecretName::Root).await?;
    let present = load(vault, NAME).await?;
    if root.is_none() && !profile_is_unused {
        let name = SecretName::Root;
        return Err(KeySetupError::Missing { name });
    }

    let root = existing_or_new(vault, SecretName::Root, root).await?;
    let (written, imported) = match present {
        Some(present) if present == identity => (Ok(()), Imported::Same),
        Some(present) => (
            vault.replace(NAME, present, identity.clone()).await,
            Imported::Replaced,
        ),
        None => (
            vault.create(NAME, identity.clone()).await,
            Imported::Created,
        ),
    };
    written.map_err(|source| KeySetupError::Create { name: NAME, source })?;
    tracing::info!(
        store = vault.kind().code(),
        ?imported,
        "an identity was imported"
    );
    let keys = ProfileKeys::new(&root, identity, imported == Imported::Created);
    Ok((keys, imported))
}

impl ProfileKeys {
    fn new(root: &SecretBytes, identity_secret: SecretBytes, created: bool) -> Self {
        Self {
            identity_secret,
            endpoint_key: derived(label::ENDPOINT_KEY, root),
            device_key: derived(label::DEVICE_KEY, root),
            created,
        }
    }
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
