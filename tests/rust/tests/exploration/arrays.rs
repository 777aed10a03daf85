//! What each call does on an array, as the port's contract says.

use crate::call::{Answer, Call};
use crate::world::{Image, LocalGroup, Side, Site, Snapshot, Volume};
use protector_core::ErrorKind;
use protector_core::model::{
    ArrayVolumeId, ArrayVolumeName, DiskId, OpKey, OperationId, RecoveryPoint, RecoveryPointName, Transfer,
};
use protector_core::rules::naming;
use std::collections::{BTreeMap, BTreeSet};

/// Local name of the group on either array.
pub(crate) const GROUP: &str = "pg-web";

/// The instant of a snapshot, or of now if `taken` are there.
pub(crate) fn instant(taken: u8) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000 + i64::from(taken)).unwrap_or_default()
}

/// How the array of `side` names the image of the other array's group.
pub(crate) fn image_name(side: Side) -> protector_core::model::ArrayGroupName {
    naming::target_group_name(side.other().array(), &GROUP.into())
}

/// Recovery points of the image on an array, as it shows them.
pub(crate) fn points(side: Side, site: &Site) -> Vec<RecoveryPoint> {
    let group = image_name(side);
    let replicas = site.image.iter().flat_map(|image| &image.replicas);
    let shown = replicas.map(|(suffix, replica)| RecoveryPoint {
        name: naming::recovery_point_name(&group, suffix),
        group: group.clone(),
        created: instant(replica.taken),
        transfer: match replica.complete {
            true => Transfer::Completed { at: instant(replica.taken) },
            false => Transfer::InProgress { percent: 0 },
        },
        volumes: replica.volumes.keys().cloned().collect(),
        destroyed: false,
    });
    shown.collect()
}

fn local(site: &mut Site) -> Option<&mut u64> {
    site.local.as_mut().map(|group| &mut group.seen)
}

fn image(site: &mut Site) -> Option<&mut u64> {
    site.image.as_mut().map(|image| &mut image.seen)
}

