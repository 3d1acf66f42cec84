//! Secrets are nowhere but in the vault and in memory.
//!
//! Each test makes a profile whose key and passphrase are known, lets the program work, and
//! searches everything that it leaves, shows or sends for every form of both.

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

use crate::{
    identity::{NSEC, NSEC_HEX},
    program::{Home, PATIENCE, Running, append, run, through_shell},
};

/// What must be nowhere, and how it is called.
fn canaries() -> [(&'static str, Vec<u8>); 5] {
    let digits = |at: usize| &NSEC_HEX[2 * at..2 * at + 2];
    let raw: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(digits(at), 16).expect("hex"))
        .collect();
    [
        ("the passphrase", b"correct horse".to_vec()),
        ("the key in hex", NSEC_HEX.as_bytes().to_vec()),
        ("the key as nsec", NSEC.as_bytes()[5..].to_vec()),
        ("the key as a list", format!("{raw:?}").into_bytes()),
        ("the key in bytes", raw),
    ]
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[track_caller]
fn check_nothing_is_in(place: &str, bytes: &[u8]) {
    for (what, canary) in canaries() {
        assert!(!holds(bytes, &canary), "{what} is in {place}");
    }
}

#[test]
fn they_are_in_no_argument_no_variable_no_log_and_no_plain_file() {
    let home = Home::new();
    let traced = |args: &[&str]| {
        let mut command = home.kukuri(args);
        command
            .env("KUKURI_LOG", "trace,kukuri=trace")
            .env("RUST_LOG", "trace");
        command
    };
    run(&mut traced(&["identity", "import", "-"]), NSEC).check(0, &[]);
    let mut running = Running::start(&mut traced(&["join", "a"]));
    running.type_text("hello\n");
    running.wait_for("hello");
    let process = format!("/proc/{}", running.id());
    check_nothing_is_in(
        "cmdline",
        &fs::read(format!("{process}/cmdline")).expect("it runs"),
    );
    // Only the administrator may look at the environment of such a process.
    if let Ok(environ) = fs::read(format!("{process}/environ")) {
        check_nothing_is_in("environ", &environ);
    }
    running.end().check(0, &[]);
    let moved = run(&mut traced(&["identity", "move", "--to", "file"]), "");
    moved.check(0, &[]);

    for name in [
        "identity",
        "kukuri.db",
        "logs/kukuri.log",
        "lock",
        "port",
        "vault",
    ] {
        let bytes = fs::read(home.path().join(name)).expect("there");
        check_nothing_is_in(name, &bytes);
        if name.ends_with("log") {
            assert!(holds(&bytes, b"TRACE"), "the log is at TRACE");
        }
    }
}

/// Runs a program with core dumps allowed and written into `folder`; kills it as a crash would.
fn crash(folder: &Path, program: &Command, ready: &str) -> ExitStatus {
    let mut command = through_shell(program, "ulimit -c unlimited; exec \"$0\" \"$@\"");
    command.current_dir(folder);
    let mut running = Running::start(&mut command);
    running.wait_for(ready);
    running.signal(rustix::process::Signal::ABORT);
    running.wait()
}

#[test]
fn a_crash_leaves_no_core_dump() {
    let home = Home::new();
    run(&mut home.kukuri(&["identity", "import", "-"]), NSEC).check(0, &[]);
    run(&mut home.kukuri(&["topic", "join", "a"]), "").check(0, &[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut other = Command::new("sh");
    other.args(["-c", "echo ready; read line"]);
    if !crash(folder.path(), &other, "ready").core_dumped() {
        println!("skipped: this system writes no core dumps at all");
        return;
    }
    let node = home.kukuri(&["up"]);
    let status = crash(folder.path(), &node, "Ctrl-C stops the node");
    assert_eq!(
        status.signal(),
        Some(rustix::process::Signal::ABORT.as_raw())
    );
    assert!(!status.core_dumped(), "{status}");
}

#[test]
fn strace_they_are_on_no_socket() {
    if std::env::var_os("KUKURI_TEST_STRACE").is_none() {
        println!("skipped: runs in the group `trace` of `cargo xtask test`");
        return;
    }
    let home = Home::new();
    run(&mut home.kukuri(&["identity", "import", "-"]), NSEC).check(0, &[]);
    run(&mut home.kukuri(&["topic", "join", "a"]), "").check(0, &[]);
    let trace = home.beside("trace");
    let mut command = Command::new("strace");
    command
        // Every byte in hexadecimal form, and what each descriptor is; as the child of the node,
        // so that a signal reaches the node.
        .args(["-D", "-f", "-xx", "-yy", "-s", "1000000", "-e", "trace=%network,read,write,readv,writev"])
        .arg("-o")
        .arg(&trace);
    append(&mut command, &home.kukuri(&["up"]));
    let mut running = Running::start(&mut command);
    running.wait_for("Ctrl-C stops the node");
    for args in [
        &["post", "a", "a word to find", "--wait", "0"][..],
        &["read", "a"],
        &["search", "word"],
        &["status"],
        &["explain", "a"],
        &["peers", "a"],
        &["topic", "show", "a", "--tracker"],
        &["identity", "show"],
        &["doctor"],
    ] {
        let said = run(&mut home.kukuri(args), "");
        assert_eq!(said.code, Some(0), "{args:?}: {said:#?}");
    }
    running.signal(rustix::process::Signal::INT);
    running.end().check(0, &[]);

    let deadline = Instant::now() + PATIENCE;
    let trace = loop {
        let written = fs::read_to_string(&trace).expect("a trace");
        if written.contains("+++ exited with") {
            break written;
        }
        assert!(Instant::now() < deadline, "the trace did not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    let sockets: Vec<&str> = trace
        .lines()
        .filter(|line| {
            ["<UNIX", "<UDP", "<TCP", "<NETLINK"]
                .iter()
                .any(|kind| line.contains(kind))
        })
        .collect();
    let in_hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|b| format!("\\x{b:02x}"))
            .collect::<String>()
    };
    let is_there = |bytes: &[u8]| {
        let bytes = in_hex(bytes);
        sockets.iter().any(|line| line.contains(&bytes))
    };
    assert!(
        is_there(b"a word to find"),
        "the control socket was not seen"
    );
    for (what, canary) in canaries() {
        assert!(!is_there(&canary), "{what} is on a socket");
    }
}
