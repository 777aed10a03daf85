//! Test failovers that are not cleaned up, as the journals of one site tell.

use crate::Result;
use crate::exec::{OperationState, read_plan};
use crate::model::{OperationId, OperationKind, OperationStatus, ProtectionGroupId};
use crate::plan::Request;
use crate::ports::{OpenTest, OperationFilter, Store, StoredOperation};
use std::collections::BTreeSet;

/// Tests of a group that run, or have ended and left something, newest first.
///
/// # Errors
/// store cannot be read → `Storage`; a journal of another version → `Unsupported`.
pub(super) async fn open_tests(store: &dyn Store, group: &ProtectionGroupId) -> Result<Vec<OpenTest>> {
    let operations =
        store.operations(&OperationFilter { group: Some(group.clone()), ..OperationFilter::default() }).await?;
    let cleaned = cleaned(store, &operations).await?;
    let mut open = Vec::new();
    for stored in operations.iter().filter(|o| o.kind == OperationKind::TestFailover && !cleaned.contains(&o.id)) {
        let state = state(store, &stored.id).await?;
        // one that has ended without a clone made nothing else either
        if state.finished.is_none() || state.outputs.clone_key.is_some() {
            let site = read_plan(stored)?.target;
            open.push(OpenTest { operation: stored.id.clone(), site, since: stored.accepted_at });
        }
    }
    Ok(open)
}

/// Tests whose cleanup is complete.
///
/// # Errors
/// as [`open_tests`].
pub(super) async fn cleaned(store: &dyn Store, operations: &[StoredOperation]) -> Result<BTreeSet<OperationId>> {
    let mut cleaned = BTreeSet::new();
    for stored in operations.iter().filter(|o| o.kind == OperationKind::TestCleanup) {
        let completed = matches!(state(store, &stored.id).await?.finished, Some((OperationStatus::Completed, _)));
        if let (true, Request::TestCleanup { test: Some(test) }) = (completed, read_plan(stored)?.request) {
            cleaned.insert(test);
        }
    }
    Ok(cleaned)
}

async fn state(store: &dyn Store, id: &OperationId) -> Result<OperationState> {
    OperationState::read(store, id).await
}
