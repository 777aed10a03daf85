//! Which of the wanted addresses a network offers.

use super::answers::Subnet;
use crate::{Error, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address in a range of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Id of the range.
    pub(super) subnet: String,
    pub(super) address: IpAddr,
}

/// The wanted addresses that a port may have there, each once. The others are left to the cloud.
///
/// # Errors
/// a text that is no address → `InvalidRequest` naming it.
pub(super) fn fitting(port: &str, wanted: &[String], subnets: &[&Subnet]) -> Result<Vec<Wanted>> {
    let mut fitting: Vec<Wanted> = Vec::new();
    for text in wanted {
        let address: IpAddr =
            text.parse().map_err(|_| Error::invalid(format!("'{text}', wanted for port '{port}', is no address")))?;
        let offered = subnets.iter().find(|subnet| offers(subnet, address));
        if let Some(subnet) = offered.filter(|_| fitting.iter().all(|earlier| earlier.address != address)) {
            fitting.push(Wanted { subnet: subnet.id.clone(), address });
        }
    }
    Ok(fitting)
}

/// Whether a port may have the address: it lies in the range, and is not the network, gateway or broadcast address.
fn offers(subnet: &Subnet, address: IpAddr) -> bool {
    let Some(range) = Range::parse(&subnet.cidr) else { return false };
    let gateway = subnet.gateway_ip.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
    range.has_host(address) && gateway != Some(address)
}

#[derive(Debug, Clone, Copy)]
struct Range {
    base: IpAddr,
    prefix: u32,
}

impl Range {
    fn parse(cidr: &str) -> Option<Self> {
        let (base, prefix) = cidr.split_once('/')?;
        let (base, prefix): (IpAddr, u32) = (base.parse().ok()?, prefix.parse().ok()?);
        let most = if base.is_ipv4() { 32 } else { 128 };
        (prefix <= most).then_some(Self { base, prefix })
    }

    fn has_host(self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                let (base, host) = (u32::from(base) & mask, u32::from(address));
                // a range of two or one has neither network nor broadcast address
                let is_edge = self.prefix < 31 && (host == base || host == base | !mask);
                host & mask == base && !is_edge && address != Ipv4Addr::UNSPECIFIED
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                let (base, host) = (u128::from(base) & mask, u128::from(address));
                let is_edge = self.prefix < 127 && host == base;
                host & mask == base && !is_edge && address != Ipv6Addr::UNSPECIFIED
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn subnet(id: &str, cidr: &str, gateway: Option<&str>) -> Subnet {
        let text = serde_json::json!({"id": id, "network_id": "n", "cidr": cidr, "gateway_ip": gateway});
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn only_addresses_that_a_port_may_have_are_kept() {
        let subnets = [
            subnet("four", "10.2.0.0/24", Some("10.2.0.1")),
            subnet("six", "2001:db8::/64", None),
            subnet("broken", "10.2.0.0/99", None),
            subnet("pair", "10.9.0.0/31", None),
        ];
        let subnets: Vec<&Subnet> = subnets.iter().collect();
        for (address, expected) in [
            ("10.2.0.77", Some("four")),
            ("10.2.0.0", None),
            ("10.2.0.1", None),
            ("10.2.0.255", None),
            ("10.2.1.5", None),
            ("2001:db8::5", Some("six")),
            ("2001:db8::", None),
            ("2001:db9::5", None),
            ("10.9.0.0", Some("pair")),
            ("10.9.0.1", Some("pair")),
        ] {
            let found = fitting("p", &[address.to_owned(), address.to_owned()], &subnets).unwrap();
            assert_eq!(found.first().map(|wanted| wanted.subnet.as_str()), expected, "{address}");
            assert!(found.len() <= 1);
        }
        let refused = fitting("p", &["ten".to_owned()], &subnets).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
        assert!(refused.message().contains("'ten'") && refused.message().contains("'p'"), "{refused}");
    }
}
