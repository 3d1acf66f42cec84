//! `kukuri join` through pipes: each line is a post.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use kukuri_infra_iroh::testnet::PrivateDht;

use crate::program::{Home, PATIENCE, Running, run};

#[test]
fn lines_are_stored_and_shown_as_history_the_next_time() {
    let home = Home::new();
    let said = run(
        &mut home.kukuri(&["join", "#Lobby"]),
        "hello\n\n/status is text here\n明日もう一度試します",
    );
    said.check(0, &["nobody was here for 3 posts: stored"]);
    assert!(
        said.out
            .starts_with("#lobby  public topic: anyone who knows the name can join"),
        "{said:#?}"
    );
    assert!(
        said.out.contains("you are ") && said.out.contains("(npub1"),
        "{said:#?}"
    );
    assert!(said.out.contains("looking for members"), "{said:#?}");
    assert!(!said.out.contains('\x1b'), "no colours: {said:#?}");

    let said = run(&mut home.kukuri(&["join", "lobby"]), "");
    said.check(0, &[]);
    let history = said.out.split_once("-- today").expect("a day").1;
    let place = |text| {
        history
            .find(text)
            .unwrap_or_else(|| panic!("{text} is missing: {said:#?}"))
    };
    assert!(place("hello") < place("/status is text here"), "{said:#?}");
    assert!(
        place("/status is text here") < place("明日もう一度試します"),
        "{said:#?}"
    );
}

#[test]
#[cfg(unix)]
fn everything_in_the_home_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    run(&mut home.kukuri(&["join", "lobby"]), "hello\n").check(0, &[]);
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&home.path()), 0o700);
    assert_eq!(mode(&home.path().join("logs")), 0o700);
    for name in ["kukuri.db", "vault", "lock", "logs/kukuri.log"] {
        assert_eq!(mode(&home.path().join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_line_that_is_too_long_is_refused_and_the_others_are_posted() {
    let home = Home::new();
    let input = format!("before\n{}\nafter\n", "x".repeat(200_000));
    let said = run(&mut home.kukuri(&["join", "lobby"]), &input);
    said.check(
        9,
        &[
            "the post has 200",
            "at most 131072",
            "1 line could not be posted",
        ],
    );
    assert!(
        said.out.contains("before") && said.out.contains("after"),
        "{said:#?}"
    );
}

#[test]
fn escape_sequences_of_others_are_shown_and_not_sent_to_the_terminal() {
    let home = Home::new();
    let said = run(
        &mut home.kukuri(&["join", "lobby"]),
        "red \x1b[31m bell \x07\n",
    );
    said.check(0, &[]);
    assert!(said.out.contains("red \\x1b[31m bell \\x07"), "{said:#?}");
    assert!(
        !said.out.contains('\x1b') && !said.out.contains('\x07'),
        "{said:#?}"
    );
}

#[test]
#[cfg(unix)]
fn a_signal_stops_it_cleanly_with_130() {
    use rustix::process::Signal;
    for signal in [Signal::INT, Signal::TERM] {
        let home = Home::new();
        let mut running = Running::start(&mut home.kukuri(&["join", "lobby"]));
        running.type_text("hello\n");
        running.wait_for("hello");
        let started = Instant::now();
        running.signal(signal);
        running.end().check(130, &[]);
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
        let said = run(&mut home.kukuri(&["join", "lobby"]), "");
        assert!(said.out.contains("hello"), "{said:#?}");
    }
}

/// `kukuri join` that knows nothing but a private DHT.
fn join_by_dht(home: &Home, dht: &str) -> Command {
    let mut command = home.kukuri(&["join", "weaving"]);
    command
        .env("KUKURI_DISCOVERY__DHT__ENABLED", "true")
        .env("KUKURI_DISCOVERY__DHT__BOOTSTRAP", dht);
    command
}

/// Runs a test that blocks, beside a private DHT.
async fn beside_a_dht(test: fn(&str)) {
    let dht = PrivateDht::start(10, None).await.expect("a private DHT");
    let bootstrap = dht.bootstrap().join(",");
    let done = tokio::task::spawn_blocking(move || test(&bootstrap));
    done.await.expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_find_each_other_by_the_name_alone_and_what_is_posted_arrives() {
    beside_a_dht(|dht| {
        let (first, second) = (Home::new(), Home::new());
        let mut listener = Running::start(&mut join_by_dht(&first, dht));
        listener.wait_for("looking for members");
        let said = run(&mut join_by_dht(&second, dht), "eight strands\n");
        said.check(0, &[]);
        assert!(said.out.contains("by DHT in"), "{said:#?}");
        assert!(said.out.contains("held by 1"), "{said:#?}");
        assert!(!said.err.contains("nobody"), "{said:#?}");
        let line = listener.wait_for("eight strands");
        assert!(!line.contains("you"), "{line}");
        listener.wait_for(" left");
        listener.end().check(0, &[]);
    })
    .await;
}

/// A program that hangs: nobody reads what it prints, and its pipe is full.
#[cfg(unix)]
fn hanging(home: &Home) -> Child {
    use std::{io::Write as _, sync::mpsc};
    let mut command = home.kukuri(&["join", "lobby"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("piped");
    let (sender, written) = mpsc::sync_channel(0);
    std::thread::spawn(move || {
        let line = format!("{}\n", "x".repeat(4_000));
        while input.write_all(line.as_bytes()).is_ok() && sender.send(()).is_ok() {}
    });
    // Both pipes hold 64 KiB; when no more lines are taken for a while, it hangs.
    written.recv_timeout(PATIENCE).expect("the first line");
    while written.recv_timeout(Duration::from_secs(2)).is_ok() {}
    assert!(child.try_wait().expect("a child").is_none(), "it runs");
    child
}

#[cfg(unix)]
fn ends_within(mut child: Child, most: Duration) {
    let started = Instant::now();
    let code = loop {
        match child.try_wait().expect("a child") {
            Some(status) => break status.code(),
            None if started.elapsed() > PATIENCE => {
                child.kill().expect("killed");
                panic!("it did not end");
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    assert_eq!(code, Some(130));
    assert!(started.elapsed() <= most, "{:?}", started.elapsed());
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let pid = i32::try_from(child.id()).expect("a process id");
    let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
}

#[test]
#[cfg(unix)]
fn what_hangs_is_ended_by_a_second_signal_at_once() {
    let home = Home::new();
    let mut child = hanging(&home);
    let started = Instant::now();
    // Signals of one kind that wait are one, so the second is sent until it was taken.
    while child.try_wait().expect("a child").is_none() && started.elapsed() < PATIENCE {
        interrupt(&child);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    ends_within(child, Duration::from_secs(1));
}

#[test]
#[cfg(unix)]
fn what_hangs_is_ended_by_one_signal_after_the_time_for_an_orderly_end() {
    let home = Home::new();
    let child = hanging(&home);
    interrupt(&child);
    ends_within(child, Duration::from_secs(7));
}
