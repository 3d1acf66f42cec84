//! The one writer: takes changes, commits those that wait together, answers when they are on
//! the disk.
//!
//! Owns every transaction. Commits at once when idle; what arrives during a commit forms the
//! next group, and nothing waits on a timer. Must never answer before the commit, and never
//! keep a connection after an error: SQLite ends the transaction by itself on a full disk, of
//! which sqlx's count of nested transactions learns nothing.

mod apply;
mod events;
mod peers;

use std::path::PathBuf;

use kukuri_application::ports::{Commit, JoinedTopic, Origin, PeerContact, PostState, StoreError};
use kukuri_domain::{EventId, PeerId, TopicId, UnixMs, VerifiedEvent};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait as _,
};
use tokio::sync::{mpsc, oneshot};

use crate::{connection, database::close, error::store_error};

/// Events in one group, unless a single commit has more: bounds how long the first waits for
/// the last.
const GROUP_EVENTS_MAX: usize = 1_000;

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
            Write::Join(_) | Write::Leave(_) => true,
            Write::Sent { .. }
            | Write::Held { .. }
            | Write::Contact { .. }
            | Write::DhtNodes(_) => false,
        }
    }
}

/// What a change came to.
pub(crate) enum Written {
    /// Of [`Write::Commit`].
    Commits(Vec<Commit>),
    /// Of [`Write::Held`].
    Grown(Vec<(EventId, PostState)>),
    /// Of [`Write::Leave`]: whether it was joined.
    Left(bool),
    /// Of all others.
    Done,
}

/// A change and where its outcome goes.
pub(crate) struct Job {
    pub write: Write,
    pub reply: oneshot::Sender<Result<Written, StoreError>>,
}

struct Writer {
    path: PathBuf,
    /// `None` after an error, until the next group.
    conn: Option<DatabaseConnection>,
    /// Whether the connection was set to `synchronous=NORMAL`; it begins with FULL.
    is_normal: bool,
}

/// Commits what arrives until every sender is gone, then empties the log and closes.
pub(crate) async fn run(
    path: PathBuf,
    conn: DatabaseConnection,
    mut jobs: mpsc::Receiver<Job>,
) -> Result<(), StoreError> {
    let mut writer = Writer {
        path,
        conn: Some(conn),
        is_normal: false,
    };
    while let Some(first) = jobs.recv().await {
        let (writes, replies) = group(first, &mut jobs);
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
    /// All changes in one transaction, or none.
    async fn commit(&mut self, writes: &[Write]) -> Result<Vec<Written>, DbErr> {
        let result = self.try_commit(writes).await;
        if result.is_err() {
            self.is_normal = false;
            if let Some(conn) = self.conn.take() {
                close(conn).await;
            }
        }
        result
    }

    async fn try_commit(&mut self, writes: &[Write]) -> Result<Vec<Written>, DbErr> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            none => none.insert(connection::writer(&self.path).await?),
        };
        // Only outside a transaction does the setting take effect.
        let is_normal = !writes.iter().any(Write::is_promised);
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
        let transaction = conn.begin_with_options(options).await?;
        let written = apply::all(&transaction, writes).await?;
        transaction.commit().await?;
        Ok(written)
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
