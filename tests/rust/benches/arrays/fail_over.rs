//! The storage part of an asynchronous failover: find the newest complete recovery point, clone all of it, look whether
//! every clone is there and of the right source.

use crate::contender::{Order, ready, report};
use protector_core::model::{ArrayVolumeName, DiskId};
use protector_core::ports::{CloneRequest, Outcome, StorageDriver, VolumeQuery};
use protector_core::rules::naming;
use protector_core::{Error, Result};
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

/// Whose the group is.
const OWNER: &str = "bench-group";

/// Lets the group be replicated to the target, and marks it there, as setting up its policy does.
pub(crate) async fn accept(order: &Path) -> Result<()> {
    let order = Order::read(order)?;
    let driver = order.driver()?;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        let cx = order.cx("accept");
        match driver.accept_from_peer(&cx, &order.group, &OWNER.into(), true).await? {
            Outcome::InProgress { .. } => tokio::time::sleep(Duration::from_millis(50)).await,
            Outcome::Done(()) | Outcome::AlreadyDone(()) => {
                driver.client().close().await;
                return Ok(());
            }
        }
    }
    Err(Error::precondition(format!("'{}' does not appear on the target", order.group)))
}

pub(crate) async fn measure(order: &Path) -> Result<()> {
    let order = Order::read(order)?;
    let driver = order.driver()?;
    if order.warm {
        driver.info().await?;
    }
    ready()?;
    let begun = Instant::now();
    let clones = fail_over(&driver, &order).await?;
    let seconds = begun.elapsed().as_secs_f64();
    report(&json!({"seconds": seconds, "clones": clones}))?;
    driver.client().close().await;
    Ok(())
}

/// How many clones were made and verified.
async fn fail_over(driver: &impl StorageDriver, order: &Order) -> Result<usize> {
    let none = || Error::precondition(format!("'{}' has no complete recovery point", order.group));
    let point = driver.newest_complete(&order.group).await?.ok_or_else(none)?.value;
    let operation = order.operation();
    let clone_of = |source: &ArrayVolumeName| naming::clone_volume_name(&operation, &DiskId::new(source.as_str()));
    let volumes: BTreeMap<_, _> = order.volumes.iter().map(|source| (source.clone(), clone_of(source))).collect();
    let request = CloneRequest { point: point.name.clone(), volumes };
    driver.clone_volumes(&order.cx("clone_volumes"), &request).await?;
    let wanted = request.volumes.values().cloned().collect();
    let found = driver.volumes(&VolumeQuery::Names(wanted)).await?;
    let sources: BTreeMap<_, _> = found
        .iter()
        .filter(|clone| !clone.destroyed)
        .filter_map(|clone| Some((clone.cloned_from.clone()?, clone.name.clone())))
        .collect();
    let verified = |(source, name): &(&ArrayVolumeName, &ArrayVolumeName)| {
        sources.get(&(point.name.clone(), (*source).clone())) == Some(*name)
    };
    match request.volumes.iter().find(|pair| !verified(pair)) {
        Some((source, name)) => Err(Error::internal(format!("'{name}' is not the clone of '{source}'"))),
        None => Ok(request.volumes.len()),
    }
}
