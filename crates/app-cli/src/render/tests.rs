//! The lines of the chat, as they are read.

mod members;
mod standing;

use chrono::FixedOffset;
use kukuri_application::{
    session::Counters,
    views::{ReactionView, SourceView, TopicView},
};
use kukuri_domain::{
    Epoch, EventId, PeerId, TopicKeys,
    event::Reply,
    peer::{ConnectionState, FoundBy, PathKind, SourceKind},
};

use super::*;

/// 2026-11-21 09:13:20 in UTC.
const NOW: UnixMs = UnixMs(1_795_252_400_000);

fn event(author: u8, content: &str, at: UnixMs) -> SignedEvent {
    let json = format!(
        r#"{{"id":"{}","pubkey":"{}","created_at":{},"kind":1,"tags":[],"content":"{}","sig":"{}"}}"#,
        "00".repeat(32),
        format!("{author:02x}").repeat(32),
        at.secs(),
        escaped(content),
        "00".repeat(64),
    );
    SignedEvent::from_json(&json).expect("an event")
}

fn post(author: u8, text: &str, at: UnixMs) -> PostView {
    PostView::bare(event(author, text, at), at, PostState::default())
}

/// As in JSON, everything beyond letters by its number.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == ' ' {
                c.to_string()
            } else {
                format!("\\u{:04x}", c as u32)
            }
        })
        .collect()
}

fn render(hours_east: i32) -> Render<FixedOffset> {
    Render {
        zone: FixedOffset::east_opt(hours_east * 3_600).expect("a time zone"),
        own: AuthorId([1; 32]),
        has_colours: false,
        has_ids: false,
        seen: Seen::default(),
    }
}

/// As `read` shows posts.
fn page_render() -> Render<FixedOffset> {
    Render {
        has_ids: true,
        ..render(0)
    }
}

#[test]
fn a_post_has_local_time_name_and_text() {
    let post = post(0xab, "the weave pattern works", NOW);
    assert_eq!(
        render(0).post(&post, None, 80),
        "09:13  abababab  the weave pattern works"
    );
    assert_eq!(
        render(9).post(&post, None, 80),
        "18:13  abababab  the weave pattern works"
    );
}

#[test]
fn lines_of_one_post_stand_below_each_other() {
    let post = post(0xab, "one\ntwo", NOW);
    assert_eq!(
        render(0).post(&post, None, 80),
        "09:13  abababab  one\n                 two"
    );
}

#[test]
fn an_own_post_says_how_far_it_has_come() {
    let own = post(1, "hello both", NOW);
    let state = |sent_to, held_by| Some(PostState { sent_to, held_by });
    assert_eq!(
        render(0).post(&own, state(2, 1), 80),
        "09:13  you       hello both                  stored here · sent to 2 · held by 1"
    );
    assert!(
        render(0)
            .post(&own, state(0, 0), 80)
            .ends_with("  stored here")
    );
    let narrow = render(0).post(&own, state(2, 2), 40);
    assert_eq!(
        narrow,
        "09:13  you       hello both\n     stored here · sent to 2 · held by 2"
    );
    let foreign = post(2, "x", NOW);
    assert_eq!(
        render(0).post(&foreign, state(2, 2), 80),
        "09:13  02020202  x"
    );
}

#[test]
fn authors_have_the_names_that_they_gave_themselves() {
    let named = |name: &str| {
        let mut post = post(0xab, "hi", NOW);
        post.author.name = Some(name.to_owned());
        render(0).post(&post, None, 80)
    };
    assert_eq!(named("Aya"), "09:13  Aya       hi");
    assert_eq!(named("Aya Kitamura"), "09:13  Aya Kit…  hi");
    assert_eq!(named("田中 蓮"), "09:13  田中 蓮   hi");
    assert_eq!(named("\u{1b}[2J"), "09:13  \\x1b[2J   hi");
    // Nobody passes for the reader.
    assert_eq!(named("You"), "09:13  abababab  hi");
}

#[test]
fn what_was_taken_back_is_not_shown() {
    let mut post = post(0xab, "a mistake", NOW);
    post.deleted_at = Some(NOW);
    let line = render(0).post(&post, None, 80);
    assert_eq!(line, "09:13  abababab  (deleted by its author)");
}

#[test]
fn who_shares_a_name_is_shown_with_their_key() {
    let named = |author: u8, name: &str| {
        let mut post = post(author, "hi", NOW);
        post.author.name = Some(name.to_owned());
        post
    };
    let mut render = render(0);
    let (aya, other) = (named(0xab, "Aya"), named(0xcd, "aya"));
    render.seen.add(&aya);
    assert_eq!(render.post(&aya, None, 80), "09:13  Aya       hi");
    render.seen.add(&other);
    assert_eq!(render.post(&aya, None, 80), "09:13  Aya abababab  hi");
    assert_eq!(render.post(&other, None, 80), "09:13  aya cdcdcdcd  hi");
    // Nobody passes for the reader, in whatever letters, or for somebody without a name.
    let you = named(0xcd, "Ｙ\u{200b}ou");
    assert_eq!(render.post(&you, None, 80), "09:13  cdcdcdcd  hi");
    render.seen.add(&post(0xef, "hi", NOW));
    let key = named(0xcd, "efefefef");
    assert_eq!(render.post(&key, None, 80), "09:13  efefefef cdcdcdcd  hi");
}

