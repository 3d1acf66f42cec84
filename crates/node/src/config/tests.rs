//! Each place that keys come from, their order, and what is refused in which words.

use std::fs;

use super::*;

/// Loads from a file of this content (none when empty), variables and flags.
fn load_from(
    file: &str,
    variables: &[(&str, &str)],
    flags: &[&str],
) -> Result<Settings, ConfigError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    if !file.is_empty() {
        fs::write(&path, file).expect("the file is written");
    }
    load(&ConfigSources {
        file: Some(path),
        variables: variables
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
    })
}

fn refused(file: &str, variables: &[(&str, &str)], flags: &[&str]) -> String {
    load_from(file, variables, flags)
        .expect_err("it is refused")
        .to_string()
}

#[test]
fn without_any_source_the_defaults_hold() {
    let settings = load_from("", &[], &[]).expect("the defaults are valid");
    assert_eq!(settings, Settings::default());
    assert!(settings.dht_enabled());
    assert_eq!(settings.discovery.dht.rate_limit_per_min, 10);
    assert_eq!(settings.discovery.dht.republish_secs, 300);
}

#[test]
fn a_ceiling_is_none_or_large_enough_to_be_of_use() {
    let ceiling = |flag: &str| {
        let flag = format!("storage.topic_bytes_max={flag}");
        load_from("", &[], &[&flag]).map(|settings| settings.storage.topic_bytes_max)
    };
    assert_eq!(Settings::default().storage.topic_bytes_max, Some(1 << 30));
    assert_eq!(ceiling("0").expect("no ceiling"), None);
    assert_eq!(ceiling("1048576").expect("the least"), Some(1_048_576));
    for refused in ["1", "1048575", "-1", "a lot", "1125899906842625"] {
        let error = ceiling(refused).expect_err("it is refused").to_string();
        assert!(error.contains("storage.topic_bytes_max"), "{error}");
        assert!(
            error.contains("from 1048576 to 1125899906842624")
                && error.contains("(or 0 for no ceiling)"),
            "{error}"
        );
    }
}

#[test]
fn the_file_is_read() {
    let id = "ab".repeat(32);
    let file = format!(
        "[network]\nmode = 'lan'\nbind = ['127.0.0.1:4433']\npeers = ['{id}@10.0.0.1:4433']\n\
         [discovery]\nmdns.enabled = false\n[discovery.dht]\nretries = 7\n[log]\nformat = 'json'\n"
    );
    let settings = load_from(&file, &[], &[]).expect("a valid file");
    assert_eq!(settings.network.mode, NetworkMode::Lan);
    assert!(!settings.dht_enabled());
    assert_eq!(
        settings.network.bind,
        vec!["127.0.0.1:4433".parse().expect("an address")]
    );
    assert_eq!(settings.network.peers.len(), 1);
    assert!(!settings.discovery.mdns_enabled);
    assert_eq!(settings.discovery.dht.retries, 7);
    assert_eq!(settings.log.format, LogFormat::Json);
}

#[test]
fn the_environment_is_read_with_lists_only_where_a_list_is_meant() {
    let variables = [
        (
            "KUKURI_DISCOVERY__DHT__BOOTSTRAP",
            "127.0.0.1:6881, dht.example:6881",
        ),
        ("KUKURI_KEYRING__PASSPHRASE_FILE", "/tmp/a,b"),
        ("KUKURI_NETWORK__PORT_MAPPING", "false"),
        ("KUKURI_DISCOVERY__DHT__TIMEOUT_MS", "250"),
        ("KUKURI_HOME", "/x"),
        ("KUKURI_PROFILE", "y"),
        ("KUKURI_LOG", "debug"),
        ("PATH", "/bin"),
    ];
    let settings = load_from("", &variables, &[]).expect("valid variables");
    assert_eq!(
        settings.discovery.dht.bootstrap,
        ["127.0.0.1:6881", "dht.example:6881"]
    );
    assert_eq!(
        settings.keyring.passphrase_file.as_deref(),
        Some(Path::new("/tmp/a,b"))
    );
    assert!(!settings.network.port_mapping);
    assert_eq!(settings.discovery.dht.timeout_ms, 250);
}

#[test]
fn the_store_of_the_keys_is_known_with_its_place() {
    let store = |file: &str, variables: &[(&str, &str)]| {
        load_from(file, variables, &[])
            .expect("valid")
            .keyring
            .store
    };
    assert_eq!(store("", &[]), None);
    let chosen = store("[keyring]\nstore = 'os'\n", &[]).expect("chosen");
    assert_eq!(chosen.store, KeyringStore::Os);
    assert!(chosen.origin.contains("config.toml"), "{chosen:?}");
    let variable = ("KUKURI_KEYRING__STORE", "file");
    let chosen = store("[keyring]\nstore = 'os'\n", &[variable]).expect("chosen");
    assert_eq!(chosen.store, KeyringStore::File);
    assert_eq!(chosen.origin, "environment variable KUKURI_KEYRING__STORE");
    let message = refused("[keyring]\nstore = 'cloud'\n", &[], &[]);
    assert!(
        message.contains("os or file") && message.contains("'cloud'"),
        "{message}"
    );
}

