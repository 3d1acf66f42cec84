//! Members: what is asked for them, how they were found, who comes and goes, what is fetched.
//!
//! Owns the names of sources and of ways to be found. Must never show a result of looking as it
//! came from a peer.

use kukuri_application::views::{AuthorView, ExplainView, PeerView, SourceView};
use kukuri_domain::{
    PeerId, UnixMs,
    peer::{FoundBy, PathKind, SourceKind},
};

use super::{
    counted,
    figures::{duration, milliseconds, table},
    grouped, seconds,
    standing::{headline, stalled},
};
use crate::{
    language::{phrase, say},
    text,
};

/// Width of the bar that shows how far fetching has come.
const PROGRESS_COLUMNS: u64 = 20;

/// The third line: what is being asked for members.
pub fn looking(sources: &[SourceView]) -> String {
    let asked: Vec<String> = sources
        .iter()
        .filter(|source| source.source != SourceKind::Ticket)
        .filter(|source| source.enabled || !is_configured_by_hand(source.source))
        .map(|source| {
            format!(
                "{} {}",
                short_source(source.source),
                text::one_line(&phrase(&source.state))
            )
        })
        .collect();
    say!("looking for members   {asked}", asked = asked.join(" · "))
}

/// Nobody was found so far: what came of asking, and what that means.
pub fn alone(sources: &[SourceView]) -> String {
    let asked: Vec<String> = sources
        .iter()
        .filter(|source| source.enabled && source.source != SourceKind::Ticket)
        .map(|source| {
            let result = if source.result == "-" {
                &source.state
            } else {
                &source.result
            };
            format!(
                "{}: {}",
                short_source(source.source),
                text::one_line(&phrase(result))
            )
        })
        .collect();
    if asked.is_empty() {
        return say!("nobody can be found: every way of looking for members is switched off");
    }
    say!(
        "nobody here yet   {asked}\nwhat you post is stored and goes out when somebody comes; looking goes on",
        asked = asked.join(" · ")
    )
}

/// `/peers`
pub fn peers(peers: &[PeerView], now: UnixMs) -> String {
    if peers.is_empty() {
        return say!("no member is connected");
    }
    let mut rows = vec![[
        say!("peer"),
        say!("path"),
        say!("rtt"),
        say!("found by"),
        say!("since"),
    ]];
    rows.extend(peers.iter().map(|peer| {
        [
            peer.name
                .as_deref()
                .map_or_else(|| peer.id.short(), text::one_line),
            phrase(peer.path.code()),
            peer.rtt_ms.map_or_else(|| "-".to_owned(), milliseconds),
            format!(
                "{}, {}",
                found_by_text(peer.found_by).trim_start_matches("by "),
                seconds(peer.found_after_ms)
            ),
            duration(now.0.saturating_sub(peer.connected_at.0)),
        ]
    }));
    table(&rows)
}

/// "found 3fa2bb01 by DHT in 0.9 s, direct connection, 23 ms".
pub fn peer_joined(
    peer: PeerId,
    found_by: FoundBy,
    after_ms: u64,
    path: Option<(PathKind, Option<u64>)>,
) -> String {
    let (peer, took) = (peer.short(), seconds(after_ms));
    let mut line = match found_by {
        FoundBy::Inbound => say!("{peer} found us after {took}", peer = peer, took = took),
        FoundBy::Neighbour => say!(
            "found {peer} after {took}, told by a member",
            peer = peer,
            took = took
        ),
        FoundBy::Known => say!(
            "found {peer} in {took}, known from before",
            peer = peer,
            took = took
        ),
        FoundBy::Manual => say!(
            "found {peer} in {took}, a configured peer",
            peer = peer,
            took = took
        ),
        by => say!(
            "found {peer} {by} in {took}",
            peer = peer,
            by = found_by_text(by),
            took = took
        ),
    };
    let kind = match path.map(|(kind, _)| kind) {
        Some(PathKind::Direct) => say!(", direct connection"),
        Some(PathKind::Relay) => say!(", through a relay"),
        Some(PathKind::Lan) => say!(", direct connection on the LAN"),
        Some(PathKind::None) | None => String::new(),
    };
    line.push_str(&kind);
    if let Some((kind, Some(rtt_ms))) = path
        && kind != PathKind::None
    {
        line.push_str(&say!(", {rtt}", rtt = milliseconds(rtt_ms)));
    }
    line
}

