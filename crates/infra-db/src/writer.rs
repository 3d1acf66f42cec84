//! The one writer: takes changes, commits those that wait together, answers when they are on
//! the disk.
//!
//! Owns every transaction. Commits at once when idle; what arrives during a commit forms the
//! next group, and nothing waits on a timer. Must never answer before the commit, and never
//! keep a connection after an error: SQLite ends the transaction by itself on a full disk, of
//! which sqlx's count of nested transactions learns nothing.

mod apply;
pub(crate) mod conversation;
pub(crate) mod entries;
mod events;
mod index;
pub(crate) mod membership;
mod peers;
mod reading;
mod retention;
pub(crate) mod script;

use std::{ops::Range, path::PathBuf, sync::Arc, time::Duration};

use kukuri_application::ports::{
    Clock, Commit, JoinedTopic, Origin, PeerContact, PostState, StoreError,
};
use kukuri_domain::{
    AuthorId, EventId, EventOrder, PeerId, TopicId, UnixMs, VerifiedEvent, event::Profile,
};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    clocks::EntryClocks, connection, database::close, error::store_error, migrations,
    search::WAITING, sets::SyncSets,
};
use retention::{Outcome, Retention};

/// Events in one group, unless a single commit has more: bounds how long the first waits for
/// the last.
const GROUP_EVENTS_MAX: usize = 2_048;

/// Changes in one group.
const GROUP_WRITES_MAX: usize = 1_000;

/// A change.
pub(crate) enum Write {
    /// Events that arrived together.
    Commit {
        topic: TopicId,
        events: Vec<VerifiedEvent>,
        origin: Origin,
        received_at: UnixMs,
    },
    /// Own events were broadcast.
    Sent {
        topic: TopicId,
        ids: Vec<EventId>,
        neighbours: u32,
    },
    /// A peer holds events.
    Held {
        topic: TopicId,
        peer: PeerId,
        ids: Vec<EventId>,
    },
    /// A peer holds all own events that were written within a time.
    Complete {
        topic: TopicId,
        peer: PeerId,
        written: Range<UnixMs>,
    },
    /// A topic was joined.
    Join(JoinedTopic),
    /// A topic was left.
    Leave(TopicId),
    /// A peer was tried.
    Contact {
        topic: TopicId,
        peer: PeerId,
        contact: PeerContact,
        at: UnixMs,
    },
    /// The DHT nodes that answered.
    DhtNodes(Vec<String>),
    /// A topic was read up to a place.
    Read { topic: TopicId, up_to: EventOrder },
    /// An author was muted, or no longer is.
    Mute { author: AuthorId, is_muted: bool },
    /// This profile's author told something about themselves.
    Profile {
        author: AuthorId,
        profile: Profile,
        at: UnixMs,
    },
}

impl Write {
    fn events(&self) -> usize {
        match self {
            Write::Commit { events, .. } => events.len(),
            _ => 0,
        }
    }

    /// Whether a user was promised that it survives a power cut. The rest can be learnt again.
    fn is_promised(&self) -> bool {
        match self {
            Write::Commit { origin, .. } => *origin == Origin::Local,
            Write::Join(_) | Write::Leave(_) | Write::Mute { .. } | Write::Profile { .. } => true,
            Write::Sent { .. }
            | Write::Held { .. }
            | Write::Complete { .. }
            | Write::Contact { .. }
            | Write::DhtNodes(_)
            | Write::Read { .. } => false,
        }
    }
}

/// What a change came to.
pub(crate) enum Written {
    /// Of [`Write::Commit`].
    Commits(Vec<Commit>),
    /// Of [`Write::Held`] and [`Write::Complete`].
    Grown(Vec<(EventId, PostState)>),
    /// Of [`Write::Leave`] and [`Write::Mute`]: whether that was not so before.
    Changed(bool),
    /// Of all others.
    Done,
}

impl Written {
    fn new_events(&self) -> u64 {
        match self {
            Written::Commits(commits) => commits.iter().filter(|c| c.is_new).count() as u64,
            _ => 0,
        }
    }
}

/// Statements of the writer whose plan is worth a check.
#[cfg(test)]
pub(crate) fn queries() -> Vec<&'static str> {
    [
        reading::QUERIES,
        index::QUERIES,
        conversation::QUERIES,
        entries::QUERIES,
        membership::QUERIES,
        retention::QUERIES,
    ]
    .concat()
}

/// A change and where its outcome goes.
pub(crate) struct Job {
    pub write: Write,
    pub reply: oneshot::Sender<Result<Written, StoreError>>,
}

