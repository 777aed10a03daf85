//! Members: servers that are protected, with all their volumes.

use crate::boundary::{act, guard, handle};
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{from_json, text, to_json};
use std::ffi::c_char;

/// Protects a server with all its volumes, or with none and says why. request_json: instance_id (the server's Nova id);
/// optionally tier (start order, lower first), depends_on, required, start_timeout_seconds, boot_check.
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

/// Changes how a member starts, in the fields that are given. instance: the server's name or Nova id. request_json: tier,
/// depends_on, required, start_timeout_seconds, no_start_timeout, boot_check, no_boot_check, check_in_tests.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_member_update(
    engine: *const protector_engine,
    group: *const c_char,
    instance: *const c_char,
    request_json: *const c_char,
    member_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(member_json, "member_json", error, || {
            let (engine, group, instance) =
                (handle(engine, "engine")?, text(group, "group")?, text(instance, "instance")?);
            to_json(&engine.0.member_update(group, instance, &from_json(request_json, "request_json")?)?)
        })
    }
}

/// Ends the protection of a server. The server and its volumes stay as they are, and so do recovery points. instance: its
/// name or Nova id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_member_remove(
    engine: *const protector_engine,
    group: *const c_char,
    instance: *const c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        act(error, || {
            let (engine, group, instance) =
                (handle(engine, "engine")?, text(group, "group")?, text(instance, "instance")?);
            Ok(engine.0.member_remove(group, instance)?)
        })
    }
}

/// The members of a group, as a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_member_list(
    engine: *const protector_engine,
    group: *const c_char,
    members_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(members_json, "members_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.member_list(group)?)
        })
    }
}