/// A member has proved whose it is, and they have a name.
pub fn peer_author(peer: PeerId, author: &AuthorView) -> Option<String> {
    let name = text::one_line(author.name.as_deref()?);
    Some(say!("{peer} is {name}", peer = peer.short(), name = name))
}

/// A member is gone; `left` are still here.
pub fn peer_left(peer: PeerId, left: usize) -> String {
    let peer = peer.short();
    if left == 0 {
        say!(
            "{peer} left, nobody else is here now; looking goes on",
            peer = peer
        )
    } else {
        say!("{peer} left", peer = peer)
    }
}

/// History arrived.
pub fn fetched(peer: PeerId, new: u64) -> String {
    let posts = counted(new, "missed post");
    say!(
        "fetched {posts} from {peer}",
        posts = posts,
        peer = peer.short()
    )
}

/// How far fetching has come, with a bar.
pub fn progress(peer: PeerId, fetched: u64, of: u64) -> String {
    let full = PROGRESS_COLUMNS * fetched.min(of) / of.max(1);
    let bar: String = (0..PROGRESS_COLUMNS)
        .map(|column| if column < full { '#' } else { '.' })
        .collect();
    say!(
        "fetching missed posts from {peer}  [{bar}] {fetched}/{of}",
        peer = peer.short(),
        bar = bar,
        fetched = grouped(fetched),
        of = grouped(of)
    )
}

/// `/explain`
pub fn explain(explain: &ExplainView, now: UnixMs) -> String {
    let head = headline(&explain.topic);
    let mut rows = vec![[say!("source"), say!("state"), say!("result")]];
    rows.extend(
        explain
            .sources
            .iter()
            .filter(|s| s.source != SourceKind::Ticket)
            .map(|source| {
                [
                    long_source(source.source),
                    text::one_line(&phrase(&source.state)),
                    text::one_line(&phrase(&source.result)),
                ]
            }),
    );
    let mut parts = vec![head];
    parts.extend(stalled(&explain.topic, now));
    parts.extend([table(&rows), peers(&explain.peers, now)]);
    let attempts = last_attempts(explain);
    if !attempts.is_empty() {
        parts.push(attempts);
    }
    parts.join("\n\n")
}

/// The latest attempts; the whole ring is for JSON.
fn last_attempts(explain: &ExplainView) -> String {
    const SHOWN: usize = 12;
    if explain.attempts.is_empty() {
        return String::new();
    }
    let mut rows = vec![[
        say!("at"),
        say!("source"),
        say!("peer"),
        say!("took"),
        say!("result"),
    ]];
    let skipped = explain.attempts.len().saturating_sub(SHOWN);
    rows.extend(explain.attempts.iter().skip(skipped).map(|attempt| {
        let detail = text::one_line(&phrase(&attempt.detail));
        let result = phrase(&attempt.result.code().replace('_', " "));
        [
            seconds(attempt.started_after_ms),
            short_source(attempt.source),
            attempt
                .peer
                .map_or_else(|| "-".to_owned(), |peer| peer.short()),
            attempt.took_ms.map_or_else(|| "-".to_owned(), milliseconds),
            if detail.is_empty() {
                result
            } else {
                format!("{result}: {detail}")
            },
        ]
    }));
    table(&rows)
}

/// Sources that are off unless somebody configured them: not worth a word when they are.
fn is_configured_by_hand(source: SourceKind) -> bool {
    matches!(source, SourceKind::Manual | SourceKind::Bootstrap)
}

fn short_source(source: SourceKind) -> String {
    match source {
        SourceKind::Ticket => say!("ticket"),
        SourceKind::Known => say!("known peers"),
        SourceKind::Mdns => "LAN".to_owned(),
        SourceKind::Dht => "DHT".to_owned(),
        SourceKind::Manual => say!("configured peers"),
        SourceKind::Bootstrap => say!("bootstrap"),
    }
}

fn long_source(source: SourceKind) -> String {
    if source == SourceKind::Mdns {
        "LAN (mDNS)".to_owned()
    } else {
        short_source(source)
    }
}

/// How a peer was found, in words.
fn found_by_text(found_by: FoundBy) -> String {
    match found_by {
        FoundBy::Ticket => say!("by ticket"),
        FoundBy::Known => say!("known from before"),
        FoundBy::Mdns => say!("by LAN"),
        FoundBy::Dht => say!("by DHT"),
        FoundBy::Manual => say!("configured"),
        FoundBy::Bootstrap => say!("by bootstrap"),
        FoundBy::Neighbour => say!("told by a member"),
        FoundBy::Inbound => say!("it found us"),
    }
}
