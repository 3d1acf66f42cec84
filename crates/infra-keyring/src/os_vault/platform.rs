//! The keyring of each platform, and what its errors mean.
//!
//! Owns the one place that differs between Linux, macOS and Windows. Must never put an entry's
//! bytes into an error, and never call something absent that may be there: only a missing bus or
//! a missing service is [`VaultError::Unavailable`], because that alone lets a user be offered
//! another store.

#[cfg(all(
    unix,
    not(any(target_os = "macos", target_os = "ios", target_os = "android"))
))]
mod secret_service;

use std::{collections::HashMap, sync::Arc};

use keyring_core::{Entry, Error, api::CredentialStore};
use kukuri_application::ports::VaultError;

#[cfg(all(
    unix,
    not(any(target_os = "macos", target_os = "ios", target_os = "android"))
))]
use secret_service::of_platform;

/// A keyring that was found.
pub(super) type Store = CredentialStore;

/// Connects to the keyring. Blocks.
#[cfg(all(
    unix,
    not(any(target_os = "macos", target_os = "ios", target_os = "android"))
))]
fn open() -> keyring_core::Result<Arc<Store>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

/// Connects to the keyring. Blocks.
#[cfg(target_os = "macos")]
fn open() -> keyring_core::Result<Arc<Store>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

/// Connects to the keyring. Blocks.
#[cfg(windows)]
fn open() -> keyring_core::Result<Arc<Store>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

/// Other systems have none that we know.
#[cfg(not(any(all(unix, not(any(target_os = "ios", target_os = "android"))), windows)))]
fn open() -> keyring_core::Result<Arc<Store>> {
    Err(Error::NoDefaultStore)
}

/// How a keyring is reached.
pub(super) struct Keyring {
    open: Box<dyn Fn() -> keyring_core::Result<Arc<Store>> + Send + Sync>,
    takes_labels: bool,
}

impl Keyring {
    /// The keyring of this system. Only the Secret Service takes labels.
    pub(super) fn of_platform() -> Self {
        Self {
            open: Box::new(open),
            takes_labels: cfg!(all(unix, not(target_os = "macos"))),
        }
    }

    /// Whatever `open` gives, which takes no labels.
    #[cfg(test)]
    pub(super) fn of_test(
        open: impl Fn() -> keyring_core::Result<Arc<Store>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            open: Box::new(open),
            takes_labels: false,
        }
    }

    /// Connects. Blocks.
    pub(super) fn open(&self) -> keyring_core::Result<Arc<Store>> {
        (self.open)()
    }

    /// An entry, which need not exist.
    pub(super) fn entry(
        &self,
        store: &Store,
        service: &str,
        user: &str,
        label: &str,
    ) -> keyring_core::Result<Entry> {
        let label = HashMap::from([("label", label)]);
        store.build(service, user, self.takes_labels.then_some(&label))
    }
}

/// What an error of the keyring means for our callers. `entry` is what was asked for.
pub(super) fn understood(entry: &str, error: Error) -> VaultError {
    let not_a_key = |why: String| VaultError::NotAKey {
        entry: entry.to_owned(),
        why,
    };
    match error {
        Error::NoStorageAccess(source) | Error::PlatformFailure(source) => of_platform(source),
        Error::NoDefaultStore => VaultError::Unavailable(Box::new(error)),
        // Their own forms of display or debug may show the bytes.
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            not_a_key("its bytes cannot be understood".to_owned())
        }
        Error::Ambiguous(entries) => {
            not_a_key(format!("there are {} entries of this name", entries.len()))
        }
        other => VaultError::Refused(other.to_string().into()),
    }
}

#[cfg(not(all(
    unix,
    not(any(target_os = "macos", target_os = "ios", target_os = "android"))
)))]
fn of_platform(source: keyring_core::error::PlatformError) -> VaultError {
    VaultError::Locked(source)
}
