//! Targets that do not allow it, and links that are down.

use super::fault;
use protector_core::model::Transfer;
use protector_core::ports::{Outcome, ReplicationLink, ReplicationSpec, StorageDriver as _};
use protector_core::{ErrorKind, Result};
use protector_tests::flash_arrays::FlashArrays;
use std::time::Duration;

#[tokio::test]
async fn a_target_that_does_not_allow_it() -> Result<()> {
    let arrays = FlashArrays::linked("2.37", |_| ()).await?;
    let (group, image) = (FlashArrays::group(), FlashArrays::image());
    arrays.target.accept_from_peer(&arrays.call("forbid"), &image, &FlashArrays::owner(), false).await?;
    let (cx, wanted) = (arrays.call("dr-1"), FlashArrays::shipped("dr-1"));
    let parts = ["group 'pg-app'", "no target that allows replication", "on 'arr-b': purepgroup allow"];
    let call = arrays.source.create_protection_group_snapshot(&cx, &group, &wanted);
    arrays.refuses(call, ErrorKind::Precondition, &parts).await?;
    assert_eq!(arrays.source.replication_status(&group).await?.value.allowed, Some(false));
    assert_eq!(arrays.target.replication_status(&image).await?.value.allowed, Some(false));
    Ok(())
}

#[tokio::test]
async fn a_group_without_a_target() -> Result<()> {
    let arrays = FlashArrays::protected("2.37", |_| ()).await?;
    let (cx, group, wanted) = (arrays.call("dr-1"), FlashArrays::group(), FlashArrays::shipped("dr-1"));
    let call = arrays.source.create_protection_group_snapshot(&cx, &group, &wanted);
    let parts = ["group 'pg-app'", "no target that allows replication", "add a target"];
    arrays.refuses(call, ErrorKind::Precondition, &parts).await
}

#[tokio::test]
async fn a_target_that_is_not_connected_or_not_now() -> Result<()> {
    let arrays = FlashArrays::protected("2.37", |_| ()).await?;
    let (cx, group) = (arrays.call("target"), FlashArrays::group());
    let nobody = ReplicationSpec { target: "arr-z".into(), ..FlashArrays::replication() };
    let parts = ["not connected to array 'arr-z'", "purearray connect"];
    let call = arrays.source.ensure_replication(&cx, &group, &nobody);
    arrays.refuses(call, ErrorKind::Precondition, &parts).await?;
    fault(&arrays, "link down")?;
    let parts = ["not connected to array 'arr-b'", "purearray connect"];
    let replication = FlashArrays::replication();
    let call = arrays.source.ensure_replication(&cx, &group, &replication);
    arrays.refuses(call, ErrorKind::Precondition, &parts).await
}

#[tokio::test]
async fn a_snapshot_waits_while_the_link_is_down_and_the_status_says_so() -> Result<()> {
    let arrays = FlashArrays::linked("2.37", |_| ()).await?;
    let (group, image, point) = (FlashArrays::group(), FlashArrays::image(), FlashArrays::point());
    fault(&arrays, "link down")?;
    let (cx, wanted) = (arrays.call("dr-1"), FlashArrays::shipped("dr-1"));
    let taken = arrays.source.create_protection_group_snapshot(&cx, &group, &wanted).await?;
    assert!(matches!(taken, Outcome::Done(_)), "{taken:?}");
    for (driver, name) in [(&arrays.source, &group), (&arrays.target, &image)] {
        let status = driver.replication_status(name).await?.value;
        assert_eq!(status.link, ReplicationLink::Disconnected, "{driver}");
        assert_eq!(status.newest_complete, None, "{driver}");
    }
    assert_eq!(arrays.source.replication_status(&group).await?.value.allowed, None, "the source cannot ask");
    arrays.world().clock().sleep(Duration::from_secs(600)).await;
    let parts = ["arr-a:pg-app.dr-1", "no recovery point"];
    arrays.refuses(arrays.target.transfer_status(&point), ErrorKind::NotFound, &parts).await?;
    fault(&arrays, "link up")?;
    arrays.arrived(&arrays.target).await?;
    assert!(matches!(arrays.target.transfer_status(&point).await?, Transfer::Completed { .. }));
    assert_eq!(arrays.source.replication_status(&group).await?.value.link, ReplicationLink::Connected);
    Ok(())
}
