//! Members: a server joins or leaves with all of its volumes, or not at all.

use super::policies::volumes_on;
use super::{Engine, MemberAdd, MemberView, describe, start_options};
use crate::exec::metadata;
use crate::model::{
    BySite, Disk, DiskCopy, DiskId, GroupRecord, GroupStatus, Member, MemberStatus, Protection, ServerCapture,
    ServerId, SiteName, StartOptions, VolumeId, VolumeType,
};
use crate::ports::{AttachedVolume, CinderGroup, MemberMode, Server, VolumeQuery};
use crate::rules::eligibility::{
    Candidate, check_boot_volume, check_candidates, check_pod, check_project, violations_error,
};
use crate::rules::{naming, start_order};
use crate::{Error, Result};
use std::collections::BTreeSet;

impl Engine {
    /// Protects a server: its volumes join the Cinder group and the array group.
    ///
    /// # Errors
    /// no such server, dependency that is no member → `NotFound`; start options that cannot be kept → `InvalidRequest`; member already → `AlreadyExists`; a volume that may not join, or a server of another project than
    /// the group → `NotEligible` naming all of them with what to do; group not at rest → `Precondition`; other site does not answer → `PeerUnreachable`. Nothing
    /// is changed then.
    pub async fn member_add(&self, group: &str, request: &MemberAdd) -> Result<MemberView> {
        let record = self.load_for_edit(group).await?;
        let site = record.group.current_primary_site.clone();
        at_rest(&record)?;
        self.check_not_member(&record, &request.instance_id).await?;
        let server = self.server(&site, &ServerId::new(&*request.instance_id)).await?;
        self.refuse_stranger(&site, &server)?;
        self.check_eligible(&record, &site, &server).await?;
        let mut member = self.new_member(&site, &server, request.tier).await?;
        member.start = StartOptions {
            depends_on: start_options::dependencies(&record, &request.depends_on)?,
            required: request.required,
            start_timeout_seconds: request.start_timeout_seconds,
            boot_check: request.boot_check.clone(),
        };

        let mut next = self.next_version(&record);
        next.members.push(member.clone());
        start_options::check(&next)?;
        next.members.sort_by(|a, b| a.id.cmp(&b.id));
        if next.policy.is_some() && next.group.protection == Protection::NotConfigured {
            next.group.protection = Protection::Protected;
        }
        self.check_mapping(&next).await?;
        self.change_members(&record, next).await?;
        Ok(describe::member(&member))
    }

    /// Ends the protection of a server, named by an id that it has or had on either site, or by its name. The server and its
    /// volumes stay as they are; so do recovery points.
    ///
    /// # Errors
    /// no such member, name of several → `NotFound`; another member depends on it → `Conflict`; group not at rest → `Precondition`; other site does not answer → `PeerUnreachable`.
    pub async fn member_remove(&self, group: &str, instance: &str) -> Result<()> {
        let record = self.load_for_edit(group).await?;
        let member = start_options::find(&record, instance)?;
        // who did not arrive may always leave: that is a way out of a partial move
        if member.status != MemberStatus::Error {
            at_rest(&record)?;
        }
        let dependents = start_order::dependents(&record.members, &member.id);
        if let Some(first) = dependents.first() {
            return Err(Error::conflict(format!("'{instance}' cannot leave: {} depend on it", dependents.join(", ")))
                .remedy(start_order::without_dependencies(&record.group.name, first)));
        }
        let mut next = self.next_version(&record);
        next.members.retain(|m| m.id != member.id);
        if next.members.is_empty() {
            next.group.protection = Protection::NotConfigured;
        }
        next.group.partial = next.members.iter().any(|m| m.status == MemberStatus::Error);
        if !next.group.partial {
            next.unfinished = None;
        }
        self.change_members(&record, next).await
    }

    /// Members by id.
    ///
    /// # Errors
    /// no such group → `NotFound`.
    pub async fn member_list(&self, group: &str) -> Result<Vec<MemberView>> {
        Ok(self.load(group).await?.members.iter().map(describe::member).collect())
    }

    /// Cinder group, array group, metadata; what was done is undone if a later part refuses.
    async fn change_members(&self, current: &GroupRecord, next: GroupRecord) -> Result<()> {
        let result = async {
            self.make_group_members(&next).await?;
            self.make_array_members(&next).await?;
            metadata::commit(&self.0.endpoints, current, next.clone()).await
        }
        .await;
        let Err(refused) = result else { return Ok(()) };
        let undone = async {
            self.make_array_members(current).await?;
            self.make_group_members(current).await
        };
        if let Err(e) = undone.await {
            tracing::warn!(target: "protector.engine.manager", "members of '{}' could not be put back: {e}", current.group.name);
        }
        Err(refused)
    }

