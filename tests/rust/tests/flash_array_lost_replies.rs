//! Whichever request to a FlashArray loses its reply, or never gets there: the same call again ends in the same world, with
//! nothing made twice and nothing left behind.

use flasharray_sim::Options;
use futures::{StreamExt, TryStreamExt, stream};
use protector_core::mock::WorldLocation;
use protector_core::model::{ArrayVolumeId, OpKey};
use protector_core::ports::{Outcome, StorageDriver as _, SurvivingRecoveryPoint, VolumeQuery};
use protector_core::pure::PureStorageDriver;
use protector_core::{Error, Result};
use protector_tests::compare::{differences, without_ids};
use protector_tests::flash_array_stage::{MEMBERS, insist};
use protector_tests::flash_arrays::{FlashArrays, NAMES};
use protector_tests::request_log::RequestLog;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fmt::Debug,
    path::{Path, PathBuf},
};

/// What a group lives through, in this order. Each step is one call of the driver, made again until it gets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Group,
    Members,
    OtherMembers,
    Replication,
    Accept,
    Snapshot,
    Arrival,
    Clones,
    Fence,
    Unfence,
    RemoveClones,
    Disable,
    Forbid,
    Retire,
}

const LIFE: [Step; 14] = [
    Step::Group,
    Step::Members,
    Step::OtherMembers,
    Step::Replication,
    Step::Accept,
    Step::Snapshot,
    Step::Arrival,
    Step::Clones,
    Step::Fence,
    Step::Unfence,
    Step::RemoveClones,
    Step::Disable,
    Step::Forbid,
    Step::Retire,
];

/// What becomes of one request, and whether the client sends it again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fault {
    /// `lost`: carried out, and nobody hears of it; `refused`: not carried out.
    reply: &'static str,
    retries: u32,
}

const FAULTS: [Fault; 3] =
    [Fault { reply: "lost", retries: 0 }, Fault { reply: "lost", retries: 5 }, Fault { reply: "refused", retries: 0 }];

