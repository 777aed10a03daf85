//! Observing the world for a plan.

use super::{Engine, rehearsals};
use crate::exec::OperationState;
use crate::model::{
    GroupRecord, OpenOperation, OperationId, OperationKind, ReplicationPolicy, ServerId, SiteName, VolumeId,
};
use crate::plan::{
    ArrayFacts, CloudFacts, Durations, FACTS_SCHEMA, Facts, Observation, PeerFacts, Request, SiteFacts, TestRun,
};
use crate::ports::{
    Cloud, CloudVolume, OperationFilter, PeerArray, PodMemberState, SERVER_OP_KEY, StorageDriver, StoredOperation,
};
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};

impl Engine {
    /// Everything that a plan for `request` may depend on. What cannot be seen is in the facts as not seen.
    ///
    /// # Errors
    /// no such group → `NotFound`; store cannot be read → `Storage`; a test named in the request is not one → `NotFound`.
    pub async fn facts(&self, group: &str, request: &Request) -> Result<Facts> {
        let record = self.load(group).await?;
        let source = record.group.current_primary_site.clone();
        let target = record.group.standby_site().clone();
        let (source, target, peer) = tokio::join!(
            self.site_facts(&record, source, request),
            self.site_facts(&record, target, request),
            self.peer_facts(&record, request)
        );
        self.facts_of(record, request, source, target, peer).await
    }

    /// The same for an unplanned failover whose source is taken as lost: nothing of it is asked, and it reads as silent. As
    /// the standby site would see it.
    ///
    /// # Errors
    /// as [`Engine::facts`].
    pub(super) async fn facts_without_source(&self, record: &GroupRecord) -> Result<Facts> {
        const LOST: &str = "taken as lost, so it was not asked";
        let (now, request) = (self.0.endpoints.clock.now(), Request::Sync {});
        let (lost, left) = (record.group.current_primary_site.clone(), record.group.standby_site().clone());
        let (cloud, array) =
            tokio::join!(self.cloud_facts(record, &left, &request), self.array_facts_of(record, &left, None));
        let target = SiteFacts { site: left.clone(), cloud: cloud.into(), array: array.into(), observed_at: Some(now) };
        let source = SiteFacts {
            site: lost.clone(),
            cloud: Observation::Unknown(LOST.to_owned()),
            array: Observation::Unknown(LOST.to_owned()),
            observed_at: Some(now),
        };
        let peer =
            PeerFacts { site: lost, version: Observation::Unknown(LOST.to_owned()), differs: false, tests: None };
        let facts = self.facts_of(record.clone(), &request, source, target, peer).await?;
        Ok(Facts { local_site: left, ..facts })
    }

    async fn facts_of(
        &self,
        record: GroupRecord,
        request: &Request,
        source: SiteFacts,
        target: SiteFacts,
        peer: PeerFacts,
    ) -> Result<Facts> {
        let test = match request {
            Request::TestCleanup { test } => self.test_run(&record, test.as_ref()).await?,
            Request::Commit {} => self.test_run(&record, None).await?,
            _ => None,
        };
        let (open_operation, unreadable_operation) = match self.open_operation(&record).await {
            Ok(open) => (open, None),
            Err(e) if e.kind() == ErrorKind::Unsupported => (None, Some(e.message().to_owned())),
            Err(e) => return Err(e),
        };
        let sites = [&source.site, &target.site];
        let durations = Durations::of_samples(&self.0.endpoints.store.durations().await?).at_sites(&sites);
        Ok(Facts {
            schema: FACTS_SCHEMA,
            now: self.0.endpoints.clock.now(),
            local_site: self.0.site.clone(),
            open_operation,
            unreadable_operation,
            peer,
            source,
            target,
            test,
            durations,
            limits: self.0.executor.limits(),
            simulated_storage: self.0.defaults.simulated,
            record,
        })
    }

    async fn peer_facts(&self, record: &GroupRecord, request: &Request) -> PeerFacts {
        let (peer, group) = (&self.0.endpoints.peer, &record.group.id);
        let theirs = peer.record(group).await;
        let differs = matches!(&theirs, Ok(Some(theirs)) if theirs.version == record.version && theirs != record);
        let version = theirs.map(|theirs| theirs.map(|theirs| theirs.version));
        let tests = match request {
            Request::Commit {} => Some(peer.open_tests(group).await.into()),
            _ => None,
        };
        PeerFacts { site: peer.site().clone(), version: version.into(), differs, tests }
    }

