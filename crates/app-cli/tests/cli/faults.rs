//! A node that is killed, a network without names, input that is no text.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use kukuri_infra_db::{Database, OpenOptions};
use kukuri_node::platform::SystemClock;
use rustix::process::Signal;
use serde_json::Value;

use crate::program::{Home, PATIENCE, Running, run};

/// Processes that post at the same time.
const CLIENTS: usize = 4;

/// Posts that were acknowledged when the node is killed, at least.
const ACKNOWLEDGED_MIN: usize = 24;

/// How much longer a start may take that finds what a killed node left behind: less than the time
/// that a command waits for a profile in use.
const LEFT_BEHIND_COST_MAX: Duration = Duration::from_secs(4);

fn up(home: &Home) -> (Running, Duration) {
    let started = Instant::now();
    let mut node = Running::start(&mut home.kukuri(&["up"]));
    node.wait_for("Ctrl-C stops the node");
    (node, started.elapsed())
}

/// Posts one after the other until the node is gone; every text whose command ended with 0 is
/// noted.
fn post_until_the_end(home: &Home, client: usize, is_over: &AtomicBool, done: &Mutex<Vec<String>>) {
    for number in 0.. {
        if is_over.load(Ordering::Acquire) {
            return;
        }
        let text = format!("client {client} post {number}");
        let args = ["--json", "post", "lobby", &text, "--wait", "0"];
        let said = run(&mut home.kukuri(&args), "");
        if said.code == Some(0) {
            done.lock().expect("no panic").push(text);
        }
    }
}

#[track_caller]
fn check_integrity(home: &Home) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let path = home.path().join("kukuri.db");
        let clock = Arc::new(SystemClock::start());
        let database = Database::open(&path, OpenOptions::default(), clock).await;
        let database = database.expect("it opens");
        database.check_integrity().await.expect("sound");
        kukuri_application::ports::EventStore::close(&database)
            .await
            .expect("closed");
    });
}

#[test]
fn a_node_that_is_killed_loses_nothing_that_it_acknowledged() {
    let home = Home::new();
    run(&mut home.kukuri(&["topic", "join", "lobby"]), "").check(0, &[]);
    let (node, _) = up(&home);
    let is_over = AtomicBool::new(false);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (home, is_over, done) = (&home, &is_over, &done);
            scope.spawn(move || post_until_the_end(home, client, is_over, done));
        }
        let deadline = Instant::now() + PATIENCE;
        while done.lock().expect("no panic").len() < ACKNOWLEDGED_MIN && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        // What is under way is the last; a client that comes too late posts by itself.
        is_over.store(true, Ordering::Release);
        node.signal(Signal::KILL);
    });
    let killed = node.end();
    assert_eq!(killed.code, None, "killed and not ended: {killed:#?}");
    let acknowledged = done.into_inner().expect("no panic");
    assert!(acknowledged.len() >= ACKNOWLEDGED_MIN, "{acknowledged:?}");
    check_integrity(&home);

    let (node, _) = up(&home);
    let said = run(
        &mut home.kukuri(&["--json", "read", "lobby", "--limit", "1000"]),
        "",
    );
    said.check(0, &[]);
    let page: Value = serde_json::from_str(&said.out).expect("JSON");
    let posts = page["posts"].as_array().expect("a list");
    let stored: HashSet<&str> = posts
        .iter()
        .filter_map(|post| post["event"]["content"].as_str())
        .collect();
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|text| !stored.contains(text.as_str()))
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    node.signal(Signal::INT);
    node.end().check(0, &[]);
}

#[test]
fn what_a_killed_node_leaves_behind_holds_up_nobody() {
    let home = Home::new();
    run(&mut home.kukuri(&["topic", "join", "lobby"]), "").check(0, &[]);
    let (node, first_start) = up(&home);
    node.signal(Signal::KILL);
    node.end();
    for left in ["control.sock", "lock"] {
        assert!(home.path().join(left).exists(), "{left} is left behind");
    }
    let (node, next_start) = up(&home);
    assert!(
        next_start < first_start + LEFT_BEHIND_COST_MAX,
        "{next_start:?} instead of {first_start:?}"
    );
    run(&mut home.kukuri(&["post", "lobby", "again"]), "").check(0, &[]);
    node.signal(Signal::INT);
    node.end().check(0, &[]);
}
