//! `FlashArray`: one line per method of the blocking face; see `_native.pyi`.

use crate::call::{call, json};
use protector_core::ports::VolumeQuery;
use protector_core::{ApiToken, Error, blocking, pure::Trust};
use pyo3::prelude::*;
use std::path::PathBuf;

/// See `_native.pyi`.
#[pyclass(frozen, module = "protector._native")]
#[derive(Debug)]
pub(crate) struct FlashArray(blocking::FlashArray);

#[pymethods]
impl FlashArray {
    #[new]
    #[pyo3(signature = (role, url, api_token, *, ca_file=None, fingerprint=None, danger_accept_any_certificate=false))]
    fn new(
        py: Python<'_>,
        role: &str,
        url: &str,
        api_token: &str,
        ca_file: Option<PathBuf>,
        fingerprint: Option<String>,
        danger_accept_any_certificate: bool,
    ) -> PyResult<Self> {
        let token = ApiToken::new(api_token);
        let trust = Trust::narrowest(fingerprint, ca_file, danger_accept_any_certificate);
        call(py, || blocking::FlashArray::new(role, url, token, trust)).map(Self)
    }

    #[getter]
    fn host(&self) -> &str {
        self.0.host()
    }

    fn info(&self, py: Python<'_>) -> PyResult<String> {
        json(py, || self.0.info())
    }

    fn peers(&self, py: Python<'_>) -> PyResult<String> {
        json(py, || self.0.peers())
    }

    fn group(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        json(py, || self.0.group(name))
    }

    fn recovery_points(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.recovery_points(group))
    }

    fn newest_complete(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.newest_complete(group))
    }

    fn replication_status(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.replication_status(group))
    }

    #[pyo3(signature = (*, names=None, ids=None))]
    fn volumes(&self, py: Python<'_>, names: Option<Vec<String>>, ids: Option<Vec<String>>) -> PyResult<String> {
        json(py, || {
            let query = match (names, ids) {
                (Some(names), None) => VolumeQuery::Names(names.into_iter().map(Into::into).collect()),
                (None, Some(ids)) => VolumeQuery::Ids(ids.into_iter().map(Into::into).collect()),
                _ => {
                    return Err(
                        Error::invalid("volumes are asked for by names or by ids").remedy("give one of the two")
                    );
                }
            };
            self.0.volumes(query)
        })
    }

    fn counters(&self, py: Python<'_>) -> PyResult<String> {
        json(py, || Ok(self.0.counters()))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        call(py, || self.0.close())
    }

    fn __repr__(&self) -> String {
        format!("FlashArray({})", self.0.host())
    }
}
