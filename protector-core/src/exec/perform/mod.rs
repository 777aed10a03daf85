//! One step against the ports. Each call looks first, so a step may be made again at any time.

mod array;
mod check;
mod cloud;
mod commit;
mod fence;
mod metadata;
mod pod;
mod renamed;

use super::run::Run;
use super::{Record, decide};
use crate::Result;
use crate::model::OpKey;
use crate::plan::{Action, Step, StepOutput};
use crate::ports::{Cx, GroupChange};

/// What a step came to.
#[derive(Debug)]
pub(super) struct Performed {
    /// What it left behind for later steps.
    pub(super) output: StepOutput,
    /// A change of the group's metadata that is written together with the outcome.
    pub(super) change: Option<GroupChange>,
    /// Members that turned out not to have arrived.
    pub(super) lost: Vec<Record>,
}

impl Performed {
    fn output(output: StepOutput) -> Self {
        Self { output, change: None, lost: Vec::new() }
    }

    fn change(change: GroupChange) -> Self {
        Self { change: Some(change), ..Self::output(StepOutput::Nothing) }
    }
}

/// Makes one step, within the deadline of `cx`, which is that of the step.
pub(super) async fn perform(run: &Run, step: &Step, cx: &Cx) -> Result<Performed> {
    let nothing = || Performed::output(StepOutput::Nothing);
    Ok(match &step.action {
        Action::Barrier {} => nothing(),
        Action::Announce {} => metadata::announce(run, step, cx).await.map(|()| nothing())?,
        Action::SwitchPrimary { .. }
        | Action::SettleOldSite { .. }
        | Action::ForgetRetained { .. }
        | Action::Close {} => Performed::change(metadata::change(run, step, cx).await?),

        Action::TakeSnapshot { site, group, label } => {
            array::take_snapshot(run, cx, site, group, label).await.map(|()| nothing())?
        }
        Action::AwaitTransfer { site, group, label } => {
            Performed::output(array::await_transfer(run, cx, site, group, label).await?)
        }
        Action::AwaitInStep { site, group } => pod::await_in_step(run, cx, site, group).await.map(|()| nothing())?,
        Action::Fence { site, group } => Performed::output(fence::fence(run, cx, site, group).await?),
        Action::FenceOldGroup { site, group, volumes } => {
            Performed::output(fence::fence_old_group(run, cx, site, group, volumes).await?)
        }
        Action::PreserveGroup { site, group, label, after } => {
            Performed::output(fence::preserve(run, cx, site, group, label, *after).await?)
        }
        Action::ReopenVolumes { site, group, disks } => {
            Performed::output(fence::reopen(run, cx, site, group, disks).await?)
        }
        Action::CloneVolumes { site, point, disks } => {
            if decide::tells_again(&run.plan, step) {
                metadata::announce(run, step, cx).await?;
            }
            check::still_stopped(run, cx).await?;
            Performed::output(array::clone_volumes(run, cx, site, point, disks).await?)
        }
        Action::EnsureArrayGroup { site, group } => {
            array::ensure_group(run, cx, site, group).await.map(|()| nothing())?
        }
        Action::EnsureReplication { site, group, target, interval } => {
            array::ensure_replication(run, cx, site, group, target, *interval).await.map(|()| nothing())?
        }
        Action::AcceptFromPeer { site, group } => array::accept(run, cx, site, group).await.map(|()| nothing())?,
        Action::DisableReplication { site, group } => {
            array::disable_replication(run, cx, site, group).await.map(|()| nothing())?
        }
        Action::ProveSurvival { site, group, volumes, rpo_minutes } => {
            Performed::output(commit::prove(run, cx, site, group, volumes, *rpo_minutes).await?)
        }
        Action::DestroyRetained { site, made_by, volumes } => {
            commit::destroy(run, cx, site, made_by, volumes).await.map(|()| nothing())?
        }
        Action::RemoveClones { site, made_by, volumes, .. } => {
            array::remove_clones(run, cx, site, made_by, volumes).await.map(|()| nothing())?
        }

        Action::StopServer { site, server } | Action::StopOldServer { site, server } => {
            cloud::stop_server(run, cx, site, server).await.map(|()| nothing())?
        }
        Action::LeaveGroup { site, group, volumes } => {
            commit::leave_group(run, cx, site, group, volumes).await.map(|()| nothing())?
        }
        Action::ImportVolume { site, disk, name, volume_type, bootable, clone } => {
            let import = cloud::Import { disk, name, volume_type, bootable: *bootable, clone: clone.as_ref() };
            Performed::output(cloud::import_volume(run, cx, site, import).await?)
        }
        Action::RetypeVolume { site, disk, volume, volume_type } => {
            Performed::output(pod::retype_volume(run, cx, site, disk, pod::Retype { volume, volume_type }).await?)
        }
        Action::GroupVolumes { site, group, disks } => {
            cloud::group_volumes(run, cx, site, group, disks).await.map(|()| nothing())?
        }
        Action::RetireServer { site, server } => {
            cloud::retire_server(run, cx, site, server).await.map(|()| nothing())?
        }
        Action::EnsurePort { site, member, nic, network, reuse, fixed_ips, begun_by } => {
            let begun_by = begun_by.as_ref().unwrap_or(&run.operation.id);
            let wanted = cloud::Interface { member, nic: *nic, network, reuse: reuse.as_ref(), fixed_ips, begun_by };
            Performed::output(cloud::ensure_port(run, cx, site, wanted).await?)
        }
        Action::EnsureServer { site, member, flavor, name, .. } => {
            let key = server_key(run, step);
            Performed::output(
                cloud::ensure_server(run, cx, site, member, cloud::NewServer { key, flavor, name }).await?,
            )
        }
        Action::VerifyServer { site, member } => {
            cloud::verify_server(run, cx, site, member).await.map(|()| nothing())?
        }
        Action::CheckServer { site, member, check } => {
            Performed::output(check::check_server(run, cx, site, member, check).await?)
        }
        Action::Confirm { site, group } => {
            Performed { lost: check::confirm(run, cx, site, group.as_ref()).await?, ..nothing() }
        }
        Action::DeleteServer { site, server } => {
            cloud::delete_server(run, cx, site, server).await.map(|()| nothing())?
        }
        Action::DeletePort { site, port } => cloud::delete_port(run, cx, site, port).await.map(|()| nothing())?,
        Action::ReleaseVolume { site, volume } => {
            cloud::release_volume(run, cx, site, volume).await.map(|()| nothing())?
        }
    })
}

/// The key under which a server is made: that of the operation that began it.
fn server_key(run: &Run, step: &Step) -> OpKey {
    match &step.action {
        Action::EnsureServer { begun_by: Some(operation), .. } => OpKey::new(format!("{operation}/{}", step.id)),
        _ => run.op_key(&step.id),
    }
}

/// What a step that failed has made all the same, as far as that can be seen: a server that never got ready.
pub(super) async fn left_behind(run: &Run, step: &Step) -> StepOutput {
    let Action::EnsureServer { site, member, flavor, .. } = &step.action else { return StepOutput::Nothing };
    match cloud::server_under(run, site, &server_key(run, step)).await {
        Some(server) => StepOutput::Server { member: member.clone(), server, flavor: flavor.clone() },
        None => StepOutput::Nothing,
    }
}
