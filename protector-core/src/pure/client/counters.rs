//! What a client has sent and received.

use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts since the client was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Requests that callers asked for; each page of a list is one.
    pub requests: u64,
    /// Exchanges with the array, each attempt counted, log-in and version query included.
    pub round_trips: u64,
    /// Attempts that were made because an earlier one failed.
    pub retries: u64,
    /// Sessions opened.
    pub logins: u64,
    /// Bytes of bodies received.
    pub bytes_in: u64,
}

/// The counting itself. The numbers are independent of one another.
#[derive(Debug, Default)]
pub(super) struct Counting {
    requests: AtomicU64,
    round_trips: AtomicU64,
    retries: AtomicU64,
    logins: AtomicU64,
    bytes_in: AtomicU64,
}

impl Counting {
    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    pub(super) fn round_trip(&self) {
        self.round_trips.fetch_add(1, Relaxed);
    }

    pub(super) fn retry(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(super) fn login(&self) {
        self.logins.fetch_add(1, Relaxed);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn read(&self) -> Counters {
        Counters {
            requests: self.requests.load(Relaxed),
            round_trips: self.round_trips.load(Relaxed),
            retries: self.retries.load(Relaxed),
            logins: self.logins.load(Relaxed),
            bytes_in: self.bytes_in.load(Relaxed),
        }
    }
}
