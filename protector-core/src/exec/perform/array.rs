//! Steps on an array.

use super::super::{decide, run::Run};
use super::renamed;
use crate::model::{
    ArrayGroupName, ArrayName, ArrayVolumeId, ArrayVolumeName, DiskId, OpKey, RecoveryPointName, SiteName, Transfer,
};
use crate::plan::{PointSource, StepOutput};
use crate::ports::{CloneRequest, Cx, GroupSpec, MemberMode, MemberSet, Outcome, ReplicationSpec, SnapshotRequest};
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How often a transfer is looked at: at first, and when it takes long.
const FIRST_POLL: Duration = Duration::from_millis(200);
const LONGEST_POLL: Duration = Duration::from_secs(5);

pub(super) async fn take_snapshot(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    group: &ArrayGroupName,
    label: &str,
) -> Result<()> {
    let array = run.endpoints.array(site)?;
    // a pod has its snapshots on both arrays at once
    let replicate_now = naming::pod_of(group.as_str()).is_none();
    let snapshot = SnapshotRequest { suffix: naming::snapshot_suffix(&run.operation.id, label), replicate_now };
    run.settle(cx, || array.create_protection_group_snapshot(cx, group, &snapshot)).await.map(drop)
}

/// Waits until the snapshot is complete; being visible is not enough.
pub(super) async fn await_transfer(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    group: &ArrayGroupName,
    label: &str,
) -> Result<StepOutput> {
    let array = run.endpoints.array(site)?;
    let group = &renamed::image_now(run, cx, site, group).await?;
    let name = naming::recovery_point_name(group, &naming::snapshot_suffix(&run.operation.id, label));
    let began = run.now();
    run.settle(cx, || async {
        run.check_wait()?;
        let waited = Duration::try_from(run.now().duration_since(began)).unwrap_or_default();
        let poll_after = (waited / 10).clamp(FIRST_POLL, LONGEST_POLL);
        match array.transfer_status(&name).await {
            Ok(Transfer::Completed { .. } | Transfer::Local) => Ok(Outcome::Done(())),
            Ok(Transfer::InProgress { .. } | Transfer::Unknown) => Ok(Outcome::InProgress { poll_after }),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Outcome::InProgress { poll_after }),
            Err(e) => Err(e),
        }
    })
    .await?;
    let points = run.observe(cx, || array.recovery_points(group)).await?.value;
    let point = points.into_iter().find(|p| p.name == name && p.is_usable());
    let point =
        point.ok_or_else(|| Error::precondition(format!("recovery point '{name}' was complete and is gone")))?;
    Ok(StepOutput::Point { name, created: point.created })
}

pub(super) async fn clone_volumes(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    point: &PointSource,
    disks: &[(DiskId, ArrayVolumeName)],
) -> Result<StepOutput> {
    let array = run.endpoints.array(site)?;
    let point = chosen_point(run, point)?;
    let operation = &run.operation.id;
    let volumes: BTreeMap<_, _> =
        disks.iter().map(|(disk, source)| (source.clone(), naming::clone_volume_name(operation, disk))).collect();
    let request = CloneRequest { point, volumes };
    let clones = run.settle(cx, || array.clone_volumes(cx, &request)).await?;
    let by_source: BTreeMap<_, _> = clones.into_iter().map(|c| (c.source.clone(), c)).collect();
    let volumes = disks
        .iter()
        .map(|(disk, source)| {
            let clone = by_source
                .get(source)
                .ok_or_else(|| Error::internal(format!("the array made no clone of '{source}'")))?;
            Ok((disk.clone(), clone.id.clone(), clone.name.clone()))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(StepOutput::Clones { made_by: cx.op_key.clone(), volumes })
}

fn chosen_point(run: &Run, point: &PointSource) -> Result<RecoveryPointName> {
    match point {
        PointSource::Pinned(name) => Ok(name.clone()),
        PointSource::Taken => run
            .outputs(|o| o.point.as_ref().map(|(name, _)| name.clone()))
            .ok_or_else(|| Error::internal("the operation took no recovery point")),
    }
}

/// The group with exactly the volumes that the members have on that site.
pub(super) async fn ensure_group(run: &Run, cx: &Cx, site: &SiteName, group: &ArrayGroupName) -> Result<()> {
    let array = run.endpoints.array(site)?;
    let record = run.record().await?;
    let volumes = decide::array_volumes(&run.plan, &run.state(), &record, site)?;
    let spec = GroupSpec { name: group.clone(), owner: record.group.id.clone(), adopt: false };
    run.settle(cx, || array.ensure_group(cx, &spec)).await?;
    let members = MemberSet { volumes, mode: MemberMode::Exact };
    run.settle(cx, || array.ensure_members(cx, group, &members)).await.map(drop)
}

pub(super) async fn ensure_replication(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    group: &ArrayGroupName,
    target: &ArrayName,
    interval: u32,
) -> Result<()> {
    let array = run.endpoints.array(site)?;
    let target = renamed::other_array(run, cx, site, target).await?;
    let wanted = ReplicationSpec { target, interval };
    run.settle(cx, || array.ensure_replication(cx, group, &wanted)).await
}

pub(super) async fn accept(run: &Run, cx: &Cx, site: &SiteName, group: &ArrayGroupName) -> Result<()> {
    let array = run.endpoints.array(site)?;
    let group = &renamed::image_now(run, cx, site, group).await?;
    let owner = &run.record().await?.group.id;
    run.settle(cx, || array.accept_from_peer(cx, group, owner, true)).await
}

/// A group that never was on that array has no schedule to turn off.
pub(super) async fn disable_replication(run: &Run, cx: &Cx, site: &SiteName, group: &ArrayGroupName) -> Result<()> {
    let array = run.endpoints.array(site)?;
    if run.observe(cx, || array.group(group)).await?.is_none() {
        return Ok(());
    }
    run.settle(cx, || array.disable_replication(cx, group)).await
}

pub(super) async fn remove_clones(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    made_by: &OpKey,
    volumes: &BTreeSet<ArrayVolumeId>,
) -> Result<()> {
    let array = run.endpoints.array(site)?;
    run.settle(cx, || array.remove_clones(cx, made_by, volumes)).await
}
