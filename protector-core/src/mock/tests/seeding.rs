use super::{Lab, assert_refused};
use crate::ErrorKind::{AlreadyExists, NotFound};
use crate::mock::dump::TABLES;
use crate::mock::{
    MemberStatus, MockCloud, MockStorageDriver, SeedOptions, World, WorldLocation, WorldSettings, WorldTime, seed,
};
use crate::ports::{Cloud, ReplicationLink, ServerState, StorageDriver, VolumeQuery};
use std::collections::BTreeSet;

fn empty() -> World {
    World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap()
}

#[tokio::test]
async fn the_documents_example_is_there() {
    let lab = Lab::new();
    let sites = lab.world.sites().unwrap();
    let pairs: Vec<_> = sites.iter().map(|site| (site.name.as_str(), site.array.as_str())).collect();
    assert_eq!(pairs, [("site-a", "flasharray-a"), ("site-b", "flasharray-b")]);
    assert_eq!(lab.array_a.peers().await.unwrap()[0].link, ReplicationLink::Connected);

    let web = lab.server("web-server-1").await;
    assert_eq!(web.state, ServerState::Active);
    let disks: Vec<_> = web
        .volumes
        .iter()
        .map(|v| (v.device.as_str(), v.boot, v.volume.name.as_str(), v.volume.size_gib, v.volume.volume_type.as_str()))
        .collect();
    assert_eq!(
        disks,
        [
            ("vda", true, "web-server-1-os", 50, "replicated-ssd"),
            ("vdb", false, "web-server-1-data", 200, "replicated-ssd")
        ]
    );
    let names: Vec<_> = lab.cloud_a.servers().await.unwrap().into_iter().map(|server| server.name).collect();
    assert_eq!(names, ["app-server-1", "db-server-1", "legacy-server-1", "web-server-1", "web-server-2"]);
    assert_eq!(lab.server("legacy-server-1").await.volumes[0].volume.volume_type, "standard-ssd");
    assert_eq!(lab.cloud_b.servers().await.unwrap(), []);

    for (cloud, backend, network) in
        [(&lab.cloud_a, "pure@backend-a", "net-primary-web"), (&lab.cloud_b, "pure@backend-b", "net-secondary-web")]
    {
        let types = cloud.volume_types().await.unwrap();
        let specs: Vec<_> = types.iter().map(|t| serde_json::to_value(&t.extra_specs).unwrap()).collect();
        assert_eq!(
            specs,
            [
                serde_json::json!({"replication_enabled": "<is> True", "replication_type": "<in> async",
                                   "volume_backend_name": backend}),
                serde_json::json!({"volume_backend_name": backend})
            ]
        );
        let networks: Vec<_> = cloud.networks().await.unwrap().into_iter().map(|network| network.name).collect();
        assert_eq!(networks, [network, "net-test-isolated"]);
        let flavors: Vec<_> = cloud.flavors().await.unwrap().into_iter().map(|flavor| flavor.name).collect();
        assert_eq!(flavors, ["m1.large", "m1.medium", "m1.small"]);
    }
    let system = lab.array_a.group(&"cinder-group".into()).await.unwrap().unwrap().value;
    assert_eq!((system.owner, system.volumes.len()), (None, 7));
}

#[tokio::test]
async fn every_volume_holds_data_of_its_own() {
    let lab = Lab::new();
    let mut contents = BTreeSet::new();
    for volume in lab.cloud_a.servers().await.unwrap().into_iter().flat_map(|server| server.volumes) {
        let id = volume.volume.array_volume_id.unwrap();
        contents.insert(lab.world.content(&"flasharray-a".into(), &id).unwrap());
    }
    assert_eq!(contents.len(), 8);
    assert!(!contents.contains(&0));
}

#[test]
fn a_world_is_seeded_once() {
    let world = empty();
    let report = seed(&world, &SeedOptions::default()).unwrap();
    assert_eq!((report.sites.len(), report.servers, report.volumes), (2, 5, 8));
    let before = world.dump().unwrap();
    assert_refused(seed(&world, &SeedOptions { servers: 3, ..SeedOptions::default() }), AlreadyExists, &[":memory:"]);
    assert_eq!(world.dump().unwrap(), before);
}

#[test]
fn what_is_not_seeded_says_how_to_seed() {
    let world = empty();
    assert_eq!(world.sites().unwrap(), []);
    assert_refused(world.storage_driver(&"site-a".into()), NotFound, &["site-a", "protector-manage mock seed"]);
    let driver = MockStorageDriver::new(world.clone(), &"flasharray-a".into());
    assert_refused(driver, NotFound, &["flasharray-a", "protector-manage mock seed"]);
    assert_refused(MockCloud::new(world, &"site-b".into()), NotFound, &["site-b", "protector-manage mock seed"]);
}

