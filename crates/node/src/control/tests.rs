//! Two processes in one: a node over the application's fakes that serves its socket, and clients
//! that reach it through the file system like any other process.

use std::{path::Path, sync::Arc, time::Duration};

use kukuri_application::{
    engine,
    ports::{Clock, KeyStore},
    testing::{
        book::MemoryBook, clock::TokioClock, network::Hub, store::MemoryStore, vault::FakeIdentity,
    },
    views::TopicEvent,
};
use kukuri_domain::{PeerId, TopicName, UnixMs};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    time::timeout,
};

use super::*;
use crate::{
    client::{FindQuery, ReadQuery},
    home::DEFAULT_PROFILE,
    lock::ProfileLock,
    node::{Node, Parts},
};

/// Longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

struct Served {
    node: Node,
    home: Home,
    _folder: TempDir,
}

fn home_in(folder: &Path) -> Home {
    let home = Home::locate(Some(folder), DEFAULT_PROFILE).expect("a valid profile");
    home.create().expect("created");
    home
}

/// A node that serves the control socket of a new profile.
fn served() -> Served {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = home_in(&folder.path().join("home"));
    let clock: Arc<dyn Clock> = Arc::new(TokioClock::new(UnixMs(1_795_252_400_000)));
    let lock = ProfileLock::take(&home, "test", Duration::ZERO).expect("free");
    let mut node = Node::start(Parts {
        ports: engine::Ports {
            store: Arc::new(MemoryStore::new(clock.clone())),
            book: Arc::new(MemoryBook::default()),
            network: Hub::new().network(PeerId([7; 32])),
            sources: Vec::new(),
            identity: Arc::new(FakeIdentity::from_seed(7)),
            clock,
        },
        settings: engine::Settings::default(),
        key_store: KeyStore::Memory,
        profile: "default".to_owned(),
        home: "~/kukuri".to_owned(),
        version: "1.2.3",
        lock: Some(lock),
    });
    node.serve_control(&home, "test", false).expect("served");
    Served {
        node,
        home,
        _folder: folder,
    }
}

async fn attached(home: &Home) -> Client {
    let client = within(attach(home)).await.expect("it answers");
    client.expect("a node runs")
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.expect("it takes no longer")
}

fn lobby() -> TopicName {
    "lobby".parse().expect("a name")
}

/// A client that speaks bytes.
struct Raw(BufReader<UnixStream>);

impl Raw {
    async fn open(home: &Home) -> Self {
        let place = SocketPlace::of_running(home);
        let stream = UnixStream::connect(place.path()).await.expect("served");
        Self(BufReader::new(stream))
    }

    async fn say(&mut self, line: &str) {
        let bytes = format!("{line}\n");
        let written = self.0.get_mut().write_all(bytes.as_bytes());
        within(written).await.expect("the node reads");
    }

    async fn hear(&mut self) -> serde_json::Value {
        let mut line = String::new();
        within(self.0.read_line(&mut line))
            .await
            .expect("the node answers");
        serde_json::from_str(&line).expect("JSON")
    }

    async fn greeted(home: &Home) -> Self {
        let mut raw = Self::open(home).await;
        raw.say(
            r#"{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"program":"raw"}}"#,
        )
        .await;
        let hello = raw.hear().await;
        assert_eq!(hello["result"]["protocol"], PROTOCOL);
        assert_eq!(hello["result"]["profile"]["name"], "default");
        raw
    }
}

#[tokio::test]
async fn both_ways_answer_the_same() {
    let served = served();
    let here = served.node.client();
    let there = attached(&served.home).await;
    assert_eq!(there.profile(), here.profile());

    let joined = there.join(&lobby()).await.expect("joined");
    assert_eq!(joined, here.topic(&lobby()).await.expect("joined"));
    let posted = there.post(&lobby(), "東京 is far").await.expect("posted");
    let query = ReadQuery::newest(lobby(), 10);
    let page = there.read(&query).await.expect("readable");
    assert_eq!(page, here.read(&query).await.expect("readable"));
    assert_eq!(page.posts.len(), 1);
    assert_eq!(page.posts[0].event, posted.event);
    let find = FindQuery {
        text: "東京".to_owned(),
        topic: None,
        limit: 10,
        before: None,
    };
    let found = there.search(&find).await.expect("searchable");
    assert_eq!(found, here.search(&find).await.expect("searchable"));
    assert_eq!(found.len(), 1);
    assert_eq!(there.topics().await, here.topics().await);
    assert_eq!(there.peers(&lobby()).await, here.peers(&lobby()).await);
    assert_eq!(there.all_peers().await, here.all_peers().await);
    let (mut a, b) = (
        there.status().await.expect("up"),
        here.status().await.expect("up"),
    );
    a.uptime_ms = b.uptime_ms;
    assert_eq!(a, b);
    assert_eq!(there.muted().await, here.muted().await);
    there
        .mark_read(&lobby(), posted.event.id())
        .await
        .expect("marked");
    assert_eq!(there.leave(&lobby()).await, Ok(true));
    served.node.shutdown().await.expect("a clean stop");
}

