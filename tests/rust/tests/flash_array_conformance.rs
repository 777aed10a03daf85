//! The storage suite over PureStorageDriver and simulated FlashArrays, at REST versions that differ in what a driver must
//! do, without a request that eradicates or overwrites; and over real arrays, where the environment names two.

use protector_core::ports::conformance::{Report, run_all, storage};
use protector_core::ports::{Clock, SystemClock};
use protector_core::pure::{ArrayEndpoint, PureOptions, PureStorageDriver, Trust, bench};
use protector_core::{ApiToken, Error, Result};
use protector_tests::flash_arrays::{self, FlashArrays};
use protector_tests::request_log::RequestLog;
use serde::Deserialize;
use std::sync::Arc;

/// Nothing about groups or pods is skipped: a FlashArray has both.
fn assert_kept(report: &Report) {
    let skipped = report.skipped();
    assert_eq!(skipped, ["what_is_not_offered_is_unsupported"], "{report}");
    assert!(report.clone().into_result().is_ok(), "{report}");
}

macro_rules! at_rest {
    ($($name:ident $version:literal),* $(,)?) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let log = RequestLog::listen();
            assert_kept(&run_all(&storage::suite(), async || flash_arrays::subject($version).await).await);
            log.assert_harmless();
        }
    )* };
}

at_rest! {
    rest_2_4_is_the_floor "2.4",
    rest_2_26_has_group_ids_and_no_batch "2.26",
    rest_2_37_has_batches "2.37",
    rest_2_38_names_a_context "2.38",
    rest_2_39_tags_groups "2.39",
}

/// What the bench over REST alone cannot do: cut a connection, look at data, see a transfer on its way, use pods.
fn beyond_rest() -> Vec<&'static str> {
    let mut skipped = vec![
        "an_array_that_is_lost_stays_known",
        "a_transfer_is_visible_before_it_is_complete",
        "what_is_on_its_way_is_nothing_to_start_from",
        "a_pod_that_is_online_is_what_many_groups_show",
        "an_incomplete_recovery_point_is_not_cloned",
        "a_clone_holds_the_data_of_its_instant",
    ];
    skipped.extend(storage::about_pods());
    skipped.extend(["a_fenced_volume_refuses_writes", "what_is_not_offered_is_unsupported"]);
    skipped
}

fn assert_kept_by_rest(report: &Report) {
    assert_eq!(report.skipped(), beyond_rest(), "{report}");
    assert!(report.clone().into_result().is_ok(), "{report}");
}

/// The same two arrays for all checks, as real ones are: what each leaves behind is swept away before the next.
#[tokio::test(flavor = "multi_thread")]
async fn one_pair_of_arrays_is_enough_for_the_bench_of_real_arrays() -> Result<()> {
    let arrays = FlashArrays::start("2.37", |_| ()).await?;
    let subject = async || bench::subject(arrays.source.clone(), arrays.target.clone(), arrays.world().clock()).await;
    assert_kept_by_rest(&run_all(&storage::suite(), subject).await);
    Ok(())
}

/// Two connected arrays that are there for tests.
#[derive(Deserialize)]
struct RealArrays {
    source: RealArray,
    target: RealArray,
}

#[derive(Deserialize)]
struct RealArray {
    url: String,
    api_token: String,
    /// SHA-256 of its certificate; absent: what this machine trusts.
    fingerprint: Option<String>,
}

impl RealArray {
    fn driver(&self, clock: &Arc<dyn Clock>) -> Result<PureStorageDriver> {
        let trust = self.fingerprint.clone().map_or(Trust::System, Trust::Fingerprint);
        let endpoint = ArrayEndpoint::parse(&self.url, ApiToken::new(self.api_token.as_str()))?;
        PureStorageDriver::new(endpoint, PureOptions { trust, ..PureOptions::default() }, Arc::clone(clock))
    }
}

/// `PROTECTOR_TEST_ARRAYS` names a JSON file `{"source": {"url", "api_token", "fingerprint"}, "target": {…}}`.
#[tokio::test(flavor = "multi_thread")]
async fn real_arrays_if_the_environment_names_two() -> Result<()> {
    let Some(file) = std::env::var_os("PROTECTOR_TEST_ARRAYS") else {
        eprintln!("skipped: real_arrays_if_the_environment_names_two: PROTECTOR_TEST_ARRAYS is not set");
        return Ok(());
    };
    let text = std::fs::read_to_string(&file).map_err(|e| Error::storage(format!("{}: {e}", file.display())))?;
    let arrays: RealArrays = serde_json::from_str(&text)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (source, target) = (arrays.source.driver(&clock)?, arrays.target.driver(&clock)?);
    let subject = async || bench::subject(source.clone(), target.clone(), Arc::clone(&clock)).await;
    assert_kept_by_rest(&run_all(&storage::suite(), subject).await);
    Ok(())
}
