//! `ensure_members`: all or none, one owner per volume.

use super::StorageSubject;
use super::scene::{
    already, call, done, empty_group, filled_group, group, members, name_of, names, other_owner, shown, spec,
    unchanged, volumes,
};
use crate::ErrorKind::{Conflict, NotFound};
use crate::ports::MemberMode::{Add, Exact};
use crate::ports::conformance::{Check, CheckResult, checks, ensure_equal, ensure_refused};

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        members_are_added_and_replaced,
        missing_volumes_are_all_named,
        a_volume_has_one_owner,
        an_unmarked_group_does_not_own_its_volumes,
    ]
}

async fn members_are_added_and_replaced(subject: &StorageSubject) -> CheckResult {
    let array = &subject.source;
    empty_group(subject).await?;
    volumes(subject, &["v1", "v2", "v3"]).await?;
    let steps: [(&[&str], _, &[&str]); 4] = [
        (&["v1"], Add, &["v1"]),
        (&["v2"], Add, &["v1", "v2"]),
        (&["v2", "v3"], Exact, &["v2", "v3"]),
        (&[], Exact, &[]),
    ];
    for (wanted, mode, expected) in steps {
        let cx = call(subject, &format!("{wanted:?}"));
        let changed = array.ensure_members(&cx, &group(), &members(wanted, mode)).await?;
        ensure_equal("members", &done("ensure_members", changed)?.volumes, &names(expected))?;
        let again = array.ensure_members(&cx, &group(), &members(wanted, mode)).await?;
        ensure_equal("members", &already("ensure_members", again)?.volumes, &names(expected))?;
    }
    let left = array.volumes(&crate::ports::VolumeQuery::Names(names(&["v1", "v2", "v3"]))).await?;
    ensure_equal("volumes that left the group", &left.iter().filter(|volume| !volume.destroyed).count(), &3)
}

async fn missing_volumes_are_all_named(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1"]).await?;
    volumes(subject, &["v2"]).await?;
    let before = shown(&*subject.source, &group()).await?;
    for mode in [Add, Exact] {
        let set = members(&["v2", "gone-1", "gone-2"], mode);
        let refused = subject.source.ensure_members(&call(subject, "missing"), &group(), &set).await;
        ensure_refused("ensure_members", refused, NotFound, &["gone-1", "gone-2"])?;
        unchanged(subject, &before).await?;
    }
    Ok(())
}

async fn a_volume_has_one_owner(subject: &StorageSubject) -> CheckResult {
    let array = &subject.source;
    filled_group(subject, &["v1", "v2"]).await?;
    volumes(subject, &["v3"]).await?;
    let other = spec(&"pg-other".into(), other_owner(), false);
    done("ensure_group", array.ensure_group(&call(subject, "other"), &other).await?)?;
    let set = members(&["v1", "v3"], Add);
    let refused = array.ensure_members(&call(subject, "steal"), &other.name, &set).await;
    ensure_refused("ensure_members", refused, Conflict, &["v1"])?;
    ensure_equal("members of the other group", &shown(&**array, &other.name).await?.volumes, &names(&[]))?;
    ensure_equal("members of the group", &shown(&**array, &group()).await?.volumes, &names(&["v1", "v2"]))
}

async fn an_unmarked_group_does_not_own_its_volumes(subject: &StorageSubject) -> CheckResult {
    volumes(subject, &["v1"]).await?;
    let array = name_of(&*subject.source).await?;
    subject.bench.create_unmarked_group(&array, &"somebody-elses".into(), &names(&["v1"])).await?;
    empty_group(subject).await?;
    let set = members(&["v1"], Add);
    done("ensure_members", subject.source.ensure_members(&call(subject, "own"), &group(), &set).await?)?;
    let system = shown(&*subject.source, &"somebody-elses".into()).await?;
    ensure_equal("members of the unmarked group", &system.volumes, &names(&["v1"]))
}
