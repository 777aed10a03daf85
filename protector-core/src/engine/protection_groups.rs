//! Protection groups: create, list, show, change, delete.

use super::{Engine, GroupCreate, GroupUpdate, GroupView, Page, describe};
use crate::exec::metadata;
use crate::model::{
    ConsistencyGroup, ConsistencyGroupId, ConsistencyGroupStatus, Epoch, GroupRecord, Mappings, MetadataVersion,
    ProjectId, Protection, ProtectionGroup, ProtectionGroupId, ReplicationType, SiteName,
};
use crate::ports::{CinderGroup, CinderGroupSpec};
use crate::rules::{self, naming};
use crate::{Error, ErrorKind, Result};
use jiff::Timestamp;

impl Engine {
    /// Creates a group: one Cinder group on each site and the record on both.
    ///
    /// # Errors
    /// bad name, equal sites → `InvalidRequest`; name taken → `AlreadyExists`; site not registered → `NotFound`; volume type
    /// not replicated on one of the sites → `NotEligible`; other site does not answer → `PeerUnreachable`; replication type
    /// that the arrays' driver does not offer → `Unsupported`. Nothing is left behind. Whether the other site has it is not
    /// known → `Indeterminate` with the command that brings it to both.
    pub async fn protection_group_create(&self, request: &GroupCreate) -> Result<GroupView> {
        naming::validate_protection_group_name(&request.name)?;
        let project = self.project_for(request.project_id.as_deref())?;
        let primary = self.registered(&request.primary_site).await?.name;
        let secondary = self.registered(&request.secondary_site).await?.name;
        self.check_new(request, &project, &primary, &secondary).await?;
        // before the other site's cloud is asked for its types: a silent site is one refusal, with the documented words
        metadata::check_answers(&*self.0.endpoints.peer).await?;
        let types = self.matching_types(request, &primary, &secondary).await?;

        let mut record = self.new_record(request, project, primary, secondary, types);
        let (first, second) = self.make_cinder_groups(&record).await?;
        let cg = &mut record.group.consistency_group;
        cg.backend_name.clone_from(&first.backend);
        cg.primary_cg_id = first.id;
        cg.secondary_cg_id = second.id;
        if let Err(refused) = metadata::create(&self.0.endpoints, &record).await {
            // a record that may be on one of the sites names them
            if refused.kind() != ErrorKind::Indeterminate {
                self.remove_cinder_groups(&record).await;
            }
            return Err(refused);
        }
        Ok(describe::group(&record, None, None))
    }

    /// All groups by name.
    ///
    /// # Errors
    /// store cannot be read → `Storage`.
    pub async fn protection_group_list(&self) -> Result<Vec<GroupView>> {
        self.protection_group_page(&Page::default()).await
    }

    /// A page of them. The id of its last one is the marker of the next.
    ///
    /// # Errors
    /// the marker's group is gone → `InvalidRequest` → begin again; store cannot be read → `Storage`.
    pub async fn protection_group_page(&self, page: &Page) -> Result<Vec<GroupView>> {
        let records = self.visible_groups(page).await?;
        let mut views = Vec::with_capacity(records.len());
        for record in &records {
            views.push(describe::group(record, self.open_status(record).await?.as_ref(), None));
        }
        Ok(views)
    }

    /// One group by name or id, with the newest complete recovery point if the standby array answers.
    ///
    /// # Errors
    /// no such group → `NotFound`.
    pub async fn protection_group_show(&self, group: &str) -> Result<GroupView> {
        let record = self.load(group).await?;
        let operation = self.open_status(&record).await?;
        let newest = self.newest_recovery_point(&record).await;
        Ok(describe::group(&record, operation.as_ref(), newest))
    }

    /// Changes name, description or mappings, on both sites.
    ///
    /// # Errors
    /// bad or taken name, mappings that cannot be inverted or name what is not there → `InvalidRequest`, `AlreadyExists`; open
    /// operation → `Conflict`; other site does not answer → `PeerUnreachable`. A cloud that does not answer is no refusal: what
    /// could not be looked up is in the log, and [`Engine::mapping_show`] shows it.
    pub async fn protection_group_update(&self, group: &str, change: &GroupUpdate) -> Result<GroupView> {
        let record = self.load_for_edit(group).await?;
        let mut next = self.next_version(&record);
        if let Some(name) = &change.name {
            naming::validate_protection_group_name(name)?;
            next.group.name.clone_from(name);
        }
        if let Some(description) = &change.description {
            next.group.description = Some(description.clone());
        }
        if let Some(priority) = change.priority {
            next.group.priority = priority;
        }
        if let Some(mappings) = &change.mappings {
            rules::mapping::invert(mappings)?;
            self.check_mapped(&record, mappings).await?;
            next.group.mappings = mappings.clone();
        }
        let stored = metadata::commit(&self.0.endpoints, &record, next).await?;
        Ok(describe::group(&stored, None, None))
    }

