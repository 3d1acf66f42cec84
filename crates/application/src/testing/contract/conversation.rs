//! A conversation with answers, reactions, deletions and profiles, as other programs write them
//! too, and what a reader must see of it.
//!
//! Owns its events, which are the same for every store and for the databases of earlier programs.
//! Must never use a draft of ours: the tags are written out.

use std::{future::Future, ops::Deref};

use kukuri_domain::{
    AuthorId, EventId, TopicId, UnixMs, VerifiedEvent,
    event::{Draft, Profile, is_post},
    search::SearchQuery,
};

use super::{BASE, FakeIdentity, OTHER, TOPIC, assert_closed, event, put};
use crate::ports::{EventStore, Origin, Page, ReactionCount, StoredPost, StoredProfile};

/// The author of this number.
pub(super) fn author(n: u64) -> AuthorId {
    event(n, "", BASE).author()
}

/// An event with these tags, this many seconds after the beginning.
pub(super) fn tagged(
    who: u64,
    kind: u16,
    tags: &[&[&str]],
    content: &str,
    second: u64,
) -> VerifiedEvent {
    tagged_at(who, kind, tags, content, UnixMs(BASE.0 + second * 1_000))
}

pub(super) fn tagged_at(
    who: u64,
    kind: u16,
    tags: &[&[&str]],
    content: &str,
    at: UnixMs,
) -> VerifiedEvent {
    let mut draft = Draft::post(&"lobby".parse().expect("a name"), content, at);
    draft.kind = kind;
    let tags = tags.iter();
    let tags = tags.map(|tag| tag.iter().map(|part| (*part).to_owned()).collect());
    draft.tags.extend(tags);
    let signed = FakeIdentity::from_seed(who).sign_now(draft);
    signed.expect("fine").verify().expect("genuine")
}

/// Everything that is said.
pub(super) struct Conversation {
    pub(super) root: VerifiedEvent,
    pub(super) answer: VerifiedEvent,
    pub(super) deeper: VerifiedEvent,
    pub(super) chat: VerifiedEvent,
    pub(super) by_place: VerifiedEvent,
    pub(super) mention: VerifiedEvent,
    pub(super) orphan: VerifiedEvent,
    pub(super) taken_back: VerifiedEvent,
    /// Reactions, deletions and profiles.
    pub(super) rest: Vec<VerifiedEvent>,
}

/// A post that nobody has.
pub(super) const LOST: EventId = EventId([0xee; 32]);

