//! Events: what passes for one, whose signature holds, where they belong, and their order.

use kukuri_domain::{
    AuthorId, EventId, EventOrder, SignedEvent, TopicName, UnixMs, VerifiedEvent,
    event::{AdmissionError, Draft, ShapeError, VerifyError, admit},
    limits::{EVENT_BYTES_MAX, EVENT_FUTURE_MS_MAX, EVENT_TAGS_MAX},
    wire::WireEvent,
};
use nostr::{
    event::{Event, SignEvent as _},
    key::{Keys, SecretKey},
};
use rstest::rstest;

const AT: UnixMs = UnixMs(1_795_608_000_123);

fn topic() -> TopicName {
    "lobby".parse().expect("a valid name")
}

fn keys(byte: u8) -> Keys {
    Keys::new(SecretKey::from_slice(&[byte; 32]).expect("a valid key"))
}

fn sign(draft: Draft) -> SignedEvent {
    let keys = keys(1);
    let author = AuthorId(keys.public_key().to_bytes());
    let event = keys.sign_event(draft.unsigned(author).expect("a fine draft"));
    SignedEvent::new(event.expect("a valid key signs")).expect("within the limits")
}

fn verified(draft: Draft) -> VerifiedEvent {
    sign(draft).verify().expect("just signed")
}

fn post() -> Draft {
    Draft::post(&topic(), "hello", AT)
}

fn tag(strings: &[&str]) -> Vec<String> {
    strings.iter().map(|s| (*s).to_owned()).collect()
}

// --- drafts ---

#[test]
fn a_post_names_its_topic_and_its_millisecond() {
    let name: TopicName = "#Straße ".parse().expect("a valid name");
    let draft = Draft::post(&name, "hello", AT);
    assert_eq!(draft.kind, 1);
    assert_eq!(draft.content, "hello");
    assert_eq!(draft.tags, [tag(&["t", "strasse"]), tag(&["ms", "123"])]);
    let event = verified(draft);
    assert_eq!(event.order().created_at, AT.secs());
    assert_eq!(event.order().at(), AT);
    assert_eq!(admit(&event, &name, AT), Ok(()));
}

#[test]
fn a_tag_needs_a_name() {
    let draft = Draft {
        tags: vec![Vec::new()],
        ..post()
    };
    assert_eq!(
        draft.unsigned(AuthorId([1; 32])).err(),
        Some(ShapeError::EmptyTag)
    );
    let draft = Draft {
        tags: vec![tag(&[""])],
        ..post()
    };
    assert!(
        draft.unsigned(AuthorId([1; 32])).is_ok(),
        "an empty name is a name"
    );
}

// --- verification ---

fn check_altered(alter: impl FnOnce(&mut WireEvent), expected: VerifyError) {
    let mut event = sign(post()).to_wire();
    alter(&mut event);
    let altered = event.into_signed().expect("within the limits");
    assert_eq!(altered.verify().err(), Some(expected));
}

#[test]
fn an_event_as_signed_is_genuine() {
    let event = sign(post());
    let verified = event.clone().verify().expect("just signed");
    assert_eq!(verified.id(), event.id());
    assert_eq!(verified.to_wire().into_signed(), Ok(event.clone()));
    assert_eq!(SignedEvent::from_json(&event.to_json()), Ok(event.clone()));
    assert_eq!(verified.into_signed(), event);
}

#[test]
fn whatever_is_altered_shows_in_the_id() {
    check_altered(|e| e.id.0[0] ^= 1, VerifyError::Id);
    check_altered(
        |e| e.author = AuthorId(keys(2).public_key().to_bytes()),
        VerifyError::Id,
    );
    check_altered(|e| e.author.0[31] ^= 1, VerifyError::Id);
    check_altered(|e| e.created_at += 1, VerifyError::Id);
    check_altered(|e| e.kind += 1, VerifyError::Id);
    check_altered(|e| e.content.push(' '), VerifyError::Id);
    check_altered(|e| e.tags[0][1].push('2'), VerifyError::Id);
    check_altered(|e| e.tags[1][1] = "124".to_owned(), VerifyError::Id);
    check_altered(|e| e.tags.swap(0, 1), VerifyError::Id);
    check_altered(|e| e.tags.push(tag(&["x"])), VerifyError::Id);
    check_altered(|e| e.tags.clear(), VerifyError::Id);
}

#[test]
fn an_altered_signature_is_refused() {
    check_altered(|e| e.sig_r[0] ^= 1, VerifyError::Signature);
    check_altered(|e| e.sig_s[31] ^= 1, VerifyError::Signature);
    check_altered(
        |e| (e.sig_r, e.sig_s) = ([0; 32], [0; 32]),
        VerifyError::Signature,
    );
    check_altered(
        |e| (e.sig_r, e.sig_s) = ([0xff; 32], [0xff; 32]),
        VerifyError::Signature,
    );
}

