//! `kukuri kv`: the same answers through a running node and without one, byte for byte.

use std::{
    fs,
    io::Write as _,
    process::{Command, Output},
};

use kukuri_domain::{EntryKey, EntryValue, Hlc, event::Draft};
use serde_json::{Value, json};

use crate::{
    commands::Scene,
    conversation::{BASE, Strangers, lobby},
    program::{Home, piped, run},
};

/// A joined topic, through a node and without one.
pub fn joined() -> [Scene; 2] {
    let scenes = Scene::both();
    for scene in &scenes {
        scene.json(&["topic", "join", "lobby"]);
    }
    scenes
}

/// Stores a value, and waits for nobody.
#[track_caller]
pub fn put(scene: &Scene, key: &str, value: &str) -> Value {
    scene.json(&["kv", "put", "lobby", "--wait", "0", "--", key, value])
}

/// What a command prints, byte for byte, for this input.
fn output(mut command: Command, input: &[u8]) -> Output {
    let mut child = piped(&mut command);
    let mut stdin = child.stdin.take().expect("piped");
    // A command that does not read is judged by what it said.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// How others name this node.
pub fn peer_of(scene: &Scene) -> String {
    let status = scene.json(&["status"]);
    let id = status["peer_id"].as_str().expect("an id");
    let address = status["addresses"][0].as_str().expect("an address");
    format!("{id}@{address}")
}

fn keys(listed: &Value) -> Vec<&str> {
    let entries = listed["entries"].as_array().expect("a list");
    let keys = entries.iter().map(|entry| entry["key"].as_str());
    keys.map(|key| key.expect("a key")).collect()
}

#[test]
fn a_value_comes_back_byte_for_byte_from_an_argument_a_file_and_standard_input() {
    let odd: Vec<u8> = (0..=255).collect();
    let values: [&[u8]; 5] = [
        b"indigo",
        b"",
        b"two\nlines\r\n\n",
        "猫\u{202e}".as_bytes(),
        &odd,
    ];
    for scene in joined() {
        for (number, value) in values.into_iter().enumerate() {
            let file = scene.home.beside("value");
            fs::write(&file, value).expect("written");
            let file = file.display().to_string();
            let (by_file, by_pipe) = (format!("file/{number}"), format!("pipe/{number}"));
            let args = [
                "kv", "put", "lobby", &by_file, "--file", &file, "--wait", "0",
            ];
            scene.run(&args).check(0, &[]);
            let ways: [&[&str]; 3] = [&["-"], &[], &["--file", "-"]];
            for way in ways {
                let key = &format!("{by_pipe}{}", way.concat());
                let mut args = vec!["kv", "put", "lobby", "--wait", "0", key];
                args.extend(way);
                let said = output(scene.home.kukuri(&args), value);
                assert_eq!(said.status.code(), Some(0), "{said:?}");
                let said = output(scene.home.kukuri(&["kv", "get", "lobby", key]), b"");
                assert_eq!(said.stdout, value, "{key}");
            }
            let said = output(scene.home.kukuri(&["kv", "get", "lobby", &by_file]), b"");
            assert_eq!(said.stdout, value, "{by_file}");
        }
        let got = scene.json(&["kv", "get", "lobby", "file/0"]);
        assert_eq!(got["topic"], "lobby");
        assert_eq!(got["key"], "file/0");
        assert_eq!(got["value"], "indigo");
        assert_eq!(got["outcome"], "won");
        assert_eq!(got["revision"].as_str().map(str::len), Some(64));
        assert!(got["author"]["npub"].is_string(), "{got}");
        assert!(got["clock"]["ms"].is_number() && got["clock"]["counter"].is_number());
        let at = got["written_at"].as_str().expect("a time");
        assert!(at.ends_with('Z'), "{got}");
        let got = scene.json(&["kv", "get", "lobby", "file/4"]);
        assert_eq!(got["value"], Value::Null);
        let base64 = got["value_base64"].as_str().expect("base64");
        assert!(base64.starts_with("AAECAwQ"), "{got}");
    }
}

#[test]
fn keys_and_values_have_their_limits() {
    for scene in joined() {
        let longest = "猫".repeat(85) + "!";
        assert_eq!(longest.len(), 256);
        put(&scene, &longest, "x");
        assert_eq!(scene.json(&["kv", "get", "lobby", &longest])["value"], "x");
        let error = scene.error(&["kv", "put", "lobby", &"k".repeat(257), "x"], 9);
        assert_eq!(error["code"], "too_long");
        assert!(error["message"].as_str().expect("words").contains("257"));
        let error = scene.error(&["kv", "put", "lobby", "", "x"], 9);
        assert_eq!(error["code"], "empty");

        let put = |bytes: usize| {
            let args = ["--json", "kv", "put", "lobby", "big", "-", "--wait", "0"];
            run(&mut scene.home.kukuri(&args), &"x".repeat(bytes))
        };
        put(64 * 1024).check(0, &[]);
        put(64 * 1024 + 1).check(9, &["\"code\":\"too_long\"", "65536"]);
        let file = scene.home.beside("big");
        fs::write(&file, vec![0xff; 64 * 1024 + 1]).expect("written");
        let args = [
            "kv",
            "put",
            "lobby",
            "big",
            "--file",
            &file.display().to_string(),
        ];
        let error = scene.error(&args, 9);
        let message = error["message"].as_str().expect("words");
        assert!(
            message.ends_with(&format!("{} has more", file.display())),
            "{error}"
        );
        fs::write(&file, vec![0xff; 64 * 1024]).expect("written");
        scene
            .run(&[&args[..], &["--wait", "0"]].concat())
            .check(0, &[]);
        let said = output(scene.home.kukuri(&["kv", "get", "lobby", "big"]), b"");
        assert_eq!(said.stdout, vec![0xff; 64 * 1024]);
        let error = scene.error(&["kv", "put", "lobby", "a", "--file", "/no/such"], 8);
        assert_eq!(error["code"], "not_found");
    }
}

#[test]
fn odd_keys_and_values_are_shown_as_what_they_are() {
    let odd = [
        "a b",
        "-x",
        "it's \"quoted\"",
        "back\\slash",
        "tab\tand\nline",
        "\u{1b}[2J",
        "bidi\u{202e}x",
        "👩‍👩‍👧",
        "明日",
        "=",
        "#",
    ];
    for scene in joined() {
        for key in odd {
            put(&scene, key, key);
            let got = scene.json(&["kv", "get", "lobby", "--", key]);
            assert_eq!((&got["key"], &got["value"]), (&json!(key), &json!(key)));
        }
        let listed = scene.json(&["kv", "list", "lobby"]);
        let mut sorted = odd.to_vec();
        sorted.sort_unstable();
        assert_eq!(keys(&listed), sorted, "by their bytes");
        let words = scene.run(&["kv", "list", "lobby"]);
        words.check(0, &[]);
        for part in [
            r#""\u{1b}[2J""#,
            r#""bidi\u{202e}x""#,
            r#""tab\tand\nline""#,
            r#""it's \"quoted\"""#,
            "明日",
            "👩‍👩‍👧",
        ] {
            assert!(words.out.contains(part), "{part}: {words:#?}");
        }
        assert!(!words.out.contains(['\u{1b}', '\u{202e}']), "{words:#?}");
        assert_eq!(words.out.lines().count(), odd.len() + 1, "{words:#?}");
        let why = scene.run(&["kv", "why", "lobby", "--", "\u{1b}[2J"]);
        why.check(0, &[]);
        assert!(!why.out.contains('\u{1b}'), "{why:#?}");
    }
}

#[test]
fn a_write_may_depend_on_what_counts_here() {
    for scene in joined() {
        let write = |value: &str, revision: &str| {
            let args = [
                "kv",
                "put",
                "lobby",
                "a",
                value,
                "--wait",
                "0",
                "--if-revision",
            ];
            [&args[..], &[revision]]
                .concat()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let run =
            |args: Vec<String>| scene.json(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let fails = |args: Vec<String>| {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let error = scene.error(&args, 9);
            assert_eq!(error["code"], "conflict", "{error}");
            error
        };
        let first = run(write("1", "none"));
        let first = first["revision"].as_str().expect("a revision");
        let error = fails(write("2", "none"));
        assert!(
            error["message"]
                .as_str()
                .expect("words")
                .contains(&first[..8])
        );
        let second = run(write("2", &first[..8]));
        fails(write("3", first));
        let second = second["revision"].as_str().expect("a revision");
        let delete = ["kv", "delete", "lobby", "a", "--wait", "0", "--if-revision"];
        let error = scene.error(&[&delete[..], &[first]].concat(), 9);
        assert_eq!(error["code"], "conflict");
        let deleted = scene.json(&[&delete[..], &[second]].concat());
        assert_eq!(deleted["outcome"], "deleted");
        fails(write("4", second));
        run(write("4", "none"));
        scene.error(&["kv", "put", "lobby", "a", "5", "--if-revision", "3fa"], 2);
    }
}

#[test]
fn what_is_deleted_or_over_is_not_there() {
    for scene in joined() {
        put(&scene, "a", "1");
        let deleted = scene.run(&["kv", "delete", "lobby", "a", "--wait", "0"]);
        deleted.check(0, &[]);
        assert!(
            deleted.out.starts_with("a is deleted, by revision "),
            "{deleted:#?}"
        );
        for args in [
            &["kv", "get", "lobby", "a"][..],
            &["kv", "delete", "lobby", "a"],
        ] {
            assert_eq!(scene.error(args, 8)["code"], "no_entry", "{args:?}");
        }
        assert_eq!(keys(&scene.json(&["kv", "list", "lobby"])), [""; 0]);
        let args = [
            "kv", "put", "lobby", "short", "x", "--ttl", "1s", "--wait", "0",
        ];
        let short = scene.json(&args);
        assert!(short["expires_at"].is_string(), "{short}");
        let long = [
            "kv", "put", "lobby", "long", "x", "--ttl", "30d", "--wait", "0",
        ];
        scene.json(&long);
        wait_until(|| scene.run(&["kv", "get", "lobby", "short"]).code == Some(8));
        assert_eq!(keys(&scene.json(&["kv", "list", "lobby"])), ["long"]);
        let why = scene.run(&["kv", "why", "lobby", "short"]);
        assert!(why.out.starts_with("short = \"x\" (expired "), "{why:#?}");
        let why = scene.run(&["kv", "why", "lobby", "a"]);
        assert!(why.out.starts_with("a (deleted)"), "{why:#?}");
        scene.error(&["kv", "put", "lobby", "a", "x", "--ttl", "soon"], 2);
        for command in ["history", "why", "get"] {
            assert_eq!(
                scene.error(&["kv", command, "lobby", "never"], 8)["code"],
                "no_entry"
            );
        }
        assert_eq!(
            scene.error(&["kv", "get", "nowhere", "a"], 8)["code"],
            "not_joined"
        );
    }
}

fn wait_until(is_so: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + crate::program::PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "it never was so");
    }
}

#[test]
fn a_list_is_read_page_by_page_and_by_its_beginning() {
    for scene in joined() {
        for key in ["a/1", "a/2", "a/3", "b/1", "猫"] {
            put(&scene, key, "x");
        }
        let listed = scene.json(&["kv", "list", "lobby", "--limit", "2"]);
        assert_eq!(listed["topic"], "lobby");
        assert_eq!(keys(&listed), ["a/1", "a/2"]);
        assert_eq!(listed["next"], "a/2");
        let listed = scene.json(&["kv", "list", "lobby", "a/", "--after", "a/2"]);
        assert_eq!(keys(&listed), ["a/3"]);
        assert_eq!(listed["next"], Value::Null);
        assert_eq!(keys(&scene.json(&["kv", "list", "lobby", "猫"])), ["猫"]);
        let words = scene.run(&["kv", "list", "lobby", "--limit", "3"]);
        words.check(0, &["there are more: --after a/3"]);
        let whole = scene.run(&["kv", "list", "lobby", "a/", "--limit", "3"]);
        assert!(!whole.err.contains("there are more"), "{whole:#?}");
        let none = scene.run(&["kv", "list", "lobby", "z"]);
        none.check(0, &["no such entries in #lobby"]);
        scene.error(&["kv", "list", "lobby", "--limit", "0"], 2);
    }
}

/// Writes of strangers to one key, whose clocks are in the past.
fn contested() -> Strangers {
    let mut strangers = Strangers::new();
    strangers.name(1, "aoi");
    strangers.name(2, "taro");
    let key = EntryKey::new("config/colour").expect("a key");
    let mut write = |who: u8, text: Option<&str>, ms: u64, counter: u32| {
        let value = text.map(|text| EntryValue::new(text.into()).expect("a value"));
        let clock = Hlc {
            ms: BASE.0 + ms,
            counter,
        };
        let draft = Draft::entry(&lobby(), &key, value.as_ref(), clock, None);
        strangers.say(who, draft);
    };
    write(1, Some("indigo"), 10_024, 1);
    write(2, Some("teal"), 10_000, 2);
    write(2, None, 9_000, 0);
    write(2, Some("red"), 10_024, 0);
    strangers
}

#[test]
fn history_and_why_tell_who_won_and_what_lost_by_what() {
    for scene in contested().scenes() {
        let why = scene.json(&["kv", "why", "lobby", "config/colour"]);
        assert_eq!(
            (&why["topic"], &why["key"]),
            (&json!("lobby"), &json!("config/colour"))
        );
        let writes = why["why"].as_array().expect("a list");
        let told: Vec<_> = writes
            .iter()
            .map(|write| {
                (
                    &write["value"],
                    &write["outcome"],
                    &write["lost_by"],
                    &write["older_ms"],
                )
            })
            .collect();
        let none = &Value::Null;
        assert_eq!(
            told,
            [
                (&json!("indigo"), &json!("won"), none, none),
                (&json!("red"), &json!("lost"), &json!("counter"), none),
                (&json!("teal"), &json!("lost"), &json!("clock"), &json!(24)),
                (none, &json!("lost"), &json!("clock"), &json!(1_024)),
            ]
        );
        let words = scene.run(&["kv", "why", "lobby", "config/colour"]);
        words.check(0, &[]);
        let lines: Vec<&str> = words.out.lines().collect();
        assert!(
            lines[0].starts_with("config/colour = \"indigo\"  "),
            "{words:#?}"
        );
        assert!(
            lines[0].ends_with("by aoi, 2023-11-14 22:13:30.024 +1"),
            "{words:#?}"
        );
        assert!(lines[1].starts_with("  lost: \"red\" "), "{words:#?}");
        assert!(
            lines[1].ends_with("same millisecond, lower counter"),
            "{words:#?}"
        );
        assert!(lines[2].contains("by taro, 22:13:30.000 +2"), "{words:#?}");
        assert!(lines[2].ends_with("24 ms older"), "{words:#?}");
        assert!(lines[3].starts_with("  lost: (deleted)"), "{words:#?}");

        let history = scene.json(&["kv", "history", "lobby", "config/colour", "--limit", "2"]);
        let writes = history["history"].as_array().expect("a list");
        assert_eq!(writes.len(), 2);
        assert_eq!(writes[0]["value"], "indigo");
        let words = scene.run(&["kv", "history", "lobby", "config/colour"]);
        words.check(0, &[]);
        assert!(words.out.starts_with("revision  value"), "{words:#?}");
        assert_eq!(words.out.lines().count(), 5, "{words:#?}");

        // An own write comes after all that were seen, and says why.
        put(&scene, "config/colour", "green");
        let why = scene.run(&["kv", "why", "lobby", "config/colour"]);
        assert!(why.out.starts_with("config/colour = \"green\""), "{why:#?}");
        assert!(why.out.contains("by you, "), "{why:#?}");
    }
}

#[test]
fn what_is_put_without_a_node_reaches_who_knows_this_one() {
    let (first, second) = (Scene::with_node(), Home::new());
    first.json(&["topic", "join", "lobby"]);
    let peer = peer_of(&first);
    run(&mut second.kukuri(&["topic", "join", "lobby"]), "").check(0, &[]);
    let mut command = second.kukuri(&["--json", "kv", "put", "lobby", "a", "1", "--wait", "60"]);
    let said = run(command.env("KUKURI_NETWORK__PEERS", &peer), "");
    said.check(0, &[]);
    let written: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(written["state"]["held_by"], 1, "{written}");
    let got = first.json(&["kv", "get", "lobby", "a"]);
    assert_eq!(
        (&got["value"], &got["revision"]),
        (&json!("1"), &written["revision"])
    );
}
