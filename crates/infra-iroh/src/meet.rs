//! `/kukuri/meet/1`: two endpoints learn which topics they share, and nothing else.
//!
//! Owns both sides of the exchange. Each topic becomes a tag that only a holder of its presence
//! key can recognise, blinded by both nonces, shuffled, and padded with random ones so that the
//! length hides how many topics a node has. Must never send a topic's id or name, and never act
//! on what an inbound meeting shows: the opener dials.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use iroh::{
    Endpoint, EndpointAddr,
    endpoint::{Connection, RecvStream, SendStream},
    protocol::{AcceptError, ProtocolHandler},
};
use kukuri_domain::{
    PeerId, TopicId,
    limits::{MEET_FRAME_BYTES_MAX, MEET_TAGS_MAX, MEET_TAGS_PAD},
    presence::{MeetTag, Nonce, Side, meet_tag},
    wire::{FrameError, MEET_ALPN, MeetFrame},
};
use rand::{Rng as _, seq::SliceRandom as _};
use thiserror::Error;
use tokio::{sync::Semaphore, time::timeout};
use tracing::debug;

use crate::{
    address::peer_id,
    connect::{ConnectFailure, connect},
    stream::{StreamError, read_frame, write_frame},
    tasks::Tasks,
    topics::Topics,
};

/// Limit of one exchange, connection aside.
const MEET_TIMEOUT: Duration = Duration::from_secs(5);

/// Meetings that strangers may hold with us at once; further ones are turned away.
const MEETINGS_MAX: usize = 16;

/// QUIC close codes of this protocol.
mod close_code {
    /// The meeting is over.
    pub(super) const DONE: u32 = 0;
    /// Too many meetings at once.
    pub(super) const BUSY: u32 = 1;
    /// The peer broke the protocol or took too long.
    pub(super) const PROTOCOL: u32 = 2;
}

