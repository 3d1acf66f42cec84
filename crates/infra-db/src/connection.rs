//! How the file is made and opened.
//!
//! Owns the file's mode, SQLite's settings, and the two kinds of connection. Must never make a
//! file that others can read: private topics' events are plain in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr,
    sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions},
};

/// Connections of the read pool: enough for a screen, a command and two syncing peers.
const READERS: u32 = 4;

/// Rows that a worker thread may be ahead of its reader: a page of history.
const ROW_BUFFER: usize = 256;

/// How long a lock of another process (a backup, a curious user's `sqlite3`) is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages (of 4 KiB) in the write-ahead log before a commit also copies them into the file. Ids are
/// random, so that each thousand events touch most pages of their index: the fewer copies, the
/// fewer times each page is written.
const CHECKPOINT_PAGES: i64 = 8_192;

/// The log file is cut back to this size after a burst.
const LOG_BYTES_MAX: i64 = 32 * 1_024 * 1_024;

/// Page cache of the writer, in KiB: the upper levels of the id index at a million events.
const WRITER_CACHE_KIB: i64 = 16_384;

/// Statements that the writer keeps prepared: all that it has.
const WRITER_STATEMENTS: usize = 128;

/// Makes the file, or makes sure that it can be written, before SQLite touches it: SQLite would
/// open a read-only file without a word, and gives its log files the mode of the file.
pub(crate) fn prepare_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        restrict(&file)?;
    }
    Ok(())
}

/// A file that SQLite keeps beside the database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(unix)]
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    if mode & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn restrict(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// The writer's only connection. It begins with `synchronous=FULL`, so that one that had to be
/// replaced is never less durable than thought.
pub(crate) fn writer(path: &Path) -> rusqlite::Result<Connection> {
    // One thread has it, and makes no file without its mode.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(WRITER_STATEMENTS);
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    conn.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
    // A negative number is one of KiB, a positive one of pages.
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    Ok(conn)
}

/// The readers. `is_immutable` opens a file on a medium where SQLite cannot keep its locks.
pub(crate) async fn readers(path: &Path, is_immutable: bool) -> Result<DatabaseConnection, DbErr> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROW_BUFFER)
        .disable_statement_logging()
        .read_only(true)
        .immutable(is_immutable);
    // The URL only names the driver; `options` replace what would be read from it.
    let mut pool = ConnectOptions::new("sqlite::memory:");
    pool.max_connections(READERS)
        .min_connections(0)
        // Connections stay open: there is no server that could drop them, and no timer to run.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .map_sqlx_sqlite_opts(move |_| options.clone());
    Database::connect(pool).await
}
