//! Neutron: networks, address ranges, ports, security groups.

use crate::model::PortId;
use crate::openstack::addresses::Wanted;
use crate::openstack::call::Call;
use crate::openstack::service::Service;
use serde_json::{Value, json};

const NEUTRON: Service = Service::Network;

/// All networks that the user is shown.
pub(in crate::openstack) fn networks() -> Call {
    Call::get(NEUTRON, &["networks"])
}

/// All address ranges that the user is shown.
pub(in crate::openstack) fn subnets() -> Call {
    Call::get(NEUTRON, &["subnets"])
}

/// The ports of a project.
pub(in crate::openstack) fn ports(project: &str) -> Call {
    Call::get(NEUTRON, &["ports"]).with("project_id", project)
}

/// The security groups of a project.
pub(in crate::openstack) fn security_groups(project: &str) -> Call {
    Call::get(NEUTRON, &["security-groups"]).with("project_id", project)
}

/// A port. Without addresses Neutron chooses one; without security groups it takes the project's default one.
pub(in crate::openstack) fn create_port(name: &str, network: &str, wanted: &[Wanted], groups: &[&str]) -> Call {
    let mut port = json!({"name": name, "network_id": network});
    if let Some(port) = port.as_object_mut() {
        if !wanted.is_empty() {
            let fixed = |w: &Wanted| json!({"subnet_id": w.subnet, "ip_address": w.address.to_string()});
            port.insert("fixed_ips".to_owned(), wanted.iter().map(fixed).collect::<Vec<Value>>().into());
        }
        if !groups.is_empty() {
            port.insert("security_groups".to_owned(), json!(groups));
        }
    }
    Call::post(NEUTRON, &["ports"], json!({"port": port}))
}

/// Says whose a port is. Of nobody, it is not deleted by Nova together with its server.
pub(in crate::openstack) fn give_port(id: &str, device: &str, owner: &str) -> Call {
    Call::put(NEUTRON, &["ports", id], json!({"port": {"device_id": device, "device_owner": owner}}))
}

/// Deletes a port.
pub(in crate::openstack) fn delete_port(id: &PortId) -> Call {
    Call::delete(NEUTRON, &["ports", id.as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openstack::call::shown;

    #[test]
    fn what_is_not_wanted_is_left_to_neutron() {
        assert_eq!(
            shown(&create_port("p", "n1", &[], &[])),
            r#"Neutron POST ports {"port":{"name":"p","network_id":"n1"}}"#
        );
        let wanted = [Wanted { subnet: "s1".into(), address: "10.2.0.77".parse().unwrap() }];
        let call = create_port("p", "n1", &wanted, &["g1"]);
        assert_eq!(
            call.body.unwrap()["port"],
            json!({"name": "p", "network_id": "n1", "security_groups": ["g1"],
                "fixed_ips": [{"subnet_id": "s1", "ip_address": "10.2.0.77"}]})
        );
    }
}
