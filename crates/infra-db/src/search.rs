//! Searching: the index, and what it does not know yet.
//!
//! Owns the way from a query to posts. Must never trust the index alone: it says which posts may
//! match, and their texts decide. The queue is read before the index, so that a post which moves
//! from one to the other meanwhile is seen twice rather than never.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use kukuri_application::ports::{Found, StoreError, StoredPost};
use kukuri_domain::{AuthorId, EventId, EventOrder, TopicId, search::SearchQuery};
use sea_orm::QueryResult;

use crate::{
    convert::{bytes, event_order},
    database::Database,
    error::store_error,
    terms,
};

/// Posts of the queue that are looked through at a time, and greatest number that the index is
/// asked for at a time.
const PAGE: usize = 1_000;

pub(crate) const TAIL: &str = "
    SELECT e.created_at, e.ms, e.id, u.topic, e.content, u.seq
    FROM unindexed u
    CROSS JOIN events e ON e.id = u.id
    CROSS JOIN topic_events p
        ON p.topic = u.topic AND p.created_at = e.created_at AND p.ms = e.ms AND p.id = e.id
    WHERE u.seq > ?1 AND e.author NOT IN (SELECT author FROM muted)
        AND NOT EXISTS (SELECT 1 FROM deletions d
            WHERE d.topic = u.topic AND d.target = e.id AND d.author = e.author)
    ORDER BY u.seq
    LIMIT ?2";

pub(crate) const INDEXED: &str = "
    SELECT e.created_at, e.ms, e.id, i.topic, e.content, i.place
    FROM terms t
    CROSS JOIN indexed i ON i.place = t.rowid
    CROSS JOIN events e ON e.id = i.id
    WHERE t.terms MATCH ?1 AND t.rowid <= ?2
        AND e.author NOT IN (SELECT author FROM muted)
        AND NOT EXISTS (SELECT 1 FROM deletions d
            WHERE d.topic = i.topic AND d.target = e.id AND d.author = e.author)
    ORDER BY t.rowid DESC
    LIMIT ?3";

pub(crate) const WAITING: &str = "
    SELECT COALESCE((SELECT MAX(seq) FROM unindexed) - (SELECT MIN(seq) FROM unindexed) + 1, 0)";

/// Where a post stands in a list of what was found, newest first.
type Rank = (Reverse<EventOrder>, TopicId);

/// The best of what was found, up to a number.
struct Best {
    found: BTreeMap<Rank, Vec<Range<usize>>>,
    limit: usize,
}

impl Best {
    fn add(&mut self, rank: Rank, matches: Vec<Range<usize>>) {
        self.found.insert(rank, matches);
        if self.found.len() > self.limit {
            self.found.pop_last();
        }
    }
}

/// What is looked for.
#[derive(Clone)]
struct Wanted {
    topics: Vec<TopicId>,
    query: SearchQuery,
    before: Option<EventOrder>,
}

/// A text that may match.
struct Text {
    order: EventOrder,
    topic: TopicId,
    content: String,
    /// Its place in the queue or the index.
    at: i64,
}

impl Wanted {
    fn matches(&self, text: &Text) -> Option<Vec<Range<usize>>> {
        let is_asked_for = self.topics.contains(&text.topic)
            && self.before.is_none_or(|before| text.order < before);
        is_asked_for.then(|| self.query.find(&text.content))?
    }
}

impl Database {
    /// See `EventStore::search`.
    pub(crate) async fn find(
        &self,
        topics: Vec<TopicId>,
        query: SearchQuery,
        limit: u32,
        before: Option<EventOrder>,
        reader: AuthorId,
    ) -> Result<Vec<Found>, StoreError> {
        if topics.is_empty() || limit == 0 {
            // FTS5 has no question that nothing answers.
            return self.read(WAITING, []).await.map(|_| Vec::new());
        }
        let mut best = Best {
            found: BTreeMap::new(),
            limit: limit as usize,
        };
        let wanted = Wanted {
            topics,
            query,
            before,
        };
        self.find_waiting(&wanted, &mut best).await?;
        self.find_indexed(&wanted, &mut best).await?;
        self.load(best, reader).await
    }

