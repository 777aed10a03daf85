//! The cloud suite over a real cloud whose Cinder has the Pure driver, where the environment names one.

use protector_core::openstack::{CloudsFile, OpenStackCloud, OpenStackOptions, bench};
use protector_core::ports::conformance::cloud::{CloudSetting, CloudSubject, suite};
use protector_core::ports::conformance::run_all;
use protector_core::ports::{Clock, SystemClock};
use protector_core::pure::{self, ArrayEndpoint, PureOptions, PureStorageDriver, Trust};
use protector_core::{ApiToken, Error, Result};
use serde::Deserialize;
use std::sync::Arc;

/// Environment variable with the path of a JSON file, a [`RealCloud`]. What the suite names is swept from it, and from its arrays.
const REAL_CLOUD: &str = "PROTECTOR_TEST_CLOUD";
/// Words of which a check's name must have one, joined by commas; absent: all checks.
const CHECKS: &str = "PROTECTOR_TEST_CHECKS";

/// A cloud of `clouds.yaml` that is there for tests, with its array.
#[derive(Deserialize)]
struct RealCloud {
    cloud: String,
    array: RealArray,
    /// The one that is connected to it.
    other_array: RealArray,
    setting: CloudSetting,
    /// Names of checks that do not concern it, in the order of the suite.
    skipped: Vec<String>,
}

#[derive(Deserialize)]
struct RealArray {
    url: String,
    api_token: String,
    /// SHA-256 of its certificate; absent: any is accepted, since this is for tests alone.
    fingerprint: Option<String>,
}

impl RealArray {
    fn driver(&self, clock: &Arc<dyn Clock>) -> Result<PureStorageDriver> {
        let endpoint = ArrayEndpoint::parse(&self.url, ApiToken::new(self.api_token.as_str()))?;
        let trust = Trust::narrowest(self.fingerprint.clone(), None, true);
        PureStorageDriver::new(endpoint, PureOptions { trust, ..PureOptions::default() }, Arc::clone(clock))
    }
}

async fn subject(real: &RealCloud) -> Result<CloudSubject> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (own, other) = (real.array.driver(&clock)?, real.other_array.driver(&clock)?);
    let storage = pure::bench::subject(own.clone(), other, Arc::clone(&clock)).await?;
    let entry = CloudsFile::find(&|name| std::env::var(name).ok())?.entry(&real.cloud)?;
    let cloud = Arc::new(OpenStackCloud::new(entry, OpenStackOptions::default(), Arc::clone(&clock))?);
    bench::subject(cloud, Arc::new(own), storage.bench, real.setting.clone(), clock).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_cloud_if_the_environment_names_one() -> Result<()> {
    let Some(file) = std::env::var_os(REAL_CLOUD) else {
        eprintln!("skipped: a_real_cloud_if_the_environment_names_one: {REAL_CLOUD} is not set");
        return Ok(());
    };
    let text = std::fs::read_to_string(&file).map_err(|e| Error::storage(format!("{}: {e}", file.display())))?;
    let real: RealCloud = serde_json::from_str(&text)?;
    let words = std::env::var(CHECKS).unwrap_or_default();
    let wanted = |name: &str| words.is_empty() || words.split(',').any(|word| name.contains(word));
    let checks: Vec<_> = suite().into_iter().filter(|check| wanted(check.name)).collect();
    let report = run_all(&checks, async || subject(&real).await).await;
    println!("{report}");
    if words.is_empty() {
        assert_eq!(report.skipped(), real.skipped, "{report}");
    }
    assert!(report.clone().into_result().is_ok(), "{report}");
    Ok(())
}
