//! Files that cannot be used, and disks that refuse: a clear error, nothing half-written.

use std::{fs, path::Path};

use futures_util::future::join_all;
use kukuri_application::{
    ports::{EventStore as _, Origin, StoreError, TopicBook as _},
    testing::contract,
};
use sea_orm::ConnectionTrait as _;

use crate::{TOPIC, count, home, make, open, open_read_only};

/// Opening must fail with Corrupt, for writing and for reading, and leave the file alone.
async fn check_corrupt(home: &Path, bytes: &[u8]) {
    let path = home.join("kukuri.db");
    fs::write(&path, bytes).expect("writable");
    for read_only in [false, true] {
        let opened = if read_only {
            open_read_only(home).await
        } else {
            open(home).await
        };
        let error = opened.err().expect("it cannot be opened");
        assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
        assert!(
            fs::read(&path).expect("readable") == bytes,
            "the file was changed"
        );
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_as_it_is() {
    let garbage: Vec<u8> = (0..50_000_u32).map(|i| (i * 7 % 251) as u8).collect();
    check_corrupt(home().path(), &garbage).await;
    check_corrupt(home().path(), b"short").await;
}

#[tokio::test]
async fn a_damaged_database_is_left_as_it_is() {
    let home = home();
    let db = open(home.path()).await.expect("opens");
    db.commit(TOPIC, contract::events(50), Origin::Peer)
        .await
        .expect("commit");
    db.close().await.expect("close");
    let sound = fs::read(home.path().join("kukuri.db")).expect("readable");

    let cut = &sound[..sound.len() / 2];
    check_corrupt(home.path(), cut).await;
    let mut overwritten = sound.clone();
    overwritten[100..4_096].fill(0xa5);
    check_corrupt(home.path(), &overwritten).await;
}

#[tokio::test]
async fn damage_deep_in_the_file_is_found_by_the_check() {
    let home = home();
    let path = home.path().join("kukuri.db");
    let db = open(home.path()).await.expect("opens");
    db.commit(TOPIC, contract::events(500), Origin::Peer)
        .await
        .expect("commit");
    db.check_integrity().await.expect("sound");
    db.close().await.expect("close");
    let mut bytes = fs::read(&path).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0xa5);
    fs::write(&path, &bytes).expect("writable");

    let db = open(home.path()).await.expect("its first pages are sound");
    let checked = db.check_integrity().await;
    assert!(
        matches!(checked, Err(StoreError::Corrupt(_))),
        "{checked:?}"
    );
}

#[tokio::test]
async fn the_database_of_a_newer_program_is_refused() {
    let home = home();
    make(home.path()).await;
    let path = home.path().join("kukuri.db");
    let conn = sea_orm::Database::connect(format!("sqlite://{}", path.display())).await;
    let conn = conn.expect("a newer program");
    let newer = conn.execute_unprepared("PRAGMA user_version = 7").await;
    newer.expect("its mark");
    conn.close().await.expect("close");
    let bytes = fs::read(&path).expect("readable");
    for opened in [open(home.path()).await, open_read_only(home.path()).await] {
        let error = opened.err().expect("it is refused");
        assert!(
            matches!(error, StoreError::NewerSchema { found: 7, known: 6 }),
            "{error}"
        );
    }
    assert!(
        fs::read(&path).expect("readable") == bytes,
        "the file was changed"
    );
}

#[tokio::test]
async fn the_database_of_another_program_is_refused() {
    let home = home();
    let path = home.path().join("kukuri.db");
    let conn = sea_orm::Database::connect(format!("sqlite://{}?mode=rwc", path.display())).await;
    let conn = conn.expect("another program");
    conn.execute_unprepared("CREATE TABLE music (title TEXT)")
        .await
        .expect("its table");
    conn.close().await.expect("close");
    let bytes = fs::read(&path).expect("readable");
    check_corrupt(home.path(), &bytes).await;
}

#[tokio::test]
async fn a_folder_that_is_missing_is_an_error() {
    let home = home();
    let error = open(&home.path().join("nowhere"))
        .await
        .err()
        .expect("there is no folder");
    assert!(matches!(error, StoreError::Other(_)), "{error:?}");
    fs::create_dir(home.path().join("kukuri.db")).expect("a folder in its place");
    assert!(open(home.path()).await.is_err());
}

/// A file system in memory, until dropped. Only root can have one; others are told so.
#[cfg(target_os = "linux")]
struct Tmpfs(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl Tmpfs {
    fn new(size: &str) -> Option<Self> {
        let dir = home();
        let size = format!("size={size}");
        let tmpfs = Self(dir);
        match tmpfs.mount(&["-t", "tmpfs", "-o", &size, "tmpfs"]) {
            true => Some(tmpfs),
            false => {
                println!("skipped: only root can mount a file system");
                None
            }
        }
    }

    fn mount(&self, args: &[&str]) -> bool {
        let mut command = std::process::Command::new("mount");
        command.args(args).arg(self.0.path());
        command.stderr(std::process::Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

#[cfg(target_os = "linux")]
impl Drop for Tmpfs {
    fn drop(&mut self) {
        let umount = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.0.path())
            .output();
        drop(umount);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_refuses_and_heals() {
    let Some(disk) = Tmpfs::new("3m") else { return };
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![0; 1_500_000]).expect("room");
    let db = open(disk.0.path()).await.expect("opens");

    let events = contract::events(3_000);
    let mut stored = 0;
    let error = loop {
        // Several callers at once, so that a group of them fails together.
        let batch = &events[stored..stored + 20];
        let commits = batch
            .chunks(5)
            .map(|e| db.commit(TOPIC, e.to_vec(), Origin::Local));
        let mut failed = None;
        for commit in join_all(commits).await {
            match commit {
                Ok(commits) => stored += commits.len(),
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            break error;
        }
    };
    assert!(matches!(error, StoreError::DiskFull(_)), "{error:?}");
    assert!(stored > 0, "a few found room");
    assert_eq!(
        count(&db).await,
        stored as u64,
        "acknowledged, and nothing else"
    );
    let ids: Vec<_> = events[..stored].iter().map(|e| e.id()).collect();
    assert_eq!(db.missing(TOPIC, ids).await.expect("readable"), []);

    fs::remove_file(&ballast).expect("room again");
    let commits = db
        .commit(TOPIC, events[stored..stored + 20].to_vec(), Origin::Local)
        .await;
    assert!(commits.expect("there is room").iter().all(|c| c.is_new));
    db.check_integrity().await.expect("sound");
    db.close().await.expect("close");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_without_room_for_a_database_says_so() {
    let Some(disk) = Tmpfs::new("64k") else {
        return;
    };
    let error = open(disk.0.path()).await.err().expect("there is no room");
    assert!(matches!(error, StoreError::DiskFull(_)), "{error:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_read_only_disk_can_be_read() {
    let Some(disk) = Tmpfs::new("8m") else { return };
    let db = open(disk.0.path()).await.expect("opens");
    db.commit(TOPIC, contract::events(3), Origin::Local)
        .await
        .expect("commit");
    db.close().await.expect("close");
    assert!(disk.mount(&["-o", "remount,ro"]));

    let error = open(disk.0.path())
        .await
        .err()
        .expect("it cannot be written");
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    let db = open_read_only(disk.0.path()).await.expect("it can be read");
    assert_eq!(count(&db).await, 3);
    let refused = db.leave(TOPIC).await;
    assert!(
        matches!(refused, Err(StoreError::ReadOnly(_))),
        "{refused:?}"
    );
    db.close().await.expect("close");
}
