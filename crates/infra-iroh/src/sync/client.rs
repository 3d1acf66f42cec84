//! The asking side of `/kukuri/sync/1`.
//!
//! Owns the connections that are kept while they are used, and the checks on an answer: the
//! accepter must prove the topic's key, and may send nothing that was not asked for. Must never
//! keep a connection that has been idle for longer than [`IDLE_TIMEOUT`].

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use iroh::{Endpoint, EndpointAddr, EndpointId, endpoint::Connection};
use kukuri_application::ports::{NetworkError, SyncAnswer, SyncRequest};
use kukuri_domain::{
    EventId, PeerId, SignedEvent, TopicKeys, UnixMs,
    limits::{SYNC_ANSWER_BYTES_MAX, SYNC_FRAME_BYTES_MAX},
    presence::{Side, hello_proof},
    wire::{Hello, RefuseReason, SYNC_ALPN, SyncFrame, WireEvent},
};
use rand::Rng as _;
use tokio::time::{Instant, timeout};

use super::{EXCHANGE_TIMEOUT, ExchangeError, NO_NONCE, PeerClocks, finish, read, write};
use crate::{
    address::peer_id,
    connect::connect,
    connections::Connections,
    stream::{StreamError, read_frame},
    tasks::Tasks,
};

/// How long a connection that nobody uses is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The asking side. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct SyncClient {
    endpoint: Endpoint,
    agent: String,
    clocks: PeerClocks,
    connections: Connections,
    kept: Arc<Mutex<HashMap<EndpointId, Arc<Kept>>>>,
    tasks: Tasks,
}

/// A connection that is kept while it is used; the lock is held while one is opened, so that two
/// calls at once open one.
#[derive(Debug)]
struct Kept {
    connection: tokio::sync::Mutex<Option<Connection>>,
    used_at: Mutex<Instant>,
}

/// How a call ended that got through.
enum Outcome {
    Answered(SyncAnswer),
    Refused(RefuseReason),
}

impl SyncClient {
    pub(crate) fn new(
        endpoint: Endpoint,
        agent: String,
        clocks: PeerClocks,
        connections: Connections,
        tasks: Tasks,
    ) -> Self {
        Self {
            endpoint,
            agent,
            clocks,
            connections,
            kept: Arc::default(),
            tasks,
        }
    }

    /// Asks a member and returns its answer, unverified.
    pub(crate) async fn call(
        &self,
        keys: &TopicKeys,
        addr: EndpointAddr,
        request: SyncRequest,
        now: UnixMs,
    ) -> Result<SyncAnswer, NetworkError> {
        let peer = peer_id(addr.id);
        let called = timeout(EXCHANGE_TIMEOUT, self.call_twice(keys, addr, &request, now)).await;
        let reason = format!("no answer in {} s", EXCHANGE_TIMEOUT.as_secs());
        let outcome = called.unwrap_or(Err(NetworkError::Unreachable { peer, reason }))?;
        match outcome {
            Outcome::Answered(answer) => Ok(answer),
            Outcome::Refused(reason) => {
                let reason = match reason {
                    RefuseReason::UnknownTopic => "it is not in this topic",
                    RefuseReason::Busy => "it is busy",
                    RefuseReason::Unavailable => "its database does not answer",
                };
                Err(NetworkError::Refused {
                    peer,
                    reason: reason.into(),
                })
            }
        }
    }

    /// A connection that was kept may have died unnoticed (the peer restarted): then once more
    /// over a new one.
    async fn call_twice(
        &self,
        keys: &TopicKeys,
        addr: EndpointAddr,
        request: &SyncRequest,
        now: UnixMs,
    ) -> Result<Outcome, NetworkError> {
        let peer = peer_id(addr.id);
        let (connection, was_kept) = self.connection(addr.clone()).await?;
        let first = self.exchange(keys, &connection, request, now).await;
        let is_dead = connection.close_reason().is_some();
        let outcome = match first {
            Err(ExchangeError::Stream(_)) if was_kept && is_dead => {
                let (connection, _) = self.connection(addr).await?;
                self.exchange(keys, &connection, request, now).await
            }
            first => first,
        };
        outcome.map_err(|error| match error {
            ExchangeError::Stream(StreamError::Io(error)) => NetworkError::Unreachable {
                peer,
                reason: format!("the connection failed: {error}"),
            },
            error => NetworkError::Protocol {
                peer,
                reason: error.to_string(),
            },
        })
    }

