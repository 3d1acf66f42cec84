//! The open database: one file, one writer, a pool of readers.
//!
//! Owns opening and closing. Must never write by itself: every change is a [`Write`] that the
//! writer commits together with others.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use kukuri_application::ports::{Clock, StoreError};
use kukuri_domain::{TopicId, UnixMs};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, QueryResult, Statement, Value};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::{
    backup,
    clocks::EntryClocks,
    connection,
    convert::{bytes, damaged, to_column},
    error::{file_error, store_error},
    migrations,
    sets::SyncSets,
    writer::{self, Job, Write, Written},
};

/// Writes that may wait for the writer; beyond it, callers wait. Two groups of single events.
const WRITE_QUEUE: usize = 2_000;

/// How a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenOptions {
    /// Nothing is written, no file is made; writing fails with [`StoreError::ReadOnly`].
    pub read_only: bool,
    /// About how many bytes each topic may take, [`u64::MAX`] for no ceiling. With `None` horizons
    /// stay where they are.
    pub topic_bytes_max: Option<u64>,
}

/// An open database. It implements the ports `EventStore` and `TopicBook`. Dropping it without
/// closing loses nothing that was acknowledged.
pub struct Database {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sets: Arc<SyncSets>,
    pub(crate) entry_clocks: Arc<EntryClocks>,
    /// `None` for no ceiling.
    pub(crate) topic_bytes_max: Option<u64>,
    readers: DatabaseConnection,
    intake: Mutex<Intake>,
    writer: tokio::sync::Mutex<JoinSet<Result<(), StoreError>>>,
}

/// Where writes go.
enum Intake {
    Open(mpsc::Sender<Job>),
    ReadOnly,
    Closed,
}

impl Database {
    /// Opens the database at `path`, in a folder that exists; makes the file (mode 0600) and its
    /// schema when there is none. A file of an earlier schema is copied to
    /// `PATH.schema-N.bak` first; that copy is removed when the database is opened after
    /// [`BACKUP_KEPT_DAYS`](crate::BACKUP_KEPT_DAYS) days. `clock` says when an event was
    /// received.
    ///
    /// # Errors
    /// [`StoreError`]: `NewerSchema` and `Corrupt` leave the file as it is, `ReadOnly` when it
    /// or its folder cannot be written, `DiskFull`.
    pub async fn open(
        path: &Path,
        options: OpenOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        match options.read_only {
            true => Self::open_read_only(path, options.topic_bytes_max, clock).await,
            false => Self::open_writable(path, options.topic_bytes_max, clock).await,
        }
    }

    async fn open_writable(
        path: &Path,
        ceiling: Option<u64>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        connection::prepare_file(path).map_err(file_error)?;
        let conn = connection::writer(path).await.map_err(store_error)?;
        let sets = Arc::new(SyncSets::new(clock.clone()));
        if let Err(error) = prepare(&conn, path, ceiling, &sets).await {
            close(conn).await;
            return Err(error);
        }
        backup::forget_old(path, clock.now().unix);
        let readers = connection::readers(path, false)
            .await
            .map_err(store_error)?;
        let (intake, jobs) = mpsc::channel(WRITE_QUEUE);
        let mut writer = JoinSet::new();
        let entry_clocks: Arc<EntryClocks> = Arc::default();
        let setup = writer::Setup {
            path: path.to_owned(),
            conn,
            sets: sets.clone(),
            entry_clocks: entry_clocks.clone(),
            clock: clock.clone(),
            ceiling,
        };
        writer.spawn(writer::run(setup, jobs));
        Ok(Self {
            clock,
            sets,
            entry_clocks,
            topic_bytes_max: shown(ceiling),
            readers,
            intake: Mutex::new(Intake::Open(intake)),
            writer: tokio::sync::Mutex::new(writer),
        })
    }

    async fn open_read_only(
        path: &Path,
        ceiling: Option<u64>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        std::fs::File::open(path).map_err(file_error)?;
        let readers = match checked_readers(path, false).await {
            // A medium on which the lock files cannot be made; without a log nobody writes.
            Err(StoreError::ReadOnly(_)) if !connection::beside(path, "-wal").exists() => {
                checked_readers(path, true).await?
            }
            readers => readers?,
        };
        let sets = Arc::new(SyncSets::new(clock.clone()));
        load_horizons(&readers, &sets).await.map_err(store_error)?;
        Ok(Self {
            sets,
            entry_clocks: Arc::default(),
            topic_bytes_max: shown(ceiling),
            clock,
            readers,
            intake: Mutex::new(Intake::ReadOnly),
            writer: tokio::sync::Mutex::default(),
        })
    }

    /// Looks through the whole file for damage, which takes seconds for a large one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the first damage found.
    pub async fn check_integrity(&self) -> Result<(), StoreError> {
        let rows = self.read("PRAGMA integrity_check(1)", []).await?;
        let verdict = rows.first().map(|row| row.try_get_by_index::<String>(0));
        match verdict.transpose().map_err(store_error)?.as_deref() {
            Some("ok") => Ok(()),
            verdict => Err(StoreError::Corrupt(verdict.unwrap_or("no verdict").into())),
        }
    }

