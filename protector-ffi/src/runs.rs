//! Waiting for something long the way a program wants to: in a loop of its own, with poll, or by looking now and then.

use crate::boundary::{Answer, give, guard, handle, shielded, take_back};
use crate::cancel::protector_cancel;
use crate::error::protector_error;
use crate::running::{Run, Work};
use crate::status::protector_status;
use protector_core::ports::Cancel;
use std::ffi::{CString, c_char};
use std::ptr::null_mut;
use std::time::Duration;

/// Something long that was started and goes on by itself. Any number of threads may ask it at once; each event goes to one of
/// them. Take its events until protector_run_ended, then its result:
///
/// ```c
/// while (!protector_run_ended(run)) {
///     protector_run_wait(run, -1);
///     while (protector_run_next(run, &event, &error) == PROTECTOR_STATUS_OK && event != NULL) { … }
/// }
/// protector_run_result(run, &operation, &error);
/// ```
///
/// With poll or epoll: wait until protector_run_fd is readable instead of protector_run_wait.
#[derive(Debug)]
pub struct protector_run(Run);

/// Starts `work` and gives it to the caller.
pub(crate) fn started(work: Work, cancel: Option<&protector_cancel>) -> Answer<*mut protector_run> {
    let cancel = cancel.map_or_else(Cancel::default, |cancel| cancel.0.clone());
    Ok(give(protector_run(Run::start(work, cancel)?)))
}

/// The next event, as protector_progress_fn hears it; NULL with PROTECTOR_STATUS_OK: none waits. Never blocks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_run_next(
    run: *const protector_run,
    event_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(event_json, "event_json", error, || {
            Ok(handle(run, "run")?.0.next()?.map_or(null_mut(), CString::into_raw))
        })
    }
}

/// Waits until an event or the end is there, at most timeout_ms milliseconds; negative: without a limit. False: the time has
/// passed. True for NULL and in a forked child, so that the next call tells what is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_run_wait(run: *const protector_run, timeout_ms: i64) -> bool {
    shielded(true, || {
        let limit = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
        // SAFETY: NULL or alive, as the rules ask
        unsafe { run.as_ref() }.and_then(|run| run.0.wait(limit).ok()).unwrap_or(true)
    })
}

/// A file descriptor for poll, select or epoll: readable while an event waits, and from the end on. It belongs to the run: do
/// not read or close it, and forget it before protector_run_free. -1: none could be made, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_run_fd(run: *const protector_run) -> i32 {
    // SAFETY: NULL or alive, as the rules ask
    shielded(-1, || unsafe { run.as_ref() }.and_then(|run| run.0.descriptor().ok()).unwrap_or(-1))
}

/// Whether it has ended and all its events were taken. True for NULL and in a forked child, so that no loop turns for ever.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_run_ended(run: *const protector_run) -> bool {
    // SAFETY: NULL or alive, as the rules ask
    shielded(true, || unsafe { run.as_ref() }.and_then(|run| run.0.is_over().ok()).unwrap_or(true))
}

/// What it came to: result or error, as the call that blocks would give it. May be asked again. PROTECTOR_STATUS_PRECONDITION:
/// it has not ended yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_run_result(
    run: *const protector_run,
    result_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(result_json, "result_json", error, || Ok(handle(run, "run")?.0.result()?.into_raw())) }
}

/// Frees a run; NULL is fine. If it has not ended, it is asked to stop at the next safe place, as by protector_cancel_request on
/// the cancel it was started with, and the call returns at once: it goes on until there, and can be continued by another run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_run_free(run: *mut protector_run) {
    // SAFETY: NULL or the caller's own, as the rules ask
    shielded((), || unsafe { take_back(run) });
}
