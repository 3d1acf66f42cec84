//! What was answered "ok" survives: the process is killed, and the calls to the disk are watched.
//!
//! The test starts itself again as a child that posts; the child says "ok" and the id after each
//! commit that was acknowledged.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use kukuri_application::{
    ports::{EventStore as _, Origin},
    testing::contract,
};
use kukuri_domain::{EventId, UnixMs};

use crate::{NOW, TOPIC, home, open};

/// Names the home of a child; a test that finds it set is that child.
const CHILD: &str = "KUKURI_TEST_CHILD";

fn child_home() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The parent may have heard enough.
    let _ = out
        .write_all(format!("{line}\n").as_bytes())
        .and_then(|()| out.flush());
}

/// Posts from several tasks at once, among events from peers, until it is killed.
async fn post_for_ever(home: &Path) {
    const POSTERS: u64 = 4;
    let db = open(home).await.expect("opens");
    let start = db.count(TOPIC).await.expect("countable");
    let post = async |poster: u64| {
        for i in 0.. {
            let at = UnixMs(NOW.0 + start + i);
            let event = contract::event(poster, &format!("post {start} {i}"), at);
            let id = event.id();
            let origin = if poster == 0 {
                Origin::Peer
            } else {
                Origin::Local
            };
            db.commit(TOPIC, vec![event], origin).await.expect("commit");
            say(&format!("ok {id}"));
        }
    };
    futures_util::future::join_all((0..POSTERS).map(post)).await;
}

#[tokio::test]
async fn acknowledged_posts_survive_kill_9() {
    const ROUNDS: usize = 50;
    const REOPEN_MAX: Duration = Duration::from_secs(2);
    if let Some(home) = child_home() {
        return post_for_ever(&home).await;
    }
    let home = home();
    let mut posts = 0;
    for round in 0..ROUNDS {
        // Killed after the first acknowledgement, the fourth, ... among all stages of a commit.
        let ids = kill_after(home.path(), 1 + round * 3 % 40);
        posts += ids.len();
        let start = Instant::now();
        let db = open(home.path()).await.expect("opens after the crash");
        assert!(start.elapsed() < REOPEN_MAX, "{:?}", start.elapsed());
        assert_eq!(
            db.missing(TOPIC, ids).await.expect("readable"),
            [],
            "in round {round}"
        );
        db.check_integrity().await.expect("sound");
        if round % 2 == 0 {
            // Every other time the next child finds the log as the crash left it.
            db.close().await.expect("close");
        }
    }
    assert!(posts >= ROUNDS, "{posts} posts in {ROUNDS} rounds");
}

/// Starts a child, kills it after `oks` acknowledgements, and returns all that it acknowledged.
fn kill_after(home: &Path, oks: usize) -> Vec<EventId> {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args([
            "--exact",
            "crash::acknowledged_posts_survive_kill_9",
            "--nocapture",
        ])
        .env(CHILD, home)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut ids = Vec::new();
    let mut line = String::new();
    // What the child had said when it died counts, too; a line cut short does not.
    while out.read_line(&mut line).expect("readable") > 0 {
        if let Some(id) = line
            .strip_suffix('\n')
            .and_then(|line| line.strip_prefix("ok "))
        {
            ids.push(id.parse().expect("an id"));
        }
        line.clear();
        if ids.len() == oks {
            child.kill().expect("killed");
        }
    }
    let status = child.wait().expect("gone");
    assert!(
        !status.success() && ids.len() >= oks,
        "{status}: {} posts",
        ids.len()
    );
    ids
}

/// Posts one after the other and marks each begin and end; then as many from a peer.
async fn post_with_marks(home: &Path) {
    let db = open(home).await.expect("opens");
    for (i, event) in contract::events(2 * TRACED).into_iter().enumerate() {
        let origin = if (i as u64) < TRACED {
            Origin::Local
        } else {
            Origin::Peer
        };
        say(&format!("start {i}"));
        db.commit(TOPIC, vec![event], origin).await.expect("commit");
        say(&format!("ok {i}"));
    }
}

const TRACED: u64 = 20;

#[tokio::test]
async fn strace_a_post_reaches_the_disk_before_its_ok() {
    if let Some(home) = child_home() {
        return post_with_marks(&home).await;
    }
    if std::env::var_os("KUKURI_TEST_STRACE").is_none() {
        println!("skipped: runs in the group `trace` of `cargo xtask test`");
        return;
    }
    let home = home();
    let log = home.path().join("trace");
    let status = Command::new("strace")
        .args(["-f", "-e", "trace=fdatasync,fsync,write", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().expect("this test"))
        .args([
            "--exact",
            "crash::strace_a_post_reaches_the_disk_before_its_ok",
            "--nocapture",
        ])
        .env(CHILD, home.path())
        .stdout(Stdio::null())
        .status()
        .expect("strace runs");
    assert!(status.success(), "{status}");

    let log = std::fs::read_to_string(&log).expect("a trace");
    for i in 0..2 * TRACED {
        let place = |mark: &str| {
            log.find(&format!("\"{mark} {i}\\n\""))
                .expect("the child's mark")
        };
        let (start, ok) = (place("start"), place("ok"));
        let is_sync = |line: &&str| line.contains("sync") && line.trim_end().ends_with("= 0");
        let syncs = log[start..ok].lines().filter(is_sync).count();
        match i < TRACED {
            true => assert!(
                syncs > 0,
                "post {i} was acknowledged before it was on the disk"
            ),
            false => assert_eq!(syncs, 0, "a peer's event {i} waited for the disk"),
        }
    }
}
