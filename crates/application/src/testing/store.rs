//! A store of events in memory that fails, or lets its caller wait, as told.
//!
//! Owns the fake of `EventStore`. Must never be used outside tests: nothing in it survives.

mod entries;
mod posts;
mod sets;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::{Range, RangeInclusive},
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use kukuri_domain::{
    AuthorId, EntryKey, EventId, EventOrder, Hlc, PeerId, SignedEvent, TopicId, UnixMs,
    VerifiedEvent,
    event::{Profile, is_post},
    search::SearchQuery,
    wire::SetSummary,
};
use tokio::sync::watch;

use crate::{
    ports::{
        Clock, Commit, EntryPage, EventStore, Found, Origin, Page, PostState, ReconcileError,
        StoreError, StoredEntry, StoredEvent, StoredPost, StoredProfile, TopicSummary,
    },
    sync_set::Step,
};

/// How a [`MemoryStore`] fails when it is to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// [`StoreError::DiskFull`].
    DiskFull,
    /// [`StoreError::ReadOnly`].
    ReadOnly,
    /// [`StoreError::Other`].
    Other,
}

impl StoreFault {
    /// The error that the fault shows as.
    pub fn error(self) -> StoreError {
        match self {
            StoreFault::DiskFull => StoreError::DiskFull("the fake's disk is full".into()),
            StoreFault::ReadOnly => StoreError::ReadOnly("the fake is read-only".into()),
            StoreFault::Other => StoreError::Other("the fake fails".into()),
        }
    }
}

/// Events in memory.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    ceiling: Option<u64>,
    state: Mutex<State>,
    is_held: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    topics: HashMap<TopicId, Topic>,
    muted: BTreeSet<AuthorId>,
    profiles: HashMap<AuthorId, StoredProfile>,
    fault: Option<StoreFault>,
    /// For so many more events.
    room: Option<usize>,
    commit_calls: Vec<(TopicId, Vec<EventId>, Origin)>,
    is_closed: bool,
}

#[derive(Default)]
struct Topic {
    rows: BTreeMap<EventOrder, Row>,
    places: HashMap<EventId, EventOrder>,
    read_up_to: Option<EventOrder>,
    horizon: watch::Sender<UnixMs>,
}

struct Row {
    event: SignedEvent,
    received_at: UnixMs,
    own: Option<Own>,
}

#[derive(Default)]
struct Own {
    sent_to: u32,
    holders: BTreeSet<PeerId>,
}

impl Own {
    fn state(&self) -> PostState {
        let held_by = u32::try_from(self.holders.len()).expect("fewer peers than 2^32");
        PostState {
            sent_to: self.sent_to,
            held_by,
        }
    }
}

impl Row {
    fn stored(&self) -> StoredEvent {
        StoredEvent {
            event: self.event.clone(),
            received_at: self.received_at,
            state: self.own.as_ref().map(Own::state).unwrap_or_default(),
        }
    }
}

impl State {
    /// The topic's rows that a reader sees, newest first.
    fn shown(&self, topic: TopicId) -> impl Iterator<Item = &Row> {
        let rows = self.topics.get(&topic).into_iter();
        rows.flat_map(|t| t.rows.values().rev())
            .filter(|row| is_post(row.event.kind()) && !self.muted.contains(&row.event.author()))
    }

    fn summary(&self, topic: TopicId, reader: AuthorId) -> TopicSummary {
        let Some(t) = self.topics.get(&topic) else {
            return TopicSummary::default();
        };
        let is_unread =
            |row: &&Row| row.event.author() != reader && Some(row.event.order()) > t.read_up_to;
        TopicSummary {
            events: t.rows.len() as u64,
            posts: t.rows.values().filter(|r| is_post(r.event.kind())).count() as u64,
            unread: self.shown(topic).filter(is_unread).count() as u64,
            last_post_at: self.shown(topic).next().map(|row| row.event.order().at()),
            bytes: t.bytes(),
            bytes_max: None,
            horizon: t.horizon(),
        }
    }
}

impl Topic {
    fn own_mut(&mut self, id: &EventId) -> Option<&mut Own> {
        let place = self.places.get(id)?;
        self.rows.get_mut(place)?.own.as_mut()
    }

    fn put(&mut self, event: VerifiedEvent, origin: Origin, received_at: UnixMs) -> Commit {
        let id = event.id();
        let is_kept = origin == Origin::Local || !event.member().is_behind(self.horizon());
        let is_new = is_kept && !self.places.contains_key(&id);
        if is_new {
            let own = (origin == Origin::Local).then(Own::default);
            self.places.insert(id, event.order());
            let row = Row {
                received_at,
                own,
                event: event.into_signed(),
            };
            self.rows.insert(row.event.order(), row);
        }
        Commit { id, is_new }
    }
}

