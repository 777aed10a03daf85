//! What both sites agreed on last.

use super::StoreSubject;
use super::samples::{at, change, journal, operation, record};
use crate::ApiToken;
use crate::ErrorKind;
use crate::model::{GroupRecord, MetadataVersion};
use crate::ports::GroupChange;
use crate::ports::conformance::{Check, CheckResult, checks, ensure_equal, ensure_refused};

pub(super) fn checks() -> Vec<Check<StoreSubject>> {
    checks![
        nothing_is_agreed_on_unless_somebody_says_so,
        what_was_agreed_on_outlives_later_changes,
        an_operation_says_what_was_agreed_on,
        what_was_agreed_on_never_goes_back,
        what_was_agreed_on_goes_with_its_group,
        what_was_agreed_on_has_no_tokens if |subject| subject.keeps_tokens,
    ]
}

fn agreed(change: GroupChange) -> GroupChange {
    GroupChange { agreed: true, ..change }
}

async fn nothing_is_agreed_on_unless_somebody_says_so(subject: &StoreSubject) -> CheckResult {
    let StoreSubject { store, other, .. } = subject;
    let web = record("web");
    ensure_equal("of no group", &store.agreed_group(&web.group.id).await?, &None)?;
    store.create_group(&web).await?;
    store.update_group(&change(&web, |_| ())).await?;
    ensure_equal("after a change", &other.agreed_group(&web.group.id).await?, &None)?;
    store.agree(&web).await?;
    ensure_equal("agreed", &other.agreed_group(&web.group.id).await?, &Some(web))
}

async fn what_was_agreed_on_outlives_later_changes(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    store.create_group(&web).await?;
    let told = agreed(change(&web, |web| web.group.priority = 7));
    store.update_group(&told).await?;
    let alone = change(&told.record, |web| web.group.priority = 9);
    store.update_group(&alone).await?;
    ensure_equal("group", &other.group("web").await?, &Some(alone.record.clone()))?;
    ensure_equal("agreed", &other.agreed_group(&web.group.id).await?, &Some(told.record.clone()))?;
    // a change that is refused leaves no word of an agreement
    let late = agreed(change(&told.record, |_| ()));
    ensure_refused("a late change", store.update_group(&late).await, ErrorKind::Conflict, &["web"])?;
    ensure_equal("agreed after a refusal", &other.agreed_group(&web.group.id).await?, &Some(told.record))
}

async fn an_operation_says_what_was_agreed_on(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    store.create_group(&web).await?;
    let open = operation("1", &web, 0);
    let opening = change(&web, |web| web.group.updated_at = at(5));
    store.begin_operation(&open, &journal(0, 1), Some(&opening)).await?;
    ensure_equal("accepted", &store.agreed_group(&web.group.id).await?, &None)?;
    let told = agreed(change(&opening.record, |_| ()));
    store.append(&open.id, 0, &journal(1, 2), Some(&told), false).await?;
    ensure_equal("told", &store.agreed_group(&web.group.id).await?, &Some(told.record))
}

async fn what_was_agreed_on_never_goes_back(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    store.create_group(&web).await?;
    let newer = GroupRecord { version: MetadataVersion(4), ..web.clone() };
    store.agree(&newer).await?;
    store.agree(&web).await?;
    ensure_equal("agreed", &store.agreed_group(&web.group.id).await?, &Some(newer))
}

async fn what_was_agreed_on_goes_with_its_group(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    ensure_refused("of no group", store.agree(&web).await, ErrorKind::NotFound, &["pg-web"])?;
    store.create_group(&web).await?;
    store.agree(&web).await?;
    store.delete_group(&web.group.id, web.version).await?;
    store.create_group(&web).await?;
    ensure_equal("agreed", &store.agreed_group(&web.group.id).await?, &None)
}

async fn what_was_agreed_on_has_no_tokens(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let mut web = record("web");
    if let Some(policy) = &mut web.policy {
        policy.primary_fa_api_token = Some(ApiToken::new("T-primary"));
    }
    store.create_group(&web).await?;
    store.agree(&web).await?;
    let found = store.agreed_group(&web.group.id).await?.and_then(|agreed| agreed.policy);
    match found.is_some_and(|policy| policy.primary_fa_api_token.is_none()) {
        true => Ok(()),
        false => Err("the token is kept a second time".into()),
    }
}
