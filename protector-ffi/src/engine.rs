//! The handle that everything about a site is asked from.

use crate::boundary::{Answer, give, guard, handle, shielded, take_back};
use crate::drivers::RegisteredDrivers;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{give_text, optional_text, text};
use protector_core::blocking::Engine;
use protector_core::config::Settings;
use std::collections::BTreeMap;
use std::ffi::c_char;
use std::sync::Arc;

/// One site's engine. May be used by any number of threads at once.
#[derive(Debug)]
pub struct protector_engine(pub(crate) Engine);

const _: () = {
    const fn shared_between_threads<T: Send + Sync>() {}
    shared_between_threads::<protector_engine>();
};

/// Settings from the file that an argument names; NULL: from the usual places.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn settings(config_file: *const c_char) -> Answer<Settings> {
    // SAFETY: the caller's promise
    Ok(match unsafe { optional_text(config_file, "config_file") }? {
        Some(file) => Settings::load(&[file.into()])?,
        None => Settings::discover()?,
    })
}

fn opened(settings: Settings, site: Option<&str>) -> Answer<*mut protector_engine> {
    Ok(give(protector_engine(Engine::open_with_drivers(settings, site, Arc::new(RegisteredDrivers))?)))
}

/// Opens the engine that works from a site. config_file NULL: the file named by PROTECTOR_CONFIG_FILE, else the usual
/// places of protector.conf. site NULL: the configuration's local_site, else the first site by name. Drivers that [engine]
/// names must have been registered before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_engine_open(
    config_file: *const c_char,
    site: *const c_char,
    engine: *mut *mut protector_engine,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(engine, "engine", error, || {
            let site = optional_text(site, "site")?;
            opened(settings(config_file)?, site)
        })
    }
}

/// As protector_engine_open, from the text of a configuration file; neither files nor environment variables are read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_engine_open_text(
    config_text: *const c_char,
    site: *const c_char,
    engine: *mut *mut protector_engine,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(engine, "engine", error, || {
            let (config, site) = (text(config_text, "config_text")?, optional_text(site, "site")?);
            opened(Settings::from_text(config, &BTreeMap::new())?, site)
        })
    }
}

/// The engine of another site in the same deployment, to be freed on its own; either may be freed first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_engine_at(
    engine: *const protector_engine,
    site: *const c_char,
    sibling: *mut *mut protector_engine,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(sibling, "sibling", error, || {
            let (engine, site) = (handle(engine, "engine")?, text(site, "site")?);
            Ok(give(protector_engine(engine.0.at(site)?)))
        })
    }
}

/// The same engine for one project of OpenStack, to be freed on its own; either may be freed first. It sees and changes the
/// groups and operations of that project alone, and what concerns all projects is refused. Whoever calls it answers for the
/// caller being of that project.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_engine_for_project(
    engine: *const protector_engine,
    project: *const c_char,
    narrowed: *mut *mut protector_engine,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(narrowed, "narrowed", error, || {
            let (engine, project) = (handle(engine, "engine")?, text(project, "project")?);
            Ok(give(protector_engine(engine.0.for_project(project))))
        })
    }
}

/// The name of the site that the engine works from.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_engine_site(
    engine: *const protector_engine,
    site: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(site, "site", error, || Ok(give_text(handle(engine, "engine")?.0.site().as_str()))) }
}

/// Frees an engine. NULL is fine. Operations that were accepted stay in the store and can be run later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_engine_free(engine: *mut protector_engine) {
    // SAFETY: NULL or the caller's own, as the rules ask
    shielded((), || unsafe { take_back(engine) });
}
