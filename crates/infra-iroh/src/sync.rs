//! `/kukuri/sync/1`: members ask each other for events and confirm what they hold.
//!
//! Owns both sides of the exchange: one connection per peer that is asked, one stream per
//! exchange, `Hello`, `Welcome` or `Refuse`, a request, `Event`s, `End`. Must never serve a peer
//! that has not proved the topic's handshake key, never name the topic on the stream, and never
//! pass on an event that was not asked for. Events go on unverified: they take the same way as
//! those from gossip.

mod client;
mod clocks;
mod server;
mod shares;

use std::time::Duration;

use iroh::endpoint::{RecvStream, SendStream};
use kukuri_domain::{
    limits::SYNC_FRAME_BYTES_MAX,
    wire::{FrameError, SyncFrame},
};
use thiserror::Error;

use crate::stream::{StreamError, read_frame, write_frame};

pub(crate) use client::SyncClient;
pub(crate) use clocks::PeerClocks;
pub(crate) use server::SyncServer;

/// Limit of one exchange, connection aside.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// The opener has not seen the accepter's nonce yet when it proves its key.
const NO_NONCE: kukuri_domain::presence::Nonce = [0; 32];

/// Why an exchange ended early.
#[derive(Debug, Error)]
enum ExchangeError {
    /// The stream or connection failed.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// What the peer sent is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The peer sent nothing that was due, or took nothing.
    #[error("the peer was too slow")]
    Stalled,
    /// The peer broke the protocol.
    #[error("{0}")]
    Broken(&'static str),
}

impl From<iroh::endpoint::ConnectionError> for ExchangeError {
    fn from(error: iroh::endpoint::ConnectionError) -> Self {
        Self::Stream(StreamError::Io(error.into()))
    }
}

async fn read(recv: &mut RecvStream) -> Result<SyncFrame, ExchangeError> {
    Ok(SyncFrame::decode(
        &read_frame(recv, SYNC_FRAME_BYTES_MAX).await?,
    )?)
}

async fn write(send: &mut SendStream, frame: &SyncFrame) -> Result<(), ExchangeError> {
    Ok(write_frame(send, &frame.encode()).await?)
}

fn finish(send: &mut SendStream) {
    // It fails only when the stream is closed already, which is what is wanted.
    let _ = send.finish();
}
