//! Values that many states share, with their hash computed once.

use protector_core::exec::{OperationState, StepState};
use protector_core::model::GroupRecord;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// A value that is told apart by its fingerprint.
pub(crate) trait Fingerprint {
    /// Goes over all that tells two of these apart, and over nothing else.
    fn feed(&self, hasher: &mut DefaultHasher);
}

/// A shared value with its fingerprint.
pub(crate) struct Kept<T> {
    value: Arc<T>,
    hash: u64,
}

impl<T: Fingerprint> Kept<T> {
    pub(crate) fn new(value: T) -> Self {
        let hash = fingerprint(&value);
        Self { value: Arc::new(value), hash }
    }

    /// Changes it, on a copy if others share it.
    pub(crate) fn edit<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R
    where
        T: Clone,
    {
        let value = Arc::make_mut(&mut self.value);
        let result = change(value);
        self.hash = fingerprint(value);
        result
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }
}

fn fingerprint<T: Fingerprint>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.feed(&mut hasher);
    hasher.finish()
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), hash: self.hash }
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> PartialEq for Kept<T> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl<T> Eq for Kept<T> {}

impl<T> Hash for Kept<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash);
    }
}

impl<T: fmt::Debug> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl Fingerprint for GroupRecord {
    fn feed(&self, hasher: &mut DefaultHasher) {
        hasher.write(&serde_json::to_vec(self).unwrap_or_default());
    }
}

/// Attempts, sequences and times do not tell states apart: nothing is decided by them.
impl Fingerprint for OperationState {
    fn feed(&self, hasher: &mut DefaultHasher) {
        for (id, history) in self.steps.iter().collect::<BTreeMap<_, _>>() {
            let (kind, reason) = match &history.state {
                None => (0, ""),
                Some(StepState::Begun) => (1, ""),
                Some(StepState::Done) => (2, ""),
                Some(StepState::Skipped(reason)) => (3, reason.as_str()),
                Some(StepState::Failed(reason)) => (4, reason.as_str()),
                Some(StepState::MemberFailed(reason)) => (5, reason.as_str()),
                Some(StepState::Undone) => (6, ""),
            };
            (id, kind, reason, history.begun_at.is_some()).hash(hasher);
        }
        let outputs = &self.outputs;
        (&outputs.point, &outputs.preserved, &outputs.clones, &outputs.clone_key, &outputs.servers).hash(hasher);
        outputs.fences.iter().for_each(|(site, state)| (site, *state as u8).hash(hasher));
        outputs.volumes.iter().for_each(|(disk, copy)| (disk, &copy.volume_id).hash(hasher));
        outputs.ports.iter().for_each(|(nic, (port, _))| (nic, port).hash(hasher));
        (self.rollback.is_some(), self.error.is_some(), self.attempts == 0).hash(hasher);
        self.finished.map(|(status, _)| status as u8).hash(hasher);
        (self.aborted, self.leave_peer, self.consents.len()).hash(hasher);
        self.answered.as_ref().map(|request| request.leave_peer).hash(hasher);
        self.stopped.is_some().hash(hasher);
    }
}
