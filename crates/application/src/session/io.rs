//! What a session is told and what it wants done.
//!
//! Owns the vocabulary between a session and whoever drives it (the engine, a simulator). Must
//! never hold a decision.
//!
//! The driver owes an outcome for every [`Effect::Verify`], [`Effect::Commit`],
//! [`Effect::FindMissing`], [`Effect::Call`], [`Effect::Summarise`], [`Effect::Reconcile`] and
//! [`Effect::LoadUnsent`]: exactly one input each, in any order, also on failure (`CommitFailed`,
//! an answer of `None`, empty lists). What is under way is bounded, so an outcome that never comes
//! would block that much for good.

use bytes::Bytes;
use kukuri_domain::{
    AuthorId, EntryKey, EventId, PeerId, SignedEvent, UnixMs, VerifiedEvent, event::Verifier,
    wire::SetSummary,
};
use serde::{Deserialize, Serialize};

use crate::{
    ports::{Origin, PostState, StoreTrouble, SyncAnswer, SyncRequest},
    views::TopicEvent,
};

pub use super::syncing::Reconciled;

/// Identifies a local post until its fate is known.
pub type PostToken = u64;

/// Identifies a commit until its outcome is known.
pub type CommitToken = u64;

/// Identifies a check of signatures until its outcome is known.
pub type VerifyToken = u64;

/// How an event reached this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Arrival {
    /// Written here.
    Local,
    /// By gossip, just now.
    Live,
    /// Over a stream, because it was asked for.
    Fetched,
}

/// What a session is told.
#[derive(Debug)]
pub enum Input {
    /// A local post, signed and verified.
    Post {
        /// Comes back in [`Effect::PostDone`].
        token: PostToken,
        /// The event.
        event: VerifiedEvent,
    },
    /// A gossip message.
    Message {
        /// The neighbour that delivered it.
        from: PeerId,
        /// Whether it is this neighbour's own, and not one that it passed on.
        is_direct: bool,
        /// The payload.
        payload: Bytes,
    },
    /// Outcome of [`Effect::Verify`].
    Verified {
        /// Which check.
        verify: VerifyToken,
        /// The genuine ones, in the order of the effect.
        genuine: Vec<VerifiedEvent>,
        /// How many were forged.
        forged: usize,
    },
    /// Outcome of [`Effect::Commit`]: committed.
    Committed {
        /// Which commit.
        commit: CommitToken,
        /// Which events were new, in the order of the commit.
        is_new: Vec<bool>,
    },
    /// Outcome of [`Effect::Commit`]: failed, nothing was stored.
    CommitFailed {
        /// Which commit.
        commit: CommitToken,
        /// Why.
        trouble: StoreTrouble,
    },
    /// A peer became a neighbour.
    NeighborUp(PeerId),
    /// A neighbour has proved whose endpoint it is.
    NeighborIs {
        /// Who.
        peer: PeerId,
        /// Whose.
        author: AuthorId,
    },
    /// A neighbour is gone.
    NeighborDown(PeerId),
    /// Outcome of [`Effect::FindMissing`].
    Missing {
        /// Who said that it has them.
        from: PeerId,
        /// Those that the store does not have; none when it could not say.
        ids: Vec<EventId>,
    },
    /// Outcome of [`Effect::Call`].
    Answered {
        /// Who was asked.
        peer: PeerId,
        /// What was asked.
        request: SyncRequest,
        /// The answer; `None` when the call failed.
        answer: Option<SyncAnswer>,
    },
    /// Peers said that they hold own events, and the store has counted it.
    Held(Vec<(EventId, PostState)>),
    /// Outcome of [`Effect::LoadUnsent`]: own stored events that nobody was sent yet; none when
    /// the store could not say.
    Unsent(Vec<SignedEvent>),
    /// Outcome of [`Effect::Summarise`].
    Summarised {
        /// What for.
        purpose: SummaryFor,
        /// Our set in short; `None` when the store could not say.
        summary: Option<SetSummary>,
    },
    /// Outcome of [`Effect::Reconcile`].
    Reconciled {
        /// With whom.
        peer: PeerId,
        /// What their message says, and our next one.
        outcome: Reconciled,
    },
    /// A member asked for our set in short, and gave its own.
    Compared {
        /// Who.
        peer: PeerId,
        /// Ours, as it was told.
        ours: SetSummary,
        /// Theirs.
        theirs: SetSummary,
    },
    /// A member offers events that we lack.
    Offered {
        /// Who.
        peer: PeerId,
        /// Which.
        ids: Vec<EventId>,
        /// There are more than these.
        more: bool,
    },
    /// A member who is no neighbour, to compare sets with ([`Effect::FindPartner`]).
    Partner(PeerId),
    /// What was written before this time is not kept here. It never goes back.
    Horizon(UnixMs),
    /// A timer fired.
    Timer(Timer),
    /// Messages were lost on the way to the session.
    Lagged,
}

impl Input {
    /// Checks the events of an [`Effect::Verify`]. It takes about 50 µs for each, so a driver
    /// with other work does it on a thread of its own.
    pub fn checked(verify: VerifyToken, events: Vec<SignedEvent>, verifier: &Verifier) -> Self {
        let all = events.len();
        // The forged ones are counted by what is left; which of the checks failed does not matter.
        let genuine: Vec<VerifiedEvent> = events
            .into_iter()
            .filter_map(|event| verifier.verify(event).ok())
            .collect();
        Self::Verified {
            verify,
            forged: all - genuine.len(),
            genuine,
        }
    }
}