impl Conversation {
    pub(super) fn new() -> Self {
        let root = tagged(0, 1, &[], "who comes on Saturday?", 1);
        let id = root.id().to_string();
        let answer = tagged(1, 1, &[&["e", &id, "", "root"]], "I do", 2);
        let parent = answer.id().to_string();
        let deeper = [&["e", &id, "", "root"][..], &["e", &parent, "", "reply"]];
        let deeper = tagged(2, 1, &deeper, "so do I", 3);
        let chat = tagged(2, 9, &[&["q", &id]], "quoted", 4);
        let by_place = tagged(1, 1, &[&["e", &id], &["e", &parent]], "by place", 5);
        let mention = tagged(2, 1, &[&["e", &id, "", "mention"]], "see there", 6);
        let lost = LOST.to_string();
        let orphan = tagged(1, 1, &[&["e", &lost, "", "reply"]], "what was that?", 7);
        let taken_back = tagged(1, 1, &[&["e", &id, "", "root"]], "a mistake", 8);

        let wrong = tagged(1, 7, &[&["e", &id]], "-", 20);
        let rest = vec![
            tagged(1, 7, &[&["e", &id]], "+", 10),
            tagged(2, 7, &[&["e", &parent], &["e", &id]], "", 11),
            tagged(1, 7, &[&["e", &id]], "同感", 12),
            tagged(1, 7, &[&["e", &id]], "同感", 13),
            tagged(1, 7, &[&["e", "junk"]], "+", 14),
            tagged(1, 7, &[&["e", &id]], &"x".repeat(65), 15),
            wrong.clone(),
            // Their own, and what is not theirs to take back.
            tagged(1, 5, &[&["e", &wrong.id().to_string()]], "", 21),
            tagged(1, 5, &[&["e", &taken_back.id().to_string()]], "oops", 22),
            tagged(2, 5, &[&["e", &id], &["e", &parent]], "mine!", 23),
            tagged(
                0,
                0,
                &[],
                r#"{"name":"aya","display_name":"Aya K.","about":" weaver "}"#,
                31,
            ),
            tagged(0, 0, &[], r#"{"name":"Aya"}"#, 30),
            tagged(1, 0, &[], r#"{"name":"\u0000"}"#, 32),
            tagged(2, 0, &[], r#"{"name":"a\nb"}"#, 33),
        ];
        Self {
            root,
            answer,
            deeper,
            chat,
            by_place,
            mention,
            orphan,
            taken_back,
            rest,
        }
    }

    /// In the order in which it was said.
    pub(super) fn events(&self) -> Vec<VerifiedEvent> {
        let posts = [
            &self.root,
            &self.answer,
            &self.deeper,
            &self.chat,
            &self.by_place,
            &self.mention,
            &self.orphan,
            &self.taken_back,
        ];
        posts.into_iter().chain(&self.rest).cloned().collect()
    }
}

/// The events of the conversation, for the databases of earlier programs.
pub fn conversation() -> Vec<VerifiedEvent> {
    Conversation::new().events()
}

/// Checks what a reader sees of conversations; `make` gives a new, empty store each time.
pub(super) async fn check<S, F>(make: impl Fn() -> F)
where
    S: Deref<Target: EventStore + Sized>,
    F: Future<Output = S>,
{
    for order in [Order::AsSaid, Order::Backwards, Order::OneByOneBackwards] {
        let store = make().await;
        put_in_order(&*store, order).await;
        what_is_seen_of_the_conversation(&*store, TOPIC).await;
    }
    roots_are_found_through_answers(&make).await;
    what_was_taken_back_goes_after_a_day(&*make().await).await;
    muted_authors_are_not_counted(&*make().await).await;
    names_are_told_and_noted(&*make().await).await;
    a_long_thread_shows_its_end(&*make().await).await;
    a_closed_store_tells_nothing(&*make().await).await;
}

/// In which order a store gets what was said.
#[derive(Clone, Copy)]
enum Order {
    AsSaid,
    Backwards,
    OneByOneBackwards,
}

async fn put_in_order(store: &impl EventStore, order: Order) {
    let mut events = Conversation::new().events();
    if !matches!(order, Order::AsSaid) {
        events.reverse();
    }
    match order {
        Order::OneByOneBackwards => {
            for event in events {
                put(store, TOPIC, &[event], Origin::Peer).await;
            }
        }
        Order::AsSaid | Order::Backwards => put(store, TOPIC, &events, Origin::Peer).await,
    }
}

fn ids_of<'a>(posts: impl IntoIterator<Item = &'a VerifiedEvent>) -> Vec<EventId> {
    posts.into_iter().map(VerifiedEvent::id).collect()
}

fn seen_ids(posts: &[StoredPost]) -> Vec<EventId> {
    posts.iter().map(|post| post.event.id()).collect()
}

fn roots(limit: u32) -> Page {
    Page {
        roots: true,
        ..Page::newest(limit)
    }
}

/// Checks what is seen of [`conversation`] in a topic that holds nothing else, by its author 1.
///
/// # Panics
/// When something else is seen.
pub async fn what_is_seen_of_the_conversation(store: &impl EventStore, topic: TopicId) {
    let said = Conversation::new();
    let reader = author(1);
    let timeline = store.posts(topic, roots(100), reader).await.expect("posts");
    let expected = ids_of([&said.orphan, &said.mention, &said.root]);
    assert_eq!(
        seen_ids(&timeline),
        expected,
        "answers are in their threads"
    );
    let page = Page::newest(100);
    let all = store.posts(topic, page, reader).await.expect("posts");
    assert_eq!(all.len(), 8, "without threads everything is in the page");
    let of_author = Page {
        author: Some(author(2)),
        ..roots(100)
    };
    let of_author = store.posts(topic, of_author, reader).await.expect("posts");
    assert_eq!(seen_ids(&of_author), ids_of([&said.mention]));

    let root = &timeline[2];
    assert_eq!(root.name.as_deref(), Some("Aya K."));
    assert_eq!((root.answers.count, root.deleted_at), (4, None));
    let last = root.answers.last.as_ref().expect("there are answers");
    let expected = (author(1), None, said.by_place.order().at());
    assert_eq!((last.author, last.name.clone(), last.at), expected);
    let reactions: Vec<_> = root
        .reactions
        .iter()
        .map(|r| (r.content.as_str(), r.count))
        .collect();
    assert_eq!(reactions, [("+", 2), ("同感", 1)]);
    let own = |reactions: &[ReactionCount]| reactions.iter().map(|r| r.own).collect::<Vec<_>>();
    let approval = said.rest[0].id();
    // Of two that say the same the later one counts.
    let same = said.rest[3].id();
    assert_eq!(own(&root.reactions), [Some(approval), Some(same)]);

    let thread = store
        .thread(topic, said.root.id(), 100, reader)
        .await
        .expect("thread");
    let answers = [
        &said.answer,
        &said.deeper,
        &said.chat,
        &said.by_place,
        &said.taken_back,
    ];
    let expected = ids_of([&said.root].into_iter().chain(answers));
    assert_eq!(seen_ids(&thread), expected);
    let deleted: Vec<bool> = thread
        .iter()
        .map(|post| post.deleted_at.is_some())
        .collect();
    assert_eq!(deleted, [false, false, false, false, false, true]);
    assert_eq!(thread[2].name.as_deref(), Some("a b"));

    // Seen by somebody else, the reactions are not theirs.
    let by_id = vec![said.root.id(), LOST, said.rest[0].id()];
    let again = store
        .posts_by_id(topic, by_id, author(0))
        .await
        .expect("posts_by_id");
    assert_eq!(
        seen_ids(&again),
        ids_of([&said.root]),
        "posts that are held"
    );
    assert_eq!(own(&again[0].reactions), [None, None]);

    posts_are_found_by_the_beginning_of_their_ids(store, topic, &said).await;
    let ids = vec![approval, said.root.id(), LOST];
    let targets = store.reacted_to(topic, ids).await.expect("reacted_to");
    assert_eq!(targets, [said.root.id()]);
    let query = SearchQuery::parse("mistake").expect("a query");
    let found = store.search(vec![topic], query, 10, None, reader).await;
    assert_eq!(
        found.expect("search"),
        [],
        "what was taken back is not found"
    );
    let query = SearchQuery::parse("saturday").expect("a query");
    let found = store
        .search(vec![topic], query, 10, None, reader)
        .await
        .expect("search");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].stored, *root, "found as it is shown in a page");
}

