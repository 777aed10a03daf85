use super::{Lab, SELDOM, assert_refused};
use crate::ErrorKind::{LimitReached, NotFound, Precondition};
use crate::ports::{
    CinderGroupSpec, Cloud, ImportRequest, Outcome, PortSpec, Quota, ServerSpec, ServerState, StorageDriver,
};
use std::{collections::BTreeMap, time::Duration};

const UNLIMITED: Quota = Quota { servers: None, vcpus: None, ram_mib: None, volumes: None, volume_gib: None };

#[tokio::test]
async fn the_clock_alone_ends_a_boot() {
    let lab = Lab::new();
    let server = lab.server("web-server-1").await.id;
    let (cx, half) = (lab.cx("stop"), Duration::from_millis(250));
    let stopping = lab.cloud_a.stop_server(&cx, &server).await.unwrap();
    assert_eq!(stopping, Outcome::InProgress { poll_after: 2 * half });
    lab.sleep(250).await;
    assert_eq!(lab.server("web-server-1").await.state, ServerState::Build);
    assert_eq!(lab.cloud_a.stop_server(&cx, &server).await.unwrap(), Outcome::InProgress { poll_after: half });
    // a call for the opposite waits for the change that is under way
    assert_eq!(lab.cloud_a.start_server(&cx, &server).await.unwrap(), Outcome::InProgress { poll_after: half });
    lab.sleep(250).await;
    assert_eq!(lab.server("web-server-1").await.state, ServerState::Shutoff);
    assert_eq!(lab.cloud_a.stop_server(&cx, &server).await.unwrap(), Outcome::AlreadyDone(()));
}

async fn importable(lab: &Lab) -> ImportRequest {
    lab.replicate(SELDOM).await;
    lab.snapshot("dr-1").await;
    lab.sleep(1500).await;
    let clones = lab.clone("clone", "dr", "dr-1").await.unwrap().finished().unwrap();
    ImportRequest {
        array_volume_id: clones[0].id.clone(),
        array_volume: clones[0].name.clone(),
        name: "web-server-1-os".to_owned(),
        volume_type: "replicated-ssd".to_owned(),
        bootable: true,
    }
}

#[tokio::test]
async fn an_import_joins_cinders_own_group_if_its_type_is_replicated() {
    let lab = Lab::new();
    let request = importable(&lab).await;
    assert_eq!(lab.array_b.group(&"cinder-group".into()).await.unwrap(), None);
    let volume = lab.cloud_b.import_volume(&lab.cx("import"), &request).await.unwrap().finished().unwrap();
    let system = lab.array_b.group(&"cinder-group".into()).await.unwrap().unwrap().value;
    assert_eq!(system.owner, None);
    assert_eq!(system.volumes, [volume.array_volume.unwrap()].into());
    assert_eq!(volume.backend, "pure@backend-b");
}

#[tokio::test]
async fn an_import_needs_the_present_name() {
    let lab = Lab::new();
    let mut request = importable(&lab).await;
    request.array_volume = "an-old-name".into();
    assert_refused(lab.cloud_b.import_volume(&lab.cx("import"), &request).await, NotFound, &["an-old-name"]);
}

