//! What the journals of a walk say.

use super::broken;
use crate::acts::SITES;
use crate::walk::Walk;
use protector_core::Result;
use protector_core::engine::OperationView;
use protector_core::exec::{OperationState, Record};
use protector_core::model::OperationStatus;
use protector_core::plan::{Action, ConsentKind, Plan, StepOutput};
use protector_core::ports::{FenceState, OperationFilter, StoredOperation, verify_chain};

/// I-08, I-41: every journal is whole, tells how its operation stands, and shows a fence or a consent before each pivot.
pub(crate) async fn journals_tell_everything(walk: &Walk) -> Result<()> {
    for site in SITES {
        let engine = walk.engine(site)?;
        let store = &engine.endpoints().store;
        for stored in store.operations(&OperationFilter::default()).await? {
            let journal = store.journal(&stored.id, 0).await?;
            verify_chain(&journal).map_err(|e| broken("I-41", format!("{}: {e}", stored.id)))?;
            let state = OperationState::fold(&journal)?;
            let shown = engine.operation_show(stored.id.as_str()).await?;
            if shown.status != state.status(false) && shown.finished_at.is_some() {
                return Err(broken(
                    "I-41",
                    format!("{} is shown {}, not {}", stored.id, shown.status, state.status(false)),
                ));
            }
            let records = journal.into_iter().map(|entry| Ok(serde_json::from_str(&entry.record)?));
            a_fence_or_a_consent_comes_first(&stored, &records.collect::<Result<Vec<Record>>>()?)?;
        }
    }
    Ok(())
}

/// I-41: what people are shown of an operation that nobody is at work on is what its journal says.
pub(crate) fn is_shown_as_it_stands(shown: &OperationView, state: &OperationState) -> Result<()> {
    let told = (state.status(false), state.finished.map(|(_, at)| at));
    if shown.status == OperationStatus::Running || (shown.status, shown.finished_at) == told {
        return Ok(());
    }
    Err(broken("I-41", format!("{} is shown as {}, and its journal says {told:?}", shown.id, shown.status)))
}

/// I-08.
pub(crate) fn a_fence_or_a_consent_comes_first(stored: &StoredOperation, records: &[Record]) -> Result<()> {
    let plan: Plan = serde_json::from_str(&stored.plan)?;
    if !plan.kind.moves_workload() {
        return Ok(());
    }
    let pivot = plan.steps.iter().find(|step| matches!(step.action, Action::CloneVolumes { .. })).map(|step| &step.id);
    let mut covered = false;
    for record in records {
        match record {
            Record::PlanAccepted { consents, .. } => {
                covered |= consents.iter().any(|consent| consent.kind == ConsentKind::SourceUnverified);
            }
            Record::StepDone { output: StepOutput::Fenced { site, state, .. }, .. } => {
                covered |= *site == plan.source && *state == FenceState::Fenced;
            }
            Record::StepIntent { step } if Some(step) == pivot && !covered => {
                let what = format!("{} passed its pivot without a fence of {} or a consent", stored.id, plan.source);
                return Err(broken("I-08", what));
            }
            _ => {}
        }
    }
    Ok(())
}
