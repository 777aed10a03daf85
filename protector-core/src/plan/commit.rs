//! Release what earlier moves left behind as recovery points, with the proof that another one survives.

use super::build::Builder;
use super::{
    Action, Evidence, ExpectedLoss, Facts, Finding, FindingCode, Observation, Phase, Plan, Request, SiteFacts, checks,
    relocate::findings::rpo,
};
use crate::model::{OpKey, OperationId, Protection, RetainedCopy, SiteName, StepId, VolumeId};
use crate::ports::{OpenTest, VolumeState};
use crate::rules::naming;
use std::collections::{BTreeMap, BTreeSet};

/// Announce · prove · release our clones from Cinder, destroy them on their array · take them off the list · close.
/// Volumes that tenants made and volumes that a ledger entry names are not touched.
pub(super) fn plan(facts: &Facts) -> Plan {
    let request = Request::Commit {};
    let mut findings = Vec::new();
    checks::group(facts, &request, &mut findings);
    checks::answers(&facts.source, facts.now, "restore the site, then commit again", &mut findings);
    checks::answers(&facts.target, facts.now, "restore the site, then commit again", &mut findings);
    checks::in_sync(facts, &mut findings);
    checks::no_fence_due(facts, &mut findings);
    test_open(facts, &mut findings);
    surviving(facts, &mut findings);
    let sorted = Sorted::of(facts);
    sorted.findings(facts, &mut findings);
    Plan::seal(facts, &request, steps(facts, &sorted), findings, ExpectedLoss::None)
}

/// What is retained, by what becomes of it.
struct Sorted<'a> {
    /// Clones of ours: destroyed.
    ours: Vec<(&'a RetainedCopy, &'a OpKey)>,
    /// Made by the tenant: no longer listed.
    of_tenant: Vec<&'a RetainedCopy>,
    /// Named by the ledger: kept and listed.
    kept: Vec<(&'a RetainedCopy, &'a crate::model::LedgerEntry)>,
}

impl<'a> Sorted<'a> {
    fn of(facts: &'a Facts) -> Self {
        let mut sorted = Self { ours: Vec::new(), of_tenant: Vec::new(), kept: Vec::new() };
        for copy in &facts.record.retained {
            match (facts.record.kept_by(&copy.site, &copy.array_volume_id), &copy.cloned_under) {
                (Some(entry), _) => sorted.kept.push((copy, entry)),
                (None, Some(key)) => sorted.ours.push((copy, key)),
                (None, None) => sorted.of_tenant.push(copy),
            }
        }
        sorted
    }

    fn findings(&self, facts: &Facts, findings: &mut Vec<Finding>) {
        let name = &facts.record.group.name;
        for (copy, entry) in &self.kept {
            let text =
                format!("volume {} on {} stays: {} ({}) names it", copy.volume_id, copy.site, entry.id, entry.state);
            let remedy =
                format!("openstack protector protection-group divergence discard {name} {} --reason <text>", entry.id);
            findings.push(Finding::warning(FindingCode::RetainedByLedger, text).remedy(remedy));
        }
        for copy in &self.of_tenant {
            let text = format!(
                "volume {} on {} is not known to be a clone of Protector: it stays in Cinder as it is and is no longer listed",
                copy.volume_id, copy.site
            );
            let remedy = format!("openstack --os-cloud {} volume delete {}", copy.site, copy.volume_id);
            findings.push(Finding::warning(FindingCode::RetainedOfTenant, text).remedy(remedy));
        }
        for (copy, _) in &self.ours {
            let found = site(facts, &copy.site).cloud.known().and_then(|c| c.retained.get(&copy.volume_id));
            if found.is_some_and(|volume| volume.state == VolumeState::InUse) {
                let text = format!("retained volume {} on {} is attached to a server", copy.volume_id, copy.site);
                let remedy =
                    format!("openstack --os-cloud {} server remove volume <server> {}", copy.site, copy.volume_id);
                findings.push(Finding::blocker(FindingCode::RetainedInUse, text).remedy(remedy));
            }
        }
        if self.ours.is_empty() && self.of_tenant.is_empty() {
            let text = match self.kept.len() {
                0 => format!("nothing is retained for '{name}'"),
                kept => format!("nothing to do: all {kept} retained volume(s) of '{name}' are kept by the ledger"),
            };
            let remedy = format!("openstack protector protection-group show {name}");
            findings.push(Finding::blocker(FindingCode::NothingRetained, text).remedy(remedy));
        }
    }

