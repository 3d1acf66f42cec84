//! The settings as types, and how each key is read into them.

use std::{collections::BTreeMap, fmt::Display, net::SocketAddr, path::PathBuf, str::FromStr};

use ::config::{Value, ValueKind};
use kukuri_application::ports::KeyStore;
use kukuri_domain::{TopicName, peer::PeerSpec};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConfigError, keys, sources::origin_of};

/// Everything that a user can configure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// `network.*`
    pub network: NetworkSettings,
    /// `discovery.*`
    pub discovery: DiscoverySettings,
    /// `topics.*`
    pub topics: TopicSettings,
    /// `storage.*`
    pub storage: StorageSettings,
    /// `keyring.*`
    pub keyring: KeyringSettings,
    /// `log.*`
    pub log: LogSettings,
}

/// Which help from strangers a node uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum NetworkMode {
    /// DHT, and relays for hole punching.
    #[default]
    Internet,
    /// DHT, no relay.
    Serverless,
    /// The local network only.
    Lan,
}

impl NetworkMode {
    /// The name that configuration and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            NetworkMode::Internet => "internet",
            NetworkMode::Serverless => "serverless",
            NetworkMode::Lan => "lan",
        }
    }
}

/// Which addresses of this node others can read on the DHT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublishAddresses {
    /// The relay's in mode `internet`, direct ones in mode `serverless`.
    #[default]
    Auto,
    /// The relay's.
    Relay,
    /// Direct ones.
    Direct,
    /// None.
    None,
}

/// `network.*`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSettings {
    /// `network.mode`
    pub mode: NetworkMode,
    /// `network.bind`; empty: all interfaces, on the port that the profile keeps.
    pub bind: Vec<SocketAddr>,
    /// `network.peers`
    pub peers: Vec<PeerSpec>,
    /// `network.bootstrap`
    pub bootstrap: Vec<PeerSpec>,
    /// `network.relays`; empty: the public ones where the mode uses relays.
    pub relays: Vec<String>,
    /// `network.pkarr_relays`
    pub pkarr_relays: Vec<String>,
    /// `network.external_addrs`
    pub external_addrs: Vec<SocketAddr>,
    /// `network.publish_addresses`
    pub publish_addresses: PublishAddresses,
    /// `network.port_mapping`
    pub port_mapping: bool,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            mode: NetworkMode::default(),
            bind: Vec::new(),
            peers: Vec::new(),
            bootstrap: Vec::new(),
            relays: Vec::new(),
            pkarr_relays: Vec::new(),
            external_addrs: Vec::new(),
            publish_addresses: PublishAddresses::default(),
            port_mapping: true,
        }
    }
}

/// `discovery.*`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoverySettings {
    /// `discovery.mdns.enabled`
    pub mdns_enabled: bool,
    /// `discovery.known_peers.enabled`
    pub known_peers_enabled: bool,
    /// `discovery.dht.*`
    pub dht: DhtSettings,
}

impl Default for DiscoverySettings {
    fn default() -> Self {
        Self {
            mdns_enabled: true,
            known_peers_enabled: true,
            dht: DhtSettings::default(),
        }
    }
}

/// `discovery.dht.*`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DhtSettings {
    /// `discovery.dht.enabled`; the mode `lan` switches it off as well.
    pub enabled: bool,
    /// `discovery.dht.bootstrap`, `host:port`; empty: the public nodes.
    pub bootstrap: Vec<String>,
    /// `discovery.dht.retries`
    pub retries: u32,
    /// `discovery.dht.jitter_ms`
    pub jitter_ms: u64,
    /// `discovery.dht.timeout_ms`
    pub timeout_ms: u64,
    /// `discovery.dht.rate_limit_per_min`
    pub rate_limit_per_min: u32,
    /// `discovery.dht.republish_secs`
    pub republish_secs: u64,
}

impl Default for DhtSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            bootstrap: Vec::new(),
            retries: 3,
            jitter_ms: 500,
            timeout_ms: 5_000,
            rate_limit_per_min: 10,
            republish_secs: 300,
        }
    }
}

/// `topics.*`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSettings {
    /// `topics.default`: what the first start of the desktop app offers, each once.
    pub default: Vec<TopicName>,
}

impl Default for TopicSettings {
    fn default() -> Self {
        let name = |name: &str| name.parse().expect("a name without a mistake");
        Self {
            default: ["global", "announcements"].map(name).into(),
        }
    }
}

/// `storage.*`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageSettings {
    /// `storage.topic_bytes_max`: about how many bytes a topic may take; `None`: no ceiling.
    pub topic_bytes_max: Option<u64>,
}

