//! A disk that is full while the stores on it are in use. It is a file system of the test's own, which a child mounts where
//! nobody else sees it.

use async_trait::async_trait;
use protector_core::config::Settings;
use protector_core::connect::{Deployment, db_sync};
use protector_core::engine::{Engine, GroupUpdate, Progress, Request, StorageDefaults};
use protector_core::exec::{Endpoints, Limits};
use protector_core::model::OperationStatus;
use protector_core::ports::{Cancel, JournalEntry};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::compare::end_state;
use protector_tests::stage::Stage;
use protector_tests::watched::{Watcher, watched};
use protector_tests::{GROUP, failover, protect};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the small disk is; a child knows it by this.
const SMALL: &str = "PROTECTOR_TEST_SMALL_DISK";

/// Runs another test of this file with a small disk at hand. The kernel may not let us mount one: then it says so.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn with_a_small_disk(test: &str) -> Result<()> {
    let failed = |e: std::io::Error| Error::internal(format!("cannot run '{test}': {e}"));
    let directory = tempfile::tempdir().map_err(failed)?;
    let small = directory.path().join("small");
    std::fs::create_dir(&small).map_err(failed)?;
    let run = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
        command.arg(&small).arg(std::env::current_exe()?).arg(test).env(SMALL, &small).output()
    };
    let mount = "mount -t tmpfs -o size=8m none \"$1\"";
    if !run(mount).is_ok_and(|probe| probe.status.success()) {
        println!("skipped: no file system of its own can be mounted here (unshare --map-root-user --mount)");
        return Ok(());
    }
    let done = run(&format!("{mount} && exec \"$2\" --exact \"$3\" --ignored --nocapture")).map_err(failed)?;
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
    Ok(())
}

/// The small disk, which can be filled to its last byte.
#[derive(Debug)]
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn given() -> Result<Self> {
        std::env::var_os(SMALL).map(|path| Self(path.into())).ok_or_else(|| Error::internal("run by the other test"))
    }

    fn fill(&self) -> Result<()> {
        let failed = |e: std::io::Error| Error::internal(format!("cannot fill the disk: {e}"));
        let mut filler = std::fs::File::create(self.0.join("filler")).map_err(failed)?;
        loop {
            match filler.write(&[1; 4096]) {
                Ok(_) => {}
                Err(e) if e.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
                Err(e) => return Err(failed(e)),
            }
        }
    }

    fn make_room(&self) -> Result<()> {
        std::fs::remove_file(self.0.join("filler")).map_err(|e| Error::internal(format!("nothing fills the disk: {e}")))
    }
}

/// The documents' group; the stores of both sites are in these directories. The world is in memory.
async fn protected(site_a: &Path, site_b: &Path) -> Result<Stage> {
    let stores = tempfile::tempdir_in(site_a).map_err(|e| Error::internal(e.to_string()))?.keep();
    for (site, directory) in [("site-a", site_a), ("site-b", site_b)] {
        let made = tempfile::tempdir_in(directory).map_err(|e| Error::internal(e.to_string()))?.keep();
        std::os::unix::fs::symlink(made, stores.join(site)).map_err(|e| Error::internal(e.to_string()))?;
    }
    let text = format!(
        "[engine]\nstorage_driver = mock\nmock_clock = virtual\ncloud_driver = mock\nlocal_site = site-a\n\
         [database]\nconnection = sqlite:///{}/{{site}}/store.db\n",
        stores.display()
    );
    let settings = Settings::from_text(&text, &BTreeMap::new())?;
    db_sync(&settings).await?;
    let deployment = Deployment::open(&settings).await?;
    let engine = deployment.engine(Some("site-a"))?;
    protect(&deployment, &engine).await?;
    let stage = Stage { deployment, engine };
    stage.completes(&Request::Sync {}).await?;
    Ok(stage)
}

fn described() -> GroupUpdate {
    // more than one page, which no space left in a file holds
    GroupUpdate { description: Some("the shop ".repeat(2000)), ..GroupUpdate::default() }
}

const SAYS: [&str; 3] = ["store.db'", "the disk is full", "df -h"];

#[test]
fn a_full_disk_refuses_an_edit_on_both_sites_or_none() -> Result<()> {
    with_a_small_disk("edits_on_a_full_disk")
}

