//! Replication policies: created or changed with the same call.

use super::{Engine, Page, PolicyChange, PolicyView, describe};
use crate::exec::metadata;
use crate::model::{
    ArrayGroupName, ArrayVolumeName, GroupRecord, PolicyStatus, Protection, ProtectionGroup, ReplicationPolicy,
    ReplicationType, SiteName,
};
use crate::ports::{GroupSpec, MemberMode, MemberSet, ReplicationLink, ReplicationSpec};
use crate::rules::policy_drift::{self, PolicyDrift, StorageSays};
use crate::rules::{self, AccessIn, Side, naming};
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeSet;

impl Engine {
    /// Creates the policy of a group, or changes the given fields of the one it has; then makes the arrays follow it.
    ///
    /// # Errors
    /// no interval or objective given and no default → `InvalidRequest`; interval longer than the objective, `http://` URL,
    /// bad or changed `pure_pg_name` → `InvalidRequest`; name used by another group or foreign on the array → `Conflict`;
    /// URL or token missing where the driver needs them, or no keys on one of the sites to keep tokens under →
    /// `InvalidConfiguration`; other site does not answer → `PeerUnreachable`. Nothing is changed then.
    pub async fn policy_create(&self, group: &str, change: &PolicyChange) -> Result<PolicyView> {
        let record = self.load_for_edit(group).await?;
        let policy = self.merged(&record, change)?;
        let mut next = self.next_version(&record);
        next.policy = Some(policy.clone());
        if !record.members.is_empty() && next.group.protection == Protection::NotConfigured {
            next.group.protection = Protection::Protected;
        }
        self.check_mapping(&next).await?;
        if record.policy.is_none() {
            self.check_link_to_standby(&record).await?;
        }
        self.check_tokens(&next).await?;
        self.make_replication(&next, &policy, change.adopt).await?;
        let stored = metadata::commit(&self.0.endpoints, &record, next).await?;
        describe::policy(&stored).ok_or_else(|| Error::internal("the policy was stored and is gone"))
    }

    /// The arrays must not follow a policy that one of the sites could not keep.
    async fn check_tokens(&self, next: &GroupRecord) -> Result<()> {
        let tokens = |policy: &ReplicationPolicy| {
            policy.primary_fa_api_token.is_some() || policy.secondary_fa_api_token.is_some()
        };
        if !next.policy.as_ref().is_some_and(tokens) {
            return Ok(());
        }
        self.0.endpoints.store.check_tokens(next).await?;
        self.0.endpoints.peer.check_tokens(next).await
    }

    /// The policy of a group. Tokens are never shown.
    ///
    /// # Errors
    /// no such group, or it has no policy → `NotFound`.
    pub async fn policy_show(&self, group: &str) -> Result<PolicyView> {
        let record = self.load(group).await?;
        describe::policy(&record).ok_or_else(|| {
            Error::not_found(format!("'{}' has no replication policy", record.group.name))
                .remedy(format!("openstack protector protection-group policy-create {} …", record.group.name))
        })
    }

    /// Given fields over those of the present policy, over the defaults.
    fn merged(&self, record: &GroupRecord, change: &PolicyChange) -> Result<ReplicationPolicy> {
        let old = record.policy.as_ref();
        let defaults = &self.0.defaults;
        let missing = |flag: &str, option: &str| {
            Error::invalid(format!("{flag} is missing and [storage] {option} is not set"))
                .remedy(format!("give {flag}, or set [storage] {option}"))
        };
        let is_sync = record.group.is_in_pod();
        let replication_interval = change
            .replication_interval
            .or(old.map(|p| p.replication_interval))
            .or(defaults.replication_interval)
            .or(is_sync.then_some(0))
            .ok_or_else(|| missing("--replication-interval", "default_replication_interval"))?;
        let rpo_minutes = change
            .rpo_minutes
            .or(old.map(|p| p.rpo_minutes))
            .or(defaults.rpo_minutes)
            .ok_or_else(|| missing("--rpo-minutes", "default_rpo_minutes"))?;
        // a pod is replicated write by write: an interval is kept, and means nothing
        let sites = [&record.group.primary_site, &record.group.secondary_site];
        for site in sites.into_iter().filter(|_| !is_sync) {
            rules::check_interval(replication_interval, rpo_minutes)?;
            let bounds = self.0.endpoints.array(site)?.capabilities().interval_bounds;
            rules::check_schedule(replication_interval, bounds).map_err(|e| e.context(format!("array of {site}")))?;
        }
        let policy = ReplicationPolicy {
            primary_fa_url: change.primary_fa_url.clone().or_else(|| old?.primary_fa_url.clone()),
            primary_fa_api_token: change.primary_fa_api_token.clone().or_else(|| old?.primary_fa_api_token.clone()),
            secondary_fa_url: change.secondary_fa_url.clone().or_else(|| old?.secondary_fa_url.clone()),
            secondary_fa_api_token: change
                .secondary_fa_api_token
                .clone()
                .or_else(|| old?.secondary_fa_api_token.clone()),
            pure_pg_name: group_name(record, change)?,
            replication_interval,
            rpo_minutes,
            status: PolicyStatus::Active,
        };
        self.check_access(&record.group, &policy)?;
        Ok(policy)
    }

