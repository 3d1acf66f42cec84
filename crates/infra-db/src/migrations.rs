//! The schema and its versions.
//!
//! Owns the list of migrations, each with the SQL of its day, forward only. Must never change a
//! migration that was released, and never touch a file whose schema it does not know.

mod earlier;
mod m0001_events;
mod m0002_reading;
mod m0003_conversations;
mod m0004_sync_set;
mod m0005_retention;
mod m0006_entries;

use kukuri_application::ports::StoreError;
use rusqlite::Connection;
use rusqlite_migration::{Error, M, Migrations};

use crate::error::sqlite_error;

/// Marks the file as ours in its header ("kuku"), see `PRAGMA application_id`.
const APPLICATION_ID: i64 = 0x6b75_6b75;

fn all() -> [M<'static>; 6] {
    [
        M::up_with_hook(m0001_events::SQL, |conn| {
            Ok(conn.pragma_update(None, "application_id", APPLICATION_ID)?)
        }),
        M::up(m0002_reading::SQL),
        M::up_with_hook(m0003_conversations::SQL, |conn| {
            Ok(m0003_conversations::note_earlier(conn)?)
        }),
        M::up(m0004_sync_set::SQL),
        M::up(m0005_retention::SQL),
        M::up_with_hook(m0006_entries::SQL, |conn| {
            Ok(m0006_entries::note_earlier(conn)?)
        }),
    ]
}

/// The greatest schema that this program knows: the number of its migrations.
pub(crate) fn known() -> i64 {
    i64::try_from(all().len()).expect("fewer migrations than 2^63")
}

/// What [`check`] looks at: whose file it is, its schema, and how many tables it has.
pub(crate) const HEADER: &str = "
    SELECT application_id, user_version, (SELECT COUNT(*) FROM sqlite_schema)
    FROM pragma_application_id, pragma_user_version";

/// A row of [`HEADER`].
pub(crate) type Header = (i64, i64, i64);

/// The schema of a file with this header; 0 when it is new.
///
/// # Errors
/// [`StoreError::NewerSchema`], and [`StoreError::Corrupt`] when it is the database of another
/// program.
pub(crate) fn check((id, found, tables): Header) -> Result<i64, StoreError> {
    if (id, found, tables) == (0, 0, 0) {
        return Ok(0);
    }
    if id != APPLICATION_ID {
        return Err(StoreError::Corrupt(
            "it is the database of another program".into(),
        ));
    }
    match known() {
        known if found > known => Err(StoreError::NewerSchema { found, known }),
        _ => Ok(found),
    }
}

/// Brings the file to the known schema, all or nothing.
pub(crate) fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    let migrated = Migrations::from_slice(&all()).to_latest(conn);
    migrated.map_err(|error| match error {
        Error::RusqliteError { err, .. } => sqlite_error(err),
        other => StoreError::Other(Box::new(other)),
    })
}
