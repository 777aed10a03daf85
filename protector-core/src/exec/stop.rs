//! Hearing of a request to stop, and answering it in the journal.

use super::run::Run;
use super::{Record, decide};
use crate::plan::{Consent, ConsentKind};
use crate::ports::{StopKind, StopRequest};
use crate::{Error, ErrorKind, Result};
use std::sync::PoisonError;

/// While a call is repeated, the store is asked at most so often.
const ASK_EVERY: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

impl Run {
    /// The request to stop that waits.
    pub(super) fn pending_stop(&self) -> Option<StopRequest> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what the store says. One that was answered already waits only because a process died before it took it back.
    pub(super) fn hear(&self, found: Option<StopRequest>) {
        let answered = self.state().answered.clone();
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = found.filter(|f| Some(f) != answered.as_ref());
        *self.asked_for_stop.lock().unwrap_or_else(PoisonError::into_inner) = self.now();
    }

    /// Whether no further step may begin.
    pub(super) fn is_stopping(&self) -> bool {
        self.is_cancelled() || self.pending_stop().is_some()
    }

    /// Asks for a request to stop, once in a while, and ends a wait that must not go on for it.
    ///
    /// # Errors
    /// the step is to be left where it is → `Cancelled`.
    pub(super) async fn listen(&self) -> Result<()> {
        let asked = *self.asked_for_stop.lock().unwrap_or_else(PoisonError::into_inner);
        if self.now().duration_since(asked) >= ASK_EVERY {
            self.ask().await;
        }
        match self.pending_stop() {
            Some(request) if decide::leaves_steps(&self.plan, &self.state(), request.kind) => {
                Err(self.stopped_by(&request))
            }
            _ => Ok(()),
        }
    }

    /// Asks for a request to stop now.
    pub(super) async fn ask(&self) {
        match self.endpoints.store.stop_request(&self.operation.id).await {
            Ok(found) => self.hear(found),
            // the next write of the journal tells whether the store still works
            Err(e) => tracing::warn!(target: "protector.engine.exec", "cannot ask for a request to stop: {e}"),
        }
    }

    /// For a wait that leaves nothing behind: an operation that moves nothing does not finish it.
    ///
    /// # Errors
    /// somebody asks to stop → `Cancelled`.
    pub(super) fn check_wait(&self) -> Result<()> {
        match self.pending_stop() {
            Some(request) if !self.plan.kind.changes_metadata() => Err(self.stopped_by(&request)),
            _ => Ok(()),
        }
    }

    /// Whether it moves nothing and was aborted, but has not ended yet.
    pub(super) fn is_given_up(&self) -> bool {
        let state = self.state();
        state.is_given_up() && state.finished.is_none()
    }

    fn stopped_by(&self, request: &StopRequest) -> Error {
        let id = &self.operation.id;
        Error::new(ErrorKind::Cancelled, format!("{id} was stopped on request: {request}"))
            .remedy(format!("openstack protector operation resume {id}"))
    }

    /// Stops where it is: the request goes into the journal, and the caller ends with the returned error.
    pub(super) async fn obey_cancel(&self, request: StopRequest) -> Result<Error> {
        let error = self.stopped_by(&request);
        self.append(vec![Record::CancelRequested { request: request.clone() }]).await?;
        self.withdraw(&request).await?;
        Ok(error)
    }

    /// Gives the operation up: from here on it is rolled back, or ends with what it made.
    pub(super) async fn obey_abort(&self, request: StopRequest) -> Result<()> {
        let mut records = vec![self.abort_record(&request)];
        if self.state().rollback.is_none() && decide::is_undone(&self.plan) {
            records.push(Record::RollbackStarted { reason: request.to_string() });
        }
        self.append(records).await?;
        self.withdraw(&request).await
    }

    fn abort_record(&self, request: &StopRequest) -> Record {
        let consents = request.leave_peer.then(|| Consent {
            kind: ConsentKind::MetadataDiverged,
            scope: format!("{} ends although {} may not hear of it", self.operation.id, self.endpoints.peer.site()),
            reason: request.reason.clone(),
        });
        Record::AbortRequested { request: request.clone(), consents: consents.into_iter().collect() }
    }

    /// An abort that came after the pivot: the way is forward.
    pub(super) async fn refuse_late_abort(&self) -> Result<()> {
        let late = self.pending_stop().filter(|r| r.kind == StopKind::Abort);
        let Some(request) = late.filter(|_| !self.state().can_abort(&self.plan)) else { return Ok(()) };
        let reason = "the pivot is done".to_owned();
        self.append(vec![Record::StopRefused { request: request.clone(), reason }]).await?;
        self.withdraw(&request).await
    }

    /// Takes back a request that is answered, or that nobody is left to answer.
    pub(super) async fn withdraw(&self, request: &StopRequest) -> Result<()> {
        self.endpoints.store.withdraw_stop(&self.operation.id, request).await?;
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        *stop = stop.take().filter(|waiting| waiting != request);
        Ok(())
    }
}