    async fn find_waiting(&self, wanted: &Wanted, best: &mut Best) -> Result<(), StoreError> {
        let mut seq = i64::MIN;
        loop {
            let values = [seq.into(), (PAGE as u32).into()];
            let texts = texts(&self.read(TAIL, values).await?)?;
            let Some(last) = texts.last() else {
                return Ok(());
            };
            seq = last.at;
            let is_last_page = texts.len() < PAGE;
            let wanted = wanted.clone();
            let matching = move || -> Vec<_> {
                let ranked = |text: Text| {
                    let matches = wanted.matches(&text)?;
                    Some(((Reverse(text.order), text.topic), matches))
                };
                texts.into_iter().filter_map(ranked).collect()
            };
            let matching = tokio::task::spawn_blocking(matching).await;
            for (rank, matches) in matching.map_err(|e| StoreError::Other(Box::new(e)))? {
                best.add(rank, matches);
            }
            if is_last_page {
                return Ok(());
            }
        }
    }

    /// Goes back in time until enough posts match.
    async fn find_indexed(&self, wanted: &Wanted, best: &mut Best) -> Result<(), StoreError> {
        let question = terms::question(&wanted.topics, &wanted.query);
        let mut last = wanted.before.map_or(i64::MAX, |b| terms::place(&b));
        let mut page = best.limit.min(PAGE);
        let mut matching = 0;
        loop {
            let values = [question.clone().into(), last.into(), (page as u32).into()];
            let texts = texts(&self.read(INDEXED, values).await?)?;
            for text in &texts {
                if let Some(matches) = wanted.matches(text) {
                    matching += 1;
                    best.add((Reverse(text.order), text.topic), matches);
                }
            }
            let lowest = texts.last().map_or(i64::MIN, |text| text.at);
            if texts.len() < page || matching >= best.limit || lowest == i64::MIN {
                return Ok(());
            }
            last = lowest - 1;
            page = (2 * page).min(PAGE);
        }
    }

    async fn load(&self, best: Best, reader: AuthorId) -> Result<Vec<Found>, StoreError> {
        let mut ids: BTreeMap<TopicId, Vec<EventId>> = BTreeMap::new();
        for (Reverse(order), topic) in best.found.keys() {
            ids.entry(*topic).or_default().push(order.id);
        }
        let mut stored: HashMap<(TopicId, EventId), StoredPost> = HashMap::new();
        for (topic, ids) in ids {
            let posts = self.read_by_id(topic, ids, reader).await?.into_iter();
            stored.extend(posts.map(|p| ((topic, p.event.id()), p)));
        }
        let found = best.found.into_iter();
        let found = found.filter_map(|((Reverse(order), topic), matches)| {
            let stored = stored.remove(&(topic, order.id))?;
            Some(Found {
                topic,
                stored,
                matches,
            })
        });
        Ok(found.collect())
    }

    /// Number of posts that wait for the search index. Searches find them all the same, only not
    /// as fast.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unindexed(&self) -> Result<u64, StoreError> {
        let rows = self.read(WAITING, []).await?;
        let number = rows.first().map(|row| row.try_get_by_index::<i64>(0));
        let number = number.transpose().map_err(store_error)?.unwrap_or(0);
        Ok(u64::try_from(number).unwrap_or(0))
    }
}

fn texts(rows: &[QueryResult]) -> Result<Vec<Text>, StoreError> {
    let text = |row: &QueryResult| {
        Ok(Text {
            order: event_order(row)?,
            topic: TopicId(bytes(row.try_get_by_index(3).map_err(store_error)?)?),
            content: row.try_get_by_index(4).map_err(store_error)?,
            at: row.try_get_by_index(5).map_err(store_error)?,
        })
    };
    rows.iter().map(text).collect()
}