#[test]
fn topics_of_a_first_start_are_names_and_may_be_none() {
    let names = |file: &str, variables: &[(&str, &str)]| -> Vec<String> {
        let settings = load_from(file, variables, &[]).expect("valid");
        let names = settings.topics.default.iter();
        names.map(ToString::to_string).collect()
    };
    assert_eq!(names("", &[]), ["global", "announcements"]);
    let file = "[topics]\ndefault = ['#Weaving', 'weaving', '東京']\n";
    assert_eq!(names(file, &[]), ["weaving", "東京"]);
    let variable = |value| [("KUKURI_TOPICS__DEFAULT", value)];
    assert_eq!(names(file, &variable("a, b")), ["a", "b"]);
    for (file, variables) in [("[topics]\ndefault = []\n", &[][..]), (file, &variable(""))] {
        assert!(names(file, variables).is_empty(), "{file}");
    }
    let long = "x".repeat(65);
    let message = refused(&format!("[topics]\ndefault = ['a', '{long}']\n"), &[], &[]);
    for part in [
        "`topics.default`",
        "config.toml",
        &long,
        "64",
        "name of a topic",
    ] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
    refused("[topics]\ndefault = 'lobby'\n", &[], &[]);
}

#[test]
fn a_value_that_looks_like_a_number_stays_text() {
    let settings = load_from("", &[("KUKURI_KEYRING__PASSPHRASE_FILE", "123")], &[]);
    let file = settings.expect("valid").keyring.passphrase_file;
    assert_eq!(file.as_deref(), Some(Path::new("123")));
}

#[test]
fn flags_win_over_the_environment_which_wins_over_aliases_which_win_over_the_file() {
    let file = "[discovery.dht]\nretries = 1\n";
    let alias = ("DHT_RETRIES", "2");
    let variable = ("KUKURI_DISCOVERY__DHT__RETRIES", "3");
    let flag = "discovery.dht.retries=4";
    let check = |file: &str, variables: &[(&str, &str)], flags: &[&str], expected: u32| {
        let settings = load_from(file, variables, flags).expect("valid");
        assert_eq!(settings.discovery.dht.retries, expected);
    };
    check(file, &[], &[], 1);
    check(file, &[alias], &[], 2);
    check(file, &[alias, variable], &[], 3);
    check(file, &[alias, variable], &[flag], 4);
}

#[test]
fn an_unknown_key_is_refused_by_name_with_its_place() {
    let message = refused("[network]\ncolour = 1\n", &[], &[]);
    assert!(
        message.contains("`network.colour`") && message.contains("config.toml"),
        "{message}"
    );
    let message = refused("", &[("KUKURI_NETWORK__COLOUR", "1")], &[]);
    assert!(message.contains("`network.colour`"), "{message}");
    assert!(
        message.contains("environment variable KUKURI_NETWORK__COLOUR"),
        "{message}"
    );
    let message = refused("", &[], &["colour=red"]);
    assert!(
        message.contains("`colour`") && message.contains("--set"),
        "{message}"
    );
    let message = refused("[discovery.dth]\n", &[], &[]);
    assert!(message.contains("`discovery.dth`"), "{message}");
}

#[test]
fn a_misspelt_key_is_answered_with_the_right_one() {
    let error = load_from("", &[("KUKURI_DISCOVERY__DHT__ENABLE", "false")], &[]);
    let hint = error.expect_err("it is refused").hint();
    assert!(hint.contains("discovery.dht.enabled"), "{hint}");
}

