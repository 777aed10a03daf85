//! Products that break a rule. None of this is compiled into the real one: each is a wrap around what that decides.

use crate::model::Exploration;
use protector_core::model::StepId;
use protector_core::plan::{Action, OnFailure, Phase, Plan};

/// What a mutated product does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mutation {
    /// The pivot does not wait for the fence.
    ClonesBeforeTheFence,
    /// An unplanned failover is accepted without a word of two sides that may take writes.
    SaysNothingOfTwoSides,
    /// A rollback leaves the source fenced.
    LeavesTheFence,
    /// The source is fenced before the final recovery point has arrived.
    FencesBeforeTheArrival,
    /// Unplanned failovers wait for the source.
    WaitsForTheSource,
    /// Arrays hear callers that know an older epoch.
    OldEpochsAreHeard,
    /// A switch keeps its epoch.
    KeepsItsEpoch,
    /// An executor that wakes up does not look after its lease.
    ForgetsItsLease,
    /// An executor takes a lease that somebody living has.
    TakesALivingLease,
    /// Calls that land after a rollback count as what they are; the real product cannot keep them apart either.
    LateCallsCount,
    /// A planned move goes on when the source falls silent.
    GoesOnWithoutTheSource,
    /// A planned move has no fence at all.
    DoesNotFence,
    /// An engine fails over when the other site falls silent.
    FailsOverByItself,
    /// Old volumes are released although nothing else holds the data.
    CommitsWithoutProof,
    /// A resumed step does not look first whether it is done.
    DoesNotLookFirst,
    /// What is made once more after a lost reply has another name.
    RepeatsUnderAnotherName,
}

impl Exploration {
    /// The plan as a mutated planner would have made it.
    pub(crate) fn mutated(&self, mut plan: Plan) -> Plan {
        let moves = plan.kind.moves_workload() && plan.expected_loss == protector_core::plan::ExpectedLoss::None;
        match self.mutation {
            Some(Mutation::ClonesBeforeTheFence) if moves => pivot_does_not_wait_for_the_fence(&mut plan),
            Some(Mutation::FencesBeforeTheArrival) if moves => fence_does_not_wait_for_the_arrival(&mut plan),
            Some(Mutation::DoesNotFence) if moves => {
                pivot_does_not_wait_for_the_fence(&mut plan);
                plan.steps.retain(|step| !matches!(step.action, Action::Fence { .. }));
            }
            Some(Mutation::WaitsForTheSource) if !moves => {
                plan.steps.iter_mut().for_each(|step| step.on_failure = OnFailure::Stop);
            }
            _ => {}
        }
        plan
    }
}

/// What the fence comes after, the pivot comes after instead.
fn pivot_does_not_wait_for_the_fence(plan: &mut Plan) {
    let fences = |step: &&protector_core::plan::Step| matches!(step.action, Action::Fence { .. });
    let before: Vec<StepId> = plan.steps.iter().filter(fences).flat_map(|step| step.after.clone()).collect();
    for step in plan.steps.iter_mut().filter(|step| step.phase == Phase::Pivot) {
        step.after.clone_from(&before);
    }
}

/// The fence and the snapshot begin together.
fn fence_does_not_wait_for_the_arrival(plan: &mut Plan) {
    let taken = |step: &&protector_core::plan::Step| step.id.as_str() == "take_final_snapshot";
    let before: Vec<StepId> = plan.steps.iter().filter(taken).flat_map(|step| step.after.clone()).collect();
    let arrival = StepId::from("await_final_snapshot");
    for step in &mut plan.steps {
        match &step.action {
            Action::Fence { .. } => step.after.clone_from(&before),
            Action::CloneVolumes { .. } => step.after.push(arrival.clone()),
            _ => {}
        }
    }
}
