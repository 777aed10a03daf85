//! Operations: plan, accept, run with progress, look at.

use crate::boundary::{Answer, guard, handle};
use crate::cancel::protector_cancel;
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{c_text, from_json, optional_text, text, to_json};
use protector_core::engine::{Event, OperationView, Progress, StopOptions};
use protector_core::ports::Cancel;
use protector_core::{Error, Result, plan::Plan};
use std::ffi::{c_char, c_void};
use std::sync::mpsc;
use std::thread;

/// Hears what happens while an operation runs. event_json: operation, step (null for the operation itself), title, state,
/// progress (0 to 100), at; it is valid only until the callback returns. user_data is what protector_operation_run was
/// given. Called on the thread that runs the operation, one event after the other, with no lock held: it may call this
/// library, but must return; no exception and no longjmp may leave it.
pub type protector_progress_fn = Option<unsafe extern "C" fn(event_json: *const c_char, user_data: *mut c_void)>;

/// Observes and plans; changes nothing. request_json: operation ("sync", "test_failover", "test_cleanup", "failover" or
/// "failback") and its options, as in {"operation":"failover","type":"planned","mappings":{"networks":{"a":"b"}}}. What
/// speaks against it is among the plan's findings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_plan(
    engine: *const protector_engine,
    group: *const c_char,
    request_json: *const c_char,
    plan_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(plan_json, "plan_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.plan(group, &from_json(request_json, "request_json")?)?)
        })
    }
}

/// Accepts a plan as it was made, if the world is still the same: opens the operation, executes nothing yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_accept(
    engine: *const protector_engine,
    plan_json: *const c_char,
    operation_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operation_json, "operation_json", error, || {
            let engine = handle(engine, "engine")?;
            let plan: Plan = from_json(plan_json, "plan_json")?;
            to_json(&engine.0.accept(&plan)?)
        })
    }
}

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
    // SAFETY: pointers as the rules ask; the callback gets text that outlives its call
    unsafe {
        guard(operation_json, "operation_json", error, || {
            let (engine, operation) = (handle(engine, "engine")?, text(operation_id, "operation_id")?);
            let cancel = cancel.as_ref().map_or_else(Cancel::default, |cancel| cancel.0.clone());
            let done = match progress {
                None => engine.0.run(operation, &cancel, &Progress::none())?,
                Some(tell) => run_telling(
                    |progress| engine.0.run(operation, &cancel, progress),
                    |event| {
                        let json = c_text(&serde_json::to_string(event).unwrap_or_default());
                        tell(json.as_ptr(), user_data);
                    },
                )?,
            };
            to_json(&done)
        })
    }
}

/// Asks whoever runs the operation, in this process or another one, to stop at the next step boundary, and returns at once:
/// "stop" in operation_json tells that the request waits. reason NULL: none. PROTECTOR_STATUS_PRECONDITION: nobody runs it, or
/// it has ended; the error names what leads on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_cancel(
    engine: *const protector_engine,
    operation_id: *const c_char,
    reason: *const c_char,
    operation_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operation_json, "operation_json", error, || {
            let (engine, operation) = (handle(engine, "engine")?, text(operation_id, "operation_id")?);
            let options =
                StopOptions { reason: optional_text(reason, "reason")?.map(str::to_owned), ..StopOptions::default() };
            to_json(&engine.0.operation_cancel(operation, &options)?)
        })
    }
}

/// Gives the operation up as long as its pivot is not done: it ends as "cancelled" with its start restored. While somebody
/// runs it they are asked to, and the call returns at once; else it is done here, and progress and cancel are as in
/// protector_operation_run. reason NULL: none. leave_peer: end also if the other site stays silent, with the mark of
/// divergence. PROTECTOR_STATUS_PRECONDITION: the way is forward, or it has ended; nothing was changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_abort(
    engine: *const protector_engine,
    operation_id: *const c_char,
    reason: *const c_char,
    leave_peer: bool,
    progress: protector_progress_fn,
    user_data: *mut c_void,
    cancel: *const protector_cancel,
    operation_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask; the callback gets text that outlives its call
    unsafe {
        guard(operation_json, "operation_json", error, || {
            let (engine, operation) = (handle(engine, "engine")?, text(operation_id, "operation_id")?);
            let cancel = cancel.as_ref().map_or_else(Cancel::default, |cancel| cancel.0.clone());
            let options = StopOptions {
                reason: optional_text(reason, "reason")?.map(str::to_owned),
                leave_peer,
                ..StopOptions::default()
            };
            let work = |progress: &Progress| engine.0.operation_abort(operation, &options, &cancel, progress);
            let ended = match progress {
                None => work(&Progress::none())?,
                Some(tell) => run_telling(work, |event| {
                    let json = c_text(&serde_json::to_string(event).unwrap_or_default());
                    tell(json.as_ptr(), user_data);
                })?,
            };
            to_json(&ended)
        })
    }
}

/// One operation of the site, with its steps.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_show(
    engine: *const protector_engine,
    operation_id: *const c_char,
    operation_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operation_json, "operation_json", error, || {
            let (engine, operation) = (handle(engine, "engine")?, text(operation_id, "operation_id")?);
            to_json(&engine.0.operation_show(operation)?)
        })
    }
}

/// The operations of the site, newest first, as a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_list(
    engine: *const protector_engine,
    operations_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operations_json, "operations_json", error, || to_json(&handle(engine, "engine")?.0.operation_list()?))
    }
}

enum Message {
    Event(Event),
    End(Box<Result<OperationView>>),
}

/// Works on the operation on a thread of its own, so that this one is free to tell the caller what happens. A callback that
/// takes long delays what it hears, never the operation.
fn run_telling(
    work: impl FnOnce(&Progress) -> Result<OperationView> + Send,
    tell: impl Fn(&Event),
) -> Answer<OperationView> {
    let (send, receive) = mpsc::channel();
    let events = send.clone();
    // nobody left to hear it is no reason to stop
    let progress = Progress::new(move |event| drop(events.send(Message::Event(event.clone()))));
    thread::scope(|scope| {
        let work = move || drop(send.send(Message::End(Box::new(work(&progress)))));
        thread::Builder::new()
            .name("protector-run".into())
            .spawn_scoped(scope, work)
            .map_err(|e| Error::internal(format!("cannot start a thread: {e}")).source(e))?;
        loop {
            match receive.recv() {
                Ok(Message::Event(event)) => tell(&event),
                Ok(Message::End(result)) => return Ok((*result)?),
                Err(_) => return Err(Error::internal("the operation's thread ended without an answer").into()),
            }
        }
    })
}
