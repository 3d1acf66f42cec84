//! The one page on which the programs choose their adapters: SQLite, iroh, the DHT. Which vault
//! holds the keys is chosen in `keys`.
//!
//! Owns the order in which a node comes up: database, keys, network, discovery, engine. Must
//! never decide anything that a setting decides, and leaves nothing half-made when it fails.

use std::{net::SocketAddrV4, path::PathBuf, sync::Arc, time::Duration};

use kukuri_application::{
    discovery::{self, ConfiguredPeersSource, KnownPeersSource},
    engine::{self, Ports},
    keys::ProfileKeys,
    ports::{Clock, NetworkError, PeerSource, TopicBook},
};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_infra_iroh::{
    Network, NetworkConfig,
    dht::{
        AddressLookupConfig, DhtAddressLookup, DhtClient, DhtConfig, DhtSource, PublishedAddresses,
        PutRate, SlotTracker, TrackerPolicy,
    },
};
use kukuri_node::{
    Client, Node, Parts, ProfileLock, Settings,
    config::{NetworkMode, PublishAddresses},
    node::StopError,
    platform::SystemClock,
};
use tokio_util::sync::CancellationToken;

use crate::{
    failure::{Exit, Failure},
    keys::{KeySource, Opened},
    place::Place,
};

/// How long the end waits for the DHT to name nodes that are worth remembering.
const REMEMBER_MAX: Duration = Duration::from_millis(500);

/// What a node is made of: settings, and what a profile and the demo choose differently.
pub struct Plan {
    /// The configuration.
    pub settings: Settings,
    /// Name of the profile.
    pub profile: String,
    /// File of the database.
    pub database: PathBuf,
    /// The profile's place, for people.
    pub home_text: String,
    /// Where the keys are.
    pub keys: KeySource,
    /// Port that the profile keeps; another one is taken when it is in use.
    pub kept_port: Option<u16>,
    /// The profile's lock.
    pub lock: Option<ProfileLock>,
}

/// A running node with what has to end beside it.
pub struct Running {
    node: Node,
    book: Arc<dyn TopicBook>,
    dht: Option<DhtClient>,
    cancel: CancellationToken,
}

/// Starts the node of a profile whose lock is held, and lets other processes use it; they know if
/// it ends with this command.
///
/// # Errors
/// [`Failure`]; then nothing runs and nothing was left half-made.
pub async fn start_profile(
    place: &Place,
    lock: ProfileLock,
    is_brief: bool,
) -> Result<Running, Failure> {
    let Place { home, settings, .. } = place;
    let mut running = start(Plan {
        profile: home.profile().to_owned(),
        database: home.database(),
        home_text: place.shown_home(),
        keys: KeySource::Profile(Box::new(place.clone())),
        kept_port: Some(home.port()?),
        lock: Some(lock),
        settings: settings.clone(),
    })
    .await?;
    match running.node.serve_control(home, place.program, is_brief) {
        Ok(()) => Ok(running),
        Err(error) => {
            running.shutdown().await?;
            Err(error.into())
        }
    }
}

/// Opens the database of a profile without a node: for reading only, or, with its lock, to write.
///
/// # Errors
/// [`Failure`] with [`Exit::Disk`].
pub async fn open_database(
    place: &Place,
    read_only: bool,
    clock: Arc<dyn Clock>,
) -> Result<Arc<Database>, Failure> {
    let path = place.home.database();
    let options = OpenOptions {
        read_only,
        ..options(&place.settings)
    };
    Ok(Arc::new(Database::open(&path, options, clock).await?))
}

fn options(settings: &Settings) -> OpenOptions {
    OpenOptions {
        read_only: false,
        topic_bytes_max: Some(settings.storage.topic_bytes_max.unwrap_or(u64::MAX)),
    }
}

