//! Running an operation from Python: the calling thread listens, a thread of its own waits for the engine.

use crate::call::{call, exception, to_json};
use protector_core::engine::Progress;
use protector_core::{Error, Result, ports};
use pyo3::prelude::*;
use serde::Serialize;
use std::{sync::mpsc, time::Duration};

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

/// Does `work` on an operation. `progress` is called in this thread with each event as JSON.
///
/// A signal (Ctrl-C) or an exception of `progress` asks the work to stop, and is raised once it reached a safe place.
pub(crate) fn run<V: Serialize>(
    py: Python<'_>,
    cancel: Option<&Cancel>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&ports::Cancel, &Progress) -> Result<V> + Send + 'static,
) -> PyResult<String> {
    let cancel = cancel.map(|c| c.0.clone()).unwrap_or_default();
    let listens = progress.is_some();
    let mut reports = call(py, || start(cancel.clone(), listens, work))?;
    let mut raised = None;
    let ended = loop {
        let reports = &mut reports;
        let heard = match py.detach(move || reports.recv_timeout(SLICE)) {
            Ok(Report::Event(event)) => progress.map_or(Ok(()), |progress| progress.call1((event,)).map(drop)),
            Ok(Report::End(ended)) => break ended,
            // while events keep coming, the callback gives Python its chance to look
            Err(mpsc::RecvTimeoutError::Timeout) => py.check_signals(),
            Err(mpsc::RecvTimeoutError::Disconnected) => break Err(Error::internal("the engine stopped at a defect")),
        };
        if let Err(error) = heard {
            cancel.request();
            raised.get_or_insert(error);
        }
    };
    match (raised, ended) {
        (Some(raised), _) => Err(raised),
        (None, Ok(operation)) => Ok(operation),
        (None, Err(error)) => Err(exception(py, &error)),
    }
}

fn start<V: Serialize>(
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
