//! What belongs to the process that opened it.

use crate::process::INSTEAD;
use crate::{Error, ErrorKind, Result};
use std::mem;

/// Something with connections, for the process that made it. Another one cannot use it, and does not close it either:
/// closing says goodbye over connections that the parent still has.
#[derive(Debug, Clone)]
pub(super) struct Kept<T: Clone> {
    owner: u32,
    value: T,
}

impl<T: Clone> Kept<T> {
    pub(super) fn new(value: T) -> Self {
        Self { owner: std::process::id(), value }
    }

    /// To make calls with.
    ///
    /// # Errors
    /// process that was forked from the owner → `Unsupported`.
    pub(super) fn usable(&self, what: &str) -> Result<&T> {
        let id = std::process::id();
        if id == self.owner {
            return Ok(&self.value);
        }
        let message = format!("this {what} was opened in process {}, and process {id} was forked from it", self.owner);
        Err(Error::new(ErrorKind::Unsupported, message).remedy(format!("open another one in the child; {INSTEAD}")))
    }

    /// Another one like it, which belongs to the same process.
    pub(super) fn with(&self, make: impl FnOnce(&T) -> T) -> Self {
        Self { owner: self.owner, value: make(&self.value) }
    }

    /// To look at what is in memory.
    pub(super) fn seen(&self) -> &T {
        &self.value
    }
}

impl<T: Clone> Drop for Kept<T> {
    fn drop(&mut self) {
        if std::process::id() != self.owner {
            // one clone that is never dropped keeps everything that is shared
            mem::forget(self.value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_another_process_opened_is_refused_and_not_closed() {
        let shared = Arc::new(());
        let mine = Kept::new(shared.clone());
        assert!(mine.usable("engine").is_ok());
        drop(mine);
        assert_eq!(Arc::strong_count(&shared), 1);

        let theirs = Kept { owner: 0, value: shared.clone() };
        let error = theirs.usable("engine").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("this engine was opened in process 0"), "{error}");
        drop(theirs);
        assert_eq!(Arc::strong_count(&shared), 2);
    }
}
