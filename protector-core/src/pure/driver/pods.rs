//! Groups in pods: stretched for synchronous replication, or demoted and promoted where a replica link ships the data.
//!
//! A member array that is online has the data, so there is no permission, no recovery point and no promotion in a failover
//! of a stretched pod. Demotion and promotion are for pods of one array.

use super::PureStorageDriver;
use super::groups::or_missing;
use super::mark::{Mark, MarkState};
use crate::model::{ArrayGroupName, ArrayName, ProtectionGroupId, Transfer};
use crate::ports::{
    Cx, Outcome, PodMember, PodMemberState, PodPromotion, PodReplicaLink, PodStatus, ReplicationLink, ReplicationStatus,
};
use crate::pure::requests::pods::{self, Promotion};
use crate::pure::wire::{self, Pod, PodArray, ProtectionGroup};
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use std::{collections::BTreeMap, time::Duration};

/// How long to wait before a resynchronisation or a promotion is looked at again.
const POLL: Duration = Duration::from_secs(1);

/// The pod of a group.
pub(super) fn pod_of(group: &ArrayGroupName) -> Option<&str> {
    naming::pod_of(group.as_str())
}

impl PureStorageDriver {
    async fn find_pod(&self, name: &str) -> Result<Option<Pod>> {
        let found: Option<Vec<Pod>> = or_missing(self.items(pods::named(&[name])).await)?;
        Ok(found.and_then(|found| found.into_iter().find(|pod| pod.name == name)))
    }

    async fn pod(&self, name: &str) -> Result<Pod> {
        let found = self.find_pod(name).await?;
        let pod = found.ok_or_else(|| Error::not_found(format!("array '{}' has no pod '{name}'", self.host())))?;
        if pod.destroyed != Some(true) {
            return Ok(pod);
        }
        let text = format!("pod '{name}' on array '{}' is destroyed and not yet eradicated", self.host());
        Err(Error::new(ErrorKind::PendingEradication, text).remedy(format!("purepod recover {name}")))
    }

    /// Where this array itself stands in a pod, and what it is called.
    async fn own_part(&self, pod: &Pod) -> Result<(ArrayName, PodMemberState)> {
        let own = self.identity().await?.name;
        let here = pod.arrays.iter().find(|array| array.name.as_deref() == Some(own.as_str()));
        Ok((own, here.map_or(PodMemberState::Unknown, state)))
    }

    /// Refuses what needs the current data of a group's pod, if it is in one.
    ///
    /// # Errors
    /// not online on this array → `Precondition`; no such pod → `NotFound`; destroyed → `PendingEradication`.
    pub(super) async fn require_online(&self, group: &ArrayGroupName) -> Result<()> {
        let Some(name) = pod_of(group) else { return Ok(()) };
        let (own, state) = self.own_part(&self.pod(name).await?).await?;
        if state == PodMemberState::Online {
            return Ok(());
        }
        Err(Error::precondition(format!("pod '{name}' is {state} on array '{own}'")))
    }

