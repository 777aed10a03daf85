//! Names of what lies in pods: `pod::object`.

use super::validate_array_object_name;
use crate::model::ArrayVolumeName;
use crate::{Error, Result};

/// The pod into which Cinder puts volumes of types that replicate synchronously (its default, `pure_replication_pod_name`).
pub const CINDER_POD: &str = "cinder-pod";

/// The pod of an object of this name, group or volume; `None`: it lies in none.
///
/// ```
/// use protector_core::rules::naming::pod_of;
/// assert_eq!(pod_of("cinder-pod::v1"), Some("cinder-pod"));
/// assert_eq!(pod_of("arrA:pg1"), None);
/// ```
pub fn pod_of(name: &str) -> Option<&str> {
    name.split_once("::").map(|(pod, _)| pod)
}

/// Accepts the name of a clone: one that an array takes, outside of any pod.
///
/// # Errors
/// anything else → `InvalidRequest` → choose another name.
pub fn validate_clone_name(name: &ArrayVolumeName) -> Result<()> {
    validate_array_object_name("clone name", name.as_str())?;
    match pod_of(name.as_str()) {
        None => Ok(()),
        Some(pod) => {
            Err(Error::invalid(format!("clone name '{name}' lies in pod '{pod}': clones are made outside of pods"))
                .remedy(format!("use '{}'", outside_of_pods(name))))
        }
    }
}

/// What a volume is called once it lies in `pod`, wherever it lies before.
///
/// ```
/// use protector_core::rules::naming::{CINDER_POD, volume_in_pod};
/// assert_eq!(volume_in_pod(CINDER_POD, &"volume-1-cinder".into()).as_str(), "cinder-pod::volume-1-cinder");
/// ```
pub fn volume_in_pod(pod: &str, volume: &ArrayVolumeName) -> ArrayVolumeName {
    ArrayVolumeName::new(format!("{pod}::{}", bare(volume)))
}

/// What a volume is called once it lies in no pod.
pub fn outside_of_pods(volume: &ArrayVolumeName) -> ArrayVolumeName {
    ArrayVolumeName::from(bare(volume))
}

fn bare(volume: &ArrayVolumeName) -> &str {
    volume.as_str().split_once("::").map_or(volume.as_str(), |(_, bare)| bare)
}
