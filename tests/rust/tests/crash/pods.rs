//! The same for groups in stretched pods.

use crate::story::{Incident, Story, survives_any_kill};
use protector_core::Result;
use protector_core::engine::Request;
use protector_core::model::Mappings;
use protector_tests::{failover, to_secondary, unplanned};

fn failback() -> Request {
    Request::Failback { mappings: Mappings::default() }
}

#[tokio::test]
async fn test_failover() -> Result<()> {
    let request = Request::TestFailover { mappings: to_secondary(), retain_primary: true };
    survives_any_kill(Story::in_pod(&[Request::Sync {}], request)).await
}

#[tokio::test]
async fn planned_failover() -> Result<()> {
    survives_any_kill(Story::in_pod(&[], failover())).await
}

#[tokio::test]
async fn failback_home() -> Result<()> {
    survives_any_kill(Story::in_pod(&[failover()], failback())).await
}

#[tokio::test]
async fn unplanned_failover() -> Result<()> {
    let story = Story::in_pod(&[], unplanned(true));
    survives_any_kill(Story { site: "site-b", what_happens: Incident::SiteLost, ..story }).await
}

/// The longest one: fences what was left, keeps it, retypes volumes into the pod.
#[tokio::test]
async fn reprotect_after_a_lost_site() -> Result<()> {
    let story = Story::in_pod(&[], Request::Reprotect {});
    survives_any_kill(Story { site: "site-b", what_happens: Incident::SiteLostAndBack, ..story }).await
}
