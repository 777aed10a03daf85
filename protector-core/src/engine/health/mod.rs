//! Health: could this group be moved now, planned or with its site gone; if not, why; and how it kept its objective.
//!
//! | file | holds |
//! |---|---|
//! | `readiness` | what speaks against a move |
//! | `sweep` | the recovery points of all groups at once, remembered |
//! | `metrics` | the same for Prometheus |
//! | `view` | what is shown |

mod metrics;
mod readiness;
mod sweep;
mod view;

#[cfg(test)]
mod tests;

pub use metrics::metrics_text;
pub use view::{ComplianceView, DrillView, HealthView, RpoSweepView};

use super::{Engine, Page, describe, report};
use crate::Result;
use crate::model::{ArrayVolumeName, Drills, GroupRecord, RecoveryPoint, RpoState, SyncStatus, Transfer};
use crate::plan::ArrayFacts;
use crate::ports::PodMemberState;
use crate::rules::{self, RecoveryPointAge, RpoVerdict, rpo_history};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

impl Engine {
    /// One report per group, by name. What cannot be seen is reported as not ready; it keeps no other group from being
    /// reported.
    ///
    /// # Errors
    /// store cannot be read → `Storage`.
    pub async fn health(&self) -> Result<Vec<HealthView>> {
        let mut reports = Vec::new();
        for record in self.visible_groups(&Page::default()).await? {
            reports.push(Box::pin(self.health_of(&record)).await);
        }
        Ok(reports)
    }

    /// The report of one group.
    ///
    /// # Errors
    /// no such group → `NotFound`.
    pub async fn health_show(&self, group: &str) -> Result<HealthView> {
        let record = self.load(group).await?;
        Ok(Box::pin(self.health_of(&record)).await)
    }

    /// [`Engine::health`] as text for Prometheus; see [`metrics_text`].
    ///
    /// # Errors
    /// store cannot be read → `Storage`.
    pub async fn metrics(&self) -> Result<String> {
        Ok(metrics_text(&self.health().await?))
    }

    /// The drills of a group from both sites, each of which has the journals of its own. What cannot be read or asked is
    /// left out: a drill that nobody can tell of makes nothing better.
    async fn drills_of(&self, record: &GroupRecord) -> Drills {
        let (endpoints, id) = (&self.0.endpoints, &record.group.id);
        let (here, there) =
            tokio::join!(report::drills(&*endpoints.store, id, &self.0.site), endpoints.peer.drills(id));
        here.unwrap_or_default().and(there.unwrap_or_default())
    }

    async fn health_of(&self, record: &GroupRecord) -> HealthView {
        let standby = self.array_facts(record, record.group.standby_site()).await;
        let standby = standby.as_ref().ok();
        let age = self.recovery_point_age(record, standby);
        let newest =
            standby.filter(|_| !record.group.is_in_pod()).and_then(|array| newest(record, &array.recovery_points));
        let rpo_minutes = record.policy.as_ref().map(|p| p.rpo_minutes);
        let (rpo_24h, rpo_7d) = self.kept(record).await;
        let drills = self.drills_of(record).await;
        let drill = |drill: Option<_>| drill.map(|drill| DrillView::new(drill, self.0.endpoints.clock.now()));
        let reasons = self.reasons_against_failover(record).await;
        let unplanned_reasons = self.reasons_against_unplanned(record).await;
        HealthView {
            protection_group: record.group.name.clone(),
            project_id: record.group.project_id.to_string(),
            status: describe::status(record),
            link: standby.map_or_else(|| "unknown".to_owned(), |a| format!("{:?}", a.link).to_lowercase()),
            sync_status: self
                .sync_status(record.group.id.as_str())
                .await
                .map_or(SyncStatus::Unreachable, |s| s.sync_status),
            recovery_point_age_seconds: match age {
                RecoveryPointAge::Known { seconds } => i64::try_from(seconds).ok(),
                RecoveryPointAge::Never | RecoveryPointAge::Unknown => None,
            },
            last_recovery_point_at: newest.map(|point| point.created),
            last_transfer_at: newest.and_then(arrived_at),
            replication_lag_seconds: match (newest, age) {
                (Some(point), _) => arrived_at(point).map(|at| at.duration_since(point.created).as_secs().max(0)),
                (None, RecoveryPointAge::Known { seconds: 0 }) if record.group.is_in_pod() => Some(0),
                _ => None,
            },
            transfers_under_way: standby
                .filter(|_| !record.group.is_in_pod() && record.policy.is_some())
                .map(|array| array.recovery_points.iter().filter(|point| is_under_way(point)).count()),
            rpo_minutes,
            rpo: rpo_minutes.map(|minutes| rpo_state(&rules::check_rpo(age, minutes))),
            rpo_24h,
            rpo_7d,
            last_drill: drill(drills.last),
            last_successful_drill: drill(drills.last_successful),
            failover_ready: reasons.is_empty(),
            reasons,
            unplanned_ready: unplanned_reasons.is_empty(),
            unplanned_reasons,
            ledger: record.ledger.iter().filter(|entry| entry.is_kept()).map(describe::ledger_line).collect(),
        }
    }

