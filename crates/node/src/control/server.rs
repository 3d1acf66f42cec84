//! The node's end of the control socket.
//!
//! Owns a task per client. What a client does not read waits in its own socket and in a short
//! queue; events beyond that are lost for it and it is told to read again. Must never make the
//! node wait for a client.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use interprocess::local_socket::tokio::{Listener, Stream, prelude::*};
use kukuri_application::views::NodeEvent;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::{Semaphore, mpsc},
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use tokio_util::{
    codec::{FramedRead, LinesCodec, LinesCodecError},
    sync::CancellationToken,
};

use super::{
    ControlError, LINE_BYTES_MAX, PROTOCOL, SocketPlace,
    message::{
        Hello, MaybeTopicParams, NoticeParams, Request, RpcError, SubscriptionParams, answer,
        method, notification, parse_request,
    },
    methods,
};
use crate::{
    client::{Client, ClientError, Code, NodeEvents, TopicEvents},
    home::Home,
};

/// Clients at once: scripts of one user.
const CLIENTS_MAX: usize = 64;

/// Subscriptions of one client.
const SUBSCRIPTIONS_MAX: usize = 32;

/// Lines that wait for a client to read. With events of the greatest size it is 3 MB.
const OUTGOING_CAPACITY: usize = 16;

/// How long a client that said its last may take to read the answers.
const LAST_WORDS_MAX: Duration = Duration::from_secs(5);

/// A served control socket. Dropping it closes every connection.
#[derive(Debug)]
pub struct ControlServer {
    place: SocketPlace,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
}

impl ControlServer {
    /// Serves the control socket of a profile whose lock this process holds. `program` is said
    /// in the greeting.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn start(
        home: &Home,
        client: Client,
        program: &str,
        is_brief: bool,
    ) -> Result<Self, ControlError> {
        let place = SocketPlace::to_serve(home);
        let listener = place.listen().map_err(|source| ControlError::Listen {
            place: place.clone(),
            source,
        })?;
        let cancel = CancellationToken::new();
        let greeting = Arc::new(Hello {
            protocol: PROTOCOL,
            program: program.to_owned(),
            profile: Some(client.profile().clone()),
            brief: is_brief,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, client, greeting, cancel.clone()));
        Ok(Self {
            place,
            cancel,
            tasks,
        })
    }

    /// Where it is served.
    pub fn place(&self) -> &SocketPlace {
        &self.place
    }

    /// Takes no more requests and closes every connection.
    pub async fn shutdown(mut self) {
        self.cancel.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn accept(
    listener: Listener,
    client: Client,
    greeting: Arc<Hello>,
    cancel: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(CLIENTS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            () = cancel.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok(stream) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: those of the next clients come free.
                    tracing::warn!(%error, "a client of the control socket was not accepted");
                    tokio::task::yield_now().await;
                    continue;
                }
            },
        };
        let Ok(place) = room.clone().try_acquire_owned() else {
            connections.spawn(refuse(stream));
            continue;
        };
        let connection = serve(stream, client.clone(), greeting.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    connections.shutdown().await;
}

async fn refuse(stream: Stream) {
    let mut sender = stream;
    let error = ClientError::new(Code::Busy, format!("{CLIENTS_MAX} clients are connected"))
        .hint("end one of them");
    let mut line = answer(&Value::Null, Err(RpcError::Failed(error)));
    line.push('\n');
    if let Err(error) = sender.write_all(line.as_bytes()).await {
        tracing::debug!(%error, "a refused client was gone");
    }
}

async fn serve(stream: Stream, client: Client, greeting: Arc<Hello>) {
    let (receiver, sender) = tokio::io::split(stream);
    let (lines, outgoing) = mpsc::channel(OUTGOING_CAPACITY);
    let connection = Connection {
        client,
        greeting,
        lines,
        is_greeted: false,
        subscriptions: JoinSet::new(),
        named: Vec::new(),
        next_subscription: 1,
    };
    let reading = connection.read(receiver);
    let writing = write(sender, outgoing);
    tokio::pin!(writing);
    tokio::select! {
        // Nothing follows; what was answered is still to be written.
        () = reading => if timeout(LAST_WORDS_MAX, writing).await.is_err() {
            tracing::debug!("a client of the control socket does not read");
        },
        () = &mut writing => {}
    }
}

async fn write(mut sender: WriteHalf<Stream>, mut outgoing: mpsc::Receiver<String>) {
    while let Some(mut line) = outgoing.recv().await {
        line.push('\n');
        if let Err(error) = sender.write_all(line.as_bytes()).await {
            tracing::debug!(%error, "a client of the control socket is gone");
            return;
        }
    }
}

