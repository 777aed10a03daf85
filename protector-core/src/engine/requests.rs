//! What callers ask for. All of it can be read from JSON; unknown fields are refused.

use crate::ApiToken;
use crate::model::{Mappings, ReplicationType};
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
