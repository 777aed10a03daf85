//! The pure planner: JSON in, JSON out.

use crate::call::{call, from_json};
use protector_core::plan::{Plan, plan_json};
use pyo3::prelude::*;

/// See `protector.plan`.
#[pyfunction]
pub(crate) fn plan(py: Python<'_>, facts: &str, request: &str) -> PyResult<String> {
    call(py, || plan_json(facts, request))
}

/// See `protector.Plan.to_text`.
#[pyfunction]
pub(crate) fn plan_text(py: Python<'_>, plan: &str) -> PyResult<String> {
    call(py, || Ok(from_json::<Plan>(plan)?.to_text()))
}
