//! Groups and failed groups, seen from inside.

use futures_util::FutureExt as _;
use kukuri_application::testing::{clock::ManualClock, contract};

use super::*;
use crate::migrations;

const TOPIC: TopicId = TopicId([1; 32]);

fn commit(events: Vec<VerifiedEvent>, origin: Origin) -> Write {
    Write::Commit {
        topic: TOPIC,
        events,
        origin,
        received_at: UnixMs(1),
    }
}

fn job(write: Write) -> (Job, oneshot::Receiver<Result<Written, StoreError>>) {
    let (reply, outcome) = oneshot::channel();
    let room = Arc::new(Semaphore::new(1)).try_acquire_owned();
    let room = room.expect("there is room");
    (
        Job {
            write,
            reply,
            _room: room,
        },
        outcome,
    )
}

fn setup(path: PathBuf, conn: Connection) -> Setup {
    let clock = Arc::new(ManualClock::default());
    Setup {
        path,
        conn,
        sets: Arc::new(SyncSets::new(clock.clone())),
        entry_clocks: Arc::default(),
        clock,
        ceiling: None,
    }
}

fn writer(home: &tempfile::TempDir) -> Writer {
    let path = home.path().join("kukuri.db");
    connection::prepare_file(&path).expect("a file");
    let mut conn = connection::writer(&path).expect("opens");
    conn.pragma_update(None, "journal_mode", "WAL")
        .expect("a log");
    migrations::migrate(&mut conn).expect("a schema");
    Writer::new(setup(path, conn))
}

fn conn(writer: &Writer) -> &Connection {
    writer.access.conn.as_ref().expect("connected")
}

fn execute(writer: &Writer, text: &str) {
    conn(writer).execute_batch(text).expect("it can be done");
}

fn store(writer: &mut Writer, events: Vec<VerifiedEvent>, origin: Origin) {
    let stored = writer.commit(&[commit(events, origin)]);
    stored.expect("they are stored");
}

fn stored(writer: &Writer) -> i64 {
    let sql = "SELECT COUNT(*) FROM events NATURAL JOIN topic_events";
    sql::integer(conn(writer), sql).expect("countable")
}

#[test]
fn what_waits_forms_one_group_up_to_its_size() {
    let (sender, jobs) = mpsc::channel();
    let event = contract::event(1, "hi", UnixMs(1));
    for n in [1_600, 447, 1, 1] {
        sender
            .send(job(commit(vec![event.clone(); n], Origin::Peer)).0)
            .expect("taken");
    }
    let (first, _outcome) = job(Write::Leave(TOPIC));
    let (writes, replies) = group(first, &jobs);
    assert_eq!(
        writes.iter().map(Write::events).collect::<Vec<_>>(),
        [0, 1_600, 447, 1]
    );
    assert_eq!(replies.len(), writes.len());
    let (writes, _) = group(jobs.try_recv().expect("the fourth commit"), &jobs);
    assert_eq!(writes.len(), 1);
}

#[tokio::test]
async fn whoever_finds_the_queue_full_waits_for_the_writer() {
    let (jobs, arriving) = mpsc::channel();
    let room = Arc::new(Semaphore::new(1));
    let intake = Intake { jobs, room };
    let first = intake.hand_over(Write::Leave(TOPIC)).await;
    let _outcome = first.expect("there is room");
    let mut second = Box::pin(intake.hand_over(Write::Leave(TOPIC)));
    assert!(second.as_mut().now_or_never().is_none());
    group(arriving.recv().expect("the first"), &arriving);
    let _outcome = second.await.expect("there is room again");
    group(arriving.recv().expect("the second"), &arriving);
    drop(arriving);
    let late = intake.hand_over(Write::Leave(TOPIC)).await;
    assert!(matches!(late, Err(StoreError::Closed)));
}

#[test]
fn the_group_decides_how_durable_its_commit_is() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut writer = writer(&home);
    let events = contract::events(4);
    let (normal, full) = (1, 2);
    for (writes, expected) in [
        (vec![commit(events[..1].to_vec(), Origin::Peer)], normal),
        (vec![commit(events[1..2].to_vec(), Origin::Local)], full),
        (vec![Write::DhtNodes(Vec::new())], normal),
        (
            vec![
                commit(events[2..3].to_vec(), Origin::Peer),
                commit(events[3..].to_vec(), Origin::Local),
            ],
            full,
        ),
        (vec![Write::Leave(TOPIC)], full),
    ] {
        writer.commit(&writes).expect("commit");
        let level = sql::integer(conn(&writer), "PRAGMA synchronous");
        assert_eq!(level.expect("a level"), expected);
    }
}

#[test]
fn a_promise_about_a_known_event_reaches_the_log() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut writer = writer(&home);
    let log_bytes = || {
        let log = connection::beside(&home.path().join("kukuri.db"), "-wal");
        log.metadata().expect("a log").len()
    };
    let events = contract::events(1);
    store(&mut writer, events.clone(), Origin::Peer);
    let before = log_bytes();
    store(&mut writer, events.clone(), Origin::Peer);
    assert_eq!(log_bytes(), before, "nothing changed, nothing is written");
    store(&mut writer, events, Origin::Local);
    assert!(
        log_bytes() > before,
        "a commit without a write would not be synced"
    );
}

