//! The places that keys come from, each value with the name of its place.
//!
//! The crate's own source for the environment guesses types (a file named `123` becomes a number)
//! and calls every variable "the environment"; this one knows which keys are lists and names the
//! variable.

use std::collections::BTreeMap;

use ::config::{Map, Source, Value, ValueKind};

use super::{
    ConfigError,
    keys::{self, Kind},
};

/// What the variables of all keys begin with.
pub const ENV_PREFIX: &str = "KUKURI_";

/// Variables with the prefix that are no keys: they say where the configuration is.
pub const RESERVED_VARIABLES: [&str; 3] = ["KUKURI_HOME", "KUKURI_PROFILE", "KUKURI_LOG"];

/// Switches of this project's own tests; programs that a test starts inherit them.
const TEST_PREFIX: &str = "KUKURI_TEST_";

/// Older names of three keys, below the variables with the prefix.
const ALIASES: [(&str, &str); 3] = [
    ("DHT_RATE_LIMIT", "discovery.dht.rate_limit_per_min"),
    ("DHT_RETRIES", "discovery.dht.retries"),
    ("DHT_TIMEOUT", "discovery.dht.timeout_ms"),
];

/// Keys with text values and their places.
#[derive(Debug, Clone)]
pub(super) struct Entries(Map<String, Value>);

impl Entries {
    pub(super) fn of_environment(variables: &[(String, String)]) -> Result<Self, ConfigError> {
        let mut entries = Map::new();
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(ENV_PREFIX) else {
                continue;
            };
            if RESERVED_VARIABLES.contains(&name.as_str()) || name.starts_with(TEST_PREFIX) {
                continue;
            }
            let key = rest.to_lowercase().replace("__", ".");
            let origin = format!("environment variable {name}");
            entries.insert(known(key, &origin)?.to_owned(), value(rest, text, &origin));
        }
        Ok(Self(entries))
    }

    pub(super) fn of_aliases(variables: &[(String, String)]) -> Self {
        let mut entries = Map::new();
        for (alias, key) in ALIASES {
            if let Some((name, text)) = variables.iter().find(|(name, _)| name == alias) {
                entries.insert(
                    key.to_owned(),
                    value(key, text, &format!("environment variable {name}")),
                );
            }
        }
        Self(entries)
    }

    pub(super) fn of_flags(flags: &[String]) -> Result<Self, ConfigError> {
        let mut entries = Map::new();
        for flag in flags {
            let (key, text) = flag
                .split_once('=')
                .ok_or_else(|| ConfigError::Flag(flag.clone()))?;
            let origin = format!("--set {key}");
            entries.insert(
                known(key.to_owned(), &origin)?.to_owned(),
                value(key, text, &origin),
            );
        }
        Ok(Self(entries))
    }
}

impl Source for Entries {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ::config::ConfigError> {
        Ok(self.0.clone())
    }
}

/// The crate reads a key as a path expression, so only names from the table may reach it.
fn known(key: String, origin: &str) -> Result<&'static str, ConfigError> {
    match keys::KEYS.iter().find(|known| known.name == key) {
        Some(known) => Ok(known.name),
        None => Err(ConfigError::UnknownKey {
            similar: keys::similar_to(&key),
            key,
            origin: origin.to_owned(),
        }),
    }
}

fn value(key: &str, text: &str, origin: &str) -> Value {
    let origin = origin.to_owned();
    let name = key.to_lowercase().replace("__", ".");
    let kind = match keys::kind_of(&name) {
        Some(Kind::List) => ValueKind::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::new(Some(&origin), item))
                .collect(),
        ),
        _ => ValueKind::String(text.to_owned()),
    };
    Value::new(Some(&origin), kind)
}

/// Nested tables as dotted names. An empty table is kept, so that it is refused, unless it is one
/// that keys belong to: somebody took the last key out of it.
pub(super) fn flatten(prefix: &str, value: Value, flat: &mut BTreeMap<String, Value>) {
    match value.kind {
        ValueKind::Table(table) if !table.is_empty() || keys::is_table(prefix) => {
            for (name, inner) in table {
                let name = if prefix.is_empty() {
                    name
                } else {
                    format!("{prefix}.{name}")
                };
                flatten(&name, inner, flat);
            }
        }
        _ => {
            flat.insert(prefix.to_owned(), value);
        }
    }
}

/// The place that a value came from, in words.
pub(super) fn origin_of(value: &Value) -> String {
    match value.origin() {
        Some(origin) => origin.to_owned(),
        None => "configuration file".to_owned(),
    }
}