    /// Whether nothing was ever kept here: no event and no topic. Only then may a profile be new.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_unused(&self) -> Result<bool, StoreError> {
        let query = "SELECT EXISTS (SELECT 1 FROM events) OR EXISTS (SELECT 1 FROM topics)";
        let rows = self.read(query, []).await?;
        let used = rows.first().map(|row| row.try_get_by_index::<i64>(0));
        Ok(used.transpose().map_err(store_error)?.unwrap_or(0) == 0)
    }

    /// Hands a change to the writer and waits until it is committed.
    pub(crate) async fn write(&self, write: Write) -> Result<Written, StoreError> {
        let intake = match &*self.intake.lock().expect("no holder of the lock panics") {
            Intake::Open(intake) => intake.clone(),
            Intake::ReadOnly => return Err(StoreError::ReadOnly("opened for reading only".into())),
            Intake::Closed => return Err(StoreError::Closed),
        };
        let (reply, committed) = oneshot::channel();
        intake
            .send(Job { write, reply })
            .await
            .map_err(|_| StoreError::Closed)?;
        // Otherwise `close` would wait for this caller, too.
        drop(intake);
        committed.await.map_err(|_| StoreError::Closed)?
    }

    /// The rows of one query.
    pub(crate) async fn read(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let backend = self.readers.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        self.readers
            .query_all_raw(statement)
            .await
            .map_err(store_error)
    }

    /// The pool of readers, for queries by entity.
    pub(crate) fn readers(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// Commits what was handed over, writes the log into the file and closes. Later calls, and
    /// those that come too late meanwhile, fail with [`StoreError::Closed`].
    pub(crate) async fn shut(&self) -> Result<(), StoreError> {
        let intake = {
            let mut intake = self.intake.lock().expect("no holder of the lock panics");
            std::mem::replace(&mut *intake, Intake::Closed)
        };
        let mut writer = self.writer.lock().await;
        // First the readers: a query in progress would keep the log from being emptied, and a
        // reader that is the last to close would leave the empty log behind.
        let closed = self.readers.close_by_ref().await;
        // Only now the writer has nothing more to wait for.
        drop(intake);
        closed.map_err(store_error)?;
        match writer.join_next().await {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(panic)) => Err(StoreError::Other(Box::new(panic))),
        }
    }
}

/// As it is said to others.
fn shown(ceiling: Option<u64>) -> Option<u64> {
    ceiling.filter(|bytes| *bytes < u64::MAX)
}

// Whoever has more room than when the horizon was moved gets back what others still have.
const LET_BACK: &str =
    "UPDATE topic_totals SET horizon = 0 WHERE horizon > 0 AND horizon_ceiling < ?1";

const HORIZONS: &str =
    "SELECT totals.topic, totals.horizon FROM topic_totals totals WHERE totals.horizon > 0";

async fn prepare(
    conn: &DatabaseConnection,
    path: &Path,
    ceiling: Option<u64>,
    sets: &SyncSets,
) -> Result<(), StoreError> {
    prepare_schema(conn, path).await?;
    if let Some(ceiling) = ceiling {
        let backend = conn.get_database_backend();
        let values = [to_column(ceiling).into()];
        let let_back = Statement::from_sql_and_values(backend, LET_BACK, values);
        conn.execute_raw(let_back).await.map_err(store_error)?;
    }
    load_horizons(conn, sets).await.map_err(store_error)
}

async fn load_horizons(conn: &DatabaseConnection, sets: &SyncSets) -> Result<(), DbErr> {
    let rows = Statement::from_string(conn.get_database_backend(), HORIZONS);
    for row in conn.query_all_raw(rows).await? {
        let topic: Vec<u8> = row.try_get_by_index(0)?;
        let horizon: i64 = row.try_get_by_index(1)?;
        let topic = bytes(topic).map_err(damaged)?;
        let horizon = UnixMs(u64::try_from(horizon).unwrap_or(0));
        sets.forget_before(TopicId(topic), horizon);
    }
    Ok(())
}

async fn prepare_schema(conn: &DatabaseConnection, path: &Path) -> Result<(), StoreError> {
    let found = migrations::check(conn).await?;
    if (1..migrations::known()).contains(&found) {
        backup::make(conn, path, found).await?;
    }
    // Kept in the file's header; for one that has it already, nothing is written.
    conn.execute_unprepared("PRAGMA journal_mode = WAL")
        .await
        .map_err(store_error)?;
    if found < migrations::known() {
        migrations::migrate(conn).await.map_err(store_error)?;
    }
    Ok(())
}

/// Readers of a file that has exactly the known schema.
async fn checked_readers(
    path: &Path,
    is_immutable: bool,
) -> Result<DatabaseConnection, StoreError> {
    let readers = connection::readers(path, is_immutable)
        .await
        .map_err(store_error)?;
    let error = match migrations::check(&readers).await {
        Ok(found) if found == migrations::known() => return Ok(readers),
        Ok(found) => StoreError::OlderSchema {
            found,
            known: migrations::known(),
        },
        Err(error) => error,
    };
    close(readers).await;
    Err(error)
}

/// Gives a connection up after another error, which is the one that counts.
pub(crate) async fn close(conn: DatabaseConnection) {
    if let Err(error) = conn.close().await {
        tracing::debug!("a connection did not close in order: {error}");
    }
}
