//! What arrays answer, as far as it is read (OpenAPI of REST 2.37; samples of the metrics exporter).
//!
//! Absent values come as `null`, absent references as `{"name":null,"id":null}`, and later versions add fields: all of that
//! is accepted. A field that is `None` is not known, which is neither yes nor no. Times come in milliseconds.

mod pods;
mod protection;
mod replies;
mod volumes;

pub(super) use pods::*;
pub(super) use protection::*;
pub(super) use replies::*;
pub(super) use volumes::*;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// A reference to another object. Both parts may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Reference {
    /// Name.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// Id.
    #[serde(default)]
    pub(super) id: Option<String>,
}

/// A value that may be `null`, which then is the default: `#[serde(default, deserialize_with = "or_default")]`.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A time in milliseconds since 1970. Outside of what a calendar holds it is not known.
fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let number = Option::<i64>::deserialize(from)?;
    Ok(number.and_then(|number| Timestamp::from_millisecond(number).ok()))
}

/// The array itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Array {
    /// Stable identity.
    pub(super) id: String,
    /// Present name.
    pub(super) name: String,
    /// Purity version, `6.6.3`.
    #[serde(default)]
    pub(super) version: Option<String>,
}

/// A connection to another array.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct ArrayConnection {
    /// Id of the other array.
    #[serde(default)]
    pub(super) id: Option<String>,
    /// Name of the other array.
    pub(super) name: String,
    /// `connected`, `connecting`, `partially_connected`, `unbalanced`.
    #[serde(default)]
    pub(super) status: Option<String>,
    /// `async-replication`, `sync-replication`, `fleet-management`.
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    /// The other array, since 2.40.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) remote: Reference,
}

#[cfg(test)]
mod tests;
