//! Moving everything that runs on one site.

use super::{Engine, OperationView, Progress};
use crate::model::{FailoverType, GroupRecord, OperationStatus, SiteName};
use crate::plan::{Request, SiteFailoverRequest, SiteGroup, SitePlan, SiteWork, in_moving_order};
use crate::ports::Cancel;
use crate::{Error, ErrorKind, Result};
use futures::{FutureExt, StreamExt, stream};
use serde::{Deserialize, Serialize};

/// Groups of one priority that move side by side.
const GROUPS_AT_ONCE: usize = 4;

/// How to run the plan of a site.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SiteFailoverOptions {
    /// Move the groups that can be moved, although others are blocked.
    pub skip_blocked: bool,
}

/// How the groups of a site fared.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SiteFailoverView {
    /// The site that was left.
    pub site: SiteName,
    /// Every group, in the order of the plan.
    pub groups: Vec<SiteGroupView>,
    /// How many arrived.
    pub moved: usize,
    /// How many did not.
    pub not_moved: usize,
}

/// How one group fared.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SiteGroupView {
    /// Name of the group.
    pub protection_group: String,
    /// Its priority.
    pub priority: u16,
    /// `moved`, `failed`, `blocked` or `not started`.
    pub outcome: String,
    /// The operation, if there is one.
    pub operation_id: Option<String>,
    /// Why it did not arrive.
    pub error: Option<String>,
    /// What leads on.
    pub next: Vec<String>,
}

impl Engine {
    /// Plans to move everything that runs on `site` to the other sites of its groups. Changes nothing. A group whose move is
    /// open on this site already appears as an operation to go on with.
    ///
    /// # Errors
    /// no such site → `NotFound`; force with type planned → `InvalidRequest`. What forbids a group is in its plan.
    pub async fn plan_site_failover(&self, site: &str, request: &SiteFailoverRequest) -> Result<SitePlan> {
        self.for_all_projects("the failover of a site")?;
        let site = self.registered(site).await?.name;
        let request = Request::Failover {
            failover_type: request.failover_type.unwrap_or(FailoverType::Planned),
            force: request.force,
            reason: request.reason.clone(),
            mappings: request.mappings.clone(),
        };
        request.validate()?;
        let records = self.0.endpoints.store.groups().await?;
        let mut groups = Vec::new();
        for record in in_moving_order(&records).into_iter().filter(|r| !r.members.is_empty()) {
            if let Some(work) = self.site_work(record, &site, &request).await? {
                groups.push(SiteGroup { group: record.group.name.clone(), priority: record.group.priority, work });
            }
        }
        Ok(SitePlan { site, groups })
    }

    /// What is to be done with a group so that it leaves `site`; `None`: nothing. A move away from the site is gone on with
    /// also when the workload runs elsewhere by now: it ends only when it is written down on both sites.
    async fn site_work(&self, record: &GroupRecord, site: &SiteName, request: &Request) -> Result<Option<SiteWork>> {
        let open = record.group.operation.as_ref().filter(|o| o.kind.moves_workload() && o.site == self.0.site);
        if let Some(open) = open
            && self.operation_plan(open.id.as_str()).await.is_ok_and(|plan| plan.source == *site)
        {
            return Ok(Some(SiteWork::Resume(open.id.clone())));
        }
        if record.group.current_primary_site != *site {
            return Ok(None);
        }
        Ok(Some(SiteWork::Move(Box::new(self.plan(record.group.id.as_str(), request).await?))))
    }

    /// Moves the groups of a site: those of the lowest number first, those of one number side by side. A group that fails
    /// keeps no other from moving. To go on after an interruption, plan again and run that.
    ///
    /// # Errors
    /// a group is blocked and `options` do not skip it → `PlanBlocked`, nothing was begun; cancelled → `Cancelled`, the
    /// operations that had begun can be resumed. What keeps a single group from arriving is in its outcome.
    pub async fn site_failover(
        &self,
        plan: &SitePlan,
        options: &SiteFailoverOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<SiteFailoverView> {
        self.for_all_projects("the failover of a site")?;
        if !options.skip_blocked {
            plan.check_acceptable()?;
        }
        let mut groups = Vec::new();
        for class in plan.by_priority().into_values() {
            let moves: Vec<_> =
                class.into_iter().map(|group| self.move_group(group, cancel, progress).boxed()).collect();
            let at_once = if self.runs_side_by_side() { GROUPS_AT_ONCE } else { 1 };
            groups.extend(stream::iter(moves).buffered(at_once).collect::<Vec<_>>().await);
            if cancel.is_requested() {
                return Err(Error::new(
                    ErrorKind::Cancelled,
                    format!("the failover of {} was stopped on request", plan.site),
                )
                .remedy(format!("to go on: openstack protector site failover {}", plan.site)));
            }
        }
        let moved = groups.iter().filter(|group| group.outcome == "moved").count();
        Ok(SiteFailoverView { site: plan.site.clone(), not_moved: groups.len() - moved, moved, groups })
    }

    async fn move_group(&self, group: &SiteGroup, cancel: &Cancel, progress: &Progress) -> SiteGroupView {
        let outcome = |word: &str, operation: Option<OperationView>, error: Option<String>| SiteGroupView {
            protection_group: group.group.clone(),
            priority: group.priority,
            outcome: word.to_owned(),
            operation_id: operation.as_ref().map(|o| o.id.to_string()),
            error: error.or_else(|| operation.as_ref().and_then(|o| o.error.clone())),
            next: operation.map(|o| o.next).unwrap_or_default(),
        };
        if cancel.is_requested() {
            return outcome("not started", None, None);
        }
        let id = match &group.work {
            SiteWork::Resume(id) => id.to_string(),
            SiteWork::Move(plan) => match self.accept(plan).await {
                Ok(accepted) => accepted.id.to_string(),
                Err(e) if e.kind() == ErrorKind::PlanBlocked => return outcome("blocked", None, Some(e.to_string())),
                Err(e) => return outcome("failed", None, Some(e.to_string())),
            },
        };
        match self.run(&id, cancel, progress).await {
            Ok(done) if done.status == OperationStatus::Completed => outcome("moved", Some(done), None),
            Ok(ended) => outcome("failed", Some(ended), None),
            Err(e) => outcome("failed", self.operation_show(&id).await.ok(), Some(e.to_string())),
        }
    }
}
