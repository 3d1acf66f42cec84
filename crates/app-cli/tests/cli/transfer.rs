//! `kukuri kv export` and `kukuri kv import`.

use std::{fs, time::Instant};

use serde_json::{Value, json};

use crate::{
    entries::{joined, put},
    program::{PATIENCE, Running, Said, run},
};

fn import_of(scene: &crate::commands::Scene, input: &str) -> Said {
    let args = ["--json", "kv", "import", "lobby", "-", "--wait", "0"];
    run(&mut scene.home.kukuri(&args), input)
}

#[track_caller]
fn counts(said: &Said) -> (Value, Value, Value) {
    said.check(0, &[]);
    let form: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(
        (&form["topic"], &form["left"]),
        (&json!("lobby"), &json!(0))
    );
    (
        form["written"].clone(),
        form["unchanged"].clone(),
        form["expired"].clone(),
    )
}

#[test]
fn what_is_exported_is_imported_the_same() {
    let [from, through_node] = joined();
    let [without, _] = joined();
    for (key, value) in [("a", "1"), ("b c", "two\nlines"), ("猫", "")] {
        put(&from, key, value);
    }
    let bytes = from.home.beside("bytes");
    fs::write(&bytes, [0xff, 0, 0x1b]).expect("written");
    let args = [
        "kv", "put", "lobby", "bytes", "--wait", "0", "--ttl", "30d", "--file",
    ];
    let path = bytes.display().to_string();
    from.json(&[&args[..], &[&path]].concat());
    put(&from, "gone", "x");
    from.json(&["kv", "delete", "lobby", "gone", "--wait", "0"]);
    let exported = from.run(&["kv", "export", "lobby"]);
    exported.check(0, &[]);
    let lines: Vec<Value> = exported
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 4, "{exported:#?}");
    assert_eq!(lines[0]["key"], "a");
    assert_eq!(lines[0]["topic"], "lobby");
    let one = from.run(&["kv", "export", "lobby", "b"]);
    assert_eq!(one.out.lines().count(), 2, "{one:#?}");

    for to in [&through_node, &without] {
        put(to, "a", "1");
        put(to, "b c", "other");
        assert_eq!(
            counts(&import_of(to, &exported.out)),
            (json!(3), json!(1), json!(0))
        );
        assert_eq!(
            counts(&import_of(to, &exported.out)),
            (json!(0), json!(4), json!(0))
        );
        let again = to.run(&["kv", "export", "lobby"]);
        let values = |said: &Said| -> Vec<Value> {
            let lines = said.out.lines();
            let lines = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
            let of = |line: Value| {
                json!([
                    line["key"],
                    line["value"],
                    line["value_base64"],
                    line["expires_at"]
                ])
            };
            lines.map(of).collect()
        };
        assert_eq!(values(&again), values(&exported));
    }
    let file = from.home.beside("entries.jsonl");
    fs::write(&file, &exported.out).expect("written");
    let file = file.display().to_string();
    let said = without.run(&["kv", "import", "lobby", &file, "--wait", "0"]);
    said.check(0, &[]);
    assert_eq!(said.out, "0 written, 4 unchanged");
}

#[test]
fn a_file_with_a_wrong_line_is_not_imported_at_all() {
    for scene in joined() {
        let input = "{\"key\":\"a\",\"value\":\"1\"}\n{\"key\":\"b\"}\nrubbish\n";
        let said = import_of(&scene, input);
        said.check(
            2,
            &["2 lines of standard input are wrong, nothing was written"],
        );
        let said = run(&mut scene.home.kukuri(&["kv", "import", "lobby"]), input);
        said.check(
            2,
            &[
                "line 2: neither 'value' nor 'value_base64'",
                "line 3: expected value, column 1",
            ],
        );
        let listed = scene.json(&["kv", "list", "lobby"]);
        assert_eq!(listed["entries"], json!([]));
        assert_eq!(
            counts(&import_of(&scene, "\n")),
            (json!(0), json!(0), json!(0))
        );
        let error = scene.error(&["kv", "import", "lobby", "/no/such"], 8);
        assert_eq!(error["code"], "not_found");
    }
}

#[test]
fn an_import_of_many_entries_goes_in_batches() {
    for scene in joined() {
        // Each takes 30 kB in JSON: more than one request may have, and more than one may carry.
        let value = "\u{1}".repeat(5_000);
        let mut input = String::new();
        for n in 0..600 {
            let value = if n < 60 { value.as_str() } else { "x" };
            let line = json!({ "key": format!("k/{n:04}"), "value": value });
            input.push_str(&format!("{line}\n"));
        }
        let over = json!({ "key": "over", "value": "x", "expires_at": "2020-01-01T00:00:00Z" });
        input.push_str(&over.to_string());
        assert_eq!(
            counts(&import_of(&scene, &input)),
            (json!(600), json!(0), json!(1))
        );
        assert_eq!(
            counts(&import_of(&scene, &input)),
            (json!(0), json!(600), json!(1))
        );
        let exported = scene.run(&["kv", "export", "lobby", "k/"]);
        assert_eq!(exported.out.lines().count(), 600);
        let listed = scene.json(&["kv", "list", "lobby", "--limit", "1000"]);
        let last = listed["entries"]
            .as_array()
            .expect("a list")
            .last()
            .expect("some");
        assert_eq!(last["key"], "k/0599");
    }
}

#[test]
#[cfg(unix)]
fn an_import_that_is_interrupted_says_how_far_it_came_and_goes_on_later() {
    let [_, scene] = joined();
    let lines =
        (0..20_000).map(|n| json!({ "key": format!("k/{n:05}"), "value": "x" }).to_string());
    let file = scene.home.beside("entries.jsonl");
    fs::write(&file, lines.collect::<Vec<_>>().join("\n")).expect("written");
    let file = file.display().to_string();
    let import = ["--json", "kv", "import", "lobby", &file, "--wait", "0"];
    let running = Running::start(&mut scene.home.kukuri(&import));
    let stored = || {
        scene
            .run(&["kv", "export", "lobby", "k/"])
            .out
            .lines()
            .count()
    };
    let deadline = Instant::now() + PATIENCE;
    while stored() == 0 {
        assert!(Instant::now() < deadline, "nothing was written");
    }
    running.signal(rustix::process::Signal::INT);
    let said = running.end();
    said.check(130, &[]);
    let form: Value = serde_json::from_str(&said.out).expect("JSON");
    let (written, left) = (form["written"].as_u64(), form["left"].as_u64());
    let written = written.expect("a number");
    assert!(written > 0, "{form}");
    assert_eq!(Some(written), left.map(|left| 20_000 - left), "{form}");
    assert_eq!(
        stored() as u64,
        written,
        "what was said to be written is there, and no more"
    );

    // The first lines are left alone, whatever else is to be written.
    let few = fs::read_to_string(&file).expect("text");
    let few = few
        .lines()
        .take(written as usize + 1)
        .collect::<Vec<_>>()
        .join("\n");
    assert_eq!(
        counts(&import_of(&scene, &few)),
        (json!(1), json!(written), json!(0))
    );
}
