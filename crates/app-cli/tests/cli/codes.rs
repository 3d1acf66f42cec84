//! Every `code` of docs/reference/errors.md is provoked, and answered with the exit code and the
//! advice that the page promises.

use std::{
    fs,
    io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _},
    net::UdpSocket,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
};

use kukuri_node::Home as Profile;
use serde_json::{Value, json};

use crate::program::{Home, Running, Said, run, write_private};

/// Two names whose topic ids begin with the same eight digits.
const ALIKE: [&str; 2] = ["topic 60532", "topic 90974"];

/// Offset of `user_version` in the header of a SQLite file.
const USER_VERSION_OFFSET: u64 = 60;

/// Clients that a node serves at the same time.
const CLIENTS_MAX: usize = 64;

/// A code, and what provokes it.
type Provoked = (&'static str, fn() -> Said);

/// How each code is provoked. What several things cause is named once for each.
const PROVOKED: &[Provoked] = &[
    ("usage", || fails(&Home::new(), &["join", " # "])),
    ("usage", || fails(&Home::new(), &["no-such-command"])),
    ("query", || fails(&joined(), &["search", "..."])),
    ("ambiguous", ambiguous),
    ("config", || {
        fails(&Home::new(), &["--set", "network.mode=lann", "status"])
    }),
    ("in_use", || {
        let home = joined();
        fails_beside(&home, Other::Silent, &["topic", "list"])
    }),
    ("in_use", || {
        let home = joined();
        fails_beside(&home, Other::Foreign, &["topic", "list"])
    }),
    ("in_use", || {
        let home = joined();
        fails_beside(&home, Other::Version, &["topic", "list"])
    }),
    ("in_use", || {
        let home = joined();
        let _node = node(&home);
        fails(&home, &["up"])
    }),
    ("protocol", || {
        let home = joined();
        fails_beside(&home, Other::Rambling, &["topic", "list"])
    }),
    ("port_taken", port_taken),
    ("network", || {
        // An address for documentation (RFC 5737), which no machine has.
        let bind = ["--set", "network.bind=192.0.2.1:0", "join", "a"];
        fails(&Home::new(), &bind)
    }),
    ("vault", || {
        // A database whose profile does not say whose it is.
        let home = joined();
        fs::remove_file(home.path().join("identity")).expect("removed");
        fails(&home, &["topic", "list"])
    }),
    ("no_keyring", || {
        run(&mut Home::new().bare(&["--json", "join", "a"]), "")
    }),
    ("missing_passphrase", || {
        let home = Home::new();
        let mut join = home.bare(&["--json", "join", "a"]);
        run(join.env("KUKURI_KEYRING__STORE", "file"), "")
    }),
    ("wrong_passphrase", wrong_passphrase),
    ("vault_damaged", damaged_vault),
    ("vault_locked", unreadable_passphrase_file),
    ("keys_missing", || {
        let home = joined();
        fs::remove_file(home.path().join("vault")).expect("removed");
        fails(&home, &["join", "a"])
    }),
    ("profile_damaged", || {
        let home = joined();
        fs::write(home.path().join("identity"), "rubbish").expect("written");
        fails(&home, &["join", "a"])
    }),
    ("no_identity", || fails(&Home::new(), &["identity", "show"])),
    ("database", || {
        let home = Home::new();
        fs::write(home.path(), "x").expect("written");
        fails(&home, &["join", "a"])
    }),
    ("corrupt", || {
        let home = Home::new();
        fs::create_dir(home.path()).expect("made");
        let rubbish = "this is no database ".repeat(500);
        fs::write(home.path().join("kukuri.db"), rubbish).expect("written");
        fails(&home, &["join", "a"])
    }),
    ("newer_schema", newer_schema),
    #[cfg(target_os = "linux")]
    ("read_only", || {
        // Nobody, not even root, makes files in /proc.
        fails(&Home::new(), &["--home", "/proc/kukuri", "join", "a"])
    }),
    ("not_joined", || fails(&joined(), &["read", "nowhere"])),
    ("no_event", || {
        let unknown = "00".repeat(32);
        fails(&joined(), &["read", "lobby", "--before", &unknown])
    }),
    ("no_entry", || {
        fails(&joined(), &["kv", "get", "lobby", "a"])
    }),
    ("no_entry", || {
        fails(&joined(), &["kv", "delete", "lobby", "a", "--wait", "0"])
    }),
    ("conflict", || {
        let home = joined();
        let put = ["kv", "put", "lobby", "a", "1", "--wait", "0"];
        run(&mut home.kukuri(&put), "").check(0, &[]);
        let put = ["kv", "put", "lobby", "a", "2", "--if-revision", "none"];
        fails(&home, &put)
    }),
    ("too_long", || {
        fails(&joined(), &["kv", "get", "lobby", &"k".repeat(257)])
    }),
    ("not_found", || fails(&Home::new(), &["topic", "list"])),
    ("empty", || fails(&joined(), &["post", "lobby", " "])),
    ("too_long", || {
        let home = joined();
        let mut post = home.kukuri(&["--json", "post", "lobby", "-"]);
        run(&mut post, &"x".repeat(200_000))
    }),
    ("not_confirmed", || {
        fails(&joined(), &["identity", "export", "--nsec"])
    }),
    ("lines_refused", || {
        let home = Home::new();
        let mut join = home.kukuri(&["--json", "join", "a"]);
        run(&mut join, &format!("{}\n", "x".repeat(200_000)))
    }),
    ("busy", busy),
    ("closed", || {
        let home = joined();
        fails_beside(&home, Other::Leaving, &["topic", "list"])
    }),
    ("unexpected", end_of_what_is_followed),
];

/// What takes a test of another kind: the code, the file of the test, its name.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        "disk_full",
        "crates/app-cli/tests/cli/storage.rs",
        "netns_a_disk_that_is_full_from_the_start_is_7_and_leaves_no_half_profile",
    ),
    (
        "no_node",
        "crates/wiring/src/failure/codes.rs",
        "what_needs_a_node_says_so_without_one",
    ),
    (
        "not_yours",
        "crates/wiring/src/failure/codes.rs",
        "what_is_said_about_others_and_oneself_has_its_rules",
    ),
    (
        "profile",
        "crates/wiring/src/failure/codes.rs",
        "what_is_said_about_others_and_oneself_has_its_rules",
    ),
    (
        "signing",
        "crates/wiring/src/failure/codes.rs",
        "a_post_that_cannot_be_signed_is_a_matter_of_the_keys",
    ),
    (
        "refused",
        "crates/wiring/src/failure/codes.rs",
        "a_post_that_breaks_a_rule_is_refused",
    ),
    (
        "vault_refused",
        "crates/wiring/src/failure/codes.rs",
        "what_a_keyring_does_has_its_own_word",
    ),
    (
        "vault_slow",
        "crates/wiring/src/failure/codes.rs",
        "what_a_keyring_does_has_its_own_word",
    ),
    (
        "vault_unreachable",
        "crates/wiring/src/failure/codes.rs",
        "what_a_keyring_does_has_its_own_word",
    ),
    (
        "not_a_key",
        "crates/wiring/src/failure/codes.rs",
        "what_a_keyring_does_has_its_own_word",
    ),
    (
        "store_occupied",
        "crates/wiring/src/failure/codes.rs",
        "what_a_keyring_does_has_its_own_word",
    ),
    (
        "request",
        "crates/node/src/control/tests.rs",
        "a_client_must_greet_and_ask_for_what_there_is",
    ),
];

