//! What events say about others: answers, reactions, deletions, profiles.

use kukuri_domain::{
    AuthorId, EventId, PeerId, SignedEvent, TopicName, UnixMs,
    entry::ENTRY_KIND,
    event::{Draft, ENDPOINT_KIND, Meaning, Profile, ProfileError, Reply, admit},
    limits::REPLY_AUTHORS_MAX,
};
use nostr::{
    event::SignEvent as _,
    key::{Keys, SecretKey},
};
use proptest::prelude::*;
use rstest::rstest;

const AT: UnixMs = UnixMs(1_795_608_000_123);

fn topic() -> TopicName {
    "lobby".parse().expect("a valid name")
}

fn sign(draft: Draft) -> SignedEvent {
    signed_by(1, draft)
}

fn signed_by(byte: u8, draft: Draft) -> SignedEvent {
    let keys = Keys::new(SecretKey::from_slice(&[byte; 32]).expect("a valid key"));
    let author = AuthorId(keys.public_key().to_bytes());
    let event = keys.sign_event(draft.unsigned(author).expect("a fine draft"));
    SignedEvent::new(event.expect("a valid key signs")).expect("within the limits")
}

/// An event of this kind with these tags beside those of every draft.
fn event(kind: u16, tags: &[&[&str]], content: &str) -> SignedEvent {
    let mut draft = Draft::post(&topic(), content, AT);
    draft.kind = kind;
    let tags = tags
        .iter()
        .map(|tag| tag.iter().map(|part| (*part).to_owned()).collect());
    draft.tags.extend(tags);
    sign(draft)
}

fn id(byte: u8) -> EventId {
    EventId([byte; 32])
}

fn reply(event: &SignedEvent) -> Option<Reply> {
    match event.meaning() {
        Meaning::Post { reply } => reply,
        other => panic!("no post: {other:?}"),
    }
}

// --- answers ---

#[test]
fn a_thread_keeps_its_root_however_deep_it_goes() {
    let root = sign(Draft::post(&topic(), "who comes?", AT));
    let first = signed_by(2, Draft::reply(&topic(), &root, "me", AT));
    let second = signed_by(3, Draft::reply(&topic(), &first, "me too", AT));
    assert_eq!(reply(&root), None);
    let to = |root: &SignedEvent, parent: &SignedEvent| {
        Some(Reply {
            root: root.id(),
            parent: parent.id(),
        })
    };
    assert_eq!(reply(&first), to(&root, &root));
    assert_eq!(reply(&second), to(&root, &first));
    let verified = second.clone().verify().expect("just signed");
    assert_eq!(admit(&verified, &topic(), AT), Ok(()));
}

#[test]
fn an_answer_addresses_whoever_was_addressed_before_and_nobody_twice() {
    let root = sign(Draft::post(&topic(), "who comes?", AT));
    let first = signed_by(2, Draft::reply(&topic(), &root, "me", AT));
    let second = signed_by(1, Draft::reply(&topic(), &first, "fine", AT));
    let third = signed_by(3, Draft::reply(&topic(), &second, "what?", AT));
    let addressed: Vec<&str> = third
        .tags()
        .filter(|tag| tag[0] == "p")
        .map(|tag| tag[1].as_str())
        .collect();
    let (one, two) = (root.author().to_string(), first.author().to_string());
    assert_eq!(addressed, [one.as_str(), two.as_str()]);
}

#[test]
fn an_answer_addresses_no_more_than_fit() {
    let crowd: Vec<[String; 2]> = (0..100)
        .map(|n| ["p".to_owned(), format!("{n:064}")])
        .collect();
    let mut draft = Draft::post(&topic(), "everybody!", AT);
    draft.tags.extend(crowd.iter().map(|tag| tag.to_vec()));
    let answer = sign(Draft::reply(&topic(), &sign(draft), "no", AT));
    let addressed = answer.tags().filter(|tag| tag[0] == "p").count();
    assert_eq!(addressed, REPLY_AUTHORS_MAX);
}