#[tokio::test]
async fn a_thousand_servers_are_seeded_with_addresses_of_their_own() {
    let world = empty();
    let report = seed(&world, &SeedOptions { servers: 1000, ..SeedOptions::default() }).unwrap();
    assert_eq!((report.servers, report.volumes), (1005, 1008));
    let servers = world.cloud(&"site-a".into()).unwrap().servers().await.unwrap();
    let extra: Vec<_> = servers.iter().filter(|server| server.name.starts_with("server-")).collect();
    assert_eq!((extra.len(), extra[0].name.as_str(), extra[0].volumes[0].volume.size_gib), (1000, "server-0001", 10));
    let addresses: BTreeSet<_> = servers.iter().flat_map(|server| &server.nics[0].fixed_ips).collect();
    assert_eq!(addresses.len(), 1005);
}

#[tokio::test]
async fn synchronous_servers_lie_in_a_pod_that_is_online_on_both_arrays() {
    let lab = Lab::seeded(SeedOptions { sync_servers: 2, ..SeedOptions::default() });
    let servers = lab.cloud_a.servers().await.unwrap();
    let names: Vec<_> = servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names[3..5], ["sync-server-1", "sync-server-2"], "{names:?}");
    for server in &servers[3..5] {
        let sizes: Vec<_> = server.volumes.iter().map(|v| (v.boot, v.volume.size_gib)).collect();
        assert_eq!((server.flavor.as_str(), sizes), ("m1.small", vec![(true, 20), (false, 40)]));
        for volume in server.volumes.iter().map(|attached| &attached.volume) {
            let name = volume.array_volume.clone().unwrap();
            assert_eq!(name.as_str(), format!("cinder-pod::volume-{}-cinder", volume.id));
            assert_eq!(volume.volume_type, "replicated-sync");
            let query = VolumeQuery::Names([name].into());
            let (here, there) =
                (lab.array_a.volumes(&query).await.unwrap(), lab.array_b.volumes(&query).await.unwrap());
            assert_eq!((here.len(), &here), (1, &there));
        }
    }
    for (cloud, array) in [(&lab.cloud_a, &lab.array_a), (&lab.cloud_b, &lab.array_b)] {
        let types = cloud.volume_types().await.unwrap();
        let replicates = types.iter().find(|found| found.name == "replicated-sync").unwrap();
        assert_eq!(replicates.extra_specs["replication_type"], "<in> sync");
        let pod = lab.world.read_array(&array.info().await.unwrap().name, |array| {
            let found = array.pod_by_name("cinder-pod")?.unwrap();
            array.pod_members(&found)
        });
        let states: Vec<_> = pod.unwrap().into_iter().map(|member| member.status).collect();
        assert_eq!(states, [MemberStatus::Online; 2]);
    }
    // a connection for synchronous replication carries the other kind as well
    lab.replicate(300).await;
    lab.snapshot("dr-1").await;
    let system = lab.array_a.group(&"cinder-group".into()).await.unwrap().unwrap().value;
    assert_eq!(system.volumes.len(), 7, "it has none that are in a pod");
}

#[test]
fn how_much_to_seed_is_read_from_what_is_given() {
    for (text, servers, sync_servers) in [("{}", 0, 0), (r#"{"servers":3}"#, 3, 0), (r#"{"sync_servers":2}"#, 0, 2)] {
        let options: SeedOptions = serde_json::from_str(text).unwrap();
        assert_eq!(options, SeedOptions { servers, sync_servers }, "{text}");
    }
    let report = seed(&empty(), &SeedOptions { servers: 1, sync_servers: 2 }).unwrap();
    assert_eq!((report.servers, report.volumes), (8, 13));
}

#[test]
fn settings_begin_as_documented() {
    assert_eq!(empty().settings().unwrap(), WorldSettings::default());
}

#[test]
fn the_dump_leaves_no_table_out() {
    let world = empty();
    let tables: BTreeSet<String> = world
        .read(|tx| tx.all("SELECT name FROM sqlite_schema WHERE type = 'table'", [], |row| row.get(0)))
        .unwrap()
        .into_iter()
        .collect();
    let dumped = TABLES
        .iter()
        .map(|(table, _)| (*table).to_owned())
        .chain(["bookkeeping", "serials"].map(str::to_owned))
        .collect();
    assert_eq!(tables, dumped);
}
