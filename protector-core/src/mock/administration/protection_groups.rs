//! Protection groups of an array, and images of groups that are replicated to it.

use super::{ArrayTx, Reference};
use crate::mock::array::{GroupPolicy, groups, pods, policy, retention, transfers};
use crate::mock::tx::unsigned;
use crate::rules::naming::target_group_name;
use crate::{Error, Result};
use rusqlite::{Params, Row, params};

/// A protection group of this array, or the image of one that is replicated to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionGroupRow {
    /// UUID.
    pub id: String,
    /// `pg`, `pod::pg`, or for an image `<array or pod>:pg`.
    pub name: String,
    /// Whether it is a group of this array; else it is an image.
    pub is_local: bool,
    /// When it was destroyed, milliseconds since 1970.
    pub destroyed_ms: Option<i64>,
    /// The array or the pod that it was made on.
    pub source: Reference,
    /// The pod it is in.
    pub pod: Option<Reference>,
    /// How many volumes that are not destroyed it has; of an image, those of its source.
    pub volumes: u64,
    /// To how many arrays it is replicated.
    pub targets: u64,
    /// Bytes that its volumes have.
    pub provisioned: u64,
    /// When snapshots are taken and what is kept of them; of an image, that of its source.
    pub policy: GroupPolicy,
    /// Whether it and its snapshots are held against destruction.
    pub retention_locked: bool,
}

/// `origin` is the group itself, or of an image its source; gone if that is eradicated.
const SELECT: &str = "
    SELECT g.id, g.name, g.source_group_id IS NULL, g.destroyed_ms, g.retention_locked,
        CASE WHEN g.source_group_id IS NULL THEN ifnull(pods.id, home.id)
             WHEN pods.id IS NOT NULL THEN pods.id
             ELSE (SELECT id FROM arrays WHERE arrays.name = substr(g.name, 1, instr(g.name, ':') - 1)) END,
        CASE WHEN g.source_group_id IS NULL THEN ifnull(pods.name, home.name)
             ELSE substr(g.name, 1, instr(g.name, ':') - 1) END,
        g.pod_id, iif(g.pod_id IS NULL, NULL, pods.name),
        (SELECT count(*) FROM protection_group_volumes JOIN volumes ON volumes.id = volume_id
         WHERE group_id = origin.id AND volumes.destroyed_ms IS NULL),
        (SELECT ifnull(sum(provisioned), 0) FROM protection_group_volumes JOIN volumes ON volumes.id = volume_id
         WHERE group_id = origin.id AND volumes.destroyed_ms IS NULL),
        (SELECT count(*) FROM replication_paths WHERE source_group_id = origin.id),
        ifnull(origin.schedules, g.schedules), ifnull(origin.interval_ms, g.interval_ms),
        origin.next_due_ms IS NOT NULL, origin.snapshot_due_ms IS NOT NULL
    FROM protection_groups_on
    JOIN protection_groups AS g ON g.id = group_id
    JOIN arrays AS home ON home.id = g.array_id
    LEFT JOIN protection_groups AS origin ON origin.id = ifnull(g.source_group_id, g.id)
    LEFT JOIN pods ON pods.id = origin.pod_id
    WHERE on_array_id = ?1 AND g.visible_ms <= ?2";

fn read(row: &Row<'_>) -> rusqlite::Result<(ProtectionGroupRow, policy::Columns)> {
    let found = ProtectionGroupRow {
        id: row.get(0)?,
        name: row.get(1)?,
        is_local: row.get(2)?,
        destroyed_ms: row.get(3)?,
        retention_locked: row.get(4)?,
        source: Reference { id: row.get(5)?, name: row.get(6)? },
        pod: Reference::read(row, 7)?,
        volumes: unsigned(row.get(9)?),
        provisioned: unsigned(row.get(10)?),
        targets: unsigned(row.get(11)?),
        policy: GroupPolicy::default(),
    };
    Ok((found, (row.get(12)?, row.get(13)?, row.get(14)?, row.get(15)?)))
}

