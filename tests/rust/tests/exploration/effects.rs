//! What each step does to the world. Decisions on the way are the product's own.

use crate::arrays::{GROUP, image_name, instant, points};
use crate::call::{Answer, Call};
use crate::evidence;
use crate::kept::Kept;
use crate::metadata;
use crate::mutations::Mutation;
use crate::world::Side;
use jiff::Timestamp;
use protector_core::ErrorKind;
use protector_core::exec::{OperationState, Record, decide};
use protector_core::model::{
    ArrayVolumeId, ArrayVolumeName, DiskCopy, GroupRecord, Member, MetadataVersion, OpKey, OperationId,
    RecoveryPointName, ServerId, SiteName,
};
use protector_core::plan::{Action, Plan, PointSource, Step, StepOutput};
use protector_core::ports::FenceState;
use protector_core::rules::naming;
use std::collections::BTreeSet;

/// What an executor knows when it makes a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) operation: &'a OperationId,
    pub(crate) plan: &'a Plan,
    pub(crate) state: &'a OperationState,
    pub(crate) record: &'a Kept<GroupRecord>,
    /// When the operation was accepted, and all of its steps began: times decide nothing here.
    pub(crate) at: Timestamp,
    pub(crate) by_operator: bool,
}

/// What a step came to.
#[derive(Debug, Clone)]
pub(crate) struct Performed {
    pub(crate) output: StepOutput,
    /// A change of the group's metadata that is stored together with the outcome, and the version it replaces.
    pub(crate) change: Option<(Kept<GroupRecord>, MetadataVersion)>,
    /// Members that turned out not to have arrived.
    pub(crate) lost: Vec<Record>,
}

impl Performed {
    pub(crate) fn output(output: StepOutput) -> Self {
        Self { output, change: None, lost: Vec::new() }
    }
}

/// Makes one step. A new kind of step has to say here what it does to the world before it can be explored.
pub(crate) fn perform(call: &mut Call<'_>, view: &View<'_>, step: &Step) -> Answer<Performed> {
    let nothing = |()| Performed::output(StepOutput::Nothing);
    let side = Side::of;
    evidence::before(call, view, step);
    let performed = match &step.action {
        Action::Barrier {} => Ok(nothing(())),
        Action::Announce {} => metadata::announce(call, view, step).map(nothing),
        Action::SwitchPrimary { .. }
        | Action::SettleOldSite { .. }
        | Action::ForgetRetained { .. }
        | Action::Close {} => metadata::change(call, view, step),

        Action::TakeSnapshot { site, label, .. } => {
            call.snapshot(side(site), &naming::snapshot_suffix(view.operation, label), true).map(|_| nothing(()))
        }
        Action::AwaitTransfer { site, label, .. } => await_transfer(call, view, site, label).map(Performed::output),
        Action::Fence { site, .. } => fence(call, view, site).map(Performed::output),
        Action::FenceOldGroup { site, volumes, .. } => {
            fence_old_group(call, view, site, volumes).map(Performed::output)
        }
        Action::PreserveGroup { site, label, after, .. } => {
            preserve(call, view, site, label, *after).map(Performed::output)
        }
        Action::CloneVolumes { site, point, disks } => {
            if decide::tells_again(view.plan, step) {
                metadata::announce(call, view, step)?;
            }
            let point = chosen_point(view, point)?;
            let volumes = call.clone_volumes(side(site), view.operation, &point, disks)?;
            Ok(Performed::output(StepOutput::Clones { made_by: call.key.clone(), volumes }))
        }
        Action::EnsureArrayGroup { site, .. } => {
            let volumes = decide::array_volumes(view.plan, view.state, view.record, site).map_err(|e| e.kind())?;
            call.ensure_group(side(site))?;
            call.ensure_members(side(site), &volumes, true).map(nothing)
        }
        Action::EnsureReplication { site, .. } => call.ensure_replication(side(site)).map(nothing),
        Action::AcceptFromPeer { site, .. } => call.accept(side(site)).map(nothing),
        Action::DisableReplication { site, .. } => call.disable_replication(side(site)).map(nothing),
        Action::ProveSurvival { site, volumes, rpo_minutes, .. } => {
            prove(call, site, volumes, *rpo_minutes).map(Performed::output)
        }
        Action::DestroyRetained { site, made_by, volumes } => destroy(call, view, site, made_by, volumes).map(nothing),
        Action::RemoveClones { site, made_by, volumes, .. } => {
            call.remove_clones(side(site), made_by, volumes).map(nothing)
        }

        Action::StopServer { site, server } => call.set_running(side(site), server, false).map(nothing),
        Action::StopOldServer { site, server } => match call.set_running(side(site), server, false) {
            // a server that is gone runs no more than one that is stopped
            Err(ErrorKind::NotFound) => Ok(nothing(())),
            other => other.map(nothing),
        },
        Action::LeaveGroup { site, volumes, .. } => call.leave_group(side(site), volumes).map(nothing),
        Action::ImportVolume { site, disk, name, clone, .. } => {
            let earlier = clone.as_ref().map(|clone| clone.array_volume_id.clone());
            let made = earlier.or_else(|| view.state.outputs.clones.get(disk).map(|(id, _)| id.clone()));
            let copy = call.import(side(site), &made.ok_or(ErrorKind::Internal)?, name)?;
            let copy = DiskCopy { cloned_under: view.state.outputs.clone_key.clone(), ..copy };
            Ok(Performed::output(StepOutput::Volume { disk: disk.clone(), copy }))
        }
        Action::GroupVolumes { site, disks, .. } => {
            let volumes = decide::cinder_volumes(view.plan, view.state, view.record, disks).map_err(|e| e.kind())?;
            call.group_exactly(side(site), &volumes).map(nothing)
        }
        Action::RetireServer { site, server } => retire(call, site, server).map(nothing),
        Action::EnsureServer { site, member, flavor, name, begun_by } => {
            let key = begun_by.as_ref().map(|operation| OpKey::new(format!("{operation}/{}", step.id)));
            let volumes = decide::server_volumes(view.plan, view.state, member_of(view, member)?);
            let volumes = volumes.map_err(|e| e.kind())?;
            let server = call.ensure_server(side(site), &key.unwrap_or_else(|| call.key.clone()), name, volumes)?;
            Ok(Performed::output(StepOutput::Server { member: member.clone(), server, flavor: flavor.clone() }))
        }
        Action::VerifyServer { site, member } => verify(call, view, site, member_of(view, member)?, false).map(nothing),
        Action::Confirm { site, .. } => confirm(call, view, site),
        Action::DeleteServer { site, server } => call.delete_server(side(site), server).map(nothing),
        Action::ReleaseVolume { site, volume } => call.release(side(site), volume).map(nothing),
        // members here have no interfaces and no checks and all arrive, and the group is in no pod: no plan has these
        Action::EnsurePort { .. }
        | Action::DeletePort { .. }
        | Action::CheckServer { .. }
        | Action::ReopenVolumes { .. }
        | Action::AwaitInStep { .. }
        | Action::RetypeVolume { .. } => {
            panic!("'{}' is not modelled", step.action.word())
        }
    };
    evidence::after(call, view, step, &performed);
    performed
}

