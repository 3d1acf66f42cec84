//! Owns the way from an endpoint id to its addresses over the DHT: pkarr packets as BEP 44 items
//! under the endpoint's own key, in the format of `iroh-mainline-address-lookup`.
//!
//! It must never open a DHT client of its own, publish an address that the chosen filter did not
//! let through, or publish user data (which elsewhere carries tags of topics). A resolve gives
//! the first valid packet at once and later only newer ones; it never waits for a whole lookup.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, once, unfold};
use iroh::address_lookup::{
    AddrFilter, AddressLookup, EndpointData, EndpointInfo, Error as AddressLookupError, Item,
};
use iroh::{EndpointId, SecretKey, TransportAddr};
use iroh_dns::pkarr::{SignedPacket, Timestamp};
use n0_mainline::MutableItem;
use rand::Rng;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::client::{DhtClient, DhtError, Values};

/// The name under which iroh reports addresses that came from here.
pub const DHT_PROVENANCE: &str = "dht";

/// Time to live that the packets claim, in seconds; as in the reference crate.
const PACKET_TTL_S: u32 = 30;
/// Addresses in a packet; more would not fit into its 1000 bytes.
const ADDRESSES_MAX: usize = 10;
/// Rapid changes (interfaces coming up one by one) are published once.
const DEBOUNCE: Duration = Duration::from_millis(50);
/// Waits after a failed publish: they double from the first to the second value.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// Which addresses strangers may learn from the DHT and from pkarr relays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublishedAddresses {
    /// Nothing is published; resolving still works.
    None,
    /// The home relay only: our IP addresses stay out of what is published.
    #[default]
    Relay,
    /// IP addresses only.
    Direct,
    /// Both.
    All,
}

impl PublishedAddresses {
    pub(crate) fn filter(self) -> Option<AddrFilter> {
        match self {
            Self::None => None,
            Self::Relay => Some(AddrFilter::relay_only()),
            Self::Direct => Some(AddrFilter::ip_only()),
            Self::All => Some(AddrFilter::unfiltered()),
        }
    }
}

/// How [`DhtAddressLookup`] works.
#[derive(Debug, Clone)]
pub struct AddressLookupConfig {
    /// What to publish.
    pub published: PublishedAddresses,
    /// How often an unchanged packet is put again (plus or minus a tenth).
    pub republish: Duration,
    /// Limit of one put or one lookup.
    pub timeout: Duration,
}

impl Default for AddressLookupConfig {
    fn default() -> Self {
        Self {
            published: PublishedAddresses::default(),
            republish: Duration::from_secs(60 * 60),
            timeout: Duration::from_secs(5),
        }
    }
}

/// iroh's address lookup on the process's DHT client; cloning it is cheap.
#[derive(Debug, Clone)]
pub struct DhtAddressLookup(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: DhtClient,
    filter: Option<AddrFilter>,
    timeout: Duration,
    /// What iroh last told, filtered.
    data: watch::Sender<Option<EndpointData>>,
    /// Holds the publisher; dropping it aborts it.
    _tasks: JoinSet<()>,
}

impl DhtAddressLookup {
    /// Makes the lookup of the endpoint with the key `secret`; must be called in a tokio runtime.
    /// Publishing starts when iroh first tells the endpoint's addresses.
    #[must_use]
    pub fn new(
        client: DhtClient,
        secret: SecretKey,
        config: AddressLookupConfig,
        shutdown: &CancellationToken,
    ) -> Self {
        let (data, changes) = watch::channel(None);
        let mut tasks = JoinSet::new();
        let filter = config.published.filter();
        if filter.is_some() {
            let token = shutdown.clone();
            let publisher = Publisher {
                client: client.clone(),
                secret,
                changes,
                republish: config.republish,
                timeout: config.timeout,
            };
            tasks.spawn(async move {
                // `None` means cancelled, which is how a publisher ends.
                token.run_until_cancelled(publisher.run()).await;
            });
        }
        Self(Arc::new(Inner {
            client,
            filter,
            timeout: config.timeout,
            data,
            _tasks: tasks,
        }))
    }
}

impl AddressLookup for DhtAddressLookup {
    fn publish(&self, data: &EndpointData) {
        let Some(filter) = &self.0.filter else {
            return;
        };
        let mut data = data.apply_filter(filter).into_owned();
        data.set_user_data(None);
        self.0.data.send_if_modified(|current| {
            let changed = current.as_ref() != Some(&data);
            *current = Some(data);
            changed
        });
    }

    fn resolve(
        &self,
        endpoint_id: EndpointId,
    ) -> Option<BoxStream<'static, Result<Item, AddressLookupError>>> {
        let inner = Arc::clone(&self.0);
        let looked_up = async move {
            let values = inner
                .client
                .get(endpoint_id.as_bytes(), None, inner.timeout);
            match values.await {
                Ok(values) => Resolving {
                    values,
                    newest: None,
                }
                .stream(),
                Err(error) => {
                    let error = AddressLookupError::from_err(DHT_PROVENANCE, error);
                    once(async { Err(error) }).boxed()
                }
            }
        };
        Some(once(looked_up).flatten().boxed())
    }
}

/// A lookup in progress.
struct Resolving {
    values: Values,
    newest: Option<Timestamp>,
}

