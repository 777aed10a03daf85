//! Failover of all that runs on a site.

use crate::boundary::{Answer, guard, handle};
use crate::cancel::protector_cancel;
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::operation_runs::{protector_progress_fn, told};
use crate::running::{Work, work};
use crate::runs::{protector_run, started};
use crate::status::protector_status;
use crate::text::{from_json, text, to_json};
use protector_core::engine::{SiteFailoverOptions, SitePlan};
use std::ffi::{c_char, c_void};

/// Plans to move everything that runs on a site to the other sites of its groups; changes nothing. request_json, all
/// optional: type ("planned" or "unplanned"), force, reason, mappings. What forbids a group is in its plan.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_plan_site_failover(
    engine: *const protector_engine,
    site: *const c_char,
    request_json: *const c_char,
    plan_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(plan_json, "plan_json", error, || {
            let (engine, site) = (handle(engine, "engine")?, text(site, "site")?);
            to_json(&engine.0.plan_site_failover(site, &from_json(request_json, "request_json")?)?)
        })
    }
}

/// Moves the groups of a plan of protector_plan_site_failover: those of the lowest number first, those of one number side by side.
/// A group that fails keeps no other from moving; how each went is in outcome_json. To go on after an interruption, plan again
/// and run that. skip_blocked: move those that can be moved, although others are blocked; else PROTECTOR_STATUS_PLAN_BLOCKED, and
/// nothing was begun. progress and cancel are as in protector_operation_run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_site_failover(
    engine: *const protector_engine,
    plan_json: *const c_char,
    skip_blocked: bool,
    progress: protector_progress_fn,
    user_data: *mut c_void,
    cancel: *const protector_cancel,
    outcome_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(outcome_json, "outcome_json", error, || {
            told(moving(engine, plan_json, skip_blocked)?, cancel.as_ref(), progress, user_data)
        })
    }
}

/// As protector_site_failover, without waiting for it: see protector_run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_site_failover_start(
    engine: *const protector_engine,
    plan_json: *const c_char,
    skip_blocked: bool,
    cancel: *const protector_cancel,
    run: *mut *mut protector_run,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(run, "run", error, || started(moving(engine, plan_json, skip_blocked)?, cancel.as_ref())) }
}

/// # Safety
/// As [`handle`] and [`text`].
unsafe fn moving(engine: *const protector_engine, plan_json: *const c_char, skip_blocked: bool) -> Answer<Work> {
    // SAFETY: the caller's promise
    let engine = unsafe { handle(engine, "engine") }?.0.clone();
    // SAFETY: the caller's promise
    let plan: SitePlan = unsafe { from_json(plan_json, "plan_json") }?;
    let options = SiteFailoverOptions { skip_blocked };
    Ok(work(move |cancel, progress| engine.site_failover(&plan, &options, cancel, progress)))
}