    /// Ends protection: the record and the empty Cinder groups go; the array group stays with its recovery points, without
    /// a schedule, for somebody to decide about.
    ///
    /// # Errors
    /// no such group → `NotFound`; members left, undiscarded divergence, open operation → `Conflict`; other site does not answer → `PeerUnreachable`.
    pub async fn protection_group_delete(&self, group: &str) -> Result<()> {
        let record = self.load_for_edit(group).await?;
        let name = &record.group.name;
        if let Some(member) = record.members.first() {
            return Err(Error::conflict(format!(
                "'{name}' still protects {} member(s), '{}' for example",
                record.members.len(),
                member.name
            ))
            .remedy(format!("openstack protector protection-group member-remove {name} --instance-id {}", member.id)));
        }
        if let Some(entry) = record.ledger.iter().find(|entry| entry.is_kept()) {
            return Err(Error::conflict(format!("'{name}' still keeps divergence {} of {}", entry.id, entry.site))
                .remedy(format!(
                    "openstack protector protection-group divergence discard {name} {} --reason <text>",
                    entry.id
                )));
        }
        if let Some(policy) = &record.policy {
            let array = self.0.endpoints.array(&record.group.current_primary_site)?;
            let pg = &policy.pure_pg_name;
            if array.group(pg).await?.is_some() {
                self.settle(&self.edit_cx(&record, "delete/disable"), |cx| array.disable_replication(cx, pg)).await?;
                tracing::info!(target: "protector.engine.manager", "array group '{pg}' keeps its recovery points and has no schedule any more");
            }
        }
        metadata::delete(&self.0.endpoints, &record).await?;
        self.remove_cinder_groups(&record).await;
        Ok(())
    }

    /// A copy that may be changed and stored as the next version.
    pub(super) fn next_version(&self, record: &GroupRecord) -> GroupRecord {
        let mut next = record.clone();
        next.version = record.version.next();
        next.group.updated_at = self.0.endpoints.clock.now();
        next
    }

