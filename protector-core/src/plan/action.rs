//! What a step does.

mod endpoint;

use crate::model::{
    ArrayGroupName, ArrayName, ArrayVolumeId, ArrayVolumeName, BootCheck, CinderGroupId, DiskId, OpKey, OperationId,
    PortId, RecoveryPointName, ServerId, SiteName, UnimportedClone, VolumeId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Which recovery point a step works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PointSource {
    /// Chosen when planning, by its name on the target array.
    Pinned(RecoveryPointName),
    /// The one this operation takes itself.
    Taken,
}

/// What a step does. Values that only appear while running (clones, volumes, ports, servers) are looked up in the
/// operation's outputs by disk and member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Push the record with the open operation to the other site.
    Announce {},
    /// Stop a server cleanly.
    StopServer {
        /// Where.
        site: SiteName,
        /// Which.
        server: ServerId,
    },
    /// Wait for all steps it comes after.
    Barrier {},
    /// Take a replicated snapshot of the group.
    TakeSnapshot {
        /// Site of the source array.
        site: SiteName,
        /// Group on it.
        group: ArrayGroupName,
        /// Distinguishes snapshots of one operation.
        label: String,
    },
    /// Wait until that snapshot is complete on the target.
    AwaitTransfer {
        /// Site of the target array.
        site: SiteName,
        /// Image of the group on it.
        group: ArrayGroupName,
        /// Label of the snapshot.
        label: String,
    },
    /// Wait until every array of the group's pod has the data.
    AwaitInStep {
        /// Site of the array that is asked.
        site: SiteName,
        /// Group in the pod.
        group: ArrayGroupName,
    },
    /// Make the array refuse writes to the group's volumes.
    Fence {
        /// Site of the array.
        site: SiteName,
        /// Group on it.
        group: ArrayGroupName,
    },
    /// Stop a server on a site that was left without that. One that is gone needs nothing. Not undone by a rollback.
    StopOldServer {
        /// Where.
        site: SiteName,
        /// Which.
        server: ServerId,
    },
    /// Fence the group on a site that was left without that. Not undone by a rollback.
    FenceOldGroup {
        /// Site of the array.
        site: SiteName,
        /// Group on it; made again if it is gone.
        group: ArrayGroupName,
        /// What was left there, as far as it still is.
        volumes: BTreeSet<ArrayVolumeId>,
    },
    /// Take a snapshot of what the group still holds there, for the ledger. It stays on that array.
    PreserveGroup {
        /// Site of the array.
        site: SiteName,
        /// Group on it.
        group: ArrayGroupName,
        /// Distinguishes snapshots of one operation.
        label: String,
        /// Instant of the data that the other side started from; a later snapshot shows that the site ran on.
        after: Timestamp,
    },
    /// Write into the metadata of both sites that the site is fenced and what it held is kept.
    SettleOldSite {
        /// Which site.
        site: SiteName,
        /// What was seen of it when planning: that its servers ran.
        evidence: Vec<String>,
    },
    /// Clone every member of one recovery point.
    CloneVolumes {
        /// Site of the array.
        site: SiteName,
        /// From which recovery point.
        point: PointSource,
        /// Disk and its volume's name in the recovery point.
        disks: Vec<(DiskId, ArrayVolumeName)>,
    },
    /// Take the fence away from volumes that stayed on the target when their members did not arrive elsewhere. Cinder has
    /// them still.
    ReopenVolumes {
        /// Site of the array.
        site: SiteName,
        /// Group on it; afterwards it holds exactly these.
        group: ArrayGroupName,
        /// Which.
        disks: BTreeSet<DiskId>,
    },
    /// Take a clone under Cinder's management.
    ImportVolume {
        /// Where.
        site: SiteName,
        /// Which disk.
        disk: DiskId,
        /// Name of the Cinder volume.
        name: String,
        /// Volume type by name.
        volume_type: String,
        /// Whether a server boots from it.
        bootable: bool,
        /// The clone, where an earlier operation made it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clone: Option<UnimportedClone>,
    },
    /// Give a volume that was taken over under a plain type the type of the group, by which it is replicated.
    RetypeVolume {
        /// Where.
        site: SiteName,
        /// Which disk.
        disk: DiskId,
        /// Its volume there.
        volume: VolumeId,
        /// Volume type by name.
        volume_type: String,
    },
    /// Make the Cinder group hold exactly the imported volumes of these disks.
    GroupVolumes {
        /// Where.
        site: SiteName,
        /// Cinder group.
        group: CinderGroupId,
        /// Disks.
        disks: Vec<DiskId>,
    },
    /// Delete the stopped server that an earlier operation left there. Its volumes and ports stay.
    RetireServer {
        /// Where.
        site: SiteName,
        /// Which.
        server: ServerId,
    },
    /// Make a port.
    EnsurePort {
        /// Where.
        site: SiteName,
        /// Member.
        member: ServerId,
        /// Position among the member's interfaces.
        nic: usize,
        /// Network by name.
        network: String,
        /// The port the member had there before.
        reuse: Option<PortId>,
        /// Wanted addresses.
        fixed_ips: Vec<String>,
        /// The operation that began to make it, if that is another one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        begun_by: Option<OperationId>,
    },
    /// Make the server and wait until it is active.
    EnsureServer {
        /// Where.
        site: SiteName,
        /// Member.
        member: ServerId,
        /// Flavor by name.
        flavor: String,
        /// Name of the server.
        name: String,
        /// The operation that began to make it, if that is another one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        begun_by: Option<OperationId>,
    },
    /// Look whether the server is active with exactly its volumes.
    VerifyServer {
        /// Where.
        site: SiteName,
        /// Member.
        member: ServerId,
    },
    /// Look whether what runs on the server came up.
    CheckServer {
        /// Where.
        site: SiteName,
        /// Member.
        member: ServerId,
        /// How.
        check: BootCheck,
    },
    /// Look once more at every member that arrived: active, with its volumes, and these in the Cinder group.
    Confirm {
        /// Where.
        site: SiteName,
        /// Cinder group; absent where volumes join none before they are replicated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<CinderGroupId>,
    },
    /// Make the target the current primary in the metadata of both sites.
    SwitchPrimary {
        /// The new current primary.
        to: SiteName,
    },
    /// Make the array group on the new source hold exactly the imported volumes.
    EnsureArrayGroup {
        /// Site of the array.
        site: SiteName,
        /// Local name of the group.
        group: ArrayGroupName,
    },
    /// Set target and schedule.
    EnsureReplication {
        /// Site of the source array.
        site: SiteName,
        /// Local name of the group.
        group: ArrayGroupName,
        /// Target array.
        target: ArrayName,
        /// Seconds.
        interval: u32,
    },
    /// Allow the group on its target.
    AcceptFromPeer {
        /// Site of the target array.
        site: SiteName,
        /// Image of the group on it.
        group: ArrayGroupName,
    },
    /// Turn the schedule of the old direction off.
    DisableReplication {
        /// Site of the array.
        site: SiteName,
        /// Local name of the group.
        group: ArrayGroupName,
    },
    /// Delete a server made by a test.
    DeleteServer {
        /// Where.
        site: SiteName,
        /// Which.
        server: ServerId,
    },
    /// Delete a port made by a test.
    DeletePort {
        /// Where.
        site: SiteName,
        /// Which.
        port: PortId,
    },
    /// Give a volume made by a test back to the array.
    ReleaseVolume {
        /// Where.
        site: SiteName,
        /// Which.
        volume: VolumeId,
    },
    /// Look for a complete recovery point with all of these volumes that is young enough: it survives what follows.
    ProveSurvival {
        /// Site of the standby array.
        site: SiteName,
        /// Image of the group on it.
        group: ArrayGroupName,
        /// What it must hold, by the names on the source.
        volumes: BTreeSet<ArrayVolumeName>,
        /// Oldest age that counts.
        rpo_minutes: u32,
    },
    /// Take volumes out of a Cinder group. The volumes themselves stay.
    LeaveGroup {
        /// Where.
        site: SiteName,
        /// Cinder group.
        group: CinderGroupId,
        /// Which.
        volumes: BTreeSet<VolumeId>,
    },
    /// Destroy clones that an earlier move left behind, once more only if the proof holds.
    DestroyRetained {
        /// Site of the array.
        site: SiteName,
        /// Key they were made under.
        made_by: OpKey,
        /// Which.
        volumes: BTreeSet<ArrayVolumeId>,
    },
    /// Take volumes off the list of what is retained, in the metadata of both sites.
    ForgetRetained {
        /// By site and id on the array.
        volumes: BTreeSet<(SiteName, ArrayVolumeId)>,
    },
    /// Destroy the clones of a test.
    RemoveClones {
        /// Site of the array.
        site: SiteName,
        /// The test.
        test: OperationId,
        /// Key they were made under.
        made_by: OpKey,
        /// Which.
        volumes: BTreeSet<ArrayVolumeId>,
    },
    /// Write the end into the metadata of both sites.
    Close {},
}

