//! Ports: with the wanted addresses where the network has them, or taken over as they are.

use super::OpenStackCloud;
use super::addresses::fitting;
use super::answers::{Port, Subnet};
use super::calls::neutron;
use super::reads::{CATALOGUE, NOW};
use super::session::Until;
use crate::model::PortId;
use crate::ports::{self, Outcome, PortSpec};
use crate::{Error, Result};

impl OpenStackCloud {
    pub(super) async fn port(&self, spec: &PortSpec, until: Until) -> Result<Outcome<ports::Port>> {
        let (network, ports) = futures::try_join!(self.network_id(&spec.network, until), self.ports(NOW, until))?;
        if let Some(port) = present(&ports, spec, &network) {
            return Ok(Outcome::AlreadyDone(port.show(&spec.network)));
        }
        let subnets = self.subnets(CATALOGUE, until).await?;
        let of_network: Vec<&Subnet> = subnets.iter().filter(|subnet| subnet.network_id == network).collect();
        let wanted = fitting(&spec.name, &spec.fixed_ips, &of_network)?;
        let on_network = || ports.iter().filter(|port| port.network_id == network);
        for address in &wanted {
            let address = address.address.to_string();
            if let Some(holder) = on_network().find(|port| port.addresses().contains(&address)) {
                return Err(Error::conflict(format!(
                    "address {address} of network '{}', wanted for port '{}', is taken by port '{}'",
                    spec.network, spec.name, holder.id
                ))
                .remedy(format!("{} port show {}", self.command(), holder.id)));
            }
        }
        let groups = if spec.security_groups.is_empty() { Vec::new() } else { self.known_groups(spec, until).await? };
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let made = self.session.send(&neutron::create_port(&spec.name, &network, &wanted, &groups), until).await?;
        Ok(Outcome::Done(made.under::<Port>("port")?.show(&spec.network)))
    }

    /// Ids of the wanted security groups that there are.
    async fn known_groups(&self, spec: &PortSpec, until: Until) -> Result<Vec<String>> {
        let mut there = self.project_security_groups(CATALOGUE, until).await?;
        if !spec.security_groups.iter().all(|name| there.iter().any(|group| group.name == *name)) {
            there = self.project_security_groups(NOW, until).await?;
        }
        let wanted = there.iter().filter(|group| spec.security_groups.contains(&group.name));
        Ok(wanted.map(|group| group.id.clone()).collect())
    }

    /// Id of the network of this name.
    async fn network_id(&self, name: &str, until: Until) -> Result<String> {
        let mut networks = self.usable_networks(CATALOGUE, until).await?;
        if networks.iter().filter(|network| network.name == name).count() != 1 {
            networks = self.usable_networks(NOW, until).await?;
        }
        let of_name: Vec<&str> = networks.iter().filter(|n| n.name == name).map(|n| n.id.as_str()).collect();
        match of_name.as_slice() {
            [only] => Ok((*only).to_owned()),
            [] => Err(Error::not_found(format!("{} has no network '{name}'", self.whose()))
                .remedy(format!("{} network list", self.command()))),
            several => Err(Error::conflict(format!(
                "{} has {} networks '{name}' that this project may use: {}",
                self.whose(),
                several.len(),
                several.join(", ")
            ))
            .remedy("rename all but one of them")),
        }
    }

    /// Deletes a port.
    pub(super) async fn remove_port(&self, id: &PortId, until: Until) -> Result<Outcome<()>> {
        Ok(match self.session.find(&neutron::delete_port(id), until).await? {
            Some(_) => Outcome::Done(()),
            None => Outcome::AlreadyDone(()),
        })
    }
}

/// The port to reuse, if it is still there, on the wanted network and free; else the one that was made under this name.
fn present<'a>(ports: &'a [Port], spec: &PortSpec, network: &str) -> Option<&'a Port> {
    let on_network = |port: &&Port| port.network_id == network;
    let reused = spec.reuse.as_ref().and_then(|id| ports.iter().find(|port| port.id == id.as_str()));
    reused
        .filter(on_network)
        .filter(|port| port.device_id.is_empty())
        .or_else(|| ports.iter().filter(on_network).find(|port| port.name == spec.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_free_port_is_reused_and_one_of_the_name_found_again() {
        let ports: Vec<Port> = serde_json::from_value(json!([
            {"id": "free", "name": "old", "network_id": "n1", "device_id": ""},
            {"id": "bound", "name": "other", "network_id": "n1", "device_id": "s1"},
            {"id": "elsewhere", "name": "port-1", "network_id": "n2"},
            {"id": "made", "name": "port-1", "network_id": "n1", "device_id": "s2"}
        ]))
        .unwrap();
        for (reuse, name, expected) in [
            (None, "port-1", Some("made")),
            (None, "port-2", None),
            (Some("free"), "port-1", Some("free")),
            (Some("bound"), "port-1", Some("made")),
            (Some("elsewhere"), "port-2", None),
            (Some("gone"), "port-2", None),
        ] {
            let spec = PortSpec {
                name: name.to_owned(),
                reuse: reuse.map(Into::into),
                network: "net".to_owned(),
                fixed_ips: Vec::new(),
                security_groups: Vec::new(),
            };
            assert_eq!(present(&ports, &spec, "n1").map(|port| port.id.as_str()), expected, "{reuse:?} {name}");
        }
    }
}
