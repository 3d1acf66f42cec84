//! Opening, closing, and what is on the disk.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use kukuri_application::{
    ports::{EventStore as _, JoinedTopic, Origin, PeerContact, StoreError, TopicBook as _},
    testing::{clock::ManualClock, contract},
};
use kukuri_domain::{Epoch, PeerAddress, PeerId, UnixMs, topic::Visibility};
use kukuri_infra_db::{Database, OpenOptions};
use sea_orm::ConnectionTrait as _;

use crate::{NOW, TOPIC, count, fixture, home, open, open_read_only};

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let home = home();
    let clock = Arc::new(ManualClock::new(NOW));
    let path = home.path().join("kukuri.db");
    let db = Database::open(&path, OpenOptions::default(), clock.clone())
        .await
        .expect("opens");
    let events = contract::events(3);
    let ids: Vec<_> = events.iter().map(|e| e.id()).collect();
    db.commit(TOPIC, events[..2].to_vec(), Origin::Local)
        .await
        .expect("commit");
    clock.advance(7);
    db.commit(TOPIC, events[2..].to_vec(), Origin::Peer)
        .await
        .expect("commit");
    db.note_sent(TOPIC, vec![ids[0]], 3)
        .await
        .expect("note_sent");
    db.note_held(TOPIC, PeerId([5; 32]), ids.clone())
        .await
        .expect("note_held");
    let topic = JoinedTopic {
        id: TOPIC,
        name: "lobby".parse().expect("a name"),
        visibility: Visibility::Private,
        epoch: Epoch(3),
        joined_at: NOW,
    };
    db.join(topic.clone()).await.expect("join");
    let address = PeerAddress::Relay("https://relay.example./".into());
    let reached = PeerContact::Reached(vec![address]);
    db.note_contact(TOPIC, PeerId([5; 32]), reached, NOW)
        .await
        .expect("note_contact");
    db.remember_dht_nodes(vec!["127.0.0.1:1".into()])
        .await
        .expect("remember_dht_nodes");
    let before = db.newest(TOPIC, 10, None).await.expect("newest");
    let received: Vec<UnixMs> = before.iter().map(|s| s.received_at).collect();
    assert_eq!(received, [UnixMs(NOW.0 + 7), NOW, NOW]);
    let known = db.known_peers(TOPIC, 10).await.expect("known_peers");
    db.close().await.expect("close");

    let db = open(home.path()).await.expect("opens again");
    assert_eq!(db.newest(TOPIC, 10, None).await.expect("newest"), before);
    assert_eq!(
        db.unsent(TOPIC, 10).await.expect("unsent")[0].event.id(),
        ids[1]
    );
    assert_eq!(db.joined().await.expect("joined"), [topic]);
    assert_eq!(db.known_peers(TOPIC, 10).await.expect("known_peers"), known);
    assert_eq!(db.dht_nodes().await.expect("dht_nodes"), ["127.0.0.1:1"]);
    let held = db
        .note_held(TOPIC, PeerId([5; 32]), ids)
        .await
        .expect("note_held");
    assert_eq!(held, [], "it was counted before the restart");
    db.check_integrity().await.expect("sound");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = home();
    let modes = || {
        let files = std::fs::read_dir(home.path()).expect("readable");
        let files = files.map(|file| file.expect("an entry"));
        let mode = |f: &std::fs::DirEntry| f.metadata().expect("metadata").permissions().mode();
        files
            .map(|f| (f.file_name().into_string().expect("text"), mode(&f) & 0o777))
            .collect()
    };
    let expected = |names: &[&str]| -> std::collections::BTreeMap<String, u32> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), 0o600))
            .collect()
    };

    let db = open(home.path()).await.expect("opens");
    db.commit(TOPIC, contract::events(1), Origin::Local)
        .await
        .expect("commit");
    let open_files: std::collections::BTreeMap<String, u32> = modes();
    assert_eq!(
        open_files,
        expected(&["kukuri.db", "kukuri.db-shm", "kukuri.db-wal"])
    );
    db.close().await.expect("close");
    let closed_files: std::collections::BTreeMap<String, u32> = modes();
    assert_eq!(
        closed_files,
        expected(&["kukuri.db"]),
        "the log was written into the file"
    );

    // As a careless copy leaves it.
    let path = home.path().join("kukuri.db");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("chmod");
    let db = open(home.path()).await.expect("opens");
    let tightened: std::collections::BTreeMap<String, u32> = modes();
    assert!(
        tightened.values().all(|mode| *mode == 0o600),
        "{tightened:?}"
    );
    db.close().await.expect("close");
}

