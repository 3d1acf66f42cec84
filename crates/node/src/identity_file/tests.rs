//! The file as it is written, as it is read, and what wins.

use crate::home::DEFAULT_PROFILE;

use super::*;

fn home(folder: &Path) -> Home {
    let home = Home::locate(Some(folder), DEFAULT_PROFILE).expect("a valid profile");
    home.create().expect("created");
    home
}

fn keys() -> PublicKeys {
    PublicKeys {
        author: AuthorId([1; 32]),
        device: DeviceId([2; 32]),
        peer_id: PeerId([3; 32]),
    }
}

fn recorded(key_store: KeyringStore) -> IdentityFile {
    IdentityFile::new(key_store).expect("random bytes")
}

fn chosen(store: KeyringStore) -> ChosenStore {
    ChosenStore {
        store,
        origin: "--set keyring.store".to_owned(),
    }
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = home(folder.path());
    assert_eq!(IdentityFile::read(&home).expect("nothing there"), None);
    for key_store in [KeyringStore::Os, KeyringStore::File] {
        let mut file = recorded(key_store);
        for keys in [None, Some(keys())] {
            file.keys = keys;
            file.write(&home).expect("written");
            assert_eq!(IdentityFile::read(&home).expect("read"), Some(file.clone()));
        }
    }
    let left = fs::read_dir(folder.path()).expect("readable").count();
    assert_eq!(left, 1, "no temporary file stays");
}

#[test]
fn the_form_holds_still() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = home(folder.path());
    let file = IdentityFile {
        key_store: KeyringStore::Os,
        vault_id: "0123456789abcdef0123456789abcdef".to_owned(),
        keys: Some(keys()),
    };
    file.write(&home).expect("written");
    let text = fs::read_to_string(home.identity_file()).expect("readable");
    let (author, device, peer) = ("01".repeat(32), "02".repeat(32), "03".repeat(32));
    assert_eq!(
        text,
        format!(
            "{{\n  \"version\": 1,\n  \"key_store\": \"os\",\n  \
             \"vault_id\": \"0123456789abcdef0123456789abcdef\",\n  \
             \"author\": \"{author}\",\n  \"device\": \"{device}\",\n  \"peer_id\": \"{peer}\"\n}}\n"
        )
    );
}

#[test]
#[cfg(unix)]
fn only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = home(folder.path());
    recorded(KeyringStore::Os).write(&home).expect("written");
    let mode = fs::metadata(home.identity_file())
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn every_profile_has_an_id_of_its_own() {
    let (one, other) = (recorded(KeyringStore::Os), recorded(KeyringStore::Os));
    assert_ne!(one.vault_id, other.vault_id);
}

#[test]
fn a_damaged_file_is_told_and_left() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = home(folder.path());
    let id = "0".repeat(32);
    let half = format!(
        r#"{{"version":1,"key_store":"os","vault_id":"{id}","author":"{}"}}"#,
        "01".repeat(32)
    );
    for damaged in [
        String::new(),
        "os".to_owned(),
        r#"{"version":1}"#.to_owned(),
        r#"{"version":1,"key_store":"os","vault_id":"../../x"}"#.to_owned(),
        format!(r#"{{"version":1,"key_store":"memory","vault_id":"{id}"}}"#),
        format!(r#"{{"version":1,"key_store":"cloud","vault_id":"{id}"}}"#),
        half,
        "x".repeat(20_000),
    ] {
        fs::write(home.identity_file(), &damaged).expect("written");
        let read = IdentityFile::read(&home);
        assert!(
            matches!(read, Err(IdentityFileError::Damaged { .. })),
            "{damaged}: {read:?}"
        );
        let left = fs::read_to_string(home.identity_file()).expect("there");
        assert_eq!(left, damaged);
    }
    fs::write(home.identity_file(), [0xff, 0xfe]).expect("written");
    let read = IdentityFile::read(&home);
    assert!(
        matches!(read, Err(IdentityFileError::Damaged { .. })),
        "{read:?}"
    );
}

#[test]
fn a_newer_file_is_refused_by_its_version() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = home(folder.path());
    fs::write(home.identity_file(), r#"{"version":2,"stores":[]}"#).expect("written");
    let read = IdentityFile::read(&home);
    assert!(
        matches!(
            read,
            Err(IdentityFileError::NewerVersion { version: 2, .. })
        ),
        "{read:?}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_not_missing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = home(folder.path());
    fs::create_dir(home.identity_file()).expect("made");
    let read = IdentityFile::read(&home);
    assert!(
        matches!(read, Err(IdentityFileError::Access { .. })),
        "{read:?}"
    );
}

#[test]
fn what_the_profile_says_wins_and_a_contradiction_is_refused() {
    use KeyringStore::{File, Os};
    let check = |recorded: Option<KeyringStore>, has_file, wish: Option<KeyringStore>| {
        let recorded = recorded.map(|store| IdentityFile {
            keys: Some(keys()),
            ..self::recorded(store)
        });
        let wish = wish.map(chosen);
        KeyPlace::find(recorded, has_file, wish.as_ref()).map(|place| place.store())
    };
    assert_eq!(check(None, false, None), Ok(Os));
    assert_eq!(check(None, false, Some(Os)), Ok(Os));
    assert_eq!(check(None, false, Some(File)), Ok(File));
    assert_eq!(check(None, true, None), Ok(File));
    assert_eq!(check(Some(Os), true, None), Ok(Os));
    assert_eq!(check(Some(File), false, None), Ok(File));
    assert_eq!(check(Some(File), true, Some(File)), Ok(File));
    for (recorded, has_file, wish, holds) in [
        (Some(Os), false, File, "os"),
        (Some(File), true, Os, "file"),
        (None, true, Os, "file"),
    ] {
        let error = check(recorded, has_file, Some(wish)).expect_err("a contradiction");
        let (message, hint) = (error.to_string(), error.hint());
        assert!(
            message.contains("`keyring.store` (--set keyring.store)"),
            "{message}"
        );
        assert!(
            message.contains(&format!("expected '{holds}'")),
            "{message}"
        );
        let command = format!("kukuri identity move --to {}", wish.word());
        assert!(hint.contains(&command), "{hint}");
    }
}

#[test]
fn a_first_start_that_made_no_keys_may_be_begun_anew() {
    use KeyringStore::{File, Os};
    let find = |has_file, wish| {
        let unfinished = Some(recorded(Os));
        KeyPlace::find(unfinished, has_file, Some(&chosen(wish)))
    };
    assert_eq!(find(false, File), Ok(KeyPlace::New(File)));
    assert!(matches!(find(false, Os), Ok(KeyPlace::Recorded(_))));
    // A sealed file has keys, whatever was noted.
    assert_eq!(find(true, File), Ok(KeyPlace::OldFile));
}
