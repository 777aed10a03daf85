//! What an array says of itself, and of what it does not have.

use super::StorageSubject;
use super::scene::{ask, call, group, members, name_of};
use crate::ErrorKind::NotFound;
use crate::ports::conformance::{Check, CheckResult, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{MemberMode, ReplicationLink, ReplicationSpec, VolumeQuery};

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        arrays_are_told_apart,
        connected_arrays_see_each_other,
        an_array_that_is_lost_stays_known if can_separate,
        what_is_missing_reads_as_missing,
        what_is_missing_cannot_be_changed
    ]
}

async fn arrays_are_told_apart(subject: &StorageSubject) -> CheckResult {
    let (source, target) = (subject.source.info().await?, subject.target.info().await?);
    ensure(source.id != target.id && source.name != target.name, || format!("{source:?} and {target:?} are the same"))?;
    ensure_equal("id of the source, asked again", &subject.source.info().await?.id, &source.id)?;
    ensure(!subject.source.driver_name().is_empty(), || "the driver has no name".to_owned())
}

async fn connected_arrays_see_each_other(subject: &StorageSubject) -> CheckResult {
    for (one, other) in [(&subject.source, &subject.target), (&subject.target, &subject.source)] {
        let other = other.info().await?;
        let peers = one.peers().await?;
        let seen = peers.iter().find(|peer| peer.id == other.id && peer.name == other.name);
        let link = seen.map(|peer| peer.link);
        ensure_equal("link to the other array", &link, &Some(ReplicationLink::Connected))?;
    }
    Ok(())
}

fn can_separate(subject: &StorageSubject) -> bool {
    subject.bench.can_separate()
}

async fn an_array_that_is_lost_stays_known(subject: &StorageSubject) -> CheckResult {
    subject.bench.separate(true).await?;
    for (one, other) in [(&subject.source, &subject.target), (&subject.target, &subject.source)] {
        let other = other.info().await?;
        let peers = one.peers().await?;
        let link = peers.iter().find(|peer| peer.id == other.id && peer.name == other.name).map(|peer| peer.link);
        let is_down = link.is_some_and(|link| link != ReplicationLink::Connected);
        ensure(is_down, || format!("{one} sees '{}' as {link:?} while the connection is cut", other.name))?;
    }
    subject.bench.separate(false).await?;
    connected_arrays_see_each_other(subject).await
}

async fn what_is_missing_reads_as_missing(subject: &StorageSubject) -> CheckResult {
    let array = &subject.source;
    ensure_equal("group", &array.group(&group()).await?.map(|found| found.value), &None)?;
    ensure_equal("recovery points", &array.recovery_points(&group()).await?.value, &Vec::new())?;
    let status = array.replication_status(&group()).await;
    ensure_refused("replication_status", status, NotFound, &["pg-conformance"])?;
    let transfer = array.transfer_status(&"pg-conformance.dr-1".into()).await;
    ensure_refused("transfer_status", transfer, NotFound, &["pg-conformance.dr-1"])?;
    for query in [
        VolumeQuery::Names(["no-such-volume".into()].into()),
        VolumeQuery::Ids(["no-such-id".into()].into()),
        VolumeQuery::ClonedBy("no-such-key".into()),
    ] {
        ensure_equal("volumes", &array.volumes(&query).await?, &Vec::new())?;
    }
    Ok(())
}

async fn what_is_missing_cannot_be_changed(subject: &StorageSubject) -> CheckResult {
    let array = &subject.source;
    let cx = call(subject, "missing");
    let named = &["pg-conformance"];
    let set = members(&[], MemberMode::Add);
    ensure_refused("ensure_members", array.ensure_members(&cx, &group(), &set).await, NotFound, named)?;
    let replication = ReplicationSpec { target: name_of(&*subject.target).await?, interval: 300 };
    let ensured = array.ensure_replication(&cx, &group(), &replication).await;
    ensure_refused("ensure_replication", ensured, NotFound, named)?;
    let taken = array.create_protection_group_snapshot(&cx, &group(), &ask("dr-1", false)).await;
    ensure_refused("create_protection_group_snapshot", taken, NotFound, named)?;
    ensure_equal("group", &array.group(&group()).await?.map(|found| found.value), &None)
}
