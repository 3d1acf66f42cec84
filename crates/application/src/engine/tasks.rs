//! What the actor of a topic does not wait for: each ends with what it has to be told.
//!
//! Owns calls of the ports and their limits in time. Must never decide anything about a protocol:
//! the session and discovery do.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt as _;
use kukuri_domain::{
    AuthorId, EntryKey, EventId, EventOrder, PeerId, SignedEvent, TopicId, TopicKeys, UnixMs,
    event::{Draft, Meaning},
    limits::{EVENT_FUTURE_MS_MAX, IDS_PER_REQUEST_MAX, SYNC_ANSWER_BYTES_MAX},
    peer::SourceKind,
};
use rand::seq::IteratorRandom as _;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{Ports, audience::Audience};
use crate::{
    discovery::{self, Failure},
    ports::{
        Candidate, Commit, EventStore, NetworkError, PeerContact, PeerSource, Query,
        ReconcileError, SourceError, StoreError, StoredEvent, SyncAnswer, SyncCall, SyncRequest,
        TopicLink,
    },
    session::{self, Reconciled, SummaryFor, UNSENT_PER_LOAD_MAX},
    views::{AuthorView, EntryView, TopicEvent},
};

/// How long an exchange over a stream may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Pauses after each attempt to learn whose a neighbour is.
const AUTHOR_PAUSES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(10),
];

/// Remembered members of whom one is looked at.
const PARTNERS_MAX: u32 = 64;

/// What a task of the topic ends with.
pub(super) enum Done {
    Session(session::Input),
    Verified(Vec<session::Input>),
    Discovery(discovery::Input),
    Stored {
        commit: session::CommitToken,
        events: usize,
        outcome: Result<Vec<Commit>, StoreError>,
    },
    /// The topic is joined anew; without a link the network is closed.
    Rejoined(Option<TopicLink>),
    /// What follows from events for those who listen.
    Tell(Vec<TopicEvent>),
    /// The same for writes to entries.
    Entries(Vec<TopicEvent>),
    Nothing,
}

/// What is handed to gossip, in order.
pub(super) enum Outgoing {
    All(Bytes),
    Neighbours(Bytes),
}

pub(super) async fn send_in_order(
    ports: Ports,
    keys: Arc<TopicKeys>,
    mut outgoing: mpsc::Receiver<Outgoing>,
) {
    while let Some(message) = outgoing.recv().await {
        let sent = match message {
            Outgoing::All(payload) => ports.network.broadcast(keys.id, payload).await,
            Outgoing::Neighbours(payload) => {
                ports.network.broadcast_neighbours(keys.id, payload).await
            }
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "a message was not handed to gossip");
        }
    }
}

pub(super) async fn search(
    source: Arc<dyn PeerSource>,
    query: Query,
    timeout_ms: Option<u64>,
    found: mpsc::Sender<(SourceKind, Candidate)>,
) -> Done {
    let kind = source.kind();
    let run = async {
        let mut candidates = source.find(query);
        while let Some(candidate) = candidates.next().await {
            let candidate = candidate.map_err(failure)?;
            if found.send((kind, candidate)).await.is_err() {
                break;
            }
        }
        Ok(())
    };
    let outcome = match timeout_ms {
        Some(ms) => match timeout(Duration::from_millis(ms), run).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::TimedOut),
        },
        None => run.await,
    };
    Done::Discovery(discovery::Input::SearchEnded {
        source: kind,
        outcome,
    })
}

pub(super) fn failure(error: SourceError) -> Failure {
    match error {
        SourceError::Timeout(_) => Failure::TimedOut,
        SourceError::Unreachable(why) => Failure::Unreachable(why),
        SourceError::Unavailable(why) => Failure::Failed(why),
        SourceError::Other(cause) => Failure::Failed(cause.to_string()),
    }
}

pub(super) async fn call(
    ports: Ports,
    keys: Arc<TopicKeys>,
    peer: PeerId,
    request: SyncRequest,
) -> Done {
    let now = ports.clock.now().unix;
    let exchange = ports.network.call(keys.id, peer, request.clone(), now);
    let answer = match timeout(CALL_TIMEOUT, exchange).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::debug!(%error, peer = %peer.short(), "an exchange failed");
            None
        }
        // It took too long, which the session notes as it does any answer that did not come.
        Err(_) => None,
    };
    Done::Session(session::Input::Answered {
        peer,
        request,
        answer,
    })
}

