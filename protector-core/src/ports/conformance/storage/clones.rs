//! Clones: volumes of one complete recovery point, nothing overwritten, and only clones are ever removed.

use super::StorageSubject;
use super::scene::{
    MIB, already, both, call, complete_point, done, name_of, names, replicated_group, taken, volumes as create_volumes,
};
use crate::ErrorKind::{AlreadyExists, DataSafety, PendingEradication, Precondition};
use crate::model::{ArrayVolumeId, ArrayVolumeName, OpKey};
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{ArrayVolume, CloneRequest, ClonedVolume, VolumeQuery};
use crate::rules::naming;
use std::collections::BTreeSet;

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        clones_are_made_once,
        an_incomplete_recovery_point_is_not_cloned if |subject| subject.bench.transfers_take_time(),
        a_volume_that_is_not_in_the_point_is_refused,
        a_member_that_left_the_group_is_not_asked_for,
        a_name_that_is_taken_is_not_overwritten,
        a_clone_holds_the_data_of_its_instant if |subject| subject.bench.has_data(),
        clones_are_removed_once,
        only_clones_of_that_key_are_removed,
        the_name_of_a_removed_clone_stays_taken,
    ]
}

async fn clone(subject: &StorageSubject, key: &str, request: &CloneRequest) -> Result<Vec<ClonedVolume>, Failure> {
    done("clone_volumes", subject.target.clone_volumes(&call(subject, key), request).await?)
}

async fn cloned_by(subject: &StorageSubject, key: &str) -> Result<Vec<ArrayVolume>, Failure> {
    Ok(subject.target.volumes(&VolumeQuery::ClonedBy(OpKey::from(key))).await?)
}

fn ids(clones: &[ClonedVolume]) -> BTreeSet<ArrayVolumeId> {
    clones.iter().map(|clone| clone.id.clone()).collect()
}

async fn clones_are_made_once(subject: &StorageSubject) -> CheckResult {
    let point = complete_point(subject).await?;
    let request = both(&point, "dr-v1", "dr-v2");
    ensure_equal("preflight", &subject.target.preflight(&request).await?, &Vec::new())?;
    let clones = clone(subject, "clone", &request).await?;
    let made: Vec<_> = clones.iter().map(|clone| (clone.source.clone(), clone.name.clone())).collect();
    let wanted: Vec<_> = request.volumes.iter().map(|(source, name)| (source.clone(), name.clone())).collect();
    ensure_equal("clones", &made, &wanted)?;
    let again = subject.target.clone_volumes(&call(subject, "clone"), &request).await?;
    ensure_equal("clones, asked again", &already("clone_volumes", again)?, &clones)?;
    let found = cloned_by(subject, "clone").await?;
    ensure_equal("volumes of the key", &found.len(), &2)?;
    for (volume, size) in found.iter().zip([MIB, 2 * MIB]) {
        ensure_equal("size", &volume.provisioned, &size)?;
        ensure(!volume.fenced && !volume.destroyed, || format!("not usable: {volume:?}"))?;
    }
    let origins: Vec<_> = found.into_iter().filter_map(|volume| volume.cloned_from).collect();
    ensure_equal("origins", &origins, &vec![(point.clone(), "v1".into()), (point, "v2".into())])
}

async fn an_incomplete_recovery_point_is_not_cloned(subject: &StorageSubject) -> CheckResult {
    let image = replicated_group(subject, &["v1", "v2"]).await?;
    taken(subject, "dr-1").await?;
    let request = both(&naming::recovery_point_name(&image, "dr-1"), "dr-v1", "dr-v2");
    let findings = subject.target.preflight(&request).await?;
    ensure(findings.iter().any(|finding| finding.blocks), || format!("nothing against it: {findings:?}"))?;
    let refused = subject.target.clone_volumes(&call(subject, "clone"), &request).await;
    ensure_refused("clone_volumes", refused, Precondition, &["dr-1"])?;
    ensure_equal("clones", &cloned_by(subject, "clone").await?, &Vec::new())
}

async fn a_volume_that_is_not_in_the_point_is_refused(subject: &StorageSubject) -> CheckResult {
    let point = complete_point(subject).await?;
    let mut request = both(&point, "dr-v1", "dr-v2");
    request.volumes.insert("v3".into(), "dr-v3".into());
    let findings = subject.target.preflight(&request).await?;
    ensure(findings.iter().any(|finding| finding.blocks), || format!("nothing against it: {findings:?}"))?;
    let refused = subject.target.clone_volumes(&call(subject, "clone"), &request).await;
    ensure_refused("clone_volumes", refused, Precondition, &["v3"])?;
    ensure_equal("clones", &cloned_by(subject, "clone").await?, &Vec::new())
}

async fn a_member_that_left_the_group_is_not_asked_for(subject: &StorageSubject) -> CheckResult {
    let point = complete_point(subject).await?;
    let mut request = both(&point, "dr-v1", "dr-v2");
    request.volumes.remove(&ArrayVolumeName::from("v2"));
    let clones = clone(subject, "clone", &request).await?;
    let names: Vec<_> = clones.iter().map(|clone| clone.name.as_str()).collect();
    ensure_equal("clones", &names, &vec!["dr-v1"])
}

