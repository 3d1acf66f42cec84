//! The client's end of the control socket.
//!
//! Owns one connection: requests in flight, subscriptions, and the task that reads. A subscriber
//! that is too slow loses events and is told so; it never holds up the answers to requests.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use interprocess::local_socket::tokio::Stream;
use kukuri_application::{
    ports::Clock,
    views::{
        AuthorView, EntryView, ExplainView, FoundView, NodeEvent, PeerView, PostView, ProfileView,
        SentView, StatusView, TopicView,
    },
};
use kukuri_domain::{AuthorId, EntryKey, EventId, EventRef, TopicName, TopicRef, UnixMs, event};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, ReadHalf, WriteHalf,
    },
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::{
    ClientError, Code, Entries, EntryQuery, EntryWrite, FindQuery, Posts, Profile, ReadQuery,
    RemoteEvents,
};
use crate::{
    control::{
        AuthorParams, EntryHistoryParams, EntryParams, EventParams, EventsParams, FindPostParams,
        Hello, Incoming, JoinParams, MarkReadParams, MaybeTopicParams, PROTOCOL, PostParams,
        ReactParams, SubscriptionParams, TopicParams, WriteEntriesParams, method, notification,
        parse_incoming, request,
    },
    platform::SystemClock,
};

/// Events that wait for a subscriber.
const EVENTS_CAPACITY: usize = 1_024;

/// Requests that wait to be written.
const LINES_CAPACITY: usize = 64;

/// Longest line that a node may send: a page of the greatest posts. A node runs as the same user;
/// this keeps another program at the other end from filling the memory.
const LINE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A connection to a node in another process. Its subscriptions end with it.
pub(crate) struct Remote {
    shared: Arc<Shared>,
    profile: Profile,
    protocol: u32,
    is_brief: bool,
    clock: SystemClock,
    _tasks: JoinSet<()>,
}

struct Shared {
    lines: mpsc::Sender<String>,
    waiting: Mutex<Waiting>,
    next_id: AtomicU64,
}

/// Who waits for what. Once the connection is lost nobody can wait any more.
#[derive(Default)]
struct Waiting {
    /// Why.
    lost: Option<ClientError>,
    /// What the node said about the stream as a whole, perhaps before anybody asked anything.
    last_words: Option<ClientError>,
    answers: HashMap<u64, Asked>,
    subscribers: HashMap<u64, Subscriber>,
}

struct Asked {
    reply: oneshot::Sender<Result<Value, ClientError>>,
    /// Who listens if the answer names a subscription.
    subscriber: Option<Subscriber>,
}

struct Subscriber {
    events: mpsc::Sender<NodeEvent>,
    has_lagged: Arc<AtomicBool>,
}

