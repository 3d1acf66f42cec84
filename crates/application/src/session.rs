//! ONE joined topic as a pure, synchronous state machine.
//!
//! Owns: what happens to a message from its arrival to the notice on the screen, to a post from
//! its signature to its broadcast, to receipts, and to history that a new neighbour has. Must
//! never do I/O, read a clock, or draw from the system's randomness: `handle(input, now)` returns
//! effects, which the engine (or a simulator) carries out and answers with further inputs.
//! Nothing is emitted or broadcast before it was committed, nothing is remembered as known
//! before it was committed, and whatever a peer sends is counted, never an error.
//!
//! The way of an event: `incoming` (message, seen-set, bucket, signature, rules, bucket) and
//! `fetching` (what peers say they have) lead to `storing` (commit, notice, telling on), which
//! feeds `receipts`. Own posts take `outgoing` to the same `storing`. What neither brought is found
//! by `syncing`, and `healing` notices that it has to be looked for. While the store takes nothing,
//! `stalled` keeps both from fetching.

mod bucket;
mod delayed;
mod fetching;
mod healing;
mod in_flight;
mod incoming;
mod io;
mod neighbour;
mod outgoing;
mod postponed;
mod receipts;
mod seen;
mod stalled;
mod storing;
mod syncing;

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    sync::Arc,
};

