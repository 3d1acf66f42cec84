//! Which sources give a passphrase, and what the others say.

use std::{
    collections::VecDeque,
    error::Error as _,
    sync::{Arc, Mutex},
};

use rstest::rstest;

use super::*;

fn file_with(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("passphrase");
    fs::write(&path, content).expect("writable");
    set_mode(&path, 0o600);
    (folder, path)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) {}

/// The cause inside `Locked`, as text.
fn cause(error: VaultError) -> String {
    assert!(matches!(error, VaultError::Locked(_)), "{error:?}");
    error.source().expect("a cause").to_string()
}

#[rstest]
#[case(b"swordfish", b"swordfish")]
#[case(b"swordfish\n", b"swordfish")]
#[case(b"swordfish\r\n", b"swordfish")]
#[case(b" two  words \nsecond line\n", b" two  words ")]
#[case("合言葉\n".as_bytes(), "合言葉".as_bytes())]
#[case(b"\xff\x00\n", b"\xff\x00")]
fn the_first_line_of_the_file_counts(#[case] content: &[u8], #[case] expected: &[u8]) {
    let (_folder, path) = file_with(content);
    let passphrase = PassphraseSource::File(path)
        .for_opening(1)
        .expect("a fine file");
    assert_eq!(passphrase.expose(), expected);
}

#[rstest]
#[case(b"")]
#[case(b"\n")]
#[case(b"\r\nswordfish\n")]
fn an_empty_first_line_is_refused(#[case] content: &[u8]) {
    let (_folder, path) = file_with(content);
    let source = PassphraseSource::File(path);
    assert!(cause(source.for_opening(1).expect_err("empty")).contains("is empty"));
    assert!(cause(source.for_creating().expect_err("empty")).contains("is empty"));
}

#[test]
fn a_first_line_is_at_most_a_page_long() {
    let longest = vec![b'x'; FILE_LINE_BYTES_MAX as usize];
    let (_folder, path) = file_with(&longest);
    assert!(PassphraseSource::File(path).for_opening(1).is_ok());
    let (_folder, path) = file_with(&[&longest[..], b"x\n"].concat());
    let error = PassphraseSource::File(path)
        .for_opening(1)
        .expect_err("too long");
    assert!(cause(error).contains("longer than"));
}

#[cfg(unix)]
#[rstest]
#[case(0o644)]
#[case(0o640)]
#[case(0o604)]
#[case(0o620)]
fn a_file_that_others_can_open_is_refused_with_the_remedy(#[case] mode: u32) {
    let (_folder, path) = file_with(b"swordfish");
    set_mode(&path, mode);
    let text = cause(
        PassphraseSource::File(path.clone())
            .for_opening(1)
            .expect_err("exposed"),
    );
    assert!(
        text.contains(&format!("chmod 600 {}", path.display())),
        "{text}"
    );
    assert!(text.contains(&format!("{mode:04o}")), "{text}");
    set_mode(&path, 0o400);
    assert!(PassphraseSource::File(path).for_opening(1).is_ok());
}

#[test]
fn a_missing_file_is_named() {
    let text = cause(
        PassphraseSource::File("/nowhere/passphrase".into())
            .for_opening(1)
            .expect_err("missing"),
    );
    assert!(text.contains("/nowhere/passphrase"), "{text}");
}

#[test]
fn nobody_has_no_passphrase() {
    let source = PassphraseSource::Nobody;
    assert!(matches!(
        source.for_opening(1),
        Err(VaultError::PassphraseNeeded)
    ));
    assert!(matches!(
        source.for_creating(),
        Err(VaultError::PassphraseNeeded)
    ));
}

/// A person who types these lines, and a record of what was asked.
fn person(lines: &[&str]) -> (PassphraseSource, Arc<Mutex<Vec<Ask>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let lines: Mutex<VecDeque<String>> = Mutex::new(lines.iter().map(|&l| l.into()).collect());
    let record = asked.clone();
    let prompt = move |ask| {
        record.lock().expect("not poisoned").push(ask);
        let line = lines.lock().expect("not poisoned").pop_front();
        line.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    };
    (PassphraseSource::Prompt(Box::new(prompt)), asked)
}

#[test]
fn a_new_passphrase_is_asked_for_twice() {
    let (source, asked) = person(&["swordfish", "swordfish"]);
    assert_eq!(
        source.for_creating().expect("typed twice").expose(),
        b"swordfish"
    );
    assert_eq!(
        *asked.lock().expect("not poisoned"),
        [Ask::Choose { attempt: 1 }, Ask::Repeat]
    );
}

#[test]
fn an_empty_or_mistyped_new_passphrase_is_asked_for_again() {
    let (source, asked) = person(&["", "sword", "fish", "tuna", "tuna"]);
    assert_eq!(
        source.for_creating().expect("typed twice").expose(),
        b"tuna"
    );
    assert_eq!(
        *asked.lock().expect("not poisoned"),
        [
            Ask::Choose { attempt: 1 },
            Ask::Choose { attempt: 2 },
            Ask::Repeat,
            Ask::Choose { attempt: 3 },
            Ask::Repeat,
        ]
    );
}

#[test]
fn asking_for_a_new_passphrase_ends() {
    let (source, _) = person(&["a", "b", "c", "d", "e", "f", "g", "g"]);
    assert!(cause(source.for_creating().expect_err("three times")).contains("differ"));
    let (source, _) = person(&["", "", "", "g", "g"]);
    assert!(cause(source.for_creating().expect_err("three times")).contains("empty"));
}

#[test]
fn a_closed_terminal_is_an_error_and_not_an_empty_passphrase() {
    let (source, _) = person(&[]);
    assert!(cause(source.for_opening(1).expect_err("closed")).contains("terminal"));
    assert!(cause(source.for_creating().expect_err("closed")).contains("terminal"));
}

#[test]
fn debug_shows_no_passphrase() {
    let passphrase = Passphrase::new("swordfish").expect("not empty");
    let source = PassphraseSource::Given(passphrase.clone());
    assert!(!format!("{passphrase:?} {source:?}").contains("sword"));
    assert!(matches!(Passphrase::new(""), Err(PassphraseError::Empty)));
}
