//! Keys that tokens are kept under, as `keystone-manage` keeps them. config_file as in protector_engine_open.

use crate::boundary::guard;
use crate::engine::settings;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::to_json;
use protector_core::blocking;
use std::ffi::c_char;

/// Makes the key repository that tokens are encrypted with. Keys that are there stay. config_file as in
/// protector_engine_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_fernet_setup(
    config_file: *const c_char,
    report_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(report_json, "report_json", error, || to_json(&blocking::fernet_setup(&settings(config_file)?)?)) }
}

/// Makes the staged key the primary one and stages a new one. PROTECTOR_STATUS_PRECONDITION: a token needs a key that would
/// go; migrate first. config_file as in protector_engine_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_fernet_rotate(
    config_file: *const c_char,
    report_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(report_json, "report_json", error, || to_json(&blocking::fernet_rotate(&settings(config_file)?)?)) }
}

/// Encrypts every stored token with the primary key. May be repeated. config_file as in protector_engine_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_fernet_migrate(
    config_file: *const c_char,
    databases_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(databases_json, "databases_json", error, || to_json(&blocking::fernet_migrate(&settings(config_file)?)?))
    }
}
