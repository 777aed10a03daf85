//! Laying out steps.

use super::{Action, OnFailure, Phase, Step};
use crate::model::{GroupRecord, LookupSet, Member, StepId};
use std::borrow::Cow;
use std::fmt::{Display, Write};

/// Collects steps in order.
#[derive(Debug)]
pub(super) struct Builder {
    steps: Vec<Step>,
    /// Names that several members have.
    shared: LookupSet<String>,
    /// Where texts are put together.
    text: String,
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
        Self { steps: Vec::with_capacity(steps), shared: shared_names(record), text: String::new() }
    }

    /// Name of a member in step ids and titles, unique within the group: with its id where another one has the same name.
    pub(super) fn label<'a>(&self, member: &'a Member) -> Cow<'a, str> {
        match self.shared.contains(member.name.as_str()) {
            true => format!("{}-{}", member.name, member.id).into(),
            false => member.name.as_str().into(),
        }
    }

    /// Adds a step and returns its id.
    pub(super) fn add(
        &mut self,
        id: impl Display,
        phase: Phase,
        title: impl Display,
        after: &[StepId],
        action: Action,
    ) -> StepId {
        let id = StepId::from(self.written(id));
        let title = self.written(title).to_owned();
        let cost = cost(&action);
        self.steps.push(Step {
            id: id.clone(),
            title,
            phase,
            after: after.to_vec(),
            weight: cost.weight,
            timeout_seconds: cost.timeout_seconds,
            on_failure: OnFailure::Stop,
            member: None,
            action,
        });
        id
    }

    fn written(&mut self, text: impl Display) -> &str {
        self.text.clear();
        // a string takes all that is written
        let _ = write!(self.text, "{text}");
        &self.text
    }

    /// Says what a failure of the step added last means.
    pub(super) fn on_failure(&mut self, means: OnFailure) {
        if let Some(step) = self.steps.last_mut() {
            step.on_failure = means;
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
        id: impl Display,
        phase: Phase,
        title: impl Display,
        after: Vec<StepId>,
    ) -> Vec<StepId> {
        if after.len() < 2 {
            return after;
        }
        self.outcomes(id, phase, title, &after)
    }

    /// One step to wait for, also instead of a single one: a step that comes directly after that of another member depends
    /// on its success, one that comes after a barrier does not.
    pub(super) fn outcomes(
        &mut self,
        id: impl Display,
        phase: Phase,
        title: impl Display,
        after: &[StepId],
    ) -> Vec<StepId> {
        vec![self.add(id, phase, title, after, Action::Barrier {})]
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
        Action::AwaitTransfer { .. } | Action::AwaitInStep { .. } => (10, 3600),
        Action::Fence { .. }
        | Action::FenceOldGroup { .. }
        | Action::CloneVolumes { .. }
        | Action::ReopenVolumes { .. }
        | Action::DestroyRetained { .. }
        | Action::RemoveClones { .. } => (3, 300),
        Action::ImportVolume { .. }
        | Action::RetypeVolume { .. }
        | Action::ReleaseVolume { .. }
        | Action::GroupVolumes { .. }
        | Action::LeaveGroup { .. } => (2, 300),
        Action::RetireServer { .. } | Action::DeleteServer { .. } => (2, 300),
        Action::EnsurePort { .. } | Action::DeletePort { .. } | Action::VerifyServer { .. } => (1, 120),
        Action::CheckServer { check, .. } => (2, check.timeout_seconds()),
        Action::Confirm { .. } => (1, 300),
        Action::EnsureServer { .. } => (10, 600),
        Action::EnsureArrayGroup { .. }
        | Action::EnsureReplication { .. }
        | Action::AcceptFromPeer { .. }
        | Action::DisableReplication { .. } => (2, 300),
    };
    Cost { weight, timeout_seconds }
}

fn shared_names(record: &GroupRecord) -> LookupSet<String> {
    let mut seen = LookupSet::with_capacity_and_hasher(record.members.len(), Default::default());
    record.members.iter().map(|member| &member.name).filter(|name| !seen.insert(*name)).cloned().collect()
}
