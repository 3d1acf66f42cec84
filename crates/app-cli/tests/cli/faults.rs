//! A node that is killed, a network without names, input that is no text.

use std::{
    collections::HashSet,
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;

use crate::program::{Home, PATIENCE, Running, Said, check_integrity, run};

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
    check_integrity(&home.path());

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

#[test]
fn arguments_that_are_no_text_are_wrong_usage() {
    let bad = OsStr::from_bytes(b"caf\xe9");
    for before in [&["join"][..], &["post", "lobby"], &["search"], &["--set"]] {
        for json in [&[][..], &["--json"]] {
            let home = Home::new();
            let mut command = home.kukuri(json);
            let said = run(command.args(before).arg(bad), "");
            said.check(2, &["UTF-8"]);
            assert!(!home.path().exists(), "{before:?} made something");
        }
    }
}

/// Runs a program to its end with these bytes as its standard input.
fn run_with_bytes(command: &mut Command, input: &[u8]) -> Said {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), input).expect("written");
    let input = std::fs::File::open(file.path()).expect("there");
    let ended = command.stdin(input).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes text");
    Said {
        code: ended.status.code(),
        out: text(ended.stdout),
        err: text(ended.stderr),
    }
}

#[test]
fn input_that_is_no_text_is_refused_with_its_place() {
    let home = Home::new();
    run(&mut home.kukuri(&["topic", "join", "lobby"]), "").check(0, &[]);
    let mut post = home.kukuri(&["post", "lobby", "-", "--wait", "0"]);
    run_with_bytes(&mut post, b"caf\xe9").check(2, &["not UTF-8 at byte 3", "  do: "]);
    let read = run(&mut home.kukuri(&["--json", "read", "lobby"]), "");
    assert!(read.out.contains("\"posts\":[]"), "{read:#?}");

    let said = run_with_bytes(
        &mut home.kukuri(&["join", "lobby"]),
        // No letter that an id could have.
        b"one\nzzz\xe9\nthree\n",
    );
    let refused = "line 2 of standard input is not UTF-8 at byte 3";
    said.check(9, &[refused, "  do: ", "1 line could not be posted"]);
    let read = run(&mut home.kukuri(&["read", "lobby"]), "");
    let has = |text| read.out.contains(text);
    assert!(has("one") && has("three") && !has("zzz"), "{read:#?}");
}

#[test]
fn a_line_of_ten_megabytes_is_refused_and_the_next_one_posted() {
    let home = Home::new();
    let mut input = vec![b'x'; 10_000_000];
    input.extend_from_slice(b"\nafter\n");
    let said = run_with_bytes(&mut home.kukuri(&["join", "lobby"]), &input);
    said.check(9, &["at most 131072", "1 line could not be posted"]);
    assert!(said.out.contains("after"), "{} bytes", said.out.len());
    assert!(said.out.len() < 10_000, "{} bytes", said.out.len());
}

/// The same command on a machine with nothing but a loopback interface, and so without names.
#[cfg(target_os = "linux")]
fn without_names(command: &Command) -> Command {
    let mut inside = Command::new("unshare");
    let script = "ip link set lo up && exec \"$@\"";
    inside.args(["--net", "sh", "-c", script, "sh"]);
    inside.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => inside.env(name, value),
            None => inside.env_remove(name),
        };
    }
    inside
}

#[test]
#[cfg(target_os = "linux")]
fn netns_without_names_the_node_runs_and_explain_says_so() {
    if std::env::var_os("KUKURI_TEST_NETNS").is_none_or(|value| value != "1") {
        return;
    }
    let home = Home::new();
    run(&mut home.kukuri(&["topic", "join", "lobby"]), "").check(0, &[]);
    let mut command = home.kukuri(&["up"]);
    command
        .env("KUKURI_DISCOVERY__DHT__ENABLED", "true")
        .env("KUKURI_DISCOVERY__DHT__BOOTSTRAP", "dht.example:6881");
    let mut node = Running::start(&mut without_names(&command));
    node.wait_for("Ctrl-C stops the node");
    run(&mut home.kukuri(&["post", "lobby", "hello"]), "").check(0, &[]);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = run(&mut home.kukuri(&["explain", "lobby"]), "");
        said.check(0, &[]);
        if said.out.contains("failed to resolve dht.example:6881") {
            break;
        }
        assert!(Instant::now() < deadline, "{said:#?}");
    }
    node.signal(Signal::INT);
    node.end().check(0, &[]);
}
