//! One value of each form that the window gets, as serde writes it, with the type that
//! `bindings.ts` gives it. The compiler of TypeScript holds the two against each other: `ts-rs`
//! reads the attributes of serde by itself, and some types name their form by hand.
//!
//! Owns the values, which mean nothing. Must never be read by the window.

use std::fmt::Write as _;

use kukuri_application::{
    ports::{KeyStore, PostState, StoreTrouble},
    session::{Arrival, Counters},
    views::{
        AttemptResult, AttemptView, AuthorView, CheckResult, CheckView, ChecksView, DhtView,
        DiscoveryView, EntryView, ExplainView, FoundView, InStepView, MdnsView, NodeEvent, Outcome,
        PeerView, PostView, ProfileView, ReactionView, RepliesView, SourceView, StalledView,
        StatusView, TopicEvent, TopicView,
    },
};
use kukuri_domain::{
    AuthorId, Epoch, EventId, Hlc, PeerAddress, PeerId, SignedEvent, TopicId, UnixMs,
    event::Reply,
    peer::{ConnectionState, FoundBy, PathKind, SourceKind},
    topic::Visibility,
};
use kukuri_node::{
    client::{Entries, Posts},
    config::NetworkMode,
};
use serde::Serialize;

use crate::{
    app::AppState,
    error::AppError,
    news::NewsBatch,
    settings::{Language, SettingsView, Theme, WindowSettings},
};

const AT: UnixMs = UnixMs(1_795_253_201_114);

/// The whole file, which begins with this text.
pub(super) fn rendered(header: &str) -> String {
    let mut file = Examples::default();
    file.add("AppError", error(Some("advice")));
    file.add("AppState[]", states());
    file.add("ChecksView", checks());
    file.add("Entries[]", entries());
    file.add("EntryView[]", writes());
    file.add("ExplainView", explain());
    file.add("FoundView[]", vec![found()]);
    file.add("NewsBatch", NewsBatch { events: events() });
    file.add("PeerView[]", peers());
    file.add("Posts", posts());
    file.add("ProfileView[]", profiles());
    file.add("SettingsView[]", settings());
    let imports = file.imports.join(", ");
    format!(
        "{header}\n// What Rust gives, held against the types by the compiler; nothing reads it.\n\
         import type {{ {imports} }} from \"./bindings\";\n{}",
        file.text
    )
}

#[derive(Default)]
struct Examples {
    imports: Vec<&'static str>,
    text: String,
}

impl Examples {
    fn add(&mut self, ty: &'static str, value: impl Serialize) {
        let name = ty.trim_end_matches("[]");
        self.imports.push(name);
        let json = serde_json::to_string_pretty(&value).expect("it has a JSON form");
        let first = name[..1].to_lowercase();
        let rest = &name[1..];
        writeln!(self.text, "\nexport const {first}{rest}: {ty} = {json};").expect("a string");
    }
}

fn error(hint: Option<&str>) -> AppError {
    AppError {
        hint: hint.map(str::to_owned),
        ..AppError::new("busy", "a message")
    }
}

fn author(name: Option<&str>) -> AuthorView {
    AuthorView {
        pubkey: AuthorId([1; 32]),
        name: name.map(str::to_owned),
    }
}

fn checks() -> ChecksView {
    use CheckResult::{Fails, Ok, Skipped, Warn};
    let check = |result| CheckView {
        name: "clock".to_owned(),
        result,
        detail: "as it should be".to_owned(),
        took_ms: 1,
    };
    ChecksView {
        checks: [Ok, Warn, Fails, Skipped].map(check).to_vec(),
        cause: Some("a cause".to_owned()),
        remedy: None,
    }
}

fn states() -> Vec<AppState> {
    let blocked = |passphrase_file: Option<&str>| AppState::Blocked {
        error: error(None),
        passphrase_file: passphrase_file.map(str::to_owned),
    };
    let ready = |attached_to| AppState::Ready {
        status: Box::new(status(attached_to)),
        attached_to,
    };
    let first = |key_store| AppState::FirstStart {
        author: author(None),
        key_store,
        suggested: ["one", "two"]
            .map(|name| name.parse().expect("a name"))
            .to_vec(),
    };
    vec![
        blocked(None),
        blocked(Some("/a/path")),
        first(KeyStore::Os),
        first(KeyStore::File),
        first(KeyStore::Memory),
        ready(None),
        ready(Some(7)),
    ]
}

