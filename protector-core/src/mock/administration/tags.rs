//! Tags, on whatever may carry them.

use super::{ArrayTx, Reference, VolumeRow, VolumeSnapshotRow};
use crate::Result;
use rusqlite::{Row, params};

/// A kind of object that may carry tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagged {
    /// Volumes.
    Volumes,
    /// Snapshots of volumes.
    VolumeSnapshots,
    /// Protection groups.
    ProtectionGroups,
    /// Snapshots of protection groups.
    ProtectionGroupSnapshots,
    /// Pods.
    Pods,
    /// Hosts.
    Hosts,
    /// Host groups.
    HostGroups,
}

/// An object that may carry tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedObject {
    /// The object.
    pub object: Reference,
    /// Whether it waits for eradication.
    pub destroyed: bool,
    kind: Tagged,
    key: String,
}

/// A tag on an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRow {
    /// The object.
    pub on: TaggedObject,
    /// The tag.
    pub tag: Tag,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Whose key it is.
    pub namespace: String,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// Whether a copy of the object carries it too.
    pub copyable: bool,
}

impl Tagged {
    fn collection(self) -> &'static str {
        match self {
            Self::Volumes => "volumes",
            Self::VolumeSnapshots => "volume-snapshots",
            Self::ProtectionGroups => "protection-groups",
            Self::ProtectionGroupSnapshots => "protection-group-snapshots",
            Self::Pods => "pods",
            Self::Hosts => "hosts",
            Self::HostGroups => "host-groups",
        }
    }

    /// Id, name and whether destroyed of each object of this kind that the array (?1) shows at an instant (?2). Not of
    /// volume snapshots, which are put together from several tables.
    fn objects(self) -> &'static str {
        match self {
            Self::ProtectionGroups => {
                "SELECT id, name, destroyed_ms IS NOT NULL AS destroyed FROM protection_groups
                 JOIN protection_groups_on ON group_id = id WHERE on_array_id = ?1 AND visible_ms <= ?2"
            }
            Self::ProtectionGroupSnapshots => {
                "SELECT s.id AS id, g.name || '.' || s.suffix AS name, s.destroyed_ms IS NOT NULL AS destroyed
                 FROM snapshots AS s JOIN protection_groups AS g ON g.id = s.group_id
                 JOIN protection_groups_on AS seen ON seen.group_id = g.id
                 LEFT JOIN transfers ON snapshot_id = s.id
                 WHERE on_array_id = ?1 AND visible_ms <= ?2 AND (snapshot_id IS NULL OR started_ms IS NOT NULL)"
            }
            Self::Pods => {
                "SELECT id, name, destroyed_ms IS NOT NULL AS destroyed FROM pods
                 JOIN pod_arrays ON pod_id = id WHERE array_id = ?1 AND ?2 IS NOT NULL"
            }
            // looked up where they are read
            Self::Volumes | Self::VolumeSnapshots => {
                "SELECT NULL AS id, NULL AS name, 0 AS destroyed WHERE ?1 <> ?1 AND ?2"
            }
            Self::Hosts => "SELECT id, name, 0 AS destroyed FROM hosts WHERE array_id = ?1 AND ?2 IS NOT NULL",
            Self::HostGroups => {
                "SELECT id, name, 0 AS destroyed FROM host_groups WHERE array_id = ?1 AND ?2 IS NOT NULL"
            }
        }
    }
}

fn read_tag(row: &Row<'_>) -> rusqlite::Result<Tag> {
    Ok(Tag { namespace: row.get(0)?, key: row.get(1)?, value: row.get(2)?, copyable: row.get(3)? })
}

