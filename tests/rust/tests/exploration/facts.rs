//! What an engine observes of the world before it plans.

use crate::arrays::{GROUP, image_name, instant, points};
use crate::state::State;
use crate::world::{Side, Site};
use protector_core::model::{
    FlavorShape, Member, OpenOperation, OperationKind, REPLICATION_ENABLED, REPLICATION_TYPE, ServerId, VolumeId,
    VolumeType,
};
use protector_core::plan::{
    ArrayFacts, CloudFacts, Durations, FACTS_SCHEMA, Facts, Limits, Observation, PeerFacts, SiteFacts, TestRun,
};
use protector_core::ports::{
    ArrayGroup, AttachedVolume, CloudVolume, Flavor, OpenTest, Quota, ReplicationLink, Server, ServerState, VolumeState,
};
use std::collections::BTreeMap;

pub(crate) const SHAPE: FlavorShape = FlavorShape { vcpus: 2, ram_mib: 4096, disk_gib: 40 };
pub(crate) const FLAVOR: &str = "m1.medium";
pub(crate) const TYPE: &str = "replicated";

/// Everything that a plan from `side` may depend on.
pub(crate) fn facts(state: &State, side: Side) -> Facts {
    let world = &state.world;
    let record = (**world.record(side)).clone();
    let source = Side::of(&record.group.current_primary_site);
    let version = match world.linked {
        true => Observation::Known(Some(world.record(side.other()).version)),
        false => Observation::Unknown("it does not answer".to_owned()),
    };
    let (ours, theirs) = (world.record(side), world.record(side.other()));
    let differs = world.linked && ours.version == theirs.version && ours != theirs;
    Facts {
        schema: FACTS_SCHEMA,
        now: instant(world.snapshots),
        local_site: side.site().clone(),
        open_operation: open_operation(state, side),
        unreadable_operation: None,
        peer: PeerFacts {
            site: side.other().site().clone(),
            version,
            differs,
            tests: Some(tests_made_from(state, side.other())),
        },
        source: site_facts(state, side, source),
        target: site_facts(state, side, source.other()),
        test: test_run(state, side, Some(side)),
        durations: Durations::default(),
        limits: Limits::default(),
        simulated_storage: None,
        record,
    }
}

/// By the group's metadata, or here by a test or sync that does not touch metadata.
pub(crate) fn open_operation(state: &State, side: Side) -> Option<OpenOperation> {
    let by_record = state.world.record(side).group.operation.clone();
    by_record.or_else(|| {
        let open = state.operations[side as usize].as_ref()?;
        let (id, kind) = (open.accepted.id.clone(), open.accepted.plan.kind);
        Some(OpenOperation { id, kind, site: side.site().clone() })
    })
}

/// What a test made. A step that failed because its server never got ready left no output, so the cloud is asked, if `from`
/// reaches it.
pub(crate) fn test_run(state: &State, side: Side, from: Option<Side>) -> Option<TestRun> {
    let mut test = (**state.tests[side as usize].as_ref()?).clone();
    let there = Side::of(&test.site);
    let made_by = format!("{}/", test.operation);
    if from.is_none_or(|from| state.world.reaches(from, there)) {
        let servers = state.world.site(there).servers.iter();
        let made = servers.filter(|(_, s)| s.op_key.as_ref().is_some_and(|key| key.as_str().starts_with(&made_by)));
        let made: Vec<ServerId> = made.map(|(id, _)| id.clone()).filter(|id| !test.servers.contains(id)).collect();
        test.servers.extend(made);
    }
    Some(test)
}

/// Tests that stand or run, as the site that they were made from says.
fn tests_made_from(state: &State, side: Side) -> Observation<Vec<OpenTest>> {
    if !state.world.linked {
        return Observation::Unknown("it does not answer".to_owned());
    }
    let running = state.operations[side as usize].iter().map(|open| &open.accepted);
    let running = running.filter(|accepted| accepted.plan.kind == OperationKind::TestFailover);
    let running = running.map(|accepted| (accepted.id.clone(), accepted.plan.target.clone()));
    let standing = state.tests[side as usize].iter().map(|test| (test.operation.clone(), test.site.clone()));
    let since = instant(0);
    let tests = running.chain(standing).map(|(operation, site)| OpenTest { operation, site, since });
    Observation::Known(tests.collect())
}

fn site_facts(state: &State, from: Side, side: Side) -> SiteFacts {
    let silent = "it does not answer";
    let (cloud, array) = match state.world.reaches(from, side) {
        true => (Observation::Known(cloud_facts(state, from, side)), Observation::Known(array_facts(state, side))),
        false => (Observation::Unknown(silent.to_owned()), Observation::Unknown(silent.to_owned())),
    };
    SiteFacts { site: side.site().clone(), cloud, array, observed_at: Some(instant(state.world.snapshots)) }
}