impl Remote {
    /// Greets the node at the other end.
    ///
    /// # Errors
    /// [`Code::Closed`] when it hangs up, [`Code::Protocol`] when it is no node, and what it
    /// answers.
    pub(crate) async fn open(stream: Stream) -> Result<Self, ClientError> {
        let (receiver, sender) = tokio::io::split(stream);
        let (lines, outgoing) = mpsc::channel(LINES_CAPACITY);
        let shared = Arc::new(Shared {
            lines,
            waiting: Mutex::default(),
            next_id: AtomicU64::new(1),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(read(receiver, shared.clone()));
        tasks.spawn(write(sender, outgoing));
        let hello = Hello {
            protocol: PROTOCOL,
            program: concat!("kukuri/", env!("CARGO_PKG_VERSION")).to_owned(),
            profile: None,
            brief: false,
        };
        let answer: Hello = shared.call(method::HELLO, &hello).await?;
        let profile = answer
            .profile
            .ok_or_else(|| ClientError::new(Code::Protocol, "it does not name its profile"))?;
        Ok(Self {
            shared,
            profile,
            protocol: answer.protocol,
            is_brief: answer.brief,
            clock: SystemClock::start(),
            _tasks: tasks,
        })
    }

    pub(crate) fn protocol(&self) -> u32 {
        self.protocol
    }

    pub(super) fn is_brief(&self) -> bool {
        self.is_brief
    }

    pub(super) fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(super) fn now(&self) -> UnixMs {
        self.clock.now().unix
    }

    pub(super) async fn join(&self, topic: &TopicName) -> Result<TopicView, ClientError> {
        let topic = topic.clone();
        self.shared
            .call(method::TOPIC_JOIN, &JoinParams { topic })
            .await
    }

    pub(super) async fn leave(&self, topic: &TopicRef) -> Result<bool, ClientError> {
        let topic = topic.clone();
        self.shared
            .call(method::TOPIC_LEAVE, &TopicParams { topic })
            .await
    }

    pub(super) async fn topics(&self) -> Result<Vec<TopicView>, ClientError> {
        self.shared.call(method::TOPIC_LIST, &json!({})).await
    }

    pub(super) async fn topic(&self, topic: &TopicRef) -> Result<TopicView, ClientError> {
        let topic = topic.clone();
        self.shared
            .call(method::TOPIC_SHOW, &TopicParams { topic })
            .await
    }

    pub(super) async fn post(&self, topic: &TopicRef, text: &str) -> Result<PostView, ClientError> {
        let params = PostParams {
            topic: topic.clone(),
            text: text.to_owned(),
            reply_to: None,
        };
        self.shared.call(method::POST, &params).await
    }

    pub(super) async fn reply(
        &self,
        topic: &TopicRef,
        to: EventId,
        text: &str,
    ) -> Result<PostView, ClientError> {
        let params = PostParams {
            topic: topic.clone(),
            text: text.to_owned(),
            reply_to: Some(to),
        };
        self.shared.call(method::POST, &params).await
    }

    pub(super) async fn react(
        &self,
        topic: &TopicRef,
        id: EventId,
        content: &str,
    ) -> Result<SentView, ClientError> {
        let params = ReactParams {
            topic: topic.clone(),
            id,
            content: content.to_owned(),
        };
        self.shared.call(method::REACT, &params).await
    }

    pub(super) async fn delete(
        &self,
        topic: &TopicRef,
        id: EventId,
    ) -> Result<SentView, ClientError> {
        let topic = topic.clone();
        let params = EventParams { topic, id };
        self.shared.call(method::DELETE, &params).await
    }

    pub(super) async fn thread(
        &self,
        topic: &TopicRef,
        id: EventId,
    ) -> Result<Vec<PostView>, ClientError> {
        let topic = topic.clone();
        let params = EventParams { topic, id };
        self.shared.call(method::THREAD, &params).await
    }

    pub(super) async fn posts(
        &self,
        topic: &TopicRef,
        ids: Vec<EventId>,
    ) -> Result<Vec<PostView>, ClientError> {
        let topic = topic.clone();
        let params = EventsParams { topic, ids };
        self.shared.call(method::POSTS, &params).await
    }

    pub(super) async fn find_post(
        &self,
        topic: &TopicRef,
        post: EventRef,
    ) -> Result<PostView, ClientError> {
        let topic = topic.clone();
        let params = FindPostParams { topic, id: post };
        self.shared.call(method::FIND_POST, &params).await
    }

    pub(super) async fn profile_of(&self, author: AuthorId) -> Result<ProfileView, ClientError> {
        let params = AuthorParams { author };
        self.shared.call(method::PROFILE, &params).await
    }

    pub(super) async fn set_profile(
        &self,
        told: event::Profile,
    ) -> Result<ProfileView, ClientError> {
        self.shared.call(method::SET_PROFILE, &told).await
    }

    pub(super) async fn look_again(&self) -> Result<(), ClientError> {
        self.shared.call(method::LOOK_AGAIN, &json!({})).await
    }

    pub(super) async fn read(&self, query: &ReadQuery) -> Result<Posts, ClientError> {
        self.shared.call(method::READ, query).await
    }

    pub(super) async fn search(&self, query: &FindQuery) -> Result<Vec<FoundView>, ClientError> {
        self.shared.call(method::SEARCH, query).await
    }

    pub(super) async fn write_entries(
        &self,
        topic: &TopicRef,
        writes: Vec<EntryWrite>,
    ) -> Result<Vec<EntryView>, ClientError> {
        let topic = topic.clone();
        let params = WriteEntriesParams { topic, writes };
        self.shared.call(method::KV_WRITE, &params).await
    }

    pub(super) async fn entry(
        &self,
        topic: &TopicRef,
        key: EntryKey,
    ) -> Result<Option<EntryView>, ClientError> {
        let topic = topic.clone();
        let params = EntryParams { topic, key };
        self.shared.call(method::KV_GET, &params).await
    }

    pub(super) async fn entries(&self, query: &EntryQuery) -> Result<Entries, ClientError> {
        self.shared.call(method::KV_LIST, query).await
    }

    pub(super) async fn entry_history(
        &self,
        topic: &TopicRef,
        key: EntryKey,
        limit: u32,
    ) -> Result<Vec<EntryView>, ClientError> {
        let topic = topic.clone();
        let params = EntryHistoryParams { topic, key, limit };
        self.shared.call(method::KV_HISTORY, &params).await
    }

    pub(super) async fn mark_read(
        &self,
        topic: &TopicRef,
        up_to: EventId,
    ) -> Result<(), ClientError> {
        let topic = topic.clone();
        let params = MarkReadParams { topic, up_to };
        self.shared.call(method::MARK_READ, &params).await
    }

    pub(super) async fn mute(&self, author: AuthorId) -> Result<bool, ClientError> {
        self.shared
            .call(method::MUTE, &AuthorParams { author })
            .await
    }

    pub(super) async fn unmute(&self, author: AuthorId) -> Result<bool, ClientError> {
        self.shared
            .call(method::UNMUTE, &AuthorParams { author })
            .await
    }

    pub(super) async fn muted(&self) -> Result<Vec<AuthorView>, ClientError> {
        self.shared.call(method::MUTED, &json!({})).await
    }

    pub(super) async fn peers(
        &self,
        topic: Option<&TopicRef>,
    ) -> Result<Vec<PeerView>, ClientError> {
        let topic = topic.cloned();
        self.shared
            .call(method::PEERS, &MaybeTopicParams { topic })
            .await
    }

    pub(super) async fn explain(&self, topic: &TopicRef) -> Result<ExplainView, ClientError> {
        let topic = topic.clone();
        self.shared
            .call(method::EXPLAIN, &TopicParams { topic })
            .await
    }

    pub(super) async fn status(&self) -> Result<StatusView, ClientError> {
        self.shared.call(method::STATUS, &json!({})).await
    }

    pub(super) async fn subscribe(&self, topic: &TopicRef) -> Result<RemoteEvents, ClientError> {
        self.listen(Some(topic.clone())).await
    }

    pub(super) async fn subscribe_all(&self) -> Result<RemoteEvents, ClientError> {
        self.listen(None).await
    }

    /// The node may tell the first event before the answer was handed to us, so the reader itself
    /// notes the subscriber when the answer comes.
    async fn listen(&self, topic: Option<TopicRef>) -> Result<RemoteEvents, ClientError> {
        let (events, receiver) = mpsc::channel(EVENTS_CAPACITY);
        let has_lagged = Arc::new(AtomicBool::new(false));
        let subscriber = Subscriber {
            events,
            has_lagged: has_lagged.clone(),
        };
        let answer = self
            .shared
            .ask(
                method::SUBSCRIBE,
                &json!(MaybeTopicParams { topic }),
                Some(subscriber),
            )
            .await?;
        let SubscriptionParams { subscription } = parsed(answer)?;
        Ok(RemoteEvents {
            receiver,
            has_lagged,
            _subscription: Subscription {
                shared: self.shared.clone(),
                id: subscription,
            },
        })
    }
}

impl Shared {
    async fn call<R: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Result<R, ClientError> {
        parsed(self.ask(method, &json!(params), None).await?)
    }

    async fn ask(
        &self,
        method: &str,
        params: &Value,
        subscriber: Option<Subscriber>,
    ) -> Result<Value, ClientError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        {
            let mut waiting = self.lock();
            if let Some(error) = &waiting.lost {
                return Err(error.clone());
            }
            waiting.answers.insert(id, Asked { reply, subscriber });
        }
        let line = request(id, method, params);
        // Without a writer the answer is the one of the reader, which sees the end as well.
        let _ = self.lines.send(line).await;
        answer.await.map_err(|_| lost())?
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, incoming: Incoming) {
        let mut waiting = self.lock();
        match incoming {
            Incoming::Event(params) => {
                if let Some(subscriber) = waiting.subscribers.get(&params.subscription) {
                    subscriber.tell(params.event);
                }
            }
            Incoming::Answer { id: None, result } => {
                // It is about the stream as a whole: whoever waits learns it.
                let Err(error) = result else { return };
                for (_, asked) in waiting.answers.drain() {
                    asked.answer(Err(error.clone()));
                }
                waiting.last_words = Some(error);
            }
            Incoming::Answer {
                id: Some(id),
                result,
            } => {
                let Some(mut asked) = waiting.answers.remove(&id) else {
                    return;
                };
                if let (Some(subscriber), Ok(answer)) = (asked.subscriber.take(), &result)
                    && let Ok(named) = parsed::<SubscriptionParams>(answer.clone())
                {
                    waiting.subscribers.insert(named.subscription, subscriber);
                }
                asked.answer(result);
            }
        }
    }

    /// Nobody can wait any more.
    fn lose(&self, error: &ClientError) {
        let mut waiting = self.lock();
        let error = waiting.last_words.take().unwrap_or_else(|| error.clone());
        waiting.subscribers.clear();
        for (_, asked) in waiting.answers.drain() {
            asked.answer(Err(error.clone()));
        }
        waiting.lost = Some(error);
    }
}

impl Asked {
    fn answer(self, result: Result<Value, ClientError>) {
        // Whoever asked may have given up.
        let _ = self.reply.send(result);
    }
}

impl Subscriber {
    fn tell(&self, event: NodeEvent) {
        if self.events.try_send(event).is_err() {
            self.has_lagged.store(true, Ordering::Release);
        }
    }
}

/// A subscription, which ends when this is dropped.
pub(crate) struct Subscription {
    shared: Arc<Shared>,
    id: u64,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({})", self.id)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let subscription = self.id;
        self.shared.lock().subscribers.remove(&subscription);
        let params = json!(SubscriptionParams { subscription });
        let line = notification(method::UNSUBSCRIBE, &params);
        // Without room the node goes on telling, and it is not listened to.
        let _ = self.shared.lines.try_send(line);
    }
}

