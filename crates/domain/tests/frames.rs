//! What each frame's decoder refuses, and why it says so; limits at, below and above.

use kukuri_domain::{
    EventId, SignedEvent, UnixMs, VerifiedEvent,
    limits::{
        EVENT_BYTES_MAX, EVENT_TAGS_MAX, GOSSIP_MESSAGE_BYTES_MAX, GOSSIP_PAYLOAD_BYTES_MAX,
        IDS_PER_FRAME_MAX, IDS_PER_REQUEST_MAX, MDNS_TAGS_MAX, MEET_FRAME_BYTES_MAX, MEET_TAGS_MAX,
        NEWEST_MAX, RECONCILE_BYTES_MAX, SYNC_FRAME_BYTES_MAX,
    },
    wire::{
        AGENT_BYTES_MAX, FrameError, GOSSIP_VERSION, GossipFrame, Hello, MEET_VERSION, MeetFrame,
        SYNC_VERSION, SyncFrame, WireEvent, decode_mdns_tags, encode_mdns_tags, last_cut,
    },
};
use nostr::{
    event::{SignEvent as _, Tag, UnsignedEvent},
    key::{Keys, SecretKey},
};
use rstest::rstest;

fn ids(n: usize) -> Vec<EventId> {
    vec![EventId([1; 32]); n]
}

fn signed(content: String) -> VerifiedEvent {
    let secret = SecretKey::from_slice(&[1; 32]).expect("a valid key");
    let keys = Keys::new(secret);
    let tag = Tag::parse(["t", "lobby"]).expect("it has a name");
    let unsigned = UnsignedEvent::new(
        keys.public_key(),
        1_795_608_000.into(),
        1.into(),
        [tag],
        content,
    );
    let event = keys.sign_event(unsigned).expect("a valid key signs");
    SignedEvent::new(event)
        .expect("within the limits")
        .verify()
        .expect("just signed")
}

fn wire(content_bytes: usize, tags: Vec<Vec<String>>) -> WireEvent {
    let mut event = signed(String::new()).to_wire();
    event.content = "x".repeat(content_bytes);
    event.tags = tags;
    event
}

/// The greatest content that an event with these tags may have; see `SignedEvent::new`.
fn content_max(tags: &[Vec<String>]) -> usize {
    let tags_len: usize = tags
        .iter()
        .map(|tag| 3 + tag.iter().map(|s| s.len() + 3).sum::<usize>())
        .sum();
    EVENT_BYTES_MAX - 138 - tags_len
}

#[test]
fn gossip_tells_foreign_bytes_from_ours() {
    let good = GossipFrame::Have(ids(1)).encode();
    let with = |position: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[position] = byte;
        bytes
    };
    for foreign in [
        &b""[..],
        b"k",
        b"kk",
        b"hello",
        &with(0, b'x'),
        &with(1, b'x'),
    ] {
        assert_eq!(
            GossipFrame::decode(foreign),
            Err(FrameError::Foreign),
            "{foreign:?}"
        );
    }
    let other_version = GOSSIP_VERSION + 1;
    let refused = GossipFrame::decode(&with(2, other_version));
    assert_eq!(refused, Err(FrameError::Version(other_version)));
    assert_eq!(
        GossipFrame::decode(&with(3, 9)),
        Err(FrameError::Malformed),
        "unknown variant"
    );
    assert_eq!(
        GossipFrame::decode(&good[..3]),
        Err(FrameError::Malformed),
        "no body"
    );
    let left_over = [&good[..], b"!"].concat();
    assert_eq!(GossipFrame::decode(&left_over), Err(FrameError::Malformed));
}

#[test]
fn gossip_messages_are_as_long_as_the_stock_crate_takes() {
    let encoded = |content| GossipFrame::Event(wire(content, Vec::new())).encode();
    // Texts of this size have a length prefix of two bytes: the frame grows by what they grow.
    let largest = 1_000 + GOSSIP_MESSAGE_BYTES_MAX - encoded(1_000).len();
    for content in [1_000, largest - 1, largest] {
        assert!(GossipFrame::decode(&encoded(content)).is_ok(), "{content}");
    }
    assert_eq!(encoded(largest).len(), GOSSIP_MESSAGE_BYTES_MAX);
    let refused = GossipFrame::decode(&encoded(largest + 1));
    assert_eq!(
        refused,
        Err(FrameError::TooLarge(GOSSIP_MESSAGE_BYTES_MAX + 1))
    );
}

