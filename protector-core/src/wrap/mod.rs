//! Layers around a [`StorageDriver`](crate::ports::StorageDriver): each is a driver itself, so they can be stacked.
//!
//! | layer | adds |
//! |---|---|
//! | [`Traced`] | a span and an event per call, and counters by method |
//! | [`Retried`] | repeats what is safe to repeat |
//! | `Faulty` (feature `conformance`) | faults by script, for tests |
//!
//! The port is written out once, in [`Wrapped`]; a layer sees each call as a [`Call`] and a way to make it.

#[cfg(any(test, feature = "conformance"))]
mod faulty;
mod layer;
mod retried;
#[cfg(any(test, feature = "conformance"))]
mod script;
mod traced;
mod wrapped;

#[cfg(any(test, feature = "conformance"))]
pub use faulty::{Faulty, SeenCall};
pub use layer::{Call, Layer, Reply, Subject};
pub use retried::{Retried, RetryPolicy};
#[cfg(any(test, feature = "conformance"))]
pub use script::{Fault, FaultScript};
pub use traced::{CallCount, CallCounters, Traced};
pub use wrapped::Wrapped;

#[cfg(test)]
mod tests;
