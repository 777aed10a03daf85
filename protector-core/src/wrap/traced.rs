//! A span and an event per call, and counters by method.

use super::layer::{Call, Layer, Reply};
use crate::Result;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tracing::{Instrument, field};

/// How a method of one array was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallCount {
    /// Calls that ended.
    pub calls: u64,
    /// Those of them that ended with an error.
    pub errors: u64,
    /// Time that all of them took, on the machine's clock.
    pub total: Duration,
}

/// Counts of calls by method. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct CallCounters(Arc<Mutex<BTreeMap<&'static str, CallCount>>>);

impl CallCounters {
    /// The counts so far, by method of the port; a method that was not called is not in it.
    pub fn read(&self) -> BTreeMap<&'static str, CallCount> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, method: &'static str, failed: bool, took: Duration) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(method).or_default();
        count.calls += 1;
        count.errors += u64::from(failed);
        count.total += took;
    }
}

/// Tells of each call, at level debug to target `protector.engine.storage`: method, array, what it is about, what it came
/// to and milliseconds. An error is told by its code and its text, which by the rules of [`Error`](crate::Error) holds no
/// secret; arguments beside names are not told.
#[derive(Debug, Default)]
pub struct Traced {
    counters: CallCounters,
}

impl Traced {
    /// A layer that counts into `counters`.
    pub fn new(counters: CallCounters) -> Self {
        Self { counters }
    }
}

impl Layer for Traced {
    async fn around<'a, T, F>(&'a self, call: Call<'a, T>, make: F) -> Result<T>
    where
        T: Send + 'a,
        F: Fn() -> Reply<'a, T> + Send + Sync + 'a,
    {
        let Call { method, driver, cx, subject, answer } = call;
        let span = tracing::debug_span!(
            target: "protector.engine.storage", "storage_call", method, array = %driver, subject = %subject,
            op_key = cx.map(|cx| field::display(&cx.op_key)),
        );
        let began = Instant::now();
        let result = make().instrument(span.clone()).await;
        let took = began.elapsed();
        self.counters.add(method, result.is_err(), took);
        // the event repeats what the span says, for logs that show events alone
        tracing::debug!(
            target: "protector.engine.storage", parent: &span,
            method, array = %driver, subject = %subject,
            outcome = result.as_ref().map_or_else(|e| e.kind().code(), answer),
            milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            error = result.as_ref().err().map(field::display),
            "call ended"
        );
        result
    }
}