#[tokio::test]
async fn errors_are_the_same_both_ways() {
    let served = served();
    let here = served.node.client();
    let there = attached(&served.home).await;
    let nowhere = kukuri_domain::TopicRef::from(&lobby());
    assert_eq!(
        there.post(&nowhere, "x").await,
        here.post(&nowhere, "x").await
    );
    assert_eq!(there.topic(&nowhere).await, here.topic(&nowhere).await);
    assert_eq!(there.explain(&nowhere).await, here.explain(&nowhere).await);
    let error = there
        .subscribe(&nowhere)
        .await
        .map(drop)
        .expect_err("not joined");
    assert_eq!(error.code, Code::NotJoined);
    assert_eq!(
        error.hint.as_deref(),
        Some("join it first: kukuri topic join lobby")
    );
}

#[tokio::test]
async fn what_happens_is_told_and_ends_with_the_subscription() {
    let served = served();
    let there = attached(&served.home).await;
    let mut all = there.subscribe_all().await.expect("up");
    there.join(&lobby()).await.expect("joined");
    let mut one = there.subscribe(&lobby()).await.expect("joined");
    there.post(&lobby(), "hello").await.expect("posted");
    let told = async {
        loop {
            if let Some(TopicEvent::Post { post, .. }) = one.next().await {
                return post.event.content().to_owned();
            }
        }
    };
    assert_eq!(within(told).await, "hello");
    let first = within(all.next()).await.expect("told");
    assert_eq!(first.topic, Some(lobby()));
    assert_eq!(first.event, TopicEvent::TopicJoined);
    there.leave(&lobby()).await.expect("left");
    let last = async {
        let mut last = None;
        while let Some(event) = all.next().await {
            let is_end = event.event == TopicEvent::TopicLeft;
            last = Some(event.event);
            if is_end {
                break;
            }
        }
        last
    };
    assert_eq!(within(last).await, Some(TopicEvent::TopicLeft));
    served.node.shutdown().await.expect("a clean stop");
    assert_eq!(within(all.next()).await, None);
    let error = there.topics().await.expect_err("the node is gone");
    assert_eq!(error.code, Code::Closed);
}

#[tokio::test]
async fn a_profile_without_a_node_has_none() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = home_in(folder.path());
    assert!(attach(&home).await.expect("nothing is wrong").is_none());
    // What a killed process leaves behind is no node either, and does not stop the next one.
    drop(UnixListener::bind(home.control_socket()).expect("bound"));
    assert!(attach(&home).await.expect("nothing is wrong").is_none());
    SocketPlace::to_serve(&home)
        .listen()
        .expect("the left-over is replaced");
}

#[tokio::test]
async fn only_the_owner_reaches_the_socket() {
    use std::os::unix::fs::PermissionsExt as _;
    let served = served();
    let place = SocketPlace::of_running(&served.home);
    let mode = std::fs::metadata(place.path())
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_silent_foreign_or_other_program_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = home_in(folder.path());
    let listener = UnixListener::bind(home.control_socket()).expect("bound");
    let (says, mut lines) = tokio::sync::mpsc::channel::<&'static str>(1);
    let mut other = tokio::task::JoinSet::new();
    other.spawn(async move {
        let mut open = Vec::new();
        while let Some(line) = lines.recv().await {
            let (mut stream, _) = listener.accept().await.expect("a client");
            stream.write_all(line.as_bytes()).await.expect("it reads");
            open.push(stream);
        }
    });
    says.send("220 mail.example ESMTP\n").await.expect("taken");
    let error = within(attach(&home)).await.map(drop).expect_err("no node");
    assert!(matches!(error, AttachError::Foreign { .. }), "{error}");
    says.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocol\":2,\"program\":\"x\",\"profile\":{\"name\":\"p\",\"home\":\"h\",\"version\":\"2\",\"author\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"peer_id\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"key_store\":\"os\"}}}\n")
        .await
        .expect("taken");
    let error = within(attach(&home))
        .await
        .map(drop)
        .expect_err("another version");
    assert!(
        matches!(error, AttachError::Version { found: 2 }),
        "{error}"
    );
    says.send("").await.expect("taken");
    let error = within(attach(&home)).await.map(drop).expect_err("silent");
    assert!(matches!(error, AttachError::Silent), "{error}");
}