fn answer(author: u8, text: &str, to: u8) -> PostView {
    let mut post = post(author, text, NOW);
    post.reply = Some(Reply {
        root: EventId([1; 32]),
        parent: EventId([to; 32]),
    });
    post
}

#[test]
fn an_answer_says_whom_it_answers() {
    let mut render = render(0);
    let mut root = post(0xab, "who comes?", NOW);
    root.author.name = Some("Aya".to_owned());
    let id = root.event.id();
    render.seen.add(&root);
    let mut to_aya = answer(0xcd, "I do\nperhaps", 1);
    to_aya.reply = Some(Reply {
        root: id,
        parent: id,
    });
    assert_eq!(
        render.post(&to_aya, None, 80),
        "09:13  cdcdcdcd  to Aya: I do\n                 perhaps"
    );
    let unknown = answer(0xcd, "yes", 7);
    assert_eq!(
        render.post(&unknown, None, 80),
        "09:13  cdcdcdcd  to 07070707, which is not here: yes"
    );
    render.own = AuthorId([0xab; 32]);
    assert!(render.post(&to_aya, None, 80).contains("  to you: I do"));
    crate::language::in_japanese(|| {
        assert!(render.post(&to_aya, None, 80).contains("  自分 へ: I do"));
    });
}

fn reaction(content: &str, count: u32, own: bool) -> ReactionView {
    ReactionView {
        content: content.to_owned(),
        count,
        own: own.then_some(EventId([9; 32])),
    }
}

#[test]
fn in_a_page_a_post_stands_with_its_id_and_what_was_said_about_it() {
    let render = page_render();
    let mut root = post(0xab, "morning\nall", NOW);
    assert_eq!(
        render.post(&root, None, 80),
        "00000000  09:13  abababab  morning\n                           all"
    );
    root.replies.count = 3;
    root.reactions = vec![reaction("+", 2, true), reaction("同感", 5, false)];
    assert_eq!(
        render.post(&root, None, 80),
        "00000000  09:13  abababab  morning\n                           all\n\
         \u{20}                同感 5 · + 2 with yours · 3 answers"
    );
    root.deleted_at = Some(NOW);
    assert_eq!(
        render.post(&root, None, 80),
        "00000000  09:13  abababab  (deleted by its author)\n                 3 answers"
    );
}

