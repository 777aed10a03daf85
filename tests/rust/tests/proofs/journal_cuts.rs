//! I-31: a journal that ends anywhere, in the middle of a byte range that was being written, is read as a valid prefix, and
//! whoever goes on from there reaches the end of a run that nobody interrupted.

use super::{accepted, run, with_watcher};
use async_trait::async_trait;
use protector_core::connect::Deployment;
use protector_core::engine::{Engine, Request};
use protector_core::exec::OperationState;
use protector_core::model::OperationStatus;
use protector_core::ports::{JournalEntry, verify_chain};
use protector_core::{Error, Result};
use protector_tests::compare::{differences, end_state};
use protector_tests::watched::Watcher;
use protector_tests::{failover, files, operate, protect, unplanned};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// More writes than a journal of these operations has.
const MOST_WRITES: usize = 200;

/// Freezes an executor right after its write number `freezes_at`, and knows where the file of the log stood before.
#[derive(Debug)]
struct Scissors {
    log: PathBuf,
    freezes_at: usize,
    writes: AtomicUsize,
    before: Mutex<u64>,
    frozen: Notify,
}

impl Scissors {
    fn new(directory: &Path, site: &str, freezes_at: usize) -> Arc<Self> {
        let log = directory.join(format!("{site}.db-wal"));
        let (writes, before, frozen) = Default::default();
        Arc::new(Self { log, freezes_at, writes, before, frozen })
    }

    fn length(&self) -> u64 {
        fs::metadata(&self.log).map_or(0, |found| found.len())
    }
}

#[async_trait]
impl Watcher for Scissors {
    async fn before(&self, _: &[JournalEntry]) {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = self.length();
    }

