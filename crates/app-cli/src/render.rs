//! What the chat and the commands say, line by line.
//!
//! Pure: views in, text out. Everything that a peer wrote passes through `text` first. Colours
//! carry no meaning of their own and are left out where the output is no terminal.

mod conversation;
mod figures;
mod seen;

use chrono::{DateTime, Days, NaiveDate, TimeZone};
use kukuri_application::{
    ports::PostState,
    views::{
        AuthorView, ExplainView, FoundView, InStepView, PeerView, PostView, SourceView, StatusView,
        TopicView,
    },
};
use kukuri_domain::{
    AuthorId, PeerId, SignedEvent, TopicName, UnixMs,
    peer::{FoundBy, PathKind, PeerSpec, SourceKind},
    topic::Visibility,
};
use kukuri_node::config::KeyView;

use crate::{
    language::{phrase, say},
    screen, text,
};
use figures::{duration, milliseconds, table};

pub use conversation::{deleted, reacted, reaction_undone, sent};
pub use figures::{counted, grouped, seconds};
pub use seen::Seen;

/// Columns of the name of an author.
const NAME_COLUMNS: usize = 8;

/// Width of the bar that shows how far fetching has come.
const PROGRESS_COLUMNS: u64 = 20;

/// Widest line that is filled up (day separators, states at the right).
const COLUMNS_MAX: usize = 100;

/// Stand for the begin and the end of a match until the text was made safe: noncharacters, which
/// are replaced in the text itself.
const MATCH_BEGINS: char = '\u{fdd0}';
const MATCH_ENDS: char = '\u{fdd1}';

/// Writes lines for one reader: their time zone, their width, their colours.
#[derive(Debug, Clone)]
pub struct Render<Tz: TimeZone> {
    /// The reader's time zone.
    pub zone: Tz,
    /// Who reads.
    pub own: AuthorId,
    /// Whether escapes for colours are understood.
    pub has_colours: bool,
    /// Whether posts stand with their ids, and what was said about them.
    pub has_ids: bool,
    /// Who wrote what, as far as this reader has seen it.
    pub seen: Seen,
}

impl<Tz: TimeZone> Render<Tz> {
    /// A post: time, author, text, and for own posts how far it has come.
    pub fn post(&self, post: &PostView, state: Option<PostState>, columns: usize) -> String {
        self.whole(post, &self.whom(post), state, columns)
    }

    /// A post with what stands beside it; `whom` it answers stands before its text.
    fn whole(
        &self,
        post: &PostView,
        whom: &str,
        state: Option<PostState>,
        columns: usize,
    ) -> String {
        let deleted = say!("(deleted by its author)");
        let content = match post.deleted_at {
            Some(_) => &deleted,
            None => post.event.content(),
        };
        let shown = self.text_of(post, whom, content);
        let shown = match state.filter(|_| post.author.pubkey == self.own) {
            Some(state) => with_state(&shown, &state_text(state), columns),
            None => shown,
        };
        self.with_details(post, shown)
    }

    /// What stands for an author: their name as far as it fits, and the begin of their key if they
    /// gave themselves none, or the one by which the reader knows themselves. Who shares a name
    /// has both.
    fn name_of(&self, author: &AuthorView) -> String {
        let you = say!("you");
        if author.pubkey == self.own {
            return you;
        }
        let (label, key) = (seen::label(author), author.pubkey.short());
        if author.name.is_none() || text::looks(&label) == text::looks(&you) {
            return key;
        }
        match self.seen.is_shared(author) {
            true => format!("{label} {key}"),
            false => label,
        }
    }

    /// Time, author and a text that stands for the post's; before them its id, if wanted.
    fn text_of(&self, post: &PostView, whom: &str, content: &str) -> String {
        let name = self.name_of(&post.author);
        let head = self.head(post);
        let indent = " ".repeat(head.len() + 2 + NAME_COLUMNS + 2);
        let mut lines = text::lines(content).into_iter();
        let first = lines.next().unwrap_or_default();
        let name = text::padded(&name, NAME_COLUMNS);
        let mut shown = format!("{}  {name}  {whom}{first}", self.dim(&head));
        for line in lines {
            shown.push('\n');
            shown.push_str(&indent);
            shown.push_str(&line);
        }
        shown
    }