/// Whether the step has to wait for something that the world alone brings about.
pub(crate) fn waits(call: &Call<'_>, view: &View<'_>, step: &Step) -> bool {
    let Action::AwaitTransfer { site, label, .. } = &step.action else { return false };
    let Ok(there) = call.look(Side::of(site)) else { return false };
    let suffix = naming::snapshot_suffix(view.operation, label);
    let replica = there.image.as_ref().and_then(|image| image.replicas.get(&suffix));
    // data do not move without a link, and some time the deadline comes
    call.world.linked && !replica.is_some_and(|replica| replica.complete)
}

fn await_transfer(call: &Call<'_>, view: &View<'_>, site: &SiteName, label: &str) -> Answer<StepOutput> {
    let side = Side::of(site);
    let there = call.look(side)?;
    let name = naming::recovery_point_name(&image_name(side), &naming::snapshot_suffix(view.operation, label));
    let point = points(side, there).into_iter().find(|point| point.name == name && point.is_usable());
    point.map(|p| StepOutput::Point { name, created: p.created }).ok_or(ErrorKind::DeadlineExceeded)
}

fn chosen_point(view: &View<'_>, point: &PointSource) -> Answer<RecoveryPointName> {
    match point {
        PointSource::Pinned(name) => Ok(name.clone()),
        PointSource::Taken => {
            view.state.outputs.point.as_ref().map(|(name, _)| name.clone()).ok_or(ErrorKind::Internal)
        }
    }
}

fn fence(call: &mut Call<'_>, view: &View<'_>, site: &SiteName) -> Answer<StepOutput> {
    let side = Side::of(site);
    call.set_fence(side, true)?;
    Ok(fenced(view, side))
}

fn fenced(view: &View<'_>, side: Side) -> StepOutput {
    StepOutput::Fenced {
        site: side.site().clone(),
        group: GROUP.into(),
        state: FenceState::Fenced,
        array_id: side.array().as_str().into(),
        array: side.array().clone(),
        at: view.at,
    }
}

fn fence_old_group(
    call: &mut Call<'_>,
    view: &View<'_>,
    site: &SiteName,
    volumes: &BTreeSet<ArrayVolumeId>,
) -> Answer<StepOutput> {
    let side = Side::of(site);
    let there = call.look(side)?;
    let left = volumes.iter().filter_map(|id| there.volumes.get(id)).filter(|volume| !volume.destroyed);
    let left: BTreeSet<ArrayVolumeName> = left.map(|volume| volume.name.clone()).collect();
    let is_there = there.local.is_some();
    if left.is_empty() && !is_there {
        return Ok(fenced(view, side));
    }
    if !is_there {
        call.ensure_group(side)?;
    }
    call.ensure_members(side, &left, false)?;
    fence(call, view, site)
}