    /// How the objective was kept in the last 24 hours, and in the last 7 days.
    async fn kept(&self, record: &GroupRecord) -> (Option<ComplianceView>, Option<ComplianceView>) {
        if record.policy.is_none() {
            return (None, None);
        }
        let Ok(history) = self.0.endpoints.store.rpo_history(&record.group.id).await else { return (None, None) };
        let now = self.0.endpoints.clock.now();
        let of = |hours| rpo_history::compliance(&history, now, SignedDuration::from_hours(hours)).into();
        (Some(of(24)), Some(of(7 * 24)))
    }

    fn recovery_point_age(&self, record: &GroupRecord, standby: Option<&ArrayFacts>) -> RecoveryPointAge {
        let Some(array) = standby else { return RecoveryPointAge::Unknown };
        if !record.group.is_in_pod() {
            return self.newest_age(record, &array.recovery_points);
        }
        let volumes = super::policies::volumes_on(record, &record.group.current_primary_site);
        let held = array.local_group.as_ref().map(|group| group.volumes.clone()).unwrap_or_default();
        let part = array.pod.as_ref().and_then(|pod| pod.arrays.get(&array.name)).map(|member| member.state);
        age_in_pod(&volumes, &held, part)
    }

    /// Age of the newest of these recovery points that holds all volumes of the group.
    fn newest_age(&self, record: &GroupRecord, points: &[RecoveryPoint]) -> RecoveryPointAge {
        rules::age_of(newest(record, points), true, self.0.endpoints.clock.now())
    }
}

fn newest<'a>(record: &GroupRecord, points: &'a [RecoveryPoint]) -> Option<&'a RecoveryPoint> {
    let expected = super::policies::volumes_on(record, &record.group.current_primary_site);
    rules::newest_usable(points, &expected.iter().collect())
}

fn arrived_at(point: &RecoveryPoint) -> Option<Timestamp> {
    match point.transfer {
        Transfer::Completed { at } => Some(at),
        Transfer::Local | Transfer::InProgress { .. } | Transfer::Unknown => None,
    }
}

fn is_under_way(point: &RecoveryPoint) -> bool {
    !point.destroyed && matches!(point.transfer, Transfer::InProgress { .. })
}

/// An array that is online in the pod has every write to what lies in it. How old the data of another one are is not asked
/// here.
fn age_in_pod(
    volumes: &BTreeSet<ArrayVolumeName>,
    held: &BTreeSet<ArrayVolumeName>,
    part: Option<PodMemberState>,
) -> RecoveryPointAge {
    match part {
        _ if held.is_empty() || !volumes.is_subset(held) => RecoveryPointAge::Never,
        Some(PodMemberState::Online) => RecoveryPointAge::Known { seconds: 0 },
        _ => RecoveryPointAge::Unknown,
    }
}

const fn rpo_state(verdict: &RpoVerdict) -> RpoState {
    match verdict {
        RpoVerdict::Within { .. } => RpoState::Within,
        RpoVerdict::Breach { .. } => RpoState::Breached,
        RpoVerdict::Never => RpoState::Never,
        RpoVerdict::Unknown => RpoState::Unknown,
    }
}