impl ArrayTx<'_> {
    /// Every group and image that this array shows, destroyed or not, by name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protection_groups(&self) -> Result<Vec<ProtectionGroupRow>> {
        self.select_groups(" ORDER BY g.name", params![self.array.id, self.tx.now_ms])
    }

    /// What this array shows under that name, destroyed or not. Names are the same in whatever case.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protection_group(&self, name: &str) -> Result<Option<ProtectionGroupRow>> {
        let sql = " AND g.name = ?3 COLLATE NOCASE";
        Ok(self.select_groups(sql, params![self.array.id, self.tx.now_ms, name])?.into_iter().next())
    }

    fn select_groups(&self, and: &str, params: impl Params) -> Result<Vec<ProtectionGroupRow>> {
        let found = self.tx.all(&format!("{SELECT}{and}"), params, read)?;
        found
            .into_iter()
            .map(|(row, columns)| Ok(ProtectionGroupRow { policy: policy::read(columns)?, ..row }))
            .collect()
    }

    /// A new, empty group, in the pod that its name begins with.
    ///
    /// # Errors
    /// name taken, also by something destroyed → `AlreadyExists`; no such pod → `NotFound`; pod takes no changes →
    /// `Precondition`.
    pub fn create_protection_group(&self, name: &str) -> Result<()> {
        let pod = self.place(name)?;
        if let Some(pod) = &pod {
            self.check_pod_open(&pod.id)?;
        }
        self.refuse_taken_group(name)?;
        let id = groups::create(self.tx, &self.array, name, pod.as_ref().map(|pod| pod.id.as_str()))?;
        self.tx.execute("UPDATE protection_groups SET administered = 1 WHERE id = ?1", [&id])?;
        Ok(())
    }

    /// Gives a group another name, and its images on other arrays with it.
    ///
    /// # Errors
    /// an image, or a name of another pod → `InvalidRequest`; name taken here or on a target → `AlreadyExists`.
    pub fn rename_protection_group(&self, group: &ProtectionGroupRow, name: &str) -> Result<()> {
        let pod_of = |name: &str| pods::split(name).map(|(pod, _)| pod.to_owned());
        if !group.is_local || pod_of(name) != pod_of(&group.name) {
            let text = format!("protection group '{}' cannot be renamed to '{name}'", group.name);
            return Err(Error::invalid(text));
        }
        if !name.eq_ignore_ascii_case(&group.name) {
            self.refuse_taken_group(name)?;
        }
        self.tx.execute("UPDATE protection_groups SET name = ?2 WHERE id = ?1", [&group.id, name])?;
        let image_name = image_name(&group.source.name, name);
        let sql = "SELECT EXISTS (SELECT 1 FROM protection_groups AS other JOIN protection_groups AS image
                       ON image.array_id = other.array_id AND image.id <> other.id
                   WHERE image.source_group_id = ?1 AND NOT image.detached AND other.name = ?2 COLLATE NOCASE)";
        if self.tx.value(sql, [&group.id, &image_name])? {
            return Err(Error::already_exists(format!("a target of '{}' has a '{image_name}' already", group.name)));
        }
        self.tx.execute(
            "UPDATE protection_groups SET name = ?2 WHERE source_group_id = ?1 AND NOT detached",
            [&group.id, &image_name],
        )?;
        Ok(())
    }

    fn refuse_taken_group(&self, name: &str) -> Result<()> {
        // an image that is not shown yet has its name already
        let sql = "SELECT EXISTS (SELECT 1 FROM protection_groups_on JOIN protection_groups ON id = group_id
                                  WHERE on_array_id = ?1 AND name = ?2 COLLATE NOCASE)";
        if self.tx.value(sql, [self.array.id.as_str(), name])? {
            let text = format!("array '{}' has a protection group '{name}' already", self.array.name);
            return Err(Error::already_exists(text));
        }
        Ok(())
    }

    /// Destroys a group or image with its snapshots; the names stay taken until eradication. What is on other arrays stays.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn destroy_protection_group(&self, group: &ProtectionGroupRow) -> Result<()> {
        if let Some(found) = groups::by_id(self.tx, &self.array, &group.id)?.filter(|found| !found.destroyed) {
            groups::destroy(self.tx, &found)?;
        }
        transfers::refresh(self.tx)
    }

    /// Brings a destroyed group or image back, with the snapshots that were destroyed with it. Its schedules stay off.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn recover_protection_group(&self, group: &ProtectionGroupRow) -> Result<()> {
        self.tx.execute(
            "UPDATE snapshots SET destroyed_ms = NULL WHERE group_id = ?1
                 AND destroyed_ms = (SELECT destroyed_ms FROM protection_groups WHERE id = ?1)",
            [&group.id],
        )?;
        self.tx.execute("UPDATE protection_groups SET destroyed_ms = NULL WHERE id = ?1", [&group.id])?;
        transfers::refresh(self.tx)
    }

    /// Removes a destroyed group or image with its snapshots, for good. What is on other arrays stays.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn eradicate_protection_group(&self, group: &ProtectionGroupRow) -> Result<()> {
        let sql = "DELETE FROM protection_groups WHERE id = ?1 AND destroyed_ms IS NOT NULL";
        self.tx.execute(sql, [&group.id])?;
        transfers::refresh(self.tx)
    }

    /// Sets when snapshots of a group are taken and what is kept of them, here and on its targets. A schedule that is
    /// changed begins anew; one that is not goes on.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn set_protection_group_policy(&self, group: &ProtectionGroupRow, policy: &GroupPolicy) -> Result<()> {
        policy::set(self.tx, &group.id, policy)?;
        retention::expire(self.tx, &group.id)
    }

    /// Holds a group, its images and all their snapshots against destruction. There is no way back.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn lock_protection_group(&self, group: &ProtectionGroupRow) -> Result<()> {
        let sql = "UPDATE protection_groups SET retention_locked = 1 WHERE id = ?1 OR source_group_id = ?1";
        self.tx.execute(sql, [&group.id])?;
        Ok(())
    }
}

/// What a target calls the group `name` of an array or pod.
pub(super) fn image_name(source: &str, name: &str) -> String {
    target_group_name(&source.into(), &name.into()).as_str().to_owned()
}
