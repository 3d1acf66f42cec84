//! What is read, what is replaced, and what never is.

use std::error::Error as _;

use super::*;

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vault");
    (folder, path)
}

fn access_kind(error: &VaultError) -> ErrorKind {
    assert!(matches!(error, VaultError::Access(_)), "{error:?}");
    let cause = error.source().and_then(|e| e.downcast_ref::<io::Error>());
    cause.expect("an I/O error").kind()
}

#[test]
fn only_a_file_that_is_not_there_is_missing() {
    let (folder, path) = place();
    assert_eq!(read(&path).expect("definitely missing"), None);
    assert_eq!(
        read(&folder.path().join("no/folder/vault")).expect("definitely missing"),
        None
    );

    fs::write(&path, b"").expect("writable");
    assert_eq!(read(&path).expect("there"), Some(Vec::new()));
    let below_a_file = read(&path.join("vault")).expect_err("not a folder");
    assert_eq!(access_kind(&below_a_file), ErrorKind::NotADirectory);
    let folder_itself = read(folder.path()).expect_err("a folder");
    assert_eq!(access_kind(&folder_itself), ErrorKind::InvalidInput);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_not_missing() {
    let (folder, path) = place();
    std::os::unix::fs::symlink(folder.path().join("unplugged/vault"), &path).expect("writable");
    assert_eq!(
        access_kind(&read(&path).expect_err("dangling")),
        ErrorKind::NotFound
    );
}

#[test]
fn a_huge_file_is_no_vault() {
    let (_folder, path) = place();
    fs::write(&path, vec![0; VAULT_BYTES_MAX + 1]).expect("writable");
    assert!(matches!(read(&path), Err(VaultError::Corrupt(_))));
}

#[test]
fn content_is_replaced_when_it_is_as_seen() {
    let (folder, path) = place();
    assert_eq!(
        replace(&path, None, b"one").expect("writable"),
        Replaced::Done
    );
    assert_eq!(
        replace(&path, Some(b"one"), b"two").expect("writable"),
        Replaced::Done
    );
    assert_eq!(read(&path).expect("there"), Some(b"two".to_vec()));
    assert_eq!(
        fs::read_dir(folder.path()).expect("readable").count(),
        1,
        "no temporary file"
    );
}

#[test]
fn content_that_was_not_seen_is_left_alone() {
    let (folder, path) = place();
    fs::write(&path, b"theirs").expect("writable");
    assert_eq!(
        replace(&path, None, b"ours").expect("readable"),
        Replaced::Changed
    );
    assert_eq!(
        replace(&path, Some(b"other"), b"ours").expect("readable"),
        Replaced::Changed
    );
    assert_eq!(read(&path).expect("there"), Some(b"theirs".to_vec()));
    fs::remove_file(&path).expect("writable");
    assert_eq!(
        replace(&path, Some(b"theirs"), b"ours").expect("readable"),
        Replaced::Changed
    );
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
}

#[test]
fn publishing_never_replaces() {
    let (_folder, path) = place();
    let temporary = temporary_path(&path);
    fs::write(&path, b"theirs").expect("writable");
    write_temporary(&temporary, b"ours").expect("writable");
    let error = publish_new(&temporary, &path).expect_err("it is there");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(read(&path).expect("there"), Some(b"theirs".to_vec()));
}

#[test]
fn what_a_crash_left_behind_does_not_matter() {
    let (folder, path) = place();
    fs::write(temporary_path(&path), b"half a vau").expect("writable");
    assert_eq!(read(&path).expect("definitely missing"), None);
    assert_eq!(
        replace(&path, None, b"whole").expect("writable"),
        Replaced::Done
    );
    assert_eq!(read(&path).expect("there"), Some(b"whole".to_vec()));
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
}

#[test]
fn a_failed_write_leaves_the_old_content() {
    let (_folder, path) = place();
    fs::write(&path, b"old").expect("writable");
    // A folder in the way of the temporary file stands for a disk that takes no more.
    fs::create_dir(temporary_path(&path)).expect("writable");
    let error = replace(&path, Some(b"old"), b"new").expect_err("it cannot be written");
    assert!(matches!(error, VaultError::Access(_)), "{error:?}");
    assert_eq!(read(&path).expect("there"), Some(b"old".to_vec()));
}

#[test]
fn a_missing_folder_is_an_access_error() {
    let (folder, _) = place();
    let error = replace(&folder.path().join("no/vault"), None, b"new").expect_err("no folder");
    assert_eq!(access_kind(&error), ErrorKind::NotFound);
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = place();
    replace(&path, None, b"one").expect("writable");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o7777;
    assert_eq!(mode(&path), 0o600);
    replace(&path, Some(b"one"), b"two").expect("writable");
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn of_many_writers_each_replaces_only_what_it_saw() {
    const WRITERS: usize = 8;
    let (_folder, path) = place();
    // Each writer appends its byte until it has succeeded once: no byte may get lost.
    std::thread::scope(|scope| {
        for writer in 0..WRITERS as u8 {
            let path = &path;
            scope.spawn(move || {
                loop {
                    let seen = read(path).expect("readable");
                    let content = [seen.as_deref().unwrap_or_default(), &[writer]].concat();
                    let replaced = replace(path, seen.as_deref(), &content).expect("writable");
                    if replaced == Replaced::Done {
                        return;
                    }
                }
            });
        }
    });
    let mut content = read(&path).expect("there").expect("there");
    content.sort_unstable();
    assert_eq!(content, (0..WRITERS as u8).collect::<Vec<_>>());
}
