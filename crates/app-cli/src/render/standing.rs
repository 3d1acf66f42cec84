//! How a node and its topics stand, and the first lines of the chat and of `kukuri up`.
//!
//! Owns how many words each has. Must never say of a topic that it is complete unless the view
//! names with whom.

use chrono::DateTime;
use kukuri_application::{
    ports::StoreTrouble,
    views::{InStepView, StalledView, StatusView, TopicView},
};
use kukuri_domain::{AuthorId, UnixMs, peer::PeerSpec, topic::Visibility};
use kukuri_node::client::Posts;

use super::{
    counted,
    figures::{duration, size, table},
    grouped,
};
use crate::{
    language::{phrase, say},
    text,
};

/// The first line: where you are, and who can be there.
pub fn topic_intro(topic: &TopicView) -> String {
    let meaning = match topic.visibility {
        Visibility::Public => say!(
            "public topic: anyone who knows the name can join, members see each other's addresses"
        ),
        Visibility::Private => say!("private topic: only who was invited can join"),
    };
    format!("#{}  {meaning}", topic.name)
}

/// The second line: who you are.
pub fn identity_intro(author: AuthorId, home: &str) -> String {
    say!(
        "you are {name} ({npub}), home {home}",
        name = author.short(),
        npub = short_npub(author),
        home = home
    )
}

/// `npub1q8s…x7`
fn short_npub(author: AuthorId) -> String {
    let npub = author.npub();
    match (npub.get(..8), npub.get(npub.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) => format!("{head}…{tail}"),
        _ => npub,
    }
}

/// The first lines of `kukuri up`.
pub fn up_intro(status: &StatusView) -> String {
    let [listen, place] = network_lines(status);
    let topics = match status.topics.len() {
        0 => {
            say!("no topic is joined yet; join one from another terminal: kukuri topic join lobby")
        }
        n => {
            let names: Vec<String> = status
                .topics
                .iter()
                .map(|topic| format!("#{}", topic.name))
                .collect();
            format!("{}: {}", counted(n as u64, "topic"), names.join(", "))
        }
    };
    let who = say!(
        "profile {profile}, you are {npub}",
        profile = status.profile,
        npub = status.author.pubkey.npub()
    );
    let end = say!("Ctrl-C stops the node");
    format!("{who}\n{listen}\n{place}\n{topics}\n{end}")
}

/// `kukuri topic join`
pub fn joined(topic: &TopicView, has_node: bool) -> String {
    let next = if has_node {
        say!(
            "looking for members; see how: kukuri explain {topic}",
            topic = topic.name
        )
    } else {
        say!("no node is running; the next one looks for members: kukuri up")
    };
    say!(
        "joined {topic}\n{next}",
        topic = topic_intro(topic),
        next = next
    )
}

/// `kukuri status`
pub fn node_status(status: &StatusView, now: UnixMs) -> String {
    let mut lines = vec![match status.pid {
        Some(pid) => say!(
            "profile {profile}: the node runs in process {pid}, up {time}",
            profile = status.profile,
            pid = pid,
            time = duration(status.uptime_ms)
        ),
        None => say!(
            "profile {profile}: no node is running",
            profile = status.profile
        ),
    }];
    lines.push(say!(
        "you are {npub}, keys in {store}",
        npub = status.author.pubkey.npub(),
        store = phrase(status.key_store.code())
    ));
    if status.pid.is_some() {
        lines.extend(network_lines(status));
        lines.push(discovery_line(status));
    }
    lines.push(String::new());
    lines.push(topics(&status.topics, now));
    for topic in &status.topics {
        let name = &topic.name;
        lines.push(format!("#{name}: {}", kept(topic)));
        lines.extend(stalled(topic, now).map(|stalled| format!("#{name}: {stalled}")));
        let members = topic.in_step.iter();
        lines.extend(members.map(|member| format!("#{name}: {}", in_step(member, now))));
    }
    lines.join("\n")
}

