//! FlashArray REST 2: the client that the storage driver is built on.
//!
//! A call is a value (`request`, `requests`), sent by [`FlashArrayClient`], which owns the session, the retries and the
//! bound on concurrent requests. What an array answers is judged in one place (`sentences`), and whether a call may be
//! sent again is a pure decision (`retry`). Facts about the interface come from the OpenAPI texts of REST 2.26 and 2.37,
//! from py-pure-client 1.96 and from the Cinder driver 29.0.

#[cfg(feature = "conformance")]
pub mod bench;
mod client;
mod driver;
mod options;
mod request;
mod requests;
mod retry;
mod sentences;
mod tls;
mod version;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub use client::{Counters, FlashArrayClient};
pub use driver::PureStorageDriver;
pub use options::{ArrayEndpoint, PureOptions, Trust};
pub use version::{Feature, LOWEST, RestVersion, TESTED_CEILING, negotiate};
