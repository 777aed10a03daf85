//! The replication policy: one per protection group.

use super::ArrayGroupName;
use crate::ApiToken;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How, how often and how fresh. Array URLs and tokens may also come from `[storage]`; see `rules::credentials`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReplicationPolicy {
    /// HTTPS management URL of the array of the primary site.
    pub primary_fa_url: Option<String>,
    /// Token for that array. Never serialised: stores keep it encrypted and apart.
    #[serde(skip)]
    pub primary_fa_api_token: Option<ApiToken>,
    /// HTTPS management URL of the array of the secondary site.
    pub secondary_fa_url: Option<String>,
    /// Token for that array. Never serialised.
    #[serde(skip)]
    pub secondary_fa_api_token: Option<ApiToken>,
    /// Local name of the array group on whichever array is the source. See `rules::naming` for the target side.
    pub pure_pg_name: ArrayGroupName,
    /// Seconds between replicated snapshots. Without a meaning for a group in a pod, and 0 if none was given.
    pub replication_interval: u32,
    /// Recovery point objective in minutes.
    pub rpo_minutes: u32,
    /// Status.
    pub status: PolicyStatus,
}

/// Status of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PolicyStatus {
    /// In force on the array.
    Active,
}

impl fmt::Display for PolicyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("active")
    }
}
