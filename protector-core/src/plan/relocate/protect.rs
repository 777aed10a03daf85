//! Replication in the direction in which the workload now runs.

use super::{Relocation, pod};
use crate::model::{ArrayName, ReplicationPolicy, ReplicationType, SiteName, StepId};
use crate::plan::build::Builder;
use crate::plan::{Action, Facts, Phase};
use crate::rules::naming;

/// Longest time for the first copy of all data in a direction.
pub(in crate::plan) const FIRST_COPY_SECONDS: u32 = 24 * 3600;

/// A direction to replicate in, and what its steps are called.
pub(in crate::plan) struct Way<'a> {
    pub(in crate::plan) from: &'a SiteName,
    pub(in crate::plan) to: &'a SiteName,
    pub(in crate::plan) label: &'a str,
    pub(in crate::plan) phase: Phase,
}

impl Relocation<'_> {
    /// After the switch: from target to source.
    pub(super) fn protect_target(&mut self, after: Vec<StepId>) -> Vec<StepId> {
        let (from, to) = (&self.facts.target.site, &self.facts.source.site);
        let way = Way { from, to, label: "reprotect", phase: Phase::Reprotect };
        replicate(&mut self.builder, self.facts, self.policy, &way, after)
    }

    /// Before a planned move of a workload that runs unprotected: from source to target.
    pub(super) fn protect_source(&mut self, after: Vec<StepId>) -> Vec<StepId> {
        let (from, to) = (&self.facts.source.site, &self.facts.target.site);
        let way = Way { from, to, label: "protect", phase: Phase::Prepare };
        replicate(&mut self.builder, self.facts, self.policy, &way, after)
    }
}

/// Sets replication up and waits until the other array has everything.
pub(in crate::plan) fn replicate(
    builder: &mut Builder,
    facts: &Facts,
    policy: &ReplicationPolicy,
    way: &Way<'_>,
    after: Vec<StepId>,
) -> Vec<StepId> {
    match facts.record.group.replication_type {
        ReplicationType::Async => by_snapshots(builder, facts, policy, way, after),
        ReplicationType::Sync => pod::stretch(builder, facts, policy, way, after),
    }
}

/// The arrays that a direction leads from and to.
pub(super) fn arrays(facts: &Facts, way: &Way<'_>) -> Option<(ArrayName, ArrayName)> {
    let array = |site: &SiteName| {
        let facts = if *site == facts.source.site { &facts.source } else { &facts.target };
        facts.array.known().map(|a| a.name.clone())
    };
    Some((array(way.from)?, array(way.to)?))
}

fn by_snapshots(
    builder: &mut Builder,
    facts: &Facts,
    policy: &ReplicationPolicy,
    way: &Way<'_>,
    after: Vec<StepId>,
) -> Vec<StepId> {
    let Way { from, to, label, phase } = *way;
    // blocked anyway if one of the arrays is not known: a planned move needs both
    let Some((from_array, to_array)) = arrays(facts, way) else { return after };
    let group = policy.pure_pg_name.clone();
    let interval = policy.replication_interval;
    let image = naming::target_group_name(&from_array, &group);
    let mut step = |id: &str, title: String, after: &[StepId], action: Action| {
        builder.add(format!("{label}/{id}"), phase, title, after, action)
    };

    let off = step(
        "disable_old_direction",
        format!("turn the schedule of '{group}' on {to} off"),
        &after,
        Action::DisableReplication { site: to.clone(), group: group.clone() },
    );
    let grouped = step(
        "array_group",
        format!("put the volumes into array group '{group}' on {from}"),
        &[off],
        Action::EnsureArrayGroup { site: from.clone(), group: group.clone() },
    );
    let replicated = step(
        "replication",
        format!("replicate '{group}' from {from_array} to {to_array} every {interval} s"),
        &[grouped],
        Action::EnsureReplication { site: from.clone(), group: group.clone(), target: to_array.clone(), interval },
    );
    let accepted = step(
        "accept",
        format!("allow '{image}' on {to_array}"),
        &[replicated],
        Action::AcceptFromPeer { site: to.clone(), group: image.clone() },
    );
    let taken = step(
        "first_snapshot",
        format!("take the first replicated snapshot of '{group}' on {from}"),
        &[accepted],
        Action::TakeSnapshot { site: from.clone(), group, label: label.to_owned() },
    );
    let arrived = step(
        "first_arrival",
        format!("wait until it is complete on {to_array}: only then is the workload protected"),
        &[taken],
        Action::AwaitTransfer { site: to.clone(), group: image, label: label.to_owned() },
    );
    // a first copy holds everything; the workload runs meanwhile
    builder.timeout(FIRST_COPY_SECONDS);
    vec![arrived]
}