use kukuri_domain::{
    AuthorId, EntryKey, EventId, Now, PeerId, TopicKeys, UnixMs,
    limits::{
        AUTHOR_EVENTS_BURST, AUTHOR_EVENTS_PER_SECOND, DELAYED_EVENTS_MAX, PEER_EVENTS_BURST,
        PEER_EVENTS_PER_SECOND, SEEN_EVENTS_MAX,
    },
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use bucket::{Buckets, Rate};
use delayed::Delayed;
use fetching::{Fetch, Supplier};
use healing::Hearing;
use in_flight::InFlight;
use incoming::{Turn, Unverified, Verification};
use neighbour::Neighbour;
use postponed::Postponed;
use receipts::Receipts;
use seen::SeenSet;
use stalled::Storing;
use storing::{PendingCommit, Taken};
use syncing::Syncing;

pub use io::{
    Arrival, CommitToken, Counters, Effect, Input, PostRefused, PostToken, Reconciled, SummaryFor,
    Timer, VerifyToken,
};
pub use outgoing::UNSENT_PER_LOAD_MAX;
pub use syncing::Agreement;

/// Peers that have a token bucket of their own. Far more than a node has neighbours, so that
/// coming and going does not refill a bucket.
const PEER_BUCKETS_MAX: usize = 1_024;

/// Authors that have a token bucket of their own. Beyond it the delivering peer's bucket limits.
const AUTHOR_BUCKETS_MAX: usize = 4_096;

/// Greatest number of events that wait at each of the two buckets, half of the topic's room, so
/// that a flood at one leaves room at the other.
const DELAYED_PER_STAGE_MAX: usize = DELAYED_EVENTS_MAX / 2;

/// One joined topic.
pub struct Session {
    topic: Arc<TopicKeys>,
    local: PeerId,
    author: AuthorId,
    rng: StdRng,
    counters: Counters,
    effects: Vec<Effect>,
    next_token: u64,
    neighbours: BTreeMap<PeerId, Neighbour>,

    /// Committed events.
    seen: SeenSet,
    /// Events on the way to their commit.
    in_flight: InFlight,
    verifications: HashMap<VerifyToken, Verification>,
    commits: HashMap<CommitToken, PendingCommit>,

    peer_buckets: Buckets<PeerId>,
    author_buckets: Buckets<AuthorId>,
    /// Waits for the delivering peer's bucket.
    unverified: Delayed<Turn, Unverified>,
    /// Who of them was served last.
    last_turn: Option<Turn>,
    /// Genuine and admitted; waits for the author's bucket.
    unaffordable: Delayed<AuthorId, Taken>,
    is_delay_timer_running: bool,
    /// What there was no room for.
    postponed: Postponed,

    /// Events that are being fetched by id.
    fetches: BTreeMap<EventId, Fetch>,
    /// Of whom.
    suppliers: BTreeMap<PeerId, Supplier>,
    /// Look-ups of ids in the store that are under way.
    finds: usize,
    receipts: Receipts,

    /// Writes to entries of the commit that is being looked at.
    written: Vec<(EntryKey, EventId)>,

    /// What was written before is not kept here.
    horizon: UnixMs,
    syncing: Syncing,
    hearing: Hearing,
    storing: Storing,

    /// Own events that were broadcast lately, so that none goes out twice.
    sent: SeenSet,
    is_loading_unsent: bool,
}

impl Session {
    /// A session that knows nobody and has seen nothing. `local` is this node's endpoint, `author`
    /// whoever posts here; `seed` should be unknown to others.
    pub fn new(topic: Arc<TopicKeys>, local: PeerId, author: AuthorId, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let in_flight = InFlight::new(rng.random());
        let peer_rate = Rate {
            per_second: PEER_EVENTS_PER_SECOND,
            burst: PEER_EVENTS_BURST,
        };
        let author_rate = Rate {
            per_second: AUTHOR_EVENTS_PER_SECOND,
            burst: AUTHOR_EVENTS_BURST,
        };
        Self {
            topic,
            local,
            author,
            rng,
            counters: Counters::default(),
            effects: Vec::new(),
            next_token: 0,
            neighbours: BTreeMap::new(),
            seen: SeenSet::new(SEEN_EVENTS_MAX),
            in_flight,
            verifications: HashMap::new(),
            commits: HashMap::new(),
            peer_buckets: Buckets::new(peer_rate, PEER_BUCKETS_MAX),
            author_buckets: Buckets::new(author_rate, AUTHOR_BUCKETS_MAX),
            unverified: Delayed::new(DELAYED_PER_STAGE_MAX),
            unaffordable: Delayed::new(DELAYED_PER_STAGE_MAX),
            is_delay_timer_running: false,
            last_turn: None,
            postponed: Postponed::default(),
            fetches: BTreeMap::new(),
            suppliers: BTreeMap::new(),
            finds: 0,
            receipts: Receipts::default(),
            written: Vec::new(),
            horizon: syncing::EVERYTHING,
            syncing: Syncing::default(),
            hearing: Hearing::default(),
            storing: Storing::default(),
            sent: SeenSet::new(outgoing::SENT_REMEMBERED_MAX),
            is_loading_unsent: false,
        }
    }

    /// Takes one input and returns what is to be done, in order. `now.mono_ms` must not go back;
    /// a clock that does is taken for one that stands still.
    #[must_use = "effects that are not carried out are lost"]
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Effect> {
        match input {
            Input::Post { token, event } => self.post(token, event, now),
            Input::Message {
                from,
                is_direct,
                payload,
            } => self.message(from, is_direct, &payload, now),
            Input::Verified {
                verify,
                genuine,
                forged,
            } => {
                self.verified(verify, genuine, forged, now);
            }
            Input::Committed { commit, is_new } => self.committed(commit, &is_new, now),
            Input::CommitFailed { commit, trouble } => self.commit_failed(commit, trouble, now),
            Input::NeighborUp(peer) => self.neighbour_up(peer, now),
            Input::NeighborIs { peer, author } => {
                if let Some(neighbour) = self.neighbours.get_mut(&peer) {
                    neighbour.author = Some(author);
                }
            }
            Input::NeighborDown(peer) => self.neighbour_down(peer),
            Input::Missing { from, ids } => self.missing(from, ids),
            Input::Answered {
                peer,
                request,
                answer,
            } => self.answered(peer, request, answer, now),
            Input::Summarised { purpose, summary } => self.summarised(purpose, summary, now),
            Input::Reconciled { peer, outcome } => self.reconciled(peer, outcome, now),
            Input::Compared { peer, ours, theirs } => {
                // Who asked knows it too, and begins if they differ.
                self.compared(peer, ours, theirs, now);
            }
            Input::Offered { peer, ids, more } => self.offered(peer, ids, more, now),
            Input::Partner(peer) => self.sync_with(peer, now),
            Input::Held(held) => self.held(held),
            Input::Unsent(events) => self.unsent(events),
            Input::Horizon(horizon) => self.horizon_moved(horizon, now),
            Input::Timer(Timer::Receipts) => self.receipts_due(),
            Input::Timer(Timer::Delayed) => self.release_delayed(now),
            Input::Timer(Timer::Retry(peer)) => self.sync_with(peer, now),
            Input::Timer(Timer::Summary) => self.summary_due(now),
            Input::Timer(Timer::Partner) => self.partner_due(),
            Input::Timer(Timer::Settled) => self.settled(now),
            Input::Timer(Timer::Unsent) => self.load_unsent(),
            Input::Timer(Timer::Postponed) => self.postponed_due(),
            Input::Timer(Timer::Stalled) => self.stalled_due(now),
            Input::Lagged => self.lagged(now),
        }
        mem::take(&mut self.effects)
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The neighbours at this moment, by id.
    pub fn neighbours(&self) -> Vec<PeerId> {
        self.neighbours.keys().copied().collect()
    }

    fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    /// Number of neighbours, as post states count them.
    pub fn neighbour_count(&self) -> u32 {
        u32::try_from(self.neighbours.len()).unwrap_or(u32::MAX)
    }

    /// A neighbour by chance, other than `except`.
    fn random_neighbour(&mut self, except: Option<PeerId>) -> Option<PeerId> {
        let others = self.neighbours.len()
            - except.is_some_and(|peer| self.neighbours.contains_key(&peer)) as usize;
        if others == 0 {
            return None;
        }
        let place = self.rng.random_range(0..others);
        self.neighbours
            .keys()
            .copied()
            .filter(|peer| Some(*peer) != except)
            .nth(place)
    }
}
