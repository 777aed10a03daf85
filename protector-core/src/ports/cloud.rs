//! One OpenStack.

use super::{Cx, Outcome};
use crate::Result;
use crate::model::{
    ArrayVolumeId, ArrayVolumeName, CinderGroupId, FlavorShape, Nic, PortId, ProjectId, ServerId, VolumeId, VolumeType,
};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{Debug, Display},
};

/// What a cloud says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CloudInfo {
    /// Name in clouds.yaml, or of the simulated cloud.
    pub name: String,
    /// Its own clock.
    pub endpoint_time: Timestamp,
}

/// State of a server, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServerState {
    /// Runs.
    Active,
    /// Stopped.
    Shutoff,
    /// Being built or changing state.
    Build,
    /// Failed.
    Error,
    /// Some other state; never read as good.
    Other,
}

/// A server with all that is needed to build it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Server {
    /// Identity.
    pub id: ServerId,
    /// Name.
    pub name: String,
    /// Project that owns it; `None`: the cloud does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// State.
    pub state: ServerState,
    /// Flavor name.
    pub flavor: String,
    /// Flavor size.
    pub flavor_shape: FlavorShape,
    /// Key pair.
    pub key_name: Option<String>,
    /// Availability zone.
    pub availability_zone: Option<String>,
    /// Security groups by name.
    pub security_groups: Vec<String>,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
    /// Interfaces in order.
    pub nics: Vec<Nic>,
    /// Attached volumes, boot disk first, then by device.
    pub volumes: Vec<AttachedVolume>,
}

/// Key of a server's metadata that holds the op key it was made under.
pub const SERVER_OP_KEY: &str = "protector_op_key";

/// A volume attached to a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AttachedVolume {
    /// Device, for example `vda`.
    pub device: String,
    /// Whether the server boots from it.
    pub boot: bool,
    /// Whether Nova would delete the volume with the server. Must be false before a server is removed.
    pub delete_on_termination: bool,
    /// The volume.
    pub volume: CloudVolume,
}

/// State of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum VolumeState {
    /// Not attached.
    Available,
    /// Attached.
    InUse,
    /// Being made or changing state.
    Creating,
    /// Failed.
    Error,
    /// Some other state; never read as good.
    Other,
}

/// A Cinder volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CloudVolume {
    /// Identity.
    pub id: VolumeId,
    /// Name.
    pub name: String,
    /// Size in GiB.
    pub size_gib: u64,
    /// Volume type by name.
    pub volume_type: String,
    /// Cinder host without the pool, `host@backend`.
    pub backend: String,
    /// State.
    pub state: VolumeState,
    /// Cinder group it is in.
    pub group: Option<CinderGroupId>,
    /// Name on the array, from metadata or provider id; never derived from the volume id.
    pub array_volume: Option<ArrayVolumeName>,
    /// Id on the array, where known.
    pub array_volume_id: Option<ArrayVolumeId>,
}

/// Status of a Cinder group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CinderGroupStatus {
    /// Usable.
    Available,
    /// Being made or changed.
    Updating,
    /// Failed.
    Error,
}

/// A Cinder generic volume group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CinderGroup {
    /// Identity.
    pub id: CinderGroupId,
    /// Name.
    pub name: String,
    /// Volume type by name.
    pub volume_type: String,
    /// Backend it was placed on, for example `pure@backend-a`.
    pub backend: String,
    /// Status.
    pub status: CinderGroupStatus,
    /// Its volumes.
    pub volumes: BTreeSet<VolumeId>,
}

/// A Cinder group to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CinderGroupSpec {
    /// Name; identifies the group for repeats.
    pub name: String,
    /// Volume type by name.
    pub volume_type: String,
}

/// An array volume to take under Cinder's management.
///
/// With a type that replicates synchronously Cinder also moves it: into its pod on both arrays, as
/// [`CINDER_POD`](crate::rules::naming::CINDER_POD)`::volume-<id>-cinder`. Its id on the array stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportRequest {
    /// Id on the array; identifies the volume for repeats, since Cinder renames it.
    pub array_volume_id: ArrayVolumeId,
    /// Its present name on the array.
    pub array_volume: ArrayVolumeName,
    /// Name the Cinder volume gets.
    pub name: String,
    /// Volume type by name.
    pub volume_type: String,
    /// Whether a server can boot from it.
    pub bootable: bool,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Network {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Address ranges of its subnets.
    pub cidrs: Vec<String>,
}

