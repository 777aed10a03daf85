//! The storage suite over PureStorageDriver and simulated FlashArrays, at REST versions that differ in what a driver must
//! do, without a request that eradicates or overwrites; and over real arrays, where the environment names two.

use protector_core::ports::conformance::{Report, run_all, storage};
use protector_tests::flash_arrays;
use protector_tests::request_log::RequestLog;

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
