//! The ports: what the application asks of network, database, vault, signing key and clock.
//!
//! Owns one trait per consistency unit; one method is one transaction. The error variants are
//! what a caller can act on, everything else is `Other` with its cause; no adapter's type shows.
//! Must never name iroh, SQL or a keyring. Every port has a contract suite in
//! `testing::contract`, run against the in-memory fake and against the real adapter.

mod book;
mod network;
mod source;
mod store;
mod vault;

use std::error::Error as StdError;

use kukuri_domain::Now;

pub use book::{JoinedTopic, KnownPeer, PeerContact, TopicBook};
pub use network::{
    DialReport, NetworkChanges, NetworkError, NetworkEvent, NetworkStatus, PeerPath, SyncAnswer,
    SyncCall, SyncRequest, TopicLink, TopicNetwork,
};
pub use source::{
    Announced, Announcement, Candidate, CandidateStream, PeerSource, Query, SourceError,
};
pub use store::{
    ANSWERS_COUNTED_MAX, Answers, COMPLETE_SHOWN_MAX, Commit, DELETED_SHOWN_MS, EntryPage,
    EventStore, Found, LastAnswer, Origin, Page, PostState, REACTIONS_COUNTED_MAX, ReactionCount,
    ReconcileError, StoreError, StoreTrouble, StoredEntry, StoredEvent, StoredPost, StoredProfile,
    TopicSummary, horizon_max, kept_bytes,
};
pub use vault::{
    Identity, IdentityError, KeyStore, SecretBytes, SecretName, SecretVault, VaultError,
};
#[cfg(any(test, feature = "testing"))]
pub use vault::{MockIdentity, MockSecretVault};

/// The cause of an error that no caller can act on.
pub type Source = Box<dyn StdError + Send + Sync>;

/// The present. Real nodes read the machine's clocks; tests turn the hands themselves.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// Wall and monotonic time.
    fn now(&self) -> Now;
}