#[tokio::test]
#[ignore = "the other half of a_full_disk_refuses_an_edit_on_both_sites_or_none"]
async fn edits_on_a_full_disk() -> Result<()> {
    let disk = SmallDisk::given()?;
    let large = tempfile::tempdir().map_err(|e| Error::internal(e.to_string()))?;
    for (site_a, site_b) in [(&*disk.0, large.path()), (large.path(), &*disk.0)] {
        let stage = protected(site_a, site_b).await?;
        disk.fill()?;
        let change = described();
        let update = || stage.engine.protection_group_update(GROUP, &change);
        stage.refuses(update(), ErrorKind::Storage, &SAYS).await?;
        disk.make_room()?;
        update().await?;
        let there = stage.other()?.protection_group_show(GROUP).await?;
        assert_eq!(there.description, change.description);
        assert_eq!(stage.engine.sync_status(GROUP).await?.differences, []);
    }
    Ok(())
}

#[test]
fn an_operation_begins_on_a_full_disk_wholly_or_not() -> Result<()> {
    with_a_small_disk("beginnings_on_a_full_disk")
}

#[tokio::test]
#[ignore = "the other half of an_operation_begins_on_a_full_disk_wholly_or_not"]
async fn beginnings_on_a_full_disk() -> Result<()> {
    let disk = SmallDisk::given()?;
    let stage = protected(&disk.0, &disk.0).await?;
    let plan = stage.engine.plan(GROUP, &failover()).await?;
    disk.fill()?;
    stage.refuses(stage.engine.accept(&plan), ErrorKind::Storage, &SAYS).await?;
    assert_eq!(stage.engine.operation_list_open().await?, []);
    disk.make_room()?;
    let accepted = stage.engine.accept(&plan).await?;
    assert_eq!(accepted.status, OperationStatus::Pending);
    Ok(())
}

#[test]
fn an_operation_on_a_disk_that_fills_up_goes_on_when_there_is_room() -> Result<()> {
    with_a_small_disk("operations_on_a_full_disk")
}

/// Fills the disk before a write of the journal.
#[derive(Debug)]
struct Fills {
    disk: SmallDisk,
    before: u64,
    writes: AtomicU64,
}

#[async_trait]
impl Watcher for Fills {
    async fn before(&self, _: &[JournalEntry]) {
        if self.writes.fetch_add(1, Ordering::SeqCst) + 1 == self.before {
            // not filled: then the operation completes, and the test sees it
            self.disk.fill().unwrap_or_default();
        }
    }

    async fn after(&self, _: &[JournalEntry]) {}
}

/// Runs a planned failover whose journal finds the disk full at the write number `before`, and goes on. Returns where it ends,
/// and whether the disk was filled at all.
async fn filled_up(before: u64) -> Result<(Value, bool)> {
    let disk = SmallDisk::given()?;
    let place = tempfile::tempdir_in(&disk.0).map_err(|e| Error::internal(e.to_string()))?;
    let stage = protected(place.path(), place.path()).await?;
    let operation = stage.accepted(&failover()).await?;
    let fills = Arc::new(Fills { disk: SmallDisk::given()?, before, writes: AtomicU64::new(0) });
    let endpoints = stage.engine.endpoints().clone();
    let endpoints = Endpoints { store: watched(endpoints.store.clone(), fills.clone()), ..endpoints };
    let engine = Engine::new(stage.engine.site().clone(), endpoints, StorageDefaults::default(), Limits::SEQUENTIAL);
    let run = async || engine.run(&operation, &Cancel::default(), &Progress::none()).await;
    let first = run().await;
    let was_filled = fills.writes.load(Ordering::SeqCst) >= before;
    if was_filled {
        let e = first.err().ok_or_else(|| Error::internal(format!("write {before} went well on a full disk")))?;
        let said = format!("{e} {}", e.remedy_text().unwrap_or_default());
        assert!(e.kind() == ErrorKind::Storage && SAYS.iter().all(|word| said.contains(word)), "{before}: {said}");
        let shown = engine.operation_show(&operation).await?;
        assert!(shown.finished_at.is_none() && shown.status != OperationStatus::Running, "{before}: {shown:#?}");
        disk.make_room()?;
        run().await?;
    }
    let shown = engine.operation_show(&operation).await?;
    assert_eq!(shown.status, OperationStatus::Completed, "{before}: {shown:#?}");
    Ok((end_state(&stage.deployment, &engine, &operation).await?, was_filled))
}

#[tokio::test]
#[ignore = "the other half of an_operation_on_a_disk_that_fills_up_goes_on_when_there_is_room"]
async fn operations_on_a_full_disk() -> Result<()> {
    let (undisturbed, was_filled) = filled_up(u64::MAX).await?;
    assert!(!was_filled);
    let mut before = 1;
    loop {
        let (end, was_filled) = filled_up(before).await?;
        assert_eq!(end, undisturbed, "write {before}");
        if !was_filled {
            break;
        }
        before += 1;
    }
    assert!(before > 20, "a failover has more than {before} writes");
    Ok(())
}
