//! Steps of groups in stretched pods.

use super::super::run::Run;
use crate::model::{ArrayGroupName, DiskCopy, DiskId, SiteName, VolumeId};
use crate::plan::StepOutput;
use crate::ports::{Cx, Outcome, PodMemberState, PodStatus};
use crate::{Error, Result};
use std::time::Duration;

/// How often a pod that is being brought up to date is looked at: at first, and when it takes long.
const FIRST_POLL: Duration = Duration::from_secs(1);
const LONGEST_POLL: Duration = Duration::from_secs(30);

/// Waits until the pod is on more than one array, and each of them has the data. What cannot be told is not in step.
pub(super) async fn await_in_step(run: &Run, cx: &Cx, site: &SiteName, group: &ArrayGroupName) -> Result<()> {
    let array = run.endpoints.array(site)?;
    let began = run.now();
    run.settle(cx, || async {
        run.check_wait()?;
        let status = array.replication_status(group).await?.value;
        if status.pod.as_ref().is_some_and(is_in_step) {
            return Ok(Outcome::Done(()));
        }
        let waited = Duration::try_from(run.now().duration_since(began)).unwrap_or_default();
        Ok(Outcome::InProgress { poll_after: (waited / 10).clamp(FIRST_POLL, LONGEST_POLL) })
    })
    .await
}

fn is_in_step(pod: &PodStatus) -> bool {
    pod.arrays.len() > 1 && pod.arrays.values().all(|member| member.state == PodMemberState::Online)
}

/// What to retype.
pub(super) struct Retype<'a> {
    pub(super) volume: &'a VolumeId,
    pub(super) volume_type: &'a str,
}

/// Gives a volume another type. Its id on the array stays, its name there may not.
pub(super) async fn retype_volume(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    disk: &DiskId,
    retype: Retype<'_>,
) -> Result<StepOutput> {
    let cloud = run.endpoints.cloud(site)?;
    let record = run.record().await?;
    let known = record.disks().find(|(_, d)| d.id == *disk).and_then(|(_, d)| d.copies.get(site)).cloned();
    let known = known.ok_or_else(|| Error::conflict(format!("disk {disk} has no volume on {site} any more")))?;
    let volume = run.settle(cx, || cloud.retype_volume(cx, retype.volume, retype.volume_type)).await?;
    let array_volume = volume
        .array_volume
        .ok_or_else(|| Error::precondition(format!("Cinder does not say which array volume {} is", volume.id)))?;
    let copy = DiskCopy { array_volume, ..known };
    Ok(StepOutput::Retyped { site: site.clone(), disk: disk.clone(), copy })
}
