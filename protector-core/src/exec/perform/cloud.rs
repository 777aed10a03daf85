//! Steps on a cloud.

use super::super::run::Run;
use crate::model::{CinderGroupId, DiskCopy, DiskId, Member, Nic, PortId, ServerCapture, ServerId, SiteName, VolumeId};
use crate::plan::StepOutput;
use crate::ports::{Cx, ImportRequest, PortSpec, ServerSpec, ServerState};
use crate::{Error, Result};
use std::collections::BTreeSet;

pub(super) async fn stop_server(run: &Run, cx: &Cx, site: &SiteName, server: &ServerId) -> Result<()> {
    let cloud = run.endpoints.cloud(site)?;
    run.settle(cx, || cloud.stop_server(cx, server)).await
}

/// What to import.
pub(super) struct Import<'a> {
    pub(super) disk: &'a DiskId,
    pub(super) name: &'a str,
    pub(super) volume_type: &'a str,
    pub(super) bootable: bool,
}

pub(super) async fn import_volume(run: &Run, cx: &Cx, site: &SiteName, import: Import<'_>) -> Result<StepOutput> {
    let cloud = run.endpoints.cloud(site)?;
    let (clone, cloned_under) = run.outputs(|o| (o.clones.get(import.disk).cloned(), o.clone_key.clone()));
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
    let volumes = imported(run, disks)?;
    run.settle(cx, || cloud.ensure_group_members(cx, group, &volumes)).await.map(drop)
}

fn imported(run: &Run, disks: &[DiskId]) -> Result<BTreeSet<VolumeId>> {
    let state = run.state();
    let volume = |disk: &DiskId| {
        let copy =
            state.outputs.volumes.get(disk).ok_or_else(|| Error::internal(format!("disk {disk} was not imported")))?;
        Ok(copy.volume_id.clone())
    };
    disks.iter().map(volume).collect()
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
}

pub(super) async fn ensure_port(run: &Run, cx: &Cx, site: &SiteName, wanted: Interface<'_>) -> Result<StepOutput> {
    let Interface { member, nic, network, reuse, fixed_ips } = wanted;
    let cloud = run.endpoints.cloud(site)?;
    let (_, capture) = member_of(run, member).await?;
    let spec = PortSpec {
        name: format!("{}/{member}/{nic}", run.operation.id),
        reuse: reuse.cloned(),
        network: network.to_owned(),
        fixed_ips: fixed_ips.to_vec(),
        security_groups: capture.security_groups,
    };
    let port = run.settle(cx, || cloud.ensure_port(cx, &spec)).await?;
    let interface =
        Nic { port: Some(port.id.clone()), network: port.network, mac_address: None, fixed_ips: port.fixed_ips };
    Ok(StepOutput::Port { member: member.clone(), nic, port: port.id, interface })
}

pub(super) async fn ensure_server(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    member: &ServerId,
    flavor: &str,
    name: &str,
) -> Result<StepOutput> {
    let cloud = run.endpoints.cloud(site)?;
    let (record, capture) = member_of(run, member).await?;
    let ports = (0..capture.nics.len())
        .filter_map(|nic| run.outputs(|o| o.ports.get(&(member.clone(), nic)).map(|(id, _)| id.clone())));
    let spec = ServerSpec {
        op_key: cx.op_key.clone(),
        name: name.to_owned(),
        flavor: flavor.to_owned(),
        ports: ports.collect(),
        volumes: volumes_of(run, &record)?,
        key_name: capture.key_name,
        metadata: capture.metadata,
    };
    let server = run.settle(cx, || cloud.ensure_server(cx, &spec)).await?;
    Ok(StepOutput::Server { member: member.clone(), server: server.id, flavor: flavor.to_owned() })
}

/// The member's imported volumes with their devices, boot disk first.
fn volumes_of(run: &Run, member: &Member) -> Result<Vec<(String, VolumeId)>> {
    let mut disks: Vec<_> = member.disks.iter().collect();
    disks.sort_by_key(|d| (!d.boot, d.device.clone()));
    let volume = |disk: &crate::model::Disk| {
        let id = run.outputs(|o| o.volumes.get(&disk.id).map(|copy| copy.volume_id.clone()));
        Ok((disk.device.clone(), id.ok_or_else(|| Error::internal(format!("disk '{}' was not imported", disk.name)))?))
    };
    disks.into_iter().map(volume).collect()
}

/// Active, with exactly the imported volumes.
pub(super) async fn verify_server(run: &Run, cx: &Cx, site: &SiteName, member: &ServerId) -> Result<()> {
    let (record, _) = member_of(run, member).await?;
    let id = run.outputs(|o| o.servers.get(member).map(|(id, _)| id.clone()));
    let id = id.ok_or_else(|| Error::internal(format!("'{}' was not started", record.name)))?;
    let cloud = run.endpoints.cloud(site)?;
    let server = run.observe(cx, || cloud.server(&id)).await?;
    let server = server.ok_or_else(|| Error::precondition(format!("server {id} of '{}' is gone", record.name)))?;
    if server.state != ServerState::Active {
        return Err(Error::precondition(format!("server {id} of '{}' is {:?}, not active", record.name, server.state)));
    }
    let attached: BTreeSet<_> = server.volumes.iter().map(|v| v.volume.id.clone()).collect();
    let wanted: BTreeSet<_> = volumes_of(run, &record)?.into_iter().map(|(_, id)| id).collect();
    if attached == wanted {
        return Ok(());
    }
    Err(Error::precondition(format!("server {id} of '{}' has volumes {attached:?}, not {wanted:?}", record.name)))
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

/// The member and what its server looked like on the site that is left.
async fn member_of(run: &Run, id: &ServerId) -> Result<(Member, ServerCapture)> {
    let record = run.record().await?;
    let member = record.member(id).cloned();
    let member =
        member.ok_or_else(|| Error::conflict(format!("member {id} is no longer in '{}'", record.group.name)))?;
    let capture = member.captures.get(&run.plan.source).or_else(|| member.captures.values().next()).cloned();
    let capture = capture
        .ok_or_else(|| Error::precondition(format!("nothing is known about the server of '{}'", member.name)))?;
    Ok((member, capture))
}
