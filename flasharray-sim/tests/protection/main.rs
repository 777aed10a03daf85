//! Protection groups as clients see them, over real TLS: the request sequences of Cinder 29 and of the Ansible collection
//! 1.42.0, and the rules around them.

#[path = "../client/mod.rs"]
mod client;

mod connections;
mod groups;
mod lab;
mod members;
mod schedules;
mod snapshots;
mod targets;
mod transfers;