    /// The array group on the current primary holds exactly the volumes of `next`. There is none where an unprotected group
    /// runs.
    async fn make_array_members(&self, next: &GroupRecord) -> Result<()> {
        if next.group.protection == Protection::Unprotected {
            return Ok(());
        }
        self.make_members(next, &volumes_on(next, &next.group.current_primary_site), MemberMode::Exact).await
    }

    /// The Cinder group on the current primary holds exactly the volumes of `next`.
    async fn make_group_members(&self, next: &GroupRecord) -> Result<CinderGroup> {
        let site = &next.group.current_primary_site;
        let cloud = self.0.endpoints.cloud(site)?;
        let volumes: BTreeSet<VolumeId> =
            next.disks().filter_map(|(_, disk)| disk.copies.get(site)).map(|copy| copy.volume_id.clone()).collect();
        let group = next.group.cinder_group_on(site);
        self.settle(&self.edit_cx(next, "members/cinder"), |cx| cloud.ensure_group_members(cx, group, &volumes)).await
    }

    async fn check_not_member(&self, record: &GroupRecord, instance: &str) -> Result<()> {
        let holds = |r: &GroupRecord| {
            r.members.iter().any(|m| m.id.as_str() == instance || m.servers.values().any(|s| s.as_str() == instance))
        };
        if holds(record) {
            return Err(Error::already_exists(format!(
                "instance '{instance}' is a member of '{}' already",
                record.group.name
            ))
            .remedy(format!("openstack protector protection-group member-list {}", record.group.name)));
        }
        let groups = self.all_groups().await?;
        match groups.iter().find(|r| holds(r)) {
            Some(other) if self.is_foreign(other) => Err(Error::already_exists(format!(
                "instance '{instance}' is a member of a protection group of another project"
            ))
            .remedy("ask an administrator")),
            Some(other) => Err(Error::already_exists(format!(
                "instance '{instance}' is a member of protection group '{}'",
                other.group.name
            ))
            .remedy(format!(
                "openstack protector protection-group member-remove {} --instance-id {instance}",
                other.group.name
            ))),
            None => Ok(()),
        }
    }

    async fn server(&self, site: &SiteName, id: &ServerId) -> Result<Server> {
        self.0.endpoints.cloud(site)?.server(id).await?.ok_or_else(|| no_server(site, id))
    }

    /// To one project, servers of others are as if they were not there.
    fn refuse_stranger(&self, site: &SiteName, server: &Server) -> Result<()> {
        match (self.project(), &server.project) {
            (Some(own), Some(found)) if own != found => Err(no_server(site, &server.id)),
            _ => Ok(()),
        }
    }

    async fn check_eligible(&self, record: &GroupRecord, site: &SiteName, server: &Server) -> Result<()> {
        let types = self.0.endpoints.cloud(site)?.volume_types().await?;
        let groups = self.all_groups().await?;
        let candidates: Vec<_> = server.volumes.iter().map(|v| candidate(server, v, site, &types, &groups)).collect();
        let group = &record.group;
        let own = group.cinder_group_on(site);
        let backend = self.backend_on(record, site).await?;
        let mut violations =
            check_candidates(site, group.replication_type, group.volume_type_on(site), &backend, own, &candidates);
        if group.is_in_pod() {
            violations.extend(check_pod(site, &pod_of_group(record, &candidates), &candidates));
        }
        let boots = server.volumes.iter().any(|v| v.boot);
        violations.extend(check_boot_volume(site, &server.id, &server.name, server.volumes.len(), boots));
        let owner = self.owner_of_members(record, site);
        violations.extend(check_project(site, owner, &server.id, &server.name, server.project.as_ref()));
        if violations.is_empty() {
            return Ok(());
        }
        Err(violations_error(&format!("'{}' cannot join '{}'", server.name, group.name), &violations))
    }

    /// The backend of the group's Cinder group on `site`; all volumes must lie on it.
    async fn backend_on(&self, record: &GroupRecord, site: &SiteName) -> Result<String> {
        let id = record.group.cinder_group_on(site);
        let group = self.0.endpoints.cloud(site)?.consistency_group(id).await?;
        group.map(|g| g.backend).ok_or_else(|| {
            Error::not_found(format!("Cinder group {id} of '{}' does not exist on {site}", record.group.name))
                .remedy("it was removed behind Protector's back; create the protection group anew")
        })
    }