fn cloud_facts(state: &State, from: Side, side: Side) -> CloudFacts {
    let (site, record) = (state.world.site(side), state.world.record(from));
    let ours = record.members.iter().filter_map(|m: &Member| m.server_on(side.site()));
    let servers = ours.filter_map(|id| Some((id.clone(), server(site, side, id)?))).collect();
    let retained = record.retained.iter().filter(|copy| copy.site == *side.site());
    let replicated = [
        (REPLICATION_ENABLED.to_owned(), "<is> True".to_owned()),
        (REPLICATION_TYPE.to_owned(), "<in> async".to_owned()),
    ];
    CloudFacts {
        networks: Vec::new(),
        flavors: vec![Flavor { id: FLAVOR.to_owned(), name: FLAVOR.to_owned(), shape: SHAPE }],
        servers,
        group_volumes: site.managed.iter().filter(|(_, v)| v.grouped).map(|(id, _)| id.clone()).collect(),
        volume_types: Some(vec![VolumeType {
            id: TYPE.to_owned(),
            name: TYPE.to_owned(),
            extra_specs: replicated.into(),
        }]),
        quota: Some(Quota { servers: None, vcpus: None, ram_mib: None, volumes: None, volume_gib: None }),
        retained: retained
            .filter_map(|copy| Some((copy.volume_id.clone(), volume(site, side, &copy.volume_id)?)))
            .collect(),
    }
}

fn server(site: &Site, side: Side, id: &ServerId) -> Option<Server> {
    let machine = site.servers.get(id)?;
    let attached = machine.volumes.iter().enumerate().filter_map(|(at, (device, id))| {
        let volume = volume(site, side, id)?;
        Some(AttachedVolume { device: device.clone(), boot: at == 0, delete_on_termination: false, volume })
    });
    Some(Server {
        project: None,
        id: id.clone(),
        name: machine.name.clone(),
        state: if machine.running { ServerState::Active } else { ServerState::Shutoff },
        flavor: FLAVOR.to_owned(),
        flavor_shape: SHAPE,
        key_name: None,
        availability_zone: None,
        security_groups: Vec::new(),
        metadata: BTreeMap::new(),
        nics: Vec::new(),
        volumes: attached.collect(),
    })
}

fn volume(site: &Site, side: Side, id: &VolumeId) -> Option<CloudVolume> {
    let managed = site.managed.get(id)?;
    let attached = site.servers.values().any(|server| server.volumes.iter().any(|(_, volume)| volume == id));
    Some(CloudVolume {
        id: id.clone(),
        name: managed.name.clone(),
        size_gib: 10,
        volume_type: TYPE.to_owned(),
        backend: "pure".to_owned(),
        state: if attached { VolumeState::InUse } else { VolumeState::Available },
        group: managed.grouped.then(|| cinder_group(side)),
        array_volume: site.volumes.get(&managed.array_volume).map(|behind| behind.name.clone()),
        array_volume_id: Some(managed.array_volume.clone()),
    })
}

pub(crate) fn cinder_group(side: Side) -> protector_core::model::CinderGroupId {
    format!("cinder-{}", side.site()).into()
}

fn array_facts(state: &State, side: Side) -> ArrayFacts {
    let (site, other) = (state.world.site(side), state.world.site(side.other()));
    let names = |site: &Site| {
        let group = site.local.iter().flat_map(|group| &group.volumes).filter_map(|id| site.volumes.get(id));
        group.filter(|volume| !volume.destroyed).map(|volume| volume.name.clone()).collect()
    };
    let local_group = site.local.as_ref().map(|group| ArrayGroup {
        name: GROUP.into(),
        owner: Some("pg-1".into()),
        is_local: true,
        volumes: names(site),
        targets: other.image.iter().map(|image| (side.other().array().clone(), image.allowed)).collect(),
        replication_interval: group.scheduled.then_some(300),
        destroyed: false,
    });
    let image = site.image.as_ref().map(|image| ArrayGroup {
        name: image_name(side),
        owner: Some("pg-1".into()),
        is_local: false,
        volumes: names(other),
        targets: [(side.array().clone(), image.allowed)].into(),
        replication_interval: None,
        destroyed: false,
    });
    let link = if state.world.linked { ReplicationLink::Connected } else { ReplicationLink::Disconnected };
    ArrayFacts {
        id: side.array().as_str().into(),
        name: side.array().clone(),
        peer: Some(side.other().array().clone()),
        link,
        local_group,
        image,
        pod: None,
        recovery_points: points(side, site),
    }
}
