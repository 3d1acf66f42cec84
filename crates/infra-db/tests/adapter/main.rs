//! The adapter on real files: the contract suites, faults, and what survives a crash.

mod crash;
mod faults;
mod figures;
mod file;
mod retention;
mod search;
mod upgrade;

use std::{ops::Deref, path::Path, sync::Arc, time::Duration};

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

/// Opens it with a ceiling for each topic.
async fn open_with(home: &Path, ceiling: u64) -> Database {
    let clock = Arc::new(ManualClock::new(NOW));
    let options = OpenOptions {
        read_only: false,
        topic_bytes_max: Some(ceiling),
    };
    let db = Database::open(&home.join("kukuri.db"), options, clock).await;
    db.expect("opens")
}

/// Opens it for reading only.
async fn open_read_only(home: &Path) -> Result<Database, StoreError> {
    let clock = Arc::new(ManualClock::new(NOW));
    Database::open(
        &home.join("kukuri.db"),
        OpenOptions {
            read_only: true,
            ..OpenOptions::default()
        },
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

impl Deref for Fixture {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.db
    }
}

#[tokio::test]
async fn the_store_keeps_the_contract() {
    contract::event_store(fixture).await;
}

#[tokio::test]
async fn the_store_keeps_to_its_ceiling() {
    contract::event_store_with_ceiling(|ceiling| async move {
        let home = home();
        let db = open_with(home.path(), ceiling.unwrap_or(u64::MAX)).await;
        Fixture { db, _home: home }
    })
    .await;
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
