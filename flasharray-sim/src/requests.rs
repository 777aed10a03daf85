//! How often what was asked.

use hyper::Method;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Counts of requests, also of those that were refused or never answered.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    total: AtomicU64,
    by_route: Mutex<BTreeMap<String, u64>>,
}

impl Requests {
    /// Counts one request to `path` (without version) on an array.
    pub(crate) fn count(&self, array: &str, method: &Method, path: &str) {
        self.total.fetch_add(1, Ordering::Relaxed);
        let key = format!("{array} {method} {path}");
        *self.by_route.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
    }

    /// All requests since the start, or the last reset.
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// By `<array> <method> <path>`.
    pub(crate) fn by_route(&self) -> BTreeMap<String, u64> {
        self.by_route.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins anew.
    pub(crate) fn reset(&self) {
        self.by_route.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.total.store(0, Ordering::Relaxed);
    }
}