async fn posts_are_found_by_the_beginning_of_their_ids(
    store: &impl EventStore,
    topic: TopicId,
    said: &Conversation,
) {
    let reader = author(1);
    let within = async |ids, limit| {
        let found = store.posts_within(topic, ids, limit, reader).await;
        seen_ids(&found.expect("posts_within"))
    };
    let all = || EventId([0; 32])..=EventId([0xff; 32]);
    let events = said.events();
    let posts = events.iter().filter(|event| is_post(event.kind()));
    let mut ids: Vec<EventId> = posts.map(VerifiedEvent::id).collect();
    ids.sort();
    assert_eq!(within(all(), 100).await, ids, "posts, in order");
    assert_eq!(within(all(), 3).await, ids[..3]);
    assert_eq!(within(ids[1]..=ids[3], 9).await, ids[1..=3], "both ends");
    let reaction = said.rest[0].id();
    assert_eq!(within(reaction..=reaction, 9).await, []);
    let elsewhere = store.posts_within(TopicId([7; 32]), all(), 9, reader).await;
    assert_eq!(elsewhere.expect("posts_within"), []);
    let id = said.root.id();
    let found = store.posts_within(topic, id..=id, 9, reader).await;
    let by_id = store.posts_by_id(topic, vec![id], reader).await;
    assert_eq!(found.expect("posts_within"), by_id.expect("posts_by_id"));
}

