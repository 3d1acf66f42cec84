//! Owns the tracker driver: reading slots record by record as they arrive, and publishing our own
//! record, on the process's one DHT client and through its one publishing queue.
//!
//! It must never wait for a whole lookup before it passes a record on, and never treat what it
//! reads as trusted: a record proves that its publisher knows the topic, nothing more.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::unfold;
use iroh::{EndpointId, SecretKey};
use rand::Rng;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::client::{DhtClient, DhtError, Values};
use super::put_queue::{PutQueue, PutQueueError, PutRate};
use super::slots::{RecordError, SlotKeys, SlotRecord, decode_record, encode_record};

/// Different values that one lookup decodes; whoever knows the topic can fill its slots with
/// rubbish, and each value costs two decryptions (about 0.3 ms).
const VALUES_PER_LOOKUP_MAX: usize = 64;

/// What a put may take at least, once its turn came late.
const PUT_TIMEOUT_MIN: Duration = Duration::from_secs(1);

/// How hard publishing tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerPolicy {
    /// Puts per minute and topic, retries counted.
    pub rate: PutRate,
    /// Further attempts after the first (`discovery.dht.retries`).
    pub retries: u32,
    /// Before each further attempt a random wait up to this (`discovery.dht.jitter_ms`).
    pub jitter_max: Duration,
}

impl Default for TrackerPolicy {
    fn default() -> Self {
        Self {
            rate: PutRate::default(),
            retries: 3,
            jitter_max: Duration::from_millis(500),
        }
    }
}

/// What the tracker has seen since the start of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrackerStats {
    /// Lookups of slots.
    pub lookups: u64,
    /// Verified records of others, each counted once per lookup.
    pub records: u64,
    /// Values that were no record of the topic.
    pub invalid: u64,
    /// Records stored at one DHT node at least.
    pub published: u64,
    /// Records given up after all retries.
    pub publish_failures: u64,
}

