//! Entries: what is asked about them and how it is answered, whichever way the client goes.
//!
//! Owns the requests as plain data and their limits. Must never decide which write counts.

use data_encoding::BASE64;
use kukuri_application::{
    engine::{Condition, EntryChange},
    ports::{EntryPage, StoredEntry},
    views::EntryView,
};
use kukuri_domain::{EntryKey, EntryValue, TopicRef};
use serde::{Deserialize, Serialize};

use super::{Client, ClientError, Code, Running, Stored, Way};

/// Most entries of one page, and most writes of one history.
pub const PAGE_ENTRIES_MAX: u32 = 1_000;

/// Most writes of one request.
pub const WRITES_MAX: usize = 256;

/// About how many bytes of values one answer has at most; the asker goes on after its last key.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A write to an entry, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct EntryWrite {
    /// To which key.
    pub key: EntryKey,
    /// A text; with neither this nor the next the key is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub value: Option<String>,
    /// Any bytes, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub value_base64: Option<String>,
    /// For how long it is to count, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub ttl_ms: Option<u64>,
    /// Only if this is so here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub only_if: Option<Condition>,
}

impl EntryWrite {
    /// A write of these bytes; of none a deletion.
    pub fn new(key: EntryKey, value: Option<&EntryValue<'_>>) -> Self {
        let (text, base64) = match value {
            Some(EntryValue::Text(text)) => (Some(text.clone().into_owned()), None),
            Some(EntryValue::Bytes(bytes)) => (None, Some(BASE64.encode(bytes))),
            None => (None, None),
        };
        Self {
            key,
            value: text,
            value_base64: base64,
            ttl_ms: None,
            only_if: None,
        }
    }

    /// A deletion of a key that holds something.
    pub fn delete(key: EntryKey) -> Self {
        Self {
            only_if: Some(Condition::Present),
            ..Self::new(key, None)
        }
    }

    fn change(self) -> Result<EntryChange, ClientError> {
        let bytes = match (self.value, self.value_base64) {
            (Some(_), Some(_)) => {
                let message = format!("'{}' has a text and base64 at once", self.key);
                return Err(ClientError::new(Code::Request, message));
            }
            (Some(text), None) => Some(text.into_bytes()),
            (None, Some(base64)) => {
                let wrong = |error| {
                    let message = format!("the value of '{}' is no base64: {error}", self.key);
                    ClientError::new(Code::Request, message)
                };
                Some(BASE64.decode(base64.as_bytes()).map_err(wrong)?)
            }
            (None, None) => None,
        };
        let value = bytes.map(EntryValue::new).transpose()?;
        Ok(EntryChange {
            value,
            key: self.key,
            ttl_ms: self.ttl_ms,
            only_if: self.only_if,
        })
    }
}

/// Which entries are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryQuery {
    /// In which topic.
    pub topic: TopicRef,
    /// Only those whose keys begin so.
    #[serde(default)]
    pub prefix: String,
    /// Only those after this key.
    #[serde(default)]
    pub after: Option<EntryKey>,
    /// How many at most, up to [`PAGE_ENTRIES_MAX`].
    pub limit: u32,
}

/// Entries of a topic, by key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Entries {
    /// The entries.
    pub entries: Vec<EntryView>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<EntryKey>,
}

impl Client {
    /// Writes entries: signs, stores and hands them to the members that are connected. When it
    /// returns `Ok`, all are on the disk. The conditions are looked at before any is written, in
    /// what is stored here: another member may write the same key at the same time.
    ///
    /// # Errors
    /// [`Code::NoEntry`] and [`Code::Conflict`] if a condition does not hold, and nothing was
    /// written; [`Code::TooLong`], [`Code::Request`], [`Code::NoNode`], [`Code::NotJoined`],
    /// [`Code::Refused`], [`Code::DiskFull`] and its kin.
    pub async fn write_entries(
        &self,
        topic: impl Into<TopicRef>,
        writes: Vec<EntryWrite>,
    ) -> Result<Vec<EntryView>, ClientError> {
        if writes.len() > WRITES_MAX {
            let message = format!("at most {WRITES_MAX} writes at once, not {}", writes.len());
            return Err(ClientError::new(Code::Request, message));
        }
        match &self.way {
            Way::Running(node) => node.write_entries(&topic.into(), writes).await,
            Way::Stored(_) => Err(ClientError::no_node()),
            Way::Remote(remote) => remote.write_entries(&topic.into(), writes).await,
        }
    }

