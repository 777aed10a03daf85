//! What needs no engine: the planner, and plans and reports as people read them.

use crate::call::{call, from_json};
use protector_core::engine::OperationReport;
use protector_core::plan::{Plan, ReconcilePlan, plan_graph_json, plan_json};
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

/// See `protector.metadata.ReconcilePlan.to_text`.
#[pyfunction]
pub(crate) fn reconcile_text(py: Python<'_>, plan: &str) -> PyResult<String> {
    call(py, || Ok(from_json::<ReconcilePlan>(plan)?.to_text()))
}

/// See `protector.Plan.to_svg` and its siblings.
#[pyfunction]
pub(crate) fn plan_graph(py: Python<'_>, plan: &str, graph_format: &str) -> PyResult<String> {
    call(py, || plan_graph_json(plan, graph_format))
}

/// See `protector.OperationReport.to_text`.
#[pyfunction]
pub(crate) fn report_text(py: Python<'_>, report: &str) -> PyResult<String> {
    call(py, || Ok(from_json::<OperationReport>(report)?.to_text()))
}

/// See `protector.OperationReport.to_html`.
#[pyfunction]
pub(crate) fn report_html(py: Python<'_>, report: &str) -> PyResult<String> {
    call(py, || Ok(from_json::<OperationReport>(report)?.to_html()))
}
