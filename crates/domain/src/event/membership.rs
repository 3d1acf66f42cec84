//! Which events belong to the set that members compare, the sync set.
//!
//! Owns the rules. The set at a cut time T is a function of signed events and of T alone: an event
//! belongs to it if it was written before T and has not ended by T. What ends an event is its own
//! expiration (NIP-40), a deletion by its author (NIP-09), or a greater event in its place: at once
//! a later profile, 30 days after it was written a greater write to the same key. Must never ask
//! when something arrived, nor what one node can hold.
//!
//! Two members that gave each other what the set lacks have the same set, because whatever ends
//! an event stays itself: a deletion never ends, and the greatest event of a place never does. So
//! nobody who comes late can bring back what was deleted or overwritten.

use nostr::event::Kind;

use super::{EventId, EventOrder, Meaning};
use crate::{
    entry::{self, ENTRY_KIND, EXPIRATION_TAG, EntryRank, lost_until},
    time::UnixMs,
};

const DELETION_KIND: u16 = 5;

/// Whether only the greatest event of some place counts, and whether this one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It stands by itself.
    Free,
    /// It is the greatest in its place.
    Greatest,
    /// It stands in a place in which a greater one was written at this time.
    Surpassed(UnixMs),
}

/// An event as the set sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its place in the topic.
    pub order: EventOrder,
    /// Its place among those of which only one counts.
    pub standing: Standing,
    /// From when on it no longer belongs to the set.
    pub until: Option<UnixMs>,
}

impl Member {
    /// The event by itself, before others end it.
    pub(super) fn of(event: &nostr::event::Event, order: EventOrder) -> Self {
        let is_entry = || event.kind.as_u16() == ENTRY_KIND && entry::read(event, order).is_some();
        let standing = match place(event).is_some() || is_entry() {
            true => Standing::Greatest,
            false => Standing::Free,
        };
        let stays = standing != Standing::Free || event.kind.as_u16() == DELETION_KIND;
        Self {
            order,
            standing,
            until: if stays { None } else { expiration(event) },
        }
    }

    /// Whether it stands in a place of which only the greatest counts.
    pub fn is_keyed(&self) -> bool {
        self.standing != Standing::Free
    }

    /// Notes that it ends at `at`, unless it ends before that.
    pub fn end(&mut self, at: UnixMs) {
        self.until = Some(self.until.map_or(at, |until| until.min(at)));
    }

    /// Notes that a greater one in its place was written at `at`.
    pub fn surpass(&mut self, at: UnixMs) {
        self.standing = match self.standing {
            Standing::Surpassed(before) => Standing::Surpassed(before.min(at)),
            Standing::Free | Standing::Greatest => Standing::Surpassed(at),
        };
    }

    /// Notes that `greater` is written to the same key as it, which is `this`.
    pub fn lose(&mut self, this: EntryRank, greater: EntryRank) {
        self.surpass(greater.clock.at());
        self.end(lost_until(this, greater));
    }

    /// By when a member may do without it: what was written before its horizon, and what was
    /// surpassed before. The greatest in a place it keeps however old that is.
    pub fn needed_until(&self) -> Option<UnixMs> {
        match self.standing {
            Standing::Free => Some(self.order.at()),
            Standing::Greatest => None,
            Standing::Surpassed(at) => Some(at),
        }
    }

    /// Whether a member that keeps what was written from `horizon` on may do without it.
    pub fn is_behind(&self, horizon: UnixMs) -> bool {
        self.needed_until().is_some_and(|until| until < horizon)
    }

    /// Whether it belongs to the set at the cut `cut`.
    pub fn belongs_at(&self, cut: UnixMs) -> bool {
        self.order.at() < cut && self.until.is_none_or(|until| until > cut)
    }
}

/// Whether events of this kind take others back (NIP-09).
pub fn is_deletion(kind: u16) -> bool {
    kind == DELETION_KIND
}

/// Whether a deletion ends this event at all: deletions stay, and what is keyed is replaced.
pub fn is_deletable(kind: u16, is_keyed: bool) -> bool {
    kind != DELETION_KIND && !is_keyed
}

/// From when on a deletion written at `deletion` ends an event written at `event` by the same
/// author. One that claims to be older than what it deletes ends nothing: once both had passed a
/// member's horizon at different times, the members would disagree for ever.
pub fn deleted_at(event: EventOrder, deletion: UnixMs) -> Option<UnixMs> {
    (deletion >= event.at()).then_some(deletion)
}

/// Whether of two events in the same place of an author `first` counts: the later one, and of two
/// at the same moment that with the lower id (NIP-01).
pub fn replaces(first: (UnixMs, EventId), second: (UnixMs, EventId)) -> bool {
    (first.0, std::cmp::Reverse(first.1)) > (second.0, std::cmp::Reverse(second.1))
}

/// In which place of its author's the event stands, if only the latest there counts.
pub(super) fn place(event: &nostr::event::Event) -> Option<&'static str> {
    // The kind first: what every other event means would be read for nothing.
    let is_profile =
        event.kind == Kind::Metadata && matches!(Meaning::of(event), Meaning::Profile(_));
    is_profile.then_some("0")
}

/// The first well-formed tag counts (NIP-40).
pub(crate) fn expiration(event: &nostr::event::Event) -> Option<UnixMs> {
    let mut tags = event.tags.iter().map(|tag| tag.as_slice());
    tags.find_map(|tag| {
        let is_expiration = tag[0] == EXPIRATION_TAG;
        // One that is no number is not well-formed, and the next may be.
        let seconds: u64 = tag.get(1).filter(|_| is_expiration)?.parse().ok()?;
        Some(UnixMs(seconds.saturating_mul(1_000)))
    })
}