/// Whoever alters an event can compute the new id as well; then the signature must not hold.
fn check_forged(alter: impl FnOnce(&mut WireEvent)) {
    check_altered(
        |event| {
            alter(event);
            let shown = event.clone().into_signed().expect("within the limits");
            let Event {
                pubkey,
                created_at,
                kind,
                tags,
                content,
                ..
            } = shown.as_nostr().clone();
            let id = nostr::event::EventId::compute(&pubkey, &created_at, &kind, &tags, &content);
            event.id = EventId(*id.as_bytes());
        },
        VerifyError::Signature,
    );
}

#[test]
fn a_forger_who_computes_the_id_is_refused_by_the_signature() {
    check_forged(|e| e.content.push('!'));
    check_forged(|e| e.created_at -= 1);
    check_forged(|e| e.kind = 0);
    check_forged(|e| e.tags[0][1] = "other".to_owned());
    check_forged(|e| e.author = AuthorId(keys(2).public_key().to_bytes()));
    check_forged(|e| e.author = AuthorId([0; 32]));
    check_forged(|e| e.author = AuthorId([0xff; 32]));
}

// --- admission ---

fn at(ms: u64) -> Draft {
    Draft::post(&topic(), "hello", UnixMs(ms))
}

#[rstest]
#[case::ok(post(), Ok(()))]
#[case::long_ago(at(0), Ok(()))]
#[case::at_the_limit(at(AT.0 + EVENT_FUTURE_MS_MAX), Ok(()))]
#[case::a_millisecond_over(at(AT.0 + EVENT_FUTURE_MS_MAX + 1), Err(AdmissionError::Future))]
#[case::end_of_time(at(u64::MAX), Err(AdmissionError::Future))]
#[case::other_topic(
    Draft::post(&"other".parse().expect("a valid name"), "hello", AT),
    Err(AdmissionError::OtherTopic)
)]
#[case::no_topic(Draft { tags: Vec::new(), ..post() }, Err(AdmissionError::OtherTopic))]
#[case::tag_without_value(Draft { tags: vec![tag(&["t"])], ..post() }, Err(AdmissionError::OtherTopic))]
#[case::name_as_other_tag(
    Draft { tags: vec![tag(&["x", "lobby"])], ..post() },
    Err(AdmissionError::OtherTopic)
)]
#[case::not_normalised(
    Draft { tags: vec![tag(&["t", "Lobby"]), tag(&["t", "#lobby"])], ..post() },
    Err(AdmissionError::OtherTopic)
)]
#[case::one_of_several(
    Draft { tags: vec![tag(&["t", "other"]), tag(&["t", "lobby", "more"])], ..post() },
    Ok(())
)]
#[case::before_ephemeral(Draft { kind: 19_999, ..post() }, Ok(()))]
#[case::first_ephemeral(Draft { kind: 20_000, ..post() }, Err(AdmissionError::Ephemeral))]
#[case::last_ephemeral(Draft { kind: 29_999, ..post() }, Err(AdmissionError::Ephemeral))]
#[case::after_ephemeral(Draft { kind: 30_000, ..post() }, Ok(()))]
fn a_topic_takes_what_is_meant_for_it(
    #[case] draft: Draft,
    #[case] expected: Result<(), AdmissionError>,
) {
    assert_eq!(admit(&verified(draft), &topic(), AT), expected);
}

#[test]
fn an_event_from_the_future_is_taken_when_its_time_has_come() {
    let event = verified(at(AT.0 + EVENT_FUTURE_MS_MAX + 1));
    assert_eq!(admit(&event, &topic(), AT), Err(AdmissionError::Future));
    assert_eq!(admit(&event, &topic(), UnixMs(AT.0 + 1)), Ok(()));
    assert_eq!(admit(&event, &topic(), UnixMs(u64::MAX)), Ok(()));
}

// --- order ---

fn check_ms(tags: &[&[&str]], expected: u16) {
    let draft = Draft {
        tags: tags.iter().map(|strings| tag(strings)).collect(),
        ..post()
    };
    let order = verified(draft).order();
    assert_eq!(order.ms, expected, "{tags:?}");
    assert_eq!(order.created_at, AT.secs());
}

#[test]
fn the_first_well_formed_ms_tag_counts() {
    check_ms(&[], 0);
    check_ms(&[&["ms", "0"]], 0);
    check_ms(&[&["ms", "1"]], 1);
    check_ms(&[&["ms", "999"]], 999);
    check_ms(&[&["ms", "1000"]], 0);
    check_ms(&[&["ms", "65537"]], 0);
    check_ms(&[&["ms", "-1"]], 0);
    check_ms(&[&["ms", "+5"]], 0);
    check_ms(&[&["ms", "007"]], 0);
    check_ms(&[&["ms", " 7"]], 0);
    check_ms(&[&["ms", "7.5"]], 0);
    check_ms(&[&["ms", "７"]], 0);
    check_ms(&[&["ms", ""]], 0);
    check_ms(&[&["ms"]], 0);
    check_ms(&[&["MS", "7"]], 0);
    check_ms(&[&["ms", "7", "8"]], 7);
    check_ms(&[&["ms", "7"], &["ms", "8"]], 7);
    check_ms(&[&["ms"], &["ms", "x"], &["ms", "1000"], &["ms", "8"]], 8);
}

