//! Failover and failback: the workload moves from source to target.
//!
//! Planned: announce · stop (last tier first) · final replicated snapshot, complete on the target · fence the source ·
//! **pivot: clone** · import, group, ports, servers (first tier first), verify · switch · reverse protection · close.
//! Unplanned: the source is touched only by best-effort steps and only where it answers; the newest complete recovery point
//! is pinned; the workload runs unprotected afterwards, and says so.
//!
//! A sync group has its data on both arrays at once. Its recovery point is a snapshot in the pod, taken on the way: planned
//! on the source after the last write, unplanned on the array that is left with the pod, behind a fence.

pub(super) mod bring_up;
pub(super) mod findings;
pub(super) mod import;
pub(super) mod pod;
pub(super) mod protect;
pub(super) mod stayed;

pub(super) use protect::FIRST_COPY_SECONDS;

use super::build::Builder;
use super::placement::{Placements, mappings_towards_target, place};
use super::side_by_side::side_by_side;
use super::{Action, ExpectedLoss, Facts, OnFailure, Phase, Plan, PointSource, Request, checks, old_site};
use crate::model::{
    ArrayGroupName, ArrayVolumeName, DiskId, Lookup, Member, MemberStatus, OperationKind, Protection, RecoveryPoint,
    ReplicationPolicy, ServerId, SiteName, StepId,
};
use crate::ports::ServerState;
use crate::rules::{naming, start_order};
use bring_up::{BringUp, Purpose, bring_up};
use import::Import;
use std::collections::{BTreeMap, BTreeSet};

/// Label of the recovery point that a move takes itself.
pub(super) const FINAL: &str = "final";

/// Plans a failover or failback.
pub(super) fn plan(facts: &Facts, request: &Request) -> Plan {
    let kind = request.kind(facts);
    let mut findings = Vec::new();
    if kind == OperationKind::UnplannedFailover {
        checks::group(facts, request, &mut findings);
        in_the_way(facts, &mut findings);
        let (point, loss) = findings::unplanned(facts, request, &mut findings);
        let steps = lay_out(facts, request, point, &mut findings);
        return Plan::seal(facts, request, steps, findings, loss);
    }
    let disks = facts.record.disks().count();
    let observed = || {
        let mut findings = Vec::new();
        checks::group(facts, request, &mut findings);
        in_the_way(facts, &mut findings);
        // it is made the group that protects the workload there
        checks::leaving(facts, &facts.target, &mut findings);
        findings::planned(facts, request, &mut findings);
        findings
    };
    let (observed, steps) = side_by_side(disks, observed, || lay_out(facts, request, None, &mut findings));
    findings.splice(0..0, observed);
    Plan::seal(facts, request, steps, findings, ExpectedLoss::None)
}

/// What speaks against bringing the members up on the target, wherever on it they are placed.
fn in_the_way(facts: &Facts, findings: &mut Vec<super::Finding>) {
    checks::volume_types(facts, findings);
    findings::old_servers(facts, findings);
    checks::start_order(facts, findings);
}

/// The steps, and what speaks against the places that they need. `point`: where to start from, unless a step takes it.
fn lay_out(
    facts: &Facts,
    request: &Request,
    point: Option<&RecoveryPoint>,
    findings: &mut Vec<super::Finding>,
) -> Vec<super::Step> {
    let kind = request.kind(facts);
    let mappings = mappings_towards_target(facts, request.mappings(), findings);
    let placements = place(facts.record.members.iter(), facts, &mappings, findings);
    checks::quota::quota(facts, &placements, true, findings);
    let Some(policy) = &facts.record.policy else { return Vec::new() };
    let import = Import::of_move(facts, kind, findings);
    let (tiers, builder) = (start_order::tiers(&facts.record.members), Builder::new(&facts.record));
    Relocation { facts, kind, policy, placements, tiers, import, builder }.lay_out(point)
}

/// Disks with the name of their volume on the source array, as recovery points list them.
pub(super) fn disks_by_source_volume(facts: &Facts) -> Vec<(DiskId, ArrayVolumeName)> {
    facts
        .record
        .disks()
        .filter_map(|(_, disk)| Some((disk.id.clone(), disk.copies.get(&facts.source.site)?.array_volume.clone())))
        .collect()
}

struct Relocation<'a> {
    facts: &'a Facts,
    kind: OperationKind,
    policy: &'a ReplicationPolicy,
    placements: Placements<'a>,
    /// Members in the order in which they start.
    tiers: BTreeMap<u16, Vec<&'a Member>>,
    import: Import,
    builder: Builder,
}