    /// URLs must be right wherever they are given; they and tokens must be there only if the driver needs them.
    fn check_access(&self, group: &ProtectionGroup, policy: &ReplicationPolicy) -> Result<()> {
        let defaults = &self.0.defaults;
        for (field, url) in
            [("--primary-fa-url", &policy.primary_fa_url), ("--secondary-fa-url", &policy.secondary_fa_url)]
        {
            if let Some(url) = url {
                rules::validate_fa_url(field, url)?;
            }
        }
        if !defaults.credentials_needed {
            return Ok(());
        }
        let [primary, secondary] = access_in(policy);
        rules::credentials::resolve(primary, defaults.array_of(&group.primary_site, Side::Primary))?;
        rules::credentials::resolve(secondary, defaults.array_of(&group.secondary_site, Side::Secondary)).map(drop)
    }

    /// Where policies and what `[storage]` says by now are not the same, by name of the group: defaults apply when a policy
    /// is created, and settings change.
    ///
    /// # Errors
    /// store cannot be read → `Storage`.
    pub async fn policy_drift(&self) -> Result<Vec<PolicyDrift>> {
        let defaults = &self.0.defaults;
        let mut found = Vec::new();
        for record in self.visible_groups(&Page::default()).await? {
            let Some(policy) = &record.policy else { continue };
            let storage = StorageSays {
                replication_interval: defaults.replication_interval,
                rpo_minutes: defaults.rpo_minutes,
                primary: defaults.array_of(&record.group.primary_site, Side::Primary),
                secondary: defaults.array_of(&record.group.secondary_site, Side::Secondary),
            };
            found.extend(policy_drift::drift(&record.group, policy, storage));
        }
        Ok(found)
    }

    /// The 1:1:1 rule over everything stored here.
    pub(super) async fn check_mapping(&self, candidate: &GroupRecord) -> Result<()> {
        let others: Vec<_> =
            self.all_groups().await?.into_iter().filter(|r| r.group.id != candidate.group.id).collect();
        let violations = rules::check_mapping(&others, candidate);
        if violations.is_empty() {
            Ok(())
        } else {
            Err(rules::one_to_one::mapping_error(&candidate.group.id, &violations))
        }
    }

    /// A new target needs the link; without it the array group would be made and then stand alone.
    async fn check_link_to_standby(&self, record: &GroupRecord) -> Result<()> {
        let (from, to) = (&record.group.current_primary_site, record.group.standby_site());
        let (source, target) = (self.0.endpoints.array(from)?, self.0.endpoints.array(to)?.info().await?);
        let link = source.peers().await?.into_iter().find(|p| p.id == target.id).map(|p| p.link);
        if link == Some(ReplicationLink::Connected) {
            return Ok(());
        }
        let state = link.map_or("absent".to_owned(), |link| format!("{link:?}").to_lowercase());
        Err(Error::precondition(format!("the link of the array of {from} to '{}' of {to} is {state}", target.name))
            .remedy(format!("connect the arrays, then: openstack protector site validate {from}")))
    }

