//! Each kind of error: its exit code, what it says, and that nothing was changed.

use std::{fs, net::UdpSocket, time::Duration};

use kukuri_node::{Home as Profile, ProfileLock};

use crate::program::{Home, run, write_private};

#[test]
fn version_and_help_are_answered() {
    let home = Home::new();
    let said = run(&mut home.bare(&["--version"]), "");
    said.check(0, &[]);
    assert_eq!(
        said.out.trim(),
        concat!("kukuri ", env!("CARGO_PKG_VERSION"))
    );
    let said = run(&mut home.bare(&["--help"]), "");
    said.check(0, &[]);
    assert!(
        said.out.contains("Examples:") && said.out.contains("kukuri join lobby"),
        "{said:#?}"
    );
    assert!(!home.path().exists(), "nothing was made");
}

#[test]
fn wrong_usage_is_2() {
    let home = Home::new();
    run(&mut home.kukuri(&["join"]), "").check(2, &["TOPIC"]);
    run(&mut home.kukuri(&["dance"]), "").check(2, &["dance"]);
    run(&mut home.kukuri(&["join", " # "]), "").check(2, &["error: a topic name needs", "  do: "]);
    run(&mut home.kukuri(&["join", "a\u{7}b"]), "").check(2, &["U+0007"]);
    run(&mut home.kukuri(&["join", &"x".repeat(65)]), "").check(2, &["at most 64"]);
    run(&mut home.kukuri(&["--profile", "../x", "join", "a"]), "").check(2, &["profile name"]);
    run(&mut home.kukuri(&["--set", "nonsense", "join", "a"]), "").check(2, &["KEY=VALUE"]);
    run(&mut home.kukuri(&["--log", "loud", "join", "a"]), "").check(2, &["'loud'"]);
    assert!(
        !home.path().join("kukuri.db").exists(),
        "no database was made"
    );
}

#[test]
fn a_wrong_configuration_is_3_and_touches_nothing() {
    let home = Home::new();
    let said = run(
        home.kukuri(&["join", "a"])
            .env("KUKURI_NETWORK__COLOUR", "red"),
        "",
    );
    said.check(
        3,
        &[
            "`network.colour`",
            "environment variable KUKURI_NETWORK__COLOUR",
            "  do: ",
        ],
    );
    let said = run(
        home.kukuri(&["join", "a"])
            .env("KUKURI_DISCOVERY__DHT__RETRIES", "many"),
        "",
    );
    said.check(3, &["`discovery.dht.retries`", "'many'"]);
    assert!(!home.path().exists(), "nothing was made");
    fs::create_dir(home.path()).expect("made");
    fs::write(home.path().join("config.toml"), "[network]\nmod = 'lan'\n").expect("written");
    let said = run(&mut home.kukuri(&["join", "a"]), "");
    said.check(
        3,
        &[
            "`network.mod`",
            "config.toml",
            "did you mean `network.mode`?",
        ],
    );
}

#[test]
fn a_profile_in_use_is_4_after_some_patience() {
    let home = Home::new();
    let profile = Profile::locate(Some(&home.path()), "default").expect("a profile");
    profile.create().expect("made");
    let _lock = ProfileLock::take(&profile, "kukuri-desktop", Duration::ZERO).expect("free");
    let said = run(&mut home.kukuri(&["join", "a"]), "");
    let holder = format!(
        "profile \"default\" is in use by process {} (kukuri-desktop)",
        std::process::id()
    );
    said.check(4, &[&holder, "--profile NAME"]);
}

#[test]
fn a_configured_port_that_is_taken_is_5() {
    let home = Home::new();
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let said = run(
        home.kukuri(&["join", "a"])
            .env("KUKURI_NETWORK__BIND", &address),
        "",
    );
    said.check(
        5,
        &[
            &format!(
                "UDP port {} is in use",
                taken.local_addr().expect("bound").port()
            ),
            "network.bind",
        ],
    );
}

#[test]
fn no_keyring_is_6_and_names_the_settings() {
    let home = Home::new();
    let said = run(&mut home.bare(&["join", "a"]), "hello\n");
    said.check(
        6,
        &[
            "no keyring is available here",
            "KUKURI_KEYRING__STORE=file",
            "KUKURI_KEYRING__PASSPHRASE_FILE=",
            "keyring.store",
            "keyring.passphrase_file",
        ],
    );
    for name in ["vault", "identity"] {
        assert!(!home.path().join(name).exists(), "{name} was made");
    }
    // With these very settings it works.
    run(&mut home.kukuri(&["join", "a"]), "").check(0, &[]);
}

