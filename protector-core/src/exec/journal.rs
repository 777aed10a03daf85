//! The journal: what is written before and after each effect, and how it folds into the state of an operation.
//!
//! No other status is stored anywhere. An intent without an outcome means: it may or may not have happened; the step is
//! made again, and every step looks first.

mod record;

pub use record::{JOURNAL_SCHEMA, Measures, Record};

use crate::model::{Lookup, OperationId, OperationStatus, StepId};
use crate::plan::{Consent, Outputs, Plan, StepOutput};
use crate::ports::{JOURNAL_START, JournalEntry, LeaseHolder, StopRequest, Store};
use crate::{Error, Result};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use record::{OfStep, read};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

/// Entries that are read at once: some milliseconds of work.
const PAGE: u32 = 4096;

/// Pages that are read, or read already and being checked, while one is folded.
const PAGES_AHEAD: usize = 2;

/// How a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// Intent without outcome.
    Begun,
    /// Done.
    Done,
    /// Best effort, failed.
    Skipped(String),
    /// Failed.
    Failed(String),
    /// Failed, and its member with it: not made again by itself.
    MemberFailed(String),
    /// Undone.
    Undone,
}

/// What the journal says of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepHistory {
    /// How it stands; absent if it is to be made again.
    pub state: Option<StepState>,
    /// When it began for the first time.
    pub begun_at: Option<Timestamp>,
    /// When it got its last outcome. A step that was begun again has none.
    pub ended_at: Option<Timestamp>,
}

/// The state of an operation: its journal, folded.
#[derive(Debug, Clone, Default)]
pub struct OperationState {
    /// Sequence the next entry gets.
    pub next_sequence: u64,
    /// Hash of the last entry.
    pub last_hash: Arc<str>,
    /// What is written of each step that has begun. The others are pending.
    pub steps: Lookup<StepId, StepHistory>,
    /// What is worth knowing of steps that were undone.
    pub undo_notes: BTreeMap<StepId, String>,
    /// What finished steps left behind.
    pub outputs: Outputs,
    /// Set once the start is being restored.
    pub rollback: Option<String>,
    /// How and when it ended.
    pub finished: Option<(OperationStatus, Timestamp)>,
    /// When the first attempt began.
    pub attempted_at: Option<Timestamp>,
    /// Number of attempts.
    pub attempts: u32,
    /// The failure that stopped the last attempt.
    pub error: Option<String>,
    /// What was accepted, with the plan or with an abort.
    pub consents: Vec<Consent>,
    /// Whom the last attempt took the lease from.
    pub taken_from: Option<LeaseHolder>,
    /// The last request to stop that was obeyed or refused.
    pub answered: Option<StopRequest>,
    /// The request that stopped the last attempt.
    pub stopped: Option<StopRequest>,
    /// Set once an abort, and not a failure, made the start be restored.
    pub aborted: bool,
    /// Set once an abort brought the consent to end here although the other site is silent.
    pub leave_peer: bool,
}

impl OperationState {
    /// Folds a journal from its beginning.
    ///
    /// # Errors
    /// a record that this build does not know → `Unsupported`: it refuses rather than guesses.
    pub fn fold(entries: &[JournalEntry]) -> Result<Self> {
        let mut state = Self::before_any();
        state.apply_all(entries)?;
        Ok(state)
    }

    /// Reads a journal and folds it, page by page: the next ones are read and checked while one is folded.
    ///
    /// # Errors
    /// as [`Store::journal`] and [`OperationState::fold`].
    pub async fn read(store: &dyn Store, id: &OperationId) -> Result<Self> {
        Self::read_in_pages(store, id, PAGE).await
    }

