//! Synchronous groups: what their pod says. A member array of a pod that is online has every write that was acknowledged;
//! one that is not serves no host.

use crate::model::ArrayName;
use crate::plan::{ArrayFacts, ConsentKind, Evidence, ExpectedLoss, Facts, Finding, FindingCode, SiteFacts};
use crate::ports::{PodMember, PodMemberState};
use crate::rules::naming;

/// Both arrays have the data, each as it says itself.
pub(in crate::plan) fn in_step(facts: &Facts, findings: &mut Vec<Finding>) {
    let sites = [&facts.source, &facts.target];
    findings.extend(sites.into_iter().filter_map(|site| not_online(facts, site)));
}

/// The array of the target has the data: what a clone needs.
pub(in crate::plan) fn target_in_step(facts: &Facts, findings: &mut Vec<Finding>) {
    findings.extend(not_online(facts, &facts.target));
}

/// What an unplanned move would lose. Nothing that was acknowledged, if the array that is left has fallen out of the pod:
/// then it takes no writes. If it has not, or nobody can say, it may acknowledge more while the move is under way.
pub(in crate::plan) fn loss(facts: &Facts, given: &[ConsentKind], findings: &mut Vec<Finding>) -> ExpectedLoss {
    let Some(array) = facts.target.array.known() else { return ExpectedLoss::Unknown };
    if let Some(finding) = not_online(facts, &facts.target) {
        findings.push(finding);
        return ExpectedLoss::Unknown;
    }
    let others = array.pod.iter().flat_map(|pod| &pod.arrays).filter(|(name, _)| **name != array.name);
    let serving: Vec<_> = others.filter(|(_, member)| !is_shut_out(member)).collect();
    if serving.is_empty() {
        return ExpectedLoss::None;
    }
    let source = &facts.source.site;
    for (name, member) in serving {
        let text = format!(
            "array {name} may still take writes of {source}: it is {} in the pod, as {} sees it; what it acknowledges \
             after the recovery point that is taken on the way is lost",
            word(member.state),
            array.name
        );
        let finding = Finding::blocker(FindingCode::DataLoss, text).cleared_by(ConsentKind::DataLoss, given);
        findings.push(finding.seen(of_pod(facts, &facts.target, array)));
    }
    ExpectedLoss::AfterPivot {}
}

/// Whether an array has lost its part in the pod, so that it serves no host.
fn is_shut_out(member: &PodMember) -> bool {
    matches!(member.state, PodMemberState::Offline | PodMemberState::Suspended | PodMemberState::Resyncing)
}

/// What keeps the array of a site from having the data. One that did not answer has a finding of its own.
fn not_online(facts: &Facts, site: &SiteFacts) -> Option<Finding> {
    let array = site.array.known()?;
    let member = array.pod.as_ref().and_then(|pod| pod.arrays.get(&array.name));
    if member.is_some_and(|member| member.state == PodMemberState::Online) {
        return None;
    }
    let (pod, name) = (pod_of(facts), &array.name);
    let message = match member {
        None => format!("pod '{pod}' is not on {name}, the array of {}", site.site),
        Some(PodMember { state: PodMemberState::Resyncing, progress: Some(percent), .. }) => {
            format!("pod '{pod}' is still being brought up to date on {name} of {}: {percent} %", site.site)
        }
        Some(PodMember { state, frozen_at: Some(at), .. }) => {
            format!("pod '{pod}' is {} on {name} of {}: its data stand still since {at}", word(*state), site.site)
        }
        Some(PodMember { state, .. }) => format!("pod '{pod}' is {} on {name} of {}", word(*state), site.site),
    };
    let remedy = match member {
        None => format!("openstack protector protection-group policy-create {}", facts.record.group.name),
        Some(_) => {
            format!("wait until it is online there: openstack protector health show; on {name}: purepod list {pod}")
        }
    };
    Some(Finding::blocker(FindingCode::PodNotInStep, message).remedy(remedy).seen(of_pod(facts, site, array)))
}

fn pod_of(facts: &Facts) -> &str {
    let policy = facts.record.policy.as_ref();
    policy.and_then(|policy| naming::pod_of(policy.pure_pg_name.as_str())).unwrap_or_default()
}

/// Each array's part in the pod, as the array of a site shows it.
fn of_pod(facts: &Facts, site: &SiteFacts, array: &ArrayFacts) -> Evidence {
    let members = array.pod.iter().flat_map(|pod| &pod.arrays);
    let shown = |(name, member): (&ArrayName, &PodMember)| format!("{name}={}", word(member.state));
    Evidence::of_array(site, facts.now).value("pod", pod_of(facts)).names("arrays", members.map(shown))
}

fn word(state: PodMemberState) -> &'static str {
    match state {
        PodMemberState::Online => "online",
        PodMemberState::Resyncing => "resyncing",
        PodMemberState::Offline => "offline",
        PodMemberState::Suspended => "suspended",
        PodMemberState::Unknown => "in an unknown state",
    }
}