/// A flavor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Flavor {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Size.
    pub shape: FlavorShape,
}

/// What a project may still use. `None`: not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Quota {
    /// Servers left.
    pub servers: Option<u64>,
    /// Virtual CPUs left.
    pub vcpus: Option<u64>,
    /// Memory left, MiB.
    pub ram_mib: Option<u64>,
    /// Volumes left.
    pub volumes: Option<u64>,
    /// Volume space left, GiB.
    pub volume_gib: Option<u64>,
}

/// A port to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PortSpec {
    /// Name; identifies the port for repeats.
    pub name: String,
    /// A port to take as it is, if it is still there, on that network and free.
    pub reuse: Option<PortId>,
    /// Network by name.
    pub network: String,
    /// Wanted addresses; used only where they lie in the network's ranges, else the cloud chooses.
    pub fixed_ips: Vec<String>,
    /// Security groups by name; those that do not exist there are left out.
    pub security_groups: Vec<String>,
}

/// A port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Port {
    /// Identity.
    pub id: PortId,
    /// Name.
    pub name: String,
    /// Network by name.
    pub network: String,
    /// Addresses.
    pub fixed_ips: Vec<String>,
}

/// A server to have, booted from volumes that exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServerSpec {
    /// Idempotency: servers carry it in their metadata as [`SERVER_OP_KEY`].
    pub op_key: crate::model::OpKey,
    /// Name.
    pub name: String,
    /// Flavor by name.
    pub flavor: String,
    /// Ports in order.
    pub ports: Vec<PortId>,
    /// Volumes with device, boot disk first. Never deleted with the server.
    pub volumes: Vec<(String, VolumeId)>,
    /// Key pair, left out where it does not exist.
    pub key_name: Option<String>,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
}

/// One OpenStack cloud, seen by one project.
///
/// # Contract
/// Mutations are repeatable (see each). Asynchronous work of the cloud comes back as [`Outcome::InProgress`]; an object
/// that ends in error is an error, never success. Nothing is deleted together with its data.
///
/// # Errors common to all
/// no answer → `Unreachable`; rejected credentials → `Unauthenticated`; not allowed → `Forbidden` naming the policy rule;
/// reply lost after sending → `Indeterminate` → look, then repeat; quota → `LimitReached` naming which.
#[async_trait]
pub trait Cloud: Debug + Display + Send + Sync {
    /// Whether it answers, and its clock.
    async fn ping(&self) -> Result<CloudInfo>;

    /// All volume types by name.
    async fn volume_types(&self) -> Result<Vec<VolumeType>>;

    /// The Cinder group with this id, if there is one.
    async fn consistency_group(&self, id: &CinderGroupId) -> Result<Option<CinderGroup>>;

    /// Ensures a group of that name and type. Same name, type and ours: `AlreadyDone`.
    ///
    /// # Errors
    /// no such type → `NotFound`; ended in error → `Precondition` (no backend offers the type).
    async fn ensure_consistency_group(&self, cx: &Cx, spec: &CinderGroupSpec) -> Result<Outcome<CinderGroup>>;

    /// Ensures that the group holds exactly `volumes`. Taking a volume out leaves the volume itself alone.
    ///
    /// # Errors
    /// group or volume missing → `NotFound`; volume in another group or of another type → `Conflict`, nothing changed.
    async fn ensure_group_members(
        &self,
        cx: &Cx,
        group: &CinderGroupId,
        volumes: &BTreeSet<VolumeId>,
    ) -> Result<Outcome<CinderGroup>>;

    /// Deletes an empty group. Missing already: `AlreadyDone`.
    ///
    /// # Errors
    /// group has volumes → `DataSafety`.
    async fn delete_consistency_group(&self, cx: &Cx, group: &CinderGroupId) -> Result<Outcome<()>>;

    /// All servers of the project, by name then id.
    async fn servers(&self) -> Result<Vec<Server>>;

