//! Drivers written in Python; see `protector.engine.bridge`.

use crate::call::{call, error, from_json, to_json};
use crate::logs;
use crate::settings::Settings;
use protector_core::blocking::{self, ForeignCloudSubject, ForeignStorageSubject};
use protector_core::config::Settings as Core;
use protector_core::connect::DriverSource;
use protector_core::foreign::Foreign;
use protector_core::model::SiteName;
use protector_core::ports::conformance::{Report, Verdict};
use protector_core::{Error, Result};
use pyo3::prelude::*;
use std::sync::Arc;

/// A `Bridge` of Python.
#[derive(Debug)]
struct PythonObject(Py<PyAny>);

impl Foreign for PythonObject {
    fn call(&self, method: &'static str, arguments: &str) -> Result<String> {
        python(|py| logs::call1(&self.0.bind(py).getattr("call")?, (method, arguments))?.extract())
    }
}

/// Does `work` with the interpreter, from a thread of the core.
fn python<T>(work: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T> {
    let stopped = || Error::internal("the interpreter is shutting down").remedy("run the operation again; it goes on");
    Python::try_attach(|py| work(py).map_err(|raised| error(py, &raised))).ok_or_else(stopped)?
}

/// The drivers that are installed as entry points.
#[derive(Debug)]
pub(crate) struct InstalledDrivers;

impl InstalledDrivers {
    fn open(kind: &str, name: &str, site: &SiteName, settings: &Core) -> Result<Arc<dyn Foreign>> {
        python(|py| {
            let open = py.import("protector.engine.drivers")?.getattr(kind)?;
            let bridge = logs::call1(&open, (name, site.as_str(), Settings(settings.clone())))?;
            Ok(Arc::new(PythonObject(bridge.unbind())) as Arc<dyn Foreign>)
        })
    }
}

impl DriverSource for InstalledDrivers {
    fn storage(&self, name: &str, site: &SiteName, settings: &Core) -> Result<Arc<dyn Foreign>> {
        Self::open("storage", name, site, settings)
    }

    fn cloud(&self, name: &str, site: &SiteName, settings: &Core) -> Result<Arc<dyn Foreign>> {
        Self::open("cloud", name, site, settings)
    }
}

/// See `_native.pyi`.
#[pyfunction]
#[pyo3(signature = (make, only=None))]
pub(crate) fn storage_conformance(py: Python<'_>, make: Py<PyAny>, only: Option<Vec<String>>) -> PyResult<String> {
    let subject = move || {
        let (source, target, bench) =
            python(|py| make.bind(py).call0()?.extract::<(Py<PyAny>, Py<PyAny>, Py<PyAny>)>())?;
        let [source, target, bench] = [source, target, bench].map(object);
        Ok(ForeignStorageSubject { source, target, bench })
    };
    call(py, move || verdicts(&blocking::storage_conformance(subject, only.as_deref())?))
}

/// See `_native.pyi`.
#[pyfunction]
#[pyo3(signature = (make, only=None))]
pub(crate) fn cloud_conformance(py: Python<'_>, make: Py<PyAny>, only: Option<Vec<String>>) -> PyResult<String> {
    let subject = move || {
        let (cloud, bench, setting) = python(|py| make.bind(py).call0()?.extract::<(Py<PyAny>, Py<PyAny>, String)>())?;
        let [cloud, bench] = [cloud, bench].map(object);
        Ok(ForeignCloudSubject { cloud, bench, setting: from_json(&setting)? })
    };
    call(py, move || verdicts(&blocking::cloud_conformance(subject, only.as_deref())?))
}

fn object(bridge: Py<PyAny>) -> Arc<dyn Foreign> {
    Arc::new(PythonObject(bridge))
}

/// Check, result and why, each.
fn verdicts(report: &Report) -> Result<String> {
    let rows = report.verdicts.iter().map(|(name, verdict)| match verdict {
        Verdict::Passed => (*name, "passed", None),
        Verdict::Failed(why) => (*name, "failed", Some(why)),
        Verdict::Skipped => (*name, "skipped", None),
    });
    to_json(&rows.collect::<Vec<_>>())
}
