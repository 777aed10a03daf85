//! Blank volumes, which stand for array volumes where arrays are simulated and clouds are not.

use super::{Cloud, CloudVolume, Cx, Outcome};
use crate::Result;
use crate::model::{ArrayVolumeId, VolumeId};
use async_trait::async_trait;

/// A blank volume to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlankVolume {
    /// The simulated array volume that it stands for; identifies it for repeats.
    pub stands_for: ArrayVolumeId,
    /// Name.
    pub name: String,
    /// Size in GiB.
    pub size_gib: u64,
    /// Volume type by name.
    pub volume_type: String,
    /// Whether a server may be started from it.
    pub bootable: bool,
}

/// A cloud that makes volumes with nothing on them, and deletes those alone. Not part of the port [`Cloud`]: no
/// operation on real arrays may make a volume, or delete one.
///
/// # Contract
/// A blank volume is marked as one, with the array volume it stands for, which it shows as
/// [`CloudVolume::array_volume_id`]. A volume without that mark is somebody's own and is never deleted.
#[async_trait]
pub trait BlankVolumes: Cloud {
    /// Ensures a blank volume, up to `available`. One that stands for the same array volume: `AlreadyDone`.
    ///
    /// # Errors
    /// no such type → `NotFound`; ended in error → `Precondition`, and what is left of it is deleted; over quota →
    /// `LimitReached`.
    async fn ensure_blank_volume(&self, cx: &Cx, wanted: &BlankVolume) -> Result<Outcome<CloudVolume>>;

    /// Deletes a blank volume. Missing already: `AlreadyDone`.
    ///
    /// # Errors
    /// it does not bear the mark → `DataSafety`; attached, or in a Cinder group → `Precondition`. Nothing is changed
    /// then.
    async fn delete_blank_volume(&self, cx: &Cx, id: &VolumeId) -> Result<Outcome<()>>;
}
