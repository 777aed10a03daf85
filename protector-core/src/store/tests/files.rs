use super::*;
use crate::ports::conformance::store::samples::{journal, operation, record};
use crate::ports::{OperationFilter, StoredOperation};
use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

fn refused(location: StoreLocation, words: &[&str]) {
    let e = SqlStore::open(location, None, Durability::Off).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Storage, "{e}");
    let text = e.to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn migration_starts_from_nothing_and_repeats() {
    let place = Place::new();
    let latest = migrations::latest();
    assert_eq!(
        SqlStore::migrate(&place.location()).unwrap(),
        MigrationReport { from: 0, to: latest, location: place.location() }
    );
    let report = SqlStore::migrate(&place.location()).unwrap();
    assert_eq!((report.from, report.to), (latest, latest));
    let memory = SqlStore::migrate(&StoreLocation::Memory).unwrap();
    assert_eq!((memory.from, memory.to, memory.location), (0, latest, StoreLocation::Memory));
}

#[test]
fn a_database_that_was_never_made_is_refused_and_not_made() {
    let place = Place::new();
    refused(place.location(), &["site-a.db", "does not exist", "protector-manage db sync"]);
    assert!(!place.path().exists());
    assert!(!place.path().parent().unwrap().exists());

    fs::create_dir(place.path().parent().unwrap()).unwrap();
    fs::write(place.path(), "").unwrap();
    refused(place.location(), &["site-a.db", "no schema", "protector-manage db sync"]);
    assert_eq!(fs::read(place.path()).unwrap(), b"");
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let place = Place::new();
    drop(place.store(None));
    let newer = migrations::latest() + 1;
    raw(&place.path()).execute("INSERT INTO schema_version (version) VALUES (?)", [newer]).unwrap();
    refused(place.location(), &["site-a.db", "newer", &newer.to_string()]);
    let e = SqlStore::migrate(&place.location()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Storage);
    assert!(e.message().contains("newer"), "{e}");
}

#[test]
fn an_older_schema_is_refused_until_it_is_migrated() {
    let place = Place::new();
    fs::create_dir(place.path().parent().unwrap()).unwrap();
    raw(&place.path()).execute_batch(include_str!("../migrations/sqlite/0001_initial.sql")).unwrap();
    refused(place.location(), &["site-a.db", "schema version 1", "protector-manage db sync"]);
    let report = SqlStore::migrate(&place.location()).unwrap();
    assert_eq!((report.from, report.to), (1, migrations::latest()));
    SqlStore::open(place.location(), None, Durability::Off).unwrap();
}

/// Undoes steps 5 to 8.
const BACK_TO_4: &str = "PRAGMA foreign_keys = OFF;
    DROP TABLE workers;
    DROP TABLE agreed_groups;
    DROP TABLE rpo_history;
    ALTER TABLE protection_groups RENAME TO newer;
    CREATE TABLE protection_groups (
        id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, primary_site TEXT NOT NULL,
        secondary_site TEXT NOT NULL, cg_id TEXT NOT NULL UNIQUE, first_site TEXT NOT NULL, second_site TEXT NOT NULL,
        pure_pg_name TEXT, doc TEXT NOT NULL, primary_token TEXT, secondary_token TEXT,
        UNIQUE (first_site, second_site, pure_pg_name)
    ) STRICT;
    INSERT INTO protection_groups SELECT id, name, version, primary_site, secondary_site, cg_id, first_site, second_site,
        pure_pg_name, doc, primary_token, secondary_token FROM newer;
    DROP TABLE newer;
    DROP INDEX operations_by_project;
    ALTER TABLE operations DROP COLUMN project_id;
    DELETE FROM schema_version WHERE version > 4;";

