//! A store whose file becomes read-only while it is in use: by its file system, and by its owner.

use super::*;
use crate::ports::conformance::store::samples::{change, journal, operation, record};
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// Where the file system is that fails, or the database that changes hands; a child knows it by this.
const PLACE: &str = "PROTECTOR_TEST_READ_ONLY";
/// Anybody but the administrator.
const NOBODY: u32 = 65534;

fn child(test: &str) -> [String; 4] {
    let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    ["--exact".to_owned(), name, "--ignored".to_owned(), "--nocapture".to_owned()]
}

fn shell(script: &str, place: &Path) -> bool {
    Command::new("sh").args(["-c", script, "sh"]).arg(place).output().unwrap().status.success()
}

fn is_refused<T: std::fmt::Debug>(what: &str, outcome: Result<T>) {
    let e = outcome.unwrap_err();
    let remedy = e.remedy_text().unwrap_or_default();
    assert_eq!(e.kind(), ErrorKind::Storage, "{what}: {e}");
    assert!(e.message().contains("site-a.db'") && e.message().contains("was not "), "{what}: {e}");
    assert!(remedy.contains("findmnt -T") && remedy.contains("do the same again"), "{what}: {e:?}");
}

const MOUNT: &str = "mount -o loop \"$1/image\" \"$1/mounted\"";

#[test]
fn a_file_system_that_fails_refuses_writes_and_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("mounted")).unwrap();
    let image = "truncate -s 16M \"$1/image\" && mkfs.ext4 -q \"$1/image\"";
    let mut probe = Command::new("unshare");
    probe.args(["--mount", "sh", "-c", MOUNT, "sh"]).arg(place.path());
    if !shell(image, place.path()) || !probe.output().is_ok_and(|probe| probe.status.success()) {
        println!("skipped: no file system of its own can be mounted here (mkfs.ext4, mount -o loop)");
        return;
    }
    let mut run = Command::new("unshare");
    run.arg("--mount").arg(std::env::current_exe().unwrap()).args(child("on_a_file_system_that_fails"));
    let done = run.env(PLACE, place.path()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "the other half of a_file_system_that_fails_refuses_writes_and_loses_nothing"]
async fn on_a_file_system_that_fails() {
    let place = PathBuf::from(std::env::var_os(PLACE).expect("run by the other test"));
    let location = StoreLocation::File(place.join("mounted/site-a.db"));
    assert!(shell(MOUNT, &place));
    SqlStore::migrate(&location).unwrap();
    let store = SqlStore::open(location.clone(), None, Durability::Full).unwrap();
    let (web, db) = (record("web"), record("db"));
    let (running, another) = (operation("1", &web, 0), operation("2", &db, 1));
    store.create_group(&web).await.unwrap();
    store.begin_operation(&running, &journal(0, 2), None).await.unwrap();
    let edit = change(&web, |web| web.group.partial = true);

    // as the kernel does when a disk breaks, with all files open
    assert!(shell("mount -o remount,abort \"$1/mounted\"", &place));
    is_refused("edit", store.update_group(&edit).await);
    is_refused("begin", store.begin_operation(&another, &journal(0, 1), None).await);
    is_refused("append", store.append(&running.id, 0, &journal(2, 4), Some(&edit), true).await);
    drop(store);
    let again = format!("for try in 1 2 3 4 5; do umount \"$1/mounted\" && break; sleep 0.2; done; {MOUNT}");
    assert!(shell(&again, &place));

    let store = SqlStore::open(location, None, Durability::Full).unwrap();
    assert_eq!(store.groups().await.unwrap(), [web]);
    assert_eq!(store.operations(&Default::default()).await.unwrap(), [running.clone()].to_vec());
    assert_eq!(store.journal(&running.id, 0).await.unwrap(), journal(0, 2));
    store.begin_operation(&another, &journal(0, 1), None).await.unwrap();
    store.append(&running.id, 0, &journal(2, 4), Some(&edit), true).await.unwrap();
    assert_eq!(store.groups().await.unwrap(), [edit.record]);
    assert_eq!(store.journal(&running.id, 0).await.unwrap(), journal(0, 4));
}

/// Gives the database, what lies beside it and its directory to somebody.
fn give(database: &Path, owner: u32) {
    for file in fs::read_dir(database.parent().unwrap()).unwrap() {
        let file = file.unwrap().path();
        chown(&file, Some(owner), Some(owner)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(if owner == NOBODY { 0o600 } else { 0o644 })).unwrap();
    }
    chown(database.parent().unwrap(), Some(owner), Some(owner)).unwrap();
}

/// Linux asks who may write when a file is opened: a store in use writes on, the next one is told what to do.
#[test]
fn a_file_that_somebody_else_takes_is_refused_at_the_next_start_and_loses_nothing() {
    let place = Place::new();
    fs::set_permissions(place.0.path(), Permissions::from_mode(0o755)).unwrap();
    drop(place.store(None));
    let database = place.path();
    fs::set_permissions(database.parent().unwrap(), Permissions::from_mode(0o755)).unwrap();
    if chown(&database, Some(NOBODY), Some(NOBODY)).is_err() {
        println!("skipped: only an administrator can give a file away");
        return;
    }
    give(&database, NOBODY);
    // the build may be where nobody else may look
    let program = place.0.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut user = Command::new(program)
        .args(child("whose_file_is_taken"))
        .env(PLACE, &database)
        .uid(NOBODY)
        .gid(NOBODY)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut says = BufReader::new(user.stdout.take().unwrap()).lines();
    let mut go_on = user.stdin.take().unwrap();
    for (owner, until) in [(0, "in use"), (NOBODY, "refused"), (NOBODY, "1 passed")] {
        let heard = says.by_ref().map_while(std::result::Result::ok).any(|line| line.contains(until));
        assert!(heard, "ended before '{until}'");
        give(&database, owner);
        // it has ended after the last one
        let _ = writeln!(go_on);
    }
    assert!(user.wait().unwrap().success());
}

#[tokio::test]
#[ignore = "the other half of a_file_that_somebody_else_takes_is_refused_at_the_next_start_and_loses_nothing"]
async fn whose_file_is_taken() {
    let location = StoreLocation::File(std::env::var_os(PLACE).expect("run by the other test").into());
    let wait = |said: &str| {
        println!("{said}");
        std::io::stdin().read_line(&mut String::new()).unwrap();
    };
    let store = SqlStore::open(location.clone(), None, Durability::Full).unwrap();
    store.create_group(&record("web")).await.unwrap();
    wait("in use");
    store.create_group(&record("db")).await.unwrap();
    for refused in
        [SqlStore::open(location.clone(), None, Durability::Full).map(drop), SqlStore::migrate(&location).map(drop)]
    {
        let e = refused.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Storage, "{e}");
        assert!(e.message().contains("site-a.db"), "{e}");
        assert!(e.remedy_text().is_some_and(|text| text.contains("chown")), "{e:?}");
    }
    drop(store);
    wait("refused");
    let store = SqlStore::open(location, None, Durability::Full).unwrap();
    assert_eq!(store.groups().await.unwrap(), [record("db"), record("web")]);
}
