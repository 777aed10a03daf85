//! The synchronous face, used by the bindings: one runtime for each process, made on first use.
//!
//! Works from any thread, also from a worker of somebody else's tokio runtime: each call is spawned onto our runtime and
//! awaited over a channel, but for reads that need not wait (`wait`). A process that is forked opens engines of its own;
//! those of its parent refuse to work there, and so does everything in a process that was forked while calls were under
//! way.

#[cfg(feature = "conformance")]
mod conformance;
mod flash_array;
mod kept;
mod wait;

#[cfg(feature = "conformance")]
pub use conformance::{ForeignCloudSubject, ForeignStorageSubject, cloud_conformance, storage_conformance};
pub use flash_array::FlashArray;

use crate::Result;
use crate::config::Settings;
use crate::connect::{Deployment, DriverSource};
use crate::engine::{self, *};
use crate::plan::{Graph, Plan};
use crate::ports::Cancel;
use kept::Kept;
use std::sync::Arc;
use wait::{look, wait};

/// An [`engine::Engine`] for callers that block. Cheap to clone; clones and siblings share the deployment.
///
/// ```
/// use protector_core::{blocking::Engine, config::Settings};
/// let text = "[engine]\nstorage_driver = mock\ncloud_driver = mock\n[database]\nconnection = sqlite://\n";
/// let engine = Engine::open(Settings::from_text(text, &Default::default())?, Some("site-a"))?;
/// assert_eq!(engine.site().as_str(), "site-a");
/// assert_eq!(engine.at("site-b")?.site_list()?.len(), 2);
/// # Ok::<(), protector_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Engine(Kept<Opened>);

#[derive(Debug, Clone)]
struct Opened {
    deployment: Deployment,
    inner: engine::Engine,
}

