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
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, Statement, TransactionTrait as _, Value,
};
use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

use crate::error::store_error;

/// Marks the file as ours in its header ("kuku"), see `PRAGMA application_id`.
const APPLICATION_ID: i64 = 0x6b75_6b75;

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_events::Migration),
            Box::new(m0002_reading::Migration),
            Box::new(m0003_conversations::Migration),
            Box::new(m0004_sync_set::Migration),
            Box::new(m0005_retention::Migration),
            Box::new(m0006_entries::Migration),
        ]
    }
}

/// The greatest schema that this program knows: the number of its migrations.
pub(crate) fn known() -> i64 {
    i64::try_from(Migrator::migrations().len()).expect("fewer migrations than 2^63")
}

/// The schema of the file; 0 when it is new. Only reads.
///
/// # Errors
/// [`StoreError::NewerSchema`], and [`StoreError::Corrupt`] when it is no database or one of
/// another program.
pub(crate) async fn check(conn: &DatabaseConnection) -> Result<i64, StoreError> {
    let found = integer(conn, "PRAGMA user_version")
        .await
        .map_err(store_error)?;
    let id = integer(conn, "PRAGMA application_id")
        .await
        .map_err(store_error)?;
    let tables = "SELECT COUNT(*) FROM sqlite_schema";
    let is_empty = integer(conn, tables).await.map_err(store_error)? == 0;
    if is_empty && found == 0 && id == 0 {
        return Ok(0);
    }
    if id != APPLICATION_ID {
        return Err(StoreError::Corrupt(
            "it is the database of another program".into(),
        ));
    }
    let applied = "SELECT COUNT(*) FROM seaql_migrations";
    let found = found.max(integer(conn, applied).await.map_err(store_error)?);
    match known() {
        known if found > known => Err(StoreError::NewerSchema { found, known }),
        _ => Ok(found),
    }
}

/// Brings the file to the known schema, all or nothing.
pub(crate) async fn migrate(conn: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = conn.begin().await?;
    Migrator::up(&transaction, None).await?;
    let header = format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {};",
        known()
    );
    transaction.execute_unprepared(&header).await?;
    transaction.commit().await
}

/// The first column of the only row.
pub(crate) async fn integer(conn: &impl ConnectionTrait, sql: &str) -> Result<i64, DbErr> {
    let statement =
        Statement::from_sql_and_values(conn.get_database_backend(), sql, <[Value; 0]>::default());
    let row = conn.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?
        .try_get_by_index(0)
}
