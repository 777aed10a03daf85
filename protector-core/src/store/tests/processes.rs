//! Other processes are this test binary again, told by a variable what to do.

use super::*;
use crate::ports::conformance::store::samples::record;
use std::process::{Child, Command, Stdio};

const DATABASE: &str = "PROTECTOR_TEST_DATABASE";

fn start(test: &str, database: &Path, directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("{}::{test}", module_path!().split_once("::").unwrap().1),
            "--nocapture",
            "--ignored",
        ])
        .env(DATABASE, database)
        .current_dir(directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for the processes and returns the words that follow `outcome:` in what they print.
fn outcomes(children: Vec<Child>) -> Vec<String> {
    let outcome = |child: Child| {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        text.lines().find_map(|line| line.split_once("outcome:")).unwrap_or_else(|| panic!("{text}")).1.to_owned()
    };
    children.into_iter().map(outcome).collect()
}

fn location() -> StoreLocation {
    StoreLocation::File(std::env::var_os(DATABASE).expect("run by the other test").into())
}

#[test]
#[ignore = "the other half of processes_that_create_one_group_at_once"]
fn create_group() {
    let store = SqlStore::open(location(), None, Durability::Full).unwrap();
    let mut record = record(&format!("of process {}", std::process::id()));
    record.group.name = "web".to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    match runtime.block_on(store.create_group(&record)) {
        Ok(()) => println!("outcome:created"),
        Err(e) => println!("outcome:{e}"),
    }
}

#[tokio::test]
async fn processes_that_create_one_group_at_once() {
    let place = Place::new();
    let store = place.store(None);
    let outcomes = outcomes((0..4).map(|_| start("create_group", &place.path(), place.0.path())).collect());
    let refusal = "protection group 'web' already exists";
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.iter().partition(|outcome| *outcome == "created");
    assert_eq!(won.len(), 1, "{outcomes:?}");
    assert!(lost.iter().all(|outcome| outcome.starts_with(refusal)), "{outcomes:?}");
    assert_eq!(store.groups().await.unwrap().len(), 1);
}

#[test]
#[ignore = "the other half of processes_that_migrate_at_once"]
fn migrate() {
    let report = SqlStore::migrate(&location()).unwrap();
    println!("outcome:{}", report.from);
}

#[test]
fn processes_that_migrate_at_once() {
    let place = Place::new();
    let mut outcomes = outcomes((0..6).map(|_| start("migrate", &place.path(), place.0.path())).collect());
    outcomes.sort();
    let latest = migrations::latest().to_string();
    assert_eq!(outcomes, ["0", &latest, &latest, &latest, &latest, &latest]);
    drop(place.store(None));
}

/// To SQLite, this relative name is not a file.
#[test]
fn a_relative_path_is_a_file_whatever_its_name() {
    let place = Place::new();
    let created = start("migrate", Path::new(":memory:"), place.0.path());
    assert_eq!(outcomes(vec![created]), ["0"]);
    let file = StoreLocation::File(place.0.path().join(":memory:"));
    SqlStore::open(file, None, Durability::Off).unwrap();
}

#[test]
fn threads_that_migrate_at_once() {
    let place = Place::new();
    let first = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| SqlStore::migrate(&place.location()).unwrap())).collect();
        runs.into_iter().map(|run| run.join().unwrap()).filter(|report| report.from == 0).count()
    });
    assert_eq!(first, 1);
}
