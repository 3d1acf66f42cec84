//! The one writer: takes changes, commits those that wait together, answers when they are on
//! the disk.
//!
//! Owns every transaction, and the thread on which SQLite runs for them: a way to another thread
//! and back takes longer than most statements. Commits at once when idle; what arrives during a
//! commit forms the next group, and nothing waits on a timer. Must never answer before the commit,
//! and never keep a connection after an error: whether SQLite has ended the transaction by itself,
//! as it does on a full disk, is not worth knowing.

mod apply;
pub(crate) mod conversation;
pub(crate) mod entries;
mod events;
mod index;
pub(crate) mod membership;
mod peers;
mod reading;
mod retention;
pub(crate) mod sql;

use std::{
    io,
    ops::Range,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError},
    },
    thread,
    time::Duration,
};

use kukuri_application::ports::{
    Clock, Commit, JoinedTopic, Origin, PeerContact, PostState, StoreError,
};
use kukuri_domain::{
    AuthorId, EventId, EventOrder, PeerId, TopicId, UnixMs, VerifiedEvent, event::Profile,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{
    clocks::EntryClocks, connection, error::sqlite_error, search::WAITING, sets::SyncSets,
};
use retention::{Outcome, Retention};

/// Events in one group, unless a single commit has more: bounds how long the first waits for
/// the last.
const GROUP_EVENTS_MAX: usize = 2_048;

/// Changes in one group.
const GROUP_WRITES_MAX: usize = 1_000;

/// Changes that may wait for the writer; beyond it, callers wait. Two groups of single events.
const QUEUE: usize = 2_000;

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

/// What a change came to, or why it was not made.
type Reply = oneshot::Sender<Result<Written, StoreError>>;

/// A change and where its outcome goes.
struct Job {
    write: Write,
    reply: Reply,
    /// Its place in the queue, free again once the job is taken.
    _room: OwnedSemaphorePermit,
}

/// The way to the writer, which ends when nobody has one any more.
#[derive(Clone)]
pub(crate) struct Intake {
    jobs: Sender<Job>,
    room: Arc<Semaphore>,
}

impl Intake {
    /// Waits until there is room; returns where the outcome will come.
    ///
    /// # Errors
    /// [`StoreError::Closed`] if the writer has ended.
    pub(crate) async fn hand_over(
        &self,
        write: Write,
    ) -> Result<oneshot::Receiver<Result<Written, StoreError>>, StoreError> {
        let room = self.room.clone().acquire_owned().await;
        let (reply, outcome) = oneshot::channel();
        let job = Job {
            write,
            reply,
            // Nothing closes the semaphore.
            _room: room.map_err(|_| StoreError::Closed)?,
        };
        self.jobs.send(job).map_err(|_| StoreError::Closed)?;
        Ok(outcome)
    }
}

struct Writer {
    access: Access,
    /// Told of every change after its commit.
    sets: Arc<SyncSets>,
    /// As above.
    entry_clocks: Arc<EntryClocks>,
    /// Posts that wait for the search index, or a few more.
    unindexed: u64,
    /// The next of them.
    splitting: Option<index::Splitting>,
    clock: Arc<dyn Clock>,
    retention: Retention,
}

/// The connection, which is made anew after an error.
struct Access {
    path: PathBuf,
    /// `None` after an error, until the next group.
    conn: Option<Connection>,
    /// Whether the connection was set to `synchronous=NORMAL`; it begins with FULL.
    is_normal: bool,
}

impl Access {
    fn begin(&mut self, is_normal: bool) -> rusqlite::Result<Transaction<'_>> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            none => none.insert(connection::writer(&self.path)?),
        };
        // Only outside a transaction does the setting take effect.
        if is_normal != self.is_normal {
            let level = if is_normal { "NORMAL" } else { "FULL" };
            conn.pragma_update(None, "synchronous", level)?;
            self.is_normal = is_normal;
        }
        // Immediate: never a reader that finds, when it wants to write, that it is too late.
        conn.transaction_with_behavior(TransactionBehavior::Immediate)
    }

    /// Parts with the connection after an error.
    fn give_up(&mut self) {
        self.is_normal = false;
        if let Some(conn) = self.conn.take() {
            close(conn);
        }
    }
}

