//! Drivers written in another language: [`StorageDriver`](crate::ports::StorageDriver) and [`Cloud`](crate::ports::Cloud) over
//! calls by name, with arguments and answers as JSON text.
//!
//! The other side implements [`Foreign`], one method. A method of the port is called by its own name with an object of its
//! arguments, `{"context": …, "group": "pg-web"}`, and answers with the value that the port returns, as its types are
//! serialised. A change answers with [`wire::Change`]; what was observed carries `observed_at`, on the clock of the endpoint.
//!
//! What every driver promises alike is kept here, once for all languages: a call that was cancelled or is past its deadline
//! is not made, names that no array takes do not get through, and no call is waited for without end.

mod cloud;
mod link;
mod storage;
pub mod wire;

#[cfg(any(test, feature = "conformance"))]
mod benches;
#[cfg(any(test, feature = "conformance"))]
mod loopback;

#[cfg(test)]
mod tests;

#[cfg(any(test, feature = "conformance"))]
pub use benches::{ForeignCloudBench, ForeignStorageBench};
pub use cloud::ForeignCloud;
#[cfg(any(test, feature = "conformance"))]
pub use loopback::{LoopbackArray, LoopbackCloud};
pub use storage::ForeignStorageDriver;

use crate::Result;
use std::fmt::Debug;

/// The other side of a driver: an object in another language.
pub trait Foreign: Debug + Send + Sync {
    /// Makes one call and may block: it runs on a thread of its own.
    ///
    /// # Errors
    /// what the method of the port says; a method that is not there → `Unsupported`; an answer that did not come →
    /// `Unreachable` for a read, `Indeterminate` for a change; a defect → `Internal`, which says nothing of the effect either.
    fn call(&self, method: &'static str, arguments: &str) -> Result<String>;
}
