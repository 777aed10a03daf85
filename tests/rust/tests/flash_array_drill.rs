//! The drill of the documents with `storage_driver = pure`: the simulated clouds stand over FlashArrays that are served from
//! the same world, and nothing is eradicated or overwritten on the way.

#![allow(clippy::indexing_slicing, reason = "helpers of tests may panic as tests do")]

use flasharray_sim::{ArrayOptions, Links, Options, RestVersion, ServedArray, Simulator};
use protector_core::config::Settings;
use protector_core::connect::{Deployment, db_sync, fernet_setup, mock_seed};
use protector_core::engine::{DivergenceDiscard, Engine, Request};
use protector_core::mock::{SeedOptions, WorldLocation, WorldTime};
use protector_core::model::{LedgerState, Mappings, OperationStatus};
use protector_core::store::Durability;
use protector_core::{Error, Result};
use protector_tests::request_log::RequestLog;
use protector_tests::{GROUP, drill, failover, files, operate, pods, protect, unplanned};
use std::{collections::BTreeMap, path::Path};

/// The arrays of the documents.
const ARRAYS: [&str; 2] = ["flasharray-a", "flasharray-b"];

async fn serve(directory: &Path, rest_max: &str, links: Links) -> Result<Simulator> {
    Simulator::start(Options {
        arrays: ARRAYS.map(ArrayOptions::local).into(),
        links,
        rest_max: rest_max.parse::<RestVersion>()?,
        location: WorldLocation::File(directory.join("world.db")),
        time: WorldTime::Virtual,
        ..Options::default()
    })
    .await
}

fn settings(directory: &Path, arrays: &[ServedArray]) -> Result<Settings> {
    let [primary, secondary] = arrays else { return Err(Error::internal("there are not two arrays")) };
    let path = directory.display();
    let ca_file = directory.join("ca.pem");
    std::fs::write(&ca_file, &primary.ca_cert).map_err(|e| Error::storage(e.to_string()))?;
    let storage = [("primary", primary), ("secondary", secondary)]
        .map(|(role, array)| {
            format!("{role}_array_url = {}\n{role}_array_api_token = {}\n", array.url, array.api_token)
        })
        .concat();
    let text = format!(
        "[DEFAULT]\nstate_path = {path}\n[engine]\nstorage_driver = pure\nmock_db_path = {path}/world.db\n\
         mock_clock = virtual\ncloud_driver = mock\nlocal_site = site-a\n\
         [storage]\nfernet_key_repository = {path}/fernet-keys\narray_ca_file = {}\n{storage}",
        ca_file.display()
    );
    Settings::from_text(&text, &BTreeMap::new())
}

async fn open(directory: &Path, simulator: &Simulator, options: SeedOptions) -> Result<Deployment> {
    let settings = settings(directory, simulator.arrays())?;
    fernet_setup(&settings)?;
    db_sync(&settings).await?;
    mock_seed(&settings, options).await?;
    Deployment::open_with(&settings, Durability::Off).await
}

async fn drill_at(rest_max: &str) -> Result<()> {
    let log = RequestLog::listen();
    let files = files::directory()?;
    let simulator = serve(files.path(), rest_max, Links::Async).await?;
    let deployment = open(files.path(), &simulator, SeedOptions::default()).await?;
    let engine = deployment.engine(Some("site-a"))?;
    protect(&deployment, &engine).await?;
    for request in drill() {
        let done = operate(&engine, &request).await?;
        assert_eq!(done.status, OperationStatus::Completed, "REST {rest_max}: {done:#?}");
    }
    log.assert_harmless();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_of_the_drill_completes_without_batches() -> Result<()> {
    drill_at("2.26").await
}

/// I-14: no request eradicates anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_of_the_drill_completes_with_batches() -> Result<()> {
    drill_at("2.37").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_of_the_drill_completes_where_groups_have_tags() -> Result<()> {
    drill_at("2.39").await
}

/// site-a is lost and comes back: it is fenced, what it held is kept, and what the moves left is released.
async fn aftermath_at(rest_max: &str) -> Result<()> {
    let log = RequestLog::listen();
    let files = files::directory()?;
    let simulator = serve(files.path(), rest_max, Links::Async).await?;
    let deployment = open(files.path(), &simulator, SeedOptions::default()).await?;
    let home = deployment.engine(Some("site-a"))?;
    protect(&deployment, &home).await?;
    operate(&home, &Request::Sync {}).await?;
    deployment.world().set_site_available(&"site-a".into(), false)?;
    let away = deployment.engine(Some("site-b"))?;
    let completes = async |request: &Request| -> Result<()> {
        let done = operate(&away, request).await?;
        assert_eq!(done.status, OperationStatus::Completed, "REST {rest_max}: {done:#?}");
        Ok(())
    };
    completes(&unplanned(true)).await?;
    deployment.world().set_site_available(&"site-a".into(), true)?;
    away.sync_metadata(GROUP).await?;
    let failback = || Request::Failback { mappings: Mappings::default() };
    for request in [Request::Reprotect {}, failback(), failover(), failback()] {
        completes(&request).await?;
    }
    let group = away.protection_group_show(GROUP).await?;
    assert!(group.fences_due.is_empty());
    assert_eq!(group.ledger[0].state, LedgerState::Preserved);
    completes(&Request::Commit {}).await?;
    let entry = group.ledger[0].id.clone();
    away.divergence_discard(GROUP, &DivergenceDiscard { entry, reason: "a drill".to_owned(), by: None }).await?;
    completes(&Request::Commit {}).await?;
    log.assert_harmless();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_site_and_what_comes_after_without_batches() -> Result<()> {
    aftermath_at("2.26").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_site_and_what_comes_after_where_groups_have_tags() -> Result<()> {
    aftermath_at("2.39").await
}

/// A group in a stretched pod goes there and back, loses a site, and is protected again.
async fn pods_at(rest_max: &str) -> Result<()> {
    let log = RequestLog::listen();
    let files = files::directory()?;
    let simulator = serve(files.path(), rest_max, Links::Sync).await?;
    let options = SeedOptions { sync_servers: 2, ..SeedOptions::default() };
    let deployment = open(files.path(), &simulator, options).await?;
    let home = deployment.engine(Some("site-a"))?;
    pods::protect(&deployment, &home).await?;
    let completes = async |engine: &Engine, request: &Request| -> Result<()> {
        let done = operate(engine, request).await?;
        assert_eq!(done.status, OperationStatus::Completed, "REST {rest_max}: {done:#?}");
        Ok(())
    };
    for request in drill() {
        completes(&home, &request).await?;
    }
    deployment.world().set_site_available(&"site-a".into(), false)?;
    let away = deployment.engine(Some("site-b"))?;
    completes(&away, &unplanned(true)).await?;
    deployment.world().set_site_available(&"site-a".into(), true)?;
    away.sync_metadata(GROUP).await?;
    let failback = Request::Failback { mappings: Mappings::default() };
    for request in [Request::Reprotect {}, failback] {
        completes(&away, &request).await?;
    }
    let health = home.health().await?;
    assert_eq!((health[0].failover_ready, health[0].recovery_point_age_seconds), (true, Some(0)), "{health:#?}");
    log.assert_harmless();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_in_a_pod_without_batches() -> Result<()> {
    pods_at("2.26").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_in_a_pod_with_batches() -> Result<()> {
    pods_at("2.37").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_in_a_pod_where_groups_have_tags() -> Result<()> {
    pods_at("2.39").await
}
