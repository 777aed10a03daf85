//! `Settings`: `protector.conf`, checked. Tokens stay inside.

use crate::call::{call, error, json};
use crate::logs;
use protector_core::config::{CloudDriverChoice, Settings as Core, StorageDriverChoice};
use protector_core::connect;
use protector_core::secret::SecretManager;
use protector_core::{ApiToken, Error};
use pyo3::prelude::*;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::{collections::BTreeMap, path::PathBuf};

/// See `_native.pyi`.
#[pyclass(frozen, module = "protector._native")]
#[derive(Debug)]
pub(crate) struct Settings(pub(crate) Core);

impl Settings {
    /// OpenStack's key managers are asked through Python, where their library is.
    fn new(mut core: Core) -> Self {
        let files = core.files.clone();
        core.secret_manager = Some(SecretManager::new(move |id| {
            let asked = Python::try_attach(|py| {
                let read = py.import("protector.key_manager").and_then(|module| module.getattr("read"));
                read.and_then(|read| logs::call1(&read, (id, &files))?.extract::<String>().map(ApiToken::new))
                    .map_err(|raised| error(py, &raised))
            });
            asked.unwrap_or_else(|| Err(Error::internal("the Python interpreter has ended")))
        }));
        Self(core)
    }
}

#[pymethods]
impl Settings {
    #[staticmethod]
    fn load(py: Python<'_>, files: Vec<PathBuf>) -> PyResult<Self> {
        call(py, move || Core::load(&files)).map(Self::new)
    }

    #[staticmethod]
    #[pyo3(signature = (program=None))]
    fn discover(py: Python<'_>, program: Option<&str>) -> PyResult<Self> {
        call(py, || program.map_or_else(Core::discover, Core::discover_for)).map(Self::new)
    }

    #[staticmethod]
    #[pyo3(signature = (text, files=Vec::new()))]
    fn from_text(py: Python<'_>, text: &str, files: Vec<PathBuf>) -> PyResult<Self> {
        let mut core = call(py, || Core::from_text(text, &BTreeMap::new()))?;
        core.files = files;
        Ok(Self::new(core))
    }

    #[getter]
    fn debug(&self) -> bool {
        self.0.debug
    }

    #[getter]
    fn log_dir(&self) -> Option<String> {
        self.0.log_dir.as_ref().map(|directory| directory.display().to_string())
    }

    #[getter]
    fn services(&self, py: Python<'_>) -> PyResult<String> {
        json(py, || Ok(&self.0.services))
    }

    #[getter]
    fn state_path(&self) -> String {
        self.0.state_path.display().to_string()
    }

    #[getter]
    fn storage_driver(&self) -> &str {
        match &self.0.storage_driver {
            StorageDriverChoice::Pure => "pure",
            StorageDriverChoice::Mock => "mock",
            StorageDriverChoice::Named(name) => name,
        }
    }

    #[getter]
    fn mock_db_path(&self) -> String {
        self.0.mock_database.to_string()
    }

    #[getter]
    fn cloud_driver(&self) -> &str {
        match &self.0.cloud_driver {
            CloudDriverChoice::OpenStack => "openstack",
            CloudDriverChoice::Mock => "mock",
            CloudDriverChoice::Named(name) => name,
        }
    }

    #[staticmethod]
    fn drivers_in(py: Python<'_>, files: Vec<PathBuf>) -> PyResult<BTreeMap<String, BTreeMap<String, String>>> {
        let drivers = call(py, move || Core::drivers_in(&files))?;
        let written = |options: BTreeMap<String, ApiToken>| {
            options.into_iter().map(|(option, value)| (option, value.expose().to_owned())).collect()
        };
        Ok(drivers.into_iter().map(|(name, options)| (name, written(options))).collect())
    }

    #[getter]
    fn driver_places(&self) -> BTreeMap<&'static str, String> {
        self.0.driver_places.clone()
    }

    fn driver_options(&self, name: &str) -> BTreeMap<&str, &str> {
        let options = self.0.drivers.get(&name.to_lowercase()).into_iter().flatten();
        options.map(|(option, value)| (option.as_str(), value.expose())).collect()
    }

    fn driver_secret(&self, py: Python<'_>, name: &str, option: &str) -> PyResult<Option<String>> {
        let secret = call(py, || connect::driver_option(&self.0, name, option))?;
        Ok(secret.map(|secret| secret.expose().to_owned()))
    }

    #[getter]
    fn local_site(&self) -> Option<&str> {
        self.0.local_site.as_deref()
    }

    #[getter]
    fn sites(&self) -> BTreeMap<&str, Option<&str>> {
        self.0.sites.iter().map(|(name, site)| (name.as_str(), site.cloud.as_deref())).collect()
    }

    #[getter]
    fn api_urls(&self) -> BTreeMap<&str, &str> {
        let urls =
            self.0.sites.iter().filter_map(|(name, site)| Some((name.as_str(), site.api.as_ref()?.url.as_str())));
        urls.collect()
    }

    #[getter]
    fn fernet_key_repository(&self) -> String {
        self.0.fernet_key_repository.display().to_string()
    }

    #[getter]
    fn default_replication_interval(&self) -> Option<u32> {
        self.0.default_replication_interval
    }

    #[getter]
    fn default_rpo_minutes(&self) -> Option<u32> {
        self.0.default_rpo_minutes
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings.clone()
    }

    #[getter]
    fn files(&self) -> Vec<String> {
        self.0.files.iter().map(|file| file.display().to_string()).collect()
    }

    /// Whether both say the same; who is asked for secrets is of the process.
    fn __eq__(&self, other: &Self) -> bool {
        let said = |settings: &Core| Core { secret_manager: None, ..settings.clone() };
        said(&self.0) == said(&other.0)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{:?}", self.0).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("Settings(files={:?}, storage_driver={:?})", self.files(), self.storage_driver())
    }
}
