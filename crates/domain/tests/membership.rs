//! Which events belong to the sync set, at any cut.

use kukuri_domain::{
    AuthorId, EventId, EventOrder, SignedEvent, UnixMs,
    event::{
        Draft,
        membership::{Member, Standing, deleted_at, is_deletable, replaces},
    },
};
use nostr::{
    event::SignEvent as _,
    key::{Keys, SecretKey},
};
use rstest::rstest;

const AT: u64 = 1_800_000_000;

fn event(kind: u16, content: &str, tags: &[&[&str]]) -> SignedEvent {
    let keys = Keys::new(SecretKey::from_slice(&[7; 32]).expect("a valid key"));
    let topic = "lobby".parse().expect("a valid name");
    let mut draft = Draft::post(&topic, content, UnixMs(AT * 1_000));
    draft.kind = kind;
    let tags = tags
        .iter()
        .map(|tag| tag.iter().map(|part| (*part).to_owned()).collect());
    draft.tags.extend(tags);
    let author = AuthorId(keys.public_key().to_bytes());
    let event = keys.sign_event(draft.unsigned(author).expect("a fine draft"));
    SignedEvent::new(event.expect("a valid key signs")).expect("within the limits")
}

fn order(at: u64, id: u8) -> EventOrder {
    EventOrder {
        created_at: at / 1_000,
        ms: (at % 1_000) as u16,
        id: EventId([id; 32]),
    }
}

#[rstest]
#[case::plain(1, &[], None)]
#[case::expires(1, &["expiration", "1800000100"], Some(1_800_000_100_000))]
#[case::no_number(1, &["expiration", "soon"], None)]
#[case::no_value(1, &["expiration"], None)]
#[case::beyond_every_clock(1, &["expiration", "18446744073709551615"], Some(u64::MAX))]
#[case::a_reaction_may_end(7, &["expiration", "1800000100"], Some(1_800_000_100_000))]
#[case::a_deletion_stays(5, &["expiration", "1800000100"], None)]
fn an_event_says_itself_until_when_it_stays(
    #[case] kind: u16,
    #[case] tag: &[&str],
    #[case] until: Option<u64>,
) {
    let tags: &[&[&str]] = if tag.is_empty() { &[] } else { &[tag] };
    let member = event(kind, "x", tags).member();
    assert_eq!(member.until, until.map(UnixMs));
    assert_eq!(member.standing, Standing::Free);
}

#[test]
fn the_first_expiration_that_makes_sense_counts() {
    let tags: &[&[&str]] = &[
        &["expiration", "-1"],
        &["expiration", "1800000200"],
        &["expiration", "1800000100"],
    ];
    let until = Some(UnixMs(1_800_000_200_000));
    assert_eq!(event(1, "x", tags).member().until, until);
}

#[test]
fn a_profile_stands_in_a_place_and_never_expires() {
    let profile = event(0, r#"{"name":"Aya"}"#, &[&["expiration", "1800000100"]]);
    let member = profile.member();
    assert_eq!((member.standing, member.until), (Standing::Greatest, None));
    assert_eq!(profile.place(), Some("0"));
    let nonsense = event(0, "no JSON", &[]);
    assert!(
        !nonsense.member().is_keyed(),
        "what is no profile replaces none"
    );
}

#[rstest]
#[case::before_the_cut(AT * 1_000 + 1, None, true)]
#[case::at_the_cut(AT * 1_000, None, false)]
#[case::ended(AT * 1_000 + 100, Some(AT * 1_000 + 100), false)]
#[case::ends_later(AT * 1_000 + 100, Some(AT * 1_000 + 101), true)]
fn a_member_was_written_before_the_cut_and_has_not_ended(
    #[case] cut: u64,
    #[case] until: Option<u64>,
    #[case] belongs: bool,
) {
    let member = Member {
        order: order(AT * 1_000, 1),
        standing: Standing::Free,
        until: until.map(UnixMs),
    };
    assert_eq!(member.belongs_at(UnixMs(cut)), belongs);
}

#[test]
fn the_first_end_counts() {
    let mut member = event(1, "x", &[]).member();
    for (at, until) in [(500, 500), (700, 500), (300, 300)] {
        member.end(UnixMs(at));
        assert_eq!(member.until, Some(UnixMs(until)));
    }
}

#[test]
fn a_deletion_ends_what_was_written_before_it() {
    let event = order(5_000, 1);
    assert_eq!(deleted_at(event, UnixMs(5_000)), Some(UnixMs(5_000)));
    assert_eq!(deleted_at(event, UnixMs(9_000)), Some(UnixMs(9_000)));
    assert_eq!(deleted_at(event, UnixMs(4_999)), None);
    assert!(is_deletable(1, false) && is_deletable(7, false));
    assert!(!is_deletable(5, false) && !is_deletable(0, true));
}

#[test]
fn of_two_in_one_place_the_later_counts_and_then_the_lower_id() {
    let at = |at, id| (UnixMs(at), EventId([id; 32]));
    assert!(replaces(at(2, 1), at(1, 9)) && !replaces(at(1, 9), at(2, 1)));
    assert!(replaces(at(1, 3), at(1, 4)) && !replaces(at(1, 4), at(1, 3)));
    assert!(
        !replaces(at(1, 3), at(1, 3)),
        "an event does not replace itself"
    );
}
