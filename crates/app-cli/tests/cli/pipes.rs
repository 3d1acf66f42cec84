//! `kukuri join` through pipes: each line is a post.

use std::{fs, path::Path};

use kukuri_infra_iroh::testnet::PrivateDht;

use crate::program::{Home, Running, run};

#[test]
fn lines_are_stored_and_shown_as_history_the_next_time() {
    let home = Home::new();
    let said = run(&mut home.kukuri(&["join", "#Lobby"]), "hello\n\n/status is text here\n明日もう一度試します");
    said.check(0, &["nobody was here for 3 posts: stored"]);
    assert!(said.out.starts_with("#lobby  public topic: anyone who knows the name can join"), "{said:#?}");
    assert!(said.out.contains("you are ") && said.out.contains("(npub1"), "{said:#?}");
    assert!(said.out.contains("looking for members"), "{said:#?}");
    assert!(!said.out.contains('\x1b'), "no colours: {said:#?}");

    let said = run(&mut home.kukuri(&["join", "lobby"]), "");
    said.check(0, &[]);
    let history = said.out.split_once("-- today").expect("a day").1;
    let place = |text| history.find(text).unwrap_or_else(|| panic!("{text} is missing: {said:#?}"));
    assert!(place("hello") < place("/status is text here"), "{said:#?}");
    assert!(place("/status is text here") < place("明日もう一度試します"), "{said:#?}");
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
    said.check(9, &["the post has 200", "at most 131072", "1 line could not be posted"]);
    assert!(said.out.contains("before") && said.out.contains("after"), "{said:#?}");
}

#[test]
fn escape_sequences_of_others_are_shown_and_not_sent_to_the_terminal() {
    let home = Home::new();
    let said = run(&mut home.kukuri(&["join", "lobby"]), "red \x1b[31m bell \x07\n");
    said.check(0, &[]);
    assert!(said.out.contains("red \\x1b[31m bell \\x07"), "{said:#?}");
    assert!(!said.out.contains('\x1b') && !said.out.contains('\x07'), "{said:#?}");
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
        let started = std::time::Instant::now();
        running.signal(signal);
        running.end().check(130, &[]);
        assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
        let said = run(&mut home.kukuri(&["join", "lobby"]), "");
        assert!(said.out.contains("hello"), "{said:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_find_each_other_by_the_name_alone_and_what_is_posted_arrives() {
    let dht = PrivateDht::start(10, None).await.expect("a private DHT");
    let bootstrap = dht.bootstrap().join(",");
    let told = tokio::task::spawn_blocking(move || {
        let (first, second) = (Home::new(), Home::new());
        let join = |home: &Home| {
            let mut command = home.kukuri(&["join", "weaving"]);
            command
                .env("KUKURI_DISCOVERY__DHT__ENABLED", "true")
                .env("KUKURI_DISCOVERY__DHT__BOOTSTRAP", &bootstrap);
            command
        };
        let mut listener = Running::start(&mut join(&first));
        listener.wait_for("looking for members");
        let said = run(&mut join(&second), "eight strands\n");
        said.check(0, &[]);
        assert!(said.out.contains("by DHT in"), "{said:#?}");
        assert!(said.out.contains("held by 1"), "{said:#?}");
        assert!(!said.err.contains("nobody"), "{said:#?}");
        let line = listener.wait_for("eight strands");
        listener.wait_for(" left");
        listener.end().check(0, &[]);
        line
    });
    let line = told.await.expect("no panic");
    assert!(!line.contains("you"), "{line}");
}
