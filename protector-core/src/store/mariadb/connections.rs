//! Connections that are kept open between calls.

use super::unsettled::{Attempt, meaning};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many are kept. A call that finds none makes its own, so that nobody waits for somebody else's.
const KEPT: usize = 8;

/// A node of a cluster may lag behind what another one confirmed, and what is decided by old rows is wrong. So reads wait until
/// it has caught up; 1 stands for SELECT and START TRANSACTION, and every write of ours begins with the latter.
const READ_THE_NEWEST: &str = "SET SESSION wsrep_sync_wait = 1";
/// ER_UNKNOWN_SYSTEM_VARIABLE.
const UNKNOWN_VARIABLE: u16 = 1193;

/// Connections to one server. Prints without the options, which hold the password.
pub(super) struct Connections {
    options: Opts,
    idle: Mutex<Vec<Conn>>,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("idle", &self.idle().len()).finish_non_exhaustive()
    }
}

impl Connections {
    pub(super) fn new(options: Opts) -> Self {
        Self { options, idle: Mutex::default() }
    }

    /// Runs `work` on a connection. One that broke is not used again, and neither are those that lay idle: they broke, too.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T, Attempt>) -> Result<T, Attempt> {
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connect(self.options.clone()).map_err(|e| meaning(e.into()))?,
        };
        let done = work(&mut connection);
        let mut idle = self.idle();
        match &done {
            Err(Attempt::Again(_) | Attempt::Unknown(_)) => idle.clear(),
            Ok(_) | Err(Attempt::Over(_)) if idle.len() < KEPT => idle.push(connection),
            Ok(_) | Err(Attempt::Over(_)) => {}
        }
        done
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Conn>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(options: Opts) -> mysql::Result<Conn> {
    let mut connection = Conn::new(options)?;
    unless_unknown(connection.query_drop(READ_THE_NEWEST))?;
    Ok(connection)
}

/// A server that is no node of a cluster, and was built without clusters, does not know the variable and needs none.
fn unless_unknown(set: mysql::Result<()>) -> mysql::Result<()> {
    match set {
        Err(mysql::Error::MySqlError(said)) if said.code == UNKNOWN_VARIABLE => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_without_clusters_may_refuse_to_read_the_newest() {
        let said = |code| {
            let error = mysql::error::MySqlError { state: "HY000".to_owned(), message: String::new(), code };
            Err(mysql::Error::MySqlError(error))
        };
        unless_unknown(Ok(())).unwrap();
        unless_unknown(said(UNKNOWN_VARIABLE)).unwrap();
        assert!(unless_unknown(said(1227)).is_err(), "not allowed to set it is another matter");
        assert!(unless_unknown(Err(mysql::Error::IoError(std::io::ErrorKind::BrokenPipe.into()))).is_err());
    }
}