#[test]
fn order_is_by_second_then_millisecond_then_id() {
    let order = |created_at, ms, id| EventOrder {
        created_at,
        ms,
        id: EventId([id; 32]),
    };
    let sorted = [
        order(1, 0, 9),
        order(1, 999, 0),
        order(2, 0, 0),
        order(2, 0, 1),
        order(2, 1, 0),
        order(u64::MAX, 999, 0),
    ];
    assert!(sorted.is_sorted());
    assert!(
        sorted.iter().map(EventOrder::at).is_sorted(),
        "time follows the order"
    );
    assert_eq!(order(2, 1, 0).at(), UnixMs(2_001));
    assert_eq!(order(u64::MAX, 999, 0).at(), UnixMs(u64::MAX));
}

// --- limits ---

/// Fixed fields as they are counted: id, author, signature, time, kind.
const FIXED_BYTES: usize = 32 + 32 + 64 + 8 + 2;

fn with_size(content_bytes: usize, tags: usize) -> Result<SignedEvent, ShapeError> {
    let mut event = sign(post()).to_wire();
    event.content = "x".repeat(content_bytes);
    event.tags = vec![tag(&["a"]); tags];
    event.into_signed()
}

#[rstest]
#[case::empty(0, 0, None)]
#[case::below(EVENT_BYTES_MAX - FIXED_BYTES - 1, 0, None)]
#[case::at(EVENT_BYTES_MAX - FIXED_BYTES, 0, None)]
#[case::above(EVENT_BYTES_MAX - FIXED_BYTES + 1, 0, Some(ShapeError::TooLarge(EVENT_BYTES_MAX + 1)))]
#[case::at_with_a_tag(EVENT_BYTES_MAX - FIXED_BYTES - 7, 1, None)]
#[case::above_with_a_tag(
    EVENT_BYTES_MAX - FIXED_BYTES - 6, 1, Some(ShapeError::TooLarge(EVENT_BYTES_MAX + 1))
)]
#[case::tags_below(0, EVENT_TAGS_MAX - 1, None)]
#[case::tags_at(0, EVENT_TAGS_MAX, None)]
#[case::tags_above(0, EVENT_TAGS_MAX + 1, Some(ShapeError::TooManyTags(EVENT_TAGS_MAX + 1)))]
#[case::tags_far_above(0, 100_000, Some(ShapeError::TooManyTags(100_000)))]
fn limits_hold_on_both_ways_in(
    #[case] content_bytes: usize,
    #[case] tags: usize,
    #[case] expected: Option<ShapeError>,
) {
    assert_eq!(with_size(content_bytes, tags).err(), expected);

    let json = sign(post()).to_json();
    let mut event: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    event["content"] = "x".repeat(content_bytes).into();
    event["tags"] = serde_json::json!(vec![["a"]; tags]);
    assert_eq!(SignedEvent::from_json(&event.to_string()).err(), expected);
}

#[rstest]
#[case("")]
#[case("{}")]
#[case("[]")]
#[case("null")]
#[case("{\"id\":\"00\"}")]
#[case("\u{feff}{}")]
fn other_text_is_no_event(#[case] json: &str) {
    assert!(matches!(
        SignedEvent::from_json(json),
        Err(ShapeError::Json(_))
    ));
}

#[test]
fn every_field_is_needed() {
    let event: serde_json::Value = serde_json::from_str(&sign(post()).to_json()).expect("JSON");
    for field in [
        "id",
        "pubkey",
        "created_at",
        "kind",
        "tags",
        "content",
        "sig",
    ] {
        let mut event = event.clone();
        event
            .as_object_mut()
            .expect("an object")
            .remove(field)
            .expect("a field of NIP-01");
        let read = SignedEvent::from_json(&event.to_string());
        assert!(matches!(read, Err(ShapeError::Json(_))), "without {field}");
    }
}

#[test]
fn an_empty_tag_is_refused_on_both_ways_in() {
    let mut event = sign(post()).to_wire();
    event.tags.push(Vec::new());
    assert_eq!(event.into_signed().err(), Some(ShapeError::EmptyTag));
    let json = sign(post()).to_json().replace("[\"t\",\"lobby\"]", "[]");
    assert!(matches!(
        SignedEvent::from_json(&json),
        Err(ShapeError::Json(_))
    ));
}

// --- ids ---

#[test]
fn ids_read_back_what_they_print() {
    let event = sign(post());
    assert_eq!(event.id().to_string().parse::<EventId>(), Ok(event.id()));
    assert_eq!(
        event.author().to_string().parse::<AuthorId>(),
        Ok(event.author())
    );
    assert_eq!(event.id().short(), event.id().to_string()[..8]);
    assert!("00".parse::<EventId>().is_err());
    assert!("zz".repeat(32).parse::<EventId>().is_err());
    // The example of NIP-19.
    let author = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
    let author: AuthorId = author.parse().expect("64 hex digits");
    assert_eq!(
        author.npub(),
        "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg"
    );
}
