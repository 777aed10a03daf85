//! One attempt at one operation: its journal, its state, its watchers.

use super::measure::Measured;
use super::{Endpoints, Event, OperationState, Progress, Record, decide, lease};
use crate::model::{GroupRecord, OpKey, OperationStatus, ServerId, StepId};
use crate::plan::{Outputs, Plan, Step};
use crate::ports::{
    Cancel, Cx, GroupChange, JournalEntry, Lease, Outcome, StepDurations, StopRequest, StoredOperation,
};
use crate::{Error, ErrorKind, Result};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::BTreeSet,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

#[derive(Debug)]
pub(super) struct Run {
    pub(super) endpoints: Endpoints,
    pub(super) operation: StoredOperation,
    pub(super) plan: Plan,
    cancel: Cancel,
    progress: Progress,
    state: Mutex<OperationState>,
    lease: Mutex<Lease>,
    measured: Mutex<Measured>,
    /// Set for good once the lease was found lost: whatever is in flight makes no further call.
    lease_is_lost: AtomicBool,
    /// Set for good once a step has failed for which the operation stops.
    has_failed: AtomicBool,
    /// The request to stop that waits, as far as heard, and when we last asked for one.
    pub(super) stop: Mutex<Option<StopRequest>>,
    pub(super) asked_for_stop: Mutex<Timestamp>,
    /// The group as stored; nobody else may change it while the operation holds it.
    record: Mutex<Option<Arc<GroupRecord>>>,
    /// Steps that needed nothing when this attempt began, by position.
    settled_at_begin: OnceLock<Vec<bool>>,
    /// Weight of all steps, and of the settled ones.
    weight: u64,
    settled_weight: AtomicU64,
}

impl Run {
    #[allow(clippy::too_many_arguments, reason = "called once")]
    pub(super) fn new(
        endpoints: Endpoints,
        operation: StoredOperation,
        plan: Plan,
        state: OperationState,
        lease: Lease,
        cancel: Cancel,
        progress: Progress,
    ) -> Self {
        let weight = plan.steps.iter().map(|s| u64::from(s.weight)).sum();
        let asked_for_stop = Mutex::new(endpoints.clock.now());
        Self {
            endpoints,
            operation,
            plan,
            cancel,
            progress,
            state: Mutex::new(state),
            lease: Mutex::new(lease),
            measured: Mutex::default(),
            lease_is_lost: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            stop: Mutex::new(None),
            asked_for_stop,
            record: Mutex::new(None),
            settled_at_begin: OnceLock::new(),
            weight,
            settled_weight: AtomicU64::new(0),
        }
    }

    /// Counts what needs nothing more, once this attempt is written down.
    pub(super) fn take_stock(&self) {
        let settled = decide::settled(&self.plan, &self.state());
        let steps = self.plan.steps.iter().zip(&settled).filter(|(_, settled)| **settled);
        steps.for_each(|(step, _)| self.count_settled(step));
        // one attempt is begun once
        drop(self.settled_at_begin.set(settled));
    }

    /// Steps that needed nothing when this attempt began, by position.
    pub(super) fn settled_at_begin(&self) -> &[bool] {
        self.settled_at_begin.get().map_or(&[], Vec::as_slice)
    }

    pub(super) fn into_state(self) -> OperationState {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the state. Never hold the guard across an await.
    pub(super) fn state(&self) -> MutexGuard<'_, OperationState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what finished steps left behind.
    pub(super) fn outputs<T>(&self, read: impl FnOnce(&Outputs) -> T) -> T {
        read(&self.state().outputs)
    }

    /// The operation's members that do not arrive, as far as is known.
    pub(super) fn missing_members(&self) -> BTreeSet<ServerId> {
        decide::missing(&self.plan, &self.state())
    }

    pub(super) fn rolling_back(&self) -> bool {
        let state = self.state();
        state.rollback.is_some() && state.finished.is_none()
    }

    pub(super) fn status(&self) -> OperationStatus {
        self.state().status(false)
    }

    pub(super) fn lease_generation(&self) -> u64 {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner).generation
    }

