//! Tokens, sessions, certificates and URLs.

use super::fault;
use protector_core::ports::StorageDriver as _;
use protector_core::pure::{ArrayEndpoint, PureOptions, PureStorageDriver, Trust};
use protector_core::{ApiToken, Error, ErrorKind, Result};
use protector_tests::flash_array_stage::{MEMBERS, says};
use protector_tests::flash_arrays::{FlashArrays, NAMES};
use std::time::Duration;

const SOURCE: &str = NAMES[0];

/// A driver of whatever is at `url`.
fn at(arrays: &FlashArrays, url: &str, change: impl FnOnce(&mut PureOptions)) -> Result<PureStorageDriver> {
    let token = ApiToken::new(arrays.served(SOURCE)?.api_token.as_str());
    let patient = arrays.driver(SOURCE, |options| {
        options.connect_timeout = Duration::from_secs(2);
        options.retries = 1;
        change(options);
    })?;
    let options = patient.client().options().clone();
    PureStorageDriver::new(ArrayEndpoint::parse(url, token)?, options, arrays.world().clock())
}

#[tokio::test]
async fn a_wrong_token() -> Result<()> {
    let arrays = FlashArrays::protected("2.37", |_| ()).await?;
    let served = arrays.served(SOURCE)?;
    let endpoint = ArrayEndpoint::parse(&served.url, ApiToken::new("not-the-token"))?;
    let host = endpoint.host().to_owned();
    let options = arrays.source.client().options().clone();
    let driver = PureStorageDriver::new(endpoint, options, arrays.world().clock())?;
    let parts = [&host, "Invalid API token", "pureadmin create --api-token"];
    arrays.refuses(driver.info(), ErrorKind::Unauthenticated, &parts).await?;
    let (cx, group, owner) = (arrays.call("retire"), FlashArrays::group(), FlashArrays::owner());
    let call = driver.retire_group(&cx, &group, &owner, None);
    arrays.refuses(call, ErrorKind::Unauthenticated, &parts).await?;
    assert_eq!(driver.client().counters().retries, 0, "an array locks users out who try a wrong token again and again");
    let error = driver.info().await.err().unwrap_or_else(|| Error::internal("not refused"));
    assert!(!format!("{error} {error:?} {driver:?}").contains("not-the-token"), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_session_that_expires_is_replaced_without_anybody_noticing() -> Result<()> {
    let arrays = FlashArrays::protected("2.37", |_| ()).await?;
    let logins = arrays.source.client().counters().logins;
    fault(&arrays, "expire-sessions array=arr-a")?;
    let outcome = arrays
        .source
        .ensure_members(&arrays.call("fewer"), &FlashArrays::group(), &FlashArrays::members(&["v1"]))
        .await?;
    assert!(matches!(outcome, protector_core::ports::Outcome::Done(_)), "{outcome:?}");
    assert_eq!(arrays.source.client().counters().logins, logins + 1);
    Ok(())
}

#[tokio::test]
async fn a_token_that_is_revoked_in_the_middle_of_a_call() -> Result<()> {
    let arrays = FlashArrays::protected("2.37", |_| ()).await?;
    arrays.volumes(&["v3"]).await?;
    // before the members change
    fault(&arrays, "revoke-token array=arr-a after 3 requests")?;
    let (group, wanted) = (FlashArrays::group(), FlashArrays::members(&["v2", "v3"]));
    let cx = arrays.call("others");
    let parts = ["Invalid API token", "pureadmin create --api-token"];
    arrays.refuses(arrays.source.ensure_members(&cx, &group, &wanted), ErrorKind::Unauthenticated, &parts).await?;
    fault(&arrays, "restore-token array=arr-a")?;
    arrays.source.ensure_members(&cx, &group, &wanted).await?;
    // between the addition and the removal
    let requests = arrays.simulator.requests();
    arrays.source.ensure_members(&cx, &group, &FlashArrays::members(&["v1", "v3"])).await?;
    let in_all = arrays.simulator.requests() - requests;
    for after in 1..in_all {
        fault(&arrays, &format!("revoke-token array=arr-a after {after} requests"))?;
        let wanted = FlashArrays::members(if after % 2 == 1 { &MEMBERS } else { &["v1", "v3"] });
        match arrays.source.ensure_members(&cx, &group, &wanted).await {
            Err(e) => says(&e, ErrorKind::Unauthenticated, &parts),
            Ok(done) => return Err(Error::internal(format!("after {after} of {in_all} requests: {done:?}"))),
        }
        fault(&arrays, "restore-token array=arr-a")?;
        arrays.source.ensure_members(&cx, &group, &wanted).await?;
        let shown = arrays.source.group(&group).await?.map(|group| group.value.volumes);
        assert_eq!(shown, Some(wanted.volumes), "after {after}");
    }
    Ok(())
}

#[tokio::test]
async fn an_address_where_nobody_listens_and_a_name_that_nobody_has() -> Result<()> {
    let arrays = FlashArrays::protected("2.37", |_| ()).await?;
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let nobody = free.map_err(|e| Error::storage(e.to_string()))?.to_string();
    for host in [nobody.as_str(), "no-such-array.invalid"] {
        let driver = at(&arrays, &format!("https://{host}"), |_| ())?;
        let parts = [host, "cannot be reached", "check the array URL, the network"];
        arrays.refuses(driver.info(), ErrorKind::Unreachable, &parts).await?;
        let (cx, group) = (arrays.call("fence"), FlashArrays::group());
        arrays.refuses(driver.fence(&cx, &group), ErrorKind::Unreachable, &parts).await?;
    }
    Ok(())
}

/// All of 127.0.0.0/8 is this machine on Linux alone.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_certificate_for_another_host() -> Result<()> {
    let arrays = FlashArrays::protected("2.37", |options| {
        for array in &mut options.arrays {
            array.host = "0.0.0.0".to_owned();
        }
    })
    .await?;
    let url = arrays.served(SOURCE)?.url.replace("0.0.0.0", "127.0.0.9");
    let driver = at(&arrays, &url, |_| ())?;
    let parts = ["127.0.0.9", "its certificate is for another name or address", "use a name from the certificate"];
    arrays.refuses(driver.info(), ErrorKind::Unreachable, &parts).await
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_and_one_that_is_not_the_one_pinned() -> Result<()> {
    let arrays = FlashArrays::protected("2.37", |_| ()).await?;
    let url = arrays.served(SOURCE)?.url.clone();
    let host = url.trim_start_matches("https://");
    for (trust, why) in [
        (Trust::System, "self-signed, or issued by an authority that is not trusted here"),
        (Trust::Fingerprint("ab".repeat(32)), "which is not the one pinned"),
    ] {
        let driver = at(&arrays, &url, |options| options.trust = trust)?;
        let parts = [host, "is not trusted", why, "[storage] array_ca_file"];
        let logged_in = arrays.simulator.requests();
        arrays.refuses(driver.info(), ErrorKind::Unreachable, &parts).await?;
        assert_eq!(arrays.simulator.requests(), logged_in, "the token went nowhere");
        assert_eq!(driver.client().counters().retries, 0, "a certificate does not get better");
    }
    Ok(())
}

#[tokio::test]
async fn an_http_url() -> Result<()> {
    let arrays = FlashArrays::start("2.37", |_| ()).await?;
    let url = arrays.served(SOURCE)?.url.replace("https://", "http://");
    let refused = at(&arrays, &url, |_| ()).err().unwrap_or_else(|| Error::internal("not refused"));
    says(&refused, ErrorKind::InvalidRequest, &["array URL", &url, "HTTPS only"]);
    Ok(())
}