    fn released(&self) -> BTreeSet<(SiteName, crate::model::ArrayVolumeId)> {
        let ours = self.ours.iter().map(|(copy, _)| copy);
        ours.chain(&self.of_tenant).map(|copy| (copy.site.clone(), copy.array_volume_id.clone())).collect()
    }
}

/// A test of either site. Those of the other one are in its journals alone: as long as it has not said that there are none,
/// there may be some.
fn test_open(facts: &Facts, findings: &mut Vec<Finding>) {
    let (name, peer) = (&facts.record.group.name, &facts.peer.site);
    let open = |operation: &OperationId, site: &SiteName, remedy: String| {
        let text = format!("test failover {operation} on {site} is not cleaned up");
        Finding::blocker(FindingCode::TestOpen, text).remedy(remedy)
    };
    if let Some(test) = &facts.test {
        findings.push(open(&test.operation, &test.site, format!("openstack protector test-cleanup {name}")));
    }
    let evidence = Evidence::of(format_args!("journals of {peer}"), facts.now);
    let reason = match &facts.peer.tests {
        Some(Observation::Known(tests)) => {
            let remedy = format!("openstack --os-cloud {peer} protector test-cleanup {name}");
            let seen = |test: &OpenTest| {
                let evidence = evidence.clone().value("operation", &test.operation).value("since", test.since);
                open(&test.operation, &test.site, remedy.clone()).seen(evidence)
            };
            findings.extend(tests.iter().map(seen));
            return;
        }
        Some(Observation::Unknown(reason) | Observation::Refused(reason)) => reason.as_str(),
        None => "nobody asked",
    };
    let text = format!("whether a test failover that was made from {peer} is open is not known: {reason}");
    let finding = Finding::blocker(FindingCode::TestOpen, text).remedy(format!("restore {peer}, then commit again"));
    findings.push(finding.seen(evidence.value("answer", reason)));
}

/// A recovery point of the present direction. Names of volumes tell directions and epochs apart: each move has its own.
fn surviving(facts: &Facts, findings: &mut Vec<Finding>) {
    let group = &facts.record.group;
    if group.protection != Protection::Protected {
        findings.push(checks::unprotected(facts, "what is retained may be all there is"));
    }
    let Some(array) = facts.target.array.known() else { return };
    if let Some(newest) = checks::newest_point(facts, &checks::source_volumes(facts), array, findings) {
        rpo(facts, Some(newest), None, findings);
    }
}

fn site<'a>(facts: &'a Facts, site: &SiteName) -> &'a SiteFacts {
    if *site == facts.source.site { &facts.source } else { &facts.target }
}

