//! Stretching pods over two arrays.

use super::pod_changes::refuse;
use super::{ArrayTx, PodRow};
use crate::mock::World;
use crate::mock::array::{self, MemberStatus, Promotion, pod_contents, pod_members, pods, replica_links};
use crate::model::ArrayName;
use crate::{Error, ErrorKind, Result};
use rusqlite::params;
use std::time::Duration;

/// What is put aside on an array that leaves a pod.
const RESTRETCH: &str = "restretch";

/// An array of a pod, as one of the pod's arrays sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct PodMemberRow {
    /// UUID of the array.
    pub array_id: String,
    /// Name of the array.
    pub array_name: String,
    /// Where it stands.
    pub status: MemberStatus,
    /// From when its data are, milliseconds since 1970, while it has not every write.
    pub frozen_ms: Option<i64>,
    /// How far it has been brought up to date, 0 to 1, while that goes on.
    pub progress: Option<f64>,
    /// Whether it reaches the mediator. `None`: unknown, as it does not answer.
    pub mediator_reachable: Option<bool>,
    /// Whether it is to stay online if the arrays lose each other now, without a mediator to ask.
    pub pre_elected: bool,
}

impl ArrayTx<'_> {
    /// The arrays of a pod by name, as this array sees them.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn pod_members(&self, pod: &PodRow) -> Result<Vec<PodMemberRow>> {
        let seen = pod_members::seen_from(self.tx, &self.array.id, &pod.id)?;
        let members: Vec<pod_members::Member> = seen.iter().map(|seen| seen.member.clone()).collect();
        let elected = pod_members::pre_elected(&members, &pod.failover_preferences);
        let now = self.now_ms();
        let row = |(index, seen): (usize, &pod_members::Seen)| {
            let (member, known) = (&seen.member, seen.is_known());
            PodMemberRow {
                array_id: member.array_id.clone(),
                array_name: member.array_name.clone(),
                status: seen.status,
                frozen_ms: member.frozen_ms(now).filter(|_| known),
                progress: member.progress(now).filter(|_| known),
                mediator_reachable: seen.is_heard.then_some(member.mediator_reachable),
                pre_elected: elected == Some(index),
            }
        };
        Ok(seen.iter().enumerate().map(row).collect())
    }

    /// Puts a pod on a second array, which is then brought up to date. What was put aside there when it left goes.
    ///
    /// # Errors
    /// no sync connection to such an array → `NotFound`; the connection does not work, the pod is demoted, linked,
    /// destroyed, on two arrays or without current data here → `Precondition`; on that array already, or it has a pod of
    /// that name → `AlreadyExists`.
    pub fn stretch_pod(&self, pod: &PodRow, to: &str) -> Result<()> {
        self.check_changeable(pod)?;
        if self.pod_members(pod)?.iter().any(|member| member.array_name == to) {
            return Err(Error::new(ErrorKind::AlreadyExists, format!("Pod array {to} already exists.")));
        }
        let peer = array::peer(self.tx, &self.array, &to.into())?;
        let peer = peer.ok_or_else(|| Error::not_found(format!("Array {to} could not be found.")))?;
        if !pod_members::joined(self.tx, &self.array.id, &peer.id)? {
            return refuse(pod, &format!("cannot be stretched: '{to}' is not connected for synchronous replication"));
        }
        if pod.stretched {
            return refuse(pod, "is on two arrays already");
        }
        if pod.promotion != Promotion::Promoted {
            return refuse(pod, "is demoted and cannot be stretched");
        }
        if replica_links::of_pod(self.tx, &pod.id)?.is_some() {
            return refuse(pod, "has a replica link and cannot be stretched");
        }
        if pods::by_name(self.tx, &peer.id, &pod.name)?.is_some() {
            return Err(Error::new(ErrorKind::AlreadyExists, format!("Pod already exists on array {to}.")));
        }
        if let Some(kept) = pods::by_name(self.tx, &peer.id, &format!("{}.{RESTRETCH}", pod.name))? {
            self.drop_pod(&kept.id)?;
        }
        self.tx
            .execute("INSERT INTO pod_arrays (pod_id, array_id, frozen_ms) VALUES (?1, ?2, 0)", [&pod.id, &peer.id])?;
        pod_members::refresh(self.tx)
    }

    /// Takes an array out of a pod. What it had is put aside there as a destroyed pod `<pod>.restretch`. `with_unknown`
    /// does that without a word with the other array; if this one was offline, it goes on with the data it had then.
    ///
    /// # Errors
    /// the array is not in the pod → `NotFound`; the only one in it, or the arrays do not reach each other, or the array
    /// that stays has no current data, and not `with_unknown` → `Precondition`.
    pub fn unstretch_pod(&self, pod: &PodRow, from: &str, with_unknown: bool) -> Result<()> {
        if pod.destroyed_ms.is_some() {
            return Err(Error::precondition("Pod has been destroyed."));
        }
        let members = pod_members::of_pod(self.tx, &pod.id)?;
        let (leaving, staying): (Vec<_>, Vec<_>) = members.iter().partition(|member| member.array_name == from);
        let [leaving] = leaving.as_slice() else {
            return Err(Error::not_found(format!("Array {from} could not be found in the pod.")));
        };
        let [staying] = staying.as_slice() else { return refuse(pod, "is on no other array") };
        let now = self.now_ms();
        if with_unknown {
            if leaving.array_id == self.array.id {
                return refuse(pod, "can be taken off another array by force, not off this one");
            }
        } else if !pod_members::joined(self.tx, &leaving.array_id, &staying.array_id)? {
            return refuse(
                pod,
                &format!("has an array that does not answer; with_unknown takes it off '{from}' by force"),
            );
        } else if !staying.is_current(now) {
            return refuse(pod, &format!("has no current data on '{}'", staying.array_name));
        }
        if !staying.has_data(now) {
            return refuse(pod, &format!("has no data on '{}' yet", staying.array_name));
        }
        if leaving.has_data(now) {
            let there = self.at(&leaving.array_id)?;
            there.keep_for_undo(pod, RESTRETCH, !leaving.is_current(now))?;
        }
        if !staying.is_current(now) {
            pod_contents::restore(self.tx, &pod.id, &staying.array_id)?;
        }
        pod_contents::move_home(self.tx, &pod.id, &leaving.array_id, &staying.array_id)?;
        self.tx.execute("DELETE FROM pod_arrays WHERE pod_id = ?1 AND array_id = ?2", [&pod.id, &leaving.array_id])?;
        pod_members::complete(self.tx, &pod.id)
    }

    /// Another array in the same transaction.
    fn at(&self, array_id: &str) -> Result<ArrayTx<'_>> {
        ArrayTx::new(self.tx, &array::by_id(self.tx, array_id)?.name.into())
    }
}