impl MemoryStore {
    /// An empty store; `clock` says when an event was received.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            ceiling: None,
            state: Mutex::default(),
            is_held: watch::Sender::new(false),
        }
    }

    /// With a ceiling for each topic, in bytes.
    #[must_use]
    pub fn with_ceiling(mut self, bytes: u64) -> Self {
        self.ceiling = Some(bytes);
        self
    }

    /// From now on every write fails and changes nothing; `None` heals.
    pub fn set_fault(&self, fault: Option<StoreFault>) {
        self.state().fault = fault;
    }

    /// From now on there is room for so many more events, and a commit of more than are left fails
    /// with [`StoreError::DiskFull`]; `None` for any number.
    pub fn set_room(&self, events: Option<usize>) {
        self.state().room = events;
    }

    /// From now on commits wait, uncommitted, until [`release_commits`](Self::release_commits).
    pub fn hold_commits(&self) {
        self.is_held.send_replace(true);
    }

    /// Lets the waiting commits and all later ones proceed.
    pub fn release_commits(&self) {
        self.is_held.send_replace(false);
    }

    /// What `commit` was called with, in order, also when it failed or still waits.
    pub fn commit_calls(&self) -> Vec<(TopicId, Vec<EventId>, Origin)> {
        self.state().commit_calls.clone()
    }

    /// The ids that a topic holds, past all faults.
    pub fn ids(&self, topic: TopicId) -> BTreeSet<EventId> {
        let state = self.state();
        state
            .topics
            .get(&topic)
            .map(|t| t.places.keys().copied().collect())
            .unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }

    fn read<T: Default>(
        &self,
        topic: TopicId,
        read: impl FnOnce(&Topic) -> T,
    ) -> Result<T, StoreError> {
        self.read_all(|state| state.topics.get(&topic).map(read).unwrap_or_default())
    }

    fn read_all<T>(&self, read: impl FnOnce(&State) -> T) -> Result<T, StoreError> {
        let state = self.state();
        match state.is_closed {
            true => Err(StoreError::Closed),
            false => Ok(read(&state)),
        }
    }

    fn write<T>(
        &self,
        topic: TopicId,
        write: impl FnOnce(&mut Topic) -> T,
    ) -> Result<T, StoreError> {
        self.write_all(|state| write(state.topics.entry(topic).or_default()))
    }

    fn write_all<T>(&self, write: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        let mut state = self.state();
        if state.is_closed {
            return Err(StoreError::Closed);
        }
        match state.fault {
            Some(fault) => Err(fault.error()),
            None => Ok(write(&mut state)),
        }
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn commit(
        &self,
        topic: TopicId,
        events: Vec<VerifiedEvent>,
        origin: Origin,
    ) -> Result<Vec<Commit>, StoreError> {
        let ids = events.iter().map(VerifiedEvent::id).collect();
        self.state().commit_calls.push((topic, ids, origin));
        self.is_held
            .subscribe()
            .wait_for(|held| !held)
            .await
            .expect("the sender lives in `self`");
        if let Some(room) = &mut self.state().room {
            let left = room.checked_sub(events.len());
            *room = left.ok_or_else(|| StoreFault::DiskFull.error())?;
        }
        let received_at = self.clock.now().unix;
        let ceiling = self.ceiling.unwrap_or(u64::MAX);
        self.write(topic, |t| {
            let events = events.into_iter();
            let commits = events.map(|e| t.put(e, origin, received_at)).collect();
            t.forget_old(ceiling, received_at);
            commits
        })
    }

    async fn newest(
        &self,
        topic: TopicId,
        limit: u32,
        before: Option<EventOrder>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let now = self.clock.now().unix;
        self.read(topic, |t| {
            let newest = t.rows.iter().rev().filter(|(order, row)| {
                before.is_none_or(|b| **order < b) && !t.has_ended(row, now)
            });
            newest
                .take(limit as usize)
                .map(|(_, row)| row.stored())
                .collect()
        })
    }

    async fn get(&self, topic: TopicId, ids: Vec<EventId>) -> Result<Vec<StoredEvent>, StoreError> {
        let ids: BTreeSet<EventId> = ids.into_iter().collect();
        self.read(topic, |t| {
            let places = ids.iter().filter_map(|id| t.places.get(id));
            places
                .filter_map(|place| t.rows.get(place))
                .map(Row::stored)
                .collect()
        })
    }

    async fn missing(&self, topic: TopicId, ids: Vec<EventId>) -> Result<Vec<EventId>, StoreError> {
        let held = self.read(topic, |t| t.places.keys().copied().collect::<BTreeSet<_>>())?;
        Ok(ids.into_iter().filter(|id| !held.contains(id)).collect())
    }

    async fn count(&self, topic: TopicId) -> Result<u64, StoreError> {
        self.read(topic, |t| t.rows.len() as u64)
    }

    async fn note_sent(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
        neighbours: u32,
    ) -> Result<(), StoreError> {
        self.write(topic, |t| {
            for id in ids {
                // A broadcast that reached nobody tells nothing about an earlier one.
                if let Some(own) = t.own_mut(&id).filter(|_| neighbours > 0) {
                    own.sent_to = neighbours;
                }
            }
        })
    }

    async fn note_held(
        &self,
        topic: TopicId,
        peer: PeerId,
        ids: Vec<EventId>,
    ) -> Result<Vec<(EventId, PostState)>, StoreError> {
        self.write(topic, |t| {
            let mut grown = Vec::new();
            for id in ids {
                if let Some(own) = t.own_mut(&id)
                    && own.holders.insert(peer)
                {
                    grown.push((id, own.state()));
                }
            }
            grown
        })
    }

    async fn unsent(&self, topic: TopicId, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(topic, |t| {
            let unsent = t
                .rows
                .values()
                .filter(|r| r.own.as_ref().is_some_and(|o| o.sent_to == 0));
            unsent.take(limit as usize).map(Row::stored).collect()
        })
    }

    async fn posts(
        &self,
        topic: TopicId,
        page: Page,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        let now = self.clock.now().unix;
        self.read_all(|state| state.page(topic, page, now, reader))
    }

    async fn thread(
        &self,
        topic: TopicId,
        root: EventId,
        limit: u32,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        self.read_all(|state| state.thread(topic, root, limit, reader))
    }

    async fn posts_by_id(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        self.read_all(|state| state.by_id(topic, &ids, reader))
    }

    async fn posts_within(
        &self,
        topic: TopicId,
        ids: RangeInclusive<EventId>,
        limit: u32,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        self.read_all(|state| state.within(topic, &ids, limit, reader))
    }

    async fn reacted_to(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
    ) -> Result<Vec<EventId>, StoreError> {
        self.read_all(|state| state.reacted_to(topic, &ids))
    }

    async fn profile(&self, author: AuthorId) -> Result<Option<StoredProfile>, StoreError> {
        self.read_all(|state| state.profile(author))
    }

    async fn profile_in(
        &self,
        topic: TopicId,
        author: AuthorId,
    ) -> Result<Option<StoredProfile>, StoreError> {
        self.read_all(|state| state.profile_in(state.topics.get(&topic)?, author))
    }

    async fn note_profile(
        &self,
        author: AuthorId,
        profile: Profile,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        self.write_all(|state| {
            let noted = state.profiles.entry(author).or_insert(StoredProfile {
                profile: profile.clone(),
                at,
            });
            if at > noted.at {
                *noted = StoredProfile { profile, at };
            }
        })
    }

    async fn names(&self, limit: u32) -> Result<Vec<(AuthorId, String)>, StoreError> {
        self.read_all(|state| state.names(limit))
    }

    async fn search(
        &self,
        topics: Vec<TopicId>,
        query: SearchQuery,
        limit: u32,
        before: Option<EventOrder>,
        reader: AuthorId,
    ) -> Result<Vec<Found>, StoreError> {
        self.read_all(|state| {
            let mut found = Vec::new();
            for topic in BTreeSet::from_iter(topics) {
                let Some(t) = state.topics.get(&topic) else {
                    continue;
                };
                for row in state.shown(topic) {
                    if before.is_none_or(|before| row.event.order() < before)
                        && !state.is_deleted(topic, row)
                        && let Some(matches) = query.find(row.event.content())
                    {
                        let stored = state.seen(t, row, reader);
                        found.push(Found {
                            topic,
                            stored,
                            matches,
                        });
                    }
                }
            }
            found.sort_by_key(|f| (std::cmp::Reverse(f.stored.event.order()), f.topic));
            found.truncate(limit as usize);
            found
        })
    }

    async fn summary(&self, topic: TopicId, reader: AuthorId) -> Result<TopicSummary, StoreError> {
        let summary = self.read_all(|state| state.summary(topic, reader))?;
        Ok(TopicSummary {
            bytes_max: self.ceiling,
            ..summary
        })
    }

    async fn mark_read(&self, topic: TopicId, up_to: EventOrder) -> Result<(), StoreError> {
        self.write(topic, |t| t.read_up_to = t.read_up_to.max(Some(up_to)))
    }

    async fn mute(&self, author: AuthorId) -> Result<bool, StoreError> {
        self.write_all(|state| state.muted.insert(author))
    }

    async fn unmute(&self, author: AuthorId) -> Result<bool, StoreError> {
        self.write_all(|state| state.muted.remove(&author))
    }

    async fn muted(&self) -> Result<Vec<AuthorId>, StoreError> {
        self.read_all(|state| state.muted.iter().copied().collect())
    }

    async fn horizon(&self, topic: TopicId) -> Result<watch::Receiver<UnixMs>, StoreError> {
        let mut state = self.state();
        match state.is_closed {
            true => Err(StoreError::Closed),
            false => Ok(state.topics.entry(topic).or_default().horizon.subscribe()),
        }
    }

    async fn set_summary(
        &self,
        topic: TopicId,
        cut: UnixMs,
        since: UnixMs,
    ) -> Result<SetSummary, StoreError> {
        let now = self.clock.now().unix;
        self.read_all(|state| state.sync_set(topic, now).summary(cut, since))
    }

    async fn reconcile(
        &self,
        topic: TopicId,
        since: UnixMs,
        answer: Option<Vec<u8>>,
    ) -> Result<Step, ReconcileError> {
        let now = self.clock.now().unix;
        let set = self.read_all(|state| state.sync_set(topic, now))?;
        Ok(set.step(since, answer.as_deref())?)
    }

    async fn reconcile_answer(
        &self,
        topic: TopicId,
        since: UnixMs,
        message: Vec<u8>,
    ) -> Result<Vec<u8>, ReconcileError> {
        let now = self.clock.now().unix;
        let set = self.read_all(|state| state.sync_set(topic, now))?;
        Ok(set.respond(since, &message)?)
    }

    async fn note_complete(
        &self,
        topic: TopicId,
        peer: PeerId,
        written: Range<UnixMs>,
    ) -> Result<Vec<(EventId, PostState)>, StoreError> {
        self.write(topic, |t| t.note_complete(peer, written))
    }

    async fn entries(
        &self,
        topic: TopicId,
        page: EntryPage,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let now = self.clock.now().unix;
        self.read_all(|state| state.entries(topic, &page, now))
    }

    async fn entries_of(
        &self,
        topic: TopicId,
        keys: Vec<EntryKey>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.read_all(|state| state.entries_of(topic, &keys))
    }

    async fn entry_writes(
        &self,
        topic: TopicId,
        key: EntryKey,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.read_all(|state| state.entry_writes(topic, &key, limit))
    }

    async fn entry_clock(&self, topic: TopicId) -> Result<Hlc, StoreError> {
        self.read_all(|state| state.entry_clock(topic))
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.state().is_closed = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{clock::ManualClock, contract};

    fn store() -> MemoryStore {
        MemoryStore::new(Arc::new(ManualClock::new(UnixMs(1_700_000_000_000))))
    }

    #[tokio::test]
    async fn the_fake_keeps_the_contract() {
        contract::event_store(|| async { Box::new(store()) }).await;
    }

    #[tokio::test]
    async fn the_fake_keeps_to_its_ceiling() {
        contract::event_store_with_ceiling(|ceiling| async move {
            Box::new(match ceiling {
                Some(bytes) => store().with_ceiling(bytes),
                None => store(),
            })
        })
        .await;
    }

    #[tokio::test]
    async fn faults_change_nothing_and_heal() {
        let (store, topic) = (store(), TopicId([1; 32]));
        let event = contract::event(1, "hi", UnixMs(1_000));
        store.set_fault(Some(StoreFault::DiskFull));
        let failed = store
            .commit(topic, vec![event.clone()], Origin::Local)
            .await;
        assert!(matches!(failed, Err(StoreError::DiskFull(_))), "{failed:?}");
        assert_eq!(store.count(topic).await.expect("readable"), 0);
        store.set_fault(None);
        let commits = store
            .commit(topic, vec![event.clone()], Origin::Local)
            .await;
        assert_eq!(
            commits.expect("healed"),
            [Commit {
                id: event.id(),
                is_new: true
            }]
        );
        assert_eq!(store.commit_calls().len(), 2);
    }

    #[tokio::test]
    async fn held_commits_wait_for_their_release() {
        let (store, topic) = (store(), TopicId([1; 32]));
        store.hold_commits();
        let commit = store.commit(
            topic,
            vec![contract::event(1, "hi", UnixMs(1))],
            Origin::Peer,
        );
        tokio::pin!(commit);
        let waits = futures_util::poll!(&mut commit).is_pending();
        assert!(waits && store.ids(topic).is_empty());
        store.release_commits();
        assert!(commit.await.expect("released")[0].is_new);
    }
}
