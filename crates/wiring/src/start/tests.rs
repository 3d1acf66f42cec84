//! Every key of the configuration changes what a node is made of.

use std::{fs, path::Path};

use kukuri_node::config::{self, ConfigSources, KEYS};

use super::*;

const PEER: &str =
    "abababababababababababababababababababababababababababababababab@127.0.0.1:4433";

/// A key, a value for it that is no default, what is looked at, and what is seen there then.
type Effect = (
    &'static str,
    &'static str,
    fn(&Settings) -> String,
    &'static str,
);

fn effects() -> Vec<Effect> {
    type Look = fn(&Settings) -> String;
    let network: Look = |settings: &Settings| format!("{:?}", network_config(settings));
    let dht: Look = |settings: &Settings| format!("{:?}", dht_config(settings));
    let discovery: Look =
        |settings: &Settings| format!("{:?}", discovery_settings(settings).discovery);
    let policy: Look = |settings: &Settings| {
        let policy = tracker_policy(settings);
        let (retries, jitter) = (policy.retries, policy.jitter_max);
        format!("{} {retries} {jitter:?}", policy.rate.per_minute)
    };
    let storage: Look = |settings: &Settings| format!("{:?}", options(settings));
    let lookup: Look = |settings: &Settings| format!("{:?}", address_lookup_config(settings));
    vec![
        ("network.mode", "serverless", network, "mode: Serverless"),
        ("network.mode", "lan", network, "mode: Lan"),
        ("network.mode", "serverless", lookup, "Direct"),
        (
            "network.bind",
            "127.0.0.1:7",
            network,
            "bind: [127.0.0.1:7]",
        ),
        ("network.peers", PEER, kinds_of_sources, "Manual"),
        ("network.bootstrap", PEER, kinds_of_sources, "Bootstrap"),
        (
            "network.relays",
            "https://relay.example",
            network,
            "https://relay.example",
        ),
        (
            "network.pkarr_relays",
            "http://192.0.2.1:8080",
            network,
            "pkarr_relays: [\"http://192.0.2.1:8080\"]",
        ),
        ("network.publish_addresses", "direct", network, "Direct"),
        (
            "network.external_addrs",
            "192.0.2.1:7",
            network,
            "external_addrs: [192.0.2.1:7]",
        ),
        ("network.publish_addresses", "direct", lookup, "Direct"),
        (
            "network.publish_addresses",
            "none",
            lookup,
            "published: None",
        ),
        (
            "network.port_mapping",
            "false",
            network,
            "port_mapping: false",
        ),
        (
            "discovery.mdns.enabled",
            "false",
            network,
            "mdns_enabled: false",
        ),
        (
            "discovery.mdns.enabled",
            "false",
            kinds_of_sources,
            "[Known]",
        ),
        (
            "discovery.known_peers.enabled",
            "false",
            kinds_of_sources,
            "[Mdns]",
        ),
        (
            "discovery.dht.enabled",
            "false",
            |settings| settings.dht_enabled().to_string(),
            "false",
        ),
        (
            "discovery.dht.bootstrap",
            "dht.example:7",
            dht,
            "dht.example:7",
        ),
        ("discovery.dht.retries", "7", discovery, "retries: 7"),
        ("discovery.dht.retries", "7", policy, "10 7 "),
        ("discovery.dht.jitter_ms", "77", discovery, "jitter_ms: 77"),
        ("discovery.dht.jitter_ms", "77", policy, "77ms"),
        (
            "discovery.dht.timeout_ms",
            "777",
            discovery,
            "timeout_ms: 777",
        ),
        ("discovery.dht.timeout_ms", "777", lookup, "777ms"),
        ("discovery.dht.rate_limit_per_min", "77", policy, "77 "),
        (
            "discovery.dht.republish_secs",
            "77",
            discovery,
            "republish_ms: 77000",
        ),
        (
            "storage.topic_bytes_max",
            "2097152",
            storage,
            "topic_bytes_max: Some(2097152)",
        ),
        (
            "storage.topic_bytes_max",
            "0",
            storage,
            "topic_bytes_max: Some(18446744073709551615)",
        ),
    ]
}

/// Keys whose effect other tests see: the file of the test, its name.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        "topics.default",
        "../app-tauri/src/app.rs",
        "the_first_start_offers_the_configured_topics",
    ),
    (
        "keyring.store",
        "../app-cli/tests/cli/errors.rs",
        "a_store_that_does_not_hold_the_keys_is_3",
    ),
    (
        "keyring.passphrase_file",
        "../app-cli/tests/cli/errors.rs",
        "no_keyring_is_6_and_names_the_settings",
    ),
    (
        "log.file",
        "../app-cli/tests/cli/commands.rs",
        "the_log_has_the_place_and_the_form_that_are_configured",
    ),
    (
        "log.format",
        "../app-cli/tests/cli/commands.rs",
        "the_log_has_the_place_and_the_form_that_are_configured",
    ),
];

/// The sources of a node that binds nothing but a loopback port.
fn kinds_of_sources(settings: &Settings) -> String {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let path = folder.path().join("kukuri.db");
        let database = Database::open(&path, OpenOptions::default(), clock.clone()).await;
        let database = Arc::new(database.expect("it opens"));
        let network = Network::start(&[7; 32], NetworkConfig::loopback(), Vec::new(), clock);
        let network = network.await.expect("a loopback port");
        let sources = sources(settings, &network, &database, None);
        let kinds: Vec<_> = sources.iter().map(|source| source.kind()).collect();
        format!("{kinds:?}")
    })
}

fn settings(flags: Vec<String>) -> Settings {
    let sources = ConfigSources {
        flags,
        ..ConfigSources::default()
    };
    config::load(&sources).expect("valid")
}

#[test]
fn every_key_changes_what_it_says() {
    let default = settings(Vec::new());
    for (key, value, look, seen) in effects() {
        let before = look(&default);
        let after = look(&settings(vec![format!("{key}={value}")]));
        assert!(!before.contains(seen), "{key}: {seen} is in {before}");
        assert!(after.contains(seen), "{key}: {seen} is not in {after}");
    }
}

#[test]
fn no_key_is_without_a_test_of_its_effect() {
    let here = effects();
    for key in KEYS {
        let is_here = here.iter().any(|(name, ..)| *name == key.name);
        let is_there = ELSEWHERE.iter().any(|(name, ..)| *name == key.name);
        assert!(is_here != is_there, "{}", key.name);
    }
    for (key, file, name) in ELSEWHERE {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = fs::read_to_string(path).expect("the file is there");
        assert!(text.contains(&format!("fn {name}(")), "{key}: {name}");
    }
}
