//! The names of all configuration keys, in one table: for what is a list in the environment, for
//! suggestions, and for the documentation.

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, or one of a few words.
    Text,
    /// `true` or `false`.
    Switch,
    /// A whole number.
    Number,
    /// Several texts; separated by commas where only text can be given.
    List,
}

/// A configuration key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Dotted name, as in the file.
    pub name: &'static str,
    /// Type of its value.
    pub kind: Kind,
    /// What it decides.
    pub meaning: &'static str,
    /// Its default as a TOML value; empty where the default is that nothing is set.
    pub default: &'static str,
}

const fn key(name: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        kind,
        meaning,
        default,
    }
}

/// Every key.
pub const KEYS: &[Key] = &[
    key(
        "network.mode",
        Kind::Text,
        "\"internet\"",
        "`internet`, `serverless` (no relay) or `lan` (no DHT)",
    ),
    key(
        "network.bind",
        Kind::List,
        "[]",
        "`ip:port` to listen on; by default all interfaces on a port that the profile keeps",
    ),
    key(
        "network.peers",
        Kind::List,
        "[]",
        "peers that are dialled at once, `<endpoint id>@ip:port`",
    ),
    key(
        "network.bootstrap",
        Kind::List,
        "[]",
        "nodes that are dialled when nothing else helped, `<endpoint id>@ip:port`",
    ),
    key(
        "network.relays",
        Kind::List,
        "[]",
        "relay URLs; by default the public ones in mode `internet`",
    ),
    key(
        "network.pkarr_relays",
        Kind::List,
        "[]",
        "URLs of pkarr relays that are asked for addresses and told this node's, beside the DHT",
    ),
    key(
        "network.external_addrs",
        Kind::List,
        "[]",
        "`ip:port` at which others reach this node although it cannot see that itself",
    ),
    key(
        "network.publish_addresses",
        Kind::Text,
        "\"auto\"",
        "which addresses the DHT and pkarr relays show: `auto`, `relay`, `direct` or `none`",
    ),
    key(
        "network.port_mapping",
        Kind::Switch,
        "true",
        "ask the router for an open port",
    ),
    key(
        "discovery.mdns.enabled",
        Kind::Switch,
        "true",
        "look for members on the local network",
    ),
    key(
        "discovery.dht.enabled",
        Kind::Switch,
        "true",
        "look for members on the Mainline DHT",
    ),
    key(
        "discovery.dht.bootstrap",
        Kind::List,
        "[]",
        "`host:port` of DHT nodes to start from; by default the public ones",
    ),
    key(
        "discovery.dht.retries",
        Kind::Number,
        "3",
        "further attempts to publish a record",
    ),
    key(
        "discovery.dht.jitter_ms",
        Kind::Number,
        "500",
        "random wait before a further attempt, at most",
    ),
    key(
        "discovery.dht.timeout_ms",
        Kind::Number,
        "5000",
        "how long one attempt may take",
    ),
    key(
        "discovery.dht.rate_limit_per_min",
        Kind::Number,
        "10",
        "records published per minute and topic, at most",
    ),
    key(
        "discovery.dht.republish_secs",
        Kind::Number,
        "300",
        "a record is published again after this time, at most",
    ),
    key(
        "discovery.known_peers.enabled",
        Kind::Switch,
        "true",
        "dial members that were met before",
    ),
    key(
        "topics.default",
        Kind::List,
        "[\"global\", \"announcements\"]",
        "topics that the first start of the desktop app offers",
    ),
    key(
        "storage.topic_bytes_max",
        Kind::Number,
        "1073741824",
        "about how many bytes each topic may take before its oldest events go; 0 for no ceiling",
    ),
    key(
        "keyring.store",
        Kind::Text,
        "\"os\"",
        "where a new profile keeps its keys: `os` (the system's keyring) or `file` (sealed with a passphrase)",
    ),
    key(
        "keyring.passphrase_file",
        Kind::Text,
        "",
        "for the store `file`: file whose first line is the passphrase; without it a terminal asks",
    ),
    key(
        "log.file",
        Kind::Text,
        "",
        "file of the log, relative to the profile's folder; by default logs/kukuri.log",
    ),
    key(
        "log.format",
        Kind::Text,
        "\"text\"",
        "form of log lines: `text` or `json`",
    ),
];

/// The type of the key of this name.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    KEYS.iter().find(|key| key.name == name).map(|key| key.kind)
}

/// Whether keys belong to the table of this name; the empty name is the whole file.
pub(super) fn is_table(name: &str) -> bool {
    let belongs = |key: &Key| {
        key.name
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    name.is_empty() || KEYS.iter().any(belongs)
}

/// The key that may have been meant by `name`: one that differs in at most three places.
pub(super) fn similar_to(name: &str) -> Option<&'static str> {
    const EDITS_MAX: usize = 3;
    KEYS.iter()
        .map(|key| (edits(name, key.name), key.name))
        .filter(|(edits, _)| *edits <= EDITS_MAX)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_what_stands_before_a_dot() {
        for table in ["", "network", "discovery", "discovery.dht"] {
            assert!(is_table(table), "{table}");
        }
        for other in ["net", "network.mode", "colour"] {
            assert!(!is_table(other), "{other}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        assert_eq!(similar_to("network.mod"), Some("network.mode"));
        assert_eq!(
            similar_to("discovery.dht.enabeld"),
            Some("discovery.dht.enabled")
        );
        assert_eq!(similar_to("colour"), None);
    }
}