macro_rules! mirror {
    (by $how:ident; $($(#[$doc:meta])* fn $name:ident(&self $(, $arg:ident : $kind:ty)* $(,)?) -> $out:ty;)*) => {
        impl Engine { $(
            $(#[$doc])*
            pub fn $name(&self $(, $arg: $kind)*) -> Result<$out> {
                let engine = self.usable()?.inner.clone();
                $( let $arg = $arg.to_owned(); )*
                $how(async move { engine.$name($( &$arg ),*).await })
            }
        )* }
    };
}

mirror! {
    by wait;
    /// See [`engine::Engine::site_create`].
    fn site_create(&self, request: &SiteCreate) -> crate::model::Site;
    /// See [`engine::Engine::site_delete`].
    fn site_delete(&self, name: &str) -> ();
    /// See [`engine::Engine::site_validate`].
    fn site_validate(&self, name: &str) -> SiteValidation;
    /// See [`engine::Engine::site_list_volume_types`].
    fn site_list_volume_types(&self, name: &str) -> Vec<VolumeTypeView>;

    /// See [`engine::Engine::protection_group_create`].
    fn protection_group_create(&self, request: &GroupCreate) -> GroupView;
    /// See [`engine::Engine::protection_group_update`].
    fn protection_group_update(&self, group: &str, change: &GroupUpdate) -> GroupView;
    /// See [`engine::Engine::protection_group_delete`].
    fn protection_group_delete(&self, group: &str) -> ();

    /// See [`engine::Engine::mapping_suggest`].
    fn mapping_suggest(&self, group: &str) -> MappingView;
    /// See [`engine::Engine::mapping_set`].
    fn mapping_set(&self, group: &str, set: &MappingSet) -> MappingView;

    /// See [`engine::Engine::policy_create`].
    fn policy_create(&self, group: &str, change: &PolicyChange) -> PolicyView;
    /// See [`engine::Engine::policy_drift`].
    fn policy_drift(&self) -> Vec<PolicyDrift>;

    /// See [`engine::Engine::member_add`].
    fn member_add(&self, group: &str, request: &MemberAdd) -> MemberView;
    /// See [`engine::Engine::member_update`].
    fn member_update(&self, group: &str, instance: &str, change: &MemberUpdate) -> MemberView;
    /// See [`engine::Engine::member_remove`].
    fn member_remove(&self, group: &str, instance: &str) -> ();

    /// See [`engine::Engine::consistency_group_show`].
    fn consistency_group_show(&self, group: &str) -> ConsistencyGroupView;
    /// See [`engine::Engine::consistency_group_volumes`].
    fn consistency_group_volumes(&self, group: &str) -> Vec<VolumeView>;

    /// See [`engine::Engine::answer_peer`].
    fn answer_peer(&self, question: &str) -> String;
    /// See [`engine::Engine::sync_status`].
    fn sync_status(&self, group: &str) -> SyncStatusView;
    /// See [`engine::Engine::sync_metadata`].
    fn sync_metadata(&self, group: &str) -> SyncStatusView;
    /// See [`engine::Engine::plan_reconcile`].
    fn plan_reconcile(&self, group: &str, winner: &str) -> ReconcilePlan;
    /// See [`engine::Engine::reconcile`].
    fn reconcile(&self, plan: &ReconcilePlan) -> SyncStatusView;

    /// See [`engine::Engine::divergence_discard`].
    fn divergence_discard(&self, group: &str, request: &DivergenceDiscard) -> LedgerEntryView;

    /// See [`engine::Engine::plan`].
    fn plan(&self, group: &str, request: &Request) -> Plan;
    /// See [`engine::Engine::plan_site_failover`].
    fn plan_site_failover(&self, site: &str, request: &SiteFailoverRequest) -> SitePlan;
    /// See [`engine::Engine::site_failover`].
    fn site_failover(&self, plan: &SitePlan, options: &SiteFailoverOptions, cancel: &Cancel, progress: &Progress) -> SiteFailoverView;

    /// See [`engine::Engine::accept`].
    fn accept(&self, plan: &Plan) -> OperationView;
    /// See [`engine::Engine::run`].
    fn run(&self, operation: &str, cancel: &Cancel, progress: &Progress) -> OperationView;
    /// See [`engine::Engine::operation_cancel`].
    fn operation_cancel(&self, operation: &str, options: &StopOptions) -> OperationView;
    /// See [`engine::Engine::operation_abort`].
    fn operation_abort(
        &self, operation: &str, options: &StopOptions, cancel: &Cancel, progress: &Progress
    ) -> OperationView;
    /// See [`engine::Engine::operation_takeover`].
    fn operation_takeover(&self, operation: &str, cancel: &Cancel, progress: &Progress) -> OperationView;

    /// See [`engine::Engine::health`].
    fn health(&self) -> Vec<HealthView>;
    /// See [`engine::Engine::health_show`].
    fn health_show(&self, group: &str) -> HealthView;
    /// See [`engine::Engine::metrics`].
    fn metrics(&self) -> String;
    /// See [`engine::Engine::sweep_rpo`].
    fn sweep_rpo(&self) -> RpoSweepView;

    /// See [`engine::Engine::record_worker`].
    fn record_worker(&self, report: &WorkerReport) -> ();
}

// what the store of the site has
mirror! {
    by look;
    /// See [`engine::Engine::site_list`].
    fn site_list(&self) -> Vec<crate::model::Site>;
    /// See [`engine::Engine::site_show`].
    fn site_show(&self, name: &str) -> crate::model::Site;
    /// See [`engine::Engine::protection_group_list`].
    fn protection_group_list(&self) -> Vec<GroupView>;
    /// See [`engine::Engine::protection_group_page`].
    fn protection_group_page(&self, page: &Page) -> Vec<GroupView>;
    /// See [`engine::Engine::protection_group_show`].
    fn protection_group_show(&self, group: &str) -> GroupView;
    /// See [`engine::Engine::mapping_show`].
    fn mapping_show(&self, group: &str) -> MappingView;
    /// See [`engine::Engine::policy_show`].
    fn policy_show(&self, group: &str) -> PolicyView;
    /// See [`engine::Engine::member_list`].
    fn member_list(&self, group: &str) -> Vec<MemberView>;
    /// See [`engine::Engine::operation_show`].
    fn operation_show(&self, operation: &str) -> OperationView;
    /// See [`engine::Engine::operation_list`].
    fn operation_list(&self) -> Vec<OperationView>;
    /// See [`engine::Engine::operation_list_open`].
    fn operation_list_open(&self) -> Vec<OperationView>;
    /// See [`engine::Engine::operation_plan`].
    fn operation_plan(&self, operation: &str) -> Plan;
    /// See [`engine::Engine::operation_graph`].
    fn operation_graph(&self, operation: &str) -> Graph;
    /// See [`engine::Engine::operation_report`].
    fn operation_report(&self, operation: &str) -> OperationReport;
    /// See [`engine::Engine::divergence_list`].
    fn divergence_list(&self, group: &str) -> Vec<LedgerEntryView>;
    /// See [`engine::Engine::workers`].
    fn workers(&self) -> ServiceView;
}

impl Engine {
    /// See [`Deployment::open`] and [`Deployment::engine`].
    ///
    /// # Errors
    /// As those two; process that was forked while calls were under way, or while a database of this deployment was open
    /// → `Unsupported`.
    pub fn open(settings: Settings, site: Option<&str>) -> Result<Self> {
        let deployment = wait(async move { Deployment::open(&settings).await })?;
        let inner = deployment.engine(site)?;
        Ok(Self(Kept::new(Opened { deployment, inner })))
    }

    /// As [`Engine::open`], with drivers that are not part of this crate.
    ///
    /// # Errors
    /// As [`Deployment::open_with_drivers`] and [`Engine::open`].
    pub fn open_with_drivers(settings: Settings, site: Option<&str>, source: Arc<dyn DriverSource>) -> Result<Self> {
        let deployment = wait(async move { Deployment::open_with_drivers(&settings, &source).await })?;
        let inner = deployment.engine(site)?;
        Ok(Self(Kept::new(Opened { deployment, inner })))
    }

    /// The engine of another site in the same deployment.
    ///
    /// # Errors
    /// no such site → `NotFound`; process that was forked from the one that opened it → `Unsupported`.
    pub fn at(&self, site: &str) -> Result<Self> {
        let deployment = self.usable()?.deployment.clone();
        let inner = deployment.engine(Some(site))?;
        Ok(Self(Kept::new(Opened { deployment, inner })))
    }

    /// See [`engine::Engine::for_project`].
    #[must_use]
    pub fn for_project(&self, project: &str) -> Self {
        Self(self.0.with(|of| Opened { inner: of.inner.for_project(project.into()), ..of.clone() }))
    }

    /// See [`Deployment::mock_servers`].
    ///
    /// # Errors
    /// As [`Deployment::mock_servers`]; process that was forked from the one that opened it → `Unsupported`.
    pub fn mock_servers(&self, site: Option<&str>) -> Result<Vec<crate::connect::MockServer>> {
        let (deployment, site) = (self.usable()?.deployment.clone(), site.map(str::to_owned));
        wait(async move { deployment.mock_servers(site.as_deref()).await })
    }

    /// The deployment behind it.
    pub fn deployment(&self) -> &Deployment {
        &self.0.seen().deployment
    }

    /// The site this engine works from.
    pub fn site(&self) -> &crate::model::SiteName {
        self.inner().site()
    }

    /// The engine behind this face.
    pub fn inner(&self) -> &engine::Engine {
        &self.0.seen().inner
    }

    fn usable(&self) -> Result<&Opened> {
        self.0.usable("engine")
    }
}

/// See [`crate::connect::db_sync`].
///
/// # Errors
/// As [`crate::connect::db_sync`].
pub fn db_sync(settings: &Settings) -> Result<Vec<crate::connect::DatabaseSync>> {
    let settings = settings.clone();
    wait(async move { crate::connect::db_sync(&settings).await })
}

/// See [`crate::connect::db_version`].
///
/// # Errors
/// As [`crate::connect::db_version`].
pub fn db_version(settings: &Settings) -> Result<Vec<crate::connect::DatabaseSync>> {
    let settings = settings.clone();
    wait(async move { crate::connect::db_version(&settings).await })
}

/// See [`crate::connect::db_check`].
///
/// # Errors
/// As [`crate::connect::db_check`].
pub fn db_check(settings: &Settings) -> Result<Vec<crate::connect::DatabaseCheck>> {
    let settings = settings.clone();
    wait(async move { crate::connect::db_check(&settings).await })
}

/// See [`crate::connect::mock_seed`].
///
/// # Errors
/// As [`crate::connect::mock_seed`].
pub fn mock_seed(settings: &Settings, options: crate::mock::SeedOptions) -> Result<crate::mock::SeedReport> {
    let settings = settings.clone();
    wait(async move { crate::connect::mock_seed(&settings, options).await })
}

/// See [`crate::connect::mock_servers`].
///
/// # Errors
/// As [`crate::connect::mock_servers`].
pub fn mock_servers(settings: &Settings, site: Option<&str>) -> Result<Vec<crate::connect::MockServer>> {
    let (settings, site) = (settings.clone(), site.map(str::to_owned));
    wait(async move { crate::connect::mock_servers(&settings, site.as_deref()).await })
}

/// See [`crate::connect::mock_set_site`].
///
/// # Errors
/// As [`crate::connect::mock_set_site`].
pub fn mock_set_site(settings: &Settings, site: &str, available: bool) -> Result<()> {
    let (settings, site) = (settings.clone(), site.to_owned());
    wait(async move { crate::connect::mock_set_site(&settings, &site, available).await })
}

/// See [`crate::connect::fernet_setup`].
///
/// # Errors
/// As [`crate::connect::fernet_setup`].
pub fn fernet_setup(settings: &Settings) -> Result<crate::store::SetupReport> {
    crate::connect::fernet_setup(settings)
}

/// See [`crate::connect::fernet_rotate`].
///
/// # Errors
/// As [`crate::connect::fernet_rotate`].
pub fn fernet_rotate(settings: &Settings) -> Result<crate::store::RotateReport> {
    let settings = settings.clone();
    wait(async move { crate::connect::fernet_rotate(&settings).await })
}

/// See [`crate::connect::fernet_migrate`].
///
/// # Errors
/// As [`crate::connect::fernet_migrate`].
pub fn fernet_migrate(settings: &Settings) -> Result<Vec<crate::connect::TokenMigration>> {
    let settings = settings.clone();
    wait(async move { crate::connect::fernet_migrate(&settings).await })
}

/// See [`crate::connect::config_check`].
///
/// # Errors
/// None so far.
pub fn config_check(settings: &Settings) -> Result<crate::connect::ConfigReport> {
    Ok(crate::connect::config_check(settings))
}
