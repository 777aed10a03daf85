//! Simulated FlashArrays over REST 2 and HTTPS: the arrays of a [`protector_core::mock::World`], for clients that talk to
//! real ones.
//!
//! ```
//! use flasharray_sim::{ArrayOptions, Options, Simulator};
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! let arrays = vec![ArrayOptions::local("arrA"), ArrayOptions::local("arrB")];
//! let simulator = Simulator::start(Options { arrays, ..Options::default() }).await?;
//! let array = &simulator.arrays()[0];
//! assert!(array.url.starts_with("https://127.0.0.1:"));
//! assert!(array.ca_cert.starts_with("-----BEGIN CERTIFICATE-----"));
//! simulator.stop().await;
//! # Ok::<(), protector_core::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! One request walks through `server` → `service` → `route` → a handler in `nouns` → `reply`. A handler is a plain function
//! over one or two transactions on the world; everything else is the same for all nouns.

mod body;
mod call;
mod control;
mod faults;
mod filter;
mod list;
mod nouns;
mod options;
mod query;
mod refusal;
mod reply;
mod requests;
mod route;
mod sentences;
mod server;
mod service;
mod session;
mod simulator;
mod state;
mod tls;
mod version;

pub use faults::Faults;
pub use options::{ArrayOptions, Links, Options};
pub use simulator::{ServedArray, Simulator};
pub use version::RestVersion;
