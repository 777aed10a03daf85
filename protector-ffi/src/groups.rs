//! Protection groups. A group is named by its name or its id, here and everywhere.

use crate::boundary::{act, guard, handle};
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{from_json, text, to_json};
use std::ffi::c_char;

/// Creates a protection group with its consistency group on both sites. request_json: name, replication_type ("async" or
/// "sync"), primary_site, secondary_site, volume_type; optionally description, project_id, priority (when a whole site
/// moves, lower first).
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

/// A part of that list. page_json: marker (id of the last group of the page before; from the beginning if absent), limit
/// (at most so many; all that are left if absent).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_protection_group_page(
    engine: *const protector_engine,
    page_json: *const c_char,
    groups_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(groups_json, "groups_json", error, || {
            let engine = handle(engine, "engine")?;
            to_json(&engine.0.protection_group_page(&from_json(page_json, "page_json")?)?)
        })
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

/// Changes the fields that are given. request_json: name, description, priority, mappings (from the primary to the
/// secondary site, instead of the stored ones).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_protection_group_update(
    engine: *const protector_engine,
    group: *const c_char,
    request_json: *const c_char,
    group_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(group_json, "group_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.protection_group_update(group, &from_json(request_json, "request_json")?)?)
        })
    }
}

/// Ends the protection of a group without members. The array group stays with its recovery points, without a schedule, for
/// somebody to decide about.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_protection_group_delete(
    engine: *const protector_engine,
    group: *const c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        act(error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            Ok(engine.0.protection_group_delete(group)?)
        })
    }
}
