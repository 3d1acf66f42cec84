//! Whatever bytes a peer sends, a parser answers and never panics; what it takes, it writes and
//! reads back the same. Continuous integration runs these with 100,000 cases each.

use kukuri_domain::{
    AuthorId, EventId, EventOrder, SignedEvent, UnixMs,
    wire::{
        GOSSIP_MAGIC, GOSSIP_VERSION, GossipFrame, Hello, MEET_VERSION, MeetFrame, RefuseReason,
        SYNC_VERSION, SyncFrame, Welcome, WireEvent, decode_mdns_tags, encode_mdns_tags,
    },
};
use proptest::{collection::vec, prelude::*};

const EVENT: &str = include_str!("golden_event.json");

fn event_id() -> impl Strategy<Value = EventId> {
    any::<[u8; 32]>().prop_map(EventId)
}

fn event_ids() -> impl Strategy<Value = Vec<EventId>> {
    vec(event_id(), 1..8)
}

fn tags() -> impl Strategy<Value = Vec<Vec<String>>> {
    let name = prop_oneof![Just("t".to_owned()), Just("ms".to_owned()), any::<String>()];
    let tag = (name, vec("[0-9]{1,4}|\\PC{0,6}", 0..3))
        .prop_map(|(name, values)| [vec![name], values].concat());
    vec(tag, 0..4)
}

prop_compose! {
    fn wire_event()(
        id in event_id(),
        author in any::<[u8; 32]>(),
        created_at in any::<u64>(),
        kind in any::<u16>(),
        tags in tags(),
        content in ".{0,40}",
        sig_r in any::<[u8; 32]>(),
        sig_s in any::<[u8; 32]>(),
    ) -> WireEvent {
        WireEvent { id, author: AuthorId(author), created_at, kind, tags, content, sig_r, sig_s }
    }
}

fn order() -> impl Strategy<Value = EventOrder> {
    (any::<u64>(), any::<u16>(), event_id()).prop_map(|(created_at, ms, id)| EventOrder {
        created_at,
        ms,
        id,
    })
}

fn gossip_frame() -> impl Strategy<Value = GossipFrame> {
    prop_oneof![
        wire_event().prop_map(GossipFrame::Event),
        event_ids().prop_map(GossipFrame::Have),
    ]
}

fn greeting() -> impl Strategy<Value = (String, UnixMs, [u8; 32], [u8; 32])> {
    (
        "[ -~]{0,64}",
        any::<u64>().prop_map(UnixMs),
        any::<[u8; 32]>(),
        any::<[u8; 32]>(),
    )
}

fn sync_frame() -> impl Strategy<Value = SyncFrame> {
    let reason = prop_oneof![
        Just(RefuseReason::UnknownTopic),
        Just(RefuseReason::Busy),
        Just(RefuseReason::Unavailable),
    ];
    prop_oneof![
        greeting().prop_map(|(agent, clock, nonce, proof)| {
            SyncFrame::Hello(Hello {
                agent,
                clock,
                nonce,
                proof,
            })
        }),
        greeting().prop_map(|(agent, clock, nonce, proof)| {
            SyncFrame::Welcome(Welcome {
                agent,
                clock,
                nonce,
                proof,
            })
        }),
        reason.prop_map(SyncFrame::Refuse),
        event_ids().prop_map(SyncFrame::Get),
        (1..=200_u16, proptest::option::of(order()))
            .prop_map(|(n, before)| SyncFrame::Newest { n, before }),
        event_ids().prop_map(SyncFrame::Receipt),
        wire_event().prop_map(SyncFrame::Event),
        any::<bool>().prop_map(|more| SyncFrame::End { more }),
    ]
}

fn meet_frame() -> impl Strategy<Value = MeetFrame> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(|nonce| MeetFrame::Open { nonce }),
        (any::<[u8; 32]>(), vec(any::<[u8; 16]>(), 0..20))
            .prop_map(|(nonce, tags)| MeetFrame::Tags { nonce, tags }),
    ]
}

/// One change to a list of bytes.
#[derive(Debug, Clone)]
enum Mutation {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index),
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let at = any::<prop::sample::Index>;
    // Bytes at which variable-length integers, text and JSON turn.
    let byte = || {
        prop_oneof![
            any::<u8>(),
            prop::sample::select(&b"\x00\x7f\x80\xff\"\\[]{},:0-"[..])
        ]
    };
    let mutation = prop_oneof![
        (at(), byte()).prop_map(|(i, b)| Mutation::Set(i, b)),
        (at(), 0..8_u8).prop_map(|(i, bit)| Mutation::Flip(i, 1 << bit)),
        (at(), byte()).prop_map(|(i, b)| Mutation::Insert(i, b)),
        at().prop_map(Mutation::Remove),
        at().prop_map(Mutation::Cut),
        at().prop_map(Mutation::Repeat),
    ];
    vec(mutation, 1..4)
}

fn mutated(mut bytes: Vec<u8>, mutations: &[Mutation]) -> Vec<u8> {
    for mutation in mutations {
        if bytes.is_empty() {
            return bytes;
        }
        let len = bytes.len();
        match mutation {
            Mutation::Set(i, byte) => bytes[i.index(len)] = *byte,
            Mutation::Flip(i, mask) => bytes[i.index(len)] ^= mask,
            Mutation::Insert(i, byte) => bytes.insert(i.index(len), *byte),
            Mutation::Remove(i) => {
                bytes.remove(i.index(len));
            }
            Mutation::Cut(i) => bytes.truncate(i.index(len)),
            Mutation::Repeat(i) => bytes.extend_from_within(i.index(len)..),
        }
    }
    bytes
}