/// `/status`
pub fn status(status: &StatusView, topic: &TopicView, now: UnixMs) -> String {
    let mut lines = vec![headline(topic), kept(topic)];
    lines.extend(stalled(topic, now));
    lines.push(say!(
        "you are {npub}, keys in {store}, up {time}",
        npub = status.author.pubkey.npub(),
        store = phrase(status.key_store.code()),
        time = duration(status.uptime_ms)
    ));
    lines.extend(network_lines(status));
    lines.extend(topic.in_step.iter().map(|member| in_step(member, now)));
    let c = &topic.counters;
    lines.push(say!(
        "since the start: {stored} stored, {known} known already, {forged} forged, {refused} refused, {malformed} malformed, {foreign} of other programs",
        stored = c.stored,
        known = c.duplicates,
        forged = c.forged,
        refused = c.refused,
        malformed = c.malformed,
        foreign = c.foreign + c.other_version
    ));
    lines.join("\n")
}

fn network_lines(status: &StatusView) -> [String; 2] {
    let listen: Vec<String> = status.listen.iter().map(ToString::to_string).collect();
    let listen = if listen.is_empty() {
        say!("nothing")
    } else {
        listen.join(", ")
    };
    let own = PeerSpec {
        peer: status.peer_id,
        addresses: status.addresses.clone(),
    };
    let place = if own.addresses.is_empty() {
        say!(
            "this node is {peer}, no address is known yet",
            peer = status.peer_id
        )
    } else {
        say!("others can set this node as a peer: {own}", own = own)
    };
    [say!("listening on {listen}", listen = listen), place]
}

fn discovery_line(status: &StatusView) -> String {
    let dht = &status.discovery.dht;
    let dht = match (dht.enabled, dht.bootstrapped) {
        (false, _) => say!("off"),
        (true, false) => say!("no node has answered yet"),
        (true, true) => counted(dht.table_nodes as u64, "node"),
    };
    let mdns = if status.discovery.mdns.enabled {
        say!("on")
    } else {
        say!("off")
    };
    format!("DHT {dht} · LAN (mDNS) {mdns}")
}

/// `kukuri topic list`
pub fn topics(topics: &[TopicView], now: UnixMs) -> String {
    if topics.is_empty() {
        return say!("no topic is joined; join one: kukuri topic join lobby");
    }
    let mut rows = vec![[
        say!("topic"),
        say!("state"),
        say!("members"),
        say!("posts"),
        say!("unread"),
        say!("last post"),
    ]];
    rows.extend(topics.iter().map(|topic| {
        [
            format!("#{}", topic.name),
            topic
                .state
                .map_or_else(|| "-".to_owned(), |state| phrase(state.code())),
            topic.neighbours.to_string(),
            grouped(topic.posts),
            grouped(topic.unread),
            last_post(topic, now),
        ]
    }));
    table(&rows)
}

/// `kukuri topic show`
pub fn topic(topic: &TopicView, now: UnixMs) -> String {
    let members = match topic.state {
        Some(state) => say!(
            "{state}, {members} connected",
            state = phrase(state.code()),
            members = counted(topic.neighbours as u64, "member")
        ),
        None => say!("no node is running"),
    };
    let posts = say!(
        "{posts}, {unread} unread, last one {time}",
        posts = grouped(topic.posts),
        unread = grouped(topic.unread),
        time = last_post(topic, now)
    );
    let row = |name: String, value: String| format!("{}{value}", text::padded(&name, 11));
    [
        topic_intro(topic),
        row("id".to_owned(), topic.id.to_string()),
        row(say!("members"), members),
        row(say!("posts"), posts),
    ]
    .join("\n")
}

fn last_post(topic: &TopicView, now: UnixMs) -> String {
    match topic.last_post_at {
        Some(at) => say!("{time} ago", time = duration(now.0.saturating_sub(at.0))),
        None => say!("never"),
    }
}

