//! What each call does on a cloud, as the port's contract says.

use crate::call::{Answer, Call};
use crate::world::{Machine, Managed, Side};
use protector_core::ErrorKind;
use protector_core::model::{ArrayVolumeId, DiskCopy, OpKey, ServerId, VolumeId};
use protector_core::rules::naming;
use std::collections::BTreeSet;

impl Call<'_> {
    pub(crate) fn set_running(&mut self, side: Side, server: &ServerId, running: bool) -> Answer<()> {
        self.change(side, |site| {
            site.servers.get_mut(server).ok_or(ErrorKind::NotFound)?.running = running;
            Ok(())
        })
    }

    /// Takes an array volume under management, which renames it; or finds it there.
    pub(crate) fn import(&mut self, side: Side, array_volume: &ArrayVolumeId, name: &str) -> Answer<DiskCopy> {
        let suffix = if self.blind { "-again" } else { "" };
        self.change(side, |site| {
            let managed = site.managed.iter().find(|(_, managed)| managed.array_volume == *array_volume);
            let id = match managed.filter(|_| suffix.is_empty()) {
                Some((id, _)) => id.clone(),
                None => {
                    let behind = site.volumes.get_mut(array_volume).filter(|volume| !volume.destroyed);
                    let behind = behind.ok_or(ErrorKind::NotFound)?;
                    let id = VolumeId::new(format!("managed-{array_volume}{suffix}"));
                    behind.name = naming::cinder_volume_name(&id);
                    let managed = Managed { name: name.to_owned(), array_volume: array_volume.clone(), grouped: false };
                    site.managed.insert(id.clone(), managed);
                    id
                }
            };
            let behind = site.volumes.get(array_volume).ok_or(ErrorKind::NotFound)?;
            let (array_volume, array_volume_id) = (behind.name.clone(), array_volume.clone());
            Ok(DiskCopy { volume_id: id, array_volume, array_volume_id, cloned_under: None })
        })
    }

    /// Makes the Cinder group hold exactly these.
    pub(crate) fn group_exactly(&mut self, side: Side, volumes: &BTreeSet<VolumeId>) -> Answer<()> {
        self.change(side, |site| {
            if !volumes.iter().all(|id| site.managed.contains_key(id)) {
                return Err(ErrorKind::NotFound);
            }
            site.managed.iter_mut().for_each(|(id, managed)| managed.grouped = volumes.contains(id));
            Ok(())
        })
    }

    pub(crate) fn leave_group(&mut self, side: Side, volumes: &BTreeSet<VolumeId>) -> Answer<()> {
        self.change(side, |site| {
            let leaving = site.managed.iter_mut().filter(|(id, _)| volumes.contains(id));
            leaving.for_each(|(_, managed)| managed.grouped = false);
            Ok(())
        })
    }

    /// Gives a volume back to the array.
    pub(crate) fn release(&mut self, side: Side, volume: &VolumeId) -> Answer<()> {
        self.change(side, |site| {
            let Some(managed) = site.managed.get(volume) else { return Ok(()) };
            let attached = site.servers.values().any(|s| s.volumes.iter().any(|(_, id)| id == volume));
            if attached || managed.grouped {
                return Err(ErrorKind::Precondition);
            }
            if let Some(behind) = site.volumes.get_mut(&managed.array_volume) {
                behind.name = naming::unmanaged_volume_name(&behind.name);
            }
            site.managed.remove(volume);
            Ok(())
        })
    }

    /// The server under a key, made if need be, running.
    pub(crate) fn ensure_server(
        &mut self,
        side: Side,
        key: &OpKey,
        name: &str,
        volumes: Vec<(String, VolumeId)>,
    ) -> Answer<ServerId> {
        let key = OpKey::new(self.name(key.as_str()));
        self.change(side, |site| {
            let present = site.servers.iter().find(|(_, server)| server.op_key.as_ref() == Some(&key));
            let id = match present {
                Some((id, _)) => id.clone(),
                None => {
                    let wanted: BTreeSet<&VolumeId> = volumes.iter().map(|(_, id)| id).collect();
                    if !wanted.iter().all(|id| site.managed.contains_key(*id)) {
                        return Err(ErrorKind::NotFound);
                    }
                    if site.servers.values().flat_map(|s| &s.volumes).any(|(_, id)| wanted.contains(id)) {
                        return Err(ErrorKind::Conflict);
                    }
                    let id = ServerId::new(format!("server-of-{key}"));
                    let server = Machine { name: name.to_owned(), running: false, op_key: Some(key.clone()), volumes };
                    site.servers.insert(id.clone(), server);
                    id
                }
            };
            site.servers.entry(id.clone()).and_modify(|server| server.running = true);
            Ok(id)
        })
    }

    /// Removes a server; its volumes stay.
    pub(crate) fn delete_server(&mut self, side: Side, server: &ServerId) -> Answer<()> {
        self.change(side, |site| {
            site.servers.remove(server);
            Ok(())
        })
    }
}