    /// How a snapshot of a local group has come to this array: taken in a pod, it is on each array of the pod at once, and one
    /// without the current data of the pod cannot say what it has.
    pub(super) async fn local_transfer(&self, group: &ArrayGroupName) -> Result<Transfer> {
        match self.require_online(group).await {
            Ok(()) => Ok(Transfer::Local),
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::Precondition | ErrorKind::NotFound | ErrorKind::PendingEradication
                ) =>
            {
                Ok(Transfer::Unknown)
            }
            Err(e) => Err(e),
        }
    }

    pub(super) async fn ensure_pod(&self, group: &ArrayGroupName, name: &str) -> Result<()> {
        match self.require_online(group).await {
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            other => return other,
        }
        match self.send(pods::create(name)).await {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other.map(drop),
        }
    }

    /// The other arrays of a pod. They need no permission, but only one that is online takes part.
    pub(super) async fn other_arrays(&self, pod: &str) -> Result<BTreeMap<ArrayName, bool>> {
        let own = self.identity().await?.name;
        let Some(pod) = self.find_pod(pod).await? else { return Ok(BTreeMap::new()) };
        let others = pod.arrays.iter().filter_map(|array| Some((ArrayName::from(array.name.as_deref()?), array)));
        Ok(others
            .filter(|(name, _)| *name != own)
            .map(|(name, array)| (name, state(array) == PodMemberState::Online))
            .collect())
    }

    pub(super) async fn ensure_stretched(
        &self,
        cx: &Cx,
        name: &ArrayGroupName,
        pod: &str,
        target: &ArrayName,
    ) -> Result<Outcome<()>> {
        self.changeable(cx, name).await?;
        let found = self.pod(pod).await?;
        match found.arrays.iter().find(|array| array.name.as_deref() == Some(target.as_str())) {
            Some(array) if state(array) == PodMemberState::Online => return Ok(Outcome::AlreadyDone(())),
            Some(_) => return Ok(Outcome::InProgress { poll_after: POLL }),
            None => {}
        }
        let connected = self.connections().await?.into_iter().find(|peer| peer.name == *target).map(|peer| peer.link);
        if connected != Some(ReplicationLink::Connected) {
            let text = format!("array '{}' is not connected to array '{target}'", self.host());
            return Err(
                Error::precondition(text).remedy("connect the arrays: purearray connect --type sync-replication")
            );
        }
        self.send(pods::stretch(pod, target, self.version().await?)).await?;
        Ok(Outcome::InProgress { poll_after: POLL })
    }

    /// That this array takes part in the pod is what stands for its permission; the mark is put on it as on any target.
    pub(super) async fn accept_pod(
        &self,
        cx: &Cx,
        name: &ArrayGroupName,
        pod: &str,
        owner: &ProtectionGroupId,
    ) -> Result<Outcome<()>> {
        let Some(pod) = self.find_pod(pod).await? else { return Ok(Outcome::InProgress { poll_after: POLL }) };
        if self.own_part(&pod).await?.1 != PodMemberState::Online {
            return Ok(Outcome::InProgress { poll_after: POLL });
        }
        let (found, mark) = self.find_marked(name).await?;
        let Some(group) = found else { return Ok(Outcome::InProgress { poll_after: POLL }) };
        mark.refuse_older(cx, name, self.host())?;
        if group.is_destroyed() {
            return Err(self.pending(name));
        }
        if let Some(other) = group.owner(&mark).filter(|other| other != owner) {
            return Err(Error::conflict(format!(
                "'{name}' on array '{}' is a group of '{other}', not of '{owner}'",
                self.host()
            )));
        }
        let wanted = Mark { owner: Some(owner.clone()), epoch: cx.epoch, state: MarkState::Made };
        if mark == wanted {
            return Ok(Outcome::AlreadyDone(()));
        }
        self.write_mark(name, &wanted).await?;
        Ok(Outcome::Done(()))
    }

    pub(super) async fn pod_replication(&self, group: &ProtectionGroup, pod: &str) -> Result<ReplicationStatus> {
        let (pod, connections) = futures::try_join!(self.pod(pod), self.connections())?;
        let status = self.pod_status(&pod).await?;
        let own = self.identity().await?.name;
        let other = status.arrays.keys().find(|name| **name != own);
        let link =
            other.and_then(|other| connections.into_iter().find(|peer| peer.name == *other)).map(|peer| peer.link);
        Ok(ReplicationStatus {
            link: link.unwrap_or(ReplicationLink::Unknown),
            enabled: status.arrays.len() > 1 || group.scheduled_interval().is_some(),
            allowed: other.map(|_| true),
            newest_complete: None,
            in_transfer: 0,
            pod: Some(status),
        })
    }

    async fn pod_status(&self, pod: &Pod) -> Result<PodStatus> {
        let linked = pod.link_source_count.unwrap_or_default() + pod.link_target_count.unwrap_or_default() > 0;
        let links: Vec<wire::PodReplicaLink> =
            if linked { self.items(pods::replica_links(&[&pod.name])).await? } else { Vec::new() };
        Ok(PodStatus {
            arrays: pod
                .arrays
                .iter()
                .filter_map(|array| Some((array.name.as_deref()?.into(), member(array))))
                .collect(),
            promotion: promotion(pod.promotion_status.as_deref()),
            replica_links: links.into_iter().filter_map(replica_link).collect(),
        })
    }

    pub(super) async fn set_promotion(
        &self,
        cx: &Cx,
        name: &ArrayGroupName,
        wanted: PodPromotion,
    ) -> Result<Outcome<()>> {
        let verb = if wanted == PodPromotion::Promoted { "promote" } else { "demote" };
        let Some(pod) = pod_of(name) else {
            return Err(Error::unsupported(format!(
                "cannot {verb} '{name}' on array '{}': only a group in a pod can be promoted or demoted",
                self.host()
            )));
        };
        self.changeable(cx, name).await?;
        let found = self.pod(pod).await?;
        if found.arrays.len() > 1 {
            return Err(Error::precondition(format!(
                "cannot {verb} pod '{pod}' on array '{}': it is stretched over {} arrays, and each of them that is online \
                 takes writes",
                self.host(),
                found.arrays.len()
            )));
        }
        let now = promotion(found.promotion_status.as_deref());
        if now == wanted {
            return Ok(Outcome::AlreadyDone(()));
        }
        let under_way = matches!(now, PodPromotion::Promoting | PodPromotion::Quiescing);
        let asked = found.requested_promotion_state.as_deref() == Some(word(wanted));
        if !(under_way && asked) {
            let change = match wanted {
                PodPromotion::Promoted => Promotion::Promoted,
                // without a link to another pod there is nobody to wait for
                _ if found.link_target_count.unwrap_or_default() > 0 => Promotion::DemotedAfterQuiesce,
                _ => Promotion::DemotedAtOnce,
            };
            self.send(pods::set_promotion(pod, change)).await?;
        }
        let now = promotion(self.pod(pod).await?.promotion_status.as_deref());
        Ok(if now == wanted { Outcome::Done(()) } else { Outcome::InProgress { poll_after: POLL } })
    }
}

