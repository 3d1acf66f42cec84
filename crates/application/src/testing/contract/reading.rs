//! What a reader sees of a store of events: pages, searches, numbers, mutes.
//!
//! Owns these promises of `ports::EventStore` as checks. Must never look behind the port.

use std::{
    future::Future,
    ops::{Deref, Range},
};

use kukuri_domain::{
    AuthorId, EventOrder, TopicId, UnixMs, VerifiedEvent, event::Draft, search::SearchQuery,
};

use super::{BASE, FakeIdentity, OTHER, TOPIC, assert_closed, event, put, stored_ids};
use crate::ports::{EventStore, Found, Origin, Page, TopicSummary};

pub(super) async fn check<S, F>(make: &impl Fn() -> F)
where
    S: Deref<Target: EventStore + Sized>,
    F: Future<Output = S>,
{
    an_empty_store_shows_nothing(&*make().await).await;
    posts_are_paged_also_by_author(&*make().await).await;
    only_posts_are_shown(&*make().await).await;
    words_of_every_script_are_found(&*make().await).await;
    a_search_is_newest_first_and_pages(&*make().await).await;
    a_search_sees_its_topics_only(&*make().await).await;
    unread_are_foreign_posts_after_the_mark(&*make().await).await;
    what_is_muted_is_held_and_not_shown(&*make().await).await;
    a_closed_store_shows_nothing(&*make().await).await;
}

/// The author of this number.
fn author(n: u64) -> AuthorId {
    event(n, "", BASE).author()
}

/// A post, this many seconds after the beginning.
fn post(author: u64, text: &str, second: u64) -> VerifiedEvent {
    event(author, text, UnixMs(BASE.0 + second * 1_000))
}

/// An event that is no post.
fn reaction(author: u64, text: &str, second: u64) -> VerifiedEvent {
    let at = UnixMs(BASE.0 + second * 1_000);
    let mut draft = Draft::post(&"lobby".parse().expect("a name"), text, at);
    draft.kind = 7;
    let signed = FakeIdentity::from_seed(author).sign_now(draft);
    signed.expect("fine").verify().expect("genuine")
}

/// The texts of a page.
async fn texts(store: &impl EventStore, page: Page) -> Vec<String> {
    let posts = store.posts(TOPIC, page, author(0)).await.expect("posts");
    let text = |stored: &crate::ports::StoredPost| stored.event.content().to_owned();
    posts.iter().map(text).collect()
}

async fn search(
    store: &impl EventStore,
    topics: &[TopicId],
    query: &str,
    limit: u32,
    before: Option<EventOrder>,
) -> Vec<Found> {
    let query = SearchQuery::parse(query).expect("a query");
    store
        .search(topics.to_vec(), query, limit, before, author(0))
        .await
        .expect("search")
}

/// The texts that a search in the topic finds.
async fn found(store: &impl EventStore, query: &str) -> Vec<String> {
    let found = search(store, &[TOPIC], query, 100, None).await;
    let text = |found: &Found| found.stored.event.content().to_owned();
    found.iter().map(text).collect()
}

/// How much room it takes is the store's own matter.
async fn summary(store: &impl EventStore, reader: u64) -> TopicSummary {
    TopicSummary {
        bytes: 0,
        ..store.summary(TOPIC, author(reader)).await.expect("summary")
    }
}

async fn an_empty_store_shows_nothing(store: &impl EventStore) {
    assert_eq!(texts(store, Page::newest(10)).await, [""; 0]);
    assert_eq!(found(store, "猫").await, [""; 0]);
    assert_eq!(search(store, &[], "cat", 10, None).await, []);
    assert_eq!(summary(store, 1).await, TopicSummary::default());
    assert_eq!(store.muted().await.expect("muted"), []);
    let up_to = post(1, "never stored", 0).order();
    store.mark_read(TOPIC, up_to).await.expect("mark_read");
    assert_eq!(summary(store, 1).await, TopicSummary::default());
}

async fn posts_are_paged_also_by_author(store: &impl EventStore) {
    let posts: Vec<_> = (0..9).map(|i| post(i % 3, &format!("{i}"), i)).collect();
    put(store, TOPIC, &posts[3..], Origin::Peer).await;
    put(store, TOPIC, &posts[..3], Origin::Local).await;
    assert_eq!(
        texts(store, Page::newest(100)).await,
        ["8", "7", "6", "5", "4", "3", "2", "1", "0"]
    );
    let page = |limit, before: Option<usize>, by: Option<u64>| Page {
        limit,
        before: before.map(|i| posts[i].order()),
        author: by.map(author),
        roots: false,
    };
    for (page, expected) in [
        (page(0, None, None), &[][..]),
        (page(2, Some(7), None), &["6", "5"]),
        (page(9, None, Some(1)), &["7", "4", "1"]),
        (page(1, None, Some(1)), &["7"]),
        (page(9, Some(7), Some(1)), &["4", "1"]),
        (page(9, Some(8), Some(1)), &["7", "4", "1"]),
        (page(9, Some(0), Some(0)), &[]),
        (page(9, None, Some(77)), &[]),
    ] {
        assert_eq!(texts(store, page).await, expected, "{page:?}");
    }
}

