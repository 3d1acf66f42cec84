//! What a person can set in the window.
//!
//! Owns two files: `desktop.json` in the profile's folder, for what concerns the window alone, and
//! the keys of the profile's configuration that the window offers. Must never lose what else
//! stands in the configuration, its comments included, and never leave half a file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kukuri_node::{
    Home,
    config::{self, ConfigSources, NetworkMode},
};
use kukuri_wiring::Failure;
use serde::{Deserialize, Serialize};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, value};

use crate::error::AppError;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Theme {
    /// Always light.
    Light,
    /// Always dark.
    Dark,
    /// As the desktop has it.
    #[default]
    System,
}

/// The language of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Language {
    /// English.
    #[serde(rename = "en")]
    English,
    /// Japanese.
    #[serde(rename = "ja")]
    Japanese,
}

impl Language {
    /// That of the environment, as the terminal takes it.
    fn of_environment() -> Self {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let chosen = names
            .iter()
            .find_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()));
        match chosen {
            Some(value) if value.to_string_lossy().starts_with("ja") => Self::Japanese,
            _ => Self::English,
        }
    }
}

/// `desktop.json`. What a later version adds is kept out of it by this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct WindowSettings {
    /// Light or dark.
    pub theme: Theme,
    /// Its language.
    pub language: Language,
    /// Whether the desktop tells of mentions.
    pub notifications: bool,
    /// Whether Enter posts.
    pub enter_posts: bool,
    /// Whether single letters act in the timeline.
    pub single_keys: bool,
    /// Whether name and topics were chosen once.
    pub is_started: bool,
}

impl Default for WindowSettings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            language: Language::of_environment(),
            notifications: true,
            enter_posts: false,
            single_keys: true,
            is_started: false,
        }
    }
}

impl WindowSettings {
    /// Reads them; those of a file that is not there, or no settings at all, are the defaults.
    pub fn read(home: &Home) -> Self {
        let Ok(text) = fs::read_to_string(file_of(home)) else {
            return Self::default();
        };
        serde_json::from_str(&text).unwrap_or_else(|error| {
            tracing::warn!(%error, "desktop.json was not understood; the defaults are used");
            Self::default()
        })
    }

    /// Writes them.
    ///
    /// # Errors
    /// [`AppError`] with `read_only` or `disk_full`; then the old ones are kept.
    pub fn write(&self, home: &Home) -> Result<(), AppError> {
        let text = serde_json::to_string_pretty(self).expect("settings have a JSON form");
        Part::write(file_of(home), &text)?.take_place()
    }
}

fn file_of(home: &Home) -> PathBuf {
    home.folder().join("desktop.json")
}

/// What the window shows of all settings.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SettingsView {
    /// What concerns the window alone.
    #[serde(flatten)]
    pub window: WindowSettings,
    /// Which help from strangers the node uses. This and the next five are kept in the
    /// configuration, and act at the next start of the node.
    pub network_mode: NetworkMode,
    /// Whether members are looked for on the Mainline DHT.
    pub dht: bool,
    /// Whether members are looked for on the local network.
    pub mdns: bool,
    /// Whether remembered peers are dialled.
    pub known_peers: bool,
    /// Nodes that are dialled when nothing else helped: `<endpoint id>@ADDR`.
    pub bootstrap: Vec<String>,
    /// Peers that are dialled at once: `<endpoint id>@ADDR`.
    pub peers: Vec<String>,
    /// Keys that the environment or the command line sets, above the file.
    pub fixed: Vec<String>,
    /// Whether a changed setting waits for the next start of the node.
    pub needs_restart: bool,
    /// The configuration file.
    pub config_path: String,
    /// The folder of the logs.
    pub log_dir: String,
    /// The folder of the profile.
    pub data_dir: String,
    /// Program version.
    pub version: &'static str,
}

/// Only what is to be changed.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct SettingsChange {
    theme: Option<Theme>,
    language: Option<Language>,
    notifications: Option<bool>,
    enter_posts: Option<bool>,
    single_keys: Option<bool>,
    network_mode: Option<NetworkMode>,
    dht: Option<bool>,
    mdns: Option<bool>,
    known_peers: Option<bool>,
    bootstrap: Option<Vec<String>>,
    peers: Option<Vec<String>>,
}

