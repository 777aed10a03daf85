//! The way every call goes: without the GIL, with errors and panics as Python exceptions.

use crate::logs;
use protector_core::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Makes `call` while other Python threads run. A panic is a defect, and an exception that `except Exception` catches.
pub(crate) fn call<T: Send>(py: Python<'_>, call: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    logs::detach(py, || match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result,
        Err(_) => Err(Error::internal("the engine stopped at a defect (a panic; its text is on stderr)")),
    })
    .map_err(|error| exception(py, &error))
}

/// As [`call`]; the answer as JSON text.
pub(crate) fn json<T: Serialize>(py: Python<'_>, make: impl FnOnce() -> Result<T> + Send) -> PyResult<String> {
    call(py, || to_json(&make()?))
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::internal(format!("cannot be written as JSON: {e}")).source(e))
}

/// Reads a request.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    Ok(serde_json::from_str(text)?)
}

/// The exception class is written in Python and picked by the code of the kind.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let arguments = (error.kind().code(), error.message(), error.remedy_text());
    match py.import("protector.exceptions").and_then(|module| module.call_method1("from_code", arguments)) {
        Ok(made) => PyErr::from_value(made),
        Err(failed) => failed,
    }
}

/// The other way: what Python raised while the core waited for it. What is not an exception of ours may hold anything, so
/// only its class is told.
pub(crate) fn error(py: Python<'_>, raised: &PyErr) -> Error {
    let value = raised.value(py);
    let text = |name: &str| value.getattr(name).and_then(|text| text.extract::<String>()).ok();
    match text("code").as_deref().and_then(ErrorKind::from_code).zip(text("message")) {
        Some((kind, message)) => {
            let error = Error::new(kind, message);
            if let Some(remedy) = text("remedy") { error.remedy(remedy) } else { error }
        }
        None => {
            let class = raised.get_type(py).name().map_or_else(|_| "an exception".to_owned(), |name| name.to_string());
            Error::internal(format!("Python code raised {class}"))
        }
    }
}
