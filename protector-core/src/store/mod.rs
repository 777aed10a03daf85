//! The state of one site in SQLite.

mod keys;

pub use keys::{KeyRing, SetupReport};