impl Relocation<'_> {
    fn lay_out(mut self, point: Option<&RecoveryPoint>) -> Vec<super::Step> {
        let announced = self.announce();
        let ready = match self.kind {
            OperationKind::UnplannedFailover => {
                let left = self.best_effort_fence(&announced);
                if self.is_sync() { self.take_over(&left) } else { left }
            }
            _ => self.quiesce(announced),
        };
        let source = match point {
            Some(point) => PointSource::Pinned(point.name.clone()),
            None => PointSource::Taken,
        };
        let target = self.facts.target.site.clone();
        let mut disks = disks_by_source_volume(self.facts);
        let stayed = match self.kind {
            OperationKind::UnplannedFailover => self.stayed_disks(),
            _ => BTreeSet::new(),
        };
        disks.retain(|(disk, _)| !stayed.contains(disk));
        let title = format!("clone {} volumes on {target} (from here on the way is forward)", disks.len());
        let pivot = self.builder.add(
            "clone_volumes",
            Phase::Pivot,
            title,
            &ready,
            Action::CloneVolumes { site: target.clone(), point: source, disks },
        );

        let reopened = self.reopen(stayed, std::slice::from_ref(&pivot));
        let bring = BringUp {
            facts: self.facts,
            tiers: std::mem::take(&mut self.tiers),
            purpose: Purpose::Move,
            import: &self.import,
            reopened,
        };
        let up = bring_up(&mut self.builder, &bring, std::mem::take(&mut self.placements), &[pivot]);
        let title = format!("make {target} the current primary of '{}'", self.facts.record.group.name);
        let switched =
            self.builder.add("switch_primary", Phase::Switch, title, &up.running, Action::SwitchPrimary { to: target });

        let mut last = match self.kind {
            OperationKind::UnplannedFailover => vec![switched],
            _ => self.protect_target(vec![switched]),
        };
        // neither the next recovery point nor the other site waits for Cinder
        last.extend(up.grouped);
        finish(self.builder, self.facts, &self.import, &last)
    }

    fn is_sync(&self) -> bool {
        self.facts.record.group.is_in_pod()
    }

    /// Tells the other site, if it answers. Planned kinds are blocked when it does not.
    fn announce(&mut self) -> Vec<StepId> {
        if self.kind == OperationKind::UnplannedFailover && self.facts.peer.version.known().is_none() {
            return Vec::new();
        }
        let title = format!("tell {} about the operation", self.facts.peer.site);
        vec![self.builder.add("announce", Phase::Prepare, title, &[], Action::Announce {})]
    }

    /// Stops the workload, ships what it wrote last, and fences the source.
    fn quiesce(&mut self, announced: Vec<StepId>) -> Vec<StepId> {
        // before anything else touches a site that was left
        let mut ready = old_site::settle(&mut self.builder, self.facts, self.policy, announced);
        if self.facts.record.group.protection == Protection::Unprotected {
            ready = self.protect_source(ready);
        }
        let stopped = self.stop_servers(ready, false);
        let (group, source) = (self.policy.pure_pg_name.clone(), self.facts.source.site.clone());
        let arrived = self.take_point(&source, group.clone(), &stopped);
        let title = format!("fence the volumes of '{group}' on {source}");
        let mut fenced = vec![self.builder.add(
            "fence_source",
            Phase::Fence,
            title,
            &arrived,
            Action::Fence { site: source, group },
        )];
        if self.is_sync() {
            fenced = vec![self.fence_on_target(&fenced)];
        }
        fenced
    }

    /// Takes the recovery point that the workload starts from, and waits until the target has it.
    fn take_point(&mut self, site: &SiteName, group: ArrayGroupName, after: &[StepId]) -> Vec<StepId> {
        let (target, image) = (self.facts.target.site.clone(), self.image_on_target());
        let title = match self.is_sync() {
            true => format!("take the final snapshot of '{group}' on {site}"),
            false => format!("take the final replicated snapshot of '{group}'"),
        };
        let action = Action::TakeSnapshot { site: site.clone(), group, label: FINAL.to_owned() };
        let taken = self.builder.add("take_final_snapshot", Phase::FinalSync, title, after, action);
        let title = format!("wait until it is complete on {target}");
        let action = Action::AwaitTransfer { site: target, group: image, label: FINAL.to_owned() };
        vec![self.builder.add("await_final_snapshot", Phase::FinalSync, title, &[taken], action)]
    }

    /// Stops what runs on a source whose cloud answers, fences one whose array does; nothing depends on the result.
    fn best_effort_fence(&mut self, announced: &[StepId]) -> Vec<StepId> {
        let mut ready = announced.to_vec();
        if self.facts.source.cloud.known().is_some() {
            ready = self.stop_servers(ready, true);
        }
        if self.facts.source.array.known().is_some() {
            let (site, group) = (self.facts.source.site.clone(), self.policy.pure_pg_name.clone());
            let title = format!("fence the volumes of '{group}' on {site}, if it answers");
            ready = vec![self.builder.add("fence_source", Phase::Fence, title, &ready, Action::Fence { site, group })];
            self.builder.on_failure(OnFailure::Skip);
        }
        ready
    }

    /// Stops the members on the source, in the exact reverse of the order in which they start.
    fn stop_servers(&mut self, mut ready: Vec<StepId>, best_effort: bool) -> Vec<StepId> {
        let site = self.facts.source.site.clone();
        for (tier, members) in self.tiers.clone().into_iter().rev() {
            // what must be stopped before each member: those that depend on it
            let mut before: Lookup<&ServerId, Vec<StepId>> = Lookup::default();
            let mut stopped = Vec::new();
            for member in members.into_iter().rev() {
                let waits = before.remove(&member.id).filter(|waits| !waits.is_empty());
                let after = waits.as_deref().unwrap_or(&ready);
                let done = self.stop_server(member, &site, after, best_effort).map(|id| vec![id]).or(waits);
                for id in &member.start.depends_on {
                    before.entry(id).or_default().extend(done.iter().flatten().cloned());
                }
                stopped.extend(done.into_iter().flatten());
            }
            let title = format!("tier {tier} is stopped on {site}");
            let done = self.builder.barrier(format!("stopped/tier-{tier}"), Phase::Quiesce, title, stopped);
            if !done.is_empty() {
                ready = done;
            }
        }
        ready
    }

    fn stop_server(&mut self, member: &Member, site: &SiteName, after: &[StepId], best_effort: bool) -> Option<StepId> {
        let server = member.server_on(site)?.clone();
        if is_absent(self.facts, member) {
            return None;
        }
        let label = self.builder.label(member);
        let action = Action::StopServer { site: site.clone(), server };
        let title = format_args!("stop '{label}' on {site}");
        let id = self.builder.add(format_args!("stop_server/{label}"), Phase::Quiesce, title, after, action);
        self.builder.of(member);
        if best_effort {
            self.builder.on_failure(OnFailure::Skip);
        }
        Some(id)
    }

    /// How the target array names the group of the source.
    fn image_on_target(&self) -> ArrayGroupName {
        let source_array = self.facts.source.array.known().map(|a| &a.name).or(self
            .facts
            .target
            .array
            .known()
            .and_then(|a| a.peer.as_ref()));
        let kind = self.facts.record.group.replication_type;
        match source_array {
            Some(name) => naming::standby_group_name(kind, name, &self.policy.pure_pg_name),
            // blocked anyway: nobody can say who the source array is
            None => self.policy.pure_pg_name.clone(),
        }
    }
}

