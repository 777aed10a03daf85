//! Everything a plan may depend on, observed beforehand.

use super::{Durations, Limits};
use crate::model::{
    ArrayId, ArrayName, ArrayVolumeId, GroupRecord, MetadataVersion, OpKey, OpenOperation, OperationId, PortId,
    RecoveryPoint, ServerId, SiteName, VolumeId, VolumeType,
};
use crate::ports::{
    ArrayGroup, ArrayInfo, CloudVolume, Flavor, Network, OpenTest, PodStatus, Quota, ReplicationLink, Server,
};
use crate::{Error, ErrorKind, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Version of the facts' shape.
pub const FACTS_SCHEMA: u32 = 1;

/// What was seen, or why it could not be. Not seen never reads as good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Observation_{T}"))]
#[serde(rename_all = "snake_case")]
pub enum Observation<T> {
    /// Seen.
    Known(T),
    /// Could not be seen; the text says why.
    Unknown(String),
    /// It answers, and does not accept the credentials or allow the question; the text says which.
    Refused(String),
}

impl<T> Observation<T> {
    /// The value, if it was seen.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) | Self::Refused(_) => None,
        }
    }

    /// Why it was not seen.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(reason) | Self::Refused(reason) => Some(reason),
        }
    }
}

impl<T> From<Result<T>> for Observation<T> {
    fn from(result: Result<T>) -> Self {
        result.map_or_else(
            |e| match e.kind() {
                ErrorKind::Unauthenticated | ErrorKind::Forbidden => Self::Refused(e.message().to_owned()),
                _ => Self::Unknown(e.message().to_owned()),
            },
            Self::Known,
        )
    }
}

/// The world as far as one group is concerned, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Facts {
    /// Shape of this value: 1.
    pub schema: u32,
    /// The moment.
    pub now: Timestamp,
    /// The site that asks; its store will hold the journal.
    pub local_site: SiteName,
    /// The group.
    pub record: GroupRecord,
    /// The operation that is open on it.
    pub open_operation: Option<OpenOperation>,
    /// Why its latest operation cannot be read by this version, if that is so.
    #[serde(default)]
    pub unreadable_operation: Option<String>,
    /// The other site's metadata.
    pub peer: PeerFacts,
    /// The site where the workload runs.
    pub source: SiteFacts,
    /// The standby site.
    pub target: SiteFacts,
    /// The test failover a cleanup is about, or one that a commit has to wait for.
    #[serde(default)]
    pub test: Option<TestRun>,
    /// How long steps took before, on both sites and as far as the site that asks was at work.
    #[serde(default)]
    pub durations: Durations,
    /// How many steps the executor will run at once.
    #[serde(default)]
    pub limits: Limits,
    /// Set where arrays are simulated and clouds are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated_storage: Option<SimulatedStorage>,
}

/// What may be done where arrays are simulated and clouds are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SimulatedStorage {
    /// Whether servers may be stopped, and others started with blank disks in their place.
    pub failover_to_blank_disks: bool,
}

/// The other site's metadata, as seen from the site that asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PeerFacts {
    /// The other site.
    pub site: SiteName,
    /// The version it holds; `Known(None)`: it answers and does not have the group.
    pub version: Observation<Option<MetadataVersion>>,
    /// It holds the same version with another content.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub differs: bool,
    /// Test failovers made from there that are not cleaned up; `None`: not asked, which a commit takes for not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<Observation<Vec<OpenTest>>>,
}

/// One site's cloud and array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SiteFacts {
    /// The site.
    pub site: SiteName,
    /// Its cloud.
    pub cloud: Observation<CloudFacts>,
    /// Its array.
    pub array: Observation<ArrayFacts>,
    /// When both had answered, or had been given up.
    #[serde(default)]
    pub observed_at: Option<Timestamp>,
}

/// What was seen of a cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CloudFacts {
    /// Networks.
    pub networks: Vec<Network>,
    /// Flavors.
    pub flavors: Vec<Flavor>,
    /// The members' servers that exist there, by Nova id.
    pub servers: BTreeMap<ServerId, Server>,
    /// Volumes in the group's Cinder group.
    pub group_volumes: BTreeSet<VolumeId>,
    /// Volume types; `None`: not asked.
    #[serde(default)]
    pub volume_types: Option<Vec<VolumeType>>,
    /// What the project may still use; `None`: not asked.
    #[serde(default)]
    pub quota: Option<Quota>,
    /// Retained volumes that Cinder still has; looked at for a commit only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retained: BTreeMap<VolumeId, CloudVolume>,
}

/// What was seen of an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArrayFacts {
    /// Identity.
    pub id: ArrayId,
    /// Name.
    pub name: ArrayName,
    /// The other array, as this one names it; known even while that array is down.
    pub peer: Option<ArrayName>,
    /// Link to the other array.
    pub link: ReplicationLink,
    /// The group as a local group of this array, if it has one.
    pub local_group: Option<ArrayGroup>,
    /// The image of the other array's group, if it has one.
    pub image: Option<ArrayGroup>,
    /// Recovery points of that image; of a group in a pod its own, which both arrays have.
    pub recovery_points: Vec<RecoveryPoint>,
    /// How the pod of the group stands, as this array sees it; `None`: the group is in none, or the array could not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<PodStatus>,
}

impl ArrayFacts {
    /// Facts that know only who the array is.
    pub fn identity(info: ArrayInfo) -> Self {
        Self {
            id: info.id,
            name: info.name,
            peer: None,
            link: ReplicationLink::Unknown,
            local_group: None,
            image: None,
            recovery_points: Vec::new(),
            pod: None,
        }
    }
}

/// What one test failover made and has not been removed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TestRun {
    /// The test.
    pub operation: OperationId,
    /// Site of the test.
    pub site: SiteName,
    /// Servers.
    pub servers: Vec<ServerId>,
    /// Ports.
    pub ports: Vec<PortId>,
    /// Cinder volumes.
    pub volumes: Vec<VolumeId>,
    /// Key under which the clones were made.
    pub clone_key: OpKey,
    /// Clones on the array.
    pub clones: BTreeSet<ArrayVolumeId>,
}

impl Facts {
    /// Checks that this planner understands the facts.
    ///
    /// # Errors
    /// another schema → `Unsupported`.
    pub fn validate(&self) -> Result<()> {
        if self.schema == FACTS_SCHEMA {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unsupported,
            format!("facts have schema {}, this planner reads {FACTS_SCHEMA}", self.schema),
        ))
    }

    /// Whether the source site answers on both its cloud and its array.
    pub fn source_answers(&self) -> bool {
        self.source.cloud.known().is_some() && self.source.array.known().is_some()
    }
}