    async fn site_facts(&self, record: &GroupRecord, site: SiteName, request: &Request) -> SiteFacts {
        let (cloud, array) = tokio::join!(self.cloud_facts(record, &site, request), self.array_facts(record, &site));
        let observed_at = Some(self.0.endpoints.clock.now());
        SiteFacts { site, cloud: cloud.into(), array: array.into(), observed_at }
    }

    async fn cloud_facts(&self, record: &GroupRecord, site: &SiteName, request: &Request) -> Result<CloudFacts> {
        let cloud = self.0.endpoints.cloud(site)?;
        let members: BTreeSet<&ServerId> = record.members.iter().filter_map(|m| m.server_on(site)).collect();
        let (networks, flavors, servers, group, volume_types, quota) = tokio::try_join!(
            cloud.networks(),
            cloud.flavors(),
            cloud.servers(),
            cloud.consistency_group(record.group.cinder_group_on(site)),
            cloud.volume_types(),
            cloud.quota()
        )?;
        let servers: BTreeMap<_, _> =
            servers.into_iter().filter(|s| members.contains(&s.id)).map(|s| (s.id.clone(), s)).collect();
        let retained = match request {
            Request::Commit {} => retained_volumes(cloud, record, site).await?,
            _ => BTreeMap::new(),
        };
        Ok(CloudFacts {
            networks,
            flavors,
            servers,
            group_volumes: group.map(|g| g.volumes).unwrap_or_default(),
            volume_types: Some(volume_types),
            quota: Some(quota),
            retained,
        })
    }

    pub(super) async fn array_facts(&self, record: &GroupRecord, site: &SiteName) -> Result<ArrayFacts> {
        self.array_facts_of(record, site, record.group.other_site(site)).await
    }

    /// `other_site`: the site whose array may be asked which of several it is.
    async fn array_facts_of(
        &self,
        record: &GroupRecord,
        site: &SiteName,
        other_site: Option<&SiteName>,
    ) -> Result<ArrayFacts> {
        let array = self.0.endpoints.array(site)?;
        let (info, peers) = tokio::try_join!(array.info(), array.peers())?;
        let mut facts = ArrayFacts::identity(info);
        if let Some(other) = self.peer_of(&peers, other_site).await {
            facts.link = other.link;
            facts.peer = Some(other.name);
        }
        let Some(policy) = &record.policy else { return Ok(facts) };
        facts.local_group = array.group(&policy.pure_pg_name).await?.map(|o| o.value);
        if record.group.is_in_pod() {
            pod_facts(array, policy, &mut facts).await?;
            return Ok(facts);
        }
        if let Some(peer) = &facts.peer {
            let image = naming::target_group_name(peer, &policy.pure_pg_name);
            facts.image = array.group(&image).await?.map(|o| o.value);
            facts.recovery_points = array.recovery_points(&image).await?.value;
        }
        Ok(facts)
    }

    /// Which of the arrays that one is connected to stands at the other site. A replication pair has two arrays; with more of
    /// them the other one is told by its own site.
    pub(super) async fn peer_of(&self, peers: &[PeerArray], other_site: Option<&SiteName>) -> Option<PeerArray> {
        if let [only] = peers {
            return Some(only.clone());
        }
        let id = self.0.endpoints.arrays.get(other_site?)?.info().await.ok()?.id;
        peers.iter().find(|peer| peer.id == id).cloned()
    }

    /// The operation that holds the group: by its metadata, or here by a test or sync that does not touch metadata.
    pub(super) async fn open_operation(&self, record: &GroupRecord) -> Result<Option<OpenOperation>> {
        if let Some(open) = &record.group.operation {
            return Ok(Some(open.clone()));
        }
        let filter =
            OperationFilter { group: Some(record.group.id.clone()), limit: Some(1), ..OperationFilter::default() };
        for stored in self.0.endpoints.store.operations(&filter).await? {
            if self.state(&stored.id).await?.finished.is_none() {
                return Ok(Some(OpenOperation { id: stored.id, kind: stored.kind, site: self.0.site.clone() }));
            }
        }
        Ok(None)
    }

