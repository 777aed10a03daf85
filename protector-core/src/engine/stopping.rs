//! Operations: stop them, give them up, take them over.

use super::{Engine, OperationView, StopOptions};
use crate::exec::{OperationState, Progress, read_plan, too_late};
use crate::model::{OperationId, OperationKind, OperationStatus};
use crate::ports::{Cancel, StopKind, StopRequest, StoredOperation};
use crate::{Error, ErrorKind, Result};

impl Engine {
    /// Asks whoever executes the operation to stop at the next step boundary, and returns at once: `stop` in the view tells
    /// that the request waits. The journal is kept, and `run` continues.
    ///
    /// # Errors
    /// not on this site → `NotFound`; it has ended, or nobody is at work on it → `Precondition` naming what leads on;
    /// `leave_peer` → `InvalidRequest`: only an abort ends anything.
    pub async fn operation_cancel(&self, operation: &str, options: &StopOptions) -> Result<OperationView> {
        if options.leave_peer {
            return Err(Error::invalid("leave_peer was given with a cancel, which ends nothing")
                .remedy(format!("openstack protector operation abort {operation} --leave-peer")));
        }
        let (stored, state) = self.unfinished(operation).await?;
        let id = &stored.id;
        if !self.is_executing(id).await? {
            let way_back = if state.can_abort(&read_plan(&stored)?) {
                format!(", or give it up: openstack protector operation abort {id}")
            } else {
                String::new()
            };
            return Err(Error::precondition(format!("{id} stands still already: it is {}", state.status(false)))
                .remedy(format!("go on: openstack protector operation resume {id}{way_back}")));
        }
        self.0.endpoints.store.request_stop(id, &self.stop_request(StopKind::Cancel, options)).await?;
        self.operation_show(operation).await
    }

    /// Gives the operation up: what moves a workload restores its start and ends as `cancelled`, as long as its pivot is not
    /// done; a test or a sync just ends, and what a test made stays known to its cleanup.
    ///
    /// Somebody is at work on it: asks them to do that at the next step boundary, and returns at once; `stop` in the view tells
    /// that the request waits. Nobody is: does it here, or with `ask_only` leaves the request for whoever runs it next, who
    /// makes no step forward then. Restored already: shows it.
    ///
    /// # Errors
    /// not on this site → `NotFound`; the pivot is done, or it has ended otherwise → `Precondition` naming the way forward, and
    /// nothing was changed; stopped by `cancel` → `Cancelled`, `run` again goes on restoring; the journal cannot be
    /// written → `Storage`. What cannot be restored is no error of this call: see the returned operation.
    pub async fn operation_abort(
        &self,
        operation: &str,
        options: &StopOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<OperationView> {
        let (stored, state) = match self.unfinished(operation).await {
            Err(e) if e.kind() == ErrorKind::Precondition && self.is_restored(operation).await? => {
                return self.operation_show(operation).await;
            }
            found => found?,
        };
        if !state.can_abort(&read_plan(&stored)?) {
            return Err(too_late(&stored.id));
        }
        let id = &stored.id;
        let store = &self.0.endpoints.store;
        let request = store.request_stop(id, &self.stop_request(StopKind::Abort, options)).await?;
        if options.ask_only || self.is_executing(id).await? {
            return self.operation_show(operation).await;
        }
        match Box::pin(self.0.executor.abort(id, cancel, progress)).await {
            // somebody was faster, and reads the request
            Err(e) if e.kind() == ErrorKind::Conflict && self.is_executing(id).await? => {}
            Err(e) => {
                if e.kind() == ErrorKind::Precondition {
                    store.withdraw_stop(id, &request).await?;
                }
                return Err(e);
            }
            Ok(ended) => {
                if ended.finished.is_some() {
                    store.withdraw_stop(id, &request).await?;
                }
            }
        }
        self.operation_show(operation).await
    }

    /// Runs an operation here although another executor has it: one whose lease has expired, or whose process is certainly
    /// gone. Whom it was taken from is in the journal, and in the view. One that nobody has is run as by
    /// [`run`](Engine::run).
    ///
    /// # Errors
    /// as [`run`](Engine::run); a living executor has it → `Conflict` naming it, until when, and what to do; it has ended →
    /// `Precondition`.
    pub async fn operation_takeover(
        &self,
        operation: &str,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<OperationView> {
        self.unfinished(operation).await?;
        self.run(operation, cancel, progress).await
    }

    /// The operation, if it has not ended.
    async fn unfinished(&self, operation: &str) -> Result<(StoredOperation, OperationState)> {
        let stored = self.stored(operation).await?;
        let state = self.state(&stored.id).await?;
        let Some((status, at)) = state.finished else { return Ok((stored, state)) };
        let ended = format!("{} has ended: it is {status} since {at:.0}", stored.id);
        Err(Error::precondition(ended).remedy(way_on(&stored, status)))
    }

    async fn is_restored(&self, operation: &str) -> Result<bool> {
        let ended = self.state(&OperationId::new(operation)).await?.finished;
        Ok(matches!(ended, Some((OperationStatus::Cancelled | OperationStatus::RolledBack, _))))
    }

    fn stop_request(&self, kind: StopKind, options: &StopOptions) -> StopRequest {
        let holder = self.holder();
        let process = || format!("process {} on {}", holder.process, holder.host);
        StopRequest {
            kind,
            by: options.by.clone().unwrap_or_else(process),
            reason: options.reason.clone(),
            at: self.0.endpoints.clock.now(),
            leave_peer: options.leave_peer,
        }
    }
}

/// What leads on from an operation that has ended.
fn way_on(stored: &StoredOperation, status: OperationStatus) -> String {
    let group = &stored.group_name;
    match (stored.kind, status) {
        (OperationKind::PlannedFailover | OperationKind::UnplannedFailover, OperationStatus::Completed) => {
            format!("to move it back: openstack protector failback {group}")
        }
        (OperationKind::Failback, OperationStatus::Completed) => {
            format!("to move it again: openstack protector failover {group}")
        }
        (OperationKind::TestFailover, _) => {
            format!("to remove what it made: openstack protector test-cleanup {group}")
        }
        _ => format!("openstack protector protection-group show {group}"),
    }
}
