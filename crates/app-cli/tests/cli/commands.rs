//! The one-shot commands: the same answers through a running node and without one.

use std::time::Instant;

use serde_json::Value;

use crate::program::{Home, PATIENCE, Running, Said, run, through_shell};

/// A profile whose commands go through a node, or find none.
pub struct Scene {
    pub home: Home,
    pub node: Option<Running>,
}

impl Scene {
    pub fn alone() -> Self {
        Self {
            home: Home::new(),
            node: None,
        }
    }

    pub fn with_node() -> Self {
        Self::with_node_in(Home::new())
    }

    /// A node of the profile in this home.
    pub fn with_node_in(home: Home) -> Self {
        let mut node = Running::start(&mut home.kukuri(&["up"]));
        node.wait_for("Ctrl-C stops the node");
        Self {
            home,
            node: Some(node),
        }
    }

    pub fn both() -> [Self; 2] {
        [Self::alone(), Self::with_node()]
    }

    pub fn has_node(&self) -> bool {
        self.node.is_some()
    }

    pub fn run(&self, args: &[&str]) -> Said {
        run(&mut self.home.kukuri(args), "")
    }

    /// The JSON of a command that succeeds.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend_from_slice(args);
        let said = self.run(&all);
        said.check(0, &[]);
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:#?}"))
    }

    /// The JSON of the error of a command that fails.
    #[track_caller]
    pub fn error(&self, args: &[&str], code: i32) -> Value {
        let mut all = vec!["--json"];
        all.extend_from_slice(args);
        let said = self.run(&all);
        said.check(code, &[]);
        assert_eq!(said.out, "", "{said:#?}");
        let error: Value =
            serde_json::from_str(&said.err).unwrap_or_else(|error| panic!("{error}: {said:#?}"));
        error["error"].clone()
    }
}