impl World {
    /// Lets an array reach the mediators of its pods, or not.
    ///
    /// # Errors
    /// no such array → `NotFound`.
    pub fn set_mediator_reachable(&self, array: &ArrayName, reachable: bool) -> Result<()> {
        self.mutate(|tx| {
            let found = array::by_name(tx, array)?;
            tx.execute("UPDATE arrays SET mediator_reachable = ?2 WHERE id = ?1", params![found.id, reachable])?;
            Ok(())
        })
    }

    /// Sets which arrays of a pod are to stay online rather than the other when they lose each other.
    ///
    /// # Errors
    /// no such array, pod or synchronous peer → `NotFound`; the pod has no current data on `array` → `Precondition`.
    pub fn prefer_in_pod(&self, array: &ArrayName, pod: &str, preferred: &[ArrayName]) -> Result<()> {
        self.change_array(array, |array| {
            let missing = || Error::not_found(format!("array '{}' has no pod '{pod}'", array.array.name));
            let found = array.pod_by_name(pod)?.ok_or_else(missing)?;
            let names: Vec<String> = preferred.iter().map(ToString::to_string).collect();
            array.set_failover_preferences(&found, &names)
        })
    }

    /// Suspends a pod on one array for a moment, as when a connection hangs.
    ///
    /// # Errors
    /// no such array or pod → `NotFound`.
    pub fn suspend_pod(&self, array: &ArrayName, pod: &str, time: Duration) -> Result<()> {
        self.change_array(array, |array| {
            let missing = || Error::not_found(format!("array '{}' has no pod '{pod}'", array.array.name));
            let found = array.pod_by_name(pod)?.ok_or_else(missing)?;
            let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
            array.tx.execute(
                "UPDATE pod_arrays SET suspended_until_ms = ?3 WHERE pod_id = ?1 AND array_id = ?2",
                params![found.id, array.array.id, array.now_ms().saturating_add(millis)],
            )?;
            Ok(())
        })
    }
}
