//! Fences with their evidence, and what comes first on a site that was left without one.

use super::super::run::Run;
use crate::model::{ArrayGroupName, ArrayVolumeId, DiskCopy, DiskId, SiteName, Transfer};
use crate::plan::StepOutput;
use crate::ports::{Cx, FenceState, GroupSpec, MemberMode, MemberSet, SnapshotRequest, VolumeQuery};
use crate::rules::naming;
use crate::{Error, Result};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Fences, and says what was seen, when, and by which array.
pub(super) async fn fence(run: &Run, cx: &Cx, site: &SiteName, group: &ArrayGroupName) -> Result<StepOutput> {
    let array = run.endpoints.array(site)?;
    let state = run.settle(cx, || array.fence(cx, group)).await?;
    if state != FenceState::Fenced {
        return Err(Error::precondition(format!("array group '{group}' on {site} is {state:?} after it was fenced")));
    }
    evidence(run, cx, site, group, state).await
}

async fn evidence(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    group: &ArrayGroupName,
    state: FenceState,
) -> Result<StepOutput> {
    let array = run.endpoints.array(site)?;
    let info = run.observe(cx, || array.info()).await?;
    Ok(StepOutput::Fenced {
        site: site.clone(),
        group: group.clone(),
        state,
        array_id: info.id,
        array: info.name,
        at: info.endpoint_time,
    })
}

/// On a site that was left: all that was left there and still is, also what has left the group meanwhile. Where nothing is
/// left, nothing can be written.
pub(super) async fn fence_old_group(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    group: &ArrayGroupName,
    volumes: &BTreeSet<ArrayVolumeId>,
) -> Result<StepOutput> {
    let array = run.endpoints.array(site)?;
    let asked = VolumeQuery::Ids(volumes.clone());
    let left = run.observe(cx, || array.volumes(&asked)).await?.into_iter().filter(|volume| !volume.destroyed);
    let left: BTreeSet<_> = left.map(|volume| volume.name).collect();
    let is_there = run.observe(cx, || array.group(group)).await?.is_some();
    if left.is_empty() && !is_there {
        return evidence(run, cx, site, group, FenceState::Fenced).await;
    }
    if !is_there {
        let owner = run.record().await?.group.id.clone();
        let spec = GroupSpec { name: group.clone(), owner, adopt: false };
        run.settle(cx, || array.ensure_group(cx, &spec)).await?;
    }
    let members = MemberSet { volumes: left, mode: MemberMode::Add };
    run.settle(cx, || array.ensure_members(cx, group, &members)).await?;
    fence(run, cx, site, group).await
}

/// Only these volumes: others in the group there are what earlier moves left behind, and stay fenced.
pub(super) async fn reopen(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    group: &ArrayGroupName,
    disks: &BTreeSet<DiskId>,
) -> Result<StepOutput> {
    let array = run.endpoints.array(site)?;
    let record = run.record().await?;
    let stayed = record.disks().filter(|(_, disk)| disks.contains(&disk.id));
    let volumes: Vec<(DiskId, DiskCopy)> =
        stayed.filter_map(|(_, disk)| Some((disk.id.clone(), disk.copies.get(site)?.clone()))).collect();
    let spec = GroupSpec { name: group.clone(), owner: record.group.id.clone(), adopt: false };
    run.settle(cx, || array.ensure_group(cx, &spec)).await?;
    let names = volumes.iter().map(|(_, copy)| copy.array_volume.clone()).collect();
    let members = MemberSet { volumes: names, mode: MemberMode::Exact };
    run.settle(cx, || array.ensure_members(cx, group, &members)).await?;
    match run.settle(cx, || array.unfence(cx, group)).await? {
        FenceState::Open => Ok(StepOutput::Reopened { volumes }),
        state => {
            Err(Error::precondition(format!("array group '{group}' on {site} is {state:?} after it was un-fenced")))
        }
    }
}

/// A local snapshot under a name of this operation, and the first earlier one that is newer than `after`.
pub(super) async fn preserve(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    group: &ArrayGroupName,
    label: &str,
    after: Timestamp,
) -> Result<StepOutput> {
    let array = run.endpoints.array(site)?;
    let found = run.observe(cx, || array.group(group)).await?;
    if found.is_none_or(|found| found.value.volumes.is_empty()) {
        let evidence = Some(format!("{site} holds nothing of '{group}' any more"));
        return Ok(StepOutput::Preserved { site: site.clone(), snapshot: None, evidence });
    }
    let snapshot = SnapshotRequest { suffix: naming::snapshot_suffix(&run.operation.id, label), replicate_now: false };
    let taken = run.settle(cx, || array.create_protection_group_snapshot(cx, group, &snapshot)).await?;
    let points = run.observe(cx, || array.recovery_points(group)).await?.value;
    let earlier = points.iter().filter(|p| {
        p.transfer == Transfer::Local && p.name != taken.name && after < p.created && p.created < taken.created
    });
    // the oldest one: the same however often this is looked at
    let evidence = earlier
        .min_by_key(|point| point.created)
        .map(|point| format!("{site} took snapshot '{}' at {}", point.name, point.created));
    Ok(StepOutput::Preserved { site: site.clone(), snapshot: Some(taken.name), evidence })
}
