//! The configuration as a person reads it: every key with its value and place, and a whole file
//! of defaults.

use std::collections::BTreeMap;

use ::config::{Value, ValueKind};
use serde::Serialize;

use super::{ConfigError, ConfigSources, KEYS, load, merged, sources::origin_of};

/// One key as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyView {
    /// Dotted name.
    pub key: &'static str,
    /// Its value in TOML; `None` where nothing is set and nothing is the default.
    pub value: Option<String>,
    /// Where it was set; `None` for the default.
    pub origin: Option<String>,
}

/// Every key as it stands.
///
/// # Errors
/// As [`load`]: what is wrong is not shown as if it held.
pub fn shown(sources: &ConfigSources) -> Result<Vec<KeyView>, ConfigError> {
    load(sources)?;
    let set = merged(sources)?;
    Ok(KEYS
        .iter()
        .map(|key| match set.get(key.name) {
            Some(value) => KeyView {
                key: key.name,
                value: Some(toml_of(value)),
                origin: Some(origin_of(value)),
            },
            None => KeyView {
                key: key.name,
                value: Some(key.default.to_owned()).filter(|default| !default.is_empty()),
                origin: None,
            },
        })
        .collect())
}

/// A `config.toml` that says of every key what it means and what its default is. All of it stands
/// in comments, so that the file changes nothing.
pub fn default_document() -> String {
    let mut tables: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for key in KEYS {
        let (table, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        let default = match key.default {
            "" => "\"\"",
            default => default,
        };
        let meaning = capitalised(key.meaning);
        let lines = tables.entry(table).or_default();
        lines.push(format!("# {meaning}.\n#{name} = {default}\n"));
    }
    let mut document = String::from(
        "# The configuration of kukuri: every key with its default. Remove the # before what you\n\
         # change. Environment variables (KUKURI_NETWORK__MODE) and --set win over this file.\n",
    );
    for (table, lines) in tables {
        document.push_str(&format!("\n[{table}]\n{}", lines.join("")));
    }
    document
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// A value as one would write it into the file.
fn toml_of(value: &Value) -> String {
    match &value.kind {
        ValueKind::String(text) => quoted(text),
        ValueKind::Array(items) => {
            let items: Vec<String> = items.iter().map(toml_of).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// A basic string of TOML, which a JSON string is too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn load_text(text: &str, flags: &[&str]) -> (tempfile::TempDir, ConfigSources) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text).expect("written");
        let sources = ConfigSources {
            file: Some(file),
            variables: Vec::new(),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        };
        (folder, sources)
    }

    #[test]
    fn the_document_of_defaults_is_valid_and_changes_nothing() {
        let (_folder, sources) = load_text(&default_document(), &[]);
        assert_eq!(load(&sources), Ok(Settings::default()));
        let used = default_document()
            .replace("\n#", "\n")
            .replace("\n ", "\n# ");
        let (_folder, sources) = load_text(&used, &[]);
        let shown = shown(&sources).expect("every line is a setting of its key");
        for key in shown {
            if key.key.ends_with(".file") || key.key.ends_with("_file") {
                continue;
            }
            assert!(key.origin.is_some(), "{} is not in the document", key.key);
            let default = KEYS.iter().find(|known| known.name == key.key);
            let default = default.expect("a key of the table").default;
            assert_eq!(key.value.unwrap_or_default(), default, "{}", key.key);
        }
    }

    #[test]
    fn every_key_is_shown_with_its_value_and_its_place() {
        let flags = ["log.format=json", "network.bind=127.0.0.1:1,127.0.0.1:2"];
        let (_folder, sources) = load_text("[discovery.dht]\nretries = 7\n", &flags);
        let keys = shown(&sources).expect("valid");
        assert_eq!(keys.len(), KEYS.len());
        let check = |name: &str, value: &str, origin: Option<&str>| {
            let key = keys
                .iter()
                .find(|key| key.key == name)
                .expect("it is shown");
            assert_eq!(key.value.as_deref(), Some(value), "{name}");
            match (&key.origin, origin) {
                (Some(found), Some(part)) => assert!(found.contains(part), "{found}"),
                (found, expected) => assert_eq!(found.as_deref(), expected),
            }
        };
        check("discovery.dht.retries", "7", Some("config.toml"));
        check("log.format", "\"json\"", Some("--set log.format"));
        check(
            "network.bind",
            "[\"127.0.0.1:1\", \"127.0.0.1:2\"]",
            Some("--set"),
        );
        check("discovery.dht.jitter_ms", "500", None);
    }
}
