//! What every client of an HTTPS service shares, whichever port it serves: whose certificates are accepted, why one was
//! not, what the clock of the other end shows, and how long the caller waits.

mod certificates;
mod clock;
mod fault;
mod until;

pub(crate) use certificates::{Accept, client_config};
pub(crate) use clock::RemoteClock;
pub(crate) use fault::CertificateFault;
pub(crate) use until::Until;

use std::error::Error;

/// The innermost cause, which says most.
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
