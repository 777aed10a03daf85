//! What callers ask for. All of it can be read from JSON; unknown fields are refused.

use crate::ApiToken;
use crate::model::{BootCheck, Mappings, ReplicationType};
use serde::{Deserialize, Deserializer, de::Error as _};

/// A site to register.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// When a whole site moves, groups of a lower number move first.
    #[serde(default)]
    pub priority: u16,
}

/// What a worker of the engine service says of itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WorkerReport {
    /// Operations it is at work on.
    pub under_way: u32,
    /// Seconds after which it means to say so again.
    pub interval_seconds: u32,
    /// It ends now.
    pub stopped: bool,
}

/// Changes to a group; absent fields stay.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GroupUpdate {
    /// New name.
    pub name: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New priority.
    pub priority: Option<u16>,
    /// Mappings from the primary to the secondary site, replacing the stored ones.
    pub mappings: Option<Mappings>,
}

/// Mappings to put over the stored ones.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct MappingSet {
    /// From the primary to the secondary site.
    pub mappings: Mappings,
    /// Take also every suggestion for what is not mapped.
    pub suggested: bool,
}

/// A policy to create, or the fields of an existing one to change; absent fields stay or take their default.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PolicyChange {
    /// HTTPS URL of the array of the primary site.
    pub primary_fa_url: Option<String>,
    /// Its token.
    #[serde(deserialize_with = "token")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("writeOnly" = true)))]
    pub primary_fa_api_token: Option<ApiToken>,
    /// HTTPS URL of the array of the secondary site.
    pub secondary_fa_url: Option<String>,
    /// Its token.
    #[serde(deserialize_with = "token")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("writeOnly" = true)))]
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

/// A divergence to give up.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DivergenceDiscard {
    /// Id of the entry.
    pub entry: String,
    /// Why.
    pub reason: String,
    /// Who; this process if absent.
    #[serde(default)]
    pub by: Option<String>,
}

/// Whatever stands where a token belongs may be one, so a refusal does not repeat it as serde would.
fn token<'de, D: Deserializer<'de>>(input: D) -> std::result::Result<Option<ApiToken>, D::Error> {
    let text = Option::<String>::deserialize(input).map_err(|_| D::Error::custom("a token must be text"))?;
    Ok(text.map(ApiToken::new))
}

/// A server to protect.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MemberAdd {
    /// Nova id of the server on the site where the group runs.
    pub instance_id: String,
    /// Start order, lower first.
    #[serde(default)]
    pub tier: u16,
    /// Members that must be up before this one starts, by id or name.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Nothing goes on without it.
    #[serde(default)]
    pub required: bool,
    /// Longest time until its server is active, in seconds; ten minutes if absent.
    #[serde(default)]
    pub start_timeout_seconds: Option<u32>,
    /// What must succeed after it is active.
    #[serde(default)]
    pub boot_check: Option<BootCheck>,
}

/// Changes to how a member starts; absent fields stay.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct MemberUpdate {
    /// Start order, lower first.
    pub tier: Option<u16>,
    /// Members that must be up before this one starts, by id or name, instead of those named before.
    pub depends_on: Option<Vec<String>>,
    /// Whether nothing goes on without it.
    pub required: Option<bool>,
    /// Longest time until its server is active, in seconds.
    pub start_timeout_seconds: Option<u32>,
    /// Back to ten minutes.
    pub no_start_timeout: bool,
    /// What must succeed after it is active.
    pub boot_check: Option<BootCheck>,
    /// No check any more.
    pub no_boot_check: bool,
    /// Whether the check is made in test failovers, too.
    pub check_in_tests: Option<bool>,
}

/// How and why an operation is stopped.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct StopOptions {
    /// Why; kept in the journal.
    pub reason: Option<String>,
    /// Who asks, as people know them; the process if absent.
    pub by: Option<String>,
    /// Of an abort: end here even if the other site stays silent. Consent to diverged metadata.
    pub leave_peer: bool,
    /// Of an abort: leave the request for whoever executes the operation, now or next, and do nothing here.
    pub ask_only: bool,
}

#[cfg(test)]
mod tests {
    use super::PolicyChange;

    #[test]
    fn a_token_of_the_wrong_kind_is_refused_without_being_shown() {
        for wrong in ["12345678", "[\"12345678\"]", "{\"t\": \"12345678\"}"] {
            let text = format!("{{\"primary_fa_api_token\": {wrong}}}");
            let refused = serde_json::from_str::<PolicyChange>(&text).unwrap_err().to_string();
            assert!(refused.contains("a token must be text"), "{refused}");
            assert!(!refused.contains("12345678"), "{refused}");
        }
    }
}
