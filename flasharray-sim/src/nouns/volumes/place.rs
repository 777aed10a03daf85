//! Where the name of a volume puts it: `[pod::][volume group/]volume`.

use crate::nouns::names;
use crate::refusal::Refusal;
use protector_core::mock::{ArrayTx, PodRow, VolumeGroupRow};

/// The pod and the volume group that a name is in.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) pod: Option<PodRow>,
    pub(crate) group: Option<VolumeGroupRow>,
}

impl Place {
    pub(crate) fn pod_id(&self) -> Option<&str> {
        self.pod.as_ref().map(|pod| pod.id.as_str())
    }

    pub(crate) fn group_id(&self) -> Option<&str> {
        self.group.as_ref().map(|group| group.id.as_str())
    }
}

/// Where a new volume of this name goes.
///
/// # Errors
/// no name for a volume; pod or volume group not there, destroyed, or not open to changes → 400.
pub(crate) fn place(array: &ArrayTx<'_>, name: &str) -> Result<Place, Refusal> {
    let (pod, rest) = match name.split_once("::") {
        Some((pod, rest)) => (Some(open_pod(array, name, pod)?), rest),
        None => (None, name),
    };
    let (group, bare) = match rest.split_once('/') {
        Some((group, bare)) => {
            let whole = name.strip_suffix(bare).and_then(|whole| whole.strip_suffix('/')).unwrap_or(group);
            (Some(open_group(array, name, whole)?), bare)
        }
        None => (None, rest),
    };
    names::check("Volume", name, bare, true)?;
    Ok(Place { pod, group })
}

fn open_pod(array: &ArrayTx<'_>, context: &str, pod: &str) -> Result<PodRow, Refusal> {
    let pod = array.pod_by_name(pod)?.ok_or_else(|| Refusal::missing("Pod", context))?;
    if pod.destroyed_ms.is_some() {
        return Err(Refusal::destroyed("Pod", context));
    }
    check_open(array, context, &pod.id)?;
    Ok(pod)
}

fn open_group(array: &ArrayTx<'_>, context: &str, group: &str) -> Result<VolumeGroupRow, Refusal> {
    let group = array.volume_group(group)?.ok_or_else(|| Refusal::missing("Volume group", context))?;
    match group.destroyed_ms {
        Some(_) => Err(Refusal::destroyed("Volume group", context)),
        None => Ok(group),
    }
}

/// Refuses changes in a pod that takes none here.
///
/// # Errors
/// destroyed, demoted or not online on this array → 400.
pub(crate) fn check_open(array: &ArrayTx<'_>, context: &str, pod_id: &str) -> Result<(), Refusal> {
    array.check_pod_open(pod_id).map_err(|e| about(context, Refusal::from(e)))
}

/// The same refusal, of that object.
pub(crate) fn about(context: &str, mut refusal: Refusal) -> Refusal {
    for entry in refusal.errors.iter_mut().filter(|entry| entry.context.is_none()) {
        entry.context = Some(context.to_owned());
    }
    refusal
}
