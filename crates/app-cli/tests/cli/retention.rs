//! A topic that has reached its ceiling: what is shown says where it begins.

use std::sync::Arc;

use kukuri_application::ports::{EventStore as _, Identity as _, Origin, SecretBytes};
use kukuri_domain::{TopicKeys, UnixMs, event::Draft};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_infra_keyring::LocalIdentity;
use kukuri_node::platform::SystemClock;

use crate::program::{Home, Said, run};

/// The least that `storage.topic_bytes_max` takes, and that in words.
const CEILING: u64 = 1 << 20;

/// Posts of somebody else, an hour apart, of which some thirty fit below the ceiling.
const POSTS: u64 = 100;

const HOUR_MS: u64 = 3_600_000;

fn with_ceiling(home: &Home, args: &[&str], locale: &str) -> Said {
    let mut command = home.kukuri(args);
    let ceiling = CEILING.to_string();
    let command = command
        .env("KUKURI_STORAGE__TOPIC_BYTES_MAX", ceiling)
        .env("LANG", locale);
    run(command, "")
}

/// Fills the topic beyond its ceiling and waits until its oldest posts are gone. Returns the first
/// day that is kept.
async fn fill(home: &Home) -> String {
    let clock = Arc::new(SystemClock::start());
    let options = OpenOptions {
        topic_bytes_max: Some(CEILING),
        ..OpenOptions::default()
    };
    let path = home.path().join("kukuri.db");
    let database = Database::open(&path, options, clock).await;
    let database = database.expect("it opens");
    let author = LocalIdentity::from_secret(&SecretBytes::new([9; 32])).expect("a key");
    let keys = TopicKeys::public("lobby".parse().expect("a name"));
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).expect("later");
    let now = u64::try_from(now.as_millis()).expect("not so much later");
    for n in 0..POSTS {
        let text = format!("post {n} {}", "of long ago ".repeat(1_200));
        let at = UnixMs(now - (POSTS - n) * HOUR_MS);
        let signed = author.sign(Draft::post(&keys.name, &text, at)).await;
        let event = signed.expect("signs").verify().expect("genuine");
        let stored = database.commit(keys.id, vec![event], Origin::Peer).await;
        stored.expect("stored");
    }
    let mut horizon = database.horizon(keys.id).await.expect("readable");
    let moved = horizon.wait_for(|horizon| horizon.0 > now - POSTS * HOUR_MS);
    let moved = tokio::time::timeout(crate::program::PATIENCE, moved).await;
    moved.expect("in time").expect("open");
    database.close().await.expect("closed");
    // It may have moved again before that.
    let day = |line: &str| {
        line.split_once("nothing from before ")
            .map(|(_, day)| day.to_owned())
    };
    let status = with_ceiling(home, &["status"], "C.UTF-8");
    status.out.lines().find_map(day).expect("a day")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chat_says_where_the_history_begins() {
    let home = Home::new();
    with_ceiling(&home, &["topic", "join", "lobby"], "C.UTF-8").check(0, &[]);
    let first = with_ceiling(&home, &["join", "lobby"], "C.UTF-8");
    first.check(0, &[]);
    assert!(!first.out.contains("is not kept here"), "{first:#?}");
    let day = fill(&home).await;

    let remark =
        format!("what was posted before {day} is not kept here: storage.topic_bytes_max is 1.0 MB");
    let said = with_ceiling(&home, &["join", "lobby"], "C.UTF-8");
    said.check(0, &[]);
    let (before, history) = said.out.split_once(&remark).expect("it is said");
    assert!(!before.contains("of long ago"), "above the posts");
    assert!(history.contains("post 99 of long ago"));
    assert_eq!(said.out.matches("is not kept here").count(), 1);

    let said = with_ceiling(&home, &["join", "lobby"], "ja_JP.UTF-8");
    said.check(0, &[]);
    let remark = format!("{day} より前の投稿はここには保存されていません");
    assert!(said.out.contains(&remark), "{said:#?}");

    // Who looks at the newest few alone need not know.
    let said = with_ceiling(&home, &["read", "lobby", "--limit", "5"], "C.UTF-8");
    said.check(0, &[]);
    assert!(!said.err.contains("is not kept here"), "{said:#?}");
    with_ceiling(&home, &["read", "lobby"], "C.UTF-8").check(0, &["is not kept here"]);
}
