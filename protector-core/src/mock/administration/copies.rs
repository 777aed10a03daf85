//! Copies of volumes, from volumes and from snapshots.

use super::{ArrayTx, NewVolume, Reference, Tagged, VolumeRow, VolumeSnapshotRow};
use crate::Result;

/// What a volume can be copied from: a volume, or a snapshot of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopySource {
    /// Bytes.
    pub provisioned: u64,
    /// Writes it holds.
    pub content: u64,
    /// Whether it waits for eradication.
    pub destroyed: bool,
    /// The volume that the data are of.
    pub origin: Reference,
    /// Id of the pod it is in.
    pub pod_id: Option<String>,
    /// What its tags hang on.
    tags_of: (Tagged, String),
}

impl From<VolumeRow> for CopySource {
    fn from(volume: VolumeRow) -> Self {
        Self {
            provisioned: volume.provisioned,
            content: volume.content,
            destroyed: volume.destroyed_ms.is_some(),
            tags_of: (Tagged::Volumes, volume.id.clone()),
            pod_id: volume.pod.and_then(|pod| pod.id),
            origin: Reference { id: Some(volume.id), name: volume.name },
        }
    }
}

impl From<VolumeSnapshotRow> for CopySource {
    fn from(snapshot: VolumeSnapshotRow) -> Self {
        Self {
            provisioned: snapshot.provisioned,
            content: snapshot.content,
            destroyed: snapshot.destroyed_ms.is_some(),
            tags_of: (Tagged::VolumeSnapshots, snapshot.tag_key),
            pod_id: snapshot.pod.and_then(|pod| pod.id),
            origin: snapshot.source,
        }
    }
}

impl ArrayTx<'_> {
    /// What there is to copy under a name: a volume, or a snapshot of one. A replica that has not completely arrived is
    /// there as well, with as much of the data as has come: an array does not keep anybody from copying it.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn copy_source(&self, name: &str) -> Result<Option<CopySource>> {
        if let Some(volume) = self.volume(name)? {
            return Ok(Some(CopySource::from(volume)));
        }
        Ok(self.volume_snapshot(name)?.map(CopySource::from))
    }

    /// What there is to copy under an id.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn copy_source_by_id(&self, id: &str) -> Result<Option<CopySource>> {
        if let Some(volume) = self.volume_by_id(id)? {
            return Ok(Some(CopySource::from(volume)));
        }
        Ok(self.volume_snapshot_by_id(id)?.map(CopySource::from))
    }

    /// Makes a volume with the data of another, and with those of its tags that are to be copied; its id.
    ///
    /// # Errors
    /// name taken → `AlreadyExists`.
    pub fn copy_volume(
        &self,
        source: &CopySource,
        name: &str,
        pod_id: Option<&str>,
        volume_group_id: Option<&str>,
    ) -> Result<String> {
        let (provisioned, content) = (source.provisioned, source.content);
        let id = self.create_volume(&NewVolume {
            name,
            provisioned,
            content,
            source: Some(&source.origin),
            pod_id,
            volume_group_id,
        })?;
        self.copy_tags(source.tags_of.0, &source.tags_of.1, Tagged::Volumes, &id)?;
        Ok(id)
    }

    /// Puts the data of another into a volume, which takes its size too and keeps all else. What it held can be recovered
    /// for a while, from a destroyed snapshot.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn overwrite_volume(&self, volume: &VolumeRow, source: &CopySource) -> Result<()> {
        self.take_undo_snapshot(volume)?;
        self.set_volume_data(&volume.id, source.provisioned, source.content, &source.origin)?;
        self.copy_tags(source.tags_of.0, &source.tags_of.1, Tagged::Volumes, &volume.id)
    }
}