#[rstest]
#[case(0, false)]
#[case(1, true)]
#[case(IDS_PER_FRAME_MAX, true)]
#[case(IDS_PER_FRAME_MAX + 1, false)]
fn lists_of_ids_have_a_length(#[case] n: usize, #[case] is_taken: bool) {
    let expected = if is_taken {
        Ok(())
    } else {
        Err(FrameError::Malformed)
    };
    let gossip = GossipFrame::decode(&GossipFrame::Have(ids(n)).encode());
    assert_eq!(gossip.map(|_| ()), expected);
    let sync = |frame: SyncFrame| SyncFrame::decode(&frame.encode()).map(|_| ());
    assert_eq!(sync(SyncFrame::Receipt(ids(n))), expected);
}

#[rstest]
#[case(0, false)]
#[case(1, true)]
#[case(IDS_PER_REQUEST_MAX, true)]
#[case(IDS_PER_REQUEST_MAX + 1, false)]
fn lists_of_ids_on_streams_have_a_length(#[case] n: usize, #[case] is_taken: bool) {
    check_taken(SyncFrame::Get(ids(n)), is_taken);
    let offer = |more| SyncFrame::Offer { ids: ids(n), more };
    check_taken(offer(false), is_taken);
    check_taken(offer(true), is_taken);
}

#[rstest]
#[case(0, true)]
#[case(RECONCILE_BYTES_MAX, true)]
#[case(RECONCILE_BYTES_MAX + 1, false)]
fn a_message_of_a_reconciliation_has_a_length(#[case] n: usize, #[case] is_taken: bool) {
    let (since, message) = (UnixMs(u64::MAX), vec![0xff; n]);
    check_taken(SyncFrame::Reconciled(message.clone()), is_taken);
    check_taken(SyncFrame::Reconcile { since, message }, is_taken);
}

#[rstest]
#[case(0, 0)]
#[case(9_999, 0)]
#[case(29_999, 10_000)]
#[case(1_800_000_000_123, 1_799_999_990_000)]
#[case(1_800_000_009_999, 1_799_999_990_000)]
fn the_last_cut_is_the_last_full_ten_seconds_but_one(#[case] now: u64, #[case] cut: u64) {
    assert_eq!(last_cut(UnixMs(now)), UnixMs(cut));
}

#[test]
fn a_full_list_of_ids_fits_into_a_gossip_message() {
    assert!(GossipFrame::Have(ids(IDS_PER_FRAME_MAX)).encode().len() <= GOSSIP_PAYLOAD_BYTES_MAX);
}

#[test]
fn a_small_event_is_announced_whole_and_a_large_one_by_its_id() {
    let overhead = GossipFrame::Event(signed("x".repeat(1_000)).to_wire())
        .encode()
        .len()
        - 1_000;
    let largest = GOSSIP_PAYLOAD_BYTES_MAX - overhead;
    let small = signed("x".repeat(largest));
    let bytes = GossipFrame::announcing(&small);
    assert_eq!(bytes.len(), GOSSIP_PAYLOAD_BYTES_MAX);
    assert_eq!(
        GossipFrame::decode(&bytes),
        Ok(GossipFrame::Event(small.to_wire()))
    );

    let large = signed("x".repeat(largest + 1));
    let bytes = GossipFrame::announcing(&large);
    assert_eq!(
        GossipFrame::decode(&bytes),
        Ok(GossipFrame::Have(vec![large.id()]))
    );
}

#[test]
fn sync_refuses_what_it_does_not_know() {
    let good = SyncFrame::End { more: true }.encode();
    assert_eq!(SyncFrame::decode(b""), Err(FrameError::Malformed));
    assert_eq!(
        SyncFrame::decode(&[SYNC_VERSION]),
        Err(FrameError::Malformed)
    );
    assert_eq!(
        SyncFrame::decode(&[SYNC_VERSION + 1]),
        Err(FrameError::Version(SYNC_VERSION + 1))
    );
    assert_eq!(SyncFrame::decode(&[0]), Err(FrameError::Version(0)));
    let left_over = [&good[..], b"!"].concat();
    assert_eq!(SyncFrame::decode(&left_over), Err(FrameError::Malformed));
    let huge = vec![SYNC_VERSION; SYNC_FRAME_BYTES_MAX + 1];
    assert_eq!(
        SyncFrame::decode(&huge),
        Err(FrameError::TooLarge(SYNC_FRAME_BYTES_MAX + 1))
    );
    assert_eq!(
        SyncFrame::decode(&huge[..SYNC_FRAME_BYTES_MAX]),
        Err(FrameError::Malformed),
        "of allowed size, but nonsense"
    );
}

/// A frame that was encoded is taken, or refused as malformed.
#[track_caller]
fn check_taken(frame: SyncFrame, is_taken: bool) {
    let decoded = SyncFrame::decode(&frame.encode());
    let expected = is_taken.then_some(frame).ok_or(FrameError::Malformed);
    assert_eq!(decoded, expected);
}

