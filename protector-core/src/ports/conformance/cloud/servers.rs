//! Servers.

use super::CloudSubject;
use super::scene::{already, call, done, ensured, port, server, server_spec, volume};
use crate::ErrorKind::{Conflict, DataSafety, NotFound};
use crate::model::ServerId;
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{Server, ServerSpec, ServerState, VolumeState};

pub(super) fn checks() -> Vec<Check<CloudSubject>> {
    checks![
        a_server_is_made_once if CloudSubject::has_servers,
        what_a_server_needs_must_exist if CloudSubject::has_servers,
        a_volume_is_attached_once if CloudSubject::has_servers,
        a_server_stops_and_starts if CloudSubject::has_servers,
        a_deleted_server_leaves_its_volumes_and_ports if CloudSubject::has_servers,
        a_server_that_would_take_its_volumes_along_is_not_deleted if CloudSubject::has_servers,
    ]
}

async fn a_server_is_made_once(subject: &CloudSubject) -> CheckResult {
    let (id, spec) = server(subject, "vm").await?;
    let made = subject.cloud.server(&id).await?.ok_or("the server is not there")?;
    ensure_equal("state", &made.state, &ServerState::Active)?;
    ensure_equal("name", &made.name, &spec.name)?;
    ensure_equal("flavor", &made.flavor, &spec.flavor)?;
    ensure_equal("key pair that does not exist here", &made.key_name, &None)?;
    let unknown = made.security_groups.iter().find(|name| *name == "no-such-security-group");
    ensure_equal("security group that does not exist here", &unknown, &None)?;
    ensure_equal("metadata", &made.metadata.get("tier").map(String::as_str), &Some("1"))?;
    let key = made.metadata.get("protector_op_key").map(String::as_str);
    ensure_equal("op key in the metadata", &key, &Some(spec.op_key.as_str()))?;
    ensure(made.nics.len() == 1 && made.nics.iter().all(|nic| nic.network == subject.setting.network), || {
        format!("interfaces: {:?}", made.nics)
    })?;
    let volumes: Vec<_> = made.volumes.iter().map(|v| (v.device.clone(), v.volume.id.clone())).collect();
    ensure_equal("volumes, boot disk first", &volumes, &spec.volumes)?;
    let boots: Vec<_> = made.volumes.iter().map(|v| (v.boot, v.delete_on_termination, v.volume.state)).collect();
    ensure_equal(
        "boot, delete_on_termination, state",
        &boots,
        &vec![(true, false, VolumeState::InUse), (false, false, VolumeState::InUse)],
    )?;
    let again = subject.cloud.ensure_server(&call(subject, "again"), &spec).await?;
    ensure_equal("the server, ensured again", &already("ensure_server", again)?, &made)?;
    let listed: Vec<Server> = subject.cloud.servers().await?.into_iter().filter(|s| s.name == "vm").collect();
    ensure_equal("servers of that name", &listed, &vec![made])
}

async fn what_a_server_needs_must_exist(subject: &CloudSubject) -> CheckResult {
    let boot = volume(subject, "boot").await?.id;
    let spec = server_spec(subject, "vm", port(subject, "port").await?, &[&boot]);
    let cases = [
        (ServerSpec { flavor: "no-such-flavor".to_owned(), ..spec.clone() }, "no-such-flavor"),
        (ServerSpec { ports: vec!["no-such-port".into()], ..spec.clone() }, "no-such-port"),
        (ServerSpec { volumes: vec![("vda".to_owned(), "no-such-volume".into())], ..spec.clone() }, "no-such-volume"),
    ];
    for (broken, named) in cases {
        let refused = subject.cloud.ensure_server(&call(subject, "vm"), &broken).await;
        ensure_refused("ensure_server", refused, NotFound, &[named])?;
    }
    let made = subject.cloud.servers().await?.into_iter().any(|server| server.name == "vm");
    ensure(!made, || "a refused call made a server".to_owned())?;
    ensured(subject, &spec).await.map(drop)
}

async fn a_volume_is_attached_once(subject: &CloudSubject) -> CheckResult {
    let (_, first) = server(subject, "first").await?;
    let attached: Vec<_> = first.volumes.iter().map(|(_, volume)| volume).collect();
    let second = server_spec(subject, "second", port(subject, "port").await?, &attached);
    let refused = subject.cloud.ensure_server(&call(subject, "second"), &second).await;
    ensure_refused("ensure_server", refused, Conflict, &["first"])?;
    let made = subject.cloud.servers().await?.into_iter().any(|server| server.name == "second");
    ensure(!made, || "a refused call made a server".to_owned())
}

async fn state(subject: &CloudSubject, id: &ServerId) -> Result<Option<ServerState>, Failure> {
    Ok(subject.cloud.server(id).await?.map(|server| server.state))
}

async fn a_server_stops_and_starts(subject: &CloudSubject) -> CheckResult {
    let (id, _) = server(subject, "vm").await?;
    let cloud = &subject.cloud;
    let (stop, start) = (call(subject, "stop"), call(subject, "start"));
    already("start_server", cloud.start_server(&start, &id).await?)?;
    done(subject, "stop_server", || cloud.stop_server(&stop, &id)).await?;
    ensure_equal("state", &state(subject, &id).await?, &Some(ServerState::Shutoff))?;
    already("stop_server", cloud.stop_server(&stop, &id).await?)?;
    done(subject, "start_server", || cloud.start_server(&start, &id)).await?;
    ensure_equal("state", &state(subject, &id).await?, &Some(ServerState::Active))?;
    ensure_refused("stop_server", cloud.stop_server(&stop, &"gone".into()).await, NotFound, &["gone"])?;
    ensure_refused("start_server", cloud.start_server(&start, &"gone".into()).await, NotFound, &["gone"])
}

async fn a_deleted_server_leaves_its_volumes_and_ports(subject: &CloudSubject) -> CheckResult {
    let (id, mut spec) = server(subject, "vm").await?;
    let cx = call(subject, "delete");
    done(subject, "delete_server", || subject.cloud.delete_server(&cx, &id)).await?;
    already("delete_server", subject.cloud.delete_server(&cx, &id).await?)?;
    ensure_equal("the server", &subject.cloud.server(&id).await?, &None)?;
    for (_, volume) in &spec.volumes {
        let left = subject.cloud.volume(volume).await?.map(|volume| volume.state);
        ensure_equal("state of a volume that was attached", &left, &Some(VolumeState::Available))?;
    }
    spec.op_key = "vm-again".into();
    let again = ensured(subject, &spec).await?;
    ensure(again.id != id, || "a new server has the id of a deleted one".to_owned())
}

async fn a_server_that_would_take_its_volumes_along_is_not_deleted(subject: &CloudSubject) -> CheckResult {
    let (id, spec) = server(subject, "vm").await?;
    if !subject.bench.doom_volumes(&id).await? {
        return Ok(());
    }
    let refused = subject.cloud.delete_server(&call(subject, "delete"), &id).await;
    ensure_refused("delete_server", refused, DataSafety, &["vm"])?;
    ensure(subject.cloud.server(&id).await?.is_some(), || "the server is gone".to_owned())?;
    for (_, volume) in &spec.volumes {
        ensure(subject.cloud.volume(volume).await?.is_some(), || format!("volume '{volume}' is gone"))?;
    }
    Ok(())
}
