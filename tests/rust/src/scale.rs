//! Groups of any size, for measuring: facts to plan on, and a prepared deployment to fail over.

use crate::{failover, group_create};
use jiff::Timestamp;
use protector_core::config::Settings;
use protector_core::connect::{Deployment, db_sync, mock_seed};
use protector_core::engine::{Engine, MemberAdd, OperationView, PolicyChange, Progress, Request};
use protector_core::mock::SeedOptions;
use protector_core::model::*;
use protector_core::plan::{
    ArrayFacts, CloudFacts, Durations, FACTS_SCHEMA, Facts, Limits, Observation, PeerFacts, SiteFacts,
};
use protector_core::ports::*;
use protector_core::store::Durability;
use protector_core::{Error, Result, rules::naming};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The group of [`prepare`].
pub const GROUP: &str = "large";
const NETWORKS: [&str; 2] = ["net-primary-web", "net-secondary-web"];
const FLAVOR: &str = "m1.small";
const SHAPE: FlavorShape = FlavorShape { vcpus: 1, ram_mib: 2048, disk_gib: 20 };
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Facts of a healthy group with `volumes` volumes, two to a server, ready for [`failover`].
pub fn facts(volumes: usize) -> Facts {
    facts_of(volumes.div_ceil(2), volumes)
}

/// Facts of a healthy group with `volumes` volumes, spread evenly over `servers` servers, ready for [`failover`].
pub fn facts_of(servers: usize, volumes: usize) -> Facts {
    let each = volumes.div_ceil(servers.max(1));
    let mut members: Vec<Member> = (0..servers).map(|n| member(n, n * each..volumes.min((n + 1) * each))).collect();
    members.sort_by(|a, b| a.id.cmp(&b.id));
    let disks = || members.iter().flat_map(|m| &m.disks).flat_map(|d| d.copies.values());
    let names: BTreeSet<ArrayVolumeName> = disks().map(|c| c.array_volume.clone()).collect();
    let group_volumes = disks().map(|c| c.volume_id.clone()).collect();
    let servers = members.iter().map(|m| (m.id.clone(), server(m))).collect();
    let record = record(members);
    Facts {
        schema: FACTS_SCHEMA,
        now: NOW,
        local_site: "site-a".into(),
        peer: PeerFacts {
            site: "site-b".into(),
            version: Observation::Known(Some(record.version)),
            differs: false,
            tests: None,
        },
        open_operation: None,
        unreadable_operation: None,
        source: SiteFacts {
            site: "site-a".into(),
            cloud: Observation::Known(cloud(NETWORKS[0], servers, group_volumes)),
            array: Observation::Known(source_array(&names)),
            observed_at: Some(NOW),
        },
        target: SiteFacts {
            site: "site-b".into(),
            cloud: Observation::Known(cloud(NETWORKS[1], BTreeMap::new(), BTreeSet::new())),
            array: Observation::Known(target_array(&names)),
            observed_at: Some(NOW),
        },
        test: None,
        durations: Durations::default(),
        limits: Limits::default(),
        simulated_storage: None,
        record,
    }
}

/// As OpenStack makes them, and the same each time.
fn uuid(kind: &str, n: usize) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{kind}/{n}").as_bytes()).to_string()
}

fn member(n: usize, volumes: Range<usize>) -> Member {
    let id = ServerId::new(uuid("server", n));
    let disk = |(volume, letter): (usize, char)| {
        let device = format!("vd{letter}");
        let volume_id = VolumeId::new(uuid("volume", volume));
        let array_volume = naming::cinder_volume_name(&volume_id);
        let array_volume_id = ArrayVolumeId::new(uuid("array volume", volume));
        let copy = DiskCopy { volume_id, array_volume, array_volume_id, cloned_under: None };
        Disk {
            id: DiskId::new(copy.volume_id.as_str()),
            name: format!("server-{n:05}-{device}"),
            size_gib: 10,
            boot: device == "vda",
            device,
            copies: BySite::from_iter([("site-a".into(), copy)]),
        }
    };
    let nic = Nic {
        port: None,
        network: NETWORKS[0].to_owned(),
        mac_address: None,
        fixed_ips: vec![format!("10.10.{}.{}", n / 250, n % 250 + 1)],
    };
    let capture = ServerCapture {
        flavor: FLAVOR.to_owned(),
        flavor_shape: SHAPE,
        key_name: None,
        availability_zone: None,
        security_groups: vec!["default".to_owned()],
        metadata: BTreeMap::new(),
        nics: vec![nic],
        captured_at: NOW,
    };
    Member {
        name: format!("server-{n:05}"),
        tier: 0,
        start: Default::default(),
        status: MemberStatus::Protected,
        captures: BySite::from_iter([("site-a".into(), capture)]),
        disks: volumes.zip('a'..='z').map(disk).collect(),
        servers: BySite::from_iter([("site-a".into(), id.clone())]),
        id,
    }
}

