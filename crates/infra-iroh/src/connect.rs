//! Opening a connection to a peer, and why that failed, in plain words.
//!
//! Owns the limit of one attempt and the reading of iroh's errors: a caller must know whether
//! nobody answered or somebody answered who does not speak the protocol. Must never wait for a
//! relay or for more than the limit.

use std::time::Duration;

use iroh::{
    Endpoint, EndpointAddr,
    endpoint::{
        ConnectError, ConnectWithOptsError, ConnectingError, Connection, ConnectionError,
        TransportErrorCode,
    },
};
use kukuri_application::ports::NetworkError;
use kukuri_domain::PeerId;
use thiserror::Error;

/// Limit of one attempt, name resolution of every kind included.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// TLS alert of a server that speaks none of the offered protocols (RFC 7301).
const NO_APPLICATION_PROTOCOL: u8 = 120;

/// Why there is no connection.
#[derive(Debug, Error)]
pub(crate) enum ConnectFailure {
    /// Somebody answered, but does not speak the protocol.
    #[error("it does not speak this protocol")]
    NotSpoken,
    /// Our own endpoint is closed.
    #[error("the network is closed")]
    Closed,
    /// Nobody answered.
    #[error("{0}")]
    Unreachable(String),
}

impl ConnectFailure {
    pub(crate) fn into_error(self, peer: PeerId) -> NetworkError {
        match self {
            Self::NotSpoken => NetworkError::Protocol {
                peer,
                reason: self.to_string(),
            },
            Self::Closed => NetworkError::Closed,
            Self::Unreachable(reason) => NetworkError::Unreachable { peer, reason },
        }
    }
}

/// Connects within [`CONNECT_TIMEOUT`].
pub(crate) async fn connect(
    endpoint: &Endpoint,
    addr: EndpointAddr,
    alpn: &[u8],
) -> Result<Connection, ConnectFailure> {
    match tokio::time::timeout(CONNECT_TIMEOUT, endpoint.connect(addr, alpn)).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(failure(&error)),
        Err(_elapsed) => Err(ConnectFailure::Unreachable(no_answer())),
    }
}

fn no_answer() -> String {
    format!("no answer in {} s", CONNECT_TIMEOUT.as_secs())
}

fn failure(error: &ConnectError) -> ConnectFailure {
    use ConnectFailure::{Closed, Unreachable};
    match error {
        ConnectError::Connect { source, .. } => match source {
            ConnectWithOptsError::EndpointClosed { .. } => Closed,
            ConnectWithOptsError::SelfConnect { .. } => Unreachable("it is this node".into()),
            ConnectWithOptsError::NoAddress { .. } => Unreachable("no address is known".into()),
            other => Unreachable(other.to_string()),
        },
        ConnectError::Connecting { source, .. } => match source {
            ConnectingError::ConnectionError { source, .. } => connection_failure(source),
            other => Unreachable(other.to_string()),
        },
        ConnectError::Connection { source, .. } => connection_failure(source),
        other => Unreachable(other.to_string()),
    }
}

fn connection_failure(error: &ConnectionError) -> ConnectFailure {
    use ConnectFailure::{Closed, NotSpoken, Unreachable};
    let refused = TransportErrorCode::crypto(NO_APPLICATION_PROTOCOL);
    match error {
        ConnectionError::ConnectionClosed(close) if close.error_code == refused => NotSpoken,
        ConnectionError::TransportError(error) if error.code == refused => NotSpoken,
        ConnectionError::ConnectionClosed(close)
            if close.error_code == TransportErrorCode::CONNECTION_REFUSED =>
        {
            Unreachable("it refused the connection".into())
        }
        ConnectionError::LocallyClosed => Closed,
        ConnectionError::TimedOut => Unreachable(no_answer()),
        ConnectionError::Reset => Unreachable("it has just restarted".into()),
        other => Unreachable(other.to_string()),
    }
}
