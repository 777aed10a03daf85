//! Groups in pods: stretched over two arrays for synchronous replication, or demoted and promoted on one.

use crate::mock::administration::ArrayTx;
use crate::mock::array::groups::{self, Group};
use crate::mock::array::pod_members::{self, MemberStatus, Seen};
use crate::mock::array::{self, Array, Promotion, pods, replica_links};
use crate::mock::tx::{Tx, timestamp};
use crate::model::{ArrayGroupName, ArrayName, ProtectionGroupId};
use crate::ports::{
    Cx, Outcome, PodMember, PodMemberState, PodPromotion, PodReplicaLink, PodStatus, ReplicationLink, ReplicationStatus,
};
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use std::time::Duration;

/// How long to wait before a resynchronisation or a promotion is looked at again.
const POLL: Duration = Duration::from_secs(1);

/// The pod of this name, made if there is none; its id.
pub(super) fn ensure(tx: &Tx<'_>, array: &Array, name: &str) -> Result<String> {
    match pods::by_name(tx, &array.id, name)? {
        None => Ok(on(tx, array)?.create_pod(name)?.id),
        Some(pod) if pod.destroyed_ms.is_some() => Err(Error::new(
            ErrorKind::PendingEradication,
            format!("pod '{name}' on array '{}' is destroyed and not yet eradicated", array.name),
        )
        .remedy(format!("purepod recover {name}"))),
        Some(pod) => {
            pods::check_open(tx, &array.id, &pod.id)?;
            Ok(pod.id)
        }
    }
}

/// The array as an administrator works with it.
fn on<'a>(tx: &'a Tx<'a>, array: &Array) -> Result<ArrayTx<'a>> {
    ArrayTx::new(tx, &array.name.as_str().into())
}

pub(super) fn stretch(
    tx: &Tx<'_>,
    cx: &Cx,
    array: &Array,
    name: &ArrayGroupName,
    pod: &str,
    target: &ArrayName,
) -> Result<Outcome<()>> {
    let group = groups::changeable(tx, cx, array, name)?;
    let members = match &group.pod_id {
        Some(pod_id) => pod_members::seen_from(tx, &array.id, pod_id)?,
        None => Vec::new(),
    };
    match members.iter().find(|seen| seen.member.array_name == target.as_str()) {
        Some(seen) if seen.status == MemberStatus::Online => return Ok(Outcome::AlreadyDone(())),
        Some(_) => return Ok(Outcome::InProgress { poll_after: POLL }),
        None => {}
    }
    let peer = array::peer(tx, array, target)?;
    let link = peer.as_ref().map(|peer| array::link(tx, array, peer)).transpose()?;
    if link != Some(ReplicationLink::Connected) {
        let text = format!("array '{}' is not connected to array '{target}'", array.name);
        return Err(Error::precondition(text).remedy("connect the arrays: purearray connect --type sync-replication"));
    }
    let administered = on(tx, array)?;
    let missing = || Error::not_found(format!("array '{}' has no pod '{pod}'", array.name));
    administered.stretch_pod(&administered.pod_by_name(pod)?.ok_or_else(missing)?, target.as_str())?;
    Ok(Outcome::InProgress { poll_after: POLL })
}

/// That this array takes part in the pod is what stands for its permission; the mark is put on it as on any target.
pub(super) fn accept(
    tx: &Tx<'_>,
    cx: &Cx,
    array: &Array,
    name: &ArrayGroupName,
    pod: &str,
    owner: &ProtectionGroupId,
) -> Result<Outcome<()>> {
    let not_yet = Ok(Outcome::InProgress { poll_after: POLL });
    let Some(pod) = pods::by_name(tx, &array.id, pod)? else { return not_yet };
    if !pod_members::is_online(tx, &pod.id, &array.id)? {
        return not_yet;
    }
    let Some(group) = groups::find(tx, array, name.as_str())? else { return not_yet };
    groups::note_epoch(tx, cx, array, &group)?;
    if group.destroyed {
        return Err(groups::pending(array, name));
    }
    if let Some(other) = group.owner.as_deref().filter(|other| *other != owner.as_str()) {
        return Err(Error::conflict(format!(
            "'{name}' on array '{}' is a group of '{other}', not of '{owner}'",
            array.name
        )));
    }
    if group.owner.is_some() && group.epoch == cx.epoch.0 {
        return Ok(Outcome::AlreadyDone(()));
    }
    groups::mark(tx, array, &group.id, owner.as_str(), cx.epoch.0)?;
    Ok(Outcome::Done(()))
}