fn fails(home: &Home, args: &[&str]) -> Said {
    let mut all = vec!["--json"];
    all.extend_from_slice(args);
    run(&mut home.kukuri(&all), "")
}

/// A profile that has joined a topic.
fn joined() -> Home {
    let home = Home::new();
    run(&mut home.kukuri(&["topic", "join", "lobby"]), "").check(0, &[]);
    home
}

fn node(home: &Home) -> Running {
    let mut node = Running::start(&mut home.kukuri(&["up"]));
    node.wait_for("Ctrl-C stops the node");
    node
}

fn ambiguous() -> Said {
    let home = Home::new();
    let mut ids = Vec::new();
    for name in ALIKE {
        run(&mut home.kukuri(&["topic", "join", name]), "").check(0, &[]);
        let shown = run(&mut home.kukuri(&["--json", "topic", "show", name]), "");
        let shown: Value = serde_json::from_str(&shown.out).expect("JSON");
        ids.push(shown["id"].as_str().expect("an id")[..8].to_owned());
    }
    assert_eq!(ids[0], ids[1], "the names were searched for this");
    let said = fails(&home, &["topic", "show", &format!("id:{}", ids[0])]);
    for name in ALIKE {
        assert!(said.err.contains(name), "{name} is listed: {said:#?}");
    }
    said
}

