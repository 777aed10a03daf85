//! Pods.

use super::volumes::written_bytes;
use super::{ArrayTx, PodMemberRow, Reference};
use crate::mock::array::pods::{self, Pod};
use crate::mock::array::{MemberStatus, Promotion, pod_members, replica_links};
use crate::mock::tx::unsigned;
use crate::{Error, ErrorKind, Result};
use rusqlite::Row;

/// A pod that an array has, destroyed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodRow {
    /// UUID, the same on each of its arrays.
    pub id: String,
    /// Name.
    pub name: String,
    /// When it was made, milliseconds since 1970.
    pub created_ms: i64,
    /// When it was destroyed, milliseconds since 1970.
    pub destroyed_ms: Option<i64>,
    /// Bytes that its volumes may have in all.
    pub quota: Option<u64>,
    /// The pod that it was copied from, by name.
    pub source: Option<String>,
    /// The mediator of its arrays.
    pub mediator: String,
    /// Whether it was last asked to be promoted.
    pub wants_promoted: bool,
    /// Whether it takes writes of hosts.
    pub promotion: Promotion,
    /// Arrays that are to stay online when its arrays lose each other, by name.
    pub failover_preferences: Vec<String>,
    /// Whether it is on a second array.
    pub stretched: bool,
    /// Where this array stands in it.
    pub here: MemberStatus,
}

/// A pod with all that an array tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PodDetails {
    /// The pod.
    pub pod: PodRow,
    /// Its arrays by name, as this one sees them.
    pub members: Vec<PodMemberRow>,
    /// Replica links that lead to it.
    pub link_sources: usize,
    /// Replica links that lead from it.
    pub link_targets: usize,
    /// Bytes that its volumes have in all; destroyed ones do not count.
    pub provisioned: u64,
    /// Bytes that hosts have written to them and that they still hold.
    pub written: u64,
    /// Arrays that are to stay online when its arrays lose each other.
    pub failover_preferences: Vec<Reference>,
    /// The pod that it was copied from.
    pub source: Option<Reference>,
}

