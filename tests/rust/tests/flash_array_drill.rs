//! The drill of the documents with `storage_driver = pure`: the simulated clouds stand over FlashArrays that are served from
//! the same world, and nothing is eradicated or overwritten on the way.

use flasharray_sim::{ArrayOptions, Links, Options, RestVersion, ServedArray, Simulator};
use protector_core::config::Settings;
use protector_core::connect::{Deployment, db_sync, fernet_setup, mock_seed};
use protector_core::mock::{WorldLocation, WorldTime};
use protector_core::model::OperationStatus;
use protector_core::store::Durability;
use protector_core::{Error, Result};
use protector_tests::request_log::RequestLog;
use protector_tests::{drill, files, operate, protect};
use std::{collections::BTreeMap, path::Path};

/// The arrays of the documents.
const ARRAYS: [&str; 2] = ["flasharray-a", "flasharray-b"];

async fn serve(directory: &Path, rest_max: &str) -> Result<Simulator> {
    Simulator::start(Options {
        arrays: ARRAYS.map(ArrayOptions::local).into(),
        links: Links::Async,
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

async fn drill_at(rest_max: &str) -> Result<()> {
    let log = RequestLog::listen();
    let files = files::directory()?;
    let simulator = serve(files.path(), rest_max).await?;
    let settings = settings(files.path(), simulator.arrays())?;
    fernet_setup(&settings)?;
    db_sync(&settings).await?;
    mock_seed(&settings, 0).await?;
    let deployment = Deployment::open_with(&settings, Durability::Off).await?;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_of_the_drill_completes_with_batches() -> Result<()> {
    drill_at("2.37").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_of_the_drill_completes_where_groups_have_tags() -> Result<()> {
    drill_at("2.39").await
}
