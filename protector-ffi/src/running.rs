//! Work that goes on in a thread of its own. What happens queues up until somebody takes it.

use crate::boundary::{Answer, panicked};
use crate::text::{c_text, json_text};
use protector_core::engine::Progress;
use protector_core::ports::Cancel;
use protector_core::{Error, ErrorKind, Result};
use rustix::event::{EventfdFlags, eventfd};
use serde::Serialize;
use std::collections::VecDeque;
use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{thread, time::Duration};

/// Something long that can be stopped and listened to; its answer is JSON.
pub(crate) type Work = Box<dyn FnOnce(&Cancel, &Progress) -> Answer<CString> + Send>;

pub(crate) fn work<T: Serialize>(work: impl FnOnce(&Cancel, &Progress) -> Result<T> + Send + 'static) -> Work {
    Box::new(move |cancel, progress| json_text(&work(cancel, progress)?))
}

/// Work under way, or done.
#[derive(Debug)]
pub(crate) struct Run {
    process: u32,
    cancel: Cancel,
    queue: Arc<Queue>,
}

impl Run {
    pub(crate) fn start(work: Work, cancel: Cancel) -> Answer<Self> {
        let queue = Arc::new(Queue::default());
        let (events, end, asked) = (Arc::clone(&queue), Arc::clone(&queue), cancel.clone());
        let progress = Progress::new(move |event| events.put(c_text(serde_json::to_string(event).unwrap_or_default())));
        thread::Builder::new()
            .name("protector-run".into())
            .spawn(move || {
                let ended = catch_unwind(AssertUnwindSafe(|| work(&asked, &progress)));
                end.end(ended.unwrap_or_else(|panic| Err(panicked(&*panic))));
            })
            .map_err(|e| Error::internal(format!("cannot start a thread: {e}")).source(e))?;
        Ok(Self { process: std::process::id(), cancel, queue })
    }

    /// The thread stays behind when a process forks, perhaps with the queue locked.
    fn queue(&self) -> Answer<&Queue> {
        let process = std::process::id();
        if process == self.process {
            return Ok(&self.queue);
        }
        let message =
            format!("this run was started in process {}, and process {process} was forked from it", self.process);
        Err(Error::new(ErrorKind::Unsupported, message).remedy("ask in the process that started it").into())
    }

    /// The next event; none waits → `None`.
    pub(crate) fn next(&self) -> Answer<Option<CString>> {
        let mut state = self.queue()?.lock();
        let event = state.events.pop_front();
        state.show();
        Ok(event)
    }

    /// Whether an event or the end came within `limit`; no limit → waits for it.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> Answer<bool> {
        let queue = self.queue()?;
        let mut state = queue.lock();
        let nothing = |state: &mut State| !state.waits();
        match limit {
            None => state = queue.changed.wait_while(state, nothing).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let waited = queue.changed.wait_timeout_while(state, limit, nothing);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        Ok(state.waits())
    }

    /// Whether it has ended and all events were taken.
    pub(crate) fn is_over(&self) -> Answer<bool> {
        let state = self.queue()?.lock();
        Ok(state.ended.is_some() && state.events.is_empty())
    }

    /// What the work came to.
    pub(crate) fn result(&self) -> Answer<CString> {
        let not_yet =
            || Error::new(ErrorKind::Precondition, "it has not ended yet").remedy("take its events until then");
        self.queue()?.lock().ended.clone().unwrap_or_else(|| Err(not_yet().into()))
    }

    /// Readable while an event or the end waits.
    pub(crate) fn descriptor(&self) -> Answer<RawFd> {
        self.queue()?.lock().signal()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let Ok(queue) = self.queue() else { return };
        let mut state = queue.lock();
        if state.ended.is_none() {
            self.cancel.request();
        }
        // nobody will take them
        (state.abandoned, state.signal) = (true, None);
        state.events.clear();
    }
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, event: CString) {
        let mut state = self.lock();
        if !state.abandoned {
            state.events.push_back(event);
            state.show();
            self.changed.notify_all();
        }
    }

    fn end(&self, answer: Answer<CString>) {
        let mut state = self.lock();
        state.ended = Some(answer);
        state.show();
        self.changed.notify_all();
    }
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<CString>,
    ended: Option<Answer<CString>>,
    /// Made when somebody asks for it, and whether it is readable.
    signal: Option<(OwnedFd, bool)>,
    abandoned: bool,
}

impl State {
    fn waits(&self) -> bool {
        !self.events.is_empty() || self.ended.is_some()
    }

    fn signal(&mut self) -> Answer<RawFd> {
        if self.signal.is_none() {
            let made = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
            let made = made.map_err(|e| Error::internal(format!("cannot make an eventfd: {e}")).source(e))?;
            self.signal = Some((made, false));
            self.show();
        }
        Ok(self.signal.as_ref().map_or(-1, |(signal, _)| signal.as_raw_fd()))
    }

    /// Makes the descriptor say what there is.
    fn show(&mut self) {
        let waits = self.waits();
        let Some((signal, readable)) = &mut self.signal else { return };
        // one write makes it readable and one read takes that back; neither can fail or block, as only these two touch it
        if waits && !*readable {
            *readable = rustix::io::write(&*signal, &1_u64.to_ne_bytes()).is_ok();
        } else if !waits && *readable {
            *readable = rustix::io::read(&*signal, &mut [0; 8]).is_err();
        }
    }
}