#[tokio::test]
async fn cinder_does_not_let_go_of_a_volume_in_a_group() {
    let lab = Lab::new();
    let request = importable(&lab).await;
    let volume = lab.cloud_b.import_volume(&lab.cx("import"), &request).await.unwrap().finished().unwrap();
    let spec = CinderGroupSpec { name: "cg".to_owned(), volume_type: "replicated-ssd".to_owned() };
    let cg = lab.cloud_b.ensure_consistency_group(&lab.cx("cg"), &spec).await.unwrap().finished().unwrap();
    assert_eq!(cg.backend, volume.backend, "what is compared must be spelled alike");
    lab.cloud_b.ensure_group_members(&lab.cx("cg"), &cg.id, &[volume.id.clone()].into()).await.unwrap();
    let refused = lab.cloud_b.release_volume(&lab.cx("release"), &volume.id).await;
    assert_refused(refused, Precondition, &[volume.id.as_str(), cg.id.as_str()]);
    lab.cloud_b.ensure_group_members(&lab.cx("cg"), &cg.id, &[].into()).await.unwrap();
    lab.cloud_b.release_volume(&lab.cx("release"), &volume.id).await.unwrap();
    let name = format!("volume-{}-cinder-unmanaged", volume.id);
    let found = lab.array_b.volumes(&crate::ports::VolumeQuery::Names([name.as_str().into()].into())).await.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn a_quota_is_kept_and_named() {
    let lab = Lab::new();
    let request = importable(&lab).await;
    let site = "site-b".into();
    assert_eq!(lab.cloud_b.quota().await.unwrap(), UNLIMITED);
    lab.world.set_quota(&site, &Quota { volume_gib: Some(40), ..UNLIMITED }).unwrap();
    assert_refused(lab.cloud_b.import_volume(&lab.cx("x"), &request).await, LimitReached, &["40 GiB", "50"]);
    lab.world.set_quota(&site, &Quota { volume_gib: Some(90), vcpus: Some(1), ..UNLIMITED }).unwrap();
    let volume = lab.cloud_b.import_volume(&lab.cx("x"), &request).await.unwrap().finished().unwrap();
    assert_eq!(lab.cloud_b.quota().await.unwrap().volume_gib, Some(40));
    let server = ServerSpec {
        op_key: "server".into(),
        name: "web-server-1".to_owned(),
        flavor: "m1.medium".to_owned(),
        ports: Vec::new(),
        volumes: vec![("vda".to_owned(), volume.id)],
        key_name: Some("operator".to_owned()),
        metadata: BTreeMap::new(),
    };
    assert_refused(lab.cloud_b.ensure_server(&lab.cx("server"), &server).await, LimitReached, &["1 vCPUs", "2"]);
    let server = ServerSpec { flavor: "m1.small".to_owned(), ..server };
    assert!(matches!(lab.cloud_b.ensure_server(&lab.cx("server"), &server).await.unwrap(), Outcome::InProgress { .. }));
    assert_eq!(lab.cloud_b.quota().await.unwrap().vcpus, Some(0));
    let made = lab.cloud_b.servers().await.unwrap().remove(0);
    assert_eq!((made.state, made.key_name.as_deref()), (ServerState::Build, Some("operator")));
}

#[tokio::test]
async fn ports_get_every_address_of_a_range_once() {
    let lab = Lab::new();
    let ask = |n: u32, wanted: &str| PortSpec {
        name: format!("port-{n}"),
        reuse: None,
        network: "net-secondary-web".to_owned(),
        fixed_ips: vec![wanted.to_owned()],
        security_groups: vec!["web".to_owned()],
    };
    // network, gateway and broadcast addresses are nobody's
    let mut given = std::collections::BTreeSet::new();
    for (n, wanted) in (0..253).zip(["192.168.20.0", "192.168.20.1", "192.168.20.255"].iter().cycle()) {
        let port = lab.cloud_b.ensure_port(&lab.cx("port"), &ask(n, wanted)).await.unwrap().finished().unwrap();
        given.extend(port.fixed_ips);
    }
    let expected = (2..255).map(|host| format!("192.168.20.{host}")).collect();
    assert_eq!(given, expected);
    let refused = lab.cloud_b.ensure_port(&lab.cx("port"), &ask(999, "192.168.20.0")).await;
    assert_refused(refused, LimitReached, &["net-secondary-web"]);
    let broken = lab.cloud_b.ensure_port(&lab.cx("port"), &ask(1000, "nonsense")).await;
    assert_refused(broken, crate::ErrorKind::InvalidRequest, &["nonsense", "port-1000"]);
}

#[tokio::test]
async fn a_server_shows_what_is_needed_to_build_it_again() {
    let lab = Lab::new();
    let server = lab.server("web-server-1").await;
    assert_eq!((server.flavor.as_str(), server.flavor_shape.vcpus), ("m1.medium", 2));
    assert_eq!(server.security_groups, ["default", "web"]);
    assert_eq!(server.availability_zone.as_deref(), Some("nova"));
    let nic = &server.nics[0];
    assert_eq!(nic.network, "net-primary-web");
    assert!(nic.fixed_ips[0].starts_with("192.168.10."), "{nic:?}");
    let mac = nic.mac_address.as_deref().unwrap();
    assert!(mac.starts_with("fa:16:3e:") && mac.len() == 17, "{mac}");
}