/// A million posts of ordinary length: more than most topics will ever hold, and a flood ends there.
const TOPIC_BYTES_DEFAULT: u64 = 1 << 30;

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            topic_bytes_max: Some(TOPIC_BYTES_DEFAULT),
        }
    }
}

/// The greatest ceiling, a pebibyte: what is meant beyond it is none.
const TOPIC_BYTES_MOST: u64 = 1 << 50;

/// The least ceiling: some thousand posts, which is what a screen and its first pages need.
const TOPIC_BYTES_LEAST: u64 = 1 << 20;

/// Where the keys are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyringStore {
    /// The operating system's keyring.
    #[default]
    Os,
    /// A file sealed with a passphrase.
    File,
}

impl KeyringStore {
    /// As in the configuration.
    pub fn word(self) -> &'static str {
        self.kind().code()
    }

    /// The kind of vault.
    pub fn kind(self) -> KeyStore {
        match self {
            KeyringStore::Os => KeyStore::Os,
            KeyringStore::File => KeyStore::File,
        }
    }
}

/// A store that was chosen, and where: a profile may have its keys elsewhere already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenStore {
    /// Which.
    pub store: KeyringStore,
    /// The file, variable or flag.
    pub origin: String,
}

/// `keyring.*`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyringSettings {
    /// `keyring.store`; `None`: what the profile records, for a new one the default.
    pub store: Option<ChosenStore>,
    /// `keyring.passphrase_file`
    pub passphrase_file: Option<PathBuf>,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// `log.*`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogSettings {
    /// `log.file`, relative to the profile's folder; `None`: `logs/kukuri.log`.
    pub file: Option<PathBuf>,
    /// `log.format`
    pub format: LogFormat,
}

impl Settings {
    /// Whether the DHT is used: switched on, and not excluded by the mode.
    pub fn dht_enabled(&self) -> bool {
        self.discovery.dht.enabled && self.network.mode != NetworkMode::Lan
    }

    pub(super) fn read(mut r: Reader) -> Result<Self, ConfigError> {
        let places = r.places();
        let settings = Self {
            network: read_network(&mut r)?,
            discovery: DiscoverySettings {
                mdns_enabled: r.switch("discovery.mdns.enabled", true)?,
                known_peers_enabled: r.switch("discovery.known_peers.enabled", true)?,
                dht: read_dht(&mut r)?,
            },
            topics: read_topics(&mut r)?,
            storage: read_storage(&mut r)?,
            keyring: KeyringSettings {
                store: r.chosen_store()?,
                passphrase_file: r.text("keyring.passphrase_file")?.map(PathBuf::from),
            },
            log: LogSettings {
                file: r.text("log.file")?.map(PathBuf::from),
                format: r.word(
                    "log.format",
                    &[("text", LogFormat::Text), ("json", LogFormat::Json)],
                )?,
            },
        };
        r.finish()?;
        settings.check_mode(&places)?;
        Ok(settings)
    }

    /// What the mode excludes must not be asked for: it would silently do nothing. Defaults ask
    /// for nothing, so only what was set somewhere counts.
    fn check_mode(&self, places: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let network = &self.network;
        if network.mode == NetworkMode::Internet {
            return Ok(());
        }
        let mode = network.mode.code();
        let is_lan = network.mode == NetworkMode::Lan;
        let publishes = network.publish_addresses;
        let asked = [
            (
                "discovery.dht.enabled",
                is_lan && self.discovery.dht.enabled,
                "expected false, found true",
            ),
            (
                "network.relays",
                !network.relays.is_empty(),
                "expected no relay, found some",
            ),
            (
                "network.pkarr_relays",
                is_lan && !network.pkarr_relays.is_empty(),
                "expected no pkarr relay, found some",
            ),
            (
                "network.publish_addresses",
                publishes == PublishAddresses::Relay,
                "expected auto, direct or none, found 'relay'",
            ),
            (
                "network.publish_addresses",
                is_lan && publishes == PublishAddresses::Direct,
                "expected auto or none, found 'direct'",
            ),
        ];
        for (key, is_asked, problem) in asked {
            let Some(origin) = places.get(key).filter(|_| is_asked) else {
                continue;
            };
            return Err(ConfigError::Contradiction {
                key: key.to_owned(),
                origin: origin.clone(),
                problem: format!("with network.mode '{mode}' {problem}"),
                remedy: "remove it, or choose another network.mode".to_owned(),
            });
        }
        Ok(())
    }
}

