//! Running an operation from Python: the calling thread listens, a thread of its own waits for the engine.

use crate::call::{call, exception, to_json};
use crate::logs;
use protector_core::engine::Progress;
use protector_core::{Error, ErrorKind, Result, caller, ports};
use pyo3::prelude::*;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

/// How long a signal may go unnoticed.
const SLICE: Duration = Duration::from_millis(100);

/// See `_native.pyi`.
#[pyclass(frozen, module = "protector._native")]
#[derive(Debug, Default)]
pub(crate) struct Cancel(ports::Cancel);

#[pymethods]
impl Cancel {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn request(&self) {
        self.0.request();
    }

    #[getter]
    fn requested(&self) -> bool {
        self.0.is_requested()
    }
}

enum Report {
    Event(String),
    End(Result<String>),
}

/// See `_native.pyi`.
#[pyclass(frozen, module = "protector._native")]
#[derive(Debug)]
pub(crate) struct Running {
    process: u32,
    cancel: ports::Cancel,
    reports: Mutex<mpsc::Receiver<Report>>,
    ended: AtomicBool,
}

#[pymethods]
impl Running {
    fn next(&self, py: Python<'_>) -> PyResult<Option<String>> {
        while !self.ended.load(Ordering::Acquire) {
            match self.report(py) {
                Some(Report::Event(event)) => return Ok(Some(event)),
                Some(Report::End(ended)) => return ended.map(|_| None).map_err(|error| exception(py, &error)),
                None => py.check_signals()?,
            }
        }
        Ok(None)
    }

    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        let mut raised = Ok(());
        while !self.ended.load(Ordering::Acquire) {
            self.cancel.request();
            if self.report(py).is_none() {
                raised = raised.and(py.check_signals());
            }
        }
        raised
    }
}

impl Running {
    /// Starts `work` on an operation, on behalf of whoever calls.
    pub(crate) fn start<V: Serialize>(
        py: Python<'_>,
        cancel: Option<&Cancel>,
        listens: bool,
        work: impl FnOnce(&ports::Cancel, &Progress) -> Result<V> + Send + 'static,
    ) -> PyResult<Self> {
        let cancel = cancel.map(|c| c.0.clone()).unwrap_or_default();
        let of = logs::here(py);
        let reports = call(py, || begin(cancel.clone(), listens, move |c, p| caller::on_behalf_of(of, || work(c, p))))?;
        Ok(Self { process: std::process::id(), cancel, reports: Mutex::new(reports), ended: AtomicBool::new(false) })
    }

    /// What happens within a slice of time.
    fn report(&self, py: Python<'_>) -> Option<Report> {
        let heard = py.detach(|| {
            // the thread that works is in the parent
            let elsewhere = self.process != std::process::id();
            let reports = (!elsewhere).then(|| self.reports.lock().unwrap_or_else(PoisonError::into_inner));
            reports.map(|reports| reports.recv_timeout(SLICE))
        });
        let report = match heard {
            Some(Ok(report)) => report,
            Some(Err(mpsc::RecvTimeoutError::Timeout)) => return None,
            Some(Err(mpsc::RecvTimeoutError::Disconnected)) => {
                Report::End(Err(Error::internal("the engine stopped at a defect")))
            }
            None => Report::End(Err(Error::new(
                ErrorKind::Unsupported,
                format!("the operation runs in process {}, from which this one was forked", self.process),
            )
            .remedy("end the child without returning into the call: os._exit"))),
        };
        if matches!(report, Report::End(_)) {
            self.ended.store(true, Ordering::Release);
        }
        Some(report)
    }
}

/// Does `work` on an operation. `progress` is called in this thread with each event as JSON.
///
/// A signal (Ctrl-C) or an exception of `progress` asks the work to stop, and is raised once it reached a safe place.
pub(crate) fn run<V: Serialize>(
    py: Python<'_>,
    cancel: Option<&Cancel>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&ports::Cancel, &Progress) -> Result<V> + Send + 'static,
) -> PyResult<String> {
    let running = Running::start(py, cancel, progress.is_some(), work)?;
    let mut raised = None;
    let ended = loop {
        let heard = match running.report(py) {
            Some(Report::Event(event)) => progress.map_or(Ok(()), |progress| progress.call1((event,)).map(drop)),
            Some(Report::End(ended)) => break ended,
            // while events keep coming, the callback gives Python its chance to look
            None => py.check_signals(),
        };
        if let Err(error) = heard {
            running.cancel.request();
            raised.get_or_insert(error);
        }
    };
    match (raised, ended) {
        (Some(raised), _) => Err(raised),
        (None, Ok(operation)) => Ok(operation),
        (None, Err(error)) => Err(exception(py, &error)),
    }
}

fn begin<V: Serialize>(
    cancel: ports::Cancel,
    report_events: bool,
    work: impl FnOnce(&ports::Cancel, &Progress) -> Result<V> + Send + 'static,
) -> Result<mpsc::Receiver<Report>> {
    let (reports, receiver) = mpsc::channel();
    let events = reports.clone();
    let progress = if report_events {
        Progress::new(move |event| {
            // the receiver outlives the operation; an event that cannot be written is not worth stopping it
            let _ = to_json(event).map(|text| events.send(Report::Event(text)));
        })
    } else {
        Progress::none()
    };
    std::thread::Builder::new()
        .name("protector-run".to_owned())
        .spawn(move || reports.send(Report::End(work(&cancel, &progress).and_then(|view| to_json(&view)))))
        .map_err(|e| Error::internal(format!("cannot start a thread: {e}")).source(e))?;
    Ok(receiver)
}
