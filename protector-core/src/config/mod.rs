//! `protector.conf`, read exactly as oslo.config reads it.
//!
//! [`Config`] is the reader: files, environment variables and a table of options ([`Opt`]) in, typed values with the
//! place they came from out. It knows oslo.config and nothing of Protector. [`Settings`] is what the engine uses: the
//! table of Protector's own options, and the rules about options that depend on each other.
//!
//! What differs from oslo.config, on purpose. Each but the first is an error here:
//! * [`Config::lenient`], which [`Settings`] switches on, accepts a comment behind a choice, number or boolean, with a
//!   warning. It never changes a value that oslo.config accepts.
//! * A `$name` of a secret in an option that is no secret: messages would show it.
//! * A `$name` of a list: oslo.config puts in the list as Python prints it.
//! * A directory under `/etc` that this user may not look into: oslo.config would go on with defaults.
//! * Digits outside ASCII.

mod choices;
mod error;
mod interpolate;
mod parse;
mod reader;
mod rules;
mod schema;
mod sections;
mod services;
mod settings;
mod sites;
mod source;
mod value;

pub use choices::{ArrayRole, CloudDriverChoice, MockClock, MockDatabase, StorageDriverChoice};
pub use error::{Location, ParseReason, ReadError, ReadErrorKind};
pub use reader::{Config, Reading};
pub use schema::{Kind, Opt};
pub use services::{AuthStrategy, ServiceSettings};
pub use settings::{DriverSections, Settings};
pub use sites::SiteSettings;
pub use source::config_dir;
pub use value::{Value, is_driver_name};

#[cfg(test)]
mod golden_tests;
