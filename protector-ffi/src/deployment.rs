//! Setting up a deployment: databases and configuration.

use crate::boundary::guard;
use crate::engine::settings;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::to_json;
use protector_core::blocking;
use std::ffi::c_char;

/// Creates the databases of all sites or brings them up to date. May be repeated. config_file as in protector_engine_open.
/// databases_json: a list with site, path, and the schema versions before and now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_db_sync(
    config_file: *const c_char,
    databases_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(databases_json, "databases_json", error, || to_json(&blocking::db_sync(&settings(config_file)?)?)) }
}

/// The schema versions of the databases, as a list; changes nothing. config_file as in protector_engine_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_db_version(
    config_file: *const c_char,
    databases_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(databases_json, "databases_json", error, || to_json(&blocking::db_version(&settings(config_file)?)?))
    }
}

/// Reads the databases of all sites from end to end; what is wrong is in checks_json. config_file as in
/// protector_engine_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_db_check(
    config_file: *const c_char,
    checks_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(checks_json, "checks_json", error, || to_json(&blocking::db_check(&settings(config_file)?)?)) }
}

/// What the configuration comes to, with warnings and, as "problem", why an engine would not start with it. Opens and sends
/// nothing. config_file as in protector_engine_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_config_check(
    config_file: *const c_char,
    report_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(report_json, "report_json", error, || to_json(&blocking::config_check(&settings(config_file)?)?)) }
}