#[rstest]
#[case::none(&[], None)]
#[case::marked_root(&[(1, "root")], Some((1, 1)))]
#[case::marked_both(&[(1, "root"), (2, "reply")], Some((1, 2)))]
#[case::marked_in_another_order(&[(2, "reply"), (1, "root")], Some((1, 2)))]
#[case::marked_reply_alone(&[(2, "reply")], Some((2, 2)))]
#[case::a_mention_is_no_answer(&[(3, "mention")], None)]
#[case::a_mention_beside_an_answer(&[(3, "mention"), (1, "root")], Some((1, 1)))]
#[case::by_place_one(&[(1, "")], Some((1, 1)))]
#[case::by_place_two(&[(1, ""), (2, "")], Some((1, 2)))]
#[case::by_place_many(&[(1, ""), (3, ""), (2, "")], Some((1, 2)))]
fn answers_of_other_programs_are_understood(
    #[case] references: &[(u8, &str)],
    #[case] expected: Option<(u8, u8)>,
) {
    let ids: Vec<String> = references.iter().map(|(n, _)| id(*n).to_string()).collect();
    let tags: Vec<Vec<&str>> = references
        .iter()
        .zip(&ids)
        .map(|((_, marker), id)| match *marker {
            "" => vec!["e", id],
            marker => vec!["e", id, "", marker],
        })
        .collect();
    let tags: Vec<&[&str]> = tags.iter().map(Vec::as_slice).collect();
    let expected = expected.map(|(root, parent)| Reply {
        root: id(root),
        parent: id(parent),
    });
    assert_eq!(reply(&event(1, &tags, "hi")), expected);
}

#[test]
fn a_chat_message_answers_what_it_quotes() {
    let quoted = id(7).to_string();
    let expected = Reply {
        root: id(7),
        parent: id(7),
    };
    assert_eq!(reply(&event(9, &[&["q", &quoted]], "hi")), Some(expected));
    assert_eq!(reply(&event(9, &[&["e", &quoted]], "hi")), None);
}

#[test]
fn a_reference_that_is_no_id_is_no_answer() {
    for wrong in [&["e"][..], &["e", "abc"], &["e", "", "", "root"]] {
        assert_eq!(reply(&event(1, &[wrong], "hi")), None, "{wrong:?}");
    }
}

// --- reactions ---

#[test]
fn a_reaction_is_read_as_it_was_written() {
    let post = sign(Draft::post(&topic(), "hello", AT));
    let reaction = signed_by(2, Draft::reaction(&topic(), &post, "同感", AT));
    let expected = Meaning::Reaction {
        target: post.id(),
        content: "同感",
    };
    assert_eq!(reaction.meaning(), expected);
    let kinds: Vec<&[String]> = reaction.tags().filter(|tag| tag[0] == "k").collect();
    assert_eq!(kinds, [["k".to_owned(), "1".to_owned()].as_slice()]);
}

#[test]
fn of_several_targets_the_last_is_meant_and_nothing_said_is_approval() {
    let (first, last) = (id(1).to_string(), id(2).to_string());
    let reaction = event(7, &[&["e", &first], &["e", &last]], " ");
    let expected = Meaning::Reaction {
        target: id(2),
        content: "+",
    };
    assert_eq!(reaction.meaning(), expected);
}

#[test]
fn a_reaction_to_nothing_or_of_a_whole_text_is_none() {
    let target = id(1).to_string();
    assert_eq!(event(7, &[], "+").meaning(), Meaning::Other);
    let long = event(7, &[&["e", &target]], &"x".repeat(65));
    assert_eq!(long.meaning(), Meaning::Other);
}

// --- deletions ---

#[test]
fn a_deletion_names_what_it_takes_back() {
    let deletion = sign(Draft::deletion(&topic(), id(5), 1, AT));
    let expected = Meaning::Deletion {
        targets: vec![id(5)],
    };
    assert_eq!(deletion.meaning(), expected);
    let (one, two) = (id(1).to_string(), id(2).to_string());
    let several = event(
        5,
        &[&["e", &one], &["e", "junk"], &["e", &two]],
        "a mistake",
    );
    let expected = Meaning::Deletion {
        targets: vec![id(1), id(2)],
    };
    assert_eq!(several.meaning(), expected);
}

// --- profiles ---

#[test]
fn a_profile_is_read_as_it_was_written() {
    let profile = Profile::new("  Aya \"彩\" Kitamura ", Some(" weaver\nof nets ")).expect("fine");
    assert_eq!(profile.name, "Aya \"彩\" Kitamura");
    let event = sign(Draft::profile(&topic(), &profile, AT));
    assert_eq!(event.meaning(), Meaning::Profile(profile));
}