/// The table is made anew by step 5, and others refer to it.
#[tokio::test]
async fn a_group_and_what_belongs_to_it_outlive_the_change_of_its_table() {
    let place = Place::new();
    let (web, gone) = (record("web"), record("gone"));
    let (of_web, of_gone) = (operation("1", &web, 0), operation("2", &gone, 1));
    let store = place.store(None);
    store.create_group(&web).await.unwrap();
    store.begin_operation(&of_web, &journal(0, 3), None).await.unwrap();
    store.begin_operation(&of_gone, &[], None).await.unwrap();
    drop(store);
    let count = |table: &str| -> u32 {
        let sql = format!("SELECT count(*) FROM {table}");
        raw(&place.path()).query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let counts = || ["members", "volumes", "cinder_groups", "journal", "open_operations"].map(count);
    let before = counts();
    let legacy = raw(&place.path());
    legacy.pragma_update(None, "legacy_alter_table", true).unwrap();
    legacy.execute_batch(BACK_TO_4).unwrap();
    drop(legacy);
    refused(place.location(), &["schema version 4"]);
    assert_eq!(SqlStore::migrate(&place.location()).unwrap().from, 4);
    assert!(before.iter().all(|rows| *rows > 0) && counts() == before, "{before:?} became {:?}", counts());
    let store = SqlStore::open(place.location(), None, Durability::Off).unwrap();
    assert_eq!(store.group_of(&web.group.project_id, "web").await.unwrap(), Some(web.clone()));
    assert_eq!(store.operation(&of_web.id).await.unwrap(), Some(of_web));
    // nobody knows any more whose it was
    assert_eq!(store.operation(&of_gone.id).await.unwrap().unwrap().project, "".into());
    store.delete_group(&web.group.id, web.version).await.unwrap();
    assert_eq!([count("members"), count("volumes")], [0, 0], "what belongs to a group goes with it still");
}

/// The table is made anew by step 4.
#[tokio::test]
async fn a_journal_outlives_the_change_of_its_table() {
    let place = Place::new();
    let (operation, entries) = (operation("1", &record("web"), 0), journal(0, 5));
    place.store(None).begin_operation(&operation, &entries, None).await.unwrap();
    raw(&place.path())
        .execute_batch(&format!(
            "{BACK_TO_4}
             ALTER TABLE journal RENAME TO clustered;
             CREATE TABLE journal (
                 operation_id TEXT NOT NULL REFERENCES operations (id), sequence INTEGER NOT NULL, at TEXT NOT NULL,
                 record TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL,
                 PRIMARY KEY (operation_id, sequence)
             ) STRICT;
             INSERT INTO journal SELECT * FROM clustered;
             DROP TABLE clustered;
             DELETE FROM schema_version WHERE version > 3"
        ))
        .unwrap();
    refused(place.location(), &["schema version 3"]);
    assert_eq!(SqlStore::migrate(&place.location()).unwrap().from, 3);
    let store = SqlStore::open(place.location(), None, Durability::Off).unwrap();
    assert_eq!(store.journal(&operation.id, 0).await.unwrap(), entries);
    let after: u32 = raw(&place.path()).query_row("SELECT count(*) FROM journal", [], |row| row.get(0)).unwrap();
    assert_eq!(after, 5);
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.path().parent().unwrap()).unwrap();
    raw(&place.path()).execute_batch("CREATE TABLE invoices (id INTEGER)").unwrap();
    let before = fs::read(place.path()).unwrap();
    refused(place.location(), &["belongs to another program"]);
    assert!(SqlStore::migrate(&place.location()).unwrap_err().message().contains("another program"));
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let place = Place::new();
    fs::create_dir(place.path().parent().unwrap()).unwrap();
    fs::write(place.path(), "[DEFAULT]\n".repeat(100)).unwrap();
    refused(place.location(), &["site-a.db", "not a database", "[database] connection"]);
    assert_eq!(SqlStore::migrate(&place.location()).unwrap_err().kind(), ErrorKind::Storage);
}

#[tokio::test]
async fn files_are_for_their_owner_only() {
    let place = Place::new();
    let store = place.store(None);
    store.create_group(&record("web")).await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&beside(&place.path(), suffix)), 0o600, "{suffix}");
    }
    assert_eq!(mode(place.path().parent().unwrap()), 0o700);
}

#[tokio::test]
async fn files_that_were_open_to_others_are_tightened() {
    let place = Place::new();
    let first = place.store(None);
    first.create_group(&record("web")).await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        fs::set_permissions(beside(&place.path(), suffix), fs::Permissions::from_mode(0o664)).unwrap();
    }
    let second = place.store(None);
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&beside(&place.path(), suffix)), 0o600, "{suffix}");
    }
    assert_eq!(first.groups().await.unwrap(), second.groups().await.unwrap());
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let place = Place::new();
    let file = place.0.path().join("file");
    fs::write(&file, "").unwrap();
    let below_a_file = StoreLocation::File(file.join("site-a.db"));
    for location in [below_a_file, StoreLocation::File(place.0.path().to_owned())] {
        let e = SqlStore::migrate(&location).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Storage);
        assert!(e.message().contains(&location.to_string()), "{e}");
        assert!(e.remedy_text().is_some(), "{e}");
        assert_eq!(SqlStore::open(location, None, Durability::Off).unwrap_err().kind(), ErrorKind::Storage);
    }
    assert_eq!(fs::read(&file).unwrap(), b"");
}

#[test]
fn a_name_that_means_something_to_sqlite_is_a_file_all_the_same() {
    let place = Place::new();
    for name in ["file:x?mode=memory", "a b%20'c'.db"] {
        let location = StoreLocation::File(place.0.path().join(name));
        SqlStore::migrate(&location).unwrap();
        assert_eq!(mode(&place.0.path().join(name)), 0o600);
        SqlStore::open(location, None, Durability::Off).unwrap();
    }
}