/// One client.
struct Connection {
    client: Client,
    greeting: Arc<Hello>,
    lines: mpsc::Sender<String>,
    is_greeted: bool,
    subscriptions: JoinSet<()>,
    named: Vec<(u64, AbortHandle)>,
    next_subscription: u64,
}

impl Connection {
    /// Answers requests, one after another, until the client is gone or breaks the protocol.
    async fn read(mut self, receiver: ReadHalf<Stream>) {
        let codec = LinesCodec::new_with_max_length(LINE_BYTES_MAX);
        let mut lines = FramedRead::new(receiver, codec);
        while let Some(line) = lines.next().await {
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    self.complain(error).await;
                    return;
                }
            };
            if line.trim().is_empty() {
                continue;
            }
            let (id, result) = match parse_request(&line) {
                Ok(request) => (request.id.clone(), self.handle(request).await),
                Err(error) => (Some(Value::Null), Err(error)),
            };
            let Some(id) = id else { continue };
            if self.lines.send(answer(&id, result)).await.is_err() {
                return;
            }
        }
    }

    /// Says what was wrong with the stream itself, which cannot be read any further.
    async fn complain(&self, error: LinesCodecError) {
        let why = match error {
            LinesCodecError::MaxLineLengthExceeded => {
                format!("a line has more than {LINE_BYTES_MAX} bytes")
            }
            LinesCodecError::Io(error) => error.to_string(),
        };
        tracing::debug!("a client of the control socket broke the protocol: {why}");
        let line = answer(&Value::Null, Err(RpcError::Parse(why)));
        if self.lines.send(line).await.is_err() {
            tracing::debug!("and is gone");
        }
    }

    async fn handle(&mut self, request: Request) -> Result<Value, RpcError> {
        let Request { method, params, .. } = request;
        if method == method::HELLO {
            return self.greet(params);
        }
        if !self.is_greeted {
            let error = ClientError::new(Code::Request, "the first request must be hello");
            return Err(RpcError::Failed(error));
        }
        match method.as_str() {
            method::SUBSCRIBE => self.subscribe(params).await,
            method::UNSUBSCRIBE => {
                let SubscriptionParams { subscription } = methods::parsed(params)?;
                Ok(json!(self.unsubscribe(subscription)))
            }
            name => methods::call(&self.client, name, params).await,
        }
    }

    /// A client of another version is told ours, and may still ask for what it knows.
    fn greet(&mut self, params: Value) -> Result<Value, RpcError> {
        let hello: Hello = methods::parsed(params)?;
        self.is_greeted = true;
        tracing::debug!(
            program = hello.program,
            protocol = hello.protocol,
            "a client attached"
        );
        Ok(json!(*self.greeting))
    }

    async fn subscribe(&mut self, params: Value) -> Result<Value, RpcError> {
        let MaybeTopicParams { topic } = methods::parsed(params)?;
        while self.subscriptions.try_join_next().is_some() {}
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            let message = format!("{SUBSCRIPTIONS_MAX} subscriptions are the most for one client");
            return Err(RpcError::Failed(ClientError::new(Code::Busy, message)));
        }
        let subscription = self.next_subscription;
        self.next_subscription += 1;
        let feed = match &topic {
            None => Feed::All(
                self.client
                    .subscribe_all()
                    .await
                    .map_err(RpcError::Failed)?,
            ),
            Some(topic) => {
                let view = self.client.topic(topic).await.map_err(RpcError::Failed)?;
                let events = self.client.subscribe(topic).await;
                Feed::One(view.name, events.map_err(RpcError::Failed)?)
            }
        };
        let task = self
            .subscriptions
            .spawn(forward(feed, subscription, self.lines.clone()));
        self.named.push((subscription, task));
        Ok(json!(SubscriptionParams { subscription }))
    }

    fn unsubscribe(&mut self, subscription: u64) -> bool {
        let Some(index) = self.named.iter().position(|(id, _)| *id == subscription) else {
            return false;
        };
        let (_, task) = self.named.swap_remove(index);
        task.abort();
        true
    }
}

/// What a subscription listens to.
enum Feed {
    All(NodeEvents),
    One(kukuri_domain::TopicName, TopicEvents),
}

impl Feed {
    async fn next(&mut self) -> Option<NodeEvent> {
        match self {
            Feed::All(events) => events.next().await,
            Feed::One(topic, events) => {
                let event = events.next().await?;
                let topic = Some(topic.clone());
                Some(NodeEvent { topic, event })
            }
        }
    }
}

/// Hands events to the client at its own pace: while it does not read, the feed overflows and
/// tells it to read again.
async fn forward(mut feed: Feed, subscription: u64, lines: mpsc::Sender<String>) {
    while let Some(event) = feed.next().await {
        let params = json!(NoticeParams {
            subscription,
            event
        });
        if lines
            .send(notification(method::EVENT, &params))
            .await
            .is_err()
        {
            return;
        }
    }
}