    async fn after(&self, _: &[JournalEntry]) {
        if self.writes.fetch_add(1, Ordering::SeqCst) + 1 == self.freezes_at {
            self.frozen.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// A replicated group on files, with an accepted operation.
async fn prepared(directory: &Path, site: &str, request: &Request) -> Result<String> {
    let deployment = files::seeded(directory).await?;
    let home = deployment.engine(Some("site-a"))?;
    protect(&deployment, &home).await?;
    assert_eq!(operate(&home, &Request::Sync {}).await?.status, OperationStatus::Completed);
    if site == "site-b" {
        deployment.world().set_site_available(&"site-a".into(), false)?;
    }
    accepted(&deployment.engine(Some(site))?, request).await
}

/// Runs until the write number `freezes_at`; `None`: it came to its end before. Else the bytes of the log that this write
/// added. The deployment stays open, so that its log stays as it is.
async fn frozen(
    deployment: &Deployment,
    directory: &Path,
    site: &str,
    operation: &str,
    freezes_at: usize,
) -> Result<Option<(u64, u64)>> {
    let scissors = Scissors::new(directory, site, freezes_at);
    let engine = with_watcher(&deployment.engine(Some(site))?, scissors.clone());
    tokio::select! {
        ended = run(&engine, operation) => ended.map(|_| None),
        () = scissors.frozen.notified() => {
            let before = *scissors.before.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(Some((before, scissors.length())))
        }
    }
}

/// Copies what is open and at rest, with the log of `site` cut after so many bytes.
fn cut(from: &Path, to: &Path, site: &str, length: u64) -> Result<()> {
    let failed = |e: std::io::Error| Error::storage("files cannot be copied").source(e);
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // the index of a log is made anew
        if !name.ends_with("-shm") {
            fs::copy(&path, to.join(&name)).map_err(failed)?;
        }
    }
    let log = to.join(format!("{site}.db-wal"));
    fs::OpenOptions::new().write(true).open(log).and_then(|file| file.set_len(length)).map_err(failed)
}

/// The journal is a valid prefix of the whole one: its chain holds, it folds, and every entry is one that was written.
async fn is_a_prefix(engine: &Engine, operation: &str, whole: &[JournalEntry]) -> Result<usize> {
    let journal = engine.endpoints().store.journal(&operation.into(), 0).await?;
    verify_chain(&journal)?;
    OperationState::fold(&journal)?;
    assert_eq!(journal, whole[..journal.len()], "I-31");
    Ok(journal.len())
}

/// At each write in turn: the executor dies, and the write is there by some of its bytes only.
async fn survives_any_cut(site: &'static str, request: Request) -> Result<()> {
    let start = files::directory()?;
    let operation = prepared(start.path(), site, &request).await?;
    let reference = files::directory()?;
    files::copy(start.path(), reference.path())?;
    let deployment = files::open(reference.path()).await?;
    let engine = deployment.engine(Some(site))?;
    assert_eq!(run(&engine, &operation).await?.status, OperationStatus::Completed);
    let expected = end_state(&deployment, &engine, &operation).await?;

    let mut random = fastrand::Rng::with_seed(31);
    let (mut cuts, mut shorter) = (0, 0);
    for freezes_at in 1..MOST_WRITES {
        let place = files::directory()?;
        files::copy(start.path(), place.path())?;
        let open = files::open(place.path()).await?;
        let Some((before, after)) = frozen(&open, place.path(), site, &operation, freezes_at).await? else { break };
        let whole = open.engine(Some(site))?.endpoints().store.journal(&operation.as_str().into(), 0).await?;
        // a log that was begun anew was not added to
        let lengths = if after > before { vec![before + 1, random.u64(before..after), after - 1] } else { Vec::new() };
        for length in lengths {
            let found = files::directory()?;
            cut(place.path(), found.path(), site, length)?;
            let deployment = files::open(found.path()).await?;
            let engine = deployment.engine(Some(site))?;
            shorter += usize::from(is_a_prefix(&engine, &operation, &whole).await? < whole.len());
            cuts += 1;
            // the executor that wrote it is the same process, and is not heard of any more
            deployment.world().clock().sleep(std::time::Duration::from_secs(61)).await;
            let ended = run(&engine, &operation).await?;
            assert_eq!(
                ended.status,
                OperationStatus::Completed,
                "I-31: write {freezes_at}, {length} bytes: {ended:#?}"
            );
            let differences = differences(&expected, &end_state(&deployment, &engine, &operation).await?);
            assert_eq!(differences, Vec::<String>::new(), "I-31: write {freezes_at}, {length} bytes");
        }
    }
    assert!(cuts > 50 && shorter == cuts, "{cuts} cuts, {shorter} lost a write");
    Ok(())
}

/// I-31
#[tokio::test]
async fn a_planned_failover_whose_last_write_was_torn() -> Result<()> {
    survives_any_cut("site-a", failover()).await
}

/// I-31
#[tokio::test]
async fn an_unplanned_failover_whose_last_write_was_torn() -> Result<()> {
    survives_any_cut("site-b", unplanned(true)).await
}

/// I-31: also of a journal that lost more than its last write, at any byte of its log, what is left is a valid prefix.
#[tokio::test]
async fn a_log_cut_at_any_byte_is_read_as_a_prefix() -> Result<()> {
    let place = files::directory()?;
    let operation = prepared(place.path(), "site-a", &failover()).await?;
    let open = files::open(place.path()).await?;
    let (_, length) = frozen(&open, place.path(), "site-a", &operation, 40)
        .await?
        .ok_or_else(|| Error::internal("it has fewer writes"))?;
    let whole = open.engine(Some("site-a"))?.endpoints().store.journal(&operation.as_str().into(), 0).await?;
    let mut random = fastrand::Rng::with_seed(31);
    let mut lengths: Vec<u64> = (0..120).map(|_| random.u64(..=length)).collect();
    lengths.extend([0, 1, 31, 32, 33, length - 1, length]);
    let mut seen = std::collections::BTreeSet::new();
    for length in lengths {
        let found = files::directory()?;
        cut(place.path(), found.path(), "site-a", length)?;
        let engine = files::open(found.path()).await?.engine(Some("site-a"))?;
        seen.insert(is_a_prefix(&engine, &operation, &whole).await?);
    }
    assert!(seen.len() > 20, "only {} different prefixes", seen.len());
    assert_eq!(seen.last(), Some(&whole.len()));
    Ok(())
}
