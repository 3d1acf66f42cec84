//! Entries: their form as events, and which of several writes counts.

use std::collections::BTreeMap;

use kukuri_domain::{
    AuthorId, EntryKey, EntryValue, EventId, Hlc, SignedEvent, TopicName, UnixMs,
    entry::{ENTRY_KIND, EntryKeyError, EntryRank, LOST_KEPT_MS, ValueError},
    event::{
        AdmissionError, Draft, Meaning, admit,
        membership::{Member, Standing},
    },
    limits::{ENTRY_KEY_BYTES_MAX, ENTRY_VALUE_BYTES_MAX, EVENT_BYTES_MAX, EVENT_FUTURE_MS_MAX},
};
use nostr::{
    event::SignEvent as _,
    key::{Keys, SecretKey},
};
use proptest::prelude::*;
use rstest::rstest;

const AT: u64 = 1_795_608_000_123;

fn topic() -> TopicName {
    "lobby".parse().expect("a valid name")
}

fn key(text: &str) -> EntryKey {
    EntryKey::new(text).expect("a key")
}

fn clock(ms: u64, counter: u32) -> Hlc {
    Hlc { ms, counter }
}

fn sign(draft: Draft) -> SignedEvent {
    let keys = Keys::new(SecretKey::from_slice(&[1; 32]).expect("a valid key"));
    let author = AuthorId(keys.public_key().to_bytes());
    let event = keys.sign_event(draft.unsigned(author).expect("a fine draft"));
    SignedEvent::new(event.expect("a valid key signs")).expect("within the limits")
}

fn write(key_text: &str, value: Option<&[u8]>, at: Hlc) -> SignedEvent {
    let value = value.map(|bytes| EntryValue::new(bytes.to_vec()).expect("a value"));
    let draft = Draft::entry(&topic(), &key(key_text), value.as_ref(), at, None);
    sign(draft)
}

// --- the form ---

#[rstest]
#[case::a_text("config/colour", Some(&b"indigo"[..]), false)]
#[case::nothing_in_it("empty", Some(&b""[..]), false)]
#[case::a_deletion("config/colour", None, false)]
#[case::no_utf8("blob", Some(&[0xff, 0, 0xfe][..]), true)]
#[case::odd_key("a\0b\n\u{202e}\"\\ 😀/../%", Some("東京".as_bytes()), false)]
fn a_write_reads_back(#[case] name: &str, #[case] value: Option<&[u8]>, #[case] is_base64: bool) {
    let event = write(name, value, clock(AT, 7));
    assert_eq!(event.kind(), ENTRY_KIND);
    let entry = event.entry().expect("a write");
    assert_eq!(entry.key.as_str(), name);
    assert_eq!(entry.rank.clock, clock(AT, 7));
    assert_eq!(
        (entry.rank.author, entry.rank.id),
        (event.author(), event.id())
    );
    assert_eq!(entry.value.as_ref().map(EntryValue::as_bytes), value);
    assert_eq!(entry.expires_at, None);
    assert_eq!(entry.is_live(UnixMs(AT)), value.is_some());
    let has_encoding = event.tags().any(|tag| tag[0] == "encoding");
    assert_eq!(has_encoding, is_base64);
    assert_eq!(event.order().at(), UnixMs(AT));
    assert!(matches!(event.meaning(), Meaning::Entry(same) if same == entry));
}

#[test]
fn what_expires_ends_with_a_full_second() {
    let value = EntryValue::new(b"soon gone".to_vec()).expect("a value");
    let end = Some(UnixMs(AT + 1_000));
    let event = sign(Draft::entry(
        &topic(),
        &key("k"),
        Some(&value),
        clock(AT, 0),
        end,
    ));
    let entry = event.entry().expect("a write");
    let end = (AT + 1_000).div_ceil(1_000) * 1_000;
    assert_eq!(entry.expires_at, Some(UnixMs(end)));
    assert!(entry.is_live(UnixMs(end - 1)) && !entry.is_live(UnixMs(end)));
}

