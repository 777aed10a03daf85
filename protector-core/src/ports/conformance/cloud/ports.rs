//! Ports and networks.

use super::CloudSubject;
use super::scene::{already, call, done, port_spec};
use crate::ErrorKind::{Conflict, NotFound};
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{Port, PortSpec};

pub(super) fn checks() -> Vec<Check<CloudSubject>> {
    checks![
        a_port_is_made_once if CloudSubject::has_ports,
        a_wanted_address_is_used_where_it_fits if CloudSubject::has_ports,
        an_address_is_given_once if CloudSubject::has_ports,
        a_network_must_exist if CloudSubject::has_ports,
        a_port_is_deleted_once if CloudSubject::has_ports,
    ]
}

async fn made(subject: &CloudSubject, spec: &PortSpec) -> Result<Port, Failure> {
    let cx = call(subject, &spec.name);
    done(subject, "ensure_port", || subject.cloud.ensure_port(&cx, spec)).await
}

async fn a_port_is_made_once(subject: &CloudSubject) -> CheckResult {
    let spec = port_spec(subject, "port-1", &[]);
    let port = made(subject, &spec).await?;
    ensure_equal("name", &port.name, &spec.name)?;
    ensure_equal("network", &port.network, &spec.network)?;
    ensure(!port.fixed_ips.is_empty(), || "the port has no address".to_owned())?;
    let again = subject.cloud.ensure_port(&call(subject, "again"), &spec).await?;
    ensure_equal("the port, ensured again", &already("ensure_port", again)?, &port)
}

async fn a_wanted_address_is_used_where_it_fits(subject: &CloudSubject) -> CheckResult {
    let free = subject.setting.free_address.as_str();
    let fits = made(subject, &port_spec(subject, "fits", &[free])).await?;
    ensure_equal("addresses", &fits.fixed_ips, &vec![free.to_owned()])?;
    // from a range that documents use and networks do not
    let elsewhere = made(subject, &port_spec(subject, "elsewhere", &["203.0.113.7"])).await?;
    ensure(elsewhere.fixed_ips.len() == 1 && elsewhere.fixed_ips != ["203.0.113.7"], || {
        format!("an address outside of the network's ranges was not replaced: {elsewhere:?}")
    })
}

async fn an_address_is_given_once(subject: &CloudSubject) -> CheckResult {
    let free = subject.setting.free_address.as_str();
    made(subject, &port_spec(subject, "first", &[free])).await?;
    let second = port_spec(subject, "second", &[free]);
    let refused = subject.cloud.ensure_port(&call(subject, "second"), &second).await;
    ensure_refused("ensure_port", refused, Conflict, &[free])?;
    let (one, other) =
        (made(subject, &port_spec(subject, "a", &[])).await?, made(subject, &port_spec(subject, "b", &[])).await?);
    ensure(one.fixed_ips != other.fixed_ips, || format!("two ports share an address: {one:?}, {other:?}"))
}

async fn a_network_must_exist(subject: &CloudSubject) -> CheckResult {
    let networks = subject.cloud.networks().await?;
    let known = networks.iter().find(|network| network.name == subject.setting.network);
    ensure(known.is_some_and(|network| !network.cidrs.is_empty()), || {
        format!("not listed with a range: {networks:?}")
    })?;
    let names: Vec<_> = networks.iter().map(|network| &network.name).collect();
    ensure(names.is_sorted(), || format!("networks are not sorted by name: {names:?}"))?;
    let mut spec = port_spec(subject, "port-1", &[]);
    spec.network = "no-such-network".to_owned();
    let refused = subject.cloud.ensure_port(&call(subject, "port"), &spec).await;
    ensure_refused("ensure_port", refused, NotFound, &["no-such-network"])
}

async fn a_port_is_deleted_once(subject: &CloudSubject) -> CheckResult {
    let free = subject.setting.free_address.as_str();
    let port = made(subject, &port_spec(subject, "port-1", &[free])).await?;
    let cx = call(subject, "delete");
    done(subject, "delete_port", || subject.cloud.delete_port(&cx, &port.id)).await?;
    already("delete_port", subject.cloud.delete_port(&cx, &port.id).await?)?;
    let next = made(subject, &port_spec(subject, "port-2", &[free])).await?;
    ensure_equal("addresses of the next port", &next.fixed_ips, &vec![free.to_owned()])
}
