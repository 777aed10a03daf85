//! What a thing of one site is called on the other.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name-to-name mappings. Stored ones lead from a group's primary to its secondary site; see `rules::mapping` for inversion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Mappings {
    /// Network name to network name.
    pub networks: BTreeMap<String, String>,
    /// Flavor name to flavor name. A flavor that is not listed keeps its name.
    pub flavors: BTreeMap<String, String>,
    /// Security group name to security group name. One that is not listed keeps its name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub security_groups: BTreeMap<String, String>,
}
