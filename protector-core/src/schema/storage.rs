//! Methods of [`crate::ports::StorageDriver`], as a driver in another language sees them.

use super::document::part;
use super::method::{Method, change, look};
use crate::foreign::wire::{Seen, StorageDescription};
use crate::model::{
    ArrayGroupName, ArrayVolumeId, OpKey, ProtectionGroupId, RecoveryPoint, RecoveryPointName, Transfer,
};
use crate::ports::{
    ArrayGroup, ArrayInfo, ArrayVolume, CloneRequest, ClonedVolume, FenceState, GroupSpec, MemberSet, PeerArray,
    PreflightFinding, ReplicationSpec, ReplicationStatus, SnapshotRequest, StandbyGroup, SurvivingRecoveryPoint,
    VolumeQuery,
};
use std::collections::{BTreeMap, BTreeSet};

/// All of them.
pub const STORAGE: &[Method] = &[
    look::<StorageDescription>("describe", &[]),
    look::<ArrayInfo>("info", &[]),
    look::<Vec<PeerArray>>("peers", &[]),
    look::<Option<Seen<ArrayGroup>>>("group", &[part::<ArrayGroupName>("group")]),
    look::<Vec<Seen<RecoveryPoint>>>("recovery_points", &[part::<ArrayGroupName>("group")]),
    look::<Option<Seen<RecoveryPoint>>>("newest_complete", &[part::<ArrayGroupName>("group")]),
    look::<BTreeMap<ArrayGroupName, StandbyGroup>>("standby_groups", &[part::<BTreeSet<ArrayGroupName>>("groups")]),
    look::<Seen<ReplicationStatus>>("replication_status", &[part::<ArrayGroupName>("group")]),
    look::<Transfer>("transfer_status", &[part::<RecoveryPointName>("point")]),
    look::<Vec<ArrayVolume>>("volumes", &[part::<VolumeQuery>("query")]),
    look::<Vec<PreflightFinding>>("preflight", &[part::<CloneRequest>("request")]),
    change::<ArrayGroup>("ensure_group", &[part::<GroupSpec>("group")]),
    change::<ArrayGroup>("ensure_members", &[part::<ArrayGroupName>("group"), part::<MemberSet>("members")]),
    change::<()>("ensure_replication", &[part::<ArrayGroupName>("group"), part::<ReplicationSpec>("replication")]),
    change::<()>(
        "accept_from_peer",
        &[part::<ArrayGroupName>("group"), part::<ProtectionGroupId>("owner"), part::<bool>("allow")],
    ),
    change::<RecoveryPoint>(
        "create_protection_group_snapshot",
        &[part::<ArrayGroupName>("group"), part::<SnapshotRequest>("snapshot")],
    ),
    change::<Vec<ClonedVolume>>("clone_volumes", &[part::<CloneRequest>("request")]),
    change::<()>("remove_clones", &[part::<OpKey>("made_by"), part::<BTreeSet<ArrayVolumeId>>("volumes")]),
    change::<()>("demote", &[part::<ArrayGroupName>("group")]),
    change::<()>("promote", &[part::<ArrayGroupName>("group")]),
    change::<FenceState>("fence", &[part::<ArrayGroupName>("group")]),
    change::<FenceState>("unfence", &[part::<ArrayGroupName>("group")]),
    change::<()>("disable_replication", &[part::<ArrayGroupName>("group")]),
    change::<()>(
        "retire_group",
        &[
            part::<ArrayGroupName>("group"),
            part::<ProtectionGroupId>("owner"),
            part::<Option<SurvivingRecoveryPoint>>("surviving"),
        ],
    ),
];
