//! Where a policy and what `[storage]` says by now are not the same.
//!
//! Defaults apply when a policy is created and never reach one that exists, so both go apart when the settings change.

use super::credentials::{AccessIn, check_same_array};
use super::shell;
use crate::ErrorKind;
use crate::model::{ProtectionGroup, ReplicationPolicy};
use serde::Serialize;

/// What `[storage]` says, as far as it is compared.
#[derive(Debug, Clone, Copy)]
pub struct StorageSays<'a> {
    /// `default_replication_interval`.
    pub replication_interval: Option<u32>,
    /// `default_rpo_minutes`.
    pub rpo_minutes: Option<u32>,
    /// The array of the group's primary site.
    pub primary: AccessIn<'a>,
    /// The array of its secondary site.
    pub secondary: AccessIn<'a>,
}

/// A field that is not the same in both places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyDrift {
    /// Name of the group.
    pub protection_group: String,
    /// The field of the policy.
    pub field: String,
    /// Its value.
    pub policy_value: String,
    /// What `[storage]` says.
    pub default_value: String,
    /// The command that makes the policy follow, or what else to do.
    pub remedy: String,
}

/// What differs, field by field. A default that is not set differs from nothing; a group in a pod has no interval.
pub fn drift(group: &ProtectionGroup, policy: &ReplicationPolicy, storage: StorageSays<'_>) -> Vec<PolicyDrift> {
    let interval = storage.replication_interval.filter(|_| !group.is_in_pod());
    let numbers = [
        ("replication_interval", policy.replication_interval, interval),
        ("rpo_minutes", policy.rpo_minutes, storage.rpo_minutes),
    ];
    let numbers: Vec<_> = numbers
        .into_iter()
        .filter_map(|(field, value, default)| Some((field, value, default.filter(|default| *default != value)?)))
        .collect();
    // together: one alone might leave an interval that is longer than the objective
    let options: String =
        numbers.iter().map(|(field, _, default)| format!(" --{} {default}", field.replace('_', "-"))).collect();
    let group_word = shell::word(&group.name);
    let row = |field: &str, policy_value: String, default_value: String, remedy: String| PolicyDrift {
        protection_group: group.name.clone(),
        field: field.to_owned(),
        policy_value,
        default_value,
        remedy,
    };
    let mut found: Vec<PolicyDrift> = numbers
        .iter()
        .map(|(field, value, default)| {
            let remedy = format!("openstack protector protection-group policy-create {group_word}{options}");
            row(field, value.to_string(), default.to_string(), remedy)
        })
        .collect();
    let arrays = [
        ("primary_fa_url", &policy.primary_fa_url, storage.primary),
        ("secondary_fa_url", &policy.secondary_fa_url, storage.secondary),
    ];
    for (field, url, says) in arrays {
        let (Some(url), Some(default)) = (url.as_deref(), says.url) else { continue };
        let in_policy = AccessIn { url: Some(url), token: None, ..says };
        if check_same_array(in_policy, says).is_err_and(|e| e.kind() == ErrorKind::InvalidConfiguration) {
            let (setting, option) = (format!("{}_array_url", says.side), field.replace('_', "-"));
            let remedy = format!(
                "openstack protector protection-group policy-create {group_word} --{option} {}, or mend [storage] {setting}",
                shell::word(default)
            );
            found.push(row(field, url.to_owned(), default.to_owned(), remedy));
        }
    }
    found
}

#[cfg(test)]
mod tests;
