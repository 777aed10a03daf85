//! The words of the tables, said to MariaDB.

use crate::store::fault::Sql;
use crate::store::sql::{Row, Tables, Value, unfit};
use mysql::prelude::Queryable;
use mysql::{Conn, Params};

/// A connection of MariaDB.
pub(super) struct MariadbTables<'a>(pub(super) &'a mut Conn);

impl Tables for MariadbTables<'_> {
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Sql<usize> {
        let result = self.0.exec_iter(sql, parameters(values))?;
        Ok(usize::try_from(result.affected_rows()).unwrap_or(usize::MAX))
    }

    fn each(&mut self, sql: &str, values: &[Value<'_>], take: &mut dyn FnMut(&dyn Row) -> Sql<()>) -> Sql<()> {
        for row in self.0.exec_iter(sql, parameters(values))? {
            take(&row?)?;
        }
        Ok(())
    }
}

fn parameters(values: &[Value<'_>]) -> Params {
    let value = |value: &Value<'_>| match *value {
        Value::Null => mysql::Value::NULL,
        Value::Text(text) => mysql::Value::from(text),
        Value::Integer(number) => mysql::Value::from(number),
    };
    if values.is_empty() { Params::Empty } else { Params::Positional(values.iter().map(value).collect()) }
}

impl Row for mysql::Row {
    fn text(&self, column: usize) -> Sql<&str> {
        self.optional_text(column)?.ok_or_else(|| unfit(column))
    }

    fn optional_text(&self, column: usize) -> Sql<Option<&str>> {
        match self.as_ref(column) {
            Some(mysql::Value::NULL) => Ok(None),
            Some(mysql::Value::Bytes(text)) => Ok(Some(std::str::from_utf8(text).map_err(|_| unfit(column))?)),
            _ => Err(unfit(column)),
        }
    }

    fn integer(&self, column: usize) -> Sql<i64> {
        match self.as_ref(column) {
            Some(mysql::Value::Int(number)) => Ok(*number),
            Some(mysql::Value::UInt(number)) => i64::try_from(*number).map_err(|_| unfit(column)),
            _ => Err(unfit(column)),
        }
    }
}
