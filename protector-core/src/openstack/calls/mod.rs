//! Calls as values, one file per service.

pub(super) mod cinder;
pub(super) mod neutron;
pub(super) mod nova;
