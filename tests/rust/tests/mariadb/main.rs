//! The state of a site on a MariaDB server that the test starts and stops.

mod refusals;
mod schema;

use protector_core::model::{GroupRecord, MetadataVersion};
use protector_core::ports::conformance::run_all;
use protector_core::ports::conformance::store::{StoreSubject, suite};
use protector_core::ports::{GroupChange, Store};
use protector_core::store::{Durability, KeyRing, SqlStore, StoreLocation};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::cutting_proxy::{AtCommit, CuttingProxy};
use protector_tests::database_server::TestDatabaseServer;
use protector_tests::scale;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn started(options: &[&str]) -> Result<Option<TestDatabaseServer>> {
    let server = TestDatabaseServer::start(options)?;
    if server.is_none() {
        println!("skipped: mariadbd is not installed (Debian: mariadb-server-core, mariadb-client-core)");
    }
    Ok(server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_server_keep_the_contract() {
    let Some(server) = started(&[]).unwrap() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().join("keys");
    KeyRing::setup(&directory).unwrap();
    let keys = KeyRing::load(&directory).unwrap();
    let next = AtomicU32::new(0);
    let report = run_all(&suite(), async || {
        let name = format!("check_{}", next.fetch_add(1, Ordering::Relaxed));
        let location = StoreLocation::Server(server.database(&name)?);
        SqlStore::migrate(&location)?;
        let open = || SqlStore::open(location.clone(), Some(keys.clone()), Durability::Full).map(Arc::new);
        Ok(StoreSubject { store: open()?, other: open()?, keeps_tokens: true })
    })
    .await;
    let report = report.into_result().unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(report.skipped(), Vec::<&str>::new());
}

#[tokio::test]
async fn a_server_survives_its_death_and_so_does_the_store() {
    let Some(mut server) = started(&[]).unwrap() else { return };
    let location = StoreLocation::Server(server.database("protector").unwrap());
    let absent = SqlStore::open(location.clone(), None, Durability::Full).unwrap_err();
    assert!(absent.kind() == ErrorKind::Storage && absent.to_string().contains("db sync"), "{absent}");
    assert_eq!(SqlStore::migration_needed(&location).unwrap().from, 0);
    let made = SqlStore::migrate(&location).unwrap();
    let again = SqlStore::migrate(&location).unwrap();
    assert_eq!((made.from, made.to, again.from, again.to), (0, made.to, made.to, made.to));
    let store = SqlStore::open(location, None, Durability::Full).unwrap();
    assert!(store.sites().await.unwrap().is_empty());
    server.drop_connections().unwrap();
    assert!(store.sites().await.unwrap().is_empty());
    server.restart().unwrap();
    assert!(store.sites().await.unwrap().is_empty());
    server.kill();
    let silent = store.sites().await.unwrap_err();
    assert_eq!(silent.kind(), ErrorKind::Unreachable, "{silent}");
}

/// Adds `count` to the version of the group, one by one, against whoever else does the same. Returns how many calls said that
/// they did it.
async fn count_up(store: Arc<SqlStore>, id: String, count: usize) -> Result<usize> {
    let mut done = 0;
    while done < count {
        let record = store.group(&id).await?.ok_or_else(|| Error::not_found(&id))?;
        let expected = record.version;
        let record = GroupRecord { version: expected.next(), ..record };
        let change = GroupChange { record, expected, agreed: false };
        match store.update_group(&change).await {
            Ok(()) => done += 1,
            // somebody else was faster, or has the lock
            Err(e) if matches!(e.kind(), ErrorKind::Conflict | ErrorKind::Transient) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// No update is lost and none is made twice, whatever becomes of connections, commits and the server itself: each call that
/// says it did something did it once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_write_happens_once() {
    const WRITERS: usize = 3;
    const EACH: usize = 15;
    let Some(mut server) = started(&[]).unwrap() else { return };
    let location = server.database("protector").unwrap();
    let script = [
        AtCommit::Pass,
        AtCommit::CutAfter,
        AtCommit::Pass,
        AtCommit::CutBefore,
        AtCommit::Pass,
        AtCommit::Pass,
        AtCommit::CutAfter,
        AtCommit::CutBefore,
        AtCommit::Pass,
    ];
    let proxy = CuttingProxy::start(server.address(), script.to_vec()).await.unwrap();
    SqlStore::migrate(&StoreLocation::Server(location.clone())).unwrap();
    let mut behind = location.clone();
    behind.port = proxy.address.port();
    let open = || Arc::new(SqlStore::open(StoreLocation::Server(behind.clone()), None, Durability::Full).unwrap());
    let record = scale::facts(2).record;
    let (id, first) = (record.group.id.to_string(), record.version);
    open().create_group(&record).await.unwrap();
    let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(count_up(open(), id.clone(), EACH))).collect();
    for _ in 0..4 {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        server.drop_connections().unwrap();
    }
    server.restart().unwrap();
    let mut done = 0;
    for writer in writers {
        done += writer.await.unwrap().unwrap();
    }
    let stored = open().group(&id).await.unwrap().unwrap().version;
    assert_eq!(stored, MetadataVersion(first.0 + done as u64));
    assert!(done == WRITERS * EACH && proxy.cuts() > 10, "{done} writes, {} cuts", proxy.cuts());
}

/// A call that finds no server waits for one: it may be starting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_waits_for_a_server_that_comes_back() {
    let Some(mut server) = started(&[]).unwrap() else { return };
    let location = StoreLocation::Server(server.database("protector").unwrap());
    SqlStore::migrate(&location).unwrap();
    let store = SqlStore::open(location, None, Durability::Full).unwrap();
    server.kill();
    let (record, waiting) = (scale::facts(2).record, store.clone());
    let call = tokio::spawn(async move { waiting.create_group(&record).await });
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert!(!call.is_finished());
    server.restart().unwrap();
    call.await.unwrap().unwrap();
    assert_eq!(store.groups().await.unwrap().len(), 1);
}
