//! Start options of members: what they wait for, and how one tells that they are up.

use super::{Engine, MemberUpdate, MemberView, describe};
use crate::exec::metadata;
use crate::model::{BootCheck, GroupRecord, Member, ServerId, StartOptions};
use crate::rules::start_order;
use crate::{Error, Result};
use std::collections::BTreeSet;

impl Engine {
    /// Changes when a member starts, what it waits for and how it is checked; what is absent stays.
    ///
    /// # Errors
    /// no such member, unknown dependency → `NotFound`; dependency on a higher tier or in a circle, value out of bounds →
    /// `InvalidRequest` naming it; open operation → `Conflict`; other site does not answer → `PeerUnreachable`. Nothing is
    /// changed then.
    pub async fn member_update(&self, group: &str, instance: &str, change: &MemberUpdate) -> Result<MemberView> {
        let record = self.load_for_edit(group).await?;
        let id = find(&record, instance)?.id.clone();
        let depends_on = change.depends_on.as_ref().map(|names| dependencies(&record, names)).transpose()?;
        let mut next = self.next_version(&record);
        if let Some(member) = next.members.iter_mut().find(|m| m.id == id) {
            apply(member, change, depends_on)?;
        }
        check(&next)?;
        let stored = metadata::commit(&self.0.endpoints, &record, next).await?;
        find(&stored, id.as_str()).map(describe::member)
    }
}

/// Checks the options of all members.
///
/// # Errors
/// as [`start_order`].
pub(super) fn check(record: &GroupRecord) -> Result<()> {
    record.members.iter().try_for_each(|m| start_order::check_options(&m.name, &m.start))?;
    start_order::check_dependencies(&record.members)
}

/// Ids of the members that are meant, by id or name.
///
/// # Errors
/// no such member, name of several → `NotFound`.
pub(super) fn dependencies(record: &GroupRecord, names: &[String]) -> Result<BTreeSet<ServerId>> {
    names.iter().map(|name| find(record, name).map(|m| m.id.clone())).collect()
}

/// The member with this id, with a server of this id on either site, or, if there is none, with this name.
pub(super) fn find<'a>(record: &'a GroupRecord, id_or_name: &str) -> Result<&'a Member> {
    let is_it =
        |m: &&Member| m.id.as_str() == id_or_name || m.servers.values().any(|server| server.as_str() == id_or_name);
    if let Some(member) = record.members.iter().find(is_it) {
        return Ok(member);
    }
    let mut named = record.members.iter().filter(|m| m.name == id_or_name);
    let group = &record.group.name;
    let refused = match (named.next(), named.next()) {
        (Some(member), None) => return Ok(member),
        (Some(_), Some(_)) => Error::not_found(format!("several members of '{group}' are called '{id_or_name}'")),
        _ => Error::not_found(format!("instance '{id_or_name}' is not a member of '{group}'")),
    };
    Err(refused.remedy(format!("use an instance id of: openstack protector protection-group member-list {group}")))
}

fn apply(member: &mut Member, change: &MemberUpdate, depends_on: Option<BTreeSet<ServerId>>) -> Result<()> {
    let StartOptions { depends_on: waits, required, start_timeout_seconds, boot_check } = &mut member.start;
    member.tier = change.tier.unwrap_or(member.tier);
    if let Some(depends_on) = depends_on {
        *waits = depends_on;
    }
    *required = change.required.unwrap_or(*required);
    if change.no_start_timeout {
        *start_timeout_seconds = None;
    }
    *start_timeout_seconds = change.start_timeout_seconds.or(*start_timeout_seconds);
    if change.no_boot_check {
        *boot_check = None;
    }
    if let Some(check) = &change.boot_check {
        *boot_check = Some(check.clone());
    }
    let Some(wanted) = change.check_in_tests else { return Ok(()) };
    match boot_check {
        Some(BootCheck::Tcp { in_tests, .. } | BootCheck::Command { in_tests, .. }) => *in_tests = wanted,
        None => {
            return Err(Error::invalid(format!("'{}' has no check that a test could make", member.name))
                .remedy("give one with --check-tcp or --check-command"));
        }
    }
    Ok(())
}
