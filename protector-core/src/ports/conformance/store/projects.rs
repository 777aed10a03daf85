//! Projects, which share nothing but what there is only one of, and lists in pages.

use super::StoreSubject;
use super::samples::{operation, record};
use crate::ErrorKind;
use crate::model::GroupRecord;
use crate::ports::conformance::{Check, CheckResult, checks, ensure_equal, ensure_refused};
use crate::ports::{GroupFilter, GroupPosition, OperationFilter};

pub(super) fn checks() -> Vec<Check<StoreSubject>> {
    checks![
        a_name_is_one_of_its_project,
        a_group_is_found_in_its_project_alone,
        what_another_project_has_is_refused_without_its_name,
        groups_come_in_pages,
        operations_are_those_of_a_project,
    ]
}

/// A group of another project that shares nothing with `record(name)` but its name.
fn namesake(name: &str) -> GroupRecord {
    let mut other = record(&format!("{name}-of-others"));
    name.clone_into(&mut other.group.name);
    other.group.project_id = "others".into();
    other
}

async fn a_name_is_one_of_its_project(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let (web, theirs) = (record("web"), namesake("web"));
    store.create_group(&web).await?;
    store.create_group(&theirs).await?;
    ensure_refused("by name", other.group("web").await, ErrorKind::Conflict, &["several projects", "'web'"])?;
    ensure_equal("by id", &other.group(theirs.group.id.as_str()).await?, &Some(theirs.clone()))?;
    let mut third = record("third");
    "web".clone_into(&mut third.group.name);
    let taken = store.create_group(&third).await;
    ensure_refused("a second one of the project", taken, ErrorKind::AlreadyExists, &["'web'"])
}

async fn a_group_is_found_in_its_project_alone(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let (web, theirs) = (record("web"), namesake("web"));
    store.create_group(&web).await?;
    store.create_group(&theirs).await?;
    let (own, others) = ("project".into(), "others".into());
    ensure_equal("own by name", &store.group_of(&own, "web").await?, &Some(web.clone()))?;
    ensure_equal("theirs by name", &store.group_of(&others, "web").await?, &Some(theirs.clone()))?;
    ensure_equal("own by id", &store.group_of(&own, web.group.id.as_str()).await?, &Some(web.clone()))?;
    ensure_equal("theirs by id", &store.group_of(&own, theirs.group.id.as_str()).await?, &None)?;
    let filter = GroupFilter { project: Some(own), ..GroupFilter::default() };
    ensure_equal("list", &store.list_groups(&filter).await?, &vec![web])
}

async fn what_another_project_has_is_refused_without_its_name(
    StoreSubject { store, .. }: &StoreSubject,
) -> CheckResult {
    let theirs = namesake("secret");
    store.create_group(&theirs).await?;
    let mut server = record("server");
    server.members.clone_from(&theirs.members);
    let mut array_group = record("array-group");
    array_group.policy.clone_from(&theirs.policy);
    let mut consistency_group = record("consistency-group");
    consistency_group.group.consistency_group.id = theirs.group.consistency_group.id.clone();
    for colliding in [server, array_group, consistency_group] {
        let what = colliding.group.name.clone();
        let Err(refused) = store.create_group(&colliding).await else { return Err(format!("{what} was taken").into()) };
        let text = format!("{refused} {}", refused.remedy_text().unwrap_or_default());
        ensure_equal(&what, &(refused.kind(), text.contains("another project")), &(ErrorKind::Conflict, true))?;
        ensure_equal(&format!("{what}: name in '{text}'"), &text.contains("'secret'"), &false)?;
    }
    Ok(())
}

async fn groups_come_in_pages(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    for name in ["d", "b", "a", "c"] {
        store.create_group(&record(name)).await?;
    }
    let theirs = namesake("b");
    store.create_group(&theirs).await?;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = other.list_groups(&GroupFilter { project: None, after, limit: Some(2) }).await?;
        let Some(last) = page.last() else { break };
        after = Some(GroupPosition { name: last.group.name.clone(), id: last.group.id.clone() });
        ensure_equal("length of a page", &(page.len() <= 2), &true)?;
        seen.extend(page);
    }
    ensure_equal("all pages", &seen, &other.groups().await?)?;
    let names: Vec<_> = seen.iter().map(|r| r.group.name.as_str()).collect();
    ensure_equal("names", &names, &vec!["a", "b", "b", "c", "d"])?;
    let behind = Some(GroupPosition { name: "bb".to_owned(), id: "gone".into() });
    let rest = GroupFilter { project: Some("project".into()), after: behind, limit: Some(1) };
    let rest = other.list_groups(&rest).await?;
    ensure_equal("behind one that is gone", &rest, &vec![record("c")])
}

async fn operations_are_those_of_a_project(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let (web, theirs) = (record("web"), namesake("web"));
    let (own, mut foreign) = (operation("own", &web, 1), operation("foreign", &theirs, 2));
    foreign.project = "others".into();
    for (record, operation) in [(&web, &own), (&theirs, &foreign)] {
        store.create_group(record).await?;
        store.begin_operation(operation, &[], None).await?;
    }
    let of = async |project: &str| {
        let filter = OperationFilter { project: Some(project.into()), ..OperationFilter::default() };
        other.operations(&filter).await
    };
    ensure_equal("own", &of("project").await?, &vec![own.clone()])?;
    ensure_equal("theirs", &of("others").await?, &vec![foreign.clone()])?;
    ensure_equal("all", &other.operations(&OperationFilter::default()).await?, &vec![foreign, own])
}
