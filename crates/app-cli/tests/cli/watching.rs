//! `kukuri kv watch`.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::Stdio,
    sync::mpsc,
};

use serde_json::{Value, json};

use crate::{
    commands::Scene,
    entries::put,
    program::{PATIENCE, Running, run, through_shell},
};

#[test]
fn what_is_watched_is_told_line_by_line() {
    let scene = Scene::with_node();
    scene.json(&["topic", "join", "lobby"]);
    put(&scene, "config/colour", "indigo");
    put(&scene, "other", "x");
    let mut words = Running::start(&mut scene.home.kukuri(&["kv", "watch", "lobby", "--current"]));
    words.wait_for("config/colour = \"indigo\"  by you");
    words.wait_for("other = \"x\"  by you");
    let args = ["--json", "kv", "watch", "lobby", "config/", "--current"];
    let mut watch = Running::start(&mut scene.home.kukuri(&args));
    let line = |line: String| serde_json::from_str::<Value>(&line).expect("JSON");
    let first = line(watch.wait_for("config/colour"));
    assert_eq!(
        (&first["type"], &first["topic"], &first["value"]),
        (&json!("entry"), &json!("lobby"), &json!("indigo"))
    );
    put(&scene, "other", "y");
    put(&scene, "config/size", "7");
    let next = line(watch.wait_for("\"type\""));
    assert_eq!(
        next["key"], "config/size",
        "what does not begin so is left out"
    );
    let args = [
        "kv",
        "put",
        "lobby",
        "config/brief",
        "x",
        "--ttl",
        "1s",
        "--wait",
        "0",
    ];
    scene.json(&args);
    assert_eq!(line(watch.wait_for("config/brief"))["outcome"], "won");
    let over = line(watch.wait_for("config/brief"));
    assert_eq!(
        (&over["outcome"], &over["value"]),
        (&json!("deleted"), &json!("x"))
    );
    scene.json(&["kv", "delete", "lobby", "config/size", "--wait", "0"]);
    let gone = line(watch.wait_for("\"type\""));
    assert_eq!(
        (&gone["key"], &gone["outcome"]),
        (&json!("config/size"), &json!("deleted"))
    );
    assert_eq!(gone["value"], Value::Null);
    for part in [
        "other = \"y\"  by you",
        "config/size = \"7\"",
        "config/brief = \"x\"",
        "config/brief has expired, written by you",
        "config/size was deleted by you",
    ] {
        words.wait_for(part);
    }
    #[cfg(unix)]
    {
        words.signal(rustix::process::Signal::INT);
        words.end().check(130, &[]);
    }
    scene.json(&["topic", "leave", "lobby"]);
    assert_eq!(line(watch.wait_for("\"type\""))["type"], "topic_left");
    watch.end().check(1, &["not watched any more"]);
}

#[test]
fn without_current_only_what_changes_is_told() {
    let scene = Scene::with_node();
    scene.json(&["topic", "join", "lobby"]);
    put(&scene, "old", "1");
    let with_errors = "exec \"$0\" \"$@\" 2>&1";
    let command = scene.home.kukuri(&["kv", "watch", "lobby"]);
    let mut watch = Running::start(&mut through_shell(&command, with_errors));
    let first = watch.wait_for("");
    assert_eq!(first, "watching #lobby, 1 entry now; Ctrl-C ends it");
    put(&scene, "new", "2");
    assert!(watch.wait_for("").contains("new = \"2\"  by you"));
}

#[test]
fn whoever_reads_too_slowly_still_learns_what_every_key_holds() {
    let scene = Scene::with_node();
    scene.json(&["topic", "join", "lobby"]);
    put(&scene, "first", "0");
    let mut command = scene
        .home
        .kukuri(&["--json", "kv", "watch", "lobby", "--current"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("it goes on").expect("readable");
    assert!(first.contains("\"first\""), "{first}");
    // Nobody reads, while far more comes than the pipe and the queues before it hold.
    const KEYS: usize = 1_500;
    for round in ["1", "2"] {
        let lines = (0..KEYS).map(|n| {
            let value = round.repeat(500);
            json!({ "key": format!("k/{n}"), "value": value }).to_string()
        });
        let input = lines.collect::<Vec<_>>().join("\n");
        let args = ["kv", "import", "lobby", "--wait", "0"];
        run(&mut scene.home.kukuri(&args), &input).check(0, &[]);
    }
    scene.json(&["kv", "delete", "lobby", "first", "--wait", "0"]);
    put(&scene, "zz/end", "0");
    let (sender, read) = mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            // The test is over.
            let _ = sender.send(line);
        }
    });
    let next = || {
        let line = read.recv_timeout(PATIENCE).expect("it goes on");
        serde_json::from_str::<Value>(&line).expect("JSON")
    };
    let (mut held, mut clocks) = (BTreeMap::new(), BTreeMap::new());
    while !held.contains_key("zz/end") || held.len() < KEYS + 2 {
        let entry = next();
        let key = entry["key"].as_str().expect("a key").to_owned();
        let clock = (
            entry["clock"]["ms"].as_u64(),
            entry["clock"]["counter"].as_u64(),
        );
        let before = clocks.insert(key.clone(), clock);
        assert!(before.is_none_or(|before| before < clock), "{entry}");
        held.insert(key, entry["value"].as_str().map(str::to_owned));
    }
    // What comes after it are at most the greater writes of keys that were told with their first.
    while held.values().flatten().any(|value| value.starts_with('1')) {
        let entry = next();
        let key = entry["key"].as_str().expect("a key").to_owned();
        held.insert(key, entry["value"].as_str().map(str::to_owned));
    }
    assert_eq!(held["first"], None, "it was deleted meanwhile");
    child.kill().expect("it runs");
    child.wait().expect("it ended");
}