    async fn check_new(
        &self,
        request: &GroupCreate,
        project: &ProjectId,
        primary: &SiteName,
        secondary: &SiteName,
    ) -> Result<()> {
        if primary == secondary {
            return Err(Error::invalid(format!("primary and secondary site are both '{primary}'"))
                .remedy("name two different sites"));
        }
        if self.0.endpoints.store.group_of(project, &request.name).await?.is_some() {
            return Err(Error::already_exists(format!("protection group '{}' exists already", request.name)).remedy(
                format!("openstack protector protection-group show {}, or choose another name", request.name),
            ));
        }
        for site in [primary, secondary] {
            let array = self.0.endpoints.array(site)?;
            let capabilities = array.capabilities();
            let offered = match request.replication_type {
                ReplicationType::Async => capabilities.async_groups,
                ReplicationType::Sync => capabilities.sync_pods,
            };
            if !offered {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!(
                        "{} of {site} does not offer replication type '{}'",
                        array.driver_name(),
                        request.replication_type
                    ),
                )
                .remedy("use the other --replication-type, or another storage driver"));
            }
        }
        Ok(())
    }

    /// The type as named on the primary site, and its counterpart on the secondary.
    async fn matching_types(
        &self,
        request: &GroupCreate,
        primary: &SiteName,
        secondary: &SiteName,
    ) -> Result<(String, String)> {
        let (name, wanted) = (&request.volume_type, request.replication_type);
        let here = self.0.endpoints.cloud(primary)?.volume_types().await?;
        let Some(named) = here.iter().find(|t| t.name == *name || t.id == *name) else {
            let known = here.iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Error::not_found(format!("volume type '{name}' does not exist on {primary} (there: {known})"))
                .remedy(format!("openstack protector site list-volume-types {primary}")));
        };
        let violations = rules::eligibility::check_volume_type(primary, named, wanted);
        if !violations.is_empty() {
            return Err(rules::eligibility::violations_error("Volume type does not support replication", &violations));
        }
        let there = self.0.endpoints.cloud(secondary)?.volume_types().await?;
        let matched = rules::match_volume_type(secondary, &named.name, &there, wanted)?;
        Ok((named.name.clone(), matched.name.clone()))
    }

    fn new_record(
        &self,
        request: &GroupCreate,
        project_id: ProjectId,
        primary: SiteName,
        secondary: SiteName,
        types: (String, String),
    ) -> GroupRecord {
        let new_id = || self.0.endpoints.identifiers.uuid();
        let now = self.0.endpoints.clock.now();
        let group = ProtectionGroup {
            id: ProtectionGroupId::new(format!("pg-{}", new_id())),
            name: request.name.clone(),
            description: request.description.clone(),
            project_id,
            replication_type: request.replication_type,
            current_primary_site: primary.clone(),
            primary_site: primary,
            secondary_site: secondary,
            partial: false,
            protection: Protection::NotConfigured,
            operation: None,
            epoch: Epoch(1),
            volume_type: types.0,
            consistency_group: ConsistencyGroup {
                id: ConsistencyGroupId::new(format!("cg-{}", new_id())),
                backend_name: String::new(),
                secondary_volume_type: types.1,
                primary_cg_id: "".into(),
                secondary_cg_id: "".into(),
                status: ConsistencyGroupStatus::Active,
            },
            priority: request.priority,
            mappings: Mappings::default(),
            created_at: now,
            updated_at: now,
        };
        GroupRecord {
            version: MetadataVersion::FIRST,
            group,
            policy: None,
            members: Vec::new(),
            retained: Vec::new(),
            divergence: None,
            fences_due: Vec::new(),
            ledger: Vec::new(),
            unfinished: None,
        }
    }

    async fn make_cinder_groups(&self, record: &GroupRecord) -> Result<(CinderGroup, CinderGroup)> {
        let first = self.make_cinder_group(record, &record.group.primary_site).await?;
        match self.make_cinder_group(record, &record.group.secondary_site).await {
            Ok(second) => Ok((first, second)),
            Err(e) => {
                self.remove_cinder_group(record, &record.group.primary_site, &first.id).await;
                Err(e)
            }
        }
    }

    async fn make_cinder_group(&self, record: &GroupRecord, site: &SiteName) -> Result<CinderGroup> {
        let cloud = self.0.endpoints.cloud(site)?;
        let spec = CinderGroupSpec {
            name: naming::consistency_group_name(&record.group.id),
            volume_type: record.group.volume_type_on(site).to_owned(),
        };
        self.settle(&self.edit_cx(record, &format!("create/{site}")), |cx| cloud.ensure_consistency_group(cx, &spec))
            .await
    }

    async fn remove_cinder_groups(&self, record: &GroupRecord) {
        for site in [&record.group.primary_site, &record.group.secondary_site] {
            self.remove_cinder_group(record, site, record.group.cinder_group_on(site)).await;
        }
    }

    /// An empty Cinder group that stays behind does no harm; it is named in the log.
    async fn remove_cinder_group(&self, record: &GroupRecord, site: &SiteName, id: &crate::model::CinderGroupId) {
        let removed = match self.0.endpoints.cloud(site) {
            Ok(cloud) => {
                self.settle(&self.edit_cx(record, &format!("delete/{site}")), |cx| {
                    cloud.delete_consistency_group(cx, id)
                })
                .await
            }
            Err(e) => Err(e),
        };
        if let Err(e) = removed {
            tracing::warn!(target: "protector.engine.manager", "Cinder group {id} of {site} stays behind: {e}");
        }
    }

    /// Best effort: a standby array that does not answer leaves it unknown.
    async fn newest_recovery_point(&self, record: &GroupRecord) -> Option<Timestamp> {
        let facts = self.array_facts(record, record.group.standby_site()).await.ok()?;
        let copies = record.disks().filter_map(|(_, d)| d.copies.get(&record.group.current_primary_site));
        rules::newest_usable(&facts.recovery_points, &copies.map(|c| &c.array_volume).collect()).map(|p| p.created)
    }
}