    async fn new_member(&self, site: &SiteName, server: &Server, tier: u16) -> Result<Member> {
        let mut disks = Vec::new();
        for attached in &server.volumes {
            disks.push(self.new_disk(site, attached).await?);
        }
        disks.sort_by_key(|d| (!d.boot, d.device.clone()));
        let capture = ServerCapture {
            flavor: server.flavor.clone(),
            flavor_shape: server.flavor_shape,
            key_name: server.key_name.clone(),
            availability_zone: server.availability_zone.clone(),
            security_groups: server.security_groups.clone(),
            metadata: server.metadata.clone(),
            nics: server.nics.clone(),
            captured_at: self.0.endpoints.clock.now(),
        };
        Ok(Member {
            id: server.id.clone(),
            name: server.name.clone(),
            tier,
            start: Default::default(),
            status: MemberStatus::Protected,
            captures: BySite::from_iter([(site.clone(), capture)]),
            disks,
            servers: BySite::from_iter([(site.clone(), server.id.clone())]),
        })
    }

    async fn new_disk(&self, site: &SiteName, attached: &AttachedVolume) -> Result<Disk> {
        let volume = &attached.volume;
        let unknown = || {
            Error::precondition(format!("nobody can say which array volume '{}' ({}) is", volume.name, volume.id))
                .remedy("check that the volume lies on the array of this site")
        };
        let name = volume.array_volume.clone().ok_or_else(unknown)?;
        let array = self.0.endpoints.array(site)?;
        let found = array.volumes(&VolumeQuery::Names(BTreeSet::from([name.clone()]))).await?;
        let found = found.into_iter().find(|v| v.name == name && !v.destroyed).ok_or_else(unknown)?;
        let copy = DiskCopy {
            volume_id: volume.id.clone(),
            array_volume: name,
            array_volume_id: found.id,
            cloned_under: None,
        };
        Ok(Disk {
            id: DiskId::new(volume.id.as_str()),
            name: volume.name.clone(),
            size_gib: volume.size_gib,
            device: attached.device.clone(),
            boot: attached.boot,
            copies: BySite::from_iter([(site.clone(), copy)]),
        })
    }
}

fn no_server(site: &SiteName, id: &ServerId) -> Error {
    Error::not_found(format!("instance '{id}' does not exist on {site}"))
        .remedy(format!("openstack --os-cloud {site} server list"))
}

/// The pod of a synchronous group: as its policy says, else where its volumes are, else where the first one comes from.
fn pod_of_group(record: &GroupRecord, candidates: &[Candidate]) -> String {
    let policy = record.policy.as_ref().map(|policy| policy.pure_pg_name.as_str());
    let members = volumes_on(record, &record.group.current_primary_site);
    let members = members.iter().map(|volume| volume.as_str());
    let joining = candidates.iter().filter_map(|c| c.array_volume.as_ref()).map(|volume| volume.as_str());
    let pod = policy.into_iter().chain(members).chain(joining).find_map(naming::pod_of);
    pod.unwrap_or(naming::CINDER_POD).to_owned()
}

/// Members change only while the workload runs completely on one site.
fn at_rest(record: &GroupRecord) -> Result<()> {
    let status = describe::status(record);
    if matches!(status, GroupStatus::Active | GroupStatus::FailedOver)
        && record.group.protection != Protection::Unprotected
    {
        return Ok(());
    }
    let group = &record.group;
    Err(Error::precondition(format!(
        "members of '{}' cannot change while it is {status} and {}",
        group.name, group.protection
    ))
    .remedy(format!("openstack protector protection-group show {} names the ways out", group.name)))
}

fn candidate(
    server: &Server,
    attached: &AttachedVolume,
    site: &SiteName,
    types: &[VolumeType],
    groups: &[GroupRecord],
) -> Candidate {
    let volume = &attached.volume;
    let in_group =
        |r: &&GroupRecord| r.disks().any(|(_, d)| d.copies.get(site).is_some_and(|c| c.volume_id == volume.id));
    Candidate {
        server: server.id.clone(),
        server_name: server.name.clone(),
        volume: volume.id.clone(),
        volume_name: volume.name.clone(),
        volume_type: types.iter().find(|t| t.name == volume.volume_type).cloned(),
        backend: volume.backend.clone(),
        group: volume.group.clone(),
        delete_on_termination: attached.delete_on_termination,
        array_volume: volume.array_volume.clone(),
        protected_by: groups.iter().find(in_group).map(|r| r.group.name.clone()),
    }
}
