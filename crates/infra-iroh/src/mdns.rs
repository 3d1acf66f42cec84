//! Members on the local network, by multicast DNS.
//!
//! Owns the mDNS service `kukuri`: it shows this endpoint's addresses with the presence tags of
//! the joined topics, and keeps a table of who else shows what. Must never give a tag to another
//! address lookup (the DHT and relays would publish it), and never pass a resolve on to the mDNS
//! crate, which hides an endpoint's changes from its subscribers while one is pending.
//!
//! Asking often: the crate asks for the first time a whole cadence (700 ms by default) after its
//! start, and a shorter cadence makes a node keep silent as soon as another has answered. So
//! while we want to be found (at the start, and when our topics or addresses change) a second
//! instance that only asks runs for a moment: everyone answers its questions, we ourselves too.

mod source;
mod table;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use iroh::{
    EndpointId, TransportAddr,
    address_lookup::{
        AddrFilter, AddressLookup, AddressLookupBuilderError, EndpointData,
        Error as AddressLookupError, Item, UserData,
    },
};
use iroh_mdns_address_lookup::{DiscoveryEvent, MdnsAddressLookup, MdnsAddressLookupBuilder};
use kukuri_application::ports::Clock;
use kukuri_domain::{
    limits::PEER_ADDRESSES_MAX,
    peer::PathKind,
    presence::mdns_tag,
    wire::{decode_mdns_tags, encode_mdns_tags},
};
use tokio::{sync::watch, time::Instant};
use tracing::{debug, warn};

use crate::{
    address::{peer_addresses, peer_id},
    known::KnownAddresses,
    tasks::Tasks,
    topics::Topics,
};

pub use source::MdnsSource;
use table::LanTable;

/// How often the service asks while nothing happens. The crate lets a longer cadence answer more
/// often and sooner: with five seconds up to 13 answers to a question, spread over 15 ms for two
/// nodes, against 2 spread over 100 ms with its default of 700 ms. A node that is gone is
/// forgotten after three cadences.
const STEADY_CADENCE: Duration = Duration::from_secs(5);

/// Name of the service; `_kukuri._udp.local` on the wire.
const SERVICE_NAME: &str = "kukuri";

/// How often the instance that only asks does so.
const ASKING_CADENCE: Duration = Duration::from_millis(20);

/// How long it asks. Whoever is there answers within the first 100 ms; the rest is for packets
/// that get lost and for nodes that start at the same time.
const ASKING_TIME: Duration = Duration::from_millis(1_500);

/// How often the hour is looked at; a machine may have slept.
const HOUR_CHECK: Duration = Duration::from_secs(60);

/// The LAN side of one network: iroh's address lookup, with tags. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Mdns(Arc<Inner>);

struct Inner {
    local: EndpointId,
    /// Another one each time the machine's interfaces change.
    service: watch::Sender<MdnsAddressLookup>,
    topics: Topics,
    clock: Arc<dyn Clock>,
    table: watch::Sender<LanTable>,
    /// What iroh last told about our addresses, filtered.
    addresses: Mutex<Option<EndpointData>>,
    /// Changes when our addresses do.
    changes: watch::Sender<()>,
}

impl std::fmt::Debug for Mdns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mdns")
            .field("local", &self.0.local)
            .finish_non_exhaustive()
    }
}

impl Mdns {
    /// Starts the service; must be called in a tokio runtime.
    pub(crate) fn start(
        local: EndpointId,
        topics: Topics,
        clock: Arc<dyn Clock>,
        known: KnownAddresses,
        tasks: &Tasks,
    ) -> Result<Self, AddressLookupBuilderError> {
        let service = steady(local)?;
        let mdns = Self(Arc::new(Inner {
            local,
            service: watch::Sender::new(service),
            topics,
            clock,
            table: watch::Sender::new(LanTable::default()),
            addresses: Mutex::default(),
            changes: watch::Sender::new(()),
        }));
        let (listening, showing) = (mdns.clone(), mdns.clone());
        tasks.spawn(async move { listening.listen(known).await });
        tasks.spawn(async move { showing.show().await });
        Ok(mdns)
    }

    /// Who is on the LAN, as it changes.
    fn table(&self) -> watch::Receiver<LanTable> {
        self.0.table.subscribe()
    }

    /// Begins anew on the interfaces that there are now: the service joins multicast on those of
    /// its start only.
    pub(crate) fn renew(&self) {
        match steady(self.0.local) {
            Ok(service) => {
                self.0.table.send_modify(LanTable::forget_all);
                self.0.service.send_replace(service);
            }
            Err(error) => warn!(%error, "mDNS stays on the interfaces that it was started on"),
        }
    }

    /// Takes what the service finds. Its channel has 20 slots and loses what does not fit.
    async fn listen(self, known: KnownAddresses) {
        let mut services = self.0.service.subscribe();
        loop {
            let service = services.borrow_and_update().clone();
            // One that broke is silent; the next change of the network brings another one.
            let mut found = service.subscribe().await.chain(stream::pending());
            loop {
                tokio::select! {
                    Some(event) = found.next() => self.take(event, &known),
                    changed = services.changed() => match changed {
                        Ok(()) => break,
                        Err(_closed) => return,
                    },
                }
            }
        }
    }

    fn take(&self, event: DiscoveryEvent, known: &KnownAddresses) {
        match event {
            DiscoveryEvent::Discovered { endpoint_info, .. } => {
                let id = endpoint_info.endpoint_id;
                let addresses = peer_addresses(endpoint_info.data.addrs());
                known.add(id, &addresses);
                let tags = endpoint_info
                    .data
                    .user_data()
                    .map(AsRef::as_ref)
                    .unwrap_or("");
                let tags = decode_mdns_tags(tags).unwrap_or_else(|error| {
                    debug!(peer = %id.fmt_short(), %error, "user data that is no list of tags");
                    Vec::new()
                });
                self.0
                    .table
                    .send_modify(|table| table.seen(peer_id(id), addresses, tags));
            }
            DiscoveryEvent::Expired { endpoint_id } => {
                self.0
                    .table
                    .send_modify(|table| table.expired(peer_id(endpoint_id)));
            }
            other => debug!(?other, "an unknown mDNS event"),
        }
    }