fn port_taken() -> Said {
    let taken = UdpSocket::bind("0.0.0.0:0").expect("a port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let said = fails(&Home::new(), &["up", "--port", &port]);
    assert!(said.err.contains(&port), "{said:#?}");
    said
}

fn wrong_passphrase() -> Said {
    let home = joined();
    write_private(&home.passphrase(), "wrong\n");
    fails(&home, &["join", "a"])
}

fn damaged_vault() -> Said {
    let home = joined();
    let vault = home.path().join("vault");
    write_private(&vault, "rubbish");
    let said = fails(&home, &["join", "a"]);
    assert_eq!(fs::read(vault).expect("there"), b"rubbish");
    said
}

fn unreadable_passphrase_file() -> Said {
    let home = joined();
    fs::remove_file(home.passphrase()).expect("removed");
    fs::create_dir(home.passphrase()).expect("made");
    let said = fails(&home, &["join", "a"]);
    let path = home.passphrase().display().to_string();
    assert!(said.err.contains(&path), "{said:#?}");
    said
}

fn newer_schema() -> Said {
    let home = joined();
    let path = home.path().join("kukuri.db");
    let mut file = fs::File::options()
        .write(true)
        .open(path)
        .expect("it is there");
    file.seek(SeekFrom::Start(USER_VERSION_OFFSET))
        .expect("a file");
    file.write_all(&9_999_u32.to_be_bytes()).expect("written");
    fails(&home, &["topic", "list"])
}

fn busy() -> Said {
    let home = joined();
    let _node = node(&home);
    let socket = home.path().join("control.sock");
    let _others: Vec<_> = (0..CLIENTS_MAX)
        .map(|_| UnixStream::connect(&socket).expect("a node serves it"))
        .collect();
    fails(&home, &["topic", "list"])
}

fn end_of_what_is_followed() -> Said {
    let home = joined();
    let post = ["post", "lobby", "hello", "--wait", "0"];
    run(&mut home.kukuri(&post), "").check(0, &[]);
    let node = node(&home);
    let mut follow = Running::start(&mut home.kukuri(&["--json", "read", "lobby", "--follow"]));
    follow.wait_for("hello");
    drop(node);
    follow.end()
}

/// Who serves the control socket instead of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    /// Says nothing.
    Silent,
    /// Speaks another language.
    Foreign,
    /// A node of a later version.
    Version,
    /// A node that hangs up at the first question.
    Leaving,
    /// A node that answers every question with a number.
    Rambling,
}

/// What a command says while another program serves the socket of its profile. That program ends
/// with the test.
fn fails_beside(home: &Home, other: Other, args: &[&str]) -> Said {
    let profile = Profile::locate(Some(&home.path()), "default").expect("a profile");
    // The note of whoever held the profile last names a socket that is not this one.
    fs::remove_file(home.path().join("lock")).expect("a left-over note");
    let listener = UnixListener::bind(profile.control_socket()).expect("bound");
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            open.push(stream.try_clone().expect("a socket"));
            answer(stream, other);
        }
    });
    fails(home, args)
}

