//! Entries as a reader sees them.
//!
//! Owns the queries over keys and their writes; which write counts is noted by
//! [`crate::writer::entries`]. Must never walk over more of a topic than the keys that are asked
//! for.

use std::collections::BTreeSet;

use kukuri_application::ports::{EntryPage, StoreError, StoredEntry};
use kukuri_domain::{EntryKey, Hlc, TopicId};
use sea_orm::QueryResult;

use crate::{
    convert::{blob, blobs_column, from_column, stored_event, to_column},
    database::Database,
    error::store_error,
};

/// After every key: no text in UTF-8 has this byte.
const END: &[u8] = &[0xff];

pub(crate) const PAGE: &str = "
    SELECT e.*, o.sent_to, o.held_by
    FROM entries n INDEXED BY entries_with_value
    CROSS JOIN events e ON e.id = n.id
    LEFT JOIN own_events o ON o.topic = n.topic AND o.id = n.id
    WHERE n.topic = ?1 AND n.is_deleted = 0 AND n.key >= ?2 AND n.key < ?3 AND n.key > ?4
        AND (n.expires_at IS NULL OR n.expires_at > ?5)
    ORDER BY n.key
    LIMIT ?6";

pub(crate) const OF_KEYS: &str = "
    SELECT e.*, o.sent_to, o.held_by
    FROM json_each(?2) wanted
    CROSS JOIN entries n ON n.topic = ?1 AND n.key = unhex(wanted.value)
    CROSS JOIN events e ON e.id = n.id
    LEFT JOIN own_events o ON o.topic = n.topic AND o.id = n.id";

pub(crate) const WRITES: &str = "
    SELECT e.*, o.sent_to, o.held_by
    FROM entry_writes w
    CROSS JOIN events e ON e.id = w.id
    LEFT JOIN own_events o ON o.topic = w.topic AND o.id = w.id
    WHERE w.topic = ?1 AND w.key = ?2
    ORDER BY w.ms DESC, w.counter DESC, w.author DESC, w.id DESC
    LIMIT ?3";

pub(crate) const CLOCK: &str = "
    SELECT entry_ms, entry_counter FROM topic_totals WHERE topic = ?1";

impl Database {
    /// See `EventStore::entries`.
    pub(crate) async fn entry_page(
        &self,
        topic: TopicId,
        page: EntryPage,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let after = page.after.as_ref().map_or("", EntryKey::as_str);
        let values = [
            blob(&topic.0),
            blob(page.prefix.as_bytes()),
            beyond(&page.prefix).into(),
            blob(after.as_bytes()),
            to_column(self.clock.now().unix.0).into(),
            page.limit.into(),
        ];
        let rows = self.read(PAGE, values).await?;
        self.with_names(&rows).await
    }

    /// See `EventStore::entries_of`.
    pub(crate) async fn read_entries(
        &self,
        topic: TopicId,
        keys: &[EntryKey],
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let keys: BTreeSet<&str> = keys.iter().map(EntryKey::as_str).collect();
        let keys = blobs_column(keys.into_iter().map(str::as_bytes));
        let rows = self.read(OF_KEYS, [blob(&topic.0), keys.into()]).await?;
        self.with_names(&rows).await
    }

    /// See `EventStore::entry_writes`.
    pub(crate) async fn read_entry_writes(
        &self,
        topic: TopicId,
        key: &EntryKey,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let values = [blob(&topic.0), blob(key.as_str().as_bytes()), limit.into()];
        let rows = self.read(WRITES, values).await?;
        self.with_names(&rows).await
    }

    /// See `EventStore::entry_clock`.
    pub(crate) async fn read_entry_clock(&self, topic: TopicId) -> Result<Hlc, StoreError> {
        if let Some(clock) = self.entry_clocks.get(&topic) {
            return Ok(clock);
        }
        let rows = self.read(CLOCK, [blob(&topic.0)]).await?;
        let Some(row) = rows.first() else {
            return Ok(Hlc::default());
        };
        Ok(Hlc {
            ms: from_column(row.try_get_by_index(0).map_err(store_error)?)?,
            counter: row.try_get_by_index(1).map_err(store_error)?,
        })
    }

    async fn with_names(&self, rows: &[QueryResult]) -> Result<Vec<StoredEntry>, StoreError> {
        let stored = rows.iter().map(stored_event);
        let stored = stored.collect::<Result<Vec<_>, _>>()?;
        if stored.is_empty() {
            return Ok(Vec::new());
        }
        let authors = stored.iter().map(|stored| stored.event.author());
        let names = self.names_of(authors.collect()).await?;
        let named = stored.into_iter().map(|stored| StoredEntry {
            name: names.get(&stored.event.author()).cloned(),
            event: stored.event,
            received_at: stored.received_at,
            state: stored.state,
        });
        Ok(named.collect())
    }
}

/// The first bytes after all that begin with the prefix.
fn beyond(prefix: &str) -> Vec<u8> {
    let mut bytes = prefix.as_bytes().to_vec();
    match bytes.last_mut() {
        // No byte of UTF-8 is the greatest.
        Some(last) => *last += 1,
        None => bytes.extend(END),
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_begins_with_the_prefix_and_nothing_else() {
        for (prefix, within, without) in [
            ("", "a", None),
            ("config/", "config/", Some("config")),
            ("config/", "config/\u{10ffff}", Some("config0")),
            ("\u{10ffff}", "\u{10ffff}\u{10ffff}", Some("\u{10fffe}")),
        ] {
            let range = prefix.as_bytes().to_vec()..beyond(prefix);
            assert!(range.contains(&within.as_bytes().to_vec()), "{within:?}");
            let is_out = |text: &str| !range.contains(&text.as_bytes().to_vec());
            assert!(without.is_none_or(is_out), "{without:?}");
        }
    }
}
