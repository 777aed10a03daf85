//! Whether two sites agree about a group, and if not, which of them went on. Only contents and versions decide: the clocks
//! of two sites may differ.

use crate::ApiToken;
use crate::model::{GroupRecord, LedgerState, SiteName};

/// How the records of two sites stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// Both hold the very same.
    Agreed,
    /// Both hold the same, but for versions, times and marks of operations that went on without the other site.
    Marked,
    /// This site went on, and the other one has changed nothing of its own since.
    ThisSiteWentOn,
    /// The other site went on, and this one has changed nothing of its own since.
    OtherSiteWentOn,
    /// Both went on since they agreed last: neither may be written over.
    BothWentOn,
    /// They differ, and what they agreed on last is not known. Either may have gone on.
    BaseUnknown,
    /// The other site does not have the group.
    AbsentThere,
}

/// A site, and what it holds.
pub type Held<'a> = (&'a SiteName, &'a GroupRecord);

/// Compares this site and the other one. `base`: what both agreed on last, without tokens.
///
/// ```
/// # fn show(base: &protector_core::model::GroupRecord, here: &protector_core::model::GroupRecord) {
/// use protector_core::rules::agreement::{Agreement, agreement};
/// // the other site holds what both agreed on: nothing is lost if it takes over what is here
/// let there = Some((&"site-b".into(), base));
/// assert_eq!(agreement(Some(base), (&"site-a".into(), here), there), Agreement::ThisSiteWentOn);
/// # }
/// ```
pub fn agreement(base: Option<&GroupRecord>, here: Held<'_>, there: Option<Held<'_>>) -> Agreement {
    let Some(there) = there else { return Agreement::AbsentThere };
    if here.1 == there.1 && here.1.divergence.is_none() {
        return Agreement::Agreed;
    }
    if is_same_but_for_marks(here.1, there.1) {
        return Agreement::Marked;
    }
    // before all else: an operation that was undone leaves what both agreed on, and holds the group on the other site still
    if was_told(here, there) {
        return Agreement::ThisSiteWentOn;
    }
    if was_told(there, here) {
        return Agreement::OtherSiteWentOn;
    }
    match (follows(base, here.1, there.1), follows(base, there.1, here.1)) {
        (true, false) => Agreement::ThisSiteWentOn,
        (false, true) => Agreement::OtherSiteWentOn,
        (false, false) if base.is_none() => Agreement::BaseUnknown,
        // both: tokens alone differ, at one version, and nobody can tell whose are the right ones
        (false, false) | (true, true) => Agreement::BothWentOn,
    }
}

/// The newer one of what each site has learned that both agreed on.
pub fn newest_base(here: Option<GroupRecord>, there: Option<GroupRecord>) -> Option<GroupRecord> {
    match (here, there) {
        (Some(here), Some(there)) => Some(if there.version > here.version { there } else { here }),
        (here, there) => here.or(there),
    }
}

/// What may be kept of a record where tokens may not.
pub fn without_tokens(record: &GroupRecord) -> GroupRecord {
    let mut bare = record.clone();
    if let Some(policy) = &mut bare.policy {
        policy.primary_fa_api_token = None;
        policy.secondary_fa_api_token = None;
    }
    bare
}

/// Whether nothing that the other one did is lost if `next` takes its place.
fn follows(base: Option<&GroupRecord>, next: &GroupRecord, other: &GroupRecord) -> bool {
    base.is_some_and(|base| stands_still(base, next, other)) || completes(next, other)
}

/// Whether `held` is what both agreed on, or has come back to it: by an operation that was undone.
fn stands_still(base: &GroupRecord, next: &GroupRecord, held: &GroupRecord) -> bool {
    let bare = without_tokens(held);
    // each change has a version of its own, so tokens need not be compared
    *base == bare || (is_same_but_for_marks(base, &bare) && tokens(next) == tokens(held))
}

fn is_same_but_for_marks(a: &GroupRecord, b: &GroupRecord) -> bool {
    let mut b = b.clone();
    b.version = a.version;
    b.group.updated_at = a.group.updated_at;
    b.divergence.clone_from(&a.divergence);
    *a == b
}

fn tokens(record: &GroupRecord) -> Option<(&Option<ApiToken>, &Option<ApiToken>)> {
    record.policy.as_ref().map(|policy| (&policy.primary_fa_api_token, &policy.secondary_fa_api_token))
}

/// Whether what a site holds is what an operation of the next one told it, which has ended there: as long as that operation
/// is in the record, nobody changes it.
fn was_told((next_site, next): Held<'_>, (_, held): Held<'_>) -> bool {
    let told = held.group.operation.as_ref().filter(|open| open.site == *next_site);
    told.is_some() && next.group.operation != held.group.operation && next.version > held.version
}

/// Whether `next` is what a site told the other one when it was to take over what is here: the same without the mark of
/// divergence, and with what was seen since.
fn completes(next: &GroupRecord, held: &GroupRecord) -> bool {
    let compared = |record: &GroupRecord| {
        let mut record = record.clone();
        record.version = held.version;
        record.group.updated_at = held.group.updated_at;
        record.divergence = None;
        for entry in &mut record.ledger {
            entry.evidence = None;
            entry.state = entry.state.max(LedgerState::Confirmed);
        }
        record
    };
    held.divergence.is_some()
        && next.divergence.is_none()
        && next.version > held.version
        && compared(next) == compared(held)
}

#[cfg(test)]
mod tests;
