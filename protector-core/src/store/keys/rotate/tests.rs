use super::*;
use crate::{ApiToken, ErrorKind};
use std::{collections::BTreeMap, thread};
use tempfile::TempDir;

fn repository() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fernet-keys");
    KeyRing::setup(&path).unwrap();
    (directory, path)
}

fn keys(path: &Path) -> BTreeMap<u32, String> {
    let read = |number: u32| (number, fs::read_to_string(path.join(number.to_string())).unwrap());
    key_numbers(path).unwrap().into_iter().map(read).collect()
}

fn rotate(path: &Path) -> Result<RotateReport> {
    KeyRing::load(path)?.rotate()
}

/// Two look at the stored tokens with the same keys: the second must look again, or he takes away what they need.
#[test]
fn keys_that_were_rotated_meanwhile_are_not_rotated() {
    let (_guard, path) = repository();
    let (first, second) = (KeyRing::load(&path).unwrap(), KeyRing::load(&path).unwrap());
    first.rotate().unwrap();
    let before = keys(&path);
    assert_eq!(second.rotate().unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(keys(&path), before);
}

#[test]
fn the_staged_key_becomes_the_primary_one_and_what_is_older_goes() {
    let (_guard, path) = repository();
    let first = keys(&path);
    let report = rotate(&path).unwrap();
    let second = keys(&path);
    assert_eq!((&report.primary, &report.staged), (&path.join("2"), &path.join("0")));
    assert_eq!(report.removed, Vec::<PathBuf>::new());
    assert_eq!((&second[&1], &second[&2]), (&first[&1], &first[&0]), "no key is lost");
    assert_ne!(second[&0], first[&0]);

    let report = rotate(&path).unwrap();
    assert_eq!(report.removed, [path.join("1")]);
    assert_eq!(keys(&path).into_keys().collect::<Vec<_>>(), [0, 2, 3]);
}

/// Whoever read the keys before a rotation reads what is encrypted after it, and the other way round.
#[test]
fn a_process_that_runs_on_reads_what_comes_after_one_rotation() {
    let (_guard, path) = repository();
    let (before, token) = (KeyRing::load(&path).unwrap(), ApiToken::new("T-1"));
    rotate(&path).unwrap();
    let after = KeyRing::load(&path).unwrap();
    assert_eq!(before.decrypt(&after.encrypt(&token)).unwrap(), token);
    assert_eq!(after.decrypt(&before.encrypt(&token)).unwrap(), token);
}

#[test]
fn a_renewed_token_needs_no_older_key() {
    let (_guard, path) = repository();
    let token = ApiToken::new("T-1");
    let old = KeyRing::load(&path).unwrap().encrypt(&token);
    assert_eq!(KeyRing::load(&path).unwrap().renewed(&old).unwrap(), None);
    rotate(&path).unwrap();
    let new = KeyRing::load(&path).unwrap().renewed(&old).unwrap().unwrap();
    assert_eq!(KeyRing::load(&path).unwrap().renewed(&new).unwrap(), None);
    rotate(&path).unwrap();
    let keys = KeyRing::load(&path).unwrap();
    assert_eq!(keys.decrypt(&new).unwrap(), token);
    assert_eq!(keys.renewed(&old).unwrap_err().kind(), ErrorKind::Storage, "its key is gone");
    assert_eq!(keys.renewed("T-1").unwrap_err().kind(), ErrorKind::Storage, "not a token of ours");
}

#[test]
fn a_rotation_that_broke_off_is_made_up_for() {
    let (_guard, path) = repository();
    let staged = keys(&path)[&0].clone();
    // what a crash leaves between the rename and the new key
    fs::rename(path.join("0"), path.join("2")).unwrap();
    let e = rotate(&path).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::InvalidConfiguration);
    assert!(e.to_string().contains("protector-manage fernet setup"), "{e}");
    assert_eq!(KeyRing::setup(&path).unwrap().created, [path.join("0")]);
    rotate(&path).unwrap();
    assert_eq!(keys(&path)[&2], staged);
}

#[test]
fn rotations_at_once_lose_no_key() {
    let (_guard, path) = repository();
    let stored = KeyRing::load(&path).unwrap().encrypt(&ApiToken::new("T-1"));
    let held = lock(&path).unwrap();
    let e = rotate(&path).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Conflict);
    drop(held);
    let rotated = thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| rotate(&path))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).filter(Result::is_ok).count()
    });
    let numbers: Vec<u32> = keys(&path).into_keys().collect();
    let last = u32::try_from(rotated).unwrap() + 1;
    assert_eq!(numbers, [0, last - 1, last], "{rotated} rotations");
    assert_eq!(KeyRing::load(&path).unwrap().decrypt(&stored).is_ok(), rotated == 1);
}

#[test]
fn without_a_repository_there_is_nothing_to_rotate() {
    let directory = tempfile::tempdir().unwrap();
    let e = rotate(&directory.path().join("none")).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::InvalidConfiguration);
    assert!(e.to_string().contains("does not exist"), "{e}");
    assert!(!directory.path().join("none").exists());
}
