//! Connections that are kept open between calls.

use super::unsettled::{Attempt, meaning};
use mysql::{Conn, Opts};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many are kept. A call that finds none makes its own, so that nobody waits for somebody else's.
const KEPT: usize = 8;

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
            None => Conn::new(self.options.clone()).map_err(|e| meaning(e.into()))?,
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