/// Programs differ in what they call the root of an answer to an answer.
async fn roots_are_found_through_answers<S, F>(make: &impl Fn() -> F)
where
    S: Deref<Target: EventStore + Sized>,
    F: Future<Output = S>,
{
    let root = tagged(0, 1, &[], "the first", 1);
    let answer = tagged(
        1,
        1,
        &[&["e", &root.id().to_string(), "", "root"]],
        "second",
        2,
    );
    let lazy = tagged(
        2,
        1,
        &[&["e", &answer.id().to_string(), "", "reply"]],
        "third",
        3,
    );
    let lazier = tagged(
        2,
        1,
        &[&["e", &lazy.id().to_string(), "", "reply"]],
        "fourth",
        4,
    );
    let all = [&root, &answer, &lazy, &lazier];
    for order in [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [2, 3, 1, 0],
        [1, 3, 0, 2],
        [0, 3, 2, 1],
    ] {
        let store = make().await;
        for n in order {
            put(&*store, TOPIC, std::slice::from_ref(all[n]), Origin::Peer).await;
        }
        let timeline = store
            .posts(TOPIC, roots(9), author(9))
            .await
            .expect("posts");
        assert_eq!(seen_ids(&timeline), ids_of([&root]), "{order:?}");
        assert_eq!(timeline[0].answers.count, 3, "{order:?}");
        let thread = store.thread(TOPIC, root.id(), 9, author(9)).await;
        assert_eq!(seen_ids(&thread.expect("thread")), ids_of(all), "{order:?}");
    }
    // Whatever the clocks of the authors say: this one answers what comes later.
    let store = make().await;
    let hasty = tagged(
        3,
        1,
        &[&["e", &lazier.id().to_string(), "", "reply"]],
        "by a slow clock",
        0,
    );
    let group = [&hasty, &lazier, &lazy, &answer, &root].map(Clone::clone);
    put(&*store, TOPIC, &group, Origin::Peer).await;
    let thread = store.thread(TOPIC, root.id(), 9, author(9)).await;
    let expected = ids_of([&root, &hasty, &answer, &lazy, &lazier]);
    assert_eq!(seen_ids(&thread.expect("thread")), expected);
    // As long as the first is missing, what is there is shown.
    let store = make().await;
    for post in [&lazier, &lazy, &answer] {
        put(&*store, TOPIC, std::slice::from_ref(post), Origin::Peer).await;
    }
    let timeline = store
        .posts(TOPIC, roots(9), author(9))
        .await
        .expect("posts");
    assert_eq!(seen_ids(&timeline), ids_of([&lazier, &lazy, &answer]));
}

async fn what_was_taken_back_goes_after_a_day(store: &impl EventStore) {
    let days_ago = |days: u64, second: u64| UnixMs(BASE.0 - days * 86_400_000 + second * 1_000);
    let post =
        |who, tags: &[&[&str]], text, second| tagged_at(who, 1, tags, text, days_ago(3, second));
    let (old, answered, recent) = (
        post(1, &[], "old", 0),
        post(1, &[], "answered", 1),
        post(1, &[], "recent", 2),
    );
    let delete = |post: &VerifiedEvent, days| {
        tagged_at(
            1,
            5,
            &[&["e", &post.id().to_string()]],
            "",
            days_ago(days, 0),
        )
    };
    let events = [
        post(
            2,
            &[&["e", &answered.id().to_string(), "", "root"]],
            "yes",
            3,
        ),
        delete(&old, 2),
        delete(&answered, 2),
        delete(&recent, 0),
        // Said again later: the first time counts.
        delete(&old, 0),
        old.clone(),
        answered.clone(),
        recent.clone(),
    ];
    put(store, TOPIC, &events, Origin::Peer).await;
    let timeline = store
        .posts(TOPIC, roots(9), author(1))
        .await
        .expect("posts");
    assert_eq!(seen_ids(&timeline), ids_of([&recent, &answered]));
    assert!(timeline.iter().all(|post| post.deleted_at.is_some()));
    let own = Page {
        author: Some(author(1)),
        ..Page::newest(9)
    };
    let own = store.posts(TOPIC, own, author(1)).await.expect("posts");
    assert_eq!(seen_ids(&own), ids_of([&recent]));
}

