//! I-22, I-23: a test is beside production, and never becomes it.

use super::{completes, rehearsal, stage};
use protector_core::engine::Request;
use protector_core::plan::{Action, Phase};
use protector_core::ports::Cloud as _;
use protector_core::{Error, Result};
use protector_tests::{GROUP, failover, operate, to_secondary};
use std::collections::BTreeSet;

/// I-22: no server of a test is on a network that a server of production is on, and none has an address of production.
#[tokio::test]
async fn a_test_is_on_no_network_of_production() -> Result<()> {
    let stage = stage().await?;
    let world = stage.deployment.world();
    let before = world.cloud(&"site-a".into())?.servers().await?;
    completes(&stage.engine, &rehearsal()).await?;
    let of_tests: Vec<_> = world.cloud(&"site-b".into())?.servers().await?;
    let of_tests: Vec<_> = of_tests.into_iter().filter(|server| server.name.ends_with("-test")).collect();
    assert_eq!(of_tests.len(), 2);
    let networks: BTreeSet<_> =
        before.iter().flat_map(|s| &s.nics).map(|nic| (nic.network.clone(), nic.port.clone())).collect();
    let addresses: BTreeSet<_> = before.iter().flat_map(|s| &s.nics).flat_map(|nic| nic.fixed_ips.clone()).collect();
    for nic in of_tests.iter().flat_map(|server| &server.nics) {
        assert!(networks.iter().all(|(network, port)| *network != nic.network && *port != nic.port), "I-22: {nic:?}");
        assert!(nic.fixed_ips.iter().all(|address| !addresses.contains(address)), "I-22: {nic:?}");
    }
    assert_eq!(world.cloud(&"site-a".into())?.servers().await?, before, "I-22");
    Ok(())
}

/// I-22: a failover does not wait for the cleanup of a test, and takes no longer beside it. The test is cleaned up
/// afterwards.
#[tokio::test]
async fn a_failover_does_not_wait_for_an_open_test() -> Result<()> {
    let mut took = Vec::new();
    for has_test in [false, true] {
        let stage = stage().await?;
        if has_test {
            completes(&stage.engine, &rehearsal()).await?;
        }
        let ended = operate(&stage.engine, &failover()).await?;
        super::completed(&ended)?;
        let finished = ended.finished_at.ok_or_else(|| Error::internal("it has ended"))?;
        took.push(finished.duration_since(ended.started_at));
        if has_test {
            completes(&stage.engine, &Request::TestCleanup { test: None }).await?;
            super::completed(&operate(&stage.engine, &super::failback()).await?)?;
        }
    }
    assert_eq!(took[0], took[1], "I-22");
    Ok(())
}

/// I-23: the plan of a test and that of its cleanup have no step that changes who the primary is, stops, fences or protects
/// anything, and running them leaves the record as it was.
#[tokio::test]
async fn a_test_has_no_step_of_a_move() -> Result<()> {
    let stage = stage().await?;
    let before = stage.record(&stage.engine).await?;
    for request in [rehearsal(), Request::TestCleanup { test: None }] {
        let plan = stage.engine.plan(GROUP, &request).await?;
        assert!(!plan.kind.changes_metadata() && !plan.kind.moves_workload(), "I-23");
        for step in &plan.steps {
            let of_a_move = matches!(step.phase, Phase::Quiesce | Phase::Fence | Phase::Switch | Phase::Reprotect)
                || matches!(
                    step.action,
                    Action::StopServer { .. } | Action::RetireServer { .. } | Action::GroupVolumes { .. }
                );
            assert!(!of_a_move, "I-23: {} in {plan}", step.id);
        }
        completes(&stage.engine, &request).await?;
        assert_eq!(stage.record(&stage.engine).await?, before, "I-23");
    }
    // nor can one be asked for that would: its request has no type, no force and no word for it
    let words = serde_json::to_value(Request::TestFailover { mappings: to_secondary(), retain_primary: false })?;
    let words: Vec<String> = words.as_object().map(|o| o.keys().cloned().collect()).unwrap_or_default();
    assert_eq!(words, ["mappings", "operation", "retain_primary"], "I-23");
    Ok(())
}
