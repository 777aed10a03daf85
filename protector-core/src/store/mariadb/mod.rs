//! The state of one site on a MariaDB server, which several processes on several hosts may share.
//!
//! Writes come one after the other: each counts in the row `writer` first, which others wait for, and which makes a cluster
//! of servers refuse one of two at its commit. A write that was refused, or whose connection broke, is made again from its
//! beginning. If it broke in the commit, the mark of the write tells whether it happened.

mod connections;
mod errors;
mod schema;
mod settings;
mod tables;
mod unsettled;

pub(super) use errors::outside;

use super::fault::{Fault, Sql};
use super::sql::{Database, Tables};
use super::sqlite::database::BUSY_TIMEOUT;
use super::{DatabaseServer, StoreProblem};
use crate::{Error, ErrorKind, Result};
use connections::Connections;
use mysql::consts::CapabilityFlags;
use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder, SslOpts};
use std::time::{Duration, Instant};
use tables::MariadbTables;
use unsettled::{Attempt, meaning};
use uuid::Uuid;

/// How long a call waits for a server that does not answer, and goes on trying.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Marks of writes that are kept: more than can be under way at once.
const KEPT_MARKS: u32 = 1_000;

/// A database on a server.
#[derive(Debug)]
pub(super) struct Mariadb {
    server: DatabaseServer,
    connections: Connections,
}

/// The database, after a look at its schema.
pub(super) fn open(server: &DatabaseServer) -> Result<Box<dyn Database>> {
    let database = Mariadb::new(server.clone());
    database.once(|t| schema::check(t, server))?;
    database.once(|t| settings::warn(t, server))?;
    Ok(Box::new(database))
}

/// Brings the schema up to date; returns the versions before and after.
pub(super) fn migrate(server: &DatabaseServer) -> Result<(u32, u32)> {
    Mariadb::new(server.clone()).once(|t| schema::apply(t, server))
}

/// The schema version found, 0 for none. Changes nothing.
pub(super) fn version(server: &DatabaseServer) -> Result<u32> {
    Mariadb::new(server.clone()).once(|t| schema::version(t, server))
}

impl Mariadb {
    fn new(server: DatabaseServer) -> Self {
        let ssl = server.ca_file.clone().map(|file| SslOpts::default().with_root_cert_path(Some(file)));
        let options = OptsBuilder::new()
            .ip_or_hostname(Some(server.host.clone()))
            .tcp_port(server.port)
            .socket(server.socket.as_ref().map(|path| path.to_string_lossy()))
            .prefer_socket(server.socket.is_some())
            .user(Some(server.user.clone()))
            .pass(Some(server.password.as_str()))
            .db_name(Some(server.database.clone()))
            .ssl_opts(ssl)
            .tcp_connect_timeout(Some(CONNECT_TIMEOUT))
            .read_timeout(Some(ANSWER_TIMEOUT))
            .write_timeout(Some(ANSWER_TIMEOUT))
            // an update that changes nothing has found its row all the same
            .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS)
            .init(vec![
                "SET NAMES utf8mb4 COLLATE utf8mb4_bin".to_owned(),
                "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ".to_owned(),
                format!(
                    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = {}",
                    BUSY_TIMEOUT.as_secs()
                ),
            ]);
        Self { server, connections: Connections::new(options.into()) }
    }

    /// For start-up, where nobody goes on trying.
    fn once<T>(&self, work: impl FnOnce(&mut dyn Tables) -> Sql<T>) -> Result<T> {
        let done = self.connections.with(|connection| work(&mut MariadbTables(connection)).map_err(Attempt::Over));
        done.map_err(|(Attempt::Again(fault) | Attempt::Over(fault) | Attempt::Unknown(fault))| fault.at(&self.server))
    }

    /// Tries until it is done, is refused, or takes too long.
    fn persist(&self, mut attempt: impl FnMut() -> std::result::Result<(), Attempt>) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = Duration::from_millis(10);
        loop {
            let fault = match attempt() {
                Ok(()) => return Ok(()),
                Err(Attempt::Again(_)) if Instant::now() + pause < deadline => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_secs(1));
                    continue;
                }
                Err(Attempt::Again(fault) | Attempt::Over(fault) | Attempt::Unknown(fault)) => fault,
            };
            return Err(fault.at(&self.server));
        }
    }

    /// Whether the write with this mark was committed. Waits for one that is still under way.
    fn happened(&self, mark: &str) -> Result<bool> {
        let mut found = false;
        self.persist(|| {
            self.connections.with(|connection| {
                let mut look = || -> Sql<bool> {
                    connection.query_drop("START TRANSACTION")?;
                    let tables: &mut dyn Tables = &mut MariadbTables(connection);
                    tables.execute(COUNT, &[])?;
                    let found = tables.text("SELECT mark FROM write_marks WHERE mark = ?", &[mark.into()])?.is_some();
                    tables.execute("ROLLBACK", &[])?;
                    Ok(found)
                };
                found = look().map_err(meaning)?;
                Ok(())
            })
        })?;
        Ok(found)
    }
}

