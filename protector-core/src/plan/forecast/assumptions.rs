//! What steps are taken to last that were never measured, at neither site.

use crate::plan::Action;

/// Seconds. Orders of magnitude to begin with, replaced by measurements after the first operation.
///
/// | step | seconds | because |
/// |---|---|---|
/// | stop a server | 60 | Nova gives a guest that long to shut down (`shutdown_timeout`, 60 s by default) |
/// | make a server | 60 | scheduling, building and plugging; the guest's own boot is not waited for |
/// | check a server | 30 | the guest's boot, which nothing else waits for |
/// | wait for a transfer, or for a pod to be in step | 120 | depends on what was written, about which a plan knows nothing |
/// | import, retype, release, group volumes; remove a server | 10 | a few requests to Cinder or Nova, and a wait for their workers |
/// | clone volumes, destroy clones | 10 | a few requests; an array copies no data |
/// | everything else | 5 | one or two requests to an array, Neutron or Nova |
/// | metadata of both sites | 1 | two small writes |
pub(super) fn assumed_seconds(action: &Action) -> u64 {
    match action {
        Action::Barrier {} => 0,
        Action::Announce {}
        | Action::SwitchPrimary { .. }
        | Action::SettleOldSite { .. }
        | Action::ForgetRetained { .. }
        | Action::Close {} => 1,
        Action::StopServer { .. } | Action::StopOldServer { .. } | Action::EnsureServer { .. } => 60,
        Action::CheckServer { .. } => 30,
        Action::AwaitTransfer { .. } | Action::AwaitInStep { .. } => 120,
        Action::ImportVolume { .. }
        | Action::RetypeVolume { .. }
        | Action::ReleaseVolume { .. }
        | Action::GroupVolumes { .. }
        | Action::LeaveGroup { .. }
        | Action::RetireServer { .. }
        | Action::DeleteServer { .. }
        | Action::CloneVolumes { .. }
        | Action::RemoveClones { .. }
        | Action::DestroyRetained { .. } => 10,
        Action::TakeSnapshot { .. }
        | Action::PreserveGroup { .. }
        | Action::ProveSurvival { .. }
        | Action::Fence { .. }
        | Action::FenceOldGroup { .. }
        | Action::ReopenVolumes { .. }
        | Action::EnsurePort { .. }
        | Action::DeletePort { .. }
        | Action::VerifyServer { .. }
        | Action::Confirm { .. }
        | Action::EnsureArrayGroup { .. }
        | Action::EnsureReplication { .. }
        | Action::AcceptFromPeer { .. }
        | Action::DisableReplication { .. } => 5,
    }
}
