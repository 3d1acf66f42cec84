//! The answering side of `/kukuri/sync/1`.
//!
//! Owns the limits in time on those who ask (how much they may have is `shares`), and the way of a
//! request to the topic's channel and of the answer back. Must never read the store, and never let one peer keep others from being served.

use std::{sync::Arc, time::Duration};

use iroh::{
    endpoint::{Connection, RecvStream, SendStream, VarInt},
    protocol::{AcceptError, ProtocolHandler},
};
use kukuri_application::ports::{Clock, NetworkEvent, SyncAnswer, SyncCall, SyncRequest};
use kukuri_domain::{
    PeerId,
    limits::{SYNC_ANSWER_BYTES_MAX, SYNC_FRAME_BYTES_MAX},
    presence::{Side, hello_proof},
    wire::{Hello, RefuseReason, SyncFrame, Welcome},
};
use rand::Rng as _;
use tokio::{sync::oneshot, task::JoinSet, time::timeout};
use tracing::debug;

use super::{
    EXCHANGE_TIMEOUT, ExchangeError, NO_NONCE, PeerClocks, finish,
    shares::{Account, EXCHANGE_COST, SET_COST, Shares},
};
use crate::{
    address::peer_id,
    stream::{StreamError, read_frame, write_frame},
    topics::Topic,
    topics::Topics,
};

/// How long a peer may send nothing of a frame that is due, or take nothing of its answer: then it
/// loses the stream, and what waits for it is given up.
const STALL_TIMEOUT: Duration = Duration::from_secs(8);

/// Says on a stream that its peer was too slow.
const STALLED: VarInt = VarInt::from_u32(1);

/// Closes a connection of a peer that has too many.
const TOO_MANY: VarInt = VarInt::from_u32(1);

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
    shares: Shares,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncServer")
            .field("local", &self.local)
            .finish_non_exhaustive()
    }
}

impl SyncServer {
    pub(crate) fn new(
        local: PeerId,
        agent: String,
        clock: Arc<dyn Clock>,
        clocks: PeerClocks,
        topics: Topics,
    ) -> Self {
        Self(Arc::new(Inner {
            local,
            agent,
            clock,
            clocks,
            topics,
            shares: Shares::new(),
        }))
    }
}

impl ProtocolHandler for SyncServer {
    async fn accept(&self, connection: Connection) -> Result<(), AcceptError> {
        connection.set_max_concurrent_bi_streams(STREAMS_PER_CONNECTION_MAX.into());
        connection.set_max_concurrent_uni_streams(0_u32.into());
        let peer = connection.remote_id();
        let Some((account, _connected)) = self.0.shares.connected(peer) else {
            connection.close(TOO_MANY, b"too many connections");
            return Ok(());
        };
        let peer = peer_id(peer);
        let mut exchanges = JoinSet::new();
        loop {
            tokio::select! {
                stream = connection.accept_bi() => {
                    // An error is the connection's end, which is how every connection ends.
                    let Ok((send, recv)) = stream else { break };
                    let (server, account) = (self.0.clone(), account.clone());
                    exchanges.spawn(async move { server.exchange(peer, send, recv, &account).await });
                }
                Some(ended) = exchanges.join_next() => {
                    if let Err(error) = ended && error.is_panic() {
                        tracing::error!(%error, "a sync exchange panicked");
                    }
                }
            }
        }
        Ok(())
    }
}

impl Inner {
    async fn exchange(
        &self,
        peer: PeerId,
        mut send: SendStream,
        mut recv: RecvStream,
        account: &Account,
    ) {
        let Some(_place) = self.shares.place(account).await else {
            let refused = SyncFrame::Refuse(RefuseReason::Busy).encode();
            match timeout(STALL_TIMEOUT, write_frame(&mut send, &refused)).await {
                Ok(Ok(())) => finish(&mut send),
                Ok(Err(error)) => debug!(peer = %peer.short(), %error, "it was not told to wait"),
                Err(_elapsed) => reset(&mut send),
            }
            return;
        };
        account.charge(EXCHANGE_COST);
        let mut stream = Stream {
            send: &mut send,
            recv: &mut recv,
            account,
        };
        let served = self.serve(peer, &mut stream);
        match timeout(EXCHANGE_TIMEOUT, served).await {
            Ok(Ok(())) => {
                finish(&mut send);
                // The place is free when the peer has all of it, and not before: what it does not
                // take would wait in memory.
                if timeout(STALL_TIMEOUT, send.stopped()).await.is_err() {
                    debug!(peer = %peer.short(), "an answer was not taken");
                    reset(&mut send);
                }
            }
            Ok(Err(error)) => {
                debug!(peer = %peer.short(), %error, "a sync exchange failed");
                reset(&mut send);
            }
            Err(_elapsed) => {
                debug!(peer = %peer.short(), "a sync exchange took too long");
                reset(&mut send);
            }
        }
    }

