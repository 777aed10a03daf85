//! Servers, and what they are made of.

use super::network::{Network, Port};
use super::volume::Volume;
use crate::model::{FlavorShape, Nic};
use crate::ports::{self, AttachedVolume, CloudVolume, ServerState, VolumeState};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A server, as `servers/detail` shows it from microversion 2.47 on, where it carries its flavor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Server {
    pub(in crate::openstack) id: String,
    #[serde(default)]
    pub(in crate::openstack) name: String,
    pub(in crate::openstack) status: String,
    #[serde(default)]
    pub(in crate::openstack) tenant_id: Option<String>,
    #[serde(default)]
    flavor: EmbeddedFlavor,
    #[serde(default)]
    key_name: Option<String>,
    #[serde(default, rename = "OS-EXT-AZ:availability_zone")]
    availability_zone: Option<String>,
    #[serde(default, rename = "OS-EXT-STS:task_state")]
    pub(in crate::openstack) task_state: Option<String>,
    /// For administrators.
    #[serde(default, rename = "OS-EXT-SRV-ATTR:root_device_name")]
    root_device_name: Option<String>,
    #[serde(default)]
    security_groups: Vec<Name>,
    #[serde(default)]
    pub(in crate::openstack) metadata: BTreeMap<String, String>,
    #[serde(default)]
    addresses: Addresses,
    #[serde(default, rename = "os-extended-volumes:volumes_attached")]
    pub(in crate::openstack) volumes_attached: Vec<Attached>,
    #[serde(default)]
    pub(in crate::openstack) fault: Option<ServerFault>,
    #[serde(default)]
    pub(in crate::openstack) locked: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct EmbeddedFlavor {
    #[serde(default)]
    original_name: String,
    #[serde(default)]
    vcpus: u32,
    #[serde(default)]
    ram: u32,
    #[serde(default)]
    disk: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Name {
    name: String,
}

/// A volume that Nova knows to be attached. `None`: it does not say whether the volume goes with the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Attached {
    pub(in crate::openstack) id: String,
    #[serde(default)]
    pub(in crate::openstack) delete_on_termination: Option<bool>,
}

/// Why a server is in error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(in crate::openstack) struct ServerFault {
    pub(in crate::openstack) message: String,
}

/// Something that was to be done with a server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Action {
    action: String,
    pub(in crate::openstack) request_id: String,
    /// Absent while it goes on, and where it went well.
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    events: Vec<ActionEvent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct ActionEvent {
    #[serde(default)]
    result: Option<String>,
    #[serde(default)]
    details: Option<String>,
}

impl Action {
    /// What became of it, in Nova's words where it has some.
    pub(in crate::openstack) fn told(&self) -> String {
        let end = self.message.as_deref().unwrap_or("no error");
        let told = format!("its newest action '{}' ended with '{end}' ({})", self.action, self.request_id);
        let failed = |event: &&ActionEvent| event.result.as_deref().is_some_and(|result| result != "Success");
        match self.events.iter().find(failed).and_then(|event| event.details.as_deref()) {
            Some(details) => format!("{details} {told}"),
            None => told,
        }
    }
}

/// MAC addresses in the order in which Nova lists them, which is that of the interfaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Addresses(Vec<String>);

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct InOrder;
        #[derive(Deserialize)]
        struct Address {
            #[serde(default, rename = "OS-EXT-IPS-MAC:mac_addr")]
            mac: String,
        }
        impl<'de> Visitor<'de> for InOrder {
            type Value = Addresses;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("addresses by network")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Addresses, A::Error> {
                let mut macs = Vec::new();
                while let Some((_, addresses)) = map.next_entry::<String, Vec<Address>>()? {
                    macs.extend(addresses.into_iter().map(|address| address.mac));
                }
                Ok(Addresses(macs))
            }
        }
        input.deserialize_map(InOrder)
    }
}

/// What a server is shown with: what there is in Cinder and Neutron.
#[derive(Debug, Clone, Copy)]
pub(in crate::openstack) struct Surroundings<'a> {
    pub(in crate::openstack) volumes: &'a [Volume],
    pub(in crate::openstack) ports: &'a [Port],
    pub(in crate::openstack) networks: &'a [Network],
}

impl Server {
    pub(in crate::openstack) fn state(&self) -> ServerState {
        if self.task_state.as_deref().is_some_and(is_a_change) {
            return ServerState::Build;
        }
        match self.status.as_str() {
            "ACTIVE" => ServerState::Active,
            "SHUTOFF" => ServerState::Shutoff,
            "BUILD" | "REBOOT" | "HARD_REBOOT" | "REBUILD" | "RESIZE" | "REVERT_RESIZE" | "MIGRATING" => {
                ServerState::Build
            }
            "ERROR" => ServerState::Error,
            _ => ServerState::Other,
        }
    }

    /// What Nova says about its error.
    pub(in crate::openstack) fn fault_text(&self) -> &str {
        self.fault.as_ref().map_or("Nova does not say why", |fault| fault.message.as_str())
    }

