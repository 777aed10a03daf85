//! The world as far as it matters: two sites with an array, a cloud and a store each, and what lies between them.

use crate::kept::{Fingerprint, Kept};
use protector_core::model::{
    ArrayName, ArrayVolumeId, ArrayVolumeName, GroupRecord, OpKey, RecoveryPointName, ServerId, SiteName, VolumeId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash};
use std::sync::LazyLock;

/// One of the two sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    A,
    B,
}

pub(crate) const SIDES: [Side; 2] = [Side::A, Side::B];

static SITES: LazyLock<[SiteName; 2]> = LazyLock::new(|| ["site-a".into(), "site-b".into()]);
static ARRAYS: LazyLock<[ArrayName; 2]> = LazyLock::new(|| ["array-a".into(), "array-b".into()]);

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    pub(crate) fn site(self) -> &'static SiteName {
        &SITES[self as usize]
    }

    pub(crate) fn array(self) -> &'static ArrayName {
        &ARRAYS[self as usize]
    }

    pub(crate) fn of(site: &SiteName) -> Self {
        if *site == SITES[0] { Self::A } else { Self::B }
    }
}

/// Which writes of the workload something holds, a bit each.
pub(crate) type Writes = u8;

/// A volume on an array.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Volume {
    pub(crate) name: ArrayVolumeName,
    pub(crate) holds: Writes,
    pub(crate) fenced: bool,
    pub(crate) destroyed: bool,
    /// Key it was cloned under, from which recovery point and which volume in that.
    pub(crate) cloned: Option<(OpKey, RecoveryPointName, ArrayVolumeName)>,
    /// Made by a test: production never writes to it.
    pub(crate) of_test: bool,
}

/// A snapshot of the group on the array where it was taken, or what has come of it to the other one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Snapshot {
    /// How many were taken before it in this world: the instant of its data.
    pub(crate) taken: u8,
    pub(crate) complete: bool,
    pub(crate) volumes: BTreeMap<ArrayVolumeName, Writes>,
}

/// The group as a local group of an array.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct LocalGroup {
    pub(crate) volumes: BTreeSet<ArrayVolumeId>,
    pub(crate) scheduled: bool,
    /// Highest epoch that a caller has shown.
    pub(crate) seen: u64,
    /// By suffix.
    pub(crate) snapshots: BTreeMap<String, Snapshot>,
}

/// The image of the other array's group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Image {
    pub(crate) allowed: bool,
    pub(crate) seen: u64,
    /// By suffix.
    pub(crate) replicas: BTreeMap<String, Snapshot>,
}

/// A volume under Cinder's management.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Managed {
    pub(crate) name: String,
    pub(crate) array_volume: ArrayVolumeId,
    pub(crate) grouped: bool,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) running: bool,
    pub(crate) op_key: Option<OpKey>,
    /// Device and volume.
    pub(crate) volumes: Vec<(String, VolumeId)>,
}

/// A site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Site {
    pub(crate) volumes: BTreeMap<ArrayVolumeId, Volume>,
    pub(crate) local: Option<LocalGroup>,
    pub(crate) image: Option<Image>,
    pub(crate) managed: BTreeMap<VolumeId, Managed>,
    pub(crate) servers: BTreeMap<ServerId, Machine>,
    /// The group in the site's store.
    pub(crate) record: Kept<GroupRecord>,
}

impl Fingerprint for Site {
    fn feed(&self, hasher: &mut DefaultHasher) {
        self.hash(hasher);
    }
}

impl Site {
    /// The site as people compare it: what is destroyed does not count, nor which epochs the array has seen.
    pub(crate) fn compared(&self) -> Self {
        let mut site = self.clone();
        site.volumes.retain(|_, volume| !volume.destroyed);
        site.local.iter_mut().for_each(|group| group.seen = 0);
        site.image.iter_mut().for_each(|image| image.seen = 0);
        site
    }

    /// Volumes behind a server.
    fn behind<'a>(&'a self, server: &'a Machine) -> impl Iterator<Item = &'a Volume> {
        let managed = server.volumes.iter().filter_map(|(_, volume)| self.managed.get(volume));
        managed.filter_map(|managed| self.volumes.get(&managed.array_volume))
    }

    /// Whether the array takes writes of a server of production, be it running or only stopped. What no server is attached
    /// to takes none: the array has no host for it.
    pub(crate) fn is_writable(&self) -> bool {
        let open = |volume: &Volume| !volume.destroyed && !volume.of_test && !volume.fenced;
        self.servers.values().any(|server| self.behind(server).any(open))
    }

    /// Volumes behind a server, if it could write to all of them now.
    pub(crate) fn writes_to(&self, server: &Machine) -> Option<Vec<ArrayVolumeId>> {
        if !server.running {
            return None;
        }
        let behind = |(_, volume): &(String, VolumeId)| Some(self.managed.get(volume)?.array_volume.clone());
        let behind: Vec<ArrayVolumeId> = server.volumes.iter().map(behind).collect::<Option<_>>()?;
        let open = |id: &ArrayVolumeId| self.volumes.get(id).is_some_and(|v| !v.fenced && !v.destroyed && !v.of_test);
        behind.iter().all(open).then_some(behind)
    }
}

/// Everything outside of engines and executors.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    sites: [Kept<Site>; 2],
    /// Whether the sites reach each other: engines, arrays and stores.
    pub(crate) linked: bool,
    /// Snapshots that were ever taken: the world's clock.
    pub(crate) snapshots: u8,
}

impl World {
    pub(crate) fn new(a: Site, b: Site, snapshots: u8) -> Self {
        Self { sites: [Kept::new(a), Kept::new(b)], linked: true, snapshots }
    }

    pub(crate) fn site(&self, side: Side) -> &Kept<Site> {
        &self.sites[side as usize]
    }

    pub(crate) fn edit<R>(&mut self, side: Side, change: impl FnOnce(&mut Site) -> R) -> R {
        self.sites[side as usize].edit(change)
    }

    pub(crate) fn record(&self, side: Side) -> &Kept<GroupRecord> {
        &self.site(side).record
    }

    /// Whether an engine of one site reaches what is on another.
    pub(crate) fn reaches(&self, from: Side, to: Side) -> bool {
        from == to || self.linked
    }

    /// The record of the side that knows more.
    pub(crate) fn newest(&self) -> &Kept<GroupRecord> {
        let key = |side: Side| (self.record(side).group.epoch, self.record(side).version);
        if key(Side::B) > key(Side::A) { self.record(Side::B) } else { self.record(Side::A) }
    }
}
