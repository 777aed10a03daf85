//! The protection group: what a tenant protects as one.

use super::{
    CinderGroupId, ConsistencyGroup, Epoch, Mappings, OpenOperation, ProjectId, Protection, ProtectionGroupId, SiteName,
};
use crate::{Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How volumes reach the other array. Fixed when the group is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReplicationType {
    /// Snapshots of an array protection group, shipped at an interval.
    Async,
    /// A stretched pod: every write is on both arrays before it is acknowledged.
    Sync,
}

impl ReplicationType {
    /// The word used in commands, extra specs and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Sync => "sync",
        }
    }
}

impl fmt::Display for ReplicationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ReplicationType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "async" => Ok(Self::Async),
            "sync" => Ok(Self::Sync),
            other => {
                Err(Error::invalid(format!("replication type '{other}' is not known")).remedy("use 'async' or 'sync'"))
            }
        }
    }
}

/// A set of servers that move together. Maps to exactly one consistency group and one array group or pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProtectionGroup {
    /// Identity.
    pub id: ProtectionGroupId,
    /// Unique name.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Owning project.
    pub project_id: ProjectId,
    /// Async or sync; immutable.
    pub replication_type: ReplicationType,
    /// The site the group was created on. A label; it does not move.
    pub primary_site: SiteName,
    /// The other site.
    pub secondary_site: SiteName,
    /// Fact 1: where the workload runs now. Flips on failover and failback.
    pub current_primary_site: SiteName,
    /// Fact 1, continued: some members did not arrive at `current_primary_site`.
    pub partial: bool,
    /// Fact 2: whether the workload is protected where it runs.
    pub protection: Protection,
    /// Fact 3: the operation that is open, if any.
    pub operation: Option<OpenOperation>,
    /// Generation of the roles.
    pub epoch: Epoch,
    /// Name of the replicated volume type on the primary site.
    pub volume_type: String,
    /// The Cinder half of the 1:1:1 rule.
    pub consistency_group: ConsistencyGroup,
    /// When a whole site moves, groups of a lower number move first.
    #[serde(default)]
    pub priority: u16,
    /// Stored mappings from the primary to the secondary site.
    pub mappings: Mappings,
    /// When the group was created.
    pub created_at: Timestamp,
    /// When its record changed last.
    pub updated_at: Timestamp,
}

impl ProtectionGroup {
    /// The site that would take over: the one of the two where the workload does not run.
    pub fn standby_site(&self) -> &SiteName {
        if self.current_primary_site == self.primary_site { &self.secondary_site } else { &self.primary_site }
    }

    /// Whether the workload runs on the site it was created on.
    pub fn is_home(&self) -> bool {
        self.current_primary_site == self.primary_site
    }

    /// Whether its volumes lie in a pod that both arrays have: synchronous replication.
    pub fn is_in_pod(&self) -> bool {
        self.replication_type == ReplicationType::Sync
    }

    /// Name of the replicated volume type on `site`.
    pub fn volume_type_on(&self, site: &SiteName) -> &str {
        if *site == self.secondary_site { &self.consistency_group.secondary_volume_type } else { &self.volume_type }
    }

    /// The Cinder group on `site`.
    pub fn cinder_group_on(&self, site: &SiteName) -> &CinderGroupId {
        if *site == self.secondary_site {
            &self.consistency_group.secondary_cg_id
        } else {
            &self.consistency_group.primary_cg_id
        }
    }

    /// The other one of the two sites, or `None` if `site` is neither.
    pub fn other_site(&self, site: &SiteName) -> Option<&SiteName> {
        if *site == self.primary_site {
            Some(&self.secondary_site)
        } else if *site == self.secondary_site {
            Some(&self.primary_site)
        } else {
            None
        }
    }
}