#[rstest]
#[case("", ProfileError::EmptyName)]
#[case(" \u{3000}", ProfileError::EmptyName)]
#[case("\u{200b}\u{202e}", ProfileError::EmptyName)]
#[case("a\nb", ProfileError::Control)]
#[case(&"x".repeat(65), ProfileError::LongName(65))]
fn a_name_that_nobody_can_use_is_refused(#[case] name: &str, #[case] expected: ProfileError) {
    assert_eq!(Profile::new(name, None), Err(expected));
}

#[test]
fn a_description_has_a_limit_and_may_be_absent() {
    let long = "x".repeat(501);
    let refused = Profile::new("Aya", Some(&long));
    assert_eq!(refused, Err(ProfileError::LongAbout(501)));
    let none = Profile::new("Aya", Some("  ")).expect("fine");
    assert_eq!(none.about, None);
}

#[rstest]
#[case(r#"{"name":"aya","display_name":"Aya K."}"#, Some("Aya K."))]
#[case(r#"{"name":"aya","display_name":" "}"#, Some("aya"))]
#[case(r#"{"name":"a\nb\u0000"}"#, Some("a b"))]
#[case(r#"{"about":"nobody"}"#, None)]
#[case(r#"{"name":7}"#, None)]
#[case("[]", None)]
#[case("", None)]
fn names_of_other_programs_are_read(#[case] json: &str, #[case] expected: Option<&str>) {
    let name = match event(0, &[], json).meaning() {
        Meaning::Profile(profile) => Some(profile.name),
        Meaning::Other => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(name.as_deref(), expected);
}

#[test]
fn a_name_of_others_is_cut_to_its_limit() {
    let json = format!(r#"{{"name":"{}"}}"#, "あ".repeat(100));
    let Meaning::Profile(profile) = event(0, &[], &json).meaning() else {
        panic!("no profile");
    };
    assert_eq!(profile.name, "あ".repeat(64));
}

proptest! {
    #[test]
    fn parser_meaning_takes_any_event(
        kind in prop_oneof![Just(0_u16), Just(1), Just(5), Just(7), Just(9), any::<u16>()],
        tags in prop::collection::vec(
            prop::collection::vec(
                prop_oneof![Just("e".to_owned()), Just("root".to_owned()), Just("ab".repeat(32)), ".{0,9}"],
                1..5,
            ),
            0..6,
        ),
        content in prop_oneof![r#"\{"name":"[^"\\]{0,80}"\}"#, ".{0,80}"],
    ) {
        let mut draft = Draft::post(&topic(), &content, AT);
        draft.kind = kind;
        draft.tags.extend(tags);
        let event = sign(draft);
        match event.meaning() {
            Meaning::Post { .. } => prop_assert!(matches!(kind, 1 | 9)),
            Meaning::Reaction { content, .. } => prop_assert!(!content.is_empty()),
            Meaning::Profile(profile) => {
                let again = Profile::new(&profile.name, profile.about.as_deref());
                prop_assert_eq!(again, Ok(profile));
            }
            Meaning::Entry(_) => prop_assert_eq!(kind, ENTRY_KIND),
            Meaning::Deletion { .. } | Meaning::Endpoint(_) | Meaning::Other => {}
        }
    }
}

// --- whose an endpoint is ---

#[test]
fn an_author_says_which_endpoint_is_theirs() {
    let endpoint = PeerId([7; 32]);
    let statement = sign(Draft::endpoint(endpoint, AT));
    assert_eq!(statement.meaning(), Meaning::Endpoint(endpoint));
    assert!((20_000..30_000).contains(&statement.kind()), "ephemeral");
    let statement = statement.verify().expect("genuine");
    assert!(
        admit(&statement, &topic(), AT).is_err(),
        "it is never stored"
    );
}

#[test]
fn what_names_no_one_endpoint_says_nothing() {
    let named: &[&str] = &["endpoint", SEVEN];
    assert!(matches!(
        event(ENDPOINT_KIND, &[named], "").meaning(),
        Meaning::Endpoint(_)
    ));
    let empty: &[&str] = &["endpoint"];
    let no_key: &[&str] = &["endpoint", "lobby"];
    let tags: [&[&[&str]]; 4] = [&[], &[empty], &[no_key], &[named, named]];
    for tags in tags {
        assert_eq!(
            event(ENDPOINT_KIND, tags, "").meaning(),
            Meaning::Other,
            "{tags:?}"
        );
    }
}

/// The id of an endpoint.
const SEVEN: &str = "0707070707070707070707070707070707070707070707070707070707070707";
