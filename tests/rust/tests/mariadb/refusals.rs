//! What a server refuses, and what it says then.

use super::started;
use protector_core::ports::{GroupChange, Store};
use protector_core::store::{Durability, SqlStore, StoreLocation};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::scale;
use std::path::Path;

fn open(location: StoreLocation) -> Result<SqlStore> {
    SqlStore::open(location, None, Durability::Full)
}

#[test]
fn a_refusal_says_what_to_mend_and_never_the_password() {
    let Some(server) = started(&[]).unwrap() else { return };
    SqlStore::migrate(&StoreLocation::Server(server.database("protector").unwrap())).unwrap();
    server
        .run("CREATE USER guest@'127.0.0.1' IDENTIFIED BY 'opensesame'; GRANT SELECT ON mysql.* TO guest@'127.0.0.1'")
        .unwrap();
    for (user, database, kind, words) in [
        ("guest:hunter2", "protector", ErrorKind::Unauthenticated, "user and password"),
        ("nobody:hunter2", "protector", ErrorKind::Unauthenticated, "user and password"),
        ("guest:opensesame", "protector", ErrorKind::Forbidden, "grant"),
        ("root", "missing", ErrorKind::Storage, "CREATE DATABASE"),
        ("root", "mysql", ErrorKind::Storage, "another program"),
    ] {
        let location = StoreLocation::Server(server.reached(user, database).unwrap());
        for refused in [open(location.clone()).map(drop), SqlStore::migrate(&location).map(drop)] {
            let e = refused.unwrap_err();
            let said = format!("{e:?} {e} {} {location:?}", e.remedy_text().unwrap_or_default());
            assert_eq!(e.kind(), kind, "{said}");
            assert!(said.contains(words) && !said.contains("hunter2") && !said.contains("opensesame"), "{said}");
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_a_packet_is_refused_at_once_and_changes_nothing() {
    let Some(server) = started(&["--max-allowed-packet=1M"]).unwrap() else { return };
    let location = StoreLocation::Server(server.database("protector").unwrap());
    SqlStore::migrate(&location).unwrap();
    let store = open(location).unwrap();
    let mut record = scale::facts(2).record;
    record.group.description = Some("x".repeat(2 << 20));
    let refused = store.create_group(&record).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::LimitReached, "{refused}");
    assert!(refused.remedy_text().unwrap().contains("max_allowed_packet"), "{refused}");
    assert!(store.groups().await.unwrap().is_empty());
    record.group.description = None;
    store.create_group(&record).await.unwrap();
    let checks = store.examine().await.unwrap();
    let warned = checks
        .iter()
        .flat_map(|check| &check.problems)
        .any(|problem| problem.is_warning && problem.error.message().contains("max_allowed_packet"));
    assert!(warned, "{checks:?}");
}

/// Somebody who is no administrator of the server: those may write always.
const GUEST: &str =
    "CREATE USER guest@'127.0.0.1' IDENTIFIED BY 'opensesame'; GRANT ALL ON protector.* TO guest@'127.0.0.1'";

#[tokio::test]
async fn a_server_that_becomes_read_only_refuses_writes_and_loses_nothing() {
    let Some(server) = started(&[]).unwrap() else { return };
    SqlStore::migrate(&StoreLocation::Server(server.database("protector").unwrap())).unwrap();
    server.run(GUEST).unwrap();
    let store = open(StoreLocation::Server(server.reached("guest:opensesame", "protector").unwrap())).unwrap();
    let record = scale::facts(2).record;
    store.create_group(&record).await.unwrap();
    let mut next = record.clone();
    next.version = record.version.next();
    next.group.description = Some("while it is read-only".to_owned());
    let change = GroupChange { record: next.clone(), expected: record.version, agreed: false };

    server.run("SET GLOBAL read_only = ON").unwrap();
    let refused = store.update_group(&change).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Storage, "{refused}");
    assert!(refused.remedy_text().unwrap().contains("the server is read-only"), "{refused:?}");
    assert_eq!(store.groups().await.unwrap(), [record], "reads go on");
    server.run("SET GLOBAL read_only = OFF").unwrap();
    store.update_group(&change).await.unwrap();
    assert_eq!(store.groups().await.unwrap(), [next]);
}

/// On a cluster a node may lag behind; here there is one server, and what is seen is that each connection asks for it.
#[tokio::test]
async fn each_connection_asks_to_read_the_newest() {
    let Some(server) = started(&[]).unwrap() else { return };
    let location = StoreLocation::Server(server.database("protector").unwrap());
    SqlStore::migrate(&location).unwrap();
    server.run("SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = ON").unwrap();
    let store = open(location).unwrap();
    store.sites().await.unwrap();
    server.drop_connections().unwrap();
    store.sites().await.unwrap();
    server.run("SET GLOBAL general_log = OFF").unwrap();
    let asked = server
        .query("SELECT count(*) FROM mysql.general_log WHERE argument LIKE 'SET SESSION wsrep_sync_wait = 1'")
        .unwrap();
    assert_eq!(asked, ["2"], "one connection before they were dropped, one after it");
}

fn certificate(directory: &Path) -> Result<[String; 3]> {
    let failed = |e: &dyn std::fmt::Display| Error::internal(e.to_string());
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(|e| failed(&e))?;
    let at = |name: &str| directory.join(name).display().to_string();
    let (certificate, private) = (at("certificate.pem"), at("key.pem"));
    std::fs::write(&certificate, key.cert.pem()).map_err(|e| failed(&e))?;
    std::fs::write(&private, key.signing_key.serialize_pem()).map_err(|e| failed(&e))?;
    let stranger = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(|e| failed(&e))?;
    std::fs::write(at("stranger.pem"), stranger.cert.pem()).map_err(|e| failed(&e))?;
    Ok([certificate, private, at("stranger.pem")])
}

#[test]
fn an_encrypted_connection_is_one_to_the_right_server() {
    let directory = tempfile::tempdir().unwrap();
    let [certificate, key, stranger] = certificate(directory.path()).unwrap();
    let options = [format!("--ssl-cert={certificate}"), format!("--ssl-key={key}")];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let Some(server) = started(&options).unwrap() else { return };
    SqlStore::migrate(&StoreLocation::Server(server.database("protector").unwrap())).unwrap();
    server.run("CREATE USER guarded@'127.0.0.1' REQUIRE SSL; GRANT ALL ON protector.* TO guarded@'127.0.0.1'").unwrap();
    let with =
        |options: &str| open(StoreLocation::Server(server.reached("guarded", &format!("protector{options}")).unwrap()));
    with(&format!("?ssl_ca={certificate}")).unwrap();
    assert_eq!(with("").unwrap_err().kind(), ErrorKind::Unauthenticated);
    let e = with(&format!("?ssl_ca={stranger}")).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Unreachable, "{e}");
    assert!(e.remedy_text().unwrap().contains("ssl_ca"), "{e}");
}
