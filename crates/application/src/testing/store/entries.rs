//! The fake's entries: found anew at each question, by going through all rows.

use std::collections::BTreeMap;

use kukuri_domain::{EntryKey, Hlc, TopicId, UnixMs, entry::EntryRank};

use super::{Row, State};
use crate::ports::{EntryPage, StoredEntry};

impl State {
    /// Every write of a topic, by key and rank.
    fn writes(&self, topic: TopicId) -> BTreeMap<(EntryKey, EntryRank), &Row> {
        let rows = self.topics.get(&topic).into_iter();
        let rows = rows.flat_map(|t| t.rows.values());
        let writes = rows.filter_map(|row| {
            let entry = row.event.entry()?;
            Some(((entry.key, entry.rank), row))
        });
        writes.collect()
    }

    /// The greatest write of each key.
    fn greatest(&self, topic: TopicId) -> BTreeMap<EntryKey, &Row> {
        let writes = self.writes(topic).into_iter();
        writes.map(|((key, _), row)| (key, row)).collect()
    }

    pub(super) fn entries(
        &self,
        topic: TopicId,
        page: &EntryPage,
        now: UnixMs,
    ) -> Vec<StoredEntry> {
        let is_live = |row: &&Row| row.event.entry().is_some_and(|entry| entry.is_live(now));
        let meant = self.greatest(topic).into_iter().filter(|(key, _)| {
            key.as_str().starts_with(&page.prefix)
                && page.after.as_ref().is_none_or(|after| key > after)
        });
        let live = meant.map(|(_, row)| row).filter(is_live);
        let live = live.take(page.limit as usize);
        live.map(|row| self.entry(row)).collect()
    }

    pub(super) fn entries_of(&self, topic: TopicId, keys: &[EntryKey]) -> Vec<StoredEntry> {
        let greatest = self.greatest(topic).into_iter();
        let meant = greatest.filter(|(key, _)| keys.contains(key));
        meant.map(|(_, row)| self.entry(row)).collect()
    }

    pub(super) fn entry_writes(
        &self,
        topic: TopicId,
        wanted: &EntryKey,
        limit: u32,
    ) -> Vec<StoredEntry> {
        let writes = self.writes(topic).into_iter().rev();
        let meant = writes.filter(|((key, _), _)| key == wanted);
        let meant = meant.take(limit as usize);
        meant.map(|(_, row)| self.entry(row)).collect()
    }

    pub(super) fn entry_clock(&self, topic: TopicId) -> Hlc {
        let clocks = self.writes(topic).into_keys();
        let clocks = clocks.map(|(_, rank)| rank.clock);
        clocks.max().unwrap_or_default()
    }

    fn entry(&self, row: &Row) -> StoredEntry {
        let stored = row.stored();
        StoredEntry {
            name: self.name(row.event.author()),
            event: stored.event,
            received_at: stored.received_at,
            state: stored.state,
        }
    }
}