#[tokio::test]
async fn dropping_without_closing_loses_nothing() {
    let home = home();
    for i in 1..=3 {
        let db = open(home.path()).await.expect("opens");
        let event = contract::event(i, "hi", NOW);
        db.commit(TOPIC, vec![event], Origin::Peer)
            .await
            .expect("commit");
        drop(db);
        let db = open(home.path()).await.expect("opens again");
        assert_eq!(count(&db).await, i);
    }
}

#[tokio::test]
async fn what_was_handed_over_before_closing_is_committed() {
    let home = home();
    let db = open(home.path()).await.expect("opens");
    let events = contract::events(200);
    let commits = join_all(
        events
            .iter()
            .map(|e| db.commit(TOPIC, vec![e.clone()], Origin::Local)),
    );
    // `join_all` first hands every commit over, in order, then polls the closing.
    let (commits, closed) = futures_util::join!(commits, db.close());
    closed.expect("close");
    for commit in commits {
        assert!(commit.expect("handed over in time")[0].is_new);
    }
    assert!(matches!(db.joined().await, Err(StoreError::Closed)));
    assert!(matches!(db.leave(TOPIC).await, Err(StoreError::Closed)));
    let db = open(home.path()).await.expect("opens again");
    assert_eq!(count(&db).await, 200);
}

#[tokio::test]
async fn read_only_reads_beside_the_writer_and_writes_nothing() {
    let home = home();
    assert!(
        open_read_only(home.path()).await.is_err(),
        "there is no file"
    );
    assert!(!home.path().join("kukuri.db").exists(), "and none was made");

    let writer = open(home.path()).await.expect("opens");
    let events = contract::events(2);
    writer
        .commit(TOPIC, events[..1].to_vec(), Origin::Local)
        .await
        .expect("commit");
    let reader = open_read_only(home.path()).await.expect("opens");
    assert_eq!(count(&reader).await, 1);
    writer
        .commit(TOPIC, events[1..].to_vec(), Origin::Peer)
        .await
        .expect("commit");
    assert_eq!(count(&reader).await, 2);
    let refused = reader.commit(TOPIC, events, Origin::Local).await;
    assert!(
        matches!(refused, Err(StoreError::ReadOnly(_))),
        "{refused:?}"
    );
    reader.close().await.expect("close");
    assert!(matches!(reader.leave(TOPIC).await, Err(StoreError::Closed)));
    assert_eq!(count(&writer).await, 2);
}

#[tokio::test]
async fn a_large_file_opens_at_once() {
    const OPEN_MAX: Duration = Duration::from_millis(200);
    let fixture = fixture().await;
    let path = fixture._home.path().join("kukuri.db");
    fixture.db.close().await.expect("close");
    let sql = "
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT INTO events SELECT randomblob(32), randomblob(32), 1700000000 + i, i % 1000, 1,
            '[[\"t\",\"lobby\"]]', hex(randomblob(75)), randomblob(64), 1700000000000 FROM n;
        INSERT INTO topic_events (topic, created_at, ms, id, is_post)
            SELECT zeroblob(32), created_at, ms, id, 1 FROM events;
        INSERT INTO unindexed (topic, id) SELECT zeroblob(32), id FROM events;
        INSERT INTO topic_totals (topic, events) SELECT topic, COUNT(*) FROM topic_events;";
    let url = format!("sqlite://{}", path.display());
    let conn = sea_orm::Database::connect(url)
        .await
        .expect("a second program");
    conn.execute_unprepared(sql).await.expect("rows");
    conn.close().await.expect("close");

    let start = Instant::now();
    let db = open(fixture._home.path()).await.expect("opens");
    let took = start.elapsed();
    println!(
        "opening {} MB took {took:?}",
        path.metadata().expect("a file").len() / 1_000_000
    );
    assert!(took < OPEN_MAX, "{took:?}");
    let topic = kukuri_domain::TopicId([0; 32]);
    assert_eq!(db.count(topic).await.expect("countable"), 100_000);
}
