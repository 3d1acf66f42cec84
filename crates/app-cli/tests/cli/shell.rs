//! `kukuri shell`: from a pipe, and on a terminal.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::{Value, json};

use crate::{
    commands::Scene,
    entries::{joined, peer_of, put},
    program::{Home, Running, run},
    terminal::Terminal,
};

fn shell(scene: &Scene, args: &[&str], input: &str) -> crate::program::Said {
    let mut all = args.to_vec();
    all.extend(["shell", "lobby", "--wait", "0"]);
    run(&mut scene.home.kukuri(&all), input)
}

/// What a terminal gets when a command prints this line: before it the keyboard is given back.
fn answer(line: &str) -> String {
    format!("\x1b[?2004l{line}\r\n")
}

#[test]
fn lines_of_a_pipe_are_commands() {
    for scene in joined() {
        let said = shell(
            &scene,
            &[],
            "# a remark\n\nadd 'a b' \"two\\nlines\"\nget 'a b'\nlist\nwhy \"a b\"\nhistory 'a b'\n\
             delete 'a b'\npost it's  me\nread\ntopics\nuse lobby\ninfo\nhelp get\nexit\nget never\n",
        );
        said.check(0, &[]);
        for part in [
            "\"a b\" is at revision ",
            "\ntwo\nlines\n",
            "\"a b\"  \"two\\nlines\"  you  0 s ago",
            "\"a b\" = \"two\\nlines\"   by you, ",
            "revision  value",
            "\"a b\" is deleted, by revision ",
            "it's  me",
            "#lobby  public topic: ",
            "you are ",
            "Print the value of a key",
        ] {
            assert!(said.out.contains(part), "{part:?}: {said:#?}");
        }
        assert!(!said.out.contains('\x1b'), "{said:#?}");
    }
}