/// Why a meeting brought no result.
#[derive(Debug, Error)]
pub(crate) enum MeetError {
    /// There is no connection; a stock peer does not speak this protocol.
    #[error(transparent)]
    Connect(#[from] ConnectFailure),
    /// The connection failed on the way.
    #[error("the meeting failed: {0}")]
    Stream(#[from] StreamError),
    /// The peer sent what does not belong here.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// The peer sent a frame out of turn, or another nonce than before.
    #[error("a frame out of turn")]
    OutOfTurn,
    /// The peer took too long.
    #[error("no answer in {} s", MEET_TIMEOUT.as_secs())]
    Timeout,
}

impl From<iroh::endpoint::ConnectionError> for MeetError {
    fn from(error: iroh::endpoint::ConnectionError) -> Self {
        Self::Stream(StreamError::Io(error.into()))
    }
}

/// Both ends of one meeting, as they enter every tag.
struct Meeting {
    opener: PeerId,
    opener_nonce: Nonce,
    accepter: PeerId,
    accepter_nonce: Nonce,
}

impl Meeting {
    fn tag(&self, key: &kukuri_domain::TopicKeys, side: Side) -> MeetTag {
        let opener = (&self.opener, &self.opener_nonce);
        let accepter = (&self.accepter, &self.accepter_nonce);
        meet_tag(&key.presence_key, side, opener, accepter)
    }

    /// What `side` shows: one tag per topic, padded and shuffled.
    fn tags(&self, topics: &Topics, side: Side) -> Vec<MeetTag> {
        let mut rng = rand::rng();
        let mut tags: Vec<_> = topics
            .keys()
            .iter()
            .map(|keys| self.tag(keys, side))
            .collect();
        tags.shuffle(&mut rng);
        tags.truncate(MEET_TAGS_MAX);
        let padded = tags
            .len()
            .next_multiple_of(MEET_TAGS_PAD)
            .clamp(MEET_TAGS_PAD, MEET_TAGS_MAX);
        tags.resize_with(padded, || rng.random());
        tags.shuffle(&mut rng);
        tags
    }

    /// The topics whose tags `side` showed.
    fn shared(&self, topics: &Topics, side: Side, tags: &[MeetTag]) -> BTreeSet<TopicId> {
        let tags: BTreeSet<_> = tags.iter().collect();
        let is_shown = |keys: &kukuri_domain::TopicKeys| tags.contains(&self.tag(keys, side));
        topics
            .keys()
            .iter()
            .filter(|keys| is_shown(keys))
            .map(|keys| keys.id)
            .collect()
    }
}

/// Meets a peer and returns the topics that both have joined.
pub(crate) async fn meet(
    endpoint: &Endpoint,
    topics: &Topics,
    tasks: &Tasks,
    addr: EndpointAddr,
) -> Result<BTreeSet<TopicId>, MeetError> {
    let connection = connect(endpoint, addr, MEET_ALPN).await?;
    let local = peer_id(endpoint.id());
    let met = timeout(MEET_TIMEOUT, open(&connection, local, topics)).await;
    match met.unwrap_or(Err(MeetError::Timeout)) {
        Ok(shared) => {
            // The peer closes when it has read our tags; waiting for that delays nobody's dial.
            tasks.spawn(async move {
                // Too late is closed as well.
                let _ = timeout(MEET_TIMEOUT, connection.closed()).await;
            });
            Ok(shared)
        }
        Err(error) => {
            connection.close(close_code::PROTOCOL.into(), b"");
            Err(error)
        }
    }
}

async fn open(
    connection: &Connection,
    local: PeerId,
    topics: &Topics,
) -> Result<BTreeSet<TopicId>, MeetError> {
    let opener_nonce: Nonce = rand::rng().random();
    let (mut send, mut recv) = connection.open_bi().await?;
    write_frame(
        &mut send,
        &MeetFrame::Open {
            nonce: opener_nonce,
        }
        .encode(),
    )
    .await?;
    let MeetFrame::Tags {
        nonce: accepter_nonce,
        tags,
    } = read(&mut recv).await?
    else {
        return Err(MeetError::OutOfTurn);
    };
    let accepter = peer_id(connection.remote_id());
    let meeting = Meeting {
        opener: local,
        opener_nonce,
        accepter,
        accepter_nonce,
    };
    let shared = meeting.shared(topics, Side::Accepter, &tags);
    let own = meeting.tags(topics, Side::Opener);
    write_frame(
        &mut send,
        &MeetFrame::Tags {
            nonce: opener_nonce,
            tags: own,
        }
        .encode(),
    )
    .await?;
    finish(&mut send);
    Ok(shared)
}

async fn accept(
    connection: &Connection,
    local: PeerId,
    topics: &Topics,
) -> Result<BTreeSet<TopicId>, MeetError> {
    let (mut send, mut recv) = connection.accept_bi().await?;
    let MeetFrame::Open {
        nonce: opener_nonce,
    } = read(&mut recv).await?
    else {
        return Err(MeetError::OutOfTurn);
    };
    let opener = peer_id(connection.remote_id());
    let accepter_nonce = rand::rng().random();
    let meeting = Meeting {
        opener,
        opener_nonce,
        accepter: local,
        accepter_nonce,
    };
    let own = meeting.tags(topics, Side::Accepter);
    write_frame(
        &mut send,
        &MeetFrame::Tags {
            nonce: accepter_nonce,
            tags: own,
        }
        .encode(),
    )
    .await?;
    finish(&mut send);
    match read(&mut recv).await? {
        MeetFrame::Tags { nonce, tags } if nonce == opener_nonce => {
            Ok(meeting.shared(topics, Side::Opener, &tags))
        }
        _ => Err(MeetError::OutOfTurn),
    }
}

async fn read(recv: &mut RecvStream) -> Result<MeetFrame, MeetError> {
    Ok(MeetFrame::decode(
        &read_frame(recv, MEET_FRAME_BYTES_MAX).await?,
    )?)
}

fn finish(send: &mut SendStream) {
    // It fails only when the stream is closed already, which is what is wanted.
    let _ = send.finish();
}

/// The accepting side.
#[derive(Debug, Clone)]
pub(crate) struct MeetServer {
    local: PeerId,
    topics: Topics,
    room: Arc<Semaphore>,
}

impl MeetServer {
    pub(crate) fn new(local: PeerId, topics: Topics) -> Self {
        Self {
            local,
            topics,
            room: Arc::new(Semaphore::new(MEETINGS_MAX)),
        }
    }
}

impl ProtocolHandler for MeetServer {
    async fn accept(&self, connection: Connection) -> Result<(), AcceptError> {
        let Ok(_room) = self.room.try_acquire() else {
            connection.close(close_code::BUSY.into(), b"busy");
            return Ok(());
        };
        let met = timeout(MEET_TIMEOUT, accept(&connection, self.local, &self.topics)).await;
        let peer = peer_id(connection.remote_id());
        match met.unwrap_or(Err(MeetError::Timeout)) {
            Ok(shared) => {
                debug!(peer = %peer.short(), shared = shared.len(), "met");
                connection.close(close_code::DONE.into(), b"");
            }
            Err(error) => {
                debug!(peer = %peer.short(), %error, "a meeting failed");
                connection.close(close_code::PROTOCOL.into(), b"");
            }
        }
        Ok(())
    }
}
