//! Consistency groups: what Cinder and the array know of a protection group.

use crate::boundary::{guard, handle};
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{text, to_json};
use std::ffi::c_char;

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
