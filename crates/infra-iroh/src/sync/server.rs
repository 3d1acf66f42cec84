//! The answering side of `/kukuri/sync/1`.
//!
//! Owns the limits on those who ask, and the way of a request to the topic's channel and of the
//! answer back. Must never read the store, and never let one peer keep others from being served.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use iroh::{
    EndpointId,
    endpoint::{Connection, RecvStream, SendStream},
    protocol::{AcceptError, ProtocolHandler},
};
use kukuri_application::ports::{Clock, NetworkEvent, SyncAnswer, SyncCall, SyncRequest};
use kukuri_domain::{
    PeerId,
    limits::SYNC_ANSWER_BYTES_MAX,
    presence::{Side, hello_proof},
    wire::{Hello, RefuseReason, SyncFrame, Welcome},
};
use rand::Rng as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::JoinSet,
    time::timeout,
};
use tracing::debug;

use super::{EXCHANGE_TIMEOUT, ExchangeError, NO_NONCE, PeerClocks, finish, read, write};
use crate::{address::peer_id, topics::Topic, topics::Topics};

/// Exchanges that are served at once, of all peers.
const EXCHANGES_MAX: usize = 64;

/// Exchanges of one peer that are served at once.
const EXCHANGES_PER_PEER_MAX: usize = 4;

/// Streams that one connection may open at once: those beyond the exchanges served are told so.
const STREAMS_PER_CONNECTION_MAX: u32 = 16;

/// The answering side. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct SyncServer(Arc<Inner>);

struct Inner {
    local: PeerId,
    agent: String,
    clock: Arc<dyn Clock>,
    clocks: PeerClocks,
    topics: Topics,
    room: Arc<Semaphore>,
    per_peer: Mutex<HashMap<EndpointId, Arc<Semaphore>>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncServer")
            .field("local", &self.local)
            .finish_non_exhaustive()
    }
}

/// Room for one exchange.
struct Room {
    _of_all: OwnedSemaphorePermit,
    _of_peer: OwnedSemaphorePermit,
}

impl SyncServer {
    pub(crate) fn new(
        local: PeerId,
        agent: String,
        clock: Arc<dyn Clock>,
        clocks: PeerClocks,
        topics: Topics,
    ) -> Self {
        let room = Arc::new(Semaphore::new(EXCHANGES_MAX));
        let per_peer = Mutex::default();
        Self(Arc::new(Inner {
            local,
            agent,
            clock,
            clocks,
            topics,
            room,
            per_peer,
        }))
    }
}

impl ProtocolHandler for SyncServer {
    async fn accept(&self, connection: Connection) -> Result<(), AcceptError> {
        connection.set_max_concurrent_bi_streams(STREAMS_PER_CONNECTION_MAX.into());
        connection.set_max_concurrent_uni_streams(0_u32.into());
        let peer = connection.remote_id();
        let of_peer = self.0.room_of(peer);
        let mut exchanges = JoinSet::new();
        loop {
            tokio::select! {
                stream = connection.accept_bi() => {
                    // An error is the connection's end, which is how every connection ends.
                    let Ok((send, recv)) = stream else { break };
                    let (server, room) = (self.0.clone(), self.0.room(&of_peer));
                    exchanges.spawn(async move { server.exchange(peer, send, recv, room).await });
                }
                Some(ended) = exchanges.join_next() => {
                    if let Err(error) = ended && error.is_panic() {
                        tracing::error!(%error, "a sync exchange panicked");
                    }
                }
            }
        }
        drop(of_peer);
        self.0.forget_idle_peers();
        Ok(())
    }
}

impl Inner {
    fn room_of(&self, peer: EndpointId) -> Arc<Semaphore> {
        let mut per_peer = self
            .per_peer
            .lock()
            .expect("no code panics while it holds the table");
        let new = || Arc::new(Semaphore::new(EXCHANGES_PER_PEER_MAX));
        per_peer.entry(peer).or_insert_with(new).clone()
    }

    fn forget_idle_peers(&self) {
        let mut per_peer = self
            .per_peer
            .lock()
            .expect("no code panics while it holds the table");
        per_peer.retain(|_, room| Arc::strong_count(room) > 1);
    }

    fn room(&self, of_peer: &Arc<Semaphore>) -> Option<Room> {
        // No permit is no room: neither semaphore is ever closed.
        let of_peer = of_peer.clone().try_acquire_owned().ok()?;
        let of_all = self.room.clone().try_acquire_owned().ok()?;
        Some(Room {
            _of_all: of_all,
            _of_peer: of_peer,
        })
    }

