//! Owns the DHT tracker as a path of discovery: the port [`PeerSource`] on a [`SlotTracker`].
//!
//! It must never decide whether or how often to look: the policy in the application does.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{once, select_all, unfold};
use futures_util::{Stream, StreamExt};
use iroh::EndpointId;
use kukuri_application::{
    ports::{Announced, Announcement, Candidate, CandidateStream, PeerSource, Query, SourceError},
    views::{DhtView, DiscoveryView},
};
use kukuri_domain::{PeerId, peer::SourceKind};

use super::client::DhtError;
use super::put_queue::PutQueueError;
use super::slots::SlotRecord;
use super::tracker::{PublishError, SlotTracker};

/// Finds members by the slots of the last, this and the next minute (clocks differ), and puts our
/// record into this minute's.
#[derive(Debug, Clone)]
pub struct DhtSource {
    tracker: SlotTracker,
}

impl DhtSource {
    /// Makes the source; all topics share it.
    #[must_use]
    pub fn new(tracker: SlotTracker) -> Self {
        Self { tracker }
    }

    /// The records of one slot, as one stream from the question on.
    fn slot(
        &self,
        query: &Query,
        unix_minute: u64,
    ) -> impl Stream<Item = Result<Candidate, DhtError>> + Send + 'static {
        let tracker = self.tracker.clone();
        let topic = query.topic.clone();
        let timeout = Duration::from_millis(query.timeout_ms);
        let opened = async move {
            let secret = topic.tracker_secret.expose();
            match tracker
                .slot_records(topic.id.0, secret, unix_minute, timeout)
                .await
            {
                Ok(records) => records.map(|record| record.map(candidate)).boxed(),
                Err(error) => once(async { Err(error) }).boxed(),
            }
        };
        once(opened).flatten().boxed()
    }
}

#[async_trait]
impl PeerSource for DhtSource {
    fn kind(&self) -> SourceKind {
        SourceKind::Dht
    }

    fn watches(&self) -> bool {
        false
    }

    async fn describe(&self, view: &mut DiscoveryView) {
        let status = self.tracker.client().status().await;
        view.dht = DhtView {
            enabled: true,
            bootstrapped: status.bootstrapped,
            table_nodes: status.table_nodes,
        };
    }

    fn find(&self, query: Query) -> CandidateStream {
        let minute = query.now.minute();
        let slots = [minute.saturating_sub(1), minute, minute + 1];
        let merged = select_all(slots.map(|minute| self.slot(&query, minute)));
        // Three lookups that fail fail alike: the first error stands for all, but only once every
        // record that the others still bring has been passed on.
        unfold((merged, None), |(mut merged, mut failure)| async move {
            loop {
                match merged.next().await {
                    Some(Ok(candidate)) => return Some((Ok(candidate), (merged, failure))),
                    Some(Err(error)) => {
                        failure.get_or_insert(error);
                    }
                    None => {
                        let error = failure.take()?;
                        return Some((Err(source_error(error)), (merged, None)));
                    }
                }
            }
        })
        .boxed()
    }

    async fn announce(&self, announcement: Announcement) -> Result<Announced, SourceError> {
        let topic = &announcement.topic;
        // An id that is no key cannot be dialled, so it is not listed either.
        let neighbours: Vec<EndpointId> = announcement
            .neighbours
            .iter()
            // Bytes that are no key cannot be dialled by those who read the record.
            .filter_map(|peer| EndpointId::from_bytes(&peer.0).ok())
            .collect();
        let published = self
            .tracker
            .publish(
                topic.id.0,
                topic.tracker_secret.expose(),
                announcement.minute,
                &neighbours,
                Duration::from_millis(announcement.timeout_ms),
            )
            .await;
        match published {
            Ok(()) => Ok(Announced::Published),
            Err(PublishError::Queue(PutQueueError::RateLimited { retry_after })) => {
                Ok(Announced::RateLimited {
                    retry_after_ms: millis(retry_after),
                })
            }
            Err(PublishError::Queue(PutQueueError::Closed)) => Err(closed()),
            Err(PublishError::Record(error)) => Err(SourceError::Other(Box::new(error))),
            Err(PublishError::Dht(error)) => Err(source_error(error)),
        }
    }
}

fn candidate(record: SlotRecord) -> Candidate {
    let peer = |id: EndpointId| PeerId(*id.as_bytes());
    Candidate {
        peer: peer(record.publisher),
        addresses: Vec::new(),
        listed: record.active_peers.into_iter().map(peer).collect(),
        minute: Some(record.unix_minute),
        is_member: true,
    }
}

fn source_error(error: DhtError) -> SourceError {
    match error {
        DhtError::NotReady(cause) => {
            SourceError::Unreachable(cause.unwrap_or_else(|| "no DHT node answers".to_owned()))
        }
        DhtError::NoNodes => SourceError::Unreachable(error.to_string()),
        DhtError::TimedOut(limit) => SourceError::Timeout(millis(limit)),
        DhtError::Closed => closed(),
        DhtError::Conflict | DhtError::Refused(_) => SourceError::Other(Box::new(error)),
    }
}

fn closed() -> SourceError {
    SourceError::Unavailable("the DHT client is closed".to_owned())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
