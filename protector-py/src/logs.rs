//! Log lines of the engine come out of Python logging, under their targets as logger names.
//!
//! Most are written on threads of the engine, where nothing is known of the request that is being answered. So each call
//! takes along what Python knows of its caller, and its lines are handled as if they were written there.

use log::{Level, LevelFilter, Metadata, Record};
use protector_core::caller::{self, caller, on_behalf_of};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{intern, prelude::*};
use std::sync::Arc;

/// Who makes a call, as Python knows it.
#[derive(Debug)]
struct Caller {
    /// The `ContextVar`s.
    variables: Py<PyAny>,
    /// What oslo.log looks for in a record: the request of oslo.context, which is bound to a thread.
    request: Option<Py<PyAny>>,
}

/// Does `work` on behalf of whoever calls, with other threads running.
pub(crate) fn detach<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    let of = here(py);
    let (at_work, done) = (of.clone(), py.detach(|| on_behalf_of(of.clone(), work)));
    // the last one goes here, where Python is at hand to take it
    drop((of, at_work));
    done
}

/// The caller in this thread.
pub(crate) fn here(py: Python<'_>) -> Option<caller::Caller> {
    // whoever has broken their contexts misses them in the log, and nothing else
    let variables = variables(py).ok()?.unbind();
    Some(Arc::new(Caller { variables, request: request(py) }))
}

fn variables(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static COPY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    COPY.import(py, "contextvars", "copy_context")?.call0()
}

fn request(py: Python<'_>) -> Option<Py<PyAny>> {
    static MODULES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let modules = MODULES.import(py, "sys", "modules").ok()?.cast::<PyDict>().ok()?;
    // a program that has not imported it has no such request
    let module = modules.get_item(intern!(py, "oslo_context.context")).ok()??;
    let request = module.call_method0(intern!(py, "get_current")).ok()?;
    (!request.is_none()).then(|| request.unbind())
}

/// Calls a Python function from a thread of the engine with the `ContextVar`s of whoever made the call.
pub(crate) fn call1<'py>(
    function: &Bound<'py, PyAny>,
    arguments: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error = PyErr>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = function.py();
    let arguments = arguments.into_pyobject(py)?;
    match caller().as_ref().and_then(|it| it.downcast_ref::<Caller>()) {
        // no context can be entered twice, and a call may write several lines at once
        Some(of) => {
            let variables = of.variables.bind(py).call_method0(intern!(py, "copy"))?;
            let all: Vec<_> = std::iter::once(function.clone()).chain(arguments.iter()).collect();
            variables.call_method1(intern!(py, "run"), PyTuple::new(py, all)?)
        }
        None => function.call1(arguments),
    }
}

/// Levels are asked for each time: services change them while they run.
struct Bridge;

impl log::Log for Bridge {
    fn enabled(&self, line: &Metadata<'_>) -> bool {
        // what libraries below say of their own work is for nobody who debugs a failover
        let most = if line.target().starts_with("rustls") { LevelFilter::Warn } else { LevelFilter::Debug };
        line.level() <= most
    }

    fn log(&self, line: &Record<'_>) {
        if !self.enabled(line.metadata()) {
            return;
        }
        // an interpreter that has ended takes no lines
        Python::try_attach(|py| match Self::write(py, line) {
            Err(stop) if stop.is_instance_of::<PyKeyboardInterrupt>(py) => {
                // it was meant for whoever waits for the call
                let _ = py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main"));
            }
            Err(broken) => broken.write_unraisable(py, None),
            Ok(()) => {}
        });
    }

    fn flush(&self) {}
}

impl Bridge {
    fn write(py: Python<'_>, line: &Record<'_>) -> PyResult<()> {
        let (logger, level) = (logger(py, line.target())?, number(line.level()));
        if !logger.call_method1(intern!(py, "isEnabledFor"), (level,))?.is_truthy()? {
            return Ok(());
        }
        let place = (line.file().unwrap_or_default(), line.line().unwrap_or_default());
        let (text, nothing) = (line.args().to_string(), py.None());
        let name = logger.getattr(intern!(py, "name"))?;
        let parts = (name, level, place.0, place.1, text, PyTuple::empty(py), nothing);
        let record = logger.call_method1(intern!(py, "makeRecord"), parts)?;
        if let Some(request) = caller().as_ref().and_then(|it| it.downcast_ref::<Caller>()?.request.as_ref()) {
            record.setattr(intern!(py, "context"), request)?;
        }
        call1(&logger.getattr(intern!(py, "handle"))?, (record,)).map(drop)
    }
}

/// The logger of a target; asking `logging` takes a lock and a while.
fn logger<'py>(py: Python<'py>, target: &str) -> PyResult<Bound<'py, PyAny>> {
    static KNOWN: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    static GET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let known = KNOWN.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
    if let Some(logger) = known.get_item(target)? {
        return Ok(logger);
    }
    let logger = GET.import(py, "logging", "getLogger")?.call1((target.replace("::", "."),))?;
    known.set_item(target, &logger)?;
    Ok(logger)
}

/// A level as Python counts it.
fn number(level: Level) -> u8 {
    match level {
        Level::Error => 40,
        Level::Warn => 30,
        Level::Info => 20,
        Level::Debug => 10,
        Level::Trace => 5,
    }
}

/// Lets the lines of this process come out there.
pub(crate) fn install() {
    // somebody else's logger in this process stays: then the lines come out there
    if log::set_logger(&Bridge).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}