/// Tags beside those of every draft, with their parts, a content, and whether it is a write.
#[rstest]
#[case::as_it_should_be("d k;hlc AT 0", "v", true)]
#[case::no_key("hlc AT 0", "v", false)]
#[case::two_keys("d k;d l;hlc AT 0", "v", false)]
#[case::an_empty_key("d ;hlc AT 0", "v", false)]
#[case::a_key_without_text("d;hlc AT 0", "v", false)]
#[case::no_clock("d k", "v", false)]
#[case::two_clocks("d k;hlc AT 0;hlc AT 1", "v", false)]
#[case::a_clock_of_another_time("d k;hlc 1 0", "v", false)]
#[case::a_clock_with_a_zero("d k;hlc AT 00", "v", false)]
#[case::a_clock_beyond("d k;hlc AT 4294967296", "v", false)]
#[case::a_clock_with_a_sign("d k;hlc AT +1", "v", false)]
#[case::another_encoding("d k;hlc AT 0;encoding gzip", "v", false)]
#[case::base64("d k;hlc AT 0;encoding base64", "/w==", true)]
#[case::no_base64("d k;hlc AT 0;encoding base64", "/w=", false)]
#[case::deleted("d k;hlc AT 0;deleted", "", true)]
#[case::deleted_with_a_value("d k;hlc AT 0;deleted", "v", false)]
#[case::deleted_and_encoded("d k;hlc AT 0;deleted;encoding base64", "", false)]
fn what_could_be_read_in_two_ways_is_no_write(
    #[case] tags: &str,
    #[case] content: &str,
    #[case] is_one: bool,
) {
    let mut draft = Draft::post(&topic(), content, UnixMs(AT));
    draft.kind = ENTRY_KIND;
    let at = AT.to_string();
    let tags = tags.replace("AT", &at);
    let parts = tags
        .split(';')
        .map(|tag| tag.split(' ').map(str::to_owned).collect());
    draft.tags.extend(parts);
    let event = sign(draft);
    assert_eq!(event.entry().is_some(), is_one);
    assert_eq!(event.member().is_keyed(), is_one);
    assert_eq!(matches!(event.meaning(), Meaning::Other), !is_one);
    // It is kept and passed on either way.
    let event = event.verify().expect("just signed");
    assert_eq!(admit(&event, &topic(), UnixMs(AT)), Ok(()));
}

#[test]
fn a_post_is_no_write_whatever_its_tags() {
    let mut draft = Draft::post(&topic(), "v", UnixMs(AT));
    let at = AT.to_string();
    for tag in [&["d", "k"][..], &["hlc", &at, "0"]] {
        draft
            .tags
            .push(tag.iter().map(|part| (*part).to_owned()).collect());
    }
    assert_eq!(sign(draft).entry(), None);
}

#[test]
fn keys_and_values_have_their_limits() {
    let longest = "é".repeat(ENTRY_KEY_BYTES_MAX / 2);
    assert_eq!(key(&longest).as_str().len(), ENTRY_KEY_BYTES_MAX);
    assert_eq!(
        EntryKey::new(format!("{longest}x")),
        Err(EntryKeyError::TooLong(ENTRY_KEY_BYTES_MAX + 1))
    );
    assert_eq!(EntryKey::new(""), Err(EntryKeyError::Empty));
    let bytes = |n| vec![0xff; n];
    assert_eq!(
        EntryValue::new(bytes(ENTRY_VALUE_BYTES_MAX + 1)),
        Err(ValueError::TooLong(ENTRY_VALUE_BYTES_MAX + 1))
    );
    // The greatest is one event, also in base64.
    for value in [
        bytes(ENTRY_VALUE_BYTES_MAX),
        vec![b'x'; ENTRY_VALUE_BYTES_MAX],
    ] {
        let event = write(&longest, Some(&value), clock(AT, u32::MAX));
        assert!(event.encoded_len() <= EVENT_BYTES_MAX);
        let entry = event.entry().expect("a write");
        assert_eq!(entry.value.expect("a value").as_bytes(), value);
    }
    // Whoever signs a greater one has written nothing.
    let mut draft = Draft::entry(&topic(), &key("k"), None, clock(AT, 0), None);
    draft.tags.retain(|tag| tag[0] != "deleted");
    draft.content = "x".repeat(ENTRY_VALUE_BYTES_MAX + 1);
    assert_eq!(sign(draft).entry(), None);
}

#[test]
fn a_write_too_far_ahead_is_refused() {
    let now = UnixMs(AT);
    for (ahead, admitted) in [
        (EVENT_FUTURE_MS_MAX, Ok(())),
        (EVENT_FUTURE_MS_MAX + 1, Err(AdmissionError::Future)),
    ] {
        let event = write("k", Some(b"v"), clock(AT + ahead, 0));
        let event = event.verify().expect("just signed");
        assert_eq!(admit(&event, &topic(), now), admitted);
    }
}

// --- clocks ---

#[rstest]
#[case::time_went_on(clock(5, 3), 9, clock(9, 0))]
#[case::the_same_moment(clock(5, 3), 5, clock(5, 4))]
#[case::others_are_ahead(clock(5, 3), 2, clock(5, 4))]
#[case::the_counter_is_full(clock(5, u32::MAX), 2, clock(6, 0))]
fn a_clock_is_after_what_was_seen(#[case] seen: Hlc, #[case] now: u64, #[case] next: Hlc) {
    assert_eq!(Hlc::after(seen, UnixMs(now)), next);
    assert!(next > seen);
}

// --- the merge ---

fn rank(clock: Hlc, author: u8, id: u8) -> EntryRank {
    EntryRank {
        clock,
        author: AuthorId([author; 32]),
        id: EventId([id; 32]),
    }
}

#[test]
fn the_later_clock_counts_then_the_author_then_the_id() {
    let ranks = [
        rank(clock(1, 0), 9, 9),
        rank(clock(1, 1), 1, 9),
        rank(clock(1, 1), 2, 1),
        rank(clock(1, 1), 2, 2),
        rank(clock(2, 0), 1, 1),
    ];
    assert!(ranks.is_sorted_by(|a, b| a < b));
}

/// A replica that knows the rules and nothing else: what each write is to the sync set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Replica(BTreeMap<EntryRank, Member>);

