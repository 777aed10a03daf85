//! Steps on a cloud.

use super::super::{decide, run::Run};
use crate::model::{
    CinderGroupId, DiskCopy, DiskId, GroupRecord, Member, Nic, OpKey, OperationId, PortId, ServerCapture, ServerId,
    SiteName, UnimportedClone, VolumeId,
};
use crate::plan::{Action, StepOutput};
use crate::ports::{Cx, ImportRequest, PortSpec, SERVER_OP_KEY, Server, ServerSpec, ServerState};
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeSet;

/// A server that is gone runs no more than one that is stopped.
pub(super) async fn stop_server(run: &Run, cx: &Cx, site: &SiteName, server: &ServerId) -> Result<()> {
    let cloud = run.endpoints.cloud(site)?;
    match run.settle(cx, || cloud.stop_server(cx, server)).await {
        Err(e) if e.kind() == ErrorKind::NotFound => match run.observe(cx, || cloud.server(server)).await? {
            None => Ok(()),
            Some(_) => Err(e),
        },
        other => other,
    }
}

/// What to import.
pub(super) struct Import<'a> {
    pub(super) disk: &'a DiskId,
    pub(super) name: &'a str,
    pub(super) volume_type: &'a str,
    pub(super) bootable: bool,
    /// The clone, where an earlier operation made it.
    pub(super) clone: Option<&'a UnimportedClone>,
}

pub(super) async fn import_volume(run: &Run, cx: &Cx, site: &SiteName, import: Import<'_>) -> Result<StepOutput> {
    let cloud = run.endpoints.cloud(site)?;
    let earlier = import.clone.map(|clone| (clone.array_volume_id.clone(), clone.array_volume.clone()));
    let (clone, cloned_under) = run.outputs(|o| (o.clones.get(import.disk).cloned(), o.clone_key.clone()));
    let clone = earlier.or(clone);
    let (array_volume_id, array_volume) =
        clone.ok_or_else(|| Error::internal(format!("disk {} was not cloned", import.disk)))?;
    let request = ImportRequest {
        array_volume_id: array_volume_id.clone(),
        array_volume,
        name: import.name.to_owned(),
        volume_type: import.volume_type.to_owned(),
        bootable: import.bootable,
    };
    let volume = run.settle(cx, || cloud.import_volume(cx, &request)).await?;
    let array_volume = volume
        .array_volume
        .ok_or_else(|| Error::precondition(format!("Cinder does not say which array volume {} is", volume.id)))?;
    Ok(StepOutput::Volume {
        disk: import.disk.clone(),
        copy: DiskCopy { volume_id: volume.id, array_volume, array_volume_id, cloned_under },
    })
}

pub(super) async fn group_volumes(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    group: &CinderGroupId,
    disks: &[DiskId],
) -> Result<()> {
    let cloud = run.endpoints.cloud(site)?;
    let record = run.record().await?;
    let volumes = decide::cinder_volumes(&run.plan, &run.state(), &record, disks)?;
    run.settle(cx, || cloud.ensure_group_members(cx, group, &volumes)).await.map(drop)
}

/// Only a stopped server is removed, and never with its volumes.
pub(super) async fn retire_server(run: &Run, cx: &Cx, site: &SiteName, server: &ServerId) -> Result<()> {
    let cloud = run.endpoints.cloud(site)?;
    match run.observe(cx, || cloud.server(server)).await? {
        None => Ok(()),
        Some(found) if found.state != ServerState::Shutoff => Err(Error::precondition(format!(
            "the old server '{}' ({server}) on {site} is {:?}, not stopped",
            found.name, found.state
        ))
        .remedy(format!("openstack --os-cloud {site} server stop {server}"))),
        Some(_) => run.settle(cx, || cloud.delete_server(cx, server)).await,
    }
}

/// A port to make, or to take over.
pub(super) struct Interface<'a> {
    pub(super) member: &'a ServerId,
    pub(super) nic: usize,
    pub(super) network: &'a str,
    pub(super) reuse: Option<&'a PortId>,
    pub(super) fixed_ips: &'a [String],
    pub(super) begun_by: &'a OperationId,
}

pub(super) async fn ensure_port(run: &Run, cx: &Cx, site: &SiteName, wanted: Interface<'_>) -> Result<StepOutput> {
    let Interface { member, nic, network, reuse, fixed_ips, begun_by } = wanted;
    let cloud = run.endpoints.cloud(site)?;
    let (protected, capture) = member_of(run, member).await?;
    let security_groups = decide::security_groups(&run.plan, &*run.record().await?, &protected, &capture);
    let spec = PortSpec {
        name: format!("{begun_by}/{member}/{nic}"),
        reuse: reuse.cloned(),
        network: network.to_owned(),
        fixed_ips: fixed_ips.to_vec(),
        security_groups,
    };
    let port = run.settle(cx, || cloud.ensure_port(cx, &spec)).await?;
    let interface =
        Nic { port: Some(port.id.clone()), network: port.network, mac_address: None, fixed_ips: port.fixed_ips };
    Ok(StepOutput::Port { member: member.clone(), nic, port: port.id, interface })
}

/// A server to make.
pub(super) struct NewServer<'a> {
    /// Key it is made under.
    pub(super) key: OpKey,
    pub(super) flavor: &'a str,
    pub(super) name: &'a str,
}