#[test]
fn what_others_react_with_is_bounded_and_safe() {
    let mut flooded = post(0xab, "hi", NOW);
    flooded.replies.count = 1_000;
    flooded.reactions = vec![reaction("\u{1b}[2J", 9, false)];
    let many = (1..=20).map(|n| reaction(&format!("{n}{}", "x".repeat(60)), 1, false));
    flooded.reactions.extend(many);
    let shown = page_render().post(&flooded, None, 80);
    let details = shown.lines().last().expect("a line");
    assert!(
        details.starts_with("                 \\x1b[2J 9 · 1xx"),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'), "{shown}");
    assert!(
        details.ends_with("… 1 · 15 other reactions · 1000 answers or more"),
        "{shown}"
    );
}

#[test]
fn answers_stand_below_the_first_post_of_their_thread() {
    let render = page_render();
    let root = EventId([1; 32]);
    assert_eq!(
        render.answer(&answer(0xab, "yes\nno", 1), root, None, 80),
        "  00000000  09:13  abababab  yes\n                             no"
    );
    assert_eq!(
        render.answer(&answer(0xab, "yes", 7), root, None, 80),
        "  00000000  09:13  abababab  to 07070707, which is not here: yes"
    );
    let own = render.answer(&answer(1, "x", 1), root, Some(PostState::default()), 60);
    assert_eq!(text::width(&own), 60, "{own}");
}

#[test]
fn what_is_sent_says_how_far_it_came() {
    let state = |sent_to| {
        Some(PostState {
            sent_to,
            held_by: 0,
        })
    };
    let id = EventId([0x3f; 32]);
    assert_eq!(reacted(id, "+", state(1)), "stored here · sent to 1");
    assert!(reacted(id, "+", state(0)).contains("it goes out when"));
    assert_eq!(
        reacted(id, "+", None),
        "you have reacted to 3f3f3f3f with + already"
    );
    assert_eq!(
        reaction_undone(id, None),
        "you have not reacted so to 3f3f3f3f"
    );
    let deleted_now = deleted(id, state(2));
    assert!(deleted_now.starts_with("stored here · sent to 2\n"));
    assert!(
        deleted_now.contains("nobody can be made to"),
        "{deleted_now}"
    );
    assert_eq!(deleted(id, None), "3f3f3f3f was deleted already");
}

#[test]
fn a_post_cannot_command_the_terminal() {
    let post = post(0xab, "x\u{1b}[2Jy\u{202e}z", NOW);
    let line = render(0).post(&post, None, 80);
    assert_eq!(line, "09:13  abababab  x\\x1b[2Jy\\u{202e}z");
}

#[test]
fn only_the_time_is_coloured() {
    let mut render = render(0);
    render.has_colours = true;
    let line = render.post(&post(0xab, "hi", NOW), None, 80);
    assert_eq!(line, "\x1b[2m09:13\x1b[0m  abababab  hi");
}

#[test]
fn colours_take_no_columns() {
    let mut render = render(0);
    let own = |render: &Render<FixedOffset>| {
        render.post(&post(1, "hello", NOW), Some(PostState::default()), 60)
    };
    let plain = own(&render);
    render.has_colours = true;
    let coloured = own(&render);
    assert_ne!(coloured, plain);
    assert_eq!(screen::without_colours(&coloured), plain);
}

#[test]
fn days_are_separated_by_the_readers_calendar() {
    const HOUR: u64 = 3_600_000;
    let check = |at: u64, before: Option<u64>, hours_east, expected: Option<&str>| {
        let line = render(hours_east).day(UnixMs(at), before.map(UnixMs), NOW, 30);
        assert_eq!(line.as_deref(), expected);
    };
    check(NOW.0, None, 0, Some("-- today ---------------------"));
    check(NOW.0, Some(NOW.0 - HOUR), 0, None);
    check(
        NOW.0 - 10 * HOUR,
        None,
        0,
        Some("-- yesterday -----------------"),
    );
    // In Tokyo it is still today.
    check(
        NOW.0 - 10 * HOUR,
        None,
        9,
        Some("-- today ---------------------"),
    );
    check(
        NOW.0 - 48 * HOUR,
        None,
        0,
        Some("-- 2026-11-19 ----------------"),
    );
}

fn topic() -> TopicView {
    let keys = TopicKeys::public("lobby".parse().expect("a name"));
    TopicView {
        name: keys.name.clone(),
        id: keys.id,
        visibility: keys.visibility,
        epoch: Epoch(0),
        state: Some(ConnectionState::Joined),
        unread: 0,
        last_post_at: None,
        complete_since: None,
        stored_bytes: 1_234_567,
        ceiling_bytes: Some(1 << 30),
        fingerprint: None,
        complete_with: None,
        in_step: Vec::new(),
        stalled: None,
        neighbours: 1,
        posts: 1_204,
        counters: Counters::default(),
    }
}

fn source(source: SourceKind, enabled: bool, state: &str, result: &str) -> SourceView {
    SourceView {
        source,
        enabled,
        state: state.to_owned(),
        result: result.to_owned(),
    }
}

fn sources() -> Vec<SourceView> {
    vec![
        source(SourceKind::Ticket, false, "", ""),
        source(SourceKind::Known, true, "tried at 0.0 s", "none remembered"),
        source(SourceKind::Mdns, false, "off", ""),
        source(SourceKind::Dht, true, "found at 0.9 s", "3f3f3f3f"),
    ]
}

#[test]
fn the_first_lines_say_who_can_see_you_and_what_is_asked() {
    assert_eq!(
        topic_intro(&topic()),
        "#lobby  public topic: anyone who knows the name can join, members see each other's addresses"
    );
    let identity = identity_intro(AuthorId([1; 32]), "/home/mika/.local/share/kukuri/default");
    assert!(
        identity.starts_with("you are 01010101 (npub1"),
        "{identity}"
    );
    assert!(
        identity.ends_with("), home /home/mika/.local/share/kukuri/default"),
        "{identity}"
    );
    assert_eq!(
        looking(&sources()),
        "looking for members   known peers tried at 0.0 s · LAN off · DHT found at 0.9 s"
    );
    assert_eq!(
        alone(&sources()),
        "nobody here yet   known peers: none remembered · DHT: 3f3f3f3f\n\
         what you post is stored and goes out when somebody comes; looking goes on"
    );
    assert!(alone(&[]).contains("switched off"));
}

#[test]
fn in_japanese_the_same_lines_are_said() {
    crate::language::in_japanese(|| {
        let peer = PeerId([0x3f; 32]);
        assert_eq!(
            peer_joined(peer, FoundBy::Dht, 940, Some((PathKind::Direct, Some(23)))),
            "0.9 秒で 3f3f3f3f を発見（DHT）、直接接続、23 ミリ秒"
        );
        let state = Some(PostState {
            sent_to: 2,
            held_by: 1,
        });
        let line = render(0).post(&post(1, "hello", NOW), state, 80);
        assert_eq!(text::width(&line), 80, "{line}");
        assert!(line.starts_with("09:13  自分      hello  "), "{line}");
        assert!(
            line.ends_with("保存済み · 2 人に送信 · 1 人が保持"),
            "{line}"
        );
        let day = render(0).day(NOW, None, NOW, 30).expect("a day begins");
        assert_eq!(day, "-- 今日 ----------------------");
        assert_eq!(
            looking(&sources()),
            "参加者を探しています   以前の相手 0.0 秒に確認 · LAN オフ · DHT 0.9 秒で発見"
        );
    });
}
