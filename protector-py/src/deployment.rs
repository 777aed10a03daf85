//! What an administrator does to a deployment; see `_native.pyi`.

use crate::call::{call, json};
use crate::settings::Settings;
use protector_core::blocking;
use protector_core::mock::SeedOptions;
use pyo3::prelude::*;

/// See `_native.pyi`.
#[pyfunction]
pub(crate) fn db_sync(py: Python<'_>, settings: &Settings) -> PyResult<String> {
    json(py, || blocking::db_sync(&settings.0))
}

/// See `_native.pyi`.
#[pyfunction]
pub(crate) fn db_version(py: Python<'_>, settings: &Settings) -> PyResult<String> {
    json(py, || blocking::db_version(&settings.0))
}

/// See `_native.pyi`.
#[pyfunction]
pub(crate) fn db_check(py: Python<'_>, settings: &Settings) -> PyResult<String> {
    json(py, || blocking::db_check(&settings.0))
}

/// See `_native.pyi`.
#[pyfunction]
pub(crate) fn fernet_setup(py: Python<'_>, settings: &Settings) -> PyResult<String> {
    json(py, || blocking::fernet_setup(&settings.0))
}

/// See `_native.pyi`.
#[pyfunction]
pub(crate) fn fernet_rotate(py: Python<'_>, settings: &Settings) -> PyResult<String> {
    json(py, || blocking::fernet_rotate(&settings.0))
}

/// See `_native.pyi`.
#[pyfunction]
pub(crate) fn fernet_migrate(py: Python<'_>, settings: &Settings) -> PyResult<String> {
    json(py, || blocking::fernet_migrate(&settings.0))
}

/// See `_native.pyi`.
#[pyfunction]
pub(crate) fn config_check(py: Python<'_>, settings: &Settings) -> PyResult<String> {
    json(py, || blocking::config_check(&settings.0))
}

/// See `_native.pyi`.
#[pyfunction]
#[pyo3(signature = (settings, servers=0, sync_servers=0))]
pub(crate) fn mock_seed(py: Python<'_>, settings: &Settings, servers: u32, sync_servers: u32) -> PyResult<String> {
    json(py, || blocking::mock_seed(&settings.0, SeedOptions { servers, sync_servers }))
}

/// See `_native.pyi`.
#[pyfunction]
#[pyo3(signature = (settings, site=None))]
pub(crate) fn mock_servers(py: Python<'_>, settings: &Settings, site: Option<&str>) -> PyResult<String> {
    json(py, || blocking::mock_servers(&settings.0, site))
}

/// See `_native.pyi`.
#[pyfunction]
pub(crate) fn mock_set_site(py: Python<'_>, settings: &Settings, site: &str, available: bool) -> PyResult<()> {
    call(py, || blocking::mock_set_site(&settings.0, site, available))
}