#[test]
fn topics_are_joined_listed_shown_and_left() {
    for scene in Scene::both() {
        assert_eq!(scene.json(&["topic", "join", "Lobby"])["name"], "lobby");
        scene.json(&["topic", "join", "#東京"]);
        let listed = scene.json(&["topic", "list"]);
        let names: Vec<&str> = listed["topics"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|topic| topic["name"].as_str())
            .collect();
        assert_eq!(names, ["lobby", "東京"]);
        let shown = scene.json(&["topic", "show", "lobby"]);
        assert_eq!(shown["visibility"], "public");
        assert_eq!(shown["epoch"], 0);
        assert_eq!(shown["posts"], 0);
        assert_eq!(shown["fingerprint"], Value::Null);
        assert_eq!(shown["state"].is_string(), scene.has_node(), "{shown}");
        let id = shown["id"].as_str().expect("an id");
        let by_id = scene.json(&["topic", "show", &format!("id:{}", &id[..8])]);
        assert_eq!(by_id["name"], "lobby");
        assert_eq!(scene.json(&["topic", "leave", "lobby"])["left"], true);
        let error = scene.error(&["topic", "show", "lobby"], 8);
        assert_eq!(error["code"], "not_joined");
        assert_eq!(error["hint"], "join it first: kukuri topic join lobby");
        let listed = scene.json(&["topic", "list"]);
        assert_eq!(listed["topics"].as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn posts_are_stored_read_and_found() {
    for scene in Scene::both() {
        scene.json(&["topic", "join", "lobby"]);
        for text in ["the weave pattern", "明日は東京へ行く", "猫 and dog"] {
            let posted = scene.json(&["post", "lobby", text, "--wait", "0"]);
            assert_eq!(posted["event"]["content"], text);
            assert_eq!(posted["state"]["stored"], true);
            assert_eq!(posted["state"]["sent_to"], 0);
        }
        let page = scene.json(&["read", "lobby", "--limit", "2"]);
        assert_eq!(page["topic"]["name"], "lobby");
        assert_eq!(page["topic"]["posts"], 3);
        let posts = page["posts"].as_array().expect("a list");
        assert_eq!(posts.len(), 2);
        assert_eq!(posts[0]["event"]["content"], "猫 and dog");
        assert!(
            posts[0]["received_at"]
                .as_str()
                .expect("a time")
                .ends_with('Z')
        );
        let author = posts[0]["author"]["npub"].as_str().expect("npub");
        assert!(author.starts_with("npub1"));

        let older = posts[1]["event"]["id"].as_str().expect("an id");
        let before = scene.json(&["read", "lobby", "--before", older]);
        assert_eq!(before["posts"][0]["event"]["content"], "the weave pattern");
        assert_eq!(before["posts"].as_array().map(Vec::len), Some(1));
        let own = scene.json(&["read", "lobby", "--author", author]);
        assert_eq!(own["posts"].as_array().map(Vec::len), Some(3));
        let nobody = "00".repeat(31) + "01";
        let others = scene.json(&["read", "lobby", "--author", &nobody]);
        assert_eq!(others["posts"].as_array().map(Vec::len), Some(0));

        for (words, expected, range) in [
            ("東京", "明日は東京へ行く", [3, 5]),
            ("明日", "明日は東京へ行く", [0, 2]),
            ("猫", "猫 and dog", [0, 1]),
            ("WEAVE", "the weave pattern", [4, 9]),
        ] {
            let found = scene.json(&["search", words]);
            assert_eq!(found["posts"].as_array().map(Vec::len), Some(1), "{words}");
            assert_eq!(found["posts"][0]["event"]["content"], expected);
            assert_eq!(found["posts"][0]["topic"], "lobby");
            assert_eq!(found["posts"][0]["matches"][0], serde_json::json!(range));
        }
        assert_eq!(
            scene.json(&["search", "京都"])["posts"],
            serde_json::json!([])
        );
        let words = scene.run(&["read", "lobby"]);
        words.check(0, &[]);
        assert!(words.out.contains("-- today ---"), "{words:#?}");
        assert!(words.out.contains("明日は東京へ行く"), "{words:#?}");
        assert!(
            !words.out.contains('\x1b'),
            "colours are for terminals: {words:#?}"
        );
    }
}

#[test]
fn the_text_of_a_post_may_come_from_standard_input() {
    for scene in Scene::both() {
        scene.json(&["topic", "join", "lobby"]);
        let post = |input: &str| {
            let args = ["--json", "post", "lobby", "-", "--wait", "0"];
            run(&mut scene.home.kukuri(&args), input)
        };
        let said = post("one\ntwo\n");
        said.check(0, &[]);
        assert!(said.out.contains(r"one\ntwo"), "{said:#?}");
        let empty = post("  \n");
        empty.check(9, &["\"code\":\"empty\""]);
        let long = post(&"x".repeat(200_000));
        long.check(9, &["\"code\":\"too_long\"", "131072"]);
        let page = scene.json(&["read", "lobby"]);
        assert_eq!(page["posts"].as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn muted_authors_are_not_shown() {
    for scene in Scene::both() {
        scene.json(&["topic", "join", "lobby"]);
        let posted = scene.json(&["post", "lobby", "hello", "--wait", "0"]);
        let npub = posted["author"]["npub"].as_str().expect("npub").to_owned();
        assert_eq!(scene.json(&["mute", &npub])["changed"], true);
        assert_eq!(scene.json(&["mute", &npub])["changed"], false);
        assert_eq!(scene.json(&["mute"])["authors"][0]["npub"], npub);
        assert_eq!(
            scene.json(&["read", "lobby"])["posts"],
            serde_json::json!([])
        );
        assert_eq!(
            scene.json(&["search", "hello"])["posts"],
            serde_json::json!([])
        );
        assert_eq!(scene.json(&["unmute", &npub])["changed"], true);
        let page = scene.json(&["read", "lobby"]);
        assert_eq!(page["posts"].as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn status_and_peers_tell_about_the_node() {
    for scene in Scene::both() {
        scene.json(&["topic", "join", "lobby"]);
        let status = scene.json(&["status"]);
        assert_eq!(status["profile"], "default");
        assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(status["pid"].is_number(), scene.has_node(), "{status}");
        assert_eq!(status["topics"][0]["name"], "lobby");
        assert_eq!(status["discovery"]["dht"]["enabled"], false);
        assert_eq!(scene.json(&["peers"])["peers"], serde_json::json!([]));
        let explain = scene.json(&["explain", "lobby"]);
        assert_eq!(explain["topic"]["name"], "lobby");
        assert!(explain["state"].is_string(), "{explain}");
        assert!(explain["attempts"].is_array(), "{explain}");
    }
}

#[test]
fn wrong_names_and_ids_are_answered_the_same_way() {
    for scene in Scene::both() {
        scene.json(&["topic", "join", "lobby"]);
        for (args, exit, code) in [
            (&["post", "nowhere", "x"][..], 8, "not_joined"),
            (&["read", "nowhere"], 8, "not_joined"),
            (&["read", "id:00000000"], 8, "not_joined"),
            (&["read", "id:1"], 2, "usage"),
            (&["topic", "leave", "nowhere"], 8, "not_joined"),
            (&["explain", "nowhere"], 8, "not_joined"),
            (&["read", "lobby", "--before", "yesterday"], 2, "usage"),
            (&["read", "lobby", "--author", "mika"], 2, "usage"),
            (&["read", "lobby", "--limit", "0"], 2, "usage"),
            (&["search", "..."], 2, "query"),
            (&["mute", "mika"], 2, "usage"),
            (&["no-such-command"], 2, "usage"),
        ] {
            let error = scene.error(args, exit);
            assert_eq!(error["code"], code, "{args:?}: {error}");
            assert!(
                error["message"].is_string() && error["hint"].is_string(),
                "{args:?}: {error}"
            );
        }
        let unknown = "00".repeat(32);
        let error = scene.error(&["read", "lobby", "--before", &unknown], 8);
        assert_eq!(error["code"], "no_event");
    }
}

#[test]
fn follow_tells_what_comes_and_ends_with_the_node() {
    let mut scene = Scene::with_node();
    scene.json(&["topic", "join", "lobby"]);
    scene.json(&["post", "lobby", "before", "--wait", "0"]);
    let mut args = scene.home.kukuri(&["--json", "read", "lobby", "--follow"]);
    let mut follow = Running::start(&mut args);
    let first = follow.wait_for("\"before\"");
    let first: Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(first["type"], "post");
    assert_eq!(first["topic"], "lobby");
    scene.json(&["post", "lobby", "after"]);
    let second: Value = serde_json::from_str(&follow.wait_for("\"after\"")).expect("JSON");
    assert_eq!(second["type"], "post");
    assert_eq!(second["event"]["content"], "after");
    drop(scene.node.take());
    let said = follow.end();
    said.check(1, &["\"error\""]);
}

#[test]
fn join_uses_the_node_that_runs() {
    let scene = Scene::with_node();
    let said = run(&mut scene.home.kukuri(&["join", "lobby"]), "from a chat\n");
    said.check(0, &[]);
    let page = scene.json(&["read", "lobby"]);
    assert_eq!(page["posts"][0]["event"]["content"], "from a chat");
    let status = scene.json(&["status"]);
    assert_eq!(
        status["topics"][0]["name"], "lobby",
        "leaving the chat does not leave the topic"
    );
}

#[test]
fn what_was_read_is_no_longer_unread() {
    let aoi = Scene::with_node();
    let spec = aoi.json(&["status"]);
    let peer = format!(
        "{}@{}",
        spec["peer_id"].as_str().expect("an id"),
        spec["listen"][0].as_str().expect("an address")
    );
    aoi.json(&["topic", "join", "lobby"]);
    aoi.json(&["post", "lobby", "are you there"]);
    let home = Home::new();
    let mut up = home.kukuri(&["up"]);
    let mut taro = Running::start(up.env("KUKURI_NETWORK__PEERS", peer));
    taro.wait_for("Ctrl-C stops the node");
    let taro = Scene {
        home,
        node: Some(taro),
    };
    taro.json(&["topic", "join", "lobby"]);
    let deadline = std::time::Instant::now() + crate::program::PATIENCE;
    while taro.json(&["topic", "show", "lobby"])["unread"] != 1 {
        assert!(
            std::time::Instant::now() < deadline,
            "the post did not come"
        );
    }
    taro.json(&["read", "lobby"]);
    assert_eq!(taro.json(&["topic", "show", "lobby"])["unread"], 0);
}

#[test]
fn a_second_node_of_a_profile_is_refused() {
    let scene = Scene::with_node();
    let error = scene.error(&["up"], 4);
    assert_eq!(error["code"], "in_use");
    assert!(
        error["message"]
            .as_str()
            .expect("text")
            .contains("running already"),
        "{error}"
    );
}

#[test]
#[cfg(unix)]
fn a_node_waits_for_a_command_that_uses_the_profile_for_a_moment() {
    let scene = Scene::alone();
    scene.json(&["topic", "join", "lobby"]);
    let home = &scene.home;
    let post = Running::start(&mut home.kukuri(&["post", "lobby", "hello", "--wait", "60"]));
    let deadline = Instant::now() + PATIENCE;
    while scene.json(&["status"])["pid"].is_null() {
        assert!(Instant::now() < deadline, "the command has no node");
    }
    let with_errors = "exec \"$0\" \"$@\" 2>&1";
    let mut node = Running::start(&mut through_shell(&home.kukuri(&["up"]), with_errors));
    node.wait_for("waiting for process");
    post.signal(rustix::process::Signal::INT);
    post.end().check(130, &[]);
    node.wait_for("Ctrl-C stops the node");
    node.signal(rustix::process::Signal::INT);
    node.end().check(0, &[]);
}

#[test]
fn the_configuration_is_shown_and_its_defaults_are_a_file() {
    let home = Home::new();
    let run = |args: &[&str]| run(&mut home.bare(args), "");
    let path = run(&["config", "path"]);
    path.check(0, &[]);
    assert!(path.out.ends_with("config.toml"), "{path:#?}");
    assert!(!home.path().exists(), "asking makes nothing");
    let defaults = run(&["config", "show", "--default"]);
    defaults.check(0, &[]);
    assert!(defaults.out.contains("[discovery.dht]\n"), "{defaults:#?}");
    let shown = run(&["--set", "discovery.dht.retries=7", "config", "show"]);
    shown.check(0, &[]);
    let row = shown
        .out
        .lines()
        .find(|line| line.starts_with("discovery.dht.retries"));
    let row = row.expect("a row for each key");
    assert!(
        row.contains('7') && row.contains("--set discovery.dht.retries"),
        "{row}"
    );
    let wrong = run(&[
        "--json",
        "--set",
        "discovery.dht.retries=many",
        "config",
        "show",
    ]);
    wrong.check(3, &["\"code\":\"config\"", "discovery.dht.retries"]);
}

#[test]
fn completions_name_the_commands() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = run(&mut home.bare(&["completions", shell]), "");
        said.check(0, &[]);
        assert!(
            said.out.contains("topic") && said.out.contains("search"),
            "{shell}"
        );
    }
}

#[test]
fn an_empty_profile_says_so() {
    let home = Home::new();
    let said = run(&mut home.bare(&["read", "lobby"]), "");
    said.check(
        8,
        &["profile \"default\" is empty", "kukuri topic join lobby"],
    );
    assert!(!home.path().join("lock").exists(), "reading takes no lock");
}

#[test]
fn the_log_has_the_place_and_the_form_that_are_configured() {
    let home = Home::new();
    let join = |settings: &[&str]| {
        let mut args: Vec<&str> = settings.iter().flat_map(|set| ["--set", set]).collect();
        args.extend(["join", "lobby"]);
        run(&mut home.kukuri(&args), "").check(0, &[]);
    };
    let first_line = |path: &str| {
        let text = std::fs::read_to_string(home.path().join(path)).expect("a log");
        text.lines().next().expect("a line").to_owned()
    };
    join(&["log.file=own.log"]);
    assert!(serde_json::from_str::<Value>(&first_line("own.log")).is_err());
    assert!(!home.path().join("logs/kukuri.log").exists());
    join(&["log.format=json"]);
    let line: Value = serde_json::from_str(&first_line("logs/kukuri.log")).expect("JSON");
    assert!(line["level"].is_string(), "{line}");
}
