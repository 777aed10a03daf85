//! Boot clones beside production. Needs the standby site only.

use super::build::Builder;
use super::placement::{mappings_towards_target, place};
use super::relocate::bring_up::{BringUp, Purpose, bring_up};
use super::relocate::import::Import;
use super::{Action, ExpectedLoss, Facts, Phase, Plan, PointSource, Request, checks};
use crate::rules::start_order;

/// Clones the newest complete recovery point, imports the clones and boots them on mapped networks.
pub(super) fn plan(facts: &Facts, request: &Request) -> Plan {
    let mut findings = Vec::new();
    checks::group(facts, request, &mut findings);
    checks::answers(&facts.target, facts.now, "restore the standby site; a test needs nothing else", &mut findings);
    checks::no_fence_due(facts, &mut findings);
    if facts.record.group.is_in_pod() {
        checks::pods::target_in_step(facts, &mut findings);
    }
    let volumes = checks::source_volumes(facts);
    let point =
        facts.target.array.known().and_then(|array| checks::newest_point(facts, &volumes, array, &mut findings));
    let mappings = mappings_towards_target(facts, request.mappings(), &mut findings);
    let placements = place(facts.record.members.iter(), facts, &mappings, &mut findings);
    checks::volume_types(facts, &mut findings);
    let import = Import::of_test(facts, &mut findings);
    checks::quota::quota(facts, &placements, false, &mut findings);

    checks::start_order(facts, &mut findings);
    checks::skipped_in_tests(facts, &mut findings);

    let mut builder = Builder::new(&facts.record);
    if let Some(point) = point {
        let cloned = builder.add(
            "clone_volumes",
            Phase::Recover,
            format!("clone all volumes of {}", point.name),
            &[],
            Action::CloneVolumes {
                site: facts.target.site.clone(),
                point: PointSource::Pinned(point.name.clone()),
                disks: super::relocate::disks_by_source_volume(facts),
            },
        );
        let tiers = start_order::tiers(&facts.record.members);
        let bring = BringUp { facts, tiers, purpose: Purpose::Test, import: &import, reopened: None };
        bring_up(&mut builder, &bring, placements, &[cloned]);
    }
    Plan::seal(facts, request, builder.finish(), findings, ExpectedLoss::None)
}
