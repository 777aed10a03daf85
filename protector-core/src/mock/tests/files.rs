use super::{Lab, SELDOM, assert_refused, group, image};
use crate::ErrorKind::Storage;
use crate::mock::{SeedOptions, World, WorldLocation, WorldTime, seed};
use crate::ports::StorageDriver;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

fn open(path: &Path) -> World {
    World::open(&WorldLocation::File(path.to_owned()), WorldTime::Virtual).unwrap()
}

fn refused(path: PathBuf) -> crate::Error {
    World::open(&WorldLocation::File(path), WorldTime::Virtual).unwrap_err()
}

#[tokio::test]
async fn a_file_keeps_the_world_and_its_clock() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/down/world.db");
    let (dump, now) = {
        let world = open(&path);
        seed(&world, &SeedOptions::default()).unwrap();
        let lab = Lab::over(world);
        lab.replicate(SELDOM).await;
        lab.snapshot("dr-1").await;
        lab.sleep(1000).await;
        (lab.world.dump().unwrap(), lab.clock.now())
    };
    let world = open(&path);
    assert!(world.persistent());
    assert_eq!(world.location(), &WorldLocation::File(path));
    assert_eq!(world.clock().now(), now);
    assert_eq!(world.dump().unwrap(), dump);
    let lab = Lab::over(world);
    assert_eq!(lab.suffixes(&lab.array_a, &group()).await, ["dr-1"]);
    // the transfer goes on where it was
    assert_eq!(lab.array_b.replication_status(&image()).await.unwrap().value.in_transfer, 1);
    lab.sleep(500).await;
    assert!(lab.array_b.replication_status(&image()).await.unwrap().value.newest_complete.is_some());
}

#[test]
fn memory_keeps_nothing() {
    let world = World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap();
    seed(&world, &SeedOptions::default()).unwrap();
    assert!(!world.persistent());
    let clone = world.clone();
    drop(world);
    assert_eq!(clone.sites().unwrap().len(), 2, "clones are the same world");
    let other = World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap();
    assert_eq!(other.sites().unwrap(), []);
}

#[cfg(unix)]
#[test]
fn a_new_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let world = open(directory.path());
    seed(&world, &SeedOptions::default()).unwrap();
    for file in ["world.db", "world.db-wal"] {
        let mode = directory.path().join(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_directory_stands_for_a_file_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let not_there_yet = PathBuf::from(format!("{}/mock_storage/", directory.path().display()));
    for given in [directory.path().to_owned(), not_there_yet] {
        let world = open(&given);
        assert_eq!(world.location(), &WorldLocation::File(given.join("world.db")));
        assert!(given.join("world.db").is_file());
    }
}

#[test]
fn a_path_that_cannot_be_made_says_what_to_run() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let below = file.join("mock/world.db");
    let (parent, path) = (file.join("mock").display().to_string(), below.display().to_string());
    let remedy = format!("mkdir -p {parent}; chown protector:protector {parent}");
    assert_refused(Err::<(), _>(refused(below)), Storage, &[&path, &remedy]);
}

#[test]
fn what_is_no_world_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be looked at as one".repeat(50)).unwrap();
    let before = std::fs::read(&text).unwrap();
    assert_refused(Err::<(), _>(refused(text.clone())), Storage, &["notes.txt"]);
    assert_eq!(std::fs::read(&text).unwrap(), before);

    let other = directory.path().join("other.db");
    let sql = rusqlite::Connection::open(&other).unwrap();
    sql.execute_batch("CREATE TABLE theirs (id INTEGER)").unwrap();
    assert_refused(Err::<(), _>(refused(other)), Storage, &["other.db", "not a simulated world", "mock_db_path"]);
    let tables: i64 = sql.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_world_of_another_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.db");
    drop(open(&path));
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert_refused(Err::<(), _>(refused(path)), Storage, &["version 99", "protector-manage mock seed"]);
}

#[test]
fn two_openers_share_one_file() {
    const EACH: u64 = 50;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.db");
    let worlds: Vec<World> = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..2).map(|_| scope.spawn(|| open(&path))).collect();
        opening.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    seed(&worlds[0], &SeedOptions::default()).unwrap();
    let (volume, behind) = boot_volume(&worlds[0]);
    let array = "flasharray-a".into();
    let (content, now) = (worlds[1].content(&array, &behind).unwrap(), worlds[1].clock().now());
    let ids: BTreeSet<String> = std::thread::scope(|scope| {
        let busy: Vec<_> = worlds
            .iter()
            .map(|world| {
                scope.spawn(|| {
                    let identifiers = world.identifiers();
                    let clock = world.clock();
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    (0..EACH)
                        .map(|_| {
                            world.write(&"site-a".into(), &volume, 1).unwrap();
                            runtime.block_on(clock.sleep(Duration::from_millis(1)));
                            identifiers.uuid()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        busy.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(worlds[0].content(&array, &behind).unwrap(), content + 2 * EACH);
    assert_eq!(worlds[0].clock().now(), now + Duration::from_millis(2 * EACH));
    assert_eq!(ids.len() as u64, 2 * EACH);
    assert_eq!(worlds[0].dump().unwrap(), worlds[1].dump().unwrap());
}

fn boot_volume(world: &World) -> (crate::model::VolumeId, crate::model::ArrayVolumeId) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let server = runtime.block_on(Lab::over(world.clone()).server("web-server-1"));
    let volume = server.volumes[0].volume.clone();
    (volume.id, volume.array_volume_id.unwrap())
}
