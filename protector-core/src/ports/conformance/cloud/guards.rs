//! What holds for every call.

use super::CloudSubject;
use super::scene::{already, call, group_spec, importable, port_spec};
use crate::ErrorKind::{Cancelled, DeadlineExceeded};
use crate::ports::conformance::{Check, CheckResult, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{Cx, Outcome};

pub(super) fn checks() -> Vec<Check<CloudSubject>> {
    checks![
        the_cloud_answers,
        what_is_missing_reads_as_missing,
        what_is_missing_counts_as_removed,
        a_call_past_its_deadline_has_no_effect,
        a_cancelled_call_has_no_effect,
    ]
}

async fn the_cloud_answers(subject: &CloudSubject) -> CheckResult {
    ensure(!subject.cloud.ping().await?.name.is_empty(), || "the cloud has no name".to_owned())?;
    let types: Vec<_> = subject.cloud.volume_types().await?.into_iter().map(|t| t.name).collect();
    let flavors: Vec<_> = subject.cloud.flavors().await?.into_iter().map(|flavor| flavor.name).collect();
    ensure(types.contains(&subject.setting.volume_type) && types.is_sorted(), || format!("volume types: {types:?}"))?;
    ensure(flavors.contains(&subject.setting.flavor) && flavors.is_sorted(), || format!("flavors: {flavors:?}"))?;
    subject.cloud.quota().await?;
    Ok(())
}

async fn what_is_missing_reads_as_missing(subject: &CloudSubject) -> CheckResult {
    ensure_equal("server", &subject.cloud.server(&"gone".into()).await?, &None)?;
    ensure_equal("volume", &subject.cloud.volume(&"gone".into()).await?, &None)?;
    ensure_equal("group", &subject.cloud.consistency_group(&"gone".into()).await?, &None)
}

async fn what_is_missing_counts_as_removed(subject: &CloudSubject) -> CheckResult {
    let cx = call(subject, "remove");
    already("delete_server", subject.cloud.delete_server(&cx, &"gone".into()).await?)?;
    already("delete_port", subject.cloud.delete_port(&cx, &"gone".into()).await?)?;
    already("release_volume", subject.cloud.release_volume(&cx, &"gone".into()).await?)?;
    already("delete_consistency_group", subject.cloud.delete_consistency_group(&cx, &"gone".into()).await?)
}

async fn a_call_past_its_deadline_has_no_effect(subject: &CloudSubject) -> CheckResult {
    let mut late = call(subject, "late");
    late.deadline = subject.clock.now();
    refused(subject, &late, DeadlineExceeded).await
}

async fn a_cancelled_call_has_no_effect(subject: &CloudSubject) -> CheckResult {
    let stopped = call(subject, "stopped");
    stopped.cancel.request();
    refused(subject, &stopped, Cancelled).await
}

/// Tries calls that would make something, and makes sure that nothing was made.
async fn refused(subject: &CloudSubject, cx: &Cx, kind: crate::ErrorKind) -> CheckResult {
    let cloud = &subject.cloud;
    let request = importable(subject, "dr-one").await?;
    let key: &[&str] = &[cx.op_key.as_str()];
    let (group, port) = (group_spec(subject, "cg-conformance"), port_spec(subject, "port-1", &[]));
    ensure_refused("import_volume", cloud.import_volume(cx, &request).await, kind, key)?;
    ensure_refused("ensure_consistency_group", cloud.ensure_consistency_group(cx, &group).await, kind, key)?;
    ensure_refused("ensure_port", cloud.ensure_port(cx, &port).await, kind, key)?;
    let name = subject.bench.array_volume_name(&request.array_volume_id).await?;
    ensure_equal("name on the array", &name, &request.array_volume)?;
    let good = call(subject, "good");
    let made = cloud.ensure_consistency_group(&good, &group).await?;
    ensure(!matches!(made, Outcome::AlreadyDone(_)), || "a refused call made a group".to_owned())?;
    let made = cloud.ensure_port(&good, &port).await?;
    ensure(!matches!(made, Outcome::AlreadyDone(_)), || "a refused call made a port".to_owned())
}
