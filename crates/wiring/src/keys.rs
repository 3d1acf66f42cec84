//! Where a profile's keys are: which vault is opened, and what happens at the first start.
//!
//! Owns the choice between keyring and sealed file. Must never choose in silence: without a
//! keyring a person is asked once, and a script is told the exact settings. A
//! keyring that is there and does not work is never replaced by a file. What the profile says
//! about its keys is noted before the first key goes into a keyring.

mod failing;

use std::sync::Arc;

use kukuri_application::{
    keys::{KeySetupError, ProfileKeys, open_or_create_keys},
    ports::{KeyStore, SecretName, SecretVault, VaultError},
};
use kukuri_domain::{AuthorId, DeviceId};
use kukuri_infra_keyring::{
    FileVault, LocalIdentity, MemoryVault, OsVault, PassphraseSource, public_key_of,
};
use kukuri_node::{IdentityFile, PublicKeys, config::KeyringStore, identity_file::KeyPlace};

use crate::{
    failure::{Exit, Failure},
    place::{Place, Reason},
};

pub use failing::{of_move, of_setup, of_vault};

/// Where a node takes its keys from.
pub enum KeySource {
    /// The vault of a profile.
    Profile(Box<Place>),
    /// Memory; they are lost with the node.
    ThrowAway(MemoryVault),
}

/// A node's keys, and where they are kept.
pub struct Opened {
    /// The keys.
    pub keys: ProfileKeys,
    /// The author that they make.
    pub identity: LocalIdentity,
    /// Where they are.
    pub store: KeyStore,
}

impl KeySource {
    /// Keys for a home that is deleted anyway.
    pub fn throw_away() -> Self {
        KeySource::ThrowAway(MemoryVault::throw_away())
    }

    /// Opens the keys, or makes them if the profile was never used. Whoever calls this holds
    /// the profile's lock.
    pub async fn open(&self, database_is_unused: bool) -> Result<Opened, Failure> {
        match self {
            KeySource::Profile(place) => open_profile(place, database_is_unused).await,
            KeySource::ThrowAway(vault) => {
                let keys = open_or_create_keys(vault, database_is_unused).await?;
                Ok(opened(keys, KeyStore::Memory)?.0)
            }
        }
    }
}

/// A profile's vault, with what the profile says about it.
pub struct ProfileVault {
    /// What the profile says, or will say when its keys are made.
    pub file: IdentityFile,
    /// The vault.
    pub vault: Arc<dyn SecretVault>,
}

async fn open_profile(place: &Place, database_is_unused: bool) -> Result<Opened, Failure> {
    let ProfileVault { file, vault } = choose(place, database_is_unused).await?;
    let is_unused = database_is_unused && file.keys.is_none();
    let keys = open_or_create_keys(vault.as_ref(), is_unused).await;
    let keys = keys.map_err(|error| of_setup(vault.kind(), &error))?;
    let (opened, public) = opened(keys, vault.kind())?;
    note(place, file, public)?;
    Ok(opened)
}

/// The vault of a profile that may be new. The first start finds out here whether the keyring
/// can be relied on.
pub async fn choose(place: &Place, database_is_unused: bool) -> Result<ProfileVault, Failure> {
    match key_place(place)? {
        KeyPlace::Recorded(file) => Ok(with_vault(place, file)),
        KeyPlace::OldFile => Ok(with_vault(place, IdentityFile::new(KeyringStore::File)?)),
        KeyPlace::New(_) if !database_is_unused => {
            let name = SecretName::Root;
            Err(KeySetupError::Missing { name }.into())
        }
        KeyPlace::New(KeyringStore::File) => {
            Ok(with_vault(place, IdentityFile::new(KeyringStore::File)?))
        }
        KeyPlace::New(KeyringStore::Os) => first_in_keyring(place).await,
    }
}

/// The vault of a profile that has keys.
pub fn existing(place: &Place) -> Result<ProfileVault, Failure> {
    match key_place(place)? {
        KeyPlace::Recorded(file) if file.keys.is_some() => Ok(with_vault(place, file)),
        KeyPlace::OldFile => Ok(with_vault(place, IdentityFile::new(KeyringStore::File)?)),
        KeyPlace::Recorded(_) | KeyPlace::New(_) => Err(no_keys(place)),
    }
}

/// What the profile says about its keys, if it says anything.
pub fn recorded(place: &Place) -> Result<Option<IdentityFile>, Failure> {
    Ok(IdentityFile::read(&place.home)?)
}