fn record(members: Vec<Member>) -> GroupRecord {
    let group = ProtectionGroup {
        id: "group-id".into(),
        name: GROUP.to_owned(),
        description: None,
        project_id: "project".into(),
        replication_type: ReplicationType::Async,
        primary_site: "site-a".into(),
        secondary_site: "site-b".into(),
        current_primary_site: "site-a".into(),
        partial: false,
        protection: Protection::Protected,
        operation: None,
        epoch: Epoch(1),
        volume_type: "replicated-ssd".to_owned(),
        consistency_group: ConsistencyGroup {
            id: "consistency-group-id".into(),
            backend_name: "pure@backend-a".to_owned(),
            secondary_volume_type: "replicated-ssd".to_owned(),
            primary_cg_id: "cinder-group-a".into(),
            secondary_cg_id: "cinder-group-b".into(),
            status: ConsistencyGroupStatus::Active,
        },
        priority: 0,
        mappings: Mappings::default(),
        created_at: NOW,
        updated_at: NOW,
    };
    let policy = ReplicationPolicy {
        primary_fa_url: None,
        primary_fa_api_token: None,
        secondary_fa_url: None,
        secondary_fa_api_token: None,
        pure_pg_name: "pg-large".into(),
        replication_interval: 300,
        rpo_minutes: 15,
        status: PolicyStatus::Active,
    };
    let version = MetadataVersion::FIRST;
    GroupRecord {
        version,
        group,
        policy: Some(policy),
        members,
        retained: Vec::new(),
        divergence: None,
        fences_due: Vec::new(),
        ledger: Vec::new(),
        unfinished: None,
    }
}

/// One of many groups, of one member with two volumes, that shares nothing with the others.
pub fn numbered(n: usize) -> GroupRecord {
    let mut record = record(vec![member(n, 2 * n..2 * n + 2)]);
    let group = &mut record.group;
    group.id = ProtectionGroupId::new(format!("group-id-{n:05}"));
    group.name = format!("group-{n:05}");
    let pair = &mut group.consistency_group;
    pair.id = ConsistencyGroupId::new(format!("consistency-group-id-{n:05}"));
    pair.primary_cg_id = CinderGroupId::new(format!("cinder-group-a-{n:05}"));
    pair.secondary_cg_id = CinderGroupId::new(format!("cinder-group-b-{n:05}"));
    if let Some(policy) = &mut record.policy {
        policy.pure_pg_name = ArrayGroupName::new(format!("pg-{n:05}"));
    }
    record
}

fn server(member: &Member) -> Server {
    let attached = |disk: &Disk| {
        let copy = disk.copies.get(&SiteName::from("site-a"))?;
        let volume = CloudVolume {
            id: copy.volume_id.clone(),
            name: disk.name.clone(),
            size_gib: disk.size_gib,
            volume_type: "replicated-ssd".to_owned(),
            backend: "pure@backend-a".to_owned(),
            state: VolumeState::InUse,
            group: Some("cinder-group-a".into()),
            array_volume: Some(copy.array_volume.clone()),
            array_volume_id: Some(copy.array_volume_id.clone()),
        };
        Some(AttachedVolume { device: disk.device.clone(), boot: disk.boot, delete_on_termination: false, volume })
    };
    Server {
        project: None,
        id: member.id.clone(),
        name: member.name.clone(),
        state: ServerState::Active,
        flavor: FLAVOR.to_owned(),
        flavor_shape: SHAPE,
        key_name: None,
        availability_zone: None,
        security_groups: Vec::new(),
        metadata: BTreeMap::new(),
        nics: Vec::new(),
        volumes: member.disks.iter().filter_map(attached).collect(),
    }
}

fn cloud(network: &str, servers: BTreeMap<ServerId, Server>, group_volumes: BTreeSet<VolumeId>) -> CloudFacts {
    CloudFacts {
        networks: vec![Network { id: "network".into(), name: network.to_owned(), cidrs: Vec::new() }],
        flavors: vec![Flavor { id: "flavor".into(), name: FLAVOR.to_owned(), shape: SHAPE }],
        servers,
        group_volumes,
        volume_types: Some(vec![VolumeType {
            id: "volume-type".into(),
            name: "replicated-ssd".to_owned(),
            extra_specs: [
                (REPLICATION_ENABLED.to_owned(), "<is> True".to_owned()),
                (REPLICATION_TYPE.to_owned(), "<in> async".to_owned()),
            ]
            .into(),
        }]),
        quota: Some(Quota { servers: None, vcpus: None, ram_mib: None, volumes: None, volume_gib: None }),
        retained: BTreeMap::new(),
    }
}

