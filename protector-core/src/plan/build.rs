//! Laying out steps.

use super::{Action, Phase, Step};
use crate::model::{GroupRecord, Member, ServerId, StepId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Collects steps in order.
#[derive(Debug)]
pub(super) struct Builder {
    steps: Vec<Step>,
    labels: HashMap<ServerId, String>,
}

/// What kind of step it is, in numbers.
struct Cost {
    weight: u32,
    timeout_seconds: u32,
}

impl Builder {
    pub(super) fn new(record: &GroupRecord) -> Self {
        // what a move comes to: an import per disk, five steps per member, and some around them
        let steps = record.disks().count() + 5 * record.members.len() + 32;
        Self { steps: Vec::with_capacity(steps), labels: member_labels(record) }
    }

    /// Name of a member in step ids and titles, unique within the group.
    pub(super) fn label(&self, member: &Member) -> String {
        self.labels.get(&member.id).cloned().unwrap_or_else(|| member.name.clone())
    }

    /// Adds a step and returns its id.
    pub(super) fn add(
        &mut self,
        id: impl Into<String>,
        phase: Phase,
        title: impl Into<String>,
        after: &[StepId],
        action: Action,
    ) -> StepId {
        let id = StepId::new(id.into());
        let cost = cost(&action);
        self.steps.push(Step {
            id: id.clone(),
            title: title.into(),
            phase,
            after: after.to_vec(),
            weight: cost.weight,
            timeout_seconds: cost.timeout_seconds,
            best_effort: false,
            member: None,
            action,
        });
        id
    }

    /// Marks the step added last.
    pub(super) fn best_effort(&mut self) {
        if let Some(step) = self.steps.last_mut() {
            step.best_effort = true;
        }
    }

    /// Gives the step added last another time limit.
    pub(super) fn timeout(&mut self, seconds: u32) {
        if let Some(step) = self.steps.last_mut() {
            step.timeout_seconds = seconds;
        }
    }

    /// Says whose step the one added last is.
    pub(super) fn of(&mut self, member: &Member) {
        if let Some(step) = self.steps.last_mut() {
            step.member = Some(member.id.clone());
        }
    }

    /// One step to wait for instead of many: keeps the number of edges linear.
    pub(super) fn barrier(
        &mut self,
        id: impl Into<String>,
        phase: Phase,
        title: impl Into<String>,
        after: Vec<StepId>,
    ) -> Vec<StepId> {
        if after.len() < 2 {
            return after;
        }
        vec![self.add(id, phase, title, &after, Action::Barrier {})]
    }

    pub(super) fn finish(self) -> Vec<Step> {
        self.steps
    }
}

fn cost(action: &Action) -> Cost {
    let (weight, timeout_seconds) = match action {
        Action::Barrier {} => (0, 60),
        Action::Announce {}
        | Action::SwitchPrimary { .. }
        | Action::SettleOldSite { .. }
        | Action::ForgetRetained { .. }
        | Action::Close {} => (1, 60),
        Action::StopServer { .. } | Action::StopOldServer { .. } => (5, 300),
        Action::TakeSnapshot { .. } | Action::PreserveGroup { .. } => (2, 120),
        Action::ProveSurvival { .. } => (1, 120),
        Action::AwaitTransfer { .. } => (10, 3600),
        Action::Fence { .. }
        | Action::FenceOldGroup { .. }
        | Action::CloneVolumes { .. }
        | Action::DestroyRetained { .. }
        | Action::RemoveClones { .. } => (3, 300),
        Action::ImportVolume { .. }
        | Action::ReleaseVolume { .. }
        | Action::GroupVolumes { .. }
        | Action::LeaveGroup { .. } => (2, 300),
        Action::RetireServer { .. } | Action::DeleteServer { .. } => (2, 300),
        Action::EnsurePort { .. } | Action::DeletePort { .. } | Action::VerifyServer { .. } => (1, 120),
        Action::EnsureServer { .. } => (10, 600),
        Action::EnsureArrayGroup { .. }
        | Action::EnsureReplication { .. }
        | Action::AcceptFromPeer { .. }
        | Action::DisableReplication { .. } => (2, 300),
    };
    Cost { weight, timeout_seconds }
}

/// Members by tier, ascending, each tier by name then id.
pub(super) fn tiers(record: &GroupRecord) -> BTreeMap<u16, Vec<&Member>> {
    let mut tiers: BTreeMap<u16, Vec<&Member>> = BTreeMap::new();
    for member in &record.members {
        tiers.entry(member.tier).or_default().push(member);
    }
    for members in tiers.values_mut() {
        members.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    }
    tiers
}

/// Server names, made unique by the start of the id where two members share one.
fn member_labels(record: &GroupRecord) -> HashMap<ServerId, String> {
    let mut seen = BTreeSet::new();
    let shared: BTreeSet<&str> =
        record.members.iter().map(|m| m.name.as_str()).filter(|name| !seen.insert(*name)).collect();
    let label = |m: &Member| {
        if shared.contains(m.name.as_str()) { format!("{}-{}", m.name, m.id) } else { m.name.clone() }
    };
    record.members.iter().map(|m| (m.id.clone(), label(m))).collect()
}
