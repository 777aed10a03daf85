//! What goes wrong on purpose.

use std::time::Duration;

/// What happens to one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    /// Waited before anything else.
    pub(crate) delay: Duration,
    pub(crate) action: Action,
}

/// What happens to one request, after the delay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Action {
    /// It is served.
    #[default]
    Serve,
}

/// The faults that are active.
#[derive(Debug, Default)]
pub struct Faults {}
