//! One record of two that went apart: the winner's, with all that the loser's knows of the world.
//!
//! The winner decides what is wanted: where the workload runs, its members, its policy. What exists does not go by a
//! decision: servers that the loser started, volumes that it made, sites that it left are kept in the record until they are
//! stopped, fenced, released or given up by name.

mod ledger;
mod volumes;

use crate::model::{FenceDue, GroupRecord, OperationId, Protection, ServerId, SiteName};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Two records of one group that went apart.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The site whose decisions count.
    pub winner: &'a SiteName,
    /// What it holds.
    pub wins: &'a GroupRecord,
    /// What the other site holds.
    pub loses: &'a GroupRecord,
}

impl Sides<'_> {
    /// Where the loser alone has the workload, if the sites do not agree about that.
    fn left_site(&self) -> Option<&SiteName> {
        let site = &self.loses.group.current_primary_site;
        (*site != self.wins.group.current_primary_site).then_some(site)
    }

    /// Whether the loser knows better what there is on `site`: it has the workload there, or waits for it to be fenced.
    fn loser_knows(&self, site: &SiteName) -> bool {
        let waits = self.loses.owes_fence(site) && !self.wins.owes_fence(site);
        *site != self.wins.group.current_primary_site && (self.left_site() == Some(site) || waits)
    }
}

/// The record that both sites are to hold. `id` names what the reconciliation adds, as an operation would; `at`: now.
///
/// The version is higher than both. The epoch is higher than the loser's if the roles there change by it, so that nothing
/// is in force any more that was begun under them. A group whose standby site waits to be fenced is unprotected, whatever
/// the winner says: nobody has looked since.
pub fn reconcile(sides: Sides<'_>, id: &OperationId, at: Timestamp) -> GroupRecord {
    let Sides { wins, loses, .. } = sides;
    let mut next = wins.clone();
    next.version = wins.version.max(loses.version).next();
    next.divergence = None;
    next.group.updated_at = at;
    let least = if sides.left_site().is_some() { loses.group.epoch.next() } else { loses.group.epoch };
    next.group.epoch = wins.group.epoch.max(least);
    // before volumes are: an entry says which of them hold what nobody else does
    ledger::merge(&mut next, sides, id, at);
    volumes::merge(&mut next, sides, id, at);
    fences(&mut next, sides, id, at);
    let waits = next.owes_fence(next.group.standby_site());
    if next.group.protection == Protection::Protected && (waits || sides.left_site().is_some()) {
        next.group.protection = Protection::Unprotected;
    }
    next
}

/// Sites to be stopped and fenced, each once: those of both sides, and where the loser alone has the workload. The site
/// where the workload stays is not: what runs there is production.
fn fences(next: &mut GroupRecord, sides: Sides<'_>, id: &OperationId, at: Timestamp) {
    let stays = next.group.current_primary_site.clone();
    let mut all = Vec::new();
    for due in sides.wins.fences_due.iter().chain(&sides.loses.fences_due).filter(|due| due.site != stays) {
        add(&mut all, due.clone());
    }
    if let (Some(site), Some(policy)) = (sides.left_site(), sides.loses.policy.as_ref().or(sides.wins.policy.as_ref()))
    {
        let servers = servers_on(sides, site).into_iter().collect();
        let (site, group, operation) = (site.clone(), policy.pure_pg_name.clone(), moved_by(sides, id));
        add(&mut all, FenceDue { site, group, servers, since: at, operation });
    }
    next.fences_due = all;
}

/// Adds to what is due on the same site.
fn add(all: &mut Vec<FenceDue>, due: FenceDue) {
    let Some(known) = all.iter_mut().find(|known| known.site == due.site) else { return all.push(due) };
    let new: Vec<ServerId> = due.servers.into_iter().filter(|server| !known.servers.contains(server)).collect();
    known.servers.extend(new);
}

/// Servers that either side knows on a site.
fn servers_on(sides: Sides<'_>, site: &SiteName) -> BTreeSet<ServerId> {
    let members = sides.loses.members.iter().chain(&sides.wins.members);
    members.filter_map(|member| member.server_on(site)).cloned().collect()
}

/// The operation that brought the loser's workload where the winner does not have it, as far as the loser says; else the
/// reconciliation.
fn moved_by(sides: Sides<'_>, id: &OperationId) -> OperationId {
    ledger::of_the_move(sides).map_or_else(|| id.clone(), |entry| entry.operation.clone())
}

/// What nobody can undo, or has to look at, in words; empty: nothing.
pub fn consequences(sides: Sides<'_>, next: &GroupRecord) -> Vec<String> {
    let Sides { winner, wins, loses } = sides;
    let name = &next.group.name;
    let mut all = Vec::new();
    for due in &next.fences_due {
        let servers: Vec<&str> = due.servers.iter().map(ServerId::as_str).collect();
        all.push(format!(
            "{} may still run servers and take writes ({}): they are stopped and '{}' is fenced by: openstack protector \
             reprotect {name}",
            due.site,
            if servers.is_empty() { "none known".to_owned() } else { servers.join(" ") },
            due.group
        ));
    }
    for entry in next.ledger.iter().filter(|entry| entry.is_unsettled()) {
        all.push(format!(
            "what {} wrote after {} is there only, on {} volume(s); they are kept as {} until: openstack protector \
             protection-group divergence discard {name} {} --reason <text>",
            entry.site,
            entry.data_time,
            entry.volumes.len(),
            entry.id,
            entry.id
        ));
    }
    if let Some(entry) = ledger::of_the_move(sides)
        && !loses.owes_fence(&next.group.current_primary_site)
    {
        let stays = &next.group.current_primary_site;
        all.push(format!(
            "{} has stopped the servers and fenced the volumes of {stays}, where the workload stays: look at them there; \
             volumes that stay fenced are freed by a move: openstack protector failover {name}",
            entry.operation
        ));
    }
    let lost = loses.members.iter().filter(|member| wins.member(&member.id).is_none());
    all.extend(lost.map(|member| {
        format!(
            "member '{}' leaves the group; its server and volumes stay, and it may be added again: openstack protector \
             protection-group member-add {name} --instance-id {}",
            member.name, member.id
        )
    }));
    all.extend(forgotten_servers(sides, next).map(|(site, server)| {
        format!("server {server} on {site} is known to the other record alone, and nothing stops it: look at it there")
    }));
    if next.group.epoch != wins.group.epoch {
        let (from, to) = (wins.group.epoch, next.group.epoch);
        all.push(format!(
            "the epoch of the roles rises from {from} on {winner} to {to}: what was begun before has no effect"
        ));
    }
    all
}

/// Servers that the loser knows where the workload stays, and the result does not.
fn forgotten_servers<'a>(
    sides: Sides<'a>,
    next: &'a GroupRecord,
) -> impl Iterator<Item = (&'a SiteName, &'a ServerId)> {
    let known = |site: &SiteName, server: &ServerId| {
        let due = next.fences_due.iter().any(|due| due.site == *site && due.servers.contains(server));
        due || next.members.iter().any(|member| member.server_on(site) == Some(server))
    };
    let of_members = sides.loses.members.iter().filter(|member| next.member(&member.id).is_some());
    let servers = of_members.flat_map(|member| member.servers.iter());
    let due = sides.loses.fences_due.iter().flat_map(|due| due.servers.iter().map(move |server| (&due.site, server)));
    servers.chain(due).filter(move |(site, server)| !known(site, server))
}

#[cfg(test)]
mod tests;
