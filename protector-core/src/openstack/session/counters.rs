//! What a session has sent and received.

use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts since the session was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Calls that were asked for; each page of a list is one.
    pub calls: u64,
    /// Exchanges with the services, each attempt counted, log-in and version query included.
    pub round_trips: u64,
    /// Attempts that were made because an earlier one failed.
    pub retries: u64,
    /// Tokens obtained.
    pub logins: u64,
    /// Most exchanges under way at once.
    pub most_in_flight: u64,
}

/// The counting itself. The numbers are independent of one another.
#[derive(Debug, Default)]
pub(super) struct Counting {
    calls: AtomicU64,
    round_trips: AtomicU64,
    retries: AtomicU64,
    logins: AtomicU64,
    in_flight: AtomicU64,
    most_in_flight: AtomicU64,
}

impl Counting {
    pub(super) fn call(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    pub(super) fn retry(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(super) fn login(&self) {
        self.logins.fetch_add(1, Relaxed);
    }

    /// Counts an exchange until the guard is dropped.
    pub(super) fn exchange(&self) -> InFlight<'_> {
        self.round_trips.fetch_add(1, Relaxed);
        let now = self.in_flight.fetch_add(1, Relaxed) + 1;
        self.most_in_flight.fetch_max(now, Relaxed);
        InFlight(self)
    }

    pub(super) fn read(&self) -> Counters {
        Counters {
            calls: self.calls.load(Relaxed),
            round_trips: self.round_trips.load(Relaxed),
            retries: self.retries.load(Relaxed),
            logins: self.logins.load(Relaxed),
            most_in_flight: self.most_in_flight.load(Relaxed),
        }
    }
}

/// An exchange under way.
pub(super) struct InFlight<'a>(&'a Counting);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}