/// What a writer begins with.
pub(crate) struct Setup {
    pub(crate) path: PathBuf,
    pub(crate) conn: Connection,
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

/// Starts the writer's thread; returns the way to it, and where it says how it ended.
pub(crate) fn start(
    setup: Setup,
) -> io::Result<(Intake, oneshot::Receiver<Result<(), StoreError>>)> {
    let ((jobs, arriving), (ended, end)) = (mpsc::channel(), oneshot::channel());
    let write = move || {
        // Whoever dropped the database without closing it does not ask.
        let _ = ended.send(run(setup, &arriving));
    };
    thread::Builder::new()
        .name("kukuri-writer".to_owned())
        .spawn(write)?;
    let room = Arc::new(Semaphore::new(QUEUE));
    Ok((Intake { jobs, room }, end))
}

/// The writer did not come to say how it ended.
pub(crate) fn panicked() -> StoreError {
    StoreError::Other("the writer panicked".into())
}

/// Commits what arrives until every sender is gone, then empties the log and closes. Between
/// times it brings the search index forward and keeps topics to their ceiling.
fn run(setup: Setup, jobs: &Receiver<Job>) -> Result<(), StoreError> {
    let mut writer = Writer::new(setup);
    writer.look_around();
    while let Some(first) = writer.next(jobs) {
        let (writes, replies) = group(first, jobs);
        let events: usize = writes.iter().map(Write::events).sum();
        match writer.commit(&writes) {
            Ok(results) => {
                for (reply, result) in replies.into_iter().zip(results) {
                    // A caller that has gone does not want its answer.
                    let _ = reply.send(Ok(result));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for reply in replies {
                    // As above.
                    let _ = reply.send(Err(sqlite_error(error.clone())));
                }
            }
        }
        for _ in 0..=events / EVENTS_PER_STEP {
            if writer.retention.has_work() {
                writer.retain();
            }
        }
    }
    writer.finish()
}

/// What waits now, up to the size of a group.
fn group(first: Job, jobs: &Receiver<Job>) -> (Vec<Write>, Vec<Reply>) {
    let mut events = first.write.events();
    let (mut writes, mut replies) = (vec![first.write], vec![first.reply]);
    while events < GROUP_EVENTS_MAX && writes.len() < GROUP_WRITES_MAX {
        let Ok(Job { write, reply, .. }) = jobs.try_recv() else {
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
            access: Access {
                path: setup.path,
                conn: Some(setup.conn),
                is_normal: false,
            },
            sets: setup.sets,
            entry_clocks: setup.entry_clocks,
            unindexed: 0,
            splitting: None,
            clock: setup.clock,
            retention: Retention::new(setup.ceiling),
        }
    }

    /// The next change; indexes and removes while there is none.
    fn next(&mut self, jobs: &Receiver<Job>) -> Option<Job> {
        let mut is_idle = false;
        loop {
            if self.unindexed >= UNINDEXED_MAX {
                self.index();
            }
            if self.unindexed == 0 && !self.retention.has_work() {
                // An error means that nobody has a way here any more.
                return jobs.recv().ok();
            }
            match jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if !is_idle {
                let is_due = self.unindexed >= UNINDEXED_SOON || self.retention.has_work();
                let pause = if is_due { PAUSE } else { IDLE };
                match jobs.recv_timeout(pause) {
                    Ok(job) => return Some(job),
                    Err(RecvTimeoutError::Disconnected) => return None,
                    Err(RecvTimeoutError::Timeout) => is_idle = true,
                }
            }
            if self.retention.has_work() {
                self.retain();
            } else {
                self.index();
            }
        }
    }

    /// Finds what an earlier process left to do.
    fn look_around(&mut self) {
        let Some(conn) = &self.access.conn else {
            return;
        };
        if let Err(error) = self.retention.load(conn) {
            // The next commit to a topic above the ceiling will have it tried again.
            tracing::warn!(%error, "it was not looked at whether topics are too large");
        }
        match sql::integer(conn, WAITING) {
            Ok(waiting) => self.unindexed = u64::try_from(waiting).unwrap_or(0),
            // The next commit of a post will have it tried again.
            Err(error) => tracing::warn!(%error, "the search index was not looked at"),
        }
    }

    /// Brings topics one step nearer to their ceiling.
    fn retain(&mut self) {
        if let Err(error) = self.try_retain() {
            // What is above the ceiling stays until the next commit after a while.
            tracing::warn!(%error, "a topic was not kept to its ceiling");
            self.retention.give_up(self.clock.now().unix);
            self.access.give_up();
        }
    }

    fn try_retain(&mut self) -> rusqlite::Result<()> {
        let now = self.clock.now().unix;
        let transaction = self.access.begin(true)?;
        let outcome = self.retention.advance(&transaction, now)?;
        transaction.commit()?;
        match outcome {
            Outcome::Nothing => {}
            Outcome::Moved(topic, horizon) => self.sets.forget_before(topic, horizon),
            // Texts that were being split may be among what went.
            Outcome::Removed => self.splitting = None,
        }
        Ok(())
    }

    /// Brings the search index one batch forward.
    fn index(&mut self) {
        match self.try_index() {
            Ok(posts) if posts < index::BATCH => self.unindexed = 0,
            Ok(posts) => self.unindexed = self.unindexed.saturating_sub(posts as u64).max(1),
            Err(error) => {
                // Searches find what waits all the same; the next commit has it tried again.
                tracing::warn!(%error, "the search index was not brought forward");
                self.unindexed = 0;
                self.splitting = None;
                self.access.give_up();
            }
        }
    }

    fn try_index(&mut self) -> rusqlite::Result<usize> {
        let transaction = self.access.begin(true)?;
        let posts = index::advance(&transaction, &mut self.splitting)?;
        transaction.commit()?;
        Ok(posts)
    }

    /// All changes in one transaction, or none.
    fn commit(&mut self, writes: &[Write]) -> rusqlite::Result<Vec<Written>> {
        let result = self.try_commit(writes);
        match &result {
            Ok(written) => self.unindexed += written.iter().map(Written::new_events).sum::<u64>(),
            Err(_) => self.access.give_up(),
        }
        result
    }

    fn try_commit(&mut self, writes: &[Write]) -> rusqlite::Result<Vec<Written>> {
        let is_normal = !writes.iter().any(Write::is_promised);
        let transaction = self.access.begin(is_normal)?;
        let applied = apply::all(&transaction, writes, &self.sets)?;
        transaction.commit()?;
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

    fn finish(self) -> Result<(), StoreError> {
        let Some(conn) = self.access.conn else {
            return Ok(());
        };
        let emptied = conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        close(conn);
        emptied.map_err(sqlite_error)
    }
}

/// Gives a connection up; an error that came before is the one that counts.
fn close(conn: Connection) {
    if let Err((_, error)) = conn.close() {
        tracing::debug!("a connection did not close in order: {error}");
    }
}

#[cfg(test)]
mod tests;