    pub(super) async fn state(&self, id: &OperationId) -> Result<OperationState> {
        OperationState::read(&*self.0.endpoints.store, id).await
    }

    /// What the wanted test, or else the newest one that is not cleaned up, has made.
    async fn test_run(&self, record: &GroupRecord, wanted: Option<&OperationId>) -> Result<Option<TestRun>> {
        let filter = OperationFilter { group: Some(record.group.id.clone()), ..OperationFilter::default() };
        let operations = self.0.endpoints.store.operations(&filter).await?;
        let cleaned = rehearsals::cleaned(&*self.0.endpoints.store, &operations).await?;
        for stored in operations.iter().filter(|o| o.kind == OperationKind::TestFailover && !cleaned.contains(&o.id)) {
            if wanted.is_some_and(|id| *id != stored.id) {
                continue;
            }
            if let Some(run) = self.leftovers(stored).await? {
                return Ok(Some(run));
            }
        }
        match wanted {
            Some(id) if cleaned.contains(id) => {
                Err(Error::precondition(format!("test failover {id} is cleaned up already")))
            }
            Some(id) => Err(Error::not_found(format!(
                "'{id}' is not a test failover of '{}' with anything left",
                record.group.name
            ))
            .remedy("openstack protector operation list")),
            None => Ok(None),
        }
    }

    async fn leftovers(&self, stored: &StoredOperation) -> Result<Option<TestRun>> {
        let state = self.state(&stored.id).await?;
        if state.finished.is_none() {
            return Ok(None);
        }
        let plan = crate::exec::read_plan(stored)?;
        let outputs = &state.outputs;
        let Some(clone_key) = outputs.clone_key.clone() else { return Ok(None) };
        let mut servers: BTreeSet<_> = outputs.servers.values().map(|(id, _)| id.clone()).collect();
        servers.extend(self.unfinished_servers(&plan.target, &stored.id).await);
        Ok(Some(TestRun {
            operation: stored.id.clone(),
            site: plan.target,
            servers: servers.into_iter().collect(),
            ports: outputs.ports.values().map(|(id, _)| id.clone()).collect(),
            volumes: outputs.volume_ids().cloned().collect(),
            clone_key,
            clones: outputs.clones.values().map(|(id, _)| id.clone()).collect(),
        }))
    }

    /// Servers that an operation began to make: a step that failed because its server never got ready left no output. A
    /// cloud that does not answer blocks the cleanup by itself.
    async fn unfinished_servers(&self, site: &SiteName, operation: &OperationId) -> Vec<ServerId> {
        let Ok(cloud) = self.0.endpoints.cloud(site) else { return Vec::new() };
        let made_by = format!("{operation}/");
        let servers = cloud.servers().await.unwrap_or_default().into_iter();
        servers
            .filter(|s| s.metadata.get(SERVER_OP_KEY).is_some_and(|key| key.starts_with(&made_by)))
            .map(|s| s.id)
            .collect()
    }
}

/// How the group's pod stands, and its recovery points where the array has the data.
async fn pod_facts(array: &dyn StorageDriver, policy: &ReplicationPolicy, facts: &mut ArrayFacts) -> Result<()> {
    if facts.local_group.as_ref().is_none_or(|group| group.destroyed) {
        return Ok(());
    }
    let group = &policy.pure_pg_name;
    facts.pod = array.replication_status(group).await?.value.pod;
    let here = facts.pod.as_ref().and_then(|pod| pod.arrays.get(&facts.name));
    if here.is_some_and(|member| member.state == PodMemberState::Online) {
        facts.recovery_points = array.recovery_points(group).await?.value;
    }
    Ok(())
}

async fn retained_volumes(
    cloud: &dyn Cloud,
    record: &GroupRecord,
    site: &SiteName,
) -> Result<BTreeMap<VolumeId, CloudVolume>> {
    let mut found = BTreeMap::new();
    for copy in record.retained.iter().filter(|copy| copy.site == *site) {
        if let Some(volume) = cloud.volume(&copy.volume_id).await? {
            found.insert(volume.id.clone(), volume);
        }
    }
    Ok(found)
}
