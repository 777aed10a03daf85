//! In which order members start. Stopping is the exact reverse.

use super::shell;
use crate::model::{BootCheck, Lookup, Member, ServerId, StartOptions};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Longest time that a start or a check may take: a day.
const LONGEST_SECONDS: u32 = 24 * 3600;

/// Checks what can be said about the options of one member alone.
///
/// # Errors
/// time out of bounds, port 0, program not an absolute path → `InvalidRequest` naming the value.
pub fn check_options(member: &str, options: &StartOptions) -> Result<()> {
    let bounded = |what: &str, seconds: u32| {
        if (1..=LONGEST_SECONDS).contains(&seconds) {
            return Ok(());
        }
        Err(Error::invalid(format!("{what} of '{member}' is {seconds} s"))
            .remedy(format!("give 1 to {LONGEST_SECONDS} seconds")))
    };
    if let Some(seconds) = options.start_timeout_seconds {
        bounded("start time-out", seconds)?;
    }
    let Some(check) = &options.boot_check else { return Ok(()) };
    bounded("time-out of the check", check.timeout_seconds())?;
    match check {
        BootCheck::Tcp { port: 0, .. } => {
            Err(Error::invalid(format!("port of the check of '{member}' is 0")).remedy("give 1 to 65535"))
        }
        BootCheck::Command { program, .. } if !program.starts_with('/') => {
            Err(Error::invalid(format!("program '{program}' of the check of '{member}' is not an absolute path"))
                .remedy("name the program with its whole path: it is run without a shell"))
        }
        _ => Ok(()),
    }
}

/// Checks that every dependency leads to another member of the same or a lower tier, and that none leads in a circle.
///
/// # Errors
/// unknown member, itself, a member of a higher tier, a cycle → `InvalidRequest` naming them.
pub fn check_dependencies(members: &[Member]) -> Result<()> {
    if members.iter().all(|m| m.start.depends_on.is_empty()) {
        return Ok(());
    }
    let by_id: BTreeMap<&ServerId, &Member> = members.iter().map(|m| (&m.id, m)).collect();
    for member in members {
        for id in &member.start.depends_on {
            let Some(other) = by_id.get(id) else {
                return Err(Error::invalid(format!("'{}' depends on '{id}', which is not a member", member.name))
                    .remedy("name members of the same group by their instance id"));
            };
            if other.tier > member.tier {
                return Err(Error::invalid(format!(
                    "'{}' of tier {} depends on '{}' of tier {}, which starts later",
                    member.name, member.tier, other.name, other.tier
                ))
                .remedy(format!("put '{}' into tier {} or lower", other.name, member.tier)));
            }
        }
    }
    match cycle(members) {
        None => Ok(()),
        Some(names) => Err(Error::invalid(format!("dependencies lead in a circle: {}", names.join(" -> ")))
            .remedy("take one of these dependencies away")),
    }
}

/// Names along a circle of dependencies, the first one again at the end; `None`: there is no circle.
fn cycle(members: &[Member]) -> Option<Vec<String>> {
    let by_id: BTreeMap<&ServerId, &Member> = members.iter().map(|m| (&m.id, m)).collect();
    let stuck: BTreeSet<&ServerId> = sort(&members.iter().collect::<Vec<_>>()).1.into_iter().map(|m| &m.id).collect();
    // whoever is stuck depends on somebody who is stuck, so following these leads into the circle
    let mut path: Vec<&ServerId> = vec![*stuck.first()?];
    loop {
        let last = by_id.get(path.last()?)?;
        let next = last.start.depends_on.iter().find(|id| stuck.contains(id))?;
        if let Some(at) = path.iter().position(|id| *id == next) {
            let name = |id: &&ServerId| by_id.get(*id).map_or_else(|| id.to_string(), |m| m.name.clone());
            return Some(path.iter().skip(at).chain([&next]).map(name).collect());
        }
        path.push(next);
    }
}

/// Members by tier, ascending; within a tier each after those it depends on, else by name, then id.
///
/// Of dependencies that lead in a circle or upwards some are ignored: the order is one for every input.
pub fn tiers(members: &[Member]) -> BTreeMap<u16, Vec<&Member>> {
    let mut tiers: BTreeMap<u16, Vec<&Member>> = BTreeMap::new();
    for member in members {
        tiers.entry(member.tier).or_default().push(member);
    }
    tiers.into_iter().map(|(tier, members)| (tier, sort(&members).0)).collect()
}

/// In order, and those that could never start: on a circle or behind one.
fn sort<'a>(members: &[&'a Member]) -> (Vec<&'a Member>, Vec<&'a Member>) {
    let mut members = members.to_vec();
    members.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    if members.iter().all(|m| m.start.depends_on.is_empty()) {
        return (members, Vec::new());
    }
    let position: Lookup<&ServerId, usize> = members.iter().map(|m| &m.id).zip(0..).collect();
    let mut waits = vec![0_usize; members.len()];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); members.len()];
    for (at, member) in members.iter().enumerate() {
        for before in member.start.depends_on.iter().filter_map(|id| position.get(id)) {
            if let (Some(list), Some(count)) = (followers.get_mut(*before), waits.get_mut(at)) {
                list.push(at);
                *count += 1;
            }
        }
    }
    let mut left: BTreeSet<usize> = (0..members.len()).collect();
    let mut ready: BTreeSet<usize> = left.iter().filter(|at| waits.get(**at) == Some(&0)).copied().collect();
    let (mut order, mut stuck) = (Vec::with_capacity(members.len()), Vec::new());
    while let Some(next) = ready.pop_first().or_else(|| left.first().copied()) {
        if !left.remove(&next) {
            continue;
        }
        if waits.get(next).is_some_and(|count| *count > 0) && stuck.is_empty() {
            stuck = left.iter().chain([&next]).filter_map(|at| members.get(*at).copied()).collect();
        }
        order.extend(members.get(next).copied());
        for follower in followers.get(next).into_iter().flatten() {
            if let Some(count) = waits.get_mut(*follower) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.insert(*follower);
                }
            }
        }
    }
    (order, stuck)
}

/// Members without which nothing goes on: those that say so, and what they depend on.
pub fn required(members: &[Member]) -> BTreeSet<&ServerId> {
    let mut required = BTreeSet::new();
    let mut open: Vec<&Member> = members.iter().filter(|m| m.start.required).collect();
    if open.is_empty() {
        return required;
    }
    let by_id: BTreeMap<&ServerId, &Member> = members.iter().map(|m| (&m.id, m)).collect();
    while let Some(member) = open.pop() {
        if required.insert(&member.id) {
            open.extend(member.start.depends_on.iter().filter_map(|id| by_id.get(id).copied()));
        }
    }
    required
}

/// Names of the members that depend on `id` directly.
pub fn dependents<'a>(members: &'a [Member], id: &ServerId) -> Vec<&'a str> {
    members.iter().filter(|m| m.start.depends_on.contains(id)).map(|m| m.name.as_str()).collect()
}

/// How to take a dependency away, as a command.
pub fn without_dependencies(group: &str, member: &str) -> String {
    let (group, member) = (shell::word(group), shell::word(member));
    format!("openstack protector protection-group member-update {group} --instance-id {member} --no-depends-on")
}

#[cfg(test)]
mod tests;
