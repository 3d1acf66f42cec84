//! What a profile says about its own keys: which store holds them, and the public halves.
//!
//! Owns the file `identity` beside the database: JSON with a version, readable by its owner only,
//! replaced in one step. It is written before the first key is made, so that a key is never in a
//! store that the profile does not name, and it wins over the configuration. Must never hold a
//! secret; where it and the vault disagree about a public key, the vault is right.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use kukuri_application::ports::KeyStore;
use kukuri_domain::{AuthorId, DeviceId, PeerId};
use rand::{TryRngCore as _, rngs::OsRng};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    config::{ChosenStore, ConfigError, KeyringStore},
    home::{self, Home},
};

/// Version of the file.
const VERSION: u32 = 1;

/// Greatest size of the file; what is larger is another one.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// Why the file was not read or written. It was left as it is.
#[derive(Debug, Error)]
pub enum IdentityFileError {
    /// It cannot be read or written.
    #[error("{} cannot be read or written", path.display())]
    Access {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is not what this program writes.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A newer program wrote it.
    #[error("{} has version {version}, this program knows versions up to {VERSION}", path.display())]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[source] rand::rand_core::OsError),
}

/// The public halves of a profile's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKeys {
    /// The person.
    pub author: AuthorId,
    /// The device.
    pub device: DeviceId,
    /// The endpoint.
    pub peer_id: PeerId,
}

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityFile {
    /// Which store holds the keys.
    pub key_store: KeyringStore,
    /// Names the entries in a keyring that other profiles use too: 32 hex digits.
    pub vault_id: String,
    /// `None` until the keys were made or read for the first time.
    pub keys: Option<PublicKeys>,
}

/// The form on the disk.
#[derive(Serialize, Deserialize)]
struct Form {
    version: u32,
    key_store: KeyStore,
    vault_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<AuthorId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<DeviceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer_id: Option<PeerId>,
}

/// Only this much is read of a version that is not known.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl IdentityFile {
    /// For a profile whose keys will be in this store, with an id of its own.
    ///
    /// # Errors
    /// [`IdentityFileError::Random`].
    pub fn new(key_store: KeyringStore) -> Result<Self, IdentityFileError> {
        let mut id = [0; 16];
        OsRng
            .try_fill_bytes(&mut id)
            .map_err(IdentityFileError::Random)?;
        Ok(Self {
            key_store,
            vault_id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            keys: None,
        })
    }

    /// What the profile says, or `None` when it definitely says nothing.
    ///
    /// # Errors
    /// [`IdentityFileError`].
    pub fn read(home: &Home) -> Result<Option<Self>, IdentityFileError> {
        let path = home.identity_file();
        let text = match read_text(&path) {
            Ok(text) => text,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) if source.kind() == io::ErrorKind::InvalidData => {
                let why = source.to_string();
                return Err(IdentityFileError::Damaged { path, why });
            }
            Err(source) => return Err(IdentityFileError::Access { path, source }),
        };
        Self::parse(&text, &path).map(Some)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, IdentityFileError> {
        let damaged = |why: String| IdentityFileError::Damaged {
            path: path.to_owned(),
            why,
        };
        let of_json = |error: serde_json::Error| damaged(error.to_string());
        let Versioned { version } = serde_json::from_str(text).map_err(of_json)?;
        if version > VERSION {
            let path = path.to_owned();
            return Err(IdentityFileError::NewerVersion { path, version });
        }
        let form: Form = serde_json::from_str(text).map_err(of_json)?;
        let key_store = match form.key_store {
            KeyStore::Os => KeyringStore::Os,
            KeyStore::File => KeyringStore::File,
            KeyStore::Memory => return Err(damaged("no profile keeps its keys in memory".into())),
        };
        let is_id = form.vault_id.len() == 32
            && form
                .vault_id
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !is_id {
            return Err(damaged("its vault_id is not 32 hex digits".into()));
        }
        let keys = match (form.author, form.device, form.peer_id) {
            (Some(author), Some(device), Some(peer_id)) => Some(PublicKeys {
                author,
                device,
                peer_id,
            }),
            (None, None, None) => None,
            _ => return Err(damaged("some of its public keys are missing".into())),
        };
        Ok(Self {
            key_store,
            vault_id: form.vault_id,
            keys,
        })
    }

    /// Puts this in place of what the profile said. When it returns, it is on the disk.
    ///
    /// # Errors
    /// [`IdentityFileError::Access`].
    pub fn write(&self, home: &Home) -> Result<(), IdentityFileError> {
        let path = home.identity_file();
        let form = Form {
            version: VERSION,
            key_store: self.key_store.kind(),
            vault_id: self.vault_id.clone(),
            author: self.keys.map(|keys| keys.author),
            device: self.keys.map(|keys| keys.device),
            peer_id: self.keys.map(|keys| keys.peer_id),
        };
        let mut text =
            serde_json::to_vec_pretty(&form).expect("strings and numbers are what JSON holds");
        text.push(b'\n');
        replace(&path, &text).map_err(|source| IdentityFileError::Access { path, source })
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > FILE_BYTES_MAX {
        let why = "it is much larger than an identity file";
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    fs::read_to_string(path)
}

/// The lock of the profile keeps other writers away; what a crash leaves is overwritten.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = home::create_private(&temporary)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_folder(path)
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Elsewhere the rename is written through by the system.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Where a profile's keys are, or will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// The profile says so.
    Recorded(IdentityFile),
    /// A profile of a version that wrote no such file: its keys are in the sealed file.
    OldFile,
    /// A profile without keys, and the store that it is to have.
    New(KeyringStore),
}

impl KeyPlace {
    /// Puts together what the profile says, whether it has a sealed file, and what was chosen.
    ///
    /// # Errors
    /// [`ConfigError::Contradiction`] when another store was chosen than the one that holds the
    /// keys.
    pub fn find(
        recorded: Option<IdentityFile>,
        has_sealed_file: bool,
        chosen: Option<&ChosenStore>,
    ) -> Result<Self, ConfigError> {
        // A first start that came no further than the file may be begun anew elsewhere.
        let is_binding = |recorded: &IdentityFile| {
            recorded.keys.is_some()
                || chosen.is_none_or(|chosen| chosen.store == recorded.key_store)
        };
        let place = match recorded.filter(is_binding) {
            Some(recorded) => KeyPlace::Recorded(recorded),
            None if has_sealed_file => KeyPlace::OldFile,
            None => KeyPlace::New(chosen.map(|chosen| chosen.store).unwrap_or_default()),
        };
        match chosen {
            Some(chosen) if chosen.store != place.store() => {
                Err(contradiction(chosen, place.store()))
            }
            _ => Ok(place),
        }
    }

    /// Which store.
    pub fn store(&self) -> KeyringStore {
        match self {
            KeyPlace::Recorded(recorded) => recorded.key_store,
            KeyPlace::OldFile => KeyringStore::File,
            KeyPlace::New(store) => *store,
        }
    }
}

fn contradiction(chosen: &ChosenStore, holds: KeyringStore) -> ConfigError {
    let place = match holds {
        KeyringStore::Os => "the system's keyring",
        KeyringStore::File => "a file sealed with a passphrase",
    };
    ConfigError::Contradiction {
        key: "keyring.store".to_owned(),
        origin: chosen.origin.clone(),
        problem: format!(
            "expected '{}', found '{}': the keys of this profile are in {place}",
            holds.word(),
            chosen.store.word()
        ),
        remedy: format!(
            "remove the setting, or move the keys with: kukuri identity move --to {}",
            chosen.store.word()
        ),
    }
}

#[cfg(test)]
mod tests;