/// The settings as they are, and whether the running node has others.
///
/// # Errors
/// When the configuration cannot be read.
pub fn view(
    home: &Home,
    flags: &[String],
    window: &WindowSettings,
    running: Option<&kukuri_node::Settings>,
) -> Result<SettingsView, AppError> {
    let sources = ConfigSources::of_process(&home.config_file(), flags.to_vec());
    let settings = config::load(&sources).map_err(Failure::from)?;
    let shown = |peers: &[_]| peers.iter().map(ToString::to_string).collect();
    Ok(SettingsView {
        window: window.clone(),
        network_mode: settings.network.mode,
        dht: settings.discovery.dht.enabled,
        mdns: settings.discovery.mdns_enabled,
        known_peers: settings.discovery.known_peers_enabled,
        bootstrap: shown(&settings.network.bootstrap),
        peers: shown(&settings.network.peers),
        fixed: fixed_keys(flags),
        needs_restart: running.is_some_and(|running| *running != settings),
        config_path: home.config_file().display().to_string(),
        log_dir: home.logs().display().to_string(),
        data_dir: home.folder().display().to_string(),
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Keys that are set in the environment, `KUKURI_NETWORK__MODE` and the like, or by `--set`.
fn fixed_keys(flags: &[String]) -> Vec<String> {
    // A name that is no text is none of ours.
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let keys = names.filter_map(|name| {
        let key = name.strip_prefix("KUKURI_")?;
        key.contains("__")
            .then(|| key.to_lowercase().replace("__", "."))
    });
    let of_flags = flags.iter().filter_map(|flag| flag.split_once('='));
    keys.chain(of_flags.map(|(key, _)| key.to_owned()))
        .collect()
}

/// Makes the change.
///
/// # Errors
/// When a value is refused, or a file cannot be written; then nothing has changed.
pub fn change(
    home: &Home,
    flags: &[String],
    window: &mut WindowSettings,
    change: SettingsChange,
) -> Result<(), AppError> {
    let mut changed = window.clone();
    changed.theme = change.theme.unwrap_or(changed.theme);
    changed.language = change.language.unwrap_or(changed.language);
    changed.notifications = change.notifications.unwrap_or(changed.notifications);
    changed.enter_posts = change.enter_posts.unwrap_or(changed.enter_posts);
    changed.single_keys = change.single_keys.unwrap_or(changed.single_keys);
    let mode = change.network_mode.map(NetworkMode::code);
    let keys: [(&str, Option<Item>); 6] = [
        ("network.mode", mode.map(value)),
        ("discovery.dht.enabled", change.dht.map(value)),
        ("discovery.mdns.enabled", change.mdns.map(value)),
        (
            "discovery.known_peers.enabled",
            change.known_peers.map(value),
        ),
        ("network.bootstrap", change.bootstrap.map(list)),
        ("network.peers", change.peers.map(list)),
    ];
    let keys = keys
        .into_iter()
        .filter_map(|(key, item)| Some((key, item?)));
    // Both are written and the configuration is accepted before the first takes its place.
    let config = with_keys(home, flags, keys)?;
    if changed != *window {
        changed.write(home)?;
        *window = changed;
    }
    config.map_or(Ok(()), Part::take_place)
}

fn list(values: Vec<String>) -> Item {
    value(Array::from_iter(values))
}

/// Sets keys of the configuration file, if the whole is valid with them.
///
/// # Errors
/// As [`change`].
pub fn set_keys<'a>(
    home: &Home,
    flags: &[String],
    keys: impl IntoIterator<Item = (&'a str, Item)>,
) -> Result<(), AppError> {
    with_keys(home, flags, keys)?.map_or(Ok(()), Part::take_place)
}

/// The configuration file with these keys, beside it and accepted; `None` if it says so already.
fn with_keys<'a>(
    home: &Home,
    flags: &[String],
    keys: impl IntoIterator<Item = (&'a str, Item)>,
) -> Result<Option<Part>, AppError> {
    let path = home.config_file();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(not_written(&path, &error)),
    };
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error| AppError::new("config", format!("{}: {error}", path.display())))?;
    for (key, item) in keys {
        set(&mut document, key, item);
    }
    let after = document.to_string();
    if after == text {
        return Ok(None);
    }
    let part = Part::write(path, &after)?;
    let sources = ConfigSources::of_process(&part.beside, flags.to_vec());
    config::load(&sources).map_err(Failure::from)?;
    Ok(Some(part))
}

/// Puts a value in the place of the old one, whose comments stay.
fn set(document: &mut DocumentMut, key: &str, item: Item) {
    let mut names: Vec<&str> = key.split('.').collect();
    let Some(last) = names.pop() else { return };
    let mut table: &mut dyn TableLike = document.as_table_mut();
    let mut is_inline = false;
    for name in names {
        let inner = table.entry(name).or_insert_with(|| empty_table(is_inline));
        if !inner.is_table_like() {
            *inner = empty_table(is_inline);
        }
        is_inline = inner.is_inline_table();
        table = inner.as_table_like_mut().expect("it was made one");
    }
    let Some(old) = table.get_mut(last) else {
        table.insert(last, item);
        return;
    };
    let decor = old.as_value().map(|old| old.decor().clone());
    *old = item;
    if let (Some(decor), Some(new)) = (decor, old.as_value_mut()) {
        *new.decor_mut() = decor;
    }
}

/// A table that is written only where it has keys of its own; within braces it has to be in braces.
fn empty_table(is_inline: bool) -> Item {
    if is_inline {
        return value(InlineTable::new());
    }
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

/// What a file is to say, written beside it until it takes its place. Removed if it never does.
#[derive(Debug)]
struct Part {
    beside: PathBuf,
    path: PathBuf,
}

impl Part {
    fn write(path: PathBuf, text: &str) -> Result<Self, AppError> {
        let beside = path.with_added_extension("part");
        let part = Self { beside, path };
        let write = || {
            if let Some(folder) = part.path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&part.beside, text)
        };
        write().map_err(|error| not_written(&part.path, &error))?;
        Ok(part)
    }

    fn take_place(self) -> Result<(), AppError> {
        fs::rename(&self.beside, &self.path).map_err(|error| not_written(&self.path, &error))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        match fs::remove_file(&self.beside) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let path = self.beside.display();
                tracing::debug!(%error, %path, "an unfinished file was left");
            }
        }
    }
}

fn not_written(path: &Path, error: &io::Error) -> AppError {
    let code = match error.kind() {
        io::ErrorKind::StorageFull => "disk_full",
        _ => "read_only",
    };
    AppError::new(code, format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
