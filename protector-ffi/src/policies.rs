//! Policies: how a group is replicated.

use crate::boundary::{guard, handle};
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{from_json, text, to_json};
use std::ffi::c_char;

/// Creates the policy of a group, or changes the fields that are given. request_json, all optional: pure_pg_name,
/// replication_interval (seconds), rpo_minutes, primary_fa_url, primary_fa_api_token, secondary_fa_url,
/// secondary_fa_api_token, adopt. Tokens never come back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_policy_create(
    engine: *const protector_engine,
    group: *const c_char,
    request_json: *const c_char,
    policy_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(policy_json, "policy_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.policy_create(group, &from_json(request_json, "request_json")?)?)
        })
    }
}

/// The policy of a group, without its tokens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_policy_show(
    engine: *const protector_engine,
    group: *const c_char,
    policy_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(policy_json, "policy_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.policy_show(group)?)
        })
    }
}

/// Where policies and what [storage] says by now are not the same, as a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_policy_drift(
    engine: *const protector_engine,
    drift_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(drift_json, "drift_json", error, || to_json(&handle(engine, "engine")?.0.policy_drift()?)) }
}