#[test]
fn no_passphrase_is_6_and_names_the_settings() {
    let home = Home::new();
    let mut command = home.bare(&["join", "a"]);
    let said = run(command.env("KUKURI_KEYRING__STORE", "file"), "hello\n");
    said.check(
        6,
        &[
            "KUKURI_KEYRING__PASSPHRASE_FILE=",
            "keyring.passphrase_file",
            "no terminal",
        ],
    );
    assert!(!home.path().join("vault").exists(), "no vault was made");
}

#[test]
fn a_store_that_does_not_hold_the_keys_is_3() {
    let home = Home::new();
    run(&mut home.kukuri(&["join", "a"]), "").check(0, &[]);
    let mut command = home.kukuri(&["join", "a"]);
    let said = run(command.env("KUKURI_KEYRING__STORE", "os"), "");
    said.check(
        3,
        &[
            "`keyring.store` (environment variable KUKURI_KEYRING__STORE)",
            "expected 'file', found 'os'",
            "kukuri identity move --to os",
        ],
    );
    // Without the setting the profile knows by itself.
    run(
        home.kukuri(&["join", "a"])
            .env_remove("KUKURI_KEYRING__STORE"),
        "",
    )
    .check(0, &[]);
}

#[test]
fn a_damaged_identity_file_is_6_and_left_as_it_is() {
    let home = Home::new();
    run(&mut home.kukuri(&["join", "a"]), "").check(0, &[]);
    let file = home.path().join("identity");
    fs::write(&file, "rubbish").expect("written");
    for command in [["join", "a"], ["identity", "show"]] {
        run(&mut home.kukuri(&command), "").check(6, &["identity is damaged", "  do: "]);
    }
    assert_eq!(fs::read_to_string(&file).expect("there"), "rubbish");
}

#[test]
fn a_wrong_passphrase_is_6_and_leaves_the_vault() {
    let home = Home::new();
    run(&mut home.kukuri(&["join", "a"]), "").check(0, &[]);
    let vault = fs::read(home.path().join("vault")).expect("made");
    write_private(&home.passphrase(), "wrong\n");
    run(&mut home.kukuri(&["join", "a"]), "").check(6, &["the passphrase is wrong", "  do: "]);
    assert_eq!(fs::read(home.path().join("vault")).expect("there"), vault);
    fs::remove_file(home.passphrase()).expect("removed");
    let path = home.passphrase().display().to_string();
    run(&mut home.kukuri(&["join", "a"]), "").check(6, &[&path]);
}

#[test]
fn a_lost_vault_is_6_and_no_second_identity_is_made() {
    let home = Home::new();
    run(&mut home.kukuri(&["join", "a"]), "").check(0, &[]);
    fs::remove_file(home.path().join("vault")).expect("removed");
    run(&mut home.kukuri(&["join", "a"]), "").check(6, &["was used before"]);
    assert!(!home.path().join("vault").exists(), "no vault was made");
}

#[test]
fn a_corrupt_database_is_7_and_left_as_it_is() {
    let home = Home::new();
    fs::create_dir(home.path()).expect("made");
    let rubbish = "this is no database ".repeat(500);
    fs::write(home.path().join("kukuri.db"), &rubbish).expect("written");
    run(&mut home.kukuri(&["join", "a"]), "").check(7, &["the database is damaged", "  do: "]);
    let left = fs::read_to_string(home.path().join("kukuri.db")).expect("there");
    assert_eq!(left, rubbish);
}

#[test]
fn a_file_where_the_home_should_be_is_7() {
    let home = Home::new();
    fs::write(home.beside("file"), "x").expect("written");
    let below = home.beside("file").join("home");
    let said = run(home.kukuri(&["join", "a"]).env("KUKURI_HOME", below), "");
    said.check(7, &["is not a folder", "--home DIR"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_home_that_cannot_be_written_is_7() {
    let home = Home::new();
    // Nobody, not even root, makes files in /proc.
    let said = run(
        home.kukuri(&["join", "a"])
            .env("KUKURI_HOME", "/proc/kukuri"),
        "",
    );
    said.check(7, &["/proc/kukuri cannot be written", "  do: "]);
}
