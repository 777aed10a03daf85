//! What moving and protecting a group in a stretched pod has of its own: both arrays have its data, hosts reach it by both,
//! and it is protected as soon as both are in step.

use super::Relocation;
use super::protect::{FIRST_COPY_SECONDS, Way, arrays};
use crate::model::{DiskCopy, ReplicationPolicy, StepId};
use crate::plan::build::Builder;
use crate::plan::{Action, Facts, Phase};
use std::collections::BTreeMap;

impl Relocation<'_> {
    /// The fence around the old volumes on the other array of the pod, too.
    pub(super) fn fence_on_target(&mut self, after: &[StepId]) -> StepId {
        let (site, group) = (self.facts.target.site.clone(), self.policy.pure_pg_name.clone());
        let title = format!("fence the volumes of '{group}' on {site}, too: hosts reach a pod by both arrays");
        self.builder.add("fence_on_target", Phase::Fence, title, after, Action::Fence { site, group })
    }

    /// On the array that is left with the pod: nobody writes to it any more, and what it holds then is what is started from.
    pub(super) fn take_over(&mut self, after: &[StepId]) -> Vec<StepId> {
        let (site, group) = (self.facts.target.site.clone(), self.policy.pure_pg_name.clone());
        let fenced = self.fence_on_target(after);
        self.take_point(&site, group, &[fenced])
    }
}

/// Puts the volumes into the group, the pod over both arrays, and a first recovery point of theirs beside them.
pub(in crate::plan) fn stretch(
    builder: &mut Builder,
    facts: &Facts,
    policy: &ReplicationPolicy,
    way: &Way<'_>,
    after: Vec<StepId>,
) -> Vec<StepId> {
    // blocked anyway if one of the arrays is not known
    let Some((from_array, to_array)) = arrays(facts, way) else { return after };
    let Way { from, to, label, phase } = *way;
    let (from, to, group) = (|| from.clone(), || to.clone(), || policy.pure_pg_name.clone());
    let mut last = after;
    let mut then = |id: &str, title: String, seconds: Option<u32>, action: Action| {
        last = vec![builder.add(format!("{label}/{id}"), phase, title, &last, action)];
        if let Some(seconds) = seconds {
            builder.timeout(seconds);
        }
        last.clone()
    };
    let title = format!("put the volumes into array group '{}' on {}", group(), from());
    then("array_group", title, None, Action::EnsureArrayGroup { site: from(), group: group() });
    // a pod that is stretched anew copies everything; the workload runs meanwhile
    let title = format!("have the pod of '{}' on {from_array} and {to_array}", group());
    let (target, interval) = (to_array.clone(), policy.replication_interval);
    let action = Action::EnsureReplication { site: from(), group: group(), target, interval };
    then("replication", title, Some(FIRST_COPY_SECONDS), action);
    let title = format!("mark '{}' on {to_array} as ours", group());
    then("accept", title, None, Action::AcceptFromPeer { site: to(), group: group() });
    let title = format!("wait until both arrays have all of '{}': only then is the workload protected", group());
    then("in_step", title, Some(FIRST_COPY_SECONDS), Action::AwaitInStep { site: to(), group: group() });
    let title = format!("take the first snapshot of '{}' on {}", group(), from());
    let action = Action::TakeSnapshot { site: from(), group: group(), label: label.to_owned() };
    then("first_snapshot", title, None, action);
    let title = format!("wait until it is on {to_array}, too");
    then("first_arrival", title, None, Action::AwaitTransfer { site: to(), group: group(), label: label.to_owned() })
}

/// Gives the volumes that run under a plain type the group's own, which puts them into the pod, and then into the Cinder
/// group of their site.
pub(in crate::plan) fn join(builder: &mut Builder, facts: &Facts, after: Vec<StepId>) -> Vec<StepId> {
    let site = &facts.source.site;
    let group = &facts.record.group;
    let wanted = group.volume_type_on(site);
    let servers = facts.source.cloud.known().into_iter().flat_map(|cloud| cloud.servers.values());
    let volumes = servers.flat_map(|server| &server.volumes).map(|attached| &attached.volume);
    // what is not attached is not seen: for a volume that has the type already, the step does nothing
    let right: BTreeMap<_, _> = volumes
        .filter(|volume| volume.volume_type == wanted)
        .map(|volume| (&volume.id, &volume.array_volume))
        .collect();
    // one that got it from an operation that nobody finished has a name on its array which the record does not know yet
    let is_settled = |copy: &DiskCopy| {
        let name = right.get(&copy.volume_id);
        name.is_some_and(|name| name.as_ref().is_none_or(|name| *name == copy.array_volume))
    };
    let mut joined = Vec::new();
    for (member, disk) in facts.record.disks() {
        let Some(copy) = disk.copies.get(site).filter(|copy| !is_settled(copy)) else { continue };
        let (label, volume) = (builder.label(member), copy.volume_id.clone());
        let action =
            Action::RetypeVolume { site: site.clone(), disk: disk.id.clone(), volume, volume_type: wanted.to_owned() };
        let title = format!("give '{}' on {site} the type '{wanted}'", disk.name);
        joined.push(builder.add(
            format!("retype_volume/{label}/{}", disk.device),
            Phase::Reprotect,
            title,
            &after,
            action,
        ));
    }
    let title = format!("every volume on {site} has the type '{wanted}'");
    let mut ready = builder.barrier("retyped", Phase::Reprotect, title, joined);
    if ready.is_empty() {
        ready = after;
    }
    let disks: Vec<_> = facts.record.disks().map(|(_, disk)| disk.id.clone()).collect();
    let title = format!("put {} volumes into the consistency group of {site}", disks.len());
    let action = Action::GroupVolumes { site: site.clone(), group: group.cinder_group_on(site).clone(), disks };
    vec![builder.add("group_volumes", Phase::Reprotect, title, &ready, action)]
}
