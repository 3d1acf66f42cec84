//! The configuration: a TOML file, then the environment, then flags; the later wins.
//!
//! Owns the names of all keys, their defaults and the messages about them. Must never ignore a
//! key: what is misspelt is refused by name, together with the place that it came from, because
//! a setting that silently does nothing (no DHT, no peers) looks like a network that is broken.

mod document;
mod keys;
mod settings;
mod sources;

use std::{collections::BTreeMap, path::Path};

use ::config::{Config, File, FileFormat};
use thiserror::Error;

pub use document::{KeyView, default_document, shown};
pub use keys::{KEYS, Key, Kind};
pub use settings::{
    ChosenStore, DhtSettings, DiscoverySettings, KeyringSettings, KeyringStore, LogFormat,
    LogSettings, NetworkMode, NetworkSettings, PublishAddresses, Settings,
};
pub use sources::{ENV_PREFIX, RESERVED_VARIABLES};

use settings::Reader;
use sources::Entries;

/// Why the configuration was not taken. Each names the key and where it was set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// There is no such key.
    #[error("there is no configuration key `{key}` ({origin})")]
    UnknownKey {
        /// As it was written.
        key: String,
        /// The file, variable or flag.
        origin: String,
        /// A key that may have been meant.
        similar: Option<&'static str>,
    },
    /// The value is not of the key's type or beyond its limits.
    #[error("`{key}` ({origin}): {problem}")]
    Value {
        /// Which key.
        key: String,
        /// The file, variable or flag.
        origin: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// The value is fine and does not fit what the profile is.
    #[error("`{key}` ({origin}): {problem}")]
    Contradiction {
        /// Which key.
        key: String,
        /// The file, variable or flag.
        origin: String,
        /// What was found and what was expected.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// The file cannot be read, or is no TOML.
    #[error("the configuration cannot be read: {0}")]
    File(String),
    /// A flag is not of the form KEY=VALUE.
    #[error("`--set {0}`: expected KEY=VALUE")]
    Flag(String),
}

impl ConfigError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            ConfigError::UnknownKey {
                similar: Some(similar),
                ..
            } => {
                format!("did you mean `{similar}`?")
            }
            ConfigError::UnknownKey { similar: None, .. } => {
                "remove it, or see the list of keys in docs/reference/configuration.md".to_owned()
            }
            ConfigError::Value { .. } => {
                "correct the value, or remove it to use the default".to_owned()
            }
            ConfigError::Contradiction { remedy, .. } => remedy.clone(),
            ConfigError::File(_) => {
                "correct the file, or move it away to use the defaults".to_owned()
            }
            ConfigError::Flag(_) => "for example --set discovery.mdns.enabled=false".to_owned(),
        }
    }
}

/// Where the configuration is read from.
#[derive(Debug, Clone, Default)]
pub struct ConfigSources {
    /// The profile's `config.toml`; it need not exist.
    pub file: Option<std::path::PathBuf>,
    /// The environment, or what stands for it.
    pub variables: Vec<(String, String)>,
    /// `KEY=VALUE`, in the order of the command line.
    pub flags: Vec<String>,
}

impl ConfigSources {
    /// The profile's file, this process's environment and these flags. Variables that are no
    /// Unicode are passed on with replacement characters, and then refused with the rest.
    pub fn of_process(file: &Path, flags: Vec<String>) -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self {
            file: Some(file.to_owned()),
            variables: std::env::vars_os()
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
            flags,
        }
    }
}

/// Reads and checks the whole configuration.
///
/// # Errors
/// [`ConfigError`] for the first thing that is wrong; nothing is half applied.
pub fn load(sources: &ConfigSources) -> Result<Settings, ConfigError> {
    Settings::read(Reader::new(merged(sources)?))
}

/// The values of all keys that are set somewhere.
fn merged(sources: &ConfigSources) -> Result<BTreeMap<String, ::config::Value>, ConfigError> {
    let mut builder = Config::builder();
    if let Some(file) = &sources.file {
        builder = builder.add_source(
            File::from(file.as_path())
                .format(FileFormat::Toml)
                .required(false),
        );
    }
    let merged = builder
        .add_source(Entries::of_aliases(&sources.variables))
        .add_source(Entries::of_environment(&sources.variables)?)
        .add_source(Entries::of_flags(&sources.flags)?)
        .build()
        .map_err(|error| ConfigError::File(error.to_string()))?;
    let mut flat = BTreeMap::new();
    sources::flatten("", merged.cache, &mut flat);
    Ok(flat)
}

#[cfg(test)]
mod tests;
