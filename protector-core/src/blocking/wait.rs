//! Waiting for what is asynchronous.

use crate::caller::{as_one_that_waits, carried};
use crate::process::{Call, PerProcess};
use crate::{Error, Result};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::runtime::{Builder, Handle, Runtime};

/// Made on first use.
static RUNTIME: PerProcess<Mutex<Option<Runtime>>> = PerProcess::new();

fn runtime() -> Result<Handle> {
    let own = RUNTIME.get(|_| Mutex::default());
    let mut runtime = own.value.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    let made = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("protector")
        .enable_all()
        .build()
        .map_err(|e| Error::internal(format!("cannot start worker threads: {e}")).source(e))?;
    Ok(runtime.insert(made).handle().clone())
}

fn ended() -> Error {
    Error::internal("the engine ended without an answer (a panic; see the log)")
}

/// Runs `future` to its end on the runtime of this process.
pub(super) fn wait<T: Send + 'static>(future: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let (send, receive) = std::sync::mpsc::sync_channel(1);
    let (call, future) = (Call::begin()?, carried(future));
    runtime()?.spawn(async move {
        let answer = future.await;
        // whoever has the answer may fork
        drop(call);
        // the receiver is gone only if the waiting thread was ended; then nobody is left to tell
        let _ = send.send(answer);
    });
    receive.recv().map_err(|_| ended())?
}

/// As [`wait`], for what reads little. As far as it comes without waiting for others it is done in this thread: to hand a
/// read over to other threads and back takes several times as long as the read.
pub(super) fn look<T: Send + 'static>(future: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let mut future = Box::pin(future);
    // a worker of a runtime has other tasks to serve
    if Handle::try_current().is_err() {
        let _call = Call::begin()?;
        if let Poll::Ready(answer) = begun(future.as_mut())? {
            return answer;
        }
    }
    wait(future)
}

/// Nothing is lost by a waker that wakes nobody: whoever goes on begins by looking.
fn begun<F: Future>(future: Pin<&mut F>) -> Result<Poll<F::Output>> {
    let runtime = runtime()?;
    let _within = runtime.enter();
    let poll = || as_one_that_waits(|| future.poll(&mut Context::from_waker(Waker::noop())));
    catch_unwind(AssertUnwindSafe(poll)).map_err(|_| ended())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::read_blocking;
    use std::thread::{self, ThreadId};
    use std::time::Duration;

    async fn where_it_reads() -> Result<ThreadId> {
        read_blocking(|| thread::current().id()).await.map_err(|e| Error::internal(e.to_string()))
    }

    #[test]
    fn a_look_is_done_here_and_what_waits_elsewhere() {
        assert_eq!(look(where_it_reads()).unwrap(), thread::current().id());
        assert_ne!(wait(where_it_reads()).unwrap(), thread::current().id());
        let later = async {
            let first = where_it_reads().await?;
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok((first, where_it_reads().await?))
        };
        let (first, second) = look(later).unwrap();
        assert_eq!(first, thread::current().id());
        assert_ne!(second, first, "it went on where it may wait");
    }

    #[test]
    fn a_look_that_panics_is_an_error_and_the_next_one_works() {
        let failed = look(async { if true { panic!("a defect") } else { Ok(()) } });
        assert!(failed.unwrap_err().to_string().contains("without an answer"));
        assert_eq!(look(async { Ok(7) }).unwrap(), 7);
        let later = thread::spawn(|| wait(where_it_reads())).join().unwrap().unwrap();
        assert_ne!(later, thread::current().id());
    }

    #[test]
    fn a_worker_of_another_runtime_keeps_its_time() {
        let other = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (read, worker) = other
            .block_on(async { tokio::spawn(async { (look(where_it_reads()), thread::current().id()) }).await })
            .unwrap();
        assert_ne!(read.unwrap(), worker);
    }
}
