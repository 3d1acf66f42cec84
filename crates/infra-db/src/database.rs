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
use rusqlite::Connection;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, QueryResult, Statement, Value};
use tokio::{sync::oneshot, task::spawn_blocking};

use crate::{
    backup,
    clocks::EntryClocks,
    connection,
    convert::{bytes, from_column, to_column},
    error::{file_error, sqlite_error, store_error},
    migrations,
    sets::SyncSets,
    writer::{self, Intake, Write, Written, sql},
};

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
    door: Mutex<Door>,
    /// How the writer ended.
    writer: tokio::sync::Mutex<Option<oneshot::Receiver<Result<(), StoreError>>>>,
}

/// Whether writes are taken.
enum Door {
    Open(Intake),
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
        let file = path.to_owned();
        let prepared = spawn_blocking(move || prepared(&file, ceiling)).await;
        let conn = prepared.map_err(|panic| StoreError::Other(Box::new(panic)))??;
        backup::forget_old(path, clock.now().unix);
        let readers = connection::readers(path, false)
            .await
            .map_err(store_error)?;
        let sets = Arc::new(SyncSets::new(clock.clone()));
        load_horizons(&readers, &sets).await?;
        let entry_clocks: Arc<EntryClocks> = Arc::default();
        let setup = writer::Setup {
            path: path.to_owned(),
            conn,
            sets: sets.clone(),
            entry_clocks: entry_clocks.clone(),
            clock: clock.clone(),
            ceiling,
        };
        let (intake, ended) = writer::start(setup).map_err(file_error)?;
        Ok(Self {
            clock,
            sets,
            entry_clocks,
            topic_bytes_max: shown(ceiling),
            readers,
            door: Mutex::new(Door::Open(intake)),
            writer: tokio::sync::Mutex::new(Some(ended)),
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
        load_horizons(&readers, &sets).await?;
        Ok(Self {
            sets,
            entry_clocks: Arc::default(),
            topic_bytes_max: shown(ceiling),
            clock,
            readers,
            door: Mutex::new(Door::ReadOnly),
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
        let intake = match &*self.door.lock().expect("no holder of the lock panics") {
            Door::Open(intake) => intake.clone(),
            Door::ReadOnly => return Err(StoreError::ReadOnly("opened for reading only".into())),
            Door::Closed => return Err(StoreError::Closed),
        };
        let committed = intake.hand_over(write).await?;
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
        let door = {
            let mut door = self.door.lock().expect("no holder of the lock panics");
            std::mem::replace(&mut *door, Door::Closed)
        };
        let mut writer = self.writer.lock().await;
        // First the readers: a query in progress would keep the log from being emptied, and a
        // reader that is the last to close would leave the empty log behind.
        let closed = self.readers.close_by_ref().await;
        // Only now the writer has nothing more to wait for.
        drop(door);
        closed.map_err(store_error)?;
        match writer.take() {
            None => Ok(()),
            Some(ended) => ended.await.map_err(|_| writer::panicked())?,
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

/// The writer's connection, to a file with the known schema.
fn prepared(path: &Path, ceiling: Option<u64>) -> Result<Connection, StoreError> {
    let mut conn = connection::writer(path).map_err(sqlite_error)?;
    let header = conn.query_row(migrations::HEADER, [], |row| row.try_into());
    let found = migrations::check(header.map_err(sqlite_error)?)?;
    if (1..migrations::known()).contains(&found) {
        backup::make(&conn, path, found)?;
    }
    // Kept in the file's header; for one that has it already, nothing is written.
    conn.pragma_update(None, "journal_mode", "WAL")
        .map_err(sqlite_error)?;
    if found < migrations::known() {
        migrations::migrate(&mut conn)?;
    }
    if let Some(ceiling) = ceiling {
        sql::execute(&conn, LET_BACK, [to_column(ceiling)]).map_err(sqlite_error)?;
    }
    Ok(conn)
}

async fn load_horizons(readers: &DatabaseConnection, sets: &SyncSets) -> Result<(), StoreError> {
    let rows = Statement::from_string(readers.get_database_backend(), HORIZONS);
    for row in readers.query_all_raw(rows).await.map_err(store_error)? {
        let topic = row.try_get_by_index(0).map_err(store_error)?;
        let horizon = row.try_get_by_index(1).map_err(store_error)?;
        sets.forget_before(TopicId(bytes(topic)?), UnixMs(from_column(horizon)?));
    }
    Ok(())
}

/// A row of [`migrations::HEADER`].
async fn header(readers: &DatabaseConnection) -> Result<migrations::Header, StoreError> {
    let query = Statement::from_string(readers.get_database_backend(), migrations::HEADER);
    let row = readers.query_one_raw(query).await.map_err(store_error)?;
    let row = row.ok_or_else(|| StoreError::Corrupt("a file without a header".into()))?;
    let number = |column| row.try_get_by_index(column).map_err(store_error);
    Ok((number(0)?, number(1)?, number(2)?))
}

/// Readers of a file that has exactly the known schema.
async fn checked_readers(
    path: &Path,
    is_immutable: bool,
) -> Result<DatabaseConnection, StoreError> {
    let readers = connection::readers(path, is_immutable)
        .await
        .map_err(store_error)?;
    let found = header(&readers).await.and_then(migrations::check);
    let error = match found {
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
async fn close(conn: DatabaseConnection) {
    if let Err(error) = conn.close().await {
        tracing::debug!("a connection did not close in order: {error}");
    }
}
