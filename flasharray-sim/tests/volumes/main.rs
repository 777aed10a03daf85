//! Volumes and what belongs to them, over REST.

#[path = "../client/mod.rs"]
mod client;
mod hosts;
mod lab;
mod snapshots;
mod tags;
mod traces;
mod volumes;
