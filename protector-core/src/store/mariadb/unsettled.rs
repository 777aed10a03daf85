//! What a failed statement means for the write that it is part of.

use super::errors::is_too_large;
use crate::store::fault::Fault;
use mysql::DriverError;

/// How a try ended that did not succeed.
#[derive(Debug)]
pub(super) enum Attempt {
    /// Nothing happened, and it may go well the next time.
    Again(Fault),
    /// Nothing happened, and nothing will.
    Over(Fault),
    /// It may have happened.
    Unknown(Fault),
}

/// ER_LOCK_DEADLOCK; also what a cluster says to the later one of two writes.
const DEADLOCK: u16 = 1213;
/// ER_SERVER_SHUTDOWN.
const SHUTTING_DOWN: u16 = 1053;
/// ER_CONNECTION_KILLED.
const KILLED: u16 = 1927;
/// ER_UNKNOWN_COM_ERROR, by which a node of a cluster says that it is not ready.
const NOT_READY: u16 = 1047;

/// Of a statement before the commit: the server undoes the transaction when its connection ends.
pub(super) fn meaning(fault: Fault) -> Attempt {
    match &fault {
        Fault::Mariadb(mysql::Error::MySqlError(e))
            if matches!(e.code, DEADLOCK | SHUTTING_DOWN | KILLED | NOT_READY) =>
        {
            Attempt::Again(fault)
        }
        Fault::Mariadb(e) if is_too_large(e) => Attempt::Over(fault),
        Fault::Mariadb(
            mysql::Error::IoError(_)
            | mysql::Error::CodecError(_)
            | mysql::Error::DriverError(
                DriverError::CouldNotConnect(_) | DriverError::ConnectTimeout | DriverError::Timeout,
            ),
        ) => Attempt::Again(fault),
        _ => Attempt::Over(fault),
    }
}
