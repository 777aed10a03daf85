//! Two simulated FlashArrays and the drivers that talk to them over HTTPS, as the subject of the storage suite.

use async_trait::async_trait;
use flasharray_sim::{ArrayOptions, Links, Options, RestVersion, ServedArray, Simulator};
use protector_core::mock::{HostSettings, Initiator, World, WorldLocation, WorldTime};
use protector_core::model::{ArrayGroupName, ArrayName, ArrayVolumeId, ArrayVolumeName};
use protector_core::ports::conformance::storage::{StorageBench, StorageSubject};
use protector_core::ports::{
    Clock, GroupSpec, MemberMode, MemberSet, ReplicationSpec, SnapshotRequest, StorageDriver as _,
};
use protector_core::pure::{ArrayEndpoint, PureOptions, PureStorageDriver, Trust};
use protector_core::rules::naming;
use protector_core::{ApiToken, Error, Result};
use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;

/// The arrays, source first.
pub const NAMES: [&str; 2] = ["arr-a", "arr-b"];

/// The host that every volume of a bench is connected to.
const HOST: &str = "bench-host";

/// Two simulated arrays with their drivers. Stops with its last value.
#[derive(Debug)]
pub struct FlashArrays {
    /// The simulator.
    pub simulator: Simulator,
    /// The driver of the first array.
    pub source: PureStorageDriver,
    /// The driver of the second array.
    pub target: PureStorageDriver,
    files: TempDir,
}

impl FlashArrays {
    /// Two arrays in virtual time that speak REST up to `rest_max`; `change` may set more.
    ///
    /// # Errors
    /// as [`Simulator::start`] and [`PureStorageDriver::new`].
    pub async fn start(rest_max: &str, change: impl FnOnce(&mut Options)) -> Result<Self> {
        let mut options = Options {
            arrays: NAMES.map(ArrayOptions::local).into(),
            links: Links::Sync,
            rest_max: rest_max.parse::<RestVersion>()?,
            location: WorldLocation::Memory,
            time: WorldTime::Virtual,
            ..Options::default()
        };
        change(&mut options);
        let simulator = Simulator::start(options).await?;
        let files = tempfile::tempdir().map_err(|e| Error::storage(e.to_string()))?;
        let [source, target] = simulator.arrays() else { return Err(Error::internal("there are not two arrays")) };
        let clock = simulator.world().clock();
        let driver = |array| driver(array, options_for(array, &files)?, &clock);
        let (source, target) = (driver(source)?, driver(target)?);
        Ok(Self { simulator, source, target, files })
    }

    /// Another driver of one of the [`NAMES`], with a session of its own; `change` may set options.
    ///
    /// # Errors
    /// no such array → `NotFound`; as [`PureStorageDriver::new`].
    pub fn driver(&self, name: &str, change: impl FnOnce(&mut PureOptions)) -> Result<PureStorageDriver> {
        let array = self.served(name)?;
        let mut options = options_for(array, &self.files)?;
        change(&mut options);
        driver(array, options, &self.world().clock())
    }

    /// One of the [`NAMES`] as it is served.
    ///
    /// # Errors
    /// no such array → `NotFound`.
    pub fn served(&self, name: &str) -> Result<&ServedArray> {
        let found = self.simulator.arrays().iter().find(|array| array.name.as_str() == name);
        found.ok_or_else(|| Error::not_found(format!("no array '{name}' is served")))
    }

    /// Replicates groups of one volume each, from the first array to the second, with a recovery point of each. What they are
    /// called there.
    ///
    /// # Errors
    /// as the calls of the driver.
    pub async fn replicate(&self, count: usize) -> Result<BTreeSet<ArrayGroupName>> {
        let mut images = BTreeSet::new();
        for n in 0..count {
            let (group, volume) = (ArrayGroupName::new(format!("pg-{n:03}")), format!("volume-{n:03}"));
            self.volumes(&[&volume]).await?;
            let cx = self.call(&format!("group-{n}"));
            let spec = GroupSpec { name: group.clone(), owner: Self::owner(), adopt: false };
            self.source.ensure_group(&cx, &spec).await?;
            let members = MemberSet { volumes: [volume.into()].into(), mode: MemberMode::Add };
            self.source.ensure_members(&cx, &group, &members).await?;
            let replication = ReplicationSpec { target: NAMES[1].into(), interval: 86_400 };
            self.source.ensure_replication(&cx, &group, &replication).await?;
            let image = naming::target_group_name(&NAMES[0].into(), &group);
            self.target.accept_from_peer(&cx, &image, &Self::owner(), true).await?;
            let snapshot = SnapshotRequest { suffix: "dr-1".to_owned(), replicate_now: true };
            self.source.create_protection_group_snapshot(&cx, &group, &snapshot).await?;
            images.insert(image);
        }
        self.world().clock().sleep(Duration::from_secs(600)).await;
        Ok(images)
    }