async fn a_name_that_is_taken_is_not_overwritten(subject: &StorageSubject) -> CheckResult {
    let point = complete_point(subject).await?;
    let array = name_of(&*subject.target).await?;
    subject.bench.create_volume(&array, &"precious".into(), 7 * MIB).await?;
    let request = both(&point, "dr-v1", "precious");
    let findings = subject.target.preflight(&request).await?;
    ensure(findings.iter().any(|finding| finding.blocks), || format!("nothing against it: {findings:?}"))?;
    let refused = subject.target.clone_volumes(&call(subject, "clone"), &request).await;
    ensure_refused("clone_volumes", refused, AlreadyExists, &["precious"])?;
    let left = subject.target.volumes(&VolumeQuery::Names(names(&["dr-v1", "precious"]))).await?;
    let left: Vec<_> = left.iter().map(|volume| (volume.provisioned, volume.cloned_from.is_some())).collect();
    ensure_equal("volumes", &left, &vec![(7 * MIB, false)])
}

async fn a_clone_holds_the_data_of_its_instant(subject: &StorageSubject) -> CheckResult {
    let image = replicated_group(subject, &["v1", "v2"]).await?;
    let (source, target) = (name_of(&*subject.source).await?, name_of(&*subject.target).await?);
    subject.bench.write(&source, &"v1".into(), 10).await?;
    subject.bench.write(&source, &"v2".into(), 20).await?;
    taken(subject, "dr-1").await?;
    subject.bench.write(&source, &"v1".into(), 1).await?;
    subject.bench.write(&source, &"v2".into(), 1).await?;
    let point = naming::recovery_point_name(&image, "dr-1");
    super::scene::arrived(subject, &point).await?;
    let clones = clone(subject, "clone", &both(&point, "dr-v1", "dr-v2")).await?;
    let mut contents = Vec::new();
    for clone in &clones {
        contents.push(subject.bench.content(&target, &clone.id).await?);
    }
    ensure_equal("writes that the clones hold", &contents, &vec![10, 20])
}

async fn clones_are_removed_once(subject: &StorageSubject) -> CheckResult {
    let point = complete_point(subject).await?;
    let clones = clone(subject, "clone", &both(&point, "dr-v1", "dr-v2")).await?;
    let (cx, key) = (call(subject, "cleanup"), OpKey::from("clone"));
    done("remove_clones", subject.target.remove_clones(&cx, &key, &ids(&clones)).await?)?;
    already("remove_clones", subject.target.remove_clones(&cx, &key, &ids(&clones)).await?)?;
    let unknown = BTreeSet::from([ArrayVolumeId::from("no-such-id")]);
    already("remove_clones", subject.target.remove_clones(&cx, &key, &unknown).await?)?;
    // destroyed, so that a mistake can be taken back
    let left = subject.target.volumes(&VolumeQuery::Ids(ids(&clones))).await?;
    ensure_equal("clones that can be recovered", &left.iter().filter(|volume| volume.destroyed).count(), &2)
}

async fn only_clones_of_that_key_are_removed(subject: &StorageSubject) -> CheckResult {
    let point = complete_point(subject).await?;
    let clones = clone(subject, "test-1", &both(&point, "dr-v1", "dr-v2")).await?;
    let others = clone(subject, "test-2", &both(&point, "other-v1", "other-v2")).await?;
    let array = name_of(&*subject.target).await?;
    subject.bench.create_volume(&array, &"precious".into(), MIB).await?;
    let precious = subject.target.volumes(&VolumeQuery::Names(names(&["precious"]))).await?;
    let foreign = [(ids(&others), "other-v1"), (precious.iter().map(|volume| volume.id.clone()).collect(), "precious")];
    for (more, named) in foreign {
        let asked = ids(&clones).union(&more).cloned().collect();
        let cx = call(subject, "cleanup");
        let refused = subject.target.remove_clones(&cx, &OpKey::from("test-1"), &asked).await;
        ensure_refused("remove_clones", refused, DataSafety, &[named.trim_end_matches("-v1")])?;
        let left = subject.target.volumes(&VolumeQuery::Ids(asked)).await?;
        ensure(left.iter().all(|volume| !volume.destroyed), || format!("a refused call destroyed some of {left:?}"))?;
    }
    Ok(())
}

async fn the_name_of_a_removed_clone_stays_taken(subject: &StorageSubject) -> CheckResult {
    let point = complete_point(subject).await?;
    create_volumes(subject, &["unrelated"]).await?;
    let clones = clone(subject, "first", &both(&point, "dr-v1", "dr-v2")).await?;
    let removed = subject.target.remove_clones(&call(subject, "cleanup"), &"first".into(), &ids(&clones)).await?;
    done("remove_clones", removed)?;
    let request = both(&point, "dr-v1", "fresh-v2");
    let refused = subject.target.clone_volumes(&call(subject, "second"), &request).await;
    ensure_refused("clone_volumes", refused, PendingEradication, &["dr-v1"])?;
    ensure_equal("clones", &cloned_by(subject, "second").await?, &Vec::new())?;
    clone(subject, "third", &both(&point, "fresh-v1", "fresh-v2")).await.map(drop)
}
