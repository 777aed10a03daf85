//! Subjects for the conformance suites of the ports.

use super::array::{self, ConnectionKind, groups, volumes};
use super::clouds::{self, volumes::GIB};
use super::{SeedOptions, World, seed};
use crate::model::{ArrayGroupName, ArrayName, ArrayVolumeId, ArrayVolumeName, ServerId, SiteName};
use crate::ports::conformance::cloud::{CloudBench, CloudSetting, CloudSubject};
use crate::ports::conformance::storage::{StorageBench, StorageSubject};
use crate::{Error, Result};
use async_trait::async_trait;
use std::{collections::BTreeSet, sync::Arc};

/// The two arrays of an empty world, which is seeded here, as the subject of the storage suite.
///
/// # Errors
/// the world is seeded already → `AlreadyExists`.
pub fn storage_subject(world: &World) -> Result<StorageSubject> {
    seed(world, &SeedOptions::default())?;
    world.connect_arrays(&"flasharray-a".into(), &"flasharray-b".into(), ConnectionKind::Sync)?;
    Ok(StorageSubject {
        source: Arc::new(world.storage_driver(&"site-a".into())?),
        target: Arc::new(world.storage_driver(&"site-b".into())?),
        clock: world.clock(),
        bench: Box::new(world.clone()),
    })
}

/// The cloud of site-b in an empty world, which is seeded here, as the subject of the cloud suite.
///
/// # Errors
/// the world is seeded already → `AlreadyExists`.
pub fn cloud_subject(world: &World) -> Result<CloudSubject> {
    seed(world, &SeedOptions::default())?;
    let site = SiteName::from("site-b");
    world.connect_arrays(&"flasharray-a".into(), &"flasharray-b".into(), ConnectionKind::Sync)?;
    let (unoffered, synchronous) = ("other-backend", "synchronous");
    let types = [
        (unoffered, r#"{"volume_backend_name":"pure@backend-x"}"#),
        (synchronous, r#"{"replication_enabled":"<is> True","replication_type":"<in> sync"}"#),
    ];
    world.mutate(|tx| {
        for (name, extra_specs) in types {
            let sql = "INSERT INTO volume_types (id, site, name, extra_specs) VALUES (?1, ?2, ?3, ?4)";
            tx.execute(sql, [tx.new_id()?.as_str(), site.as_str(), name, extra_specs])?;
        }
        Ok(())
    })?;
    Ok(CloudSubject {
        cloud: Arc::new(world.cloud(&site)?),
        clock: world.clock(),
        setting: CloudSetting {
            volume_type: "replicated-ssd".to_owned(),
            other_volume_type: "standard-ssd".to_owned(),
            unoffered_volume_type: Some(unoffered.to_owned()),
            sync_volume_type: Some(synchronous.to_owned()),
            network: "net-secondary-web".to_owned(),
            free_address: "192.168.20.77".to_owned(),
            flavor: "m1.small".to_owned(),
            lacks_compute: false,
            lacks_network: false,
        },
        bench: Box::new(Arrays { world: world.clone(), site }),
    })
}

#[async_trait]
impl StorageBench for World {
    fn has_data(&self) -> bool {
        true
    }

    fn transfers_take_time(&self) -> bool {
        self.settings().is_ok_and(|settings| settings.transfer_millis > 0)
    }

    fn can_separate(&self) -> bool {
        true
    }

    async fn separate(&self, apart: bool) -> Result<()> {
        self.set_link_connected(!apart)
    }

    fn can_link_pods(&self) -> bool {
        true
    }

    async fn link_pods(&self, from: (&ArrayName, &str), to: (&ArrayName, &str)) -> Result<()> {
        World::link_pods(self, from, to)
    }

    async fn create_volume(&self, array: &ArrayName, volume: &ArrayVolumeName, provisioned: u64) -> Result<()> {
        World::create_volume(self, array, volume.as_str(), provisioned).map(drop)
    }

    async fn create_unmarked_group(
        &self,
        array: &ArrayName,
        group: &ArrayGroupName,
        members: &BTreeSet<ArrayVolumeName>,
    ) -> Result<()> {
        self.mutate(|tx| {
            let array = array::by_name(tx, array)?;
            let group_id = groups::create(tx, &array, group.as_str(), None)?;
            for member in members {
                groups::add_member(tx, &group_id, &known(volumes::by_name(tx, &array.id, member.as_str())?)?.id)?;
            }
            Ok(())
        })
    }

    async fn write(&self, array: &ArrayName, volume: &ArrayVolumeName, count: u64) -> Result<()> {
        self.mutate(|tx| {
            let array = array::by_name(tx, array)?;
            volumes::write(tx, &array.id, &known(volumes::by_name(tx, &array.id, volume.as_str())?)?, count)
        })
    }

    async fn content(&self, array: &ArrayName, volume: &ArrayVolumeId) -> Result<u64> {
        World::content(self, array, volume)
    }
}

/// The array under one site, without its driver.
#[derive(Debug)]
struct Arrays {
    world: World,
    site: SiteName,
}

#[async_trait]
impl CloudBench for Arrays {
    async fn create_array_volume(&self, name: &ArrayVolumeName, size_gib: u64) -> Result<ArrayVolumeId> {
        self.world.mutate(|tx| {
            let array = array::by_id(tx, &clouds::site(tx, &self.site)?.array_id)?;
            Ok(volumes::create(tx, &array, name.as_str(), size_gib * GIB, 1)?.into())
        })
    }

    async fn array_volume_name(&self, id: &ArrayVolumeId) -> Result<ArrayVolumeName> {
        self.world.read(|tx| {
            let site = clouds::site(tx, &self.site)?;
            Ok(known(volumes::by_id(tx, &site.array_id, id.as_str())?)?.name.into())
        })
    }

    async fn doom_volumes(&self, server: &ServerId) -> Result<bool> {
        self.world.mutate(|tx| {
            tx.execute("UPDATE attachments SET delete_on_termination = 1 WHERE server_id = ?1", [server.as_str()])
        })?;
        Ok(true)
    }
}

fn known(found: Option<volumes::Volume>) -> Result<volumes::Volume> {
    found.ok_or_else(|| Error::not_found("the array has no such volume"))
}