    async fn read_in_pages(store: &dyn Store, id: &OperationId, size: u32) -> Result<Self> {
        let mut state = Self::before_any();
        let mut page = store.journal_page(id, 0, size).await?;
        // entries are numbered without gaps, so each page is known by its first one
        let pages = (1_u64..).map(|page| store.journal_page(id, page * u64::from(size), size));
        let mut pages = pin!(stream::iter(pages).buffered(PAGES_AHEAD));
        while page.len() >= size as usize {
            let (next, folded) = tokio::join!(biased; pages.next(), async { state.apply_all(&page) });
            folded?;
            page = next.transpose()?.unwrap_or_default();
        }
        state.apply_all(&page)?;
        Ok(state)
    }

    fn before_any() -> Self {
        Self { last_hash: JOURNAL_START.into(), ..Self::default() }
    }

    fn apply_all(&mut self, entries: &[JournalEntry]) -> Result<()> {
        entries.iter().try_for_each(|entry| self.apply(entry))
    }

    /// Adds one entry.
    ///
    /// # Errors
    /// as [`OperationState::fold`].
    pub fn apply(&mut self, entry: &JournalEntry) -> Result<()> {
        match serde_json::from_str(&entry.record) {
            Ok(OfStep { record: "step_intent", step, .. }) => self.begin(step, entry.at),
            Ok(OfStep { record: "step_done", step, output: Some(output) }) => self.done(step, output, entry.at),
            // any other one, or the name of a step with characters that JSON escapes
            _ => self.add(read(entry)?, entry.at)?,
        }
        self.next_sequence = entry.sequence + 1;
        self.last_hash.clone_from(&entry.hash);
        Ok(())
    }

    /// Adds what one record says, written at `at`. Where the entry stands in the chain is not looked at.
    ///
    /// # Errors
    /// a journal of another version → `Unsupported`.
    pub fn add(&mut self, record: Record, at: Timestamp) -> Result<()> {
        match record {
            Record::PlanAccepted { schema, .. } if schema != JOURNAL_SCHEMA => {
                return Err(Error::unsupported(format!(
                    "journal has schema {schema}, this build reads {JOURNAL_SCHEMA}"
                )));
            }
            Record::PlanAccepted { consents, .. } => self.consents = consents,
            Record::Attempt { taken_from, .. } => {
                self.attempts += 1;
                self.attempted_at.get_or_insert(at);
                (self.error, self.stopped, self.taken_from) = (None, None, taken_from);
            }
            Record::CancelRequested { request } => {
                self.stopped = Some(request.clone());
                self.answered = Some(request);
            }
            Record::AbortRequested { request, consents } => {
                self.aborted |= self.rollback.is_none();
                self.leave_peer |= request.leave_peer;
                self.consents.extend(consents);
                self.answered = Some(request);
            }
            Record::StopRefused { request, .. } => self.answered = Some(request),
            Record::StepIntent { step } => self.begin(step.as_str(), at),
            Record::StepDone { step, output } => self.done(step.as_str(), output, at),
            Record::StepSkipped { step, reason } => self.end(step.as_str(), StepState::Skipped(reason), at),
            Record::StepFailed { step, message, .. } => {
                self.error = Some(message.clone());
                self.end(step.as_str(), StepState::Failed(message), at);
            }
            Record::MemberFailed { step, message, output, .. } => {
                self.outputs.add(output);
                self.end(step.as_str(), StepState::MemberFailed(message), at);
            }
            Record::Stopped { reason } => self.error = Some(reason),
            Record::MembersReopened {} => {
                let states = self.steps.values_mut().map(|history| &mut history.state);
                states
                    .filter(|state| matches!(state, Some(StepState::MemberFailed(_))))
                    .for_each(|state| *state = None);
            }
            Record::StepReopened { step } => {
                self.change(step.as_str(), |history| (history.state, history.ended_at) = (None, None));
            }
            Record::RollbackStarted { reason } => self.rollback = Some(reason),
            Record::StepUndone { step, note } => {
                self.end(step.as_str(), StepState::Undone, at);
                if let Some(note) = note {
                    self.undo_notes.insert(step, note);
                }
            }
            Record::Finished { status } => self.finished = Some((status, at)),
        }
        Ok(())
    }

