//! Recovery points that cannot be cloned, and arrays that cannot hold or give up the clones.

use super::fault;
use protector_core::model::{ArrayVolumeId, OpKey};
use protector_core::ports::{Outcome, StorageDriver as _, SurvivingRecoveryPoint, VolumeQuery};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::flash_array_stage::{MEMBERS, says};
use protector_tests::flash_arrays::{FlashArrays, NAMES};
use std::{collections::BTreeSet, time::Duration};

/// Without and with batches.
const VERSIONS: [&str; 2] = ["2.26", "2.37"];

#[tokio::test]
async fn a_recovery_point_that_is_on_its_way_is_refused_although_the_array_would_clone_it() -> Result<()> {
    for version in VERSIONS {
        let arrays = FlashArrays::linked(version, |options| options.transfer_time = Duration::from_secs(60)).await?;
        let (cx, wanted) = (arrays.call("dr-1"), FlashArrays::shipped("dr-1"));
        arrays.source.create_protection_group_snapshot(&cx, &FlashArrays::group(), &wanted).await?;
        arrays.world().clock().sleep(Duration::from_secs(30)).await;
        let (cx, request) = (arrays.call("clone"), FlashArrays::clones(&MEMBERS));
        let parts = ["recovery point 'arr-a:pg-app.dr-1'", "not completely arrived", "wait until"];
        let call = arrays.target.clone_volumes(&cx, &request);
        arrays.refuses(call, ErrorKind::Precondition, &parts).await?;
        let findings = arrays.target.preflight(&request).await?;
        let codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, ["transfer_incomplete"], "{version}");

        let copied = arrays.world().change_array::<_, Error>(&NAMES[1].into(), |array| {
            let source = array.copy_source("arr-a:pg-app.dr-1.v1")?.ok_or_else(|| Error::not_found("v1"))?;
            array.copy_volume(&source, "half", None, None)
        });
        assert!(copied.is_ok(), "nobody but the driver keeps one from half a volume: {copied:?}");
    }
    Ok(())
}

#[tokio::test]
async fn members_that_are_not_in_the_recovery_point_are_all_named() -> Result<()> {
    for version in VERSIONS {
        let arrays = FlashArrays::replicated(version, |_| ()).await?;
        let request = FlashArrays::clones(&["v1", "v2", "v7", "v8"]);
        let parts = ["recovery point 'arr-a:pg-app.dr-1'", "does not hold 'v7', 'v8'"];
        let cx = arrays.call("clone");
        arrays.refuses(arrays.target.clone_volumes(&cx, &request), ErrorKind::Precondition, &parts).await?;
    }
    Ok(())
}

#[tokio::test]
async fn no_room_for_all_clones_leaves_none() -> Result<()> {
    for version in VERSIONS {
        for room in 0..2 {
            let arrays = FlashArrays::replicated(version, |_| ()).await?;
            let array = NAMES[1].into();
            let present = arrays.world().read_array::<_, Error>(&array, |array| array.volume_count())?;
            let (cx, request) = (arrays.call("clone"), FlashArrays::clones(&MEMBERS));
            fault(&arrays, &format!("limit volumes={}", present + room))?;
            let refused = arrays.target.clone_volumes(&cx, &request).await.err();
            let refused = refused.ok_or_else(|| Error::internal(format!("{version}: room for {room} is enough")))?;
            says(&refused, ErrorKind::LimitReached, &["dr-v", "limit reached"]);
            let names = request.volumes.values().cloned().collect();
            let left = arrays.target.volumes(&VolumeQuery::Names(names)).await?;
            assert!(left.iter().all(|volume| volume.destroyed), "{version}, room for {room}: {left:?}");
        }
    }
    Ok(())
}

/// Nothing here needs to eradicate anything.
#[tokio::test]
async fn safe_mode_hinders_no_cleanup() -> Result<()> {
    for version in VERSIONS {
        let arrays = FlashArrays::replicated(version, |_| ()).await?;
        for name in NAMES {
            let set = |array: &protector_core::mock::ArrayTx<'_>| array.set_eradication(86_400_000, "disabled");
            arrays.world().change_array::<_, Error>(&name.into(), set)?;
        }
        let cx = arrays.call("clone");
        let made = arrays.target.clone_volumes(&cx, &FlashArrays::clones(&MEMBERS)).await?;
        let ids: BTreeSet<ArrayVolumeId> =
            made.finished().unwrap_or_default().into_iter().map(|clone| clone.id).collect();
        assert_eq!(ids.len(), 2);
        let removed = arrays.target.remove_clones(&arrays.call("cleanup"), &OpKey::from("clone"), &ids).await?;
        assert_eq!(removed, Outcome::Done(()), "{version}");
        let proof = SurvivingRecoveryPoint { array: arrays.target.info().await?.id, point: FlashArrays::point() };
        let (cx, group, owner) = (arrays.call("retire"), FlashArrays::group(), FlashArrays::owner());
        let retired = arrays.source.retire_group(&cx, &group, &owner, Some(&proof)).await?;
        assert_eq!(retired, Outcome::Done(()), "{version}");
        assert_eq!(arrays.source.group(&group).await?.map(|group| group.value.destroyed), Some(true), "{version}");
    }
    Ok(())
}
