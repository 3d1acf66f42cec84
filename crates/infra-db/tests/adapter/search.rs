//! Searches while the index is made, after it was made, and from beside the writer.

use std::time::Duration;

use kukuri_application::{
    ports::{EventStore as _, Found, Origin},
    testing::contract,
};
use kukuri_domain::{
    AuthorId, EventId, EventOrder, TopicId, UnixMs, VerifiedEvent, search::SearchQuery,
};
use kukuri_infra_db::Database;
use tokio::time::Instant;

use crate::{NOW, TOPIC, fixture, home, indexed, open, open_read_only};

const OTHER: TopicId = TopicId([2; 32]);

/// Whoever searches has written nothing.
const READER: AuthorId = AuthorId([0; 32]);

fn query(text: &str) -> SearchQuery {
    SearchQuery::parse(text).expect("a query")
}

/// Everything that a search finds.
pub(crate) async fn found(db: &Database, topics: &[TopicId], text: &str) -> Vec<Found> {
    db.search(topics.to_vec(), query(text), u32::MAX, None, READER)
        .await
        .expect("search")
}

/// Posts in an order that is not that of time, many in the same millisecond.
fn posts() -> Vec<VerifiedEvent> {
    let words = [
        "cat",
        "猫",
        "東京",
        "東京tower",
        "dog 猫",
        "京都 cat",
        "東 京",
    ];
    let post = |i: u64| {
        let text = format!("{} {}", words[(i % 7) as usize], i % 11);
        contract::event(i % 13, &text, UnixMs(NOW.0 + (i * 7_919) % 100))
    };
    (0..1_300).map(post).collect()
}

/// What a search has to find.
fn expected(posts: &[VerifiedEvent], text: &str, before: Option<EventOrder>) -> Vec<EventId> {
    let query = query(text);
    let mut orders: Vec<EventOrder> = posts
        .iter()
        .filter(|post| query.find(post.content()).is_some())
        .map(VerifiedEvent::order)
        .filter(|order| before.is_none_or(|before| *order < before))
        .collect();
    orders.sort();
    orders.iter().rev().map(|order| order.id).collect()
}

async fn check(db: &Database, posts: &[VerifiedEvent]) {
    let middle = Some(posts[600].order());
    for text in [
        "cat",
        "猫",
        "東京",
        "京",
        "tower",
        "cat 3",
        "東京 10",
        "nothing",
    ] {
        for (limit, before) in [(3, None), (20, middle), (u32::MAX, None)] {
            let found = db
                .search(vec![TOPIC], query(text), limit, before, READER)
                .await
                .expect("search");
            let ids: Vec<EventId> = found.iter().map(|found| found.stored.event.id()).collect();
            let mut expected = expected(posts, text, before);
            expected.truncate(limit as usize);
            assert_eq!(ids, expected, "{text}, {limit} of {}", posts.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_finds_what_the_texts_say_at_every_moment() {
    let fixture = fixture().await;
    let db = &fixture.db;
    let posts = posts();
    for (topic, part) in [(TOPIC, &posts[..]), (OTHER, &posts[..50])] {
        db.commit(topic, part.to_vec(), Origin::Peer)
            .await
            .expect("commit");
    }
    assert!(db.unindexed().await.expect("a number") > 0);
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let waiting = db.unindexed().await.expect("a number");
        check(db, &posts).await;
        if waiting == 0 {
            break;
        }
        assert!(Instant::now() < end, "{waiting} posts still wait");
    }
    assert_eq!(
        found(db, &[OTHER], "cat").await.len(),
        expected(&posts[..50], "cat", None).len()
    );
    db.check_integrity().await.expect("sound");

    // What comes when there is an index already, older than most of it.
    let late = contract::event(1, "a late cat", UnixMs(NOW.0 + 1));
    db.commit(TOPIC, vec![late.clone()], Origin::Local)
        .await
        .expect("commit");
    let all = [posts, vec![late]].concat();
    check(db, &all).await;
    indexed(db).await;
    check(db, &all).await;
}

#[tokio::test]
async fn the_index_goes_on_after_a_restart() {
    let home = home();
    let db = open(home.path()).await.expect("opens");
    let posts = posts();
    db.commit(TOPIC, posts.clone(), Origin::Peer)
        .await
        .expect("commit");
    db.close().await.expect("close");
    let db = open_read_only(home.path()).await.expect("opens");
    assert!(
        db.unindexed().await.expect("a number") > 0,
        "closing does not wait for it"
    );
    check(&db, &posts).await;
    db.close().await.expect("close");
    let db = open(home.path()).await.expect("opens again");
    indexed(&db).await;
    check(&db, &posts).await;
}

#[tokio::test]
async fn a_reader_beside_the_writer_searches_all_that_is_committed() {
    let home = home();
    let writer = open(home.path()).await.expect("opens");
    let reader = open_read_only(home.path()).await.expect("opens beside it");
    let first = contract::event(1, "東京の猫", NOW);
    writer
        .commit(TOPIC, vec![first], Origin::Local)
        .await
        .expect("commit");
    assert_eq!(found(&reader, &[TOPIC], "猫").await.len(), 1, "at once");
    indexed(&writer).await;
    assert_eq!(
        found(&reader, &[TOPIC], "猫").await.len(),
        1,
        "from the index"
    );
    let author = contract::event(1, "", NOW).author();
    writer.mute(author).await.expect("mute");
    assert_eq!(found(&reader, &[TOPIC], "猫").await.len(), 0);
    let summary = reader.summary(TOPIC, author).await.expect("summary");
    assert_eq!((summary.posts, summary.unread), (1, 0));
}
