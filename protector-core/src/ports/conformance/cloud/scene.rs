//! What checks begin with: contexts, imported volumes, ports, servers.

use super::CloudSubject;
use crate::model::{Epoch, OpKey, PortId, ServerId, VolumeId};
use crate::ports::conformance::Failure;
use crate::ports::{
    Cancel, CinderGroup, CinderGroupSpec, CloudVolume, Cx, ImportRequest, Outcome, PortSpec, Server, ServerSpec,
};
use std::{fmt::Debug, time::Duration};

/// How long a check waits for anything.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn call(subject: &CloudSubject, key: &str) -> Cx {
    Cx {
        op_key: OpKey::from(key),
        epoch: Epoch(1),
        deadline: subject.clock.now() + PATIENCE,
        cancel: Cancel::default(),
    }
}

/// Makes the same call until it has an end; whether anything was left to do comes with it.
async fn finished<T, F>(subject: &CloudSubject, call: impl Fn() -> F) -> Result<(T, bool), Failure>
where
    F: Future<Output = crate::Result<Outcome<T>>>,
{
    let deadline = subject.clock.now() + PATIENCE;
    let mut waited = false;
    loop {
        match call().await? {
            Outcome::Done(value) => return Ok((value, true)),
            Outcome::AlreadyDone(value) => return Ok((value, waited)),
            Outcome::InProgress { poll_after } if subject.clock.now() < deadline => {
                waited = true;
                subject.clock.sleep(poll_after).await;
            }
            Outcome::InProgress { .. } => return Err(format!("still in progress after {PATIENCE:?}").into()),
        }
    }
}

/// The value of a call that had something to do.
pub(super) async fn done<T: Debug, F>(subject: &CloudSubject, what: &str, call: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = crate::Result<Outcome<T>>>,
{
    match finished(subject, call).await? {
        (value, true) => Ok(value),
        (value, false) => Err(format!("{what}: expected Done, got AlreadyDone({value:?})").into()),
    }
}

/// The value of a call that had nothing left to do.
pub(super) fn already<T: Debug>(what: &str, outcome: Outcome<T>) -> Result<T, Failure> {
    match outcome {
        Outcome::AlreadyDone(value) => Ok(value),
        other => Err(format!("{what}: expected AlreadyDone, got {other:?}").into()),
    }
}

pub(super) fn group_spec(subject: &CloudSubject, name: &str) -> CinderGroupSpec {
    CinderGroupSpec { name: name.to_owned(), volume_type: subject.setting.volume_type.clone() }
}

/// A Cinder group of the usual type.
pub(super) async fn group(subject: &CloudSubject, name: &str) -> Result<CinderGroup, Failure> {
    let (cx, spec) = (call(subject, name), group_spec(subject, name));
    done(subject, "ensure_consistency_group", || subject.cloud.ensure_consistency_group(&cx, &spec)).await
}

/// An array volume of 2 GiB, and how to import it.
pub(super) async fn importable(subject: &CloudSubject, name: &str) -> Result<ImportRequest, Failure> {
    let array_volume_id = subject.bench.create_array_volume(&name.into(), 2).await?;
    Ok(ImportRequest {
        array_volume_id,
        array_volume: name.into(),
        name: format!("imported-{name}"),
        volume_type: subject.setting.volume_type.clone(),
        bootable: true,
    })
}

/// An imported volume.
pub(super) async fn volume(subject: &CloudSubject, name: &str) -> Result<CloudVolume, Failure> {
    let request = importable(subject, name).await?;
    imported(subject, &request).await
}

pub(super) async fn imported(subject: &CloudSubject, request: &ImportRequest) -> Result<CloudVolume, Failure> {
    let cx = call(subject, &request.name);
    done(subject, "import_volume", || subject.cloud.import_volume(&cx, request)).await
}

pub(super) fn port_spec(subject: &CloudSubject, name: &str, fixed_ips: &[&str]) -> PortSpec {
    PortSpec {
        name: name.to_owned(),
        reuse: None,
        network: subject.setting.network.clone(),
        fixed_ips: fixed_ips.iter().map(|address| (*address).to_owned()).collect(),
        security_groups: vec!["no-such-security-group".to_owned()],
    }
}

pub(super) async fn port(subject: &CloudSubject, name: &str) -> Result<PortId, Failure> {
    let (cx, spec) = (call(subject, name), port_spec(subject, name, &[]));
    let made = done(subject, "ensure_port", || subject.cloud.ensure_port(&cx, &spec)).await?;
    Ok(made.id)
}

pub(super) fn server_spec(subject: &CloudSubject, name: &str, port: PortId, volumes: &[&VolumeId]) -> ServerSpec {
    ServerSpec {
        op_key: OpKey::from(name),
        name: name.to_owned(),
        flavor: subject.setting.flavor.clone(),
        ports: vec![port],
        volumes: ["vda", "vdb"].into_iter().zip(volumes).map(|(d, v)| (d.to_owned(), (*v).clone())).collect(),
        key_name: Some("no-such-key".to_owned()),
        metadata: [("tier".to_owned(), "1".to_owned())].into(),
    }
}

pub(super) async fn ensured(subject: &CloudSubject, spec: &ServerSpec) -> Result<Server, Failure> {
    let cx = call(subject, &spec.name);
    done(subject, "ensure_server", || subject.cloud.ensure_server(&cx, spec)).await
}

/// A running server with two volumes and a port: its id, and how it was asked for.
pub(super) async fn server(subject: &CloudSubject, name: &str) -> Result<(ServerId, ServerSpec), Failure> {
    let boot = volume(subject, &format!("{name}-boot")).await?;
    let data = volume(subject, &format!("{name}-data")).await?;
    let port = port(subject, &format!("{name}-port")).await?;
    let spec = server_spec(subject, name, port, &[&boot.id, &data.id]);
    Ok((ensured(subject, &spec).await?.id, spec))
}