fn steps(facts: &Facts, sorted: &Sorted<'_>) -> Vec<super::Step> {
    let (Some(policy), Some(source)) = (&facts.record.policy, facts.source.array.known()) else { return Vec::new() };
    let mut builder = Builder::new(&facts.record);
    let title = format!("tell {} about the operation", facts.peer.site);
    let announced = builder.add("announce", Phase::Prepare, title, &[], Action::Announce {});
    let standby = &facts.target.site;
    let proof = Action::ProveSurvival {
        site: standby.clone(),
        group: naming::standby_group_name(facts.record.group.replication_type, &source.name, &policy.pure_pg_name),
        volumes: checks::source_volumes(facts).iter().cloned().collect(),
        rpo_minutes: policy.rpo_minutes,
    };
    let title = format!("look once more for a recovery point on {standby} that survives");
    let proven = builder.add("prove", Phase::Prepare, title, &[announced], proof);

    let left = leave_groups(&mut builder, facts, sorted, &proven);
    let released = release(&mut builder, sorted, &left, &proven);
    let mut gone = destroy(&mut builder, sorted, &released);
    if gone.is_empty() {
        gone.push(proven);
    }
    let volumes = sorted.released();
    let title = format!("take {} volume(s) off the list of what is retained", volumes.len());
    let forgotten = builder.add("forget", Phase::Cleanup, title, &gone, Action::ForgetRetained { volumes });
    builder.add("close", Phase::Close, "write down the end on both sites", &[forgotten], Action::Close {});
    builder.finish()
}

/// Cinder does not let go of a volume that is in a group.
fn leave_groups(
    builder: &mut Builder,
    facts: &Facts,
    sorted: &Sorted<'_>,
    proven: &StepId,
) -> BTreeMap<SiteName, StepId> {
    let mut grouped: BTreeMap<&SiteName, BTreeSet<VolumeId>> = BTreeMap::new();
    for (copy, _) in &sorted.ours {
        let cloud = site(facts, &copy.site).cloud.known();
        if cloud.is_some_and(|cloud| cloud.group_volumes.contains(&copy.volume_id)) {
            grouped.entry(&copy.site).or_default().insert(copy.volume_id.clone());
        }
    }
    let leave = |(site, volumes): (&SiteName, BTreeSet<VolumeId>)| {
        let title = format!("take {} volume(s) out of the consistency group of {site}", volumes.len());
        let group = facts.record.group.cinder_group_on(site).clone();
        let action = Action::LeaveGroup { site: site.clone(), group, volumes };
        let id =
            builder.add(format!("leave_group/{site}"), Phase::Cleanup, title, std::slice::from_ref(proven), action);
        (site.clone(), id)
    };
    grouped.into_iter().map(leave).collect()
}

/// Our clones leave Cinder, by the key they were made under and their site.
fn release<'a>(
    builder: &mut Builder,
    sorted: &Sorted<'a>,
    left: &BTreeMap<SiteName, StepId>,
    proven: &StepId,
) -> BTreeMap<(&'a SiteName, &'a OpKey), Vec<StepId>> {
    let mut released: BTreeMap<_, Vec<StepId>> = BTreeMap::new();
    for (copy, key) in &sorted.ours {
        let after = left.get(&copy.site).unwrap_or(proven).clone();
        let title = format!("release volume {} from Cinder of {}", copy.volume_id, copy.site);
        let action = Action::ReleaseVolume { site: copy.site.clone(), volume: copy.volume_id.clone() };
        let id = builder.add(format!("release_volume/{}", copy.volume_id), Phase::Cleanup, title, &[after], action);
        released.entry((&copy.site, *key)).or_default().push(id);
    }
    released
}

fn destroy(
    builder: &mut Builder,
    sorted: &Sorted<'_>,
    released: &BTreeMap<(&SiteName, &OpKey), Vec<StepId>>,
) -> Vec<StepId> {
    let mut gone = Vec::new();
    for ((site, key), released) in released {
        let of_key = sorted.ours.iter().filter(|(copy, made_by)| copy.site == **site && made_by == key);
        let volumes: BTreeSet<_> = of_key.map(|(copy, _)| copy.array_volume_id.clone()).collect();
        let title = format!("destroy {} clone(s) on {site} (recoverable until their timer ends)", volumes.len());
        let action = Action::DestroyRetained { site: (*site).clone(), made_by: (*key).clone(), volumes };
        gone.push(builder.add(format!("destroy/{site}/{key}"), Phase::Cleanup, title, released, action));
    }
    gone
}