fn read_network(r: &mut Reader) -> Result<NetworkSettings, ConfigError> {
    Ok(NetworkSettings {
        mode: r.word(
            "network.mode",
            &[
                ("internet", NetworkMode::Internet),
                ("serverless", NetworkMode::Serverless),
                ("lan", NetworkMode::Lan),
            ],
        )?,
        bind: r.list("network.bind", "ip:port, for example 0.0.0.0:4433")?,
        peers: r.list("network.peers", "<endpoint id>@ip:port")?,
        bootstrap: r.list("network.bootstrap", "<endpoint id>@ip:port")?,
        relays: r.list_of("network.relays", parse_url)?,
        pkarr_relays: r.list_of("network.pkarr_relays", parse_url)?,
        external_addrs: r.list("network.external_addrs", "ip:port")?,
        publish_addresses: r.word(
            "network.publish_addresses",
            &[
                ("auto", PublishAddresses::Auto),
                ("relay", PublishAddresses::Relay),
                ("direct", PublishAddresses::Direct),
                ("none", PublishAddresses::None),
            ],
        )?,
        port_mapping: r.switch("network.port_mapping", true)?,
    })
}

fn read_dht(r: &mut Reader) -> Result<DhtSettings, ConfigError> {
    let default = DhtSettings::default();
    Ok(DhtSettings {
        enabled: r.switch("discovery.dht.enabled", default.enabled)?,
        bootstrap: r.list_of("discovery.dht.bootstrap", parse_host_port)?,
        retries: r.number("discovery.dht.retries", default.retries, 0..=20)?,
        jitter_ms: r.number("discovery.dht.jitter_ms", default.jitter_ms, 0..=60_000)?,
        timeout_ms: r.number("discovery.dht.timeout_ms", default.timeout_ms, 100..=60_000)?,
        rate_limit_per_min: r.number(
            "discovery.dht.rate_limit_per_min",
            default.rate_limit_per_min,
            1..=1_000,
        )?,
        republish_secs: r.number(
            "discovery.dht.republish_secs",
            default.republish_secs,
            60..=3_600,
        )?,
    })
}

/// An empty list is a wish, too: no topic is offered.
fn read_topics(r: &mut Reader) -> Result<TopicSettings, ConfigError> {
    const KEY: &str = "topics.default";
    if !r.is_set(KEY) {
        return Ok(TopicSettings::default());
    }
    let mut default: Vec<TopicName> = Vec::new();
    for name in r.list(KEY, "the name of a topic")? {
        if !default.contains(&name) {
            default.push(name);
        }
    }
    Ok(TopicSettings { default })
}

/// Zero is a wish, too: no ceiling.
fn read_storage(r: &mut Reader) -> Result<StorageSettings, ConfigError> {
    const KEY: &str = "storage.topic_bytes_max";
    let is_zero = |value: &Value| match &value.kind {
        ValueKind::I64(number) => *number == 0,
        ValueKind::U64(number) => *number == 0,
        ValueKind::String(text) => text.trim() == "0",
        _ => false,
    };
    if r.values.get(KEY).is_some_and(is_zero) {
        r.take(KEY);
        return Ok(StorageSettings {
            topic_bytes_max: None,
        });
    }
    let read = r.number(
        KEY,
        TOPIC_BYTES_DEFAULT,
        TOPIC_BYTES_LEAST..=TOPIC_BYTES_MOST,
    );
    let ceiling = read.map_err(|error| match error {
        ConfigError::Value {
            key,
            origin,
            problem,
        } => ConfigError::Value {
            key,
            origin,
            problem: format!("{problem} (or 0 for no ceiling)"),
        },
        other => other,
    })?;
    Ok(StorageSettings {
        topic_bytes_max: Some(ceiling),
    })
}

fn parse_url(text: &str) -> Result<String, String> {
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    // What else is wrong with it does not matter: it is shown whole.
    match Url::parse(text).ok().filter(is_web) {
        Some(_) => Ok(text.to_owned()),
        None => Err(format!(
            "'{text}' is no URL: expected https://host or http://host"
        )),
    }
}

fn parse_host_port(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    // What is no port is refused below, with the whole text.
    match port.and_then(|(_, port)| port.parse::<u16>().ok()) {
        Some(port) if port > 0 => Ok(text.to_owned()),
        _ => Err(format!("'{text}' is no address: expected host:port")),
    }
}

/// Takes the values out by name; what is left at the end is unknown.
pub(super) struct Reader {
    values: BTreeMap<String, Value>,
}

impl Reader {
    pub(super) fn new(values: BTreeMap<String, Value>) -> Self {
        Self { values }
    }

    /// Where each key was set.
    fn places(&self) -> BTreeMap<String, String> {
        let place = |(key, value): (&String, &Value)| (key.clone(), place_of(value));
        self.values.iter().map(place).collect()
    }

    fn is_set(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        debug_assert!(keys::kind_of(key).is_some(), "{key} is missing in KEYS");
        self.values.remove(key)
    }

