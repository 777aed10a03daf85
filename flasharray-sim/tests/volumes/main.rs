//! Volumes and what belongs to them, over REST.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

#[path = "../client/mod.rs"]
#[expect(dead_code, reason = "a part of it is enough here")]
mod client;
mod hosts;
mod lab;
mod pods;
mod snapshots;
mod tags;
mod traces;
mod volumes;
