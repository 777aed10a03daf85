//! Releasing what earlier moves left behind.

use super::super::{decide, run::Run};
use crate::model::{ArrayGroupName, ArrayVolumeId, ArrayVolumeName, CinderGroupId, OpKey, SiteName, VolumeId};
use crate::plan::{Action, StepOutput};
use crate::ports::Cx;
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeSet;

/// The newest recovery point that is complete, holds every volume and is young enough.
///
/// # Errors
/// there is none, or nobody can tell → `DataSafety`.
pub(super) async fn prove(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    group: &ArrayGroupName,
    volumes: &BTreeSet<ArrayVolumeName>,
    rpo_minutes: u32,
) -> Result<StepOutput> {
    let array = run.endpoints.array(site)?;
    let name = run.observe(cx, || array.info()).await?.name;
    let points = run.observe(cx, || array.recovery_points(group)).await?.value;
    let refuse = |why: String| {
        Error::new(ErrorKind::DataSafety, format!("nothing is released: {why}")).remedy(format!(
            "let the next recovery point arrive (openstack protector health show), then \
             openstack protector operation resume {}",
            run.operation.id
        ))
    };
    let newest = decide::survivor(&name, group, &points, volumes, rpo_minutes, run.now()).map_err(refuse)?;
    let (point, created) = (newest.name.clone(), newest.created);
    Ok(StepOutput::Survivor { site: site.clone(), array: name, point, created })
}

/// Takes volumes out of a Cinder group; the others stay.
pub(super) async fn leave_group(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    group: &CinderGroupId,
    volumes: &BTreeSet<VolumeId>,
) -> Result<()> {
    let cloud = run.endpoints.cloud(site)?;
    let Some(found) = run.observe(cx, || cloud.consistency_group(group)).await? else { return Ok(()) };
    let left: BTreeSet<VolumeId> = found.volumes.difference(volumes).cloned().collect();
    run.settle(cx, || cloud.ensure_group_members(cx, group, &left)).await.map(drop)
}

/// Destroys clones, if what was proven before still holds: hours may lie between the two.
pub(super) async fn destroy(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    made_by: &OpKey,
    volumes: &BTreeSet<ArrayVolumeId>,
) -> Result<()> {
    let proof = run.plan.steps.iter().find_map(|step| match &step.action {
        Action::ProveSurvival { site, group, volumes, rpo_minutes } => Some((site, group, volumes, *rpo_minutes)),
        _ => None,
    });
    let Some((standby, group, held, rpo_minutes)) = proof else {
        return Err(Error::internal(format!("{} destroys without a proof", run.operation.id)));
    };
    prove(run, cx, standby, group, held, rpo_minutes).await?;
    let array = run.endpoints.array(site)?;
    run.settle(cx, || array.remove_clones(cx, made_by, volumes)).await
}
