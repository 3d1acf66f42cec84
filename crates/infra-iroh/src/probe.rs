//! Single looks at what the network around this machine lets through, for a diagnosis.
//!
//! Owns short-lived sockets of its own. Must never use the node's sockets, and never send
//! anything that tells who asks or why.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    time::Duration,
};

use iroh::RelayMode;
use tokio::{
    net::{TcpStream, UdpSocket},
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::dht::resolve;

/// The group of multicast DNS (RFC 6762). A port of our own is used, so that nobody takes the
/// probe for a question.
const MDNS_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

/// What the probe carries.
const PROBE: &[u8; 16] = b"kukuri multicast";

/// Sends a packet to the group of multicast DNS and waits until this machine hears it itself.
///
/// # Errors
/// What the system says, or a time-out: then no interface carries multicast.
pub async fn multicast(limit: Duration) -> io::Result<Duration> {
    let started = Instant::now();
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    socket.set_multicast_loop_v4(true)?;
    socket.set_multicast_ttl_v4(1)?;
    socket.join_multicast_v4(MDNS_GROUP, Ipv4Addr::UNSPECIFIED)?;
    let port = socket.local_addr()?.port();
    socket.send_to(PROBE, (MDNS_GROUP, port)).await?;
    let heard = async {
        let mut bytes = [0; 64];
        loop {
            let (len, _) = socket.recv_from(&mut bytes).await?;
            if &bytes[..len] == PROBE {
                return io::Result::Ok(());
            }
        }
    };
    match timeout(limit, heard).await {
        Ok(heard) => heard.map(|()| started.elapsed()),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "a packet to the group of mDNS did not come back",
        )),
    }
}

/// `host:port` of the relays that a node uses by default: they answer over TCP, by HTTPS.
pub fn default_relays() -> Vec<String> {
    const HTTPS: u16 = 443;
    let urls: Vec<iroh::RelayUrl> = RelayMode::Default.relay_map().urls();
    urls.iter()
        .filter_map(|url| {
            let host = url.host_str()?.trim_end_matches('.').to_owned();
            Some(format!("{host}:{}", url.port().unwrap_or(HTTPS)))
        })
        .collect()
}

/// Connects by TCP to whichever of these answers first (`host:port`).
///
/// # Errors
/// Why the last one that failed did.
pub async fn tcp(places: &[String], limit: Duration) -> io::Result<Duration> {
    let started = Instant::now();
    let mut attempts = JoinSet::new();
    let resolved = resolve(places).await;
    for address in resolved.addresses {
        attempts.spawn(connect(address, limit));
    }
    let why = resolved
        .error
        .unwrap_or_else(|| "there is no address".to_owned());
    let mut last = io::Error::new(io::ErrorKind::NotFound, why);
    while let Some(attempt) = attempts.join_next().await {
        match attempt {
            Ok(Ok(())) => return Ok(started.elapsed()),
            Ok(Err(error)) => last = error,
            Err(panic) => last = io::Error::other(panic),
        }
    }
    Err(last)
}

async fn connect(address: SocketAddrV4, limit: Duration) -> io::Result<()> {
    let connecting = TcpStream::connect(SocketAddr::V4(address));
    match timeout(limit, connecting).await {
        Ok(connected) => connected.map(drop),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_listener_is_reached_and_a_closed_port_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let open = listener.local_addr().expect("bound").to_string();
        tcp(std::slice::from_ref(&open), LIMIT)
            .await
            .expect("it listens");
        drop(listener);
        let error = tcp(&[open], LIMIT).await.expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let error = tcp(&[], LIMIT).await.expect_err("there is none");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
