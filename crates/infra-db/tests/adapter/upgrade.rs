//! Databases of earlier programs: opened, copied first, brought up to date, and as they were
//! when that does not work.
//!
//! `fixtures/schema-N.db` was made by the program whose schema was N, with the same content in
//! each. Whoever adds a schema makes one with the program before it and checks it in.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use kukuri_application::{
    ports::{EventStore as _, Origin, Page, StoreError, TopicBook as _},
    testing::{clock::ManualClock, contract},
};
use kukuri_domain::{PeerId, TopicId, UnixMs};
use kukuri_infra_db::{BACKUP_KEPT_DAYS, Database, OpenOptions};
use sea_orm::{ConnectionTrait as _, Statement};
use tempfile::TempDir;

use crate::{NOW, TOPIC, count, home, indexed, make, open, open_read_only, search::found};

/// The topic of the conversation that the fixtures hold since schema 2.
const CONVERSATION: TopicId = TopicId([4; 32]);

/// The newest schema, of which there is no fixture.
const KNOWN: i64 = 6;

fn fixture_of(schema: i64) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fixtures.join(format!("schema-{schema}.db"))
}

/// A home with the database of an earlier program.
fn home_of(schema: i64) -> TempDir {
    let home = home();
    fs::copy(fixture_of(schema), home.path().join("kukuri.db")).expect("a fixture for each schema");
    home
}

fn backup_of(home: &TempDir, schema: i64) -> PathBuf {
    home.path().join(format!("kukuri.db.schema-{schema}.bak"))
}

/// A number that a file says of itself.
async fn number(path: &Path, sql: &str) -> i64 {
    let url = format!("sqlite://{}?mode=ro", path.display());
    let conn = sea_orm::Database::connect(url).await.expect("a database");
    let statement = Statement::from_string(conn.get_database_backend(), sql);
    let row = conn.query_one_raw(statement).await.expect("a number");
    let number = row.expect("a row").try_get_by_index(0).expect("a number");
    conn.close().await.expect("close");
    number
}

#[tokio::test]
async fn every_earlier_schema_is_brought_up_to_date() {
    for schema in 1..KNOWN {
        let home = home_of(schema);
        let db = open(home.path()).await.expect("opens");
        what_the_fixtures_hold(&db).await;
        indexed(&db).await;
        what_the_fixtures_hold(&db).await;
        if schema >= 2 {
            contract::what_is_seen_of_the_conversation(&db, CONVERSATION).await;
            the_set_is_that_of_a_new_file(&db).await;
            it_takes_the_room_of_a_new_file(&db).await;
        }
        db.check_integrity().await.expect("sound");
        db.close().await.expect("close");
        let path = home.path().join("kukuri.db");
        assert_eq!(number(&path, "PRAGMA user_version").await, KNOWN);

        let db = open_read_only(home.path()).await.expect("up to date");
        what_the_fixtures_hold(&db).await;
    }
    assert!(
        !fixture_of(KNOWN).exists()
            && matches!(
                newer(KNOWN).await,
                StoreError::NewerSchema { known: KNOWN, .. }
            ),
        "KNOWN is the newest schema"
    );
}

/// What ends and what replaces what is found in earlier files, too.
async fn the_set_is_that_of_a_new_file(db: &Database) {
    let home = home();
    let new = open(home.path()).await.expect("opens");
    let events = contract::conversation();
    new.commit(CONVERSATION, events, Origin::Peer)
        .await
        .expect("stored");
    for hours in [0, 48] {
        let (cut, since) = (UnixMs(NOW.0 + hours * 3_600_000), UnixMs(0));
        let expected = new.set_summary(CONVERSATION, cut, since).await;
        let got = db.set_summary(CONVERSATION, cut, since).await;
        assert_eq!(got.expect("a set"), expected.expect("a set"));
    }
}

/// What was stored before is measured as what comes is.
async fn it_takes_the_room_of_a_new_file(db: &Database) {
    let home = home();
    let new = open(home.path()).await.expect("opens");
    let events = contract::conversation();
    let reader = events[0].author();
    new.commit(CONVERSATION, events, Origin::Peer)
        .await
        .expect("stored");
    let expected = new.summary(CONVERSATION, reader).await.expect("summary");
    let got = db.summary(CONVERSATION, reader).await.expect("summary");
    assert!(expected.bytes > 0);
    assert_eq!(got.bytes, expected.bytes);
}

/// What the program says of a schema after `known`.
async fn newer(known: i64) -> StoreError {
    let home = home();
    let db = open(home.path()).await.expect("opens");
    db.close().await.expect("close");
    let url = format!("sqlite://{}", home.path().join("kukuri.db").display());
    let conn = sea_orm::Database::connect(url).await.expect("a database");
    let sql = format!("PRAGMA user_version = {}", known + 1);
    conn.execute_unprepared(&sql)
        .await
        .expect("a newer program");
    conn.close().await.expect("close");
    open(home.path()).await.err().expect("it is refused")
}

