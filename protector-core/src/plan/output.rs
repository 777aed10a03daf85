//! What steps leave behind for later steps.

use crate::model::{
    ArrayGroupName, ArrayId, ArrayName, ArrayVolumeId, ArrayVolumeName, DiskCopy, DiskId, Nic, OpKey, PortId,
    RecoveryPointName, ServerId, SiteName, VolumeId,
};
use crate::ports::FenceState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one step left behind. Journalled with the step's outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "output", rename_all = "snake_case")]
pub enum StepOutput {
    /// Nothing that later steps need.
    Nothing,
    /// A recovery point that is complete on the target, by its name there.
    Point {
        /// Name on the target array.
        name: RecoveryPointName,
        /// Instant of its data.
        created: Timestamp,
    },
    /// Evidence of a fence: what was seen, when, and from which array.
    Fenced {
        /// Site of the array.
        site: SiteName,
        /// Group that was fenced.
        group: ArrayGroupName,
        /// What the array said.
        state: FenceState,
        /// Id of the array that said so.
        array_id: ArrayId,
        /// Its name.
        array: ArrayName,
        /// When, by its own clock.
        at: Timestamp,
    },
    /// What a site that was left still held, in a snapshot on its own array.
    Preserved {
        /// Site of the array.
        site: SiteName,
        /// The snapshot; absent if that array holds nothing of it any more.
        snapshot: Option<RecoveryPointName>,
        /// What was seen: an earlier snapshot there that shows that the site ran on, or that everything is gone.
        evidence: Option<String>,
    },
    /// A recovery point that survives what follows.
    Survivor {
        /// Site of the array that holds it.
        site: SiteName,
        /// That array.
        array: ArrayName,
        /// The recovery point.
        point: RecoveryPointName,
        /// Instant of its data.
        created: Timestamp,
    },
    /// Clones on the target array.
    Clones {
        /// Key they were made under.
        made_by: OpKey,
        /// Disk, id and name of each.
        volumes: Vec<(DiskId, ArrayVolumeId, ArrayVolumeName)>,
    },
    /// A volume under Cinder's management.
    Volume {
        /// Disk.
        disk: DiskId,
        /// The copy.
        copy: DiskCopy,
    },
    /// A volume that has another type, and with it perhaps another name on the array.
    Retyped {
        /// Where.
        site: SiteName,
        /// Disk.
        disk: DiskId,
        /// The copy as it is now.
        copy: DiskCopy,
    },
    /// Volumes that stayed on the target and take writes again.
    Reopened {
        /// Disk and copy of each.
        volumes: Vec<(DiskId, DiskCopy)>,
    },
    /// A port.
    Port {
        /// Member.
        member: ServerId,
        /// Position among its interfaces.
        nic: usize,
        /// The port.
        port: PortId,
        /// Network and addresses it got.
        interface: Nic,
    },
    /// A server.
    Server {
        /// Member.
        member: ServerId,
        /// The server that stands for it.
        server: ServerId,
        /// Flavor it got.
        flavor: String,
    },
    /// A check that succeeded.
    Checked {
        /// The end of what it wrote.
        lines: Vec<String>,
    },
}

/// Everything the finished steps of an operation left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outputs {
    /// The recovery point, if the operation took one.
    pub point: Option<(RecoveryPointName, Timestamp)>,
    /// What each site that was fenced said.
    pub fences: BTreeMap<SiteName, FenceState>,
    /// Snapshots for the ledger, with what they show of later writes.
    pub preserved: BTreeMap<SiteName, (Option<RecoveryPointName>, Option<String>)>,
    /// Clones by disk.
    pub clones: BTreeMap<DiskId, (ArrayVolumeId, ArrayVolumeName)>,
    /// Key the clones were made under.
    pub clone_key: Option<OpKey>,
    /// Imported volumes, and those that stayed and are in use again, by disk.
    pub volumes: BTreeMap<DiskId, DiskCopy>,
    /// Volumes that were there before and have another type now.
    pub retyped: BTreeMap<(SiteName, DiskId), DiskCopy>,
    /// Ports by member and position.
    pub ports: BTreeMap<(ServerId, usize), (PortId, Nic)>,
    /// Servers by member, with flavor.
    pub servers: BTreeMap<ServerId, (ServerId, String)>,
}

impl Outputs {
    /// Adds what one step left behind. Adding the same output again changes nothing.
    pub fn add(&mut self, output: StepOutput) {
        match output {
            StepOutput::Nothing | StepOutput::Survivor { .. } | StepOutput::Checked { .. } => {}
            StepOutput::Point { name, created } => self.point = Some((name, created)),
            StepOutput::Fenced { site, state, .. } => {
                self.fences.insert(site, state);
            }
            StepOutput::Preserved { site, snapshot, evidence } => {
                self.preserved.insert(site, (snapshot, evidence));
            }
            StepOutput::Clones { made_by, volumes } => {
                self.clone_key = Some(made_by);
                self.clones.extend(volumes.into_iter().map(|(disk, id, name)| (disk, (id, name))));
            }
            StepOutput::Volume { disk, copy } => {
                self.volumes.insert(disk, copy);
            }
            StepOutput::Reopened { volumes } => self.volumes.extend(volumes),
            StepOutput::Retyped { site, disk, copy } => {
                self.retyped.insert((site, disk), copy);
            }
            StepOutput::Port { member, nic, port, interface } => {
                self.ports.insert((member, nic), (port, interface));
            }
            StepOutput::Server { member, server, flavor } => {
                self.servers.insert(member, (server, flavor));
            }
        }
    }

    /// Cinder ids of the imported volumes.
    pub fn volume_ids(&self) -> impl Iterator<Item = &VolumeId> {
        self.volumes.values().map(|copy| &copy.volume_id)
    }
}
