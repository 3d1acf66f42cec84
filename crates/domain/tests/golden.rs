//! Golden vectors: every derived value and every frame, byte for byte.
//!
//! A difference means that this program no longer meets, or no longer understands, the versions
//! before it. `KUKURI_BLESS=1` writes the file anew; a reviewer then sees in the diff what
//! changed on the network. `docs/reference/protocol.md` refers to the labels.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use kukuri_domain::{
    EventId, EventOrder, PeerId, SignedEvent, TopicKeys, TopicName, UnixMs,
    presence::{Side, hello_proof, mdns_tag, meet_tag},
    topic::label,
    wire::{
        GossipFrame, Hello, MeetFrame, RefuseReason, SetSummary, SyncFrame, Welcome, WireEvent,
        encode_mdns_tags,
    },
};

const TOPICS: [&str; 3] = ["lobby", "Straße", "東京"];
const OPENER: PeerId = PeerId([0xa1; 32]);
const ACCEPTER: PeerId = PeerId([0xb2; 32]);
const OPENER_NONCE: [u8; 32] = [0x11; 32];
const ACCEPTER_NONCE: [u8; 32] = [0x22; 32];
/// An hour of November 2026, in hours since the Unix epoch.
const HOUR: u64 = 498_780;

/// An event signed once, long ago; its author's secret key is 32 times the byte 1.
const EVENT: &str = include_str!("golden_event.json");

type Vectors = BTreeMap<String, String>;

fn put(vectors: &mut Vectors, label: String, bytes: impl AsRef<[u8]>) {
    let earlier = vectors.insert(label.clone(), hex::encode(bytes));
    assert_eq!(earlier, None, "the label {label} is used twice");
}

fn keys(topic: &str) -> TopicKeys {
    TopicKeys::public(topic.parse::<TopicName>().expect("a valid name"))
}

fn event() -> WireEvent {
    let event = SignedEvent::from_json(EVENT).expect("a NIP-01 event");
    event.verify().expect("a genuine event").to_wire()
}

fn topic_vectors(vectors: &mut Vectors) {
    for topic in TOPICS {
        let keys = keys(topic);
        let mut put =
            |what: &str, bytes: &[u8]| put(vectors, format!("topic/{topic}/{what}"), bytes);
        let name = keys.name.as_str();
        put("name", name.as_bytes());
        put(
            "seed",
            &blake3::derive_key(label::PUBLIC_TOPIC_SEED, name.as_bytes()),
        );
        put("id", &keys.id.0);
        put("tracker_secret", keys.tracker_secret.expose());
        put("presence_key", keys.presence_key.expose());
        put("handshake_key", keys.handshake_key.expose());
    }
}

fn presence_vectors(vectors: &mut Vectors) {
    let (opener, accepter) = ((&OPENER, &OPENER_NONCE), (&ACCEPTER, &ACCEPTER_NONCE));
    for topic in TOPICS {
        let keys = keys(topic);
        let mut put =
            |what: &str, bytes: &[u8]| put(vectors, format!("presence/{topic}/{what}"), bytes);
        put(
            "mdns_tag/opener",
            &mdns_tag(&keys.presence_key, &OPENER, HOUR),
        );
        put(
            "mdns_tag/accepter",
            &mdns_tag(&keys.presence_key, &ACCEPTER, HOUR),
        );
        put(
            "mdns_tag/opener/next_hour",
            &mdns_tag(&keys.presence_key, &OPENER, HOUR + 1),
        );
        for (side, side_name) in [(Side::Opener, "opener"), (Side::Accepter, "accepter")] {
            let meet = meet_tag(&keys.presence_key, side, opener, accepter);
            put(&format!("meet_tag/{side_name}"), &meet);
            let hello = hello_proof(&keys.handshake_key, side, opener, accepter);
            put(&format!("hello_proof/{side_name}"), &hello);
        }
        // What the opener really sends: it has not seen the accepter's nonce yet.
        let first = hello_proof(
            &keys.handshake_key,
            Side::Opener,
            opener,
            (&ACCEPTER, &[0; 32]),
        );
        put("hello_proof/opener/first", &first);
    }
}

fn gossip_vectors(vectors: &mut Vectors) {
    let frames = [
        GossipFrame::Event(event()),
        GossipFrame::Have(ids()),
        GossipFrame::Summary(summary()),
    ];
    for frame in frames {
        // A new variant does not compile here until it has its vector above.
        let name = match &frame {
            GossipFrame::Event(_) => "event",
            GossipFrame::Have(_) => "have",
            GossipFrame::Summary(_) => "summary",
        };
        let bytes = frame.encode();
        assert_eq!(GossipFrame::decode(&bytes), Ok(frame));
        put(vectors, format!("gossip/{name}"), bytes);
    }
}