#[test]
fn a_wrong_type_names_key_place_and_what_was_expected() {
    let check = |file: &str, variables: &[(&str, &str)], parts: &[&str]| {
        let message = refused(file, variables, &[]);
        for part in parts {
            assert!(message.contains(part), "{part} is missing in: {message}");
        }
    };
    check(
        "[network]\nmode = 'internett'\n",
        &[],
        &[
            "`network.mode`",
            "config.toml",
            "internet or serverless or lan",
            "'internett'",
        ],
    );
    check(
        "[discovery.dht]\nretries = 'many'\n",
        &[],
        &["`discovery.dht.retries`", "0 to 20", "'many'"],
    );
    check(
        "[discovery.dht]\nretries = -1\n",
        &[],
        &["`discovery.dht.retries`", "0 to 20", "-1"],
    );
    check(
        "[network]\npeers = 'x'\n",
        &[],
        &["`network.peers`", "config.toml", "list"],
    );
    check(
        "[network]\nbind = [4433]\n",
        &[],
        &["`network.bind`", "4433"],
    );
    check("network = 3\n", &[], &["`network`", "config.toml"]);
    check(
        "",
        &[("KUKURI_NETWORK__PORT_MAPPING", "maybe")],
        &[
            "`network.port_mapping`",
            "environment variable KUKURI_NETWORK__PORT_MAPPING",
            "true or false",
            "'maybe'",
        ],
    );
    check(
        "",
        &[("KUKURI_NETWORK__PEERS", "abc@1.2.3.4:5")],
        &[
            "`network.peers`",
            "environment variable KUKURI_NETWORK__PEERS",
            "endpoint id",
        ],
    );
    check(
        "",
        &[("DHT_TIMEOUT", "soon")],
        &["`discovery.dht.timeout_ms`", "DHT_TIMEOUT", "'soon'"],
    );
    check(
        "",
        &[("KUKURI_DISCOVERY__DHT__BOOTSTRAP", "6881")],
        &["host:port", "'6881'"],
    );
}

#[test]
fn what_the_mode_excludes_is_refused_where_it_was_asked_for() {
    let check = |mode: &str, set: &str, origin: &str| {
        let mode = format!("network.mode={mode}");
        let error = load_from("", &[], &[&mode, set]).expect_err("it contradicts the mode");
        let key = set.split('=').next().unwrap_or_default();
        let shown = error.to_string();
        assert!(
            matches!(error, ConfigError::Contradiction { .. }),
            "{shown}"
        );
        for part in [key, origin, "expected", "network.mode"] {
            assert!(shown.contains(part), "{part} is missing in: {shown}");
        }
        assert!(error.hint().contains("network.mode"), "{}", error.hint());
        load_from("", &[], &[set]).expect("without the mode it is fine");
    };
    check(
        "lan",
        "discovery.dht.enabled=true",
        "--set discovery.dht.enabled",
    );
    for mode in ["lan", "serverless"] {
        check(
            mode,
            "network.relays=https://relay.example",
            "--set network.relays",
        );
        check(
            mode,
            "network.publish_addresses=relay",
            "--set network.publish_addresses",
        );
    }
    check(
        "lan",
        "network.pkarr_relays=https://pkarr.example",
        "--set network.pkarr_relays",
    );
    check("lan", "network.publish_addresses=direct", "--set");
    let file = "[network]\nmode = 'lan'\nrelays = ['https://relay.example']\n";
    assert!(refused(file, &[], &[]).contains("config.toml"));
    for fine in [
        "network.publish_addresses=direct",
        "discovery.dht.enabled=true",
    ] {
        load_from("", &[], &["network.mode=serverless", fine]).expect("it fits");
    }
    for fine in [
        "network.publish_addresses=none",
        "discovery.dht.enabled=false",
    ] {
        load_from("", &[], &["network.mode=lan", fine]).expect("it fits");
    }
}

#[test]
fn a_broken_file_and_a_broken_flag_are_refused() {
    let message = refused("[network\n", &[], &[]);
    assert!(message.contains("config.toml"), "{message}");
    assert!(refused("", &[], &["nonsense"]).contains("KEY=VALUE"));
}

#[test]
fn every_key_of_the_table_is_read() {
    for key in KEYS {
        // A table where a value belongs is wrong for every key; an unread key would be "unknown".
        let file = format!("[{}]\nx = 1\n", key.name);
        let error = load_from(&file, &[], &[]).expect_err("a table is no value");
        let named = matches!(&error, ConfigError::UnknownKey { key: k, .. } if *k == format!("{}.x", key.name));
        assert!(named, "{error}");
        let number = format!("{} = 1.5\n", key.name);
        let error = load_from(&number, &[], &[]).expect_err("a fraction is no value");
        assert!(
            matches!(&error, ConfigError::Value { key: k, .. } if *k == key.name),
            "{error}"
        );
    }
}

#[test]
fn every_key_of_the_table_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/configuration.md");
    let page = fs::read_to_string(path).expect("the page is there");
    for key in KEYS {
        assert!(
            page.contains(&format!("| `{}` |", key.name)),
            "{} is missing",
            key.name
        );
    }
    let rows = page.lines().filter(|line| {
        let name = line
            .strip_prefix("| `")
            .and_then(|rest| rest.split('`').next());
        name.is_some_and(|name| name.contains('.') && !name.contains(char::is_whitespace))
    });
    let unknown: Vec<&str> = rows
        .filter(|row| row.split('|').count() == 6)
        .filter(|row| {
            !KEYS
                .iter()
                .any(|key| row.starts_with(&format!("| `{}` |", key.name)))
        })
        .collect();
    assert!(unknown.is_empty(), "keys that do not exist: {unknown:?}");
}
