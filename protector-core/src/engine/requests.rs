//! What callers ask for. All of it can be read from JSON; unknown fields are refused.

use crate::model::{FailoverType, Mappings, OperationId, ReplicationType};
use crate::{ApiToken, Error, Result};
use serde::Deserialize;

/// A site to register.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiteCreate {
    /// Unique name.
    pub name: String,
    /// Keystone URL.
    pub auth_url: Option<String>,
    /// Name in clouds.yaml; the site's name if absent.
    pub cloud: Option<String>,
    /// Free text.
    pub description: Option<String>,
}

/// A protection group to create.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupCreate {
    /// Unique name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// Async or sync.
    pub replication_type: ReplicationType,
    /// Site where the workload runs.
    pub primary_site: String,
    /// Site that takes over.
    pub secondary_site: String,
    /// Replicated volume type by name.
    pub volume_type: String,
    /// Owning project; the caller's own if absent.
    #[serde(default)]
    pub project_id: Option<String>,
}

/// Changes to a group; absent fields stay.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroupUpdate {
    /// New name.
    pub name: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// Mappings from the primary to the secondary site, replacing the stored ones.
    pub mappings: Option<Mappings>,
}

/// A policy to create, or the fields of an existing one to change; absent fields stay or take their default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyChange {
    /// HTTPS URL of the array of the primary site.
    pub primary_fa_url: Option<String>,
    /// Its token.
    #[serde(deserialize_with = "token")]
    pub primary_fa_api_token: Option<ApiToken>,
    /// HTTPS URL of the array of the secondary site.
    pub secondary_fa_url: Option<String>,
    /// Its token.
    #[serde(deserialize_with = "token")]
    pub secondary_fa_api_token: Option<ApiToken>,
    /// Local name of the array group. Fixed once set.
    pub pure_pg_name: Option<String>,
    /// Seconds.
    pub replication_interval: Option<u32>,
    /// Minutes.
    pub rpo_minutes: Option<u32>,
    /// Take over an existing unmarked array group of that name.
    pub adopt: bool,
}

fn token<'de, D: serde::Deserializer<'de>>(input: D) -> std::result::Result<Option<ApiToken>, D::Error> {
    Ok(Option::<String>::deserialize(input)?.map(ApiToken::new))
}

/// A server to protect.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberAdd {
    /// Nova id of the server on the site where the group runs.
    pub instance_id: String,
    /// Start order, lower first.
    #[serde(default)]
    pub tier: u16,
}

/// What to plan.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Replicate now.
    Sync {},
    /// Boot clones on the standby site.
    TestFailover {
        /// Mappings for this test only; networks named here win over stored ones.
        #[serde(default)]
        mappings: Mappings,
        /// Accepted for compatibility: a test never touches production.
        #[serde(default)]
        retain_primary: bool,
    },
    /// Remove what a test failover made.
    TestCleanup {
        /// Which test; the newest one that is not cleaned up if absent.
        #[serde(default)]
        test: Option<OperationId>,
    },
    /// Move the workload to the standby site.
    Failover {
        /// Planned or unplanned.
        #[serde(rename = "type", default = "planned")]
        failover_type: FailoverType,
        /// Grants the documented consents of `--force` to an unplanned failover.
        #[serde(default)]
        force: bool,
        /// Why, for the record; used with `force`.
        #[serde(default)]
        reason: Option<String>,
        /// Mappings towards the standby site; win over stored ones.
        #[serde(default)]
        mappings: Mappings,
    },
    /// Move the workload back to its primary site.
    Failback {
        /// Mappings towards the primary site; win over the inverted stored ones.
        #[serde(default)]
        mappings: Mappings,
    },
}

fn planned() -> FailoverType {
    FailoverType::Planned
}

impl Request {
    /// Checks what no observation is needed for.
    ///
    /// # Errors
    /// `force` with a planned type → `InvalidRequest`: a planned failover is never forced.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Failover { failover_type: FailoverType::Planned, force: true, .. } => {
                Err(Error::invalid("force was given with type 'planned': a planned failover is never forced")
                    .remedy("use --type unplanned --force, or leave --force out"))
            }
            _ => Ok(()),
        }
    }
}