pub(super) async fn ensure_server(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    member: &ServerId,
    wanted: NewServer<'_>,
) -> Result<StepOutput> {
    let cloud = run.endpoints.cloud(site)?;
    let (record, capture) = member_of(run, member).await?;
    let ports = (0..capture.nics.len())
        .filter_map(|nic| run.outputs(|o| o.ports.get(&(member.clone(), nic)).map(|(id, _)| id.clone())));
    let mut spec = ServerSpec {
        op_key: wanted.key,
        name: wanted.name.to_owned(),
        flavor: wanted.flavor.to_owned(),
        ports: ports.collect(),
        volumes: decide::server_volumes(&run.plan, &run.state(), &record)?,
        key_name: capture.key_name,
        metadata: capture.metadata,
    };
    let server = match run.settle(cx, || cloud.ensure_server(cx, &spec)).await {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let ports = ports_again(run, cx, member).await?;
            if ports.len() != spec.ports.len() || ports == spec.ports {
                return Err(e);
            }
            spec.ports = ports;
            run.settle(cx, || cloud.ensure_server(cx, &spec)).await?
        }
        made => made?,
    };
    Ok(StepOutput::Server { member: member.clone(), server: server.id, flavor: wanted.flavor.to_owned() })
}

/// The ports that the plan makes for a member, made again where they are gone: a server that never ran may take them along
/// when it is deleted, because Nova notes late which of its ports were there before it.
async fn ports_again(run: &Run, cx: &Cx, of: &ServerId) -> Result<Vec<PortId>> {
    let mut ports = Vec::new();
    for step in &run.plan.steps {
        let Action::EnsurePort { site, member, nic, network, reuse, fixed_ips, begun_by } = &step.action else {
            continue;
        };
        if member != of {
            continue;
        }
        let begun_by = begun_by.as_ref().unwrap_or(&run.operation.id);
        let wanted = Interface { member, nic: *nic, network, reuse: reuse.as_ref(), fixed_ips, begun_by };
        if let StepOutput::Port { port, .. } = ensure_port(run, cx, site, wanted).await? {
            ports.push(port);
        }
    }
    Ok(ports)
}

/// The server that was made under a key; `None` if there is none or the cloud does not answer.
pub(super) async fn server_under(run: &Run, site: &SiteName, key: &OpKey) -> Option<ServerId> {
    let servers = run.endpoints.cloud(site).ok()?.servers().await.ok()?;
    let made = |s: &Server| s.metadata.get(SERVER_OP_KEY).is_some_and(|text| text == key.as_str());
    servers.into_iter().find(made).map(|s| s.id)
}

/// Active, with exactly the imported volumes.
pub(super) async fn verify_server(run: &Run, cx: &Cx, site: &SiteName, member: &ServerId) -> Result<()> {
    let record = run.record().await?;
    let member = member_in(&record, member)?;
    let id = server_of(run, &member.id);
    let id = id.ok_or_else(|| Error::internal(format!("'{}' was not started", member.name)))?;
    let cloud = run.endpoints.cloud(site)?;
    let server = run.observe(cx, || cloud.server(&id)).await?;
    shortcoming(run, member, &id, server.as_ref())
}

/// The server that the operation made for a member.
pub(super) fn server_of(run: &Run, member: &ServerId) -> Option<ServerId> {
    run.outputs(|o| o.servers.get(member).map(|(id, _)| id.clone()))
}

/// What a member's server lacks.
///
/// # Errors
/// it is gone, not active, or has other volumes → `Precondition`.
pub(super) fn shortcoming(run: &Run, member: &Member, id: &ServerId, server: Option<&Server>) -> Result<()> {
    let name = &member.name;
    let server = server.ok_or_else(|| Error::precondition(format!("server {id} of '{name}' is gone")))?;
    if server.state != ServerState::Active {
        return Err(Error::precondition(format!("server {id} of '{name}' is {:?}, not active", server.state)));
    }
    let attached: BTreeSet<_> = server.volumes.iter().map(|v| v.volume.id.clone()).collect();
    let volumes = decide::server_volumes(&run.plan, &run.state(), member)?;
    let wanted: BTreeSet<_> = volumes.into_iter().map(|(_, id)| id).collect();
    if attached == wanted {
        return Ok(());
    }
    Err(Error::precondition(format!("server {id} of '{name}' has volumes {attached:?}, not {wanted:?}")))
}

pub(super) async fn delete_server(run: &Run, cx: &Cx, site: &SiteName, server: &ServerId) -> Result<()> {
    let cloud = run.endpoints.cloud(site)?;
    run.settle(cx, || cloud.delete_server(cx, server)).await
}

pub(super) async fn delete_port(run: &Run, cx: &Cx, site: &SiteName, port: &PortId) -> Result<()> {
    let cloud = run.endpoints.cloud(site)?;
    run.settle(cx, || cloud.delete_port(cx, port)).await
}

pub(super) async fn release_volume(run: &Run, cx: &Cx, site: &SiteName, volume: &VolumeId) -> Result<()> {
    let cloud = run.endpoints.cloud(site)?;
    run.settle(cx, || cloud.release_volume(cx, volume)).await
}

/// The member with this id.
pub(super) fn member_in<'a>(record: &'a GroupRecord, id: &ServerId) -> Result<&'a Member> {
    record.member(id).ok_or_else(|| Error::conflict(format!("member {id} is no longer in '{}'", record.group.name)))
}

/// The member and what its server looked like on the site that is left.
async fn member_of(run: &Run, id: &ServerId) -> Result<(Member, ServerCapture)> {
    let member = member_in(&*run.record().await?, id)?.clone();
    let capture = member.captures.get(&run.plan.source).or_else(|| member.captures.values().next()).cloned();
    let capture = capture
        .ok_or_else(|| Error::precondition(format!("nothing is known about the server of '{}'", member.name)))?;
    Ok((member, capture))
}