    fn text(&mut self, key: &'static str) -> Result<Option<String>, ConfigError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        match value.kind {
            ValueKind::String(text) if !text.is_empty() => Ok(Some(text)),
            ValueKind::String(_) => Ok(None),
            _ => Err(wrong(
                key,
                &value,
                format!("expected text, found {}", shown(&value)),
            )),
        }
    }

    fn word<T: Copy + Default>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Result<T, ConfigError> {
        let Some(value) = self.take(key) else {
            return Ok(T::default());
        };
        let found = match &value.kind {
            ValueKind::String(text) => words.iter().find(|(word, _)| word == text),
            _ => None,
        };
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            wrong(
                key,
                &value,
                format!("expected {}, found {}", names.join(" or "), shown(&value)),
            )
        })
    }

    fn chosen_store(&mut self) -> Result<Option<ChosenStore>, ConfigError> {
        const KEY: &str = "keyring.store";
        let Some(origin) = self.values.get(KEY).map(origin_of) else {
            return Ok(None);
        };
        let words = [KeyringStore::Os, KeyringStore::File].map(|store| (store.word(), store));
        let store = self.word(KEY, &words)?;
        Ok(Some(ChosenStore { store, origin }))
    }

    fn switch(&mut self, key: &'static str, default: bool) -> Result<bool, ConfigError> {
        let Some(value) = self.take(key) else {
            return Ok(default);
        };
        match &value.kind {
            ValueKind::Boolean(on) => Ok(*on),
            ValueKind::String(text) if text == "true" => Ok(true),
            ValueKind::String(text) if text == "false" => Ok(false),
            _ => Err(wrong(
                key,
                &value,
                format!("expected true or false, found {}", shown(&value)),
            )),
        }
    }

    fn number<N>(
        &mut self,
        key: &'static str,
        default: N,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<N, ConfigError>
    where
        N: TryFrom<u64>,
    {
        let Some(value) = self.take(key) else {
            return Ok(default);
        };
        // Whatever is no number, or too great for the key, is refused below with what was found.
        let number = match &value.kind {
            ValueKind::I64(number) => u64::try_from(*number).ok(),
            ValueKind::U64(number) => Some(*number),
            // As above.
            ValueKind::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .filter(|n| range.contains(n))
            // As above.
            .and_then(|n| N::try_from(n).ok())
            .ok_or_else(|| {
                let (low, high) = (range.start(), range.end());
                wrong(
                    key,
                    &value,
                    format!(
                        "expected a whole number from {low} to {high}, found {}",
                        shown(&value)
                    ),
                )
            })
    }

    fn list<T>(&mut self, key: &'static str, form: &str) -> Result<Vec<T>, ConfigError>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.list_of(key, |text| {
            text.parse()
                .map_err(|error| format!("'{text}': {error} (expected {form})"))
        })
    }

    fn list_of<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, ConfigError> {
        let Some(value) = self.take(key) else {
            return Ok(Vec::new());
        };
        let ValueKind::Array(items) = &value.kind else {
            return Err(wrong(
                key,
                &value,
                format!("expected a list of texts, found {}", shown(&value)),
            ));
        };
        items
            .iter()
            .map(|item| match &item.kind {
                ValueKind::String(text) => {
                    parse(text).map_err(|problem| wrong(key, &value, problem))
                }
                _ => Err(wrong(
                    key,
                    &value,
                    format!("expected texts in the list, found {}", shown(item)),
                )),
            })
            .collect()
    }

    fn finish(self) -> Result<(), ConfigError> {
        match self.values.into_iter().next() {
            None => Ok(()),
            Some((key, value)) => Err(ConfigError::UnknownKey {
                similar: keys::similar_to(&key),
                origin: origin_of(&value),
                key,
            }),
        }
    }
}

fn wrong(key: &str, value: &Value, problem: String) -> ConfigError {
    ConfigError::Value {
        key: key.to_owned(),
        origin: place_of(value),
        problem,
    }
}

/// Where a value was set; a list in a file knows it by its items only.
fn place_of(value: &Value) -> String {
    let in_list = match &value.kind {
        ValueKind::Array(items) => items.first().map(origin_of),
        _ => None,
    };
    match value.origin() {
        Some(origin) => origin.to_owned(),
        None => in_list.unwrap_or_else(|| origin_of(value)),
    }
}

fn shown(value: &Value) -> String {
    match &value.kind {
        ValueKind::String(text) => format!("'{text}'"),
        ValueKind::Array(_) => "a list".to_owned(),
        ValueKind::Table(_) => "a table".to_owned(),
        ValueKind::Nil => "nothing".to_owned(),
        other => other.to_string(),
    }
}