fn word(promotion: PodPromotion) -> &'static str {
    if promotion == PodPromotion::Promoted { "promoted" } else { "demoted" }
}

fn promotion(status: Option<&str>) -> PodPromotion {
    match status {
        Some("promoted") => PodPromotion::Promoted,
        Some("demoted") => PodPromotion::Demoted,
        Some("promoting") => PodPromotion::Promoting,
        Some("quiescing" | "demoting") => PodPromotion::Quiescing,
        _ => PodPromotion::Unknown,
    }
}

pub(super) fn state(array: &PodArray) -> PodMemberState {
    match array.status.as_deref() {
        Some("online") => PodMemberState::Online,
        Some("resyncing") => PodMemberState::Resyncing,
        Some("offline") => PodMemberState::Offline,
        Some("suspended") => PodMemberState::Suspended,
        _ => PodMemberState::Unknown,
    }
}

fn member(array: &PodArray) -> PodMember {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
    let percent = |progress: f64| (progress * 100.0).clamp(0.0, 100.0) as u8;
    PodMember {
        state: state(array),
        progress: array.progress.map(percent),
        frozen_at: array.frozen_at,
        mediator_reachable: match array.mediator_status.as_deref() {
            Some("online") => Some(true),
            Some("unreachable") => Some(false),
            _ => None,
        },
    }
}

fn replica_link(link: wire::PodReplicaLink) -> Option<PodReplicaLink> {
    Some(PodReplicaLink {
        remote_array: link.remotes.into_iter().find_map(|remote| remote.name)?.into(),
        remote_pod: link.remote_pod.name.unwrap_or_default(),
        outbound: link.direction.as_deref() == Some("outbound"),
        state: link.status.unwrap_or_else(|| "unknown".to_owned()),
        lag_millis: link.lag,
        recovery_point: link.recovery_point,
    })
}