fn source_array(volumes: &BTreeSet<ArrayVolumeName>) -> ArrayFacts {
    let group = ArrayGroup {
        name: "pg-large".into(),
        owner: Some("group-id".into()),
        is_local: true,
        volumes: volumes.clone(),
        targets: BTreeMap::from([("array-b".into(), true)]),
        replication_interval: Some(300),
        destroyed: false,
    };
    ArrayFacts { local_group: Some(group), ..array("array-a", "array-b") }
}

fn target_array(volumes: &BTreeSet<ArrayVolumeName>) -> ArrayFacts {
    let group = naming::target_group_name(&"array-a".into(), &"pg-large".into());
    let point = RecoveryPoint {
        name: RecoveryPointName::new(format!("{group}.1")),
        group,
        created: NOW,
        transfer: Transfer::Completed { at: NOW },
        volumes: volumes.iter().cloned().collect(),
        destroyed: false,
    };
    ArrayFacts { recovery_points: vec![point], ..array("array-b", "array-a") }
}

fn array(name: &str, peer: &str) -> ArrayFacts {
    ArrayFacts {
        id: ArrayId::new(format!("{name}-id")),
        name: name.into(),
        peer: Some(peer.into()),
        link: ReplicationLink::Connected,
        local_group: None,
        image: None,
        recovery_points: Vec::new(),
        pod: None,
    }
}

/// A deployment on files, closed and ready to be copied: a replicated group with servers of one volume each.
#[derive(Debug)]
pub struct Prepared(PathBuf);

/// Makes a deployment in `directory`, with `servers` servers in one group that has a recovery point.
///
/// # Errors
/// what the engine says.
pub async fn prepare(directory: &Path, servers: u32) -> Result<Prepared> {
    let settings = settings(directory)?;
    db_sync(&settings).await?;
    mock_seed(&settings, SeedOptions { servers, ..SeedOptions::default() }).await?;
    let deployment = Deployment::open_with(&settings, Durability::Off).await?;
    let engine = deployment.engine(None)?;
    engine.protection_group_create(&group_create(GROUP)).await?;
    let policy = PolicyChange {
        pure_pg_name: Some("pg-large".into()),
        replication_interval: Some(300),
        rpo_minutes: Some(15),
        ..PolicyChange::default()
    };
    engine.policy_create(GROUP, &policy).await?;
    for server in deployment.world().cloud(&"site-a".into())?.servers().await? {
        // those of the documents have names of their own
        if server.name.starts_with("server-") {
            let instance_id = server.id.to_string();
            engine.member_add(GROUP, &MemberAdd { instance_id, ..MemberAdd::default() }).await?;
        }
    }
    completed(&engine, &Request::Sync {}).await?;
    Ok(Prepared(directory.to_owned()))
}

impl Prepared {
    /// Copies the deployment into `directory` and opens it there.
    ///
    /// # Errors
    /// files cannot be copied → `Storage`; else what the engine says.
    pub async fn open_copy(&self, directory: &Path, durability: Durability) -> Result<Engine> {
        self.copy(directory)?;
        self.reopen(directory, durability).await
    }

    /// Opens what [`Prepared::open_copy`] copied into `directory`, once it is closed.
    ///
    /// # Errors
    /// what the engine says.
    pub async fn reopen(&self, directory: &Path, durability: Durability) -> Result<Engine> {
        Deployment::open_with(&settings(directory)?, durability).await?.engine(None)
    }

    /// Copies the deployment into `directory`.
    ///
    /// # Errors
    /// files cannot be copied → `Storage`.
    pub fn copy(&self, directory: &Path) -> Result<()> {
        let cannot = |e: std::io::Error| Error::storage(format!("cannot copy {}: {e}", self.0.display()));
        for file in std::fs::read_dir(&self.0).map_err(cannot)? {
            let file = file.map_err(cannot)?;
            std::fs::copy(file.path(), directory.join(file.file_name())).map_err(cannot)?;
        }
        Ok(())
    }
}

/// Moves the group of [`prepare`] to the other site.
///
/// # Errors
/// what the engine says; not completed → `Internal`.
pub async fn fail_over(engine: &Engine) -> Result<OperationView> {
    completed(engine, &failover()).await
}

async fn completed(engine: &Engine, request: &Request) -> Result<OperationView> {
    let plan = engine.plan(GROUP, request).await?;
    let accepted = engine.accept(&plan).await?;
    let done = engine.run(accepted.id.as_str(), &Cancel::default(), &Progress::none()).await?;
    if done.status == OperationStatus::Completed { Ok(done) } else { Err(Error::internal(format!("{done:?}"))) }
}

fn settings(directory: &Path) -> Result<Settings> {
    let directory = directory.display();
    let text = format!(
        "[DEFAULT]\nstate_path = {directory}\n[engine]\nstorage_driver = mock\nmock_db_path = {directory}/world.db\n\
         mock_clock = virtual\ncloud_driver = mock\nlocal_site = site-a\n"
    );
    Settings::from_text(&text, &BTreeMap::new())
}
