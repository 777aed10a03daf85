//! Sites.

use super::StoreSubject;
use super::samples::{record, site};
use crate::ErrorKind;
use crate::ports::conformance::{Check, CheckResult, checks, ensure_equal, ensure_refused};

pub(super) fn checks() -> Vec<Check<StoreSubject>> {
    checks![sites_come_back_by_name, a_site_name_is_taken_once, a_site_in_use_stays]
}

async fn sites_come_back_by_name(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    ensure_equal("a new store", &store.sites().await?, &vec![])?;
    store.create_site(&site("site-b")).await?;
    store.create_site(&site("site-a")).await?;
    ensure_equal("sites", &store.sites().await?, &vec![site("site-a"), site("site-b")])?;
    store.delete_site(&"site-a".into()).await?;
    ensure_equal("sites after a delete", &store.sites().await?, &vec![site("site-b")])?;
    ensure_refused("a second delete", store.delete_site(&"site-a".into()).await, ErrorKind::NotFound, &["site-a"])
}

async fn a_site_name_is_taken_once(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    store.create_site(&site("site-a")).await?;
    // the very same again: a repeat, not a conflict
    store.create_site(&site("site-a")).await?;
    let mut other = site("site-a");
    other.cloud = Some("elsewhere".to_owned());
    ensure_refused("another site-a", store.create_site(&other).await, ErrorKind::AlreadyExists, &["site-a"])?;
    ensure_equal("sites", &store.sites().await?, &vec![site("site-a")])
}

async fn a_site_in_use_stays(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    for name in ["site-a", "site-b"] {
        store.create_site(&site(name)).await?;
    }
    store.create_group(&web).await?;
    for name in ["site-a", "site-b"] {
        ensure_refused("delete", store.delete_site(&name.into()).await, ErrorKind::Conflict, &[name, "web"])?;
    }
    ensure_equal("sites", &store.sites().await?.len(), &2)?;
    store.delete_group(&web.group.id, web.version).await?;
    Ok(store.delete_site(&"site-a".into()).await?)
}
