//! What one peer may have of this node: bytes, work, exchanges and connections.
//!
//! Owns an account for each peer that asked lately. Who asks for more than its share waits for it,
//! which costs this node a timer. Must never refuse an honest newcomer, and never forget what a
//! peer has used because it came back over another connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use iroh::EndpointId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout},
};

/// Exchanges that are served at once, of all peers.
const EXCHANGES_MAX: usize = 64;

/// Exchanges of one peer that are served at once.
const EXCHANGES_PER_PEER_MAX: usize = 4;

/// How long an exchange waits for one of these places before its peer is told to come later: one
/// that has just been answered frees its place when the answer has arrived.
const PLACE_PATIENCE: Duration = Duration::from_secs(2);

/// Connections of one peer at once. An honest one has one, or two after a restart.
const CONNECTIONS_PER_PEER_MAX: usize = 4;

/// What a peer may take at once, in bytes: a newcomer gets 100,000 posts of ordinary length.
const BURST_BYTES: f64 = 96.0 * 1024.0 * 1024.0;

/// What it may take in a second after that.
const BYTES_PER_SECOND: f64 = 8.0 * 1024.0 * 1024.0;

/// What any exchange costs beside its bytes: a signature's worth of work.
pub(super) const EXCHANGE_COST: usize = 4 * 1024;

/// What a look at the set costs: some milliseconds for a million events.
pub(super) const SET_COST: usize = 128 * 1024;

/// Accounts that are kept; beyond it those that owe the least are forgotten.
const ACCOUNTS_MAX: usize = 4_096;

/// The accounts of all peers.
#[derive(Debug)]
pub(super) struct Shares {
    places: Arc<Semaphore>,
    accounts: Mutex<HashMap<EndpointId, Arc<Account>>>,
}

/// The account of one peer.
#[derive(Debug)]
pub(super) struct Account {
    places: Arc<Semaphore>,
    connections: Arc<Semaphore>,
    used: Mutex<Used>,
}

/// How much of the burst is used up, at some moment; more than all of it is a debt.
#[derive(Debug)]
struct Used {
    bytes: f64,
    at: Instant,
}

impl Used {
    /// What is still used up by now.
    fn now(&mut self) -> f64 {
        let now = Instant::now();
        let passed = now.duration_since(self.at).as_secs_f64();
        self.bytes = (self.bytes - passed * BYTES_PER_SECOND).max(0.0);
        self.at = now;
        self.bytes
    }
}

