//! Tests of a group in a pod leave the pod alone.

use crate::{check_protected, completes, protected};
use protector_core::Result;
use protector_core::engine::Request;
use protector_tests::compare::{rows, state};
use protector_tests::to_secondary;
use serde_json::Value;

fn rehearsal() -> Request {
    Request::TestFailover { mappings: to_secondary(), retain_primary: true }
}

/// I-20 and I-21 for a pod.
#[tokio::test]
async fn a_test_works_outside_of_the_pod_and_its_cleanup_leaves_nothing() -> Result<()> {
    let (_directory, stage) = protected().await?;
    stage.blocks(&stage.engine, &rehearsal(), &["no complete recovery point", "consistency-group sync"]).await?;
    completes(&stage.engine, &Request::Sync {}).await?;
    let before = state(&stage.deployment).await?;
    completes(&stage.engine, &rehearsal()).await?;

    let during = state(&stage.deployment).await?;
    assert_eq!(before["records"], during["records"]);
    unchanged(&before["world"], &during["world"]);
    let in_pod = |world: &Value| {
        let volumes = world["volumes"].as_array().cloned().unwrap_or_default();
        volumes.iter().filter(|v| !v["pod_id"].is_null()).count()
    };
    assert_eq!(in_pod(&before["world"]), in_pod(&during["world"]));
    let tested = rows(&stage.deployment, "cinder_volumes")?;
    let tested: Vec<_> = tested.iter().filter(|v| v["name"].as_str().is_some_and(|n| n.ends_with("-test"))).collect();
    assert_eq!(tested.len(), 4);
    assert!(tested.iter().all(|v| v["volume_type"] == "standard-ssd" && v["group_id"].is_null()), "{tested:?}");

    completes(&stage.engine, &Request::TestCleanup { test: None }).await?;
    let after = state(&stage.deployment).await?;
    unchanged(&before["world"], &after["world"]);
    for table in ["servers", "ports", "cinder_volumes", "attachments", "snapshots", "protection_group_volumes"] {
        assert_eq!(
            before["world"][table].as_array().map(Vec::len),
            after["world"][table].as_array().map(Vec::len),
            "{table}"
        );
    }
    check_protected(&stage.engine).await
}

/// Every row of `before` is in `after`, to the letter, less the hint where the search for a free address begins.
fn unchanged(before: &Value, after: &Value) {
    let plain = |row: &Value| {
        let mut row = row.clone();
        row.as_object_mut().and_then(|columns| columns.remove("next_host"));
        row
    };
    for (table, rows) in before.as_object().into_iter().flatten() {
        let after: Vec<Value> = after[table].as_array().into_iter().flatten().map(plain).collect();
        for row in rows.as_array().into_iter().flatten().map(plain) {
            assert!(after.contains(&row), "{table}: {row} was changed");
        }
    }
}
