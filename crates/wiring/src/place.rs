//! Which profile, how it is configured, and who can be asked about it.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use kukuri_infra_keyring::PassphraseSource;
use kukuri_node::{
    Home, Settings,
    config::{self, ConfigSources},
};

use crate::failure::Failure;

/// What a passphrase is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A profile gets its keys.
    NewProfile,
    /// The keys leave the keyring.
    Move,
    /// A copy of the author's key goes out of the profile.
    Export,
}

/// Somebody at a terminal or a window, who can be asked and told; or nobody.
#[async_trait]
pub trait Person: fmt::Debug + Send + Sync {
    /// Whether the keys of a new profile shall be kept in this file, sealed with a passphrase, as
    /// there is no keyring. `None` where nobody can be asked.
    ///
    /// # Errors
    /// When the question could not be put.
    async fn keeps_keys_in_file(&self, file: &Path) -> Result<Option<bool>, Failure>;

    /// Who says the passphrase of this vault, if the configuration names no file with it.
    fn passphrase(&self, vault: &Path, reason: Reason) -> PassphraseSource;

    /// The keyring lets us wait; it may be asking for its own password.
    fn waits_for_keyring(&self);

    /// Another process uses the profile for a moment.
    fn waits_for_process(&self, holder: &str);
}

/// A profile with its configuration. Nothing of it is touched by naming it.
#[derive(Debug, Clone)]
pub struct Place {
    /// Where it is.
    pub home: Home,
    /// How it is configured.
    pub settings: Settings,
    /// What this program is called, for others who want the profile meanwhile.
    pub program: &'static str,
    /// Who uses it.
    pub person: Arc<dyn Person>,
}

impl Place {
    /// Reads the configuration of a profile: its file, the environment, and `flags` above both.
    ///
    /// # Errors
    /// [`Failure`] with [`Exit::Config`](crate::Exit::Config).
    pub fn of(
        home: Home,
        flags: Vec<String>,
        program: &'static str,
        person: Arc<dyn Person>,
    ) -> Result<Self, Failure> {
        let sources = ConfigSources::of_process(&home.config_file(), flags);
        let settings = config::load(&sources)?;
        Ok(Self {
            home,
            settings,
            program,
            person,
        })
    }

    /// The folder, with `~` for the user's own.
    pub fn shown_home(&self) -> String {
        let folder = self.home.folder();
        let own = std::env::var_os("HOME").map(PathBuf::from);
        // A folder elsewhere is shown whole.
        match own.as_deref().and_then(|own| folder.strip_prefix(own).ok()) {
            Some(rest) => format!("~/{}", rest.display()),
            None => folder.display().to_string(),
        }
    }
}