pub(super) fn status(tx: &Tx<'_>, array: &Array, group: &Group, pod_id: &str) -> Result<ReplicationStatus> {
    let pod = pod_status(tx, array, pod_id)?;
    let stretched = pod.arrays.len() > 1;
    Ok(ReplicationStatus {
        link: groups::link(tx, array, group)?,
        enabled: stretched || group.interval_ms.is_some(),
        allowed: stretched.then_some(true),
        newest_complete: None,
        in_transfer: 0,
        pod: Some(pod),
    })
}

fn pod_status(tx: &Tx<'_>, array: &Array, pod_id: &str) -> Result<PodStatus> {
    let pod = pods::by_id(tx, pod_id)?.ok_or_else(|| Error::internal(format!("pod '{pod_id}' got lost")))?;
    let members = pod_members::seen_from(tx, &array.id, pod_id)?;
    let linked = replica_links::of_pod(tx, pod_id)?.is_some();
    Ok(PodStatus {
        arrays: members.iter().map(|seen| (seen.member.array_name.as_str().into(), member(tx, seen))).collect(),
        promotion: promotion(pod.promotion(tx.now_ms)),
        replica_links: if linked { links(&on(tx, array)?, pod_id)? } else { Vec::new() },
    })
}

fn member(tx: &Tx<'_>, seen: &Seen) -> PodMember {
    let Seen { member, .. } = seen;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
    let percent = |progress: f64| (progress * 100.0).clamp(0.0, 100.0) as u8;
    let known = seen.is_known();
    PodMember {
        state: match seen.status {
            MemberStatus::Online => PodMemberState::Online,
            MemberStatus::Resyncing => PodMemberState::Resyncing,
            MemberStatus::Offline => PodMemberState::Offline,
            MemberStatus::Suspended => PodMemberState::Suspended,
            MemberStatus::Unknown => PodMemberState::Unknown,
        },
        progress: member.progress(tx.now_ms).filter(|_| known).map(percent),
        frozen_at: member.frozen_ms(tx.now_ms).filter(|_| known).map(timestamp),
        mediator_reachable: seen.is_heard.then_some(member.mediator_reachable),
    }
}

fn promotion(promotion: Promotion) -> PodPromotion {
    match promotion {
        Promotion::Promoted => PodPromotion::Promoted,
        Promotion::Demoted => PodPromotion::Demoted,
        Promotion::Promoting => PodPromotion::Promoting,
        Promotion::Quiescing => PodPromotion::Quiescing,
    }
}

fn links(array: &ArrayTx<'_>, pod_id: &str) -> Result<Vec<PodReplicaLink>> {
    let own = array.replica_links()?.into_iter().filter(|link| link.local_pod.0 == pod_id);
    Ok(own
        .map(|link| PodReplicaLink {
            remote_array: link.remote.1.into(),
            remote_pod: link.remote_pod.1,
            outbound: link.outbound,
            state: link.status.as_str().to_owned(),
            lag_millis: link.recovery_point_ms.map(|instant| (array.now_ms() - instant).max(0).unsigned_abs()),
            recovery_point: link.recovery_point_ms.map(timestamp),
        })
        .collect())
}

/// Demotes a pod once what it took was replicated, or promotes it.
pub(super) fn set_promotion(
    tx: &Tx<'_>,
    cx: &Cx,
    array: &Array,
    name: &ArrayGroupName,
    wanted: PodPromotion,
) -> Result<Outcome<()>> {
    let verb = if wanted == PodPromotion::Promoted { "promote" } else { "demote" };
    let Some(pod) = naming::pod_of(name.as_str()) else {
        return Err(Error::unsupported(format!(
            "cannot {verb} '{name}' on array '{}': only a group in a pod can be promoted or demoted",
            array.name
        )));
    };
    groups::changeable(tx, cx, array, name)?;
    let administered = on(tx, array)?;
    let look = || {
        let found = administered.pod_by_name(pod)?;
        found.ok_or_else(|| Error::not_found(format!("array '{}' has no pod '{pod}'", array.name)))
    };
    let row = look()?;
    if row.stretched {
        return Err(Error::precondition(format!(
            "cannot {verb} pod '{pod}' on array '{}': it is stretched, and each of its arrays that is online takes writes",
            array.name
        )));
    }
    if promotion(row.promotion) == wanted {
        return Ok(Outcome::AlreadyDone(()));
    }
    match wanted {
        PodPromotion::Promoted => administered.promote_pod(&row, None, true)?,
        _ => administered.demote_pod(&row, false)?,
    }
    let now = promotion(look()?.promotion);
    Ok(if now == wanted { Outcome::Done(()) } else { Outcome::InProgress { poll_after: POLL } })
}
