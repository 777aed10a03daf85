//! Whatever is done to a group, and whatever happens meanwhile, some things hold. Each law carries the number that the
//! catalogue of invariants gives it; `laws` checks them after every act, and at the end whether the way leads home.
//!
//! Acts are drawn at random and shrink when a law breaks: operations from either site that finish, freeze at a journal
//! write, stand still in a call and go on later, or lose a reply of an array; takeovers; sites, arrays and links that go and
//! come; what people do behind everybody's back; writes; time.

mod acts;
mod broken;
mod edits;
mod home;
mod laws;
mod walk;

use acts::{Act, acts};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError};
use protector_core::Error;
use protector_core::model::ReplicationType;
use walk::Walk;

/// The same walks each time, so that a failure is of the change that made it; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` ask
/// for others, and for more. Each of the tests makes half of them, side by side.
fn config(seed: u64) -> Config {
    let given = |name: &str| std::env::var_os(name).is_some();
    let usual = Config::default();
    Config {
        cases: if given("PROPTEST_CASES") { usual.cases.div_ceil(2) } else { 24 },
        rng_seed: if given("PROPTEST_RNG_SEED") { usual.rng_seed } else { RngSeed::Fixed(seed) },
        max_shrink_iters: 200,
        failure_persistence: None,
        ..usual
    }
}

proptest! {
    #![proptest_config(config(46))]

    #[test]
    fn laws_hold_whatever_is_done_and_whatever_happens(acts in acts()) {
        walk(&acts, ReplicationType::Async)?;
    }
}

proptest! {
    #![proptest_config(config(47))]

    #[test]
    fn laws_hold_on_other_walks(acts in acts()) {
        walk(&acts, ReplicationType::Async)?;
    }
}

proptest! {
    #![proptest_config(config(48))]

    /// From a stretched pod nothing that was acknowledged is ever lost.
    #[test]
    fn laws_hold_for_a_group_in_a_pod(acts in acts()) {
        walk(&acts, ReplicationType::Sync)?;
    }
}

fn walk(acts: &[Act], kind: ReplicationType) -> Result<(), TestCaseError> {
    let failed = |e: Error| TestCaseError::fail(e.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| failed(Error::internal("no runtime").source(e)))?;
    runtime.block_on(go(acts, kind)).map_err(failed)
}

async fn go(acts: &[Act], kind: ReplicationType) -> Result<(), Error> {
    let mut walk = match kind {
        ReplicationType::Async => Walk::begin().await?,
        ReplicationType::Sync => Walk::begin_in_pod().await?,
    };
    for (number, act) in acts.iter().enumerate() {
        walk.make(act).await.map_err(|e| e.context(format!("act {} of {acts:#?}", number + 1)))?;
        laws::check(&mut walk).await.map_err(|e| e.context(format!("after act {} of {acts:#?}", number + 1)))?;
    }
    let at_the_end = async {
        home::lead_home(&mut walk).await?;
        laws::check(&mut walk).await?;
        laws::audit::journals_tell_everything(&walk).await
    };
    at_the_end.await.map_err(|e| e.context(format!("after {acts:#?}")))
}
