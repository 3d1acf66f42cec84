//! Writing entries.
//!
//! Owns the clock of this author's writes, and the condition of a write against what is stored
//! here. Must never write with a clock that is not greater than all that are known: then a write
//! could lose against what its author had seen.

use futures_util::future::try_join_all;
use kukuri_domain::{EntryKey, EntryValue, EventRef, Hlc, UnixMs, event::Draft};
use serde::{Deserialize, Serialize};

use super::{
    TopicHandle,
    topic::{PostError, Posted},
};
use crate::ports::StoredEntry;

/// What must be so here for a write to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Condition {
    /// The key holds nothing.
    Absent,
    /// The key holds something.
    Present,
    /// This is the write that counts.
    Revision(
        /// Its id, or the beginning of it.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        EventRef,
    ),
}

/// A write to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryChange {
    /// To which key.
    pub key: EntryKey,
    /// What; `None` to delete the key.
    pub value: Option<EntryValue<'static>>,
    /// For how long it is to count, in milliseconds.
    pub ttl_ms: Option<u64>,
    /// Only if this is so in the local store. Others may write at the same time.
    pub only_if: Option<Condition>,
}

impl TopicHandle {
    /// Signs and stores writes to entries and hands them to the neighbours. When it returns `Ok`,
    /// all are on the disk. The conditions are looked at before any of them is made.
    ///
    /// # Errors
    /// [`PostError`]; if a condition does not hold, no write was made; otherwise some may have
    /// been.
    pub async fn write_entries(&self, changes: Vec<EntryChange>) -> Result<Vec<Posted>, PostError> {
        // Until they are committed: the next change is to see them.
        let _one_at_a_time = self.entry_writing.lock().await;
        let (store, topic) = (&self.ports.store, self.keys.id);
        let now = self.ports.clock.now().unix;
        let conditional = changes.iter().filter(|change| change.only_if.is_some());
        let keys: Vec<EntryKey> = conditional.map(|change| change.key.clone()).collect();
        if !keys.is_empty() {
            let current = store.entries_of(topic, keys).await?;
            for change in &changes {
                check(change, &current, now)?;
            }
        }
        let mut clock = store.entry_clock(topic).await?;
        let drafts: Vec<Draft> = changes
            .into_iter()
            .map(|change| {
                clock = Hlc::after(clock, now);
                let end = |ttl_ms| UnixMs(now.0.saturating_add(ttl_ms));
                Draft::entry(
                    &self.keys.name,
                    &change.key,
                    change.value.as_ref(),
                    clock,
                    change.ttl_ms.map(end),
                )
            })
            .collect();
        try_join_all(drafts.into_iter().map(|draft| self.publish(draft))).await
    }
}

/// Whether the condition of a change holds.
fn check(change: &EntryChange, current: &[StoredEntry], now: UnixMs) -> Result<(), PostError> {
    let Some(condition) = &change.only_if else {
        return Ok(());
    };
    let entries = current.iter().filter_map(|stored| stored.event.entry());
    let current = entries
        .filter(|entry| entry.key == change.key && entry.is_live(now))
        .map(|entry| entry.rank.id)
        .next();
    let holds = match (condition, current) {
        (Condition::Absent, current) => current.is_none(),
        (Condition::Present, current) => current.is_some(),
        (Condition::Revision(meant), Some(current)) => meant.ids().contains(&current),
        (Condition::Revision(_), None) => false,
    };
    let key = || change.key.clone();
    match (holds, condition) {
        (true, _) => Ok(()),
        (false, Condition::Present) => Err(PostError::NoEntry(key())),
        (false, _) => Err(PostError::Changed(key(), current)),
    }
}
