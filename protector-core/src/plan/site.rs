//! Moving everything that runs on one site: one plan per group, in order of priority.
//!
//! Nothing of a site's plan is stored. A group that has left the site is not in the next plan of it, and one whose move
//! was interrupted is in it as an operation to resume, so the way on after any interruption is to plan again.

use super::{Finding, Plan};
use crate::model::{FailoverType, GroupRecord, Mappings, OperationId, SiteName};
use crate::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is asked of all groups of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SiteFailoverRequest {
    /// Planned or unplanned; planned if absent.
    #[serde(rename = "type")]
    pub failover_type: Option<FailoverType>,
    /// Grants the documented set of consents to each unplanned failover.
    pub force: bool,
    /// Why, for the record.
    pub reason: Option<String>,
    /// Mappings away from the site; win over each group's stored ones.
    pub mappings: Mappings,
}

/// The plans of all groups that run on a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SitePlan {
    /// The site that is left.
    pub site: SiteName,
    /// Its groups, in the order in which they move: by priority, then by name.
    pub groups: Vec<SiteGroup>,
}

/// One group of a site's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SiteGroup {
    /// Name of the group.
    pub group: String,
    /// Groups of a lower number are moved first.
    pub priority: u16,
    /// What is to be done.
    pub work: SiteWork,
}

/// What is to be done with a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SiteWork {
    /// Accept this plan and run it.
    Move(Box<Plan>),
    /// Go on with the operation that moves it already.
    Resume(OperationId),
}

impl SitePlan {
    /// Groups that cannot be moved, with what forbids it.
    pub fn blocked(&self) -> impl Iterator<Item = (&SiteGroup, Vec<&Finding>)> {
        self.groups.iter().filter_map(|group| {
            let SiteWork::Move(plan) = &group.work else { return None };
            let blockers: Vec<_> = plan.blockers().collect();
            (!blockers.is_empty()).then_some((group, blockers))
        })
    }

    /// Groups by priority: those of one priority may move side by side.
    pub fn by_priority(&self) -> BTreeMap<u16, Vec<&SiteGroup>> {
        let mut classes: BTreeMap<u16, Vec<&SiteGroup>> = BTreeMap::new();
        for group in &self.groups {
            classes.entry(group.priority).or_default().push(group);
        }
        classes
    }

    /// Checks that everything on the site can be moved.
    ///
    /// # Errors
    /// a group is blocked → `PlanBlocked` naming every one with its blockers → mend them, or move the others alone.
    pub fn check_acceptable(&self) -> Result<()> {
        let blocked: Vec<String> = self
            .blocked()
            .map(|(group, blockers)| {
                let each: Vec<String> = blockers.iter().map(|f| format!("  - {} [{}]", f.message, f.code)).collect();
                format!("'{}' (priority {}):\n{}", group.group, group.priority, each.join("\n"))
            })
            .collect();
        if blocked.is_empty() {
            return Ok(());
        }
        let text = format!(
            "{} of {} groups on {} are blocked:\n{}",
            blocked.len(),
            self.groups.len(),
            self.site,
            blocked.join("\n")
        );
        Err(Error::new(ErrorKind::PlanBlocked, text).remedy(format!(
            "openstack protector site failover {} --dry-run shows the remedies; --skip-blocked moves the others",
            self.site
        )))
    }
}

/// Groups in the order in which they move.
pub fn in_moving_order(records: &[GroupRecord]) -> Vec<&GroupRecord> {
    let mut found: Vec<_> = records.iter().collect();
    found.sort_by(|a, b| (a.group.priority, &a.group.name).cmp(&(b.group.priority, &b.group.name)));
    found
}
