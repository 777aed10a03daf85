//! What callers call: one engine is one site's view of the deployment. One file per resource.
//!
//! Every edit follows the same order: refuse what can be refused without looking; look; refuse what the world objects to;
//! ask the other site; act; write the metadata on both sites or on none.

mod consistency_groups;
mod describe;
mod divergence;
mod facts;
mod health;
mod mappings;
mod members;
mod metadata;
mod operations;
mod peer;
mod policies;
mod protection_groups;
mod rehearsals;
pub mod report;
mod requests;
mod site_checks;
mod site_failover;
mod sites;
mod start_options;
mod stopping;
mod tenancy;
mod times;
mod views;
mod workers;

pub use health::{ComplianceView, DrillView, HealthView, RpoSweepView, metrics_text};
#[cfg(feature = "http-peer")]
pub use peer::HttpPeer;
pub use peer::{InProcessPeer, Reachable};
pub use report::OperationReport;
pub use requests::{
    DivergenceDiscard, GroupCreate, GroupUpdate, MappingSet, MemberAdd, MemberUpdate, PolicyChange, SiteCreate,
    StopOptions, WorkerReport,
};
pub use site_failover::{SiteFailoverOptions, SiteFailoverView, SiteGroupView};
pub use tenancy::Page;
pub use views::{
    ConsistencyGroupView, FenceDueView, GroupView, InstanceView, LedgerEntryView, MappingRow, MappingView, MemberView,
    OperationView, PolicyView, SiteCheck, SiteValidation, StepView, SyncStatusView, VolumeTypeView, VolumeView,
};
pub use workers::{ServiceView, WorkerView};

pub use crate::exec::{Event, Progress};
pub use crate::plan::{ReconcilePlan, Request, SimulatedStorage, SiteFailoverRequest, SitePlan};
pub use crate::rules::Side;
pub use crate::rules::policy_drift::PolicyDrift;

use crate::exec::{Endpoints, Executor, Limits, lease};
use crate::model::{GroupRecord, OpKey, OpenOperation, ProjectId, SiteName};
use crate::ports::{Cancel, Cx, LeaseHolder, Outcome};
use crate::rules::AccessIn;
use crate::{ApiToken, Error, Result};
use jiff::SignedDuration;
use std::{collections::BTreeMap, future::Future, sync::Arc};

/// Longest time that one call of an edit may take.
const EDIT_TIME: SignedDuration = SignedDuration::from_secs(120);

/// What `[storage]` says, for policies that leave it out.
#[derive(Debug, Clone, Default)]
pub struct StorageDefaults {
    /// URL of the array of the primary site.
    pub primary_array_url: Option<String>,
    /// Its token.
    pub primary_array_api_token: Option<ApiToken>,
    /// URL of the array of the secondary site.
    pub secondary_array_url: Option<String>,
    /// Its token.
    pub secondary_array_api_token: Option<ApiToken>,
    /// Seconds; used when a policy is created without an interval.
    pub replication_interval: Option<u32>,
    /// Minutes; used when a policy is created without an objective.
    pub rpo_minutes: Option<u32>,
    /// Whether array URLs and tokens are needed at all; a simulated array has none.
    pub credentials_needed: bool,
    /// Which of the two arrays stands at a site. A site that is not in it has the one that is named like its part in the
    /// group.
    pub array_sides: BTreeMap<SiteName, Side>,
    /// Set where arrays are simulated and clouds are not.
    pub simulated: Option<SimulatedStorage>,
}

impl StorageDefaults {
    /// What `[storage]` says about the array of `site`, which has the part `side` in a group.
    fn array_of(&self, site: &SiteName, side: Side) -> AccessIn<'_> {
        let side = self.array_sides.get(site).copied().unwrap_or(side);
        let (url, token) = match side {
            Side::Primary => (&self.primary_array_url, &self.primary_array_api_token),
            Side::Secondary => (&self.secondary_array_url, &self.secondary_array_api_token),
        };
        AccessIn { side, url: url.as_deref(), token: token.as_ref() }
    }
}