/// Cases that run at the same time.
const TOGETHER: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_rest_2_26_without_batches() -> Result<()> {
    every_request_fails_once("2.26").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_rest_2_37_with_batches() -> Result<()> {
    every_request_fails_once("2.37").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_rest_2_39_where_groups_have_tags() -> Result<()> {
    every_request_fails_once("2.39").await
}

async fn every_request_fails_once(rest_max: &'static str) -> Result<()> {
    let log = RequestLog::listen();
    let files = tempfile::tempdir().map_err(|e| Error::storage(e.to_string()))?;
    let mut before = files.path().join("start");
    start(rest_max, &before, None).await?.0.volumes(&[MEMBERS[0], MEMBERS[1], "v3"]).await?;
    for (at, step) in LIFE.into_iter().enumerate() {
        let after = files.path().join(format!("after-{at}"));
        copy(&before, &after)?;
        let (expected, requests) = run(rest_max, &after, step, None).await?;
        assert!(requests > 0, "{step:?}");
        let cases = FAULTS.into_iter().flat_map(|fault| (1..=requests).map(move |nth| (fault, nth)));
        let cases = cases.map(|(fault, nth)| {
            let (world, before, expected) = (files.path().join(format!("{at}-{fault:?}-{nth}")), &before, &expected);
            async move {
                copy(before, &world)?;
                let (found, sent) = run(rest_max, &world, step, Some((fault, nth))).await?;
                let differences = differences(expected, &found);
                let case = format!("REST {rest_max}, {step:?}, request {nth} of {requests}, {fault:?}");
                assert!(differences.is_empty(), "{case}:\n{}", differences.join("\n"));
                assert!(sent > requests, "{case}: nothing failed, {sent} requests");
                remove(&world);
                Ok::<_, Error>(())
            }
        });
        stream::iter(cases).buffer_unordered(TOGETHER).try_collect::<()>().await?;
        before = after;
    }
    log.assert_harmless();
    Ok(())
}

/// Does a step on the world in a file: what the world is then, and how many requests came.
async fn run(rest_max: &str, world: &Path, step: Step, fault: Option<(Fault, u64)>) -> Result<(Value, u64)> {
    let (arrays, [source, target]) = start(rest_max, world, fault.map(|(fault, _)| fault)).await?;
    if let Some((Fault { reply, .. }, nth)) = fault {
        arrays.simulator.faults().add(&format!("on * * nth={nth} reply={reply}"))?;
    }
    let before = arrays.simulator.requests();
    let done = take(step, &arrays, &source, &target).await;
    done.map_err(|e| e.context(format!("REST {rest_max}, {step:?}, {fault:?}")))?;
    let requests = arrays.simulator.requests() - before;
    let dump = without_ids(&arrays.world().dump()?);
    arrays.simulator.stop().await;
    Ok((dump, requests))
}

async fn start(rest_max: &str, world: &Path, fault: Option<Fault>) -> Result<(FlashArrays, [PureStorageDriver; 2])> {
    let change = |options: &mut Options| options.location = WorldLocation::File(world.to_owned());
    let arrays = FlashArrays::start(rest_max, change).await?;
    let retries = fault.map_or(0, |fault| fault.retries);
    let driver = |name| arrays.driver(name, |options| options.retries = retries);
    let drivers = [driver(NAMES[0])?, driver(NAMES[1])?];
    Ok((arrays, drivers))
}

async fn take(step: Step, arrays: &FlashArrays, source: &PureStorageDriver, target: &PureStorageDriver) -> Result<()> {
    let (group, owner) = (FlashArrays::group(), FlashArrays::owner());
    let cx = &arrays.call(&format!("{step:?}"));
    match step {
        Step::Group => done(&insist(|| async { source.ensure_group(cx, &FlashArrays::spec()).await }).await?),
        Step::Members => {
            let members = FlashArrays::members(&[MEMBERS[0], "v3"]);
            done(&insist(|| source.ensure_members(cx, &group, &members)).await?);
        }
        Step::OtherMembers => {
            let members = FlashArrays::members(&MEMBERS);
            done(&insist(|| source.ensure_members(cx, &group, &members)).await?);
        }
        Step::Replication => {
            let replication = FlashArrays::replication();
            done(&insist(|| source.ensure_replication(cx, &group, &replication)).await?);
        }
        Step::Accept => arrays.accepted(target).await?,
        Step::Snapshot => {
            let wanted = FlashArrays::shipped("dr-1");
            done(&insist(|| source.create_protection_group_snapshot(cx, &group, &wanted)).await?);
        }
        Step::Arrival => arrays.arrived(target).await?,
        Step::Clones => {
            let wanted = FlashArrays::clones(&MEMBERS);
            let made = insist(|| target.clone_volumes(cx, &wanted)).await?.finished().unwrap_or_default();
            let names: Vec<&str> = made.iter().map(|clone| clone.name.as_str()).collect();
            assert_eq!(names, ["dr-v1", "dr-v2"]);
        }
        Step::Fence => done(&insist(|| source.fence(cx, &group)).await?),
        Step::Unfence => done(&insist(|| source.unfence(cx, &group)).await?),
        Step::RemoveClones => {
            let key = OpKey::from(format!("{:?}", Step::Clones));
            let query = VolumeQuery::ClonedBy(key.clone());
            let clones = insist(|| target.volumes(&query)).await?;
            let ids: BTreeSet<ArrayVolumeId> = clones.into_iter().map(|clone| clone.id).collect();
            assert_eq!(ids.len(), 2);
            done(&insist(|| target.remove_clones(cx, &key, &ids)).await?);
        }
        Step::Disable => done(&insist(|| source.disable_replication(cx, &group)).await?),
        Step::Forbid => {
            let image = FlashArrays::image();
            done(&insist(|| target.accept_from_peer(cx, &image, &owner, false)).await?);
        }
        Step::Retire => {
            let array = insist(|| target.info()).await?.id;
            let proof = Some(SurvivingRecoveryPoint { array, point: FlashArrays::point() });
            done(&insist(|| source.retire_group(cx, &group, &owner, proof.as_ref())).await?);
        }
    }
    Ok(())
}

fn done<T: Debug>(outcome: &Outcome<T>) {
    assert!(!matches!(outcome, Outcome::InProgress { .. }), "{outcome:?}");
}

/// The files of a world: what SQLite has not moved into the first one yet is in the second.
fn parts(world: &Path) -> [PathBuf; 2] {
    [world.to_owned(), format!("{}-wal", world.display()).into()]
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for (from, to) in parts(from).into_iter().zip(parts(to)) {
        if from.exists() {
            std::fs::copy(from, to).map_err(|e| Error::storage(e.to_string()))?;
        }
    }
    Ok(())
}

/// Thousands of them would fill the disk. One that cannot be removed goes with its directory.
fn remove(world: &Path) {
    let _ = parts(world).map(std::fs::remove_file);
}
