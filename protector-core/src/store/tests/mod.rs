//! What the conformance suite cannot ask for: files, other processes, what is on the disk.

mod files;
mod processes;
mod read_only;
mod secrets;

use super::sqlite::migrations;
use super::*;
use crate::ErrorKind;
use crate::model::GroupRecord;
use crate::ports::Store;
use crate::ports::conformance::{run_all, store::StoreSubject, store::suite};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::TempDir;

/// A directory of its own for each test.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("state/site-a.db")
    }

    fn location(&self) -> StoreLocation {
        StoreLocation::File(self.path())
    }

    fn keys(&self) -> KeyRing {
        let directory = self.0.path().join("fernet-keys");
        KeyRing::setup(&directory).unwrap();
        KeyRing::load(&directory).unwrap()
    }

    /// A store on the file, migrated.
    fn store(&self, keys: Option<KeyRing>) -> SqlStore {
        SqlStore::migrate(&self.location()).unwrap();
        SqlStore::open(self.location(), keys, Durability::Off).unwrap()
    }
}

/// SQLite's own view of a file.
fn raw(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

#[tokio::test]
async fn a_store_in_memory_keeps_the_contract() {
    let place = Place::new();
    let keys = place.keys();
    let report = run_all(&suite(), async || {
        let store = Arc::new(SqlStore::open(StoreLocation::Memory, Some(keys.clone()), Durability::Full)?);
        Ok(StoreSubject { other: store.clone(), store, keeps_tokens: true })
    })
    .await;
    let report = report.into_result().unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(report.skipped(), Vec::<&str>::new());
}

#[tokio::test]
async fn two_stores_on_one_file_keep_the_contract() {
    let places = Mutex::new(Vec::new());
    let report = run_all(&suite(), async || {
        let place = Place::new();
        let open = || Arc::new(place.store(Some(place.keys())));
        let subject = StoreSubject { store: open(), other: open(), keeps_tokens: true };
        places.lock().unwrap().push(place);
        Ok(subject)
    })
    .await;
    let report = report.into_result().unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(report.skipped(), Vec::<&str>::new());
}

#[test]
fn a_call_outside_a_runtime_is_an_error_not_a_panic() {
    let store = SqlStore::open(StoreLocation::Memory, None, Durability::Off).unwrap();
    let mut groups = store.groups();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(result) = groups.as_mut().poll(&mut context) else { panic!("waits for what?") };
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Internal);
}

#[tokio::test]
async fn a_panic_in_a_transaction_leaves_the_store_usable() {
    let store = SqlStore::open(StoreLocation::Memory, None, Durability::Off).unwrap();
    let broken: Result<()> = store
        .write(|t, _| {
            t.execute("INSERT INTO sites (name, doc) VALUES ('x', '{}')", &[])?;
            panic!("on purpose")
        })
        .await;
    assert_eq!(broken.unwrap_err().kind(), ErrorKind::Internal);
    assert!(store.sites().await.unwrap().is_empty());
}

#[test]
fn a_store_names_its_location() {
    let place = Place::new();
    let store = place.store(Some(place.keys()));
    assert_eq!(store.to_string(), format!("store {}", place.path().display()));
    assert!(format!("{store:?}").starts_with("SqlStore { location: File("), "{store:?}");
}