fn status(pid: Option<u32>) -> StatusView {
    let relay = "https://relay.example";
    StatusView {
        version: "0.0.0".to_owned(),
        profile: "default".to_owned(),
        author: author(Some("a name")),
        peer_id: PeerId([2; 32]),
        key_store: KeyStore::Os,
        pid,
        uptime_ms: 1,
        listen: vec!["127.0.0.1:1".parse().expect("an address")],
        addresses: vec![
            PeerAddress::Ip("[::1]:1".parse().expect("an address")),
            PeerAddress::Relay(relay.to_owned()),
        ],
        topics: vec![topic(None), topic(Some(ConnectionState::Joined))],
        discovery: DiscoveryView {
            dht: DhtView {
                enabled: true,
                bootstrapped: true,
                table_nodes: 1,
            },
            mdns: MdnsView { enabled: true },
        },
    }
}

fn topic(state: Option<ConnectionState>) -> TopicView {
    let is_known = state.is_some();
    TopicView {
        name: "lobby".parse().expect("a name"),
        id: TopicId([3; 32]),
        visibility: if is_known {
            Visibility::Public
        } else {
            Visibility::Private
        },
        epoch: Epoch(1),
        state,
        neighbours: 1,
        posts: 1,
        unread: 1,
        last_post_at: is_known.then_some(AT),
        complete_since: is_known.then_some(AT),
        stored_bytes: 1,
        ceiling_bytes: is_known.then_some(1),
        fingerprint: is_known.then(|| "ab".to_owned()),
        complete_with: is_known.then_some(1),
        in_step: vec![InStepView {
            peer: PeerId([7; 32]),
            since: AT,
            last: AT,
        }],
        stalled: is_known.then_some(stalled(StoreTrouble::DiskFull)),
        counters: Counters::default(),
    }
}

fn stalled(reason: StoreTrouble) -> StalledView {
    StalledView { reason, since: AT }
}

fn explain() -> ExplainView {
    use AttemptResult::{Failed, Found, Nothing, Published, Running, Skipped, TimedOut};
    let results = [
        Running, Found, Nothing, Failed, TimedOut, Published, Skipped,
    ];
    let attempt = |result| AttemptView {
        source: SourceKind::Dht,
        peer: (result == Found).then_some(PeerId([2; 32])),
        started_at: AT,
        started_after_ms: 1,
        took_ms: (result != Running).then_some(1),
        result,
        detail: "words".to_owned(),
    };
    let source = |source| SourceView {
        source,
        enabled: true,
        state: "words".to_owned(),
        result: "words".to_owned(),
    };
    ExplainView {
        topic: topic(None),
        state: Some(ConnectionState::Alone),
        sources: SourceKind::ALL.into_iter().map(source).collect(),
        attempts: results.into_iter().map(attempt).collect(),
        peers: peers(),
    }
}

fn peers() -> Vec<PeerView> {
    use FoundBy::{Bootstrap, Dht, Inbound, Known, Manual, Mdns, Neighbour, Ticket};
    let paths = [
        PathKind::Direct,
        PathKind::Relay,
        PathKind::Lan,
        PathKind::None,
    ];
    let ways = [
        Ticket, Known, Mdns, Dht, Bootstrap, Manual, Neighbour, Inbound,
    ];
    let peer = |(path, found_by): (PathKind, FoundBy)| {
        let is_known = path != PathKind::None;
        PeerView {
            id: PeerId([2; 32]),
            author: is_known.then(|| author(Some("a name"))),
            name: is_known.then(|| "a name".to_owned()),
            path,
            rtt_ms: is_known.then_some(1),
            clock_skew_ms: is_known.then_some(-1),
            found_by,
            found_after_ms: 1,
            topics: vec!["lobby".parse().expect("a name")],
            connected_at: AT,
        }
    };
    let ways = ways.into_iter().enumerate();
    ways.map(|(at, way)| peer((paths[at % paths.len()], way)))
        .collect()
}

fn bare_post() -> PostView {
    let text = format!(
        r#"{{"id":"{}","pubkey":"{}","created_at":1795253201,"kind":1,"tags":[["t","lobby"],["ms","114"]],"content":"words","sig":"{}"}}"#,
        "0a".repeat(32),
        AuthorId([1; 32]),
        "0b".repeat(64),
    );
    let event = SignedEvent::from_json(&text).expect("an event");
    let state = PostState {
        sent_to: 1,
        held_by: 1,
    };
    PostView::bare(event, AT, state)
}

fn full_post() -> PostView {
    let own = |own| ReactionView {
        content: "+".to_owned(),
        count: 1,
        own,
    };
    PostView {
        reply: Some(Reply {
            root: EventId([4; 32]),
            parent: EventId([5; 32]),
        }),
        replies: RepliesView {
            count: 1,
            last_at: Some(AT),
            last_by: Some(author(None)),
        },
        reactions: vec![own(None), own(Some(EventId([6; 32])))],
        deleted_at: Some(AT),
        ..bare_post()
    }
}

