//! The sync sets in memory, for what asks for them.
//!
//! Owns when a topic's set is read from the file, that it follows every commit after that, and that
//! it is gone when the topic is left. Must never show what is not committed, nor miss what is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kukuri_application::{
    ports::{Clock, StoreError},
    sync_set::SyncSet,
};
use kukuri_domain::{EventId, EventOrder, TopicId, UnixMs, event::membership::Member};
use tokio::sync::watch;

use crate::{
    convert::{blob, corrupt, to_column},
    database::Database,
    error::store_error,
    writer::membership::{Change, standing},
};

/// Members of a topic after a place, in the order of the table and without a look at the events,
/// as one text: a row for each would cost several times as much, most of it on the way through the
/// driver.
pub(crate) const MEMBERS: &str = "
    SELECT group_concat(
        created_at || ',' || ms || ',' || hex(id) || ',' || keyed || ',' || coalesce(until, '')
            || ',' || coalesce(replaced_at, ''),
        ';')
    FROM (SELECT created_at, ms, id, keyed, until, replaced_at FROM topic_events
        WHERE topic = ?1 AND (created_at, ms, id) > (?2, ?3, ?4)
        ORDER BY created_at, ms, id LIMIT 20000)";

/// The sets of the topics that somebody asked for.
pub(crate) struct SyncSets {
    clock: Arc<dyn Clock>,
    topics: Mutex<HashMap<TopicId, Slot>>,
    /// What was written before is not kept.
    horizons: Mutex<HashMap<TopicId, watch::Sender<UnixMs>>>,
    /// One is read at a time.
    reading: tokio::sync::Mutex<()>,
}

enum Slot {
    /// It is being read; what was committed meanwhile is kept, whether it is read or not.
    Reading(Vec<Change>),
    Ready(SyncSet),
}

impl SyncSets {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            topics: Mutex::default(),
            horizons: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// These were committed.
    pub(crate) fn note(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let now = self.clock.now().unix;
        let mut topics = self.topics();
        for change in changes {
            match topics.get_mut(&change.topic) {
                Some(Slot::Reading(kept)) => kept.push(*change),
                Some(Slot::Ready(set)) => apply(set, change, now),
                None => {}
            }
        }
    }

    /// A topic's horizon.
    pub(crate) fn horizon(&self, topic: &TopicId) -> UnixMs {
        let horizons = self.horizons();
        horizons.get(topic).map_or(UnixMs(0), |at| *at.borrow())
    }

    /// A topic's horizon, and how it moves.
    pub(crate) fn watch_horizon(&self, topic: TopicId) -> watch::Receiver<UnixMs> {
        self.horizons().entry(topic).or_default().subscribe()
    }

    /// The horizon of a topic was moved in the file.
    pub(crate) fn forget_before(&self, topic: TopicId, horizon: UnixMs) {
        // First the set, so that whoever hears of the horizon finds it in the set.
        if let Some(Slot::Ready(set)) = self.topics().get_mut(&topic) {
            set.forget_before(horizon);
        }
        self.horizons()
            .entry(topic)
            .or_default()
            .send_replace(horizon);
    }

    fn horizons(&self) -> MutexGuard<'_, HashMap<TopicId, watch::Sender<UnixMs>>> {
        self.horizons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frees the set of a topic that was left, also one that is only being read.
    pub(crate) fn forget(&self, topic: TopicId) {
        self.topics().remove(&topic);
    }

    /// These were read. Without effect once the topic was left.
    fn put(&self, topic: TopicId, members: Vec<Member>) {
        let now = self.clock.now().unix;
        let mut set = SyncSet::new(members, now);
        let mut topics = self.topics();
        set.forget_before(self.horizon(&topic));
        if let Some(slot) = topics.get_mut(&topic)
            && let Slot::Reading(kept) = slot
        {
            kept.iter().for_each(|change| apply(&mut set, change, now));
            *slot = Slot::Ready(set);
        }
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<TopicId, Slot>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `look` makes of a set that is in memory, as of now.
    fn look<R>(&self, topic: TopicId, look: impl FnOnce(&SyncSet) -> R) -> Option<R> {
        let now = self.clock.now().unix;
        match self.topics().get_mut(&topic) {
            Some(Slot::Ready(set)) => {
                set.advance(now);
                Some(look(set))
            }
            Some(Slot::Reading(_)) | None => None,
        }
    }

    fn is_ready(&self, topic: TopicId) -> bool {
        matches!(self.topics().get(&topic), Some(Slot::Ready(_)))
    }
}

fn apply(set: &mut SyncSet, change: &Change, now: UnixMs) {
    match change.was {
        None => set.insert(change.member, now),
        Some(was) => set.change(change.member, was, now),
    }
}

impl Database {
    /// What `look` makes of a topic's set. It runs on a thread where it may take its time.
    pub(crate) async fn with_set<R: Send + 'static>(
        &self,
        topic: TopicId,
        look: impl FnOnce(&SyncSet) -> R + Send + 'static,
    ) -> Result<R, StoreError> {
        if !self.sets.is_ready(topic) {
            self.read_set(topic).await?;
        }
        let sets = self.sets.clone();
        let looked = tokio::task::spawn_blocking(move || sets.look(topic, look)).await;
        let looked = looked.map_err(|panic| StoreError::Other(Box::new(panic)))?;
        // It was there a moment ago: the topic was left, and whoever asks is about to end with it.
        looked.ok_or(StoreError::Closed)
    }

