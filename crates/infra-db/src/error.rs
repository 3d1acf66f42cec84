//! What a failure of SQLite means to a caller.
//!
//! Owns the one table from SQLite's result codes to `StoreError`. Must never hide the cause:
//! the driver's error stays the source.

use std::{io, sync::Arc};

use kukuri_application::ports::StoreError;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, sqlx};

// Primary result codes of SQLite (https://www.sqlite.org/rescode.html).
const PERM: i32 = 3;
const READONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;
// Extended ones that say more than their primary code, an I/O error.
const IOERR_SHORT_READ: i32 = 522;
const IOERR_SHMSIZE: i32 = 4_874;
const IOERR_CORRUPTFS: i32 = 8_458;

/// Sorts an error of the writer's driver. Several callers of one failed transaction share it.
pub(crate) fn sqlite_error(error: impl Into<Arc<rusqlite::Error>>) -> StoreError {
    use rusqlite::Error;

    let error: Arc<Error> = error.into();
    let variant: Variant = match &*error {
        Error::SqliteFailure(failure, _) => variant_of_code(failure.extended_code),
        // A column that does not hold what our schema puts there.
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..)
        | Error::InvalidColumnType(..) => StoreError::Corrupt,
        _ => StoreError::Other,
    };
    variant(Box::new(error))
}

/// Sorts an error of the readers' driver.
pub(crate) fn store_error(error: DbErr) -> StoreError {
    let sqlx = match &error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => e.clone(),
        DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => return StoreError::Closed,
        // A column that does not hold what our schema puts there.
        DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. } => {
            return StoreError::Corrupt(Box::new(error));
        }
        _ => return StoreError::Other(Box::new(error)),
    };
    match &*sqlx {
        sqlx::Error::PoolClosed => StoreError::Closed,
        sqlx::Error::Io(e) => variant_of_io(e.kind())(Box::new(error)),
        sqlx::Error::ColumnDecode { .. } => StoreError::Corrupt(Box::new(error)),
        sqlx::Error::Database(e) => {
            // A code that is no number is none that we know.
            let code = e.code().and_then(|code| code.parse().ok());
            code.map_or(StoreError::Other as Variant, variant_of_code)(Box::new(error))
        }
        _ => StoreError::Other(Box::new(error)),
    }
}

/// Sorts an error of the file system.
pub(crate) fn file_error(error: io::Error) -> StoreError {
    variant_of_io(error.kind())(Box::new(error))
}

type Variant = fn(Box<dyn std::error::Error + Send + Sync>) -> StoreError;

fn variant_of_code(code: i32) -> Variant {
    match code {
        IOERR_SHMSIZE => StoreError::DiskFull,
        IOERR_SHORT_READ | IOERR_CORRUPTFS => StoreError::Corrupt,
        _ => match code & 0xff {
            FULL => StoreError::DiskFull,
            PERM | READONLY | CANTOPEN => StoreError::ReadOnly,
            CORRUPT | NOTADB => StoreError::Corrupt,
            _ => StoreError::Other,
        },
    }
}

fn variant_of_io(kind: io::ErrorKind) -> Variant {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        _ => StoreError::Other,
    }
}