    fn begin(&mut self, step: &str, at: Timestamp) {
        self.change(step, |history| {
            history.begun_at.get_or_insert(at);
            (history.state, history.ended_at) = (Some(StepState::Begun), None);
        });
    }

    fn done(&mut self, step: &str, output: StepOutput, at: Timestamp) {
        self.outputs.add(output);
        self.end(step, StepState::Done, at);
    }

    fn end(&mut self, step: &str, state: StepState, at: Timestamp) {
        self.change(step, |history| (history.state, history.ended_at) = (Some(state), Some(at)));
    }

    /// The name of a step is kept from its first record; later ones only look it up.
    fn change(&mut self, step: &str, change: impl FnOnce(&mut StepHistory)) {
        match self.steps.get_mut(step) {
            Some(history) => change(history),
            None => {
                let mut history = StepHistory::default();
                change(&mut history);
                self.steps.insert(step.into(), history);
            }
        }
    }

    /// How the step stands; absent if it is pending.
    pub fn step(&self, step: &StepId) -> Option<&StepState> {
        self.steps.get(step)?.state.as_ref()
    }

    /// How the steps stand that are not pending, in no order.
    pub fn states(&self) -> impl Iterator<Item = &StepState> {
        self.steps.values().filter_map(|history| history.state.as_ref())
    }

    /// Whether the step has ever begun.
    pub fn has_begun(&self, step: &StepId) -> bool {
        self.begun_at(step).is_some()
    }

    /// When the step began for the first time.
    pub fn begun_at(&self, step: &StepId) -> Option<Timestamp> {
        self.steps.get(step)?.begun_at
    }

    /// When the step got its last outcome, unless it was begun again.
    pub fn ended_at(&self, step: &StepId) -> Option<Timestamp> {
        self.steps.get(step)?.ended_at
    }

    /// Whether the step needs nothing more.
    pub fn is_settled(&self, step: &StepId) -> bool {
        matches!(self.step(step), Some(StepState::Done | StepState::Skipped(_)))
    }

    /// Whether the step failed and its member with it.
    pub fn has_failed(&self, step: &StepId) -> bool {
        matches!(self.step(step), Some(StepState::MemberFailed(_)))
    }

    /// Whether the way back is closed: the pivot is done.
    pub fn pivot_passed(&self, plan: &Plan) -> bool {
        plan.steps.iter().any(|s| s.phase == crate::plan::Phase::Pivot && self.step(&s.id) == Some(&StepState::Done))
    }

    /// Whether an abort can still restore the start: the pivot is not done. One that moves nothing can be given up at any
    /// time.
    pub fn can_abort(&self, plan: &Plan) -> bool {
        self.finished.is_none() && !(plan.kind.changes_metadata() && self.pivot_passed(plan))
    }

    /// Whether it was given up and not undone: what it made stays, and it lets the group go.
    pub fn is_given_up(&self) -> bool {
        self.aborted && self.rollback.is_none()
    }

    /// 0 to 100 by the weights of settled steps; 100 only when completed.
    pub fn progress(&self, plan: &Plan) -> u8 {
        if matches!(self.finished, Some((OperationStatus::Completed, _))) {
            return 100;
        }
        let total: u64 = plan.steps.iter().map(|s| u64::from(s.weight)).sum();
        let done: u64 = plan.steps.iter().filter(|s| self.is_settled(&s.id)).map(|s| u64::from(s.weight)).sum();
        super::run::percent(done, total)
    }

    /// The status, given whether an executor is at work.
    pub fn status(&self, executing: bool) -> OperationStatus {
        match (self.finished, executing) {
            (Some((status, _)), _) => status,
            (None, true) => OperationStatus::Running,
            (None, false) if self.attempts == 0 => OperationStatus::Pending,
            (None, false) if self.error.is_some() => OperationStatus::Failed,
            (None, false) => OperationStatus::Interrupted,
        }
    }
}

#[cfg(test)]
mod tests;
