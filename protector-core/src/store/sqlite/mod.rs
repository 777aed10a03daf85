//! The state of one site in a SQLite file, or in memory.

pub(super) mod database;
pub(super) mod migrations;
mod tables;

use super::fault::{Fault, Sql};
use super::sql::{Database, Tables};
use super::{Durability, StoreLocation, StoreProblem};
use crate::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tables::SqliteTables;

/// A database of SQLite.
#[derive(Debug)]
pub(super) struct Sqlite {
    location: StoreLocation,
    connection: Mutex<Connection>,
}

impl Sqlite {
    pub(super) fn open(location: StoreLocation, durability: Durability) -> Result<Self> {
        let connection = Mutex::new(database::open(&location, durability)?);
        Ok(Self { location, connection })
    }

    /// A panic in the middle of a transaction has rolled it back.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Database for Sqlite {
    fn read(&self, work: &mut dyn FnMut(&mut dyn Tables) -> Sql<()>) -> Result<()> {
        let connection = self.connection();
        work(&mut SqliteTables(&connection)).map_err(|fault| fault.at(&self.location))
    }

    fn write(&self, work: &mut dyn FnMut(&mut dyn Tables) -> Sql<()>) -> Result<()> {
        let mut connection = self.connection();
        let mut write = || -> Sql<()> {
            // the write lock from the start: what is read stays true until the commit, in every process
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            work(&mut SqliteTables(&transaction))?;
            transaction.commit().map_err(Fault::from)
        };
        write().map_err(|fault| fault.at(&self.location))
    }

    fn examine(&self) -> Result<Vec<StoreProblem>> {
        let connection = self.connection();
        let look = || -> Sql<Vec<StoreProblem>> {
            let tables: &mut dyn Tables = &mut SqliteTables(&connection);
            let pages = tables.all("PRAGMA integrity_check(20)", &[], |row| row.text(0).map(str::to_owned))?;
            let references =
                tables.all("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 20", &[], |row| {
                    Ok(format!("a row of {} refers to one that is not in {}", row.text(0)?, row.text(1)?))
                })?;
            let damage = pages.into_iter().filter(|found| found != "ok").chain(references);
            Ok(damage.map(|found| damaged(&found).into()).collect())
        };
        look().map_err(|fault| fault.at(&self.location))
    }
}

fn damaged(found: &str) -> Error {
    Error::storage(format!("the file is damaged: {found}")).remedy("restore it from a backup")
}