async fn only_posts_are_shown(store: &impl EventStore) {
    let events = [post(1, "a post", 1), reaction(1, "a reaction", 2)];
    put(store, TOPIC, &events, Origin::Peer).await;
    assert_eq!(texts(store, Page::newest(10)).await, ["a post"]);
    let by_author = Page {
        author: Some(author(1)),
        ..Page::newest(10)
    };
    assert_eq!(texts(store, by_author).await, ["a post"]);
    assert_eq!(found(store, "a").await, ["a post"]);
    let expected = TopicSummary {
        events: 2,
        posts: 1,
        unread: 1,
        last_post_at: Some(UnixMs(BASE.0 + 1_000)),
        ..TopicSummary::default()
    };
    assert_eq!(summary(store, 2).await, expected);
    assert_eq!(
        store.newest(TOPIC, 10, None).await.expect("newest").len(),
        2
    );
}

async fn words_of_every_script_are_found(store: &impl EventStore) {
    let texts = [
        "the weave pattern works with eight strands",
        "明日もう一度試します",
        "東京TOWERで会いましょう",
        "黒猫がいる",
        "안녕하세요 여러분",
        "ＦＵＬＬ ｗｉｄｔｈ ﾃﾞｰﾀ",
        "東の京都",
        "\"quoted\" AND (odd) -not* : ^it",
    ];
    let posts: Vec<_> = (0..).zip(texts).map(|(i, text)| post(1, text, i)).collect();
    put(store, TOPIC, &posts, Origin::Local).await;
    for (query, expected) in [
        ("Weave", &[0][..]),
        ("weav", &[]),
        ("strands eight", &[0]),
        ("strands nine", &[]),
        ("明日", &[1]),
        ("試", &[1]),
        ("東京", &[2]),
        ("東京tower", &[2]),
        ("Tower", &[2]),
        ("京", &[6, 2]),
        ("猫", &[3]),
        ("黒猫 いる", &[3]),
        ("안녕", &[4]),
        ("full データ", &[5]),
        ("AND", &[7]),
        ("\"odd\" NOT*", &[7]),
        ("quoted\"", &[7]),
        ("it^", &[7]),
    ] {
        let expected: Vec<_> = expected.iter().map(|i: &usize| texts[*i]).collect();
        assert_eq!(found(store, query).await, expected, "{query}");
    }
    let found = search(store, &[TOPIC], "京都 東", 10, None).await;
    let ranges: &[Range<usize>] = &[0..1, 2..4];
    assert_eq!(found[0].matches, ranges);
    assert_eq!(found[0].topic, TOPIC);
    assert_eq!(found[0].stored.event, posts[6].clone().into_signed());
}

async fn a_search_is_newest_first_and_pages(store: &impl EventStore) {
    // They come in another order than they were written, several in the same millisecond, and
    // some before the beginning of time as clocks tell it.
    let mut posts: Vec<_> = (0..30).map(|i| post(i, "猫 cat", i / 3)).collect();
    posts.push(event(1, "old cat 猫", UnixMs(0)));
    posts.rotate_left(11);
    let others: Vec<_> = (0..30).map(|i| post(i, "dog", i / 3)).collect();
    put(store, TOPIC, &posts, Origin::Peer).await;
    put(store, TOPIC, &others, Origin::Peer).await;
    let mut expected: Vec<_> = posts.iter().map(VerifiedEvent::order).collect();
    expected.sort();
    expected.reverse();
    for (query, limit) in [("cat", 4), ("猫", 7), ("猫 cat", 31), ("cat", 100)] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = search(store, &[TOPIC], query, limit, before).await;
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { break };
            before = Some(last.stored.event.order());
            seen.extend(page.iter().map(|found| found.stored.event.order()));
        }
        assert_eq!(seen, expected, "{query} in pages of {limit}");
    }
    assert_eq!(search(store, &[TOPIC], "cat", 0, None).await, []);
}

async fn a_search_sees_its_topics_only(store: &impl EventStore) {
    let third = TopicId([3; 32]);
    let posts = [post(1, "one cat", 1), post(1, "two cat", 2)];
    put(store, TOPIC, &posts[..1], Origin::Peer).await;
    put(store, OTHER, &posts, Origin::Local).await;
    put(store, third, &[post(1, "third cat", 3)], Origin::Peer).await;
    store
        .note_sent(OTHER, vec![posts[1].id()], 5)
        .await
        .expect("note_sent");
    let places = |found: &[Found]| -> Vec<(TopicId, String, u32)> {
        let place = |f: &Found| {
            let text = f.stored.event.content().to_owned();
            (f.topic, text, f.stored.state.sent_to)
        };
        found.iter().map(place).collect()
    };
    let (one, two) = ("one cat".to_owned(), "two cat".to_owned());
    let found = search(store, &[OTHER], "cat", 10, None).await;
    let in_other = [(OTHER, two, 5), (OTHER, one.clone(), 0)];
    assert_eq!(places(&found), in_other);
    let both = search(store, &[OTHER, TOPIC, OTHER], "cat", 10, None).await;
    assert_eq!(both.len(), 3);
    assert_eq!(places(&both)[0], in_other[0]);
    assert!(places(&both).contains(&(TOPIC, one.clone(), 0)));
    assert!(places(&both).contains(&(OTHER, one, 0)));
    assert_eq!(
        search(store, &[third, TOPIC], "cat", 1, None).await.len(),
        1
    );
}

