//! What an operation made, what was removed again, and the difference. By id, never by name.

use super::fold::{Told, unknown};
use super::value::{CleanupRun, Things, ThingsReport};
use crate::exec::StepState;
use crate::model::{ArrayVolumeId, OperationKind, ServerId};
use crate::plan::{Action, Observation, Step};
use crate::ports::StoredOperation;
use std::collections::BTreeSet;

/// What looking for untold things came to; `None`: nobody had to look.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) servers: Option<Observation<BTreeSet<ServerId>>>,
    pub(super) clones: Option<Observation<BTreeSet<ArrayVolumeId>>>,
}

impl Things {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.servers.len() + self.ports.len() + self.volumes.len() + self.clones.len()
    }

    fn add(&mut self, other: &Self) {
        self.servers.extend(other.servers.iter().cloned());
        self.ports.extend(other.ports.iter().cloned());
        self.volumes.extend(other.volumes.iter().cloned());
        self.clones.extend(other.clones.iter().cloned());
    }

    fn without(&self, other: &Self) -> Self {
        Self {
            servers: self.servers.difference(&other.servers).cloned().collect(),
            ports: self.ports.difference(&other.ports).cloned().collect(),
            volumes: self.volumes.difference(&other.volumes).cloned().collect(),
            clones: self.clones.difference(&other.clones).cloned().collect(),
        }
    }
}

/// Steps that may have made something and did not say what: begun without an outcome, or failed without an output.
pub(super) fn untold(told: &Told) -> impl Iterator<Item = &Step> {
    let outputs = &told.state.outputs;
    told.plan.steps.iter().filter(move |step| {
        let is_silent = match &step.action {
            Action::CloneVolumes { .. } => outputs.clone_key.is_none(),
            Action::ImportVolume { disk, .. } => !outputs.volumes.contains_key(disk),
            Action::EnsurePort { member, nic, .. } => !outputs.ports.contains_key(&(member.clone(), *nic)),
            Action::EnsureServer { member, .. } => !outputs.servers.contains_key(member),
            _ => false,
        };
        let state = told.state.step(&step.id);
        is_silent && matches!(state, Some(StepState::Begun | StepState::Failed(_) | StepState::MemberFailed(_)))
    })
}

pub(super) fn report(
    stored: &StoredOperation,
    told: &Told,
    cleanups: &[(StoredOperation, Told)],
    found: &Found,
) -> ThingsReport {
    let is_cleanup = stored.kind == OperationKind::TestCleanup;
    let (mut made, mut removed) = if is_cleanup {
        (removals(told, |_| true), removals(told, |state| state == Some(&StepState::Done)))
    } else {
        (made(told), undone(told))
    };
    if let Some(Observation::Known(servers)) = &found.servers {
        made.servers.extend(servers.iter().cloned());
    }
    if let Some(Observation::Known(clones)) = &found.clones {
        made.clones.extend(clones.iter().cloned());
    }
    for (_, cleanup) in cleanups {
        // a cleanup also removes what the test could not tell, and looked for it
        made.add(&removals(cleanup, |_| true));
        removed.add(&removals(cleanup, |state| state == Some(&StepState::Done)));
    }
    if let Some(Observation::Known(servers)) = &found.servers {
        // seen now: whatever was done about it, it is there
        removed.servers.retain(|server| !servers.contains(server));
    }
    ThingsReport {
        temporary: is_cleanup || stored.kind == OperationKind::TestFailover,
        left: made.without(&removed),
        untold: if is_cleanup { Vec::new() } else { untold(told).filter_map(|s| describe(s, found)).collect() },
        made,
        removed,
        cleanups: cleanups.iter().map(|(stored, told)| run(stored, told)).collect(),
    }
}

/// What may be there of a step, unless somebody looked.
fn describe(step: &Step, found: &Found) -> Option<String> {
    let silent = match &step.action {
        Action::EnsureServer { .. } => found.servers.as_ref().and_then(Observation::reason),
        Action::CloneVolumes { .. } => found.clones.as_ref().and_then(Observation::reason),
        Action::ImportVolume { .. } => Some("a Cinder volume without an outcome in the journal"),
        Action::EnsurePort { .. } => Some("a port without an outcome in the journal"),
        _ => None,
    };
    silent.map(|why| format!("{}: {why}", step.title))
}

fn made(told: &Told) -> Things {
    let outputs = &told.state.outputs;
    Things {
        servers: outputs.servers.values().map(|(id, _)| id.clone()).collect(),
        ports: outputs.ports.values().map(|(id, _)| id.clone()).collect(),
        volumes: outputs.volume_ids().cloned().collect(),
        clones: outputs.clones.values().map(|(id, _)| id.clone()).collect(),
    }
}

/// What a rollback removed: the clones, which is all that is made before the point of no return.
fn undone(told: &Told) -> Things {
    let is_undone = |step: &Step| {
        matches!(step.action, Action::CloneVolumes { .. }) && told.state.step(&step.id) == Some(&StepState::Undone)
    };
    match told.plan.steps.iter().any(is_undone) {
        true => Things { clones: made(told).clones, ..Things::default() },
        false => Things::default(),
    }
}

/// What the steps of a cleanup remove, of those whose state is `wanted`.
fn removals(told: &Told, wanted: impl Fn(Option<&StepState>) -> bool) -> Things {
    let mut things = Things::default();
    for step in told.plan.steps.iter().filter(|s| wanted(told.state.step(&s.id))) {
        match &step.action {
            Action::DeleteServer { server, .. } => drop(things.servers.insert(server.clone())),
            Action::DeletePort { port, .. } => drop(things.ports.insert(port.clone())),
            Action::ReleaseVolume { volume, .. } => drop(things.volumes.insert(volume.clone())),
            Action::RemoveClones { volumes, .. } => things.clones.extend(volumes.iter().cloned()),
            _ => {}
        }
    }
    things
}

fn run(stored: &StoredOperation, told: &Told) -> CleanupRun {
    CleanupRun {
        operation: stored.id.clone(),
        status: told.state.status(false),
        accepted_at: stored.accepted_at,
        ended_at: told.state.finished.map_or_else(|| unknown("it has not ended"), |(_, at)| Observation::Known(at)),
    }
}