    /// The world that is served.
    pub fn world(&self) -> &World {
        self.simulator.world()
    }

    /// Where files of this pair may lie.
    pub fn directory(&self) -> PathBuf {
        self.files.path().to_owned()
    }
}

fn driver(array: &ServedArray, options: PureOptions, clock: &Arc<dyn Clock>) -> Result<PureStorageDriver> {
    PureStorageDriver::new(endpoint(array)?, options, Arc::clone(clock))
}

/// Where a served array is.
///
/// # Errors
/// as [`ArrayEndpoint::parse`].
pub fn endpoint(array: &ServedArray) -> Result<ArrayEndpoint> {
    ArrayEndpoint::parse(&array.url, ApiToken::new(array.api_token.as_str()))
}

/// Options that trust the certificate of a served array, and wait little.
///
/// # Errors
/// the certificate cannot be written → `Storage`.
pub fn options_for(array: &ServedArray, files: &TempDir) -> Result<PureOptions> {
    let file = files.path().join(format!("{}.pem", array.name));
    std::fs::write(&file, &array.ca_cert).map_err(|e| Error::storage(format!("{}: {e}", file.display())))?;
    Ok(PureOptions { trust: Trust::CaFile(file), first_pause: Duration::from_millis(2), ..PureOptions::default() })
}

/// Two fresh arrays as the subject of the storage suite.
///
/// # Errors
/// as [`FlashArrays::start`].
pub async fn subject(rest_max: &str) -> Result<StorageSubject> {
    let arrays = FlashArrays::start(rest_max, |_| ()).await?;
    Ok(StorageSubject {
        source: Arc::new(arrays.source.clone()),
        target: Arc::new(arrays.target.clone()),
        clock: arrays.world().clock(),
        bench: Box::new(arrays),
    })
}

#[async_trait]
impl StorageBench for FlashArrays {
    fn has_data(&self) -> bool {
        true
    }

    fn transfers_take_time(&self) -> bool {
        self.world().settings().is_ok_and(|settings| settings.transfer_millis > 0)
    }

    fn images_show_members(&self) -> bool {
        false
    }

    fn can_separate(&self) -> bool {
        true
    }

    async fn separate(&self, apart: bool) -> Result<()> {
        self.world().set_link_connected(!apart)
    }

    fn can_link_pods(&self) -> bool {
        true
    }

    async fn link_pods(&self, from: (&ArrayName, &str), to: (&ArrayName, &str)) -> Result<()> {
        self.world().link_pods(from, to)
    }

    /// Each volume is connected to a host: without a connection nobody could write to it.
    async fn create_volume(&self, array: &ArrayName, volume: &ArrayVolumeName, provisioned: u64) -> Result<()> {
        let id = self.world().create_volume(array, volume.as_str(), provisioned)?;
        self.world().change_array(array, |array| {
            if array.host(HOST)?.is_none() {
                array.create_host(HOST, &HostSettings::default())?;
            }
            let host = array.host(HOST)?.ok_or_else(|| Error::internal("the host got lost"))?;
            array.connect(id.as_str(), Initiator::Host(&host), None).map(drop)
        })
    }

    async fn create_unmarked_group(
        &self,
        array: &ArrayName,
        group: &ArrayGroupName,
        volumes: &BTreeSet<ArrayVolumeName>,
    ) -> Result<()> {
        self.world().change_array(array, |array| {
            let gone = |what: &str| Error::not_found(format!("the array has no {what}"));
            array.create_protection_group(group.as_str())?;
            let made = array.protection_group(group.as_str())?.ok_or_else(|| gone(group.as_str()))?;
            for name in volumes {
                let volume = array.volume(name.as_str())?.ok_or_else(|| gone(name.as_str()))?;
                array.protect_volume(&made.id, &volume.id)?;
            }
            Ok(())
        })
    }

    async fn write(&self, array: &ArrayName, volume: &ArrayVolumeName, count: u64) -> Result<()> {
        self.world().write_as_host(array, volume.as_str(), count)
    }

    async fn content(&self, array: &ArrayName, volume: &ArrayVolumeId) -> Result<u64> {
        self.world().content(array, volume)
    }
}
