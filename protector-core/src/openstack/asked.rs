//! What was asked for and did not come about.

use crate::model::OpKey;
use crate::ports::Cx;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Changes that were asked for, by op key and object. A cloud puts back what did not get what was asked for as it was, and
/// forgets that it was asked; without this the same call would be made until the deadline.
#[derive(Debug, Default)]
pub(super) struct Asked(Mutex<BTreeSet<(OpKey, String)>>);

impl Asked {
    /// Remembers that it was asked for.
    pub(super) fn note(&self, cx: &Cx, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((cx.op_key.clone(), id.to_owned()));
    }

    /// Whether it was asked for; forgotten with that.
    pub(super) fn take(&self, cx: &Cx, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(cx.op_key.clone(), id.to_owned()))
    }
}