#[test]
fn a_failed_group_leaves_nothing_and_fails_for_every_caller() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let writer = writer(&home);
    let pages = sql::integer(conn(&writer), "PRAGMA page_count").expect("a number");
    let full = format!("PRAGMA max_page_count = {}", pages + 1);
    execute(&writer, &full);
    let events = contract::events(300);

    let (sender, jobs) = mpsc::channel();
    let mut outcomes = Vec::new();
    for chunk in events.chunks(100) {
        let (job, outcome) = job(commit(chunk.to_vec(), Origin::Local));
        sender.send(job).expect("taken");
        outcomes.push(outcome);
    }
    drop(sender);
    let path = writer.access.path.clone();
    run(setup(path, writer.access.conn.expect("connected")), &jobs).expect("finished");
    for outcome in outcomes {
        let failed = outcome.blocking_recv().expect("answered");
        assert!(matches!(failed, Err(StoreError::DiskFull(_))));
    }
}

#[test]
fn after_a_failure_the_next_group_succeeds() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut writer = writer(&home);
    let events = contract::events(300);
    store(&mut writer, events[..1].to_vec(), Origin::Peer);
    let pages = sql::integer(conn(&writer), "PRAGMA page_count").expect("a number");
    let full = format!("PRAGMA max_page_count = {}", pages + 1);
    execute(&writer, &full);

    assert!(
        writer
            .commit(&[commit(events.clone(), Origin::Local)])
            .is_err()
    );
    // The limit went with the connection, as when a disk has room again.
    let written = writer
        .commit(&[commit(events.clone(), Origin::Local)])
        .expect("commit");
    let [Written::Commits(commits)] = &written[..] else {
        panic!("one outcome")
    };
    let new: Vec<bool> = commits.iter().map(|c| c.is_new).collect();
    assert!(
        !new[0] && new[1..].iter().all(|n| *n),
        "nothing of the failed group was stored"
    );
    assert_eq!(stored(&writer), 300);
}

#[test]
fn posts_whose_place_is_taken_get_the_next_ones() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut writer = writer(&home);
    let events = contract::events(2);
    store(&mut writer, events.clone(), Origin::Peer);
    assert_eq!(writer.unindexed, 2);
    let places: Vec<i64> = events
        .iter()
        .map(|e| crate::terms::place(&e.order()))
        .collect();
    let taken = format!(
        "INSERT INTO indexed (place, topic, id) VALUES ({0}, x'00', x'00'), ({0} + 1, x'00', x'00')",
        places[0]
    );
    execute(&writer, &taken);
    assert_eq!(writer.try_index().expect("indexed"), 2);
    let sql = format!(
        "SELECT COUNT(*) FROM indexed i JOIN terms t ON t.rowid = i.place
         WHERE i.place IN ({} + 2, {}) AND t.terms MATCH '\"event\"'",
        places[0], places[1]
    );
    let found = sql::integer(conn(&writer), &sql);
    assert_eq!(found.expect("countable"), 2);
    assert_eq!(writer.try_index().expect("nothing waits"), 0);
}

#[test]
fn an_index_that_cannot_be_written_keeps_nobody_from_posting() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut writer = writer(&home);
    let events = contract::events(2);
    store(&mut writer, events[..1].to_vec(), Origin::Peer);
    let broken = "ALTER TABLE indexed RENAME TO elsewhere";
    execute(&writer, broken);
    writer.index();
    assert_eq!(writer.unindexed, 0, "it is not tried again and again");
    store(&mut writer, events[1..].to_vec(), Origin::Local);
    assert_eq!((stored(&writer), writer.unindexed), (2, 1));
}

#[test]
fn batches_whose_texts_are_split_ahead_lose_and_repeat_nothing() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut writer = writer(&home);
    let events = contract::events(3 * index::BATCH as u64 + 5);
    let (first, later) = events.split_at(3 * index::BATCH);
    store(&mut writer, first.to_vec(), Origin::Peer);
    writer.index();
    assert!(writer.splitting.is_some(), "the second batch was prepared");
    store(&mut writer, later.to_vec(), Origin::Peer);

    // An error undoes the second batch, and what was prepared goes with it.
    let rename = |from, to| format!("ALTER TABLE {from} RENAME TO {to}");
    execute(&writer, &rename("indexed", "elsewhere"));
    writer.index();
    assert!(writer.splitting.is_none());
    writer
        .access
        .begin(true)
        .expect("connects")
        .rollback()
        .expect("nothing to undo");
    execute(&writer, &rename("elsewhere", "indexed"));

    writer.look_around();
    let mut batches = Vec::new();
    while writer.unindexed > 0 {
        let before = unindexed(&writer);
        writer.index();
        batches.push(before - unindexed(&writer));
    }
    let full = index::BATCH as i64;
    assert_eq!(batches, [full, full, 5]);
    let sql = "SELECT COUNT(*) FROM indexed i JOIN terms t ON t.rowid = i.place
         WHERE t.terms MATCH '\"event\"'";
    let found = sql::integer(conn(&writer), sql);
    assert_eq!(found.expect("countable"), events.len() as i64);
}

fn unindexed(writer: &Writer) -> i64 {
    let sql = "SELECT COUNT(*) FROM unindexed";
    sql::integer(conn(writer), sql).expect("countable")
}