#[rstest]
#[case(0, false)]
#[case(1, true)]
#[case(NEWEST_MAX, true)]
#[case(NEWEST_MAX + 1, false)]
#[case(u16::MAX, false)]
fn newest_asks_for_some_but_not_for_all(#[case] n: u16, #[case] is_taken: bool) {
    check_taken(SyncFrame::Newest { n, before: None }, is_taken);
}

#[rstest]
#[case("", true)]
#[case("kukuri 0.1.0", true)]
#[case(&"x".repeat(AGENT_BYTES_MAX), true)]
#[case(&"x".repeat(AGENT_BYTES_MAX + 1), false)]
#[case("kukuri\n0.1.0", false)]
#[case("\u{1b}[2J", false)]
fn an_agent_is_short_and_printable(#[case] agent: &str, #[case] is_taken: bool) {
    let hello = Hello {
        agent: agent.to_owned(),
        clock: kukuri_domain::UnixMs(1),
        nonce: [1; 32],
        proof: [2; 32],
    };
    check_taken(SyncFrame::Hello(hello), is_taken);
}

#[rstest]
#[case::long_text(Vec::new())]
#[case::many_tags(vec![vec![String::new()]; EVENT_TAGS_MAX])]
#[case::one_tag_of_many_strings(vec![vec![String::new(); 40_000]])]
fn the_largest_event_fits_into_a_sync_frame(#[case] tags: Vec<Vec<String>>) {
    let largest = content_max(&tags);
    let mut event = wire(largest, tags.clone());
    // The greatest numbers take the most bytes.
    (event.created_at, event.kind) = (u64::MAX, u16::MAX);
    assert!(event.clone().into_signed().is_ok());
    let frame = SyncFrame::Event(event);
    assert_eq!(SyncFrame::decode(&frame.encode()), Ok(frame));
    assert!(wire(largest + 1, tags).into_signed().is_err());
}

#[test]
fn meet_refuses_what_it_does_not_know() {
    let tags = |n| MeetFrame::Tags {
        nonce: [1; 32],
        tags: vec![[2; 16]; n],
    };
    let full = tags(MEET_TAGS_MAX);
    assert!(full.encode().len() <= MEET_FRAME_BYTES_MAX);
    assert_eq!(MeetFrame::decode(&full.encode()), Ok(full));
    assert_eq!(MeetFrame::decode(&tags(0).encode()), Ok(tags(0)));
    let refused = MeetFrame::decode(&tags(MEET_TAGS_MAX + 1).encode());
    assert_eq!(refused, Err(FrameError::Malformed));

    assert_eq!(MeetFrame::decode(b""), Err(FrameError::Malformed));
    assert_eq!(
        MeetFrame::decode(&[MEET_VERSION + 1]),
        Err(FrameError::Version(MEET_VERSION + 1))
    );
    let left_over = [&tags(1).encode()[..], b"!"].concat();
    assert_eq!(MeetFrame::decode(&left_over), Err(FrameError::Malformed));
    let huge = vec![MEET_VERSION; MEET_FRAME_BYTES_MAX + 1];
    assert_eq!(
        MeetFrame::decode(&huge),
        Err(FrameError::TooLarge(MEET_FRAME_BYTES_MAX + 1))
    );
}

#[test]
fn a_count_that_lies_costs_no_memory() {
    // `Have` with 2^32 - 1 ids, of which none follows.
    let frame = [
        b"kk",
        &[GOSSIP_VERSION][..],
        &[1, 0xff, 0xff, 0xff, 0xff, 0x0f],
    ]
    .concat();
    assert_eq!(GossipFrame::decode(&frame), Err(FrameError::Malformed));
    let frame = [
        &[MEET_VERSION, 1][..],
        &[7; 32],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
    ]
    .concat();
    assert_eq!(MeetFrame::decode(&frame), Err(FrameError::Malformed));
}

#[test]
fn mdns_tags_fit_into_the_record() {
    let tags: Vec<[u8; 8]> = (0..MDNS_TAGS_MAX as u8 + 5).map(|i| [i; 8]).collect();
    let text = encode_mdns_tags(&tags);
    assert!(text.len() <= 245, "{} bytes", text.len());
    assert_eq!(
        decode_mdns_tags(&text).as_deref(),
        Ok(&tags[..MDNS_TAGS_MAX])
    );
    assert_eq!(decode_mdns_tags(""), Ok(Vec::new()));
    for bad in [
        "A",
        "AAAAAAAAAAA=",
        "AAAA",
        "not base64!",
        "+/+/+/+/+/8",
        "東京",
    ] {
        assert_eq!(decode_mdns_tags(bad), Err(FrameError::Malformed), "{bad}");
    }
    let too_many = "A".repeat((MDNS_TAGS_MAX + 1) * 8 * 4 / 3);
    assert_eq!(decode_mdns_tags(&too_many), Err(FrameError::Malformed));
}