/// Starts a node.
///
/// # Errors
/// [`Failure`]; then nothing runs.
pub async fn start(plan: Plan) -> Result<Running, Failure> {
    let Plan {
        settings,
        profile,
        database,
        home_text,
        keys,
        kept_port,
        lock,
    } = plan;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let database = Database::open(&database, options(&settings), clock.clone()).await?;
    let database = Arc::new(database);
    let Opened {
        keys,
        identity,
        store: key_store,
    } = keys.open(database.is_unused().await?).await?;

    let cancel = CancellationToken::new();
    let dht = start_dht(&settings, database.as_ref(), &keys, &cancel).await?;
    let network = start_network(&settings, &keys, dht.as_ref(), kept_port, clock.clone()).await?;
    if let Some(dht) = &dht {
        network.follow(dht.client.clone());
    }
    let sources = sources(&settings, &network, &database, dht.as_ref());
    let ports = Ports {
        store: database.clone(),
        book: database.clone(),
        network: Arc::new(network),
        sources,
        identity: Arc::new(identity),
        clock,
    };
    let node = Node::start(Parts {
        ports,
        settings: discovery_settings(&settings),
        key_store,
        profile,
        home: home_text,
        version: env!("CARGO_PKG_VERSION"),
        lock,
    });
    let dht = dht.map(|dht| dht.client);
    Ok(Running {
        node,
        book: database,
        dht,
        cancel,
    })
}

/// The parts that share the process's one DHT client.
struct Dht {
    client: DhtClient,
    tracker: SlotTracker,
    lookup: DhtAddressLookup,
}

async fn start_dht(
    settings: &Settings,
    book: &dyn TopicBook,
    keys: &ProfileKeys,
    cancel: &CancellationToken,
) -> Result<Option<Dht>, Failure> {
    if !settings.dht_enabled() {
        return Ok(None);
    }
    let mut config = dht_config(settings);
    let remembered = book.dht_nodes().await?;
    config.known_nodes = remembered
        .iter()
        // What is no address (it may be of a later version) is not worth an error.
        .filter_map(|node| node.parse::<SocketAddrV4>().ok())
        .collect();
    let client = DhtClient::start(config, cancel);
    let (policy, lookup) = (tracker_policy(settings), address_lookup_config(settings));
    let secret = *keys.endpoint_key.expose();
    Ok(Some(Dht {
        tracker: SlotTracker::new(client.clone(), secret.into(), policy, cancel),
        lookup: DhtAddressLookup::new(client.clone(), secret.into(), lookup, cancel),
        client,
    }))
}

fn dht_config(settings: &Settings) -> DhtConfig {
    let mut config = DhtConfig::default();
    if !settings.discovery.dht.bootstrap.is_empty() {
        config.bootstrap = settings.discovery.dht.bootstrap.clone();
    }
    config
}

fn tracker_policy(settings: &Settings) -> TrackerPolicy {
    let wanted = &settings.discovery.dht;
    TrackerPolicy {
        rate: PutRate {
            per_minute: wanted.rate_limit_per_min,
        },
        retries: wanted.retries,
        jitter_max: Duration::from_millis(wanted.jitter_ms),
    }
}

fn address_lookup_config(settings: &Settings) -> AddressLookupConfig {
    AddressLookupConfig {
        published: published_addresses(settings),
        timeout: Duration::from_millis(settings.discovery.dht.timeout_ms),
        ..AddressLookupConfig::default()
    }
}

fn published_addresses(settings: &Settings) -> PublishedAddresses {
    match (settings.network.publish_addresses, settings.network.mode) {
        (PublishAddresses::Auto, NetworkMode::Internet) => PublishedAddresses::Relay,
        (PublishAddresses::Auto, NetworkMode::Serverless) => PublishedAddresses::Direct,
        (PublishAddresses::Auto, NetworkMode::Lan) => PublishedAddresses::None,
        (PublishAddresses::Relay, _) => PublishedAddresses::Relay,
        (PublishAddresses::Direct, _) => PublishedAddresses::Direct,
        (PublishAddresses::None, _) => PublishedAddresses::None,
    }
}

/// Opens the network on the configured addresses, or on the port that the profile keeps. The
/// kept port is a habit and no promise: when it is taken, the system chooses.
async fn start_network(
    settings: &Settings,
    keys: &ProfileKeys,
    dht: Option<&Dht>,
    kept_port: Option<u16>,
    clock: Arc<dyn Clock>,
) -> Result<Network, NetworkError> {
    let open = async |config: NetworkConfig| {
        let mut lookups: Vec<Box<_>> = Vec::new();
        if let Some(dht) = dht {
            lookups.push(Box::new(dht.lookup.clone()) as _);
        }
        Network::start(keys.endpoint_key.expose(), config, lookups, clock.clone()).await
    };
    let config = network_config(settings);
    let Some(port) = kept_port.filter(|_| config.bind.is_empty()) else {
        return open(config).await;
    };
    let all_interfaces = |port: u16| vec![([0, 0, 0, 0], port).into(), ([0_u16; 8], port).into()];
    match open(NetworkConfig {
        bind: all_interfaces(port),
        ..config.clone()
    })
    .await
    {
        Err(NetworkError::PortTaken { port }) => {
            tracing::debug!(
                port,
                "the profile's port is taken, another one is used this time"
            );
            open(NetworkConfig {
                bind: all_interfaces(0),
                ..config
            })
            .await
        }
        opened => opened,
    }
}

