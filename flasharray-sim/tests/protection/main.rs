//! Protection groups as clients see them, over real TLS: the request sequences of Cinder 29 and of the Ansible collection
//! 1.42.0, and the rules around them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says so by panicking")]

#[path = "../client/mod.rs"]
#[expect(dead_code, reason = "a part of it is enough here")]
mod client;

mod connections;
mod groups;
mod lab;
mod members;
mod schedules;
mod snapshots;
mod targets;
mod transfers;