impl Action {
    /// The word it has in plans, under `do`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Announce {} => "announce",
            Self::StopServer { .. } => "stop_server",
            Self::Barrier {} => "barrier",
            Self::TakeSnapshot { .. } => "take_snapshot",
            Self::AwaitTransfer { .. } => "await_transfer",
            Self::AwaitInStep { .. } => "await_in_step",
            Self::Fence { .. } => "fence",
            Self::CloneVolumes { .. } => "clone_volumes",
            Self::ReopenVolumes { .. } => "reopen_volumes",
            Self::ImportVolume { .. } => "import_volume",
            Self::RetypeVolume { .. } => "retype_volume",
            Self::GroupVolumes { .. } => "group_volumes",
            Self::RetireServer { .. } => "retire_server",
            Self::EnsurePort { .. } => "ensure_port",
            Self::EnsureServer { .. } => "ensure_server",
            Self::VerifyServer { .. } => "verify_server",
            Self::CheckServer { .. } => "check_server",
            Self::Confirm { .. } => "confirm",
            Self::SwitchPrimary { .. } => "switch_primary",
            Self::EnsureArrayGroup { .. } => "ensure_array_group",
            Self::EnsureReplication { .. } => "ensure_replication",
            Self::AcceptFromPeer { .. } => "accept_from_peer",
            Self::DisableReplication { .. } => "disable_replication",
            Self::DeleteServer { .. } => "delete_server",
            Self::DeletePort { .. } => "delete_port",
            Self::ReleaseVolume { .. } => "release_volume",
            Self::RemoveClones { .. } => "remove_clones",
            Self::StopOldServer { .. } => "stop_old_server",
            Self::FenceOldGroup { .. } => "fence_old_group",
            Self::PreserveGroup { .. } => "preserve_group",
            Self::SettleOldSite { .. } => "settle_old_site",
            Self::ProveSurvival { .. } => "prove_survival",
            Self::LeaveGroup { .. } => "leave_group",
            Self::DestroyRetained { .. } => "destroy_retained",
            Self::ForgetRetained { .. } => "forget_retained",
            Self::Close {} => "close",
        }
    }
}