    async fn exchange(
        &self,
        peer: EndpointId,
        mut send: SendStream,
        mut recv: RecvStream,
        room: Option<Room>,
    ) {
        let peer = peer_id(peer);
        let served = async {
            match &room {
                Some(_) => self.serve(peer, &mut send, &mut recv).await,
                None => write(&mut send, &SyncFrame::Refuse(RefuseReason::Busy)).await,
            }
        };
        match timeout(EXCHANGE_TIMEOUT, served).await {
            Ok(Ok(())) => finish(&mut send),
            Ok(Err(error)) => debug!(peer = %peer.short(), %error, "a sync exchange failed"),
            Err(_elapsed) => debug!(peer = %peer.short(), "a sync exchange took too long"),
        }
    }

    async fn serve(
        &self,
        peer: PeerId,
        send: &mut SendStream,
        recv: &mut RecvStream,
    ) -> Result<(), ExchangeError> {
        let SyncFrame::Hello(hello) = read(recv).await? else {
            return Err(ExchangeError::Broken("it did not say hello"));
        };
        let now = self.clock.now().unix;
        let Some(topic) = self.topic_of(peer, &hello) else {
            return write(send, &SyncFrame::Refuse(RefuseReason::UnknownTopic)).await;
        };
        let clock_skew_ms = self.clocks.note(peer, hello.clock, now);
        write(
            send,
            &SyncFrame::Welcome(self.welcome(peer, &hello, &topic, now)),
        )
        .await?;
        let request = match read(recv).await? {
            SyncFrame::Get(ids) => SyncRequest::Get(ids),
            SyncFrame::Newest { n, before } => SyncRequest::Newest { n, before },
            SyncFrame::Receipt(ids) => SyncRequest::Receipt(ids),
            SyncFrame::Author => SyncRequest::Author,
            SyncFrame::Summary(summary) => SyncRequest::Summary(summary),
            SyncFrame::Reconcile { since, message } => SyncRequest::Reconcile { since, message },
            SyncFrame::Offer { ids, more } => SyncRequest::Offer { ids, more },
            _ => return Err(ExchangeError::Broken("it asked for nothing")),
        };
        let (reply, answer) = oneshot::channel();
        let call = SyncCall {
            peer,
            clock_skew_ms,
            request,
            reply,
        };
        // Either error means that nobody is there to answer: the topic was left meanwhile, or
        // the store failed.
        let answer = match topic.events.send(NetworkEvent::Call(call)).await {
            Ok(()) => answer.await.ok(),
            Err(_) => None,
        };
        drop(topic);
        match answer {
            Some(answer) => write_answer(send, answer).await,
            None => write(send, &SyncFrame::Refuse(RefuseReason::Unavailable)).await,
        }
    }

    /// The topic whose handshake key the peer has proved.
    fn topic_of(&self, peer: PeerId, hello: &Hello) -> Option<Arc<Topic>> {
        self.topics.find(|keys| {
            let opener = (&peer, &hello.nonce);
            let accepter = (&self.local, &NO_NONCE);
            hello_proof(&keys.handshake_key, Side::Opener, opener, accepter) == hello.proof
        })
    }

    fn welcome(
        &self,
        peer: PeerId,
        hello: &Hello,
        topic: &Topic,
        clock: kukuri_domain::UnixMs,
    ) -> Welcome {
        let nonce = rand::rng().random();
        let (opener, accepter) = ((&peer, &hello.nonce), (&self.local, &nonce));
        let proof = hello_proof(&topic.keys.handshake_key, Side::Accepter, opener, accepter);
        Welcome {
            agent: self.agent.clone(),
            clock,
            nonce,
            proof,
        }
    }
}

async fn write_answer(send: &mut SendStream, answer: SyncAnswer) -> Result<(), ExchangeError> {
    let (events, mut more) = match answer {
        SyncAnswer::Events { events, more } => (events, more),
        SyncAnswer::Summary(summary) => return write(send, &SyncFrame::Summary(summary)).await,
        SyncAnswer::Reconciled(message) => {
            return write(send, &SyncFrame::Reconciled(message)).await;
        }
    };
    let mut answer_bytes = 0;
    for event in &events {
        let frame = SyncFrame::Event(event.to_wire()).encode();
        answer_bytes += frame.len();
        if answer_bytes > SYNC_ANSWER_BYTES_MAX {
            more = true;
            break;
        }
        crate::stream::write_frame(send, &frame).await?;
    }
    write(send, &SyncFrame::End { more }).await
}