    /// Id and time.
    fn head(&self, post: &PostView) -> String {
        let at = self.local(post.event.order().at());
        let time = at.map_or_else(
            || "--:--".to_owned(),
            |at| at.naive_local().format("%H:%M").to_string(),
        );
        match self.has_ids {
            true => format!("{}  {time}", post.event.id().short()),
            false => time,
        }
    }

    fn with_details(&self, post: &PostView, shown: String) -> String {
        let indent = self.head(post).len() + 2;
        match self.details(post, indent).filter(|_| self.has_ids) {
            Some(details) => format!("{shown}\n{details}"),
            None => shown,
        }
    }

    /// What is said below an own post that has scrolled away.
    pub fn later_state(&self, event: &SignedEvent, state: PostState, columns: usize) -> String {
        let states = state_text(state);
        let room = columns
            .min(COLUMNS_MAX)
            .saturating_sub(text::width(&states) + 10);
        let first = text::lines(event.content())
            .into_iter()
            .next()
            .unwrap_or_default();
        self.dim(&format!(
            "       {states}: {}",
            text::shortened(&first, room)
        ))
    }

    /// The separator before a post of another day than the one before; `None` within a day.
    pub fn day(
        &self,
        at: UnixMs,
        before: Option<UnixMs>,
        now: UnixMs,
        columns: usize,
    ) -> Option<String> {
        let date = self.date(at)?;
        if before.and_then(|before| self.date(before)) == Some(date) {
            return None;
        }
        let today = self.date(now);
        let yesterday = today.and_then(|today| today.checked_sub_days(Days::new(1)));
        let name = if Some(date) == today {
            say!("today")
        } else if Some(date) == yesterday {
            say!("yesterday")
        } else {
            date.to_string()
        };
        let head = format!("-- {name} ");
        let rest = columns.min(COLUMNS_MAX).saturating_sub(text::width(&head));
        Some(self.dim(&format!("{head}{}", "-".repeat(rest.max(2)))))
    }

    /// Above posts that a search found: their topic and day.
    pub fn found_heading(&self, topic: &TopicName, at: UnixMs) -> String {
        let day = self
            .date(at)
            .map_or_else(|| "-".to_owned(), |date| date.to_string());
        self.dim(&format!("#{topic}  {day}"))
    }

    /// A post that a search found, the matches emphasised where that can be shown.
    pub fn found(&self, found: &FoundView, columns: usize) -> String {
        if !self.has_colours {
            return self.post(&found.post, None, columns);
        }
        let is_match = |index| found.matches.iter().any(|range| range.contains(&index));
        let mut marked = String::new();
        let mut was_match = false;
        for (index, c) in found.post.event.content().chars().enumerate() {
            if is_match(index) != was_match {
                was_match = !was_match;
                marked.push(if was_match { MATCH_BEGINS } else { MATCH_ENDS });
            }
            let is_ours = matches!(c, MATCH_BEGINS | MATCH_ENDS);
            marked.push(if is_ours {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            });
        }
        if was_match {
            marked.push(MATCH_ENDS);
        }
        let whom = self.whom(&found.post);
        let shown = self
            .text_of(&found.post, &whom, &marked)
            .replace(MATCH_BEGINS, "\x1b[1m")
            .replace(MATCH_ENDS, "\x1b[22m");
        self.with_details(&found.post, shown)
    }

    /// A remark of the program.
    pub fn remark(&self, text: &str) -> String {
        self.dim(text)
    }

    fn local(&self, at: UnixMs) -> Option<DateTime<Tz>> {
        // A time that no calendar has is shown as none: an author may write any number.
        self.zone
            .timestamp_millis_opt(i64::try_from(at.0).ok()?)
            .single()
    }

    fn date(&self, at: UnixMs) -> Option<NaiveDate> {
        Some(self.local(at)?.date_naive())
    }