struct Writer {
    path: PathBuf,
    /// Told of every change after its commit.
    sets: Arc<SyncSets>,
    /// As above.
    entry_clocks: Arc<EntryClocks>,
    /// `None` after an error, until the next group.
    conn: Option<DatabaseConnection>,
    /// Whether the connection was set to `synchronous=NORMAL`; it begins with FULL.
    is_normal: bool,
    /// Posts that wait for the search index, or a few more.
    unindexed: u64,
    /// The next of them.
    splitting: Option<index::Splitting>,
    clock: Arc<dyn Clock>,
    retention: Retention,
}

/// What a writer begins with.
pub(crate) struct Setup {
    pub(crate) path: PathBuf,
    pub(crate) conn: DatabaseConnection,
    pub(crate) sets: Arc<SyncSets>,
    pub(crate) entry_clocks: Arc<EntryClocks>,
    pub(crate) clock: Arc<dyn Clock>,
    /// About how many bytes a topic may take; `None` where horizons are to stay.
    pub(crate) ceiling: Option<u64>,
}

/// How long nothing must have come before the search index is brought forward. In the pauses of
/// a conversation each post would be a batch of its own.
const IDLE: Duration = Duration::from_millis(200);

/// From this many waiting posts on, a short pause is enough: a search has to look through all of
/// them.
const UNINDEXED_SOON: u64 = 20_000;

/// Such a pause. Longer than one between two groups of a flood, whose commits come first.
const PAUSE: Duration = Duration::from_millis(20);

/// From this many on, each group is followed by a batch of the index, whatever waits.
const UNINDEXED_MAX: u64 = 200_000;

/// Events of a group for which another step towards the ceiling follows it while a topic is above:
/// as many as a step removes.
const EVENTS_PER_STEP: usize = retention::BATCH as usize;

/// Commits what arrives until every sender is gone, then empties the log and closes. Between
/// times it brings the search index forward and keeps topics to their ceiling.
pub(crate) async fn run(setup: Setup, mut jobs: mpsc::Receiver<Job>) -> Result<(), StoreError> {
    let mut writer = Writer::new(setup);
    writer.look_around().await;
    while let Some(first) = writer.next(&mut jobs).await {
        let (writes, replies) = group(first, &mut jobs);
        let events: usize = writes.iter().map(Write::events).sum();
        match writer.commit(&writes).await {
            Ok(results) => {
                for (reply, result) in replies.into_iter().zip(results) {
                    // A caller that has gone does not want its answer.
                    let _ = reply.send(Ok(result));
                }
            }
            Err(error) => {
                for reply in replies {
                    // As above.
                    let _ = reply.send(Err(store_error(error.clone())));
                }
            }
        }
        for _ in 0..=events / EVENTS_PER_STEP {
            if writer.retention.has_work() {
                writer.retain().await;
            }
        }
    }
    writer.finish().await
}

/// What waits now, up to the size of a group.
fn group(
    first: Job,
    jobs: &mut mpsc::Receiver<Job>,
) -> (
    Vec<Write>,
    Vec<oneshot::Sender<Result<Written, StoreError>>>,
) {
    let mut events = first.write.events();
    let (mut writes, mut replies) = (vec![first.write], vec![first.reply]);
    while events < GROUP_EVENTS_MAX && writes.len() < GROUP_WRITES_MAX {
        let Ok(Job { write, reply }) = jobs.try_recv() else {
            break;
        };
        events += write.events();
        writes.push(write);
        replies.push(reply);
    }
    (writes, replies)
}

impl Writer {
    fn new(setup: Setup) -> Self {
        Self {
            path: setup.path,
            sets: setup.sets,
            entry_clocks: setup.entry_clocks,
            conn: Some(setup.conn),
            is_normal: false,
            unindexed: 0,
            splitting: None,
            clock: setup.clock,
            retention: Retention::new(setup.ceiling),
        }
    }