    /// Group, members, target and schedule on the array where the workload runs; permission on the other one.
    async fn make_replication(&self, record: &GroupRecord, policy: &ReplicationPolicy, adopt: bool) -> Result<()> {
        let (from, to) = (&record.group.current_primary_site, record.group.standby_site());
        let (source, target) = (self.0.endpoints.array(from)?, self.0.endpoints.array(to)?);
        let (source_name, target_name) = (source.info().await?.name, target.info().await?.name);
        let group = &policy.pure_pg_name;
        let spec = GroupSpec { name: group.clone(), owner: record.group.id.clone(), adopt };
        self.settle(&self.edit_cx(record, "policy/group"), |cx| source.ensure_group(cx, &spec)).await?;
        self.make_members(record, &volumes_on(record, from), MemberMode::Add).await?;
        let replication = ReplicationSpec { target: target_name, interval: policy.replication_interval };
        self.settle(&self.edit_cx(record, "policy/replication"), |cx| {
            source.ensure_replication(cx, group, &replication)
        })
        .await?;
        let image = naming::standby_group_name(record.group.replication_type, &source_name, group);
        self.settle(&self.edit_cx(record, "policy/accept"), |cx| {
            target.accept_from_peer(cx, &image, &record.group.id, true)
        })
        .await
    }

    /// Members of the array group on the array where the workload runs.
    pub(super) async fn make_members(
        &self,
        record: &GroupRecord,
        volumes: &BTreeSet<ArrayVolumeName>,
        mode: MemberMode,
    ) -> Result<()> {
        let Some(policy) = &record.policy else { return Ok(()) };
        if volumes.is_empty() && mode == MemberMode::Add {
            return Ok(());
        }
        let array = self.0.endpoints.array(&record.group.current_primary_site)?;
        let members = MemberSet { volumes: volumes.clone(), mode };
        self.settle(&self.edit_cx(record, "members/array"), |cx| {
            array.ensure_members(cx, &policy.pure_pg_name, &members)
        })
        .await
        .map(drop)
    }
}

/// What a policy says about the arrays of the primary and of the secondary site.
fn access_in(policy: &ReplicationPolicy) -> [AccessIn<'_>; 2] {
    [
        (Side::Primary, &policy.primary_fa_url, &policy.primary_fa_api_token),
        (Side::Secondary, &policy.secondary_fa_url, &policy.secondary_fa_api_token),
    ]
    .map(|(side, url, token)| AccessIn { side, url: url.as_deref(), token: token.as_ref() })
}

/// Array names of all members' volumes on `site`.
pub(super) fn volumes_on(record: &GroupRecord, site: &SiteName) -> BTreeSet<ArrayVolumeName> {
    record.disks().filter_map(|(_, disk)| disk.copies.get(site)).map(|copy| copy.array_volume.clone()).collect()
}

/// The name is fixed once the array has the group.
fn group_name(record: &GroupRecord, change: &PolicyChange) -> Result<ArrayGroupName> {
    let old = record.policy.as_ref().map(|p| &p.pure_pg_name);
    match (&change.pure_pg_name, old) {
        (Some(given), Some(old)) if given != old.as_str() => Err(Error::new(
            ErrorKind::InvalidRequest,
            format!("pure_pg_name of '{}' is '{old}' and cannot become '{given}'", record.group.name),
        )
        .remedy("leave --pure-pg-name out; for another array group create another protection group")),
        (_, Some(old)) => Ok(old.clone()),
        (Some(given), None) => {
            naming::validate_array_object_name("pure_pg_name", given)?;
            let name = ArrayGroupName::new(given.clone());
            if naming::is_system_group(&name) {
                return Err(Error::invalid(format!("pure_pg_name '{given}' is one of Cinder's own array groups"))
                    .remedy("choose another name"));
            }
            in_pod(record, &name)
        }
        (None, None) => in_pod(record, &naming::default_array_group_name(&record.group.name)),
    }
}

/// A group is in a pod if, and only if, it is synchronous: in the one that is named, else in that of its volumes, else in
/// the one that Cinder uses unless it is told another.
fn in_pod(record: &GroupRecord, name: &ArrayGroupName) -> Result<ArrayGroupName> {
    let (text, group) = (name.as_str(), &record.group.name);
    match (record.group.replication_type, naming::pod_of(text)) {
        (ReplicationType::Async, None) | (ReplicationType::Sync, Some(_)) => Ok(name.clone()),
        (ReplicationType::Async, Some(pod)) => Err(Error::invalid(format!(
            "pure_pg_name '{text}' lies in pod '{pod}', and '{group}' is replicated asynchronously, without a pod"
        ))
        .remedy("name the array group alone, without '<pod>::'")),
        (ReplicationType::Sync, None) => {
            let volumes = volumes_on(record, &record.group.current_primary_site);
            let pod = volumes.iter().find_map(|volume| naming::pod_of(volume.as_str()));
            Ok(naming::group_in_pod(pod.unwrap_or(naming::CINDER_POD), name))
        }
    }
}
