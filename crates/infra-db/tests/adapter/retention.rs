//! Ceilings on real files: nothing is left in any table, a kill at any moment leaves what is true,
//! and a higher ceiling lets back what others still have.

use std::{collections::BTreeSet, path::Path, time::Duration};

use kukuri_application::{
    ports::{EventStore as _, Origin},
    testing::contract,
};
use kukuri_domain::{AuthorId, UnixMs, VerifiedEvent};
use kukuri_infra_db::Database;
use sea_orm::{ConnectionTrait as _, Statement};
use tokio::time::{Instant, sleep};

use crate::{NOW, TOPIC, home, indexed, open, open_with};

/// Room for about 180 of the posts.
const CEILING: u64 = 100_000;

/// One an hour, the last of them an hour ago.
fn posts(n: u64) -> Vec<VerifiedEvent> {
    let at = |i| UnixMs(NOW.0 - (n - i) * 3_600_000);
    (0..n)
        .map(|i| contract::event(i % 3, &format!("word{i} 東京"), at(i)))
        .collect()
}

fn reader() -> AuthorId {
    contract::event(9, "", NOW).author()
}

async fn settled(db: &Database) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let summary = db.summary(TOPIC, reader()).await.expect("summary");
        if summary.horizon > UnixMs(0) && summary.bytes <= CEILING {
            return;
        }
        assert!(Instant::now() < deadline, "{summary:?}");
        sleep(Duration::from_millis(2)).await;
    }
}

/// The only number of a query on the closed file.
async fn number(home: &Path, sql: &str) -> i64 {
    let url = format!("sqlite://{}?mode=rwc", home.join("kukuri.db").display());
    let conn = sea_orm::Database::connect(url).await.expect("a database");
    let statement = Statement::from_string(conn.get_database_backend(), sql);
    let row = conn.query_one_raw(statement).await.expect("a number");
    let number = row.expect("a row").try_get_by_index(0).expect("a number");
    conn.close().await.expect("close");
    number
}

#[tokio::test]
async fn nothing_is_left_of_what_went() {
    let home = home();
    let db = open_with(home.path(), u64::MAX).await;
    let posts = posts(600);
    db.commit(TOPIC, posts.clone(), Origin::Peer)
        .await
        .expect("stored");
    indexed(&db).await;
    db.close().await.expect("close");
    let pages = number(home.path(), "SELECT page_count FROM pragma_page_count").await;

    let db = open_with(home.path(), CEILING).await;
    settled(&db).await;
    let left = db.count(TOPIC).await.expect("count");
    assert!((140..=180).contains(&left), "{left}");
    db.check_integrity().await.expect("sound");
    db.close().await.expect("close");
    let left = i64::try_from(left).expect("small");
    for table in ["events", "topic_events", "author_posts", "indexed"] {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        assert_eq!(number(home.path(), &sql).await, left, "{table}");
    }
    let found = "SELECT COUNT(*) FROM terms WHERE terms MATCH '\"東京\"'";
    assert_eq!(number(home.path(), found).await, left);
    let gone = "SELECT COUNT(*) FROM terms WHERE terms MATCH '\"word3\"'";
    assert_eq!(number(home.path(), gone).await, 0);

    // The room is used again: as many more posts do not make the file larger.
    let db = open_with(home.path(), CEILING).await;
    let more: Vec<VerifiedEvent> = (0..300)
        .map(|n| contract::event(4, &format!("more{n}"), UnixMs(NOW.0 - 3_000_000 + n)))
        .collect();
    db.commit(TOPIC, more, Origin::Peer).await.expect("stored");
    settled(&db).await;
    db.close().await.expect("close");
    let now = number(home.path(), "SELECT page_count FROM pragma_page_count").await;
    assert!(now <= pages, "{now} pages after {pages}");
}

#[tokio::test]
async fn another_topic_keeps_what_it_holds() {
    let home = home();
    let db = open_with(home.path(), u64::MAX).await;
    let (posts, other) = (posts(400), kukuri_domain::TopicId([7; 32]));
    let few = posts[..20].to_vec();
    for (topic, events) in [(TOPIC, posts.clone()), (other, few.clone())] {
        db.commit(topic, events, Origin::Peer)
            .await
            .expect("stored");
    }
    indexed(&db).await;
    db.close().await.expect("close");
    let db = open_with(home.path(), CEILING).await;
    settled(&db).await;
    let ids = few.iter().map(VerifiedEvent::id).collect::<Vec<_>>();
    assert_eq!(
        db.get(other, ids.clone()).await.expect("held").len(),
        few.len()
    );
    assert_eq!(db.missing(TOPIC, ids.clone()).await.expect("missing"), ids);
    let found = crate::search::found(&db, &[TOPIC, other], "word3").await;
    assert_eq!(found.len(), 1, "in the other topic only");
}