    /// The next change; indexes and removes while there is none.
    async fn next(&mut self, jobs: &mut mpsc::Receiver<Job>) -> Option<Job> {
        let mut is_idle = false;
        loop {
            if self.unindexed >= UNINDEXED_MAX {
                self.index().await;
            }
            if self.unindexed == 0 && !self.retention.has_work() {
                return jobs.recv().await;
            }
            match jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(mpsc::error::TryRecvError::Disconnected) => return None,
                Err(mpsc::error::TryRecvError::Empty) => {}
            }
            if !is_idle {
                let is_due = self.unindexed >= UNINDEXED_SOON || self.retention.has_work();
                let pause = if is_due { PAUSE } else { IDLE };
                if let Ok(next) = timeout(pause, jobs.recv()).await {
                    return next;
                }
                is_idle = true;
            }
            if self.retention.has_work() {
                self.retain().await;
            } else {
                self.index().await;
            }
        }
    }

    /// Finds what an earlier process left to do.
    async fn look_around(&mut self) {
        let Some(conn) = &self.conn else { return };
        if let Err(error) = self.retention.load(conn).await {
            // The next commit to a topic above the ceiling will have it tried again.
            tracing::warn!(%error, "it was not looked at whether topics are too large");
        }
        match migrations::integer(conn, WAITING).await {
            Ok(waiting) => self.unindexed = u64::try_from(waiting).unwrap_or(0),
            // The next commit of a post will have it tried again.
            Err(error) => tracing::warn!(%error, "the search index was not looked at"),
        }
    }

    /// Brings topics one step nearer to their ceiling.
    async fn retain(&mut self) {
        if let Err(error) = self.try_retain().await {
            // What is above the ceiling stays until the next commit after a while.
            tracing::warn!(%error, "a topic was not kept to its ceiling");
            self.retention.give_up(self.clock.now().unix);
            self.give_up().await;
        }
    }

    async fn try_retain(&mut self) -> Result<(), DbErr> {
        let now = self.clock.now().unix;
        let transaction = self.begin(true).await?;
        let outcome = self.retention.advance(&transaction, now).await?;
        transaction.commit().await?;
        match outcome {
            Outcome::Nothing => {}
            Outcome::Moved(topic, horizon) => self.sets.forget_before(topic, horizon),
            // Texts that were being split may be among what went.
            Outcome::Removed => self.splitting = None,
        }
        Ok(())
    }

    /// Brings the search index one batch forward.
    async fn index(&mut self) {
        match self.try_index().await {
            Ok(posts) if posts < index::BATCH => self.unindexed = 0,
            Ok(posts) => self.unindexed = self.unindexed.saturating_sub(posts as u64).max(1),
            Err(error) => {
                // Searches find what waits all the same; the next commit has it tried again.
                tracing::warn!(%error, "the search index was not brought forward");
                self.unindexed = 0;
                self.splitting = None;
                self.give_up().await;
            }
        }
    }

    async fn try_index(&mut self) -> Result<usize, DbErr> {
        let transaction = self.begin(true).await?;
        let posts = index::advance(&transaction, &mut self.splitting).await?;
        transaction.commit().await?;
        Ok(posts)
    }

    /// All changes in one transaction, or none.
    async fn commit(&mut self, writes: &[Write]) -> Result<Vec<Written>, DbErr> {
        let result = self.try_commit(writes).await;
        match &result {
            Ok(written) => self.unindexed += written.iter().map(Written::new_events).sum::<u64>(),
            Err(_) => self.give_up().await,
        }
        result
    }

    async fn try_commit(&mut self, writes: &[Write]) -> Result<Vec<Written>, DbErr> {
        let is_normal = !writes.iter().any(Write::is_promised);
        let transaction = self.begin(is_normal).await?;
        let applied = apply::all(&transaction, writes, &self.sets).await?;
        transaction.commit().await?;
        self.sets.note(&applied.changes);
        for total in &applied.totals {
            if let Some(clock) = total.clock {
                self.entry_clocks.note(total.topic, clock);
            }
        }
        let room = applied
            .totals
            .iter()
            .map(|total| (total.topic, total.bytes));
        self.retention.note(room, self.clock.now().unix);
        Ok(applied.written)
    }

    async fn begin(&mut self, is_normal: bool) -> Result<DatabaseTransaction, DbErr> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            none => none.insert(connection::writer(&self.path).await?),
        };
        // Only outside a transaction does the setting take effect.
        if is_normal != self.is_normal {
            let level = if is_normal { "NORMAL" } else { "FULL" };
            conn.execute_unprepared(&format!("PRAGMA synchronous = {level}"))
                .await?;
            self.is_normal = is_normal;
        }
        // Immediate: never a reader that finds, when it wants to write, that it is too late.
        let mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions {
            sqlite_transaction_mode: mode,
            ..Default::default()
        };
        conn.begin_with_options(options).await
    }

    /// Parts with the connection after an error.
    async fn give_up(&mut self) {
        self.is_normal = false;
        if let Some(conn) = self.conn.take() {
            close(conn).await;
        }
    }

    async fn finish(self) -> Result<(), StoreError> {
        let Some(conn) = self.conn else { return Ok(()) };
        let emptied = conn
            .execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")
            .await;
        close(conn).await;
        emptied.map(drop).map_err(store_error)
    }
}

#[cfg(test)]
mod tests;
