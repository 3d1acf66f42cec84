//! The program with a real gnome-keyring. Run with `cargo xtask test keyring`.

#[path = "../../../infra-keyring/tests/keyring/session.rs"]
#[allow(dead_code, reason = "the tests of the adapter use the rest of it")]
mod session;

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    identity::shown,
    program::{Home, run},
};
use session::within;

/// `kukuri` with the keyring of the session that this test is in.
fn with_keyring(home: &Home, args: &[&str]) -> Command {
    let mut command = home.bare(args);
    let bus = std::env::var("DBUS_SESSION_BUS_ADDRESS").expect("a session");
    command.env("DBUS_SESSION_BUS_ADDRESS", bus);
    command
}

#[test]
fn keyring_holds_the_keys_without_any_setting() {
    within(
        "keyring::keyring_holds_the_keys_without_any_setting",
        |session| {
            let home = Home::new();
            let keyring = session.unlocked_keyring();
            run(&mut with_keyring(&home, &["join", "a"]), "hello\n").check(0, &[]);
            let before = shown(&home);
            assert_eq!(before["key_store"], "os");
            assert!(!home.path().join("vault").exists());
            run(&mut with_keyring(&home, &["join", "a"]), "").check(0, &[]);
            assert_eq!(shown(&home), before);
            drop(keyring);
            let bytes = session.keyring_files();

            let keyring = session.locked_keyring();
            let said = run(&mut with_keyring(&home, &["join", "a"]), "");
            said.check(6, &["error: the keyring is locked", "  do: unlock it"]);
            drop(keyring);
            assert!(session.keyring_files() == bytes, "the bytes have changed");

            // No keyring at all: the keys are not looked for elsewhere.
            run(&mut home.bare(&["join", "a"]), "").check(6, &["no keyring is available here"]);
            let said = run(&mut home.kukuri(&["join", "a"]), "");
            said.check(
                3,
                &[
                    "expected 'os', found 'file'",
                    "kukuri identity move --to file",
                ],
            );

            let _keyring = session.unlocked_keyring();
            run(&mut with_keyring(&home, &["join", "a"]), "").check(0, &[]);
            assert_eq!(shown(&home), before);
        },
    );
}

#[test]
fn keyring_that_is_locked_at_the_first_start_makes_no_keys() {
    within(
        "keyring::keyring_that_is_locked_at_the_first_start_makes_no_keys",
        |session| {
            let home = Home::new();
            drop(session.unlocked_keyring());
            let bytes = session.keyring_files();
            let keyring = session.locked_keyring();
            let said = run(&mut with_keyring(&home, &["join", "a"]), "");
            said.check(6, &["the keyring is locked", "KUKURI_KEYRING__STORE=file"]);
            drop(keyring);
            assert!(session.keyring_files() == bytes, "the bytes have changed");
            for name in ["vault", "identity"] {
                assert!(!home.path().join(name).exists(), "{name} was made");
            }
            let _keyring = session.unlocked_keyring();
            run(&mut with_keyring(&home, &["join", "a"]), "").check(0, &[]);
        },
    );
}

#[test]
fn keyring_and_file_exchange_the_keys_of_a_profile() {
    within(
        "keyring::keyring_and_file_exchange_the_keys_of_a_profile",
        |session| {
            let home = Home::new();
            let _keyring = session.unlocked_keyring();
            run(&mut with_keyring(&home, &["join", "a"]), "").check(0, &[]);
            let before = shown(&home);
            let mut command = with_keyring(&home, &["identity", "move", "--to", "file"]);
            command.env("KUKURI_KEYRING__PASSPHRASE_FILE", home.passphrase());
            run(&mut command, "").check(0, &[]);
            assert!(home.path().join("vault").exists());
            let mut after = shown(&home);
            assert_eq!(after["key_store"], "file");
            // Without the keyring: everything is in the file.
            run(&mut home.kukuri(&["join", "a"]), "").check(0, &[]);

            let mut command = with_keyring(&home, &["identity", "move", "--to", "os"]);
            command
                .env("KUKURI_KEYRING__STORE", "file")
                .env("KUKURI_KEYRING__PASSPHRASE_FILE", home.passphrase());
            let said = run(&mut command, "");
            said.check(0, &["KUKURI_KEYRING__STORE", "still says 'file'"]);
            assert!(!home.path().join("vault").exists());
            after = shown(&home);
            assert_eq!(after, before);
            run(&mut with_keyring(&home, &["join", "a"]), "").check(0, &[]);
        },
    );
}

#[test]
fn keyring_takes_the_keys_of_a_profile_of_an_earlier_version() {
    within(
        "keyring::keyring_takes_the_keys_of_a_profile_of_an_earlier_version",
        |session| {
            let home = Home::new();
            run(&mut home.kukuri(&["join", "a"]), "").check(0, &[]);
            let mut before = shown(&home);
            fs::remove_file(home.path().join("identity")).expect("removed");
            let _keyring = session.unlocked_keyring();
            let mut command = with_keyring(&home, &["identity", "move", "--to", "os"]);
            command.env("KUKURI_KEYRING__PASSPHRASE_FILE", home.passphrase());
            run(&mut command, "").check(0, &[]);
            assert!(!home.path().join("vault").exists());
            before["key_store"] = "os".into();
            assert_eq!(shown(&home), before);
            run(&mut with_keyring(&home, &["join", "a"]), "").check(0, &[]);
        },
    );
}

#[test]
fn keyring_that_does_not_answer_is_given_30_s() {
    within(
        "keyring::keyring_that_does_not_answer_is_given_30_s",
        |session| {
            let home = Home::new();
            let keyring = session.unlocked_keyring();
            run(&mut with_keyring(&home, &["join", "a"]), "").check(0, &[]);
            let before = shown(&home);
            keyring.pause();
            let started = Instant::now();
            let said = run(&mut with_keyring(&home, &["join", "a"]), "");
            said.check(
                6,
                &[
                    "waiting for the keyring",
                    "has not answered for 30 s",
                    "  do: ",
                ],
            );
            let took = started.elapsed();
            assert!(took >= Duration::from_secs(30), "{took:?}");
            assert!(took < Duration::from_secs(40), "{took:?}");
            keyring.go_on();
            run(&mut with_keyring(&home, &["join", "a"]), "").check(0, &[]);
            assert_eq!(shown(&home), before);
        },
    );
}

#[test]
fn keyring_secrets_are_in_no_log() {
    within("keyring::keyring_secrets_are_in_no_log", |session| {
        let home = Home::new();
        let _keyring = session.unlocked_keyring();
        let traced = |args: &[&str]| {
            let mut command = with_keyring(&home, args);
            // That of every library too, the bus included.
            command.env("KUKURI_LOG", "trace,kukuri=trace");
            command
        };
        run(&mut traced(&["join", "a"]), "").check(0, &[]);
        let said = run(&mut home_export(&traced), "");
        said.check(0, &[]);
        let nsec = said.out.trim().to_owned();
        let log = fs::read_to_string(home.path().join("logs/kukuri.log")).expect("there");
        assert!(log.contains("zbus"), "the bus is in the log");
        assert!(!log.contains(&nsec[5..]), "the key is in the log");
        let identity = fs::read_to_string(home.path().join("identity")).expect("there");
        assert!(
            !identity.contains(&nsec[5..]),
            "the key is in the identity file"
        );
    });
}

fn home_export(traced: &impl Fn(&[&str]) -> Command) -> Command {
    traced(&["identity", "export", "--nsec", "--yes"])
}