fn preserve(
    call: &mut Call<'_>,
    view: &View<'_>,
    site: &SiteName,
    label: &str,
    after: Timestamp,
) -> Answer<StepOutput> {
    let side = Side::of(site);
    if call.look(side)?.local.as_ref().is_none_or(|group| group.volumes.is_empty()) {
        let evidence = Some(format!("{site} holds nothing of '{GROUP}' any more"));
        return Ok(StepOutput::Preserved { site: site.clone(), snapshot: None, evidence });
    }
    let suffix = naming::snapshot_suffix(view.operation, label);
    let taken = instant(call.snapshot(side, &suffix, false)?.taken);
    let earlier = call.world.site(side).local.iter().flat_map(|group| &group.snapshots);
    let earlier = earlier.filter(|(name, snapshot)| {
        let created = instant(snapshot.taken);
        **name != suffix && after < created && created < taken
    });
    let oldest = earlier.min_by_key(|(_, snapshot)| snapshot.taken);
    let evidence = oldest.map(|(name, snapshot)| format!("snapshot '{name}' at {}", instant(snapshot.taken)));
    let snapshot = Some(naming::recovery_point_name(&GROUP.into(), &suffix));
    Ok(StepOutput::Preserved { site: site.clone(), snapshot, evidence })
}

fn prove(
    call: &Call<'_>,
    site: &SiteName,
    volumes: &BTreeSet<ArrayVolumeName>,
    rpo_minutes: u32,
) -> Answer<StepOutput> {
    let side = Side::of(site);
    let points = points(side, call.look(side)?);
    let now = instant(call.world.snapshots);
    let survivor = decide::survivor(side.array(), &image_name(side), &points, volumes, rpo_minutes, now);
    match survivor {
        Ok(point) => {
            let (point, created) = (point.name.clone(), point.created);
            Ok(StepOutput::Survivor { site: site.clone(), array: side.array().clone(), point, created })
        }
        Err(_) if call.is(Mutation::CommitsWithoutProof) => Ok(StepOutput::Nothing),
        Err(_) => Err(ErrorKind::DataSafety),
    }
}

/// Only if what was proven before still holds.
fn destroy(
    call: &mut Call<'_>,
    view: &View<'_>,
    site: &SiteName,
    made_by: &OpKey,
    volumes: &BTreeSet<ArrayVolumeId>,
) -> Answer<()> {
    for step in &view.plan.steps {
        if let Action::ProveSurvival { site, volumes, rpo_minutes, .. } = &step.action {
            prove(call, site, volumes, *rpo_minutes)?;
        }
    }
    call.remove_clones(Side::of(site), made_by, volumes)
}

fn retire(call: &mut Call<'_>, site: &SiteName, server: &ServerId) -> Answer<()> {
    match call.look(Side::of(site))?.servers.get(server) {
        None => Ok(()),
        Some(found) if found.running => Err(ErrorKind::Precondition),
        Some(_) => call.delete_server(Side::of(site), server),
    }
}

fn member_of<'a>(view: &View<'a>, member: &ServerId) -> Answer<&'a Member> {
    view.record.member(member).ok_or(ErrorKind::Conflict)
}

/// Running, with exactly its volumes, and these in the Cinder group if asked for.
fn verify(call: &Call<'_>, view: &View<'_>, site: &SiteName, member: &Member, grouped: bool) -> Answer<()> {
    let there = call.look(Side::of(site))?;
    let (id, _) = view.state.outputs.servers.get(&member.id).ok_or(ErrorKind::Internal)?;
    let server = there.servers.get(id).filter(|server| server.running).ok_or(ErrorKind::Precondition)?;
    let wanted = decide::server_volumes(view.plan, view.state, member).map_err(|e| e.kind())?;
    let wanted: BTreeSet<_> = wanted.into_iter().map(|(_, id)| id).collect();
    let attached: BTreeSet<_> = server.volumes.iter().map(|(_, id)| id.clone()).collect();
    let in_group = attached.iter().all(|id| there.managed.get(id).is_some_and(|managed| managed.grouped));
    if attached == wanted && (in_group || !grouped) { Ok(()) } else { Err(ErrorKind::Precondition) }
}

fn confirm(call: &Call<'_>, view: &View<'_>, site: &SiteName) -> Answer<Performed> {
    if metadata::end_is_told(call, view)? {
        return Ok(Performed::output(StepOutput::Nothing));
    }
    call.look(Side::of(site))?;
    let missing = decide::missing(view.plan, view.state);
    let mut lost = Vec::new();
    for step in &view.plan.steps {
        let Action::VerifyServer { member, .. } = &step.action else { continue };
        if !missing.contains(member)
            && let Err(kind) = verify(call, view, site, member_of(view, member)?, true)
        {
            lost.push(Record::MemberFailed {
                step: step.id.clone(),
                member: member.clone(),
                code: kind.code().to_owned(),
                message: kind.code().to_owned(),
                output: StepOutput::Nothing,
            });
        }
    }
    Ok(Performed { lost, ..Performed::output(StepOutput::Nothing) })
}