impl ArrayTx<'_> {
    /// All that this array tells of a pod.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn pod_details(&self, pod: PodRow) -> Result<PodDetails> {
        let link = replica_links::of_pod(self.tx, &pod.id)?;
        Ok(PodDetails {
            members: self.pod_members(&pod)?,
            link_sources: link.iter().filter(|link| link.target_pod_id == pod.id).count(),
            link_targets: link.iter().filter(|link| link.source_pod_id == pod.id).count(),
            provisioned: self.pod_provisioned(&pod.id)?,
            written: self.pod_written(&pod.id)?,
            failover_preferences: self.array_references(&pod.failover_preferences)?,
            source: self.pod_source(&pod)?,
            pod,
        })
    }

    /// The pod of this name on this array, destroyed or not. Names are the same in whatever case.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn pod_by_name(&self, name: &str) -> Result<Option<PodRow>> {
        pods::by_name(self.tx, &self.array.id, name)?.map(|pod| self.pod_row(pod)).transpose()
    }

    /// The pod with this id on this array, destroyed or not.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn pod_by_id(&self, id: &str) -> Result<Option<PodRow>> {
        if !self.is_on_array(id, &self.array.id)? {
            return Ok(None);
        }
        pods::by_id(self.tx, id)?.map(|pod| self.pod_row(pod)).transpose()
    }

    /// Every pod on this array, destroyed or not, by name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn pods(&self) -> Result<Vec<PodRow>> {
        pods::on_array(self.tx, &self.array.id)?.into_iter().map(|pod| self.pod_row(pod)).collect()
    }

    /// The pod that an object of this name is, or would be, in: that before the `::`. `None`: in no pod.
    ///
    /// # Errors
    /// no such pod on this array → `NotFound`.
    pub fn place(&self, name: &str) -> Result<Option<PodRow>> {
        let Some((pod, _)) = pods::split(name) else { return Ok(None) };
        let missing = || Error::not_found(format!("array '{}' has no pod '{pod}'", self.array.name));
        self.pod_by_name(pod)?.ok_or_else(missing).map(Some)
    }

    /// Whether a pod is on an array, that one or another.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn is_on_array(&self, pod_id: &str, array_id: &str) -> Result<bool> {
        pods::is_on(self.tx, pod_id, array_id)
    }

    /// Refuses changes, through this array, of what is in a pod that does not take them.
    ///
    /// # Errors
    /// destroyed, demoted or on its way there or back, or not online on this array → `Precondition`.
    pub fn check_pod_open(&self, pod_id: &str) -> Result<()> {
        pods::check_open(self.tx, &self.array.id, pod_id)
    }

    /// Refuses what needs the current data of a pod, through this array.
    ///
    /// # Errors
    /// destroyed, or not online on this array → `Precondition`.
    pub fn check_pod_data(&self, pod_id: &str) -> Result<()> {
        pods::check_online(self.tx, &self.array.id, pod_id)
    }

    /// Refuses what would make the volumes of a pod larger than its quota; destroyed ones do not count.
    ///
    /// # Errors
    /// no such pod → `NotFound`; not enough left → `LimitReached`.
    pub fn check_pod_quota(&self, pod_id: &str, added_bytes: u64) -> Result<()> {
        let missing = || Error::not_found(format!("array '{}' has no pod with id '{pod_id}'", self.array.name));
        let pod = pods::by_id(self.tx, pod_id)?.ok_or_else(missing)?;
        let Some(quota) = pod.quota.map(unsigned) else { return Ok(()) };
        let used = self.pod_provisioned(pod_id)?;
        if used.saturating_add(added_bytes) <= quota {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::LimitReached,
            format!("pod '{}' has {used} of {quota} bytes in use, {added_bytes} more do not fit", pod.name),
        ))
    }

    /// Bytes that the volumes of a pod have in all; destroyed ones do not count.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn pod_provisioned(&self, pod_id: &str) -> Result<u64> {
        let sql = "SELECT COALESCE(sum(provisioned), 0) FROM volumes WHERE pod_id = ?1 AND destroyed_ms IS NULL";
        Ok(unsigned(self.tx.value(sql, [pod_id])?))
    }

    fn pod_written(&self, pod_id: &str) -> Result<u64> {
        let sql = "SELECT provisioned, content FROM volumes WHERE pod_id = ?1 AND destroyed_ms IS NULL";
        let written = |row: &Row<'_>| Ok(written_bytes(unsigned(row.get(0)?), unsigned(row.get(1)?)));
        Ok(self.tx.all(sql, [pod_id], written)?.into_iter().sum())
    }

    fn array_references(&self, names: &[String]) -> Result<Vec<Reference>> {
        let id = |name: &String| self.tx.first("SELECT id FROM arrays WHERE name = ?1", [name], |row| row.get(0));
        names.iter().map(|name| Ok(Reference { id: id(name)?, name: name.clone() })).collect()
    }

    fn pod_source(&self, pod: &PodRow) -> Result<Option<Reference>> {
        let Some(name) = pod.source.clone() else { return Ok(None) };
        let id = pods::by_name(self.tx, &self.array.id, &name)?.map(|source| source.id);
        Ok(Some(Reference { id, name }))
    }

    pub(super) fn pod_row(&self, pod: Pod) -> Result<PodRow> {
        let members = pod_members::of_pod(self.tx, &pod.id)?;
        let here = members.iter().find(|member| member.array_id == self.array.id);
        Ok(PodRow {
            stretched: members.len() > 1,
            here: here.map_or(MemberStatus::Offline, |member| member.status(self.tx.now_ms)),
            promotion: pod.promotion(self.tx.now_ms),
            id: pod.id,
            name: pod.name,
            created_ms: pod.created_ms,
            destroyed_ms: pod.destroyed_ms,
            quota: pod.quota.map(unsigned),
            source: pod.source,
            mediator: pod.mediator,
            wants_promoted: pod.wants_promoted,
            failover_preferences: pod.failover_preferences,
        })
    }
}