fn answer(mut stream: UnixStream, other: Other) {
    let lines = BufReader::new(stream.try_clone().expect("a socket")).lines();
    for (number, line) in lines.map_while(Result::ok).enumerate() {
        let asked: Value = serde_json::from_str(&line).expect("a request");
        let result = match (other, number) {
            (Other::Silent, _) => continue,
            (Other::Foreign, _) => {
                // Whoever hung up does not care.
                let _ = stream.write_all(b"220 mail.example ESMTP\n");
                continue;
            }
            (Other::Version, _) => hello(2),
            (Other::Leaving | Other::Rambling, 0) => hello(1),
            (Other::Rambling, _) => json!(7),
            (Other::Leaving, _) => {
                stream
                    .shutdown(std::net::Shutdown::Both)
                    .expect("it was open");
                return;
            }
        };
        let answer = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result });
        // Nor here.
        let _ = writeln!(stream, "{answer}");
    }
}

fn hello(protocol: u32) -> Value {
    let nobody = "00".repeat(32);
    json!({
        "protocol": protocol,
        "program": "x",
        "profile": {
            "name": "default", "home": "~", "version": "9", "author": nobody, "peer_id": nobody,
            "key_store": "os",
        },
    })
}

/// A row of the page: the code, its exit code, and whether there is something to do.
#[derive(Debug)]
struct Row {
    code: String,
    exit: i32,
    has_remedy: bool,
}

fn page() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors.md");
    let page = fs::read_to_string(path).expect("the page is there");
    page.lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim);
            let code = cells.next()?.strip_suffix('`')?.to_owned();
            // A row of another table has no number there.
            let exit = cells.next()?.parse().ok()?;
            let has_remedy = cells.nth(1).is_some_and(|remedy| !remedy.is_empty());
            Some(Row {
                code,
                exit,
                has_remedy,
            })
        })
        .collect()
}

fn row_of<'a>(page: &'a [Row], code: &str) -> &'a Row {
    let row = page.iter().find(|row| row.code == code);
    row.unwrap_or_else(|| panic!("`{code}` is not on the page"))
}

#[test]
fn every_code_of_the_page_is_provoked_by_a_test() {
    let page = page();
    assert!(page.len() > 20, "{page:#?}");
    for row in &page {
        let here = PROVOKED.iter().any(|(code, _)| *code == row.code);
        let there = ELSEWHERE.iter().any(|(code, ..)| *code == row.code);
        let linux_only = cfg!(not(target_os = "linux")) && row.code == "read_only";
        assert!(here != there || linux_only, "`{}`", row.code);
    }
    for (code, file, name) in ELSEWHERE {
        row_of(&page, code);
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(file);
        let text = fs::read_to_string(path).expect("the file is there");
        assert!(text.contains(&format!("fn {name}(")), "{name} in {file}");
        assert!(text.contains(code), "{file} compares {code}");
    }
}

#[test]
fn what_is_provoked_is_answered_as_the_page_says() {
    let page = page();
    let mut wrong = Vec::new();
    for (number, (code, provoke)) in PROVOKED.iter().enumerate() {
        let row = row_of(&page, code);
        let said = provoke();
        let error: Value = serde_json::from_str(said.err.lines().last().unwrap_or_default())
            .unwrap_or_else(|error| panic!("{number} {code}: {error}: {said:#?}"));
        let error = &error["error"];
        let is_right = said.code == Some(row.exit)
            && error["code"] == **code
            && error["message"].is_string()
            && (error["hint"].is_string() || !row.has_remedy);
        if !is_right {
            wrong.push(format!("{number} `{code}`: {said:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
