//! Shared helpers of the cross-crate tests: a deployment over the simulated world, and the drill of the documents.

pub mod compare;
pub mod crash;
pub mod cutting_proxy;
pub mod database_server;
pub mod faults;
pub mod files;
pub mod flash_array_stage;
pub mod flash_arrays;
pub mod gate;
pub mod golden;
pub mod idle;
pub mod latency;
pub mod link;
pub mod ordered;
pub mod pods;
pub mod request_log;
pub mod restored;
pub mod scale;
pub mod stage;
pub mod watched;

/// The examples of the README run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[derive(Debug)]
pub struct Readme;

use protector_core::config::Settings;
use protector_core::connect::Deployment;
use protector_core::engine::{Engine, GroupCreate, MemberAdd, OperationView, PolicyChange, Progress, Request};
use protector_core::model::{FailoverType, Mappings, ReplicationType};
use protector_core::ports::{Cancel, Cloud as _};
use protector_core::{Error, Result};
use std::collections::BTreeMap;

/// Settings of a deployment in memory, in virtual time: the same calls give the same ids, times and plans.
pub const VIRTUAL: &str = "[engine]\nstorage_driver = mock\nmock_clock = virtual\ncloud_driver = mock\nlocal_site = site-a\n[database]\nconnection = sqlite://\n";

/// A deployment with the settings in `text`.
///
/// # Errors
/// as [`Settings::from_text`] and [`Deployment::open`].
pub async fn deployment(text: &str) -> Result<Deployment> {
    Deployment::open(&Settings::from_text(text, &BTreeMap::new())?).await
}

/// Id of a server by name.
///
/// # Errors
/// no such server → `NotFound`.
pub async fn server_id(deployment: &Deployment, site: &str, name: &str) -> Result<String> {
    let servers = deployment.world().cloud(&site.into())?.servers().await?;
    let found = servers.into_iter().find(|s| s.name == name);
    found.map(|s| s.id.to_string()).ok_or_else(|| Error::not_found(format!("no server '{name}' on {site}")))
}

/// Name of the documents' group.
pub const GROUP: &str = "drill-web-app";

/// A group as the documents create it, under a name of one's own.
pub fn group_create(name: &str) -> GroupCreate {
    GroupCreate {
        name: name.into(),
        description: None,
        replication_type: ReplicationType::Async,
        primary_site: "site-a".into(),
        secondary_site: "site-b".into(),
        volume_type: "replicated-ssd".into(),
        project_id: None,
        priority: 0,
    }
}

/// Adds a server of site-a to the documents' group.
///
/// # Errors
/// what the engine says.
pub async fn add_member(deployment: &Deployment, engine: &Engine, server: &str, tier: u16) -> Result<()> {
    let instance_id = server_id(deployment, "site-a", server).await?;
    engine.member_add(GROUP, &MemberAdd { instance_id, tier, ..MemberAdd::default() }).await.map(drop)
}

/// The documents' group `drill-web-app`, with `web-server-1` as its member.
///
/// # Errors
/// what the engine says.
pub async fn protect(deployment: &Deployment, engine: &Engine) -> Result<()> {
    engine.protection_group_create(&group_create(GROUP)).await?;
    let policy = PolicyChange {
        pure_pg_name: Some("mock-pg-drill-web-app".into()),
        replication_interval: Some(300),
        rpo_minutes: Some(15),
        ..PolicyChange::default()
    };
    engine.policy_create(GROUP, &policy).await?;
    add_member(deployment, engine, "web-server-1", 0).await
}

/// Plans, accepts and runs.
///
/// # Errors
/// what the engine says; an operation that did not complete is returned, not an error.
pub async fn operate(engine: &Engine, request: &Request) -> Result<OperationView> {
    let plan = engine.plan(GROUP, request).await?;
    let accepted = engine.accept(&plan).await?;
    engine.run(accepted.id.as_str(), &Cancel::default(), &Progress::none()).await
}

/// The mapping of the documents' example.
pub fn to_secondary() -> Mappings {
    Mappings {
        networks: BTreeMap::from([("net-primary-web".into(), "net-secondary-web".into())]),
        ..Mappings::default()
    }
}

/// A planned failover with that mapping.
pub fn failover() -> Request {
    Request::Failover { failover_type: FailoverType::Planned, force: false, reason: None, mappings: to_secondary() }
}

/// An unplanned failover with that mapping.
pub fn unplanned(force: bool) -> Request {
    let reason = force.then(|| "site-a is lost".to_owned());
    Request::Failover { failover_type: FailoverType::Unplanned, force, reason, mappings: to_secondary() }
}

/// The steps of the drill after the group is protected, in order.
pub fn drill() -> Vec<Request> {
    vec![
        Request::Sync {},
        Request::TestFailover { mappings: to_secondary(), retain_primary: true },
        Request::TestCleanup { test: None },
        failover(),
        Request::Failback { mappings: Mappings::default() },
    ]
}
