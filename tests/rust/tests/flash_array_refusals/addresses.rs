//! What the same URL leads to later: the array under another name, or another array.

use flasharray_sim::{ArrayOptions, Links, Options, Simulator};
use protector_core::mock::{World, WorldLocation, WorldTime};
use protector_core::ports::{Outcome, StorageDriver as _};
use protector_core::pure::{PureOptions, PureStorageDriver, Trust};
use protector_core::rules::naming;
use protector_core::{Error, ErrorKind, Result};
use protector_tests::flash_array_stage::{GROUP, MEMBERS, says};
use protector_tests::flash_arrays::{FlashArrays, NAMES, endpoint};

/// Port of a URL that ends with one.
fn port(url: &str) -> Result<u16> {
    let digits = url.rsplit(':').next().unwrap_or_default();
    digits.parse().map_err(|_| Error::internal(format!("no port in {url}")))
}

/// Serves arrays where others were, with the same tokens.
async fn serve(world: World, places: &[(&str, u16, &str)]) -> Result<Simulator> {
    let array = |(name, port, token): &(&str, u16, &str)| ArrayOptions {
        port: *port,
        api_token: Some((*token).to_owned()),
        ..ArrayOptions::local(name)
    };
    let arrays = places.iter().map(array).collect();
    Simulator::start(Options { arrays, links: Links::None, world: Some(world), ..Options::default() }).await
}

/// A driver that takes any certificate: an authority of its own vouches for each simulator.
fn careless(arrays: &FlashArrays, name: &str) -> Result<PureStorageDriver> {
    arrays.driver(name, |options: &mut PureOptions| options.trust = Trust::DangerAcceptAnyCertificate)
}

/// Stops the simulator of `arrays` and serves `world` in its place, the first array under the name `first`.
async fn replace(arrays: FlashArrays, world: World, first: &str) -> Result<Simulator> {
    let [one, two] = [arrays.served(NAMES[0])?.clone(), arrays.served(NAMES[1])?.clone()];
    arrays.simulator.stop().await;
    serve(world, &[(first, port(&one.url)?, &one.api_token), (NAMES[1], port(&two.url)?, &two.api_token)]).await
}

#[tokio::test]
async fn an_array_that_is_renamed_is_the_same_array_and_its_images_are_found_under_the_new_name() -> Result<()> {
    let arrays = FlashArrays::replicated("2.37", |_| ()).await?;
    let (source, target) = (careless(&arrays, NAMES[0])?, careless(&arrays, NAMES[1])?);
    let (before, old_image) = (source.info().await?, FlashArrays::image());
    assert!(target.group(&old_image).await?.is_some());
    let world = arrays.world().clone();
    let cx = arrays.call("renamed");
    world.rename_array(&NAMES[0].into(), &"arr-x".into())?;
    let _simulator = replace(arrays, world, "arr-x").await?;

    let now = source.info().await?;
    assert_eq!((now.id, now.name.as_str()), (before.id, "arr-x"));
    assert_eq!(source.client().counters().logins, 2, "the session ended with the simulator");
    let image = naming::target_group_name(&now.name, &GROUP.into());
    let peers: Vec<String> = target.peers().await?.into_iter().map(|peer| peer.name.to_string()).collect();
    assert_eq!(peers, ["arr-x"]);
    let newest = target.newest_complete(&image).await?.ok_or_else(|| Error::internal("no recovery point"))?.value;
    assert_eq!(newest.name.as_str(), "arr-x:pg-app.dr-1");
    assert_eq!(newest.volumes, MEMBERS.map(Into::into));
    let status = target.replication_status(&image).await?.value;
    assert_eq!(status.allowed, Some(true));
    // the image is marked anew under its new name, and what is allowed stays allowed
    let accepted = target.accept_from_peer(&cx, &image, &FlashArrays::owner(), true).await?;
    assert_eq!(accepted, Outcome::AlreadyDone(()));
    assert_eq!(target.group(&image).await?.and_then(|group| group.value.owner), Some(FlashArrays::owner()));
    let mut request = FlashArrays::clones(&MEMBERS);
    request.point = newest.name;
    let clones = target.clone_volumes(&cx, &request).await?.finished().unwrap_or_default();
    assert_eq!(clones.len(), 2);

    // the old name is nobody's, and says so
    assert_eq!(target.group(&old_image).await?, None);
    let refused = target.replication_status(&old_image).await.err().unwrap_or_else(|| Error::internal("not refused"));
    says(&refused, ErrorKind::NotFound, &["no protection group 'arr-a:pg-app'"]);
    let refused = target.clone_volumes(&cx, &FlashArrays::clones(&MEMBERS)).await.err();
    assert_eq!(refused.map(|e| e.kind()), Some(ErrorKind::InvalidRequest), "the key has cloned another point");
    Ok(())
}

#[tokio::test]
async fn another_array_with_another_certificate_gets_no_token() -> Result<()> {
    let arrays = FlashArrays::protected("2.37", |_| ()).await?;
    let source = arrays.source.clone();
    source.info().await?;
    let other = World::open(&WorldLocation::Memory, WorldTime::System)?;
    let simulator = replace(arrays, other, "arr-other").await?;
    let refused = source.info().await.err().unwrap_or_else(|| Error::internal("not refused"));
    says(&refused, ErrorKind::Unreachable, &["is not trusted", "[storage] array_ca_file"]);
    assert_eq!(simulator.requests(), 0);
    Ok(())
}

#[tokio::test]
async fn another_array_that_takes_the_token_is_told_from_the_one_that_was_there() -> Result<()> {
    let arrays = FlashArrays::protected("2.37", |_| ()).await?;
    let source = careless(&arrays, NAMES[0])?;
    source.info().await?;
    let host = endpoint(arrays.served(NAMES[0])?)?.host().to_owned();
    let cx = arrays.call("elsewhere");
    let other = World::open(&WorldLocation::Memory, WorldTime::System)?;
    let simulator = replace(arrays, other.clone(), "arr-other").await?;
    let before = other.dump()?;
    for _ in 0..2 {
        let refused = source.ensure_group(&cx, &FlashArrays::spec()).await.err();
        let refused = refused.unwrap_or_else(|| Error::internal("not refused"));
        let parts =
            [&host, "answers array 'arr-other'", "not 'arr-a'", "as before", "check what the array URL leads to"];
        says(&refused, ErrorKind::Conflict, &parts);
    }
    assert!(simulator.requests() > 0);
    assert_eq!(other.dump()?, before);
    Ok(())
}
