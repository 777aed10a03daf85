//! Import and release.

use super::CloudSubject;
use super::scene::{already, call, done, importable, imported, server, volume};
use crate::ErrorKind::{NotFound, Precondition};
use crate::ports::VolumeState;
use crate::ports::conformance::{Check, CheckResult, checks, ensure, ensure_equal, ensure_refused};

pub(super) fn checks() -> Vec<Check<CloudSubject>> {
    checks![
        a_volume_is_imported_once,
        what_is_not_on_the_array_is_not_imported,
        a_type_of_another_backend_is_refused if |subject| subject.setting.unoffered_volume_type.is_some(),
        a_released_volume_keeps_its_data,
        an_attached_volume_is_not_released if CloudSubject::has_servers,
    ]
}

async fn a_volume_is_imported_once(subject: &CloudSubject) -> CheckResult {
    let request = importable(subject, "dr-one").await?;
    let made = imported(subject, &request).await?;
    ensure_equal("name", &made.name, &request.name)?;
    ensure_equal("size", &made.size_gib, &2)?;
    ensure_equal("volume type", &made.volume_type, &request.volume_type)?;
    ensure_equal("state", &made.state, &VolumeState::Available)?;
    let present = subject.bench.array_volume_name(&request.array_volume_id).await?;
    ensure_equal("present name on the array", &made.array_volume, &Some(present))?;
    if let Some(id) = &made.array_volume_id {
        ensure_equal("id on the array", id, &request.array_volume_id)?;
    }
    let again = subject.cloud.import_volume(&call(subject, "again"), &request).await?;
    ensure_equal("the volume, imported again", &already("import_volume", again)?, &made)?;
    ensure_equal("the volume, read", &subject.cloud.volume(&made.id).await?, &Some(made))
}

async fn what_is_not_on_the_array_is_not_imported(subject: &CloudSubject) -> CheckResult {
    let mut request = importable(subject, "dr-one").await?;
    request.array_volume_id = "no-such-id".into();
    request.array_volume = "no-such-volume".into();
    let refused = subject.cloud.import_volume(&call(subject, "import"), &request).await;
    ensure_refused("import_volume", refused, NotFound, &["no-such-volume"])?;
    let mut request = importable(subject, "dr-two").await?;
    request.volume_type = "no-such-type".to_owned();
    let refused = subject.cloud.import_volume(&call(subject, "import"), &request).await;
    ensure_refused("import_volume", refused, NotFound, &["no-such-type"])
}

async fn a_type_of_another_backend_is_refused(subject: &CloudSubject) -> CheckResult {
    let mut request = importable(subject, "dr-one").await?;
    request.volume_type = subject.setting.unoffered_volume_type.clone().unwrap_or_default();
    let refused = subject.cloud.import_volume(&call(subject, "import"), &request).await;
    ensure_refused("import_volume", refused, Precondition, &[&request.volume_type])?;
    let name = subject.bench.array_volume_name(&request.array_volume_id).await?;
    ensure_equal("name on the array", &name, &request.array_volume)
}

async fn a_released_volume_keeps_its_data(subject: &CloudSubject) -> CheckResult {
    let mut request = importable(subject, "dr-one").await?;
    let made = imported(subject, &request).await?;
    let cx = call(subject, "release");
    done(subject, "release_volume", || subject.cloud.release_volume(&cx, &made.id)).await?;
    already("release_volume", subject.cloud.release_volume(&cx, &made.id).await?)?;
    ensure_equal("the volume", &subject.cloud.volume(&made.id).await?, &None)?;
    request.array_volume = subject.bench.array_volume_name(&request.array_volume_id).await?;
    let again = imported(subject, &request).await?;
    ensure(again.id != made.id, || "a volume imported anew has the id of a released one".to_owned())
}

async fn an_attached_volume_is_not_released(subject: &CloudSubject) -> CheckResult {
    let (_, spec) = server(subject, "vm").await?;
    let (_, attached) = spec.volumes.first().ok_or("the scene has no volume")?;
    let cx = call(subject, "release");
    let refused = subject.cloud.release_volume(&cx, attached).await;
    ensure_refused("release_volume", refused, Precondition, &[attached.as_str()])?;
    let left = subject.cloud.volume(attached).await?.map(|volume| volume.state);
    ensure_equal("state", &left, &Some(VolumeState::InUse))?;
    let free = volume(subject, "free").await?;
    done(subject, "release_volume", || subject.cloud.release_volume(&cx, &free.id)).await
}
