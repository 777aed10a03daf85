//! What watchers of an operation hear.

use crate::model::OperationId;
use jiff::Timestamp;
use serde::Serialize;
use std::{fmt, sync::Arc};

/// Something that happened while an operation ran.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Event {
    /// The operation.
    pub operation: OperationId,
    /// Step id; absent for events of the operation itself.
    pub step: Option<String>,
    /// One line for people.
    pub title: String,
    /// `started`, `waiting` (what it needs is silent and asked again), `done`, `skipped`, `failed`, `blocked`, `undone`; for
    /// the operation itself its status.
    pub state: String,
    /// 0 to 100 after this event. Never goes back within one run.
    pub progress: u8,
    /// When.
    pub at: Timestamp,
}

/// Where events go. Called from the engine's threads, outside of all locks; must return soon.
///
/// ```
/// use protector_core::exec::Progress;
/// let _quiet = Progress::none();
/// let _loud = Progress::new(|event| eprintln!("{:>3} % {}", event.progress, event.title));
/// ```
#[derive(Clone)]
pub struct Progress(Option<Arc<Listener>>);

type Listener = dyn Fn(&Event) + Send + Sync;

impl Progress {
    /// Nobody listens.
    pub fn none() -> Self {
        Self(None)
    }

    /// `listener` hears every event.
    pub fn new(listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(crate) fn tell(&self, event: &Event) {
        if let Some(listener) = &self.0 {
            listener(event);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Progress(listener)" } else { "Progress(none)" })
    }
}
