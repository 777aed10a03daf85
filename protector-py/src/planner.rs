//! What needs no engine: the planner, and plans and reports as people read them.

use crate::call::{call, from_json, json, to_json};
use protector_core::Result;
use protector_core::engine::OperationReport;
use protector_core::plan::{Plan as Made, ReconcilePlan, plan_graph_json, plan_on_json};
use pyo3::prelude::*;

/// A plan as it was made. Nearly all of it are steps, and whoever asks for a plan need not read them: the text of the whole
/// is written when it is asked for.
#[pyclass(frozen, module = "protector._native")]
#[derive(Debug)]
pub(crate) struct Plan {
    /// There until it is dropped.
    plan: Option<Made>,
    head: String,
}

impl Drop for Plan {
    /// To free a large plan takes milliseconds, in which other Python threads run.
    fn drop(&mut self) {
        let mut plan = self.plan.take();
        // an interpreter that has ended has no other threads
        Python::try_attach(|py| py.detach(|| drop(plan.take())));
    }
}

impl Plan {
    pub(crate) fn new(mut plan: Made) -> Result<Self> {
        let steps = std::mem::take(&mut plan.steps);
        let head = to_json(&plan)?;
        plan.steps = steps;
        Ok(Self { plan: Some(plan), head })
    }
}

#[pymethods]
impl Plan {
    /// Everything but the steps, as JSON; they are an empty list there.
    #[getter]
    fn head(&self) -> &str {
        &self.head
    }

    /// The whole plan as JSON.
    #[getter]
    fn json(&self, py: Python<'_>) -> PyResult<String> {
        json(py, || Ok(&self.plan))
    }
}

/// See `protector.plan`.
#[pyfunction]
pub(crate) fn plan(py: Python<'_>, facts: &str, request: &str) -> PyResult<Plan> {
    call(py, || Plan::new(plan_on_json(facts, request)?))
}

/// See `protector.Plan.to_text`.
#[pyfunction]
pub(crate) fn plan_text(py: Python<'_>, plan: &str) -> PyResult<String> {
    call(py, || Ok(from_json::<Made>(plan)?.to_text()))
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
