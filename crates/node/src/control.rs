//! The control socket: how other processes of the same user reach a running node.
//!
//! Owns the protocol (JSON-RPC 2.0, one message per line, `hello` first), the socket's place, and
//! both ends. Must never answer another user, never let a client that reads slowly or writes too
//! much grow this process, and never carry a secret.

mod message;
mod methods;
mod place;
mod server;

use std::{io, time::Duration};

use thiserror::Error;

use crate::{
    client::{Client, ClientError, Code, Remote},
    home::Home,
};

pub use place::SocketPlace;
pub use server::ControlServer;

pub(crate) use message::{
    AuthorParams, EntryHistoryParams, EntryParams, EventParams, EventsParams, FindPostParams,
    Hello, Incoming, JoinParams, MarkReadParams, MaybeTopicParams, PostParams, ReactParams,
    SubscriptionParams, TopicParams, WriteEntriesParams, method, notification, parse_incoming,
    request,
};

/// Version of the protocol. A client of another major version is told so.
pub const PROTOCOL: u32 = 1;

/// Longest line that a node takes: a post of the greatest size, escaped. Whoever writes several
/// entries at once has to divide them.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// How long a node may take to say hello.
const HELLO_MAX: Duration = Duration::from_secs(2);

/// Why a control socket is not served.
#[derive(Debug, Error)]
pub enum ControlError {
    /// It cannot be made.
    #[error("the control socket {place} cannot be made: {source}")]
    Listen {
        /// Where.
        place: SocketPlace,
        /// Why.
        source: io::Error,
    },
}

/// Why a node that seems to run cannot be used.
#[derive(Debug, Error)]
pub enum AttachError {
    /// There is a socket, but no answer.
    #[error("the node's control socket exists but did not reply within {} s", HELLO_MAX.as_secs())]
    Silent,
    /// Another program serves the socket.
    #[error("the control socket {place} belongs to another program: {reason}")]
    Foreign {
        /// Where.
        place: SocketPlace,
        /// What it did.
        reason: String,
    },
    /// The node is of another version.
    #[error("the running node speaks protocol {found}, this program {PROTOCOL}")]
    Version {
        /// What the node speaks.
        found: u32,
    },
    /// The node refused.
    #[error("the running node refused: {0}")]
    Refused(ClientError),
}

/// The client of the node that runs for this profile; `None` when none does. The socket of a
/// process that died is no node.
///
/// # Errors
/// [`AttachError`].
pub async fn attach(home: &Home) -> Result<Option<Client>, AttachError> {
    let place = SocketPlace::of_running(home);
    let stream = match place.connect().await {
        Ok(stream) => stream,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => {
            let reason = error.to_string();
            return Err(AttachError::Foreign { place, reason });
        }
    };
    let remote = tokio::time::timeout(HELLO_MAX, Remote::open(stream))
        .await
        .map_err(|_| AttachError::Silent)?;
    match remote {
        Ok(remote) if remote.protocol() != PROTOCOL => Err(AttachError::Version {
            found: remote.protocol(),
        }),
        Ok(remote) => Ok(Some(Client::remote(remote))),
        // It ended just now.
        Err(error) if error.code == Code::Closed => Ok(None),
        Err(error) if error.code == Code::Protocol => Err(AttachError::Foreign {
            place,
            reason: error.message,
        }),
        Err(error) => Err(AttachError::Refused(error)),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::ConnectionRefused
    )
}

#[cfg(all(test, unix))]
mod tests;
