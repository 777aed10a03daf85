//! Running operations, with a listener or in the background.

use crate::boundary::{Answer, guard, handle};
use crate::cancel::protector_cancel;
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::running::{Run, Work, work};
use crate::runs::{protector_run, started};
use crate::status::protector_status;
use crate::text::{optional_json, text};
use protector_core::engine::{Progress, StopOptions};
use protector_core::ports::Cancel;
use std::ffi::{CString, c_char, c_void};

/// Hears what happens while an operation runs. event_json: operation, step (null for the operation itself), title, state,
/// progress (0 to 100), at; it is valid only until the callback returns. user_data is what the call was given. Called on the
/// thread that made the call, one event after the other, with no lock held: it may call this library, but must return; no
/// exception and no longjmp may leave it. One that takes long delays what it hears, never the operation.
pub type protector_progress_fn = Option<unsafe extern "C" fn(event_json: *const c_char, user_data: *mut c_void)>;

/// Runs an accepted operation, or continues one that was interrupted, and returns when it has ended. A step that failed is
/// not an error of this call: see status, error and steps in operation_json. progress NULL: nobody listens. cancel NULL:
/// nobody can stop it; requested: PROTECTOR_STATUS_CANCELLED at the next safe place, and running it again continues.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_run(
    engine: *const protector_engine,
    operation_id: *const c_char,
    progress: protector_progress_fn,
    user_data: *mut c_void,
    cancel: *const protector_cancel,
    operation_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operation_json, "operation_json", error, || {
            told(running(engine, operation_id)?, cancel.as_ref(), progress, user_data)
        })
    }
}

/// As protector_operation_run, without waiting for it: see protector_run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_start(
    engine: *const protector_engine,
    operation_id: *const c_char,
    cancel: *const protector_cancel,
    run: *mut *mut protector_run,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(run, "run", error, || started(running(engine, operation_id)?, cancel.as_ref())) }
}

/// Gives the operation up as long as its pivot is not done: it ends as "cancelled" with its start restored. While somebody
/// runs it they are asked to, and the call returns at once; else it is done here, and progress and cancel are as in
/// protector_operation_run. options_json: reason, by (who asks; the process if it is not said), leave_peer (end also if the
/// other site stays silent, with the mark of divergence), ask_only (leave it to whoever runs the operation, now or next); NULL:
/// none of them. PROTECTOR_STATUS_PRECONDITION: the way is forward, or it has ended; nothing was changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_abort(
    engine: *const protector_engine,
    operation_id: *const c_char,
    options_json: *const c_char,
    progress: protector_progress_fn,
    user_data: *mut c_void,
    cancel: *const protector_cancel,
    operation_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operation_json, "operation_json", error, || {
            told(aborting(engine, operation_id, options_json)?, cancel.as_ref(), progress, user_data)
        })
    }
}

/// As protector_operation_abort, without waiting for it: see protector_run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_abort_start(
    engine: *const protector_engine,
    operation_id: *const c_char,
    options_json: *const c_char,
    cancel: *const protector_cancel,
    run: *mut *mut protector_run,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(run, "run", error, || started(aborting(engine, operation_id, options_json)?, cancel.as_ref())) }
}

/// Runs an operation here although another process has it: one whose lease has expired, or which is certainly gone. One that
/// nobody has is run as by protector_operation_run, and progress and cancel are as there. PROTECTOR_STATUS_CONFLICT: a living
/// process has it; the error says which, until when, and what to do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_takeover(
    engine: *const protector_engine,
    operation_id: *const c_char,
    progress: protector_progress_fn,
    user_data: *mut c_void,
    cancel: *const protector_cancel,
    operation_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operation_json, "operation_json", error, || {
            told(taking_over(engine, operation_id)?, cancel.as_ref(), progress, user_data)
        })
    }
}

/// As protector_operation_takeover, without waiting for it: see protector_run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_takeover_start(
    engine: *const protector_engine,
    operation_id: *const c_char,
    cancel: *const protector_cancel,
    run: *mut *mut protector_run,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(run, "run", error, || started(taking_over(engine, operation_id)?, cancel.as_ref())) }
}

/// # Safety
/// As [`handle`] and [`text`].
unsafe fn running(engine: *const protector_engine, operation_id: *const c_char) -> Answer<Work> {
    // SAFETY: the caller's promise
    let (engine, operation) =
        unsafe { (handle(engine, "engine")?.0.clone(), text(operation_id, "operation_id")?.to_owned()) };
    Ok(work(move |cancel, progress| engine.run(&operation, cancel, progress)))
}

/// # Safety
/// As [`handle`] and [`text`].
unsafe fn aborting(
    engine: *const protector_engine,
    operation_id: *const c_char,
    options_json: *const c_char,
) -> Answer<Work> {
    // SAFETY: the caller's promise
    let (engine, operation) =
        unsafe { (handle(engine, "engine")?.0.clone(), text(operation_id, "operation_id")?.to_owned()) };
    // SAFETY: the caller's promise
    let options: StopOptions = unsafe { optional_json(options_json, "options_json") }?;
    Ok(work(move |cancel, progress| engine.operation_abort(&operation, &options, cancel, progress)))
}

/// # Safety
/// As [`handle`] and [`text`].
unsafe fn taking_over(engine: *const protector_engine, operation_id: *const c_char) -> Answer<Work> {
    // SAFETY: the caller's promise
    let (engine, operation) =
        unsafe { (handle(engine, "engine")?.0.clone(), text(operation_id, "operation_id")?.to_owned()) };
    Ok(work(move |cancel, progress| engine.operation_takeover(&operation, cancel, progress)))
}

/// Does `work` to its end. With a listener on a thread of its own, so that this one is free to tell the caller what happens.
///
/// # Safety
/// `progress` may be called with text that outlives its call, and `user_data`.
pub(crate) unsafe fn told(
    work: Work,
    cancel: Option<&protector_cancel>,
    progress: protector_progress_fn,
    user_data: *mut c_void,
) -> Answer<*mut c_char> {
    let cancel = cancel.map_or_else(Cancel::default, |cancel| cancel.0.clone());
    let Some(tell) = progress else { return work(&cancel, &Progress::none()).map(CString::into_raw) };
    let run = Run::start(work, cancel)?;
    while !run.is_over()? {
        run.wait(None)?;
        while let Some(event) = run.next()? {
            // SAFETY: the caller's promise
            unsafe { tell(event.as_ptr(), user_data) };
        }
    }
    run.result().map(CString::into_raw)
}