/// Where the topic stands, in one line.
pub(super) fn headline(topic: &TopicView) -> String {
    let stands = stands(topic);
    match (topic.in_step.len() as u64, topic.complete_since) {
        (0, _) => stands,
        (count, Some(since)) => say!(
            "{stands}, complete since {date}: the same as {members}",
            stands = stands,
            date = utc_date(since),
            members = counted(count, "member")
        ),
        (count, None) => say!(
            "{stands}, complete: the same as {members}",
            stands = stands,
            members = counted(count, "member")
        ),
    }
}

/// How much of the topic is here.
pub(super) fn kept(topic: &TopicView) -> String {
    let stored = size(topic.stored_bytes);
    let used = match topic.ceiling_bytes {
        Some(most) => say!(
            "{stored} of at most {most}",
            stored = stored,
            most = size(most)
        ),
        None => stored,
    };
    match topic.complete_since {
        Some(since) => say!(
            "kept here: {used}, nothing from before {date}",
            used = used,
            date = utc_date(since)
        ),
        None => say!("kept here: {used}", used = used),
    }
}

/// Above the posts of a page with room for so many: `None` where older ones are here, or nothing
/// is missing.
pub fn begin_of(page: &Posts, limit: u32) -> Option<String> {
    let is_begin = (page.posts.len() as u64) < u64::from(limit);
    is_begin.then(|| not_kept(&page.topic)).flatten()
}

/// Below the oldest posts that are here; `None` where everything is.
pub(super) fn not_kept(topic: &TopicView) -> Option<String> {
    let since = topic.complete_since?;
    Some(say!(
        "what was posted before {date} is not kept here: storage.topic_bytes_max is {most}",
        date = utc_date(since),
        most = topic.ceiling_bytes.map_or_else(|| say!("none"), size)
    ))
}

/// The store began to refuse what others hold, or takes it again.
pub fn storage(stalled: Option<StalledView>) -> String {
    match stalled {
        Some(stalled) => say!(
            "{why}: what others have is not fetched until that is mended; it goes on by itself then",
            why = trouble(stalled.reason)
        ),
        None => say!("posts are stored again: fetching goes on"),
    }
}

/// Why nothing that others have is stored at the moment; `None` while it is.
pub(super) fn stalled(topic: &TopicView, now: UnixMs) -> Option<String> {
    let stalled = topic.stalled?;
    Some(say!(
        "{why}: nothing was fetched for {time}; it goes on by itself when that is mended",
        why = trouble(stalled.reason),
        time = duration(now.0.saturating_sub(stalled.since.0))
    ))
}

fn trouble(reason: StoreTrouble) -> String {
    match reason {
        StoreTrouble::DiskFull => say!("the disk is full"),
        StoreTrouble::ReadOnly => say!("the database cannot be written"),
        StoreTrouble::Database => say!("the database fails (the log says more)"),
    }
}

/// A day, the same for every reader.
fn utc_date(at: UnixMs) -> String {
    // Beyond the calendar, as below.
    let at = i64::try_from(at.0).ok();
    let at = at.and_then(DateTime::from_timestamp_millis);
    at.map_or_else(|| "-".to_owned(), |at| at.date_naive().to_string())
}

fn stands(topic: &TopicView) -> String {
    say!(
        "#{topic}: {state}, {members} connected, {posts}",
        topic = topic.name,
        state = state_of(topic),
        members = counted(topic.neighbours as u64, "member"),
        posts = counted(topic.posts, "post")
    )
}

/// Where the topic stands.
fn state_of(topic: &TopicView) -> String {
    match topic.state {
        Some(state) => phrase(state.code()),
        None => say!("no node is running"),
    }
}

/// With whom the topic is known to be complete.
pub(super) fn in_step(member: &InStepView, now: UnixMs) -> String {
    let ago = |at: UnixMs| duration(now.0.saturating_sub(at.0));
    say!(
        "in step with {peer} for {time}, seen {ago} ago",
        peer = member.peer.short(),
        time = ago(member.since),
        ago = ago(member.last)
    )
}
