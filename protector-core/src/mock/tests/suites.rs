use crate::mock::{World, WorldLocation, WorldTime, cloud_subject, storage_subject};
use crate::ports::ManualClock;
use crate::ports::conformance::{Report, cloud, run_all, storage};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

fn memory() -> World {
    World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap()
}

/// Worlds on files of their own.
struct Files {
    directory: tempfile::TempDir,
    made: AtomicU32,
}

impl Files {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), made: AtomicU32::new(0) }
    }

    fn next(&self, time: WorldTime) -> World {
        let n = self.made.fetch_add(1, Ordering::SeqCst);
        World::open(&WorldLocation::File(self.directory.path().join(format!("world-{n}.db"))), time).unwrap()
    }
}

/// The simulated world offers everything.
const UNSUPPORTED: &str = "what_is_not_offered_is_unsupported";

/// Only the checks named in `skipped` do not concern the simulated world.
fn assert_kept(report: Report, skipped: &[&str]) {
    match report.into_result() {
        Ok(report) => assert_eq!(report.skipped(), skipped),
        Err(report) => panic!("{report}"),
    }
}

#[tokio::test]
async fn storage_in_memory() {
    assert_kept(run_all(&storage::suite(), async || storage_subject(&memory())).await, &[UNSUPPORTED]);
}

#[tokio::test]
async fn storage_on_a_file() {
    let files = Files::new();
    assert_kept(
        run_all(&storage::suite(), async || storage_subject(&files.next(WorldTime::Virtual))).await,
        &[UNSUPPORTED],
    );
}

#[tokio::test]
async fn storage_under_a_given_clock() {
    let time = || WorldTime::Given(Arc::new(ManualClock::starting_at("2027-03-01T12:00:00Z".parse().unwrap())));
    let world = || World::open(&WorldLocation::Memory, time()).unwrap();
    assert_kept(run_all(&storage::suite(), async || storage_subject(&world())).await, &[UNSUPPORTED]);
}

#[tokio::test]
async fn cloud_in_memory() {
    assert_kept(run_all(&cloud::suite(), async || cloud_subject(&memory())).await, &[]);
}

#[tokio::test]
async fn cloud_on_a_file() {
    let files = Files::new();
    assert_kept(run_all(&cloud::suite(), async || cloud_subject(&files.next(WorldTime::Virtual))).await, &[]);
}
