//! The one iroh endpoint of a process.
//!
//! Owns how it is bound and what it is allowed to use. Must never ask n0's DNS or publish to its
//! pkarr server (the preset is `Minimal`), wait for a relay, or leave an address filter to iroh's
//! default, which publishes relays only and so nothing at all for a node without one.

use std::{error::Error as StdError, io, net::SocketAddr};

use iroh::{
    Endpoint, RelayMap, RelayMode, RelayUrl, SecretKey,
    address_lookup::{AddrFilter, PkarrPublisher, PkarrResolver},
    endpoint::{BindOpts, Builder, PortmapperConfig, presets},
};
use kukuri_application::ports::NetworkError;
use kukuri_domain::wire::AGENT_BYTES_MAX;

use crate::{connections::Connections, dht::PublishedAddresses, known::KnownAddresses};

/// Which parts of the world a node uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NetworkMode {
    /// Direct connections, with relays for hole punching and where nothing else works.
    #[default]
    Internet,
    /// Direct connections only.
    Serverless,
    /// The local network only; no relay.
    Lan,
}

/// How the endpoint is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkConfig {
    /// UDP addresses to listen on, at most one per address family; empty means a free port on
    /// every address of both families. An unspecified IPv6 address may fail to bind (machines
    /// without IPv6); everything else must succeed.
    pub bind: Vec<SocketAddr>,
    /// Which parts of the world are used.
    pub mode: NetworkMode,
    /// URLs of the relays in mode `Internet`; empty means iroh's public ones.
    pub relays: Vec<String>,
    /// URLs of the pkarr relays that are asked for addresses and told ours.
    pub pkarr_relays: Vec<String>,
    /// Which of our addresses they are told.
    pub published: PublishedAddresses,
    /// Whether routers are asked for a port (UPnP, PCP, NAT-PMP).
    pub port_mapping: bool,
    /// Addresses at which others reach this node although it cannot see them itself.
    pub external_addrs: Vec<SocketAddr>,
    /// Whether multicast DNS is used.
    pub mdns_enabled: bool,
    /// Program and version, for the people at the other end: `kukuri/0.1.0`.
    pub agent: String,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            bind: Vec::new(),
            mode: NetworkMode::default(),
            relays: Vec::new(),
            pkarr_relays: Vec::new(),
            published: PublishedAddresses::default(),
            port_mapping: true,
            external_addrs: Vec::new(),
            mdns_enabled: true,
            agent: concat!("kukuri/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl NetworkConfig {
    /// What a test uses: a free port on the IPv4 loopback address, nothing beyond it.
    pub fn loopback() -> Self {
        Self {
            bind: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
            mode: NetworkMode::Lan,
            port_mapping: false,
            mdns_enabled: false,
            ..Self::default()
        }
    }

    /// The agent as the wire allows it.
    pub(crate) fn wire_agent(&self) -> String {
        let is_allowed = |c: &char| c.is_ascii_graphic() || *c == ' ';
        self.agent
            .chars()
            .filter(is_allowed)
            .take(AGENT_BYTES_MAX)
            .collect()
    }
}

/// Binds the endpoint.
pub(crate) async fn bind(
    secret: SecretKey,
    config: &NetworkConfig,
    known: &KnownAddresses,
    connections: &Connections,
) -> Result<Endpoint, NetworkError> {
    let port_mapping = match config.port_mapping {
        true => PortmapperConfig::default(),
        false => PortmapperConfig::Disabled,
    };
    let mut builder = Endpoint::builder(presets::Minimal)
        .secret_key(secret)
        .relay_mode(relay_mode(config)?)
        .addr_filter(AddrFilter::unfiltered())
        .portmapper_config(port_mapping)
        .hooks(connections.clone())
        .address_lookup(known.lookup());
    for addr in &config.external_addrs {
        builder = builder.external_addr(*addr);
    }
    builder = with_pkarr_relays(builder, config)?;
    builder = with_sockets(builder, &config.bind)?;
    builder
        .bind()
        .await
        .map_err(|error| match is_address_in_use(&error) {
            true => NetworkError::PortTaken {
                port: wanted_port(&config.bind),
            },
            false => other(error),
        })
}

fn with_sockets(mut builder: Builder, bind: &[SocketAddr]) -> Result<Builder, NetworkError> {
    if bind.is_empty() {
        return Ok(builder);
    }
    builder = builder.clear_ip_transports();
    for addr in bind {
        let is_optional = addr.is_ipv6() && addr.ip().is_unspecified() && bind.len() > 1;
        let options = BindOpts::default().set_is_required(!is_optional);
        builder = builder.bind_addr_with_opts(*addr, options).map_err(other)?;
    }
    Ok(builder)
}

/// The API of <https://github.com/pubky/pkarr/blob/main/design/relays.md>. A relay that does not
/// answer holds nothing up: every way to an address is tried at once.
fn with_pkarr_relays(
    mut builder: Builder,
    config: &NetworkConfig,
) -> Result<Builder, NetworkError> {
    for relay in &config.pkarr_relays {
        let url = relay.parse::<RelayUrl>().map_err(other)?;
        builder = builder.address_lookup(PkarrResolver::builder(url.clone().into()));
        if let Some(filter) = config.published.filter() {
            let publisher = PkarrPublisher::builder(url.into()).addr_filter(filter);
            builder = builder.address_lookup(publisher);
        }
    }
    Ok(builder)
}

fn relay_mode(config: &NetworkConfig) -> Result<RelayMode, NetworkError> {
    match config.mode {
        NetworkMode::Serverless | NetworkMode::Lan => Ok(RelayMode::Disabled),
        NetworkMode::Internet if config.relays.is_empty() => Ok(RelayMode::Default),
        NetworkMode::Internet => {
            let relays = config.relays.iter().map(|url| url.parse::<RelayUrl>());
            let relays = relays.collect::<Result<Vec<_>, _>>().map_err(other)?;
            Ok(RelayMode::Custom(RelayMap::from_iter(relays)))
        }
    }
}

/// The port that the message names; a port chosen by the system is never taken.
fn wanted_port(bind: &[SocketAddr]) -> u16 {
    bind.iter()
        .map(SocketAddr::port)
        .find(|port| *port != 0)
        .unwrap_or(0)
}

fn is_address_in_use(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|error| error.kind() == io::ErrorKind::AddrInUse) {
            return true;
        }
        next = error.source();
    }
    false
}

fn other(error: impl StdError + Send + Sync + 'static) -> NetworkError {
    NetworkError::Other(Box::new(error))
}