    /// Whether lists that may be a moment old have all that Nova says of it now.
    pub(in crate::openstack) fn is_all_in(&self, around: Surroundings<'_>) -> bool {
        let own = around.ports.iter().filter(|port| port.device_id == self.id);
        let ports: BTreeSet<_> =
            own.map(|port| port.mac_address.as_ref().map(|mac| mac.to_ascii_lowercase())).collect();
        // an interface with several addresses is named with each of them
        let named: BTreeSet<_> = self.addresses.0.iter().map(|mac| Some(mac.to_ascii_lowercase())).collect();
        let is_at_its_device = |attached: &Attached| {
            around.volumes.iter().any(|volume| volume.id == attached.id && volume.device_on(&self.id).is_some())
        };
        ports == named && self.volumes_attached.iter().all(is_at_its_device)
    }

    pub(in crate::openstack) fn show(&self, around: Surroundings<'_>) -> ports::Server {
        let groups: BTreeSet<&str> = self.security_groups.iter().map(|group| group.name.as_str()).collect();
        ports::Server {
            id: self.id.as_str().into(),
            name: self.name.clone(),
            project: self.tenant_id.as_deref().map(Into::into),
            state: self.state(),
            flavor: self.flavor.original_name.clone(),
            flavor_shape: FlavorShape {
                vcpus: self.flavor.vcpus,
                ram_mib: self.flavor.ram,
                disk_gib: self.flavor.disk,
            },
            key_name: self.key_name.clone(),
            availability_zone: self.availability_zone.clone().filter(|zone| !zone.is_empty()),
            security_groups: groups.into_iter().map(str::to_owned).collect(),
            metadata: self.metadata.clone(),
            nics: self.nics(around),
            volumes: self.volumes(around.volumes),
        }
    }

    fn nics(&self, around: Surroundings<'_>) -> Vec<Nic> {
        let place = |port: &Port| {
            let at = |mac: &String| self.addresses.0.iter().position(|listed| listed.eq_ignore_ascii_case(mac));
            (port.mac_address.as_ref().and_then(at).unwrap_or(usize::MAX), port.id.clone())
        };
        let mut ports: Vec<&Port> = around.ports.iter().filter(|port| port.device_id == self.id).collect();
        ports.sort_by_key(|port| place(port));
        let named =
            |id: &str| around.networks.iter().find(|network| network.id == id).map(|network| network.name.clone());
        let nic = |port: &Port| Nic {
            port: Some(port.id.as_str().into()),
            // a network that cannot be seen has no name here, and is called by its id
            network: named(&port.network_id).unwrap_or_else(|| port.network_id.clone()),
            mac_address: port.mac_address.clone(),
            fixed_ips: port.addresses(),
        };
        ports.into_iter().map(nic).collect()
    }

    fn volumes(&self, volumes: &[Volume]) -> Vec<AttachedVolume> {
        let attached = |attached: &Attached| {
            let known = volumes.iter().find(|volume| volume.id == attached.id);
            let device = known.and_then(|volume| volume.device_on(&self.id)).unwrap_or_default().to_owned();
            AttachedVolume {
                boot: self.boots_from(known, &device),
                device,
                // who does not say that it stays may take it along
                delete_on_termination: attached.delete_on_termination.unwrap_or(true),
                volume: known.map_or_else(|| unseen(&attached.id), Volume::show),
            }
        };
        let mut shown: Vec<AttachedVolume> = self.volumes_attached.iter().map(attached).collect();
        shown.sort_by(|a, b| (!a.boot, &a.device, &a.volume.id).cmp(&(!b.boot, &b.device, &b.volume.id)));
        shown
    }

    /// The boot disk is the one at the root device; who is not told that goes by the first device of a bus.
    fn boots_from(&self, volume: Option<&Volume>, device: &str) -> bool {
        match self.root_device_name.as_deref() {
            Some(root) => !device.is_empty() && root.strip_prefix("/dev/").unwrap_or(root) == device,
            None => volume.is_some_and(Volume::is_bootable) && matches!(device, "vda" | "sda" | "xvda" | "hda"),
        }
    }
}

/// A volume that Cinder does not show: nothing about it is good.
fn unseen(id: &str) -> CloudVolume {
    CloudVolume {
        id: id.into(),
        name: String::new(),
        size_gib: 0,
        volume_type: String::new(),
        backend: String::new(),
        state: VolumeState::Other,
        group: None,
        array_volume: None,
        array_volume_id: None,
    }
}

/// Whether a task changes what a server is; taking an image of it does not.
fn is_a_change(task: &str) -> bool {
    !task.is_empty() && !task.starts_with("image_")
}

/// A flavor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Flavor {
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) name: String,
    vcpus: u32,
    ram: u32,
    disk: u32,
}

impl Flavor {
    pub(in crate::openstack) fn show(&self) -> ports::Flavor {
        let shape = FlavorShape { vcpus: self.vcpus, ram_mib: self.ram, disk_gib: self.disk };
        ports::Flavor { id: self.id.clone(), name: self.name.clone(), shape }
    }
}

/// A server of which no more is wanted than which it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct ServerEntry {
    pub(in crate::openstack) id: String,
}

/// A key pair in a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct KeyPairEntry {
    keypair: Name,
}

impl KeyPairEntry {
    pub(in crate::openstack) fn name(&self) -> &str {
        &self.keypair.name
    }
}
