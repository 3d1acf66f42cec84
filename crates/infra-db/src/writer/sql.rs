//! Statements on the thread of the writer.
//!
//! Owns that each text is prepared once, and what an error it is when a row does not hold what the
//! schema puts there. Must never begin or end a transaction.

use kukuri_application::ports::Source;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, types::Type};

/// Runs a statement without rows; returns how many it changed.
pub(crate) fn execute(
    conn: &Connection,
    sql: &str,
    values: impl Params,
) -> rusqlite::Result<usize> {
    conn.prepare_cached(sql)?.execute(values)
}

/// What `read` makes of each row.
pub(crate) fn rows<T>(
    conn: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map(values, read)?.collect()
}

/// What `read` makes of the first row, if there is one.
pub(crate) fn first<T>(
    conn: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    statement.query_row(values, read).optional()
}

/// The first column of the only row.
pub(crate) fn integer(conn: &Connection, sql: &str) -> rusqlite::Result<i64> {
    conn.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

/// A row does not hold what the schema puts there.
pub(crate) fn damaged(cause: impl Into<Source>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Null, cause.into())
}
