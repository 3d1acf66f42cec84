//! Statements on their way to SQLite: those whose answer nobody waits for go together with the next
//! one whose rows are read.
//!
//! Owns how several statements become one text. Each way to SQLite's thread and back takes longer
//! than most statements; a lone write has ten. Must never change their order, and never leave one
//! behind: whoever began a script runs it.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use super::apply::statement;

/// Values of one text: what a few events bring. More is worth a way of its own, and would fill the
/// cache of prepared texts with as many texts as there are numbers of rows.
const VALUES_MAX: usize = 256;

/// Statements for a connection, in their order.
pub(crate) struct Script<'c, C> {
    conn: &'c C,
    text: String,
    values: Vec<Value>,
}

impl<'c, C: ConnectionTrait> Script<'c, C> {
    pub(crate) fn on(conn: &'c C) -> Self {
        Self {
            conn,
            text: String::new(),
            values: Vec::new(),
        }
    }

    /// Runs a statement that returns no rows, at the latest with the next one that does.
    pub(super) async fn add(
        &mut self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<(), DbErr> {
        self.append(sql, values.into_iter().collect()).await?;
        if self.values.len() > VALUES_MAX {
            self.run().await?;
        }
        Ok(())
    }

    /// Runs what waits and then this; returns its rows.
    pub(super) async fn rows(
        &mut self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, DbErr> {
        self.append(sql, values.into_iter().collect()).await?;
        let all = self.take();
        self.conn.query_all_raw(all).await
    }

    /// Runs what waits.
    pub(crate) async fn run(&mut self) -> Result<(), DbErr> {
        if self.text.is_empty() {
            return Ok(());
        }
        let all = self.take();
        self.conn.execute_raw(all).await?;
        Ok(())
    }

    /// The connection, on which everything has been run.
    pub(super) async fn conn(&mut self) -> Result<&'c C, DbErr> {
        self.run().await?;
        Ok(self.conn)
    }

    fn take(&mut self) -> Statement {
        let text = std::mem::take(&mut self.text);
        let values = std::mem::take(&mut self.values);
        statement(self.conn, &text, values)
    }

    async fn append(&mut self, sql: &str, values: Vec<Value>) -> Result<(), DbErr> {
        if self.values.len() + values.len() > VALUES_MAX {
            self.run().await?;
        }
        write_bare(&mut self.text, &mut self.values, sql, values);
        self.text.push(';');
        Ok(())
    }
}

/// Writes a statement with bare parameters, which take their values in turn from one list for the
/// whole text. A statement has either numbered ones or bare ones, and no question mark otherwise.
fn write_bare(text: &mut String, all: &mut Vec<Value>, sql: &str, values: Vec<Value>) {
    let mut parts = sql.split('?');
    text.push_str(parts.next().unwrap_or_default());
    let is_numbered = sql.contains("?1");
    for part in parts {
        text.push('?');
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        text.push_str(rest);
        // Without a number it is a bare one, whose value comes below.
        if let Ok(number) = number.parse::<usize>() {
            all.push(values[number - 1].clone());
        }
    }
    if !is_numbered {
        all.extend(values);
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::DatabaseConnection;

    use super::*;
    use crate::connection;

    #[test]
    fn every_parameter_takes_the_next_value() {
        let bare = |sql, values: &[i64]| {
            let (mut text, mut all) = (String::new(), Vec::new());
            let values = values.iter().map(|n| Value::from(*n)).collect();
            write_bare(&mut text, &mut all, sql, values);
            (text, all)
        };
        let of = |text: &str, values: &[i64]| {
            let values: Vec<Value> = values.iter().map(|n| Value::from(*n)).collect();
            (text.to_owned(), values)
        };
        let rows = "VALUES (?,?),(?,?)";
        assert_eq!(bare(rows, &[1, 2, 3, 4]), of(rows, &[1, 2, 3, 4]));
        let numbered = bare("a = ?2 AND b IN (?1, ?2)", &[1, 2]);
        assert_eq!(numbered, of("a = ? AND b IN (?, ?)", &[2, 1, 2]));
        assert_eq!(bare("SELECT 1", &[]), of("SELECT 1", &[]));
    }

    async fn database(home: &tempfile::TempDir) -> DatabaseConnection {
        let path = home.path().join("kukuri.db");
        connection::prepare_file(&path).expect("a file");
        let conn = connection::writer(&path).await.expect("opens");
        let table = "CREATE TABLE numbers (n INTEGER)";
        conn.execute_unprepared(table).await.expect("a table");
        conn
    }

    fn column(rows: &[QueryResult]) -> Vec<i64> {
        let numbers = rows.iter().map(|row| row.try_get_by_index(0));
        numbers.collect::<Result<_, _>>().expect("numbers")
    }

    async fn numbers(conn: &impl ConnectionTrait) -> Vec<i64> {
        let all = statement(conn, "SELECT n FROM numbers ORDER BY rowid", []);
        column(&conn.query_all_raw(all).await.expect("readable"))
    }

    #[tokio::test]
    async fn statements_run_in_their_order_and_rows_are_of_the_last() {
        let home = tempfile::tempdir().expect("a folder");
        let conn = database(&home).await;
        let mut script = Script::on(&conn);
        for n in [1, 2] {
            let insert = "INSERT INTO numbers VALUES (?), (?)";
            let added = script.add(insert, [n.into(), (n * 10).into()]).await;
            added.expect("it waits");
        }
        assert_eq!(numbers(&conn).await, [] as [i64; 0], "nothing has run");
        let rows = script
            .rows("SELECT n FROM numbers WHERE n > ?1", [5.into()])
            .await;
        assert_eq!(column(&rows.expect("they run")), [10, 20]);
        assert_eq!(numbers(&conn).await, [1, 10, 2, 20]);
        let many = vec!["(?)"; VALUES_MAX + 1].join(",");
        let values = (0..=VALUES_MAX).map(|n| (n as i64).into());
        let many = format!("INSERT INTO numbers VALUES {many}");
        script.add(&many, values).await.expect("it runs");
        assert_eq!(numbers(&conn).await.len(), 4 + VALUES_MAX + 1, "at once");
        let last = "DELETE FROM numbers WHERE n = ?1";
        script.add(last, [1.into()]).await.expect("it waits");
        script.run().await.expect("it runs");
        assert!(!numbers(&conn).await.contains(&1), "it has run");
    }

    #[tokio::test]
    async fn an_error_of_any_statement_is_told() {
        let home = tempfile::tempdir().expect("a folder");
        let conn = database(&home).await;
        let mut script = Script::on(&conn);
        let missing = script
            .add("INSERT INTO nowhere VALUES (?)", [1.into()])
            .await;
        missing.expect("it waits");
        let told = script.rows("SELECT 1", []).await;
        assert!(told.is_err_and(|error| error.to_string().contains("nowhere")));
    }
}
