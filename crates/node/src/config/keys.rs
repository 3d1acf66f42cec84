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
    /// What it decides, with its default.
    pub meaning: &'static str,
}

const fn key(name: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key {
        name,
        kind,
        meaning,
    }
}

/// Every key.
pub const KEYS: &[Key] = &[
    key(
        "network.mode",
        Kind::Text,
        "`internet` (default), `serverless` (no relay) or `lan` (no DHT)",
    ),
    key(
        "network.bind",
        Kind::List,
        "`ip:port` to listen on; by default all interfaces on a port that the profile keeps",
    ),
    key(
        "network.peers",
        Kind::List,
        "peers that are dialled at once, `<endpoint id>@ip:port`",
    ),
    key(
        "network.bootstrap",
        Kind::List,
        "nodes that are dialled when nothing else helped, `<endpoint id>@ip:port`",
    ),
    key(
        "network.relays",
        Kind::List,
        "relay URLs; by default the public ones in mode `internet`",
    ),
    key(
        "network.external_addrs",
        Kind::List,
        "`ip:port` at which others reach this node although it cannot see that itself",
    ),
    key(
        "network.publish_addresses",
        Kind::Text,
        "which addresses the DHT shows: `auto` (default), `relay`, `direct` or `none`",
    ),
    key(
        "network.port_mapping",
        Kind::Switch,
        "ask the router for an open port (default true)",
    ),
    key(
        "discovery.mdns.enabled",
        Kind::Switch,
        "look for members on the local network (default true)",
    ),
    key(
        "discovery.dht.enabled",
        Kind::Switch,
        "look for members on the Mainline DHT (default true)",
    ),
    key(
        "discovery.dht.bootstrap",
        Kind::List,
        "`host:port` of DHT nodes to start from; by default the public ones",
    ),
    key(
        "discovery.dht.retries",
        Kind::Number,
        "further attempts to publish a record (default 3)",
    ),
    key(
        "discovery.dht.jitter_ms",
        Kind::Number,
        "random wait before a further attempt, at most (default 500)",
    ),
    key(
        "discovery.dht.timeout_ms",
        Kind::Number,
        "how long one attempt may take (default 5000)",
    ),
    key(
        "discovery.dht.rate_limit_per_min",
        Kind::Number,
        "records published per minute and topic, at most (default 10)",
    ),
    key(
        "discovery.dht.republish_secs",
        Kind::Number,
        "a record is published again after this time, at most (default 300)",
    ),
    key(
        "discovery.known_peers.enabled",
        Kind::Switch,
        "dial members that were met before (default true)",
    ),
    key(
        "keyring.store",
        Kind::Text,
        "where a new profile keeps its keys: `os` (the system's keyring, default) or `file` (sealed with a passphrase)",
    ),
    key(
        "keyring.passphrase_file",
        Kind::Text,
        "for the store `file`: file whose first line is the passphrase; without it a terminal asks",
    ),
    key("log.format", Kind::Text, "`text` (default) or `json`"),
];

/// The type of the key of this name.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    KEYS.iter().find(|key| key.name == name).map(|key| key.kind)
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
    fn a_slip_of_the_finger_is_recognised() {
        assert_eq!(similar_to("network.mod"), Some("network.mode"));
        assert_eq!(
            similar_to("discovery.dht.enabeld"),
            Some("discovery.dht.enabled")
        );
        assert_eq!(similar_to("colour"), None);
    }
}