fn sync_vectors(vectors: &mut Vectors) {
    let agent = || "kukuri 0.1.0".to_owned();
    let clock = UnixMs(1_795_608_000_123);
    let before = EventOrder {
        created_at: 1_795_608_000,
        ms: 7,
        id: EventId([0xe7; 32]),
    };
    let frames = [
        SyncFrame::Hello(Hello {
            agent: agent(),
            clock,
            nonce: OPENER_NONCE,
            proof: [0x33; 32],
        }),
        SyncFrame::Welcome(Welcome {
            agent: agent(),
            clock,
            nonce: ACCEPTER_NONCE,
            proof: [0x44; 32],
        }),
        SyncFrame::Refuse(RefuseReason::UnknownTopic),
        SyncFrame::Refuse(RefuseReason::Busy),
        SyncFrame::Refuse(RefuseReason::Unavailable),
        SyncFrame::Get(ids()),
        SyncFrame::Newest {
            n: 200,
            before: None,
        },
        SyncFrame::Newest {
            n: 1,
            before: Some(before),
        },
        SyncFrame::Receipt(ids()),
        SyncFrame::Event(event()),
        SyncFrame::End { more: false },
        SyncFrame::End { more: true },
        SyncFrame::Author,
        SyncFrame::Summary(summary()),
        SyncFrame::Reconcile {
            since: UnixMs(1_795_000_000_000),
            message: vec![0x61, 0x00, 0x00, 0x02, 0x00],
        },
        SyncFrame::Reconciled(vec![0x61]),
        SyncFrame::Offer {
            ids: ids(),
            more: false,
        },
        SyncFrame::Offer {
            ids: ids(),
            more: true,
        },
    ];
    for frame in frames {
        let name = match &frame {
            SyncFrame::Hello(_) => "hello",
            SyncFrame::Welcome(_) => "welcome",
            SyncFrame::Refuse(RefuseReason::UnknownTopic) => "refuse/unknown_topic",
            SyncFrame::Refuse(RefuseReason::Busy) => "refuse/busy",
            SyncFrame::Refuse(RefuseReason::Unavailable) => "refuse/unavailable",
            SyncFrame::Get(_) => "get",
            SyncFrame::Newest { before: None, .. } => "newest",
            SyncFrame::Newest {
                before: Some(_), ..
            } => "newest/before",
            SyncFrame::Receipt(_) => "receipt",
            SyncFrame::Event(_) => "event",
            SyncFrame::End { more: false } => "end",
            SyncFrame::End { more: true } => "end/more",
            SyncFrame::Author => "author",
            SyncFrame::Summary(_) => "summary",
            SyncFrame::Reconcile { .. } => "reconcile",
            SyncFrame::Reconciled(_) => "reconciled",
            SyncFrame::Offer { more: false, .. } => "offer",
            SyncFrame::Offer { more: true, .. } => "offer/more",
        };
        let bytes = frame.encode();
        assert_eq!(SyncFrame::decode(&bytes), Ok(frame));
        put(vectors, format!("sync/{name}"), bytes);
    }
}

fn meet_vectors(vectors: &mut Vectors) {
    let frames = [
        MeetFrame::Open {
            nonce: OPENER_NONCE,
        },
        MeetFrame::Tags {
            nonce: ACCEPTER_NONCE,
            tags: vec![[0x55; 16], [0x66; 16]],
        },
    ];
    for frame in frames {
        let name = match &frame {
            MeetFrame::Open { .. } => "open",
            MeetFrame::Tags { .. } => "tags",
        };
        let bytes = frame.encode();
        assert_eq!(MeetFrame::decode(&bytes), Ok(frame));
        put(vectors, format!("meet/{name}"), bytes);
    }
    // The text of the mDNS record, in hexadecimal like everything here.
    put(
        vectors,
        "mdns/tags".to_owned(),
        encode_mdns_tags(&[[0xfb; 8], [0x01; 8]]),
    );
}

fn event_vectors(vectors: &mut Vectors) {
    let event = SignedEvent::from_json(EVENT).expect("a NIP-01 event");
    put(vectors, "event/id".to_owned(), event.id().0);
    put(vectors, "event/author".to_owned(), event.author().0);
    put(vectors, "event/json".to_owned(), event.to_json());
}

fn summary() -> SetSummary {
    SetSummary {
        cut: UnixMs(1_795_607_980_000),
        since: UnixMs(0),
        count: 100_000,
        fingerprint: [0x99; 16],
    }
}

fn ids() -> Vec<EventId> {
    vec![EventId([0x77; 32]), EventId([0x88; 32])]
}

fn golden_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden.txt")
}

fn read_golden() -> Vectors {
    let text = fs::read_to_string(golden_file()).unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "));
    lines
        .map(|line| {
            let (label, hex) = line.split_once(" = ").expect("a line is `label = hex`");
            (label.to_owned(), hex.to_owned())
        })
        .collect()
}

fn write_golden(vectors: &Vectors) {
    let mut text = "# What kukuri puts on the network, in hexadecimal.\n\
        # Made by `KUKURI_BLESS=1 cargo test -p kukuri-domain --test golden`; inputs are in golden.rs.\n"
        .to_owned();
    for (label, hex) in vectors {
        text.push_str(&format!("{label} = {hex}\n"));
    }
    fs::write(golden_file(), text).expect("the source tree is writable when blessing");
}

#[test]
fn bytes_on_the_network_hold_still() {
    let mut vectors = Vectors::new();
    topic_vectors(&mut vectors);
    presence_vectors(&mut vectors);
    event_vectors(&mut vectors);
    gossip_vectors(&mut vectors);
    sync_vectors(&mut vectors);
    meet_vectors(&mut vectors);

    if env::var_os("KUKURI_BLESS").is_some_and(|bless| bless == "1") {
        write_golden(&vectors);
    }
    let golden = read_golden();
    let labels = |vectors: &Vectors| vectors.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        labels(&vectors),
        labels(&golden),
        "labels are missing or left over"
    );
    for (label, hex) in &vectors {
        assert_eq!(hex, &golden[label], "{label} differs");
    }
}
