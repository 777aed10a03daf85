//! A crate outside of the workspace has the planner, by path and without the features that wait.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

#[test]
fn the_planner_alone_is_a_dependency_that_builds() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let place = TempDir::new().unwrap();
    let from = repository.join("tests/outside-crate");
    let manifest = fs::read_to_string(from.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("default-features = false"));
    let manifest = manifest.replace("../../protector-core", repository.join("protector-core").to_str().unwrap());
    fs::write(place.path().join("Cargo.toml"), manifest).unwrap();
    // the versions that are here already
    fs::copy(repository.join("Cargo.lock"), place.path().join("Cargo.lock")).unwrap();
    fs::create_dir(place.path().join("src")).unwrap();
    fs::copy(from.join("src/main.rs"), place.path().join("src/main.rs")).unwrap();

    let case = fs::read_to_string(repository.join("tests/data/plans/sync.json")).unwrap();
    let case: serde_json::Value = serde_json::from_str(&case).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--offline", "--"]).arg(case["facts"].to_string()).arg(case["request"].to_string());
    let done = cargo
        .current_dir(place.path())
        // beside what the workspace builds, and kept for the next time
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside-crate"))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let plan: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(plan["hash"], case["plan"]["hash"]);
}
