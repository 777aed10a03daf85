//! Protection groups, their versions, and what there is only one of.

use super::StoreSubject;
use super::samples::{change, member, record};
use crate::model::{GroupRecord, MetadataVersion};
use crate::ports::conformance::{Check, CheckResult, checks, ensure_equal, ensure_refused};
use crate::{ApiToken, ErrorKind};

pub(super) fn checks() -> Vec<Check<StoreSubject>> {
    checks![
        groups_come_back_by_name,
        a_group_is_found_by_id_before_name,
        tokens_come_back if |subject| subject.keeps_tokens,
        a_name_is_taken_once,
        an_id_is_taken_once,
        a_consistency_group_is_taken_once,
        a_cinder_group_is_taken_once,
        an_array_group_is_taken_once_per_pair_of_sites,
        a_server_is_in_one_group,
        a_volume_is_in_one_group,
        what_a_group_gave_up_is_free,
        an_update_needs_the_stored_version,
        an_update_may_skip_versions,
        a_delete_needs_the_stored_version,
    ]
}

async fn groups_come_back_by_name(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    ensure_equal("a new store", &store.groups().await?, &vec![])?;
    let (web, db) = (record("web"), GroupRecord { policy: None, members: vec![], ..record("db") });
    store.create_group(&web).await?;
    store.create_group(&db).await?;
    ensure_equal("groups", &other.groups().await?, &vec![db.clone(), web.clone()])?;
    let change = change(&web, |web| web.members.push(member("another")));
    store.update_group(&change).await?;
    ensure_equal("group after an update", &other.group("web").await?, &Some(change.record))?;
    store.delete_group(&web.group.id, web.version.next()).await?;
    ensure_equal("groups after a delete", &other.groups().await?, &vec![db])
}

async fn a_group_is_found_by_id_before_name(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    let mut namesake = record("namesake");
    namesake.group.name = web.group.id.to_string();
    store.create_group(&namesake).await?;
    store.create_group(&web).await?;
    ensure_equal("by name", &store.group("web").await?, &Some(web.clone()))?;
    ensure_equal("by id", &store.group(web.group.id.as_str()).await?, &Some(web))?;
    ensure_equal("unknown", &store.group("nobody").await?, &None)
}

async fn tokens_come_back(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let set = |record: &mut GroupRecord, primary: Option<&str>, secondary: Option<&str>| {
        if let Some(policy) = &mut record.policy {
            policy.primary_fa_api_token = primary.map(ApiToken::new);
            policy.secondary_fa_api_token = secondary.map(ApiToken::new);
        }
    };
    let mut web = record("web");
    set(&mut web, Some("T-primary"), Some("T-secondary"));
    store.create_group(&web).await?;
    same_tokens("created", &other.group("web").await?, &web)?;
    let change = change(&web, |record| set(record, None, Some("T-changed")));
    store.update_group(&change).await?;
    same_tokens("updated", &other.group("web").await?, &change.record)?;
    same_tokens("listed", &other.groups().await?.pop(), &change.record)
}

/// `ensure_equal` alone would print two records that look the same.
fn same_tokens(what: &str, found: &Option<GroupRecord>, expected: &GroupRecord) -> CheckResult {
    let tokens = |record: &GroupRecord| {
        record.policy.as_ref().map(|p| (p.primary_fa_api_token.clone(), p.secondary_fa_api_token.clone()))
    };
    if found.as_ref().and_then(tokens) != tokens(expected) {
        return Err(format!("{what}: the tokens are not those that were written").into());
    }
    ensure_equal(what, &found.as_ref(), &Some(expected))
}

/// Stores group `web`, then checks that a group `other` which `collides` with it can be neither created nor made by an
/// update, that the refusals name `words`, and that they change nothing.
async fn taken(
    StoreSubject { store, .. }: &StoreSubject,
    kind: ErrorKind,
    words: &[&str],
    collides: impl Fn(&mut GroupRecord),
) -> CheckResult {
    let (web, other) = (record("web"), record("other"));
    store.create_group(&web).await?;
    let mut colliding = other.clone();
    collides(&mut colliding);
    ensure_refused("create", store.create_group(&colliding).await, kind, words)?;
    ensure_equal("groups after a refused create", &store.groups().await?, &vec![web.clone()])?;
    // had the refused create left anything behind, this would collide with it
    store.create_group(&other).await?;
    ensure_refused("update", store.update_group(&change(&other, collides)).await, kind, words)?;
    ensure_equal("groups after a refused update", &store.groups().await?, &vec![other, web])
}

async fn a_name_is_taken_once(subject: &StoreSubject) -> CheckResult {
    taken(subject, ErrorKind::AlreadyExists, &["'web'"], |r| r.group.name = "web".to_owned()).await
}

async fn an_id_is_taken_once(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let (web, mut other) = (record("web"), record("other"));
    store.create_group(&web).await?;
    ensure_refused("the same again", store.create_group(&web).await, ErrorKind::AlreadyExists, &["web"])?;
    other.group.id = web.group.id.clone();
    ensure_refused("the id", store.create_group(&other).await, ErrorKind::AlreadyExists, &["pg-web"])?;
    ensure_equal("groups", &store.groups().await?, &vec![web])
}

