//! The suites of the ports over drivers in another language, for callers that block.

use super::wait;
use crate::caller::spawn_blocking;
use crate::foreign::{Foreign, ForeignCloud, ForeignCloudBench, ForeignStorageBench, ForeignStorageDriver};
use crate::ports::SystemClock;
use crate::ports::conformance::cloud::{self, CloudSetting, CloudSubject};
use crate::ports::conformance::storage::{self, StorageSubject};
use crate::ports::conformance::{Check, Report, run_all};
use crate::{Error, Result};
use std::sync::Arc;

/// Two arrays and a bench, each in another language.
#[derive(Debug)]
pub struct ForeignStorageSubject {
    /// The array that is replicated from.
    pub source: Arc<dyn Foreign>,
    /// The array that is replicated to.
    pub target: Arc<dyn Foreign>,
    /// What drivers cannot do.
    pub bench: Arc<dyn Foreign>,
}

/// A cloud and a bench, each in another language.
#[derive(Debug)]
pub struct ForeignCloudSubject {
    /// The cloud.
    pub cloud: Arc<dyn Foreign>,
    /// What a cloud cannot do.
    pub bench: Arc<dyn Foreign>,
    /// What there is in it.
    pub setting: CloudSetting,
}

/// Runs the suite of storage drivers, or the checks named in `only`; `make` is called for each, and may block.
///
/// # Errors
/// a name that is no check → `InvalidRequest`. What fails is in the report.
pub fn storage_conformance(
    make: impl Fn() -> Result<ForeignStorageSubject> + Send + Sync + 'static,
    only: Option<&[String]>,
) -> Result<Report> {
    let checks = chosen(storage::suite(), only)?;
    let make = Arc::new(make);
    wait(async move {
        Ok(run_all(&checks, async || {
            let made = on_a_thread(&make).await?;
            let clock = Arc::new(SystemClock);
            Ok(StorageSubject {
                source: Arc::new(ForeignStorageDriver::open(made.source, clock.clone()).await?),
                target: Arc::new(ForeignStorageDriver::open(made.target, clock.clone()).await?),
                bench: Box::new(ForeignStorageBench::open(made.bench).await?),
                clock,
            })
        })
        .await)
    })
}

/// The same for clouds.
///
/// # Errors
/// a name that is no check → `InvalidRequest`. What fails is in the report.
pub fn cloud_conformance(
    make: impl Fn() -> Result<ForeignCloudSubject> + Send + Sync + 'static,
    only: Option<&[String]>,
) -> Result<Report> {
    let checks = chosen(cloud::suite(), only)?;
    let make = Arc::new(make);
    wait(async move {
        Ok(run_all(&checks, async || {
            let made = on_a_thread(&make).await?;
            let clock = Arc::new(SystemClock);
            Ok(CloudSubject {
                cloud: Arc::new(ForeignCloud::open(made.cloud, clock.clone()).await?),
                bench: Box::new(ForeignCloudBench::open(made.bench).await?),
                setting: made.setting,
                clock,
            })
        })
        .await)
    })
}

async fn on_a_thread<T: Send + 'static>(make: &Arc<impl Fn() -> Result<T> + Send + Sync + 'static>) -> Result<T> {
    let make = Arc::clone(make);
    let made = spawn_blocking(move || make()).await;
    made.map_err(|e| Error::internal("making the subject of a check ended in a panic").source(e))?
}

fn chosen<S>(suite: Vec<Check<S>>, only: Option<&[String]>) -> Result<Vec<Check<S>>> {
    let Some(only) = only else { return Ok(suite) };
    if let Some(unknown) = only.iter().find(|name| !suite.iter().any(|check| check.name == **name)) {
        return Err(Error::invalid(format!("there is no check '{unknown}'")).remedy("run the suite to see their names"));
    }
    Ok(suite.into_iter().filter(|check| only.iter().any(|name| name == check.name)).collect())
}
