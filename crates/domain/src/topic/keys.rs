//! The key schedule: everything that a topic's seed, group id and epoch give.
//!
//! Owns the labels (BLAKE3 `derive_key` contexts). `docs/reference/protocol.md` lists them and
//! golden vectors hold them; a changed label is a different network.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Epoch, TopicId, TopicName, Visibility};

/// Contexts for BLAKE3 `derive_key`, one per derived value.
pub mod label {
    /// Seed of a public topic, from its name.
    pub const PUBLIC_TOPIC_SEED: &str = "kukuri v1 public topic";
    /// Topic id, from the key material of an epoch.
    pub const TOPIC_ID: &str = "kukuri v1 topic id";
    /// Secret of the DHT tracker's records.
    pub const TRACKER_SECRET: &str = "kukuri v1 tracker secret";
    /// Key of presence tags (mDNS and meet).
    pub const PRESENCE_KEY: &str = "kukuri v1 presence key";
    /// Key that proves membership on sync streams.
    pub const HANDSHAKE_KEY: &str = "kukuri v1 handshake key";
}

macro_rules! secret_bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps key bytes.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The key bytes. The caller must not log, print or store them in the clear.
            pub fn expose(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret_bytes! {
    /// What a topic's keys derive from: public topics take it from the name, private topics
    /// draw it at random.
    Seed
}
secret_bytes! {
    /// Secret that encrypts the tracker's records in the DHT (the `initial_secret` of
    /// `distributed-topic-tracker`).
    TrackerSecret
}
secret_bytes! {
    /// Key of the tags by which members recognise each other without naming the topic.
    PresenceKey
}
secret_bytes! {
    /// Key by which two members prove to each other, on a stream, that they share the topic.
    HandshakeKey
}

/// Tells apart private topics; all zeros for public ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct GroupId(pub [u8; 32]);

/// Everything that a member derives for one topic and epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicKeys {
    /// The name, for events' `t` tag and for people.
    pub name: TopicName,
    /// Who may join.
    pub visibility: Visibility,
    /// Generation of the keys.
    pub epoch: Epoch,
    /// Gossip topic and tracker topic hash.
    pub id: TopicId,
    /// Secret of the tracker's records.
    pub tracker_secret: TrackerSecret,
    /// Key of presence tags.
    pub presence_key: PresenceKey,
    /// Key of the proof on sync streams.
    pub handshake_key: HandshakeKey,
}

impl TopicKeys {
    /// The keys of a public topic: whoever knows the name can derive them.
    pub fn public(name: TopicName) -> Self {
        let seed = Seed(blake3::derive_key(
            label::PUBLIC_TOPIC_SEED,
            name.as_str().as_bytes(),
        ));
        Self::derive(
            name,
            Visibility::Public,
            &seed,
            GroupId::default(),
            Epoch(0),
        )
    }

    fn derive(
        name: TopicName,
        visibility: Visibility,
        seed: &Seed,
        group: GroupId,
        epoch: Epoch,
    ) -> Self {
        let derived = |context: &str| {
            let mut hasher = blake3::Hasher::new_derive_key(context);
            hasher.update(&seed.0);
            hasher.update(&group.0);
            hasher.update(&epoch.0.to_be_bytes());
            *hasher.finalize().as_bytes()
        };
        Self {
            id: TopicId(derived(label::TOPIC_ID)),
            tracker_secret: TrackerSecret(derived(label::TRACKER_SECRET)),
            presence_key: PresenceKey(derived(label::PRESENCE_KEY)),
            handshake_key: HandshakeKey(derived(label::HANDSHAKE_KEY)),
            name,
            visibility,
            epoch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(name: &str) -> TopicKeys {
        TopicKeys::public(name.parse().expect("a valid name"))
    }

    #[test]
    fn the_same_name_gives_the_same_keys_and_another_name_other_keys() {
        assert_eq!(keys("Lobby"), keys("#lobby "));
        assert_ne!(keys("lobby").id, keys("lobby2").id);
    }

    #[test]
    fn derived_values_differ_from_each_other() {
        let k = keys("lobby");
        let all = [
            &k.id.0,
            k.tracker_secret.expose(),
            k.presence_key.expose(),
            k.handshake_key.expose(),
        ];
        for (i, a) in all.iter().enumerate() {
            for b in &all[i + 1..] {
                assert_ne!(a, b);
            }
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let k = keys("lobby");
        let shown = format!("{k:?}");
        assert!(shown.contains("TrackerSecret(..)"));
        assert!(!shown.contains(&hex::encode(&k.tracker_secret.expose()[..4])));
    }
}