fn found() -> FoundView {
    FoundView {
        topic: "lobby".parse().expect("a name"),
        post: full_post(),
        matches: vec![0..2, 3..5],
    }
}

fn posts() -> Posts {
    Posts {
        topic: topic(Some(ConnectionState::Syncing)),
        posts: vec![bare_post(), full_post()],
    }
}

/// A text that has ended, bytes, and a deletion.
fn writes() -> Vec<EntryView> {
    let write = |value: Option<&str>, value_base64: Option<&str>, outcome| EntryView {
        key: "config/colour".parse().expect("a key"),
        value: value.map(str::to_owned),
        value_base64: value_base64.map(str::to_owned),
        revision: EventId([4; 32]),
        author: author(Some("a name")),
        clock: Hlc {
            ms: AT.0,
            counter: 1,
        },
        written_at: AT,
        expires_at: value.map(|_| AT),
        received_at: AT,
        state: PostState::default(),
        outcome,
    };
    vec![
        write(Some("indigo"), None, Outcome::Won),
        write(None, Some("/wA="), Outcome::Lost),
        write(None, None, Outcome::Deleted),
    ]
}

fn entries() -> Vec<Entries> {
    let page = |next: Option<&str>| Entries {
        entries: writes(),
        next: next.map(|key| key.parse().expect("a key")),
    };
    vec![page(None), page(Some("config/font"))]
}

fn profiles() -> Vec<ProfileView> {
    let profile = |about: Option<&str>| ProfileView {
        author: author(None),
        about: about.map(str::to_owned),
    };
    vec![profile(None), profile(Some("words"))]
}

fn events() -> Vec<NodeEvent> {
    use ConnectionState::{Alone, Connecting, Discovering, Joined, Listening, Starting, Syncing};
    let peer = PeerId([2; 32]);
    let id = EventId([4; 32]);
    let post = |arrival| TopicEvent::Post {
        post: full_post(),
        arrival,
    };
    let mut events = vec![
        post(Arrival::Local),
        post(Arrival::Live),
        post(Arrival::Fetched),
        TopicEvent::PostChanged { id },
        TopicEvent::Profile {
            author: author(Some("a name")),
        },
        TopicEvent::PostState {
            id,
            state: PostState::default(),
        },
        TopicEvent::PeerJoined {
            peer,
            found_by: FoundBy::Dht,
            after_ms: 1,
        },
        TopicEvent::PeerAuthor {
            peer,
            author: author(None),
        },
        TopicEvent::PeerLeft { peer },
        TopicEvent::Fetched { peer, new: 1 },
        TopicEvent::Progress {
            peer,
            fetched: 1,
            of: 2,
        },
        TopicEvent::Storage { stalled: None },
        TopicEvent::TopicJoined,
        TopicEvent::TopicLeft,
        TopicEvent::Resync,
    ];
    events.extend(
        writes()
            .into_iter()
            .map(|entry| TopicEvent::Entry { entry }),
    );
    let states = [
        Starting,
        Listening,
        Discovering,
        Connecting,
        Joined,
        Syncing,
        Alone,
    ];
    events.extend(states.map(|state| TopicEvent::State { state }));
    let troubles = [
        StoreTrouble::DiskFull,
        StoreTrouble::ReadOnly,
        StoreTrouble::Database,
    ];
    events.extend(troubles.map(|trouble| TopicEvent::Storage {
        stalled: Some(stalled(trouble)),
    }));
    let of_lobby = |event| NodeEvent {
        topic: Some("lobby".parse().expect("a name")),
        event,
    };
    let mut events: Vec<NodeEvent> = events.into_iter().map(of_lobby).collect();
    events.push(NodeEvent {
        topic: None,
        event: TopicEvent::Resync,
    });
    events
}

fn settings() -> Vec<SettingsView> {
    let shown = |theme, language, network_mode| SettingsView {
        window: WindowSettings {
            theme,
            language,
            notifications: true,
            enter_posts: true,
            single_keys: true,
            is_started: true,
        },
        network_mode,
        dht: true,
        mdns: true,
        known_peers: true,
        bootstrap: vec!["a peer".to_owned()],
        peers: Vec::new(),
        fixed: vec!["a key".to_owned()],
        needs_restart: true,
        config_path: "/a/path".to_owned(),
        log_dir: "/a/path".to_owned(),
        data_dir: "/a/path".to_owned(),
        version: "0.0.0",
    };
    vec![
        shown(Theme::Light, Language::English, NetworkMode::Internet),
        shown(Theme::Dark, Language::Japanese, NetworkMode::Serverless),
        shown(Theme::System, Language::English, NetworkMode::Lan),
    ]
}