    fn dim(&self, text: &str) -> String {
        if self.has_colours {
            format!("\x1b[2m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The state at the right of the last line, or below it where there is no room.
fn with_state(post: &str, state: &str, columns: usize) -> String {
    let columns = columns.min(COLUMNS_MAX);
    let last = post.rsplit('\n').next().unwrap_or_default();
    let used = text::width(&screen::without_colours(last)) + 2 + text::width(state);
    if used <= columns {
        let gap = " ".repeat(columns - used + 2);
        format!("{post}{gap}{state}")
    } else {
        let gap = " ".repeat(columns.saturating_sub(text::width(state)));
        format!("{post}\n{gap}{state}")
    }
}

/// "stored here · sent to 2 · held by 2".
pub fn state_text(state: PostState) -> String {
    let mut text = say!("stored here");
    if state.sent_to > 0 {
        text.push_str(" · ");
        text.push_str(&say!("sent to {n}", n = state.sent_to));
    }
    if state.held_by > 0 {
        text.push_str(" · ");
        text.push_str(&say!("held by {n}", n = state.held_by));
    }
    text
}

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
    let name = crate::text::one_line(author.name.as_deref()?);
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

/// History arrived.
pub fn fetched(peer: PeerId, new: u64) -> String {
    let posts = counted(new, "missed post");
    say!(
        "fetched {posts} from {peer}",
        posts = posts,
        peer = peer.short()
    )
}

/// `/status`
pub fn status(status: &StatusView, topic: &TopicView, now: UnixMs) -> String {
    let mut lines = vec![
        headline(topic),
        kept(topic),
        say!(
            "you are {npub}, keys in {store}, up {time}",
            npub = status.author.pubkey.npub(),
            store = phrase(status.key_store.code()),
            time = duration(status.uptime_ms)
        ),
    ];
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

/// Where the topic stands, in one line.
fn headline(topic: &TopicView) -> String {
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
fn kept(topic: &TopicView) -> String {
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

/// Below the oldest posts that are here; `None` where everything is.
pub fn not_kept(topic: &TopicView) -> Option<String> {
    let since = topic.complete_since?;
    Some(say!(
        "what was posted before {date} is not kept here: storage.topic_bytes_max is {most}",
        date = utc_date(since),
        most = topic.ceiling_bytes.map_or_else(|| say!("none"), size)
    ))
}

/// A day, the same for every reader.
fn utc_date(at: UnixMs) -> String {
    let at = i64::try_from(at.0).ok();
    let at = at.and_then(DateTime::from_timestamp_millis);
    at.map_or_else(|| "-".to_owned(), |at| at.date_naive().to_string())
}

/// "640 kB", "1.2 MB", "1.1 GB".
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
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

/// With whom the topic is known to be complete.
fn in_step(member: &InStepView, now: UnixMs) -> String {
    let ago = |at: UnixMs| duration(now.0.saturating_sub(at.0));
    say!(
        "in step with {peer} for {time}, seen {ago} ago",
        peer = member.peer.short(),
        time = ago(member.since),
        ago = ago(member.last)
    )
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
        let members = topic.in_step.iter();
        lines.extend(members.map(|member| format!("#{name}: {}", in_step(member, now))));
    }
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

/// `kukuri config show`
pub fn config(keys: &[KeyView]) -> String {
    let mut rows = vec![[say!("key"), say!("value"), say!("set by")]];
    rows.extend(keys.iter().map(|key| {
        [
            key.key.to_owned(),
            text::one_line(key.value.as_deref().unwrap_or("-")),
            match key.origin.as_deref() {
                Some(origin) => text::one_line(&phrase(origin)),
                None => say!("default"),
            },
        ]
    }));
    table(&rows)
}

/// Where the topic stands.
fn state_of(topic: &TopicView) -> String {
    match topic.state {
        Some(state) => phrase(state.code()),
        None => say!("no node is running"),
    }
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
    let mut parts = vec![head, table(&rows), peers(&explain.peers, now)];
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

/// `/help`
pub fn help() -> String {
    say!(
        "/status   this topic and this node\n\
     /peers    who is connected, and how they were found\n\
     /explain  what was tried to find members, and what came of it\n\
     /help     this list\n\
     /quit     leave (also Ctrl-D and Ctrl-C)\n\
     //text    post a line that begins with /"
    )
}

#[cfg(test)]
mod tests;