    /// Keeps what we show up to date: addresses, topics, and the hour that tags depend on.
    async fn show(self) {
        let mut topics = self.0.topics.changes();
        let mut addresses = self.0.changes.subscribe();
        let mut services = self.0.service.subscribe();
        let mut shown = None;
        let mut asking: Option<(MdnsAddressLookup, Instant)> = None;
        loop {
            let now = self.0.shown();
            if now.is_some() && shown != now {
                shown = now;
                if let Some(data) = &shown {
                    services.borrow().publish(data);
                }
                match &mut asking {
                    Some((_, until)) => *until = Instant::now() + ASKING_TIME,
                    None => asking = ask(self.0.local),
                }
            }
            let asking_ends = asking.as_ref().map(|(_, until)| *until);
            tokio::select! {
                changed = topics.changed() => if changed.is_err() { return },
                changed = addresses.changed() => if changed.is_err() { return },
                changed = services.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    // The new service shows nothing yet, and the old one asked elsewhere.
                    (shown, asking) = (None, None);
                }
                () = tokio::time::sleep(HOUR_CHECK) => {}
                () = at(asking_ends) => asking = None,
            }
        }
    }
}

impl Inner {
    /// Our addresses with this hour's tags; `None` before iroh has told the addresses.
    fn shown(&self) -> Option<EndpointData> {
        let addresses = self
            .addresses
            .lock()
            .expect("no code panics while it holds the data");
        let mut data = addresses.clone()?;
        drop(addresses);
        let (hour, local) = (self.clock.now().unix.hour(), peer_id(self.local));
        let keys = self.topics.keys();
        let tags: Vec<_> = keys
            .iter()
            .map(|keys| mdns_tag(&keys.presence_key, &local, hour))
            .collect();
        match encode_mdns_tags(&tags).parse::<UserData>() {
            // Without tags it is an empty text, since leaving it out would not clear the record.
            Ok(tags) => data.set_user_data(Some(tags)),
            Err(_too_long) => warn!("the presence tags do not fit into the mDNS record"),
        }
        Some(data)
    }
}

/// The service that listens, shows and asks now and then.
fn steady(local: EndpointId) -> Result<MdnsAddressLookup, AddressLookupBuilderError> {
    service().discovery_cadence(STEADY_CADENCE).build(local)
}

fn service() -> MdnsAddressLookupBuilder {
    // We filter ourselves; the default of the crate is stated, because relay-only is the default
    // elsewhere and would publish nothing.
    MdnsAddressLookup::builder()
        .service_name(SERVICE_NAME)
        .addr_filter(AddrFilter::unfiltered())
}

/// An instance that asks often and shows nothing, until when.
fn ask(local: EndpointId) -> Option<(MdnsAddressLookup, Instant)> {
    let asking = service()
        .advertise(false)
        .discovery_cadence(ASKING_CADENCE)
        .build(local);
    match asking {
        Ok(asking) => Some((asking, Instant::now() + ASKING_TIME)),
        Err(error) => {
            debug!(%error, "asking often is not possible; members are found a second later");
            None
        }
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// What fits into one packet: IP addresses only, those of private networks first, since the
/// others are rarely the way to somebody on the same LAN.
fn lan_addresses(data: &EndpointData) -> EndpointData {
    let mut addresses: Vec<SocketAddr> = data.ip_addrs().copied().collect();
    addresses.sort_by_key(|addr| PathKind::of_ip(addr) != PathKind::Lan);
    addresses.truncate(PEER_ADDRESSES_MAX);
    EndpointData::from_iter(addresses.into_iter().map(TransportAddr::Ip))
}

impl AddressLookup for Mdns {
    fn publish(&self, data: &EndpointData) {
        let addresses = lan_addresses(data);
        *self
            .0
            .addresses
            .lock()
            .expect("no code panics while it holds the data") = Some(addresses);
        self.0.changes.send_replace(());
    }

    /// Never asks: what mDNS finds lies in [`KnownAddresses`] already.
    fn resolve(
        &self,
        _endpoint_id: EndpointId,
    ) -> Option<BoxStream<'static, Result<Item, AddressLookupError>>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use kukuri_domain::PeerAddress;

    use super::*;

    #[test]
    fn private_addresses_come_first_and_relays_are_left_out() {
        let ip = |text: &str| TransportAddr::Ip(text.parse().expect("an address"));
        let relay = TransportAddr::Relay("https://relay.example".parse().expect("a URL"));
        let many = (1..=9).map(|i| ip(&format!("1.1.1.{i}:1")));
        let data = EndpointData::from_iter(
            [relay]
                .into_iter()
                .chain(many)
                .chain([ip("192.168.1.4:1"), ip("[fd00::1]:1")]),
        );
        let shown: Vec<PeerAddress> = peer_addresses(lan_addresses(&data).addrs());
        assert_eq!(shown.len(), PEER_ADDRESSES_MAX);
        let is_private = |address: &PeerAddress| matches!(address, PeerAddress::Ip(addr) if PathKind::of_ip(addr) == PathKind::Lan);
        assert_eq!(
            shown.iter().filter(|address| is_private(address)).count(),
            2
        );
        assert!(
            shown
                .iter()
                .all(|address| matches!(address, PeerAddress::Ip(_)))
        );
    }
}
