//! Owns the process's one Mainline DHT client: its start, its rebuilding after the network came
//! or changed, and the two operations that everything else is made of (get and put of a mutable
//! item, BEP 44).
//!
//! It must never listen on a fixed port (unset means 6881 to the DHT crate), serve queries, or
//! hand the crate a name to resolve. A lookup here never waits for the network to be complete:
//! values are passed on as they arrive.
//!
//! While it has a routing table it costs one wake-up per second inside the crate and one look at
//! the table per [`CHECK_PERIOD`] here.

mod operations;
mod supervisor;

use std::net::SocketAddrV4;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use n0_mainline::Dht;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub(crate) use operations::Values;
use supervisor::{Command, Supervisor};

/// The public bootstrap nodes of Mainline.
pub const PUBLIC_BOOTSTRAP: [&str; 4] = [
    "router.bittorrent.com:6881",
    "dht.transmissionbt.com:6881",
    "dht.libtorrent.org:25401",
    "relay.pkarr.org:6881",
];

/// Remembered nodes that are tried; more would make every lookup of a young table visit them all.
const KNOWN_NODES_MAX: usize = 12;
/// Good nodes that [`DhtClient::known_nodes`] offers for storing.
const KNOWN_NODES_STORED_MAX: usize = 32;
/// Commands to the supervisor. They only say "look again": one that finds the channel full adds
/// nothing to those in it.
const COMMAND_CAPACITY: usize = 4;
/// How often a connected client looks whether it still has a routing table.
const CHECK_PERIOD: Duration = Duration::from_secs(10);

/// What a [`DhtClient`] starts from.
#[derive(Debug, Clone)]
pub struct DhtConfig {
    /// `host:port` of the bootstrap nodes (`discovery.dht.bootstrap`).
    pub bootstrap: Vec<String>,
    /// Nodes that answered last time ([`DhtClient::known_nodes`]); they are tried first.
    pub known_nodes: Vec<SocketAddrV4>,
}

impl Default for DhtConfig {
    fn default() -> Self {
        Self {
            bootstrap: PUBLIC_BOOTSTRAP.map(str::to_owned).to_vec(),
            known_nodes: Vec::new(),
        }
    }
}

/// Why a DHT operation gave nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DhtError {
    /// No DHT node has answered yet; trying goes on in the background.
    #[error("the DHT is not reachable{}", cause(.0.as_deref()))]
    NotReady(Option<String>),
    /// Nobody near the target answered: the routing table is stale. A rebuild has been asked for.
    #[error("no DHT node near the target answered")]
    NoNodes,
    /// The nodes did not answer in time.
    #[error("the DHT did not answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// Nodes hold a newer item, or this process is just putting another one at the same place.
    #[error("another item is being stored at the same place")]
    Conflict,
    /// The nodes refused the item.
    #[error("the DHT refused the item: {0}")]
    Refused(String),
    /// The client was shut down.
    #[error("the DHT client is closed")]
    Closed,
}

fn cause(cause: Option<&str>) -> String {
    cause.map(|cause| format!(": {cause}")).unwrap_or_default()
}

/// The state of the client, for `explain` and `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DhtStatus {
    /// Whether there is a client with a routing table.
    pub bootstrapped: bool,
    /// Nodes in that table.
    pub table_nodes: usize,
    /// The local UDP port.
    pub port: Option<u16>,
    /// How often the client was built.
    pub builds: u64,
    /// Why the last attempt to connect failed; `None` while connected.
    pub last_error: Option<String>,
}

/// A built DHT node with a routing table.
#[derive(Debug, Clone)]
struct Connected {
    /// Which build this is, so that a complaint about an old one does no harm to its successor.
    generation: u64,
    dht: Dht,
}

/// What the supervisor tells about itself.
#[derive(Debug, Default)]
struct Report {
    builds: AtomicU64,
    last_error: Mutex<Option<String>>,
}

impl Report {
    fn set_error(&self, error: Option<String>) {
        *self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = error;
    }

