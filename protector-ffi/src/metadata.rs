//! What the two sites know of each other: whether they agree, and what to do if not.

use crate::boundary::{guard, handle};
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{from_json, give_text, text, to_json};
use std::ffi::c_char;

/// Whether both sites hold the same record of a group. A site that does not answer reads as unknown, never as in sync.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_sync_status(
    engine: *const protector_engine,
    group: *const c_char,
    status_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(status_json, "status_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.sync_status(group)?)
        })
    }
}

/// Makes the other site hold what this site holds, as long as that loses nothing that the other site did by itself.
/// PROTECTOR_STATUS_CONFLICT: it would, or nobody knows; the error names what leads on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_sync_metadata(
    engine: *const protector_engine,
    group: *const c_char,
    status_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(status_json, "status_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.sync_metadata(group)?)
        })
    }
}

/// What would happen if both sites took the record of one of them, the winner; changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_plan_reconcile(
    engine: *const protector_engine,
    group: *const c_char,
    winner: *const c_char,
    plan_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(plan_json, "plan_json", error, || {
            let (engine, group, winner) = (handle(engine, "engine")?, text(group, "group")?, text(winner, "winner")?);
            to_json(&engine.0.plan_reconcile(group, winner)?)
        })
    }
}

/// Does what such a plan says, if the records are still the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_reconcile(
    engine: *const protector_engine,
    plan_json: *const c_char,
    status_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(status_json, "status_json", error, || {
            let engine = handle(engine, "engine")?;
            to_json(&engine.0.reconcile(&from_json(plan_json, "plan_json")?)?)
        })
    }
}

/// What failovers of a group lost or left behind, as a list, oldest first; also what was given up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_divergence_list(
    engine: *const protector_engine,
    group: *const c_char,
    entries_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(entries_json, "entries_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.divergence_list(group)?)
        })
    }
}

/// Gives a divergence up. request_json: entry (its id), reason; optionally by.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_divergence_discard(
    engine: *const protector_engine,
    group: *const c_char,
    request_json: *const c_char,
    entry_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(entry_json, "entry_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.divergence_discard(group, &from_json(request_json, "request_json")?)?)
        })
    }
}

/// Answers the other site: for programs that carry its questions and answers, as protector-api does. Whoever calls it
/// answers for the question coming from there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_answer_peer(
    engine: *const protector_engine,
    question_json: *const c_char,
    answer_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(answer_json, "answer_json", error, || {
            let (engine, question_json) = (handle(engine, "engine")?, text(question_json, "question_json")?);
            Ok(give_text(engine.0.answer_peer(question_json)?))
        })
    }
}