/// One site's engine. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    site: SiteName,
    /// Whose groups it works on; `None`: everybody's.
    project: Option<ProjectId>,
    endpoints: Endpoints,
    defaults: StorageDefaults,
    holder: LeaseHolder,
    executor: Executor,
}

impl Engine {
    /// An engine that works from `site`.
    pub fn new(site: SiteName, endpoints: Endpoints, defaults: StorageDefaults, limits: Limits) -> Self {
        // unique within this process is enough: host, process and its start are beside it
        let holder = lease::this_process(uuid::Uuid::new_v4().to_string());
        let executor = Executor::new(endpoints.clone(), holder.clone(), limits);
        Self(Arc::new(Inner { site, project: None, endpoints, defaults, holder, executor }))
    }

    /// The site this engine works from.
    pub fn site(&self) -> &SiteName {
        &self.0.site
    }

    /// The ports behind it.
    pub fn endpoints(&self) -> &Endpoints {
        &self.0.endpoints
    }

    /// Who this engine is when it takes a lease.
    pub fn holder(&self) -> &LeaseHolder {
        &self.0.holder
    }

    /// Whether several things may go on at once: on a virtual clock they do not, so that runs can be compared.
    fn runs_side_by_side(&self) -> bool {
        self.0.executor.limits() != Limits::SEQUENTIAL
    }

    /// The group with this id or name.
    async fn load(&self, id_or_name: &str) -> Result<GroupRecord> {
        let store = &self.0.endpoints.store;
        let found = match &self.0.project {
            None => store.group(id_or_name).await?,
            Some(project) => store.group_of(project, id_or_name).await?,
        };
        found.ok_or_else(|| {
            Error::not_found(format!("protection group '{id_or_name}' does not exist"))
                .remedy("openstack protector protection-group list")
        })
    }

    /// The group, if it may be edited: nothing open on it (a test or a sync of this site counts, too), and the other site answers and agrees.
    async fn load_for_edit(&self, id_or_name: &str) -> Result<GroupRecord> {
        let record = self.load(id_or_name).await?;
        if let Some(open) = self.open_operation(&record).await? {
            return Err(is_open(&open, &record.group.name));
        }
        if let Some(divergence) = &record.divergence {
            return Err(Error::conflict(format!(
                "'{}' cannot be changed: {} has not heard of {}",
                record.group.name, divergence.absent_site, divergence.operation
            ))
            .remedy(format!("openstack protector protection-group sync {}", record.group.name)));
        }
        crate::exec::metadata::check_in_sync(&*self.0.endpoints.peer, &record).await?;
        Ok(record)
    }

    /// Makes one call of an edit until it is finished.
    async fn settle<'a, T, F>(&self, cx: &'a Cx, mut call: impl FnMut(&'a Cx) -> F) -> Result<T>
    where
        F: Future<Output = Result<Outcome<T>>>,
    {
        crate::exec::settle(&*self.0.endpoints.clock, cx, || call(cx)).await
    }

    /// The context of one call of an edit. `what` names the call within this version of the group.
    fn edit_cx(&self, record: &GroupRecord, what: &str) -> Cx {
        let deadline = self.0.endpoints.clock.now().checked_add(EDIT_TIME).unwrap_or(jiff::Timestamp::MAX);
        let op_key = OpKey::new(format!("{}/{what}/{}", record.group.id, record.version));
        Cx { op_key, epoch: record.group.epoch, deadline, cancel: Cancel::default() }
    }
}

/// The refusal of whatever needs a group without an open operation.
fn is_open(open: &OpenOperation, group: &str) -> Error {
    let id = &open.id;
    Error::conflict(format!("{} {id} is open on '{group}' (journal on {})", open.kind, open.site)).remedy(format!(
        "wait for it; or finish it: openstack protector operation resume {id}; or give it up: \
         openstack protector operation abort {id}"
    ))
}
