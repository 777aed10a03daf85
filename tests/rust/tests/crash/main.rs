//! Killed with SIGKILL at any point of an operation, a later run reaches the same end.

mod pods;
mod story;

use protector_core::Result;
use protector_core::engine::Request;
use protector_core::model::{Mappings, OperationStatus};
use protector_tests::{drill, failover, to_secondary, unplanned};
use story::{Incident, Story, survives_any_kill};

#[tokio::test]
async fn sync() -> Result<()> {
    survives_any_kill(Story::of(&[], Request::Sync {})).await
}

#[tokio::test]
async fn test_failover() -> Result<()> {
    let request = Request::TestFailover { mappings: to_secondary(), retain_primary: true };
    survives_any_kill(Story::of(&[Request::Sync {}], request)).await
}

/// I-21: a cleanup that is killed anywhere is made to its end.
#[tokio::test]
async fn test_cleanup() -> Result<()> {
    survives_any_kill(Story::of(&drill()[..2], Request::TestCleanup { test: None })).await
}

/// I-31
#[tokio::test]
async fn planned_failover() -> Result<()> {
    survives_any_kill(Story::of(&[Request::Sync {}], failover())).await
}

#[tokio::test]
async fn failback() -> Result<()> {
    let request = Request::Failback { mappings: Mappings::default() };
    survives_any_kill(Story::of(&[Request::Sync {}, failover()], request)).await
}

#[tokio::test]
async fn unplanned_failover() -> Result<()> {
    let story = Story::of(&[Request::Sync {}], unplanned(true));
    survives_any_kill(Story { site: "site-b", what_happens: Incident::SiteLost, ..story }).await
}

/// The longest one: protects the workload first, and gets the old servers out of the way.
#[tokio::test]
async fn failback_after_a_lost_site() -> Result<()> {
    let story = Story::of(&[Request::Sync {}], Request::Failback { mappings: Mappings::default() });
    survives_any_kill(Story { site: "site-b", what_happens: Incident::SiteLostAndBack, ..story }).await
}

/// Protects the workload where it runs: fences what was left, keeps what it held, and replicates.
#[tokio::test]
async fn reprotect_after_a_lost_site() -> Result<()> {
    let story = Story::of(&[Request::Sync {}], Request::Reprotect {});
    survives_any_kill(Story { site: "site-b", what_happens: Incident::SiteLostAndBack, ..story }).await
}

/// The fence and the snapshot stay, whatever becomes of the rest.
#[tokio::test]
async fn failback_after_a_lost_site_that_rolls_back() -> Result<()> {
    let story = Story::of(&[Request::Sync {}], Request::Failback { mappings: Mappings::default() });
    let (what_happens, ends) = (Incident::SiteLostAndBackWithoutLink, OperationStatus::RolledBack);
    survives_any_kill(Story { site: "site-b", what_happens, ends, ..story }).await
}

#[tokio::test]
async fn commit() -> Result<()> {
    let failback = Request::Failback { mappings: Mappings::default() };
    survives_any_kill(Story::of(&[Request::Sync {}, failover(), failback, failover()], Request::Commit {})).await
}

#[tokio::test]
async fn planned_failover_that_rolls_back() -> Result<()> {
    let story = Story::of(&[Request::Sync {}], failover());
    let (what_happens, ends) = (Incident::ReplicationRefused, OperationStatus::RolledBack);
    survives_any_kill(Story { what_happens, ends, ..story }).await
}

#[tokio::test]
async fn planned_failover_that_goes_on_without_members() -> Result<()> {
    let story = Story::of(&[Request::Sync {}], failover());
    let (what_happens, ends) = (Incident::OneNeverBoots, OperationStatus::CompletedPartial);
    survives_any_kill(Story { what_happens, ends, ..story }).await
}

#[tokio::test]
async fn test_failover_that_goes_on_without_members() -> Result<()> {
    let request = Request::TestFailover { mappings: to_secondary(), retain_primary: true };
    let (what_happens, ends) = (Incident::OneNeverBoots, OperationStatus::Failed);
    survives_any_kill(Story { what_happens, ends, ..Story::of(&[Request::Sync {}], request) }).await
}

#[tokio::test]
async fn retry_of_failed_members() -> Result<()> {
    let story = Story::of(&[Request::Sync {}], Request::RetryFailed { mappings: Mappings::default() });
    survives_any_kill(Story { what_happens: Incident::OneIsImportedLater, ..story }).await
}