/// Asks a neighbour whose it is, until it has said so or it is clear that it will not.
pub(super) async fn ask_author(
    ports: Ports,
    keys: Arc<TopicKeys>,
    audience: Arc<Audience>,
    peer: PeerId,
) -> Done {
    for pause in AUTHOR_PAUSES {
        let now = ports.clock.now().unix;
        let called = ports.network.call(keys.id, peer, SyncRequest::Author, now);
        let answer = match timeout(CALL_TIMEOUT, called).await {
            Ok(Ok(answer)) => answer,
            // It may be busy, or the connection may be a moment old.
            Ok(Err(NetworkError::Unreachable { .. } | NetworkError::Refused { .. })) | Err(_) => {
                sleep(pause).await;
                continue;
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, peer = %peer.short(), "a neighbour does not say whose it is");
                break;
            }
        };
        let (statements, _) = answer.into_events();
        let statement = statements.into_iter().next();
        // A statement of another endpoint, or with a wrong signature, is none.
        let author = statement
            .filter(|event| event.meaning() == Meaning::Endpoint(peer))
            .and_then(|event| event.verify().ok());
        let Some(author) = author.map(|event| event.author()) else {
            break;
        };
        let author = audience.set_author(peer, author);
        return Done::Tell(vec![TopicEvent::PeerAuthor { peer, author }]);
    }
    Done::Nothing
}

/// Answers a member from the store.
pub(super) async fn answer(ports: Ports, keys: Arc<TopicKeys>, call: SyncCall) -> Done {
    let SyncCall {
        peer,
        request,
        reply,
        clock_skew_ms,
    } = call;
    tracing::trace!(peer = %peer.short(), clock_skew_ms, "a member asks");
    let (answer, done) = match answered(&ports, keys.id, peer, request).await {
        Ok(answered) => answered,
        Err(refused) => {
            tracing::debug!(%refused, peer = %peer.short(), "a member is not answered");
            return Done::Nothing;
        }
    };
    // The peer may have hung up; what it told counts all the same.
    let _ = reply.send(answer);
    done
}

/// The answer, and what this node learns by the question.
async fn answered(
    ports: &Ports,
    topic: TopicId,
    peer: PeerId,
    request: SyncRequest,
) -> Result<(SyncAnswer, Done), String> {
    let store = &ports.store;
    let told = |input| Ok((SyncAnswer::nothing(), Done::Session(input)));
    let failed = |error: StoreError| error.to_string();
    let events = match request {
        SyncRequest::Author => {
            let draft = Draft::endpoint(ports.network.local_peer(), ports.clock.now().unix);
            let statement = ports.identity.sign(draft).await;
            vec![statement.map_err(|error| error.to_string())?]
        }
        SyncRequest::Get(ids) => {
            let answer = get_some(store.as_ref(), topic, &ids).await;
            return Ok((answer.map_err(failed)?, Done::Nothing));
        }
        SyncRequest::Newest { n, before } => {
            let answer = newest_some(store.as_ref(), topic, n, before).await;
            return Ok((answer.map_err(failed)?, Done::Nothing));
        }
        SyncRequest::Receipt(ids) => {
            let held = store.note_held(topic, peer, ids).await.map_err(failed)?;
            return told(session::Input::Held(held));
        }
        SyncRequest::Offer { ids, more } => {
            return told(session::Input::Offered { peer, ids, more });
        }
        SyncRequest::Summary(theirs) => {
            let now = ports.clock.now().unix;
            // Nobody compares sets of another day; further ahead is what everybody takes.
            if theirs.cut.0.abs_diff(now.0) > 4 * EVENT_FUTURE_MS_MAX {
                return Err("its clock is too far from ours".to_owned());
            }
            let ours = store.set_summary(topic, theirs.cut, theirs.since).await;
            let ours = ours.map_err(failed)?;
            let compared = session::Input::Compared { peer, ours, theirs };
            return Ok((SyncAnswer::Summary(ours), Done::Session(compared)));
        }
        SyncRequest::Reconcile { since, message } => {
            let answer = store.reconcile_answer(topic, since, message).await;
            let answer = answer.map_err(|error| error.to_string())?;
            return Ok((SyncAnswer::Reconciled(answer), Done::Nothing));
        }
    };
    Ok((SyncAnswer::all(events), Done::Nothing))
}

/// An answer that grows a piece at a time: a thousand events may have 128 KiB each, of which only
/// a mebibyte is sent.
struct Growing {
    events: Vec<SignedEvent>,
    bytes: usize,
}

impl Growing {
    /// Events of the first piece, and least number in any.
    const PIECE: usize = 16;

    fn new() -> Self {
        let (events, bytes) = (Vec::new(), 0);
        Self { events, bytes }
    }

    fn add(&mut self, stored: Vec<StoredEvent>) {
        let events = events_of(stored);
        self.bytes += events.iter().map(SignedEvent::encoded_len).sum::<usize>();
        self.events.extend(events);
    }

    fn is_full(&self) -> bool {
        self.bytes > SYNC_ANSWER_BYTES_MAX
    }

