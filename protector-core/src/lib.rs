//! Disaster recovery for OpenStack clouds on replicated Pure Storage FlashArrays, as a library.
//!
//! The one idea: **decide as a value, act as a log.** Observe the world, turn the facts into a [`plan::Plan`] (a pure
//! function with a printable, hashable result), accept it, and execute it with every step journalled before it happens.
//!
//! | module | holds | may wait |
//! |---|---|---|
//! | [`model`] | the nouns | no |
//! | [`rules`] | what is allowed | no |
//! | [`plan`] | facts in, plan out | no |
//! | [`ports`] | the traits to the outside and their contracts | – |
//! | [`wrap`] | layers around a storage driver: traced, retried, faulty | yes |
//! | [`config`] | `protector.conf` as oslo.config reads it | no |
//! | `exec`, `engine`, `blocking` | execution and what callers call (feature `engine`) | yes |
//! | `mock`, `pure`, `openstack`, `store`, `foreign` | adapters (features `mock`, `pure`, `openstack`, `sqlite`, `foreign`) | yes |
//! | `schema` | JSON Schemas of what crosses a door (feature `schema`, with all of the above) | no |

pub mod config;
pub mod error;
#[cfg(feature = "foreign")]
pub mod foreign;
pub mod model;
pub mod plan;
pub mod ports;
pub mod rules;
pub mod secret;
pub mod wrap;

#[cfg(feature = "mock")]
pub mod mock;
#[cfg(feature = "openstack")]
pub mod openstack;
#[cfg(feature = "pure")]
pub mod pure;
#[cfg(feature = "sqlite")]
pub mod store;

#[cfg(all(feature = "foreign", feature = "http-peer", feature = "mock", feature = "pure", feature = "sqlite"))]
pub mod blocking;
#[cfg(all(feature = "foreign", feature = "http-peer", feature = "mock", feature = "pure", feature = "sqlite"))]
pub mod connect;
#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "engine")]
pub mod exec;
#[cfg(all(
    feature = "schema",
    feature = "foreign",
    feature = "http-peer",
    feature = "mock",
    feature = "pure",
    feature = "sqlite"
))]
pub mod schema;

#[cfg(any(feature = "engine", feature = "foreign", feature = "sqlite"))]
pub mod caller;
#[cfg(any(feature = "mock", feature = "sqlite"))]
mod process;
#[cfg(any(feature = "http-peer", feature = "openstack", feature = "pure"))]
mod transport;

pub use error::{Error, ErrorKind, Result};
pub use secret::ApiToken;
