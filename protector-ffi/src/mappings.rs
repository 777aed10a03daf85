//! What a server gets on the other site: networks, flavors, security groups.

use crate::boundary::{guard, handle};
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{from_json, text, to_json};
use std::ffi::c_char;

/// The mappings of a group, with what is not mapped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_mapping_show(
    engine: *const protector_engine,
    group: *const c_char,
    mapping_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(mapping_json, "mapping_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.mapping_show(group)?)
        })
    }
}

/// The same, with suggestions for what is not mapped. Stores nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_mapping_suggest(
    engine: *const protector_engine,
    group: *const c_char,
    mapping_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(mapping_json, "mapping_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.mapping_suggest(group)?)
        })
    }
}

/// Puts mappings over the stored ones. request_json: mappings (from the primary to the secondary site, as in
/// {"networks":{"a":"b"}}), suggested (take also every suggestion).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_mapping_set(
    engine: *const protector_engine,
    group: *const c_char,
    request_json: *const c_char,
    mapping_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(mapping_json, "mapping_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.mapping_set(group, &from_json(request_json, "request_json")?)?)
        })
    }
}
