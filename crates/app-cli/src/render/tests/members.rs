//! How members are looked for and found.

use kukuri_application::views::{AttemptResult, AttemptView, ExplainView, PeerView};

use super::*;

#[test]
fn arrivals_say_how_and_how_fast() {
    let peer = PeerId([0x3f; 32]);
    let check = |found_by, path, expected: &str| {
        assert_eq!(peer_joined(peer, found_by, 940, path), expected);
    };
    check(
        FoundBy::Dht,
        Some((PathKind::Direct, Some(23))),
        "found 3f3f3f3f by DHT in 0.9 s, direct connection, 23 ms",
    );
    check(
        FoundBy::Mdns,
        Some((PathKind::Lan, Some(0))),
        "found 3f3f3f3f by LAN in 0.9 s, direct connection on the LAN, < 1 ms",
    );
    check(FoundBy::Inbound, None, "3f3f3f3f found us after 0.9 s");
    check(
        FoundBy::Known,
        Some((PathKind::None, Some(3))),
        "found 3f3f3f3f in 0.9 s, known from before",
    );
    assert_eq!(peer_left(peer, 1), "3f3f3f3f left");
    assert_eq!(
        peer_left(peer, 0),
        "3f3f3f3f left, nobody else is here now; looking goes on"
    );
    assert_eq!(fetched(peer, 1), "fetched 1 missed post from 3f3f3f3f");
    assert_eq!(
        fetched(peer, 1_204),
        "fetched 1,204 missed posts from 3f3f3f3f"
    );
    assert_eq!(
        progress(peer, 1_200, 10_000),
        "fetching missed posts from 3f3f3f3f  [##..................] 1,200/10,000"
    );
    assert_eq!(
        progress(peer, 0, 0),
        "fetching missed posts from 3f3f3f3f  [....................] 0/0"
    );
}

#[test]
fn explain_lists_sources_peers_and_attempts() {
    let peer = PeerId([0x3f; 32]);
    let view = ExplainView {
        state: Some(ConnectionState::Joined),
        topic: topic(),
        sources: sources(),
        attempts: vec![AttemptView {
            source: SourceKind::Dht,
            peer: Some(peer),
            started_at: NOW,
            started_after_ms: 310,
            took_ms: Some(27),
            result: AttemptResult::Found,
            detail: String::new(),
        }],
        peers: vec![PeerView {
            author: None,
            id: peer,
            name: None,
            path: PathKind::Direct,
            clock_skew_ms: None,
            rtt_ms: Some(23),
            found_by: FoundBy::Dht,
            found_after_ms: 940,
            topics: Vec::new(),
            connected_at: UnixMs(NOW.0 - 240_000),
        }],
    };
    let expected = "\
#lobby: joined, 1 member connected, 1,204 posts

source       state           result
known peers  tried at 0.0 s  none remembered
LAN (mDNS)   off
DHT          found at 0.9 s  3f3f3f3f

peer      path    rtt    found by    since
3f3f3f3f  direct  23 ms  DHT, 0.9 s  4 min

at     source  peer      took   result
0.3 s  DHT     3f3f3f3f  27 ms  found";
    assert_eq!(explain(&view, NOW), expected);
    assert_eq!(peers(&[], NOW), "no member is connected");
}
