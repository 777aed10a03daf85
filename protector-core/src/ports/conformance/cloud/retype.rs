//! Volumes that get another type, and the pod of those that replicate synchronously.

use super::CloudSubject;
use super::scene::{already, call, done, group, importable, imported, server, volume};
use crate::ErrorKind::{Conflict, NotFound, Precondition};
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{CloudVolume, VolumeState};
use crate::rules::naming;

pub(super) fn checks() -> Vec<Check<CloudSubject>> {
    checks![
        a_volume_gets_another_type_once,
        an_attached_volume_gets_another_type if CloudSubject::has_servers,
        what_cannot_be_retyped_keeps_its_type,
        a_volume_moves_into_the_pod_and_out_of_it if replicates_synchronously,
        a_volume_is_imported_into_the_pod if replicates_synchronously,
        a_volume_of_a_replicated_pod_is_not_imported if replicates_synchronously,
    ]
}

fn replicates_synchronously(subject: &CloudSubject) -> bool {
    subject.setting.sync_volume_type.is_some()
}

async fn retyped(subject: &CloudSubject, volume: &CloudVolume, wanted: &str) -> Result<CloudVolume, Failure> {
    let cx = call(subject, wanted);
    let made = done(subject, "retype_volume", || subject.cloud.retype_volume(&cx, &volume.id, wanted)).await?;
    ensure_equal("volume type", &made.volume_type.as_str(), &wanted)?;
    let again = subject.cloud.retype_volume(&cx, &volume.id, wanted).await?;
    ensure_equal("the volume, retyped again", &already("retype_volume", again)?, &made)?;
    ensure_equal("the volume, read", &subject.cloud.volume(&volume.id).await?, &Some(made.clone()))?;
    ensure_equal("id on the array", &made.array_volume_id, &volume.array_volume_id)?;
    Ok(made)
}

async fn a_volume_gets_another_type_once(subject: &CloudSubject) -> CheckResult {
    let made = volume(subject, "dr-one").await?;
    let cx = call(subject, "same");
    let same = subject.cloud.retype_volume(&cx, &made.id, &subject.setting.volume_type).await?;
    ensure_equal("the volume", &already("retype_volume", same)?, &made)?;
    let other = retyped(subject, &made, &subject.setting.other_volume_type).await?;
    ensure_equal("name on the array", &other.array_volume, &made.array_volume)?;
    let back = retyped(subject, &other, &subject.setting.volume_type).await?;
    ensure_equal("the volume, with its first type again", &back, &made)
}

async fn an_attached_volume_gets_another_type(subject: &CloudSubject) -> CheckResult {
    let (id, spec) = server(subject, "vm").await?;
    let (_, attached) = spec.volumes.first().ok_or("the scene has no volume")?;
    let before = subject.cloud.volume(attached).await?.ok_or("the volume is not there")?;
    let after = retyped(subject, &before, &subject.setting.other_volume_type).await?;
    ensure_equal("state", &after.state, &VolumeState::InUse)?;
    let server = subject.cloud.server(&id).await?.ok_or("the server is not there")?;
    let volumes: Vec<_> = server.volumes.into_iter().map(|v| (v.device, v.volume.id)).collect();
    ensure_equal("volumes of the server", &volumes, &spec.volumes)
}

async fn what_cannot_be_retyped_keeps_its_type(subject: &CloudSubject) -> CheckResult {
    let (cloud, setting) = (&subject.cloud, &subject.setting);
    let (free, grouped) = (volume(subject, "free").await?, volume(subject, "grouped").await?);
    let group = group(subject, "cg-conformance").await?.id;
    let cx = call(subject, "retype");
    let members = [grouped.id.clone()].into();
    done(subject, "members", || cloud.ensure_group_members(&cx, &group, &members)).await?;
    let refused = cloud.retype_volume(&cx, &"gone".into(), &setting.other_volume_type).await;
    ensure_refused("retype_volume", refused, NotFound, &["gone"])?;
    let refused = cloud.retype_volume(&cx, &free.id, "no-such-type").await;
    ensure_refused("retype_volume", refused, NotFound, &["no-such-type"])?;
    if let Some(unoffered) = &setting.unoffered_volume_type {
        let refused = cloud.retype_volume(&cx, &free.id, unoffered).await;
        ensure_refused("retype_volume", refused, Precondition, &[unoffered])?;
    }
    let refused = cloud.retype_volume(&cx, &grouped.id, &setting.other_volume_type).await;
    ensure_refused("retype_volume", refused, Conflict, &[grouped.id.as_str(), group.as_str()])?;
    for id in [&free.id, &grouped.id] {
        let left = cloud.volume(id).await?.map(|volume| volume.volume_type);
        ensure_equal("volume type", &left.as_ref(), &Some(&setting.volume_type))?;
    }
    Ok(())
}

/// Fails unless the array volume is called as Cinder says, and lies in a pod or in none.
async fn lies(subject: &CloudSubject, volume: &CloudVolume, in_pod: bool) -> CheckResult {
    let id = volume.array_volume_id.as_ref().ok_or("Cinder does not say which array volume it is")?;
    let name = subject.bench.array_volume_name(id).await?;
    ensure_equal("name on the array", &volume.array_volume, &Some(name.clone()))?;
    ensure(naming::pod_of(name.as_str()).is_some() == in_pod, || format!("array volume '{name}' lies elsewhere"))
}

fn synchronous(subject: &CloudSubject) -> String {
    subject.setting.sync_volume_type.clone().unwrap_or_default()
}

async fn a_volume_moves_into_the_pod_and_out_of_it(subject: &CloudSubject) -> CheckResult {
    let made = volume(subject, "dr-one").await?;
    lies(subject, &made, false).await?;
    let moved = retyped(subject, &made, &synchronous(subject)).await?;
    lies(subject, &moved, true).await?;
    let back = retyped(subject, &moved, &subject.setting.other_volume_type).await?;
    lies(subject, &back, false).await
}

async fn a_volume_is_imported_into_the_pod(subject: &CloudSubject) -> CheckResult {
    let mut request = importable(subject, "dr-one").await?;
    request.volume_type = synchronous(subject);
    let made = imported(subject, &request).await?;
    lies(subject, &made, true).await?;
    ensure_equal("id on the array", &made.array_volume_id.as_ref(), &Some(&request.array_volume_id))?;
    let again = subject.cloud.import_volume(&call(subject, "again"), &request).await?;
    ensure_equal("the volume, imported again", &already("import_volume", again)?, &made)
}

/// What is released stays in the pod, and Cinder does not take it from there.
async fn a_volume_of_a_replicated_pod_is_not_imported(subject: &CloudSubject) -> CheckResult {
    let mut request = importable(subject, "dr-one").await?;
    request.volume_type = synchronous(subject);
    let made = imported(subject, &request).await?;
    let cx = call(subject, "release");
    done(subject, "release_volume", || subject.cloud.release_volume(&cx, &made.id)).await?;
    request.array_volume = subject.bench.array_volume_name(&request.array_volume_id).await?;
    ensure(naming::pod_of(request.array_volume.as_str()).is_some(), || "a released volume left the pod".to_owned())?;
    for volume_type in [request.volume_type.clone(), subject.setting.other_volume_type.clone()] {
        request.volume_type = volume_type;
        let refused = subject.cloud.import_volume(&call(subject, "import"), &request).await;
        ensure_refused("import_volume", refused, Precondition, &["Replicated Pod"])?;
    }
    let name = subject.bench.array_volume_name(&request.array_volume_id).await?;
    ensure_equal("name on the array", &name, &request.array_volume)
}
