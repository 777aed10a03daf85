//! `Engine`: one line per method of the blocking engine; see `_native.pyi` and `protector.Engine` for what they do.

use crate::call::{call, from_json, json};
use crate::{drivers::InstalledDrivers, planner::Plan, run, settings::Settings};
use protector_core::blocking;
use protector_core::connect::DriverSource;
use protector_core::engine::{SiteFailoverOptions, SitePlan};
use pyo3::prelude::*;
use std::sync::Arc;

/// See `protector.Engine`.
#[pyclass(frozen, module = "protector._native")]
#[derive(Debug)]
pub(crate) struct Engine(blocking::Engine);

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (settings, site=None))]
    fn new(py: Python<'_>, settings: &Settings, site: Option<&str>) -> PyResult<Self> {
        let drivers: Arc<dyn DriverSource> = Arc::new(InstalledDrivers);
        call(py, || blocking::Engine::open_with_drivers(settings.0.clone(), site, drivers)).map(Self)
    }

    fn for_project(&self, project: &str) -> Self {
        Self(self.0.for_project(project))
    }

    #[getter]
    fn project(&self) -> Option<&str> {
        self.0.inner().project().map(|project| project.as_str())
    }

    #[getter]
    fn site(&self) -> &str {
        self.0.site().as_str()
    }

    fn site_create(&self, py: Python<'_>, request: &str) -> PyResult<String> {
        json(py, || self.0.site_create(&from_json(request)?))
    }

    fn site_list(&self, py: Python<'_>) -> PyResult<String> {
        json(py, || self.0.site_list())
    }

    fn site_show(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        json(py, || self.0.site_show(name))
    }

    fn site_delete(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        call(py, || self.0.site_delete(name))
    }

    fn site_validate(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        json(py, || self.0.site_validate(name))
    }

    fn site_list_volume_types(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        json(py, || self.0.site_list_volume_types(name))
    }

    fn protection_group_create(&self, py: Python<'_>, request: &str) -> PyResult<String> {
        json(py, || self.0.protection_group_create(&from_json(request)?))
    }

    fn protection_group_page(&self, py: Python<'_>, page: &str) -> PyResult<String> {
        json(py, || self.0.protection_group_page(&from_json(page)?))
    }

    fn protection_group_show(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.protection_group_show(group))
    }

    fn protection_group_update(&self, py: Python<'_>, group: &str, change: &str) -> PyResult<String> {
        json(py, || self.0.protection_group_update(group, &from_json(change)?))
    }

    fn protection_group_delete(&self, py: Python<'_>, group: &str) -> PyResult<()> {
        call(py, || self.0.protection_group_delete(group))
    }

    fn mapping_show(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.mapping_show(group))
    }

    fn mapping_suggest(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.mapping_suggest(group))
    }

    fn mapping_set(&self, py: Python<'_>, group: &str, request: &str) -> PyResult<String> {
        json(py, || self.0.mapping_set(group, &from_json(request)?))
    }

    fn policy_create(&self, py: Python<'_>, group: &str, change: &str) -> PyResult<String> {
        json(py, || self.0.policy_create(group, &from_json(change)?))
    }

    fn policy_show(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.policy_show(group))
    }

    fn policy_drift(&self, py: Python<'_>) -> PyResult<String> {
        json(py, || self.0.policy_drift())
    }

    fn member_add(&self, py: Python<'_>, group: &str, request: &str) -> PyResult<String> {
        json(py, || self.0.member_add(group, &from_json(request)?))
    }

    fn member_update(&self, py: Python<'_>, group: &str, instance: &str, change: &str) -> PyResult<String> {
        json(py, || self.0.member_update(group, instance, &from_json(change)?))
    }

    fn member_remove(&self, py: Python<'_>, group: &str, instance: &str) -> PyResult<()> {
        call(py, || self.0.member_remove(group, instance))
    }

    fn member_list(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.member_list(group))
    }

    fn consistency_group_show(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.consistency_group_show(group))
    }

    fn consistency_group_volumes(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.consistency_group_volumes(group))
    }

    fn answer_peer(&self, py: Python<'_>, question: &str) -> PyResult<String> {
        call(py, || self.0.answer_peer(question))
    }

    fn sync_status(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.sync_status(group))
    }

    fn sync_metadata(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.sync_metadata(group))
    }

    fn plan_reconcile(&self, py: Python<'_>, group: &str, winner: &str) -> PyResult<String> {
        json(py, || self.0.plan_reconcile(group, winner))
    }

    fn reconcile(&self, py: Python<'_>, plan: &str) -> PyResult<String> {
        json(py, || self.0.reconcile(&from_json(plan)?))
    }

    fn divergence_list(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.divergence_list(group))
    }

    fn divergence_discard(&self, py: Python<'_>, group: &str, request: &str) -> PyResult<String> {
        json(py, || self.0.divergence_discard(group, &from_json(request)?))
    }

    fn plan(&self, py: Python<'_>, group: &str, request: &str) -> PyResult<Plan> {
        call(py, || Plan::new(self.0.plan(group, &from_json(request)?)?))
    }

    fn accept(&self, py: Python<'_>, plan: &str) -> PyResult<String> {
        json(py, || self.0.accept(&from_json(plan)?))
    }

    #[pyo3(signature = (operation, cancel=None, progress=None))]
    fn run(
        &self,
        py: Python<'_>,
        operation: String,
        cancel: Option<&run::Cancel>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        let engine = self.0.clone();
        run::run(py, cancel, progress, move |cancel, progress| engine.run(&operation, cancel, progress))
    }

    #[pyo3(signature = (operation, cancel=None))]
    fn start(&self, py: Python<'_>, operation: String, cancel: Option<&run::Cancel>) -> PyResult<run::Running> {
        let engine = self.0.clone();
        run::Running::start(py, cancel, true, move |cancel, progress| engine.run(&operation, cancel, progress))
    }

    fn operation_cancel(&self, py: Python<'_>, operation: &str, options: &str) -> PyResult<String> {
        json(py, || self.0.operation_cancel(operation, &from_json(options)?))
    }

    fn plan_site_failover(&self, py: Python<'_>, site: &str, request: &str) -> PyResult<String> {
        json(py, || self.0.plan_site_failover(site, &from_json(request)?))
    }

    #[pyo3(signature = (plan, options, cancel=None, progress=None))]
    fn site_failover(
        &self,
        py: Python<'_>,
        plan: &str,
        options: &str,
        cancel: Option<&run::Cancel>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        let engine = self.0.clone();
        let (plan, options): (SitePlan, SiteFailoverOptions) =
            call(py, || Ok((from_json(plan)?, from_json(options)?)))?;
        run::run(py, cancel, progress, move |cancel, progress| engine.site_failover(&plan, &options, cancel, progress))
    }

    #[pyo3(signature = (operation, options, cancel=None, progress=None))]
    fn operation_abort(
        &self,
        py: Python<'_>,
        operation: String,
        options: &str,
        cancel: Option<&run::Cancel>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        let (engine, options) = (self.0.clone(), call(py, || from_json(options))?);
        run::run(py, cancel, progress, move |cancel, progress| {
            engine.operation_abort(&operation, &options, cancel, progress)
        })
    }

    #[pyo3(signature = (operation, cancel=None, progress=None))]
    fn operation_takeover(
        &self,
        py: Python<'_>,
        operation: String,
        cancel: Option<&run::Cancel>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        let engine = self.0.clone();
        run::run(py, cancel, progress, move |cancel, progress| engine.operation_takeover(&operation, cancel, progress))
    }

    fn operation_show(&self, py: Python<'_>, operation: &str) -> PyResult<String> {
        json(py, || self.0.operation_show(operation))
    }

    #[pyo3(signature = (open_only=false))]
    fn operation_list(&self, py: Python<'_>, open_only: bool) -> PyResult<String> {
        json(py, || if open_only { self.0.operation_list_open() } else { self.0.operation_list() })
    }

    fn operation_plan(&self, py: Python<'_>, operation: &str) -> PyResult<String> {
        json(py, || self.0.operation_plan(operation))
    }

    fn operation_graph(&self, py: Python<'_>, operation: &str, graph_format: &str) -> PyResult<String> {
        call(py, || {
            let format = graph_format.parse()?;
            Ok(self.0.operation_graph(operation)?.render(format))
        })
    }

    fn operation_report(&self, py: Python<'_>, operation: &str) -> PyResult<String> {
        json(py, || self.0.operation_report(operation))
    }

    fn health(&self, py: Python<'_>) -> PyResult<String> {
        json(py, || self.0.health())
    }

    fn health_show(&self, py: Python<'_>, group: &str) -> PyResult<String> {
        json(py, || self.0.health_show(group))
    }

    fn metrics(&self, py: Python<'_>) -> PyResult<String> {
        call(py, || self.0.metrics())
    }

    fn sweep_rpo(&self, py: Python<'_>) -> PyResult<String> {
        json(py, || self.0.sweep_rpo())
    }

    fn record_worker(&self, py: Python<'_>, report: &str) -> PyResult<()> {
        call(py, || self.0.record_worker(&from_json(report)?))
    }

    fn workers(&self, py: Python<'_>) -> PyResult<String> {
        json(py, || self.0.workers())
    }
}
