//! Whoever sits at the window, as the wiring sees them.
//!
//! Owns the passphrase file that the app makes when there is no keyring and the person chose it.
//! Must never show a passphrase or take one from the window: no secret crosses the bridge.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use kukuri_infra_keyring::PassphraseSource;
use kukuri_wiring::{Failure, Person, Reason};

/// The person at the window.
#[derive(Debug, Default)]
pub struct AtWindow {
    keeps_keys_in_file: AtomicBool,
}

impl AtWindow {
    /// From now on the answer to "keep the keys in a file?" is yes.
    pub fn choose_file(&self) {
        self.keeps_keys_in_file.store(true, Ordering::Release);
    }
}

/// Where the app puts the passphrase of a profile's vault.
pub fn passphrase_file(home: &kukuri_node::Home) -> PathBuf {
    home.folder().join("passphrase")
}

#[async_trait]
impl Person for AtWindow {
    async fn keeps_keys_in_file(&self, _: &Path) -> Result<Option<bool>, Failure> {
        Ok(Some(self.keeps_keys_in_file.load(Ordering::Acquire)))
    }

    fn passphrase(&self, _: &Path, _: Reason) -> PassphraseSource {
        // Whoever chose a passphrase in a terminal is not asked for it here.
        PassphraseSource::Nobody
    }

    fn waits_for_keyring(&self) {
        tracing::info!("waiting for the keyring; it may be asking for its password");
    }

    fn waits_for_process(&self, holder: &str) {
        tracing::info!(
            holder,
            "waiting for a process that uses the profile for a moment"
        );
    }
}
