//! Simulated arrays under clouds that are played as real: the clouds of one world, the arrays of another.

#![allow(clippy::indexing_slicing, reason = "helpers of tests may panic as tests do")]

use protector_core::connect::Deployment;
use protector_core::engine::{Engine, GroupCreate, Request, StorageDefaults};
use protector_core::exec::Limits;
use protector_core::mock::{CloudOnMockArray, World, WorldLocation, WorldTime};
use protector_core::model::{Mappings, OperationStatus, ReplicationType, SiteName};
use protector_core::plan::{FindingCode, SimulatedStorage};
use protector_core::ports::{Cloud, StorageDriver};
use protector_core::{ErrorKind, Result};
use protector_tests::compare::{rows, state, text};
use protector_tests::{
    GROUP, VIRTUAL, deployment, drill, failover, group_create, operate, protect, server_id, to_secondary, unplanned,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A deployment whose clouds are played as real, and an engine that has them on arrays of another world.
struct Mixed {
    real: Deployment,
    engine: Engine,
}

impl Mixed {
    async fn new(failover_to_blank_disks: bool) -> Result<Self> {
        let real = deployment(VIRTUAL).await?;
        let world = World::open(&WorldLocation::Memory, WorldTime::Given(real.world().clock()))?;
        let sites = ["site-a", "site-b"].map(SiteName::from);
        world.put_arrays_under(&sites)?;
        let mut endpoints = real.engine(Some("site-a"))?.endpoints().clone();
        endpoints.clouds.clear();
        endpoints.arrays.clear();
        for site in sites {
            let cloud = CloudOnMockArray::new(Arc::new(real.world().cloud(&site)?), world.clone(), &site)?;
            endpoints.clouds.insert(site.clone(), Arc::new(cloud) as Arc<dyn Cloud>);
            let array = world.storage_driver(&site)?.without_pods();
            endpoints.arrays.insert(site, Arc::new(array) as Arc<dyn StorageDriver>);
        }
        let simulated = Some(SimulatedStorage { failover_to_blank_disks });
        let defaults = StorageDefaults { simulated, ..StorageDefaults::default() };
        let engine = Engine::new("site-a".into(), endpoints, defaults, Limits::SEQUENTIAL);
        protect(&real, &engine).await?;
        Ok(Self { real, engine })
    }

    async fn completes(&self, request: &Request) -> Result<String> {
        let done = operate(&self.engine, request).await?;
        assert_eq!(done.status, OperationStatus::Completed, "{request:?}: {done:#?}");
        Ok(done.id.to_string())
    }

    /// What a project has in the clouds.
    fn clouds(&self) -> Result<Value> {
        let tables = ["attachments", "cinder_groups", "cinder_volumes", "ports", "servers"];
        let rows = tables.map(|table| Ok((table.to_owned(), json!(rows(&self.real, table)?))));
        Ok(Value::Object(rows.into_iter().collect::<Result<_>>()?))
    }

    /// The Cinder volumes of a site, with how many writes are really on them.
    fn contents(&self, site: &str) -> Result<BTreeMap<String, u64>> {
        let behind: BTreeMap<_, _> = rows(&self.real, "volumes")?
            .into_iter()
            .map(|row| (text(&row, "id").to_owned(), row["content"].as_u64().unwrap_or(u64::MAX)))
            .collect();
        let volumes = rows(&self.real, "cinder_volumes")?.into_iter().filter(|row| text(row, "site") == site);
        Ok(volumes.map(|row| (text(&row, "id").to_owned(), behind[text(&row, "array_volume_id")])).collect())
    }

    /// Volumes of web-server-1 where it runs now.
    async fn disks(&self, site: &str) -> Result<BTreeSet<String>> {
        let id = server_id(&self.real, site, "web-server-1").await?;
        let attached = rows(&self.real, "attachments")?.into_iter().filter(|row| text(row, "server_id") == id);
        Ok(attached.map(|row| text(&row, "volume_id").to_owned()).collect())
    }
}

fn rehearsal() -> Request {
    Request::TestFailover { mappings: to_secondary(), retain_primary: true }
}

#[tokio::test]
async fn a_drill_leaves_the_clouds_as_they_were() -> Result<()> {
    let mixed = Mixed::new(false).await?;
    let before = mixed.clouds()?;
    mixed.completes(&Request::Sync {}).await?;
    let plan = mixed.engine.plan(GROUP, &rehearsal()).await?;
    let said: Vec<_> = plan.findings.iter().filter(|f| f.code == FindingCode::StorageSimulated).collect();
    assert_eq!(said.len(), 1, "{plan}");
    assert!(said[0].message.contains("2 disks arrive blank on site-b"), "{plan}");
    let test = mixed.completes(&rehearsal()).await?;
    let made = mixed.contents("site-b")?;
    assert_eq!(made.values().collect::<Vec<_>>(), [&0, &0], "two disks, nothing on them");
    let headline = mixed.engine.operation_report(&test).await?.headline;
    assert!(headline.contains("with blank disks, 1 of 1 servers ran"), "{headline}");
    mixed.completes(&Request::TestCleanup { test: None }).await?;
    assert_eq!(mixed.clouds()?, before);
    Ok(())
}

#[tokio::test]
async fn what_stops_servers_is_refused_unless_the_settings_allow_it() -> Result<()> {
    let mixed = Mixed::new(false).await?;
    mixed.completes(&Request::Sync {}).await?;
    let before = state(&mixed.real).await?;
    for request in [failover(), unplanned(true)] {
        let plan = mixed.engine.plan(GROUP, &request).await?;
        let refused = mixed.engine.accept(&plan).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PlanBlocked, "{refused}");
        let text = refused.to_string();
        assert!(text.contains("[storage_simulated]") && text.contains("failover_to_blank_disks = true"), "{text}");
    }
    assert_eq!(state(&mixed.real).await?, before);
    Ok(())
}