impl Resolving {
    fn stream(self) -> BoxStream<'static, Result<Item, AddressLookupError>> {
        unfold(self, |mut resolving| async {
            resolving.next().await.map(|item| (item, resolving))
        })
        .boxed()
    }

    async fn next(&mut self) -> Option<Result<Item, AddressLookupError>> {
        loop {
            let item = match self.values.next().await? {
                Ok(item) => item,
                Err(error) => {
                    return Some(Err(AddressLookupError::from_err(DHT_PROVENANCE, error)));
                }
            };
            let Some((info, timestamp)) = decode_packet(&item) else {
                debug!("an item under an endpoint's key is no address packet");
                continue;
            };
            if self.newest.is_some_and(|newest| timestamp <= newest) {
                continue;
            }
            self.newest = Some(timestamp);
            let updated = Some(timestamp.as_micros());
            return Some(Ok(Item::new(info, DHT_PROVENANCE, updated)));
        }
    }
}

/// Reads a packet out of an item whose signature the DHT crate has checked.
fn decode_packet(item: &MutableItem) -> Option<(EndpointInfo, Timestamp)> {
    // A negative sequence number is no time: not an item of an endpoint, and skipped.
    let timestamp = Timestamp::from_micros(u64::try_from(item.seq()).ok()?);
    let packet =
        SignedPacket::from_parts_unchecked(item.key(), item.signature(), timestamp, item.value())
            .ok()?; // Not a DNS packet: a stranger's item, which is skipped like any other.
    let info = EndpointInfo::from_pkarr_signed_packet(&packet).ok()?; // Likewise: no endpoint in it.
    Some((info, timestamp))
}

/// Makes the item that holds as many of the addresses as fit, in their order.
fn encode_packet(secret: &SecretKey, data: &EndpointData) -> Option<MutableItem> {
    let addresses: Vec<TransportAddr> = data.addrs().take(ADDRESSES_MAX).cloned().collect();
    (1..=addresses.len()).rev().find_map(|count| {
        let data = EndpointData::from_iter(addresses[..count].iter().cloned());
        let packet = EndpointInfo::from_parts(secret.public(), data)
            .to_pkarr_signed_packet(secret, PACKET_TTL_S)
            .ok()?; // Too long: tried again with one address less.
        Some(MutableItem::new_signed_unchecked(
            *packet.public_key().as_bytes(),
            packet.signature().to_bytes(),
            packet.encoded_packet(),
            i64::try_from(packet.timestamp().as_micros()).ok()?, // After the year 294,000.
            None,
        ))
    })
}

struct Publisher {
    client: DhtClient,
    secret: SecretKey,
    changes: watch::Receiver<Option<EndpointData>>,
    republish: Duration,
    timeout: Duration,
}

impl Publisher {
    async fn run(mut self) {
        let mut retry = RETRY_MIN;
        loop {
            let data = self.changes.borrow_and_update().clone();
            let item = data.and_then(|data| encode_packet(&self.secret, &data));
            let wait = match item {
                // Nothing to publish: wait for a change.
                None => None,
                Some(item) => match self.put(item).await {
                    Ok(()) => {
                        retry = RETRY_MIN;
                        Some(self.republish_wait())
                    }
                    Err(error) => {
                        debug!(%error, "addresses not published");
                        let wait = retry;
                        retry = (retry * 2).min(RETRY_MAX);
                        Some(wait)
                    }
                },
            };
            if self.changed_within(wait).await.is_err() {
                return;
            }
        }
    }

    async fn put(&self, item: MutableItem) -> Result<(), DhtError> {
        // However long the network was away, addresses are out as soon as it is back.
        self.client.ready_at_last().await?;
        let started = Instant::now();
        self.client.put(item, self.timeout).await?;
        debug!(
            elapsed_ms = started.elapsed().as_millis(),
            "addresses published"
        );
        Ok(())
    }

    /// Returns after `wait`, or soon after the addresses changed.
    async fn changed_within(
        &mut self,
        wait: Option<Duration>,
    ) -> Result<(), watch::error::RecvError> {
        let waited = async {
            match wait {
                Some(wait) => sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = self.changes.changed() => {
                changed?;
                sleep(DEBOUNCE).await;
                Ok(())
            }
            () = waited => Ok(()),
        }
    }

    fn republish_wait(&self) -> Duration {
        self.republish.mul_f64(rand::rng().random_range(0.9..1.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> SecretKey {
        SecretKey::from_bytes(&[3; 32])
    }

    #[test]
    fn a_packet_with_too_many_addresses_keeps_the_first() {
        let relay = TransportAddr::Relay("https://relay.example.org".parse().expect("a valid URL"));
        let direct = (0..200_u16).map(|port| {
            TransportAddr::Ip(std::net::SocketAddr::from((
                [
                    0x2001, 0xdb8, 0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666,
                ],
                10_000 + port,
            )))
        });
        let data = EndpointData::from_iter(std::iter::once(relay.clone()).chain(direct));
        let item = encode_packet(&secret(), &data).expect("some addresses fit");
        assert!(item.value().len() <= 1000);
        let (info, _) = decode_packet(&item).expect("our own packet");
        assert_eq!(info.endpoint_id, secret().public());
        assert!(info.data.addrs().any(|address| *address == relay));
        assert!(info.data.addrs().count() > 3);
    }

    #[test]
    fn foreign_items_are_no_packets() {
        let key = n0_mainline::SigningKey::from_bytes(&[3; 32]);
        for (value, seq) in [
            (b"".as_slice(), 1),
            (b"not dns", 1),
            (&[0xff; 900], 1),
            (b"x", -5),
        ] {
            let item = MutableItem::new(&key, value, seq, None);
            assert!(decode_packet(&item).is_none());
        }
    }
}
