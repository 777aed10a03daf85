//! What the tables ask of a database, in words that every database understands.
//!
//! Statements are written once. They use `?` for values, and nothing that SQLite and MariaDB spell differently: whoever
//! writes holds the write lock, so that it can look first instead of leaving conflicts to the statement.

use super::StoreProblem;
use super::fault::{Fault, Sql};
use crate::{Error, Result};
use std::fmt::Debug;

/// A limit that is none. SQLite would take a negative one, others do not.
pub(super) const NO_LIMIT: i64 = i64::MAX;

/// What stands for a `?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Null,
    Text(&'a str),
    Integer(i64),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// A database that keeps the tables. Calls block.
pub(super) trait Database: Debug + Send + Sync {
    /// Runs `work` on a connection. It may be run again if that one breaks.
    fn read(&self, work: &mut dyn FnMut(&mut dyn Tables) -> Sql<()>) -> Result<()>;

    /// Runs `work` in one transaction beside which nobody else writes: all of it happens or nothing. It may be run again if
    /// it did not happen.
    fn write(&self, work: &mut dyn FnMut(&mut dyn Tables) -> Sql<()>) -> Result<()>;

    /// What the database finds wrong with itself, and what of its settings makes it less safe than it could be.
    fn examine(&self) -> Result<Vec<StoreProblem>>;
}

/// A value of another kind than the table has.
pub(super) fn unfit(column: usize) -> Fault {
    Error::storage(format!("column {column} of a row is not what it must be"))
        .remedy("restore the database from a backup")
        .into()
}

/// One row of an answer, columns counted from 0.
pub(super) trait Row {
    fn text(&self, column: usize) -> Sql<&str>;

    /// `None`: NULL.
    fn optional_text(&self, column: usize) -> Sql<Option<&str>>;

    fn integer(&self, column: usize) -> Sql<i64>;
}

/// A connection, within a transaction or without.
pub(super) trait Tables {
    /// Changes rows, and returns how many it found.
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Sql<usize>;

    /// Hands over each row of an answer.
    fn each(&mut self, sql: &str, values: &[Value<'_>], take: &mut dyn FnMut(&dyn Row) -> Sql<()>) -> Sql<()>;
}

impl dyn Tables + '_ {
    pub(super) fn all<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&dyn Row) -> Sql<T>,
    ) -> Sql<Vec<T>> {
        let mut all = Vec::new();
        self.each(sql, values, &mut |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// The first row; the statement is one that finds few.
    pub(super) fn first<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(&dyn Row) -> Sql<T>,
    ) -> Sql<Option<T>> {
        Ok(self.all(sql, values, read)?.into_iter().next())
    }

    /// The text in the first column of the first row.
    pub(super) fn text(&mut self, sql: &str, values: &[Value<'_>]) -> Sql<Option<String>> {
        self.first(sql, values, |row| row.text(0).map(str::to_owned))
    }
}