fn network_config(settings: &Settings) -> NetworkConfig {
    use kukuri_infra_iroh::NetworkMode as Mode;
    let network = &settings.network;
    NetworkConfig {
        bind: network.bind.clone(),
        mode: match network.mode {
            NetworkMode::Internet => Mode::Internet,
            NetworkMode::Serverless => Mode::Serverless,
            NetworkMode::Lan => Mode::Lan,
        },
        relays: network.relays.clone(),
        pkarr_relays: network.pkarr_relays.clone(),
        published: published_addresses(settings),
        port_mapping: network.port_mapping,
        external_addrs: network.external_addrs.clone(),
        mdns_enabled: settings.discovery.mdns_enabled,
        agent: concat!("kukuri/", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}

fn sources(
    settings: &Settings,
    network: &Network,
    database: &Arc<Database>,
    dht: Option<&Dht>,
) -> Vec<Arc<dyn PeerSource>> {
    let mut sources: Vec<Arc<dyn PeerSource>> = Vec::new();
    if settings.discovery.known_peers_enabled {
        sources.push(Arc::new(KnownPeersSource::new(database.clone())));
    }
    if settings.discovery.mdns_enabled {
        sources.push(Arc::new(network.mdns_source()));
    }
    if let Some(dht) = dht {
        sources.push(Arc::new(DhtSource::new(dht.tracker.clone())));
    }
    if !settings.network.peers.is_empty() {
        sources.push(Arc::new(ConfiguredPeersSource::manual(
            settings.network.peers.clone(),
        )));
    }
    if !settings.network.bootstrap.is_empty() {
        sources.push(Arc::new(ConfiguredPeersSource::bootstrap(
            settings.network.bootstrap.clone(),
        )));
    }
    sources
}

fn discovery_settings(settings: &Settings) -> engine::Settings {
    let dht = &settings.discovery.dht;
    engine::Settings {
        discovery: discovery::Settings {
            timeout_ms: dht.timeout_ms,
            retries: dht.retries,
            jitter_ms: dht.jitter_ms,
            republish_ms: dht.republish_secs * 1_000,
            ..discovery::Settings::default()
        },
        ..engine::Settings::default()
    }
}

impl Running {
    /// The API of the node.
    pub fn client(&self) -> Client {
        self.node.client()
    }

    /// Joins every topic that the profile has joined and not left.
    ///
    /// # Errors
    /// [`Failure`] of the first that could not be joined.
    pub async fn join_noted_topics(&self) -> Result<(), Failure> {
        Ok(self.node.join_noted_topics().await?)
    }

    /// Stops everything in order, within five seconds.
    ///
    /// # Errors
    /// [`Failure`] when a part did not stop cleanly.
    pub async fn shutdown(self) -> Result<(), Failure> {
        self.remember_dht_nodes().await;
        let stopped = self.node.shutdown().await;
        self.cancel.cancel();
        stopped.map_err(|error| match error {
            StopError::Store(error) => error.into(),
            error @ StopError::TimedOut { .. } => Failure::new(Exit::Unexpected, error.to_string()),
        })
    }

    /// The next start asks these nodes first, and so needs no public one.
    async fn remember_dht_nodes(&self) {
        let Some(dht) = &self.dht else { return };
        // A client that does not answer in time leaves what was remembered before.
        let nodes = tokio::time::timeout(REMEMBER_MAX, dht.known_nodes())
            .await
            .unwrap_or_default();
        if nodes.is_empty() {
            return;
        }
        let nodes = nodes.iter().map(ToString::to_string).collect();
        if let Err(error) = self.book.remember_dht_nodes(nodes).await {
            tracing::warn!(%error, "DHT nodes were not remembered");
        }
    }
}

#[cfg(test)]
mod tests;
