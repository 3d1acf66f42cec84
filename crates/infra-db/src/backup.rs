//! The copy of the file that is made before its schema changes.
//!
//! Owns its name (`kukuri.db.schema-1.bak` beside the database), its mode, and when it goes. Must
//! never let a migration begin without a whole copy, and never remove a copy that is younger
//! than it is kept for.

use std::{fs, io, path::Path};

use kukuri_application::ports::StoreError;
use kukuri_domain::UnixMs;
use rusqlite::Connection;

use crate::{
    connection::{self, beside},
    error::{file_error, sqlite_error},
    migrations,
};

/// Days that the copy of an earlier schema is kept: long enough to go back to the program that
/// made it.
pub const BACKUP_KEPT_DAYS: u64 = 30;

const DAY_MS: u128 = 24 * 60 * 60 * 1_000;

/// Copies the database as it is, its log included. The copy has its name only when it is whole.
pub(crate) fn make(conn: &Connection, path: &Path, schema: i64) -> Result<(), StoreError> {
    let whole = name(path, schema);
    let part = beside(&whole, ".part");
    remove(&part).map_err(file_error)?;
    // SQLite takes an empty file, and would give one that it makes itself another mode.
    connection::prepare_file(&part).map_err(file_error)?;
    let copied = copy(conn, &part);
    let named = copied.and_then(|()| fs::rename(&part, &whole).map_err(file_error));
    if named.is_err()
        && let Err(error) = remove(&part)
    {
        tracing::warn!(%error, "half a copy of the database stays behind");
    }
    named?;
    tracing::info!(copy = %whole.display(), "the database was copied before its schema changes");
    Ok(())
}

fn copy(conn: &Connection, part: &Path) -> Result<(), StoreError> {
    let Some(text) = part.to_str() else {
        let cause = "the path is not UTF-8, so it cannot be copied before its schema changes";
        return Err(StoreError::Other(cause.into()));
    };
    let copied = conn.execute("VACUUM INTO ?1", [text]);
    copied.map_err(sqlite_error)?;
    let synced = fs::File::open(part).and_then(|file| file.sync_all());
    synced.map_err(file_error)
}

/// Removes copies that were kept long enough. That one cannot be removed keeps nobody waiting.
pub(crate) fn forget_old(path: &Path, now: UnixMs) {
    for schema in 1..migrations::known() {
        let copy = name(path, schema);
        if is_old(&copy, now)
            && let Err(error) = remove(&copy)
        {
            tracing::warn!(%error, copy = %copy.display(), "an old copy was not removed");
        }
    }
}

fn is_old(copy: &Path, now: UnixMs) -> bool {
    let made = fs::metadata(copy).and_then(|metadata| metadata.modified());
    // Without a copy, or without its time, there is nothing to remove.
    let Ok(made) = made else { return false };
    let made = made.duration_since(std::time::UNIX_EPOCH);
    let made_ms = made.map_or(0, |since| since.as_millis());
    u128::from(now.0).saturating_sub(made_ms) > u128::from(BACKUP_KEPT_DAYS) * DAY_MS
}

fn name(path: &Path, schema: i64) -> std::path::PathBuf {
    beside(path, &format!(".schema-{schema}.bak"))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