/// The process dies after each of the first transactions in turn.
#[tokio::test]
async fn a_removal_that_was_cut_off_goes_on() {
    let original = home();
    let db = open_with(original.path(), u64::MAX).await;
    let posts = posts(1_500);
    db.commit(TOPIC, posts.clone(), Origin::Peer)
        .await
        .expect("stored");
    indexed(&db).await;
    db.close().await.expect("close");
    let mut states = BTreeSet::new();
    for wait_ms in (0..500).step_by(25) {
        let copy = home();
        let file = copy.path().join("kukuri.db");
        std::fs::copy(original.path().join("kukuri.db"), &file).expect("copied");
        let db = open_with(copy.path(), CEILING).await;
        // The moment is arbitrary: whatever it is, what follows has to hold.
        sleep(Duration::from_millis(wait_ms)).await;
        // A copy of the files as they are is what a kill leaves.
        let killed = home();
        for name in ["kukuri.db", "kukuri.db-wal"] {
            let from = copy.path().join(name);
            if from.exists() {
                std::fs::copy(from, killed.path().join(name)).expect("copied");
            }
        }
        drop(db);
        let db = open(killed.path()).await.expect("opens");
        let summary = db.summary(TOPIC, reader()).await.expect("summary");
        let missing = posts.iter().map(VerifiedEvent::id).collect();
        let missing = db.missing(TOPIC, missing).await.expect("missing");
        let missing: BTreeSet<_> = missing.into_iter().collect();
        let gone = posts.iter().filter(|post| missing.contains(&post.id()));
        let last_gone = gone.map(|post| post.order().at()).max();
        assert!(
            last_gone.is_none_or(|at| at < summary.horizon),
            "what went lies before the horizon: {last_gone:?}, {summary:?}"
        );
        states.insert(summary.events);
        db.close().await.expect("close");
        let db = open_with(killed.path(), CEILING).await;
        settled(&db).await;
        let deadline = Instant::now() + Duration::from_secs(20);
        let kept = |horizon| posts.iter().filter(|p| p.order().at() >= horizon).count() as u64;
        loop {
            let summary = db.summary(TOPIC, reader()).await.expect("summary");
            if summary.events == kept(summary.horizon) {
                break;
            }
            assert!(Instant::now() < deadline, "{summary:?}");
            sleep(Duration::from_millis(2)).await;
        }
        db.check_integrity().await.expect("sound");
    }
    assert!(states.len() >= 3, "cut off at {states:?}");
}

#[tokio::test]
async fn a_higher_ceiling_lets_back_what_others_have() {
    let home = home();
    let db = open_with(home.path(), CEILING).await;
    let posts = posts(600);
    db.commit(TOPIC, posts.clone(), Origin::Peer)
        .await
        .expect("stored");
    settled(&db).await;
    db.close().await.expect("close");

    // The same ceiling, or no opinion, changes nothing.
    for ceiling in [Some(CEILING), None] {
        let db = match ceiling {
            Some(ceiling) => open_with(home.path(), ceiling).await,
            None => open(home.path()).await.expect("opens"),
        };
        let before = db.summary(TOPIC, reader()).await.expect("summary");
        assert!(before.horizon > UnixMs(0));
        let again = db.commit(TOPIC, posts[..1].to_vec(), Origin::Peer).await;
        assert!(!again.expect("no fault")[0].is_new);
        db.close().await.expect("close");
    }
    let db = open_with(home.path(), 100 * CEILING).await;
    let before = db.summary(TOPIC, reader()).await.expect("summary");
    assert_eq!(before.complete_since(), None);
    db.commit(TOPIC, posts.clone(), Origin::Peer)
        .await
        .expect("stored");
    assert_eq!(db.count(TOPIC).await.expect("count"), 600);
    let cut = UnixMs(NOW.0 + 1_000);
    let got = db.set_summary(TOPIC, cut, UnixMs(0)).await.expect("a set");
    assert_eq!((got.count, got.since), (600, UnixMs(0)));
}
