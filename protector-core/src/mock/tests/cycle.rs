//! The whole way there and back, by the calls that a failover makes.

use super::{Lab, SELDOM};
use crate::mock::{MockCloud, MockStorageDriver};
use crate::model::{ArrayGroupName, ArrayVolumeName, ServerId, VolumeId};
use crate::ports::{
    CloneRequest, Cloud, GroupSpec, ImportRequest, MemberMode, MemberSet, Outcome, PortSpec, ReplicationSpec,
    ReplicationStatus, ServerSpec, SnapshotRequest, StorageDriver,
};
use crate::rules::naming;
use std::{collections::BTreeMap, time::Duration};

/// One end of the way: array, cloud, network.
type End<'a> = (&'a MockStorageDriver, &'a MockCloud, &'static str);

/// Calls until it is finished.
macro_rules! finish {
    ($lab:expr, $call:expr) => {
        loop {
            match $call.await.unwrap() {
                Outcome::Done(value) | Outcome::AlreadyDone(value) => break value,
                Outcome::InProgress { poll_after } => $lab.clock.sleep(poll_after).await,
            }
        }
    };
}

/// Where the workload is: the server, and its volumes by device with their names on the array.
struct Workload {
    server: ServerId,
    volumes: BTreeMap<String, (VolumeId, ArrayVolumeName)>,
}

async fn protect(lab: &Lab, workload: &Workload, (source, ..): End<'_>, (target, ..): End<'_>) -> ArrayGroupName {
    let group = ArrayGroupName::from("pg-web");
    let cx = lab.cx("protect");
    let spec = GroupSpec { name: group.clone(), owner: "pg-1".into(), adopt: false };
    finish!(lab, source.ensure_group(&cx, &spec));
    let volumes = workload.volumes.values().map(|(_, name)| name.clone()).collect();
    let members = MemberSet { volumes, mode: MemberMode::Exact };
    finish!(lab, source.ensure_members(&cx, &group, &members));
    let replication = ReplicationSpec { target: target.info().await.unwrap().name, interval: SELDOM };
    finish!(lab, source.ensure_replication(&cx, &group, &replication));
    let image = naming::target_group_name(&source.info().await.unwrap().name, &group);
    finish!(lab, target.accept_from_peer(&cx, &image, &"pg-1".into(), true));
    image
}

/// A planned failover: stop, final snapshot, fence, clone, import, boot, protect in reverse.
async fn fail_over(lab: &Lab, leg: &str, workload: Workload, from: End<'_>, to: End<'_>) -> Workload {
    let image = naming::target_group_name(&from.0.info().await.unwrap().name, &"pg-web".into());
    let cx = lab.cx(leg);
    finish!(lab, from.1.stop_server(&cx, &workload.server));
    let request = SnapshotRequest { suffix: format!("dr-{leg}"), replicate_now: true };
    finish!(lab, from.0.create_protection_group_snapshot(&cx, &"pg-web".into(), &request));
    finish!(lab, from.0.fence(&cx, &"pg-web".into()));
    let point = loop {
        let ReplicationStatus { newest_complete, .. } = to.0.replication_status(&image).await.unwrap().value;
        match newest_complete.filter(|point| point.name == naming::recovery_point_name(&image, &request.suffix)) {
            Some(point) => break point,
            None => lab.clock.sleep(Duration::from_millis(100)).await,
        }
    };
    let by_device = workload.volumes.iter();
    let clone_name = |device: &str| ArrayVolumeName::from(format!("dr-{leg}-{device}"));
    let clones = CloneRequest {
        point: point.name,
        volumes: by_device.map(|(device, (_, name))| (name.clone(), clone_name(device))).collect(),
    };
    let clones = finish!(lab, to.0.clone_volumes(&cx, &clones));
    let mut volumes = BTreeMap::new();
    for (device, (_, source)) in &workload.volumes {
        let clone = clones.iter().find(|clone| clone.source == *source).unwrap();
        let request = ImportRequest {
            array_volume_id: clone.id.clone(),
            array_volume: clone.name.clone(),
            name: format!("web-server-1-{device}"),
            volume_type: "replicated-ssd".to_owned(),
            bootable: device == "vda",
        };
        let volume = finish!(lab, to.1.import_volume(&cx, &request));
        volumes.insert(device.clone(), (volume.id, volume.array_volume.unwrap()));
    }
    let port = PortSpec {
        name: format!("dr-{leg}"),
        reuse: None,
        network: to.2.to_owned(),
        fixed_ips: Vec::new(),
        security_groups: vec!["web".to_owned()],
    };
    let port = finish!(lab, to.1.ensure_port(&cx, &port));
    let spec = ServerSpec {
        op_key: cx.op_key.clone(),
        name: "web-server-1".to_owned(),
        flavor: "m1.medium".to_owned(),
        ports: vec![port.id],
        volumes: volumes.iter().map(|(device, (id, _))| (device.clone(), id.clone())).collect(),
        key_name: None,
        metadata: BTreeMap::new(),
    };
    let server = finish!(lab, to.1.ensure_server(&cx, &spec)).id;
    let workload = Workload { server, volumes };
    protect(lab, &workload, to, from).await;
    workload
}

#[tokio::test]
async fn three_legs_lose_no_write() {
    let lab = Lab::new();
    let (a, b): (End<'_>, End<'_>) =
        ((&lab.array_a, &lab.cloud_a, "net-primary-web"), (&lab.array_b, &lab.cloud_b, "net-secondary-web"));
    let server = lab.server("web-server-1").await;
    let volumes = server
        .volumes
        .into_iter()
        .map(|attached| (attached.device, (attached.volume.id.clone(), attached.volume.array_volume.unwrap())));
    let mut workload = Workload { server: server.id, volumes: volumes.collect() };
    protect(&lab, &workload, a, b).await;
    let mut expected = BTreeMap::from([("vda".to_owned(), 1000), ("vdb".to_owned(), 1001)]);
    for (leg, from, to, site) in [("one", a, b, "site-a"), ("two", b, a, "site-b"), ("three", a, b, "site-a")] {
        for (n, (device, (volume, _))) in (1..).zip(&workload.volumes) {
            lab.world.write(&site.into(), volume, n).unwrap();
            *expected.get_mut(device).unwrap() += n;
        }
        let before = workload.volumes["vda"].0.clone();
        workload = fail_over(&lab, leg, workload, from, to).await;
        let array = to.0.info().await.unwrap().name;
        for (device, (volume, _)) in &workload.volumes {
            let id = to.1.volume(volume).await.unwrap().unwrap().array_volume_id.unwrap();
            assert_eq!(lab.world.content(&array, &id).unwrap(), expected[device], "{leg}: {device}");
        }
        lab.world.write(&site.into(), &before, 1).expect_err("what was left behind is fenced");
    }
}