/// Seven posts of three authors in one topic, the last two in another one also.
async fn what_the_fixtures_hold(db: &Database) {
    let other = TopicId([2; 32]);
    assert_eq!(count(db).await, 7);
    let author = contract::event(0, "", NOW).author();
    let page = Page {
        author: Some(author),
        ..Page::newest(10)
    };
    let posts = db.posts(TOPIC, page, author).await.expect("posts");
    let texts: Vec<&str> = posts.iter().map(|post| post.event.content()).collect();
    let expected = [
        "hello both",
        "猫がいる",
        "the weave pattern works with eight strands as well",
    ];
    assert_eq!(texts, expected);
    assert_eq!((posts[2].state.sent_to, posts[2].state.held_by), (3, 1));
    for stored in posts {
        stored.event.verify().expect("not a byte was changed");
    }
    assert_eq!(found(db, &[TOPIC], "東京tower").await.len(), 1);
    assert_eq!(found(db, &[TOPIC, other], "HELLO").await.len(), 2);

    let summary = db.summary(TOPIC, author).await.expect("summary");
    assert_eq!((summary.events, summary.posts, summary.unread), (7, 7, 4));
    assert_eq!(summary.last_post_at, Some(UnixMs(NOW.0 + 6_000)));
    let joined = db.joined().await.expect("joined");
    let names: Vec<&str> = joined.iter().map(|topic| topic.name.as_str()).collect();
    assert_eq!(names, ["lobby", "天気"]);
    let known = db.known_peers(TOPIC, 10).await.expect("known_peers");
    assert_eq!((known.len(), known[0].peer), (1, PeerId([5; 32])));
    assert_eq!(db.dht_nodes().await.expect("dht_nodes"), ["192.0.2.7:6881"]);
    assert_eq!(db.unsent(TOPIC, 10).await.expect("unsent").len(), 1);
}

#[tokio::test]
async fn an_earlier_schema_is_not_read_only_and_says_so() {
    let home = home_of(1);
    let path = home.path().join("kukuri.db");
    let bytes = fs::read(&path).expect("readable");
    let error = open_read_only(home.path()).await.err();
    let error = error.expect("it has to be brought up to date first");
    let expected = StoreError::OlderSchema {
        found: 1,
        known: KNOWN,
    };
    assert_eq!(error.to_string(), expected.to_string());
    assert!(matches!(error, StoreError::OlderSchema { .. }));
    assert!(fs::read(&path).expect("readable") == bytes);
    assert!(!backup_of(&home, 1).exists());
}

#[tokio::test]
async fn the_file_is_copied_before_its_schema_changes() {
    let home = home_of(1);
    // What a copy that was interrupted leaves behind.
    let part = home.path().join("kukuri.db.schema-1.bak.part");
    fs::write(&part, "half").expect("writable");
    make(home.path()).await;
    let backup = backup_of(&home, 1);
    assert!(!part.exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&backup).expect("a copy").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(number(&backup, "PRAGMA user_version").await, 1);
    assert_eq!(number(&backup, "SELECT COUNT(*) FROM events").await, 7);

    // The copy is as good as the original.
    fs::copy(&backup, home.path().join("kukuri.db")).expect("put back");
    let db = open(home.path()).await.expect("opens");
    what_the_fixtures_hold(&db).await;
}

#[tokio::test]
async fn without_a_copy_nothing_changes() {
    let home = home_of(1);
    let path = home.path().join("kukuri.db");
    let bytes = fs::read(&path).expect("readable");
    let part = home.path().join("kukuri.db.schema-1.bak.part");
    fs::create_dir(&part).expect("in the way");
    open(home.path()).await.err().expect("no copy can be made");
    assert!(
        fs::read(&path).expect("readable") == bytes,
        "the file was changed"
    );
    fs::remove_dir(&part).expect("out of the way");
    let db = open(home.path()).await.expect("opens");
    what_the_fixtures_hold(&db).await;
}

#[tokio::test]
async fn the_copy_is_kept_for_a_month() {
    let home = home_of(1);
    let open_at = async |now: u64| {
        let clock = Arc::new(ManualClock::new(UnixMs(now)));
        let path = home.path().join("kukuri.db");
        let db = Database::open(&path, OpenOptions::default(), clock).await;
        db.expect("opens").close().await.expect("close");
    };
    open_at(NOW.0).await;
    let backup = backup_of(&home, 1);
    let made = SystemTime::UNIX_EPOCH + Duration::from_millis(NOW.0);
    let file = fs::File::options().write(true).open(&backup);
    file.expect("a copy").set_modified(made).expect("a time");
    let month_ms = BACKUP_KEPT_DAYS * 24 * 60 * 60 * 1_000;
    for (now, is_kept) in [
        (0, true),
        (NOW.0 + month_ms, true),
        (NOW.0 + month_ms + 1, false),
    ] {
        open_at(now).await;
        assert_eq!(backup.exists(), is_kept, "at {now}");
    }
}

#[tokio::test]
async fn a_new_file_is_not_copied() {
    let home = home();
    make(home.path()).await;
    let files = fs::read_dir(home.path()).expect("readable").count();
    assert_eq!(files, 1);
}
