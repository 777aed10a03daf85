//! The simulated world, for trials.

use crate::boundary::{act, guard, handle};
use crate::engine::{protector_engine, settings};
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{optional_text, text, to_json};
use protector_core::blocking;
use protector_core::mock::SeedOptions;
use std::ffi::c_char;

/// Fills the simulated world with two sites and their servers, and as many more servers as are asked for: servers with
/// asynchronously replicated volumes, sync_servers with volumes in a pod that is stretched over both arrays. config_file as in
/// protector_engine_open. seed_json: what was put there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_mock_seed(
    config_file: *const c_char,
    servers: u32,
    sync_servers: u32,
    seed_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(seed_json, "seed_json", error, || {
            let options = SeedOptions { servers, sync_servers };
            to_json(&blocking::mock_seed(&settings(config_file)?, options)?)
        })
    }
}

/// The servers of the simulated world, as a list. site NULL: of all sites. config_file as in protector_engine_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_mock_servers(
    config_file: *const c_char,
    site: *const c_char,
    servers_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(servers_json, "servers_json", error, || {
            let site = optional_text(site, "site")?;
            to_json(&blocking::mock_servers(&settings(config_file)?, site)?)
        })
    }
}

/// As protector_mock_servers, of the world that an engine works with; the only way to see one that is in memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_engine_mock_servers(
    engine: *const protector_engine,
    site: *const c_char,
    servers_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(servers_json, "servers_json", error, || {
            let (engine, site) = (handle(engine, "engine")?, optional_text(site, "site")?);
            to_json(&engine.0.mock_servers(site)?)
        })
    }
}

/// Makes a site fail, with its cloud and its array, or come back. config_file as in protector_engine_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_mock_set_site(
    config_file: *const c_char,
    site: *const c_char,
    available: bool,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        act(error, || {
            let (settings, site) = (settings(config_file)?, text(site, "site")?);
            Ok(blocking::mock_set_site(&settings, site, available)?)
        })
    }
}
