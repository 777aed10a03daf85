//! A member: one server of a protection group, with everything needed to build it again elsewhere.

use super::{ArrayVolumeId, ArrayVolumeName, DiskId, OpKey, PortId, ServerId, SiteName, StartOptions, VolumeId};
use jiff::Timestamp;
use litemap::LiteMap;
use serde::{Deserialize, Serialize, Serializer};
use std::{collections::BTreeMap, fmt};

/// Something for each site that has it: one or two entries, so a list of them is smaller than a tree, whose nodes have room
/// for eleven.
pub type BySite<T> = LiteMap<SiteName, T>;

/// Also where it is empty, which the library's own way writes as a list.
fn as_map<S: Serializer, T: Serialize>(all: &BySite<T>, output: S) -> Result<S::Ok, S::Error> {
    output.collect_map(all.iter())
}

/// A protected server.
///
/// Captures are refreshed at every change, so that an unplanned failover needs nothing from the lost site; the capture of
/// the site that is left for a while gives the server its old networks and addresses back at the failback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Member {
    /// Nova id on the site where the member was added; names the member for ever.
    pub id: ServerId,
    /// Server name.
    pub name: String,
    /// Start order: lower tiers start first and stop last.
    pub tier: u16,
    /// What it waits for, and how one tells that it is up.
    #[serde(default)]
    pub start: StartOptions,
    /// Status.
    pub status: MemberStatus,
    /// What the server looks like on each site where it has run.
    #[serde(serialize_with = "as_map")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<SiteName, ServerCapture>"))]
    pub captures: BySite<ServerCapture>,
    /// All of its volumes, boot disk first, then by device name.
    pub disks: Vec<Disk>,
    /// The Nova server that stands for this member on each site where there is one.
    #[serde(serialize_with = "as_map")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<SiteName, ServerId>"))]
    pub servers: BySite<ServerId>,
}

impl Member {
    /// The member's server on `site`.
    pub fn server_on(&self, site: &SiteName) -> Option<&ServerId> {
        self.servers.get(site)
    }
}

/// Status of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MemberStatus {
    /// Its volumes are in the consistency group and the array group.
    Protected,
    /// Runs on the other site.
    FailedOver,
    /// Did not arrive in the last operation.
    Error,
}

impl fmt::Display for MemberStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Protected => "protected",
            Self::FailedOver => "failed_over",
            Self::Error => "error",
        })
    }
}

/// What was read of a server from Nova and Neutron.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServerCapture {
    /// Flavor name.
    pub flavor: String,
    /// Its shape, to find an equal one where the name differs.
    pub flavor_shape: FlavorShape,
    /// Key pair name.
    pub key_name: Option<String>,
    /// Availability zone.
    pub availability_zone: Option<String>,
    /// Security group names.
    pub security_groups: Vec<String>,
    /// Server metadata.
    pub metadata: BTreeMap<String, String>,
    /// Network interfaces in order.
    pub nics: Vec<Nic>,
    /// When this was read.
    pub captured_at: Timestamp,
}

/// Size of a flavor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FlavorShape {
    /// Virtual CPUs.
    pub vcpus: u32,
    /// Memory in MiB.
    pub ram_mib: u32,
    /// Root disk in GiB; 0 for boot from volume.
    pub disk_gib: u32,
}

/// A network interface of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Nic {
    /// The port, which may outlive the server and then keeps its addresses.
    #[serde(default)]
    pub port: Option<PortId>,
    /// Network name on the site where it was read.
    pub network: String,
    /// MAC address.
    pub mac_address: Option<String>,
    /// Fixed addresses.
    pub fixed_ips: Vec<String>,
}

/// One volume of a member, wherever its copies are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Disk {
    /// Identity on both sites.
    pub id: DiskId,
    /// Volume name.
    pub name: String,
    /// Size in GiB.
    pub size_gib: u64,
    /// Device on the server, for example `vda`.
    pub device: String,
    /// Whether the server boots from it.
    pub boot: bool,
    /// The copy in use on each site that has one.
    #[serde(serialize_with = "as_map")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<SiteName, DiskCopy>"))]
    pub copies: BySite<DiskCopy>,
}

/// A disk's volume on one site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiskCopy {
    /// Cinder volume.
    pub volume_id: VolumeId,
    /// Volume on the array under that cloud, by name as last seen.
    pub array_volume: ArrayVolumeName,
    /// The same by id.
    pub array_volume_id: ArrayVolumeId,
    /// Key under which an operation cloned it; absent for a volume that the tenant made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloned_under: Option<OpKey>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records are read by other builds and languages: by site is a map, however many sites there are.
    #[test]
    fn what_a_disk_has_by_site_is_written_as_a_map() {
        let copy = DiskCopy {
            volume_id: "v".into(),
            array_volume: "volume-v-cinder".into(),
            array_volume_id: "id".into(),
            cloned_under: None,
        };
        let disk = |copies: &[&str]| Disk {
            id: "v".into(),
            name: "boot".to_owned(),
            size_gib: 1,
            device: "vda".to_owned(),
            boot: true,
            copies: copies.iter().map(|site| (SiteName::from(*site), copy.clone())).collect(),
        };
        for (copies, sites) in [(&[][..], &[][..]), (&["site-b"], &["site-b"]), (&["b", "a"], &["a", "b"])] {
            let value = serde_json::to_value(disk(copies)).unwrap();
            assert_eq!(value["copies"].as_object().unwrap().keys().collect::<Vec<_>>(), sites);
            assert_eq!(serde_json::from_value::<Disk>(value).unwrap(), disk(copies));
        }
    }
}
