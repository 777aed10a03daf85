//! What Cinder does with pods: its own, stretched one holds the volumes of types that replicate synchronously.

use super::Site;
use crate::mock::administration::{ArrayTx, PodRow};
use crate::mock::array::{self, pod_members, pod_moves, replica_links, volumes::Volume};
use crate::mock::tx::Tx;
use crate::model::ArrayVolumeName;
use crate::rules::naming::{self, CINDER_POD};
use crate::{Error, Result};

/// Refuses to manage a volume that lies in a replicated pod, with Cinder's own words.
///
/// # Errors
/// its pod is stretched or has a replica link → `Precondition`.
pub(super) fn refuse_replicated(tx: &Tx<'_>, volume: &Volume) -> Result<()> {
    let Some(pod_id) = &volume.pod_id else { return Ok(()) };
    let stretched = pod_members::of_pod(tx, pod_id)?.len() > 1;
    if stretched || replica_links::of_pod(tx, pod_id)?.is_some() {
        let text = format!("volume '{}': Unable to manage volume in a Replicated Pod", volume.name);
        return Err(Error::precondition(text));
    }
    Ok(())
}

/// Moves a volume into Cinder's pod.
///
/// # Errors
/// as [`replicated_pod`].
pub(in crate::mock) fn enter(tx: &Tx<'_>, site: &Site, volume_id: &str, name: &ArrayVolumeName) -> Result<()> {
    let pod = replicated_pod(tx, site)?;
    pod_moves::enter(tx, volume_id, &pod.id, &naming::volume_in_pod(CINDER_POD, name))
}

/// Moves a volume out of Cinder's pod, onto this site's array alone.
///
/// # Errors
/// it is in a protection group there → `Precondition`; as [`replicated_pod`].
pub(super) fn leave(tx: &Tx<'_>, site: &Site, volume: &Volume) -> Result<()> {
    replicated_pod(tx, site)?;
    let array = array::by_id(tx, &site.array_id)?;
    let groups = ArrayTx::new(tx, &array.name.as_str().into())?.protections_of_volume(&volume.id)?;
    if let Some(group) = groups.into_iter().find(|group| !group.destroyed) {
        let text = format!("volume '{}' is in protection group '{}' of the pod", volume.name, group.group.name);
        return Err(Error::precondition(text).remedy("take it out of that protection group first"));
    }
    pod_moves::leave(tx, &array, &volume.id, &naming::outside_of_pods(&volume.name.as_str().into()))
}

/// Cinder's pod as this site's array has it, made and stretched if need be. Volumes move in and out by way of another stretched
/// pod, so its arrays must reach each other.
///
/// # Errors
/// no other array is connected for synchronous replication and reached, or the pod is destroyed or not online here →
/// `Precondition`.
pub(in crate::mock) fn replicated_pod(tx: &Tx<'_>, site: &Site) -> Result<PodRow> {
    let array = ArrayTx::new(tx, &array::by_id(tx, &site.array_id)?.name.into())?;
    let pod = match array.pod_by_name(CINDER_POD)? {
        Some(pod) => pod,
        None => array.create_pod(CINDER_POD)?,
    };
    array.check_pod_open(&pod.id)?;
    let other = match array.pod_members(&pod)?.into_iter().find(|member| member.array_id != site.array_id) {
        Some(member) => Some(member.array_id),
        None => stretch(tx, site, &array, &pod)?,
    };
    match other {
        Some(other) if pod_members::joined(tx, &site.array_id, &other)? => array.pod_with_id(&pod.id),
        _ => Err(unjoined(site, &array)),
    }
}

/// Stretches a pod to the array of another site; that array's id. `None`: there is none to stretch it to.
fn stretch(tx: &Tx<'_>, site: &Site, array: &ArrayTx<'_>, pod: &PodRow) -> Result<Option<String>> {
    let other = tx.first(
        "SELECT arrays.id, arrays.name FROM links JOIN arrays ON arrays.id = peer_id
         JOIN sites ON sites.array_id = arrays.id
         WHERE links.array_id = ?1 AND links.kind = 'sync' AND links.works ORDER BY arrays.name",
        [&site.array_id],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
    )?;
    let Some((id, name)) = other else { return Ok(None) };
    match array.stretch_pod(pod, &name) {
        Ok(()) => Ok(Some(id)),
        Err(e) => Err(Error::precondition(format!("Cinder cannot stretch its pod to array '{name}': {}", e.message()))),
    }
}

fn unjoined(site: &Site, array: &ArrayTx<'_>) -> Error {
    Error::precondition(format!(
        "Cinder of site '{}' cannot replicate synchronously: array '{}' reaches no other array for that",
        site.name,
        array.info().name
    ))
    .remedy("connect the arrays: purearray connect --type sync-replication")
}