/// A timer of a session; starting one again replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Receipts are due.
    Receipts,
    /// Delayed events may have become affordable.
    Delayed,
    /// A neighbour with whom a run failed is to be tried again.
    Retry(PeerId),
    /// A summary to the neighbours is due.
    Summary,
    /// A look at a member who is no neighbour is due.
    Partner,
    /// The neighbours changed a moment ago.
    Settled,
    /// More own events may be waiting to be sent.
    Unsent,
    /// Events for which there was no room may be asked for.
    Postponed,
    /// The store may take events again.
    Stalled,
}

/// What a summary is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SummaryFor {
    /// A run with this member.
    Run(PeerId),
    /// To be told to the neighbours.
    Neighbours,
    /// To be compared with a neighbour's.
    Comparison {
        /// Whose.
        peer: PeerId,
        /// Theirs.
        theirs: SetSummary,
        /// Whether it is another one than their last.
        moved: bool,
    },
}

/// What a session wants done.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is a post that is shown: a box would cost each of them an allocation"
)]
pub enum Effect {
    /// Check signatures, off the session's thread.
    Verify {
        /// Comes back with the outcome.
        verify: VerifyToken,
        /// Who delivered them.
        from: PeerId,
        /// How they arrived.
        arrival: Arrival,
        /// Unverified events.
        events: Vec<SignedEvent>,
    },
    /// Store in one transaction.
    Commit {
        /// Comes back with the outcome.
        commit: CommitToken,
        /// What.
        events: Vec<VerifiedEvent>,
        /// How durable.
        origin: Origin,
    },
    /// The fate of a post is known.
    PostDone {
        /// Which post.
        token: PostToken,
        /// Neighbours that it was handed to, or why it was not taken.
        result: Result<PostState, PostRefused>,
    },
    /// Hand to gossip.
    Broadcast(Bytes),
    /// Hand to the neighbours only.
    BroadcastNeighbours(Bytes),
    /// Note that own events were broadcast.
    NoteSent {
        /// Which.
        ids: Vec<EventId>,
        /// To how many neighbours.
        neighbours: u32,
    },
    /// Note that a peer holds these events; those that are not own ones are ignored.
    NoteHeld {
        /// Who.
        peer: PeerId,
        /// Which.
        ids: Vec<EventId>,
    },
    /// Find which of these ids the store does not have.
    FindMissing {
        /// Who has them.
        from: PeerId,
        /// Which.
        ids: Vec<EventId>,
    },
    /// Ask a member over a stream.
    Call {
        /// Whom.
        peer: PeerId,
        /// What.
        request: SyncRequest,
    },
    /// Say our set in short.
    Summarise {
        /// Comes back with the outcome.
        purpose: SummaryFor,
        /// At this cut.
        cut: UnixMs,
        /// Without what was written before.
        since: UnixMs,
    },
    /// Look at a member's message of a reconciliation; without one make the first.
    Reconcile {
        /// With whom.
        peer: PeerId,
        /// Without what was written before.
        since: UnixMs,
        /// Their message.
        answer: Option<Vec<u8>>,
    },
    /// Note that a member holds all own events that were written within this time.
    NoteComplete {
        /// Who.
        peer: PeerId,
        /// From when on.
        since: UnixMs,
        /// Before when.
        before: UnixMs,
    },
    /// Find a member who is no neighbour: a remembered one, by chance. There may be none.
    FindPartner,
    /// Ask this member, who is none, to become a neighbour: gossip does not lead to it.
    Meet(PeerId),
    /// Leave the topic on the network and join it anew, through others.
    Rejoin,
    /// Load own events that were stored but sent to nobody, oldest first, at most
    /// [`super::UNSENT_PER_LOAD_MAX`].
    LoadUnsent,
    /// Tell whoever listens.
    Emit(TopicEvent),
    /// Tell whoever listens what an author calls themselves now.
    ShowProfile(AuthorId),
    /// Tell whoever listens which posts changed, if any of these were reactions to them.
    ShowTakenBack(Vec<EventId>),
    /// Tell whoever listens of those of these writes that count.
    ShowEntries(Vec<(EntryKey, EventId)>),
    /// Start or replace a timer.
    StartTimer {
        /// Which.
        timer: Timer,
        /// Milliseconds from now.
        after_ms: u64,
    },
}

/// Why a local post was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostRefused {
    /// The topic's rules do not allow it.
    NotAdmitted(kukuri_domain::event::AdmissionError),
    /// The store did not take it; it says why in its own error.
    NotStored,
}

/// What a session counted since it started. Nothing that a peer sends is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Counters {
    /// Messages that are not ours (stock peers).
    pub foreign: u64,
    /// Frames of a version that we do not know.
    pub other_version: u64,
    /// Frames that do not decode or break a limit.
    pub malformed: u64,
    /// Events whose id or signature is false.
    pub forged: u64,
    /// Events that the topic's rules refuse.
    pub refused: u64,
    /// Events that are older than what is kept here.
    #[serde(default)]
    pub outdated: u64,
    /// Events that were known already.
    pub duplicates: u64,
    /// Events that waited for a token bucket.
    pub delayed: u64,
    /// Events or ids dropped because too much was waiting.
    pub dropped: u64,
    /// Times that the network lost messages before they reached us.
    pub lagged: u64,
    /// Times that this member seemed deaf: others wrote, and nothing came through.
    pub deaf: u64,
    /// Events stored.
    pub stored: u64,
    /// Events that the store failed to take; peers still have theirs.
    pub not_stored: u64,
}