impl Database for Mariadb {
    fn read(&self, work: &mut dyn FnMut(&mut dyn Tables) -> Sql<()>) -> Result<()> {
        self.persist(|| self.connections.with(|connection| work(&mut MariadbTables(connection)).map_err(meaning)))
    }

    fn examine(&self) -> Result<Vec<StoreProblem>> {
        self.once(|t| {
            let mut problems = schema::damage(t)?;
            let unsafe_settings = settings::shortcomings(t)?.into_iter();
            problems.extend(unsafe_settings.map(|error| StoreProblem { is_warning: true, error }));
            Ok(problems)
        })
    }

    fn write(&self, work: &mut dyn FnMut(&mut dyn Tables) -> Sql<()>) -> Result<()> {
        self.persist(|| {
            let mark = Uuid::new_v4().to_string();
            match self.connections.with(|connection| attempt(connection, &mark, work)) {
                Err(Attempt::Unknown(fault)) => match self.happened(&mark) {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(Attempt::Again(fault)),
                    Err(e) => Err(Attempt::Over(unknown(&e, fault, &self.server).into())),
                },
                outcome => outcome,
            }
        })
    }
}

const COUNT: &str = "UPDATE writer SET writes = writes + 1 WHERE id = 1";

/// One try of a write: all of it or nothing.
fn attempt(
    connection: &mut Conn,
    mark: &str,
    work: &mut dyn FnMut(&mut dyn Tables) -> Sql<()>,
) -> std::result::Result<(), Attempt> {
    let mut before_commit = || -> Sql<()> {
        connection.query_drop("START TRANSACTION")?;
        let tables: &mut dyn Tables = &mut MariadbTables(connection);
        tables.execute(COUNT, &[])?;
        work(tables)?;
        tables.execute(
            "INSERT INTO write_marks (sequence, mark) SELECT writes, ? FROM writer WHERE id = 1",
            &[mark.into()],
        )?;
        tables.execute(
            "DELETE FROM write_marks WHERE sequence < (SELECT writes FROM writer WHERE id = 1) - ?",
            &[i64::from(KEPT_MARKS).into()],
        )?;
        Ok(())
    };
    if let Err(fault) = before_commit() {
        return Err(match (meaning(fault), connection.query_drop("ROLLBACK")) {
            // an open transaction must not go back into the pool
            (Attempt::Over(fault), Err(_)) => Attempt::Unknown(fault),
            (outcome, _) => outcome,
        });
    }
    connection.query_drop("COMMIT").map_err(|e| match e {
        // the server says that it did not happen
        mysql::Error::MySqlError(_) => meaning(e.into()),
        lost => Attempt::Unknown(lost.into()),
    })
}

fn unknown(e: &Error, fault: Fault, server: &DatabaseServer) -> Error {
    let lost = fault.at(server);
    Error::new(
        ErrorKind::Indeterminate,
        format!(
            "the connection to database '{server}' broke in a commit, and whether it happened is not known: {}",
            e.message()
        ),
    )
    .remedy("look at what is stored once the server answers, then decide")
    .source(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_prints_without_its_password() {
        let server = DatabaseServer::parse("mysql+pymysql://protector:hunter2@db/protector").unwrap();
        let printed = format!("{:#?}", Mariadb::new(server));
        assert!(printed.contains("protector@db") && !printed.contains("hunter2"), "{printed}");
    }
}
