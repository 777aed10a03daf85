//! Pods and replica links as clients ask for them, over TLS.

#[path = "../client/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod client;
mod lab;
mod links;
mod members;
mod pods;
