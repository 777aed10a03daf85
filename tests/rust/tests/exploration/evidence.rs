//! What must be so when certain steps are made.

use crate::arrays::points;
use crate::call::{Answer, Call};
use crate::effects::{Performed, View};
use crate::laws::Law;
use crate::world::Side;
use protector_core::model::{ArrayVolumeName, OperationKind, SiteName};
use protector_core::plan::{Action, ConsentKind, Phase, PointSource, Step};
use protector_core::ports::FenceState;
use protector_core::rules::newest_usable;
use std::collections::BTreeSet;

/// Looks at a step that is about to be made.
pub(crate) fn before(call: &mut Call<'_>, view: &View<'_>, step: &Step) {
    let promotes = match &step.action {
        Action::CloneVolumes { .. } => step.phase == Phase::Pivot,
        Action::EnsureServer { .. } => view.plan.kind.moves_workload(),
        Action::SwitchPrimary { .. } => true,
        _ => false,
    };
    if promotes && !view.by_operator {
        call.broken.add(Law::I09);
    }
    if promotes && !is_evident(view) {
        call.broken.add(Law::I08);
    }
    if let Action::Fence { site, .. } = &step.action
        && call.look(Side::of(site)).is_ok()
        && !has_pinned_target(call, view)
    {
        call.broken.add(Law::I04);
    }
}

/// Looks at what a step has done.
pub(crate) fn after(call: &mut Call<'_>, view: &View<'_>, step: &Step, performed: &Answer<Performed>) {
    if matches!(step.action, Action::DestroyRetained { .. }) && performed.is_ok() && !has_survivor(call, view) {
        call.broken.add(Law::I13);
    }
}

/// I-08: the source was seen fenced by this operation, or somebody consented to not knowing.
fn is_evident(view: &View<'_>) -> bool {
    let consented = view.state.consents.iter().any(|consent| consent.kind == ConsentKind::SourceUnverified);
    let fenced = view.state.outputs.fences.get(&view.plan.source) == Some(&FenceState::Fenced);
    fenced || (consented && view.plan.kind == OperationKind::UnplannedFailover)
}

/// I-04: what the target starts from is there, complete, and the operation has named it.
fn has_pinned_target(call: &Call<'_>, view: &View<'_>) -> bool {
    let pinned = view.plan.steps.iter().find_map(|step| match &step.action {
        Action::CloneVolumes { point: PointSource::Pinned(name), .. } => Some(name),
        _ => None,
    });
    let named = pinned.or(view.state.outputs.point.as_ref().map(|(name, _)| name));
    let target = Side::of(&view.plan.target);
    let points = points(target, call.world.site(target));
    named.is_some_and(|name| points.iter().any(|point| point.name == *name && point.is_usable()))
}

/// I-13: a complete recovery point of what runs now is on the standby array.
fn has_survivor(call: &Call<'_>, view: &View<'_>) -> bool {
    let record = view.record;
    let standby = Side::of(record.group.standby_site());
    let runs: &SiteName = &record.group.current_primary_site;
    let volumes: BTreeSet<ArrayVolumeName> =
        record.disks().filter_map(|(_, disk)| disk.copies.get(runs)).map(|copy| copy.array_volume.clone()).collect();
    newest_usable(&points(standby, call.world.site(standby)), &volumes.iter().collect()).is_some()
}