impl ArrayTx<'_> {
    /// The object of this kind that has a name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn tagged(&self, kind: Tagged, name: &str) -> Result<Option<TaggedObject>> {
        match kind {
            Tagged::Volumes => Ok(self.volume(name)?.map(TaggedObject::from)),
            Tagged::VolumeSnapshots => Ok(self.volume_snapshot(name)?.map(TaggedObject::from)),
            _ => self.find_tagged(kind, "name", name),
        }
    }

    /// The object of this kind that has an id.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn tagged_by_id(&self, kind: Tagged, id: &str) -> Result<Option<TaggedObject>> {
        match kind {
            Tagged::Volumes => Ok(self.volume_by_id(id)?.map(TaggedObject::from)),
            Tagged::VolumeSnapshots => Ok(self.volume_snapshot_by_id(id)?.map(TaggedObject::from)),
            _ => self.find_tagged(kind, "id", id),
        }
    }

    fn find_tagged(&self, kind: Tagged, column: &str, value: &str) -> Result<Option<TaggedObject>> {
        let sql = format!("SELECT id, name, destroyed FROM ({}) WHERE {column} = ?3 COLLATE NOCASE", kind.objects());
        self.tx.first(&sql, params![self.array.id, self.tx.now_ms, value], |row| {
            let id: String = row.get(0)?;
            let object = Reference { id: Some(id.clone()), name: row.get(1)? };
            Ok(TaggedObject { kind, key: id, object, destroyed: row.get(2)? })
        })
    }

    /// The tags of an object, by namespace and key.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn tags_of(&self, on: &TaggedObject) -> Result<Vec<TagRow>> {
        let sql = "SELECT namespace, key, value, copyable FROM tags WHERE resource = ?1 AND resource_id = ?2
                   ORDER BY namespace, key";
        let tags = self.tx.all(sql, [on.kind.collection(), &on.key], read_tag)?;
        Ok(tags.into_iter().map(|tag| TagRow { on: on.clone(), tag }).collect())
    }

    /// Every tag on an object of this kind, by the name of the object, namespace and key.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn tags(&self, kind: Tagged) -> Result<Vec<TagRow>> {
        let sql = "SELECT DISTINCT resource_id FROM tags WHERE resource = ?1";
        let keys = self.tx.all(sql, [kind.collection()], |row| row.get::<_, String>(0))?;
        let mut objects = Vec::new();
        for key in keys {
            objects.extend(match kind {
                Tagged::VolumeSnapshots => self.volume_snapshot_by_tag_key(&key)?.map(TaggedObject::from),
                _ => self.tagged_by_id(kind, &key)?,
            });
        }
        objects.sort_by(|one, other| one.object.name.cmp(&other.object.name));
        let tags: Result<Vec<_>> = objects.iter().map(|object| self.tags_of(object)).collect();
        Ok(tags?.into_iter().flatten().collect())
    }

    /// Puts a tag on an object, or changes it.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn set_tag(&self, on: &TaggedObject, tag: &Tag) -> Result<()> {
        self.remove_tag(on, &tag.namespace, &tag.key)?;
        self.tx.execute(
            "INSERT INTO tags (array_id, resource, resource_id, namespace, key, value, copyable)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![self.array.id, on.kind.collection(), on.key, tag.namespace, tag.key, tag.value, tag.copyable],
        )?;
        Ok(())
    }

    /// Takes a tag off an object; `false`: it had none of that key.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn remove_tag(&self, on: &TaggedObject, namespace: &str, key: &str) -> Result<bool> {
        // whichever array of a pod it was put on
        let sql = "DELETE FROM tags WHERE resource = ?1 AND resource_id = ?2 AND namespace = ?3 AND key = ?4";
        Ok(self.tx.execute(sql, [on.kind.collection(), &on.key, namespace, key])? > 0)
    }

    pub(super) fn copy_tags(&self, from: Tagged, from_key: &str, to: Tagged, to_key: &str) -> Result<()> {
        self.tx.execute(
            "INSERT OR REPLACE INTO tags (array_id, resource, resource_id, namespace, key, value, copyable)
             SELECT ?1, ?2, ?3, namespace, key, value, copyable FROM tags
             WHERE resource = ?4 AND resource_id = ?5 AND copyable",
            [&self.array.id, to.collection(), to_key, from.collection(), from_key],
        )?;
        Ok(())
    }
}

impl From<VolumeRow> for TaggedObject {
    fn from(volume: VolumeRow) -> Self {
        Self {
            kind: Tagged::Volumes,
            key: volume.id.clone(),
            destroyed: volume.destroyed_ms.is_some(),
            object: Reference { id: Some(volume.id), name: volume.name },
        }
    }
}

impl From<VolumeSnapshotRow> for TaggedObject {
    fn from(snapshot: VolumeSnapshotRow) -> Self {
        Self {
            kind: Tagged::VolumeSnapshots,
            key: snapshot.tag_key,
            destroyed: snapshot.destroyed_ms.is_some(),
            object: Reference { id: Some(snapshot.id), name: snapshot.name },
        }
    }
}