/// The last look, and the end of the operation in the metadata.
pub(super) fn finish(mut builder: Builder, facts: &Facts, import: &Import, last: &[StepId]) -> Vec<super::Step> {
    let site = facts.target.site.clone();
    let group = import.joins_group.then(|| facts.record.group.cinder_group_on(&site).clone());
    let title = format!("look once more whether everything runs on {site} as it should");
    let confirmed = builder.add("confirm", Phase::Close, title, last, Action::Confirm { site, group });
    builder.add("close", Phase::Close, "write down the end on both sites", &[confirmed], Action::Close {});
    builder.finish()
}

/// A member that did not arrive on the source in the last move, and of which there is no server.
fn is_absent(facts: &Facts, member: &Member) -> bool {
    let exists = |id| facts.source.cloud.known().is_none_or(|cloud| cloud.servers.contains_key(id));
    member.status == MemberStatus::Error && !member.server_on(&facts.source.site).is_some_and(exists)
}

/// The server that an earlier operation left on the target for a member.
pub(super) fn standby_server<'a>(facts: &'a Facts, member: &Member) -> Option<&'a crate::ports::Server> {
    let servers = &facts.target.cloud.known()?.servers;
    // on the first move to a site nothing is there: many thousands of members need not be looked up
    if servers.is_empty() {
        return None;
    }
    servers.get(member.server_on(&facts.target.site)?)
}

/// Servers that an earlier operation left on the target, by member.
pub(super) fn standby_servers(facts: &Facts) -> impl Iterator<Item = (&Member, &crate::ports::Server)> {
    facts.record.members.iter().filter_map(|m| Some((m, standby_server(facts, m)?)))
}

/// Whether such a server still has to be stopped.
pub(super) fn must_stop(server: &crate::ports::Server) -> bool {
    server.state != ServerState::Shutoff
}
