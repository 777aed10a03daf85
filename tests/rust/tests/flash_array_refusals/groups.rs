//! Groups that are not what somebody takes them for.

use super::fault;
use protector_core::mock::{ArrayTx, HostSettings, Initiator};
use protector_core::ports::conformance::storage::StorageBench as _;
use protector_core::ports::{GroupSpec, Outcome, StorageDriver as _};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::flash_array_stage::{GROUP, MEMBERS};
use protector_tests::flash_arrays::{FlashArrays, NAMES};

/// With tags of groups, and with marker volumes.
const VERSIONS: [&str; 2] = ["2.39", "2.37"];

fn on_source<T>(arrays: &FlashArrays, act: impl FnOnce(&ArrayTx<'_>) -> Result<T>) -> Result<T> {
    arrays.world().change_array(&NAMES[0].into(), act)
}

fn destroy(arrays: &FlashArrays) -> Result<()> {
    on_source(arrays, |array| {
        let group = array.protection_group(GROUP)?.ok_or_else(|| Error::not_found(GROUP))?;
        array.destroy_protection_group(&group)
    })
}

#[tokio::test]
async fn a_group_that_was_destroyed_behind_our_back() -> Result<()> {
    for version in VERSIONS {
        let arrays = FlashArrays::linked(version, |_| ()).await?;
        destroy(&arrays)?;
        let (array, cx, group) = (&arrays.source, arrays.call("later"), FlashArrays::group());
        let host = array.client().endpoint().host().to_owned();
        let parts = ["protection group 'pg-app'", &host, "is destroyed", "purepgroup recover pg-app"];
        let kind = ErrorKind::PendingEradication;
        let spec = FlashArrays::spec();
        arrays.refuses(array.ensure_group(&cx, &spec), kind, &parts).await?;
        let members = FlashArrays::members(&["v1"]);
        arrays.refuses(array.ensure_members(&cx, &group, &members), kind, &parts).await?;
        let replication = FlashArrays::replication();
        arrays.refuses(array.ensure_replication(&cx, &group, &replication), kind, &parts).await?;
        let snapshot = FlashArrays::shipped("dr-2");
        let call = array.create_protection_group_snapshot(&cx, &group, &snapshot);
        arrays.refuses(call, kind, &parts).await?;
        arrays.refuses(array.fence(&cx, &group), kind, &parts).await?;
        let shown = array.group(&group).await?.map(|shown| shown.value.destroyed);
        assert_eq!(shown, Some(true), "{version}");
    }
    Ok(())
}

#[tokio::test]
async fn a_group_that_was_eradicated_behind_our_back() -> Result<()> {
    let arrays = FlashArrays::linked("2.37", |_| ()).await?;
    destroy(&arrays)?;
    on_source(&arrays, |array| {
        let group = array.protection_group(GROUP)?.ok_or_else(|| Error::not_found(GROUP))?;
        array.eradicate_protection_group(&group)
    })?;
    let (array, cx, group) = (&arrays.source, arrays.call("later"), FlashArrays::group());
    let parts = ["has no protection group 'pg-app'"];
    arrays.refuses(array.disable_replication(&cx, &group), ErrorKind::NotFound, &parts).await?;
    let members = FlashArrays::members(&MEMBERS);
    arrays.refuses(array.ensure_members(&cx, &group, &members), ErrorKind::NotFound, &parts).await?;
    arrays.refuses(array.replication_status(&group), ErrorKind::NotFound, &parts).await
}

#[tokio::test]
async fn a_foreign_group_of_the_same_name() -> Result<()> {
    for version in VERSIONS {
        let arrays = FlashArrays::start(version, |_| ()).await?;
        arrays.volumes(&MEMBERS).await?;
        let volumes = FlashArrays::members(&MEMBERS).volumes;
        arrays.create_unmarked_group(&NAMES[0].into(), &FlashArrays::group(), &volumes).await?;
        let (array, cx, group) = (&arrays.source, arrays.call("mine"), FlashArrays::group());
        let host = array.client().endpoint().host().to_owned();
        let parts = ["protection group 'pg-app'", &host, "belongs to somebody else", "adopt it explicitly"];
        let spec = FlashArrays::spec();
        arrays.refuses(array.ensure_group(&cx, &spec), ErrorKind::Conflict, &parts).await?;
        let members = FlashArrays::members(&["v1"]);
        arrays.refuses(array.ensure_members(&cx, &group, &members), ErrorKind::Conflict, &parts).await?;
        let snapshot = array.create_protection_group_snapshot(&cx, &group, &FlashArrays::shipped("dr-1")).await;
        assert_eq!(snapshot.err().map(|e| e.kind()), Some(ErrorKind::Conflict), "{version}");
        let owner = FlashArrays::owner();
        let parts = ["'pg-app'", "does not carry the mark of", owner.as_str()];
        arrays.refuses(array.retire_group(&cx, &group, &owner, None), ErrorKind::Conflict, &parts).await?;

        let adopted = array.ensure_group(&cx, &GroupSpec { adopt: true, ..FlashArrays::spec() }).await?;
        let Outcome::Done(adopted) = adopted else { return Err(Error::internal(format!("{adopted:?}"))) };
        assert_eq!((adopted.owner, adopted.volumes), (Some(owner), volumes), "{version}");
    }
    Ok(())
}

/// Adoption is for groups of nobody.
#[tokio::test]
async fn a_group_with_the_mark_of_another_protection_group() -> Result<()> {
    for version in VERSIONS {
        let arrays = FlashArrays::protected(version, |_| ()).await?;
        let other = "pg-22222222-2222-4222-8222-222222222222";
        for adopt in [false, true] {
            let spec = GroupSpec { owner: other.into(), adopt, ..FlashArrays::spec() };
            let parts =
                ["carries the mark of", FlashArrays::owner().as_str(), other, "choose another name"].map(str::to_owned);
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let cx = arrays.call("theirs");
            arrays.refuses(arrays.source.ensure_group(&cx, &spec), ErrorKind::Conflict, &parts).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_room_for_another_group() -> Result<()> {
    let arrays = FlashArrays::start("2.39", |_| ()).await?;
    fault(&arrays, "limit protection-groups=0")?;
    let host = arrays.source.client().endpoint().host().to_owned();
    let (cx, spec) = (arrays.call("group"), FlashArrays::spec());
    arrays
        .refuses(
            arrays.source.ensure_group(&cx, &spec),
            ErrorKind::LimitReached,
            &[&host, "Protection group limit reached"],
        )
        .await
}

#[tokio::test]
async fn a_fence_that_cannot_write_down_every_host_writes_down_none() -> Result<()> {
    let arrays = FlashArrays::protected("2.37", |_| ()).await?;
    // the last member, so that a careless fence has written down the others by then
    let last = MEMBERS.last().ok_or_else(|| Error::internal("the group has no members"))?;
    arrays.world().change_array(&NAMES[0].into(), |array| {
        let volume = array.volume(last)?.ok_or_else(|| Error::not_found(*last))?;
        for n in 0..12 {
            array.create_host(&format!("a-host-with-a-long-name-{n}"), &HostSettings::default())?;
            let host = array.host(&format!("a-host-with-a-long-name-{n}"))?.ok_or_else(|| Error::not_found("host"))?;
            array.connect(&volume.id, Initiator::Host(&host), None)?;
        }
        Ok::<_, Error>(())
    })?;
    let (cx, group) = (arrays.call("fence"), FlashArrays::group());
    let call = arrays.source.fence(&cx, &group);
    arrays.refuses(call, ErrorKind::Unsupported, &[last, "more hosts than a fence can write down", "host group"]).await
}
