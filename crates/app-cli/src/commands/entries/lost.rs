//! Why a write lost.
//!
//! Owns the comparison that is told to people; which write counts was decided by the order of
//! [`EntryView::rank`], and must never be decided here.

use kukuri_application::views::EntryView;
use serde::Serialize;

/// What a write lost by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "lost_by", rename_all = "snake_case")]
pub enum LostBy {
    /// It was written earlier.
    Clock {
        /// By how much.
        older_ms: u64,
    },
    /// It was written in the same millisecond, and its counter is less.
    Counter,
    /// Both have the same clock, and its author's key is less.
    Author,
    /// Both have the same clock and author, and its id is less.
    Revision,
}

impl LostBy {
    /// What the second of two writes to a key, which lost, lost by.
    pub fn of(won: &EntryView, lost: &EntryView) -> Self {
        let older_ms = won.clock.ms.saturating_sub(lost.clock.ms);
        if older_ms > 0 {
            LostBy::Clock { older_ms }
        } else if won.clock.counter != lost.clock.counter {
            LostBy::Counter
        } else if won.author.pubkey != lost.author.pubkey {
            LostBy::Author
        } else {
            LostBy::Revision
        }
    }
}