impl Call<'_> {
    /// A change of the local group, which must be there.
    fn group<R>(
        &mut self,
        side: Side,
        change: impl FnOnce(&mut LocalGroup, &mut BTreeMap<ArrayVolumeId, Volume>) -> Answer<R>,
    ) -> Answer<R> {
        self.with_epoch(side, local, |site| {
            let group = site.local.as_mut().ok_or(ErrorKind::NotFound)?;
            change(group, &mut site.volumes)
        })
    }

    pub(crate) fn ensure_group(&mut self, side: Side) -> Answer<()> {
        let seen = self.epoch.0;
        self.with_epoch(side, local, |site| {
            site.local.get_or_insert_with(|| LocalGroup { seen, ..LocalGroup::default() });
            Ok(())
        })
    }

    pub(crate) fn ensure_members(&mut self, side: Side, names: &BTreeSet<ArrayVolumeName>, exact: bool) -> Answer<()> {
        self.group(side, |group, volumes| {
            let found: BTreeSet<_> = volumes
                .iter()
                .filter(|(_, volume)| !volume.destroyed && names.contains(&volume.name))
                .map(|(id, _)| id.clone())
                .collect();
            if found.len() < names.len() {
                return Err(ErrorKind::NotFound);
            }
            if exact {
                group.volumes = found;
            } else {
                group.volumes.extend(found);
            }
            Ok(())
        })
    }

    pub(crate) fn ensure_replication(&mut self, side: Side) -> Answer<()> {
        let seen = self.group(side, |group, _| {
            group.scheduled = true;
            Ok(group.seen)
        })?;
        if self.world.site(side.other()).image.is_none() {
            if !self.world.linked {
                return Err(ErrorKind::Precondition);
            }
            self.world.edit(side.other(), |site| site.image = Some(Image { seen, ..Image::default() }));
        }
        Ok(())
    }

    pub(crate) fn accept(&mut self, side: Side) -> Answer<()> {
        self.with_epoch(side, image, |site| {
            site.image.as_mut().ok_or(ErrorKind::NotFound)?.allowed = true;
            Ok(())
        })
    }

    pub(crate) fn disable_replication(&mut self, side: Side) -> Answer<()> {
        if self.look(side)?.local.is_none() {
            return Ok(());
        }
        self.group(side, |group, _| {
            group.scheduled = false;
            Ok(())
        })
    }

    /// Takes a snapshot, or finds it; `replicated`: and ships it.
    pub(crate) fn snapshot(&mut self, side: Side, suffix: &str, replicated: bool) -> Answer<Snapshot> {
        let (taken, suffix) = (self.world.snapshots, self.name(suffix));
        let allowed = self.world.site(side.other()).image.as_ref().is_some_and(|image| image.allowed);
        let mut is_new = false;
        let snapshot = self.group(side, |group, volumes| {
            if let Some(there) = group.snapshots.get(&suffix) {
                return Ok(there.clone());
            }
            if group.volumes.is_empty() || (replicated && !allowed) {
                return Err(ErrorKind::Precondition);
            }
            let members = group.volumes.iter().filter_map(|id| volumes.get(id)).filter(|v| !v.destroyed);
            let volumes = members.map(|v| (v.name.clone(), v.holds)).collect();
            let snapshot = Snapshot { taken, complete: true, volumes };
            group.snapshots.insert(suffix.clone(), snapshot.clone());
            is_new = true;
            Ok(snapshot)
        })?;
        if is_new {
            self.world.snapshots += 1;
            let replica = Snapshot { complete: false, ..snapshot.clone() };
            if replicated {
                self.world.edit(side.other(), |site| {
                    site.image
                        .iter_mut()
                        .for_each(|image| drop(image.replicas.insert(suffix.clone(), replica.clone())));
                });
            }
        }
        Ok(snapshot)
    }

    /// Makes the array refuse or take writes to every member.
    pub(crate) fn set_fence(&mut self, side: Side, fenced: bool) -> Answer<()> {
        self.group(side, |group, volumes| {
            for id in &group.volumes {
                volumes.entry(id.clone()).and_modify(|volume| volume.fenced = fenced);
            }
            Ok(())
        })
    }

    /// Clones of one recovery point, all or none; by disk.
    pub(crate) fn clone_volumes(
        &mut self,
        side: Side,
        operation: &OperationId,
        point: &RecoveryPointName,
        disks: &[(DiskId, ArrayVolumeName)],
    ) -> Answer<Vec<(DiskId, ArrayVolumeId, ArrayVolumeName)>> {
        let (key, of_test) = (OpKey::new(self.name(self.key.as_str())), self.of_test);
        let names: Vec<String> =
            disks.iter().map(|(disk, _)| self.name(naming::clone_volume_name(operation, disk).as_str())).collect();
        self.with_epoch(side, image, |site| {
            let made = site.volumes.values().any(|v| v.cloned.as_ref().is_some_and(|(made_by, ..)| *made_by == key));
            if !made {
                let replicas = site.image.iter().flat_map(|image| &image.replicas);
                let named =
                    replicas.map(|(suffix, replica)| (naming::recovery_point_name(&image_name(side), suffix), replica));
                let (_, replica) = named.into_iter().find(|(name, _)| name == point).ok_or(ErrorKind::NotFound)?;
                if !replica.complete {
                    return Err(ErrorKind::Precondition);
                }
                let held = |(_, source): &(DiskId, ArrayVolumeName)| replica.volumes.get(source).copied();
                let held: Vec<_> = disks.iter().map(held).collect::<Option<_>>().ok_or(ErrorKind::Precondition)?;
                for (((_, source), name), holds) in disks.iter().zip(&names).zip(held) {
                    let name = ArrayVolumeName::from(name.as_str());
                    let cloned = Some((key.clone(), point.clone(), source.clone()));
                    let volume = Volume { name: name.clone(), holds, fenced: false, destroyed: false, cloned, of_test };
                    site.volumes.insert(ArrayVolumeId::new(format!("id-{name}")), volume);
                }
            }
            let clones = site.volumes.iter().filter_map(|(id, v)| Some((v.cloned.as_ref()?, id, v)));
            let ours = clones.filter(|((made_by, ..), ..)| *made_by == key);
            let by_source: BTreeMap<_, _> = ours.map(|((_, _, source), id, v)| (source, (id, v))).collect();
            if by_source.values().any(|(_, volume)| volume.destroyed) {
                return Err(ErrorKind::PendingEradication);
            }
            let clone = |(disk, source): &(DiskId, ArrayVolumeName)| {
                by_source.get(source).map(|(id, v)| (disk.clone(), (*id).clone(), v.name.clone()))
            };
            disks.iter().map(clone).collect::<Option<_>>().ok_or(ErrorKind::InvalidRequest)
        })
    }

    /// Clones made under a key that are not destroyed.
    pub(crate) fn clones_under(&self, side: Side, key: &OpKey) -> Answer<BTreeSet<ArrayVolumeId>> {
        let made = |v: &Volume| v.cloned.as_ref().is_some_and(|(made_by, ..)| made_by == key);
        let volumes = self.look(side)?.volumes.iter();
        Ok(volumes.filter(|(_, volume)| made(volume)).map(|(id, _)| id.clone()).collect())
    }

    /// Destroys clones that were made under a key. Whoever uses one of them keeps all.
    pub(crate) fn remove_clones(&mut self, side: Side, made_by: &OpKey, ids: &BTreeSet<ArrayVolumeId>) -> Answer<()> {
        self.with_epoch(side, image, |site| {
            let attached: BTreeSet<_> = site.servers.values().flat_map(|s| &s.volumes).map(|(_, id)| id).collect();
            let in_use = site.managed.iter().filter(|(id, _)| attached.contains(id)).map(|(_, v)| &v.array_volume);
            let mut kept: BTreeSet<_> = in_use.cloned().collect();
            kept.extend(site.local.iter().flat_map(|group| &group.volumes).cloned());
            for id in ids {
                let Some(volume) = site.volumes.get(id) else { continue };
                let ours = volume.cloned.as_ref().is_some_and(|(key, ..)| key == made_by);
                if !ours || (!volume.destroyed && kept.contains(id)) {
                    return Err(ErrorKind::DataSafety);
                }
            }
            for id in ids {
                site.volumes.entry(id.clone()).and_modify(|volume| volume.destroyed = true);
            }
            Ok(())
        })
    }
}
