//! What holds for every call.

use super::CloudSubject;
use super::scene::{already, call, group_spec, importable, port_spec};
use crate::ErrorKind::{Cancelled, DeadlineExceeded};
use crate::ports::conformance::{Check, CheckResult, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{Cx, Outcome};

pub(super) fn checks() -> Vec<Check<CloudSubject>> {
    checks![
        the_cloud_answers,
        flavors_and_quota_are_told if CloudSubject::has_servers,
        what_is_missing_reads_as_missing,
        a_missing_server_reads_as_missing if CloudSubject::has_servers,
        what_is_missing_counts_as_removed,
        a_missing_server_and_port_count_as_removed if CloudSubject::has_servers,
        a_call_past_its_deadline_has_no_effect,
        a_cancelled_call_has_no_effect,
        a_port_is_not_made_too_late if CloudSubject::has_ports,
    ]
}

async fn the_cloud_answers(subject: &CloudSubject) -> CheckResult {
    ensure(!subject.cloud.ping().await?.name.is_empty(), || "the cloud has no name".to_owned())?;
    let types: Vec<_> = subject.cloud.volume_types().await?.into_iter().map(|t| t.name).collect();
    ensure(types.contains(&subject.setting.volume_type) && types.is_sorted(), || format!("volume types: {types:?}"))
}

async fn flavors_and_quota_are_told(subject: &CloudSubject) -> CheckResult {
    let flavors: Vec<_> = subject.cloud.flavors().await?.into_iter().map(|flavor| flavor.name).collect();
    ensure(flavors.contains(&subject.setting.flavor) && flavors.is_sorted(), || format!("flavors: {flavors:?}"))?;
    subject.cloud.quota().await?;
    Ok(())
}

async fn what_is_missing_reads_as_missing(subject: &CloudSubject) -> CheckResult {
    ensure_equal("volume", &subject.cloud.volume(&"gone".into()).await?, &None)?;
    ensure_equal("group", &subject.cloud.consistency_group(&"gone".into()).await?, &None)
}

async fn a_missing_server_reads_as_missing(subject: &CloudSubject) -> CheckResult {
    ensure_equal("server", &subject.cloud.server(&"gone".into()).await?, &None)
}

async fn what_is_missing_counts_as_removed(subject: &CloudSubject) -> CheckResult {
    let cx = call(subject, "remove");
    already("release_volume", subject.cloud.release_volume(&cx, &"gone".into()).await?)?;
    already("delete_consistency_group", subject.cloud.delete_consistency_group(&cx, &"gone".into()).await?)
}

async fn a_missing_server_and_port_count_as_removed(subject: &CloudSubject) -> CheckResult {
    let cx = call(subject, "remove");
    already("delete_server", subject.cloud.delete_server(&cx, &"gone".into()).await?)?;
    already("delete_port", subject.cloud.delete_port(&cx, &"gone".into()).await?)
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

/// A port, neither past the deadline nor cancelled.
async fn a_port_is_not_made_too_late(subject: &CloudSubject) -> CheckResult {
    let (mut late, stopped) = (call(subject, "late"), call(subject, "stopped"));
    late.deadline = subject.clock.now();
    stopped.cancel.request();
    let port = port_spec(subject, "port-1", &[]);
    for (cx, kind) in [(&late, DeadlineExceeded), (&stopped, Cancelled)] {
        ensure_refused("ensure_port", subject.cloud.ensure_port(cx, &port).await, kind, &[cx.op_key.as_str()])?;
    }
    let made = subject.cloud.ensure_port(&call(subject, "good"), &port).await?;
    ensure(!matches!(made, Outcome::AlreadyDone(_)), || "a refused call made a port".to_owned())
}

/// Tries calls that would make something, and makes sure that nothing was made.
async fn refused(subject: &CloudSubject, cx: &Cx, kind: crate::ErrorKind) -> CheckResult {
    let cloud = &subject.cloud;
    let request = importable(subject, "dr-one").await?;
    let key: &[&str] = &[cx.op_key.as_str()];
    let group = group_spec(subject, "cg-conformance");
    ensure_refused("import_volume", cloud.import_volume(cx, &request).await, kind, key)?;
    ensure_refused("ensure_consistency_group", cloud.ensure_consistency_group(cx, &group).await, kind, key)?;
    let name = subject.bench.array_volume_name(&request.array_volume_id).await?;
    ensure_equal("name on the array", &name, &request.array_volume)?;
    let made = cloud.ensure_consistency_group(&call(subject, "good"), &group).await?;
    ensure(!matches!(made, Outcome::AlreadyDone(_)), || "a refused call made a group".to_owned())
}
