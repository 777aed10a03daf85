//! On whose behalf something is done: what a binding gave along with a call, for the lines that are logged meanwhile.
//!
//! The engine knows nothing of it and only carries it, from the thread that calls to those that do the work.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    sync::Arc,
};
use tokio::task::JoinHandle;

/// Whatever a binding needs to know a caller by.
pub type Caller = Arc<dyn Any + Send + Sync>;

tokio::task_local! {
    static OF_TASK: Option<Caller>;
}

thread_local! {
    static OF_THREAD: RefCell<Option<Caller>> = const { RefCell::new(None) };
    static WAITS: Cell<bool> = const { Cell::new(false) };
}

/// On whose behalf the current task or thread works; `None`: nobody said.
pub fn caller() -> Option<Caller> {
    OF_TASK.try_with(Clone::clone).unwrap_or_else(|_| OF_THREAD.with_borrow(Clone::clone))
}

/// Does `work` in this thread on behalf of `caller`.
///
/// ```
/// use protector_core::caller::{caller, on_behalf_of};
/// let seen = on_behalf_of(Some(std::sync::Arc::new("req-1")), caller);
/// assert_eq!(seen.and_then(|it| it.downcast_ref::<&str>().copied()), Some("req-1"));
/// assert!(caller().is_none());
/// ```
pub fn on_behalf_of<T>(caller: Option<Caller>, work: impl FnOnce() -> T) -> T {
    /// Puts back who it was before, also if the work panics.
    struct Before(Option<Caller>);
    impl Drop for Before {
        fn drop(&mut self) {
            OF_THREAD.set(self.0.take());
        }
    }
    let _before = Before(OF_THREAD.replace(caller));
    work()
}

/// `future` on behalf of whoever works here now, wherever it is polled.
#[cfg(feature = "engine")]
pub(crate) fn carried<F: Future>(future: F) -> tokio::task::futures::TaskLocalFuture<Option<Caller>, F> {
    OF_TASK.scope(caller(), future)
}

/// Does `work` as a thread that has nothing else to do than to wait for it: what reads may block it ([`read_blocking`]).
#[cfg(all(feature = "foreign", feature = "http-peer", feature = "mock", feature = "pure", feature = "sqlite"))]
pub(crate) fn as_one_that_waits<T>(work: impl FnOnce() -> T) -> T {
    /// Puts back what it was before, also if the work panics.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            WAITS.set(self.0);
        }
    }
    let _before = Before(WAITS.replace(true));
    work()
}

/// As [`spawn_blocking`], for a short read: done here if this thread has nothing else to do.
pub(crate) async fn read_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    if WAITS.get() { Ok(work()) } else { spawn_blocking(work).await }
}

/// [`tokio::task::spawn_blocking`] on behalf of whoever works here now.
pub(crate) fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let caller = caller();
    tokio::task::spawn_blocking(move || on_behalf_of(caller, work))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Option<String> {
        caller().and_then(|it| it.downcast_ref::<String>().cloned())
    }

    fn named(name: &str) -> Option<Caller> {
        Some(Arc::new(name.to_owned()))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_caller_is_known_in_tasks_and_in_threads_that_block() {
        let work = on_behalf_of(named("req-1"), || {
            carried(async {
                let here = name();
                let beside = tokio::spawn(carried(async { name() })).await.unwrap();
                let blocking = spawn_blocking(name).await.unwrap();
                [here, beside, blocking]
            })
        });
        assert_eq!(name(), None);
        assert_eq!(tokio::spawn(work).await.unwrap(), [(); 3].map(|()| Some("req-1".to_owned())));
        assert_eq!(spawn_blocking(name).await.unwrap(), None, "a thread of the pool remembers nobody");
    }

    #[test]
    fn the_caller_before_comes_back_also_after_a_panic() {
        on_behalf_of(named("outer"), || {
            let ended = std::panic::catch_unwind(|| on_behalf_of(named("inner"), || assert_eq!(name(), None)));
            assert!(ended.is_err());
            assert_eq!(name().as_deref(), Some("outer"));
        });
    }
}
