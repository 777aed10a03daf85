//! A site: one OpenStack cloud and the array under it.

use super::{SiteId, SiteName};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A registered site. Exactly two take part in a protection group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Site {
    /// Identity.
    pub id: SiteId,
    /// Unique name.
    pub name: SiteName,
    /// Keystone URL, if the cloud is not found through clouds.yaml alone.
    pub auth_url: Option<String>,
    /// Name of the cloud in clouds.yaml; the site's own name if absent.
    pub cloud: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Registration status; reachability is observed, never stored.
    pub status: SiteStatus,
}

/// Status of a site as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SiteStatus {
    /// Registered.
    Active,
    /// Registered, and the last observation could not reach it.
    Unreachable,
}

impl fmt::Display for SiteStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Active => "active",
            Self::Unreachable => "unreachable",
        })
    }
}
