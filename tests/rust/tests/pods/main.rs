//! Groups in stretched pods: what becomes of data, servers, both arrays and both clouds.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests do"
)]

mod given_up;
mod moves;
mod policy;
mod rehearsal;
mod unplanned;

use protector_core::Result;
use protector_core::engine::{Engine, Request};
use protector_core::model::{Mappings, OperationStatus, RpoState, SiteName};
use protector_core::ports::{PodMemberState, PodStatus};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, files, operate, pods};
use tempfile::TempDir;

/// A protected group in a world of its own; both go with the directory.
async fn protected() -> Result<(TempDir, Stage)> {
    let directory = files::directory()?;
    let stage = pods::stage(directory.path()).await?;
    Ok((directory, stage))
}

fn failback() -> Request {
    Request::Failback { mappings: Mappings::default() }
}

/// An operation of this engine that must complete.
async fn completes(engine: &Engine, request: &Request) -> Result<()> {
    let done = operate(engine, request).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    Ok(())
}

/// The group's pod as the array of a site shows it.
async fn pod(engine: &Engine, site: &str) -> Result<PodStatus> {
    let array = engine.endpoints().array(&site.into())?;
    let status = array.replication_status(&pods::ARRAY_GROUP.into()).await?.value;
    Ok(status.pod.expect("the group is in a pod"))
}

/// Both arrays have the data, the array group and the Cinder group of the site where the group runs hold exactly the disks.
async fn check_protected(engine: &Engine) -> Result<()> {
    let record = engine.endpoints().store.group(GROUP).await?.expect("the group");
    let site = &record.group.current_primary_site;
    for asked in ["site-a", "site-b"] {
        let pod = pod(engine, asked).await?;
        assert_eq!(pod.arrays.len(), 2, "{pod:?}");
        assert!(pod.arrays.values().all(|member| member.state == PodMemberState::Online), "{pod:?}");
        let array = engine.endpoints().array(&asked.into())?;
        let group = array.group(&pods::ARRAY_GROUP.into()).await?.expect("the array group").value;
        let wanted = record.disks().map(|(_, disk)| disk.copies[site].array_volume.clone()).collect();
        assert_eq!(group.volumes, wanted, "{asked}");
        assert!(group.volumes.iter().all(|volume| volume.as_str().starts_with("cinder-pod::")), "{group:?}");
    }
    let cloud = engine.endpoints().cloud(site)?;
    let grouped = cloud.consistency_group(record.group.cinder_group_on(site)).await?.expect("the Cinder group");
    assert_eq!(grouped.volumes, record.disks().map(|(_, disk)| disk.copies[site].volume_id.clone()).collect());
    let health = engine.health().await?;
    assert_eq!((health[0].recovery_point_age_seconds, health[0].rpo), (Some(0), Some(RpoState::Within)));
    assert_eq!(health[0].reasons, Vec::<String>::new());
    Ok(())
}

/// Writes to each disk where the group runs, as `engine` knows it.
async fn write(stage: &Stage, engine: &Engine, count: u64) -> Result<()> {
    let record = stage.record(engine).await?;
    let site = &record.group.current_primary_site;
    record.disks().try_for_each(|(_, disk)| stage.deployment.world().write(site, &disk.copies[site].volume_id, count))
}

/// Every disk refuses to be written on a site.
async fn refuses_writes(stage: &Stage, engine: &Engine, site: &str) -> Result<()> {
    let site = SiteName::from(site);
    for (_, disk) in stage.record(engine).await?.disks() {
        let Some(copy) = disk.copies.get(&site) else { continue };
        assert!(stage.deployment.world().write(&site, &copy.volume_id, 1).is_err(), "'{}' on {site}", disk.name);
    }
    Ok(())
}
