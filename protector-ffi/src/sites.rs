//! Sites: the two ends of every protection.

use crate::boundary::{act, guard, handle};
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{from_json, text, to_json};
use std::ffi::c_char;

/// Registers a site. request_json: name; optionally auth_url (Keystone), cloud (name in clouds.yaml; the site's name if
/// absent), description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_site_create(
    engine: *const protector_engine,
    request_json: *const c_char,
    site_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(site_json, "site_json", error, || {
            let engine = handle(engine, "engine")?;
            to_json(&engine.0.site_create(&from_json(request_json, "request_json")?)?)
        })
    }
}

/// The sites, as a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_site_list(
    engine: *const protector_engine,
    sites_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(sites_json, "sites_json", error, || to_json(&handle(engine, "engine")?.0.site_list()?)) }
}

/// One site.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_site_show(
    engine: *const protector_engine,
    name: *const c_char,
    site_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(site_json, "site_json", error, || {
            let (engine, name) = (handle(engine, "engine")?, text(name, "name")?);
            to_json(&engine.0.site_show(name)?)
        })
    }
}

/// Forgets a site. PROTECTOR_STATUS_CONFLICT: groups refer to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_site_delete(
    engine: *const protector_engine,
    name: *const c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        act(error, || {
            let (engine, name) = (handle(engine, "engine")?, text(name, "name")?);
            Ok(engine.0.site_delete(name)?)
        })
    }
}

/// Checks what this process reaches of a site, and the site of the other one; changes nothing. What fails is in
/// validation_json, with what to do about it, and is not an error of this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_site_validate(
    engine: *const protector_engine,
    name: *const c_char,
    validation_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(validation_json, "validation_json", error, || {
            let (engine, name) = (handle(engine, "engine")?, text(name, "name")?);
            to_json(&engine.0.site_validate(name)?)
        })
    }
}

/// The volume types of a site, as a list, each with whether volumes of it can be protected, and why not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_site_list_volume_types(
    engine: *const protector_engine,
    name: *const c_char,
    volume_types_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(volume_types_json, "volume_types_json", error, || {
            let (engine, name) = (handle(engine, "engine")?, text(name, "name")?);
            to_json(&engine.0.site_list_volume_types(name)?)
        })
    }
}