    /// The write that counts of a key, also where it deletes or has expired; `None` if the key was
    /// never written.
    ///
    /// # Errors
    /// [`Code::NotJoined`], [`Code::Ambiguous`], [`Code::Database`].
    pub async fn entry(
        &self,
        topic: impl Into<TopicRef>,
        key: EntryKey,
    ) -> Result<Option<EntryView>, ClientError> {
        match &self.way {
            Way::Running(node) => node.stored.entry(&topic.into(), key).await,
            Way::Stored(stored) => stored.entry(&topic.into(), key).await,
            Way::Remote(remote) => remote.entry(&topic.into(), key).await,
        }
    }

    /// Entries that hold something, by key.
    ///
    /// # Errors
    /// [`Code::NotJoined`], [`Code::Ambiguous`], [`Code::Database`].
    pub async fn entries(&self, query: &EntryQuery) -> Result<Entries, ClientError> {
        match &self.way {
            Way::Running(node) => node.stored.entries(query).await,
            Way::Stored(stored) => stored.entries(query).await,
            Way::Remote(remote) => remote.entries(query).await,
        }
    }

    /// The writes to a key: that which counts first, then those that lost, greatest first. At
    /// least those of the last 30 days; at most [`PAGE_ENTRIES_MAX`].
    ///
    /// # Errors
    /// [`Code::NotJoined`], [`Code::Ambiguous`], [`Code::Database`].
    pub async fn entry_history(
        &self,
        topic: impl Into<TopicRef>,
        key: EntryKey,
        limit: u32,
    ) -> Result<Vec<EntryView>, ClientError> {
        match &self.way {
            Way::Running(node) => node.stored.entry_history(&topic.into(), key, limit).await,
            Way::Stored(stored) => stored.entry_history(&topic.into(), key, limit).await,
            Way::Remote(remote) => remote.entry_history(&topic.into(), key, limit).await,
        }
    }
}

impl Running {
    async fn write_entries(
        &self,
        topic: &TopicRef,
        writes: Vec<EntryWrite>,
    ) -> Result<Vec<EntryView>, ClientError> {
        let changes = writes.into_iter().map(EntryWrite::change);
        let changes = changes.collect::<Result<Vec<_>, _>>()?;
        let handle = self.handle(topic)?;
        // Both to their ends: an error of the name must not cut the writing off.
        let (posted, author) =
            tokio::join!(handle.write_entries(changes), self.stored.own_author());
        let (posted, name, now) = (posted?, author?.name, self.stored.now());
        let views = posted.into_iter().filter_map(|posted| {
            let stored = StoredEntry {
                event: posted.event,
                received_at: now,
                state: posted.state,
                name: name.clone(),
            };
            EntryView::counting(stored, now)
        });
        Ok(views.collect())
    }
}

impl Stored {
    async fn entry(
        &self,
        topic: &TopicRef,
        key: EntryKey,
    ) -> Result<Option<EntryView>, ClientError> {
        let topic = self.find(topic).await?.id;
        let found = self.store.entries_of(topic, vec![key]).await?;
        let counting = found.into_iter().next();
        Ok(counting.and_then(|stored| EntryView::counting(stored, self.now())))
    }

    async fn entries(&self, query: &EntryQuery) -> Result<Entries, ClientError> {
        let topic = self.find(&query.topic).await?.id;
        let limit = query.limit.clamp(1, PAGE_ENTRIES_MAX);
        let page = EntryPage {
            prefix: query.prefix.clone(),
            after: query.after.clone(),
            limit,
        };
        let (stored, now) = (self.store.entries(topic, page).await?, self.now());
        let is_full = stored.len() == limit as usize;
        let (mut bytes, all) = (0, stored.len());
        let entries = stored.into_iter().take_while(|stored| {
            let is_first = bytes == 0;
            bytes += stored.event.encoded_len();
            is_first || bytes <= PAGE_BYTES_MAX
        });
        // Those that have expired since the page was read stay: they are shown as such.
        let entries = entries.filter_map(|stored| EntryView::counting(stored, now));
        let entries: Vec<EntryView> = entries.collect();
        let goes_on = is_full || entries.len() < all;
        let last = entries.last().map(|entry| entry.key.clone());
        Ok(Entries {
            next: last.filter(|_| goes_on),
            entries,
        })
    }

    async fn entry_history(
        &self,
        topic: &TopicRef,
        key: EntryKey,
        limit: u32,
    ) -> Result<Vec<EntryView>, ClientError> {
        let topic = self.find(topic).await?.id;
        let limit = limit.clamp(1, PAGE_ENTRIES_MAX);
        let writes = self.store.entry_writes(topic, key, limit).await?;
        let mut writes = writes.into_iter();
        let counting = writes.next();
        let counting = counting.and_then(|stored| EntryView::counting(stored, self.now()));
        Ok(counting
            .into_iter()
            .chain(writes.filter_map(EntryView::lost))
            .collect())
    }
}