    /// The server with this id, if there is one.
    async fn server(&self, id: &ServerId) -> Result<Option<Server>>;

    /// The volume with this id, if there is one.
    async fn volume(&self, id: &VolumeId) -> Result<Option<CloudVolume>>;

    /// Networks by name.
    async fn networks(&self) -> Result<Vec<Network>>;

    /// Flavors by name.
    async fn flavors(&self) -> Result<Vec<Flavor>>;

    /// Names of the project's security groups, sorted.
    ///
    /// # Errors
    /// cannot be asked for → `Unsupported`: then nobody knows which there are.
    async fn security_groups(&self) -> Result<Vec<String>> {
        Err(crate::Error::unsupported(format!("{self} cannot list security groups")))
    }

    /// What is left of the project's quota.
    async fn quota(&self) -> Result<Quota>;

    /// Stops a server cleanly. Stopped already: `AlreadyDone`.
    ///
    /// # Errors
    /// missing → `NotFound`.
    async fn stop_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>>;

    /// Starts a server. Active already: `AlreadyDone`.
    ///
    /// # Errors
    /// missing → `NotFound`; ended in error → `Precondition`.
    async fn start_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>>;

    /// Takes an array volume under management (`manage`). Managed already by this cloud: `AlreadyDone`. A type that replicates
    /// synchronously brings it into Cinder's pod, which is made and stretched if need be; it does not join Cinder's own group
    /// of asynchronously replicated volumes.
    ///
    /// # Errors
    /// no such array volume → `NotFound`; type not on that backend → `Precondition`; the volume lies in a replicated pod,
    /// which Cinder does not manage volumes of → `Precondition` → clone it out of the pod; a synchronous type, and the arrays do
    /// not reach each other, or Cinder's pod is not online on this one → `Precondition`.
    async fn import_volume(&self, cx: &Cx, request: &ImportRequest) -> Result<Outcome<CloudVolume>>;

    /// Gives a volume another type of the same backend; attached or not. Between a plain type and one of synchronous
    /// replication Cinder moves it into or out of its pod on the array, so its name there changes and its id stays. Into the
    /// pod it goes without the protection groups it was in. Has that type already: `AlreadyDone`.
    ///
    /// # Errors
    /// volume or type missing → `NotFound`; type not offered by that backend → `Precondition`; the arrays do not reach each
    /// other where either type replicates synchronously, or Cinder's pod is not online on this one → `Precondition`; it is to
    /// leave the pod, and is in a protection group there → `Precondition` → take it out of that group first; volume is in a
    /// Cinder group → `Conflict` → take it out of that group first.
    async fn retype_volume(&self, cx: &Cx, id: &VolumeId, volume_type: &str) -> Result<Outcome<CloudVolume>>;

    /// Gives a volume back to the array (`unmanage`); the data stays, in Cinder's pod if that is where they are. Missing
    /// already: `AlreadyDone`.
    ///
    /// # Errors
    /// attached, or in a pod that is not online on this array → `Precondition`.
    async fn release_volume(&self, cx: &Cx, id: &VolumeId) -> Result<Outcome<()>>;

    /// Ensures a port of that name on that network, or the one to reuse. Same name and network, or reused: `AlreadyDone`.
    ///
    /// # Errors
    /// no such network → `NotFound`; address taken → `Conflict`.
    async fn ensure_port(&self, cx: &Cx, spec: &PortSpec) -> Result<Outcome<Port>>;

    /// Deletes a port. Missing already: `AlreadyDone`.
    async fn delete_port(&self, cx: &Cx, id: &PortId) -> Result<Outcome<()>>;

    /// Ensures a server with that op key, up to `ACTIVE`.
    ///
    /// # Errors
    /// flavor, port or volume missing → `NotFound`; volume attached elsewhere → `Conflict`; ended in error → `Precondition`.
    async fn ensure_server(&self, cx: &Cx, spec: &ServerSpec) -> Result<Outcome<Server>>;

    /// Deletes a server and keeps its volumes and its ports. Missing already: `AlreadyDone`.
    ///
    /// # Errors
    /// a volume would be deleted with it → `DataSafety`, nothing changed.
    async fn delete_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>>;
}
