//! One OpenStack: Keystone, Cinder, Nova and Neutron behind the port [`Cloud`](crate::ports::Cloud).
//!
//! A call is a value (`call`, `calls`), sent by the one thing that sends (`session`), which owns the token, the catalogue,
//! microversions, paging, time-outs and the bound on concurrent requests. What a service answers is read in one place per
//! noun (`answers`); what it refuses is judged in one place (`failure`). Between them, one file per noun decides: look,
//! then act, or say that it is so already. Lists that decisions look at are shared by all who ask at the same time
//! (`reads`), so that bringing up many servers costs about as many lists as bringing up one.
//!
//! Facts about the services come from Cinder 29.0, Nova 34.0, Neutron 29.0 and Keystone 30.0 (release 2026.2).

mod addresses;
mod answers;
mod asked;
mod beat;
#[cfg(feature = "conformance")]
pub mod bench;
mod blank;
mod booting;
mod call;
mod calls;
mod catalogue;
mod changing;
mod cloud;
mod clouds;
mod endpoints;
mod failure;
mod gathered;
mod groups;
mod hosts;
mod identity;
mod import;
mod options;
mod ports;
mod power;
mod reads;
mod retype;
mod servers;
mod service;
mod session;
mod tls;
mod versions;
mod volumes;

#[cfg(test)]
pub(crate) mod tests;

pub use cloud::OpenStackCloud;
pub use clouds::{CloudEntry, CloudsFile, Environment};
pub use options::OpenStackOptions;
pub use session::Counters;