#[tokio::test]
async fn pods_are_not_offered() -> Result<()> {
    let mixed = Mixed::new(true).await?;
    let wanted = GroupCreate { replication_type: ReplicationType::Sync, ..group_create("in-a-pod") };
    let refused = mixed.engine.protection_group_create(&wanted).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported, "{refused}");
    Ok(())
}

/// There and back, twice: what was there first stays as it was, detached and named; what came later is blank, and what
/// of it is retained is gone after a commit.
#[tokio::test]
async fn a_tenants_own_volumes_outlive_every_move() -> Result<()> {
    let mixed = Mixed::new(true).await?;
    let (own, before) = (mixed.disks("site-a").await?, mixed.contents("site-a")?);
    let failback = || Request::Failback { mappings: Mappings::default() };
    for (round, request) in drill().into_iter().map(|r| (1, r)).chain([failover(), failback()].map(|r| (2, r))) {
        let plan = mixed.engine.plan(GROUP, &request).await?;
        assert!(plan.findings.iter().any(|f| f.code == FindingCode::StorageSimulated), "{plan}");
        if request == failback() {
            let named = own.iter().filter(|id| plan.to_string().contains(*id)).count();
            assert_eq!(named, if round == 1 { 2 } else { 0 }, "{own:?}: {plan}");
        }
        mixed.completes(&request).await?;
    }
    let counts = |mixed: &Mixed| -> Result<_> {
        let (here, there) = (mixed.contents("site-a")?, mixed.contents("site-b")?);
        for (id, count) in &before {
            assert_eq!(here.get(id), Some(count), "volume {id} of the project");
        }
        assert!(here.iter().all(|(id, count)| before.contains_key(id) || *count == 0), "{here:?}");
        Ok((here.len() - before.len(), there.len()))
    };
    assert_eq!(counts(&mixed)?, (4, 4), "two of each move");
    mixed.completes(&Request::Commit {}).await?;
    assert_eq!(counts(&mixed)?, (2, 2), "those of the newest servers");
    let now = mixed.disks("site-a").await?;
    assert!(now.len() == 2 && now.is_disjoint(&own), "{now:?} {own:?}");
    Ok(())
}

/// A way home that begins without the site that was left.
#[tokio::test]
async fn an_unplanned_move_says_what_runs_on() -> Result<()> {
    let mixed = Mixed::new(true).await?;
    mixed.completes(&Request::Sync {}).await?;
    let plan = mixed.engine.plan(GROUP, &unplanned(true)).await?;
    assert!(plan.to_string().contains("what is not stopped on site-a runs on beside the new servers"), "{plan}");
    mixed.completes(&unplanned(true)).await?;
    mixed.completes(&Request::Reprotect {}).await?;
    mixed.completes(&Request::Failback { mappings: Mappings::default() }).await.map(drop)
}