    /// Events that are likely to fit, by the size of those that are here.
    fn next_piece(&self) -> usize {
        let room = SYNC_ANSWER_BYTES_MAX.saturating_sub(self.bytes);
        match self.bytes.checked_div(self.events.len()) {
            Some(each) => (room / each.max(1)).clamp(Self::PIECE, IDS_PER_REQUEST_MAX),
            None => Self::PIECE,
        }
    }
}

async fn get_some(
    store: &dyn EventStore,
    topic: TopicId,
    mut ids: &[EventId],
) -> Result<SyncAnswer, StoreError> {
    let mut answer = Growing::new();
    while !ids.is_empty() && !answer.is_full() {
        let (piece, rest) = ids.split_at(answer.next_piece().min(ids.len()));
        answer.add(store.get(topic, piece.to_vec()).await?);
        ids = rest;
    }
    let (events, more) = (answer.events, !ids.is_empty());
    Ok(SyncAnswer::Events { events, more })
}

async fn newest_some(
    store: &dyn EventStore,
    topic: TopicId,
    n: u16,
    mut before: Option<EventOrder>,
) -> Result<SyncAnswer, StoreError> {
    let mut answer = Growing::new();
    let mut left = usize::from(n);
    while left > 0 && !answer.is_full() {
        let piece = answer.next_piece().min(left);
        let stored = store.newest(topic, piece as u32, before).await?;
        // There are no others.
        left = if stored.len() < piece {
            0
        } else {
            left - piece
        };
        before = stored.last().map(|stored| stored.event.order());
        answer.add(stored);
    }
    let (events, more) = (answer.events, left > 0);
    Ok(SyncAnswer::Events { events, more })
}

fn events_of(stored: Vec<StoredEvent>) -> Vec<SignedEvent> {
    stored.into_iter().map(|stored| stored.event).collect()
}

pub(super) async fn summarise(
    store: Arc<dyn EventStore>,
    topic: TopicId,
    purpose: SummaryFor,
    cut: UnixMs,
    since: UnixMs,
) -> Done {
    let summary = match store.set_summary(topic, cut, since).await {
        Ok(summary) => Some(summary),
        Err(error) => {
            tracing::warn!(%error, "the database did not answer");
            None
        }
    };
    Done::Session(session::Input::Summarised { purpose, summary })
}

pub(super) async fn reconcile(
    store: Arc<dyn EventStore>,
    topic: TopicId,
    peer: PeerId,
    since: UnixMs,
    answer: Option<Vec<u8>>,
) -> Done {
    let outcome = match store.reconcile(topic, since, answer).await {
        Ok(step) => Reconciled::Step(step),
        Err(ReconcileError::Malformed(_)) => Reconciled::Malformed,
        Err(ReconcileError::Store(error)) => {
            tracing::warn!(%error, "the database did not answer");
            Reconciled::NoAnswer
        }
    };
    Done::Session(session::Input::Reconciled { peer, outcome })
}

/// A remembered member who is no neighbour, by chance.
pub(super) async fn find_partner(ports: Ports, topic: TopicId, neighbours: Vec<PeerId>) -> Done {
    match ports.book.known_peers(topic, PARTNERS_MAX).await {
        Ok(known) => {
            let others = known.into_iter();
            let others = others.filter(|known| !neighbours.contains(&known.peer));
            let Some(partner) = others.choose(&mut rand::rng()) else {
                return Done::Nothing;
            };
            // Since the start nobody may have had a reason to dial it.
            ports.network.remember(partner.peer, partner.addresses);
            Done::Session(session::Input::Partner(partner.peer))
        }
        Err(error) => failed_note(error),
    }
}

pub(super) async fn rejoin(ports: Ports, keys: Arc<TopicKeys>) -> Done {
    let left = ports.network.leave(keys.id).await;
    let joined = match left {
        Ok(()) => ports.network.join(keys).await,
        Err(error) => Err(error),
    };
    Done::Rejoined(match joined {
        Ok(link) => Some(link),
        Err(error) => {
            tracing::debug!(%error, "the network does not take the topic any more");
            None
        }
    })
}

pub(super) async fn load_unsent(store: Arc<dyn EventStore>, topic: TopicId) -> Done {
    let stored = store
        .unsent(topic, UNSENT_PER_LOAD_MAX)
        .await
        .unwrap_or_else(none_of);
    Done::Session(session::Input::Unsent(events_of(stored)))
}