#[tokio::test]
async fn a_reopened_store_has_everything() {
    let place = Place::new();
    let web = record("web");
    let first = operation("1", &web, 0);
    {
        let store = place.store(None);
        store.create_group(&web).await.unwrap();
        store.begin_operation(&first, &journal(0, 3), None).await.unwrap();
    }
    let store = SqlStore::open(place.location(), None, Durability::Full).unwrap();
    assert_eq!(store.group("web").await.unwrap().as_ref(), Some(&web));
    assert_eq!(store.operation(&first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.journal(&first.id, 0).await.unwrap(), journal(0, 3));
    let second = store.begin_operation(&operation("2", &web, 1), &journal(0, 1), None).await;
    assert_eq!(second.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn durability_sets_what_a_commit_waits_for() {
    let place = Place::new();
    drop(place.store(None));
    for (durability, level) in [(Durability::Full, 2), (Durability::Off, 0)] {
        let database = Sqlite::open(place.location(), durability).unwrap();
        let c = database.connection();
        let integer = |name| c.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        let mode: String = c.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        let pragmas = (integer("synchronous"), integer("foreign_keys"), integer("busy_timeout"), mode);
        assert_eq!(pragmas, (level, 1, 5000, "wal".to_owned()));
    }
}

#[tokio::test]
async fn a_lock_that_lasts_too_long_is_transient() {
    let place = Place::new();
    drop(place.store(None));
    let database = Sqlite::open(place.location(), Durability::Off).unwrap();
    database.connection().busy_timeout(Duration::from_millis(20)).unwrap();
    let store = SqlStore(Arc::new(Inner { location: place.location(), database: Box::new(database), keys: None }));
    let other = raw(&place.path());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let e = store.create_group(&record("web")).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Transient);
    assert!(e.kind().is_retryable() && e.message().contains("site-a.db"), "{e}");
    assert!(store.groups().await.unwrap().is_empty(), "readers do not wait for writers");
    other.execute_batch("ROLLBACK").unwrap();
    store.create_group(&record("web")).await.unwrap();
}

/// I-41
#[tokio::test]
async fn a_tampered_journal_is_detected() {
    // what is said when read from the start, and from 2 on, which must look at the link to entry 1 as well
    let cases = [
        ("UPDATE journal SET record = replace(record, 'step 1', 'step 9') WHERE sequence = 1", ["entry 1"; 2]),
        ("UPDATE journal SET at = '2026-01-01T00:00:00Z' WHERE sequence = 1", ["entry 1"; 2]),
        ("DELETE FROM journal WHERE sequence = 1", ["entry 2", "entry 1"]),
        ("UPDATE journal SET hash = previous_hash WHERE sequence = 2", ["entry 2"; 2]),
        ("UPDATE journal SET record = '{' WHERE sequence = 1", ["entry 1"; 2]),
        ("UPDATE journal SET at = 'yesterday' WHERE sequence = 1", ["entry 1"; 2]),
    ];
    for (tamper, damage) in cases {
        let place = Place::new();
        let store = place.store(None);
        let first = operation("1", &record("web"), 0);
        store.begin_operation(&first, &journal(0, 4), None).await.unwrap();
        assert_eq!(raw(&place.path()).execute(tamper, []).unwrap(), 1, "{tamper}");
        for (from, damage) in [0, 2].into_iter().zip(damage) {
            let e = store.journal(&first.id, from).await.unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Storage, "{tamper}: {e}");
            assert!(e.message().contains("'op-1'") && e.message().contains(damage), "{tamper}: {e}");
        }
    }
}

#[tokio::test]
async fn a_damaged_record_is_named() {
    let place = Place::new();
    let store = place.store(None);
    store.create_group(&record("web")).await.unwrap();
    raw(&place.path()).execute("UPDATE protection_groups SET doc = '{}'", []).unwrap();
    let e = store.group("web").await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Storage);
    assert!(e.message().contains("'web'"), "{e}");
}

/// How long the look of a worker takes beside 20,000 operations that have ended: `--ignored --nocapture` prints it.
#[tokio::test]
#[ignore = "a measure"]
async fn open_operations_are_found_as_fast_beside_many_that_ended() {
    let place = Place::new();
    let store = place.store(None);
    let web = record("web");
    let plan = "x".repeat(20_000);
    for number in 0..20_000 {
        let ended = StoredOperation { plan: plan.clone(), ..operation(&format!("ended-{number}"), &web, number) };
        store.begin_operation(&ended, &journal(0, 1), None).await.unwrap();
        store.append(&ended.id, 0, &[], None, true).await.unwrap();
    }
    store.begin_operation(&operation("open", &web, 30_000), &journal(0, 1), None).await.unwrap();
    for open in [false, true, true] {
        let begun = std::time::Instant::now();
        let found = store.operations(&OperationFilter { open, ..OperationFilter::default() }).await.unwrap();
        println!("open: {open}: {} in {:?}", found.len(), begun.elapsed());
        assert_eq!(found.len(), if open { 1 } else { 20_001 });
    }
}
