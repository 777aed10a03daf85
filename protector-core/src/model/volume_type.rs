//! Cinder volume types, as far as replication is concerned.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Extra spec that must read `<is> True`.
pub const REPLICATION_ENABLED: &str = "replication_enabled";
/// Extra spec that must read `<in> async` or `<in> sync`.
pub const REPLICATION_TYPE: &str = "replication_type";
/// Extra spec that names the backend.
pub const VOLUME_BACKEND_NAME: &str = "volume_backend_name";

/// A volume type of one cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VolumeType {
    /// Id on that cloud; differs between sites.
    pub id: String,
    /// Name.
    pub name: String,
    /// Extra specs as Cinder shows them.
    pub extra_specs: BTreeMap<String, String>,
}
