//! The recovery points of all groups at once: one list of each array, not one request per group.

use super::age_in_pod;
use super::view::RpoSweepView;
use crate::engine::{Engine, Page};
use crate::model::{ArrayGroupName, GroupRecord, ProtectionGroupId, RpoSample, RpoState, SiteName};
use crate::ports::StandbyGroup;
use crate::rules::{self, ExpectedVolumes, RecoveryPointAge, naming};
use crate::{Error, Result};
use std::collections::BTreeMap;

impl Engine {
    /// Looks how every group stands against its objective, and remembers it for [`Engine::health`]. To be called by whoever
    /// watches, at most as many minutes apart as the shortest objective: what nobody looks at is unknown. An array that does
    /// not answer makes its groups unknown, and no others.
    ///
    /// # Errors
    /// store cannot be read or written → `Storage`.
    pub async fn sweep_rpo(&self) -> Result<RpoSweepView> {
        let records = self.visible_groups(&Page::default()).await?;
        let mut ways: BTreeMap<(&SiteName, &SiteName), Vec<&GroupRecord>> = BTreeMap::new();
        for record in records.iter().filter(|record| record.policy.is_some()) {
            let way = (&record.group.current_primary_site, record.group.standby_site());
            ways.entry(way).or_default().push(record);
        }
        let mut samples = Vec::new();
        for ((source, standby), records) in ways {
            let ages = self.ages_on(source, standby, &records).await.unwrap_or_else(|e| {
                tracing::warn!(
                    target: "protector.engine.health",
                    "recovery points of {} group(s) on {standby} are not known: {e}", records.len()
                );
                BTreeMap::new()
            });
            let at = self.0.endpoints.clock.now();
            samples.extend(records.iter().filter_map(|record| {
                let age = ages.get(&record.group.id).copied().unwrap_or(RecoveryPointAge::Unknown);
                sample(record, age, at)
            }));
        }
        self.0.endpoints.store.record_rpo(&samples).await?;
        Ok(summary(&samples))
    }

    /// How old the data of groups are on the array of `standby`. A group that is not in the answer is not known.
    async fn ages_on(
        &self,
        source: &SiteName,
        standby: &SiteName,
        records: &[&GroupRecord],
    ) -> Result<BTreeMap<ProtectionGroupId, RecoveryPointAge>> {
        let array = self.0.endpoints.array(standby)?;
        let peers = array.peers().await?;
        let peer = self.peer_of(&peers, Some(source)).await.ok_or_else(|| {
            Error::precondition(format!(
                "the array of {standby} does not tell which array of {source} it is connected to"
            ))
            .remedy(format!("openstack protector site validate {standby}"))
        })?;
        let name_of = |record: &GroupRecord| {
            let policy = record.policy.as_ref()?;
            Some(naming::standby_group_name(record.group.replication_type, &peer.name, &policy.pure_pg_name))
        };
        let named: Vec<(&GroupRecord, ArrayGroupName)> =
            records.iter().filter_map(|record| Some((*record, name_of(record)?))).collect();
        let asked = named.iter().map(|(_, name)| name.clone()).collect();
        let found = array.standby_groups(&asked).await?.value;
        let mut ages = BTreeMap::new();
        for (record, name) in &named {
            let Some(standby) = found.get(name) else { continue };
            let age = match self.age_of(record, standby) {
                Some(age) => age,
                // a volume is not in the newest one, but perhaps in an older one
                None => match array.recovery_points(name).await {
                    Ok(points) => self.newest_age(record, &points.value),
                    Err(_) => RecoveryPointAge::Unknown,
                },
            };
            ages.insert(record.group.id.clone(), age);
        }
        Ok(ages)
    }

    /// `None`: the newest recovery point does not hold all volumes.
    fn age_of(&self, record: &GroupRecord, standby: &StandbyGroup) -> Option<RecoveryPointAge> {
        let volumes = crate::engine::policies::volumes_on(record, &record.group.current_primary_site);
        if record.group.is_in_pod() {
            return Some(age_in_pod(&volumes, &standby.volumes, standby.pod));
        }
        let Some(newest) = &standby.newest_complete else { return Some(RecoveryPointAge::Never) };
        let expected: ExpectedVolumes<'_> = volumes.iter().collect();
        if !expected.missing_in(&newest.volumes).is_empty() {
            return None;
        }
        Some(rules::age_of(Some(newest), true, self.0.endpoints.clock.now()))
    }
}

fn sample(record: &GroupRecord, age: RecoveryPointAge, at: jiff::Timestamp) -> Option<RpoSample> {
    let rpo_minutes = record.policy.as_ref()?.rpo_minutes;
    let age_seconds = match age {
        RecoveryPointAge::Known { seconds } => Some(seconds),
        RecoveryPointAge::Never | RecoveryPointAge::Unknown => None,
    };
    let state = super::rpo_state(&rules::check_rpo(age, rpo_minutes));
    Some(RpoSample { group: record.group.id.clone(), at, state, age_seconds, rpo_minutes })
}

fn summary(samples: &[RpoSample]) -> RpoSweepView {
    let mut view = RpoSweepView { groups: samples.len(), ..RpoSweepView::default() };
    for sample in samples {
        *match sample.state {
            RpoState::Within => &mut view.within,
            RpoState::Breached => &mut view.breached,
            RpoState::Never => &mut view.never,
            RpoState::Unknown => &mut view.unknown,
        } += 1;
    }
    view
}