/// The place of one exchange.
#[derive(Debug)]
pub(super) struct Place {
    _of_peer: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Shares {
    pub(super) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(EXCHANGES_MAX)),
            accounts: Mutex::default(),
        }
    }

    /// A connection of this peer, as long as the permit is held; `None` when it has too many.
    pub(super) fn connected(
        &self,
        peer: EndpointId,
    ) -> Option<(Arc<Account>, OwnedSemaphorePermit)> {
        let mut accounts = self.accounts();
        if !accounts.contains_key(&peer) {
            forget_idle(&mut accounts);
        }
        let account = accounts.entry(peer).or_insert_with(|| {
            Arc::new(Account {
                places: Arc::new(Semaphore::new(EXCHANGES_PER_PEER_MAX)),
                connections: Arc::new(Semaphore::new(CONNECTIONS_PER_PEER_MAX)),
                used: Mutex::new(Used {
                    bytes: 0.0,
                    at: Instant::now(),
                }),
            })
        });
        let connection = account.connections.clone().try_acquire_owned();
        // No permit is no room: the semaphore is never closed.
        Some((account.clone(), connection.ok()?))
    }

    /// A place for an exchange of this peer, once it may have one; `None` when there is none for
    /// too long. Who waits for bytes takes no place from others meanwhile.
    pub(super) async fn place(&self, account: &Account) -> Option<Place> {
        let of_peer = account.places.clone().acquire_owned();
        // Too long, or closed with the node: no place in either case.
        let of_peer = timeout(PLACE_PATIENCE, of_peer).await.ok()?.ok()?;
        account.affords().await;
        let of_all = self.places.clone().acquire_owned();
        // As above.
        let of_all = timeout(PLACE_PATIENCE, of_all).await.ok()?.ok()?;
        Some(Place {
            _of_peer: of_peer,
            _of_all: of_all,
        })
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<EndpointId, Arc<Account>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room: those that owe nothing go, and if that is not enough those that owe the least.
fn forget_idle(accounts: &mut HashMap<EndpointId, Arc<Account>>) {
    if accounts.len() < ACCOUNTS_MAX {
        return;
    }
    let mut idle = accounts
        .iter()
        .filter(|(_, account)| Arc::strong_count(account) == 1)
        .map(|(peer, account)| (*peer, account.used().now()))
        .collect::<Vec<_>>();
    idle.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let few = idle.len().min(ACCOUNTS_MAX / 4);
    let first = idle.iter().take_while(|(_, used)| *used == 0.0).count();
    for (peer, _) in &idle[..first.max(few)] {
        accounts.remove(peer);
    }
}

impl Account {
    /// Notes what was sent, received or worked for the peer.
    pub(super) fn charge(&self, bytes: usize) {
        let mut used = self.used();
        used.now();
        used.bytes += bytes as f64;
    }

    /// Waits until the peer owes nothing.
    async fn affords(&self) {
        loop {
            let debt = self.used().now() - BURST_BYTES;
            if debt <= 0.0 {
                return;
            }
            sleep(Duration::from_secs_f64(debt / BYTES_PER_SECOND)).await;
        }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(n: u8) -> EndpointId {
        iroh::SecretKey::from_bytes(&[n; 32]).public()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_what_comes_after_it_has_a_rate() {
        let shares = Shares::new();
        let (account, _connection) = shares.connected(peer(1)).expect("the first");
        let start = Instant::now();
        for _ in 0..96 {
            drop(shares.place(&account).await.expect("a place"));
            account.charge(1024 * 1024);
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..80 {
            drop(shares.place(&account).await.expect("a place"));
            account.charge(1024 * 1024);
        }
        let passed = start.elapsed().as_secs_f64();
        assert!((9.0..=10.1).contains(&passed), "80 MiB in {passed} s");
    }

    #[tokio::test(start_paused = true)]
    async fn another_connection_is_no_new_account() {
        let shares = Shares::new();
        let (account, connection) = shares.connected(peer(1)).expect("the first");
        account.charge(200 * 1024 * 1024);
        drop((account, connection));
        let (again, _connection) = shares.connected(peer(1)).expect("the second");
        let start = Instant::now();
        shares.place(&again).await.expect("a place");
        assert!(start.elapsed() >= Duration::from_secs(12));
        // Nobody else waits for that.
        let (other, _connection) = shares.connected(peer(2)).expect("another");
        let start = Instant::now();
        shares.place(&other).await.expect("a place");
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_bytes_takes_no_place_from_others() {
        let shares = Shares::new();
        let mut waiting = Vec::new();
        for n in 1..=40 {
            let (account, connection) = shares.connected(peer(n)).expect("one each");
            account.charge(400 * 1024 * 1024);
            waiting.push((account, connection));
        }
        let all = futures_util::future::join_all(
            waiting
                .iter()
                .flat_map(|(account, _)| (0..4).map(|_| shares.place(account))),
        );
        tokio::pin!(all);
        assert!(futures_util::poll!(&mut all).is_pending());
        let (honest, _connection) = shares.connected(peer(99)).expect("one");
        let start = Instant::now();
        shares.place(&honest).await.expect("a place");
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn accounts_and_connections_are_bounded() {
        let shares = Shares::new();
        let held: Vec<_> = (0..CONNECTIONS_PER_PEER_MAX)
            .map(|_| shares.connected(peer(1)).expect("room"))
            .collect();
        assert!(shares.connected(peer(1)).is_none());
        held[0].0.charge(1024 * 1024 * 1024);
        drop(held);
        let mut secret = [7; 32];
        for n in 0..2 * ACCOUNTS_MAX {
            secret[..8].copy_from_slice(&n.to_le_bytes());
            let other = iroh::SecretKey::from_bytes(&secret).public();
            drop(shares.connected(other).expect("room"));
        }
        let accounts = shares.accounts();
        assert!(accounts.len() <= ACCOUNTS_MAX, "{}", accounts.len());
        assert!(accounts.contains_key(&peer(1)), "who owes is remembered");
    }
}
