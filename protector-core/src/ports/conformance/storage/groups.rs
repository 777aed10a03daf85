//! `ensure_group`: created if absent, never taken from somebody else.

use super::StorageSubject;
use super::scene::{already, call, done, empty_group, group, name_of, names, other_owner, owner, shown, spec};
use crate::ErrorKind::{Conflict, InvalidRequest, PendingEradication};
use crate::ports::conformance::{Check, CheckResult, checks, ensure, ensure_equal, ensure_refused};

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        a_group_is_made_once,
        a_group_of_another_owner_is_refused,
        an_unmarked_group_is_taken_only_when_told_to,
        a_destroyed_group_keeps_its_name,
        a_group_name_is_held_to_the_rules_of_arrays,
    ]
}

async fn a_group_is_made_once(subject: &StorageSubject) -> CheckResult {
    let made = empty_group(subject).await?;
    ensure_equal("name", &made.name, &group())?;
    ensure_equal("owner", &made.owner, &Some(owner()))?;
    ensure(made.is_local && !made.destroyed && made.volumes.is_empty() && made.targets.is_empty(), || {
        format!("a new group is not empty: {made:?}")
    })?;
    ensure_equal("schedule of a new group", &made.replication_interval, &None)?;
    let again = subject.source.ensure_group(&call(subject, "again"), &spec(&group(), owner(), false)).await?;
    ensure_equal("the group, ensured again", &already("ensure_group", again)?, &made)?;
    ensure_equal("the group, read", &shown(&*subject.source, &group()).await?, &made)
}

async fn a_group_of_another_owner_is_refused(subject: &StorageSubject) -> CheckResult {
    let made = empty_group(subject).await?;
    for adopt in [false, true] {
        let taken = subject.source.ensure_group(&call(subject, "taken"), &spec(&group(), other_owner(), adopt)).await;
        ensure_refused("ensure_group", taken, Conflict, &["pg-conformance"])?;
    }
    ensure_equal("the group", &shown(&*subject.source, &group()).await?, &made)
}

async fn an_unmarked_group_is_taken_only_when_told_to(subject: &StorageSubject) -> CheckResult {
    let array = &subject.source;
    subject.bench.create_unmarked_group(&name_of(&**array).await?, &group(), &names(&[])).await?;
    let before = shown(&**array, &group()).await?;
    ensure_equal("owner of a foreign group", &before.owner, &None)?;
    let refused = array.ensure_group(&call(subject, "refused"), &spec(&group(), owner(), false)).await;
    ensure_refused("ensure_group", refused, Conflict, &["pg-conformance"])?;
    ensure_equal("the group", &shown(&**array, &group()).await?, &before)?;
    let adopt = spec(&group(), owner(), true);
    let adopted = done("ensure_group", array.ensure_group(&call(subject, "adopt"), &adopt).await?)?;
    ensure_equal("owner after adoption", &adopted.owner, &Some(owner()))?;
    already("ensure_group", array.ensure_group(&call(subject, "adopt"), &adopt).await?)?;
    Ok(())
}

async fn a_destroyed_group_keeps_its_name(subject: &StorageSubject) -> CheckResult {
    empty_group(subject).await?;
    done("retire_group", subject.source.retire_group(&call(subject, "retire"), &group(), &owner(), None).await?)?;
    ensure(shown(&*subject.source, &group()).await?.destroyed, || "a retired group is not destroyed".to_owned())?;
    for owner in [owner(), other_owner()] {
        let again = subject.source.ensure_group(&call(subject, "again"), &spec(&group(), owner, true)).await;
        ensure_refused("ensure_group", again, PendingEradication, &["pg-conformance"])?;
    }
    ensure(shown(&*subject.source, &group()).await?.destroyed, || "a refused call recovered the group".to_owned())
}

async fn a_group_name_is_held_to_the_rules_of_arrays(subject: &StorageSubject) -> CheckResult {
    for name in ["", "with space", "12345", "-pg", "other:pg", "under_score"] {
        let wanted = spec(&name.into(), owner(), false);
        let made = subject.source.ensure_group(&call(subject, "name"), &wanted).await;
        ensure_refused(&format!("ensure_group '{name}'"), made, InvalidRequest, &[name])?;
    }
    Ok(())
}
