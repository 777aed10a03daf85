//! Health: could this group be moved now, and if not, why.

use super::{Engine, HealthView, Page, describe};
use crate::model::{FenceDue, GroupRecord, Mappings, SyncStatus};
use crate::plan::{ArrayFacts, Request};
use crate::ports::PodMemberState;
use crate::rules::{self, RecoveryPointAge, RpoVerdict};
use crate::{Result, model::FailoverType};
use std::collections::BTreeSet;

impl Engine {
    /// One report per group, by name. What cannot be seen is reported as not ready.
    ///
    /// # Errors
    /// store cannot be read → `Storage`.
    pub async fn health(&self) -> Result<Vec<HealthView>> {
        let mut reports = Vec::new();
        for record in self.visible_groups(&Page::default()).await? {
            reports.push(self.health_of(&record).await?);
        }
        Ok(reports)
    }

    async fn health_of(&self, record: &GroupRecord) -> Result<HealthView> {
        let standby = self.array_facts(record, record.group.standby_site()).await;
        let age = self.recovery_point_age(record, standby.as_ref().ok());
        let rpo_minutes = record.policy.as_ref().map(|p| p.rpo_minutes);
        let mut reasons = self.reasons_against_failover(record).await?;
        reasons.extend(record.fences_due.iter().map(|due| fence_due(record, due)));
        Ok(HealthView {
            protection_group: record.group.name.clone(),
            status: describe::status(record),
            link: standby.as_ref().map_or_else(|_| "unknown".to_owned(), |a| format!("{:?}", a.link).to_lowercase()),
            sync_status: self
                .sync_status(record.group.id.as_str())
                .await
                .map_or(SyncStatus::Unreachable, |s| s.sync_status),
            recovery_point_age_seconds: match age {
                RecoveryPointAge::Known { seconds } => i64::try_from(seconds).ok(),
                RecoveryPointAge::Never | RecoveryPointAge::Unknown => None,
            },
            rpo_minutes,
            rpo: rpo_minutes.map(|minutes| verdict(&rules::check_rpo(age, minutes)).to_owned()),
            failover_ready: reasons.is_empty(),
            reasons,
            ledger: record.ledger.iter().filter(|entry| entry.is_kept()).map(describe::ledger_line).collect(),
        })
    }

    fn recovery_point_age(&self, record: &GroupRecord, standby: Option<&ArrayFacts>) -> RecoveryPointAge {
        if record.group.is_in_pod() {
            return age_in_pod(record, standby);
        }
        let expected: BTreeSet<_> = super::policies::volumes_on(record, &record.group.current_primary_site);
        let newest = standby.and_then(|a| rules::newest_usable(&a.recovery_points, &expected.iter().collect()));
        rules::age_of(newest, standby.is_some(), self.0.endpoints.clock.now())
    }

    /// The blockers of a planned move, except for mappings, which may still be given with the command.
    async fn reasons_against_failover(&self, record: &GroupRecord) -> Result<Vec<String>> {
        let request = if record.group.is_home() {
            Request::Failover {
                failover_type: FailoverType::Planned,
                force: false,
                reason: None,
                mappings: Mappings::default(),
            }
        } else {
            Request::Failback { mappings: Mappings::default() }
        };
        let plan = self.plan(record.group.id.as_str(), &request).await?;
        Ok(plan
            .blockers()
            .filter(|f| f.code != crate::plan::FindingCode::NetworkMappingMissing)
            .map(|f| f.message.clone())
            .collect())
    }
}

/// An array that is online in the pod has every write to what lies in it. How old the data of another one are is not asked
/// here.
fn age_in_pod(record: &GroupRecord, standby: Option<&ArrayFacts>) -> RecoveryPointAge {
    let Some(array) = standby else { return RecoveryPointAge::Unknown };
    let volumes = super::policies::volumes_on(record, &record.group.current_primary_site);
    if !array.local_group.as_ref().is_some_and(|group| volumes.is_subset(&group.volumes)) {
        return RecoveryPointAge::Never;
    }
    match array.pod.as_ref().and_then(|pod| pod.arrays.get(&array.name)).map(|member| member.state) {
        Some(PodMemberState::Online) => RecoveryPointAge::Known { seconds: 0 },
        _ => RecoveryPointAge::Unknown,
    }
}

/// A move would work it off itself; until then two sites may take writes.
fn fence_due(record: &GroupRecord, due: &FenceDue) -> String {
    let FenceDue { site, since, operation, .. } = due;
    let name = &record.group.name;
    format!(
        "{site} was left by {operation} and waits since {since} to be stopped and fenced: \
         openstack protector reprotect {name}"
    )
}

fn verdict(verdict: &RpoVerdict) -> &'static str {
    match verdict {
        RpoVerdict::Within { .. } => "within",
        RpoVerdict::Breach { .. } => "breached",
        RpoVerdict::Never => "never",
        RpoVerdict::Unknown => "unknown",
    }
}
