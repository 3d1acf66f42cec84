//! The adapter on real files: the contract suites, faults, and what survives a crash.

mod crash;
mod faults;
mod figures;
mod file;
mod search;
mod upgrade;

use std::{path::Path, sync::Arc, time::Duration};

use kukuri_application::{
    ports::{EventStore as _, StoreError},
    testing::{clock::ManualClock, contract},
};
use kukuri_domain::{TopicId, UnixMs};
use kukuri_infra_db::{Database, OpenOptions};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

const TOPIC: TopicId = TopicId([1; 32]);
const NOW: UnixMs = UnixMs(1_700_000_000_000);

/// Opens the database of a home for writing.
async fn open(home: &Path) -> Result<Database, StoreError> {
    let clock = Arc::new(ManualClock::new(NOW));
    Database::open(&home.join("kukuri.db"), OpenOptions::default(), clock).await
}

/// Opens it for reading only.
async fn open_read_only(home: &Path) -> Result<Database, StoreError> {
    let clock = Arc::new(ManualClock::new(NOW));
    Database::open(
        &home.join("kukuri.db"),
        OpenOptions { read_only: true },
        clock,
    )
    .await
}

fn home() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A database whose home lives as long as it.
struct Fixture {
    db: Database,
    _home: TempDir,
}

async fn fixture() -> Fixture {
    let home = home();
    let db = open(home.path()).await.expect("a new database");
    Fixture { db, _home: home }
}

/// Gives the suites, which own what they test, a database with its home.
mod owned {
    use async_trait::async_trait;
    use kukuri_application::ports::{
        Commit, EventStore, Found, JoinedTopic, KnownPeer, Origin, Page, PeerContact, PostState,
        StoreError, StoredEvent, TopicBook, TopicSummary,
    };
    use kukuri_domain::{
        AuthorId, EventId, EventOrder, PeerId, TopicId, UnixMs, VerifiedEvent, search::SearchQuery,
    };

    type Result<T> = std::result::Result<T, StoreError>;

    #[async_trait]
    impl EventStore for super::Fixture {
        async fn commit(
            &self,
            topic: TopicId,
            events: Vec<VerifiedEvent>,
            origin: Origin,
        ) -> Result<Vec<Commit>> {
            self.db.commit(topic, events, origin).await
        }
        async fn newest(
            &self,
            topic: TopicId,
            limit: u32,
            before: Option<EventOrder>,
        ) -> Result<Vec<StoredEvent>> {
            self.db.newest(topic, limit, before).await
        }
        async fn get(&self, topic: TopicId, ids: Vec<EventId>) -> Result<Vec<StoredEvent>> {
            self.db.get(topic, ids).await
        }
        async fn missing(&self, topic: TopicId, ids: Vec<EventId>) -> Result<Vec<EventId>> {
            self.db.missing(topic, ids).await
        }
        async fn count(&self, topic: TopicId) -> Result<u64> {
            self.db.count(topic).await
        }
        async fn note_sent(&self, topic: TopicId, ids: Vec<EventId>, n: u32) -> Result<()> {
            self.db.note_sent(topic, ids, n).await
        }
        async fn note_held(
            &self,
            topic: TopicId,
            peer: PeerId,
            ids: Vec<EventId>,
        ) -> Result<Vec<(EventId, PostState)>> {
            self.db.note_held(topic, peer, ids).await
        }
        async fn unsent(&self, topic: TopicId, limit: u32) -> Result<Vec<StoredEvent>> {
            self.db.unsent(topic, limit).await
        }
        async fn posts(&self, topic: TopicId, page: Page) -> Result<Vec<StoredEvent>> {
            self.db.posts(topic, page).await
        }
        async fn search(
            &self,
            topics: Vec<TopicId>,
            query: SearchQuery,
            limit: u32,
            before: Option<EventOrder>,
        ) -> Result<Vec<Found>> {
            self.db.search(topics, query, limit, before).await
        }
        async fn summary(&self, topic: TopicId, reader: AuthorId) -> Result<TopicSummary> {
            self.db.summary(topic, reader).await
        }
        async fn mark_read(&self, topic: TopicId, up_to: EventOrder) -> Result<()> {
            self.db.mark_read(topic, up_to).await
        }
        async fn mute(&self, author: AuthorId) -> Result<bool> {
            self.db.mute(author).await
        }
        async fn unmute(&self, author: AuthorId) -> Result<bool> {
            self.db.unmute(author).await
        }
        async fn muted(&self) -> Result<Vec<AuthorId>> {
            self.db.muted().await
        }
        async fn close(&self) -> Result<()> {
            self.db.close().await
        }
    }

    #[async_trait]
    impl TopicBook for super::Fixture {
        async fn join(&self, topic: JoinedTopic) -> Result<()> {
            self.db.join(topic).await
        }
        async fn leave(&self, topic: TopicId) -> Result<bool> {
            self.db.leave(topic).await
        }
        async fn joined(&self) -> Result<Vec<JoinedTopic>> {
            self.db.joined().await
        }
        async fn note_contact(
            &self,
            topic: TopicId,
            peer: PeerId,
            contact: PeerContact,
            at: UnixMs,
        ) -> Result<()> {
            self.db.note_contact(topic, peer, contact, at).await
        }
        async fn known_peers(&self, topic: TopicId, limit: u32) -> Result<Vec<KnownPeer>> {
            self.db.known_peers(topic, limit).await
        }
        async fn remember_dht_nodes(&self, nodes: Vec<String>) -> Result<()> {
            self.db.remember_dht_nodes(nodes).await
        }
        async fn dht_nodes(&self) -> Result<Vec<String>> {
            self.db.dht_nodes().await
        }
    }
}

#[tokio::test]
async fn the_store_keeps_the_contract() {
    contract::event_store(fixture).await;
}

#[tokio::test]
async fn the_book_keeps_the_contract() {
    contract::topic_book(fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_keeps_the_contract_on_several_threads() {
    contract::event_store(fixture).await;
}

/// Makes an empty database in this folder.
async fn make(folder: &Path) {
    let db = open(folder).await.expect("opens");
    db.close().await.expect("close");
}

/// Waits until the search index knows every post.
async fn indexed(db: &Database) {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        match db.unindexed().await.expect("a number") {
            0 => return,
            waiting => assert!(Instant::now() < end, "{waiting} posts still wait"),
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Everything that the topic holds.
async fn count(db: &Database) -> u64 {
    db.count(TOPIC).await.expect("countable")
}