/// What is taken must be usable in every way and come back the same from what it writes.
fn check_event(event: &SignedEvent) -> Result<(), TestCaseError> {
    prop_assert!(event.order().ms < 1_000);
    prop_assert!(event.order().at().secs() <= event.order().created_at);
    prop_assert!(event.tags().all(|tag| !tag.is_empty()));
    prop_assert!(!event.author().npub().is_empty());
    prop_assert_eq!(&event.to_wire().into_signed(), &Ok(event.clone()));
    prop_assert_eq!(
        &SignedEvent::from_json(&event.to_json()),
        &Ok(event.clone())
    );
    Ok(())
}

fn check_gossip(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(frame) = GossipFrame::decode(bytes) {
        // A length may be written with more bytes than needed; we write it with as few as can be.
        prop_assert!(frame.encode().len() <= bytes.len());
        prop_assert_eq!(GossipFrame::decode(&frame.encode()), Ok(frame));
    }
    Ok(())
}

fn check_sync(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(frame) = SyncFrame::decode(bytes) {
        prop_assert!(frame.encode().len() <= bytes.len());
        prop_assert_eq!(SyncFrame::decode(&frame.encode()), Ok(frame));
    }
    Ok(())
}

fn check_meet(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(frame) = MeetFrame::decode(bytes) {
        prop_assert!(frame.encode().len() <= bytes.len());
        prop_assert_eq!(MeetFrame::decode(&frame.encode()), Ok(frame));
    }
    Ok(())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..300)
}

proptest! {
    #[test]
    fn parser_gossip_frame_takes_any_bytes(bytes in bytes()) {
        check_gossip(&bytes)?;
        let [m0, m1] = GOSSIP_MAGIC;
        check_gossip(&[&[m0, m1, GOSSIP_VERSION], &bytes[..]].concat())?;
    }

    #[test]
    fn parser_gossip_frame_reads_what_it_writes(frame in gossip_frame(), m in mutations()) {
        let bytes = frame.encode();
        prop_assert_eq!(GossipFrame::decode(&bytes), Ok(frame));
        check_gossip(&mutated(bytes, &m))?;
    }

    #[test]
    fn parser_sync_frame_takes_any_bytes(bytes in bytes()) {
        check_sync(&bytes)?;
        check_sync(&[&[SYNC_VERSION], &bytes[..]].concat())?;
    }

    #[test]
    fn parser_sync_frame_reads_what_it_writes(frame in sync_frame(), m in mutations()) {
        let bytes = frame.encode();
        prop_assert_eq!(SyncFrame::decode(&bytes), Ok(frame));
        check_sync(&mutated(bytes, &m))?;
    }

    #[test]
    fn parser_meet_frame_takes_any_bytes(bytes in bytes()) {
        check_meet(&bytes)?;
        check_meet(&[&[MEET_VERSION], &bytes[..]].concat())?;
    }

    #[test]
    fn parser_meet_frame_reads_what_it_writes(frame in meet_frame(), m in mutations()) {
        let bytes = frame.encode();
        prop_assert_eq!(MeetFrame::decode(&bytes), Ok(frame));
        check_meet(&mutated(bytes, &m))?;
    }

    #[test]
    fn parser_mdns_tags_takes_any_text(text in "[A-Za-z0-9_-]{0,230}|\\PC{0,40}") {
        if let Ok(tags) = decode_mdns_tags(&text) {
            prop_assert_eq!(encode_mdns_tags(&tags), text);
        }
    }

    #[test]
    fn parser_mdns_tags_reads_what_it_writes(tags in vec(any::<[u8; 8]>(), 0..=20), m in mutations()) {
        let text = encode_mdns_tags(&tags);
        prop_assert_eq!(decode_mdns_tags(&text), Ok(tags));
        if let Ok(text) = String::from_utf8(mutated(text.into_bytes(), &m))
            && let Ok(tags) = decode_mdns_tags(&text)
        {
            prop_assert_eq!(encode_mdns_tags(&tags), text);
        }
    }

    #[test]
    fn parser_event_json_takes_any_text(text in any::<String>(), inside in "\\PC{0,40}") {
        prop_assert!(SignedEvent::from_json(&text).is_err());
        if let Ok(event) = SignedEvent::from_json(&EVENT.replace("hello", &inside)) {
            check_event(&event)?;
        }
    }

    #[test]
    fn parser_event_json_takes_damaged_events(m in mutations()) {
        let bytes = mutated(EVENT.trim().as_bytes().to_vec(), &m);
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(event) = SignedEvent::from_json(&text)
        {
            check_event(&event)?;
        }
    }

    #[test]
    fn parser_wire_event_takes_any_fields(event in wire_event()) {
        let signed = event.clone().into_signed();
        let signed = signed.expect("small, and every tag has a name");
        prop_assert_eq!(signed.to_wire(), event);
        check_event(&signed)?;
        prop_assert!(signed.verify().is_err(), "nobody signs by chance");
    }

    #[test]
    fn parser_wire_event_takes_damaged_events(m in mutations()) {
        let event = SignedEvent::from_json(EVENT).expect("a NIP-01 event");
        let genuine = SyncFrame::Event(event.to_wire());
        let frame = SyncFrame::decode(&mutated(genuine.encode(), &m));
        if let Ok(SyncFrame::Event(damaged)) = frame
            && let Ok(signed) = damaged.into_signed()
        {
            check_event(&signed)?;
            // Only what says the same as before may pass.
            let is_same = signed == event;
            prop_assert_eq!(signed.verify().is_ok(), is_same);
        }
    }
}