#[derive(Debug, Default)]
struct Counters {
    lookups: AtomicU64,
    records: AtomicU64,
    invalid: AtomicU64,
    published: AtomicU64,
    publish_failures: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Why our record was not published.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PublishError {
    /// The topic publishes faster than its rate, or the process is ending; more attempts would
    /// not help.
    #[error(transparent)]
    Queue(#[from] PutQueueError),
    /// The record could not be made.
    #[error("failed to make the record: {0}")]
    Record(#[from] RecordError),
    /// The last attempt failed.
    #[error("failed to publish: {0}")]
    Dht(#[from] DhtError),
}

/// Reads and writes the slots of all topics; cloning it is cheap.
#[derive(Debug, Clone)]
pub struct SlotTracker {
    client: DhtClient,
    endpoint: Arc<SecretKey>,
    policy: Arc<TrackerPolicy>,
    queue: Arc<PutQueue>,
    counters: Arc<Counters>,
}

impl SlotTracker {
    /// Makes the tracker of an endpoint; once per process, in a tokio runtime.
    #[must_use]
    pub fn new(
        client: DhtClient,
        endpoint: SecretKey,
        policy: TrackerPolicy,
        shutdown: &CancellationToken,
    ) -> Self {
        Self {
            client,
            endpoint: Arc::new(endpoint),
            queue: Arc::new(PutQueue::start(policy.rate, shutdown)),
            policy: Arc::new(policy),
            counters: Arc::default(),
        }
    }

    /// The client that it uses.
    #[must_use]
    pub fn client(&self) -> &DhtClient {
        &self.client
    }

    /// Counts since the start.
    #[must_use]
    pub fn stats(&self) -> TrackerStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TrackerStats {
            lookups: read(&self.counters.lookups),
            records: read(&self.counters.records),
            invalid: read(&self.counters.invalid),
            published: read(&self.counters.published),
            publish_failures: read(&self.counters.publish_failures),
        }
    }

    /// Looks into the slot of one minute; the records of others come out as they arrive, for up
    /// to `timeout`, in which the wait for a connected client counts.
    ///
    /// # Errors
    /// [`DhtError::NotReady`] if no DHT node answered within `timeout`, [`DhtError::Closed`]
    /// after a shutdown. An empty slot is no error: it gives no record.
    pub async fn slot_records(
        &self,
        topic_id: [u8; 32],
        tracker_secret: &[u8; 32],
        unix_minute: u64,
        timeout: Duration,
    ) -> Result<SlotRecords, DhtError> {
        let keys = SlotKeys::derive(topic_id, tracker_secret, unix_minute);
        let values = self
            .client
            .get(&keys.public_key(), Some(keys.salt()), timeout)
            .await?;
        count(&self.counters.lookups);
        let lookup = Lookup {
            keys,
            own: self.endpoint.public(),
            values,
            seen_values: HashSet::new(),
            seen_publishers: HashSet::new(),
            counters: Arc::clone(&self.counters),
        };
        Ok(SlotRecords(Box::pin(unfold(lookup, |mut lookup| async {
            lookup.next().await.map(|record| (record, lookup))
        }))))
    }

    /// Puts our record with up to five of `neighbours` into the slot of one minute, and tries
    /// again if that fails. `timeout` is for each attempt, its turn in the queue included.
    ///
    /// # Errors
    /// Says why the last attempt failed.
    pub async fn publish(
        &self,
        topic_id: [u8; 32],
        tracker_secret: &[u8; 32],
        unix_minute: u64,
        neighbours: &[EndpointId],
        timeout: Duration,
    ) -> Result<(), PublishError> {
        let keys = SlotKeys::derive(topic_id, tracker_secret, unix_minute);
        let value = encode_record(&keys, &self.endpoint, neighbours)?;
        let mut attempt = 0;
        loop {
            let outcome = self.put_once(topic_id, &keys, &value, timeout).await;
            match outcome {
                Ok(()) => {
                    count(&self.counters.published);
                    return Ok(());
                }
                // More attempts would only lengthen the queue, or meet a closed client.
                Err(error @ (PublishError::Queue(_) | PublishError::Dht(DhtError::Closed))) => {
                    count(&self.counters.publish_failures);
                    return Err(error);
                }
                Err(error) if attempt >= self.policy.retries => {
                    count(&self.counters.publish_failures);
                    return Err(error);
                }
                Err(error) => debug!(%error, attempt, "record not published, trying again"),
            }
            attempt += 1;
            sleep(self.jitter()).await;
        }
    }

    async fn put_once(
        &self,
        topic_id: [u8; 32],
        keys: &SlotKeys,
        value: &[u8],
        timeout: Duration,
    ) -> Result<(), PublishError> {
        let deadline = Instant::now() + timeout;
        // Without a connection a turn in the queue would be wasted.
        self.client.ready(timeout).await?;
        let permit = self.queue.permit(topic_id, left(deadline)).await?;
        let left = left(deadline).max(PUT_TIMEOUT_MIN);
        let stored = self.client.put(keys.item(value), left).await;
        drop(permit);
        Ok(stored?)
    }

    fn jitter(&self) -> Duration {
        let max_ms = u64::try_from(self.policy.jitter_max.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(rand::rng().random_range(0..=max_ms))
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// The verified records of one slot, each publisher once; our own shows that it can be read. An
/// error is the last item: the lookup reached nobody, or was cut short before it found anything.
pub struct SlotRecords(Pin<Box<dyn Stream<Item = Result<SlotRecord, DhtError>> + Send>>);

impl std::fmt::Debug for SlotRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SlotRecords")
    }
}

impl Stream for SlotRecords {
    type Item = Result<SlotRecord, DhtError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

struct Lookup {
    keys: SlotKeys,
    own: EndpointId,
    values: Values,
    seen_values: HashSet<Vec<u8>>,
    seen_publishers: HashSet<EndpointId>,
    counters: Arc<Counters>,
}

impl Lookup {
    async fn next(&mut self) -> Option<Result<SlotRecord, DhtError>> {
        while self.seen_values.len() < VALUES_PER_LOOKUP_MAX {
            let item = match self.values.next().await? {
                Ok(item) => item,
                Err(error) => return Some(Err(error)),
            };
            // Most nodes hold the same few values: each is decrypted once.
            if !self.seen_values.insert(item.value().to_vec()) {
                continue;
            }
            match decode_record(item.value(), &self.keys) {
                Ok(mut record) => {
                    if !self.seen_publishers.insert(record.publisher) {
                        continue;
                    }
                    record.active_peers.retain(|peer| *peer != self.own);
                    count(&self.counters.records);
                    return Some(Ok(record));
                }
                Err(error) => {
                    count(&self.counters.invalid);
                    debug!(%error, minute = self.keys.unix_minute(), "a value in a slot is no record");
                }
            }
        }
        None
    }
}