    async fn serve(&self, peer: PeerId, stream: &mut Stream<'_>) -> Result<(), ExchangeError> {
        let SyncFrame::Hello(hello) = stream.read().await? else {
            return Err(ExchangeError::Broken("it did not say hello"));
        };
        let now = self.clock.now().unix;
        let Some(topic) = self.topic_of(peer, &hello) else {
            let refused = SyncFrame::Refuse(RefuseReason::UnknownTopic);
            return stream.write(&refused).await;
        };
        let clock_skew_ms = self.clocks.note(peer, hello.clock, now);
        let welcome = SyncFrame::Welcome(self.welcome(peer, &hello, &topic, now));
        stream.write(&welcome).await?;
        let request = match stream.read().await? {
            SyncFrame::Get(ids) => SyncRequest::Get(ids),
            SyncFrame::Newest { n, before } => SyncRequest::Newest { n, before },
            SyncFrame::Receipt(ids) => SyncRequest::Receipt(ids),
            SyncFrame::Author => SyncRequest::Author,
            SyncFrame::Summary(summary) => SyncRequest::Summary(summary),
            SyncFrame::Reconcile { since, message } => SyncRequest::Reconcile { since, message },
            SyncFrame::Offer { ids, more } => SyncRequest::Offer { ids, more },
            _ => return Err(ExchangeError::Broken("it asked for nothing")),
        };
        if matches!(
            request,
            SyncRequest::Reconcile { .. } | SyncRequest::Summary(_)
        ) {
            stream.account.charge(SET_COST);
        }
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
            Some(answer) => stream.answer(answer).await,
            None => {
                let refused = SyncFrame::Refuse(RefuseReason::Unavailable);
                stream.write(&refused).await
            }
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

/// Gives up what was not taken.
fn reset(send: &mut SendStream) {
    // It fails only when the stream is closed already, which is what is wanted.
    let _ = send.reset(STALLED);
}

/// The stream of one exchange, whose bytes are charged to the peer.
struct Stream<'a> {
    send: &'a mut SendStream,
    recv: &'a mut RecvStream,
    account: &'a Account,
}

impl Stream<'_> {
    async fn read(&mut self) -> Result<SyncFrame, ExchangeError> {
        let frame = timeout(STALL_TIMEOUT, read_frame(self.recv, SYNC_FRAME_BYTES_MAX));
        let frame = frame.await.map_err(|_elapsed| ExchangeError::Stalled)??;
        self.account.charge(frame.len());
        Ok(SyncFrame::decode(&frame)?)
    }

    async fn write(&mut self, frame: &SyncFrame) -> Result<(), ExchangeError> {
        self.write_bytes(&frame.encode()).await
    }

    async fn write_bytes(&mut self, frame: &[u8]) -> Result<(), ExchangeError> {
        self.account.charge(frame.len());
        let written = timeout(STALL_TIMEOUT, write_frame(self.send, frame));
        let written: Result<(), StreamError> =
            written.await.map_err(|_elapsed| ExchangeError::Stalled)?;
        Ok(written?)
    }

    async fn answer(&mut self, answer: SyncAnswer) -> Result<(), ExchangeError> {
        let (events, mut more) = match answer {
            SyncAnswer::Events { events, more } => (events, more),
            SyncAnswer::Summary(summary) => {
                return self.write(&SyncFrame::Summary(summary)).await;
            }
            SyncAnswer::Reconciled(message) => {
                return self.write(&SyncFrame::Reconciled(message)).await;
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
            self.write_bytes(&frame).await?;
        }
        self.write(&SyncFrame::End { more }).await
    }
}