#[test]
fn the_first_line_that_fails_ends_a_pipe_with_its_exit_code() {
    for scene in joined() {
        let said = shell(&scene, &[], "add a 1\nget never\nadd b 2\n");
        said.check(8, &["there is no entry 'never' here", "line 2: get never"]);
        assert_eq!(scene.json(&["kv", "get", "lobby", "a"])["value"], "1");
        assert_eq!(
            scene.error(&["kv", "get", "lobby", "b"], 8)["code"],
            "no_entry"
        );
        for (line, code, part) in [
            ("dance", 2, "unrecognized subcommand 'dance'"),
            ("get 'a", 2, "the quote ' is not closed"),
            ("add a", 2, "there is no value"),
            ("add a -", 2, "there is no value"),
            (
                "add a 2 --if-revision none",
                9,
                "the entry 'a' is at revision",
            ),
            ("use nowhere", 8, "#nowhere is not joined"),
            ("post ''", 9, "an empty post is not sent"),
        ] {
            shell(&scene, &[], line).check(code, &[part, "line 1: "]);
        }
        let said = shell(&scene, &["--json"], "get a\nlist\nget never\n");
        assert_eq!(said.code, Some(8));
        let mut lines = said.out.lines().map(|line| {
            serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{said:#?}"))
        });
        assert_eq!(lines.next().expect("get")["value"], "1");
        assert_eq!(lines.next().expect("list")["entries"][0]["key"], "a");
        assert!(lines.next().is_none());
        let error: Value = serde_json::from_str(&said.err).expect("JSON");
        assert_eq!(error["error"]["code"], "no_entry");
    }
}

#[test]
fn a_shell_without_a_topic_takes_the_only_one_or_asks_for_it() {
    let home = Home::new();
    let shell = |input: &str| run(&mut home.kukuri(&["shell", "--wait", "0"]), input);
    shell("list\n").check(2, &["no topic is chosen"]);
    run(&mut home.kukuri(&["topic", "join", "lobby"]), "").check(0, &[]);
    shell("add a 1\n").check(0, &[]);
    run(&mut home.kukuri(&["topic", "join", "other"]), "").check(0, &[]);
    shell("list\n").check(2, &["no topic is chosen", "use TOPIC"]);
    let said = shell("use lobby\nget a\n");
    said.check(0, &[]);
    assert!(said.out.ends_with("\n1"), "{said:#?}");
}

#[test]
fn a_shell_on_a_terminal_completes_remembers_and_goes_on_after_an_error() {
    let scene = Scene::with_node();
    scene.json(&["topic", "join", "lobby"]);
    put(&scene, "config/colour", "indigo");
    put(&scene, "a \u{1b}[2J", "odd");
    let mut terminal = Terminal::start(&mut scene.home.kukuri(&["shell", "lobby"]));
    terminal.wait_for("#lobby  public topic");
    terminal.wait_for("#lobby");
    // Commands, then keys.
    terminal.press("ge\t");
    terminal.wait_for("get ");
    terminal.press("conf\t");
    terminal.wait_for("config/colour");
    terminal.press("\r");
    terminal.wait_for(&answer("indigo"));
    // A key that others chose is typed with its quotes and no escape of its own.
    terminal.press("get a\t");
    terminal.wait_for(r#""a \u{1b}[2J""#);
    terminal.press("\r");
    terminal.wait_for(&answer("odd"));
    // What fails does not end it, and Ctrl-C clears the line.
    terminal.press("get never\r");
    terminal.wait_for("there is no entry 'never' here");
    terminal.wait_for("#lobby");
    terminal.press("rubbish");
    terminal.wait_for("rubbish");
    terminal.press("\x03");
    terminal.wait_for("#lobby");
    terminal.press("add 'b c' 'd e'\r");
    terminal.wait_for("\"b c\" is at revision ");
    // The line before is brought back.
    terminal.wait_for("#lobby");
    terminal.press("\x1b[A");
    terminal.wait_for("add 'b c' 'd e'");
    terminal.press("\x03");
    terminal.wait_for("#lobby");
    // Ctrl-C ends a command that goes on, and not the shell.
    terminal.press("watch b\r");
    terminal.wait_for("watching #lobby, 1 entry now");
    put(&scene, "b live", "x");
    terminal.wait_for("\"b live\" = \"x\"");
    terminal.signal(rustix::process::Signal::INT);
    terminal.wait_for("#lobby");
    terminal.press("get 'b c'\r");
    terminal.wait_for(&answer("d e"));
    terminal.wait_for("#lobby");
    terminal.press("\x04");
    assert_eq!(terminal.end(), Some(0));

    let history = scene.home.path().join("shell_history");
    let mode = fs::metadata(&history)
        .expect("it is kept")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let lines = fs::read_to_string(history).expect("text");
    assert!(lines.contains("add 'b c' 'd e'"), "{lines}");
    let mut terminal = Terminal::start(&mut scene.home.kukuri(&["shell"]));
    terminal.wait_for("#lobby  public topic");
    terminal.press("\x1b[A");
    terminal.wait_for("get 'b c'");
    terminal.press("\x03");
    terminal.wait_for("#lobby");
    terminal.press("exit\r");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn what_others_post_appears_above_the_line() {
    let (scene, other) = (Scene::with_node(), Home::new());
    scene.json(&["topic", "join", "lobby"]);
    let peer = peer_of(&scene);
    let mut terminal = Terminal::start(&mut scene.home.kukuri(&["shell"]));
    terminal.wait_for("#lobby  public topic");
    terminal.press("get conf");
    terminal.wait_for("get conf");
    let mut command = other.kukuri(&["join", "lobby"]);
    let input = "good \x1b[31mmorning\n";
    run(command.env("KUKURI_NETWORK__PEERS", peer), input).check(0, &[]);
    terminal.wait_for("good \\x1b[31mmorning");
    terminal.wait_for("get conf");
    terminal.press("\x03");
    terminal.wait_for("#lobby");
    terminal.press("\x04");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn a_signal_ends_a_shell_and_leaves_the_terminal_as_it_was() {
    use rustix::process::Signal;
    let scene = Scene::with_node();
    scene.json(&["topic", "join", "lobby"]);
    let mut terminal = Terminal::start(&mut scene.home.kukuri(&["shell"]));
    terminal.wait_for("#lobby  public topic");
    terminal.wait_for("#lobby");
    terminal.press("half a li");
    terminal.wait_for("half a li");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.end(), Some(130));
    // In a pipe Ctrl-C ends the whole shell.
    let mut piped = Running::start(&mut scene.home.kukuri(&["--json", "shell"]));
    piped.type_text("add a 1\nwatch --current\n");
    let line = piped.wait_for("\"type\"");
    assert_eq!(
        serde_json::from_str::<Value>(&line).expect("JSON")["key"],
        json!("a")
    );
    piped.signal(Signal::INT);
    piped.end().check(130, &[]);
}

#[test]
fn what_others_wrote_is_safe_on_a_terminal_and_bytes_are_described() {
    let [scene, _] = joined();
    put(&scene, "text", "red \u{1b}[31m\nbell \u{7}\n");
    let file = scene.home.beside("bytes");
    fs::write(&file, [0xff, 0x1b, b'c', 0]).expect("written");
    let path = file.display().to_string();
    scene.json(&[
        "kv",
        "put",
        "lobby",
        "some bytes",
        "--file",
        &path,
        "--wait",
        "0",
    ]);
    let shown = |key: &str, last: &str| {
        let mut get = scene.home.kukuri(&["kv", "get", "lobby", key]);
        let mut terminal = Terminal::start(&mut get);
        let seen = terminal.wait_for(last);
        assert_eq!(terminal.end(), Some(0));
        assert!(!seen.contains(['\u{1b}', '\u{7}']), "{seen:?}");
        seen
    };
    assert_eq!(
        shown("text", "bell \\x07\r\n"),
        "red \\x1b[31m\r\nbell \\x07\r\n"
    );
    let seen = shown("some bytes", "> FILE\r\n");
    assert!(
        seen.starts_with(
            "4 bytes that are no text; to have them: kukuri kv get lobby \"some bytes\" >"
        ),
        "{seen}"
    );
}
