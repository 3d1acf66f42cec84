//! `kukuri identity`: who the profile is, and its keys on their way in and out.

use std::{fs, time::Duration};

use kukuri_node::{Home as Profile, ProfileLock};
use serde_json::Value;

use crate::program::{Home, Said, run, write_private};

/// The test vector of NIP-19.
pub const NSEC: &str = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
pub const NSEC_HEX: &str = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa";
const NSEC_PUBKEY: &str = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";

/// A home whose profile has its keys in a file.
pub fn used() -> Home {
    let home = Home::new();
    run(&mut home.kukuri(&["join", "a"]), "").check(0, &[]);
    home
}

pub fn shown(home: &Home) -> Value {
    let said = run(&mut home.bare(&["identity", "show", "--json"]), "");
    said.check(0, &[]);
    assert_eq!(said.out.lines().count(), 1, "{said:#?}");
    serde_json::from_str(&said.out).expect("JSON")
}

fn mentions(said: &Said, part: &str) -> bool {
    said.out.contains(part) || said.err.contains(part)
}

#[test]
fn an_empty_profile_is_nobody_and_is_not_made() {
    let home = Home::new();
    for command in [
        &["identity", "show"][..],
        &["identity", "export"],
        &["identity", "move", "--to", "file"],
    ] {
        run(&mut home.kukuri(command), "").check(8, &["profile \"default\" has no", "  do: "]);
        assert!(!home.path().exists(), "{command:?} made it");
    }
}

#[test]
fn show_needs_no_passphrase_and_no_lock() {
    let home = used();
    let profile = Profile::locate(Some(&home.path()), "default").expect("a profile");
    let lock = ProfileLock::take(&profile, "kukuri-desktop", Duration::ZERO).expect("free");
    let shown = shown(&home);
    for id in ["pubkey", "device", "peer_id"] {
        let id = shown[id].as_str().expect("text");
        assert!(
            id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()),
            "{shown}"
        );
    }
    assert!(shown["npub"].as_str().expect("text").starts_with("npub1"));
    assert_eq!(shown["name"], Value::Null);
    assert_eq!(shown["key_store"], "file");

    let said = run(&mut home.bare(&["identity", "show"]), "");
    said.check(0, &[]);
    for part in [
        shown["npub"].as_str().expect("text"),
        "sealed with a passphrase",
    ] {
        assert!(said.out.contains(part), "{said:#?}");
    }
    // The others work on the keys, and wait for whoever has them.
    run(&mut home.kukuri(&["identity", "export"]), "").check(4, &["kukuri-desktop"]);
    drop(lock);
}

#[test]
fn a_profile_of_an_earlier_version_keeps_its_file() {
    let home = used();
    let before = shown(&home);
    fs::remove_file(home.path().join("identity")).expect("removed");
    let mut command = home.kukuri(&["identity", "show", "--json"]);
    let said = run(command.env_remove("KUKURI_KEYRING__STORE"), "");
    said.check(0, &[]);
    assert_eq!(
        serde_json::from_str::<Value>(&said.out).expect("JSON"),
        before
    );
    // The default is another store, and that is not even looked for.
    let mut command = home.kukuri(&["join", "a"]);
    run(command.env_remove("KUKURI_KEYRING__STORE"), "").check(0, &[]);
    assert_eq!(shown(&home), before);
}

#[test]
fn a_sealed_copy_goes_out_and_into_another_profile() {
    let home = used();
    let copy_passphrase = home.beside("copy-passphrase");
    write_private(&copy_passphrase, "tuna salad\n");
    let copy_passphrase = copy_passphrase.display().to_string();
    let export = ["identity", "export", "--passphrase-file", &copy_passphrase];
    let said = run(&mut home.kukuri(&export), "");
    said.check(0, &[]);
    let copy = said.out;
    assert!(copy.starts_with("ncryptsec1"), "{copy}");

    let other = Home::new();
    let import = [
        "identity",
        "import",
        "-",
        "--passphrase-file",
        &copy_passphrase,
    ];
    run(&mut other.kukuri(&import), &copy).check(0, &[]);
    let (theirs, ours) = (shown(&other), shown(&home));
    assert_eq!(theirs["pubkey"], ours["pubkey"]);
    assert_ne!(
        theirs["device"], ours["device"],
        "a device has keys of its own"
    );
    assert_ne!(theirs["peer_id"], ours["peer_id"]);
    // The node starts as that author.
    run(&mut other.kukuri(&["join", "a"]), "").check(0, &[]);
    assert_eq!(shown(&other), theirs);

    write_private(&other.passphrase(), "wrong\n");
    let wrong = other.passphrase().display().to_string();
    let third = Home::new();
    let import = ["identity", "import", "-", "--passphrase-file", &wrong];
    run(&mut third.kukuri(&import), &copy).check(6, &["passphrase of the sealed key is wrong"]);
    run(&mut third.kukuri(&["identity", "import", "-"]), &copy).check(6, &["--passphrase-file"]);
    assert!(!third.path().join("vault").exists());
}

