//! The other site's metadata: out of a store of this process, or from the other site's `protector-api`.
//!
//! Both ways end at the same [`Answers`], which decide over one site's own store.

mod answers;
#[cfg(feature = "http-peer")]
mod http;
mod in_process;
#[cfg(feature = "http-peer")]
mod service;
#[cfg(feature = "http-peer")]
mod wire;

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests;

#[cfg(feature = "http-peer")]
pub use http::HttpPeer;
pub use in_process::InProcessPeer;

use crate::Result;
use std::sync::Arc;

/// Tells whether the other site can be reached; a simulated world can take it away.
pub type Reachable = Arc<dyn Fn() -> Result<bool> + Send + Sync>;
