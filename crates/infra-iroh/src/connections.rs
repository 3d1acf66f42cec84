//! The connections that the endpoint has, whoever opened them.
//!
//! Owns a table of weak handles, filled by iroh's hook after each handshake: it is the only
//! place that also sees the connections that gossip opens by itself. Must never keep a
//! connection alive: gossip and the stream protocols close theirs by dropping them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use iroh::{
    EndpointId,
    endpoint::{
        AfterHandshakeOutcome, Connection, EndpointHooks, LocalTransportAddr, Side,
        WeakConnectionHandle,
    },
};
use iroh_gossip::net::GOSSIP_ALPN;

/// Peers in the table above which those without a connection are forgotten.
const PRUNE_ABOVE: usize = 256;

/// After this both sides have surely taken note of a connection.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// Every connection of the endpoint, by peer. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<HashMap<EndpointId, Vec<Entry>>>>);

#[derive(Debug)]
struct Entry {
    connection: WeakConnectionHandle,
    is_gossip: bool,
    is_inbound: bool,
    opened_at: Instant,
}

impl Entry {
    fn live(&self) -> Option<Connection> {
        self.connection
            .upgrade()
            .filter(|connection| connection.close_reason().is_none())
    }
}

impl EndpointHooks for Connections {
    async fn after_handshake<'a>(&'a self, connection: &'a Connection) -> AfterHandshakeOutcome {
        let entry = Entry {
            connection: connection.weak_handle(),
            is_gossip: connection.alpn() == GOSSIP_ALPN,
            is_inbound: connection.side() == Side::Server,
            opened_at: Instant::now(),
        };
        let mut table = self.lock();
        if table.len() > PRUNE_ABOVE {
            table.retain(|_, entries| entries.iter().any(|entry| entry.live().is_some()));
        }
        let entries = table.entry(connection.remote_id()).or_default();
        entries.retain(|entry| entry.live().is_some());
        entries.push(entry);
        AfterHandshakeOutcome::accept()
    }
}

impl Connections {
    /// The newest open connection for gossip to this peer.
    pub(crate) fn gossip(&self, peer: EndpointId) -> Option<Connection> {
        let table = self.lock();
        let entries = table.get(&peer)?;
        entries
            .iter()
            .rev()
            .filter(|entry| entry.is_gossip)
            .find_map(Entry::live)
    }

    /// Whether the peer opened the newest connection for gossip.
    pub(crate) fn is_gossip_inbound(&self, peer: EndpointId) -> bool {
        let table = self.lock();
        let entries = table.get(&peer).map(Vec::as_slice).unwrap_or_default();
        let newest = entries
            .iter()
            .rev()
            .find(|entry| entry.is_gossip && entry.live().is_some());
        newest.is_some_and(|entry| entry.is_inbound)
    }

    /// The open connections for gossip to this peer that `newest`, which we have just opened,
    /// takes the place of. One that the peer opened at about the same time is none of them: the
    /// peer may have taken ours before its own.
    pub(crate) fn superseded_gossip(&self, newest: &Connection) -> Vec<WeakConnectionHandle> {
        let table = self.lock();
        let entries = table
            .get(&newest.remote_id())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let is_superseded = |entry: &&Entry| {
            let is_settled = !entry.is_inbound || entry.opened_at.elapsed() >= SETTLED_AFTER;
            let live = entry.live();
            let is_other = live.is_some_and(|live| live.stable_id() != newest.stable_id());
            entry.is_gossip && is_settled && is_other
        };
        let superseded = entries.iter().filter(is_superseded);
        superseded.map(|entry| entry.connection.clone()).collect()
    }

    /// Whether there is a connection for gossip with the same peer that is newer than this one: it
    /// may have started anew meanwhile, and then only answers over the newer one, while the older
    /// one looks open until it times out.
    pub(crate) fn is_outlived(&self, older: &Connection) -> bool {
        let table = self.lock();
        let entries = table.get(&older.remote_id()).map(Vec::as_slice);
        let live = entries.unwrap_or_default().iter();
        let live: Vec<_> = live.filter_map(|e| Some((e, e.live()?))).collect();
        let is_it = |live: &Connection| live.stable_id() == older.stable_id();
        let own = live.iter().find(|(_, live)| is_it(live));
        own.is_some_and(|(own, _)| {
            let mut others = live.iter();
            others.any(|(entry, _)| entry.is_gossip && entry.opened_at > own.opened_at)
        })
    }

    /// The open connections that are older than `before` and send from an address that is not
    /// one that `is_ours`.
    pub(crate) fn stranded(
        &self,
        before: Instant,
        is_ours: impl Fn(IpAddr) -> bool,
    ) -> Vec<Connection> {
        let table = self.lock();
        let older = table.values().flatten().filter(|e| e.opened_at < before);
        let live = older.filter_map(Entry::live);
        live.filter(|connection| {
            let paths = connection.paths();
            let used = paths.iter().find(|path| path.is_selected());
            !used.is_some_and(|path| match path.local_addr() {
                LocalTransportAddr::Ip(Some(ip)) => is_ours(*ip),
                // A relay, or a system that does not say: left to time.
                _ => true,
            })
        })
        .collect()
    }

    /// The round trip to the farthest peer; zero without a connection.
    pub(crate) fn longest_round_trip(&self) -> Duration {
        let table = self.lock();
        let live = table.values().flatten().filter_map(Entry::live);
        let round_trip = |connection: Connection| {
            let paths = connection.paths();
            let used = paths.iter().find(|path| path.is_selected());
            used.map(|path| path.rtt())
        };
        live.filter_map(round_trip).max().unwrap_or_default()
    }

    /// Any open connection to this peer, one for gossip rather than another.
    pub(crate) fn any(&self, peer: EndpointId) -> Option<Connection> {
        let gossip = self.gossip(peer);
        gossip.or_else(|| self.lock().get(&peer)?.iter().rev().find_map(Entry::live))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EndpointId, Vec<Entry>>> {
        self.0
            .lock()
            .expect("no code panics while it holds the table")
    }
}
