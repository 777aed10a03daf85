//! What was asked for and did not come about.

use crate::model::OpKey;
use crate::ports::Cx;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Changes that were asked for, and when, by op key and object. A cloud puts back what did not get what was asked for as it
/// was, and forgets that it was asked; without this the same call would be made until the deadline.
#[derive(Debug, Default)]
pub(super) struct Asked(Mutex<BTreeMap<(OpKey, String), Instant>>);

impl Asked {
    /// Remembers that it was asked for.
    pub(super) fn note(&self, cx: &Cx, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key(cx, id), Instant::now());
    }

    /// Whether it was not asked for within this time.
    pub(super) fn is_older(&self, cx: &Cx, id: &str, age: Duration) -> bool {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.get(&key(cx, id)).is_none_or(|at| at.elapsed() > age)
    }

    /// Whether it was asked for; forgotten with that.
    pub(super) fn take(&self, cx: &Cx, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(cx, id)).is_some()
    }
}

fn key(cx: &Cx, id: &str) -> (OpKey, String) {
    (cx.op_key.clone(), id.to_owned())
}
