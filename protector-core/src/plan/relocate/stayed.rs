//! Members that the last move did not bring along: what they hold stayed where it was left, on the site that is reached now.
//!
//! A server starts with all of its volumes or not at all, so such a member has never run since. Its volumes on the target are
//! as they were left, behind the fence of that move: nothing newer of it exists anywhere, and no recovery point has all of
//! it. It is started from these very volumes.

use super::Relocation;
use crate::model::{DiskId, Member, MemberStatus, StepId};
use crate::plan::{Action, ConsentKind, Evidence, Facts, Finding, FindingCode, Phase};
use std::collections::BTreeSet;

/// Whether what a member holds stayed on the target.
pub(in crate::plan) fn has_stayed(facts: &Facts, member: &Member) -> bool {
    lacks_volumes(facts, member) && member.disks.iter().all(|disk| disk.copies.contains_key(&facts.target.site))
}

/// Whether a member did not arrive, and some of its disks did not either.
fn lacks_volumes(facts: &Facts, member: &Member) -> bool {
    let missing = || member.disks.iter().any(|disk| !disk.copies.contains_key(&facts.source.site));
    member.status == MemberStatus::Error && missing()
}

/// What becomes of members that had not arrived, when the site is left that they were to arrive on.
pub(super) fn findings(facts: &Facts, given: &[ConsentKind], findings: &mut Vec<Finding>) {
    findings.extend(facts.record.failed_members().map(|member| finding(facts, given, member)));
}

fn finding(facts: &Facts, given: &[ConsentKind], member: &Member) -> Finding {
    let (source, target, name) = (&facts.source.site, &facts.target.site, &member.name);
    if !lacks_volumes(facts, member) {
        let text = format!(
            "'{name}' did not arrive on {source}; its data are in the recovery point, and it starts on {target} with the others"
        );
        return Finding::warning(FindingCode::MemberNotArrived, text);
    }
    let group = &facts.record.group.name;
    if !has_stayed(facts, member) {
        let text = format!("'{name}' did not arrive on {source}, and not all of its volumes are on {target}");
        return Finding::blocker(FindingCode::MemberNotArrived, text)
            .remedy(format!("openstack protector protection-group member-remove {group} --instance-id {}", member.id));
    }
    let volumes = member.disks.iter().filter_map(|disk| disk.copies.get(target)).map(|copy| &copy.array_volume);
    let text = format!(
        "'{name}' never ran on {source}: it starts from its own volumes on {target} as they were left, not from the recovery \
         point that the others start from"
    );
    Finding::blocker(FindingCode::MemberNotArrived, text)
        .cleared_by(ConsentKind::DataLoss, given)
        .seen(Evidence::of_record(facts).names("volumes", volumes))
}

impl Relocation<'_> {
    /// Disks whose volumes stayed on the target.
    pub(super) fn stayed_disks(&self) -> BTreeSet<DiskId> {
        let members = self.facts.record.failed_members().filter(|member| has_stayed(self.facts, member));
        members.flat_map(|member| &member.disks).map(|disk| disk.id.clone()).collect()
    }

    /// Takes the fence away from what stayed. `None`: nothing did.
    pub(super) fn reopen(&mut self, disks: BTreeSet<DiskId>, after: &[StepId]) -> Option<StepId> {
        if disks.is_empty() {
            return None;
        }
        let (site, group) = (self.facts.target.site.clone(), self.policy.pure_pg_name.clone());
        let title = format!("take the fence away from {} volume(s) that stayed on {site}", disks.len());
        let action = Action::ReopenVolumes { site, group, disks };
        Some(self.builder.add("reopen_volumes", Phase::Recover, title, after, action))
    }
}
