//! The plan hashes of the drill, which C and Python compare theirs with. `UPDATE_GOLDEN=1` writes them.

use protector_core::plan::Request;
use protector_core::{Error, Result};
use protector_tests::{VIRTUAL, deployment, drill, operate, protect};
use serde::{Deserialize, Serialize};
use std::path::Path;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    request: Request,
    kind: String,
    hash: String,
}

#[tokio::test]
async fn the_drill_gives_the_golden_plan_hashes() -> Result<()> {
    let deployment = deployment(VIRTUAL).await?;
    let engine = deployment.engine(Some("site-a"))?;
    protect(&deployment, &engine).await?;
    let mut rows = Vec::new();
    for request in drill() {
        let done = operate(&engine, &request).await?;
        rows.push(Row { request, kind: done.operation_type, hash: done.plan_hash });
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/drill.json");
    let unreadable = |e: std::io::Error| Error::storage(format!("{}: {e}", file.display()));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, serde_json::to_string_pretty(&rows)? + "\n").map_err(unreadable)?;
    }
    let golden: Vec<Row> = serde_json::from_str(&std::fs::read_to_string(&file).map_err(unreadable)?)?;
    assert_eq!(
        rows, golden,
        "if the plans changed on purpose: UPDATE_GOLDEN=1 cargo test -p protector-tests --test golden"
    );
    Ok(())
}