    /// The kept connection (true), or a new one.
    async fn connection(&self, addr: EndpointAddr) -> Result<(Connection, bool), NetworkError> {
        let peer = addr.id;
        let (kept, is_new) = self.kept(peer);
        if is_new {
            self.tasks
                .spawn(close_when_idle(self.kept.clone(), peer, kept.clone()));
        }
        *kept
            .used_at
            .lock()
            .expect("no code panics while it holds the time") = Instant::now();
        let mut connection = kept.connection.lock().await;
        if let Some(open) = connection
            .as_ref()
            .filter(|open| open.close_reason().is_none() && !self.connections.is_outlived(open))
        {
            return Ok((open.clone(), true));
        }
        let opened = connect(&self.endpoint, addr, SYNC_ALPN).await;
        let opened = opened.map_err(|failure| failure.into_error(peer_id(peer)))?;
        *connection = Some(opened.clone());
        Ok((opened, false))
    }

    fn kept(&self, peer: EndpointId) -> (Arc<Kept>, bool) {
        let mut table = self
            .kept
            .lock()
            .expect("no code panics while it holds the table");
        let mut is_new = false;
        let kept = table.entry(peer).or_insert_with(|| {
            is_new = true;
            let used_at = Mutex::new(Instant::now());
            Arc::new(Kept {
                connection: tokio::sync::Mutex::new(None),
                used_at,
            })
        });
        (kept.clone(), is_new)
    }

    async fn exchange(
        &self,
        keys: &TopicKeys,
        connection: &Connection,
        request: &SyncRequest,
        now: UnixMs,
    ) -> Result<Outcome, ExchangeError> {
        let (mut send, mut recv) = connection.open_bi().await?;
        let (local, peer) = (peer_id(self.endpoint.id()), peer_id(connection.remote_id()));
        let greeting = Greeting {
            keys,
            local,
            peer,
            nonce: rand::rng().random(),
        };
        write(
            &mut send,
            &SyncFrame::Hello(greeting.hello(self.agent.clone(), now)),
        )
        .await?;
        match read(&mut recv).await? {
            SyncFrame::Welcome(welcome) if greeting.is_proved_by(&welcome) => {
                self.clocks.note(peer, welcome.clock, now);
            }
            SyncFrame::Welcome(_) => {
                return Err(ExchangeError::Broken("it did not prove the topic's key"));
            }
            SyncFrame::Refuse(reason) => return Ok(Outcome::Refused(reason)),
            _ => return Err(ExchangeError::Broken("it did not answer the greeting")),
        }
        write(&mut send, &request_frame(request)).await?;
        finish(&mut send);
        let mut answer = Collected::new(request);
        loop {
            let frame = read_frame(&mut recv, SYNC_FRAME_BYTES_MAX).await?;
            match SyncFrame::decode(&frame)? {
                SyncFrame::Event(event) => answer.take(event, frame.len())?,
                SyncFrame::End { more } if answer.wanted != Wanted::Other => {
                    return Ok(Outcome::Answered(SyncAnswer::Events {
                        events: answer.events,
                        more,
                    }));
                }
                SyncFrame::Summary(summary) if matches!(request, SyncRequest::Summary(_)) => {
                    return Ok(Outcome::Answered(SyncAnswer::Summary(summary)));
                }
                SyncFrame::Reconciled(message)
                    if matches!(request, SyncRequest::Reconcile { .. }) =>
                {
                    return Ok(Outcome::Answered(SyncAnswer::Reconciled(message)));
                }
                SyncFrame::Refuse(reason) => return Ok(Outcome::Refused(reason)),
                _ => return Err(ExchangeError::Broken("it sent a frame out of turn")),
            }
        }
    }
}