fn key_place(place: &Place) -> Result<KeyPlace, Failure> {
    let chosen = place.settings.keyring.store.as_ref();
    let found = KeyPlace::find(recorded(place)?, has_sealed_file(place), chosen);
    Ok(found?)
}

/// Also when it is a link to a disk that is not there.
pub fn has_sealed_file(place: &Place) -> bool {
    place.home.vault().symlink_metadata().is_ok()
}

fn no_keys(place: &Place) -> Failure {
    let message = format!("profile \"{}\" has no identity yet", place.home.profile());
    Failure::new(Exit::NotFound, message).code("no_identity").hint(
        "make one by joining a topic (kukuri join lobby), or bring yours (kukuri identity import)",
    )
}

/// Puts the vault to what the profile says.
pub fn with_vault(place: &Place, file: IdentityFile) -> ProfileVault {
    let vault = vault(place, &file, file.key_store, Reason::NewProfile);
    ProfileVault { file, vault }
}

/// The vault of this profile in this store.
pub fn vault(
    place: &Place,
    file: &IdentityFile,
    store: KeyringStore,
    reason: Reason,
) -> Arc<dyn SecretVault> {
    match store {
        KeyringStore::Os => Arc::new(keyring(place, file)),
        KeyringStore::File => {
            let path = place.home.vault();
            let source = match &place.settings.keyring.passphrase_file {
                Some(file) => PassphraseSource::File(file.clone()),
                None => place.person.passphrase(&path, reason),
            };
            Arc::new(FileVault::new(path, source))
        }
    }
}

fn keyring(place: &Place, file: &IdentityFile) -> OsVault {
    let label = format!("profile {}", place.home.profile());
    let person = place.person.clone();
    OsVault::new(file.vault_id.clone(), label).on_waiting(move || person.waits_for_keyring())
}

/// The first start of a profile whose keys go into the keyring, unless there is none.
async fn first_in_keyring(place: &Place) -> Result<ProfileVault, Failure> {
    let file = IdentityFile::new(KeyringStore::Os)?;
    let store = match keyring(place, &file).self_test().await {
        Ok(took) => {
            tracing::info!(took_ms = took.as_millis(), "the keyring can be relied on");
            KeyringStore::Os
        }
        Err(error) => file_instead(place, &error).await?,
    };
    let file = IdentityFile {
        key_store: store,
        ..file
    };
    file.write(&place.home)?;
    Ok(with_vault(place, file))
}

/// Asks whether a file shall hold the keys, where that is a question at all.
async fn file_instead(place: &Place, error: &VaultError) -> Result<KeyringStore, Failure> {
    let failure = failing::of_first_start(error);
    let is_default = place.settings.keyring.store.is_none();
    let is_absent = matches!(error, VaultError::Unavailable(_));
    if !(is_absent && is_default) {
        return Err(failure);
    }
    match place.person.keeps_keys_in_file(&place.home.vault()).await? {
        Some(true) => Ok(KeyringStore::File),
        Some(false) | None => Err(failure),
    }
}

/// The keys as a node needs them, and their public halves.
fn opened(keys: ProfileKeys, store: KeyStore) -> Result<(Opened, PublicKeys), Failure> {
    let public = public_keys(&keys)?;
    let identity = LocalIdentity::from_secret(&keys.identity_secret)
        .map_err(|error| Failure::new(Exit::Vault, error.to_string()))?;
    let opened = Opened {
        keys,
        identity,
        store,
    };
    Ok((opened, public))
}

/// The public halves of these keys.
pub fn public_keys(keys: &ProfileKeys) -> Result<PublicKeys, Failure> {
    let public = |secret| {
        public_key_of(secret).map_err(|error| Failure::new(Exit::Vault, error.to_string()))
    };
    Ok(PublicKeys {
        author: AuthorId(public(&keys.identity_secret)?),
        device: DeviceId(public(&keys.device_key)?),
        peer_id: kukuri_infra_iroh::peer_id_of(keys.endpoint_key.expose()),
    })
}

/// Notes the public halves in the profile, if it does not know them yet.
pub fn note(place: &Place, mut file: IdentityFile, public: PublicKeys) -> Result<(), Failure> {
    if let Some(known) = file.keys.filter(|known| *known != public) {
        tracing::warn!(
            recorded = %known.author.short(),
            found = %public.author.short(),
            "the profile's keys are not those that it had last time"
        );
    }
    if file.keys != Some(public) {
        file.keys = Some(public);
        file.write(&place.home)?;
    }
    Ok(())
}
