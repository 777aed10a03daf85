//! How protection stands.

use crate::boundary::{act, guard, handle};
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{from_json, give_text, text, to_json};
use std::ffi::c_char;

/// The health of all groups, as a list. What could not be observed is unknown, with the reason.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_health(
    engine: *const protector_engine,
    health_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(health_json, "health_json", error, || to_json(&handle(engine, "engine")?.0.health()?)) }
}

/// The health of one group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_health_show(
    engine: *const protector_engine,
    group: *const c_char,
    health_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(health_json, "health_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.health_show(group)?)
        })
    }
}

/// The same as numbers, in the text format of Prometheus.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_metrics(
    engine: *const protector_engine,
    metrics: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(metrics, "metrics", error, || Ok(give_text(handle(engine, "engine")?.0.metrics()?))) }
}

/// Looks at the age of all recovery points and notes which objectives are broken, as the engine service does from time to
/// time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_sweep_rpo(
    engine: *const protector_engine,
    sweep_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(sweep_json, "sweep_json", error, || to_json(&handle(engine, "engine")?.0.sweep_rpo()?)) }
}

/// Says that a worker is alive. report_json: under_way (operations it is at work on), interval_seconds (when it means to
/// say so again), stopped (it ends now).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_record_worker(
    engine: *const protector_engine,
    report_json: *const c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        act(error, || {
            let engine = handle(engine, "engine")?;
            Ok(engine.0.record_worker(&from_json(report_json, "report_json")?)?)
        })
    }
}

/// The workers that said so, and the operations that wait for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_workers(
    engine: *const protector_engine,
    workers_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(workers_json, "workers_json", error, || to_json(&handle(engine, "engine")?.0.workers()?)) }
}