/// Closes a kept connection once nobody has used it for a while.
async fn close_when_idle(
    table: Arc<Mutex<HashMap<EndpointId, Arc<Kept>>>>,
    peer: EndpointId,
    kept: Arc<Kept>,
) {
    loop {
        let used_at = *kept
            .used_at
            .lock()
            .expect("no code panics while it holds the time");
        tokio::time::sleep_until(used_at + IDLE_TIMEOUT).await;
        let mut table = table
            .lock()
            .expect("no code panics while it holds the table");
        let unused = kept
            .used_at
            .lock()
            .expect("no code panics while it holds the time")
            .elapsed();
        if unused >= IDLE_TIMEOUT {
            // Dropping the last handle closes it; a call under way holds one of its own.
            table.remove(&peer);
            return;
        }
    }
}

/// The opener's side of a greeting.
struct Greeting<'a> {
    keys: &'a TopicKeys,
    local: PeerId,
    peer: PeerId,
    nonce: kukuri_domain::presence::Nonce,
}

impl Greeting<'_> {
    fn hello(&self, agent: String, clock: UnixMs) -> Hello {
        let (opener, accepter) = ((&self.local, &self.nonce), (&self.peer, &NO_NONCE));
        let proof = hello_proof(&self.keys.handshake_key, Side::Opener, opener, accepter);
        Hello {
            agent,
            clock,
            nonce: self.nonce,
            proof,
        }
    }

    fn is_proved_by(&self, welcome: &kukuri_domain::wire::Welcome) -> bool {
        let (opener, accepter) = ((&self.local, &self.nonce), (&self.peer, &welcome.nonce));
        let key = &self.keys.handshake_key;
        hello_proof(key, Side::Accepter, opener, accepter) == welcome.proof
    }
}

fn request_frame(request: &SyncRequest) -> SyncFrame {
    match request {
        SyncRequest::Get(ids) => SyncFrame::Get(ids.clone()),
        SyncRequest::Newest { n, before } => SyncFrame::Newest {
            n: *n,
            before: *before,
        },
        SyncRequest::Receipt(ids) => SyncFrame::Receipt(ids.clone()),
        SyncRequest::Author => SyncFrame::Author,
        SyncRequest::Summary(summary) => SyncFrame::Summary(*summary),
        SyncRequest::Reconcile { since, message } => SyncFrame::Reconcile {
            since: *since,
            message: message.clone(),
        },
        SyncRequest::Offer { ids, more } => SyncFrame::Offer {
            ids: ids.clone(),
            more: *more,
        },
    }
}

/// The events of one answer, each checked to have been asked for.
struct Collected {
    wanted: Wanted,
    events: Vec<SignedEvent>,
    bytes: usize,
}

#[derive(PartialEq, Eq)]
enum Wanted {
    These(BTreeSet<EventId>),
    Any {
        at_most: usize,
    },
    /// No events, and not the end of a list of them.
    Other,
}

impl Collected {
    fn new(request: &SyncRequest) -> Self {
        let wanted = match request {
            SyncRequest::Get(ids) => Wanted::These(ids.iter().copied().collect()),
            SyncRequest::Newest { n, .. } => Wanted::Any {
                at_most: usize::from(*n),
            },
            SyncRequest::Receipt(_) | SyncRequest::Offer { .. } => Wanted::Any { at_most: 0 },
            SyncRequest::Author => Wanted::Any { at_most: 1 },
            SyncRequest::Summary(_) | SyncRequest::Reconcile { .. } => Wanted::Other,
        };
        Self {
            wanted,
            events: Vec::new(),
            bytes: 0,
        }
    }

    fn take(&mut self, event: WireEvent, frame_bytes: usize) -> Result<(), ExchangeError> {
        let is_wanted = match &mut self.wanted {
            Wanted::These(ids) => ids.remove(&event.id),
            Wanted::Any { at_most } => self.events.len() < *at_most,
            Wanted::Other => false,
        };
        if !is_wanted {
            return Err(ExchangeError::Broken(
                "it sent an event that was not asked for",
            ));
        }
        self.bytes += frame_bytes;
        if self.bytes > SYNC_ANSWER_BYTES_MAX {
            return Err(ExchangeError::Broken("its answer is longer than allowed"));
        }
        let event = event.into_signed();
        self.events
            .push(event.map_err(|_| ExchangeError::Broken("it sent no event"))?);
        Ok(())
    }
}
