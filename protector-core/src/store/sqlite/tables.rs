//! The words of the tables, said to SQLite.

use crate::store::fault::Sql;
use crate::store::sql::{Row, Tables, Value, unfit};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

/// A connection of SQLite.
#[derive(Debug)]
pub(super) struct SqliteTables<'a>(pub(super) &'a Connection);

impl Tables for SqliteTables<'_> {
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Sql<usize> {
        Ok(self.0.prepare_cached(sql)?.execute(params_from_iter(values))?)
    }

    fn each(&mut self, sql: &str, values: &[Value<'_>], take: &mut dyn FnMut(&dyn Row) -> Sql<()>) -> Sql<()> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            take(row)?;
        }
        Ok(())
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Integer(number) => ValueRef::Integer(*number),
        }))
    }
}

impl Row for rusqlite::Row<'_> {
    fn text(&self, column: usize) -> Sql<&str> {
        self.get_ref(column)?.as_str().map_err(|_| unfit(column))
    }

    fn optional_text(&self, column: usize) -> Sql<Option<&str>> {
        self.get_ref(column)?.as_str_or_null().map_err(|_| unfit(column))
    }

    fn integer(&self, column: usize) -> Sql<i64> {
        self.get_ref(column)?.as_i64().map_err(|_| unfit(column))
    }
}