    async fn read_set(&self, topic: TopicId) -> Result<(), StoreError> {
        let _one_at_a_time = self.sets.reading.lock().await;
        if self.sets.is_ready(topic) {
            return Ok(());
        }
        // Before the rows are read: what is committed from now on is in the rows, or kept, or both.
        let reading = Slot::Reading(Vec::new());
        self.sets.topics().insert(topic, reading);
        let members = self.read_members(topic).await;
        let members = match members {
            Ok(members) => members,
            Err(error) => {
                self.sets.topics().remove(&topic);
                return Err(error);
            }
        };
        let sets = self.sets.clone();
        let put = tokio::task::spawn_blocking(move || sets.put(topic, members)).await;
        put.map_err(|panic| StoreError::Other(Box::new(panic)))
    }

    /// In pages, each as of another moment: what was committed in between is kept meanwhile.
    async fn read_members(&self, topic: TopicId) -> Result<Vec<Member>, StoreError> {
        let mut members: Vec<Member> = Vec::new();
        loop {
            let (created_at, ms, id) = match members.last() {
                Some(last) => (
                    to_column(last.order.created_at),
                    i64::from(last.order.ms),
                    blob(&last.order.id.0),
                ),
                None => (-1, -1, blob(&[])),
            };
            let after = [blob(&topic.0), created_at.into(), ms.into(), id];
            let rows = self.read(MEMBERS, after).await?;
            let page = rows.first().map(|row| row.try_get_by_index(0));
            let page: Option<Option<String>> = page.transpose().map_err(store_error)?;
            let Some(page) = page.flatten() else {
                return Ok(members);
            };
            for text in page.split(';') {
                members.push(member(text).ok_or_else(|| corrupt("a row of topic_events"))?);
            }
        }
    }
}

/// A member as [`MEMBERS`] writes it.
fn member(text: &str) -> Option<Member> {
    let mut parts = text.split(',');
    let mut part = || parts.next();
    // Whatever does not read is damage, which the caller names.
    let (created_at, ms) = (part()?.parse().ok()?, part()?.parse().ok()?);
    let mut id = [0; 32];
    hex::decode_to_slice(part()?, &mut id).ok()?;
    let is_keyed = part()? != "0";
    let (until, replaced_at) = (time(part()?)?, time(part()?)?);
    let id = EventId(id);
    Some(Member {
        order: EventOrder { created_at, ms, id },
        standing: standing(is_keyed, replaced_at),
        until,
    })
}

/// A time, or none: outside `None` for what is neither.
fn time(text: &str) -> Option<Option<UnixMs>> {
    match text {
        "" => Some(None),
        // As above.
        at => Some(Some(UnixMs(at.parse().ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use kukuri_application::{
        ports::{EventStore as _, Origin, TopicBook as _},
        testing::{clock::ManualClock, contract},
    };

    use super::*;
    use crate::database::OpenOptions;

    const TOPIC: TopicId = TopicId([1; 32]);
    const OTHER: TopicId = TopicId([2; 32]);

    #[tokio::test]
    async fn the_set_of_a_topic_that_is_left_is_freed() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(ManualClock::default());
        let path = home.path().join("kukuri.db");
        let db = Database::open(&path, OpenOptions::default(), clock)
            .await
            .expect("opens");
        let sizes = async || {
            let [one, other] = [TOPIC, OTHER].map(|topic| db.with_set(topic, SyncSet::len));
            [one.await.expect("a set"), other.await.expect("a set")]
        };
        let events = contract::events(3);
        db.commit(TOPIC, events, Origin::Peer)
            .await
            .expect("stored");
        assert_eq!(sizes().await, [3, 0]);
        assert!(db.sets.is_ready(TOPIC) && db.sets.is_ready(OTHER));

        db.leave(TOPIC).await.expect("it is left");
        assert!(!db.sets.topics().contains_key(&TOPIC));
        assert!(db.sets.is_ready(OTHER));
        // Whoever joins it again finds what is stored.
        assert_eq!(sizes().await, [3, 0]);
        db.close().await.expect("closes");
    }

    #[test]
    fn a_set_that_was_still_read_when_its_topic_was_left_is_not_kept() {
        let sets = SyncSets::new(Arc::new(ManualClock::default()));
        let members: Vec<Member> = contract::events(3).iter().map(|e| e.member()).collect();
        sets.topics().insert(TOPIC, Slot::Reading(Vec::new()));
        sets.topics().insert(OTHER, Slot::Reading(Vec::new()));
        sets.forget(TOPIC);
        sets.put(TOPIC, members.clone());
        sets.put(OTHER, members);
        assert_eq!(sets.look(TOPIC, SyncSet::len), None);
        assert_eq!(sets.look(OTHER, SyncSet::len), Some(3));
    }
}
