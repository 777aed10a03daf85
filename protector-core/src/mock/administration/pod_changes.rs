//! Making pods, changing them, and what becomes of them at the end.

use super::{ArrayTx, PodRow};
use crate::mock::array::{ConnectionKind, MemberStatus, pod_contents, pod_copies, pods, replica_links};
use crate::mock::tx::signed;
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use rusqlite::params;
use std::ops::RangeInclusive;

/// Quotas in bytes (FlashArray REST 2.37, `_quota_limit_type`).
const QUOTAS: RangeInclusive<u64> = 1_048_576..=4_503_599_627_370_496;

impl ArrayTx<'_> {
    /// A new, empty pod.
    ///
    /// # Errors
    /// not a name that arrays accept → `InvalidRequest`; name taken, if only by a destroyed pod → `AlreadyExists`.
    pub fn create_pod(&self, name: &str) -> Result<PodRow> {
        self.check_new_pod_name(name)?;
        let id = pods::create(self.tx, &self.array, name)?;
        self.pod_with_id(&id)
    }

    /// A new pod with copies of the volumes and groups of another, or of one that is kept for undo.
    ///
    /// # Errors
    /// as [`ArrayTx::create_pod`]; the other has no current data on this array, or is destroyed and not kept for undo →
    /// `Precondition`.
    pub fn clone_pod(&self, source: &PodRow, name: &str) -> Result<PodRow> {
        if !self.stored_pod(&source.id)?.is_kept_for_undo() {
            self.check_changeable(source)?;
        }
        let copy = self.create_pod(name)?;
        self.tx.execute("UPDATE pods SET source = ?2 WHERE id = ?1", [&copy.id, &source.name])?;
        let (from, to) = (self.stored_pod(&source.id)?, self.stored_pod(&copy.id)?);
        pod_copies::take_over(self.tx, &from, &to, &self.array, None)?;
        self.pod_with_id(&copy.id)
    }

    /// Gives a pod another name, and with it all that is in the pod.
    ///
    /// # Errors
    /// as [`ArrayTx::create_pod`]; kept for undo, or without current data on this array → `Precondition`.
    pub fn rename_pod(&self, pod: &PodRow, name: &str) -> Result<PodRow> {
        self.check_changeable(pod)?;
        if !name.eq_ignore_ascii_case(&pod.name) {
            self.check_new_pod_name(name)?;
            self.check_pod_name_elsewhere(&pod.id, name)?;
        }
        self.tx.execute("UPDATE pods SET name = ?2 WHERE id = ?1", [pod.id.as_str(), name])?;
        pod_contents::rename(self.tx, &pod.id, &pod.name, name)?;
        self.pod_with_id(&pod.id)
    }

    /// Sets how many bytes the volumes of a pod may have in all. `None`: as many as they like.
    ///
    /// # Errors
    /// no multiple of 512, smaller than 1 MiB or larger than 4 PiB → `InvalidRequest`; less than they have, unless `ignore_usage` → `Precondition`.
    pub fn set_pod_quota(&self, pod: &PodRow, bytes: Option<u64>, ignore_usage: bool) -> Result<()> {
        self.check_changeable(pod)?;
        if let Some(bytes) = bytes {
            if !QUOTAS.contains(&bytes) || bytes % 512 != 0 {
                return Err(Error::invalid(format!(
                    "a quota of {bytes} bytes is not a multiple of 512 from {} to {}",
                    QUOTAS.start(),
                    QUOTAS.end()
                )));
            }
            let used = self.pod_provisioned(&pod.id)?;
            if used > bytes && !ignore_usage {
                let text = format!("pod '{}' has {used} bytes in use, more than a quota of {bytes}", pod.name);
                return Err(Error::precondition(text).remedy("set ignore_usage"));
            }
        }
        let stored = bytes.map(signed).transpose()?;
        self.tx.execute("UPDATE pods SET quota = ?2 WHERE id = ?1", params![pod.id, stored])?;
        Ok(())
    }

    /// Sets which arrays are to stay online rather than others when they lose each other.
    ///
    /// # Errors
    /// neither this array nor one that is connected to it for synchronous replication → `NotFound`.
    pub fn set_failover_preferences(&self, pod: &PodRow, arrays: &[String]) -> Result<()> {
        self.check_changeable(pod)?;
        for name in arrays {
            let known: bool = self.tx.value(
                "SELECT ?2 = ?3 OR EXISTS (SELECT 1 FROM links JOIN arrays ON arrays.id = peer_id
                                           WHERE array_id = ?1 AND arrays.name = ?2 AND kind = ?4)",
                [&self.array.id, name, &self.array.name, ConnectionKind::Sync.as_str()],
            )?;
            if !known {
                return Err(Error::not_found(format!("array {name} could not be found among the synchronous peers")));
            }
        }
        let stored = serde_json::to_string(arrays).map_err(|e| Error::internal(e.to_string()))?;
        self.tx.execute("UPDATE pods SET failover_preferences = ?2 WHERE id = ?1", [&pod.id, &stored])?;
        Ok(())
    }

    /// Sets the mediator of a pod.
    ///
    /// # Errors
    /// kept for undo, or without current data on this array → `Precondition`.
    pub fn set_pod_mediator(&self, pod: &PodRow, mediator: &str) -> Result<()> {
        self.check_changeable(pod)?;
        self.tx.execute("UPDATE pods SET mediator = ?2 WHERE id = ?1", [pod.id.as_str(), mediator])?;
        Ok(())
    }

    /// Destroys a pod. It can be recovered with all that is in it until it is eradicated, and keeps its name.
    ///
    /// # Errors
    /// stretched, an end of a replica link, or not empty and not `with_contents` → `Precondition`.
    pub fn destroy_pod(&self, pod: &PodRow, with_contents: bool) -> Result<()> {
        if pod.destroyed_ms.is_some() {
            return Err(Error::precondition("Pod has been destroyed."));
        }
        if pod.stretched {
            return refuse(pod, "is stretched: remove the other array from it first");
        }
        if replica_links::of_pod(self.tx, &pod.id)?.is_some() {
            return refuse(pod, "has a replica link: delete that first");
        }
        if !with_contents && !pod_contents::is_empty(self.tx, &pod.id, false)? {
            return Err(Error::precondition("Pod contains volumes or protection groups."));
        }
        pod_contents::destroy(self.tx, &pod.id)?;
        self.tx.execute("UPDATE pods SET destroyed_ms = ?2 WHERE id = ?1", params![pod.id, self.now_ms()])?;
        Ok(())
    }

    /// Recovers a destroyed pod, with what was destroyed together with it.
    ///
    /// # Errors
    /// kept for undo → `Precondition` → clone it, or promote its pod from it.
    pub fn recover_pod(&self, pod: &PodRow) -> Result<()> {
        let Some(destroyed_ms) = pod.destroyed_ms else { return Ok(()) };
        if self.stored_pod(&pod.id)?.is_kept_for_undo() {
            return refuse(pod, "cannot be recovered, only cloned or eradicated");
        }
        pod_contents::recover(self.tx, &pod.id, destroyed_ms)?;
        self.tx.execute("UPDATE pods SET destroyed_ms = NULL WHERE id = ?1", [&pod.id])?;
        Ok(())
    }

    /// Removes a destroyed pod for good.
    ///
    /// # Errors
    /// not destroyed, or not empty and not `with_contents`, or a group in it is locked → `Precondition`; the array does
    /// not let anything be eradicated early → `Forbidden`.
    pub fn eradicate_pod(&self, pod: &PodRow, with_contents: bool) -> Result<()> {
        if pod.destroyed_ms.is_none() {
            return refuse(pod, "is not destroyed");
        }
        if matches!(self.info.manual_eradication.as_str(), "disabled" | "all-disabled") {
            return Err(Error::new(
                ErrorKind::Forbidden,
                format!("pod '{}' cannot be eradicated: eradication is {}", pod.name, self.info.manual_eradication),
            ));
        }
        let locked = "SELECT EXISTS (SELECT 1 FROM protection_groups WHERE pod_id = ?1 AND retention_locked)";
        if self.tx.value(locked, [&pod.id])? {
            return refuse(pod, "has a protection group that is retention-locked");
        }
        let kept_for_undo = self.stored_pod(&pod.id)?.is_kept_for_undo();
        if !with_contents && !kept_for_undo && !pod_contents::is_empty(self.tx, &pod.id, true)? {
            return Err(Error::precondition("Pod contains volumes or protection groups that are not eradicated."));
        }
        self.drop_pod(&pod.id)
    }

    /// Removes a pod with all that is in it.
    pub(super) fn drop_pod(&self, id: &str) -> Result<()> {
        self.tx.execute("DELETE FROM pods WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Puts the state of a pod aside on this array as a destroyed pod of the name `<pod>.<suffix>`; one that was there
    /// before goes. With `frozen`: as it was when the data were frozen here.
    pub(super) fn keep_for_undo(&self, pod: &PodRow, suffix: &str, frozen: bool) -> Result<()> {
        let name = format!("{}.{suffix}", pod.name);
        if let Some(earlier) = self.pod_by_name(&name)? {
            self.drop_pod(&earlier.id)?;
        }
        let id = pods::create(self.tx, &self.array, &name)?;
        let (from, to) = (self.stored_pod(&pod.id)?, self.stored_pod(&id)?);
        let frozen_on = frozen.then_some(self.array.id.as_str());
        pod_copies::take_over(self.tx, &from, &to, &self.array, frozen_on)?;
        pod_contents::destroy(self.tx, &id)?;
        self.tx.execute(
            "UPDATE pods SET source = ?2, destroyed_ms = ?3 WHERE id = ?1",
            params![id, pod.name, self.now_ms()],
        )?;
        Ok(())
    }

    fn check_new_pod_name(&self, name: &str) -> Result<()> {
        naming::validate_array_object_name("pod", name)?;
        if pods::split(name).is_some() {
            return Err(Error::invalid(format!("pod '{name}' cannot be in a pod")));
        }
        match self.pod_by_name(name)? {
            None => Ok(()),
            Some(_) => Err(Error::new(ErrorKind::AlreadyExists, "Pod already exists.")),
        }
    }

    fn check_pod_name_elsewhere(&self, id: &str, name: &str) -> Result<()> {
        let taken: bool = self.tx.value(
            "SELECT EXISTS (SELECT 1 FROM pod_arrays AS own JOIN pod_arrays AS other ON other.array_id = own.array_id
                            JOIN pods ON pods.id = other.pod_id WHERE own.pod_id = ?1 AND pods.name = ?2)",
            [id, name],
        )?;
        if taken { Err(Error::new(ErrorKind::AlreadyExists, "Pod already exists.")) } else { Ok(()) }
    }

    /// Refuses what an array without current data of a pod cannot do to it.
    pub(super) fn check_pod_online(&self, pod: &PodRow) -> Result<()> {
        match pod.here {
            MemberStatus::Online => Ok(()),
            status => refuse(pod, &format!("is {status} on array '{}'", self.array.name)),
        }
    }

    pub(super) fn check_changeable(&self, pod: &PodRow) -> Result<()> {
        if pod.destroyed_ms.is_some() {
            return Err(Error::precondition("Pod has been destroyed."));
        }
        self.check_pod_online(pod)
    }

    pub(super) fn stored_pod(&self, id: &str) -> Result<pods::Pod> {
        pods::by_id(self.tx, id)?.ok_or_else(|| Error::internal(format!("pod '{id}' got lost")))
    }

    /// The pod with this id, as it is now.
    ///
    /// # Errors
    /// not on this array → `NotFound`.
    pub fn pod_with_id(&self, id: &str) -> Result<PodRow> {
        let missing = || Error::not_found(format!("array '{}' has no pod with id '{id}'", self.array.name));
        self.pod_by_id(id)?.ok_or_else(missing)
    }
}

/// A refusal for a reason that lies with the pod.
pub(super) fn refuse<T>(pod: &PodRow, why: &str) -> Result<T> {
    Err(Error::precondition(format!("pod '{}' {why}", pod.name)))
}