#[tokio::test]
async fn a_client_must_greet_and_ask_for_what_there_is() {
    let served = served();
    let mut raw = Raw::open(&served.home).await;
    raw.say(r#"{"jsonrpc":"2.0","id":"a","method":"status"}"#)
        .await;
    let answer = raw.hear().await;
    assert_eq!(answer["id"], "a");
    assert_eq!(answer["error"]["data"]["code"], "request");

    let mut raw = Raw::greeted(&served.home).await;
    for (line, number) in [
        ("not json", -32_700),
        (r#"{"jsonrpc":"2.0","id":2}"#, -32_600),
        (r#"{"jsonrpc":"2.0","id":3,"method":"no.such"}"#, -32_601),
        (
            r#"{"jsonrpc":"2.0","id":4,"method":"post","params":{"topic":7}}"#,
            -32_602,
        ),
    ] {
        raw.say(line).await;
        assert_eq!(raw.hear().await["error"]["code"], number, "{line}");
    }
    raw.say(r#"{"jsonrpc":"2.0","id":5,"method":"status"}"#)
        .await;
    assert_eq!(raw.hear().await["result"]["version"], "1.2.3");
}

#[tokio::test]
async fn a_line_without_end_and_bytes_that_are_no_text_end_the_connection_only() {
    let served = served();
    for bytes in [vec![b'x'; 10 * 1024 * 1024], vec![0xff, 0xfe, b'\n']] {
        let mut raw = Raw::greeted(&served.home).await;
        // The node hangs up before it has read ten megabytes: then writing fails, too.
        let written = within(raw.0.get_mut().write_all(&bytes)).await;
        let mut rest = String::new();
        let read = within(raw.0.read_to_string(&mut rest)).await;
        assert!(
            written.is_err() || read.is_err() || rest.contains("\"code\":-32700"),
            "{rest}"
        );
    }
    let there = attached(&served.home).await;
    assert!(there.status().await.is_ok(), "the node serves others");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_told_to_read_again_and_holds_up_nobody() {
    const POSTS: usize = 6_000;
    let served = served();
    let here = served.node.client();
    here.join(&lobby()).await.expect("joined");
    let mut stopped = Raw::greeted(&served.home).await;
    stopped
        .say(r#"{"jsonrpc":"2.0","id":2,"method":"subscribe","params":{"topic":"lobby"}}"#)
        .await;
    assert_eq!(stopped.hear().await["result"]["subscription"], 1);
    let text = "x".repeat(200);
    for _ in 0..POSTS {
        within(here.post(&lobby(), &text))
            .await
            .expect("nobody waits");
    }
    // It reads at last: what was kept for it, then that it missed something.
    let resync = async {
        for told in 0.. {
            if stopped.hear().await["params"]["event"]["type"] == "resync" {
                return told;
            }
        }
        unreachable!("the loop has no end")
    };
    assert!(within(resync).await < POSTS, "something was left out");
}

#[tokio::test]
async fn the_sixty_fifth_client_is_refused_in_words() {
    let served = served();
    let mut clients = Vec::new();
    for _ in 0..64 {
        clients.push(Raw::greeted(&served.home).await);
    }
    let error = within(attach(&served.home))
        .await
        .map(drop)
        .expect_err("full");
    assert!(
        matches!(&error, AttachError::Refused(error) if error.code == Code::Busy),
        "{error}"
    );
    clients.pop();
    // Its place comes free as soon as the node has noticed.
    let again = async {
        while attach(&served.home).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    within(again).await;
}
