//! The Cinder half of the 1:1:1 rule.

use super::{CinderGroupId, ConsistencyGroupId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One logical consistency group: a Cinder generic volume group on each site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConsistencyGroup {
    /// Identity of the pair.
    pub id: ConsistencyGroupId,
    /// Backend of the primary site, for example `pure@backend-a`.
    pub backend_name: String,
    /// Volume type on the secondary site; types are matched by extra specs, their names may differ.
    pub secondary_volume_type: String,
    /// The Cinder group on the primary site.
    pub primary_cg_id: CinderGroupId,
    /// The Cinder group on the secondary site.
    pub secondary_cg_id: CinderGroupId,
    /// Status.
    pub status: ConsistencyGroupStatus,
}

/// Status of a consistency group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConsistencyGroupStatus {
    /// Exists on both sites.
    Active,
    /// One half is missing or in error; observed, with the difference reported by health.
    Error,
}

impl fmt::Display for ConsistencyGroupStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Active => "active",
            Self::Error => "error",
        })
    }
}
