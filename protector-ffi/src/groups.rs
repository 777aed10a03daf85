//! Protection groups, with what belongs to them: policy, members, consistency group.
//!
//! A group is named by its name or its id.

use crate::boundary::{guard, handle};
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{from_json, text, to_json};
use std::ffi::c_char;

/// Creates a protection group with its consistency group on both sites. request_json: name, replication_type ("async"
/// or "sync"), primary_site, secondary_site, volume_type; optionally description, project_id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_protection_group_create(
    engine: *const protector_engine,
    request_json: *const c_char,
    group_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(group_json, "group_json", error, || {
            let engine = handle(engine, "engine")?;
            to_json(&engine.0.protection_group_create(&from_json(request_json, "request_json")?)?)
        })
    }
}

/// The protection groups of the site, as a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_protection_group_list(
    engine: *const protector_engine,
    groups_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(groups_json, "groups_json", error, || to_json(&handle(engine, "engine")?.0.protection_group_list()?))
    }
}

/// One protection group with its members.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_protection_group_show(
    engine: *const protector_engine,
    group: *const c_char,
    group_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(group_json, "group_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.protection_group_show(group)?)
        })
    }
}

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

/// Protects a server with all its volumes, or with none and says why. request_json: instance_id (the server's Nova id);
/// optionally tier (start order, lower first).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_member_add(
    engine: *const protector_engine,
    group: *const c_char,
    request_json: *const c_char,
    member_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(member_json, "member_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.member_add(group, &from_json(request_json, "request_json")?)?)
        })
    }
}

/// The consistency group of a protection group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_consistency_group_show(
    engine: *const protector_engine,
    group: *const c_char,
    consistency_group_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(consistency_group_json, "consistency_group_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.consistency_group_show(group)?)
        })
    }
}

/// The volumes of a consistency group, as a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_consistency_group_volumes(
    engine: *const protector_engine,
    group: *const c_char,
    volumes_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(volumes_json, "volumes_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.consistency_group_volumes(group)?)
        })
    }
}