#[test]
fn an_identity_is_replaced_only_on_purpose() {
    let home = used();
    let before = shown(&home);
    let vault = fs::read(home.path().join("vault")).expect("made");
    let import = ["identity", "import", "-"];
    let said = run(&mut home.kukuri(&import), NSEC);
    said.check(9, &[before["npub"].as_str().expect("text"), "--yes"]);
    assert_eq!(fs::read(home.path().join("vault")).expect("there"), vault);
    assert_eq!(shown(&home), before);

    let import = ["identity", "import", "-", "--yes"];
    run(&mut home.kukuri(&import), NSEC).check(0, &[]);
    let after = shown(&home);
    assert_eq!(after["pubkey"], NSEC_PUBKEY);
    assert_eq!(after["device"], before["device"]);
    assert_eq!(after["peer_id"], before["peer_id"]);
    // The same once more changes nothing and asks nothing.
    let said = run(&mut home.kukuri(&["identity", "import", "-"]), NSEC_HEX);
    said.check(0, &[]);
    assert!(said.out.contains("already"), "{said:#?}");
    run(&mut home.kukuri(&["join", "a"]), "").check(0, &[]);
    assert_eq!(shown(&home), after);
}

#[test]
fn a_key_is_never_an_argument_and_never_repeated() {
    let home = Home::new();
    let said = run(&mut home.kukuri(&["identity", "import", NSEC]), "");
    said.check(2, &["never an argument", "standard input"]);
    assert!(!mentions(&said, &NSEC[5..]), "{said:#?}");
    let damaged = NSEC.replace("fe5", "fe4");
    for (input, part) in [
        (damaged.as_str(), "a letter is wrong"),
        ("hunter2hunter2", "no secret key"),
        (
            "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg",
            "public key",
        ),
        ("", "no secret key"),
        (&"x".repeat(10_000), "no secret key"),
    ] {
        let said = run(&mut home.kukuri(&["identity", "import", "-"]), input);
        said.check(2, &[part]);
        assert!(input.is_empty() || !mentions(&said, input), "{said:#?}");
    }
    run(&mut home.kukuri(&["identity", "import"]), NSEC).check(2, &["import - <"]);
    assert!(!home.path().join("vault").exists());
}

#[test]
fn the_key_in_the_clear_takes_a_yes() {
    let home = used();
    let said = run(&mut home.kukuri(&["identity", "export", "--nsec"]), "");
    said.check(9, &["not confirmed", "--yes"]);
    assert!(!mentions(&said, "nsec1"), "{said:#?}");
    let said = run(
        &mut home.kukuri(&["identity", "export", "--nsec", "--yes"]),
        "",
    );
    said.check(0, &[]);
    assert!(said.out.starts_with("nsec1"), "{said:#?}");
    run(&mut home.kukuri(&["identity", "export"]), "").check(6, &["--passphrase-file"]);
}

#[test]
fn without_a_keyring_the_keys_stay_where_they_are() {
    let home = used();
    let before = fs::read(home.path().join("vault")).expect("made");
    let said = run(&mut home.kukuri(&["identity", "move", "--to", "os"]), "");
    said.check(6, &["no keyring is available here", "no key was moved"]);
    assert_eq!(fs::read(home.path().join("vault")).expect("there"), before);
    assert_eq!(shown(&home)["key_store"], "file");
    let said = run(&mut home.kukuri(&["identity", "move", "--to", "file"]), "");
    said.check(0, &[]);
    assert!(said.out.contains("already"), "{said:#?}");
}
