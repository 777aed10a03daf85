//! Which endpoint a step needs.

use super::Action;
use crate::model::SiteName;
use crate::plan::{Endpoint, EndpointKind};

impl Action {
    /// What the action needs, and where.
    pub fn endpoint(&self) -> Endpoint {
        let (kind, site) = self.needs();
        Endpoint { kind, site: site.cloned() }
    }

    /// The parts of [`Action::endpoint`].
    pub(in crate::plan) fn needs(&self) -> (EndpointKind, Option<&SiteName>) {
        match self {
            Self::Announce {}
            | Self::SwitchPrimary { .. }
            | Self::SettleOldSite { .. }
            | Self::ForgetRetained { .. }
            | Self::Close {} => (EndpointKind::Metadata, None),
            Self::Barrier {} => (EndpointKind::None, None),
            Self::TakeSnapshot { site, .. }
            | Self::AwaitTransfer { site, .. }
            | Self::AwaitInStep { site, .. }
            | Self::Fence { site, .. }
            | Self::FenceOldGroup { site, .. }
            | Self::PreserveGroup { site, .. }
            | Self::ProveSurvival { site, .. }
            | Self::DestroyRetained { site, .. }
            | Self::CloneVolumes { site, .. }
            | Self::ReopenVolumes { site, .. }
            | Self::EnsureArrayGroup { site, .. }
            | Self::EnsureReplication { site, .. }
            | Self::AcceptFromPeer { site, .. }
            | Self::DisableReplication { site, .. }
            | Self::RemoveClones { site, .. } => (EndpointKind::Array, Some(site)),
            Self::StopServer { site, .. }
            | Self::StopOldServer { site, .. }
            | Self::LeaveGroup { site, .. }
            | Self::ImportVolume { site, .. }
            | Self::RetypeVolume { site, .. }
            | Self::GroupVolumes { site, .. }
            | Self::RetireServer { site, .. }
            | Self::EnsurePort { site, .. }
            | Self::EnsureServer { site, .. }
            | Self::VerifyServer { site, .. }
            | Self::CheckServer { site, .. }
            | Self::Confirm { site, .. }
            | Self::DeleteServer { site, .. }
            | Self::DeletePort { site, .. }
            | Self::ReleaseVolume { site, .. } => (EndpointKind::Cloud, Some(site)),
        }
    }
}
