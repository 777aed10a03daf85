use super::{OWNER, around, arrays, spec, within};
use crate::model::{ArrayGroupName, OpKey, RecoveryPointName};
use crate::ports::{
    CloneRequest, MemberMode, MemberSet, ReplicationSpec, SnapshotRequest, StorageDriver, SurvivingRecoveryPoint,
    VolumeQuery,
};
use crate::wrap::{FaultScript, Faulty};
use std::{collections::BTreeSet, sync::Arc};

#[test]
fn a_wrapped_driver_calls_itself_what_the_driver_inside_does() {
    let arrays = arrays();
    let wrapped = around(Faulty::new(FaultScript::default(), arrays.clock.clone()), &arrays.source);
    assert_eq!(wrapped.to_string(), arrays.source.to_string());
    assert_eq!(wrapped.driver_name(), "MockStorageDriver");
    assert_eq!(wrapped.capabilities(), arrays.source.capabilities());
}

/// Two layers that keep lists: what the outer one sees, the inner one sees under the same name.
#[tokio::test]
async fn every_call_reaches_the_same_method_inside_once() {
    let arrays = arrays();
    let layer = || Faulty::new(FaultScript::default(), arrays.clock.clone());
    let inner = around(layer(), &arrays.source);
    let driver: Arc<dyn StorageDriver> = inner.clone();
    let outer = around(layer(), &driver);
    let called = call_all(&*outer, &within(&*arrays.clock, 60)).await;
    let seen: Vec<&str> = outer.layer().seen().iter().map(|call| call.method).collect();
    assert_eq!(seen, called);
    assert_eq!(inner.layer().seen(), outer.layer().seen());
    let reads = outer.layer().seen().iter().filter(|call| !call.is_change).count();
    assert_eq!((reads, called.len()), (9, 22));
}

/// Calls each method; what comes of it does not matter. Their names.
async fn call_all(array: &dyn StorageDriver, cx: &crate::ports::Cx) -> Vec<&'static str> {
    let group = ArrayGroupName::from("pg-1");
    let point = RecoveryPointName::from("pg-1.dr-1");
    let clones = CloneRequest { point: point.clone(), volumes: [("v1".into(), "c1".into())].into() };
    let key = OpKey::from("op-1/step");
    let mut called = Vec::new();
    macro_rules! call {
        ($($method:ident($($argument:expr),*)),* $(,)?) => {
            $( drop(array.$method($($argument),*).await); called.push(stringify!($method)); )*
        };
    }
    let members = MemberSet { volumes: BTreeSet::new(), mode: MemberMode::Add };
    let replication = ReplicationSpec { target: "flasharray-b".into(), interval: 300 };
    let snapshot = SnapshotRequest { suffix: "dr-1".into(), replicate_now: false };
    let owner = spec(OWNER).owner;
    let surviving = SurvivingRecoveryPoint { array: "id".into(), point: point.clone() };
    call![
        info(),
        peers(),
        group(&group),
        recovery_points(&group),
        newest_complete(&group),
        replication_status(&group),
        transfer_status(&point),
        volumes(&VolumeQuery::ClonedBy(key.clone())),
        preflight(&clones),
        ensure_group(cx, &spec(OWNER)),
        ensure_members(cx, &group, &members),
        ensure_replication(cx, &group, &replication),
        accept_from_peer(cx, &group, &owner, true),
        create_protection_group_snapshot(cx, &group, &snapshot),
        clone_volumes(cx, &clones),
        remove_clones(cx, &key, &BTreeSet::new()),
        demote(cx, &group),
        promote(cx, &group),
        fence(cx, &group),
        unfence(cx, &group),
        disable_replication(cx, &group),
        retire_group(cx, &group, &owner, Some(&surviving)),
    ];
    called
}