async fn muted_authors_are_not_counted(store: &impl EventStore) {
    let said = Conversation::new();
    put(store, TOPIC, &said.events(), Origin::Peer).await;
    store.mute(author(2)).await.expect("mute");
    let timeline = store
        .posts(TOPIC, roots(9), author(1))
        .await
        .expect("posts");
    assert_eq!(seen_ids(&timeline), ids_of([&said.orphan, &said.root]));
    let root = &timeline[1];
    assert_eq!(root.answers.count, 2);
    let counts: Vec<u32> = root.reactions.iter().map(|r| r.count).collect();
    assert_eq!(counts, [1, 1]);
    let thread = store
        .thread(TOPIC, said.root.id(), 9, author(1))
        .await
        .expect("thread");
    let expected = ids_of([&said.root, &said.answer, &said.by_place, &said.taken_back]);
    assert_eq!(seen_ids(&thread), expected);
}

async fn names_are_told_and_noted(store: &impl EventStore) {
    let name = |told: Option<StoredProfile>| told.map(|told| told.profile.name);
    assert_eq!(name(store.profile(author(0)).await.expect("profile")), None);
    let noted = Profile::new("Aya", Some("weaver")).expect("fine");
    let note = |at| store.note_profile(author(0), noted.clone(), UnixMs(at));
    note(BASE.0).await.expect("note_profile");
    let told = store.profile(author(0)).await.expect("profile");
    let expected = StoredProfile {
        profile: noted.clone(),
        at: BASE,
    };
    assert_eq!(told, Some(expected));
    assert_eq!(
        store
            .profile_in(TOPIC, author(0))
            .await
            .expect("profile_in"),
        None
    );

    put(store, TOPIC, &Conversation::new().events(), Origin::Peer).await;
    let later = tagged(0, 0, &[], r#"{"name":"Aya II"}"#, 90);
    put(store, OTHER, &[later], Origin::Peer).await;
    let told = store.profile(author(0)).await.expect("profile");
    assert_eq!(
        name(told).as_deref(),
        Some("Aya II"),
        "the latest, wherever it was told"
    );
    let in_topic = store
        .profile_in(TOPIC, author(0))
        .await
        .expect("profile_in");
    let in_topic = in_topic.expect("it was told");
    assert_eq!(in_topic.at, UnixMs(BASE.0 + 31_000));
    assert_eq!(in_topic.profile.about.as_deref(), Some("weaver"));
    let names = store.names(10).await.expect("names");
    let expected = [(author(0), "Aya II"), (author(2), "a b")];
    assert_eq!(names, expected.map(|(who, name)| (who, name.to_owned())));
    note(BASE.0 + 91_000).await.expect("note_profile");
    let told = store.profile(author(0)).await.expect("profile");
    assert_eq!(name(told).as_deref(), Some("Aya"));
    assert_eq!(store.names(1).await.expect("names").len(), 1);
}

async fn a_long_thread_shows_its_end(store: &impl EventStore) {
    let root = tagged(0, 1, &[], "count!", 1);
    let id = root.id().to_string();
    let answer = |n: u64| tagged(1, 1, &[&["e", &id, "", "root"]], &n.to_string(), n + 2);
    let answers: Vec<_> = (0..6).map(answer).collect();
    put(
        store,
        TOPIC,
        &[std::slice::from_ref(&root), &answers].concat(),
        Origin::Peer,
    )
    .await;
    let thread = store
        .thread(TOPIC, root.id(), 2, author(0))
        .await
        .expect("thread");
    assert_eq!(seen_ids(&thread), ids_of([&root, &answers[4], &answers[5]]));
    let none = store
        .thread(TOPIC, LOST, 2, author(0))
        .await
        .expect("thread");
    assert_eq!(none, []);
}

async fn a_closed_store_tells_nothing(store: &impl EventStore) {
    store.close().await.expect("close");
    let (who, profile) = (author(0), Profile::new("Aya", None).expect("fine"));
    assert_closed(store.thread(TOPIC, LOST, 1, who).await);
    assert_closed(store.posts_by_id(TOPIC, vec![LOST], who).await);
    assert_closed(store.posts_within(TOPIC, LOST..=LOST, 1, who).await);
    assert_closed(store.reacted_to(TOPIC, vec![LOST]).await);
    assert_closed(store.profile(who).await);
    assert_closed(store.profile_in(TOPIC, who).await);
    assert_closed(store.note_profile(who, profile, BASE).await);
    assert_closed(store.names(1).await);
}
