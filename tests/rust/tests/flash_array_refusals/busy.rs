//! Arrays that are busy, or go away for a while.

use super::fault;
use protector_core::ports::{Outcome, StorageDriver as _};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::compare::{differences, without_ids};
use protector_tests::flash_array_stage::{MEMBERS, says};
use protector_tests::flash_arrays::{FlashArrays, NAMES};

#[tokio::test]
async fn an_array_that_is_busy_for_a_moment_is_asked_again_and_that_is_counted() -> Result<()> {
    for busy in [
        r#"on * * times=2 status=500 message="Server is busy""#,
        "on * * times=2 status=429 retry-after=0",
        "on * * times=2 status=503",
    ] {
        let arrays = FlashArrays::protected("2.37", |_| ()).await?;
        let before = arrays.source.client().counters();
        fault(&arrays, busy)?;
        let (cx, replication) = (arrays.call("target"), FlashArrays::replication());
        let done = arrays.source.ensure_replication(&cx, &FlashArrays::group(), &replication).await?;
        assert_eq!(done, Outcome::Done(()), "{busy}");
        let after = arrays.source.client().counters();
        assert_eq!(after.retries - before.retries, 2, "{busy}");
        assert_eq!(after.round_trips - before.round_trips, after.requests - before.requests + 2, "{busy}");
    }
    Ok(())
}

/// Also a creation: what an array is too busy for has no effect.
#[tokio::test]
async fn a_creation_is_sent_again_by_an_array_that_was_too_busy_for_it() -> Result<()> {
    let arrays = FlashArrays::replicated("2.37", |_| ()).await?;
    fault(&arrays, r#"on POST volumes/batch times=2 status=500 message="Server is busy""#)?;
    let made = arrays.target.clone_volumes(&arrays.call("clone"), &FlashArrays::clones(&MEMBERS)).await?;
    assert!(matches!(&made, Outcome::Done(clones) if clones.len() == 2), "{made:?}");
    assert_eq!(arrays.target.client().counters().retries, 2);
    Ok(())
}

#[tokio::test]
async fn an_array_that_stays_busy_is_left_alone_after_a_while() -> Result<()> {
    for (status, said) in [("503", "answered 503"), ("429", "answered 429"), ("500 message=\"Server is busy\"", "busy")]
    {
        let arrays = FlashArrays::protected("2.37", |_| ()).await?;
        let driver = arrays.driver(NAMES[0], |options| options.retries = 2)?;
        driver.info().await?;
        let before = driver.client().counters();
        fault(&arrays, &format!("on * * status={status}"))?;
        let host = driver.client().endpoint().host().to_owned();
        let (cx, group) = (arrays.call("disable"), FlashArrays::group());
        let call = driver.disable_replication(&cx, &group);
        arrays.refuses(call, ErrorKind::Transient, &[&host, said]).await?;
        assert!(driver.client().counters().retries - before.retries >= 2, "{status}");
        arrays.simulator.faults().clear()?;
        driver.disable_replication(&cx, &group).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_array_that_goes_down_in_the_middle_is_gone_on_with() -> Result<()> {
    for rest_max in ["2.26", "2.37"] {
        let whole = FlashArrays::replicated(rest_max, |_| ()).await?;
        let (cx, request) = (whole.call("clone"), FlashArrays::clones(&MEMBERS));
        let before = whole.simulator.requests();
        whole.target.clone_volumes(&cx, &request).await?;
        let requests = whole.simulator.requests() - before;
        let expected = without_ids(&whole.world().dump()?);
        for after in 0..requests {
            let arrays = FlashArrays::replicated(rest_max, |_| ()).await?;
            let target = arrays.driver(NAMES[1], |options| options.retries = 1)?;
            target.client().version().await?;
            fault(&arrays, &format!("array=arr-b down after {after} requests"))?;
            let cx = arrays.call("clone");
            let refused = target.clone_volumes(&cx, &request).await.err();
            let refused = refused.ok_or_else(|| Error::internal(format!("not down after {after} of {requests}")))?;
            let kind = refused.kind();
            assert!(matches!(kind, ErrorKind::Unreachable | ErrorKind::Indeterminate), "{after}: {refused}");
            says(&refused, kind, &[target.client().endpoint().host()]);
            fault(&arrays, "array=arr-b up")?;
            target.clone_volumes(&cx, &request).await?;
            let differences = differences(&expected, &without_ids(&arrays.world().dump()?));
            assert!(differences.is_empty(), "REST {rest_max}, down after {after}:\n{}", differences.join("\n"));
        }
    }
    Ok(())
}
