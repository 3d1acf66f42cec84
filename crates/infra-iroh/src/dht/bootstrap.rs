//! Owns the way from `host:port` settings to addresses of bootstrap nodes.
//!
//! It must never block a thread of the runtime or wait longer than [`RESOLVE_TIMEOUT`]. The DHT
//! crate would resolve names itself, once, blocking, and swallow the failure; it is only ever
//! given addresses.

use std::io;
use std::net::{SocketAddr, SocketAddrV4, ToSocketAddrs};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

/// Longest wait for one name.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);
/// Once one name is known, how long the others may still take: one good node is enough to start.
const RESOLVE_GRACE: Duration = Duration::from_millis(200);
/// Addresses taken from one name.
const ADDRESSES_PER_NAME_MAX: usize = 4;
/// Lookups of the process that may block at the same time: the four public names, tried again
/// every four seconds, against a resolver that gives up after half a minute.
static LOOKUPS: Semaphore = Semaphore::const_new(32);

/// What resolving a list of names gave.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// IPv4 addresses, since the DHT crate speaks nothing else.
    pub(crate) addresses: Vec<SocketAddrV4>,
    /// Why the last name that failed did.
    pub(crate) error: Option<String>,
}

/// Resolves all of `names` at once.
pub(crate) async fn resolve(names: &[String]) -> Resolved {
    let mut resolved = Resolved::default();
    let mut lookups = JoinSet::new();
    for name in names {
        match name.parse::<SocketAddrV4>() {
            Ok(address) => resolved.addresses.push(address),
            Err(_not_a_literal) => {
                let name = name.clone();
                lookups.spawn(async move { resolve_one(&name).await });
            }
        }
    }
    // Each lookup ends by itself; the margin lets it say why.
    let mut deadline = Instant::now() + RESOLVE_TIMEOUT + RESOLVE_GRACE;
    if !resolved.addresses.is_empty() {
        deadline = Instant::now() + RESOLVE_GRACE;
    }
    while let Ok(Some(joined)) = timeout_at(deadline, lookups.join_next()).await {
        match joined {
            Ok(Ok(addresses)) if !addresses.is_empty() => {
                resolved.addresses.extend(addresses);
                deadline = deadline.min(Instant::now() + RESOLVE_GRACE);
            }
            Ok(Ok(_)) => resolved.error = Some("a bootstrap name has no IPv4 address".to_owned()),
            Ok(Err(error)) => resolved.error = Some(error),
            Err(panicked) => resolved.error = Some(panicked.to_string()),
        }
    }
    resolved
}

async fn resolve_one(name: &str) -> Result<Vec<SocketAddrV4>, String> {
    let late = |_| {
        format!(
            "failed to resolve {name}: no answer within {} s",
            RESOLVE_TIMEOUT.as_secs()
        )
    };
    timeout(RESOLVE_TIMEOUT, lookup(name))
        .await
        .map_err(late)?
        .map_err(|error| format!("failed to resolve {name}: {error}"))
}

/// Asks the system's resolver on a thread of its own: it may block for half a minute when the
/// name server is dead, and the runtime, when it ends, waits for its own blocking threads
/// (`tokio::net::lookup_host` uses them) but not for this one.
async fn lookup(name: &str) -> io::Result<Vec<SocketAddrV4>> {
    let place = LOOKUPS
        .try_acquire()
        .map_err(|_| io::Error::other("too many earlier lookups are still waiting"))?;
    let (answer, answered) = oneshot::channel();
    let name = name.to_owned();
    std::thread::Builder::new()
        .name("dht-resolver".to_owned())
        .spawn(move || {
            let addresses = name.to_socket_addrs().map(|addresses| {
                addresses
                    .filter_map(|address| match address {
                        SocketAddr::V4(v4) => Some(v4),
                        SocketAddr::V6(_) => None,
                    })
                    .take(ADDRESSES_PER_NAME_MAX)
                    .collect()
            });
            drop(place);
            // Nobody listens any more when the answer came too late.
            let _ = answer.send(addresses);
        })?;
    answered
        .await
        .map_err(|_| io::Error::other("the resolver thread ended without an answer"))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn literals_need_no_resolver_and_bad_names_are_reported() {
        let started = Instant::now();
        let resolved = resolve(&[
            "127.0.0.1:6881".to_owned(),
            "no-port-here".to_owned(),
            "localhost:25401".to_owned(),
        ])
        .await;
        assert!(
            resolved
                .addresses
                .contains(&"127.0.0.1:6881".parse().expect("a literal"))
        );
        assert!(
            resolved
                .addresses
                .contains(&"127.0.0.1:25401".parse().expect("a literal"))
        );
        assert!(resolved.error.is_some());
        assert!(started.elapsed() < RESOLVE_TIMEOUT + Duration::from_secs(1));
    }
}