async fn unread_are_foreign_posts_after_the_mark(store: &impl EventStore) {
    let unread = async |reader| summary(store, reader).await.unread;
    let posts: Vec<_> = (0..6).map(|i| post(i % 2, &format!("{i}"), i)).collect();
    put(store, TOPIC, &posts[..4], Origin::Peer).await;
    assert_eq!(
        unread(0).await,
        2,
        "own posts are read, by whatever way they came"
    );
    assert_eq!(unread(9).await, 4);

    let mark = async |i: usize| {
        let marked = store.mark_read(TOPIC, posts[i].order()).await;
        marked.expect("mark_read");
    };
    mark(2).await;
    assert_eq!([unread(0).await, unread(1).await], [1, 0]);
    mark(1).await;
    assert_eq!(unread(9).await, 1, "the mark does not go back");
    put(store, TOPIC, &posts[4..5], Origin::Local).await;
    let again = store
        .commit(TOPIC, posts[3..5].to_vec(), Origin::Peer)
        .await
        .expect("commit");
    assert!(again.iter().all(|commit| !commit.is_new));
    assert_eq!(unread(9).await, 2, "storing again changes nothing");
    put(store, TOPIC, &[post(5, "late", 1)], Origin::Peer).await;
    assert_eq!(
        unread(9).await,
        2,
        "what was written before the mark is history"
    );
    mark(5).await;
    assert_eq!(unread(9).await, 0);
    put(store, TOPIC, &posts[5..], Origin::Peer).await;
    assert_eq!(unread(9).await, 0, "it was marked before it came");
    put(store, TOPIC, &[post(5, "next", 7)], Origin::Peer).await;
    let expected = TopicSummary {
        events: 8,
        posts: 8,
        unread: 1,
        last_post_at: Some(UnixMs(BASE.0 + 7_000)),
        ..TopicSummary::default()
    };
    assert_eq!(summary(store, 9).await, expected);
    put(store, OTHER, &posts[..1], Origin::Peer).await;
    let other = store.summary(OTHER, author(9)).await.expect("summary");
    assert_eq!((other.posts, other.unread), (1, 1));
}

async fn what_is_muted_is_held_and_not_shown(store: &impl EventStore) {
    let posts = [post(1, "fine cat", 1), post(2, "loud cat", 2)];
    put(store, TOPIC, &posts, Origin::Peer).await;
    assert!(store.mute(author(2)).await.expect("mute"));
    assert!(!store.mute(author(2)).await.expect("mute"));
    assert_eq!(store.muted().await.expect("muted"), [author(2)]);
    put(store, TOPIC, &[post(2, "louder cat", 3)], Origin::Peer).await;

    let by_author = Page {
        author: Some(author(2)),
        ..Page::newest(10)
    };
    assert_eq!(texts(store, Page::newest(10)).await, ["fine cat"]);
    assert_eq!(texts(store, Page::newest(1)).await, ["fine cat"]);
    assert_eq!(texts(store, by_author).await, [""; 0]);
    assert_eq!(found(store, "cat").await, ["fine cat"]);
    let expected = TopicSummary {
        events: 3,
        posts: 3,
        unread: 1,
        last_post_at: Some(UnixMs(BASE.0 + 1_000)),
        ..TopicSummary::default()
    };
    assert_eq!(summary(store, 9).await, expected);
    assert_eq!(
        summary(store, 2).await.unread,
        1,
        "own and muted count once"
    );
    let held = store.newest(TOPIC, 10, None).await.expect("newest");
    assert_eq!(held.len(), 3);
    assert_eq!(store.count(TOPIC).await.expect("count"), 3);
    let missing = store.missing(TOPIC, stored_ids(&held)).await;
    assert_eq!(missing.expect("missing"), []);

    assert!(store.unmute(author(2)).await.expect("unmute"));
    assert!(!store.unmute(author(2)).await.expect("unmute"));
    assert_eq!(store.muted().await.expect("muted"), []);
    assert_eq!(found(store, "cat").await.len(), 3);
    assert_eq!(summary(store, 9).await.unread, 3);
    assert_eq!(texts(store, by_author).await, ["louder cat", "loud cat"]);
}

async fn a_closed_store_shows_nothing(store: &impl EventStore) {
    let post = post(1, "cat", 1);
    store.close().await.expect("close");
    assert_closed(store.posts(TOPIC, Page::newest(1), author(1)).await);
    let query = SearchQuery::parse("cat").expect("a query");
    assert_closed(store.search(vec![TOPIC], query, 1, None, author(1)).await);
    assert_closed(store.summary(TOPIC, author(1)).await);
    assert_closed(store.mark_read(TOPIC, post.order()).await);
    assert_closed(store.mute(author(1)).await);
    assert_closed(store.unmute(author(1)).await);
    assert_closed(store.muted().await);
}