/// The name that an author has now: what they told just now may be older than what is known.
pub(super) async fn show_profile(
    store: Arc<dyn EventStore>,
    audience: Arc<Audience>,
    pubkey: AuthorId,
) -> Done {
    match store.profile(pubkey).await {
        Ok(Some(told)) => {
            let name = told.profile.name;
            audience.set_name(pubkey, name.clone());
            let name = Some(name);
            let author = AuthorView { pubkey, name };
            Done::Tell(vec![TopicEvent::Profile { author }])
        }
        Ok(None) => Done::Nothing,
        Err(error) => failed_note(error),
    }
}

/// The posts that are shown otherwise now that reactions to them were taken back.
pub(super) async fn show_taken_back(
    store: Arc<dyn EventStore>,
    topic: TopicId,
    ids: Vec<EventId>,
) -> Done {
    match store.reacted_to(topic, ids).await {
        Ok(posts) => {
            let changed = posts.into_iter().map(|id| TopicEvent::PostChanged { id });
            Done::Tell(changed.collect())
        }
        Err(error) => failed_note(error),
    }
}

/// Those of the writes that count when it is asked.
pub(super) async fn show_entries(
    ports: Ports,
    topic: TopicId,
    written: Vec<(EntryKey, EventId)>,
) -> Done {
    let keys = written.iter().map(|(key, _)| key.clone()).collect();
    let current = match ports.store.entries_of(topic, keys).await {
        Ok(current) => current,
        Err(error) => none_of(error),
    };
    let now = ports.clock.now().unix;
    let ids: BTreeSet<EventId> = written.into_iter().map(|(_, id)| id).collect();
    let counting = current.into_iter();
    let counting = counting.filter(|stored| ids.contains(&stored.event.id()));
    let entries = counting.filter_map(|stored| EntryView::counting(stored, now));
    Done::Entries(entries.map(|entry| TopicEvent::Entry { entry }).collect())
}

/// The session is owed an answer also when the database does not give one.
pub(super) fn none_of<T>(error: StoreError) -> Vec<T> {
    tracing::warn!(%error, "the database did not answer");
    Vec::new()
}

/// A peer that dialled us is remembered by the address from which it did.
pub(super) async fn with_addresses(
    ports: &Ports,
    peer: PeerId,
    contact: PeerContact,
) -> PeerContact {
    match contact {
        PeerContact::Reached(addresses) if addresses.is_empty() => {
            let paths = ports.network.paths(vec![peer]).await;
            PeerContact::Reached(paths.into_iter().flat_map(|path| path.addresses).collect())
        }
        contact => contact,
    }
}

pub(super) fn failed_note(error: StoreError) -> Done {
    tracing::warn!(%error, "the database did not answer");
    Done::Nothing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ports::Origin,
        testing::{
            clock::ManualClock,
            contract::{event, events},
            store::MemoryStore,
        },
    };

    const TOPIC: TopicId = TopicId([1; 32]);

    async fn holding(events: Vec<kukuri_domain::VerifiedEvent>) -> MemoryStore {
        let store = MemoryStore::new(Arc::new(ManualClock::default()));
        let stored = store.commit(TOPIC, events, Origin::Peer).await;
        stored.expect("a working store");
        store
    }

    #[tokio::test]
    async fn short_events_are_answered_whole_and_long_ones_a_mebibyte_at_a_time() {
        let short = events(1_000);
        let ids: Vec<EventId> = short.iter().map(|event| event.id()).collect();
        let store = holding(short).await;
        let answer = get_some(&store, TOPIC, &ids).await.expect("an answer");
        let (got, more) = answer.into_events();
        assert_eq!((got.len(), more), (1_000, false));
        let newest = newest_some(&store, TOPIC, 200, None).await;
        let (got, more) = newest.expect("an answer").into_events();
        assert_eq!((got.len(), more), (200, false));
        assert!(got.is_sorted_by(|a, b| a.order() > b.order()));

        let long: Vec<_> = (0..100)
            .map(|n| event(1, &"x".repeat(100_000), UnixMs(1_700_000_000_000 + n)))
            .collect();
        let ids: Vec<EventId> = long.iter().map(|event| event.id()).collect();
        let store = holding(long).await;
        let mut open = ids.clone();
        let mut answers = 0;
        while !open.is_empty() {
            let answer = get_some(&store, TOPIC, &open).await.expect("an answer");
            let (got, more) = answer.into_events();
            assert!(
                (11..=32).contains(&got.len()) || !more,
                "{} at once",
                got.len()
            );
            let before = open.len();
            open.retain(|id| got.iter().all(|event| event.id() != *id));
            assert_eq!(more, !open.is_empty());
            assert!(open.len() < before);
            answers += 1;
        }
        assert!((4..=10).contains(&answers), "{answers} answers");
        let newest = newest_some(&store, TOPIC, 100, None).await;
        let (got, more) = newest.expect("an answer").into_events();
        assert!(more && (11..=32).contains(&got.len()));
    }
}