    fn error(&self) -> Option<String> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Handle to the process's DHT client; cloning it is cheap. Dropping the last handle, or the
/// token given to [`DhtClient::start`], ends it.
#[derive(Debug, Clone)]
pub struct DhtClient {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    current: watch::Receiver<Option<Connected>>,
    commands: mpsc::Sender<Command>,
    report: Arc<Report>,
    shutdown: CancellationToken,
    /// Holds the supervisor; dropping it aborts what is left of it.
    _tasks: JoinSet<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl DhtClient {
    /// Starts the client in the background and returns at once; must be called in a tokio
    /// runtime. Without a route or DNS it keeps trying, every half second to two seconds.
    #[must_use]
    pub fn start(config: DhtConfig, shutdown: &CancellationToken) -> Self {
        let (current_sender, current) = watch::channel(None);
        let last = current_sender.clone();
        let (commands, command_receiver) = mpsc::channel(COMMAND_CAPACITY);
        let report = Arc::new(Report::default());
        let shutdown = shutdown.child_token();
        let supervisor = Supervisor::new(
            config,
            current_sender,
            command_receiver,
            Arc::clone(&report),
        );
        let mut tasks = JoinSet::new();
        let token = shutdown.clone();
        tasks.spawn(async move {
            // `None` means cancelled, which is how a supervisor ends.
            token.run_until_cancelled(supervisor.run()).await;
            // The socket closes with the last handle to the node, and this is one.
            last.send_replace(None);
        });
        Self {
            shared: Arc::new(Shared {
                current,
                commands,
                report,
                shutdown,
                _tasks: tasks,
            }),
        }
    }

    /// Waits until the client has a routing table.
    ///
    /// # Errors
    /// [`DhtError::NotReady`] after `timeout`, [`DhtError::Closed`] after a shutdown.
    pub async fn ready(&self, timeout: Duration) -> Result<(), DhtError> {
        self.connected(Instant::now() + timeout).await.map(drop)
    }

    /// The state of the client now.
    pub async fn status(&self) -> DhtStatus {
        let connected = self.shared.current.borrow().clone();
        let info = match &connected {
            // A node that is gone has no table.
            Some(connected) => connected.dht.info().await.ok(),
            None => None,
        };
        let table_nodes = info.as_ref().map_or(0, |info| info.routing_table_size());
        DhtStatus {
            bootstrapped: table_nodes > 0,
            table_nodes,
            port: info.map(|info| info.local_addr().port()),
            builds: self.shared.report.builds.load(Ordering::Relaxed),
            last_error: self.shared.report.error(),
        }
    }

    /// Nodes that are known to be good now, for [`DhtConfig::known_nodes`] of the next start.
    pub async fn known_nodes(&self) -> Vec<SocketAddrV4> {
        let connected = self.shared.current.borrow().clone();
        match connected {
            Some(connected) => supervisor::good_nodes(&connected.dht, KNOWN_NODES_STORED_MAX).await,
            None => Vec::new(),
        }
    }

    /// Says that addresses or routes of this machine changed: the client is built anew, the old
    /// one serves until the new one has a routing table.
    pub fn network_changed(&self) {
        self.command(Command::NetworkChanged);
    }

    /// Ends the client; every later operation gives [`DhtError::Closed`].
    pub fn shutdown(&self) {
        self.shared.shutdown.cancel();
    }

    fn command(&self, command: Command) {
        // A full channel already holds a command of the same meaning, a closed one needs none.
        let _ = self.shared.commands.try_send(command);
    }

    /// Waits until the client has a routing table, however long that takes.
    ///
    /// # Errors
    /// [`DhtError::Closed`] after a shutdown.
    pub(crate) async fn ready_at_last(&self) -> Result<(), DhtError> {
        while let Err(error) = self.ready(CHECK_PERIOD).await {
            if matches!(error, DhtError::Closed) {
                return Err(error);
            }
        }
        Ok(())
    }

    async fn connected(&self, deadline: Instant) -> Result<Connected, DhtError> {
        let mut current = self.shared.current.clone();
        let waiting = current.wait_for(Option::is_some);
        let connected = tokio::select! {
            biased;
            () = self.shared.shutdown.cancelled() => return Err(DhtError::Closed),
            waited = timeout_at(deadline, waiting) => match waited {
                Ok(Ok(connected)) => connected.clone(),
                Ok(Err(_sender_gone)) => return Err(DhtError::Closed),
                Err(_elapsed) => return Err(DhtError::NotReady(self.shared.report.error())),
            },
        };
        connected.ok_or(DhtError::Closed)
    }
}