impl Replica {
    fn take(&mut self, new: EntryRank) {
        let order = kukuri_domain::EventOrder {
            created_at: new.clock.at().secs(),
            ms: new.clock.at().subsec_ms(),
            id: new.id,
        };
        let mut member = Member {
            order,
            standing: Standing::Greatest,
            until: None,
        };
        for (other, known) in &mut self.0 {
            if *other > new {
                member.lose(new, *other);
            } else if *other < new {
                known.lose(*other, new);
            }
        }
        self.0.insert(new, member);
    }

    fn holds(&self) -> Option<EntryRank> {
        self.0.keys().next_back().copied()
    }

    fn members_at(&self, cut: UnixMs, horizon: UnixMs) -> Vec<EntryRank> {
        let belongs = |member: &Member| member.belongs_at(cut) && !member.is_behind(horizon);
        let members = self.0.iter().filter(|(_, member)| belongs(member));
        members.map(|(rank, _)| *rank).collect()
    }
}

const HOUR_MS: u64 = 3_600_000;

/// Some writers whose clocks are wrong by up to an hour, each of whom writes at some time having
/// seen some of the writes before; and an order of arrival.
#[derive(Debug, Clone)]
struct Story {
    writes: Vec<(EntryRank, Vec<usize>)>,
    arrivals: Vec<usize>,
}

fn stories() -> impl Strategy<Value = Story> {
    let skews = prop::collection::vec(0..2 * HOUR_MS, 5);
    let write = (0..5_usize, 0..40 * 24 * HOUR_MS, any::<u16>());
    let writes = prop::collection::vec(write, 1..12);
    let arrivals = prop::collection::vec(any::<prop::sample::Index>(), 0..40);
    (skews, writes, arrivals).prop_map(|(skews, mut plan, arrivals)| {
        plan.sort_by_key(|(_, at, _)| *at);
        let mut writes: Vec<(EntryRank, Vec<usize>)> = Vec::new();
        for (number, (writer, at, seen)) in plan.into_iter().enumerate() {
            let seen: Vec<usize> = (0..number).filter(|i| seen >> (i % 16) & 1 == 1).collect();
            let now = UnixMs(AT + at + skews[writer]);
            let clocks = seen.iter().map(|i: &usize| writes[*i].0.clock);
            let clock = Hlc::after(clocks.max().unwrap_or_default(), now);
            let (author, id) = (u8::try_from(writer), u8::try_from(number));
            let rank = rank(clock, author.expect("few"), id.expect("few"));
            writes.push((rank, seen));
        }
        let count = writes.len();
        // Each at least once, some again.
        let arrivals = arrivals.into_iter().map(|index| index.index(count));
        Story {
            writes,
            arrivals: arrivals.chain(0..count).collect(),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_order_of_arrival_ends_with_the_same(story in stories(), later in 0..80 * 24 * HOUR_MS) {
        let Story { writes, arrivals } = story;
        let (mut one, mut other) = (Replica::default(), Replica::default());
        for (rank, _) in &writes {
            one.take(*rank);
        }
        for index in arrivals {
            if !other.0.contains_key(&writes[index].0) {
                other.take(writes[index].0);
            }
        }
        prop_assert_eq!(&one, &other);
        // Whoever has seen a write is never beaten by it.
        for (rank, seen) in &writes {
            for earlier in seen {
                prop_assert!(writes[*earlier].0 < *rank);
            }
        }
        let greatest = writes.iter().map(|(rank, _)| *rank).max();
        prop_assert_eq!(one.holds(), greatest);
        // The greatest of its day belongs to the set at every cut and whatever the horizon, and
        // what lost stays for 30 days.
        let cut = UnixMs(AT + later);
        let horizon = UnixMs(cut.0.saturating_sub(11 * 60_000));
        let written = || one.0.keys().filter(|rank| rank.clock.at() < cut);
        let members = one.members_at(cut, horizon);
        prop_assert_eq!(members.last(), written().next_back());
        let all = one.members_at(cut, UnixMs(0));
        for rank in written() {
            let is_young = rank.clock.ms + LOST_KEPT_MS > cut.0;
            let is_greatest = Some(rank) == written().next_back();
            prop_assert_eq!(all.contains(rank), is_young || is_greatest);
        }
    }

    #[test]
    fn whoever_lacks_what_has_left_the_set_agrees_all_the_same(
        story in stories(),
        later in 0..80 * 24 * HOUR_MS,
    ) {
        // A newcomer gets only what is in the set now; an old peer has everything.
        let ranks = story.writes.iter().map(|(rank, _)| *rank);
        let (mut old, mut new) = (Replica::default(), Replica::default());
        let now = UnixMs(AT + 41 * 24 * HOUR_MS);
        ranks.for_each(|rank| old.take(rank));
        for rank in old.members_at(now, UnixMs(0)) {
            new.take(rank);
        }
        prop_assert_eq!(new.holds(), old.holds());
        let cut = UnixMs(now.0 + later);
        prop_assert_eq!(new.members_at(cut, UnixMs(0)), old.members_at(cut, UnixMs(0)));
    }
}
