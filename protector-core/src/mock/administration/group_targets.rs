//! To which arrays a protection group is replicated.

use super::protection_groups::image_name;
use super::{ArrayTx, ProtectionGroupRow, Reference};
use crate::mock::array::{self, groups, transfers};
use crate::mock::controls;
use crate::mock::tx::signed;
use crate::{Error, Result};
use rusqlite::params;

/// A target of a group, as the array sees it on which the group is or the target itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTargetRow {
    /// The group, or on the target its image.
    pub group: Reference,
    /// The target array.
    pub target: Reference,
    /// Whether the target takes what is replicated to it.
    pub allowed: bool,
    /// Whether data can move right now.
    pub flows: bool,
}

/// The image of a group of this array on a target, as the source sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteGroupRow {
    /// The image.
    pub image: Reference,
    /// The array it is on.
    pub target: Reference,
    /// When it was destroyed, milliseconds since 1970.
    pub destroyed_ms: Option<i64>,
    /// What is kept there.
    pub retention: crate::mock::SnapshotRetention,
}

impl ArrayTx<'_> {
    /// Every target of a group of this array, and this array as the target of each image, by group and target.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protection_group_targets(&self) -> Result<Vec<GroupTargetRow>> {
        self.tx.all(
            "SELECT g.id, g.name, target.id, target.name, path.allowed, path.flows
             FROM protection_groups_on AS here
             JOIN protection_groups AS g ON g.id = here.group_id AND g.visible_ms <= ?2
             JOIN replication_paths AS path ON g.id IN (path.source_group_id, path.image_group_id)
             JOIN arrays AS target ON target.id = path.target_array_id
             WHERE on_array_id = ?1 ORDER BY g.name, target.name",
            params![self.array.id, self.tx.now_ms],
            |row| {
                Ok(GroupTargetRow {
                    group: Reference { id: row.get(0)?, name: row.get(1)? },
                    target: Reference { id: row.get(2)?, name: row.get(3)? },
                    allowed: row.get(4)?,
                    flows: row.get(5)?,
                })
            },
        )
    }

    /// Makes a connected array a target of a group. Its image appears there after a while, and does not allow replication
    /// until that array does. An image that is there from when the array was a target before is used again.
    ///
    /// # Errors
    /// an image, or a target in the group's own pod → `InvalidRequest`; no such connection → `NotFound`; not connected
    /// right now → `Precondition`; a target already → `AlreadyExists`; the target still has the image of an earlier group
    /// of that name → `Conflict`, destroyed → `PendingEradication`.
    pub fn add_protection_group_target(&self, group: &ProtectionGroupRow, target: &str) -> Result<()> {
        let source = groups::by_id(self.tx, &self.array, &group.id)?.filter(|_| group.is_local);
        let source = source.ok_or_else(|| Error::invalid(format!("'{}' is no group of this array", group.name)))?;
        let peer = array::peer(self.tx, &self.array, &target.into())?.ok_or_else(|| {
            Error::not_found(format!("array '{}' is not connected to an array '{target}'", self.array.name))
        })?;
        let pod_id = group.pod.as_ref().and_then(|pod| pod.id.as_deref());
        if pod_id.is_some_and(|pod_id| self.is_on_array(pod_id, &peer.id).unwrap_or(true)) {
            return Err(Error::invalid(format!("pod of '{}' is on array '{target}' itself", group.name)));
        }
        let name = image_name(&self.array.name, &group.name);
        match groups::image(self.tx, &peer, &name.as_str().into())? {
            Some(image) if image.destroyed => Err(groups::pending(&peer, &name.into())),
            Some(image) if image.source_group_id.as_deref() == Some(group.id.as_str()) => {
                if !image.detached {
                    return Err(Error::already_exists(format!("'{target}' is a target of '{}' already", group.name)));
                }
                self.tx.execute(
                    "UPDATE protection_groups SET detached = 0, retention_locked = ?2 WHERE id = ?1",
                    params![image.id, group.retention_locked],
                )?;
                transfers::refresh(self.tx)
            }
            Some(_) => Err(Error::conflict(format!("array '{target}' has a '{name}' of an earlier group"))),
            None if array::link(self.tx, &self.array, &peer)? != crate::ports::ReplicationLink::Connected => {
                Err(Error::precondition(format!("array '{target}' cannot be reached")))
            }
            None => {
                let delay = signed(controls::settings(self.tx)?.replica_delay_millis)?;
                groups::create_image(self.tx, &peer, &name.as_str().into(), &source, delay)?;
                self.tx.execute(
                    "UPDATE protection_groups SET (administered, schedules, retention_locked) =
                         (SELECT administered, schedules, retention_locked FROM protection_groups WHERE id = ?1)
                     WHERE source_group_id = ?1",
                    [&group.id],
                )?;
                Ok(())
            }
        }
    }

    /// Ends replication of a group to a target; `false` if it is none. The image stays there with its snapshots.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn remove_protection_group_target(&self, group: &ProtectionGroupRow, target: &str) -> Result<bool> {
        let changed = self.tx.execute(
            "UPDATE protection_groups SET detached = 1, allowed = 0
             WHERE source_group_id = ?1 AND NOT detached
                 AND array_id = (SELECT id FROM arrays WHERE name = ?2 COLLATE NOCASE)",
            [group.id.as_str(), target],
        )?;
        transfers::refresh(self.tx)?;
        Ok(changed > 0)
    }

    /// On the target: takes or refuses what is replicated to an image; `false` if it was so.
    ///
    /// # Errors
    /// no image → `InvalidRequest`.
    pub fn allow_protection_group(&self, image: &ProtectionGroupRow, allowed: bool) -> Result<bool> {
        if image.is_local {
            return Err(Error::invalid(format!("'{}' is no image of a group of another array", image.name)));
        }
        let changed = groups::set_allowed(self.tx, &image.id, allowed)?;
        transfers::refresh(self.tx)?;
        Ok(changed)
    }

    /// The images of the groups of this array on other arrays, by name and target.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn remote_protection_groups(&self) -> Result<Vec<RemoteGroupRow>> {
        let found = self.tx.all(
            "SELECT image.id, image.name, target.id, target.name, image.destroyed_ms, image.schedules
             FROM protection_groups_on
             JOIN protection_groups AS image ON image.source_group_id = group_id AND NOT image.detached
             JOIN arrays AS target ON target.id = image.array_id
             WHERE on_array_id = ?1 ORDER BY image.name, target.name",
            [&self.array.id],
            |row| {
                let retention = crate::mock::SnapshotRetention::default();
                let found = RemoteGroupRow {
                    image: Reference { id: row.get(0)?, name: row.get(1)? },
                    target: Reference { id: row.get(2)?, name: row.get(3)? },
                    destroyed_ms: row.get(4)?,
                    retention,
                };
                Ok((found, row.get::<_, String>(5)?))
            },
        )?;
        let with_retention = |(row, json): (RemoteGroupRow, String)| {
            let policy = array::policy::read((json, None, false, false))?;
            Ok(RemoteGroupRow { retention: policy.target_retention, ..row })
        };
        found.into_iter().map(with_retention).collect()
    }
}
