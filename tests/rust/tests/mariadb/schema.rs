//! The schema on a server: made by several at once, gone on with, refused, and read from end to end.

use super::started;
use protector_core::ports::Store;
use protector_core::store::{Durability, SqlStore, StoreLocation};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::database_server::TestDatabaseServer;
use protector_tests::scale;

fn database(server: &TestDatabaseServer, name: &str) -> Result<StoreLocation> {
    server.database(name).map(StoreLocation::Server)
}

#[test]
fn one_of_several_makes_the_schema_and_the_others_find_it() {
    let Some(server) = started(&[]).unwrap() else { return };
    let location = database(&server, "protector").unwrap();
    let reports: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(|| SqlStore::migrate(&location).unwrap())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(reports.iter().filter(|report| report.from == 0).count(), 1, "{reports:?}");
    assert!(reports.iter().all(|report| report.to == reports[0].to), "{reports:?}");
}

#[tokio::test]
async fn what_a_dead_process_began_is_gone_on_with() {
    let Some(server) = started(&[]).unwrap() else { return };
    let location = database(&server, "protector").unwrap();
    let latest = SqlStore::migrate(&location).unwrap().to;
    // as if it had died before the last of its statements
    server
        .run("DELETE FROM protector.schema_version; DROP TABLE protector.write_marks, protector.stop_requests")
        .unwrap();
    let unfinished = SqlStore::open(location.clone(), None, Durability::Full).unwrap_err();
    assert!(unfinished.to_string().contains("db sync"), "{unfinished}");
    let report = SqlStore::migrate(&location).unwrap();
    assert_eq!((report.from, report.to), (0, latest));
    let store = SqlStore::open(location, None, Durability::Full).unwrap();
    store.create_group(&scale::facts(2).record).await.unwrap();
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let Some(server) = started(&[]).unwrap() else { return };
    let location = database(&server, "protector").unwrap();
    let latest = SqlStore::migrate(&location).unwrap().to;
    server.run(&format!("INSERT INTO protector.schema_version VALUES ({})", latest + 1)).unwrap();
    let open = SqlStore::open(location.clone(), None, Durability::Full).map(drop);
    for refused in [open, SqlStore::migrate(&location).map(drop), SqlStore::migration_needed(&location).map(drop)] {
        let e = refused.unwrap_err();
        assert!(e.kind() == ErrorKind::Storage && e.to_string().contains("newer than this build"), "{e}");
    }
}

#[tokio::test]
async fn damage_is_named_row_by_row() {
    let Some(server) = started(&[]).unwrap() else { return };
    let location = database(&server, "protector").unwrap();
    SqlStore::migrate(&location).unwrap();
    let store = SqlStore::open(location, None, Durability::Full).unwrap();
    store.create_group(&scale::facts(2).record).await.unwrap();
    let damage = async || -> Result<Vec<Error>> {
        Ok(store.examine().await?.into_iter().flat_map(|check| check.problems).map(|problem| problem.error).collect())
    };
    assert!(damage().await.unwrap().is_empty());
    server
        .run("UPDATE protector.protection_groups SET doc = '{'; INSERT INTO protector.sites VALUES ('lost', 'x')")
        .unwrap();
    let found = damage().await.unwrap();
    let named = |word: &str| found.iter().any(|e| e.message().contains(word) && e.message().contains("damaged"));
    assert!(found.len() == 2 && named("protection group") && named("site 'lost'"), "{found:?}");
}