    /// Nothing more begins, and what waits for a silent endpoint gives up.
    pub(super) fn note_failure(&self) {
        self.has_failed.store(true, Ordering::SeqCst);
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::SeqCst)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_requested()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.endpoints.clock.now()
    }

    /// Writes records, durably, then takes them into the state. Hears of a request to stop on the way.
    pub(super) async fn append(&self, records: Vec<Record>) -> Result<()> {
        self.append_with(records, None, false).await
    }

    /// The same, together with a change of the group's metadata and, with `close`, the end of the hold on the group.
    pub(super) async fn append_with(
        &self,
        records: Vec<Record>,
        change: Option<GroupChange>,
        close: bool,
    ) -> Result<()> {
        let entries = self.seal(&records)?;
        let (store, id, lease) = (&self.endpoints.store, &self.operation.id, self.lease_generation());
        let stop = match self.measure(&records, &entries) {
            Some(durations) if close => {
                store.finish_operation(id, lease, &entries, change.as_ref(), &durations).await?;
                None
            }
            _ => store.append(id, lease, &entries, change.as_ref(), close).await?,
        };
        if let Some(change) = change {
            *self.record.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(change.record));
        }
        entries.iter().try_for_each(|entry| self.state().apply(entry))?;
        self.hear(stop);
        Ok(())
    }

    /// Takes the time of steps. Returns what is worth keeping if `records` complete the operation.
    fn measure(&self, records: &[Record], entries: &[JournalEntry]) -> Option<Vec<StepDurations>> {
        let state = self.state();
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        for (record, entry) in records.iter().zip(entries) {
            measured.add(record, entry.at, |step| state.has_begun(step));
        }
        let completes = |record: &Record| matches!(record, Record::Finished { status: OperationStatus::Completed });
        records.iter().any(completes).then(|| measured.samples(&self.plan))
    }

    fn seal(&self, records: &[Record]) -> Result<Vec<JournalEntry>> {
        let (mut sequence, mut previous) = {
            let state = self.state();
            (state.next_sequence, state.last_hash.clone())
        };
        let now = self.now();
        let mut entries = Vec::with_capacity(records.len());
        for record in records {
            let entry = JournalEntry::seal(sequence, now, serde_json::to_string(record)?, &previous);
            sequence += 1;
            previous.clone_from(&entry.hash);
            entries.push(entry);
        }
        Ok(entries)
    }

    /// The group as stored; read once, then kept up with our own changes.
    pub(super) async fn record(&self) -> Result<Arc<GroupRecord>> {
        let known = self.record.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(record) = known {
            return Ok(record);
        }
        let id = &self.operation.group;
        let stored = self.endpoints.store.group(id.as_str()).await?;
        let record = Arc::new(stored.ok_or_else(|| Error::conflict(format!("protection group {id} is gone")))?);
        *self.record.lock().unwrap_or_else(PoisonError::into_inner) = Some(record.clone());
        Ok(record)
    }

    pub(super) fn op_key(&self, step: &StepId) -> OpKey {
        OpKey::new(format!("{}/{step}", self.operation.id))
    }

    /// The context for the calls of a step: from the pivot on they belong to the next epoch.
    pub(super) fn cx(&self, step: &Step) -> Cx {
        let epoch = decide::epoch_of(&self.plan, &self.state(), step);
        let deadline = self
            .now()
            .checked_add(SignedDuration::from_secs(i64::from(step.timeout_seconds)))
            .unwrap_or(Timestamp::MAX);
        Cx { op_key: self.op_key(&step.id), epoch, deadline, cancel: self.cancel.clone() }
    }

    /// Repeats an ensure-style call until it is finished. Before each try it makes sure of the lease, and listens for a
    /// request to stop.
    pub(super) async fn settle<T, F>(&self, cx: &Cx, mut call: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<Outcome<T>>>,
    {
        let guarded = || {
            let next = call();
            async move {
                self.keep_lease().await?;
                self.listen().await?;
                next.await
            }
        };
        super::settle::settle(&*self.endpoints.clock, cx, guarded).await
    }

    /// Repeats a read as [`settle`](Self::settle) repeats a change: one silent moment of an endpoint fails no step.
    pub(super) async fn observe<T, F>(&self, cx: &Cx, mut look: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.settle(cx, || {
            let next = look();
            async move { next.await.map(Outcome::Done) }
        })
        .await
    }

    /// Renews the lease when a third of it has passed. Nobody may take it before it has passed wholly, so that the time in
    /// between needs no look.
    ///
    /// # Errors
    /// somebody else took it → `Conflict`: this executor must not act any more.
    pub(super) async fn keep_lease(&self) -> Result<()> {
        let (expires_at, generation) = {
            let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
            (lease.expires_at, lease.generation)
        };
        let id = &self.operation.id;
        if self.lease_is_lost.load(Ordering::SeqCst) {
            return Err(Error::conflict(format!("{id} was taken over; this executor stops"))
                .remedy(format!("openstack protector operation show {id}")));
        }
        let now = self.now();
        if !lease::is_to_renew(expires_at, now) {
            return Ok(());
        }
        match self.endpoints.store.renew_lease(id, generation, lease::expiry(now)).await {
            Ok(renewed) => {
                *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = renewed;
                Ok(())
            }
            Err(e) => {
                self.lease_is_lost.fetch_or(e.kind() == ErrorKind::Conflict, Ordering::SeqCst);
                Err(e)
            }
        }
    }

    /// Counts a step that needs nothing more.
    pub(super) fn count_settled(&self, step: &Step) {
        self.settled_weight.fetch_add(u64::from(step.weight), Ordering::Relaxed);
    }

    pub(super) fn tell_step(&self, step: &Step, state: &str) {
        self.tell(Some(step.id.to_string()), step.title.clone(), state);
    }

    /// Its endpoint is silent, and is asked again. How long it takes then says nothing about such a step.
    pub(super) fn tell_waiting(&self, step: &Step, why: &Error) {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner).leave_out(&step.id);
        self.tell(Some(step.id.to_string()), format!("{}: {why}", step.title), "waiting");
    }

    pub(super) fn tell_operation(&self, state: &str) {
        self.tell(None, format!("{} of '{}'", self.plan.kind, self.plan.group_name), state);
    }

    fn tell(&self, step: Option<String>, title: String, state: &str) {
        let progress = match self.state().finished {
            Some((OperationStatus::Completed, _)) => 100,
            _ => percent(self.settled_weight.load(Ordering::Relaxed), self.weight),
        };
        let operation = self.operation.id.clone();
        self.progress.tell(&Event { operation, step, title, state: state.to_owned(), progress, at: self.now() });
    }
}

/// Share of `total` in percent; 100 is kept for the end.
pub(super) fn percent(done: u64, total: u64) -> u8 {
    u8::try_from(done.saturating_mul(100).checked_div(total).unwrap_or(0).min(99)).unwrap_or(99)
}