async fn write(mut sender: WriteHalf<Stream>, mut outgoing: mpsc::Receiver<String>) {
    while let Some(mut line) = outgoing.recv().await {
        line.push('\n');
        if let Err(error) = sender.write_all(line.as_bytes()).await {
            // The reader sees the end, too, and tells whoever waits.
            tracing::debug!(%error, "the node hung up");
            return;
        }
    }
}

async fn read(receiver: ReadHalf<Stream>, shared: Arc<Shared>) {
    let mut lines = BufReader::new(receiver);
    let mut line = Vec::new();
    let error = loop {
        line.clear();
        let mut limited = (&mut lines).take(LINE_BYTES_MAX);
        match limited.read_until(b'\n', &mut line).await {
            Ok(0) => break lost(),
            Ok(_) if line.last() == Some(&b'\n') => {}
            Ok(_) => break no_node("it sent a line without an end"),
            Err(error) => {
                tracing::debug!(%error, "the connection to the node broke");
                break lost();
            }
        }
        match str::from_utf8(&line).map(parse_incoming) {
            Ok(Ok(incoming)) => shared.take(incoming),
            _ => break no_node("it does not speak the control protocol"),
        }
    };
    shared.lose(&error);
}

fn parsed<R: DeserializeOwned>(answer: Value) -> Result<R, ClientError> {
    serde_json::from_value(answer).map_err(|error| {
        ClientError::new(Code::Protocol, format!("the answer does not fit: {error}"))
            .hint("use the same version of kukuri for both")
    })
}

fn lost() -> ClientError {
    ClientError::new(Code::Closed, "the node is gone").hint("start it again: kukuri up")
}

fn no_node(why: &str) -> ClientError {
    ClientError::new(Code::Protocol, why)
}
