//! Pods and replica links as clients ask for them, over TLS.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

#[path = "../client/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod client;
mod lab;
mod links;
mod members;
mod pods;
