//! Networks, their address ranges, ports and security groups.

use crate::ports;
use serde::Deserialize;

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Network {
    pub(in crate::openstack) id: String,
    #[serde(default)]
    pub(in crate::openstack) name: String,
    #[serde(default)]
    project_id: Option<String>,
    #[serde(default)]
    shared: bool,
    #[serde(default, rename = "router:external")]
    external: bool,
}

impl Network {
    /// Whether the project may use it. An administrator is shown those of everybody.
    pub(in crate::openstack) fn is_for(&self, project: &str) -> bool {
        self.shared || self.external || self.project_id.as_deref() == Some(project)
    }
}

/// An address range of a network.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Subnet {
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) network_id: String,
    pub(in crate::openstack) cidr: String,
    #[serde(default)]
    pub(in crate::openstack) gateway_ip: Option<String>,
}

/// Networks by name, with their ranges.
pub(in crate::openstack) fn shown_networks(networks: &[Network], subnets: &[Subnet]) -> Vec<ports::Network> {
    let show = |network: &Network| {
        let of_network = subnets.iter().filter(|subnet| subnet.network_id == network.id);
        ports::Network {
            id: network.id.clone(),
            name: network.name.clone(),
            cidrs: of_network.map(|subnet| subnet.cidr.clone()).collect(),
        }
    };
    let mut shown: Vec<_> = networks.iter().map(show).collect();
    shown.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    shown
}

/// A port.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Port {
    pub(in crate::openstack) id: String,
    #[serde(default)]
    pub(in crate::openstack) name: String,
    pub(in crate::openstack) network_id: String,
    #[serde(default)]
    pub(in crate::openstack) mac_address: Option<String>,
    #[serde(default)]
    pub(in crate::openstack) device_id: String,
    #[serde(default)]
    pub(in crate::openstack) device_owner: String,
    #[serde(default)]
    pub(in crate::openstack) fixed_ips: Vec<FixedIp>,
}

/// An address of a port.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct FixedIp {
    pub(in crate::openstack) ip_address: String,
}

impl Port {
    pub(in crate::openstack) fn addresses(&self) -> Vec<String> {
        self.fixed_ips.iter().map(|ip| ip.ip_address.clone()).collect()
    }

    pub(in crate::openstack) fn show(&self, network: &str) -> ports::Port {
        ports::Port {
            id: self.id.as_str().into(),
            name: self.name.clone(),
            network: network.to_owned(),
            fixed_ips: self.addresses(),
        }
    }
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct SecurityGroup {
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) name: String,
}