async fn a_consistency_group_is_taken_once(subject: &StoreSubject) -> CheckResult {
    let words = ["cg-web", "'web'"];
    taken(subject, ErrorKind::Conflict, &words, |r| r.group.consistency_group.id = "cg-web".into()).await
}

/// I-43
async fn a_cinder_group_is_taken_once(subject: &StoreSubject) -> CheckResult {
    // also by a group that sees the site from the other end
    let words = ["cinder-a-web", "'web'"];
    taken(subject, ErrorKind::Conflict, &words, |r| {
        turn_round(r);
        r.group.consistency_group.secondary_cg_id = "cinder-a-web".into();
    })
    .await
}

/// I-43
async fn an_array_group_is_taken_once_per_pair_of_sites(subject: &StoreSubject) -> CheckResult {
    let take = |r: &mut GroupRecord| {
        turn_round(r);
        if let Some(policy) = &mut r.policy {
            policy.pure_pg_name = "array-group-web".into();
        }
    };
    taken(subject, ErrorKind::Conflict, &["array-group-web", "'web'"], take).await?;
    // the same name between other arrays is another group
    let mut elsewhere = record("elsewhere");
    take(&mut elsewhere);
    elsewhere.group.secondary_site = "site-c".into();
    Ok(subject.store.create_group(&elsewhere).await?)
}

fn turn_round(record: &mut GroupRecord) {
    let group = &mut record.group;
    std::mem::swap(&mut group.primary_site, &mut group.secondary_site);
}

async fn a_server_is_in_one_group(subject: &StoreSubject) -> CheckResult {
    // the server of the group on its other site
    let words = ["server-web-on-site-b", "'web'"];
    taken(subject, ErrorKind::Conflict, &words, |r| r.members.push(member("server-web-on-site-b"))).await
}

/// I-45
async fn a_volume_is_in_one_group(subject: &StoreSubject) -> CheckResult {
    let StoreSubject { store, .. } = subject;
    let words = ["volume-of-server-web-on-site-b", "site-b", "'web'"];
    let volume = |r: &mut GroupRecord, volume: &str| {
        let copies =
            r.members.iter_mut().flat_map(|m| &mut m.disks).flat_map(|d| d.copies.iter_mut()).map(|(_, copy)| copy);
        copies.for_each(|copy| copy.volume_id = volume.into());
    };
    taken(subject, ErrorKind::Conflict, &words, |r| volume(r, "volume-of-server-web-on-site-b")).await?;
    // a retained copy still holds the data of its group
    let mut third = record("third");
    volume(&mut third, "retained-web");
    ensure_refused("retained", store.create_group(&third).await, ErrorKind::Conflict, &["retained-web", "'web'"])
}

async fn what_a_group_gave_up_is_free(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    store.create_group(&web).await?;
    let given_up = change(&web, |web| {
        web.members.clear();
        web.retained.clear();
        web.policy = None;
        web.group.name = "renamed".to_owned();
        web.group.consistency_group = record("renamed").group.consistency_group;
    });
    store.update_group(&given_up).await?;
    let mut heir = web.clone();
    heir.group.id = "pg-heir".into();
    store.create_group(&heir).await?;
    store.delete_group(&heir.group.id, heir.version).await?;
    store.delete_group(&web.group.id, web.version.next()).await?;
    store.create_group(&web).await?;
    ensure_equal("groups", &store.groups().await?, &vec![web])
}

async fn an_update_needs_the_stored_version(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    let absent = store.update_group(&change(&web, |_| ())).await;
    ensure_refused("absent", absent, ErrorKind::NotFound, &["pg-web"])?;
    store.create_group(&web).await?;
    let first = change(&web, |web| web.group.description = Some("first".to_owned()));
    store.update_group(&first).await?;
    let late = change(&web, |web| web.group.description = Some("late".to_owned()));
    ensure_refused("a late update", store.update_group(&late).await, ErrorKind::Conflict, &["web", "2", "1"])?;
    let early = change(&change(&first.record, |_| ()).record, |_| ());
    ensure_refused("an early update", store.update_group(&early).await, ErrorKind::Conflict, &["web", "2", "3"])?;
    ensure_equal("group", &store.group("web").await?, &Some(first.record))
}

async fn an_update_may_skip_versions(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    // a record that comes from the other site may be several changes ahead
    let web = record("web");
    store.create_group(&web).await?;
    let ahead = change(&web, |web| web.version = MetadataVersion(7));
    store.update_group(&ahead).await?;
    ensure_equal("group", &store.group("web").await?, &Some(ahead.record.clone()))?;
    store.update_group(&change(&ahead.record, |_| ())).await?;
    Ok(store.delete_group(&web.group.id, MetadataVersion(8)).await?)
}

async fn a_delete_needs_the_stored_version(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    store.create_group(&web).await?;
    let late = store.delete_group(&web.group.id, web.version.next()).await;
    ensure_refused("delete", late, ErrorKind::Conflict, &["web", "1", "2"])?;
    ensure_equal("group", &store.group("web").await?, &Some(web.clone()))?;
    store.delete_group(&web.group.id, web.version).await?;
    let again = store.delete_group(&web.group.id, web.version).await;
    ensure_refused("a second delete", again, ErrorKind::NotFound, &["pg-web"])
}
